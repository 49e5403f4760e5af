"""Replies of the wire as texts and arrays, checked: whatever is not what was asked for is an error that names it."""

from __future__ import annotations

import json
import struct
from io import BytesIO
from typing import Any

import cv2
import numpy as np

from spinepose.errors import StageError

Reply = bytes | memoryview
# Depth from here on means that nothing was hit: the largest float16 is 65504, a real engine's read-back.
_FAR_CM = 65000.0
# Mark, size of the file, nothing, where the pixels start; size of this part, width, height, planes, bits a pixel, no
# packing; then 20 bytes about printing and palettes.
_BMP_HEAD = struct.Struct("<2sIIIIiiHHI20x")


class WorldFaultError(StageError):
    """Something that a fresh attempt may mend.

    Args:
        message: One line. It names no address: the same fault in another world is the same record.
        command: The command it is about, empty for none.
    """

    def __init__(self, message: str, command: str = "") -> None:
        super().__init__(message)
        self.command = command


class BadReplyError(WorldFaultError):
    """The world answered with something else than was asked for."""


def text(reply: Reply) -> str:
    """Read a text.

    Raises:
        BadReplyError: An error text, or bytes that are no text.
    """
    try:
        words = str(bytes(reply), "utf-8")
    except UnicodeDecodeError as error:
        raise BadReplyError(f"answered with {len(reply)} bytes that are no text") from error
    if words.startswith("error"):
        raise BadReplyError(f"answered '{words[:160]}'")
    return words


def done(reply: Reply) -> None:
    """Read the ``ok`` of a command that does something.

    Raises:
        BadReplyError: Anything else.
    """
    words = text(reply)
    if words != "ok":
        raise BadReplyError(f"answered '{words[:160]}', expected 'ok'")


def json_object(reply: Reply) -> dict[str, Any]:
    """Read a JSON object, or the one in the only text of an object: an engine's ``vbp`` answers a function's outputs
    by name, and a string function's one output is the JSON that is meant.

    Raises:
        BadReplyError: An error text, or anything else.
    """
    words = text(reply)
    value = _parsed(words)
    if isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), str):
        words = inner
        value = _parsed(words)
    if not isinstance(value, dict):
        raise BadReplyError(f"answered '{words[:160]}', expected a JSON object")
    return value


def json_list(reply: Reply) -> list[Any]:
    """Read a JSON list.

    Raises:
        BadReplyError: An error text, or anything else.
    """
    words = text(reply)
    value = _parsed(words)
    if not isinstance(value, list):
        raise BadReplyError(f"answered '{words[:160]}', expected a JSON list")
    return value


def _parsed(words: str) -> Any:
    try:
        return json.loads(words)
    except ValueError:
        return None


def floats(reply: Reply, count: int) -> tuple[float, ...]:
    """Read numbers with spaces between.

    Raises:
        BadReplyError: Other than ``count`` finite numbers.
    """
    words = text(reply)
    try:
        values = tuple(float(word) for word in words.split())
    except ValueError:
        values = ()
    if len(values) != count or not np.isfinite(values).all():
        raise BadReplyError(f"answered '{words[:160]}', expected {count} numbers")
    return values


def image_bytes(reply: Reply) -> Reply:
    """Let anything but an error text pass; :func:`picture`, :func:`array` and :func:`depth_m` look closer.

    Raises:
        BadReplyError: An error text.
    """
    if bytes(reply[:5]) == b"error":
        text(reply)
    return reply


def picture(reply: Reply, width: int, height: int) -> np.ndarray:
    """Decode a PNG or BMP.

    Returns:
        RGB, shape (height, width, 3) uint8.

    Raises:
        BadReplyError: An error text, not a picture, cut short, or of another size.
    """
    image = _image(reply, width, height)
    return cv2.cvtColor(image, cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def packed_picture(reply: Reply, width: int, height: int) -> np.ndarray:
    """Decode a PNG or BMP whose colours are numbers: ``red << 16 | green << 8 | blue``.

    Returns:
        Shape (height, width) uint32.

    Raises:
        BadReplyError: As for :func:`picture`.
    """
    image = _image(reply, width, height)
    if image.shape[2] == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    return image.view("<u4")[..., 0] & np.uint32(0xFFFFFF)


def _image(reply: Reply, width: int, height: int) -> np.ndarray:
    data = np.frombuffer(image_bytes(reply), np.uint8)
    # OpenCV fills what a cut BMP lacks with black and says nothing; the header tells how long the file is.
    if bytes(data[:2]) == b"BM" and int.from_bytes(bytes(data[2:6]), "little") != data.size:
        raise BadReplyError(f"answered with a BMP cut at {data.size} bytes")
    if bytes(data[:4]) == b"\x89PNG" and b"IEND" not in bytes(data[-12:]):
        raise BadReplyError(f"answered with a PNG cut at {data.size} bytes")
    image = _plain_bmp(data, width, height)
    if image is None and data.size:
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None:
        raise BadReplyError(f"answered with {data.size} bytes that are no picture")
    if image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype != np.uint8:
        raise BadReplyError(
            f"answered with shape {image.shape} {image.dtype}, expected an 8-bit colour picture"
        )
    _check_size(image, width, height)
    return image


def _plain_bmp(data: np.ndarray, width: int, height: int) -> np.ndarray | None:
    """The pixels of a BMP whose rows lie as ours do, BGRA from the top, without a copy; None for any other file.

    That is how worlds send pictures; OpenCV copies them row by row, which takes longer than sending them.
    """
    if data.size != _BMP_HEAD.size + 4 * width * height:
        return None
    head = (b"BM", data.size, 0, _BMP_HEAD.size, 40, width, -height, 1, 32, 0)
    if _BMP_HEAD.unpack_from(data.data) != head:
        return None
    return data[_BMP_HEAD.size :].reshape(height, width, 4)


def array(reply: Reply, width: int, height: int) -> np.ndarray:
    """Decode an npy image of one channel, shape (height, width).

    Raises:
        BadReplyError: An error text, not an array, cut short, or of another shape.
    """
    try:
        values = np.load(BytesIO(image_bytes(reply)), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadReplyError(f"answered with what is no npy array ({error})") from error
    if not isinstance(values, np.ndarray) or values.ndim not in (2, 3) or values.shape[2:] not in ((), (1,)):
        raise BadReplyError(
            f"answered with shape {getattr(values, 'shape', None)}, expected ({height}, {width})"
        )
    values = values.reshape(values.shape[:2])
    _check_size(values, width, height)
    return values


def depth_m(reply: Reply, width: int, height: int) -> np.ndarray:
    """Decode planar depth in centimetres.

    Returns:
        Metres, shape (height, width) float32; inf where nothing was hit.

    Raises:
        BadReplyError: As for :func:`array`, or some value is no number.
    """
    centimetres = array(reply, width, height).astype(np.float32, copy=False)
    least = centimetres.min()
    if np.isnan(least):  # the least of anything and of no number is no number
        raise BadReplyError("answered with depth that holds values which are no numbers")
    metres = centimetres / np.float32(100)
    nothing = centimetres >= _FAR_CM
    if least <= 0:
        nothing |= centimetres <= 0
    np.copyto(metres, np.float32(np.inf), where=nothing)
    return metres


def _check_size(image: np.ndarray, width: int, height: int) -> None:
    if image.shape[:2] != (height, width):
        got = f"{image.shape[1]}x{image.shape[0]}"
        raise BadReplyError(f"answered with a picture of {got}, asked for {width}x{height}")
