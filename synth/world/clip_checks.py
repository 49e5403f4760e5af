"""How well a clip suits a body: feet that float or slide, arms inside the body, joints that bend or turn too far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from opensim_models.spine import REGIONAL_RANGES_RAD
from synth.body.character import Skin, build_skin
from synth.body.geometry import vertex_normals
from synth.body.parts import PARTS
from synth.body.rig import BONES, part_ids
from synth.body.spec import SubjectSpec
from synth.motion.clip import SEGMENTS, Clip
from synth.motion.rotations import angle_between_rad, rotation_angle_rad, transpose
from synth.motion.stick import segment_rotations, stick_points

_ARMS = [PARTS[f"{part}_{side}"] for part in ("forearm", "hand") for side in "lr"]
_CORE = [PARTS[name] for name in ("trunk", "thigh_l", "thigh_r", "shank_l", "shank_r")]
# A ball of the foot this little above its height in standing stands on the ground.
_CONTACT_M = 0.012
_DEEPEST_M = 0.12  # beyond, the nearest skin says nothing about inside and outside


@dataclass(frozen=True)
class Fit:
    """Figures of one clip on one body.

    Attributes:
        float_m: How far the balls of feet that should stand are over the ground at worst.
        slide_m: How far a foot slides while it stands, at worst.
        inside_m: How deep hands or forearms are in trunk or legs at worst.
        inside_share: Share of frames in which they are by more than 1 cm.
    """

    float_m: float
    slide_m: float
    inside_m: float
    inside_share: float


def fit_of(
    clip: Clip, body: Any, probe: Probe, stride: int = 3, fitted: Callable[[int], Clip] | None = None
) -> Fit:
    """Pose a body through a clip and measure.

    Args:
        clip: The motion as it was planned.
        body: A ``Character``.
        probe: The same person's skin.
        stride: Every so many frames.
        fitted: The clip with a frame fitted to the body; as it was planned if not given.
    """
    frames = range(0, clip.num_frames, stride)
    plan = stick_points(clip)
    rest = {side: float(_ball_rest(body, side)) for side in "lr"}
    balls: dict[str, list[np.ndarray]] = {"l": [], "r": []}
    depths = []
    for frame in frames:
        shown = clip if fitted is None else fitted(frame)
        posed = body.pose(shown, frame)
        for side in "lr":
            foot = posed.bones[f"foot_{side}"]
            balls[side].append(foot[:3, :3] @ body.skeleton.joints_m[f"toe_{side}"] + foot[:3, 3])
        depths.append(probe.arm_depth_m(shown, frame))
    floats, slides = [0.0], [0.0]
    for side in "lr":
        path = np.array(balls[side])
        height = path[:, 2] - rest[side]
        wanted = plan[f"ball_{side}"][list(frames), 2] < 0.006
        if wanted.any():
            floats.append(float(height[wanted].max()))
        slides.append(_slide(path[:, :2], wanted & (height < _CONTACT_M)))
    deep = np.array(depths)
    return Fit(max(floats), max(slides), float(deep.max()), float((deep > 0.01).mean()))


def _ball_rest(body: Any, side: str) -> float:
    """Height of the ball joint over the sole in standing, metres: the sole is where the lowest skin is."""
    joint = body.skeleton.joints_m[f"toe_{side}"]
    ankle = (body.skeleton.joints_m["hip_l"] + body.skeleton.joints_m["hip_r"])[2] / 2
    return joint[2] - (ankle - body.hip_height_m)


def _slide(path: np.ndarray, stands: np.ndarray) -> float:
    """Largest way between any two moments of one contact, shape (T, 2) and (T,)."""
    worst, start = 0.0, None
    for k in range(len(stands) + 1):
        if k < len(stands) and stands[k]:
            start = k if start is None else start
        elif start is not None:
            run = path[start:k]
            worst = max(worst, float(np.linalg.norm(np.ptp(run, axis=0))))
            start = None
    return worst


@dataclass(frozen=True)
class Probe:
    """A person's bare skin, which has no hems and folds, and which of its vertices are arms and trunk or legs."""

    skin: Skin
    arms: np.ndarray
    core: np.ndarray

    def arm_depth_m(self, clip: Clip, frame: int) -> float:
        """How deep the deepest vertices of hands and forearms lie under the skin of trunk and legs, metres."""
        vertices, _ = self.skin.posed(clip, frame)
        normals = vertex_normals(vertices, self.skin.triangles)
        gap, nearest = cKDTree(vertices[self.core]).query(
            vertices[self.arms], distance_upper_bound=_DEEPEST_M
        )
        near = np.isfinite(gap)
        if not near.any():
            return 0.0
        nearest = self.core[nearest[near]]
        away = vertices[self.arms][near] - vertices[nearest]
        depth = -np.sum(away * normals[nearest], axis=1)
        return float(max(np.sort(depth)[-min(3, len(depth))], 0.0))


def probe_of(spec: SubjectSpec) -> Probe:
    """Build what :meth:`Probe.arm_depth_m` needs."""
    skin = build_skin(spec)
    dense = np.zeros((len(skin.rest_m), len(BONES)))
    np.put_along_axis(dense, skin.bone_indices.astype(np.int64), skin.bone_weights, axis=1)
    ids = part_ids(dense)
    return Probe(skin, np.flatnonzero(np.isin(ids, _ARMS))[::2], np.flatnonzero(np.isin(ids, _CORE)))


@dataclass(frozen=True)
class Joints:
    """What a clip asks of joints, whoever moves.

    Attributes:
        out_of_range_rad: How far a spine coordinate goes beyond its range.
        elbow_deg: Least and greatest bend of the elbows.
        knee_deg: Least and greatest bend of the knees; below 0 is backward.
        fastest_deg_s: Greatest angular speed of a segment against its parent.
        jerkiest_deg: Greatest change of angle from one frame to the next but one, less what speed explains.
    """

    out_of_range_rad: float
    elbow_deg: tuple[float, float]
    knee_deg: tuple[float, float]
    fastest_deg_s: tuple[float, str]
    jerkiest_deg: tuple[float, str]


def joints_of(clip: Clip) -> Joints:
    """Measure a clip's joints."""
    low, high = REGIONAL_RANGES_RAD.T
    beyond = np.maximum(clip.spine_rad - high, low - clip.spine_rad).max()
    p, world = stick_points(clip), segment_rotations(clip)
    bends: dict[str, list[np.ndarray]] = {"elbow": [], "knee": []}
    for side in "lr":
        for joint, (a, b, c), upper in (
            ("elbow", ("shoulder", "elbow", "wrist"), "upper_arm"),
            ("knee", ("hip", "knee", "ankle"), "thigh"),
        ):
            first, second = p[f"{b}_{side}"] - p[f"{a}_{side}"], p[f"{c}_{side}"] - p[f"{b}_{side}"]
            ahead = np.einsum("ti,ti->t", world[f"{upper}_{side}"][..., 0], second)
            wrong = ahead < -1e-3 if joint == "elbow" else ahead > 1e-3
            bends[joint].append(np.degrees(angle_between_rad(first, second)) * np.where(wrong, -1.0, 1.0))
    every = np.concatenate([clip.pelvis_rotation[:, None], clip.limb_rotations], axis=1)
    step = np.degrees(rotation_angle_rad(transpose(every[:-1]) @ every[1:]))
    names = ("pelvis", *SEGMENTS)
    fast = np.unravel_index(step.argmax(), step.shape)
    change = np.abs(np.diff(step, axis=0))
    jerk = np.unravel_index(change.argmax(), change.shape)
    ranges = {joint: (float(np.min(b)), float(np.max(b))) for joint, b in bends.items()}
    return Joints(float(beyond), ranges["elbow"], ranges["knee"], (float(step[fast]) * clip.fps,
        f"{names[fast[1]]}@{fast[0]}"), (float(change[jerk]), f"{names[jerk[1]]}@{jerk[0]}"))  # fmt: skip
