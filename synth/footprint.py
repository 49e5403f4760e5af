"""Roughly where a moving body is, from its clip and its size alone: to keep people apart and in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.motion.clip import Clip
from synth.motion.stick import BONES, stick_points

# Mid-hip height as a share of stature: the unit of clips.
_HIP_HEIGHT = 0.53
_STEPS = 3
# Half the thickness of a clothed body of middling weight, shares of stature [guess]; bulk scales them.
_RADII = {"trunk": 0.10, "head": 0.07, "limb": 0.05}
_TRUNK = {"sacrum", "L5", "L3", "T12", "T8", "T3", "hip_l", "hip_r", "clavicle_l", "clavicle_r"}
_HEAD = {"C1", "head_top", "face"}


@dataclass(frozen=True)
class Footprint:
    """Points along a body over time.

    Attributes:
        points_m: Shape (T, P, 3), metres.
        radii_m: Thickness of the body around each point, shape (P,).
    """

    points_m: np.ndarray
    radii_m: np.ndarray

    def placed(self, x_m: float, y_m: float, yaw_rad: float) -> Footprint:
        """The same body turned about z and moved over the floor."""
        cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
        return replace(self, points_m=self.points_m @ turn.T + np.array([x_m, y_m, 0.0]))

    def at(self, time_index: int) -> Footprint:
        """The body at one of the times."""
        return replace(self, points_m=self.points_m[time_index : time_index + 1])

    @property
    def middle_m(self) -> np.ndarray:
        """Middle of the box around all points at all times, shape (3,)."""
        flat = self.points_m.reshape(-1, 3)
        return (flat.min(0) + flat.max(0)) / 2


def footprint(clip: Clip, frames: np.ndarray, stature_m: float, bmi: float) -> Footprint:
    """Sample a body along its bones, in the character frame.

    Args:
        clip: The motion.
        frames: Indices of its frames, shape (T,).
        stature_m: Height, metres.
        bmi: Body mass index; width goes with the square root of mass over height.
    """
    fields = ("pelvis_position", "pelvis_rotation", "spine_rad", "limb_rotations", "clearance")
    part = replace(clip, hand_curl=None, **{name: getattr(clip, name)[frames] for name in fields})
    joints = stick_points(part)
    points, radii = [], []
    for start, end in BONES:
        kind = "trunk" if {start, end} <= _TRUNK else "head" if {start, end} <= _HEAD else "limb"
        for share in np.linspace(0, 1, _STEPS + 1):
            points.append(joints[start] + share * (joints[end] - joints[start]))
            radii.append(_RADII[kind])
    size = stature_m * _HIP_HEIGHT
    bulk = max(1.0, np.sqrt(bmi / 24.0))
    return Footprint(np.stack(points, axis=1) * size, np.array(radii) * stature_m * bulk)


def plan_gap_m(a: Footprint, b: Footprint) -> float:
    """Least distance between two bodies at the same times, seen from above, metres; negative where they may touch."""
    gaps = np.linalg.norm(a.points_m[:, :, None, :2] - b.points_m[:, None, :, :2], axis=-1)
    return float((gaps - a.radii_m[:, None] - b.radii_m).min())


def disc_gap_m(body: Footprint, x_m: float, y_m: float, radius_m: float) -> float:
    """Least distance between a body and a disc on the floor, seen from above, metres."""
    gaps = np.linalg.norm(body.points_m[..., :2] - np.array([x_m, y_m]), axis=-1)
    return float((gaps - body.radii_m).min() - radius_m)


def inside_area(body: Footprint, area_m: tuple[float, float, float, float]) -> bool:
    """Whether a body stays within a rectangle (x0, y0, x1, y1) of the floor."""
    plan = body.points_m[..., :2]
    return bool((plan >= np.array(area_m[:2])).all() and (plan <= np.array(area_m[2:])).all())
