"""Where the things are that a clip needs: seats under the body that sits on them, tools in the hands that hold them.

Everything here is worked out from clip, body and pose alone; ``prop_stage`` puts the things into a scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.body.parts import PARTS
from synth.motion.clip import HELD_BY_END, PROP_KINDS, Clip, ClipProp
from synth.motion.rotations import club_shaft, frame_from, turn
from synth.world.props import GROUND_KINDS

#: What one sits on: its top meets thighs and trunk, whatever hangs beside it.
SEATS = ("chair", "stool", "bench")
_BEARING = [PARTS[name] for name in ("trunk", "thigh_l", "thigh_r")]
# From the wrist, this share of the way to the middle knuckle, and this far out of the palm, a handle is held.
_PALM_SHARE, _PALM_OUT_M = 0.8, 0.026
_HANDLES_Y = ("dumbbell", "barbell", "oar")
# A thing let go this little above the floor stands on it.
_NEAR_FLOOR_M = 0.15
_SINKS_M = 0.012  # a cushion gives way, a mat is pressed flat
# A golf club for an adult, from a short iron to a driver, metres; from how many frames its length is told; and its
# sole passes this far over the ground.
_CLUB_M = (0.80, 1.14)
_CLUB_MOMENTS = 24
_CLUB_OVER_M = 0.02
# Meshes are made in steps of this length and scaled for the rest, so that few are ever made.
_STEP_M = 0.02
_LEAST_M = 0.01


@dataclass
class PropRig:
    """A clip's things fitted to a body.

    Attributes:
        clip: The motion.
        body: The ``Character``.
        pose: The body in a frame of the clip.
        extents_m: For each thing, extents along x, y, z, metres.
    """

    clip: Clip
    body: Any
    pose: Callable[[int], Any]
    extents_m: tuple[tuple[float, float, float], ...]
    _ground: dict[int, np.ndarray] = field(default_factory=dict)
    _rests: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    @property
    def mesh_extents_m(self) -> tuple[tuple[float, float, float], ...]:
        """Extents in whole steps: what the meshes are made with."""
        steps = np.maximum(np.round(np.array(self.extents_m) / _STEP_M), 1) * _STEP_M
        # Thin things keep their own thickness: a mat of a step would be twice as thick.
        exact = np.where(np.array(self.extents_m) < 2 * _STEP_M, self.extents_m, steps)
        return tuple((float(x), float(y), float(z)) for x, y, z in np.round(exact, 4))

    def matrices(self, frame: int, posed: Any) -> list[np.ndarray]:
        """From each thing's mesh to the character frame, shape (4, 4) each, metres."""
        return [self._matrix(index, frame, posed) for index in range(len(self.clip.props))]

    def _matrix(self, index: int, frame: int, posed: Any) -> np.ndarray:
        prop = self.clip.props[index]
        matrix = self._ground[index] if prop.attach == "ground" else self._held(index, frame, posed)
        scaled = matrix.copy()
        scaled[:3, :3] *= np.array(self.extents_m[index]) / np.array(self.mesh_extents_m[index])
        return scaled

    def _held(self, index: int, frame: int, posed: Any) -> np.ndarray:
        prop = self.clip.props[index]
        first, last = prop.frames if prop.frames != (0, 0) else (0, self.clip.num_frames)
        if first <= frame < last:
            return held_matrix(prop, self.extents_m[index], self.body, posed)
        at = int(np.clip(first if frame < first else last - 1, 0, self.clip.num_frames - 1))
        if (index, at) not in self._rests:
            matrix = held_matrix(prop, self.extents_m[index], self.body, self.pose(at))
            self._rests[index, at] = _stood(prop.kind, matrix, self.extents_m[index])
        return self._rests[index, at]


def prop_rig(clip: Clip, body: Any, pose: Callable[[int], Any] | None = None) -> PropRig:
    """Fit the things of a clip to a body.

    Args:
        clip: The motion.
        body: The ``Character``.
        pose: The body in a frame of the clip, where that is not what ``body.pose`` says.
    """

    def posed(frame: int) -> Any:
        frame = min(frame, clip.num_frames - 1)
        return body.pose(clip, frame) if pose is None else pose(frame)

    size = float(getattr(body, "hip_height_m", 1.0))
    extents, ground = [], {}
    for index, prop in enumerate(clip.props):
        wanted = np.array(PROP_KINDS[prop.kind]) * prop.scale
        if prop.attach == "ground":
            ground[index], wanted = _standing(prop, wanted, posed, body, size)
        elif prop.kind == "box" and prop.attach == "hands":
            wanted[1:] = _box_in_hands(prop, wanted[2], posed, body)
        elif prop.kind == "club":
            wanted[2] = _club_length(prop, posed, clip.num_frames, body)
        x, y, z = np.maximum(wanted, _LEAST_M).tolist()
        extents.append((x, y, z))
    return PropRig(clip, body, posed, tuple(extents), ground)


def prop_matrices(clip: Clip, frame: int, body: Any, posed: Any) -> list[np.ndarray]:
    """Where the things of a clip are in one frame: from their meshes to the character frame, metres.

    Args:
        clip: The motion.
        frame: Which frame.
        body: The ``Character``.
        posed: It in that frame.
    """
    return prop_rig(clip, body).matrices(frame, posed)


def _standing(
    prop: ClipProp, extents: np.ndarray, pose: Callable[[int], Any], body: Any, size: float
) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and extents of a thing on the ground."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn("z", prop.yaw_rad)
    matrix[:2, 3] = size * np.array(prop.position[:2])
    if prop.under_frame >= 0:
        _fit_under(prop, matrix, extents, body, pose(prop.under_frame))
    elif prop.position[2] > 0:
        extents[2] = size * prop.position[2]
    matrix[2, 3] = -_base(prop.kind, (float(extents[0]), float(extents[1]), float(extents[2])))
    if prop.kind == "mat":
        matrix[2, 3] = -0.5 * _SINKS_M
    return matrix, extents


def _fit_under(prop: ClipProp, matrix: np.ndarray, extents: np.ndarray, body: Any, posed: Any) -> None:
    """Make a thing as high as the skin over it, and a chair's back stand behind the body; changes its arguments."""
    bears = (
        np.isin(body.vertex_part_id, _BEARING) if prop.kind in SEATS else np.ones(len(posed.vertices_m), bool)
    )
    points = (posed.vertices_m[bears].astype(float) - matrix[:3, 3]) @ matrix[:3, :3]
    over = (np.abs(points[:, :2]) < 0.45 * extents[:2]).all(axis=1)
    if not over.any():
        return
    # Not the very lowest: hems hang over the edge of a seat.
    top = float(np.percentile(points[over, 2], 1.0)) + _SINKS_M
    extents[2] = max(top, 0.05)
    if prop.kind == "chair":
        behind = points[(points[:, 2] > top + 0.08) & (points[:, 2] < top + 0.45)]
        if len(behind):
            rear = float(np.percentile(behind[:, 0], 0.5))
            back = min(rear + 0.5 * float(extents[0]), 0.0)
            matrix[:3, 3] += matrix[:3, 0] * back


def palm_frames(body: Any, posed: Any) -> dict[str, np.ndarray]:
    """For each side, the palm's frame: T-pose axes (left fingers +y, right -y, palms -z, thumbs +x), 4x4, metres."""
    frames = {}
    for side in "lr":
        bone = posed.bones[f"hand_{side}"]
        joints = body.skeleton.joints_m
        wrist, knuckle = joints[f"wrist_{side}"], joints[f"knuckle_{side}"]
        frame = np.eye(4)
        frame[:3, :3] = bone[:3, :3] @ body.skeleton.align[f"hand_{side}"].T
        middle = wrist + _PALM_SHARE * (knuckle - wrist)
        frame[:3, 3] = bone[:3, :3] @ middle + bone[:3, 3] - _PALM_OUT_M * frame[:3, 2]
        frames[side] = frame
    return frames


def held_matrix(prop: ClipProp, extents_m: tuple[float, float, float], body: Any, posed: Any) -> np.ndarray:
    """A held thing's frame in the character frame, shape (4, 4), metres.

    In one hand a handle runs along the thumb's side; racket and bat go on beyond the thumb, their flat side faces as
    the palm does; a golf club lies aslant in the fingers. Between both hands y runs from the right palm to the left
    one; a box and a bar stay upright, a kettlebell goes on where the fingers point.
    """
    palms = palm_frames(body, posed)
    matrix = np.eye(4)
    if prop.attach == "hands":
        across = palms["l"][:3, 3] - palms["r"][:3, 3]
        matrix[:3, 3] = (palms["l"][:3, 3] + palms["r"][:3, 3]) / 2
        up = np.array([0.0, 0.0, 1.0])
        if prop.kind == "kettlebell":
            up = palms["r"][:3, 1] - palms["l"][:3, 1]
        if np.linalg.norm(np.cross(across, up)) < 1e-3 * np.linalg.norm(across):
            up = np.array([1.0, 0.0, 0.0])
        matrix[:3, :3] = frame_from(across, up, "yz")
    else:
        side = prop.attach[-1]
        matrix[:3, 3] = palms[side][:3, 3]
        thumb, fingers = palms[side][:3, 0], palms[side][:3, 1] * (1.0 if side == "l" else -1.0)
        if prop.kind in _HANDLES_Y:
            matrix[:3, :3] = frame_from(thumb, -fingers, "yz")
        elif prop.kind == "kettlebell":
            matrix[:3, :3] = frame_from(thumb, -fingers, "xz")
        elif prop.kind == "club":
            matrix[:3, :3] = frame_from(club_shaft(thumb, fingers), thumb, "zx")
        else:
            matrix[:3, :3] = frame_from(thumb, fingers, "zx")
    offset = np.array(prop.position, float)
    if prop.kind == "box":
        offset[2] -= 0.5 * extents_m[2]
    elif prop.kind == "ball" and prop.attach != "hands":
        matrix[:3, 3] -= palms[prop.attach[-1]][:3, 2] * max(0.5 * extents_m[0] - _PALM_OUT_M, 0.0)
    matrix[:3, 3] += matrix[:3, :3] @ offset
    _keep_above_floor(prop, matrix, extents_m)
    return matrix


def _lowest(matrix: np.ndarray, extents_m: tuple[float, float, float], base: float) -> float:
    """Height of the lowest corner of a thing's box, whose z starts at ``base``, metres."""
    x, y, z = extents_m
    corners = np.array(
        [[a, b, c] for a in (-x / 2, x / 2) for b in (-y / 2, y / 2) for c in (base, base + z)]
    )
    return float((corners @ matrix[:3, :3].T + matrix[:3, 3])[:, 2].min())


def _base(kind: str, extents_m: tuple[float, float, float]) -> float:
    """Where a thing's box starts along its z, from its origin."""
    if kind in GROUND_KINDS or kind in HELD_BY_END:
        return 0.0
    return -extents_m[2] if kind == "kettlebell" else -0.5 * extents_m[2]


def _keep_above_floor(prop: ClipProp, matrix: np.ndarray, extents_m: tuple[float, float, float]) -> None:
    """Lift what would go through the floor, as short arms or long legs would have it."""
    if prop.kind in ("racket", "bat", "club"):
        return
    low = _lowest(matrix, extents_m, _base(prop.kind, extents_m))
    matrix[2, 3] += max(-low, 0.0)


def _stood(kind: str, matrix: np.ndarray, extents_m: tuple[float, float, float]) -> np.ndarray:
    """A thing that lies about: let down on the floor where that is near."""
    low = _lowest(matrix, extents_m, _base(kind, extents_m))
    result = matrix.copy()
    if 0.0 < low < _NEAR_FLOOR_M:
        result[2, 3] -= low
    return result


def _club_length(prop: ClipProp, pose: Callable[[int], Any], frames: int, body: Any) -> float:
    """Length of a club whose head comes down to the ground and never goes into it, metres."""
    longest = _CLUB_M[1]
    for frame in np.unique(np.linspace(0, frames - 1, _CLUB_MOMENTS).round().astype(int)):
        held = held_matrix(prop, (0.1, 0.1, longest), body, pose(int(frame)))
        if held[2, 2] < -1e-3:
            longest = min(longest, (held[2, 3] - _CLUB_OVER_M) / -held[2, 2])
    return float(max(longest, _CLUB_M[0]))


def _box_in_hands(
    prop: ClipProp, height_m: float, pose: Callable[[int], Any], body: Any
) -> tuple[float, float]:
    """Width of a box that fits between both palms when it is taken, and its height, metres.

    What is taken from the floor is held half way up, whoever takes it.
    """
    palms = palm_frames(body, pose(prop.frames[0]))
    left, right = palms["l"][:3, 3], palms["r"][:3, 3]
    if prop.frames[0] > 0:
        height_m = float(np.clip(left[2] + right[2], 0.6 * height_m, 1.6 * height_m))
    return float(np.clip(np.linalg.norm(left - right), 0.15, 0.7)), height_m
