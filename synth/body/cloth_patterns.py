"""Patterns of cloth: stripes, checks, dots, blocks of colour, drawn motifs and all-over prints."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.body.garment_charts import Chart
from synth.body.garment_tape import Landscape
from synth.body.spec import TOPS, Cloth


@dataclass(frozen=True)
class Design:
    """What is drawn from a pattern's name.

    Attributes:
        period_m: Of stripes, checks and dots.
        share: Of the second colour in a stripe.
        upright: Stripes run up the body.
        variant: 0 to 1, chooses among layouts and motifs.
        seed: For shapes.
        third: A colour between the two.
    """

    period_m: float
    share: float
    upright: bool
    variant: float
    seed: int
    third: tuple[int, int, int]


def design_rand(cloth: Cloth, rng: np.random.Generator) -> Design:
    """Draw a pattern's measures."""
    spans = {"stripes": (0.012, 0.075), "checks": (0.02, 0.09), "dots": (0.016, 0.05)}
    low, high = spans.get(cloth.pattern, (0.03, 0.06))
    mixed = 0.5 * np.array(cloth.color) + 0.5 * np.array(cloth.color2) + rng.normal(0, 30, 3)
    r, g, b = (int(c) for c in np.clip(mixed, 10, 245))
    return Design(
        float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        float(rng.uniform(0.2, 0.55)),
        bool(rng.random() < (0.5 if cloth.kind in ("shirt", "trousers", "skirt") else 0.12)),
        float(rng.random()),
        int(rng.integers(2**31)),
        (r, g, b),
    )


def band_color(cloth: Cloth, design: Design) -> tuple[int, int, int]:
    """Colour of ribs and hems: the second colour in blocked designs and on some others."""
    second = cloth.pattern == "blocks" or (cloth.pattern in ("print", "stripes") and design.variant < 0.3)
    return cloth.color2 if second else cloth.color


def _grid(chart: Chart, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Metres across (1, W) and along (H, 1) of a piece's texels."""
    rows, columns = shape
    s = np.linspace(*chart.s_m, columns, dtype=np.float32)[None]
    t = np.linspace(chart.t_m[1], chart.t_m[0], rows, dtype=np.float32)[:, None]
    return s, t


def _edge(x: np.ndarray, width: float) -> np.ndarray:
    return np.clip(x / width + 0.5, 0, 1)


def _wave(x: np.ndarray, period: float, share: float) -> np.ndarray:
    """1 in stripes, 0 between, with soft edges of about a millimetre."""
    phase = np.mod(x / period, 1)
    return _edge((share / 2 - np.abs(phase - 0.5)) * period, 0.0015)


def _lay(color: np.ndarray, over: tuple[int, int, int], share: np.ndarray) -> None:
    """Mix a colour into a picture where ``share`` says, 0 to 1."""
    base = color[0, 0].astype(np.float32)
    table = base + np.arange(256, dtype=np.float32)[:, None] / 255 * (np.array(over, np.float32) - base)
    index = np.broadcast_to(np.round(share * 255).astype(np.uint8), color.shape[:2])
    color[:] = np.round(table).astype(np.uint8)[index]


def paint(color: np.ndarray, chart: Chart, cloth: Cloth, design: Design, land: Landscape) -> None:
    """Paint one piece, shape (H, W, 3) uint8, that is plain so far."""
    s, t = _grid(chart, color.shape[:2])
    if cloth.pattern == "stripes":
        along = s if design.upright != chart.name.startswith("none") and design.upright else t
        _lay(color, cloth.color2, _wave(along, design.period_m, design.share))
    elif cloth.pattern == "checks":
        _checks(color, s, t, cloth, design)
    elif cloth.pattern == "dots":
        p = design.period_m
        row = np.floor(t / p)
        a = np.mod(s / p + 0.5 * np.mod(row, 2), 1) - 0.5
        b = np.mod(t / p, 1) - 0.5
        _lay(color, cloth.color2, _edge((0.15 + 0.2 * design.share - np.hypot(a, b)) * p, 0.0015))
    elif cloth.pattern == "blocks":
        _blocks(color, chart, s, t, cloth, design, land)
    elif cloth.pattern == "print":
        _print(color, chart, s, t, cloth, design, land)


def _checks(color: np.ndarray, s: np.ndarray, t: np.ndarray, cloth: Cloth, design: Design) -> None:
    p = design.period_m
    if design.variant < 0.45:  # gingham
        share = 0.5 * (_wave(s, p, 0.5) + _wave(t, p, 0.5))
    elif design.variant < 0.8:  # tartan: broad bands with thin lines
        wide = 0.5 * (_wave(s, 2 * p, 0.5) + _wave(t, 2 * p, 0.5))
        thin = np.maximum(_wave(s + 0.5 * p, 2 * p, 0.06), _wave(t + 0.5 * p, 2 * p, 0.06))
        share = np.clip(0.75 * wide + 0.5 * thin, 0, 1)
    else:  # window pane
        share = np.maximum(_wave(s, 1.6 * p, 0.06), _wave(t, 1.6 * p, 0.06))
    _lay(color, cloth.color2, share)


def _blocks(
    color: np.ndarray,
    chart: Chart,
    s: np.ndarray,
    t: np.ndarray,
    cloth: Cloth,
    design: Design,
    land: Landscape,
) -> None:
    style = int(design.variant * 4)
    side = 0.75 * land.quarter_m
    if chart.name.startswith("arm"):
        if style == 0:
            color[:] = cloth.color2
        elif style == 1:  # a stripe down the sleeve
            _lay(color, cloth.color2, _edge(0.016 - np.abs(s), 0.002) + 0 * t)
        elif style == 3:
            _lay(color, cloth.color2, _edge(t - 0.14, 0.002) + 0 * s)
    elif chart.name.startswith("leg"):
        width = 0.02 if style % 2 else 0.05
        stripe = _edge(width - np.abs(s), 0.002)
        if style == 3:
            stripe = _edge(0.006 - np.abs(np.abs(s) - 0.012), 0.002)
        _lay(color, cloth.color2, stripe + 0 * t)
    elif style == 1:
        _lay(
            color, cloth.color2, _edge(np.abs(s) - side + 0.1 * (land.pit_height_m - t) * 0.3, 0.002) + 0 * t
        )
    elif style == 2:
        _lay(color, cloth.color2, _edge(t - (land.pit_height_m - 0.04), 0.002) + 0 * s)
    elif style == 3:
        low, high = land.pit_height_m - 0.17, land.pit_height_m - 0.07
        _lay(color, cloth.color2, np.minimum(_edge(t - low, 0.002), _edge(high - t, 0.002)) + 0 * s)


def _print(
    color: np.ndarray,
    chart: Chart,
    s: np.ndarray,
    t: np.ndarray,
    cloth: Cloth,
    design: Design,
    land: Landscape,
) -> None:
    all_over = (
        cloth.kind not in TOPS
        or cloth.kind in ("dress", "leotard", "shirt", "sports_top")
        or design.variant > 0.85
    )
    if all_over:
        tile = all_over_tile(cloth, design)
        scale = len(tile) / 0.20
        rows, columns = np.mod(t * scale, len(tile)).astype(int), np.mod(s * scale, len(tile)).astype(int)
        color[:] = tile[rows, columns]
        return
    back_too = design.variant < 0.25
    if chart.name == "front" or (chart.name == "back" and back_too):
        size = 0.20 + 0.10 * design.share
        small = chart.name == "front" and design.variant < 0.12
        rng = np.random.default_rng(design.seed)
        picture, mask = motif(rng, cloth.color2, design.third)
        centre_s, centre_t = (0.085, land.pit_height_m - 0.005) if small else (0.0, land.pit_height_m - 0.075)
        _stamp(color, chart, picture, mask, centre_s, centre_t, 0.08 if small else size)


def _stamp(
    color: np.ndarray, chart: Chart, picture: np.ndarray, mask: np.ndarray, s: float, t: float, size_m: float
) -> None:
    """Lay a square picture on a piece, its middle at (s, t)."""
    height, width = color.shape[:2]
    per_s, per_t = width / (chart.s_m[1] - chart.s_m[0]), height / (chart.t_m[1] - chart.t_m[0])
    w, h = max(round(size_m * per_s), 4), max(round(size_m * per_t), 4)
    # Seen from outside, the front's s axis (towards the wearer's left) runs to the right.
    x0 = round((s - chart.s_m[0]) * per_s - w / 2)
    y0 = round((chart.t_m[1] - t) * per_t - h / 2)
    picture = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA)
    ya, yb, xa, xb = max(y0, 0), min(y0 + h, height), max(x0, 0), min(x0 + w, width)
    if ya >= yb or xa >= xb:
        return
    part = (slice(ya - y0, yb - y0), slice(xa - x0, xb - x0))
    share = mask[part][..., None].astype(np.float32) / 255
    view = color[ya:yb, xa:xb]
    view[:] = np.round(view * (1 - share) + picture[part] * share).astype(np.uint8)


_ART = 256


def motif(rng: np.random.Generator, second: tuple, third: tuple) -> tuple[np.ndarray, np.ndarray]:
    """A drawn graphic without letters: colours (256, 256, 3) and how opaque it is (256, 256), uint8."""
    art = np.empty((_ART, _ART, 3), np.uint8)
    art[:] = second
    mask = np.zeros((_ART, _ART), np.uint8)
    kinds = (_sun, _peaks, _rings, _flower, _bars, _blobs, _waves)
    kinds[int(rng.integers(len(kinds)))](rng, art, mask, third)
    # Printed ink is worn a little.
    grain = rng.random((_ART // 2, _ART // 2)).astype(np.float32)
    worn = 1 - 0.25 * cv2.resize((grain > 0.93).astype(np.float32), (_ART, _ART))
    return art, (mask * worn).astype(np.uint8)


def _sun(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    cv2.circle(mask, (128, 118), 96, 255, -1, cv2.LINE_AA)
    art[118:] = third
    for k in range(5):
        y = 128 + 18 * k
        cv2.rectangle(mask, (0, y), (255, y + 3 + 2 * k), 0, -1)


def _peaks(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    for k in range(3):
        x, y = 60 + 68 * k + int(rng.integers(-12, 12)), 60 + int(rng.integers(0, 60))
        points = np.array([(x, y), (x - 80, 200), (x + 80, 200)])
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA)
        cv2.fillPoly(art, [np.array([(x, y), (x + 80, 200), (x + 10, 200)])], third, cv2.LINE_AA)
    cv2.circle(mask, (196, 56), 24, 255, -1, cv2.LINE_AA)
    cv2.rectangle(mask, (10, 208), (246, 216), 255, -1)


def _rings(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    for k, radius in enumerate(range(112, 16, -22)):
        cv2.circle(mask, (128, 128), radius, 255, 9, cv2.LINE_AA)
        if k % 2:
            cv2.circle(art, (128, 128), radius, third, 13, cv2.LINE_AA)


def _flower(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    petals = int(rng.integers(5, 10))
    for k in range(petals):
        a = 360.0 * k / petals
        x, y = 128 + 62 * np.cos(np.radians(a)), 128 + 62 * np.sin(np.radians(a))
        cv2.ellipse(mask, (round(x), round(y)), (52, 22), a, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.circle(art, (128, 128), 34, third, -1, cv2.LINE_AA)
    cv2.circle(mask, (128, 128), 34, 255, -1, cv2.LINE_AA)


def _bars(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    for k in range(3):
        y = 62 + 46 * k
        cv2.rectangle(mask, (12 + 14 * k, y), (244 - 14 * (2 - k), y + 26), 255, -1)
        if k == 1:
            art[y : y + 27] = third


def _blobs(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    for k in range(3):
        radius = 48 + 12 * np.sin(angle * 3 + rng.uniform(0, 6)) + 8 * np.sin(angle * 2 + rng.uniform(0, 6))
        centre = rng.uniform(80, 176, 2)
        points = np.round(centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)).astype(int)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA)
        if k == 2:
            cv2.fillPoly(art, [points], third, cv2.LINE_AA)


def _waves(rng: np.random.Generator, art: np.ndarray, mask: np.ndarray, third: tuple) -> None:
    x = np.arange(16, 241, 4)
    for k in range(5):
        y = 60 + 34 * k + 14 * np.sin(x / 18 + k)
        line = np.stack([x, np.round(y)], axis=1).astype(int)
        cv2.polylines(mask, [line], False, 255, 11, cv2.LINE_AA)
        if k % 2:
            cv2.polylines(art, [line], False, third, 15, cv2.LINE_AA)


def all_over_tile(cloth: Cloth, design: Design) -> np.ndarray:
    """A tile of 0.2 m that repeats: flowers, leaves, camouflage or small shapes, shape (256, 256, 3) uint8."""
    rng = np.random.default_rng(design.seed)
    tile = np.empty((_ART, _ART, 3), np.uint8)
    tile[:] = cloth.color
    style = int(rng.integers(4))
    if style == 0:  # patches of colour
        for color in (cloth.color2, design.third):
            field: np.ndarray = rng.standard_normal((_ART, _ART)).astype(np.float32)
            field = cv2.GaussianBlur(np.pad(field, 60, mode="wrap"), (0, 0), 14)[60:-60, 60:-60]
            tile[field > 0.5 * field.std()] = color
        return tile
    count = {1: 14, 2: 26, 3: 40}[style]
    for k in range(count):
        centre = rng.integers(0, _ART, 2)
        turn, size = rng.uniform(0, 360), float(rng.uniform(10, 20) if style < 3 else rng.uniform(5, 9))
        color = cloth.color2 if k % 3 else design.third
        for dx in (-_ART, 0, _ART):
            for dy in (-_ART, 0, _ART):
                _figure(
                    tile, style, (int(centre[0]) + dx, int(centre[1]) + dy), turn, size, color, design.third
                )
    return tile


def _figure(
    tile: np.ndarray, style: int, at: tuple[int, int], turn: float, size: float, color: tuple, eye: tuple
) -> None:
    if not (-40 < at[0] < _ART + 40 and -40 < at[1] < _ART + 40):
        return
    if style == 1:  # a flower
        for k in range(5):
            a = np.radians(turn + 72 * k)
            petal = (round(at[0] + 0.6 * size * np.cos(a)), round(at[1] + 0.6 * size * np.sin(a)))
            cv2.circle(tile, petal, round(0.45 * size), color, -1, cv2.LINE_AA)
        cv2.circle(tile, at, round(0.35 * size), eye, -1, cv2.LINE_AA)
    elif style == 2:  # a leaf
        cv2.ellipse(tile, at, (round(size), round(0.36 * size)), turn, 0, 360, color, -1, cv2.LINE_AA)
    else:  # a triangle
        a = np.radians(turn + np.array([0, 120, 240]))
        points = np.stack([at[0] + size * np.cos(a), at[1] + size * np.sin(a)], axis=1)
        cv2.fillPoly(tile, [np.round(points).astype(int)], color, cv2.LINE_AA)
