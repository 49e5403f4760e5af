"""Where garments end: neck, armholes, sleeves, legs and hems of every kind, as fields over a body at rest.

A field is metres inside the border, positive where cloth is. The same fields cut the cloth and tell which skin and
which inner cloth lie under it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from synth.body import garment_tape as regions
from synth.body.garment_tape import FAR_M, Landscape
from synth.body.spec import Cloth
from synth.ramp import ramp

Fields = dict[str, np.ndarray]


@dataclass(frozen=True)
class Cut:
    """The borders of one garment.

    Attributes:
        borders: (vertices, weights) -> border name (``neck``, ``arm``, ``hem``, ``waist``, ``front``) -> field.
        bands: Border name -> width of its band (ribbing, waistband, stitched hem), metres.
        rib: Borders whose band is ribbed or elastic.
    """

    borders: Callable[[np.ndarray, np.ndarray], Fields]
    bands: dict[str, float]
    rib: frozenset[str] = frozenset()

    def covers(self, vertices_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Metres inside the nearest border, shape (N,)."""
        return np.minimum.reduce(list(self.borders(vertices_m, weights).values()))

    def hides(self, vertices_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """As :meth:`covers`, but a waistband, which nobody looks into, counts sixfold."""
        borders = self.borders(vertices_m, weights)
        return np.minimum.reduce([f * (6 if name == "waist" else 1) for name, f in borders.items()])


def lerp(span: tuple[float, float], share: float) -> float:
    """Between two numbers."""
    return span[0] + (span[1] - span[0]) * share


def _front_share(land: Landscape, v: np.ndarray) -> np.ndarray:
    return ramp((v[:, 0] - land.middle_x(v[:, 2])) / 0.03 + 0.5)


def neckline(
    land: Landscape, v: np.ndarray, width_m: float, front_m: float, back_m: float, power: tuple[float, float]
) -> np.ndarray:
    """Covered below a curve round the neck.

    Args:
        land: The body's measures.
        v: Vertices, shape (N, 3).
        width_m: Half the opening's width where it crosses the shoulders.
        front_m: Lowest point below the jugular notch.
        back_m: Lowest point below the nape.
        power: Shape in front and behind: 1 is a V, 2 round, 4 square.
    """
    width_m = max(width_m, land.neck_half_width_m + 0.008)
    top = land.ridge_height(width_m)
    side = np.abs(v[:, 1])
    faces = []
    for low, p in ((land.notch_m[2] - front_m, power[0]), (land.nape_m[2] - back_m, power[1])):
        t = np.minimum(side / width_m, 1.0)
        depth = max(top - low, 0.004)
        curve = top - depth * (1 - t**p) + 2.5 * np.maximum(side - width_m, 0)
        slope = np.where(side > width_m, 2.5, depth * p * t ** (p - 1) / width_m)
        faces.append((curve - v[:, 2]) / np.sqrt(1 + slope**2))
    share = _front_share(land, v)
    return share * faces[0] + (1 - share) * faces[1]


def straps(
    land: Landscape,
    v: np.ndarray,
    w: np.ndarray,
    outer_m: float,
    front_m: float,
    back_m: float,
    drop_m: float,
    waist: tuple[float, float] = (0.45, 0.45),
) -> np.ndarray:
    """Covered inside the armholes of a sleeveless garment.

    Args:
        land: The body's measures.
        v: Vertices, shape (N, 3).
        w: Weights.
        outer_m: Half width over the straps' outer edges on the shoulders.
        front_m: Half width where the front is narrowest.
        back_m: The same of the back: small for a racer back.
        drop_m: How far below the armpit the holes end.
        waist: Where front and back are narrowest, from the holes' ends (0) to the shoulders (1).
    """
    top = land.ridge_height(outer_m)
    low = land.pit_height_m - drop_m
    side = np.abs(v[:, 1])
    faces = []
    for narrow, place in ((front_m, waist[0]), (back_m, waist[1])):
        at = low + (top - low) * place
        wide = land.half_width_m
        knots_z = np.array([low - 0.30, low - 0.012, low + 0.3 * (at - low), at, top, top + 0.2])
        knots_y = np.array(
            [wide + 0.3, wide + 0.02, lerp((wide, narrow), 0.72), narrow, outer_m, outer_m + 0.02]
        )
        curve = PchipInterpolator(knots_z, knots_y, extrapolate=True)
        z = np.clip(v[:, 2], knots_z[0], knots_z[-1])
        faces.append((curve(z) - side) / np.sqrt(1 + curve(z, 1) ** 2))
    share = _front_share(land, v)
    field = share * faces[0] + (1 - share) * faces[1]
    return np.minimum(field, (0.5 - regions.arm_share(w)) * 0.12)


def _sleeve(end: float, land: Landscape, v: np.ndarray, w: np.ndarray) -> np.ndarray:
    return regions.sleeve(land, v, w, end)


def high_cut(land: Landscape, v: np.ndarray, height_m: float) -> np.ndarray:
    """Covered above the leg openings of a leotard, which rise by ``height_m`` from crotch to hip."""
    low = land.crotch_height_m - 0.012
    side = np.abs(v[:, 1])
    rise = height_m / max(land.half_hip_m - 0.03, 0.05)
    line = (v[:, 2] - low - 0.012 - rise * np.maximum(side - 0.03, 0)) / np.sqrt(1 + rise**2)
    behind = 1 - _front_share(land, v)
    back_line = (v[:, 2] - low - 0.62 * rise * np.maximum(side - 0.045, 0)) / np.sqrt(1 + (0.62 * rise) ** 2)
    line = (1 - behind) * line + behind * back_line
    return np.minimum(line, v[:, 2] - low)


def _hem_height(cloth: Cloth, land: Landscape) -> float:
    h, hip = land.stature_m, land.joints_m["hip_l"][2]
    under_chest = land.pit_height_m - 0.082 * h
    spans = {
        "sports_top": (under_chest, land.waist_height_m + 0.045 * h),
        "hoodie": (hip + 0.042 * h, hip + 0.01 * h),
        "jacket": (hip + 0.05 * h, hip - 0.005 * h),
        "dress": (land.waist_height_m, land.waist_height_m),
        "shirt": (hip + 0.03 * h, hip - 0.012 * h),
    }
    low = lerp(spans.get(cloth.kind, (hip + 0.045 * h, hip - 0.012 * h)), cloth.length)
    return max(low, land.crotch_height_m + 0.045)


def _sleeve_end(cloth: Cloth, style: float) -> float | None:
    """Where sleeves end (0 shoulder, 1 elbow, 2 wrist), or None for straps."""
    ends = {
        "tshirt": lerp((0.42, 0.78), cloth.length),
        "long_sleeve": lerp((1.82, 1.94), cloth.length),
        "shirt": 1.92 if style < 0.72 else 0.72,
        "hoodie": 1.93,
        "jacket": 1.93,
        "dress": {0: None, 1: 0.34, 2: 0.75, 3: 1.9}[int(style * 4)],
        "leotard": 1.9 if style > 0.72 else None,
    }
    return ends.get(cloth.kind)


def top_cut(cloth: Cloth, land: Landscape, style: float) -> Cut:
    """Borders of a top.

    Args:
        cloth: What it is.
        land: Whom it is for.
        style: 0 to 1, chooses among cuts of the same kind (necklines, sleeves).
    """
    kind, k = cloth.kind, land.stature_m / 1.7
    end, hem = _sleeve_end(cloth, style), _hem_height(cloth, land)
    shoulder = land.half_shoulder_m
    # half width at the shoulders, below the notch, below the nape, powers in front and behind
    necks: dict[str, tuple[float, float, float, tuple[float, float]]] = {
        "tshirt": (0.078, 0.016, 0.004, (2.2, 2.2)) if style < 0.66 else (0.078, 0.075, 0.004, (1.15, 2.2)),
        "long_sleeve": (0.078, 0.014, 0.004, (2.2, 2.2)) if style < 0.8 else (0.082, 0.07, 0.006, (1.2, 2.2)),
        "tank": (0.082, 0.06, 0.03, (2.4, 2.6)),
        "shirt": (0.070, 0.018, 0.0, (1.3, 2.5)),
        "hoodie": (0.078, 0.022, 0.004, (1.8, 2.2)),
        "jacket": (0.074, 0.012, 0.0, (1.8, 2.4)),
        "singlet": (0.080, 0.075, 0.055, (2.6, 2.2)),
        "sports_top": (0.078, 0.065, 0.06, (2.4, 2.0)),
        "leotard": (0.088, 0.05, lerp((0.34, 0.05), cloth.length), (2.6, 2.2)),
        "dress": (0.09, 0.045 + 0.03 * style, 0.03, (2.4, 2.4)),
    }
    width, front, back, power = necks[kind]

    def borders(v: np.ndarray, w: np.ndarray) -> Fields:
        out = {"neck": neckline(land, v, width * k, front * k, back * k, power)}
        if end is not None:
            out["arm"] = _sleeve(end, land, v, w)
        elif kind == "singlet":
            out["arm"] = straps(land, v, w, 0.72 * shoulder, 0.62 * shoulder, 0.34 * shoulder, 0.07 * k)
        elif kind == "sports_top":
            out["arm"] = straps(
                land, v, w, 0.66 * shoulder, 0.60 * shoulder, 0.20 * shoulder, 0.012, (0.5, 0.52)
            )
        elif kind == "leotard":
            out["arm"] = straps(land, v, w, 0.76 * shoulder, 0.70 * shoulder, 0.72 * shoulder, 0.02)
        else:
            out["arm"] = straps(land, v, w, 0.80 * shoulder, 0.74 * shoulder, 0.74 * shoulder, 0.018)
        if kind == "leotard":
            out["hem"] = np.where(
                regions.arm_share(w) > 0.5, FAR_M, high_cut(land, v, (0.05 + 0.07 * style) * k)
            )
        else:
            tail = (
                0.035 * (1 - np.minimum(np.abs(v[:, 1]) / land.half_width_m, 1) ** 2)
                if kind == "shirt"
                else 0
            )
            out["hem"] = regions.above(hem, v, w) + tail
        if is_open(cloth, style):
            open_m = 0.03 + 0.03 * cloth.looseness
            gap = np.where(_front_share(land, v) > 0.5, np.abs(v[:, 1]) - open_m, FAR_M)
            out["front"] = gap
        return out

    bands = {
        "tshirt": {"neck": 0.018, "arm": 0.02, "hem": 0.022},
        "long_sleeve": {"neck": 0.02, "arm": 0.025, "hem": 0.022},
        "tank": {"neck": 0.01, "arm": 0.01, "hem": 0.02},
        "shirt": {"arm": 0.055 if (end or 0) > 1 else 0.02, "hem": 0.012},
        "hoodie": {"arm": 0.055, "hem": 0.055},
        "jacket": {"arm": 0.045, "hem": 0.045},
        "singlet": {"neck": 0.01, "arm": 0.01, "hem": 0.02},
        "sports_top": {"neck": 0.009, "arm": 0.009, "hem": 0.035},
        "leotard": {"neck": 0.008, "arm": 0.008, "hem": 0.008},
        "dress": {"neck": 0.008, "arm": 0.012},
    }[kind]
    rib = {
        "tshirt": {"neck"},
        "long_sleeve": {"neck", "arm"},
        "hoodie": {"arm", "hem"},
        "jacket": {"arm", "hem"},
    }
    if kind == "jacket" and cloth.fabric == "denim":
        rib = {}
    return Cut(borders, bands, frozenset(rib.get(kind, ())))


def is_open(cloth: Cloth, style: float) -> bool:
    """Whether a jacket is worn open over a shirt."""
    return cloth.kind == "jacket" and style < 0.45


def waist_of(cloth: Cloth, land: Landscape) -> float:
    """Height of a bottom's upper edge."""
    rise = {"leggings": 0.034, "skirt": 0.038, "jeans": 0.018, "shorts": 0.022}.get(cloth.kind, 0.024)
    return land.s1_height_m + rise * land.stature_m


def bottom_cut(cloth: Cloth, land: Landscape, barefoot: bool) -> Cut:
    """Borders of a bottom other than a skirt's fall (a skirt's short lining is cut here)."""
    waist = waist_of(cloth, land)
    knee, ankle = land.joints_m["knee_l"][2], land.joints_m["ankle_l"][2]
    thigh, shank = land.crotch_height_m - knee, knee - ankle
    long_end = ankle + lerp((0.06, -0.012), min(cloth.length * 1.6, 1.0))
    ends = {
        "trousers": max(long_end, 0.045 if barefoot else 0.03),
        "jeans": max(long_end, 0.045 if barefoot else 0.03),
        "leggings": ankle + lerp((0.55 * shank, 0.02), min(cloth.length * 2.5, 1.0)),
        "shorts": knee + lerp((0.62, 0.05), cloth.length) * thigh,
        "skirt": land.crotch_height_m - 0.10 * thigh,
    }
    end = ends[cloth.kind]

    def borders(v: np.ndarray, w: np.ndarray) -> Fields:
        back = 0.012 * (1 - _front_share(land, v))
        return {"waist": regions.below(waist, v, w) + back, "hem": regions.above(end, v, w)}

    band = {"jeans": 0.038, "leggings": 0.05, "trousers": 0.035, "shorts": 0.035, "skirt": 0.03}[cloth.kind]
    elastic = cloth.kind == "leggings" or cloth.fabric in ("stretch", "fleece", "knit")
    bands = {"waist": band, "hem": 0.018}
    cuffed = cloth.kind == "trousers" and cloth.fabric == "fleece"
    if cuffed:
        bands["hem"] = 0.05
    return Cut(borders, bands, frozenset(({"waist"} if elastic else set()) | ({"hem"} if cuffed else set())))
