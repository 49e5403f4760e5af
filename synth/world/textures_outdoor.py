"""Textures of streets and parks: as ``synth.world.textures``, neutral ones are marked as such."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from spinepose.rng import rng_for
from synth.world.textures import (
    NEUTRAL,
    SIZE,
    Color,
    as_bytes,
    cloud,
    field,
    stamp_dots,
    stamp_lines,
    toned,
)


@cache
def asphalt(variant: int) -> np.ndarray:
    """Asphalt with stones, cracks, mended patches and stains, neutral; 4 m."""
    rng = rng_for(variant, "texture", "asphalt")
    size = 2 * SIZE
    grit = np.tile(field(variant, 0.0), (2, 2))
    clouds = cv2.resize(cloud(rng, 1.4), (size, size), interpolation=cv2.INTER_LINEAR)
    value = 0.16 * grit * (1 + 0.2 * clouds) + 0.06 * clouds
    for _ in range(variant % 3):
        row, column, tall, wide = (int(x) for x in (*rng.integers(0, size, 2), *rng.integers(160, 420, 2)))
        rows, columns = np.ix_(np.arange(row, row + tall) % size, np.arange(column, column + wide) % size)
        value[rows, columns] += rng.uniform(-0.14, 0.10)
        for line in (rows[:5], rows[-5:]):
            value[line, columns] -= 0.22
        for line in (columns[:, :5], columns[:, -5:]):
            value[rows, line] -= 0.22
    picture = toned(value, 0.01)
    for _ in range(3 + 2 * (variant % 3)):  # cracks wander
        steps = 60
        turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.35, steps))
        step = np.stack([np.sin(turn), np.cos(turn)], axis=1) * rng.uniform(5, 13)
        start = rng.uniform(0, size, 2) + np.concatenate([np.zeros((1, 2)), np.cumsum(step, axis=0)[:-1]])
        dark = np.full((steps, 3), NEUTRAL * 0.42)
        for shift in (0, 1):
            stamp_lines(picture, start + shift, step, dark)
    count = 14
    spots = rng.uniform(0, size, (count, 2))
    stains = np.zeros((size, size, 1), np.float32)
    stamp_dots(
        stains, spots, rng.uniform(6, 34, (count, 2)), rng.uniform(0, 3, count), np.full((count, 1), 1.0)
    )
    soft = cv2.GaussianBlur(stains[..., 0], (0, 0), 7)[..., None]
    return as_bytes(picture * (1 - 0.28 * soft))


@cache
def paving(variant: int) -> np.ndarray:
    """Concrete slabs (0), clinker on edge (1), granite setts (2) or large bond (3), neutral; 1.6 m."""
    rng = rng_for(variant, "texture", "paving")
    kind = variant % 4
    rows, columns = ((4, 4), (20, 8), (16, 16), (4, 2))[kind]
    wobble = (0.0, 0.02, 0.09, 0.0)[kind]
    size = SIZE
    place_v = np.arange(size)[:, None] * rows / size + wobble * field(4, 1.2)
    row = np.floor(place_v).astype(int)
    shift = 0.5 * (row % 2) if kind in (1, 3) else 0.0
    if kind == 2:
        shift = rng.uniform(0, 1, rows)[row % rows]
    place_u = np.arange(size)[None, :] * columns / size + shift + wobble * field(5, 1.2)
    column = np.floor(place_u).astype(int)
    tone = rng.normal(0, 1, (rows, columns)).clip(-2, 2)[row % rows, column % columns]
    edge_v, edge_u = 0.5 - np.abs(place_v % 1 - 0.5), 0.5 - np.abs(place_u % 1 - 0.5)
    joint = np.minimum(edge_v / rows, edge_u / columns) * size
    wide = (2.2, 2.2, 5.0, 2.0)[kind]
    share = np.clip((joint - 0.35 * wide) / wide, 0, 1)[..., None].astype(np.float32)
    value = (0.035, 0.10, 0.11, 0.04)[kind] * tone + 0.05 * cloud(rng, 0.3) + 0.045 * field(6, 1.5)
    gum = np.zeros((size, size, 1), np.float32)
    count = 34 if kind in (0, 3) else 0
    if count:
        radius = np.repeat(rng.uniform(1.5, 4.0, (count, 1)), 2, axis=1)
        stamp_dots(gum, rng.uniform(0, size, (count, 2)), radius, np.zeros(count), np.ones((count, 1)))
    stone = toned(value - 0.13 * gum[..., 0], 0.05 if kind == 1 else 0.01)
    sand = toned(0.10 * field(7, 0.6) - 0.42, 0.08) * np.array([1.0, 1.0, 0.93], np.float32)
    return as_bytes(stone * share + sand * (1 - share))


_BRICKS = (
    ((0.56, 0.31, 0.24), (0.47, 0.25, 0.20), (0.63, 0.38, 0.28)),
    ((0.66, 0.54, 0.41), (0.60, 0.48, 0.36), (0.72, 0.61, 0.48)),
    ((0.42, 0.30, 0.27), (0.34, 0.26, 0.25), (0.50, 0.34, 0.29)),
    ((0.80, 0.79, 0.76), (0.76, 0.75, 0.72), (0.83, 0.82, 0.79)),
)


@cache
def brick(variant: int, rows: int = 16) -> np.ndarray:
    """A wall of red, yellow, dark or whitewashed brick; 1.2 m with 16 rows."""
    rng = rng_for(variant, "texture", "brick")
    colors = np.array(_BRICKS[variant % 4], np.float32)
    wobble = 0.03
    place_v = np.arange(SIZE)[:, None] * rows / SIZE + wobble * field(4, 1.0)
    line = np.floor(place_v).astype(int)
    columns = rows // 3
    place_u = np.arange(SIZE)[None, :] * columns / SIZE + 0.5 * (line % 2) + 0.3 * wobble * field(5, 1.0)
    column = np.floor(place_u).astype(int)
    which = rng.choice(3, p=[0.55, 0.25, 0.2], size=(rows, columns))[line % rows, column % columns]
    tone = rng.normal(0, 1, (rows, columns)).clip(-2, 2)[line % rows, column % columns]
    grit = cloud(rng, 0.4)
    weather = field(6, 1.7)
    face = colors[which] * (1 + 0.07 * tone + 0.07 * grit + 0.05 * weather)[..., None].astype(np.float32)
    edge_v, edge_u = 0.5 - np.abs(place_v % 1 - 0.5), 0.5 - np.abs(place_u % 1 - 0.5)
    joint = np.minimum(edge_v / rows, edge_u / columns) * SIZE
    share = np.clip((joint - 1.0) / 1.2, 0, 1)[..., None].astype(np.float32)
    mortar_base = (0.78, 0.77, 0.74) if variant % 4 == 3 else (0.58, 0.55, 0.51)
    mortar = np.asarray(mortar_base, np.float32) * (1 + 0.07 * grit + 0.05 * weather)[..., None]
    return as_bytes(face * share + mortar * (1 - share))


@cache
def roof_tiles(variant: int) -> np.ndarray:
    """Roof tiles in courses, neutral; 2 m."""
    rng = rng_for(variant, "texture", "roof")
    rows, columns = 8, 9
    v, u = np.arange(SIZE)[:, None] * rows / SIZE, np.arange(SIZE)[None, :] * columns / SIZE
    row = np.floor(v).astype(int)
    shifted = u + 0.5 * (row % 2) * (variant % 2)
    tone = rng.normal(0, 1, (rows, columns)).clip(-2, 2)[row, np.floor(shifted).astype(int) % columns]
    course, across = v % 1, shifted % 1
    value = 0.10 * tone + 0.25 * (course - 0.5) - 0.45 * (course < 0.1) - 0.3 * (across < 0.06)
    return as_bytes(toned(value + 0.07 * cloud(rng, 0.8) + 0.07 * field(6, 1.6), 0.1, (0.72,) * 3))


@cache
def render(variant: int) -> np.ndarray:
    """Rendered house wall with dirt that ran down, neutral; 4 m."""
    rng = rng_for(variant, "texture", "render")
    streaks = cloud(rng, 0.9, (1, 10)).T
    value = 0.02 * cloud(rng, 1.5) + 0.025 * cloud(rng, 0.2) - 0.018 * np.abs(streaks)
    return as_bytes(toned(value, 0.03, (0.87,) * 3))


@cache
def gravel(variant: int) -> np.ndarray:
    """A path of small stones on sand, neutral; 1.5 m."""
    rng = rng_for(variant, "texture", "gravel")
    picture = toned(0.05 * cloud(rng, 0.6) + 0.05 * cloud(rng, 1.6) - 0.1, 0.05)
    count = 5200
    tone = NEUTRAL * rng.uniform(0.66, 1.18, (count, 1)) + rng.normal(0, 0.02, (count, 3))
    axes = np.stack([rng.uniform(1.2, 4.6, count), rng.uniform(1.0, 3.2, count)], axis=1)
    center, turn = rng.uniform(0, SIZE, (count, 2)), rng.uniform(0, np.pi, count)
    half = count // 2  # the first half lies in the shadow of stones above
    stamp_dots(picture, center[:half] + 1.0, axes[:half], turn[:half], 0.55 * tone[:half])
    stamp_dots(picture, center, axes, turn, tone)
    return as_bytes(cv2.GaussianBlur(picture, (0, 0), 0.55))


_GRASSES = ((0.37, 0.42, 0.24), (0.42, 0.44, 0.28), (0.34, 0.40, 0.22), (0.47, 0.46, 0.31))
DRY = (0.58, 0.53, 0.35)


@cache
def grass(variant: int) -> np.ndarray:
    """Mown grass: thousands of short blades, some dry, clover and bare earth between; 2.4 m."""
    rng = rng_for(variant, "texture", "grass")
    size = 2 * SIZE
    base = np.array(_GRASSES[variant % 4])
    patch = np.tile(cloud(rng, 1.4), (2, 2))
    picture = toned(0.25 * np.tile(field(2, 0.7), (2, 2)), base=tuple(0.62 * base)).astype(np.float32)
    bare = np.clip(patch - 1.5, 0, 1)[..., None]
    picture = (picture * (1 - bare) + np.array([0.36, 0.30, 0.22]) * bare).astype(np.float32)
    count = 52000
    start = rng.uniform(0, size, (count, 2))
    here = patch[start[:, 0].astype(int), start[:, 1].astype(int)]
    keep = rng.random(count) > 0.8 * np.clip(here - 1.3, 0, 1)
    start, here = start[keep], here[keep]
    count = len(start)
    angle, length = rng.uniform(0, 2 * np.pi, count), rng.uniform(5, 15, count)
    dry = (rng.random(count) < 0.10 + 0.09 * here)[:, None]
    light = (rng.uniform(0.6, 1.6, count) * (1 + 0.09 * here))[:, None]
    hue = 1 + rng.normal(0, 0.05, (count, 3))
    color = np.where(dry, np.array(DRY), base * hue) * light
    step = np.stack([np.sin(angle), np.cos(angle)], axis=1) * length[:, None]
    stamp_lines(picture, start, step, np.clip(color, 0, 1))
    return as_bytes(cv2.GaussianBlur(picture, (0, 0), 0.5))


@cache
def tuft(variant: int) -> np.ndarray:
    """Blades of grass that stand, on nothing, shape (128, 256, 4)."""
    rng = rng_for(variant, "texture", "tuft")
    height, width = 128, 256
    base = np.array(_GRASSES[variant % 4])
    color = (np.ones((height, width, 3)) * base * 0.7).astype(np.float32)
    alpha = np.zeros((height, width), np.uint8)
    for _ in range(120):
        x, tall = rng.uniform(6, width - 6), rng.uniform(28, 122)
        lean, wide = rng.normal(0, 0.22) * tall, rng.uniform(1.6, 3.2)
        t = np.linspace(0, 1, 6)
        middle = np.stack([x + lean * t**1.8, height - 1 - tall * t], axis=1)
        half = wide * (1 - t) ** 0.7
        outline = np.concatenate([middle + half[:, None] * [1, 0], (middle - half[:, None] * [1, 0])[::-1]])
        shade = (np.array(DRY) if rng.random() < 0.14 else base) * rng.uniform(0.6, 1.15)
        points = [np.round(outline * 8).astype(np.int32)]
        cv2.fillPoly(color, points, shade.tolist(), cv2.LINE_AA, 3)
        cv2.fillPoly(alpha, points, 255, cv2.LINE_AA, 3)
    rgba = np.concatenate([as_bytes(color), alpha[..., None]], axis=2)
    rgba.setflags(write=False)
    return rgba


@cache
def fallen_leaves(variant: int) -> np.ndarray:
    """Leaves that lie about, on nothing, shape (256, 256, 4); 1 m."""
    rng = rng_for(variant, "texture", "litter")
    size, count = 256, 26
    browns = np.array([[0.47, 0.33, 0.18], [0.58, 0.44, 0.22], [0.38, 0.27, 0.18], [0.45, 0.42, 0.20]])
    rgba = np.zeros((size, size, 4), np.float32)
    rgba[..., :3] = 255 * browns[0]
    color = 255 * browns[rng.integers(0, 4, count)] * rng.uniform(0.7, 1.2, (count, 1))
    axes = np.stack([rng.uniform(4, 8, count), rng.uniform(2, 4, count)], axis=1)
    radius, turn = 110 * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    center = 128 + np.stack([radius * np.sin(turn), radius * np.cos(turn)], axis=1)
    color = np.concatenate([color, np.full((count, 1), 255.0)], axis=1)
    stamp_dots(rgba, center, axes, rng.uniform(0, np.pi, count), color)
    result = np.clip(rgba, 0, 255).astype(np.uint8)
    result.setflags(write=False)
    return result


@cache
def bark(variant: int) -> np.ndarray:
    """Bark with ridges along u, as a rod's texture runs, neutral; 0.8 m."""
    rng = rng_for(variant, "texture", "bark")
    ridges = 1 - np.abs(cloud(rng, 1.1, (1, 5)))
    moss = np.clip(field(8, 1.6), 0, 1)[..., None] * np.array([-0.05, -0.01, -0.07], np.float32)
    return as_bytes(toned(0.24 * ridges + 0.07 * cloud(rng, 0.3) - 0.1, 0.1, (0.62,) * 3) + moss)


@cache
def leaves(variant: int, narrow: bool = False) -> np.ndarray:
    """A spray of leaves (or needles) on nothing, neutral, shape (256, 256, 4)."""
    rng = rng_for(variant, "texture", "leaves", int(narrow))
    size, count = 256, 300 if narrow else 190
    color = np.full((size, size, 3), NEUTRAL * 0.6, np.float32)
    alpha = np.zeros((size, size), np.uint8)
    for i in range(count):
        radius, turn = 0.42 * size * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        center = (int(size / 2 + radius * np.cos(turn)), int(size / 2 + radius * np.sin(turn)))
        length = int(rng.uniform(10, 17))
        axes = (length, 2 if narrow else int(length * rng.uniform(0.32, 0.5)))
        angle = float(np.degrees(turn) + rng.normal(0, 35)) if narrow else float(rng.uniform(0, 360))
        tone = NEUTRAL * (0.62 + 0.5 * i / count) * rng.uniform(0.85, 1.15)
        warm = np.array([1 + rng.normal(0, 0.04), 1.0, 1.0])
        cv2.ellipse(color, center, axes, angle, 0, 360, (tone * warm).tolist(), -1)
        cv2.ellipse(color, center, (axes[0], 0), angle, 0, 360, (tone * warm * 0.78).tolist(), 1)
        cv2.ellipse(alpha, center, axes, angle, 0, 360, 255, -1)
    rgba = np.concatenate([as_bytes(color), alpha[..., None]], axis=2)
    rgba.setflags(write=False)
    return rgba


@cache
def foliage(variant: int) -> np.ndarray:
    """Leaves without gaps, for hedges and the insides of trees, neutral; 1 m."""
    rng = rng_for(variant, "texture", "foliage")
    picture = np.full((SIZE, SIZE, 3), NEUTRAL * 0.3, np.float32)
    count = 3600
    rise = np.linspace(0.4, 1.15, count)[:, None]
    tone = NEUTRAL * rise * rng.uniform(0.8, 1.2, (count, 1)) * (1 + rng.normal(0, 0.03, (count, 3)))
    axes = np.stack([rng.uniform(5, 10, count), rng.uniform(2, 4.5, count)], axis=1)
    stamp_dots(picture, rng.uniform(0, SIZE, (count, 2)), axes, rng.uniform(0, np.pi, count), tone)
    return as_bytes(picture)


# --- house fronts


@cache
def panes(variant: int, lit: bool = False) -> np.ndarray:
    """Sixteen windows from outside, 4 by 4, without frames: sky and houses mirrored, curtains, dark rooms.

    Args:
        variant: Which.
        lit: At night with the lights on: for an emissive material.
    """
    rng = rng_for(variant, "texture", "panes", int(lit))
    side = 128
    picture = np.zeros((4 * side, 4 * side, 3), np.float32)
    rows = np.linspace(0, 1, side)[:, None, None]
    for cell in range(16):
        if lit:
            warm = np.array([1.0, rng.uniform(0.66, 0.85), rng.uniform(0.36, 0.62)])
            pane = np.ones((side, side, 3)) * warm * rng.uniform(0.35, 0.8) * (0.75 + 0.25 * (1 - rows))
            furniture = rng.integers(20, side - 20)
            cv2.rectangle(pane, (int(furniture), 80), (int(furniture) + 34, side), (0.25, 0.18, 0.12), -1)
        else:
            sky, dark = np.array([0.72, 0.76, 0.80]), np.array([0.21, 0.22, 0.24])
            level = np.clip((rng.uniform(0.2, 0.8) - rows) * 6 + 0.5, 0, 1)
            share = rng.uniform(0.2, 0.95)
            pane = (dark * (1 - share * level) + sky * share * level) * np.ones((1, side, 1))
            pane *= 1 + 0.05 * np.asarray(field(9, 1.6)[:side, :side, None])
        pane = pane.astype(np.float32)
        if rng.random() < 0.6:  # curtains at the sides, or a blind from above
            cloth = np.array([0.80, 0.78, 0.73]) * (0.9 if lit else rng.uniform(0.45, 0.8))
            if rng.random() < 0.6:
                wide = int(rng.uniform(0.12, 0.32) * side)
                folds = 1 + 0.12 * np.sin(np.arange(side) * 0.8)[None, :, None]
                for part in (slice(0, wide), slice(side - wide, side)):
                    pane[:, part] = 0.25 * pane[:, part] + 0.75 * (cloth * folds)[:, part]
            else:
                low = int(rng.uniform(0.15, 0.7) * side)
                slats = 1 + 0.10 * np.sin(np.arange(side) * 1.2)[:, None, None]
                pane[:low] = 0.2 * pane[:low] + 0.8 * (cloth * slats)[:low]
        y, x = divmod(cell, 4)
        picture[y * side : (y + 1) * side, x * side : (x + 1) * side] = pane
    return as_bytes(picture)


@cache
def shop(variant: int, lit: bool = False) -> np.ndarray:
    """A shop's window with goods on shelves behind glass, the street mirrored in it: not tileable; 4 x 2.4 m."""
    rng = rng_for(variant, "texture", "shop")
    height, width = 300, 500
    rows = np.linspace(0, 1, height)[:, None, None]
    back = np.array([0.66, 0.60, 0.52]) * rng.uniform(0.6, 1.0)
    picture = ((back * (1 - 0.5 * rows)) * np.ones((1, width, 1))).astype(np.float32)
    for level in (0.32, 0.55, 0.8):
        y = int(level * height)
        cv2.rectangle(picture, (0, y), (width, y + 5), (0.32, 0.26, 0.2), -1)
        x = int(rng.integers(4, 24))
        while x < width - 30:
            wide, tall = (int(n) for n in rng.integers((8, 16), (34, 58)))
            tone = rng.uniform(0.15, 0.8) * (0.65 + 0.35 * rng.random(3))
            if rng.random() < 0.5:
                cv2.rectangle(picture, (x, y - tall), (x + wide, y), tone.tolist(), -1)
            else:
                half = (wide // 2, tall // 2)
                cv2.ellipse(
                    picture, (x + half[0], y - half[1]), half, 0, 0, 360, tone.tolist(), -1, cv2.LINE_AA
                )
            x += wide + int(rng.integers(2, 26))
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.4), np.float32)
    for spot in np.linspace(0.15, 0.85, 5):
        cv2.circle(picture, (int(spot * width), 14), 5, (1.0, 0.95, 0.85), -1, cv2.LINE_AA)
    if not lit:
        mirrored = np.clip(0.9 - 1.4 * rows, 0, 1) * np.array([0.58, 0.63, 0.68])
        skyline = 60 + 30 * cv2.resize(field(9, 1.3)[:1, :12], (width, 1), interpolation=cv2.INTER_NEAREST)[0]
        above = (np.arange(height)[:, None] < skyline[None, :])[..., None]
        picture = 0.85 * picture + np.where(above, 0.6, 0.3) * mirrored
    return as_bytes(picture)


@cache
def far_front(variant: int, wall: Color, columns: int = 5, floors: int = 3) -> np.ndarray:
    """A whole house front with windows for houses far away: not tileable."""
    rng = rng_for(variant, "texture", "front")
    picture = toned(0.04 * field(3, 1.2), base=wall)
    cell = np.array([SIZE / columns, SIZE / floors])
    for column in range(columns):
        for floor in range(floors):
            low = np.array([(column + 0.28) * cell[0], (floor + 0.22) * cell[1]]).astype(int)
            high = np.array([(column + 0.72) * cell[0], (floor + 0.76) * cell[1]]).astype(int)
            cv2.rectangle(picture, tuple(low - 5), tuple(high + 5), (0.80, 0.79, 0.76), -1)
            glass = np.array([0.27, 0.30, 0.34]) * rng.uniform(0.6, 1.9)
            cv2.rectangle(picture, tuple(low), tuple(high), glass.tolist(), -1)
            middle = int((low[0] + high[0]) / 2)
            cv2.line(picture, (middle, int(low[1])), (middle, int(high[1])), (0.80, 0.79, 0.76), 3)
    return as_bytes(picture)


@cache
def night_view(variant: int) -> np.ndarray:
    """What a window shows at night: the room's faint mirror image, lit windows across the street."""
    rng = rng_for(variant, "texture", "night")
    height, width = 192, 320
    rows = np.linspace(0, 1, height)[:, None, None]
    picture = (np.array([0.05, 0.06, 0.10]) * (1.2 - 0.6 * rows) * np.ones((1, width, 1))).astype(np.float32)
    ground = int(0.55 * height)
    x = 0
    while x < width:
        wide, top = int(rng.integers(30, 80)), int(rng.integers(30, 100))
        cv2.rectangle(picture, (x, top), (x + wide, height), (0.035, 0.037, 0.05), -1)
        for y in range(top + 8, height - 20, 16):
            for column in range(x + 6, x + wide - 8, 13):
                if rng.random() < 0.28:
                    tone = np.array([0.9, 0.7, 0.4]) * rng.uniform(0.25, 0.7)
                    cv2.rectangle(picture, (column, y), (column + 5, y + 7), tone.tolist(), -1)
        x += wide + int(rng.integers(0, 14))
    for _ in range(4):
        spot = (int(rng.integers(0, width)), ground + int(rng.integers(-6, 20)))
        cv2.circle(picture, spot, 2, (1.0, 0.82, 0.5), -1, cv2.LINE_AA)
    return as_bytes(cv2.GaussianBlur(picture, (0, 0), 0.9))
