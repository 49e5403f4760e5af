"""Texture coordinates for pieces that have none: eyeballs, a cap over the head."""

from __future__ import annotations

import numpy as np

from synth.body.patch import Patch


def corner_uvs_of(patch: Patch, uvs: np.ndarray) -> np.ndarray:
    """Texture coordinates of each triangle corner, shape (F, 3, 2), from one a vertex."""
    return uvs[patch.triangles]


def eye_uvs(patch: Patch) -> np.ndarray:
    """Front view of each eyeball: the iris lies at the centre of the texture, shape (N, 2)."""
    uvs = np.zeros((len(patch.vertices_m), 2))
    for left in (True, False):
        own = (patch.vertices_m[:, 1] > 0) == left
        v = patch.vertices_m[own]
        centre, radius = v.mean(axis=0), np.ptp(v[:, 2]) / 2
        flat = (v[:, 1:] - centre[1:]) / (2.2 * radius)
        # The back half must not show a second iris.
        uvs[own] = np.where((v[:, 0] > centre[0])[:, None], 0.5 + flat, 0.02)
    return uvs


def hair_uvs(patch: Patch, centre: np.ndarray) -> np.ndarray:
    """Strands run along v: u is the azimuth around the head, v the distance from the crown, shape (F, 3, 2)."""
    p = patch.vertices_m[patch.triangles] - (centre + np.array([-0.02, 0.0, 0.0]))
    angle = np.arctan2(p[..., 1], p[..., 0])
    angle = angle + 2 * np.pi * np.round((angle[:, :1] - angle) / (2 * np.pi))
    down = np.hypot(p[..., 0], p[..., 1]) + np.maximum(0.1 - p[..., 2], 0)
    return np.stack([3 * angle / (2 * np.pi), down / 0.3], axis=2)
