"""Pictures and arrays as bytes of the wire: PNG and BMP (RGBA), and NumPy's npy."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np

from synth.world.commands import ARGUMENT_INVALID, CommandError

# What stands in the depth image where nothing was hit, centimetres. A real engine sends depth that was read
# through float16, whose largest number is this one.
FAR_DEPTH_CM = 65504.0
_PREVIEW_RANGE_CM = 2000.0


def encode(array: np.ndarray, kind: str) -> bytes:
    """Encode one image.

    Args:
        array: Shape (H, W, 4) uint8 RGBA for ``png`` and ``bmp``; any array for ``npy``.
        kind: ``png``, ``bmp`` or ``npy``.
    """
    if kind == "npy":
        buffer = BytesIO()
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        return buffer.getvalue()
    # A low level: a picture crosses loopback once, and level 1 costs half the time of the default.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1] if kind == "png" else []
    done, data = cv2.imencode(f".{kind}", cv2.cvtColor(array, cv2.COLOR_RGBA2BGRA), options)
    if not done:
        raise CommandError(ARGUMENT_INVALID)
    return data.tobytes()


def with_alpha(rgb: np.ndarray) -> np.ndarray:
    """Opaque RGBA of an RGB picture; the stock client drops the last channel of every PNG."""
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def grey(values: np.ndarray) -> np.ndarray:
    """Opaque RGBA whose red, green and blue all hold a value, shape (H, W) uint8 in."""
    return with_alpha(np.repeat(values[..., None], 3, axis=2))


def depth_cm(depth_m: np.ndarray) -> np.ndarray:
    """Planar depth in centimetres, float32; :data:`FAR_DEPTH_CM` where nothing was hit."""
    centimetres = 100.0 * depth_m.astype(np.float32)
    return np.where(np.isfinite(centimetres), np.minimum(centimetres, FAR_DEPTH_CM), FAR_DEPTH_CM).astype(
        np.float32
    )


def depth_preview(depth: np.ndarray) -> np.ndarray:
    """Depth in centimetres as a grey picture to look at: black near, white at 20 m and beyond."""
    return grey((255 * np.clip(depth / _PREVIEW_RANGE_CM, 0, 1)).astype(np.uint8))


def unreal_normals(normal_world: np.ndarray) -> np.ndarray:
    """Normals in Unreal's world axes, shape (H, W, 3) float32; zero where nothing was hit."""
    return (normal_world * np.array([1, -1, 1], np.float32)).astype(np.float32)


def normal_picture(normals: np.ndarray) -> np.ndarray:
    """Normals as RGBA: -1 to 1 becomes 0 to 255."""
    return with_alpha(np.round(127.5 * (np.clip(normals, -1, 1) + 1)).astype(np.uint8))


def color_mask(instance_id: np.ndarray, colors: dict[int, tuple[int, int, int]]) -> np.ndarray:
    """Instance ids as RGBA, black where nothing was hit.

    Args:
        instance_id: Shape (H, W), 0 where nothing was hit.
        colors: Instance id to its colour.
    """
    table = np.zeros((int(instance_id.max()) + 1, 3), np.uint8)
    for index, color in colors.items():
        if index < len(table):
            table[index] = color
    return with_alpha(table[instance_id])
