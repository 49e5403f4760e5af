"""Whether a fitted trial can be used: accept, review or reject, with reasons.

Bounds on marker errors are those of OpenSim's guide to inverse kinematics (RMS under 2 cm, largest 2-4 cm); the shares
of frames that may break them are this project's choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models import checks
from opensim_models.ik import Problem, Solution, solve
from opensim_models.initial import align_root
from opensim_models.kinematics import Kinematics

GOOD_RMS_M = 0.02
GOOD_MAX_M = 0.04
BAD_RMS_M = 0.04
REVIEW_SHARE = 0.05
REJECT_SHARE = 0.20
_SWAP_FRAMES = 3


@dataclass(frozen=True)
class Verdict:
    """``accept``, ``review`` or ``reject`` and the reasons, empty for a clean accept."""

    verdict: str
    reasons: tuple[str, ...]


def judge(
    name: str,
    kinematics: Kinematics,
    problem: Problem,
    measured_m: np.ndarray,
    solution: Solution,
    standing_m: dict[str, np.ndarray],
) -> Verdict:
    """Rule on a solved trial.

    Args:
        name: The trial.
        kinematics: The model.
        problem: What was solved.
        measured_m: Markers, OpenSim's axes, (T, K, 3).
        solution: Its solution.
        standing_m: Markers of the static trial, (3,) each.
    """
    reject, review = [], []
    rms, worst = solution.rms_m, np.nanmax(solution.errors_m, axis=1)
    over = rms > GOOD_RMS_M
    if over.mean() > REJECT_SHARE or (rms > BAD_RMS_M).mean() > REVIEW_SHARE:
        reject.append(f"marker RMS is over {1000 * GOOD_RMS_M:.0f} mm in {over.sum()} of {len(rms)} frames")
        reject += [
            f"left and right of the {g} look swapped"
            for g in _swapped(kinematics, problem, measured_m, solution)
        ]
    elif over.any():
        review.append(f"marker RMS is over {1000 * GOOD_RMS_M:.0f} mm in {over.sum()} of {len(rms)} frames")
    far = worst > GOOD_MAX_M
    if far.mean() > REVIEW_SHARE:
        frame = int(np.argmax(worst))
        marker = kinematics.marker_names[int(np.nanargmax(solution.errors_m[frame]))]
        review.append(
            f"a marker is over {1000 * GOOD_MAX_M:.0f} mm off in {far.sum()} of {len(rms)} frames "
            f"(worst {marker}, {1000 * worst[frame]:.0f} mm)"
        )
    at_limit = checks.share_at_limit(solution.coordinates)
    if at_limit > REVIEW_SHARE:
        review.append(f"the spine is beyond its anatomical range in {100 * at_limit:.0f} % of frames")
    changes = checks.bone_changes(kinematics.marker_names, measured_m, standing_m)
    review += [f"{pair} changes its distance by {1000 * change:.0f} mm" for pair, change in changes.items()]
    missing = float(np.isnan(measured_m).any(axis=-1).mean())
    if missing > 0.25:
        review.append(f"{100 * missing:.0f} % of marker samples are missing")
    verdict = "reject" if reject else "review" if review else "accept"
    return Verdict(verdict, tuple(reject + review))


def _swapped(
    kinematics: Kinematics, problem: Problem, measured_m: np.ndarray, solution: Solution
) -> list[str]:
    """Groups whose exchange of left and right more than halves the cost of a few frames."""
    frames = np.unique(np.linspace(0, len(measured_m) - 1, _SWAP_FRAMES).round().astype(int))
    found = []
    for group, stems in checks.SIDED_GROUPS.items():
        order = checks.swap_sides(kinematics.marker_names, stems)
        gains = []
        for frame in frames:
            other = measured_m[frame : frame + 1, order]
            start = align_root(kinematics, solution.coordinates[frame], other[0])
            gains.append(
                float(solve(kinematics, problem, other, start).cost[0]) / float(solution.cost[frame])
            )
        if np.median(gains) < 0.5:
            found.append(group)
    return found
