"""Pictures that are in a mix twice: the same bytes, or nearly the same picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from spinepose.errors import InputError

#: Bits in which the fingerprints of the same picture, scaled or compressed anew, differ at most.
NEAR_BITS = 12
_SIDE = 16  # fingerprint: 16 x 16 differences
_BANDS = 16  # at most 12 of 16 bands differ, so that four are equal
# A picture that is nearly all of one colour looks like any other.
_MIN_BITS = 24
# More pictures than this with an equal band say that the band is common, not that they are alike.
_MAX_BUCKET = 64


def fingerprints(path: Path) -> tuple[bytes, np.ndarray]:
    """Content hash, and 256 bits of what the picture looks like.

    The bits say whether brightness grows from each of 16 x 17 fields to its right neighbour (difference hash,
    N. Krawetz, 2013).

    Returns:
        BLAKE2b of the bytes, and the bits packed, shape (32,), uint8.

    Raises:
        InputError: The file is missing or no image.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: image named by the labels cannot be read ({error.strerror})") from None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_4) if data else None
    if image is None:
        raise InputError(f"{path}: cannot be read as an image")
    small = cv2.resize(image, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA).astype(int)
    return hashlib.blake2b(data, digest_size=16).digest(), np.packbits(small[:, 1:] > small[:, :-1])


def near_pairs(bits: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of pictures that look alike.

    Args:
        bits: Packed fingerprints, shape (N, 32), uint8.
    """
    telling = np.unpackbits(bits, axis=1).sum(axis=1) if len(bits) else np.zeros(0)
    rows = np.flatnonzero((telling >= _MIN_BITS) & (telling <= 256 - _MIN_BITS))
    bands = bits.view(np.uint16)
    seen: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        order = rows[np.argsort(bands[rows, band], kind="stable")]
        cuts = np.flatnonzero(np.diff(bands[order, band])) + 1
        for bucket in np.split(order, cuts):
            if 1 < len(bucket) <= _MAX_BUCKET:
                yield from _alike(bits, bucket, seen)


def _alike(
    bits: np.ndarray, bucket: Sequence[int] | np.ndarray, seen: set[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    members = np.sort(np.asarray(bucket))
    differing = np.bitwise_count(bits[members][:, None] ^ bits[members][None]).sum(axis=2)
    for i, j in np.argwhere(np.triu(differing <= NEAR_BITS, 1)):
        pair = int(members[i]), int(members[j])
        if pair not in seen:
            seen.add(pair)
            yield pair
