"""The paper pattern: every garment's pieces laid flat in its texture, in metres along the cloth.

Tops have a front, a back and two sleeves; trousers two legs that reach up to the waist; what is bound, ribbed or
stitched along an edge lies in two strips of its own at the foot of the texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.body.garment_tape import Landscape
from synth.ramp import ramp

#: Height of the two strips of edge bands, as a share of the texture; the first is ribbed, the second plain.
STRIP = 1 / 32
_FLOOR = 2 * STRIP


@dataclass(frozen=True)
class Chart:
    """A piece of a garment in its texture.

    Attributes:
        name: ``front``, ``back``, ``arm_l``, ``arm_r``, ``leg_l``, ``leg_r`` or ``skirt``.
        box: Left, low, right, high in the texture, 0 to 1, v up.
        s_m: Extent across the piece: towards the wearer's left, or round the limb, metres.
        t_m: Extent along it: heights, or down a sleeve from the shoulder.
    """

    name: str
    box: tuple[float, float, float, float]
    s_m: tuple[float, float]
    t_m: tuple[float, float]

    def uv(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Texture coordinates, shape (..., 2)."""
        x0, y0, x1, y1 = self.box
        a = np.clip((s - self.s_m[0]) / (self.s_m[1] - self.s_m[0]), 0.002, 0.998)
        b = np.clip((t - self.t_m[0]) / (self.t_m[1] - self.t_m[0]), 0.002, 0.998)
        return np.stack([x0 + a * (x1 - x0), y0 + b * (y1 - y0)], axis=-1)

    def pixels(self, size: int) -> tuple[slice, slice]:
        """Rows and columns of the piece in a texture of ``size`` texels."""
        x0, y0, x1, y1 = (round(c * size) for c in self.box)
        return slice(size - y1, size - y0), slice(x0, x1)


def band_uv(s: np.ndarray, depth: np.ndarray, ribbed: np.ndarray) -> np.ndarray:
    """Texture coordinates in the strips: ``s`` along the edge in metres, ``depth`` 0 at the edge to 1, (..., 2)."""
    v = np.clip(1 - depth, 0.06, 0.94) * STRIP
    u = 0.5 + np.clip(s / 1.3, -0.49, 0.49)
    return np.stack([u, np.where(ribbed, v + STRIP, v)], axis=-1)


def trunk_coords(land: Landscape, p: np.ndarray, front: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Across and height on the trunk, for points (..., 3) of front or back pieces: an arc below, flat on top."""
    ahead = p[..., 0] - land.middle_x(p[..., 2])
    side = np.abs(p[..., 1])
    angle = np.arctan2(side, np.where(front, ahead, -ahead))
    arc = land.quarter_m * angle / (np.pi / 2)
    flat = side * land.quarter_m / land.half_width_m
    share = ramp((p[..., 2] - land.pit_height_m + 0.02) / 0.08)
    return np.sign(p[..., 1]) * ((1 - share) * arc + share * flat), p[..., 2]


def _unwrapped(angle: np.ndarray) -> np.ndarray:
    if angle.ndim < 2:
        return angle
    return angle + 2 * np.pi * np.round((angle[..., :1] - angle) / (2 * np.pi))


def arm_coords(land: Landscape, p: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Angle round an arm (0 above and outside, the cut underneath) and length from the shoulder, metres."""
    sign = 1.0 if side == "l" else -1.0
    shoulder, wrist = land.joints_m[f"shoulder_{side}"], land.joints_m[f"wrist_{side}"]
    axis = (wrist - shoulder) / np.linalg.norm(wrist - shoulder)
    up = np.array([0.0, sign, 1.0])
    up -= axis * (up @ axis)
    up /= np.linalg.norm(up)
    ahead = np.cross(axis, up) * sign
    offset = p - shoulder
    return _unwrapped(np.arctan2(offset @ ahead, offset @ up)), offset @ axis


def leg_coords(land: Landscape, p: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Angle round a leg (0 outside, positive in front, the cut inside) and height; halves of the hips belong too."""
    sign = 1.0 if side == "l" else -1.0
    j = {name: land.joints_m[f"{name}_{side}"] for name in ("hip", "knee", "ankle")}
    heights = np.array([0.0, j["ankle"][2], j["knee"][2], land.crotch_height_m, j["hip"][2] + 0.1])
    y = np.array([j["ankle"][1], j["ankle"][1], j["knee"][1], j["hip"][1], sign * 0.5 * land.half_hip_m])
    middle = float(land.middle_x(np.array([j["hip"][2]]))[0])
    x = np.array([j["ankle"][0], j["ankle"][0], j["knee"][0], 0.5 * (j["knee"][0] + middle), middle])
    z = p[..., 2]
    out = sign * (p[..., 1] - np.interp(z, heights, y))
    ahead = p[..., 0] - np.interp(z, heights, x)
    return _unwrapped(np.arctan2(ahead, out)), z


LEG_RADIUS_M = 0.095  # angles become metres with these radii, times stature / 1.7 m
ARM_RADIUS_M = 0.062


def coords(land: Landscape, name: str, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position in a piece, metres, for points of shape (N, 3) or corners (F, 3, 3)."""
    k = land.stature_m / 1.7
    if name in ("front", "back"):
        return trunk_coords(land, p, np.full(p.shape[:-1], name == "front"))
    limb, side = name.split("_")
    if limb == "arm":
        angle, along = arm_coords(land, p, side)
        return angle * ARM_RADIUS_M * k, along
    angle, along = leg_coords(land, p, side)
    return angle * LEG_RADIUS_M * k, along


def piece_of(land: Landscape, p: np.ndarray, arm: np.ndarray, is_top: bool) -> np.ndarray:
    """Name of the piece that points (N, 3) lie in, shape (N,)."""
    left = p[:, 1] > 0
    if not is_top:
        return np.where(left, "leg_l", "leg_r")
    trunk = np.where(p[:, 0] > land.middle_x(p[:, 2]), "front", "back")
    return np.where(arm > 0.5, np.where(left, "arm_l", "arm_r"), trunk)


_BOXES = {
    "top": {
        "front": (0.0, 0.40, 0.5, 1.0), "back": (0.5, 0.40, 1.0, 1.0),
        "arm_l": (0.0, _FLOOR, 0.5, 0.40), "arm_r": (0.5, _FLOOR, 1.0, 0.40),
    },
    "vest": {"front": (0.0, _FLOOR, 0.5, 1.0), "back": (0.5, _FLOOR, 1.0, 1.0)},
    "legs": {"leg_l": (0.0, _FLOOR, 0.5, 1.0), "leg_r": (0.5, _FLOOR, 1.0, 1.0)},
}  # fmt: skip


def lay_out(
    land: Landscape, points_m: np.ndarray, pieces: np.ndarray, has_arms: bool, is_top: bool
) -> list[Chart]:
    """Charts that hold all points of a garment."""
    boxes = _BOXES["legs" if not is_top else "top" if has_arms else "vest"]
    charts = []
    for name, box in boxes.items():
        own = points_m[pieces == name]
        if len(own) == 0:
            continue
        s, t = coords(land, name, own)
        wide = float(np.abs(s).max()) + 0.03
        charts.append(Chart(name, box, (-wide, wide), (float(t.min()) - 0.015, float(t.max()) + 0.015)))
    return charts
