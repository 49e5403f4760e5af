"""What the nine spine coordinates do to the thorax and the head, in the character's axes.

The average spine stands in for every subject: how a region's angle is shared between its joints moves the
vertebrae, but hardly turns the frames of T3 and the head.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from opensim_models.anatomy.coordinates import JOINT_LEVELS
from opensim_models.spine import SpineShape, landmarks, nominal_spine, spine_forward

# OpenSim's axes (x forward, y up, z right) in ours (x forward, y left, z up): ours = _FROM_OSIM @ osim.
_FROM_OSIM = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
THORAX_FRAME = 1 + JOINT_LEVELS.index("T3")
HEAD_FRAME = 1 + JOINT_LEVELS.index("C0")
_STATURE_M = 1.75


@cache
def _average() -> tuple[SpineShape, np.ndarray]:
    shape = nominal_spine(_STATURE_M, "male")
    return shape, spine_forward(shape, np.zeros(9))


def trunk_rotations(spine_rad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn of the thorax (T3) and of the head away from neutral standing.

    Args:
        spine_rad: Regional coordinates, shape (..., 9), radians.

    Returns:
        Rotations of thorax and head relative to the pelvis, in the character's axes, shapes (..., 3, 3) both.
    """
    shape, neutral = _average()
    frames = spine_forward(shape, spine_rad)
    thorax, head = (
        _FROM_OSIM @ frames[..., k, :3, :3] @ neutral[k, :3, :3].T @ _FROM_OSIM.T
        for k in (THORAX_FRAME, HEAD_FRAME)
    )
    return thorax, head


def trunk_points(spine_rad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nine spine landmarks and the skull's base, from the middle of the S1 endplate.

    Args:
        spine_rad: Regional coordinates, shape (..., 9), radians.

    Returns:
        Landmarks, shape (..., 9, 3), and the origin of the head's frame, shape (..., 3): character's axes at an
        upright pelvis, in units of stature.
    """
    shape, _ = _average()
    frames = spine_forward(shape, spine_rad)
    points = landmarks(shape, frames)
    return points @ _FROM_OSIM.T / _STATURE_M, frames[..., HEAD_FRAME, :3, 3] @ _FROM_OSIM.T / _STATURE_M
