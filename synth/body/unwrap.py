"""Texture coordinates for pieces that have none: cylinders around trunk and limbs, a cap over the head."""

from __future__ import annotations

import numpy as np

from synth.body.patch import Patch
from synth.body.regions import Landscape

TILE_M = 0.5  # a cloth texture covers this much, and repeats


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


def _around(
    points: np.ndarray, axis_from: np.ndarray, axis_to: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Angle around and distance along an axis for corners (F, 3, 3), and their mean radius; angles are unwrapped."""
    axis = (axis_to - axis_from) / np.linalg.norm(axis_to - axis_from)
    forward = np.array([1.0, 0.0, 0.0]) - axis[0] * axis
    forward /= np.linalg.norm(forward)
    side = np.cross(axis, forward)
    offset = points - axis_from
    angle = np.arctan2(offset @ side, -(offset @ forward))  # the cut lies in front... behind it is smooth
    angle = angle + 2 * np.pi * np.round((angle[:, :1] - angle) / (2 * np.pi))
    radius = float(np.mean(np.hypot(offset @ side, offset @ forward)))
    return angle, offset @ axis, radius


def cloth_uvs(patch: Patch, land: Landscape, arm: np.ndarray, leg: np.ndarray) -> np.ndarray:
    """Cylindrical coordinates around trunk, arms and legs, about to scale, shape (F, 3, 2)."""
    corners = patch.vertices_m[patch.triangles]
    uvs = np.zeros((len(patch.triangles), 3, 2))
    arm, leg = (share[patch.triangles].mean(axis=1) for share in (arm, leg))
    left = corners[..., 1].mean(axis=1) > 0
    up = np.array([0.0, 0.0, 1.0])
    middle = np.array([(land.nape_m[0] + land.notch_m[0]) / 2, 0.0, 0.0])
    j = land.joints_m
    regions = [((arm <= 0.5) & (leg <= 0.5), middle, middle + up)]
    for side, own in (("l", left), ("r", ~left)):
        regions.append(((arm > 0.5) & own, j[f"wrist_{side}"], j[f"shoulder_{side}"]))
        foot = np.array([*j[f"knee_{side}"][:2], 0.0])
        regions.append(
            ((leg > 0.5) & (arm <= 0.5) & own, foot, foot + up)
        )  # upright, so that stripes stay level
    for own, start, end in regions:
        if own.any():
            angle, along, radius = _around(corners[own], start, end)
            repeats = max(round(2 * np.pi * radius / TILE_M), 1)
            uvs[own, :, 0] = angle / (2 * np.pi) * repeats
            uvs[own, :, 1] = along / TILE_M
    return uvs


def hair_uvs(patch: Patch, centre: np.ndarray) -> np.ndarray:
    """Strands run along v: u is the azimuth around the head, v the distance from the crown, shape (F, 3, 2)."""
    p = patch.vertices_m[patch.triangles] - (centre + np.array([-0.02, 0.0, 0.0]))
    angle = np.arctan2(p[..., 1], p[..., 0])
    angle = angle + 2 * np.pi * np.round((angle[:, :1] - angle) / (2 * np.pi))
    down = np.hypot(p[..., 0], p[..., 1]) + np.maximum(0.1 - p[..., 2], 0)
    return np.stack([3 * angle / (2 * np.pi), down / 0.3], axis=2)
