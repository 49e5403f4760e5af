"""Joint centres of a body at rest, from the rig's bones, corrected where artists placed them for looks."""

from __future__ import annotations

import numpy as np

from synth.body.asset import BodyAsset

SIDES = ("l", "r")
# Half the distance between the hip joint centres as a share of stature: 85 to 90 mm at 1.70 m, from imaging studies
# [mem: Harrington 2007, Bell 1989]. The rig's hips lie at 0.060 to 0.070, in the greater trochanters.
HALF_HIP_WIDTH = 0.052
# The rig's hips lie 35 to 60 mm behind where Harrington's regression puts them from the pelvis' four spines (measured
# over BMI 18 to 34), and in front of S1, which is never so. This share of stature (34 mm at 1.70 m) mends both.
HIP_FORWARD = 0.020
# The rig's shoulder lies under the deltoid; the centre of the humeral head is nearer the middle by about 0.008 of
# stature (biacromial breadth 0.23 of stature, the head's centre 25 mm inside the acromion's edge) [mem].
SHOULDER_INWARD = 0.008

_BONES = {
    "clavicle": "clavicle", "shoulder": "upperarm01", "elbow": "lowerarm01", "wrist": "wrist",
    "knuckle": "finger3-1", "index": "finger2-1", "little": "finger5-1",
    "hip": "upperleg01", "knee": "lowerleg01", "ankle": "foot", "toe": "toe2-1", "small_toe": "toe5-1",
    "mid_upper_arm": "upperarm02", "mid_forearm": "lowerarm02", "mid_thigh": "upperleg02", "mid_shank": "lowerleg02",
}  # fmt: skip


def rest_joints(asset: BodyAsset, vertices_m: np.ndarray, stature_m: float) -> dict[str, np.ndarray]:
    """Joint centres at rest.

    Args:
        asset: The baked body.
        vertices_m: Rest vertices of the whole asset in the character frame, shape (V, 3).
        stature_m: Standing height.

    Returns:
        ``<joint>_<side>`` -> position in the character frame, shape (3,).
    """
    heads = asset.bone_heads_m(vertices_m)
    joints = {}
    for side in SIDES:
        sign = 1.0 if side == "l" else -1.0
        for joint, bone in _BONES.items():
            joints[f"{joint}_{side}"] = heads[f"{bone}.{side.upper()}"].copy()
        joints[f"hip_{side}"][1] = sign * HALF_HIP_WIDTH * stature_m
        joints[f"hip_{side}"][0] += HIP_FORWARD * stature_m
        joints[f"shoulder_{side}"][1] -= sign * SHOULDER_INWARD * stature_m
    return joints
