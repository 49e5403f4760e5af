"""Hair that falls where gravity pulls, whichever way the head is turned.

Hair that hangs down an upright back is right as long as the back is about upright; on someone who bends over, lies or
stands on the head it would stick to the back like a shell. Such hair is therefore grown once for each of six
directions of gravity about the head, and a pose mixes those of its own direction: segments are mixed, brought back to
their lengths and strung together again from the root: a few sums a vertex, and nothing while people are upright.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from synth.body.rig import BONE_INDEX
from synth.ramp import ramp_one

#: Directions of gravity in the head's rest frame that hair is grown for: forward is +x, left +y, up +z.
PULLS = np.array([[0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1]], dtype=float)
# Lean of head and of trunk from upright, degrees, where hair starts to leave the back and where it hangs free: a little
# lean does not lift hair off a back [guess].
_HEAD_DEG, _TRUNK_DEG = (20.0, 45.0), (30.0, 60.0)
_FLOOR_M = 0.004


@dataclass(frozen=True)
class Swing:
    """Lines of vertices that hang from a head.

    Attributes:
        rows: Vertices of each line from root to tip, shape (L, S), int64; in a layer, later in a character.
        points_m: Where they are at rest for each of ``PULLS``, shape (6, L, S, 3), float32.
    """

    rows: np.ndarray
    points_m: np.ndarray

    def shifted(self, offset: int) -> Swing:
        """The same lines when their layer starts at a vertex of the character."""
        return Swing(self.rows + offset, self.points_m)


@numba.njit(cache=True)
def _string(points: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mix lines (6, L, S, 3) so that every segment keeps its mixed length, shape (L, S, 3)."""
    lines, steps = points.shape[1], points.shape[2]
    out = np.empty((lines, steps, 3), dtype=np.float32)
    total = shares.sum()
    for i in range(lines):
        for c in range(3):
            at = 0.0
            for k in range(len(shares)):
                at += shares[k] * points[k, i, 0, c]
            out[i, 0, c] = at / total
        for s in range(1, steps):
            x, y, z, length = 0.0, 0.0, 0.0, 0.0
            for k in range(len(shares)):
                if shares[k] > 0:
                    dx = points[k, i, s, 0] - points[k, i, s - 1, 0]
                    dy = points[k, i, s, 1] - points[k, i, s - 1, 1]
                    dz = points[k, i, s, 2] - points[k, i, s - 1, 2]
                    x += shares[k] * dx
                    y += shares[k] * dy
                    z += shares[k] * dz
                    length += shares[k] * np.sqrt(dx * dx + dy * dy + dz * dz)
            stretch = length / total / max(np.sqrt(x * x + y * y + z * z), 1e-9)
            out[i, s, 0] = out[i, s - 1, 0] + stretch * x
            out[i, s, 1] = out[i, s - 1, 1] + stretch * y
            out[i, s, 2] = out[i, s - 1, 2] + stretch * z
    return out


def _lean_deg(turn: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(turn[2, 2], -1.0, 1.0))))


def freedom(transforms: np.ndarray) -> float:
    """How far hair has left the back: 0 lies on it, 1 hangs from the head alone.

    Args:
        transforms: Rest to posed of each bone, z up, shape (52, 3, 4).
    """
    head, trunk = transforms[BONE_INDEX["C0"]], transforms[BONE_INDEX["T3"]]
    return ramp_one(_lean_deg(head), *_HEAD_DEG) * ramp_one(_lean_deg(trunk), *_TRUNK_DEG)


def let_hang(vertices_m: np.ndarray, swings: tuple[Swing, ...], transforms: np.ndarray) -> np.ndarray:
    """Posed vertices with the hair where gravity takes it; above the floor at z = 0.

    Args:
        vertices_m: Posed geometry, shape (G, 3), float32; not written to.
        swings: What hangs.
        transforms: Rest to posed of each bone, shape (52, 3, 4).

    Returns:
        The same array where nothing hangs free, else a copy, shape (G, 3), float32.
    """
    free = freedom(transforms) if swings else 0.0
    if free == 0:
        return vertices_m
    out = vertices_m.copy()
    turn, shift = (x.astype(np.float32) for x in np.split(transforms[BONE_INDEX["C0"]], [3], axis=1))
    # Shares are the components of gravity: a line that hangs straight for each direction then hangs straight down.
    shares = np.maximum(PULLS @ (turn.T @ np.array([0.0, 0.0, -1.0])), 0.0).astype(np.float32)
    for swing in swings:
        hung = _string(swing.points_m, shares) @ turn.T + shift[:, 0]
        posed = (1 - np.float32(free)) * out[swing.rows] + np.float32(free) * hung
        posed[..., 2] = np.maximum(posed[..., 2], np.minimum(out[swing.rows][..., 2], _FLOOR_M))
        out[swing.rows] = posed
    return out
