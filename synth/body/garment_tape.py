"""What a tailor measures on a body at rest, and the simple fields that garments are cut by.

The same functions are evaluated on the cloth (to cut it) and on the skin (to drop what it covers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.body.rig import BONES

FAR_M = 0.5
_ARM = [i for i, b in enumerate(BONES) if b.startswith(("upper_arm", "forearm", "hand"))]
_LEG = [i for i, b in enumerate(BONES) if b.startswith(("thigh", "shank", "foot", "toes"))]
_FOOT = [i for i, b in enumerate(BONES) if b.startswith(("foot", "toes"))]


@dataclass(frozen=True)
class Landscape:
    """What a tailor measures on a body at rest.

    Attributes:
        joints_m: ``<joint>_<side>`` -> (3,).
        stature_m: Standing height.
        s1_height_m: Height of the S1 endplate, where waistbands hang.
        nape_m: Skin over C7, shape (3,).
        notch_m: Skin of the jugular notch, shape (3,).
        crotch_height_m: Where the legs part.
        neck_half_width_m: Half the width of the neck above C7.
        pit_height_m: Where arm and trunk part.
        half_shoulder_m: Half the distance between the shoulder joints.
        half_width_m: Half the trunk's width below the armpits.
        half_hip_m: Half the width at the hips.
        quarter_m: A quarter of the girth below the armpits.
        ridge: Height of the shoulder's ridge over its distance from the middle, shape (R, 2).
        middle: Middle between front and back over height, rising, shape (M, 2): x, z.
    """

    joints_m: dict[str, np.ndarray]
    stature_m: float
    s1_height_m: float
    nape_m: np.ndarray
    notch_m: np.ndarray
    crotch_height_m: float
    neck_half_width_m: float
    pit_height_m: float
    half_shoulder_m: float
    half_width_m: float
    half_hip_m: float
    quarter_m: float
    ridge: np.ndarray
    middle: np.ndarray

    @property
    def waist_height_m(self) -> float:
        """The natural waist, between hips and chest."""
        return self.s1_height_m + 0.38 * (self.pit_height_m - self.s1_height_m)

    def ridge_height(self, side_m: float) -> float:
        """Height of the shoulder's ridge at a distance from the middle."""
        return float(np.interp(side_m, self.ridge[:, 0], self.ridge[:, 1]))

    def middle_x(self, height_m: np.ndarray) -> np.ndarray:
        """Middle between front and back of the trunk at heights."""
        return np.interp(height_m, self.middle[:, 1], self.middle[:, 0])


def trunk_measures(
    points_m: np.ndarray, weights: np.ndarray, joints_m: dict[str, np.ndarray]
) -> dict[str, Any]:
    """What :class:`Landscape` needs of the trunk, from points round the body (:mod:`synth.body.garment_form`)."""
    arm, leg = arm_share(weights), leg_share(weights)
    side, z = np.abs(points_m[:, 1]), points_m[:, 2]
    shoulder, hip = joints_m["shoulder_l"], joints_m["hip_l"]
    between = (arm > 0.35) & (arm < 0.65)
    pit = float(np.percentile(z[between], 4))
    trunk = arm < 0.35
    sides = np.linspace(0.045, shoulder[1], 8)
    ridge = [z[trunk & (np.abs(side - s) < 0.014)].max() for s in sides]
    heights = np.linspace(hip[2] - 0.06, pit + 0.02, 8)
    rings = [trunk & (leg < 0.9) & (np.abs(z - h) < 0.02) for h in heights]
    middle = [(points_m[ring, 0].min() + points_m[ring, 0].max()) / 2 for ring in rings]
    # On the shoulders the middle is their ridge, which lies where the surface is highest.
    high = trunk & (np.abs(side - 0.55 * shoulder[1]) < 0.02) & (z > pit)
    top = points_m[high][np.argmax(z[high])]
    chest = trunk & (np.abs(z - pit + 0.02) < 0.025)
    half_width = float(side[chest].max())
    depth = float(np.ptp(points_m[chest, 0])) / 2
    hips = np.abs(z - hip[2]) < 0.03
    return {
        "pit_height_m": pit,
        "half_shoulder_m": float(shoulder[1]),
        "half_width_m": half_width,
        "half_hip_m": float(side[hips & (arm < 0.1)].max()),
        "quarter_m": float(np.pi / 2 * np.sqrt((half_width**2 + depth**2) / 2)),
        "ridge": np.stack([sides, np.array(ridge)], axis=1),
        "middle": np.array(
            [*zip(middle, heights, strict=True), (top[0], top[2] - 0.01), (top[0], top[2] + 0.3)]
        ),
    }


def _on_arm(weights: np.ndarray) -> np.ndarray:
    return weights[:, _ARM].sum(axis=1) > 0.5


def along_arm(land: Landscape, vertices_m: np.ndarray) -> np.ndarray:
    """How far along its arm each vertex lies: 0 shoulder, 1 elbow, 2 wrist, shape (V,); for arm vertices only."""
    best = np.zeros(len(vertices_m))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        shoulder, elbow, wrist = (land.joints_m[f"{j}_{side}"] for j in ("shoulder", "elbow", "wrist"))
        upper, fore = elbow - shoulder, wrist - elbow
        a = (vertices_m - shoulder) @ upper / (upper @ upper)
        b = 1 + (vertices_m - elbow) @ fore / (fore @ fore)
        along = np.where((a > 1) & (b > 1) | (b > 1.15), np.maximum(b, 1.0), np.minimum(a, 1.0))
        best = np.where(sign * vertices_m[:, 1] > 0, along, best)
    return best


def sleeve(land: Landscape, vertices_m: np.ndarray, weights: np.ndarray, end: float) -> np.ndarray:
    """Covered where an arm is nearer to the trunk than ``end`` (0 shoulder, 1 elbow, 2 wrist)."""
    lengths = np.linalg.norm(land.joints_m["elbow_l"] - land.joints_m["shoulder_l"])
    return np.where(_on_arm(weights), (end - along_arm(land, vertices_m)) * lengths, FAR_M)


def above(height_m: float, vertices_m: np.ndarray, weights: np.ndarray, arms: float = FAR_M) -> np.ndarray:
    """Covered above a height, arms aside."""
    return np.where(_on_arm(weights), arms, vertices_m[:, 2] - height_m)


def below(height_m: float, vertices_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Covered below a height; arms never are."""
    return np.where(_on_arm(weights), -FAR_M, height_m - vertices_m[:, 2])


def leg_share(weights: np.ndarray) -> np.ndarray:
    """Weight of leg bones of each vertex, shape (V,)."""
    return weights[:, _LEG].sum(axis=1)


def arm_share(weights: np.ndarray) -> np.ndarray:
    """Weight of arm bones of each vertex, shape (V,)."""
    return weights[:, _ARM].sum(axis=1)
