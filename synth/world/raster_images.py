"""What the rasteriser gives: the pictures of one camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np


@dataclass(frozen=True)
class Images:
    """What one camera sees.

    Attributes:
        color: sRGB, shape (H, W, 3) uint8.
        depth_m: Planar depth (camera z), metres, inf where nothing is, shape (H, W) float32.
        instance_id: The ids given to ``render``, 0 for nothing, shape (H, W) uint16.
        part_id: Body-part ids of characters, 0 elsewhere, shape (H, W) uint8.
        packed_normal: Normals as two signed 16-bit numbers (octahedral), shape (H, W) uint32; 0 says nothing.
    """

    color: np.ndarray
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray
    packed_normal: np.ndarray

    @cached_property
    def normal_world(self) -> np.ndarray:
        """Unit normals of the shaded surface to a thirty-thousandth, 0 for nothing, shape (H, W, 3) float32."""
        normals = unpack_normals(self.packed_normal)
        normals[np.isinf(self.depth_m)] = 0.0
        return normals


@numba.njit(cache=True)
def split_words(
    words: np.ndarray,
    table: np.ndarray,
    depth: np.ndarray,
    ids: np.ndarray,
    parts: np.ndarray,
    normals: np.ndarray,
) -> None:
    """Take the words of all pixels apart (see ``shaders/pack.glsl``), in one go over them.

    Args:
        words: Shape (N, 4), uint32.
        table: The id that each thing's pixels get, shape (things,), uint16.
        depth: Filled with metres, inf where nothing is, shape (N,), float32.
        ids: Filled, shape (N,), uint16.
        parts: Filled, shape (N,), uint8.
        normals: Filled with the packed normals, shape (N,), uint32.
    """
    depths = words.view(np.float32)
    for pixel in range(len(words)):
        word, meters = words[pixel, 0], depths[pixel, 1]
        depth[pixel] = meters if meters > 0 else np.float32(np.inf)
        ids[pixel] = table[word & np.uint32(0xFFFF)]
        parts[pixel] = (word >> np.uint32(16)) & np.uint32(0xFF)
        normals[pixel] = words[pixel, 2]


def unpack_normals(words: np.ndarray) -> np.ndarray:
    """Unit vectors from their octahedral form, any shape of uint32 to (..., 3) float32."""
    halves = (
        words[..., None].view(np.int16)
        if words.flags.c_contiguous
        else words.copy()[..., None].view(np.int16)
    )
    x, y = np.maximum(np.moveaxis(halves.astype(np.float32), -1, 0) / 32767.0, -1.0)
    z = 1 - np.abs(x) - np.abs(y)
    back = np.maximum(-z, 0)
    x, y = x + np.where(x < 0, back, -back), y + np.where(y < 0, back, -back)
    normals = np.stack([x, y, z], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)
