"""Coarser triangles over the same vertices: for shadows, which nobody looks at closely."""

from __future__ import annotations

import numba
import numpy as np

_KEPT_SHARE = 0.22
_ENOUGH = 6000  # triangles: below that the steps would show
_ROUNDS = 4
_PROPOSALS = 3


def coarse_faces(faces: np.ndarray, vertex_count: int) -> np.ndarray:
    """Leave out vertices of a mesh by merging neighbours until about a quarter of its triangles is left,
    if they are many.

    Only who is joined to whom counts, so that the result serves every pose. Vertices on open edges stay where
    they are: seams in the texture do not become gaps.

    Args:
        faces: Vertex indices, shape (F, 3).
        vertex_count: Number of vertices that the indices point into.

    Returns:
        Indices of the same vertices, shape (F', 3) int32.
    """
    wanted = max(_KEPT_SHARE * len(faces), _ENOUGH)
    result = np.asarray(faces, np.int32)
    for _ in range(_ROUNDS):
        if len(result) <= wanted:
            break
        fewer = _merge_neighbours(result, vertex_count)
        if len(fewer) == len(result):
            break
        result = fewer
    return result


def _merge_neighbours(faces: np.ndarray, vertex_count: int) -> np.ndarray:
    """Merge vertices in pairs: each proposes to a neighbour, and where two propose to each other they merge."""
    starts, ends = faces.ravel().astype(np.int64), np.roll(faces, -1, axis=1).ravel()
    codes, uses = np.unique(
        np.minimum(starts, ends) * vertex_count + np.maximum(starts, ends), return_counts=True
    )
    first = codes // vertex_count
    second = codes - first * vertex_count
    border = np.zeros(vertex_count, bool)
    border[first[uses != 2]] = border[second[uses != 2]] = True
    # Pairs are chosen as a fixed hash of their ends has it: a rule by index would merge in long rows.
    rank = (first * 2654435761 + second * 40503) % 1000003 * len(codes) + np.arange(len(codes))
    target = _targets(first, second, rank, border)
    moved = target[faces]
    whole = (moved[:, 0] != moved[:, 1]) & (moved[:, 1] != moved[:, 2]) & (moved[:, 2] != moved[:, 0])
    return moved[whole].astype(np.int32)


@numba.njit(cache=True)
def _targets(first: np.ndarray, second: np.ndarray, rank: np.ndarray, border: np.ndarray) -> np.ndarray:
    """The vertex that each vertex becomes, shape (V,), for edges and ranks, shape (E,), of which no two are equal."""
    target, taken = np.arange(len(border)), np.zeros(len(border), np.bool_)
    for _ in range(_PROPOSALS):
        lowest = np.full(len(border), np.iinfo(np.int64).max)
        free = np.zeros(len(first), np.bool_)
        for e in range(len(first)):
            a, b = first[e], second[e]
            free[e] = not (taken[a] or taken[b] or (border[a] and border[b]))
            if free[e]:
                lowest[a], lowest[b] = min(lowest[a], rank[e]), min(lowest[b], rank[e])
        for e in range(len(first)):
            a, b = first[e], second[e]
            if free[e] and lowest[a] == rank[e] and lowest[b] == rank[e]:
                if border[b]:
                    target[a] = b
                else:
                    target[b] = a
                taken[a] = taken[b] = True  # in this round: chains of merges would pull far
    return target
