"""From a subject's sizes, spine and markers to a model in plain data (:class:`~opensim_models.spec.ModelSpec`)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import (
    JOINT_LEVELS,
    LEVELS,
    MOTION_AXES,
    MOTIONS,
    PELVIS_COORDINATES,
    REGIONAL_COORDINATES,
    REGIONS,
    region_of_joint,
)
from opensim_models.anatomy.segments import (
    CYLINDERS,
    DORSAL_LEVELS,
    LIMB_JOINTS,
    MARKER_OFFSETS_M,
    MASS_SHARES,
    NOMINAL_STATURE_M,
    S1_IN_PELVIS_M,
    LimbJoint,
)
from opensim_models.anatomy.soft_tissue import depth_m
from opensim_models.display import solids
from opensim_models.landmark_sets import readout_stations, spine_stations
from opensim_models.markers import MARKERS
from opensim_models.spec import (
    AxisSpec,
    BodySpec,
    CoordinateSpec,
    CouplerSpec,
    JointSpec,
    ModelSpec,
    PointSpec,
)
from opensim_models.spine import SpineShape, spine_forward

SEGMENTS: tuple[str, ...] = (
    "pelvis", "trunk", "skull", "clavicle", "humerus", "forearm", "hand", "femur", "tibia", "foot",
)  # fmt: skip
# Bodies that weigh next to nothing and only own the regions' coordinates: every level follows through a coupler. A
# region's coordinate thus turns one joint one to one, and OpenSim takes it for an angle; had it turned a level by a
# share, OpenSim would call it coupled and read files in degrees as radians. Coordinates of one name in two joints are
# no way to couple them: OpenSim keeps them apart, silently.
CARRIER_MASS_KG = 1e-6
# The model lets a region go beyond its anatomical range by this factor, so that the checks can see that it does.
RANGE_SLACK = 1.5


@dataclass(frozen=True)
class SubjectShape:
    """All that makes one subject's model.

    Attributes:
        name: The model's name.
        mass_kg: Body mass.
        spine: The vertebral chain.
        scales: For each of ``SEGMENTS`` the factors on (x, y, z) of the tables in ``anatomy.segments``, shape (3,).
        s1_in_pelvis_m: Centre of the S1 endplate in the pelvis, shape (3,).
        marker_offsets_m: Marker name to (body, offset (3,) in its frame).
        carrying_rad: By how much the straight forearm of a side (``r``, ``l``) points outward of the upper arm.
    """

    name: str
    mass_kg: float
    spine: SpineShape
    scales: dict[str, np.ndarray]
    s1_in_pelvis_m: np.ndarray
    marker_offsets_m: dict[str, tuple[str, np.ndarray]] = field(repr=False)
    carrying_rad: dict[str, float] = field(default_factory=dict)


def average_shape(stature_m: float, mass_kg: float, spine: SpineShape, name: str = "average") -> SubjectShape:
    """The average adult of a stature: every segment scaled by stature, markers at their nominal places."""
    scale = np.full(3, stature_m / NOMINAL_STATURE_M)
    scales = {segment: scale.copy() for segment in SEGMENTS}
    s1 = np.array(S1_IN_PELVIS_M) * scale
    markers = nominal_markers(spine, scales, mass_kg / stature_m**2)
    return SubjectShape(name, mass_kg, spine, scales, s1, markers)


def nominal_markers(
    spine: SpineShape, scales: dict[str, np.ndarray], bmi_kg_m2: float
) -> dict[str, tuple[str, np.ndarray]]:
    """Where the markers sit on an average body: midline ones behind the spinous tips by the mean skin depth."""
    upright = spine_forward(spine, np.zeros(len(REGIONAL_COORDINATES)))[:, :3, :3]
    frames = dict(zip(("sacrum", *JOINT_LEVELS), upright, strict=True))
    offsets: dict[str, tuple[str, np.ndarray]] = {}
    for marker in MARKERS:
        if marker.name in DORSAL_LEVELS:
            back = frames[marker.name].T @ np.array([-depth_m(marker.name, bmi_kg_m2), 0.0, 0.0])
            offsets[marker.name] = (marker.segment, spine.spinous_tips_m[LEVELS.index(marker.name)] + back)
            continue
        stem = marker.name if marker.name in MARKER_OFFSETS_M else marker.name[1:]
        base, offset = MARKER_OFFSETS_M[stem]
        scale = scales["trunk" if base in LEVELS else base]
        point = np.array(offset) * scale
        if stem != marker.name and marker.name.startswith("L"):
            point[2] = -point[2]
        turn = frames[base].T if base in LEVELS else np.eye(3)
        offsets[marker.name] = (marker.segment, turn @ point)
    return offsets


def model_spec(shape: SubjectShape) -> ModelSpec:
    """Write a subject down as bodies, joints, coordinates, couplers, markers and landmark stations."""
    joints = [
        _root_joint(),
        _sacrum_joint(shape.s1_in_pelvis_m),
        *_carrier_joints(),
        *_spine_joints(shape.spine),
    ]
    coordinates = _root_coordinates() + _spine_coordinates()
    for joint in LIMB_JOINTS:
        for side in ("r", "l"):
            made, own = _limb_joint(joint, side, shape)
            joints.append(made)
            coordinates.extend(own)
    markers = tuple(PointSpec(name, body, offset) for name, (body, offset) in shape.marker_offsets_m.items())
    return ModelSpec(
        shape.name,
        _bodies(shape),
        tuple(joints),
        tuple(coordinates),
        _couplers(shape.spine),
        markers,
        (*spine_stations(shape.spine), *readout_stations(shape.spine, shape.scales)),
        solids(shape.spine, shape.scales, shape.s1_in_pelvis_m),
    )


def written_shares(spine: SpineShape) -> np.ndarray:
    """The shares as a model file holds them: OpenSim writes a linear function's slope with six digits."""
    return np.array([[float(f"{share:.6g}") for share in row] for row in spine.shares])


def _root_joint() -> JointSpec:
    # Yaw first, tilt last: the singular pose is lying on one side, not bending over or standing any way round.
    axes = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    turns = tuple(AxisSpec(np.array(a), n) for a, n in zip(axes, PELVIS_COORDINATES[3:], strict=True))
    shifts = tuple(AxisSpec(a, n) for a, n in zip(np.eye(3), PELVIS_COORDINATES[:3], strict=True))
    return JointSpec("ground_pelvis", "pelvis", "ground", np.eye(3), np.zeros(3), np.eye(3), turns, shifts)


def _sacrum_joint(s1_in_pelvis_m: np.ndarray) -> JointSpec:
    fixed = tuple(AxisSpec(axis) for axis in np.eye(3))
    return JointSpec("sacroiliac", "sacrum", "pelvis", np.eye(3), s1_in_pelvis_m, np.eye(3), _constant(fixed))


def _constant(axes: tuple[AxisSpec, ...]) -> tuple[AxisSpec, ...]:
    return tuple(AxisSpec(a.axis, None, 0.0, 0.0) for a in axes)


def _carrier_joints() -> list[JointSpec]:
    """One joint a region, at the S1 endplate, that nothing hangs on."""
    return [
        JointSpec(
            f"{region}_motion",
            f"{region}_motion",
            "sacrum",
            np.eye(3),
            np.zeros(3),
            np.eye(3),
            tuple(AxisSpec(np.array(MOTION_AXES[m]), f"{region}_{m}") for m in MOTIONS),
        )
        for region in REGIONS
    ]


def _spine_joints(spine: SpineShape) -> list[JointSpec]:
    joints = []
    for index, level in enumerate(JOINT_LEVELS):
        parent = "sacrum" if index == 0 else JOINT_LEVELS[index - 1]
        child = "skull" if level == "C0" else level
        axes = tuple(AxisSpec(np.array(MOTION_AXES[motion]), f"{level}_{motion}") for motion in MOTIONS)
        joints.append(
            JointSpec(
                f"{parent}_{child}",
                child,
                parent,
                np.eye(3),
                spine.joint_offsets_m[index],
                spine.joint_rotations[index].T,
                axes,
            )
        )
    return joints


def _limb_joint(joint: LimbJoint, side: str, shape: SubjectShape) -> tuple[JointSpec, list[CoordinateSpec]]:
    mirror = np.array([1.0, 1.0, 1.0 if side == "r" else -1.0])
    parent = joint.parent if joint.parent in ("pelvis", *LEVELS) else f"{joint.parent}_{side}"
    scale = shape.scales["trunk" if joint.parent in LEVELS else joint.parent]
    upright = np.eye(3)
    if joint.parent in LEVELS:
        frames = spine_forward(shape.spine, np.zeros(len(REGIONAL_COORDINATES)))
        upright = frames[1 + LEVELS.index(joint.parent), :3, :3].T
    offset = upright @ (np.array(joint.offset_m) * scale * mirror)
    outward = shape.carrying_rad.get(side, 0.0) if joint.child == "forearm" else 0.0
    angle = (np.radians(joint.neutral_about_x_deg) - outward) * mirror[2]
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    axes, own = [], []
    for name, axis, low, high in joint.coordinates:
        # The mirror image of a turn is the turn about the mirrored axis, backwards.
        mirrored = np.array(axis) * (mirror if side == "r" else -mirror)
        axes.append(AxisSpec(mirrored, f"{name}_{side}" if name else None, 1.0 if name else 0.0))
        if name:
            own.append(CoordinateSpec(f"{name}_{side}", float(np.radians(low)), float(np.radians(high))))
    name = f"{parent}_{joint.child}_{side}"
    return JointSpec(
        name, f"{joint.child}_{side}", parent, upright @ turn, offset, np.eye(3), tuple(axes)
    ), own


def _root_coordinates() -> list[CoordinateSpec]:
    shifts = [CoordinateSpec(name, -100.0, 100.0) for name in PELVIS_COORDINATES[:3]]
    return shifts + [CoordinateSpec(name, -2 * np.pi, 2 * np.pi) for name in PELVIS_COORDINATES[3:]]


def _spine_coordinates() -> list[CoordinateSpec]:
    regional = dict(zip(REGIONAL_COORDINATES, levels.regional_ranges_rad() * RANGE_SLACK, strict=True))
    specs = [CoordinateSpec(name, float(low), float(high)) for name, (low, high) in regional.items()]
    for level in JOINT_LEVELS:
        for motion in MOTIONS:
            # A follower's limits must never bite before its region's do: a coupler fights a clamp.
            low, high = regional[f"{region_of_joint(level)}_{motion}"]
            specs.append(CoordinateSpec(f"{level}_{motion}", float(low), float(high)))
    return specs


def _couplers(spine: SpineShape) -> tuple[CouplerSpec, ...]:
    shares = written_shares(spine)
    return tuple(
        CouplerSpec(f"{level}_{motion}", f"{region_of_joint(level)}_{motion}", float(shares[index, m]))
        for index, level in enumerate(JOINT_LEVELS)
        for m, motion in enumerate(MOTIONS)
    )


def _bodies(shape: SubjectShape) -> tuple[BodySpec, ...]:
    bodies = [_cylinder("pelvis", shape, ""), BodySpec("sacrum", *_lump(0.012 * shape.mass_kg, 0.05))]
    bodies += [BodySpec(f"{region}_motion", *_lump(CARRIER_MASS_KG, 0.01)) for region in REGIONS]
    for level, centre in zip(LEVELS, shape.spine.body_centres_m, strict=True):
        region = {"L": "lumbar", "T": "thoracic", "C": "cervical"}[level[0]]
        mass = shape.mass_kg * MASS_SHARES[region] / sum(other[0] == level[0] for other in LEVELS)
        bodies.append(BodySpec(level, *_lump(mass, {"L": 0.12, "T": 0.12, "C": 0.06}[level[0]], centre)))
    bodies.append(_cylinder("skull", shape, ""))
    for joint in LIMB_JOINTS:
        bodies.extend(_cylinder(joint.child, shape, side) for side in ("r", "l"))
    return tuple(bodies)


def _lump(
    mass: float, radius: float, centre: np.ndarray | None = None
) -> tuple[float, np.ndarray, np.ndarray]:
    """A slice of trunk as a ball: mass, centre, inertia."""
    return mass, np.zeros(3) if centre is None else centre, np.full(3, 0.4 * mass * radius**2)


def _cylinder(segment: str, shape: SubjectShape, side: str) -> BodySpec:
    mass = MASS_SHARES[segment] * shape.mass_kg
    length, radius = np.array(CYLINDERS[segment]) * shape.scales[segment][1]
    across = mass * (3 * radius**2 + length**2) / 12
    centre = np.zeros(3)
    if segment in ("humerus", "forearm", "hand", "femur", "tibia"):
        centre[1] = -0.43 * length  # Plagenhoef 1983: 42-47 % from the upper end
    elif segment in ("skull", "pelvis"):
        centre[1] = 0.4 * length
    name = f"{segment}_{side}" if side else segment
    return BodySpec(name, mass, centre, np.array([across, mass * radius**2 / 2, across]))
