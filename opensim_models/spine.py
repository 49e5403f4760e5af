"""The vertebral chain as plain geometry: a subject's shape, and where its vertebrae go for nine coordinates.

Everything here is in OpenSim's axes (x forward, y up, z to the right), metres and radians. This module needs numpy
only, so that bodies can be built and labelled where OpenSim is not installed.

Frames: the sacrum's frame has its origin at the centre of the S1 endplate and is upright in neutral standing (it is
parallel to the pelvis' frame; the endplate itself is tilted by ``sacral_slope_rad``). A vertebra's frame has its
origin at the joint below it, the centre of the disc below, and its y axis along the body, so it is upright only
where the body is. The skull's frame (C0) is upright in neutral standing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import (
    JOINT_LEVELS,
    LEVELS,
    MOTIONS,
    REGIONAL_COORDINATES,
    REGIONS,
    region_of_joint,
)
from spinepose.errors import InputError
from spinepose.skeleton import SPINE_LEVELS

LANDMARK_SETS: tuple[str, ...] = ("spinetrack", "body_centre", "spinous_process")
DEFAULT_LORDOSIS_RAD = float(np.radians(57.0))  # S1 to T12 by the table's tilts
DEFAULT_KYPHOSIS_RAD = float(np.radians(43.0))  # T12 to T1 by the table's tilts
DEFAULT_SACRAL_SLOPE_RAD = float(np.radians(levels.REFERENCE_SACRAL_SLOPE_DEG))
# Limits of the nine regional coordinates, radians, shape (9, 2), order REGIONAL_COORDINATES.
REGIONAL_RANGES_RAD = levels.regional_ranges_rad()
# Index into REGIONAL_COORDINATES of each joint's (flexion, bending, rotation), shape (25, 3).
JOINT_COORDINATES = np.array(
    [[3 * REGIONS.index(region_of_joint(level)) + m for m in range(len(MOTIONS))] for level in JOINT_LEVELS]
)
# How far from the body's centre to the spinous tip the deep landmark lies. SIMSPINE's lumbar points are 37-48 mm
# behind the body's centre, between canal and spinous process: 62 % puts ours at 37-42 mm there, and scales the rest
# with the size of the level (T8 31, T3 30, C7 33, C4 22, C1 20 mm).
SPINETRACK_SHARE = 0.62
# The landmark "hip": below the S1 endplate along the sacrum, and behind, along the endplate; mm [guess].
_SACRUM_DOWN_MM = 28.0
_SACRUM_BACK_MM = {"spinetrack": 27.0, "body_centre": 0.0, "spinous_process": 44.0}
# Women's vertebrae are shallower than men's of the same stature, by about a tenth [mem: Taylor & Twomey 1984].
_FEMALE_DEPTH = 0.92


@dataclass(frozen=True)
class SpineShape:
    """The geometry of one subject's vertebral chain, OpenSim axes, metres and radians.

    Attributes:
        joint_offsets_m: Position of the joint below each of ``JOINT_LEVELS`` in the frame of the vertebra below
            (the sacrum's for L5), shape (25, 3).
        joint_rotations: Neutral orientation of each vertebra in the frame of the one below, shape (25, 3, 3).
        shares: Share of its region's coordinate that each joint takes for (flexion, bending, rotation), shape
            (25, 3); columns sum to 1 within each region.
        body_centres_m: Centre of each vertebral body in its own frame, order ``LEVELS``, shape (24, 3).
        spinous_tips_m: Tip of each spinous process in its vertebra's frame, order ``LEVELS``, shape (24, 3).
        sacral_slope_rad: Tilt of the S1 endplate from horizontal in neutral standing.
        landmark_offsets: For each of ``LANDMARK_SETS`` nine points, shape (9, 3), in the order of ``SPINE_CHAIN``, each
            in the frame that ``LANDMARK_FRAMES`` names.
    """

    joint_offsets_m: np.ndarray
    joint_rotations: np.ndarray
    shares: np.ndarray
    body_centres_m: np.ndarray
    spinous_tips_m: np.ndarray
    sacral_slope_rad: float
    landmark_offsets: dict[str, np.ndarray] = field(repr=False)


# The frame that carries each landmark: 0 is the sacrum, j + 1 is LEVELS[j]. A point between two levels (T12/L1,
# C3/C4) is the midpoint of the two levels' points in neutral posture, carried by the lower one (L1, C4).
LANDMARK_FRAMES = np.array(
    [
        0 if name == "sacrum" else 1 + LEVELS.index({"T12/L1": "L1", "C3/C4": "C4"}.get(name, name))
        for name in SPINE_LEVELS
    ]
)


def nominal_spine(
    stature_m: float,
    sex: str,
    lumbar_lordosis_rad: float = DEFAULT_LORDOSIS_RAD,
    thoracic_kyphosis_rad: float = DEFAULT_KYPHOSIS_RAD,
    sacral_slope_rad: float = DEFAULT_SACRAL_SLOPE_RAD,
    length_scale: float = 1.0,
) -> SpineShape:
    """Build the spine of an average person of a given stature and posture.

    Args:
        stature_m: Standing height, metres.
        sex: ``female`` or ``male``; women's vertebrae are shallower.
        lumbar_lordosis_rad: Angle from the S1 endplate to the lower endplate of T12.
        thoracic_kyphosis_rad: Angle from the lower endplate of T12 to the upper one of T1.
        sacral_slope_rad: Tilt of the S1 endplate from horizontal.
        length_scale: Spine length relative to the average for the stature.

    Returns:
        The shape; the skull is level in neutral, whatever the posture below it.

    Raises:
        InputError: The stature or the sex is none.
    """
    tilts = neutral_tilts(lumbar_lordosis_rad, thoracic_kyphosis_rad, sacral_slope_rad)
    return spine_from_tilts(stature_m, sex, tilts, sacral_slope_rad, length_scale)


def spine_from_tilts(
    stature_m: float, sex: str, tilts_rad: np.ndarray, sacral_slope_rad: float, length_scale: float = 1.0
) -> SpineShape:
    """Build an average person's vertebrae and stack them in a given neutral posture.

    Args:
        stature_m: Standing height, metres.
        sex: ``female`` or ``male``; women's vertebrae are shallower.
        tilts_rad: Forward lean of each of ``JOINT_LEVELS`` in neutral standing, shape (25,).
        sacral_slope_rad: Tilt of the S1 endplate from horizontal.
        length_scale: Spine length relative to the average for the stature.

    Raises:
        InputError: The stature or the sex is none.
    """
    if not 0.5 <= stature_m <= 2.5:
        raise InputError(f"stature is {stature_m} m; give metres between 0.5 and 2.5")
    if sex not in ("female", "male"):
        raise InputError(f"sex is {sex!r}; give 'female' or 'male'")
    scale = stature_m / levels.REFERENCE_STATURE_M
    length = scale * length_scale / 1000.0
    depth = scale / 1000.0 * (_FEMALE_DEPTH if sex == "female" else 1.0)
    half_disc, height = levels.column("disc_mm") * length / 2, levels.column("height_mm") * length
    offsets = np.zeros((len(JOINT_LEVELS), 3))
    offsets[0] = half_disc[0] * _lean(sacral_slope_rad)[:, 1]
    offsets[1:, 1] = half_disc[:-1] + height[:-1] + half_disc[1:]
    centres = np.zeros((len(LEVELS), 3))
    centres[:, 1] = (half_disc + height / 2)[:-1]
    tips = centres.copy()
    tips[:, 0] = -levels.column("spinous_back_mm")[:-1] * depth
    tips[:, 1] -= levels.column("spinous_down_mm")[:-1] * length
    rotations = np.stack([_lean(angle) for angle in np.diff(np.concatenate([[0.0], tilts_rad]))])
    return assemble(offsets, rotations, levels.nominal_shares(), centres, tips, sacral_slope_rad, scale)


def assemble(
    joint_offsets_m: np.ndarray,
    joint_rotations: np.ndarray,
    shares: np.ndarray,
    body_centres_m: np.ndarray,
    spinous_tips_m: np.ndarray,
    sacral_slope_rad: float,
    scale: float = 1.0,
) -> SpineShape:
    """Put a shape together and derive its landmark sets from body centres and spinous tips.

    Args:
        joint_offsets_m: As in :class:`SpineShape`; so are the next five.
        joint_rotations: (25, 3, 3).
        shares: (25, 3).
        body_centres_m: (24, 3).
        spinous_tips_m: (24, 3).
        sacral_slope_rad: Radians.
        scale: Size of the sacrum, relative to a stature of ``REFERENCE_STATURE_M``.
    """
    sets = {}
    endplate = _lean(sacral_slope_rad)
    for name in LANDMARK_SETS:
        share = {"spinetrack": SPINETRACK_SHARE, "body_centre": 0.0, "spinous_process": 1.0}[name]
        points = body_centres_m + share * (spinous_tips_m - body_centres_m)
        offsets = np.empty((len(SPINE_LEVELS), 3))
        offsets[0] = endplate @ (-_SACRUM_BACK_MM[name], -_SACRUM_DOWN_MM, 0.0) * scale / 1000.0
        for row, frame in enumerate(LANDMARK_FRAMES[1:], start=1):
            offsets[row] = points[frame - 1]
            if "/" in SPINE_LEVELS[row]:
                above = joint_offsets_m[frame] + joint_rotations[frame] @ points[frame]
                offsets[row] = (points[frame - 1] + above) / 2
        sets[name] = offsets
    return SpineShape(
        joint_offsets_m,
        joint_rotations,
        shares,
        body_centres_m,
        spinous_tips_m,
        float(sacral_slope_rad),
        sets,
    )


def neutral_tilts(lordosis_rad: float, kyphosis_rad: float, sacral_slope_rad: float) -> np.ndarray:
    """Forward lean of each of ``JOINT_LEVELS`` in neutral standing, radians, shape (25,).

    The table's posture is stretched: lumbar levels take their share of the lordosis, thoracic ones of the kyphosis,
    and the neck comes back from the lean of T1 to a level head.
    """
    table = np.radians(levels.column("tilt_deg"))
    t12, t1 = JOINT_LEVELS.index("T12"), JOINT_LEVELS.index("T1")
    slope = np.radians(levels.REFERENCE_SACRAL_SLOPE_DEG)
    tilts = np.empty_like(table)
    tilts[: t12 + 1] = sacral_slope_rad - lordosis_rad * (slope - table[: t12 + 1]) / (slope - table[t12])
    tilts[t12 + 1 : t1 + 1] = tilts[t12] + kyphosis_rad * (table[t12 + 1 : t1 + 1] - table[t12]) / (
        table[t1] - table[t12]
    )
    tilts[t1 + 1 :] = tilts[t1] * table[t1 + 1 :] / table[t1]
    return tilts


def spine_forward(shape: SpineShape, coordinates_rad: np.ndarray) -> np.ndarray:
    """Place the vertebrae for given regional coordinates.

    At each joint flexion, then bending, then rotation turn about the (moving) axes of ``MOTION_AXES`` in the frame of
    the vertebra below; the neutral orientation follows.

    Args:
        shape: The subject's spine.
        coordinates_rad: Regional coordinates, shape (..., 9), radians, order ``REGIONAL_COORDINATES``.

    Returns:
        Frames in the sacrum's frame, shape (..., 26, 4, 4): the sacrum (identity), then ``JOINT_LEVELS``.
    """
    q = np.asarray(coordinates_rad, dtype=float)
    if q.shape[-1:] != (len(REGIONAL_COORDINATES),):
        raise ValueError(
            f"spine coordinates have shape {q.shape}, expected (..., {len(REGIONAL_COORDINATES)})"
        )
    angles = q[..., JOINT_COORDINATES] * shape.shares
    local = np.zeros((*angles.shape[:-1], 4, 4))
    local[..., :3, :3] = joint_rotation(angles) @ shape.joint_rotations
    local[..., :3, 3] = shape.joint_offsets_m
    local[..., 3, 3] = 1.0
    frames = np.empty((*q.shape[:-1], len(JOINT_LEVELS) + 1, 4, 4))
    frames[..., 0, :, :] = np.eye(4)
    for joint in range(len(JOINT_LEVELS)):
        frames[..., joint + 1, :, :] = frames[..., joint, :, :] @ local[..., joint, :, :]
    return frames


def landmarks(shape: SpineShape, transforms: np.ndarray, landmark_set: str = "spinetrack") -> np.ndarray:
    """The nine points of the spine, in the frame that the transforms lead to.

    Args:
        shape: The subject's spine.
        transforms: As :func:`spine_forward` gives them, shape (..., 26, 4, 4).
        landmark_set: One of ``LANDMARK_SETS``.

    Returns:
        Points in the order of ``SPINE_CHAIN``, shape (..., 9, 3), metres.
    """
    if landmark_set not in shape.landmark_offsets:
        raise InputError(
            f"landmark set {landmark_set!r} is unknown; choose one of {', '.join(LANDMARK_SETS)}"
        )
    frames = np.asarray(transforms)[..., LANDMARK_FRAMES, :, :]
    offsets = shape.landmark_offsets[landmark_set]
    return np.einsum("...kij,kj->...ki", frames[..., :3, :3], offsets) + frames[..., :3, 3]


def vertebra_points(points_m: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Carry one point per vertebra (e.g. ``shape.spinous_tips_m``) to where the vertebrae are, shape (..., 24, 3)."""
    frames = np.asarray(transforms)[..., 1 : len(LEVELS) + 1, :, :]
    return np.einsum("...kij,kj->...ki", frames[..., :3, :3], points_m) + frames[..., :3, 3]


def joint_rotation(angles_rad: np.ndarray) -> np.ndarray:
    """Rotation of a joint for (flexion, bending, rotation): ``Rz(-f) Rx(b) Ry(r)``, shapes (..., 3) to (..., 3, 3)."""
    f, b, r = np.moveaxis(np.asarray(angles_rad, dtype=float), -1, 0)
    cf, sf, cb, sb, cr, sr = np.cos(f), np.sin(f), np.cos(b), np.sin(b), np.cos(r), np.sin(r)
    rows = (
        (cf * cr + sf * sb * sr, sf * cb, cf * sr - sf * sb * cr),
        (-sf * cr + cf * sb * sr, cf * cb, -sf * sr - cf * sb * cr),
        (-cb * sr, sb, cb * cr),
    )
    turned = np.empty((*f.shape, 3, 3))  # stacking nine arrays takes longer than reckoning them
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            turned[..., i, j] = value
    return turned


def _lean(angle_rad: float) -> np.ndarray:
    """A forward lean: the turn about -z."""
    return joint_rotation(np.array([angle_rad, 0.0, 0.0]))
