"""A posed body's bones as frames: what ``vget /object/X/bones`` tells."""

from __future__ import annotations

from typing import Any

import numpy as np

from opensim_models.anatomy.coordinates import JOINT_LEVELS

# Bone -> (skin bone whose rotation it has, joint where it begins).
_LIMBS = {
    "clavicle": ("clavicle", "clavicle"),
    "upper_arm": ("upper_arm_near", "shoulder"),
    "forearm": ("forearm_near", "elbow"),
    "hand": ("hand", "wrist"),
    "thigh": ("thigh_near", "hip"),
    "shank": ("shank_near", "knee"),
    "foot": ("foot", "ankle"),
    "toes": ("toes", "toe"),
}
# A vertebra's columns are forward, up, right; the character's are forward, left, up.
_TO_CHARACTER_AXES = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def bone_frames(body: Any, posed: Any) -> dict[str, np.ndarray]:
    """Frames of the vertebrae and the limbs in the character frame.

    A frame's origin is the joint where the bone begins. A limb's axes are those of the character (x forward,
    y left, z up) in the rest pose and turn with the bone; a vertebra's are its own forward, left and up.

    Args:
        body: The ``Character``.
        posed: One of its ``PosedBody``.

    Returns:
        Name -> 4x4 matrix, metres; the vertebrae first, from the sacrum up.
    """
    frames = {}
    for name, frame in zip(("sacrum", *JOINT_LEVELS), posed.vertebrae, strict=True):
        frames[name] = frame.copy()
        frames[name][:3, :3] = frame[:3, :3] @ _TO_CHARACTER_AXES
    for side in "lr":
        for bone, (skin_bone, joint) in _LIMBS.items():
            frame = posed.bones[f"{skin_bone}_{side}"].copy()
            frame[:3, 3] += frame[:3, :3] @ body.skeleton.joints_m[f"{joint}_{side}"]
            frames[f"{bone}_{side}"] = frame
    return frames
