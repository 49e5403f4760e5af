"""Whether an image file is whole, and how large it is, without decoding it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
_JPEG = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
# Start-of-frame markers of JPEG: C0 to CF without the three that are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA


class CutImageError(ValueError):
    """An image file that ends early or is none."""


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of a whole image file, pixels.

    A JPEG's end is looked for behind its scan (a preview within its header has an end of its own), a PNG's at the end
    of the file; other formats are decoded.

    Raises:
        CutImageError: The file ends early or is no image.
        OSError: The file is missing or may not be read.
    """
    data = path.read_bytes()
    if data.startswith(_JPEG):
        return _jpeg_size(data)
    if data.startswith(_PNG):
        if _PNG_END not in data[-64:]:
            raise CutImageError("the PNG ends early")
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if image is None:
        raise CutImageError("no image" if data else "an empty file")
    return image.shape[1], image.shape[0]


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at, size = 2, None
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            size = (
                int.from_bytes(data[at + 7 : at + 9], "big"),
                int.from_bytes(data[at + 5 : at + 7], "big"),
            )
        at += 2 + length
        if marker == _SCAN:
            break
    else:
        raise CutImageError("the JPEG ends early")
    if size is None or data.find(_JPEG_END, at) < 0:
        raise CutImageError("the JPEG ends early")
    return size
