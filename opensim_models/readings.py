"""A landmark set read off a solved trial, with its errors where they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.ik import Problem, Solution
from opensim_models.kinematics import Kinematics
from opensim_models.landmark_sets import DEFAULT_SET, landmark_set, station_rows
from opensim_models.trial import to_world
from opensim_models.uncertainty import Uncertainty, landmark_uncertainty
from spinepose.skeleton import SPINE_CHAIN


@dataclass(frozen=True)
class Reading:
    """Points of one set, world frame, N of them.

    Attributes:
        names: N names.
        points_m: (T, N, 3).
        covariance_m2: (T, N, 3, 3); NaN for points off the spine, whose errors are not modelled.
        sigma_m: Standard deviation per axis, sqrt(trace / 3), (T, N).
        observed: Whether the markers observe the point; off the spine: whether a marker of its body is seen, (T, N).
    """

    names: tuple[str, ...]
    points_m: np.ndarray
    covariance_m2: np.ndarray
    sigma_m: np.ndarray
    observed: np.ndarray


def read_set(
    name: str,
    kinematics: Kinematics,
    problem: Problem,
    solution: Solution,
    static_covariance_m2: np.ndarray,
    spinetrack: Uncertainty,
) -> Reading:
    """Read a set off every frame.

    The errors of ``body_centre`` and ``spinous_process`` take the static trial's share from ``spinetrack``, for which
    alone it is calibrated.

    Args:
        name: One of ``LANDMARK_SETS``.
        kinematics: The model.
        problem: What was solved.
        solution: Its solution.
        static_covariance_m2: Of the ``spinetrack`` landmarks in the static trial, (9, 3, 3).
        spinetrack: Their errors in this trial.

    Raises:
        InputError: No such set.
    """
    one = landmark_set(name)
    rows = station_rows(kinematics, name)
    points = np.stack([kinematics.stations(x)[rows] for x in solution.coordinates])
    if one.names != SPINE_CHAIN:
        covariance = np.full((*points.shape, 3), np.nan)
        seen = _seen(kinematics, solution.errors_m)[:, kinematics.station_bodies[rows]]
        columns = [one.names.index(n) for n in SPINE_CHAIN]
        covariance[:, columns], seen[:, columns] = spinetrack.covariance_m2, spinetrack.observed
    else:
        spread = spinetrack
        if name != DEFAULT_SET:
            spread = landmark_uncertainty(kinematics, problem, solution, static_covariance_m2, name)
        covariance, seen = spread.covariance_m2, spread.observed
    sigma = np.sqrt(np.trace(covariance, axis1=-2, axis2=-1) / 3)
    return Reading(one.names, to_world(points), covariance_to_world(covariance), sigma, seen)


def covariance_to_world(covariance_m2: np.ndarray) -> np.ndarray:
    """Covariances from OpenSim's axes to the world's, (..., 3, 3)."""
    turn = to_world(np.eye(3)).T
    return turn @ covariance_m2 @ turn.T


def _seen(kinematics: Kinematics, errors_m: np.ndarray) -> np.ndarray:
    """Whether a body carries a marker that is seen, (T, B)."""
    seen = np.zeros((len(errors_m), len(kinematics.body_names)), dtype=bool)
    for column, body in enumerate(kinematics.marker_bodies):
        seen[:, body] |= np.isfinite(errors_m[:, column])
    return seen
