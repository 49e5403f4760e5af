"""From one frame of a clip to the transform of every bone.

The rest mesh stands in a loose A-pose with bent elbows. Each limb segment has a constant rotation that takes it from
there to the clip's T-pose (arms along +-y, palms down, legs straight down, feet along +x); clip rotations follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numba
import numpy as np
from scipy.spatial.transform import Rotation

from synth.body.anatomy import Anatomy
from synth.body.joints import SIDES
from synth.body.rig import BONE_INDEX, BONES, VERTEBRAE
from synth.motion.clip import SEGMENTS

_SEGMENT = {name: i for i, name in enumerate(SEGMENTS)}
_T3 = VERTEBRAE.index("T3")
# Share of a segment's own twist that its upper skin bone takes; the rest follows towards the joint below.
_TWIST_UPPER_ARM, _TWIST_FOREARM, _TWIST_THIGH, _TWIST_SHANK = 0.4, 0.3, 0.4, 0.6
_TWIST_WRIST_ON_FOREARM = 0.5  # share of the hand's twist that the lower half of the forearm takes
# The shoulder girdle rises with the arm, which clips seldom say: radians of elevation for one of the upper arm, zero
# where the rest mesh stands. In life it is more above the horizontal and next to nothing below [guess].
_GIRDLE_FOLLOWS = 0.13
# Share of the thorax' lean to the side, forward, and of its turn that the girdle takes on in standing: muscles keep
# the shoulders more level than the ribs of a scoliotic back [guess].
_GIRDLE_LEANS = np.array([0.4, 1.0, 0.5])
# What the kernels below take and give, in their order.
_ARM_SEGMENTS = ("clavicle", "upper_arm", "forearm", "hand")
_ARM_BONES = ("clavicle", "shoulder", "upper_arm_near", "upper_arm", "forearm_near", "forearm", "hand")
_ARM_JOINTS = ("clavicle", "shoulder", "elbow", "wrist", "knuckle")
_LEG_SEGMENTS = ("thigh", "shank", "foot", "toes")
_LEG_BONES = ("thigh_near", "thigh", "shank_near", "shank", "foot", "toes")
_LEG_JOINTS = ("hip", "knee", "ankle", "toe")
_SHOULDER_FOLLOWS = 0.3  # the skin over the scapula turns by this share of the upper arm's swing


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def _basis(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Orthonormal columns: along ``first``, ``second`` made square to it, and their product."""
    a = _unit(first)
    b = _unit(second - a * (a @ second))
    return np.stack([a, b, np.cross(a, b)], axis=1)


def _shortest(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The smallest rotation that turns one direction into another."""
    a, b = _unit(source), _unit(target)
    axis = np.cross(a, b)
    sine, cosine = np.linalg.norm(axis), a @ b
    if sine < 1e-12:
        return np.eye(3)
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, cosine)).as_matrix()


@numba.njit(cache=True)
def _quaternion(R: np.ndarray) -> np.ndarray:
    """Unit quaternion (x, y, z, w) of a rotation matrix, from its largest component (Shepperd 1978)."""
    trace = R[0, 0] + R[1, 1] + R[2, 2]
    q = np.empty(4)
    i = 0
    if R[1, 1] > R[0, 0]:
        i = 1
    if R[2, 2] > R[i, i]:
        i = 2
    if trace > R[i, i]:
        q[3] = 1 + trace
        q[0], q[1], q[2] = R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        q[i] = 1 + 2 * R[i, i] - trace
        q[j], q[k] = R[j, i] + R[i, j], R[k, i] + R[i, k]
        q[3] = R[k, j] - R[j, k]
    return q / np.sqrt((q * q).sum())


@numba.njit(cache=True)
def about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation about a unit axis (Rodrigues), shape (3, 3)."""
    x, y, z = axis[0], axis[1], axis[2]
    c, s = np.cos(angle), np.sin(angle)
    d = 1 - c
    return np.array(
        [
            [c + d * x * x, d * x * y - s * z, d * x * z + s * y],
            [d * x * y + s * z, c + d * y * y, d * y * z - s * x],
            [d * x * z - s * y, d * y * z + s * x, c + d * z * z],
        ]
    )


@numba.njit(cache=True)
def _partly(R: np.ndarray, share: float) -> np.ndarray:
    """A share of a rotation, about its own axis."""
    q = _quaternion(R)
    if q[3] < 0:
        q = -q
    sine = np.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2)
    if sine < 1e-12:
        return np.eye(3)
    return about(q[:3] / sine, share * 2 * np.arctan2(sine, q[3]))


@numba.njit(cache=True)
def split_twist(R: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, float]:
    """Split a rotation into a twist about an axis, done first, and the swing that follows.

    Returns:
        The swing, shape (3, 3), and the twist's angle, radians from -pi to pi: ``R = swing @ twist``.
    """
    q = _quaternion(R)
    along = axis[0] * q[0] + axis[1] * q[1] + axis[2] * q[2]
    angle = 2 * np.arctan2(along, q[3])
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    return np.ascontiguousarray(R) @ about(axis, -angle), angle


@dataclass(frozen=True)
class _Limb:
    """What a limb's kernel needs of a skeleton, and where its results go.

    Attributes:
        segments: Indices among ``SEGMENTS``.
        bones: Indices among ``BONES``.
        joints: Names of the joints.
        constants: The kernel's last arguments.
    """

    segments: list[int]
    bones: list[int]
    joints: tuple[str, ...]
    constants: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Skeleton:
    """A subject's joints at rest and how its rest pose turns into the T-pose.

    Attributes:
        joints_m: ``<joint>_<side>`` -> rest position, shape (3,).
        hips_m: For each side, the pelvis' hip joint at rest, shape (3,); a long leg's own hip lies above it.
        girdle_rad: For each side, how far the clavicle points up more than at rest.
        align: Segment name -> rotation from rest to the T-pose, shape (3, 3).
        forearm_twist: For each side, the twist left between elbow and hand in the T-pose, radians.
        rest_elevation: For each side, how far the upper arm points up at rest, radians (below level: negative).
        anatomy: The vertebral chain.
    """

    joints_m: dict[str, np.ndarray]
    hips_m: dict[str, np.ndarray]
    girdle_rad: dict[str, float]
    align: dict[str, np.ndarray]
    forearm_twist: dict[str, float]
    rest_elevation: dict[str, float]
    anatomy: Anatomy

    @cached_property
    def from_rest(self) -> np.ndarray:
        """From the character frame to each vertebra's at rest, shape (26, 4, 4)."""
        return np.linalg.inv(self.anatomy.rest_frames_m)

    @cached_property
    def girdle_posture(self) -> np.ndarray:
        """How the shoulder girdle has turned from rest in standing, shape (3, 3): with T3, but kept more level."""
        neutral, rest = (
            frames[_T3, :3, :3] for frames in (self.anatomy.neutral_frames_m, self.anatomy.rest_frames_m)
        )
        return Rotation.from_rotvec(
            Rotation.from_matrix(neutral @ rest.T).as_rotvec() * _GIRDLE_LEANS
        ).as_matrix()

    @cached_property
    def limbs(self) -> dict[str, tuple[_Limb, _Limb]]:
        """Arm and leg of each side as arrays."""
        return {side: (self._arm(side), self._leg(side)) for side in SIDES}

    def _arm(self, side: str) -> _Limb:
        angles = (self.rest_elevation[side], self.girdle_rad[side], self.forearm_twist[side])
        constants = (self.girdle_posture, np.array([1.0 if side == "l" else -1.0, *angles]))
        return self._limb(side, _ARM_SEGMENTS, _ARM_BONES, _ARM_JOINTS, constants)

    def _leg(self, side: str) -> _Limb:
        return self._limb(side, _LEG_SEGMENTS, _LEG_BONES, _LEG_JOINTS, (self.hips_m[side],))

    def _limb(
        self,
        side: str,
        segments: tuple[str, ...],
        bones: tuple[str, ...],
        joints: tuple[str, ...],
        constants: tuple[np.ndarray, ...],
    ) -> _Limb:
        names = tuple(f"{joint}_{side}" for joint in joints)
        turned = [f"{segment}_{side}" for segment in segments]
        return _Limb(
            [_SEGMENT[name] for name in turned],
            [BONE_INDEX[f"{bone}_{side}"] for bone in bones],
            names,
            (
                np.stack([self.joints_m[name] for name in names]).astype(float),
                np.stack([self.align[name] for name in turned if name != f"clavicle_{side}"]).astype(float),
                *(np.ascontiguousarray(each, float) for each in constants),
            ),
        )

    @property
    def middle_m(self) -> np.ndarray:
        """Middle of the hip joints at rest."""
        return (self.hips_m["l"] + self.hips_m["r"]) / 2

    def scaled(self, factor: float) -> Skeleton:
        """The skeleton of the same body, larger by a factor about the character frame's origin."""
        return replace(
            self,
            joints_m={name: factor * x for name, x in self.joints_m.items()},
            hips_m={side: factor * x for side, x in self.hips_m.items()},
            anatomy=self.anatomy.scaled(factor),
        )


def make_skeleton(
    joints_m: dict[str, np.ndarray],
    anatomy: Anatomy,
    hips_m: dict[str, np.ndarray] | None = None,
    girdle_rad: float = 0.0,
) -> Skeleton:
    """Work out the T-pose of a rest skeleton.

    The elbow's hinge (both arms rest bent) turns vertical, so that the elbow flexes forward; the row of knuckles turns
    level with the thumb in front, so that the palm faces down; legs take the shortest turn; feet yaw only.

    Args:
        joints_m: Rest joints.
        anatomy: The vertebral chain.
        hips_m: The pelvis' hip joints, where they aren't the legs'.
        girdle_rad: How far the left clavicle points up, and the right one down, more than at rest.
    """
    hips = hips_m or {side: joints_m[f"hip_{side}"] for side in SIDES}
    align, twist, elevation = {}, {}, {}
    down, up = np.array([0.0, 0.0, -1.0]), np.array([0.0, 0.0, 1.0])
    for side in SIDES:
        p = {name[: -len(side) - 1]: x for name, x in joints_m.items() if name.endswith(f"_{side}")}
        sign = 1.0 if side == "l" else -1.0
        out = np.array([0.0, sign, 0.0])
        upper, fore = p["elbow"] - p["shoulder"], p["wrist"] - p["elbow"]
        hinge = np.cross(upper, fore)
        elevation[side] = float(np.arcsin(_unit(upper)[2]))
        target = _basis(out, -sign * up)
        align[f"clavicle_{side}"] = np.eye(3)
        align[f"upper_arm_{side}"] = target @ _basis(upper, hinge).T
        align[f"forearm_{side}"] = target @ _basis(fore, hinge).T
        across = p["index"] - p["little"]
        hand = _basis(out, np.array([1.0, 0.0, 0.0])) @ _basis(p["knuckle"] - p["wrist"], across).T
        align[f"hand_{side}"] = hand
        twist[side] = split_twist(hand @ align[f"forearm_{side}"].T, out)[1]
        align[f"thigh_{side}"] = _shortest(p["knee"] - p["hip"], down)
        align[f"shank_{side}"] = _shortest(p["ankle"] - p["knee"], down)
        foot = p["toe"] - p["ankle"]
        align[f"foot_{side}"] = align[f"toes_{side}"] = about(up, -np.arctan2(foot[1], foot[0]))
    girdle = {"l": girdle_rad, "r": -girdle_rad}
    return Skeleton(joints_m, hips, girdle, align, twist, elevation, anatomy)


@dataclass(frozen=True)
class Pose:
    """A posed skeleton whose pelvis is where it rested; the character is moved to its place afterwards.

    Attributes:
        transforms: Rest to posed for each of ``BONES``, shape (52, 3, 4).
        frames_m: Frames of the sacrum and ``JOINT_LEVELS``, shape (26, 4, 4).
        joints_m: ``<joint>_<side>`` -> posed position, shape (3,).
    """

    transforms: np.ndarray
    frames_m: np.ndarray
    joints_m: dict[str, np.ndarray]

    def moved(self, shift_m: np.ndarray) -> Pose:
        """The same pose elsewhere."""
        transforms, frames = self.transforms.copy(), self.frames_m.copy()
        transforms[:, :, 3] += shift_m
        frames[:, :3, 3] += shift_m
        return Pose(transforms, frames, {name: x + shift_m for name, x in self.joints_m.items()})


def pose_spine(skeleton: Skeleton, pelvis_rotation: np.ndarray, spine_rad: np.ndarray) -> np.ndarray:
    """Frames of the sacrum and ``JOINT_LEVELS`` about the rest mid-hip, shape (26, 4, 4); see ``pose_skeleton``."""
    anatomy, middle = skeleton.anatomy, skeleton.middle_m
    pelvis = np.eye(4)
    pelvis[:3, :3] = pelvis_rotation
    pelvis[:3, 3] = middle - pelvis_rotation @ middle
    return pelvis @ anatomy.frames(anatomy.coupled(spine_rad))


def pose_skeleton(
    skeleton: Skeleton,
    pelvis_rotation: np.ndarray,
    spine_rad: np.ndarray,
    limb_rotations: np.ndarray,
    frames_m: np.ndarray | None = None,
) -> Pose:
    """Pose a skeleton about its rest mid-hip.

    Args:
        skeleton: The subject's.
        pelvis_rotation: T-pose to posed pelvis, shape (3, 3).
        spine_rad: The nine regional coordinates, shape (9,).
        limb_rotations: Rotation of each of ``SEGMENTS`` in its parent, shape (16, 3, 3).
        frames_m: What ``pose_spine`` gives, where it is known: half of the work.
    """
    frames = pose_spine(skeleton, pelvis_rotation, spine_rad) if frames_m is None else frames_m
    deltas = frames @ skeleton.from_rest
    # Limbs are turned away from how they hang in quiet standing, whatever the posture of pelvis and thorax there.
    thorax = frames[_T3, :3, :3] @ skeleton.anatomy.neutral_frames_m[_T3, :3, :3].T
    transforms = np.zeros((len(BONES), 3, 4))
    transforms[: len(VERTEBRAE)] = deltas[:, :3]
    joints: dict[str, np.ndarray] = {}
    # Kernels are compiled once for what is contiguous.
    pelvis_rotation, limbs = (np.ascontiguousarray(x, float) for x in (pelvis_rotation, limb_rotations))
    for side in SIDES:
        arm, leg = skeleton.limbs[side]
        for limb, (bones, at) in (
            (arm, _pose_arm(deltas[_T3], thorax, limbs[arm.segments], *arm.constants)),
            (leg, _pose_leg(deltas[0], pelvis_rotation, limbs[leg.segments], *leg.constants)),
        ):
            transforms[limb.bones] = bones
            joints.update(zip(limb.joints, at, strict=True))
    return Pose(transforms, frames, joints)


@numba.njit(cache=True)
def _set(out: np.ndarray, R: np.ndarray, rest: np.ndarray, posed: np.ndarray) -> None:
    """Fill in, shape (3, 4), the rigid transform with a given rotation that takes one rest point to its posed place."""
    out[:, :3] = R
    out[:, 3] = posed - R @ rest


@numba.njit(cache=True)
def _pose_arm(
    moved: np.ndarray,
    thorax: np.ndarray,
    turn: np.ndarray,
    rest: np.ndarray,
    align: np.ndarray,
    posture: np.ndarray,
    angles: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """An arm on a thorax that has moved.

    Args:
        moved: Rest to posed thorax, shape (4, 4).
        thorax: How it has turned from standing, shape (3, 3).
        turn: The clip's rotations of ``_ARM_SEGMENTS``, shape (4, 3, 3).
        rest: Rest positions of ``_ARM_JOINTS``, shape (5, 3).
        align: From rest to the T-pose, of all segments but the clavicle, shape (3, 3, 3).
        posture: ``Skeleton.girdle_posture``.
        angles: 1 left or -1 right; elevation of the upper arm at rest, of the girdle, twist left in the forearm.

    Returns:
        Rest to posed of ``_ARM_BONES``, shape (7, 3, 4), and the posed joints, shape (5, 3).
    """
    bones, at = np.empty((7, 3, 4)), np.empty((5, 3))
    axis = np.array([0.0, angles[0], 0.0])
    level = min(max((turn[1] @ axis)[2], -1.0), 1.0)
    up = _GIRDLE_FOLLOWS * (np.arcsin(level) - angles[1]) + angles[2]
    clavicle = thorax @ turn[0]
    girdle = clavicle @ about(np.array([axis[1], 0.0, 0.0]), up) @ posture
    at[0] = np.ascontiguousarray(moved[:3, :3]) @ rest[0] + moved[:3, 3]
    at[1] = at[0] + girdle @ (rest[1] - rest[0])
    _set(bones[0], girdle, rest[0], at[0])
    swing, twist = split_twist(turn[1], axis)
    near = clavicle @ swing @ about(axis, _TWIST_UPPER_ARM * twist) @ align[0]
    upper = clavicle @ turn[1]
    scapula = clavicle @ _partly(swing @ align[0], _SHOULDER_FOLLOWS) @ posture
    _set(bones[1], scapula, rest[1], at[1])
    _set(bones[2], near, rest[1], at[1])
    _set(bones[3], upper @ align[0], rest[1], at[1])
    at[2] = at[1] + upper @ align[0] @ (rest[2] - rest[1])
    swing, twist = split_twist(turn[2], axis)
    wrist_twist = split_twist(turn[3], axis)[1] + angles[3]
    fore = upper @ turn[2]
    near = upper @ swing @ about(axis, _TWIST_FOREARM * twist) @ align[1]
    far = fore @ about(axis, _TWIST_WRIST_ON_FOREARM * wrist_twist) @ align[1]
    _set(bones[4], near, rest[2], at[2])
    _set(bones[5], far, rest[2], at[2])
    at[3] = at[2] + fore @ align[1] @ (rest[3] - rest[2])
    hand = fore @ turn[3] @ align[2]
    _set(bones[6], hand, rest[3], at[3])
    at[4] = at[3] + hand @ (rest[4] - rest[3])
    return bones, at


@numba.njit(cache=True)
def _pose_leg(
    moved: np.ndarray,
    pelvis: np.ndarray,
    turn: np.ndarray,
    rest: np.ndarray,
    align: np.ndarray,
    own_hip: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """A leg on a pelvis that has moved.

    Args:
        moved: Rest to posed pelvis, shape (4, 4).
        pelvis: How it has turned from standing, shape (3, 3).
        turn: The clip's rotations of ``_LEG_SEGMENTS``, shape (4, 3, 3).
        rest: Rest positions of ``_LEG_JOINTS``, shape (4, 3).
        align: From rest to the T-pose, shape (4, 3, 3).
        own_hip: The pelvis' hip joint at rest, shape (3,).

    Returns:
        Rest to posed of ``_LEG_BONES``, shape (6, 3, 4), and the posed joints, shape (4, 3).
    """
    bones, at = np.empty((6, 3, 4)), np.empty((4, 3))
    axis = np.array([0.0, 0.0, -1.0])
    at[0] = np.ascontiguousarray(moved[:3, :3]) @ own_hip + moved[:3, 3]
    swing, twist = split_twist(turn[0], axis)
    thigh = pelvis @ turn[0]
    near = pelvis @ swing @ about(axis, _TWIST_THIGH * twist) @ align[0]
    _set(bones[0], near, rest[0], at[0])
    _set(bones[1], thigh @ align[0], rest[0], at[0])
    at[1] = at[0] + thigh @ align[0] @ (rest[1] - rest[0])
    swing, twist = split_twist(turn[1], axis)
    shank = thigh @ turn[1]
    near = thigh @ swing @ about(axis, _TWIST_SHANK * twist) @ align[1]
    _set(bones[2], near, rest[1], at[1])
    _set(bones[3], shank @ align[1], rest[1], at[1])
    at[2] = at[1] + shank @ align[1] @ (rest[2] - rest[1])
    foot = shank @ turn[2]
    _set(bones[4], foot @ align[2], rest[2], at[2])
    at[3] = at[2] + foot @ align[2] @ (rest[3] - rest[2])
    _set(bones[5], foot @ turn[3] @ align[3], rest[3], at[3])
    return bones, at
