"""Headwear: a cap with a visor, a knitted hat, a headband; and how hair gives way under them.

Coordinates are the head's: relative to its middle between the eyes, forward, left, up, divided by its size.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
from scipy.spatial import cKDTree

from spinepose.rng import rng_for
from synth.body.hair_scalp import HeadPlace
from synth.body.hair_strands import grid_patch, join, on_head
from synth.body.layer import Layer
from synth.body.paint import noise, to_image
from synth.body.patch import Patch
from synth.body.spec import SubjectSpec

_MIDDLE = np.array([0.027, 0.0, 0.030])  # of the skull
_COLORS = (
    (28, 30, 36), (52, 56, 64), (26, 38, 74), (120, 28, 34), (222, 220, 214), (60, 84, 62), (150, 132, 104),
    (176, 64, 40), (74, 108, 150), (196, 160, 60),
)  # fmt: skip
# Height of the lower edge above the eyes by azimuth from straight ahead (degrees), metres.
_EDGE_DEG = np.array([0, 40, 75, 100, 135, 180], dtype=float)
_EDGES = {
    "cap": (np.array([0.060, 0.054, 0.034, 0.020, 0.004, -0.002]), None),
    "beanie": (np.array([0.046, 0.038, 0.008, -0.006, -0.022, -0.030]), None),
    "headband": (np.array([0.046, 0.044, 0.034, 0.026, 0.012, 0.004]), 0.042),
}


class Dome:
    """A smooth surface about the skull, just outside of skin and flattened hair, as a distance from its middle."""

    def __init__(self, kind: str, head_p: np.ndarray) -> None:
        """Fit the dome.

        Args:
            kind: One of ``HEADWEAR``.
            head_p: Skin of the upper head without ears, head coordinates, shape (N, 3).
        """
        self.kind = kind
        q = head_p - _MIDDLE
        self._distances = np.linalg.norm(q, axis=1)
        self._tree = cKDTree(q / self._distances[:, None])
        self._gap = {"cap": 0.007, "beanie": 0.006, "headband": 0.0045}[kind]

    def reach(self, directions: np.ndarray) -> np.ndarray:
        """Distance of the surface from the skull's middle along unit vectors, shape (N, 3) to (N,)."""
        apart, near = self._tree.query(directions, k=12)
        share = np.exp(-((apart / 0.16) ** 2)) + 1e-6
        mean = (share * self._distances[near]).sum(axis=1) / share.sum(axis=1)
        return mean + self._gap

    def edge(self, azimuth_rad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heights of the lower and the upper edge, shape (N,) each."""
        low, width = _EDGES[self.kind]
        bottom = np.interp(np.degrees(np.abs(azimuth_rad)), _EDGE_DEG, low)
        return bottom, bottom + width if width else np.full_like(bottom, np.inf)

    def at(self, azimuth: np.ndarray, elevation: np.ndarray, lift: float = 0.0) -> np.ndarray:
        """Points of the surface by angles about the skull's middle, shape (..., 3)."""
        d = np.stack(
            [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)],
            axis=-1,
        )
        reach = self.reach(d.reshape(-1, 3)).reshape(azimuth.shape)
        return _MIDDLE + (reach + lift)[..., None] * d

    def elevation_of(self, azimuth: np.ndarray, height: np.ndarray) -> np.ndarray:
        """Elevation at which the surface has given heights, radians, shape (N,)."""
        elevation = np.zeros_like(azimuth)
        for _ in range(4):
            distance = np.linalg.norm(self.at(azimuth, elevation) - _MIDDLE, axis=1)
            elevation = np.arcsin(np.clip((height - _MIDDLE[2]) / distance, -0.95, 0.98))
        return elevation

    def shrink(self, p: np.ndarray) -> np.ndarray:
        """Move points that lie outside the dome between its edges to just inside it, shape (N, 3)."""
        q = p - _MIDDLE
        distance = np.maximum(np.linalg.norm(q, axis=1), 1e-6)
        inner = self.reach(q / distance[:, None]) - 0.0035
        height = _MIDDLE[2] + q[:, 2] * inner / distance  # of where the point goes
        low, high = self.edge(np.arctan2(q[:, 1], q[:, 0]))
        within = np.clip((height - low + 0.012) / 0.012, 0, 1) * np.clip(
            (high + 0.010 - height) / 0.010, 0, 1
        )
        pull = within * (1 - np.minimum(inner / distance, 1.0))
        return _MIDDLE + q * (1 - pull)[:, None]


def under_wear(layers: list[Layer], dome: Dome, head: HeadPlace) -> list[Layer]:
    """Press hair flat where it would come through."""
    result = []
    for layer in layers:
        if layer.name in ("hair_tail", "hair_band"):  # tied below it
            result.append(layer)
            continue
        pressed = head.world(dome.shrink(head.local(layer.patch.vertices_m)))
        swing = layer.swing
        if (
            swing is not None
        ):  # what is pressed is near the roots, which lie alike whichever way the rest hangs
            moved = (pressed - layer.patch.vertices_m)[swing.rows].astype(np.float32)
            swing = replace(swing, points_m=swing.points_m + moved)
        result.append(replace(layer, patch=layer.patch.moved(pressed), swing=swing))
    return result


def _ring(dome: Dome, rows: int, columns: int, lift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid over the dome from its lower edge to its top (or upper edge); azimuth and height share of each point."""
    azimuth = np.linspace(-np.pi, np.pi, columns)
    low, high = dome.edge(azimuth)
    first = dome.elevation_of(azimuth, low)
    last = dome.elevation_of(azimuth, high) if np.isfinite(high).all() else np.full_like(first, np.pi / 2)
    share = np.linspace(0, 1, rows)[:, None]
    elevation = first + (last - first) * share
    around = np.broadcast_to(azimuth, elevation.shape)
    return dome.at(around, elevation, lift), around, np.broadcast_to(share, elevation.shape)


def _outward(patch: Patch) -> Patch:
    """Turn triangles that face the skull's middle."""
    corners = patch.vertices_m[patch.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.einsum("nd,nd->n", normal, corners.mean(axis=1) - _MIDDLE).sum() < 0
    return Patch(
        patch.vertices_m, patch.weights, patch.triangles[:, ::-1] if inward else patch.triangles, patch.uvs
    )


@lru_cache(maxsize=64)
def _cloth(kind: str, color: tuple[int, int, int], second: tuple[int, int, int]) -> np.ndarray:
    """Twill with seams, or ribs of knitting; u goes round, v up, shape (128, 512, 3)."""
    rng = rng_for(0, "headwear", kind)
    rows, columns = 128, 512
    v, u = np.mgrid[:rows, :columns].astype(np.float32)
    v = 1 - v / rows
    base = np.broadcast_to(np.array(color, np.float32), (rows, columns, 3)).copy()
    grain = cv2.resize(noise(rng, 256, (1.0, 1.0)), (columns, rows))
    light = 1 + 0.04 * grain
    if kind == "cap":
        seam = np.minimum(np.abs(np.mod(u / columns * 6, 1) - 0.5), 0.5)
        light = light * (1 - 0.30 * (seam > 0.488)) * (1 - 0.25 * (np.abs(v - 0.07) < 0.012))
        badge = (np.hypot((u - columns / 2) / 26, (v - 0.34) * 10) < 1.0)[..., None]
        base = np.where(badge, np.array(second, np.float32), base)
    elif kind == "beanie":
        rib = 0.5 + 0.5 * np.cos(2 * np.pi * u / columns * 84)
        stitch = 0.5 + 0.5 * np.cos(2 * np.pi * v * 46 + 2 * np.pi * u / columns * 84)
        light = light * (0.72 + 0.28 * rib) * (0.90 + 0.10 * stitch)
        stripe = (np.abs(v - 0.55) < 0.05)[..., None] & (sum(second) % 3 == 0)
        base = np.where(stripe, np.array(second, np.float32), base)
    else:
        light = light * (0.92 + 0.08 * np.cos(2 * np.pi * v * 18))
    return to_image(base * light[..., None])


def headwear_layers(spec: SubjectSpec, dome: Dome, head: HeadPlace) -> list[Layer]:
    """Make the headwear of a person.

    Args:
        spec: The person; ``headwear`` is not ``none``.
        dome: Fitted to the head.
        head: Where the head is.
    """
    rng = rng_for(spec.seed, "headwear")
    color, second = _COLORS[rng.integers(len(_COLORS))], _COLORS[rng.integers(len(_COLORS))]
    texture = _cloth(spec.headwear, color, second)
    points, azimuth, share = _ring(dome, 9 if spec.headwear != "headband" else 4, 37, 0.0)
    if spec.headwear == "beanie":
        slouch = rng.uniform(0.0, 0.03)
        points = points + share[..., None] ** 2 * np.array([-0.6 * slouch, 0.0, slouch])
        fold, fold_azimuth, _ = _ring(dome, 9, 37, 0.006)
        uv = np.stack([azimuth / (2 * np.pi) + 0.5, 0.05 + 0.9 * share], axis=2)
        pieces = [grid_patch(points, uv), grid_patch(_rolled(fold[:4]), uv[:4] * (1, 0.6))]
        del fold_azimuth
    else:
        uv = np.stack([azimuth / (2 * np.pi) + 0.5, 0.02 + 0.96 * share], axis=2)
        pieces = [grid_patch(points, uv)]
        if spec.headwear == "headband":
            inner, _, _ = _ring(dome, 4, 37, -0.004)
            rim = np.concatenate([inner[:1], points[:1]]), np.concatenate([points[-1:], inner[-1:]])
            pieces += [grid_patch(edge, np.full((2, 37, 2), 0.5)) for edge in rim]
    pieces = [_outward(piece) for piece in pieces]
    if spec.headwear == "cap":
        pieces += _visor(dome, rng)
    patch = join(pieces)
    patch = patch.moved(head.world(patch.vertices_m))
    return [on_head("head_wear", patch, texture, 0.9)]


def _rolled(fold: np.ndarray) -> np.ndarray:
    """The turned-up rim of a knitted hat: its edges lie closer to the head than its middle, shape (R, C, 3)."""
    out = fold - _MIDDLE
    tuck = np.array([0.955, 1.0, 1.0, 0.955])[:, None, None]
    return _MIDDLE + out * tuck


def _visor(dome: Dome, rng: np.random.Generator) -> list[Patch]:
    """A stiff visor, above and below: it leaves the front edge of the cap and droops."""
    angles = np.radians(np.linspace(-58, 58, 17))
    low, _ = dome.edge(angles)
    root = dome.at(angles, dome.elevation_of(angles, low + 0.004), 0.001)
    length = rng.uniform(0.058, 0.072) * np.cos(angles * 1.45) ** 0.5
    rows = np.linspace(0, 1, 4)
    bend = rng.uniform(0.10, 0.35)
    droop = 0.006 + 5.5 * bend * root[:, 1] ** 2
    points = (
        root[None] + rows[:, None, None] * np.stack([length, 0.10 * root[:, 1], -0.20 * length], axis=1)[None]
    )
    points[..., 2] -= (rows[:, None] ** 1.2) * droop[None]
    uv = np.stack(np.broadcast_arrays(0.03 + 0.08 * (angles[None] + 1), 0.12 + 0.3 * rows[:, None]), axis=2)
    below = points - np.array([0, 0, 0.0025])
    top, bottom = grid_patch(points, uv), grid_patch(below, uv * 0.5)
    up = np.cross(
        top.vertices_m[top.triangles[0, 1]] - top.vertices_m[top.triangles[0, 0]],
        top.vertices_m[top.triangles[0, 2]] - top.vertices_m[top.triangles[0, 0]],
    )[2]
    first, second = (top, bottom) if up > 0 else (_flipped(top), bottom)
    return [first, _flipped(second) if up > 0 else second]


def _flipped(patch: Patch) -> Patch:
    return Patch(patch.vertices_m, patch.weights, patch.triangles[:, ::-1], patch.uvs)
