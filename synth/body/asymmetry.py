"""Left is never quite right: limbs of unlike length and shoulders of unlike height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose.rng import rng_for
from synth.body.joints import SIDES

# Standard deviations between the sides of one person. Legs differ by 5 mm on average (Knutson 2005 [mem]), which is
# 6 mm (SD) of 0.9 m; arms by about as much of 0.55 m [guess]; shoulders by 7 mm of 0.16 m of clavicle [guess].
_LEG_SD, _ARM_SD, _GIRDLE_SD_RAD = 0.0065, 0.008, np.radians(1.8)
_MAX_SD = 2.5
_LEG = ("thigh_near", "thigh", "shank_near", "shank", "foot", "toes")
_ARM = ("upper_arm_near", "upper_arm", "forearm_near", "forearm", "hand")
_LEG_JOINTS = ("hip", "knee", "ankle", "toe", "small_toe", "mid_thigh", "mid_shank")
_ARM_JOINTS = ("elbow", "wrist", "knuckle", "index", "little", "mid_upper_arm", "mid_forearm")


@dataclass(frozen=True)
class Asymmetry:
    """How the sides of a body differ.

    Attributes:
        leg: Left leg's length over the mean of both, less 1; the right one has its opposite.
        arm: The same for the arms.
        girdle_rad: How far the left clavicle points up more than at rest; the right one points down by as much.
    """

    leg: float
    arm: float
    girdle_rad: float

    def of(self, value: float, side: str) -> float:
        return value if side == "l" else -value


def asymmetry_of(seed: int, factor: float) -> Asymmetry:
    """The asymmetry of a subject: ``factor`` times an ordinary one drawn from the seed."""
    draws = np.clip(rng_for(seed, "asymmetry").normal(0.0, 1.0, 3), -_MAX_SD, _MAX_SD)
    leg, arm, girdle = 0.5 * factor * draws * np.array([_LEG_SD, _ARM_SD, _GIRDLE_SD_RAD])
    return Asymmetry(float(leg), float(arm), float(girdle))


def make_unlike(
    vertices_m: np.ndarray,
    joints_m: dict[str, np.ndarray],
    weights: np.ndarray,
    bones: dict[str, int],
    own: Asymmetry,
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Lengthen and shorten limbs at rest.

    Arms grow from the shoulder. Legs grow from the ground up, so that both feet stand level at rest, too: the leg's own
    hip then lies over or under the pelvis' joint, where posing puts it.

    Args:
        vertices_m: Rest vertices, standing on z = 0, shape (V, 3).
        joints_m: Rest joints.
        weights: Bone weights of the limbs, shape (V, 52).
        bones: Index of each bone.
        own: How the sides differ.

    Returns:
        Vertices (V, 3), joints of the limbs, and the pelvis' own hip joints by side, (3,) each.
    """
    vertices, joints = vertices_m.copy(), dict(joints_m)
    hips = {side: joints_m[f"hip_{side}"].copy() for side in SIDES}
    for side in SIDES:
        ground = hips[side] * (1.0, 1.0, 0.0)
        for names, points, share, centre in (
            (_LEG, _LEG_JOINTS, own.of(own.leg, side), ground),
            (_ARM, _ARM_JOINTS, own.of(own.arm, side), joints_m[f"shoulder_{side}"]),
        ):
            weight = weights[:, [bones[f"{name}_{side}"] for name in names]].sum(axis=1)
            vertices += (share * weight)[:, None] * (vertices_m - centre)
            for point in points:
                joint = joints_m[f"{point}_{side}"]
                joints[f"{point}_{side}"] = joint + share * (joint - centre)
    return vertices, joints, hips
