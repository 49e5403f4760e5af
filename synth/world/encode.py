"""Pictures and arrays as bytes of the wire: PNG and BMP (RGBA), and NumPy's npy."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np

from synth.world.commands import ARGUMENT_INVALID, CommandError, Pieces

# What stands in the depth image where nothing was hit, centimetres. A real engine sends depth that was read
# through float16, whose largest number is this one.
FAR_DEPTH_CM = 65504.0
_PREVIEW_RANGE_CM = 2000.0
_BMP_HEADER = struct.Struct("<2sIHHIIiiHHIIiiII")


def encode(array: np.ndarray, kind: str) -> Pieces:
    """Encode one image.

    Args:
        array: Shape (H, W, 3) RGB or (H, W, 4) RGBA, uint8, for ``png`` and ``bmp``; any array for ``npy``.
        kind: ``png``, ``bmp`` or ``npy``.

    Returns:
        The file in pieces; large arrays are not copied, so they must not change until it is sent.
    """
    if kind == "npy":
        return _npy(array)
    opaque = cv2.cvtColor(array, cv2.COLOR_RGB2BGRA if array.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    return _bmp(opaque) if kind == "bmp" else _png(opaque)


def _npy(array: np.ndarray) -> Pieces:
    array = np.ascontiguousarray(array)
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    return [head.getvalue(), array.reshape(-1).view(np.uint8).data]


def _bmp(bgra: np.ndarray) -> Pieces:
    # As upstream's: 32 bits a pixel, rows from the top (a negative height). Clients are about that cut the header
    # off and take the rest as rows of BGRA.
    height, width = bgra.shape[:2]
    size = _BMP_HEADER.size
    head = _BMP_HEADER.pack(
        b"BM", size + bgra.nbytes, 0, 0, size, 40, width, -height, 1, 32, 0, bgra.nbytes, 0, 0, 0, 0
    )
    return [head, bgra.reshape(-1).data]


def _png(bgra: np.ndarray) -> Pieces:
    # A low level: a picture crosses loopback once, and level 1 costs half the time of the default.
    done, data = cv2.imencode(".png", bgra, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise CommandError(ARGUMENT_INVALID)
    return [data.reshape(-1).data]


def with_alpha(rgb: np.ndarray) -> np.ndarray:
    """Opaque RGBA of an RGB picture, shape (H, W, 4) uint8."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)


def grey(values: np.ndarray) -> np.ndarray:
    """RGB whose channels all hold a value, shape (H, W) uint8 in."""
    return cv2.cvtColor(np.ascontiguousarray(values), cv2.COLOR_GRAY2RGB)


def depth_cm(depth_m: np.ndarray) -> np.ndarray:
    """Planar depth in centimetres, float32; :data:`FAR_DEPTH_CM` where nothing was hit."""
    centimetres = np.float32(100) * depth_m.astype(np.float32, copy=False)
    return np.minimum(centimetres, np.float32(FAR_DEPTH_CM), out=centimetres)  # infinity is far too


def depth_preview(depth: np.ndarray) -> np.ndarray:
    """Depth in centimetres as a grey picture to look at: black near, white at 20 m and beyond."""
    return grey((255 * np.clip(depth / _PREVIEW_RANGE_CM, 0, 1)).astype(np.uint8))


def unreal_normals(normal_world: np.ndarray) -> np.ndarray:
    """Normals in Unreal's world axes, shape (H, W, 3) float32; zero where nothing was hit."""
    return (normal_world * np.array([1, -1, 1], np.float32)).astype(np.float32, copy=False)


def normal_picture(normals: np.ndarray) -> np.ndarray:
    """Normals as RGB: -1 to 1 becomes 0 to 255."""
    return np.round(127.5 * (np.clip(normals, -1, 1) + 1)).astype(np.uint8)


def color_mask(instance_id: np.ndarray, colors: dict[int, tuple[int, int, int]]) -> np.ndarray:
    """Instance ids as opaque RGBA, black where nothing was hit.

    Args:
        instance_id: Shape (H, W) uint16, 0 where nothing was hit.
        colors: Instance id to its colour.
    """
    table = np.zeros((max(int(instance_id.max()), *colors, 0) + 1, 4), np.uint8)
    table[:, 3] = 255
    for index, color in colors.items():
        table[index, :3] = color
    packed = table.view(np.uint32)[:, 0]  # one look-up a pixel, not four
    return packed[instance_id].view(np.uint8).reshape(*instance_id.shape, 4)
