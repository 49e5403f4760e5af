"""What is sewn on and into cloth: seams, stitching, plackets, buttons, zips, pockets, cords, ribs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from synth.body.cloth_patterns import Design
from synth.body.garment_charts import Chart, coords
from synth.body.garment_cuts import is_open
from synth.body.garment_shapes import Shaped
from synth.body.garment_tape import Landscape
from synth.body.spec import Cloth

_SHIFT = 4  # cv2 draws at sixteenths of a texel
Point = tuple[float, float]
_STITCH_JEANS = (176, 128, 66)
_METAL = (150, 148, 140)


@dataclass(frozen=True)
class Pen:
    """Draws on one piece in metres: s across, t along.

    Attributes:
        color: The piece's colours, (H, W, 3) uint8.
        shade: What multiplies them, (H, W) float32.
        chart: The piece.
    """

    color: np.ndarray
    shade: np.ndarray
    chart: Chart

    @property
    def scale(self) -> np.ndarray:
        """Texels a metre across and along."""
        c = self.chart
        height, width = self.shade.shape
        return np.array([width / (c.s_m[1] - c.s_m[0]), height / (c.t_m[1] - c.t_m[0])])

    def _at(self, points: Sequence[Point] | np.ndarray) -> np.ndarray:
        p = np.asarray(points, float)
        xy = np.stack([p[:, 0] - self.chart.s_m[0], self.chart.t_m[1] - p[:, 1]], axis=1) * self.scale
        return np.round(xy * (1 << _SHIFT)).astype(np.int32)

    def _width(self, width_m: float) -> int:
        return max(round(width_m * float(self.scale.mean())), 1)

    def line(self, points: Sequence[Point] | np.ndarray, color: tuple, width_m: float) -> None:
        """A coloured line."""
        cv2.polylines(self.color, [self._at(points)], False, color, self._width(width_m), cv2.LINE_AA, _SHIFT)

    def dark(
        self, points: Sequence[Point] | np.ndarray, shade: float = 0.72, width_m: float = 0.0015
    ) -> None:
        """A line of shade."""
        cv2.polylines(self.shade, [self._at(points)], False, shade, self._width(width_m), cv2.LINE_AA, _SHIFT)

    def seam(self, points: Sequence[Point] | np.ndarray, depth: float = 1.0) -> None:
        """A seam: a dark line with a light one beside it."""
        p = np.asarray(points, float)
        self.dark(p + np.array([0.0022, 0.0012]), 1 + 0.07 * depth, 0.002)
        self.dark(p, 1 - 0.30 * depth, 0.0016)

    def stitch(self, points: Sequence[Point] | np.ndarray, color: tuple, dash_m: float = 0.0045) -> None:
        """A dashed line of thread."""
        p = np.asarray(points, float)
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
        for start in np.arange(0, length[-1], dash_m * 1.6):
            ends = np.array([start, min(start + dash_m, length[-1])])
            dash = np.stack([np.interp(ends, length, p[:, k]) for k in range(2)], axis=1)
            cv2.polylines(self.color, [self._at(dash)], False, color, 1, cv2.LINE_AA, _SHIFT)

    def fill(self, points: Sequence[Point], shade: float | None = None, color: tuple | None = None) -> None:
        """A filled shape."""
        if color is not None:
            cv2.fillPoly(self.color, [self._at(points)], color, cv2.LINE_AA, _SHIFT)
        if shade is not None:
            cv2.fillPoly(self.shade, [self._at(points)], shade, cv2.LINE_AA, _SHIFT)

    def button(self, s: float, t: float, color: tuple, radius_m: float = 0.0055) -> None:
        """A round button with a shadow under it."""
        for place, shade in (((s + 0.001, t - 0.002), 0.6), ((s, t), 1.0)):
            x, y = self._at([place])[0]
            radius = round(radius_m * float(self.scale.mean()) * (1 << _SHIFT))
            cv2.circle(self.shade, (int(x), int(y)), radius, shade, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(self.color, (int(x), int(y)), radius, color, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(self.shade, (int(x), int(y)), radius, 0.75, 1, cv2.LINE_AA, _SHIFT)

    def glow(self, s: float, t: float, size_s: float, size_t: float, gain: float) -> None:
        """Lighten (or darken) an oval softly."""
        c = self.chart
        height, width = self.shade.shape
        ss = np.linspace(*c.s_m, width, dtype=np.float32)
        tt = np.linspace(c.t_m[1], c.t_m[0], height, dtype=np.float32)
        along, across = np.exp(-(((tt - t) / size_t) ** 2)), np.exp(-(((ss - s) / size_s) ** 2))
        np.multiply(self.shade, 1 + gain * along[:, None] * across[None], out=self.shade)


def _darker(color: tuple, share: float = 0.7) -> tuple:
    return tuple(int(share * c) for c in color)


def _thread(cloth: Cloth) -> tuple:
    """Thread that just shows on the cloth."""
    return (
        _darker(cloth.color, 0.75)
        if np.mean(cloth.color) > 70
        else tuple(min(int(c + 26), 255) for c in cloth.color)
    )


def _button_color(cloth: Cloth) -> tuple:
    return (232, 228, 218) if np.mean(cloth.color) < 190 else (120, 112, 100)


def paint_bands(color: np.ndarray, shade: np.ndarray, shaped: Shaped) -> None:
    """Paint the strips of ribs (upper half) and of plain hems (lower half)."""
    half = len(color) // 2
    columns = np.arange(color.shape[1])
    shade[:half] *= (1 + 0.10 * np.sin(2 * np.pi * columns / 4.0))[None].astype(np.float32)
    if shaped.cloth.kind in ("sports_top", "leggings", "leotard"):
        shade[half:] *= 0.97
        return
    thread = _STITCH_JEANS if shaped.cloth.fabric == "denim" else _thread(shaped.cloth)
    for row in (half + 3, len(color) - 4):
        color[row, (columns % 6) < 4] = thread
        shade[row] *= 0.93
        shade[row - 1] *= 0.97


def paint_piece(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    """Draw the details of one piece of a garment."""
    name, kind = pen.chart.name, shaped.cloth.kind
    if name in ("front", "back"):
        for side in (-1, 1):  # side seams
            s = side * land.quarter_m
            pen.seam([(s, pen.chart.t_m[0]), (s, land.pit_height_m - 0.02)], 0.6)
        paint = {"shirt": _shirt, "hoodie": _hoodie, "jacket": _jacket, "leotard": _leotard}.get(kind)
        if paint:
            paint(pen, shaped, land, design)
    elif name.startswith("leg"):
        _side_seams(pen)
        paint = {"jeans": _jeans, "trousers": _trousers, "shorts": _shorts, "leggings": _leggings}.get(kind)
        if paint:
            if kind == "shorts" and shaped.cloth.fabric == "denim":
                paint = _jeans
            paint(pen, shaped, land, design)
    elif name.startswith("arm") and kind in ("hoodie", "jacket", "shirt"):
        s = pen.chart.s_m[1] * 0.8
        pen.seam([(s, pen.chart.t_m[0]), (s, pen.chart.t_m[1])], 0.4)


def _up(s: float, low: float, high: float) -> list[Point]:
    return [(s, low), (s, high)]


def _shirt(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    low, high = pen.chart.t_m
    if pen.chart.name == "back":
        yoke = land.pit_height_m + 0.085
        pen.seam([(-0.3, yoke - 0.008), (0, yoke), (0.3, yoke - 0.008)])
        for s in (-0.017, 0.017):
            pen.dark(_up(s, low + 0.2, yoke), 0.86, 0.003)
        return
    for s in (-0.017, 0.017):
        pen.seam(_up(s, low, high), 0.8)
    pen.stitch(_up(0.0135, low, high), _thread(shaped.cloth))
    top = land.notch_m[2] - 0.01
    for k in range(8):
        pen.button(0.0, top - 0.088 * k, _button_color(shaped.cloth))
    if design.variant < 0.7:
        s, t = 0.095, land.pit_height_m + 0.0
        pen.seam(
            [(s - 0.05, t), (s - 0.05, t - 0.115), (s, t - 0.13), (s + 0.05, t - 0.115), (s + 0.05, t)], 0.8
        )
        pen.seam([(s - 0.05, t), (s + 0.05, t)], 1.0)


def _zip(pen: Pen, low: float, high: float, s: float = 0.0) -> None:
    pen.dark(_up(s, low, high), 0.55, 0.010)
    pen.line(_up(s, low, high), _METAL, 0.005)
    pen.stitch(_up(s, low, high), (60, 60, 60), 0.002)
    for edge in (-0.012, 0.012):
        pen.seam(_up(s + edge, low, high), 0.6)


def _hoodie(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    low, high = pen.chart.t_m
    if pen.chart.name == "back":
        return
    zipped = shaped.style < 0.35
    base = low + 0.075
    wide, narrow, top = 0.155, 0.085, base + 0.175
    for side in (-1, 1):
        opening = [(side * wide, base + 0.05), (side * narrow, top)]
        pen.dark([(side * (wide - 0.006), base + 0.045), (side * (narrow - 0.006), top - 0.006)], 0.80, 0.012)
        pen.seam(opening, 1.2)
        pen.seam([(side * wide, base), (side * wide, base + 0.05)], 0.8)
    pen.seam([(-narrow, top), (narrow, top)], 0.9)
    pen.glow(0, base + 0.08, 0.13, 0.08, 0.035)
    if zipped:
        _zip(pen, low, high)
    cord = (228, 226, 220) if np.mean(shaped.cloth.color) < 150 else _darker(shaped.cloth.color, 0.6)
    neck = land.notch_m[2] + 0.005
    for side, length in ((-1, 0.15), (1, 0.165)):
        points = [(side * 0.036, neck), (side * 0.041, neck - 0.06), (side * 0.037, neck - length)]
        pen.dark(np.array(points) + np.array([0.004, -0.002]), 0.72, 0.005)
        pen.line(points, cord, 0.0048)
        pen.line([points[-1], (points[-1][0], points[-1][1] - 0.014)], _METAL, 0.006)


def _jacket(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    low, high = pen.chart.t_m
    denim = shaped.cloth.fabric == "denim"
    thread = _STITCH_JEANS if denim else _thread(shaped.cloth)
    yoke = land.pit_height_m + 0.05
    pen.seam([(-0.35, yoke), (0.35, yoke)], 0.8)
    if denim:
        pen.stitch([(-0.35, yoke - 0.006), (0.35, yoke - 0.006)], thread)
    if pen.chart.name == "back":
        if denim:
            for side in (-1, 1):
                pen.seam([(side * 0.11, yoke), (side * 0.06, low)], 0.9)
        return
    if is_open(shaped.cloth, shaped.style):
        edge = 0.03 + 0.03 * shaped.cloth.looseness
        for side in (-1, 1):
            pen.seam(_up(side * (edge + 0.022), low, high), 0.7)
            pen.line(_up(side * (edge + 0.004), low, high), _METAL, 0.004)
    elif denim:
        for s in (-0.02, 0.02):
            pen.seam(_up(s, low, high), 0.9)
        for k in range(6):
            pen.button(0.0, land.notch_m[2] - 0.03 - 0.095 * k, (150, 122, 84), 0.007)
    else:
        _zip(pen, low, high)
    for side in (-1, 1):
        if denim:
            s, t = side * 0.115, yoke - 0.012
            flap = [
                (s - 0.06, t),
                (s - 0.06, t - 0.045),
                (s, t - 0.062),
                (s + 0.06, t - 0.045),
                (s + 0.06, t),
            ]
            pen.seam(flap)
            pen.button(s, t - 0.046, (150, 122, 84), 0.007)
        a, b = (side * 0.16, low + 0.10), (side * 0.125, low + 0.25)
        pen.dark([a, b], 0.55, 0.008)
        pen.seam([(a[0] - side * 0.012, a[1]), (b[0] - side * 0.012, b[1])], 0.7)


def _leotard(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    t = np.linspace(land.crotch_height_m + 0.02, land.pit_height_m + 0.08, 24)
    middle = land.waist_height_m
    for side in (-1, 1):
        s = side * (0.075 + 0.045 * ((t - middle) / 0.25) ** 2)
        pen.seam(np.stack([s, t], axis=1), 0.6)


def _side_seams(pen: Pen) -> None:
    pen.seam(_up(0.0, *pen.chart.t_m), 0.8)
    inner = pen.chart.s_m[1] - 0.03
    pen.seam(_up(inner, *pen.chart.t_m), 0.5)


def _fly(land: Landscape, name: str) -> tuple[float, float]:
    """Where the middle in front and behind lies across a leg's piece at the hips."""
    height = 0.5 * (land.crotch_height_m + land.s1_height_m)
    middle = float(land.middle_x(np.array([height]))[0])
    points = np.array([[middle + 0.10, 0.0, height], [middle - 0.10, 0.0, height]])
    s, _ = coords(land, name, points)
    return float(s[0]), float(s[1])


def _jeans(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    front, back = _fly(land, pen.chart.name)
    thread = _STITCH_JEANS if np.mean(shaped.cloth.color) < 150 else (150, 140, 120)
    high = pen.chart.t_m[1] - 0.015
    waist = high - shaped.work.cut.bands.get("waist", 0.04)
    low = pen.chart.t_m[0]
    for s in (0.004, -0.004):
        pen.stitch(_up(s, low, waist), thread)
    curve = np.linspace(0, np.pi / 2, 9)
    pocket = np.stack([0.012 + 0.10 * np.sin(curve), waist - 0.085 * np.cos(curve)], axis=1)
    pen.dark(pocket + np.array([0.0, 0.005]), 0.75, 0.006)
    pen.seam(pocket)
    pen.stitch(pocket - [0.0, 0.006], thread)
    if pen.chart.name == "leg_l":
        j = np.array([(front - 0.035, waist), (front - 0.035, waist - 0.11), (front - 0.004, waist - 0.15)])
        pen.stitch(j, thread)
        pen.dark(_up(front - 0.008, waist - 0.15, waist), 0.75, 0.003)
    s, t, half = back * 0.52, waist - 0.065, 0.068
    patch = [
        (s - half, t),
        (s - half, t - 0.11),
        (s, t - 0.135),
        (s + half, t - 0.11),
        (s + half, t),
        (s - half, t),
    ]
    pen.seam(patch)
    pen.stitch(np.array(patch) * [0.93, 1] + [0.07 * s, -0.005], thread)
    pen.stitch([(s - half, t - 0.05), (s, t - 0.068), (s + half, t - 0.05)], thread)
    yoke = [(back, waist - 0.065), (0.0, waist - 0.035)]
    pen.seam(yoke)
    pen.stitch(np.array(yoke) - [0, 0.005], thread)
    worn = 0.10 + 0.22 * design.variant
    knee = land.joints_m["knee_l"][2]
    pen.glow(0.35 * front, 0.5 * (knee + land.crotch_height_m) + 0.03, 0.05, 0.16, worn)
    pen.glow(0.35 * front, knee, 0.045, 0.06, 0.6 * worn)
    pen.glow(0.5 * back, land.crotch_height_m + 0.04, 0.06, 0.07, 0.7 * worn)


def _trousers(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    front, back = _fly(land, pen.chart.name)
    high, low = pen.chart.t_m[1] - 0.015, pen.chart.t_m[0]
    waist = high - shaped.work.cut.bands.get("waist", 0.04)
    pen.dark([(0.055, waist), (0.008, waist - 0.16)], 0.66, 0.005)
    pen.seam([(0.055, waist), (0.008, waist - 0.16)])
    if shaped.cloth.fabric in ("fleece", "stretch", "knit"):
        if pen.chart.name == "leg_l":
            cord = (226, 224, 218) if np.mean(shaped.cloth.color) < 150 else _darker(shaped.cloth.color, 0.6)
            for k, length in ((-0.012, 0.11), (-0.03, 0.09)):
                pen.line([(front + k, high - 0.02), (front + 1.4 * k, high - 0.02 - length)], cord, 0.0048)
        return
    if pen.chart.name == "leg_l":
        pen.seam([(front - 0.035, waist), (front - 0.035, waist - 0.12), (front - 0.004, waist - 0.16)], 0.7)
    pen.dark([(back * 0.3, waist - 0.07), (back * 0.3 - 0.12, waist - 0.07)], 0.6, 0.005)
    pen.button(back * 0.3 - 0.06, waist - 0.083, _darker(shaped.cloth.color, 0.6), 0.006)
    if shaped.cloth.fabric == "cotton" and shaped.style < 0.5:  # pressed creases
        for s in (0.5 * front, -0.5 * front):
            pen.dark(_up(s + 0.004, low, waist - 0.12), 0.88, 0.004)
            pen.dark(_up(s, low, waist - 0.12), 1.12, 0.003)


def _shorts(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    front, _ = _fly(land, pen.chart.name)
    high, low = pen.chart.t_m[1] - 0.015, pen.chart.t_m[0]
    waist = high - shaped.work.cut.bands.get("waist", 0.04)
    pen.dark([(0.05, waist), (0.006, waist - 0.14)], 0.68, 0.005)
    if pen.chart.name == "leg_l" and shaped.cloth.fabric != "cotton":
        cord = (230, 228, 222)
        for k, length in ((-0.010, 0.085), (-0.026, 0.07)):
            pen.line([(front + k, high - 0.02), (front + 1.4 * k, high - 0.02 - length)], cord, 0.0045)
    pen.dark(_up(0.0, low, low + 0.05), 0.6, 0.003)


def _leggings(pen: Pen, shaped: Shaped, land: Landscape, design: Design) -> None:
    front, _ = _fly(land, pen.chart.name)
    low, high = pen.chart.t_m
    t = np.linspace(low, high - 0.06, 30)
    if design.variant < 0.6:
        pen.seam(np.stack([0.05 - 0.02 * np.sin(7 * t), t], axis=1), 0.5)
    pen.seam(_up(front - 0.002, land.crotch_height_m, high), 0.4)


def paint_skirt(pen: Pen, cloth: Cloth) -> None:
    """Side seams and stitched edges of a skirt's fall."""
    low, high = pen.chart.t_m
    half = pen.chart.s_m[1]
    for s in (-0.5 * half, 0.5 * half):
        pen.seam(_up(s, low, high), 0.6)
    thread = _STITCH_JEANS if cloth.fabric == "denim" else _thread(cloth)
    pen.stitch([(-half, low + 0.018), (half, low + 0.018)], thread)
    pen.dark([(-half, low + 0.003), (half, low + 0.003)], 0.8, 0.003)
    if cloth.kind == "skirt":
        pen.seam([(-half, high - 0.034), (half, high - 0.034)], 1.0)
        if cloth.fabric == "denim":
            pen.stitch([(-half, high - 0.030), (half, high - 0.030)], thread)
            _zip(pen, high - 0.2, high - 0.04)
