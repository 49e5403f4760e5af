"""Where garments end: fields over the rest body, in metres, positive on the covered side.

The same functions are evaluated on the cloth (to cut it) and on the skin (to drop what it covers).
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    joints_m: dict[str, np.ndarray]
    stature_m: float
    s1_height_m: float
    nape_m: np.ndarray
    notch_m: np.ndarray
    crotch_height_m: float
    neck_half_width_m: float


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


def armhole(land: Landscape, vertices_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Covered on the trunk side of a sleeveless garment's armholes."""
    field = np.full(len(vertices_m), FAR_M)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        shoulder = land.joints_m[f"shoulder_{side}"]
        normal = np.array([0.0, sign * 0.93, 0.37])
        inner = shoulder - np.array([0.0, sign * 0.022 * land.stature_m, 0.0])
        beyond = -(vertices_m - inner) @ normal
        ball = np.linalg.norm(vertices_m - shoulder, axis=1) - 0.07 * land.stature_m
        field = np.minimum(field, np.where(sign * vertices_m[:, 1] > 0, np.maximum(beyond, ball), FAR_M))
    return np.where(_on_arm(weights) & (along_arm(land, vertices_m) > 0.3), -0.1, field)


def neckline(land: Landscape, vertices_m: np.ndarray, depth_m: float, width_m: float) -> np.ndarray:
    """Covered outside an upright oval tube around the neck, which leaves the body just below nape and notch.

    Args:
        land: The body's measures.
        vertices_m: Shape (V, 3).
        depth_m: How far below the jugular notch the front goes, about.
        width_m: Half the width of the opening; a thick neck widens it.
    """
    width = max(width_m, land.neck_half_width_m + 0.012)
    back = land.nape_m[0] - 0.004
    front = land.notch_m[0] + 0.45 * depth_m
    flat = (
        np.hypot((vertices_m[:, 0] - (front + back) / 2) / ((front - back) / 2), vertices_m[:, 1] / width) - 1
    )
    high = vertices_m[:, 2] > land.notch_m[2] - 0.04 - 1.5 * depth_m
    field = np.where(high, flat * min(width, (front - back) / 2), FAR_M)
    throat = (vertices_m[:, 2] > land.notch_m[2] + 0.035) & (vertices_m[:, 0] > (front + back) / 2)
    field = np.where(throat & (np.abs(vertices_m[:, 1]) < 0.75 * width), -0.05, field)
    return np.minimum(field, land.nape_m[2] + 0.02 - vertices_m[:, 2])


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
