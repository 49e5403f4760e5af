"""How a subject stands: the neutral angles between the rest mesh and quiet standing.

The rest mesh (the bind pose) has one posture; a :class:`~synth.body.spec.Posture` says how the subject's own differs.
It names a few sums of angles; the joints' angles are found such that these hold, that each joint stays near a plausible
share of them, that the trunk stays over the pelvis, and that the head keeps looking straight ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS
from opensim_models.anatomy.levels import REFERENCE_STATURE_M
from opensim_models.anatomy.segments import S1_IN_PELVIS_M
from opensim_models.spine import (
    LANDMARK_SETS,
    SpineShape,
    assemble,
    joint_rotation,
    nominal_spine,
    spine_forward,
)
from synth.body.spec import Posture

_NUM = len(JOINT_LEVELS)
_DEGREE = np.pi / 180
_T1, _C7, _C2, _SKULL = (
    1 + JOINT_LEVELS.index(level) for level in ("T1", "C7", "C2", "C0")
)  # rows of frames
_LUMBAR = np.arange(0, 5)  # joints L5/S1 to L1/2: lordosis L1-S1
_THORACIC = np.arange(6, 17)  # joints T11/12 to T1/2: kyphosis T1-T12
_LOWER_NECK, _UPPER_NECK = np.arange(17, 23), np.arange(23, 25)
# Two thirds of the lordosis lie below L4; kyphosis changes most around T7.
_LORDOSIS_SHARES = np.array([0.28, 0.26, 0.20, 0.15, 0.11])
_KYPHOSIS_SHARES = np.exp(-(((_THORACIC - 11) / 3.5) ** 2))
_KYPHOSIS_SHARES /= _KYPHOSIS_SHARES.sum()
# How freely one joint may leave its share to keep the balance (1 SD, degrees): flexion, bending, rotation.
_SD_DEG = np.tile([1.0, 1.2, 0.8], (_NUM, 1))
_SD_DEG[5, 0] = 2.5  # the thoracolumbar joint belongs to neither sagittal curve
_SD_DEG[_LOWER_NECK] = (2.5, 1.2, 1.2)
_SD_DEG[_UPPER_NECK] = (5.0, 1.5, 4.0)
_TILT_SD_DEG, _SUM_SD_DEG, _NECK_SD_DEG, _COBB_SD_DEG = 1.0, 0.7, 0.7, 0.7
_GAZE_SD_DEG = 0.5  # what is left is taken up by the joint below the skull
_SHOULDERS_SD_DEG = 0.7  # lean and turn of T1: most curves leave the shoulders level and facing ahead
# People sway: the trunk's middle over the hips is kept within centimetres to the front and within less to the side.
_FORWARD_SD_M, _SIDE_SD_M = 0.010, 0.003
# Reach of a curve to either side of its apex, in joints: thoracic and lumbar.
_REACH_THORACIC, _REACH_LUMBAR = 3.8, 3.0
_TURN_REACH = 1.6  # the rotation fades out this much farther away than the bend


@dataclass(frozen=True)
class Standing:
    """A spine in its owner's neutral standing.

    Attributes:
        shape: The chain; its zero is quiet standing and its sacrum's frame is upright there.
        sacrum_turn: Rotation of the pelvis from the rest mesh to standing, OpenSim's axes, shape (3, 3).
    """

    shape: SpineShape
    sacrum_turn: np.ndarray


def _window(centre: float, reach: float, count: int = _NUM) -> np.ndarray:
    """A bell over the joints, 1 at its centre and 0 from ``reach`` joints on, shape (count,)."""
    t = np.clip((np.arange(count) - centre) / reach, -1, 1)
    return np.cos(0.5 * np.pi * t) ** 2


def _reach(index: int) -> float:
    """How many joints a curve with its apex at a level of ``LEVELS`` reaches to either side."""
    return _REACH_LUMBAR if index <= LEVELS.index("T12") else _REACH_THORACIC


def _curve_angles(apex: str, cobb_rad: float, turn_rad: float) -> tuple[np.ndarray, np.ndarray]:
    """Bends and rotations of all joints in one curve, shape (25,) each.

    What the spine does beyond the curve's ends is left to the balance.
    """
    index = LEVELS.index(apex)
    own = _window(index + 0.5, _reach(index))  # between the joint below the apex and the one above
    # Vertebra k hangs between joints k and k + 1: the rotation that they share rises to the apex and falls again.
    profile = turn_rad * _window(index + 1.0, _TURN_REACH * _reach(index), _NUM + 1)
    profile[0] = 0.0  # the sacrum
    return cobb_rad * own / own.sum(), np.diff(profile)


def _wanted(posture: Posture) -> np.ndarray:
    """Angles that each joint should have: (flexion, bending, rotation), radians, shape (25, 3)."""
    wanted = np.zeros((_NUM, 3))
    wanted[_LUMBAR, 0] = -np.radians(posture.lordosis_deg) * _LORDOSIS_SHARES
    wanted[_THORACIC, 0] = np.radians(posture.kyphosis_deg) * _KYPHOSIS_SHARES
    for apex, cobb, turn in posture.curves:
        wanted[:, 1:] += np.stack(_curve_angles(apex, np.radians(cobb), np.radians(turn)), axis=1)
    return wanted


def _off_curves(rotations: np.ndarray, posture: Posture) -> np.ndarray:
    """Cobb angle and apical rotation of each curve as a radiograph shows them, less those asked for, (..., 2N)."""
    off = []
    for apex, cobb, turn in posture.curves:
        index = LEVELS.index(apex)
        reach = _reach(index)
        low, high = max(int(np.ceil(index + 0.5 - reach)), 0), int(np.floor(index + 0.5 + reach))
        up = rotations[..., :, 1]
        tilt = np.arctan2(up[..., 2], up[..., 1])  # frame k + 1 stands on joint k
        off.append((tilt[..., high + 1] - tilt[..., low] - np.radians(cobb)) / (_COBB_SD_DEG * _DEGREE))
        row = rotations[..., index + 1, 0, :]
        off.append((np.arctan2(row[..., 2], row[..., 0]) - np.radians(turn)) / (_COBB_SD_DEG * _DEGREE))
    return np.stack(off, axis=-1) if off else np.zeros((*rotations.shape[:-3], 0))


def _chain(
    x: np.ndarray, shape: SpineShape, hips_m: np.ndarray, obliquity_rad: float
) -> tuple[np.ndarray, np.ndarray]:
    """Frames for unknowns (..., 76): rotations (..., 26, 3, 3) and origins (..., 26, 3) in the rest sacrum's frame."""
    lean = np.zeros((*x.shape[:-1], 3))
    lean[..., 0], lean[..., 1] = x[..., 0], obliquity_rad
    rotations = np.empty((*x.shape[:-1], _NUM + 1, 3, 3))
    origins = np.empty((*x.shape[:-1], _NUM + 1, 3))
    rotations[..., 0, :, :] = joint_rotation(lean)
    origins[..., 0, :] = hips_m - rotations[..., 0, :, :] @ hips_m
    local = joint_rotation(x[..., 1:].reshape(*x.shape[:-1], _NUM, 3)) @ shape.joint_rotations
    for j in range(_NUM):
        below = rotations[..., j, :, :]
        rotations[..., j + 1, :, :] = below @ local[..., j, :, :]
        origins[..., j + 1, :] = origins[..., j, :] + below @ shape.joint_offsets_m[j]
    return rotations, origins


def _neck_lean(origins: np.ndarray) -> np.ndarray:
    line = origins[..., _C2, :] - origins[..., _C7, :]
    return np.arctan2(line[..., 0], line[..., 1])


def _gaze(rotations: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Small angles by which the skull is turned from where it was at rest, (..., 3)."""
    off = rotations[..., _SKULL, :, :] @ level.T
    return 0.5 * np.stack(
        [off[..., 2, 1] - off[..., 1, 2], off[..., 0, 2] - off[..., 2, 0], off[..., 1, 0] - off[..., 0, 1]],
        -1,
    )


def stand(shape: SpineShape, hips_m: np.ndarray, posture: Posture, obliquity_rad: float = 0.0) -> Standing:
    """Find a subject's neutral standing.

    Args:
        shape: The chain as the rest mesh has it.
        hips_m: Middle of the hip joints in the rest sacrum's frame (OpenSim's axes), shape (3,).
        posture: How the subject stands.
        obliquity_rad: Lean of the pelvis to the right, where the left leg is the longer one.
    """
    start = np.concatenate([[np.radians(posture.pelvic_tilt_deg)], _wanted(posture).ravel()])
    spread = np.concatenate([[_TILT_SD_DEG], _SD_DEG.ravel()]) * _DEGREE
    rest_rotations, rest = _chain(np.zeros(1 + 3 * _NUM), shape, hips_m, 0.0)
    lean = _neck_lean(rest) + np.radians(posture.forward_head_deg)

    def residual(x: np.ndarray) -> np.ndarray:
        rotations, origins = _chain(x, shape, hips_m, obliquity_rad)
        off, flexion = origins[..., _C7, :] - rest[_C7], x[..., 1::3] - start[1::3]
        sums = np.stack([flexion[..., _LUMBAR].sum(-1), flexion[..., _THORACIC].sum(-1)], axis=-1)
        return np.concatenate(
            [
                (x - start) / spread,
                sums / (_SUM_SD_DEG * _DEGREE),
                _off_curves(rotations, posture),
                off[..., :1] / _FORWARD_SD_M,
                off[..., 2:] / _SIDE_SD_M,
                rotations[..., _T1, 2, 1:2] / (_SHOULDERS_SD_DEG * _DEGREE),
                rotations[..., _T1, 0, 2:] / (_SHOULDERS_SD_DEG * _DEGREE),
                (_neck_lean(origins) - lean)[..., None] / (_NECK_SD_DEG * _DEGREE),
                _gaze(rotations, rest_rotations[_SKULL]) / (_GAZE_SD_DEG * _DEGREE),
            ],
            axis=-1,
        )

    x, step = np.zeros_like(start), 1e-5  # where the gaze is level; from afar it may turn the wrong way round
    for _ in range(6):  # Gauss-Newton
        values = residual(np.concatenate([x[None], x + step * np.eye(len(x))]))
        jacobian = (values[1:] - values[0]).T / step
        move = np.linalg.solve(jacobian.T @ jacobian, jacobian.T @ values[0])
        x = x - move
        if np.abs(move).max() < 1e-5:
            break
    rotations, _ = _chain(x, shape, hips_m, obliquity_rad)
    own = joint_rotation(x[1:].reshape(_NUM, 3)) @ shape.joint_rotations
    own[-1] = rotations[_SKULL - 1].T @ rest_rotations[_SKULL]  # the gaze is level
    return _standing(shape, joint_rotation(np.array([x[0], obliquity_rad, 0.0])), own)


def _standing(shape: SpineShape, sacrum_turn: np.ndarray, joint_rotations: np.ndarray) -> Standing:
    """The chain with new joint rotations (25, 3, 3), its sacrum's frame upright again."""
    offsets, rotations = shape.joint_offsets_m.copy(), joint_rotations.copy()
    offsets[0], rotations[0] = sacrum_turn @ offsets[0], sacrum_turn @ rotations[0]
    tilt = -Rotation.from_matrix(sacrum_turn).as_rotvec()[2]
    upright = assemble(
        offsets,
        rotations,
        shape.shares,
        shape.body_centres_m,
        shape.spinous_tips_m,
        shape.sacral_slope_rad + tilt,
    )
    for name in LANDMARK_SETS:  # the sacrum's own point turns with it
        upright.landmark_offsets[name][0] = sacrum_turn @ shape.landmark_offsets[name][0]
    return Standing(upright, sacrum_turn)


def height_lost_m(stature_m: float, sex: str, posture: Posture) -> float:
    """How much lower the skull of an average person is in a posture than in the average one, metres."""
    shape = nominal_spine(stature_m, sex)
    hips = -np.array(S1_IN_PELVIS_M) * stature_m / REFERENCE_STATURE_M
    stood = stand(shape, hips, posture)
    sacrum = hips[1] - (stood.sacrum_turn @ hips)[1]
    heights = [spine_forward(s, np.zeros(9))[_SKULL, 1, 3] for s in (shape, stood.shape)]
    return float(heights[0] - heights[1] - sacrum)
