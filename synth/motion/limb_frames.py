"""Frames of limb segments from where a recording's joints are and how they turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.motion.rotations import angle_between_rad, frame_from, turn, unit
from synth.ramp import ramp

# Between these bends a hinge takes over from the rest pose in saying where a knee or elbow points.
_HINGE_RAD = np.radians([12.0, 35.0])
# A foot's calibration is mended by no more than this.
_MOST_PITCH_RAD, _MOST_LEAN_RAD = np.radians([8.0, 22.0])


@dataclass(frozen=True)
class Posed:
    """A recording in the body's terms: joints by role, the file's world turned so that z is up and x ahead.

    Attributes:
        roles: Role -> joint index, ``pelvis`` and ``chest`` among them.
        orientation: Of every joint, shape (T, J, 3, 3), character's axes.
        position: Of every joint, shape (T, J, 3), character's axes, the file's units.
        rest_axes: The body's forward, left and up in the rest pose's axes, as columns, shape (3, 3).
        rest_position: Of every joint in the rest pose, shape (J, 3).
        frame_time_s: Seconds from frame to frame.
    """

    roles: dict[str, int]
    orientation: np.ndarray
    position: np.ndarray
    rest_axes: np.ndarray
    rest_position: np.ndarray
    frame_time_s: float

    def at(self, role: str) -> np.ndarray:
        return self.position[:, self.roles[role]]


def _by_rest(posed: Posed, role: str, tip: str, along: str, sign: float) -> np.ndarray:
    """A limb segment's frame: one axis from joint to joint, the front where the rest pose has it, (T, 3, 3)."""
    start, end = posed.roles[role], posed.roles[tip]
    direction = posed.position[:, end] - posed.position[:, start]
    ahead = posed.rest_axes[:, 0]
    rest_direction = unit(posed.rest_position[end] - posed.rest_position[start])
    if abs(rest_direction @ ahead) > 0.9:  # arms stretched forward at rest: their front is up
        ahead = posed.rest_axes[:, 2]
    front = posed.orientation[:, start] @ ahead
    return frame_from(sign * direction, front, f"{along}x")


def _hinged(frame: np.ndarray, hinge: np.ndarray, bend_rad: np.ndarray, along: str, axis: str) -> np.ndarray:
    """Turn a segment about itself so that its hinge axis is where the joint really bends, as far as it bends.

    Args:
        frame: The segment's frame, shape (T, 3, 3).
        hinge: Axis about which the joint bends, shape (T, 3), its sign that of the frame's ``axis``.
        bend_rad: How far it bends, shape (T,).
        along: The axis along the segment.
        axis: The axis of the hinge.
    """
    share = ramp(bend_rad, *_HINGE_RAD)
    rest = frame[..., "xyz".index(axis)]
    # A hinge that seems to bend the wrong way is a straight joint with noise: the rest pose knows better.
    agree = np.clip(np.sum(unit(hinge) * rest, axis=-1) / 0.3, 0.0, 1.0)
    mixed = rest + (share * agree)[:, None] * (unit(hinge) - rest)
    return frame_from(frame[..., "xyz".index(along)], mixed, f"{along}{axis}")


def leg_frames(posed: Posed, side: str) -> dict[str, np.ndarray]:
    thigh = _by_rest(posed, f"thigh_{side}", f"shank_{side}", "z", -1.0)
    shank = _by_rest(posed, f"shank_{side}", f"foot_{side}", "z", -1.0)
    bend = angle_between_rad(thigh[..., 2], shank[..., 2])
    hinge = np.cross(thigh[..., 2], shank[..., 2])  # a bent knee's axis points to the left
    frames = {
        f"thigh_{side}": _hinged(thigh, hinge, bend, "z", "y"),
        f"shank_{side}": _hinged(shank, hinge, bend, "z", "y"),
    }
    foot, toes = posed.roles[f"foot_{side}"], posed.roles.get(f"toes_{side}")
    heading = posed.rest_axes
    if toes is not None:
        # A foot that is turned out at rest is turned out still; it stands flat, whatever its pitch.
        ahead = posed.rest_position[toes] - posed.rest_position[foot]
        flat = ahead - heading[:, 2] * (ahead @ heading[:, 2])
        if np.linalg.norm(flat) > 0.3 * np.linalg.norm(ahead):
            heading = frame_from(heading[:, 2], flat, "zx")
    frames[f"foot_{side}"] = posed.orientation[:, foot] @ heading
    frames[f"toes_{side}"] = posed.orientation[:, foot if toes is None else toes] @ heading
    level = _levelling(
        frames[f"foot_{side}"], posed.at(f"foot_{side}"), leg_length(posed), posed.frame_time_s
    )
    return frames | {f"{stem}_{side}": frames[f"{stem}_{side}"] @ level for stem in ("foot", "toes")}


def _levelling(foot: np.ndarray, ankle: np.ndarray, leg: float, frame_time_s: float) -> np.ndarray:
    """The constant turn of a foot that has its sole level while it stands, shape (3, 3).

    Recorded ankles are often calibrated badly: a sole that leans by 15 degrees in quiet standing is not anatomy. Pitch
    is corrected less than lean, as people do stand on their toes.
    """
    speed = (
        np.linalg.norm(np.gradient(ankle, axis=0), axis=1) / frame_time_s if len(ankle) > 1 else np.zeros(1)
    )
    low = ankle[:, 2] < np.percentile(ankle[:, 2], 10) + 0.05 * leg
    stands = low & (speed < 0.25 * leg)
    if stands.sum() < 3:
        return np.eye(3)
    up = unit(np.median(foot[stands][:, 2, :], axis=0))  # the world's up in the foot's axes
    pitch = np.clip(np.arctan2(up[0], up[2]), -_MOST_PITCH_RAD, _MOST_PITCH_RAD)
    lean = np.clip(-np.arcsin(np.clip(up[1], -1.0, 1.0)), -_MOST_LEAN_RAD, _MOST_LEAN_RAD)
    return turn("y", pitch) @ turn("x", lean)


def arm_frames(posed: Posed, side: str, sign: float) -> dict[str, np.ndarray]:
    upper = _by_rest(posed, f"upper_arm_{side}", f"forearm_{side}", "y", sign)
    fore = _by_rest(posed, f"forearm_{side}", f"hand_{side}", "y", sign)
    along, onward = sign * upper[..., 1], sign * fore[..., 1]
    bend = angle_between_rad(along, onward)
    # The elbow bends the forearm to the front: about -z on the left, +z on the right.
    hinge = -sign * np.cross(along, onward)
    if f"hand_tip_{side}" in posed.roles:
        hand = _by_rest(posed, f"hand_{side}", f"hand_tip_{side}", "y", sign)
    else:  # straight with the forearm at rest
        hand = posed.orientation[:, posed.roles[f"hand_{side}"]] @ _rest_arm(posed, side, sign)
    return {
        f"upper_arm_{side}": _hinged(upper, hinge, bend, "y", "z"),
        f"forearm_{side}": fore,
        f"hand_{side}": hand,
    }


def _rest_arm(posed: Posed, side: str, sign: float) -> np.ndarray:
    """The forearm's frame in the rest pose, shape (3, 3)."""
    start, end = posed.roles[f"forearm_{side}"], posed.roles[f"hand_{side}"]
    direction = unit(posed.rest_position[end] - posed.rest_position[start])
    ahead = posed.rest_axes[:, 2 if abs(direction @ posed.rest_axes[:, 0]) > 0.9 else 0]
    return frame_from(sign * direction, ahead, "yx")


def leg_length(posed: Posed) -> float:
    """Thigh and shank, mean of both sides, the file's units."""
    parts = [
        np.linalg.norm(posed.at(f"{a}_{side}") - posed.at(f"{b}_{side}"), axis=-1).mean()
        for side in "lr"
        for a, b in (("thigh", "shank"), ("shank", "foot"))
    ]
    return float(sum(parts) / 2)
