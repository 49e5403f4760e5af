"""The keypoints that the body itself gives: joint centres of the rig and named points of the skin."""

from __future__ import annotations

import numpy as np

from spinepose.skeleton import INDEX, NAMES
from synth.body.anatomy import Anatomy
from synth.body.asset import BodyAsset
from synth.body.joints import SIDES
from synth.body.markers import Prober, SurfacePoints
from synth.body.rig import VERTEBRAE

_SIDE_WORDS = {"l": "left", "r": "right"}
JOINT_KEYPOINTS: dict[str, str] = {
    f"{_SIDE_WORDS[side]}_{joint}": f"{joint}_{side}"
    for side in SIDES
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}
SURFACE_KEYPOINTS: tuple[str, ...] = (
    "nose", "head",
    *(f"{word}_{p}" for word in _SIDE_WORDS.values()
      for p in ("eye", "ear", "big_toe", "small_toe", "heel", "clavicle", "latissimus")),
)  # fmt: skip


def assemble_keypoints(joints_m: dict[str, np.ndarray], surface_m: np.ndarray) -> np.ndarray:
    """All 37 keypoints in the skeleton's order; the nine of the spine are NaN, for they come from the fit.

    Args:
        joints_m: Posed joints, ``<joint>_<side>`` -> (3,).
        surface_m: Posed points in the order of ``SURFACE_KEYPOINTS``, shape (16, 3).
    """
    keypoints = np.full((len(NAMES), 3), np.nan)
    for name, joint in JOINT_KEYPOINTS.items():
        keypoints[INDEX[name]] = joints_m[joint]
    for name, point in zip(SURFACE_KEYPOINTS, surface_m, strict=True):
        keypoints[INDEX[name]] = point
    return keypoints


def _vertices_of_bone(asset: BodyAsset, prefix: str, side: str) -> np.ndarray:
    bones = [i for i, b in enumerate(asset.bones) if b.startswith(prefix) and b.endswith(f".{side.upper()}")]
    owner = asset.bone_indices[: asset.num_body, 0]
    return np.flatnonzero(np.isin(owner, bones))


def find_surface_keypoints(
    asset: BodyAsset,
    prober: Prober,
    joints_m: dict[str, np.ndarray],
    anatomy: Anatomy,
    eyes: dict[str, tuple[np.ndarray, np.ndarray]],
    eye_height_m: float,
) -> SurfacePoints:
    """Find the named skin points on the rest mesh.

    Args:
        asset: The baked body.
        prober: Its rest skin.
        joints_m: Rest joints.
        anatomy: The subject's vertebrae, for the levels of trunk points.
        eyes: For each side, corners (3,) and weights (3,) of the eyeball's front.
        eye_height_m: Height of the eyes, to find the nose below them.

    Returns:
        Points in the order of ``SURFACE_KEYPOINTS``.
    """
    v = prober.vertices_m
    ahead, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    middle = np.flatnonzero(
        (np.abs(v[:, 1]) < 0.012) & (v[:, 2] < eye_height_m) & (v[:, 2] > eye_height_m - 0.065)
    )
    head_centre = np.array([anatomy.rest_frames_m[-1, 0, 3] + 0.005, 0.0, eye_height_m])
    points = {"nose": prober.farthest(middle, ahead), "head": prober.ray(head_centre, up, ("head",))}
    ears = asset.ear_vertices
    t8 = anatomy.rest_frames_m[VERTEBRAE.index("T8"), :3, 3]
    for side, word in _SIDE_WORDS.items():
        s = 1.0 if side == "l" else -1.0
        out = np.array([0.0, s, 0.0])
        points[f"{word}_eye"] = eyes[side]
        centre = v[ears[s * v[ears, 1] > 0.03]].mean(axis=0)
        points[f"{word}_ear"] = prober.ray(centre - 0.03 * out, out, ("head",))
        foot = joints_m[f"toe_{side}"] - joints_m[f"ankle_{side}"]
        forward = np.array([foot[0], foot[1], 0.0]) / np.hypot(foot[0], foot[1])
        points[f"{word}_big_toe"] = prober.farthest(_vertices_of_bone(asset, "toe1", side), forward)
        points[f"{word}_small_toe"] = prober.farthest(_vertices_of_bone(asset, "toe5", side), forward)
        points[f"{word}_heel"] = prober.farthest(_vertices_of_bone(asset, "foot", side), -forward)
        collar = (joints_m[f"clavicle_{side}"] + joints_m[f"shoulder_{side}"]) / 2
        points[f"{word}_clavicle"] = prober.ray(collar, np.array([0.75, 0.0, 0.65]), ("trunk", "neck"))
        points[f"{word}_latissimus"] = prober.ray(t8 + 0.03 * ahead, np.array([-0.45, s, 0.0]), ("trunk",))
    ordered = [points[name] for name in SURFACE_KEYPOINTS]
    return SurfacePoints(np.stack([p[0] for p in ordered]), np.stack([p[1] for p in ordered]))
