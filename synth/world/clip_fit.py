"""A clip fitted to a body: feet where the plan has them, hands that meet the floor or each other, arms outside
the body.

A clip says rotations; planned on average proportions they leave other bodies' feet and hands centimetres off,
and arms that brush a slim body end inside a stout one. Each frame is mended by itself, by turns that change
steadily with the pose.
"""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from synth.body.parts import PARTS
from synth.body.posing import Pose, pose_skeleton
from synth.body.rig import BONE_INDEX, VERTEBRAE
from synth.motion.clip import SEGMENTS, Clip
from synth.motion.contacts import two_bones
from synth.motion.stick import segment_rotations, stick_points
from synth.world.arm_room import Obstacles, way_out

_SEGMENT = {name: index for index, name in enumerate(SEGMENTS)}
_STATIONS = ("sacrum", "L4", "L2", "T12", "T10", "T8", "T6", "T4", "T2")
_HALF_SLICE_M = 0.035
_LEG_BINS = 5
# A leg's segments: the bone and joint that start them, the joint that ends them and the bone that it is told by.
_LEGS = {"thigh": ("thigh_near", "hip", "knee", "shank"), "shank": ("shank", "knee", "ankle", "foot")}
# The least gap between arm and body, and how thick forearm, wrist and hand are, metres at BMI 24.
_GAP_M = 0.006
_ARM_POINTS = (
    ("fore", 0.1, 0.044), ("fore", 0.35, 0.048), ("fore", 0.7, 0.040), ("fore", 1.0, 0.030), ("hand", 0.6, 0.026),
    ("hand", 1.2, 0.022), ("hand", 1.8, 0.014),
)  # fmt: skip
# A hand is broad, and its fingers curl into the palm unless it is held flat: shares of the way to the knuckles, metres
# to the thumb's side and out of the palm, and room.
_HAND_POINTS = (
    (0.5, 0.036, 0.0, 0.018), (1.1, 0.030, 0.0, 0.014), (0.7, -0.030, 0.0, 0.014), (1.3, -0.026, 0.0, 0.012),
    (1.0, 0.0, 0.030, 0.016), (0.8, 0.048, 0.024, 0.012), (1.5, 0.012, 0.030, 0.014), (1.5, -0.014, 0.030, 0.014),
)  # fmt: skip
# Wrists lower than the first height (mid-hip heights) lean on the floor, from the second on they do not.
_LEANS, _FREE = 0.09, 0.16
# A foot this high (mid-hip heights) need not be reached; a leg is never quite straight.
_IN_AIR, _STRAIGHTEST = 0.1, 0.9995
_JOINED = (0.16, 0.24)  # wrists this near hold one thing
_CACHED = 64
_cores: OrderedDict[int, tuple[Any, Core]] = OrderedDict()


@dataclass(frozen=True)
class Core:
    """The trunk as ellipsoids on vertebrae, thighs and shanks as tapered capsules: what arms must stay out of.

    Attributes:
        stations: Index of each station among the vertebral frames, shape (K,).
        centers_m: Its middle in that frame's axes (forward, up, right), shape (K, 3).
        radii_m: Half sizes along them, shape (K, 3).
        leg_m: Radius along ``thigh``, from hip to knee, and ``shank``, from knee to ankle, shape (B,) each.
        arm: Factor on the thickness of arms; slim ones have hands of no less room.
        toe_m: Height of the joint at the ball of the foot over the sole.
    """

    stations: np.ndarray
    centers_m: np.ndarray
    radii_m: np.ndarray
    leg_m: dict[str, np.ndarray]
    arm: float
    toe_m: float


def core_of(body: Any, rest: Clip) -> Core:
    """Measure a body in the T-pose (kept for bodies seen before)."""
    known = _cores.get(id(body))
    if known is not None and known[0]() is body:
        return known[1]
    posed = body.pose(rest, 0)
    points, ids = posed.vertices_m.astype(float), body.vertex_part_id
    trunk = points[ids == PARTS["trunk"]]
    stations = np.array([VERTEBRAE.index(name) for name in _STATIONS])
    centers, radii = [], []
    for station in stations:
        frame = posed.vertebrae[station]
        local = (trunk - frame[:3, 3]) @ frame[:3, :3]
        ring = local[np.abs(local[:, 1]) < _HALF_SLICE_M]
        # The widest few are armpits and hems.
        low, high = np.percentile(ring, 2.0, axis=0), np.percentile(ring, 98.0, axis=0)
        centers.append([(low[0] + high[0]) / 2, 0.0, (low[2] + high[2]) / 2])
        radii.append([(high[0] - low[0]) / 2, 0.075, (high[2] - low[2]) / 2])
    core = Core(
        stations, np.array(centers), np.array(radii), {name: _radii(body, posed, points, ids, name) for name in _LEGS},
        float(np.sqrt(max(body.bmi, 24.0) / 24.0)), _toe_height(body, posed),
    )  # fmt: skip
    _cores[id(body)] = (weakref.ref(body), core)
    while len(_cores) > _CACHED:
        _cores.popitem(last=False)
    return core


def _joint(body: Any, posed: Any, bone: str, joint: str, side: str) -> np.ndarray:
    matrix = posed.bones[f"{bone}_{side}"]
    return matrix[:3, :3] @ body.skeleton.joints_m[f"{joint}_{side}"] + matrix[:3, 3]


def _radii(body: Any, posed: Any, points: np.ndarray, ids: np.ndarray, segment: str) -> np.ndarray:
    """How thick a segment of the leg is from joint to joint, metres, shape (B,)."""
    bone, first, second, below = _LEGS[segment]
    start, end = _joint(body, posed, bone, first, "l"), _joint(body, posed, below, second, "l")
    along = end - start
    skin = points[ids == PARTS[f"{segment}_l"]] - start
    share = skin @ along / (along @ along)
    away = np.linalg.norm(skin - share[:, None] * along, axis=1)
    edges = np.linspace(0.0, 1.0, _LEG_BINS + 1)
    rows = [away[(share >= a) & (share < b)] for a, b in itertools.pairwise(edges)]
    return np.array([np.percentile(row, 80.0) if len(row) else 0.06 for row in rows])


def _toe_height(body: Any, posed: Any) -> float:
    return float(
        np.mean([_joint(body, posed, "foot", "toe", side)[2] for side in "lr"]) - posed.vertices_m[:, 2].min()
    )


class ClipFit:
    """A clip on a body, fitted frame by frame as they are asked for.

    Args:
        clip: The motion.
        body: The ``Character``; a stand-in without a full skeleton gets the clip as it is.
        rest: One frame of the T-pose.
    """

    def __init__(self, clip: Clip, body: Any, rest: Clip) -> None:
        self.source, self.body = clip, body
        self.clip = clip
        if not hasattr(body.skeleton, "align"):
            self._done = np.ones(clip.num_frames, bool)
            return
        self.clip = replace(clip, limb_rotations=clip.limb_rotations.copy())
        self._done = np.zeros(clip.num_frames, bool)
        self._core = core_of(body, rest)
        # What both hands hold has its place before the shanks or between them, and the palms are on it.
        self._holds = any(prop.attach == "hands" for prop in clip.props)
        self._legs = ("thigh",) if self._holds else tuple(_LEGS)
        self._plan, self._turned = stick_points(clip), segment_rotations(clip)
        if clip.anchor == "feet":  # with the legs fitted, feet stand where hips are where the plan has them
            self.clip = replace(self.clip, pelvis_position=self._plan["pelvis"], anchor="pelvis")

    def at(self, frame: int) -> Clip:
        """The fitted clip, whose other frames may not be fitted yet."""
        if not self._done[frame]:
            self._fit(frame)
            self._done[frame] = True
        return self.clip

    def pose(self, frame: int) -> Any:
        """The body in a frame of the fitted clip."""
        return self.body.pose(self.at(frame), frame)

    def _pose(self, frame: int, before: Pose | None = None) -> Pose:
        """The skeleton as it is fitted so far; limbs alone differ from the pose before."""
        clip, known = self.clip, None if before is None else before.frames_m
        return pose_skeleton(
            self.body.skeleton,
            clip.pelvis_rotation[frame],
            clip.spine_rad[frame],
            clip.limb_rotations[frame],
            known,
        )

    def _planned(self, name: str, frame: int, middle: np.ndarray) -> np.ndarray:
        """Where the plan has a point, about a body whose mid-hip is at ``middle``, metres."""
        return middle + self.body.hip_height_m * (self._plan[name][frame] - self._plan["pelvis"][frame])

    def _fit(self, frame: int) -> None:
        pose = self._pose(frame)
        middle = (pose.joints_m["hip_l"] + pose.joints_m["hip_r"]) / 2
        middle = middle - [0.0, 0.0, self._sunk(frame, pose, middle)]
        if self.source.anchor == "feet" or self.source.source != "procedural":
            ends = {side: self._foot_end(frame, side, middle) for side in "lr"}
            rise = np.array([0.0, 0.0, max(self._short(frame, side, pose, ends[side]) for side in "lr")])
            self._fit_legs(frame, pose, {side: end + rise for side, end in ends.items()})
            pose = self._pose(frame, pose)
        leaning = {side: self._fit_hand(frame, side, pose, middle) for side in "lr"}
        if any(weight > 0 for weight in leaning.values()) or self._join_hands(frame, pose):
            pose = self._pose(frame, pose)
        for side in "lr":
            self._clear_arm(frame, side, pose, 1.0 - leaning[side])

    def _sunk(self, frame: int, pose: Pose, middle: np.ndarray) -> float:
        """How much lower the ground lies under a body that lies on its trunk than the plan has it, metres."""
        frames = pose.frames_m[self._core.stations]
        centers = np.einsum("kij,kj->ki", frames[:, :3, :3], self._core.centers_m) + frames[:, :3, 3]
        reach = np.linalg.norm(frames[:, 2, :3] * self._core.radii_m * [1.0, 0.3, 1.0], axis=1)
        lowest = float((centers[:, 2] - reach).min()) - middle[2]
        return max(-lowest - self.body.hip_height_m * float(self._plan["pelvis"][frame][2]), 0.0)

    def _foot_end(self, frame: int, side: str, middle: np.ndarray) -> np.ndarray:
        """Where an ankle is when the ball of its foot is where the plan has it."""
        skeleton = self.body.skeleton
        foot, toes = self._turned[f"foot_{side}"][frame], self._turned[f"toes_{side}"][frame]
        to_toe = skeleton.align[f"foot_{side}"] @ (
            skeleton.joints_m[f"toe_{side}"] - skeleton.joints_m[f"ankle_{side}"]
        )
        return self._planned(f"ball_{side}", frame, middle) + self._core.toe_m * toes[:, 2] - foot @ to_toe

    def _leg_lengths(self, side: str) -> tuple[float, float]:
        hip, knee, ankle = (
            self.body.skeleton.joints_m[f"{name}_{side}"] for name in ("hip", "knee", "ankle")
        )
        return float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee))

    def _short(self, frame: int, side: str, pose: Pose, end: np.ndarray) -> float:
        """How far the ground must come up for a standing foot to reach it, metres: this body sinks by as much."""
        standing = np.clip(1.0 - self._plan[f"ball_{side}"][frame][2] / _IN_AIR, 0.0, 1.0)
        way = end - pose.joints_m[f"hip_{side}"]
        longest = _STRAIGHTEST * sum(self._leg_lengths(side))
        rise = np.sqrt(max(longest**2 - way[0] ** 2 - way[1] ** 2, 0.0))
        return float(standing * max(-way[2] - rise, 0.0))

    def _fit_legs(self, frame: int, pose: Pose, ends: dict[str, np.ndarray]) -> None:
        """Bend both legs so that each ankle is at its end; the feet keep their orientation."""
        hips = np.array([pose.joints_m[f"hip_{side}"] for side in ends])
        ahead = np.array([self._turned[f"thigh_{side}"][frame][:, 0] for side in ends])
        upper, lower = np.array([self._leg_lengths(side) for side in ends]).T
        bones = two_bones(hips, np.array(list(ends.values())), ahead, upper, lower)
        limbs = self.clip.limb_rotations[frame]
        for side, thigh, shank in zip(ends, *bones, strict=True):
            limbs[_SEGMENT[f"thigh_{side}"]] = self.clip.pelvis_rotation[frame].T @ thigh
            limbs[_SEGMENT[f"shank_{side}"]] = thigh.T @ shank
            limbs[_SEGMENT[f"foot_{side}"]] = shank.T @ self._turned[f"foot_{side}"][frame]

    def _fit_hand(self, frame: int, side: str, pose: Pose, middle: np.ndarray) -> float:
        """Put a hand that leans on the floor or on a desk where the plan has it; how much it leans, 0 to 1."""
        height = self._plan[f"wrist_{side}"][frame][2]
        weight = float(np.clip((_FREE - height) / (_FREE - _LEANS), 0.0, 1.0))
        if any(prop.kind == "desk" for prop in self.clip.props):
            weight = 1.0
        if weight > 0:
            wrist = pose.joints_m[f"wrist_{side}"]
            self._reach(
                frame, side, pose, wrist + weight * (self._planned(f"wrist_{side}", frame, middle) - wrist)
            )
        return weight

    def _join_hands(self, frame: int, pose: Pose) -> bool:
        """Keep two hands on one handle as near as the plan has them, whatever the shoulders' width."""
        apart = self._plan["wrist_l"][frame] - self._plan["wrist_r"][frame]
        near = float(np.clip((_JOINED[1] - np.linalg.norm(apart)) / (_JOINED[1] - _JOINED[0]), 0.0, 1.0))
        if near <= 0:
            return False
        left, right = pose.joints_m["wrist_l"], pose.joints_m["wrist_r"]
        shift = near * 0.5 * (self.body.hip_height_m * apart - (left - right))
        self._reach(frame, "l", pose, left + shift)
        self._reach(frame, "r", pose, right - shift)
        return True

    def _reach(self, frame: int, side: str, pose: Pose, end: np.ndarray) -> None:
        """Turn and bend an arm so that its wrist is at ``end``; the hand keeps its orientation."""
        shoulder, elbow, wrist = (pose.joints_m[f"{name}_{side}"] for name in ("shoulder", "elbow", "wrist"))
        upper, fore, hand = self._arm_world(frame, side, pose)
        lengths = float(np.linalg.norm(elbow - shoulder)), float(np.linalg.norm(wrist - elbow))
        reach = end - shoulder
        most = 0.995 * sum(lengths)
        end = shoulder + reach * min(1.0, most / max(float(np.linalg.norm(reach)), 1e-9))
        hint = elbow - (shoulder + wrist) / 2 - 0.02 * upper[:, 0]
        share = (lengths[0] ** 2 - lengths[1] ** 2 + (d := float(np.linalg.norm(end - shoulder))) ** 2) / (
            2 * d
        )
        along = (end - shoulder) / d
        across = hint - along * (hint @ along)
        across /= max(float(np.linalg.norm(across)), 1e-9)
        new_elbow = shoulder + along * share + across * np.sqrt(max(lengths[0] ** 2 - share**2, 0.0))
        turned = _shortest(elbow - shoulder, new_elbow - shoulder)
        bent = _shortest(turned @ (wrist - elbow), end - new_elbow)
        self._set_arm(frame, side, upper, turned @ upper, bent @ turned @ fore, hand)

    def _arm_world(self, frame: int, side: str, pose: Pose) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Orientations of upper arm, forearm and hand, identity in the T-pose."""
        limbs = self.clip.limb_rotations[frame]
        align = self.body.skeleton.align[f"upper_arm_{side}"]
        upper = pose.transforms[BONE_INDEX[f"upper_arm_{side}"], :, :3] @ align.T
        fore = upper @ limbs[_SEGMENT[f"forearm_{side}"]]
        return upper, fore, fore @ limbs[_SEGMENT[f"hand_{side}"]]

    def _set_arm(
        self, frame: int, side: str, was: np.ndarray, upper: np.ndarray, fore: np.ndarray, hand: np.ndarray
    ) -> None:
        limbs = self.clip.limb_rotations[frame]
        index = _SEGMENT[f"upper_arm_{side}"]
        clavicle = was @ limbs[index].T
        limbs[index] = clavicle.T @ upper
        limbs[_SEGMENT[f"forearm_{side}"]] = upper.T @ fore
        limbs[_SEGMENT[f"hand_{side}"]] = fore.T @ hand

    def _clear_arm(self, frame: int, side: str, pose: Pose, share: float) -> None:
        """Turn an arm about its shoulder until forearm and hand are outside trunk and legs."""
        if share <= 0:
            return
        shoulder, elbow, wrist, knuckle = (
            pose.joints_m[f"{name}_{side}"] for name in ("shoulder", "elbow", "wrist", "knuckle")
        )
        upper, fore, hand = self._arm_world(frame, side, pose)
        size = self._core.arm * self.body.stature_m / 1.75
        # Arms that hold a load between them may brush the body with the elbows.
        along, around = (_ARM_POINTS[1:], ()) if self._holds else (_ARM_POINTS, _HAND_POINTS)
        curl = 0.0 if self.source.hand_curl is None else self.source.hand_curl[frame]["lr".index(side)]
        curled = float(np.clip(1.0 + curl, 0.0, 1.0))
        points = np.array([
            elbow + at * (wrist - elbow) if part == "fore" else wrist + at * (knuckle - wrist)
            for part, at, _ in along
        ] + [
            wrist + at * (knuckle - wrist) + size * (out * hand[:, 0] - curled * palm * hand[:, 2])
            for at, out, palm, _ in around
        ])  # fmt: skip
        thick = size * np.array([point[-1] for point in (*along, *around)])
        axes = _axes_out(pose.frames_m[VERTEBRAE.index("T8"), :3, :3], side)
        body = _obstacles(self._core, pose, self._legs)
        way = way_out(body, points - shoulder, shoulder, thick + _GAP_M, axes)
        if not way.any():
            return
        total = Rotation.from_rotvec(share * way).as_matrix()
        self._set_arm(frame, side, upper, total @ upper, total @ fore, total @ hand)


def _axes_out(chest: np.ndarray, side: str) -> np.ndarray:
    """What an arm is turned about to leave the body: aside, forward, up and between, unit vectors, shape (7, 3)."""
    sign = 1.0 if side == "l" else -1.0
    ahead, up, right = sign * chest[:, 0], sign * chest[:, 1], chest[:, 2]
    axes = np.array([ahead, up, right, ahead + right, ahead + up, right + up, ahead - right])
    return axes / np.linalg.norm(axes, axis=1, keepdims=True)


def _obstacles(core: Core, pose: Pose, legs: tuple[str, ...]) -> Obstacles:
    """The trunk and segments of both legs in a pose."""
    joints, segments = pose.joints_m, list(itertools.product("lr", legs))
    return Obstacles(
        pose.frames_m[core.stations],
        core.centers_m,
        core.radii_m,
        np.array([joints[f"{_LEGS[leg][1]}_{side}"] for side, leg in segments]),
        np.array([joints[f"{_LEGS[leg][2]}_{side}"] for side, leg in segments]),
        np.array([core.leg_m[leg] for _, leg in segments]),
    )


def _shortest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation that turns one direction into another."""
    a, b = a / max(float(np.linalg.norm(a)), 1e-12), b / max(float(np.linalg.norm(b)), 1e-12)
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3)
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, float(a @ b))).as_matrix()
