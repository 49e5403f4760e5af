"""Painted cloth: colour and pattern, weave, folds, seams, pockets, prints; one picture a garment.

Each piece of a garment is painted flat, in metres (:mod:`synth.body.garment_charts`): first its colours, then a shade
that multiplies them. Colours are sRGB; row 0 of a picture is v = 1.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numba
import numpy as np

from synth.body import cloth_details, cloth_patterns
from synth.body.garment_charts import STRIP, Chart
from synth.body.garment_folds import fold_shade
from synth.body.garment_shapes import Shaped
from synth.body.garment_shoes import SHAFT_V, SOLE_V, UPPER_V
from synth.body.garment_tape import Landscape
from synth.body.paint import noise
from synth.body.spec import Cloth

CLOTH_SIZE = 1024
SHOE_SIZE = 512
ROUGHNESS = {"cotton": 0.88, "knit": 0.93, "denim": 0.86, "stretch": 0.62, "fleece": 0.95}
_TILE = 256


@lru_cache(maxsize=8)
def weave(fabric: str) -> np.ndarray:
    """How a fabric's threads shade it, about 1, shape (256, 256) float32; repeats; about 1.1 mm a texel."""
    rng = np.random.default_rng(sorted(ROUGHNESS).index(fabric))
    v, u = np.mgrid[:_TILE, :_TILE].astype(np.float32)
    fine, soft = noise(rng, _TILE, (0.7, 0.7)), noise(rng, _TILE, (2.5, 2.5))
    if fabric == "knit":
        stitch = np.abs(((u / 4) % 1) - 0.5) * 2
        rows = np.sin(2 * np.pi * (v / 4 + 0.5 * stitch))
        return (1 + 0.05 * rows - 0.07 * (stitch > 0.75) + 0.025 * fine).astype(np.float32)
    if fabric == "denim":
        twill = np.sin(2 * np.pi * (u + v) / 4)
        slub = noise(rng, _TILE, (14, 0.7))
        return (1 + 0.045 * twill + 0.055 * slub + 0.05 * fine).astype(np.float32)
    if fabric == "stretch":
        return (1 + 0.012 * fine + 0.012 * np.sin(2 * np.pi * u / 4)).astype(np.float32)
    if fabric == "fleece":
        return (1 + 0.018 * soft + 0.02 * fine).astype(np.float32)
    threads = np.sin(np.pi * u) * 0.5 + np.sin(np.pi * v / 2) * 0.5
    return (1 + 0.012 * threads + 0.022 * fine + 0.012 * soft).astype(np.float32)


@numba.njit(cache=True)
def _shaded(color: np.ndarray, shade: np.ndarray, tile: np.ndarray) -> np.ndarray:
    out = np.empty(color.shape, np.uint8)
    size = tile.shape[0]
    for r in range(color.shape[0]):
        for c in range(color.shape[1]):
            light = shade[r, c] * tile[r % size, c % size]
            for k in range(3):
                out[r, c, k] = np.uint8(min(max(color[r, c, k] * light + 0.5, 0.0), 255.0))
    return out


def _patches(rng: np.random.Generator, size: int) -> np.ndarray:
    """Wear: broad patches a little lighter and darker, about 1, float32."""
    small = rng.standard_normal((size // 64, size // 64)).astype(np.float32)
    return 1 + 0.018 * cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)


def cloth_texture(
    shaped: Shaped, land: Landscape, rng: np.random.Generator, band_color: tuple | None = None
) -> np.ndarray:
    """Paint a top or a bottom.

    Args:
        shaped: The garment.
        land: Where pockets and seams go.
        rng: Its numbers.
        band_color: Colour of its ribs, else the cloth's.

    Returns:
        sRGB, shape (1024, 1024, 3), uint8.
    """
    size, cloth = CLOTH_SIZE, shaped.cloth
    color = np.empty((size, size, 3), np.uint8)
    color[:] = cloth.color
    shade = _patches(rng, size)
    design = cloth_patterns.design_rand(cloth, rng)
    for chart in shaped.work.charts:
        rows, columns = chart.pixels(size)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        cloth_patterns.paint(color[rows, columns], chart, cloth, design, land)
        folds = fold_shade(shaped.folds[chart.name])
        shade[rows, columns] *= cv2.resize(folds, shape[::-1], interpolation=cv2.INTER_LINEAR)
    strips = size - round(2 * STRIP * size)
    band = cloth_patterns.band_color(cloth, design) if band_color is None else band_color
    color[strips:] = band
    cloth_details.paint_bands(color[strips:], shade[strips:], shaped)
    for chart in shaped.work.charts:
        rows, columns = chart.pixels(size)
        pen = cloth_details.Pen(color[rows, columns], shade[rows, columns], chart)
        cloth_details.paint_piece(pen, shaped, land, design)
    return _shaded(color, shade, weave(cloth.fabric))


def skirt_texture(
    cloth: Cloth, chart: Chart, folds: np.ndarray, land: Landscape, rng: np.random.Generator
) -> np.ndarray:
    """Paint a skirt's fall; it repeats round the body.

    Args:
        cloth: What it is made of.
        chart: Its one piece, all round.
        folds: Heights of its creases.
        land: The measures.
        rng: Its numbers.
    """
    size = CLOTH_SIZE
    color = np.empty((size, size, 3), np.uint8)
    color[:] = cloth.color
    shade = _patches(rng, size)
    design = cloth_patterns.design_rand(cloth, rng)
    rows, columns = chart.pixels(size)
    cloth_patterns.paint(color[rows, columns], chart, cloth, design, land)
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    shade[rows, columns] *= cv2.resize(fold_shade(folds), shape, interpolation=cv2.INTER_LINEAR)
    pen = cloth_details.Pen(color[rows, columns], shade[rows, columns], chart)
    cloth_details.paint_skirt(pen, cloth)
    return _shaded(color, shade, weave(cloth.fabric))


def shoe_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    """Paint a shoe: u runs round it from the heel, the toe at one half; v from the tread to the opening.

    Returns:
        sRGB, shape (512, 512, 3), uint8.
    """
    size = SHOE_SIZE
    color = np.empty((size, size, 3), np.uint8)
    color[:] = cloth.color
    shade = (1 + 0.025 * noise(rng, size, (1, 1)) + 0.02 * noise(rng, size, (20, 20))).astype(np.float32)
    row = lambda v: round((1 - v) * size)  # noqa: E731
    first, second = np.array(cloth.color, float), np.array(cloth.color2, float)
    sole = (
        np.array([228, 227, 222])
        if cloth.kind == "sneakers" and first.mean() < 205
        else np.array([44, 40, 38])
    )
    if cloth.kind == "sneakers" and first.mean() >= 205:
        sole = np.array([214, 208, 196])
    color[row(SOLE_V) :] = sole
    shade[row(SOLE_V) :] = 1 + 0.35 * (shade[row(SOLE_V) :] - 1)
    if cloth.kind == "sneakers":
        _paint_sneaker(color, shade, row, second, rng)
    elif cloth.kind == "boots":
        _paint_boot(color, shade, row)
    else:
        cv2.line(shade, (0, row(UPPER_V) + 6), (size, row(UPPER_V) + 6), 0.8, 2)
    shade[row(SOLE_V) - 3 : row(SOLE_V) + 2] *= 0.72
    sock = 232 if first.mean() > 110 else 38
    color[: row(SHAFT_V) - 2] = sock
    shade[: row(SHAFT_V) - 2] = 1 + 0.05 * np.sin(np.arange(size) * 1.2)[None]
    return _shaded(color, shade, np.ones((1, 1), np.float32))


def _paint_sneaker(
    color: np.ndarray, shade: np.ndarray, row, second: np.ndarray, rng: np.random.Generator
) -> None:
    size = len(color)
    span = row(SOLE_V) - row(UPPER_V)
    at = lambda u, t: (round(u * size), round(row(SOLE_V) - t * span))  # noqa: E731
    accent = tuple(int(c) for c in second)
    cv2.rectangle(color, (0, row(SOLE_V * 0.62)), (size, row(SOLE_V * 0.50)), accent, -1)
    style = int(rng.integers(4))
    for middle, mirror in ((0.25, 1), (0.75, -1)):  # the sides
        if style == 0:
            for k in range(3):
                u = middle + mirror * (0.05 * (k - 1))
                cv2.line(
                    color, at(u - mirror * 0.015, 0.05), at(u + mirror * 0.02, 0.75), accent, 9, cv2.LINE_AA
                )
        elif style == 1:
            points = [at(middle - mirror * 0.10, 0.45), at(middle, 0.12), at(middle + mirror * 0.14, 0.62)]
            cv2.polylines(color, [np.array(points)], False, accent, 13, cv2.LINE_AA)
        elif style == 2:
            points = [
                at(middle - 0.09, 0.0),
                at(middle - 0.05, 0.5),
                at(middle + 0.05, 0.5),
                at(middle + 0.09, 0.0),
            ]
            cv2.fillPoly(color, [np.array(points)], accent, cv2.LINE_AA)
    heel = [at(-0.01, 0.1), at(-0.01, 0.95), at(0.06, 0.95), at(0.045, 0.1)]
    for flip in (False, True):
        poly = np.array([(size - x, y) if flip else (x, y) for x, y in heel])
        cv2.fillPoly(color, [poly], tuple(int(0.7 * c) for c in accent), cv2.LINE_AA)
    # Toe cap, the laces' field, tongue and laces.
    cv2.ellipse(
        shade, at(0.5, 0.0), (round(0.13 * size), round(0.32 * span)), 0, 180, 360, 0.78, 3, cv2.LINE_AA
    )
    field = [at(0.475, 0.42), at(0.46, 1.0), at(0.54, 1.0), at(0.525, 0.42)]
    cv2.fillPoly(shade, [np.array(field)], 0.78, cv2.LINE_AA)
    cv2.polylines(shade, [np.array(field)], True, 0.62, 2, cv2.LINE_AA)
    lace = (236, 236, 232) if color[at(0.3, 0.9)[1], at(0.3, 0.9)[0]].mean() < 200 else (90, 92, 96)
    for k in range(6):
        t = 0.48 + 0.085 * k
        half = 0.024 + 0.0026 * k
        for a, b in (((0.5 - half, t), (0.5 + half, t + 0.05)), ((0.5 + half, t), (0.5 - half, t + 0.05))):
            start, end = at(*a), at(*b)
            cv2.line(shade, (start[0], start[1] + 2), (end[0], end[1] + 2), 0.6, 3, cv2.LINE_AA)
            cv2.line(color, start, end, lace, 3, cv2.LINE_AA)
            cv2.line(shade, start, end, 1.05, 2, cv2.LINE_AA)
    cv2.rectangle(shade, (0, row(UPPER_V) - 1), (size, row(UPPER_V) + 5), 0.82, -1)


def _paint_boot(color: np.ndarray, shade: np.ndarray, row) -> None:
    size = len(color)
    for v in (SOLE_V + 0.02, UPPER_V - 0.03, SHAFT_V - 0.012):
        cv2.line(shade, (0, row(v)), (size, row(v)), 0.74, 2)
    span = row(SOLE_V) - row(SHAFT_V)
    for k in range(6):
        t = 0.42 + 0.062 * k
        y = round(row(SOLE_V) - t * span)
        for u in (0.47, 0.53):
            cv2.circle(color, (round(u * size), y), 3, (150, 140, 120), -1, cv2.LINE_AA)
        cv2.line(shade, (round(0.47 * size), y), (round(0.53 * size), y - 10), 0.55, 3, cv2.LINE_AA)
        cv2.line(shade, (round(0.53 * size), y), (round(0.47 * size), y - 10), 0.6, 3, cv2.LINE_AA)
    for u in (0.25, 0.75):
        cv2.line(shade, (round(u * size), row(SOLE_V)), (round(u * size), row(SHAFT_V)), 0.75, 2, cv2.LINE_AA)
