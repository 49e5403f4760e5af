"""From how the thorax and the head are turned to the nine spine coordinates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opensim_models.spine import REGIONAL_RANGES_RAD
from synth.motion.rotations import rotation_angle_rad, transpose
from synth.motion.trunk import trunk_rotations

# What the lumbar spine gives to a turn of the thorax (T3) against the pelvis: flexion, bending, rotation. Flexion: in
# full forward bends lumbar flexion is about 45 to 60 degrees and thoracic 15 to 25 (Esola 1996 for the former);
# bending after the joint ranges of the table of levels, the ribs holding the thorax back; rotation: Gregersen & Lucas
# 1967 found the turn of the trunk nearly all thoracic [mem].
LUMBAR_SHARE = np.array([0.70, 0.45, 0.15])
_ITERATIONS = 12
_STEP = 1e-5


def _spread(angles: np.ndarray) -> np.ndarray:
    """Thorax' (flexion, bending, rotation), shape (T, 3), to coordinates (T, 9) within their ranges.

    What the lumbar spine has no range for goes to the thoracic one.
    """
    spine = np.zeros((len(angles), 9))
    spine[:, :3] = np.clip(LUMBAR_SHARE * angles, REGIONAL_RANGES_RAD[:3, 0], REGIONAL_RANGES_RAD[:3, 1])
    spine[:, 3:6] = np.clip(angles - spine[:, :3], REGIONAL_RANGES_RAD[3:6, 0], REGIONAL_RANGES_RAD[3:6, 1])
    return spine


def _difference(rotation: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The turn from one rotation to another as a rotation vector, zero when they agree, shape (T, 3)."""
    rest = target @ transpose(rotation)
    skew = rest - transpose(rest)
    sine = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=1) / 2
    angle = rotation_angle_rad(rest)
    # Near half a turn the axis is ill-defined; a bounded factor keeps the way there finite.
    return sine * (angle / np.maximum(np.sin(angle), 1e-3) * (angle > 1e-6) + (angle <= 1e-6))[:, None]


def _newton(turned: Callable[[np.ndarray], np.ndarray], target: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Solve ``turned(angles) = target`` frame by frame for three angles, shape (T, 3), bounded by ``limit``."""
    angles = np.zeros((len(target), 3))
    for _ in range(_ITERATIONS):
        now = turned(angles)
        error = _difference(now, target)
        columns = []
        for axis in range(3):
            step = np.zeros(3)
            step[axis] = _STEP
            columns.append((error - _difference(turned(angles + step), target)) / _STEP)
        jacobian = np.stack(columns, axis=-1)
        # Damped: at a limit a column is zero.
        normal = transpose(jacobian) @ jacobian + 1e-6 * np.eye(3)
        move = np.linalg.solve(normal, np.einsum("tij,ti->tj", jacobian, error)[..., None])[..., 0]
        angles = np.clip(angles + np.clip(move, -0.5, 0.5), limit[:, 0], limit[:, 1])
    return angles


def spine_coordinates(thorax: np.ndarray, head: np.ndarray) -> np.ndarray:
    """The nine coordinates that turn thorax and head as given, as far as the ranges go.

    Args:
        thorax: Turn of the thorax (T3) away from neutral relative to the pelvis, shape (T, 3, 3), character's axes.
        head: The same for the head, relative to the pelvis too.

    Returns:
        Shape (T, 9), radians, within ``REGIONAL_RANGES_RAD``.
    """
    trunk_limit = REGIONAL_RANGES_RAD[:3] + REGIONAL_RANGES_RAD[3:6]
    trunk = _newton(lambda angles: trunk_rotations(_spread(angles))[0], thorax, trunk_limit)
    spine = _spread(trunk)

    def with_neck(angles: np.ndarray) -> np.ndarray:
        return trunk_rotations(np.concatenate([spine[:, :6], angles], axis=1))[1]

    spine[:, 6:] = _newton(with_neck, head, REGIONAL_RANGES_RAD[6:])
    return spine
