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
def _about(axis: np.ndarray, angle: float) -> np.ndarray:
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
    return _about(q[:3] / sine, share * 2 * np.arctan2(sine, q[3]))


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
    return np.ascontiguousarray(R) @ _about(axis, -angle), angle


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
    def girdle_posture(self) -> np.ndarray:
        """How the shoulder girdle has turned from rest in standing, shape (3, 3): with T3, but kept more level."""
        neutral, rest = (
            frames[_T3, :3, :3] for frames in (self.anatomy.neutral_frames_m, self.anatomy.rest_frames_m)
        )
        return Rotation.from_rotvec(
            Rotation.from_matrix(neutral @ rest.T).as_rotvec() * _GIRDLE_LEANS
        ).as_matrix()

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
        align[f"foot_{side}"] = align[f"toes_{side}"] = _about(up, -np.arctan2(foot[1], foot[0]))
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


def pose_skeleton(
    skeleton: Skeleton, pelvis_rotation: np.ndarray, spine_rad: np.ndarray, limb_rotations: np.ndarray
) -> Pose:
    """Pose a skeleton about its rest mid-hip.

    Args:
        skeleton: The subject's.
        pelvis_rotation: T-pose to posed pelvis, shape (3, 3).
        spine_rad: The nine regional coordinates, shape (9,).
        limb_rotations: Rotation of each of ``SEGMENTS`` in its parent, shape (16, 3, 3).
    """
    anatomy, middle = skeleton.anatomy, skeleton.middle_m
    pelvis = np.eye(4)
    pelvis[:3, :3] = pelvis_rotation
    pelvis[:3, 3] = middle - pelvis_rotation @ middle
    frames = pelvis @ anatomy.frames(anatomy.coupled(spine_rad))
    deltas = frames @ np.linalg.inv(anatomy.rest_frames_m)
    # Limbs are turned away from how they hang in quiet standing, whatever the posture of pelvis and thorax there.
    thorax = frames[_T3, :3, :3] @ anatomy.neutral_frames_m[_T3, :3, :3].T
    transforms = np.zeros((len(BONES), 3, 4))
    transforms[: len(VERTEBRAE)] = deltas[:, :3]
    joints: dict[str, np.ndarray] = {}
    for side in SIDES:
        _pose_arm(skeleton, deltas[_T3], thorax, limb_rotations, side, transforms, joints)
        _pose_leg(skeleton, deltas[0], pelvis_rotation, limb_rotations, side, transforms, joints)
    return Pose(transforms, frames, joints)


def _set(transforms: np.ndarray, bone: str, R: np.ndarray, rest: np.ndarray, posed: np.ndarray) -> None:
    """The rigid transform with a given rotation that takes one rest point to its posed place."""
    index = BONE_INDEX[bone]
    transforms[index, :, :3] = R
    transforms[index, :, 3] = posed - R @ rest


def _pose_arm(
    skeleton: Skeleton,
    moved: np.ndarray,
    thorax: np.ndarray,
    limbs: np.ndarray,
    side: str,
    transforms: np.ndarray,
    out: dict,
) -> None:
    """An arm on a thorax that moved from rest by ``moved`` (4, 4) and turned by ``thorax`` (3, 3) from standing."""
    rest = {
        j: skeleton.joints_m[f"{j}_{side}"] for j in ("clavicle", "shoulder", "elbow", "wrist", "knuckle")
    }
    align = {s: skeleton.align[f"{s}_{side}"] for s in ("upper_arm", "forearm", "hand")}
    turn = {s: limbs[_SEGMENT[f"{s}_{side}"]] for s in ("clavicle", "upper_arm", "forearm", "hand")}
    axis = np.array([0.0, 1.0 if side == "l" else -1.0, 0.0])
    raised = np.arcsin(np.clip((turn["upper_arm"] @ axis)[2], -1, 1)) - skeleton.rest_elevation[side]
    up = _GIRDLE_FOLLOWS * raised + skeleton.girdle_rad[side]
    clavicle = thorax @ turn["clavicle"]
    girdle = clavicle @ _about(np.array([axis[1], 0.0, 0.0]), up) @ skeleton.girdle_posture
    at = {"clavicle": moved[:3, :3] @ rest["clavicle"] + moved[:3, 3]}
    at["shoulder"] = at["clavicle"] + girdle @ (rest["shoulder"] - rest["clavicle"])
    _set(transforms, f"clavicle_{side}", girdle, rest["clavicle"], at["clavicle"])
    swing, twist = split_twist(turn["upper_arm"], axis)
    near = clavicle @ swing @ _about(axis, _TWIST_UPPER_ARM * twist) @ align["upper_arm"]
    upper = clavicle @ turn["upper_arm"]
    scapula = clavicle @ _partly(swing @ align["upper_arm"], _SHOULDER_FOLLOWS) @ skeleton.girdle_posture
    _set(transforms, f"shoulder_{side}", scapula, rest["shoulder"], at["shoulder"])
    _set(transforms, f"upper_arm_near_{side}", near, rest["shoulder"], at["shoulder"])
    _set(transforms, f"upper_arm_{side}", upper @ align["upper_arm"], rest["shoulder"], at["shoulder"])
    at["elbow"] = at["shoulder"] + upper @ align["upper_arm"] @ (rest["elbow"] - rest["shoulder"])
    swing, twist = split_twist(turn["forearm"], axis)
    wrist_twist = split_twist(turn["hand"], axis)[1] + skeleton.forearm_twist[side]
    fore = upper @ turn["forearm"]
    near = upper @ swing @ _about(axis, _TWIST_FOREARM * twist) @ align["forearm"]
    far = fore @ _about(axis, _TWIST_WRIST_ON_FOREARM * wrist_twist) @ align["forearm"]
    _set(transforms, f"forearm_near_{side}", near, rest["elbow"], at["elbow"])
    _set(transforms, f"forearm_{side}", far, rest["elbow"], at["elbow"])
    at["wrist"] = at["elbow"] + fore @ align["forearm"] @ (rest["wrist"] - rest["elbow"])
    hand = fore @ turn["hand"] @ align["hand"]
    _set(transforms, f"hand_{side}", hand, rest["wrist"], at["wrist"])
    at["knuckle"] = at["wrist"] + hand @ (rest["knuckle"] - rest["wrist"])
    out.update({f"{joint}_{side}": x for joint, x in at.items()})


def _pose_leg(
    skeleton: Skeleton,
    moved: np.ndarray,
    pelvis: np.ndarray,
    limbs: np.ndarray,
    side: str,
    transforms: np.ndarray,
    out: dict,
) -> None:
    """A leg on a pelvis that moved from rest by ``moved`` (4, 4) and turned by ``pelvis`` (3, 3) from standing."""
    rest = {j: skeleton.joints_m[f"{j}_{side}"] for j in ("hip", "knee", "ankle", "toe")}
    align = {s: skeleton.align[f"{s}_{side}"] for s in ("thigh", "shank", "foot", "toes")}
    turn = {s: limbs[_SEGMENT[f"{s}_{side}"]] for s in ("thigh", "shank", "foot", "toes")}
    axis = np.array([0.0, 0.0, -1.0])
    at = {"hip": moved[:3, :3] @ skeleton.hips_m[side] + moved[:3, 3]}
    swing, twist = split_twist(turn["thigh"], axis)
    thigh = pelvis @ turn["thigh"]
    near = pelvis @ swing @ _about(axis, _TWIST_THIGH * twist) @ align["thigh"]
    _set(transforms, f"thigh_near_{side}", near, rest["hip"], at["hip"])
    _set(transforms, f"thigh_{side}", thigh @ align["thigh"], rest["hip"], at["hip"])
    at["knee"] = at["hip"] + thigh @ align["thigh"] @ (rest["knee"] - rest["hip"])
    swing, twist = split_twist(turn["shank"], axis)
    shank = thigh @ turn["shank"]
    near = thigh @ swing @ _about(axis, _TWIST_SHANK * twist) @ align["shank"]
    _set(transforms, f"shank_near_{side}", near, rest["knee"], at["knee"])
    _set(transforms, f"shank_{side}", shank @ align["shank"], rest["knee"], at["knee"])
    at["ankle"] = at["knee"] + shank @ align["shank"] @ (rest["ankle"] - rest["knee"])
    foot = shank @ turn["foot"]
    _set(transforms, f"foot_{side}", foot @ align["foot"], rest["ankle"], at["ankle"])
    at["toe"] = at["ankle"] + foot @ align["foot"] @ (rest["toe"] - rest["ankle"])
    _set(transforms, f"toes_{side}", foot @ turn["toes"] @ align["toes"], rest["toe"], at["toe"])
    out.update({f"{joint}_{side}": x for joint, x in at.items()})
