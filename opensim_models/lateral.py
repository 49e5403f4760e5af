"""A subject's own neutral spine from side to side: bends and turns of the levels that the static trial's markers tell.

The counterpart of :mod:`opensim_models.posture` in the frontal plane. Unknown are the bend of every joint and the axial
turn of every vertebra; they are small enough for a linear model, whose most probable values and spread are exact. A
scoliotic vertebra turns towards the convex side, so that its spinous process stays nearer to the middle than its body:
the midline markers show a third to a half of a curve, and the rest is told by the coupling of bend and turn.

How large a subject's curves may be is not known beforehand: three populations (hardly any curve, a mild one, a marked
one) are weighed by how well each explains the markers, and the answer is their mixture. All spreads are one standard
deviation and guesses unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS, region_of_joint
from opensim_models.anatomy.segments import DORSAL_LEVELS
from opensim_models.spine import (
    LANDMARK_FRAMES,
    SpineShape,
    assemble,
    joint_rotation,
    landmarks,
    spine_forward,
)

# Cobb angles of three populations, one standard deviation, and their shares: of 10 degrees and more have 2-3 % of the
# young, 9 % above 40 (Kebaish 2011) and 30-68 % above 60 (Schwab 2005) [mem].
_COBB_SD_RAD = np.radians([3.5, 12.0, 28.0])
_COBB_SHARES = np.array([0.85, 0.10, 0.05])
_BEND_PER_COBB = 0.20  # of a curve at the joint where it bends most: seven joints share it
_CURVE_REACH = 2.5  # joints over which the bends of one curve go together
# Turn of the apical vertebra over the bend of the joints beside it: 0.4 of the Cobb angle [mem: Perdriolle].
_TURN_PER_BEND = 1.5
_TURN_STEP_SD_RAD = np.radians(0.8)  # of a joint, whatever the bend
_REGION_LEAN_SD_RAD = np.radians(2.0)  # standing somewhat aside
_PELVIS_MIDDLE_SD_M = 0.007
_LANDMARK_SD_M = 0.002  # processes are a little crooked
# Shoulders and head of somebody who stands are about level and face ahead; those of somebody who moves need not.
_LEVEL_SD_RAD = {True: np.radians(2.5), False: np.radians(8.0)}
_AHEAD_SD_RAD = {True: np.radians(3.0), False: np.radians(15.0)}
_OVER_PELVIS_SD_M = {True: 0.015, False: 0.05}  # T1 over the sacrum
_MIDLINE_SD_M = 0.005  # palpation and skin, across the back
_PARASPINAL_SD_M = 0.009
_CHEST_SD_M = 0.012
_SIDE_SD_M = 0.015  # of the chest wall and the shoulders
_SKULL_SD_M = 0.012
_FREE_TURN_SD_M = 0.10  # of shoulders that an arm draws forward
_JOINTS = len(JOINT_LEVELS)
_FOOT, _LEAN, _CURVE, _TURN = 0, slice(1, 4), slice(4, 4 + _JOINTS), slice(4 + _JOINTS, 4 + 2 * _JOINTS)
_SIZE = 4 + 2 * _JOINTS
_PAIRS = {"T10P": ("T10", _PARASPINAL_SD_M), "L2P": ("L2", _PARASPINAL_SD_M), "RIB": ("T10", _SIDE_SD_M)}
_FRONT = {"CLAV": "T1", "STRN": "T8"}


@dataclass(frozen=True)
class Lateral:
    """The estimate.

    Attributes:
        foot_m: How far right of the pelvis' middle the S1 endplate lies.
        bends_rad: Lateral lean of each of ``JOINT_LEVELS`` from the pelvis' upright, right positive, (25,).
        turns_rad: Axial turn of each, left positive, (25,).
        landmark_variance_m2: Lateral variance of the nine ``spinetrack`` landmarks, (9,).
        curve_deg: The largest difference of lean between two vertebrae of the trunk: what a radiograph's Cobb angle
            would be, if these markers could show it.
        marked: Probability that the subject belongs to the populations with curves of 10 degrees and more.
    """

    foot_m: float
    bends_rad: np.ndarray
    turns_rad: np.ndarray
    landmark_variance_m2: np.ndarray
    curve_deg: float
    marked: float


def estimate_lateral(
    spine: SpineShape, local_m: dict[str, np.ndarray], skull_m: np.ndarray | None, quiet: bool = True
) -> Lateral:
    """Find the most probable side-to-side shape.

    Args:
        spine: The subject's sagittal shape.
        local_m: Marker name to its place, (3,), in the sacrum's frame (OpenSim's axes, origin at the S1 endplate).
        skull_m: Where the head's markers put the skull's origin, (3,), or None.
        quiet: Whether the markers are of quiet standing; else shoulders may lean and turn.
    """
    chain = _Chain(spine)
    upright = _balance(chain, quiet)
    rows, seen, noise = _evidence(chain, local_m, skull_m, quiet)
    means, covariances, logs = [], [], []
    for cobb in _COBB_SD_RAD:
        # How people stand belongs to the prior of each population; only markers choose between these.
        _, prior, _ = _condition(_prior(cobb), *upright)
        gain, posterior, total = _condition(prior, rows, noise)
        means.append(gain @ seen)
        covariances.append(posterior)
        logs.append(-0.5 * (seen @ np.linalg.solve(total, seen) + np.linalg.slogdet(total)[1]))
    weights = _COBB_SHARES * np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    mean = np.einsum("s,si->i", weights, means)
    spread = [c + np.outer(m - mean, m - mean) for c, m in zip(covariances, means, strict=True)]
    covariance = np.einsum("s,sij->ij", weights, spread)
    points = chain.landmark_rows()
    variance = np.einsum("ki,ij,kj->k", points, covariance, points) + _LANDMARK_SD_M**2
    bends, turns = chain.lean @ mean, chain.turn @ mean
    trunk = bends[: LEVELS.index("T1") + 1]
    curve = float(np.degrees(np.ptp(np.append(trunk, 0.0))))
    return Lateral(float(mean[_FOOT]), bends, turns, variance, curve, float(weights[1:].sum()))


def bent(spine: SpineShape, lateral: Lateral, scale: float) -> SpineShape:
    """The sagittal shape with its vertebrae leant and turned as estimated; the skull stays upright.

    Args:
        spine: The sagittal shape.
        lateral: The estimate.
        scale: Size of the sacrum relative to ``REFERENCE_STATURE_M``, as :func:`opensim_models.spine.assemble` has it.
    """
    upright = spine_forward(spine, np.zeros(9))[1:, :3, :3]
    aside = joint_rotation(np.stack([np.zeros(_JOINTS), lateral.bends_rad, lateral.turns_rad], axis=-1))
    turned = aside @ upright
    below = np.concatenate([np.eye(3)[None], turned[:-1]])
    rotations = np.swapaxes(below, -1, -2) @ turned
    return assemble(
        spine.joint_offsets_m, rotations, spine.shares, spine.body_centres_m, spine.spinous_tips_m,
        spine.sacral_slope_rad, scale,
    )  # fmt: skip


class _Chain:
    """Lateral place, lean and turn of vertebrae as rows on the unknowns.

    Attributes:
        lean: (25, N): lean of each vertebra.
        turn: (25, N).
        aside: Lateral place of the joint below each, (25, N).
        joints_m: Sagittal places of the joints, (25, 2).
    """

    def __init__(self, spine: SpineShape) -> None:
        self.spine = spine
        self.frames = spine_forward(spine, np.zeros(9))
        self.joints_m = self.frames[1:, :2, 3]
        shares = levels.nominal_shares()[:, 1]
        bends = np.zeros((_JOINTS, _SIZE))
        bends[:, _CURVE] = np.eye(_JOINTS)
        regions = ("lumbar", "thoracic", "cervical")
        curve = bends.copy()
        for j, level in enumerate(JOINT_LEVELS):
            bends[j, _LEAN.start + regions.index(region_of_joint(level))] = shares[j]
        self.lean = np.cumsum(bends, axis=0)
        steps = np.zeros((_JOINTS, _SIZE))
        steps[:, _TURN] = np.eye(_JOINTS)
        beside = (curve + np.vstack([curve[1:], np.zeros((1, _SIZE))])) / 2
        self.turn = np.cumsum(steps, axis=0) + _TURN_PER_BEND * beside
        self.aside = np.zeros((_JOINTS, _SIZE))
        self.aside[:, _FOOT] = 1.0
        gaps = np.diff(self.joints_m, axis=0)
        moved = gaps[:, 1:] * self.lean[:-1] - gaps[:, :1] * self.turn[:-1]
        self.aside[1:] += np.cumsum(moved, axis=0)

    def point(self, level: int, forward_m: float, up_m: float) -> np.ndarray:
        """Row of the lateral place of a point of a vertebra; its sagittal place is given from the S1 endplate."""
        x, y = np.array([forward_m, up_m]) - self.joints_m[level]
        return self.aside[level] + y * self.lean[level] - x * self.turn[level]

    def landmark_rows(self) -> np.ndarray:
        """Rows of the nine landmarks, (9, N)."""
        places = landmarks(self.spine, self.frames)
        rows = np.zeros((len(places), _SIZE))
        rows[0, _FOOT] = 1.0
        for row in range(1, len(places)):
            rows[row] = self.point(LANDMARK_FRAMES[row] - 1, *places[row, :2])
        return rows


def _prior(cobb_rad: float) -> np.ndarray:
    """Covariance of the unknowns in a population whose Cobb angles have a standard deviation, (N, N)."""
    out = np.zeros((_SIZE, _SIZE))
    out[_FOOT, _FOOT] = _PELVIS_MIDDLE_SD_M**2
    out[_LEAN, _LEAN] = _REGION_LEAN_SD_RAD**2 * np.eye(3)
    apart = np.subtract.outer(np.arange(_JOINTS), np.arange(_JOINTS)) / _CURVE_REACH
    size = np.array([1.0 if level[0] in "LT" else 0.4 for level in JOINT_LEVELS])
    out[_CURVE, _CURVE] = (_BEND_PER_COBB * cobb_rad) ** 2 * np.outer(size, size) * np.exp(-0.5 * apart**2)
    out[_TURN, _TURN] = _TURN_STEP_SD_RAD**2 * np.eye(_JOINTS)
    return out


def _condition(
    prior: np.ndarray, rows: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gain (N, R), posterior covariance (N, N) and covariance of the values (R, R) of a linear Gaussian model."""
    cross = prior @ rows.T
    total = rows @ cross + np.diag(noise**2)
    gain = np.linalg.solve(total, cross.T).T
    return gain, prior - gain @ cross.T, total


def _balance(chain: _Chain, quiet: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are about zero in somebody who stands upright, (4, N), and their standard deviations, (4,)."""
    top = LEVELS.index("T1")
    over = chain.aside[top].copy()
    over[_FOOT] = 0.0
    rows = np.array([chain.lean[top], chain.turn[top], chain.lean[-1], over])
    level, ahead = _LEVEL_SD_RAD[quiet], _AHEAD_SD_RAD[quiet]
    return rows, np.array([level, ahead, level, _OVER_PELVIS_SD_M[quiet]])


def _evidence(
    chain: _Chain, local_m: dict[str, np.ndarray], skull_m: np.ndarray | None, quiet: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What markers say: rows (R, N), values (R,), standard deviations (R,)."""
    said: list[tuple[np.ndarray, float, float]] = []
    tips = (chain.frames[1:-1, :3, :3] @ chain.spine.spinous_tips_m[..., None])[..., 0]
    tips = tips + chain.frames[1:-1, :3, 3]
    for name in DORSAL_LEVELS:
        if name in local_m:
            level = LEVELS.index(name)
            # Skin slides: it follows the turn of the process less than what is fixed to it would.
            place = (tips[level, :2] + local_m[name][:2]) / 2
            said.append((chain.point(level, *place), local_m[name][2], _MIDLINE_SD_M))
    for stem, (base, sd) in _PAIRS.items():
        if f"L{stem}" in local_m and f"R{stem}" in local_m:
            level, left, right = LEVELS.index(base), local_m[f"L{stem}"], local_m[f"R{stem}"]
            middle = (left + right) / 2
            said.append((chain.point(level, *middle[:2]), middle[2], sd / np.sqrt(2)))
            said.append(((right[2] - left[2]) * chain.turn[level], right[0] - left[0], sd * np.sqrt(2)))
    for name, base in _FRONT.items():
        if name in local_m:
            level = LEVELS.index(base)
            said.append((chain.point(level, *local_m[name][:2]), local_m[name][2], _CHEST_SD_M))
    top = LEVELS.index("T1")
    if "LACR" in local_m and "RACR" in local_m:
        wide = local_m["RACR"] - local_m["LACR"]
        sd = np.hypot(_SIDE_SD_M * np.sqrt(2), 0.0 if quiet else _FREE_TURN_SD_M)
        said.append((wide[2] * chain.turn[top], wide[0], float(sd)))
    if skull_m is not None:
        said.append((chain.point(_JOINTS - 1, *skull_m[:2]), skull_m[2], _SKULL_SD_M))
    return (
        np.array([row for row, _, _ in said]).reshape(-1, _SIZE),
        np.array([value for _, value, _ in said]),
        np.array([sd for _, _, sd in said]),
    )
