"""What a trial's frames are solved under, and its markers in the model's order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.ik import Problem, Solution, default_problem, solve
from opensim_models.initial import align_root
from opensim_models.kinematics import Kinematics
from opensim_models.scale import marker_weights, posture_presets
from opensim_models.spine import REGIONAL_RANGES_RAD
from opensim_models.trial import MarkerTrial, to_osim
from opensim_models.uncertainty import MARKER_SD_M, regional_prior_sd_rad
from spinepose.errors import InputError
from spinepose.skeleton import SPINE_CHAIN

LANDMARK_SET = "spinetrack"
_SHOWN_SHARE = 0.5  # of a coordinate's own spread, up to which markers are said to show it


def trial_problem(kinematics: Kinematics) -> Problem:
    """Weights of the marker table, the spine's anatomical limits, and a prior where markers leave the spine open.

    The prior is what statistics ask for: as strong as a marker's error is small beside the coordinate's spread. Without
    it a neck without a head's markers is turned through its whole range by millimetres of skin at C7. Where the markers
    show a region, the problem stays OpenSim's own.
    """
    anatomical = dict(zip(REGIONAL_COORDINATES, map(tuple, REGIONAL_RANGES_RAD), strict=True))
    problem = default_problem(kinematics, marker_weights(kinematics.marker_names), anatomical)
    spread = regional_prior_sd_rad()
    columns = [kinematics.index(name) for name in REGIONAL_COORDINATES]
    still_open = _marker_sd_rad(kinematics, problem)[columns] > _SHOWN_SHARE * spread
    stiffness = problem.prior_stiffness.copy()
    stiffness[columns] = np.where(still_open, (MARKER_SD_M / spread) ** 2, stiffness[columns])
    return replace(problem, prior_stiffness=stiffness)


def _marker_sd_rad(kinematics: Kinematics, problem: Problem) -> np.ndarray:
    """Standard deviation that a usual marker's error leaves each coordinate in the neutral pose, (Q,)."""
    pose = np.zeros(len(kinematics.coordinate_names))
    jacobian = kinematics.jacobian(pose, kinematics.marker_bodies, kinematics.marker_offsets_m)
    flat = jacobian.reshape(-1, len(pose))
    normal = flat.T @ (np.repeat(problem.weights, 3)[:, None] * flat) + np.diag(
        problem.prior_stiffness + 1e-9
    )
    return MARKER_SD_M * np.sqrt(np.diag(np.linalg.inv(normal)))


def measured_markers(trial: MarkerTrial, kinematics: Kinematics) -> np.ndarray:
    """A trial's markers in the model's order and axes, NaN for those it lacks, (T, K, 3)."""
    out = np.full((len(trial.times_s), len(kinematics.marker_names), 3), np.nan)
    for column, name in enumerate(kinematics.marker_names):
        if name in trial.marker_names:
            out[:, column] = to_osim(trial.markers_m[:, trial.marker_names.index(name)])
    few = np.isfinite(out).all(axis=-1).sum(axis=1) < 3
    if few.any():
        raise InputError(
            f"trial {trial.name!r}: frame {int(np.flatnonzero(few)[0])} has fewer than 3 of the model's markers; "
            "cut it out"
        )
    return out


def solve_trial(kinematics: Kinematics, measured: np.ndarray, start: np.ndarray) -> Solution:
    first = align_root(kinematics, start, measured[0])
    return solve(kinematics, trial_problem(kinematics), measured, first, posture_presets(kinematics))


def landmark_rows(kinematics: Kinematics, landmark_set: str = LANDMARK_SET) -> list[int]:
    """Rows of the model's stations that hold a landmark set, in the order of ``SPINE_CHAIN``."""
    return [kinematics.station_names.index(f"{landmark_set}_{name}") for name in SPINE_CHAIN]
