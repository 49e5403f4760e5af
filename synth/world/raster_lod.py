"""Coarser triangles over the same vertices: for shadows, which nobody looks at closely."""

from __future__ import annotations

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
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).astype(np.int64)
    codes, uses = np.unique(edges[:, 0] * vertex_count + edges[:, 1], return_counts=True)
    first, second = codes // vertex_count, codes % vertex_count
    border = np.zeros(vertex_count, bool)
    border[first[uses != 2]] = border[second[uses != 2]] = True
    # Pairs are chosen as a fixed hash of their ends has it: a rule by index would merge in long rows.
    rank = (first * 2654435761 + second * 40503) % 1000003 * len(codes) + np.arange(len(codes))
    target, taken = np.arange(vertex_count), np.zeros(vertex_count, bool)
    for _ in range(_PROPOSALS):
        free = ~(taken[first] | taken[second] | (border[first] & border[second]))
        a, b, mine = first[free], second[free], rank[free]
        lowest = np.full(vertex_count, np.iinfo(np.int64).max)
        np.minimum.at(lowest, a, mine)
        np.minimum.at(lowest, b, mine)
        mutual = (lowest[a] == mine) & (lowest[b] == mine)
        a, b = a[mutual], b[mutual]
        target[np.where(border[b], a, b)] = np.where(border[b], b, a)
        taken[a] = taken[b] = True  # in this round: chains of merges would pull far
    moved = target[faces]
    whole = (moved[:, 0] != moved[:, 1]) & (moved[:, 1] != moved[:, 2]) & (moved[:, 2] != moved[:, 0])
    return moved[whole].astype(np.int32)
