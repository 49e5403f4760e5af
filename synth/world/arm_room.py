"""The least turn of an arm about its shoulder that takes it out of the body: a trunk of boxy ellipsoids, and legs.

Many turns are tried for every posed frame, so this is compiled, and leaves out what cannot change the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from synth.body.posing import about

# Trunks are boxier than ellipses: the exponent of a superellipse. Its norm is at least this share of the length.
_BOXY = 2.6
_NORM_SHARE = 3.0 ** (1.0 / _BOXY - 0.5)
# Turns that are tried, what a metre inside costs against them, and how near the best one others count.
_TRIED_RAD = np.radians(np.arange(0.0, 49.0, 2.0))
_WORSE, _SOFT_RAD = 12.0, np.radians(1.0)


@dataclass(frozen=True)
class Obstacles:
    """What arms must stay out of in one pose.

    Attributes:
        frames_m: Frame of each ellipsoid of the trunk, shape (K, 4, 4).
        centers_m: Its middle in that frame's axes, shape (K, 3).
        radii_m: Half sizes along them, shape (K, 3).
        starts_m: Where each segment of the legs starts, shape (L, 3).
        ends_m: Where it ends, shape (L, 3).
        leg_m: Its radius along the way, at the middle of each of as many equal pieces, shape (L, B).
    """

    frames_m: np.ndarray
    centers_m: np.ndarray
    radii_m: np.ndarray
    starts_m: np.ndarray
    ends_m: np.ndarray
    leg_m: np.ndarray


def way_out(
    body: Obstacles, arm_m: np.ndarray, shoulder_m: np.ndarray, thick_m: np.ndarray, axes: np.ndarray
) -> np.ndarray:
    """The turn about the shoulder that takes an arm out of the body, as a rotation vector, shape (3,).

    The least turns count most, so that neighbouring frames agree.

    Args:
        body: What it stays out of.
        arm_m: Points along forearm and hand from the shoulder, shape (P, 3).
        shoulder_m: Shape (3,).
        thick_m: How much room each point needs, shape (P,).
        axes: The ways out that are tried, unit vectors, shape (A, 3).
    """
    # As a tuple: compiled functions know no dataclass.
    solids = (body.frames_m, body.centers_m, body.radii_m, body.starts_m, body.ends_m, body.leg_m)
    best, least = _search(arm_m, shoulder_m, thick_m, axes, solids)
    if not best.any():
        return np.zeros(3)
    weight = np.exp(-(least - least.min()) / _SOFT_RAD)
    return (weight * best) @ axes / weight.sum()


@numba.njit(cache=True)
def _search(
    arm: np.ndarray,
    shoulder: np.ndarray,
    thick: np.ndarray,
    axes: np.ndarray,
    solids: tuple[np.ndarray, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """For each axis the best of the tried turns, radians, and its cost, shape (A,) each."""
    best, least = np.zeros(len(axes)), np.full(len(axes), np.inf)
    for a in range(len(axes)):
        for angle in _TRIED_RAD:
            if angle >= least[a]:  # a turn costs no less than its angle
                break
            turn = about(axes[a], angle)
            worst = 0.0
            for p in range(len(arm)):
                point = shoulder + turn @ arm[p]
                worst = thick[p] + _depth(point, worst - thick[p], solids)
                if angle + _WORSE * worst >= least[a]:
                    break
            if angle + _WORSE * worst < least[a]:
                best[a], least[a] = angle, angle + _WORSE * worst
    return best, least


@numba.njit(cache=True)
def _depth(
    point: np.ndarray,
    least: float,
    solids: tuple[np.ndarray, ...],
) -> float:
    """How deep a point is inside the body, metres; ``least`` where it is no deeper than that."""
    frames, centers, radii, starts, ends, leg = solids
    depth = least
    for k in range(len(frames)):
        m = frames[k]
        dx, dy, dz = point[0] - m[0, 3], point[1] - m[1, 3], point[2] - m[2, 3]
        x = m[0, 0] * dx + m[1, 0] * dy + m[2, 0] * dz - centers[k, 0]
        y = m[0, 1] * dx + m[1, 1] * dy + m[2, 1] * dz - centers[k, 1]
        z = m[0, 2] * dx + m[1, 2] * dy + m[2, 2] * dz - centers[k, 2]
        a, b, c = abs(x / radii[k, 0]), abs(y / radii[k, 1]), abs(z / radii[k, 2])
        length = np.sqrt(x * x + y * y + z * z)
        # Powers are dear, and most points are outside: the size is no less than any of these.
        size = max(a, b, c, _NORM_SHARE * np.sqrt(a * a + b * b + c * c), 1e-6)
        if (1.0 / size - 1.0) * length < depth - 1e-9:
            continue
        size = (a**_BOXY + b**_BOXY + c**_BOXY) ** (1.0 / _BOXY)
        depth = max(depth, (1.0 / max(size, 1e-6) - 1.0) * length)
    for s in range(len(starts)):
        along, offset = ends[s] - starts[s], point - starts[s]
        share = min(max((offset @ along) / (along @ along), 0.0), 1.0)
        gap = np.sqrt(((offset - share * along) ** 2).sum())
        depth = max(depth, _radius_at(leg[s], share) - gap)
    return depth


@numba.njit(cache=True)
def _radius_at(radii: np.ndarray, share: float) -> float:
    """The radius at a share of a segment, between those at the middles of its pieces."""
    place = min(max(share * len(radii) - 0.5, 0.0), len(radii) - 1.0)
    piece = min(int(place), len(radii) - 2)
    return radii[piece] + (place - piece) * (radii[piece + 1] - radii[piece])
