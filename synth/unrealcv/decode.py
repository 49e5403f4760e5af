"""Replies of the wire as arrays, checked: a picture of another size or kind than asked for is an error."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np

from spinepose.errors import StageError

# Depth from here on means that nothing was hit: the largest float16 is 65504, a real engine's read-back.
_FAR_CM = 65000.0


class BadReplyError(StageError):
    """The world answered with something else than was asked for."""


def _bytes(reply: str | bytes, what: str) -> bytes:
    if isinstance(reply, bytes):
        return reply
    if reply.startswith("error"):
        raise BadReplyError(f"{what}: the world answered '{reply[:160]}'")
    return reply.encode()  # the client decodes whatever happens to be UTF-8


def picture(reply: str | bytes, width: int, height: int, what: str) -> np.ndarray:
    """Decode a PNG or BMP.

    Returns:
        RGB, shape (height, width, 3) uint8.

    Raises:
        BadReplyError: An error text, not a picture, or of another size.
    """
    data = np.frombuffer(_bytes(reply, what), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if image is None:
        raise BadReplyError(f"{what}: {data.size} bytes that are no picture")
    if image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype != np.uint8:
        raise BadReplyError(f"{what}: picture of shape {image.shape} {image.dtype}, expected 8-bit colour")
    _check_size(image, width, height, what)
    return np.ascontiguousarray(image[..., 2::-1])


def array(reply: str | bytes, width: int, height: int, what: str) -> np.ndarray:
    """Decode an npy image of one channel, shape (height, width).

    Raises:
        BadReplyError: An error text, not an array, or of another shape.
    """
    try:
        values = np.load(BytesIO(_bytes(reply, what)), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadReplyError(f"{what}: not an npy array ({error})") from error
    if not isinstance(values, np.ndarray) or values.ndim not in (2, 3) or values.shape[2:] not in ((), (1,)):
        raise BadReplyError(f"{what}: shape {getattr(values, 'shape', None)}, expected ({height}, {width})")
    values = values.reshape(values.shape[:2])
    _check_size(values, width, height, what)
    return values


def depth_m(reply: str | bytes, width: int, height: int, what: str) -> np.ndarray:
    """Decode planar depth in centimetres.

    Returns:
        Metres, shape (height, width) float32; inf where nothing was hit.
    """
    centimetres = array(reply, width, height, what).astype(np.float32)
    if np.isnan(centimetres).any():
        raise BadReplyError(f"{what}: depth has values that are no numbers")
    hit = (centimetres > 0) & (centimetres < _FAR_CM)
    return np.where(hit, centimetres / np.float32(100), np.float32(np.inf))


def _check_size(image: np.ndarray, width: int, height: int, what: str) -> None:
    if image.shape[:2] != (height, width):
        got = f"{image.shape[1]}x{image.shape[0]}"
        raise BadReplyError(f"{what}: picture is {got}, asked for {width}x{height}")


def floats(reply: str, count: int, what: str) -> tuple[float, ...]:
    """Read numbers with spaces between.

    Raises:
        BadReplyError: Other than ``count`` finite numbers.
    """
    try:
        values = tuple(float(word) for word in reply.split())
    except ValueError:
        values = ()
    if len(values) != count or not np.isfinite(values).all():
        raise BadReplyError(f"{what}: expected {count} numbers, the world answered '{reply[:160]}'")
    return values
