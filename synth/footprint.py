"""Roughly where a moving body is, from its clip and its size alone: to keep people apart and in the picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from synth.motion.clip import Clip
from synth.motion.props import prop_discs
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
        discs_m: Floor that the motion's things take (a chair, a mat) and the body's own points do not cover: x, y,
            radius, shape (D, 3).
    """

    points_m: np.ndarray
    radii_m: np.ndarray
    discs_m: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))

    def placed(self, x_m: float, y_m: float, yaw_rad: float) -> Footprint:
        """The same body turned about z and moved over the floor."""
        cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
        shift = np.array([x_m, y_m, 0.0])
        discs = np.column_stack([self.discs_m[:, :2] @ turn[:2, :2].T + shift[:2], self.discs_m[:, 2]])
        return Footprint(self.points_m @ turn.T + shift, self.radii_m, discs)

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
    discs = np.array(prop_discs(clip)).reshape(-1, 3) * size
    return Footprint(np.stack(points, axis=1) * size, np.array(radii) * stature_m * bulk, discs)


def plan_gap_m(a: Footprint, b: Footprint) -> float:
    """Least distance between two bodies at the same times and their things, seen from above, metres.

    Negative where they may touch.
    """
    gaps = np.linalg.norm(a.points_m[:, :, None, :2] - b.points_m[:, None, :, :2], axis=-1)
    least = float((gaps - a.radii_m[:, None] - b.radii_m).min())
    for one, other in ((a, b), (b, a)):
        for x, y, radius in one.discs_m:
            least = min(least, disc_gap_m(other, x, y, radius))
    return least


def disc_gap_m(body: Footprint, x_m: float, y_m: float, radius_m: float) -> float:
    """Least distance between a body or its things and a disc on the floor, seen from above, metres."""
    spot = np.array([x_m, y_m])
    gap = float((np.linalg.norm(body.points_m[..., :2] - spot, axis=-1) - body.radii_m).min())
    for x, y, radius in body.discs_m:
        gap = min(gap, float(np.hypot(x - x_m, y - y_m)) - radius)
    return gap - radius_m


def inside_area(body: Footprint, area_m: tuple[float, float, float, float]) -> bool:
    """Whether a body and its things stay within a rectangle (x0, y0, x1, y1) of the floor."""
    plan = np.concatenate([body.points_m[..., :2].reshape(-1, 2), body.discs_m[:, :2]])
    return bool((plan >= np.array(area_m[:2])).all() and (plan <= np.array(area_m[2:])).all())
