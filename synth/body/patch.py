"""Pieces of mesh that are cut, refined and pushed about while a character is dressed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from synth.body.geometry import vertex_normals


@dataclass(frozen=True)
class Patch:
    """A piece of mesh at rest.

    Attributes:
        vertices_m: Shape (N, 3).
        weights: Weight of every bone of :data:`synth.body.rig.BONES`, shape (N, 52).
        triangles: Shape (F, 3), counter-clockwise seen from outside.
        uvs: One texture coordinate a vertex, v up, shape (N, 2).
    """

    vertices_m: np.ndarray
    weights: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray

    @cached_property
    def normals(self) -> np.ndarray:
        return vertex_normals(self.vertices_m, self.triangles).astype(float)

    def moved(self, vertices_m: np.ndarray) -> Patch:
        """The same piece with other vertex positions."""
        return replace(self, vertices_m=vertices_m)


def submesh(vertices_m: np.ndarray, weights: np.ndarray, triangles: np.ndarray) -> tuple[Patch, np.ndarray]:
    """Cut out the triangles given; returns the piece and, for each of its vertices, the index it had."""
    used, local = np.unique(triangles, return_inverse=True)
    uvs = np.zeros((len(used), 2))
    return Patch(vertices_m[used], weights[used], local.reshape(-1, 3).astype(np.int32), uvs), used


def _edges(triangles: np.ndarray) -> np.ndarray:
    """Directed edges of each triangle, shape (F, 3, 2); edge k runs from corner k to corner k + 1."""
    return np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2)


def _blend(patch: Patch, pairs: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points between pairs of vertices: positions, weights, UVs."""
    a, b, t = pairs[:, 0], pairs[:, 1], share[:, None]
    vertices, weights, uvs = ((1 - t) * x[a] + t * x[b] for x in (patch.vertices_m, patch.weights, patch.uvs))
    return vertices, weights, uvs


def split(patch: Patch, field: np.ndarray) -> tuple[Patch, np.ndarray]:
    """Cut triangles along the zero line of a field; nothing is dropped and the surface stays joined.

    Args:
        patch: The piece.
        field: A value for each vertex, shape (N,).

    Returns:
        The piece with new vertices on the line, and for each triangle whether it lies on the positive side.
    """
    field = np.where(np.abs(field) < 1e-6, 1e-6, field)
    inside = field > 0
    crossing = np.sort(_edges(patch.triangles).reshape(-1, 2), axis=1)
    crossing = np.unique(crossing[inside[crossing[:, 0]] != inside[crossing[:, 1]]], axis=0)
    share = field[crossing[:, 0]] / (field[crossing[:, 0]] - field[crossing[:, 1]])
    n = len(patch.vertices_m)
    cut = {(int(a), int(b)): n + i for i, (a, b) in enumerate(crossing)}
    count = inside[patch.triangles].sum(axis=1)
    whole = (count == 0) | (count == 3)
    triangles, sides = [], []
    for triangle in patch.triangles[~whole]:
        lone = inside[triangle].sum() == 1  # the corner that stands alone is inside, else outside
        odd = int(np.flatnonzero(inside[triangle] == lone)[0])
        a, b, c = (int(triangle[(odd + k) % 3]) for k in range(3))
        ab, ac = cut[min(a, b), max(a, b)], cut[min(a, c), max(a, c)]
        triangles += [(a, ab, ac), (ab, b, c), (ab, c, ac)]
        sides += [lone, not lone, not lone]
    new = _blend(patch, crossing, share)
    old = (patch.vertices_m, patch.weights, patch.uvs)
    vertices, weights, uvs = (np.concatenate(pair) for pair in zip(old, new, strict=True))
    cut_triangles = np.array(triangles, dtype=np.int32).reshape(-1, 3)
    joined = np.concatenate([patch.triangles[whole], cut_triangles])
    side = np.concatenate([count[whole] == 3, np.array(sides, dtype=bool)])
    return Patch(vertices, weights, joined, uvs), side


def clip(patch: Patch, field: np.ndarray) -> Patch:
    """Keep the part where a field is positive; triangles on its border are cut along the zero line.

    Args:
        patch: The piece.
        field: A value for each vertex, shape (N,).
    """
    whole, side = split(patch, field)
    return compact(Patch(whole.vertices_m, whole.weights, whole.triangles[side], whole.uvs))


def compact(patch: Patch) -> Patch:
    """Drop vertices that no triangle uses."""
    used, local = np.unique(patch.triangles, return_inverse=True)
    return Patch(
        patch.vertices_m[used], patch.weights[used], local.reshape(-1, 3).astype(np.int32), patch.uvs[used]
    )


def push_outside(
    patch: Patch,
    body_m: np.ndarray,
    body_normals: np.ndarray,
    gap_m: np.ndarray | float,
    rounds: int = 3,
    reach_m: float = np.inf,
) -> Patch:
    """Move vertices along the body's normals until each is at least a gap outside the body.

    Args:
        patch: A piece near the body.
        body_m: Body vertices, shape (B, 3).
        body_normals: Their normals, shape (B, 3).
        gap_m: Least distance, metres, a number or shape (N,).
        rounds: How often to repeat; the nearest body point changes as vertices move.
        reach_m: Vertices farther than this from the body stay.
    """
    tree = cKDTree(body_m)
    v = patch.vertices_m.copy()
    for _ in range(rounds):
        distance, near = tree.query(v, k=4)
        share = 1.0 / (distance + 1e-4)
        share /= share.sum(axis=1, keepdims=True)
        point = np.einsum("nk,nkd->nd", share, body_m[near])
        normal = np.einsum("nk,nkd->nd", share, body_normals[near])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        height = np.einsum("nd,nd->n", v - point, normal)
        move = np.where(distance[:, 0] < reach_m, np.maximum(gap_m - height, 0.0), 0.0)
        v += move[:, None] * normal
    return patch.moved(v)
