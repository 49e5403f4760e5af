"""Strands of hair: grown step by step outside the body, then made into narrow strips (cards)."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.rig import BONE_INDEX, BONES
from synth.ramp import ramp

Field = Callable[[np.ndarray], np.ndarray]
DOWN = np.array([0.0, 0.0, -1.0])
_ARMS = [
    i for i, b in enumerate(BONES) if b.startswith(("shoulder", "upper_arm", "forearm", "hand", "clavicle"))
]


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors of length one, shape (..., 3)."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


class Obstacle:
    """Head, neck, shoulders and back, which hair stays outside of."""

    def __init__(
        self, body: Patch, keep: np.ndarray, cloth_m: float = 0.0, cloth_top_m: float = -np.inf
    ) -> None:
        """Prepare.

        Args:
            body: The skin.
            keep: True for skin vertices that count, shape (V,).
            cloth_m: How far clothes stand off the skin.
            cloth_top_m: Height of their upper edge.
        """
        self._cloth_m, self._cloth_top_m = cloth_m, cloth_top_m
        self._points, self._normals = body.vertices_m[keep], body.normals[keep]
        self._weights = body.weights[keep]
        self._tree = cKDTree(self._points)
        self._middle, self._reach_m = np.zeros(3), np.inf

    def above(self, height_m: float) -> Obstacle:
        """What of it lies above a height, unclothed: the head without the shoulders."""
        keep = self._points[:, 2] > height_m
        part = copy(self)
        part._cloth_m, part._cloth_top_m = 0.0, -np.inf
        part._points, part._normals, part._weights = (
            x[keep] for x in (self._points, self._normals, self._weights)
        )
        part._tree = cKDTree(part._points)
        part._middle = part._points.mean(axis=0)
        # What hangs beyond this touches nothing any more, and need not ask.
        part._reach_m = float(np.linalg.norm(part._points - part._middle, axis=1).max()) + 0.03
        return part

    def push(
        self, points: np.ndarray, gap_m: np.ndarray, cling: np.ndarray | float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move points outwards until each is a gap outside.

        Args:
            points: Shape (N, 3).
            gap_m: Shape (N,).
            cling: How much of the way back points farther out than their gap come, 0 to 1.

        Returns:
            The points and the body's normals near them, shape (N, 3) each.
        """
        if np.isfinite(self._reach_m):
            away = points - self._middle
            near = np.linalg.norm(away, axis=1) < self._reach_m
            moved, normal = points.copy(), unit(away)
            if near.any():
                cling = np.broadcast_to(cling, len(points))
                moved[near], normal[near] = self._pushed(points[near], gap_m[near], cling[near])
            return moved, normal
        return self._pushed(points, gap_m, cling)

    def _pushed(
        self, points: np.ndarray, gap_m: np.ndarray, cling: np.ndarray | float
    ) -> tuple[np.ndarray, np.ndarray]:
        distance, near = self._tree.query(points, k=3)
        share = 1.0 / (distance + 1e-3)
        share /= share.sum(axis=1, keepdims=True)
        foot = np.einsum("nk,nkd->nd", share, self._points[near])
        normal = unit(np.einsum("nk,nkd->nd", share, self._normals[near]))
        height = np.einsum("nd,nd->n", points - foot, normal)
        gap_m = gap_m + self._cloth_m * np.clip((self._cloth_top_m - points[:, 2]) / 0.03, 0, 1)
        # Hair that hangs far from the neck is not drawn to it.
        near = np.clip((0.09 - distance[:, 0]) / 0.04, 0, 1)
        move = np.maximum(gap_m - height, 0.0) - near * cling * np.maximum(height - gap_m, 0.0)
        return points + move[:, None] * normal, normal

    def weights(self, points: np.ndarray) -> np.ndarray:
        """Bone weights of the skin nearby without the arms', shape (N, 52)."""
        distance, near = self._tree.query(points, k=6)
        share = 1.0 / (distance + 0.01)
        share /= share.sum(axis=1, keepdims=True)
        weights = np.einsum("nk,nkb->nb", share, self._weights[near])
        weights[:, _ARMS] = 0.0
        return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)


@dataclass(frozen=True)
class Growth:
    """How strands grow.

    Attributes:
        comb: Wanted direction at points of the head (N, 3) -> (N, 3); need not be unit or tangent.
        fall: Share of gravity in the wanted direction from root to tip, shape (S,) or (N, S).
        lift: How much a strand starts along the normal, 0 to 1.
        stiff: How much it keeps its direction from step to step, 0 to 1.
        down: Where gravity pulls: unit vectors, shape (3,) or (N, 3).
        cling: How closely strands keep to the head, 0 to 1; below ``free_below_m`` they hang almost freely.
        free_below_m: That height, shape () or (N,), against ``gravity``.
        gravity: Unit vector, shape (3,).
    """

    comb: Field
    fall: np.ndarray
    lift: float
    stiff: float
    down: np.ndarray
    cling: float = 0.0
    free_below_m: float = -np.inf
    gravity: np.ndarray = field(default_factory=lambda: DOWN)


def grow(
    roots: np.ndarray,
    normals: np.ndarray,
    lengths_m: np.ndarray,
    gaps_m: np.ndarray,
    steps: int,
    growth: Growth,
    obstacle: Obstacle,
) -> tuple[np.ndarray, np.ndarray]:
    """Grow strands.

    Args:
        roots: On the skin, shape (N, 3).
        normals: Of the skin there, shape (N, 3).
        lengths_m: Shape (N,).
        gaps_m: How far outside the skin each strand stays once it has left its root, shape (N,).
        steps: Points on each strand.
        growth: How.
        obstacle: What is in the way.

    Returns:
        Points and outward directions, shape (N, steps, 3) each.
    """
    fall = np.broadcast_to(growth.fall, (len(roots), steps))
    points, outward = [roots + 0.001 * normals], [normals]
    direction = unit(growth.lift * normals + (1 - growth.lift) * unit(growth.comb(roots)))
    length = (lengths_m / (steps - 1))[:, None]
    for k in range(1, steps):
        last = points[-1]
        g = fall[:, k, None]
        wanted = (1 - g) * unit(growth.comb(last)) + g * growth.down
        direction = unit(growth.stiff * direction + (1 - growth.stiff) * wanted)
        leave = min(k / 2, 1.0)
        free = last + length * direction
        cling = (
            growth.cling * np.clip((-(free @ growth.gravity) - growth.free_below_m) / 0.03, 0, 1)
            if growth.cling
            else 0.0
        )
        moved, normal = obstacle.push(free, gaps_m * leave, cling)
        direction = unit(moved - last)
        points.append(last + length * direction)
        outward.append(normal)
    return np.stack(points, axis=1), np.stack(outward, axis=1)


def make_cards(
    points: np.ndarray,
    outward: np.ndarray,
    widths_m: np.ndarray,
    columns: np.ndarray,
    num_columns: int,
    roll_rad: np.ndarray,
    v_tip: np.ndarray | float = 1.0,
) -> Patch:
    """Make strips along strands, facing outwards.

    Args:
        points: Shape (N, S, 3).
        outward: Roughly outward directions there, shape (N, S, 3).
        widths_m: At each point, shape (N, S).
        columns: Which column of the texture each strip shows, shape (N,).
        num_columns: How many columns the texture has.
        roll_rad: Turn of each strip about its strand, shape (N,).
        v_tip: How much of the texture's length each strip uses: short strips repeat no pattern.

    Returns:
        The strips without weights (zeros); u across, v from 1 at the root to 0 at the tip.
    """
    count, steps = points.shape[:2]
    tangent = unit(np.gradient(points, axis=1))
    outward = unit(outward - tangent * np.einsum("nsd,nsd->ns", outward, tangent)[..., None])
    side = np.cross(outward, tangent)
    cos, sin = np.cos(roll_rad)[:, None, None], np.sin(roll_rad)[:, None, None]
    half = 0.5 * widths_m[..., None] * (cos * side + sin * outward)
    vertices = np.stack([points - half, points + half], axis=2)  # (N, S, 2, 3)
    v = np.linspace(1, 0, steps)[None, :, None] * np.ones((count, 1, 2))
    v = 1 - (1 - v) * np.reshape(np.broadcast_to(v_tip, count), (count, 1, 1))
    margin = 0.04 / num_columns
    edges = np.stack([columns / num_columns + margin, (columns + 1) / num_columns - margin], axis=1)
    u = np.broadcast_to(edges[:, None, :], (count, steps, 2))
    index = np.arange(count * steps * 2).reshape(count, steps, 2)
    a, b, c, d = index[:, :-1, 0], index[:, :-1, 1], index[:, 1:, 1], index[:, 1:, 0]
    triangles = np.stack([np.stack([a, d, c], axis=-1), np.stack([a, c, b], axis=-1)], axis=2)
    flat = vertices.reshape(-1, 3)
    return Patch(
        flat,
        np.zeros((len(flat), len(BONES))),
        triangles.reshape(-1, 3).astype(np.int32),
        np.stack([u, v], axis=-1).reshape(-1, 2),
    )


def hang_weights(points: np.ndarray, centre_m: np.ndarray, scale: float, obstacle: Obstacle) -> np.ndarray:
    """Bone weights of hair: the head's at its level, the skin's nearby where it hangs lower, shape (N, 52)."""
    weights = np.zeros((len(points), len(BONES)))
    weights[:, BONE_INDEX["C0"]] = 1.0
    drop = (centre_m[2] - points[:, 2]) / scale
    low = np.flatnonzero(drop > 0.03)
    if len(low):
        t = ramp(drop[low] - 0.03, 0.0, 0.13)[:, None]
        weights[low] = (1 - t) * weights[low] + t * obstacle.weights(points[low])
    return weights


def grid_patch(points: np.ndarray, uv: np.ndarray) -> Patch:
    """A piece from a grid of points (R, C, 3): outside is where rows x columns points; no weights yet."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.stack([np.stack([a, d, c], axis=-1), np.stack([a, c, b], axis=-1)], axis=2)
    flat = points.reshape(-1, 3)
    return Patch(
        flat, np.zeros((len(flat), len(BONES))), triangles.reshape(-1, 3).astype(np.int32), uv.reshape(-1, 2)
    )


def join(patches: list[Patch]) -> Patch:
    """One piece of several."""
    starts = np.cumsum([0] + [len(patch.vertices_m) for patch in patches[:-1]])
    return Patch(
        np.concatenate([patch.vertices_m for patch in patches]),
        np.concatenate([patch.weights for patch in patches]),
        np.concatenate([patch.triangles + s for patch, s in zip(patches, starts, strict=True)]).astype(
            np.int32
        ),
        np.concatenate([patch.uvs for patch in patches]),
    )


def on_head(name: str, patch: Patch, texture: np.ndarray, roughness: float) -> Layer:
    """A layer of a piece that moves with the head, drawn with its own texture coordinates."""
    weights = np.zeros((len(patch.vertices_m), len(BONES)))
    weights[:, BONE_INDEX["C0"]] = 1.0
    patch = Patch(patch.vertices_m, weights, patch.triangles, patch.uvs)
    return Layer(name, patch, patch.triangles, patch.uvs[patch.triangles], texture, roughness)
