"""How far off a landmark may be: static placement, marker noise, and what the model does not know.

Three independent parts, as variances per axis:

1. the static trial's posterior (:mod:`opensim_models.posture`): a constant of the subject, mostly skin depth;
2. marker noise through the solver: ``s2 L (J'WJ + P)^-1 J'W2J (J'WJ + P)^-1 L'`` with ``s`` from the trial's own marker
   errors, so that skin motion, which is no white noise, is at least counted at its size;
3. a growth with how far the spine is from neutral: each level's true share of the motion is not known. Its
   coefficient was set on a closed loop with shares off by 35 % (``tests/opensim_models``), not derived.
"""

from __future__ import annotations

import numpy as np

from opensim_models.ik import Problem, Solution
from opensim_models.kinematics import Kinematics
from spinepose.skeleton import SPINE_CHAIN

_MIN_NOISE_M = 0.002
# Metres per radian of the nine coordinates' norm, per axis, sacrum to C1.
_SHARE_GROWTH = np.array([1.0, 1.0, 1.2, 1.4, 2.0, 2.4, 2.8, 3.3, 3.8]) / 1000.0


def landmark_sigma(
    kinematics: Kinematics, problem: Problem, solution: Solution, static_sd_m: np.ndarray
) -> np.ndarray:
    """Standard deviation per axis of the ``spinetrack`` landmarks, metres.

    Args:
        kinematics: The model.
        problem: What was solved.
        solution: Its solution.
        static_sd_m: Standard deviation per axis from the static trial, (9,).

    Returns:
        Shape (T, 9).
    """
    rows = [kinematics.station_names.index(f"spinetrack_{name}") for name in SPINE_CHAIN]
    bodies, offsets = kinematics.station_bodies[rows], kinematics.station_offsets_m[rows]
    spine = solution.coordinates[:, 6:15]
    out = np.empty((len(spine), len(rows)))
    for frame, x in enumerate(solution.coordinates):
        errors = solution.errors_m[frame]
        seen = np.isfinite(errors)
        noise = max(float(np.sqrt(np.mean(errors[seen] ** 2) / 3)), _MIN_NOISE_M)
        jacobian = kinematics.jacobian(x, kinematics.marker_bodies[seen], kinematics.marker_offsets_m[seen])
        flat = jacobian.reshape(-1, len(x))
        weights = np.repeat(problem.weights[seen], 3)[:, None]
        inverse = np.linalg.inv(flat.T @ (weights * flat) + np.diag(problem.prior_stiffness + 1e-9))
        gain = kinematics.jacobian(x, bodies, offsets) @ inverse @ (weights * flat).T
        solved = noise**2 * (gain**2).sum(axis=(1, 2)) / 3
        grown = (_SHARE_GROWTH * np.linalg.norm(spine[frame])) ** 2
        out[frame] = np.sqrt(static_sd_m**2 + solved + grown)
    return out
