"""Houses of streets: fronts with windows, doors and shops, roofs; the front in the plane x = 0, at +x."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.world import textures_outdoor
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
)
from synth.world.place_materials import (
    FRONTS,
    METAL,
    WHITE,
    compact,
    paint,
    pick,
    tinted,
)
from synth.world.solids import box, repeated, rod

Rng = np.random.Generator
_FLOOR_M = 3.05


def house_front(rng: Rng, width: float, floors: int, shop: bool, lit: float) -> ObjectMesh:
    """A house whose front lies in the plane x = 0 along y, its body behind.

    Args:
        rng: Random numbers.
        width: Of the front, metres.
        floors: Above the ground floor.
        shop: Whether the ground floor is a shop.
        lit: Share of the windows that are lit: 0 by day.
    """
    height, depth = 3.5 + floors * _FLOOR_M, 9.0
    if rng.random() < 0.3:
        wall: tuple[Material, float] = (
            Material(textures_outdoor.brick(int(rng.integers(4))), roughness=0.9),
            1 / 1.2,
        )
    else:
        wall = tinted(textures_outdoor.render(int(rng.integers(2))), pick(rng, FRONTS), 0.92), 0.25
    trim = paint(pick(rng, (WHITE, (0.72, 0.70, 0.66), (0.55, 0.53, 0.50))), 0.7)
    frame = paint(
        WHITE
        if rng.random() < 0.7
        else pick(rng, ((0.22, 0.24, 0.25), (0.36, 0.28, 0.22), (0.26, 0.33, 0.30))),
        0.5,
    )
    pieces = _body(width, depth, height, wall)
    pieces += _roof(rng, width, depth, height)
    pieces.append(box((0.34, width, 0.22), trim, (0.1, 0, height - 0.08), 0.02))
    pieces.append(box((0.10, width, 0.14), trim, (0.03, 0, 3.42), 0))
    pieces.append(box((0.06, width, 0.5), paint((0.42, 0.41, 0.40), 0.9), (0.0, 0, 0.25), 0))
    side = float(rng.choice([-1, 1]))
    pieces.append(
        rod(
            (0.09, side * (width / 2 - 0.12), 0.1), (0.09, side * (width / 2 - 0.12), height), 0.045, METAL, 6
        )
    )
    columns = max(2, round(width / float(rng.uniform(2.2, 3.0))))
    style = _Style(
        float(rng.uniform(1.0, 1.35)), float(rng.uniform(1.45, 1.85)), frame, trim,
        int(rng.integers(2)), lit, bool(rng.random() < 0.25),
    )  # fmt: skip
    across = [(column + 0.5 - columns / 2) * width / columns for column in range(columns)]
    pieces += _windows(rng, [(y, 4.35 + floor * _FLOOR_M) for floor in range(floors) for y in across], style)
    pieces += _shop_floor(rng, width, frame, lit) if shop else _ground_floor(rng, width, style)
    return compact(pieces)


def _body(width: float, depth: float, height: float, wall: tuple[Material, float]) -> list[Surface]:
    """Front and both ends."""
    look, uv_per_m = wall
    pieces = []
    for start, end in (((0, -1), (0, 1)), ((0, 1), (-1, 1)), ((-1, -1), (0, -1))):
        a = np.array([start[0] * depth, start[1] * width / 2])
        b = np.array([end[0] * depth, end[1] * width / 2])
        points = np.array([[[*a, 0.0], [*b, 0.0]], [[*a, height], [*b, height]]])
        length = float(np.linalg.norm(b - a))
        uv = np.array([[[0, 0], [length, 0]], [[0, height], [length, height]]]) * uv_per_m
        pieces.append(grid_surface(points, uv, look))
    return pieces


def _roof(rng: Rng, width: float, depth: float, height: float) -> list[Surface]:
    """A gable roof whose ridge runs along y, chimneys on it; or a flat one."""
    if rng.random() < 0.2:
        return [box((depth, width, 0.3), paint((0.45, 0.44, 0.43), 0.9), (-depth / 2, 0, height + 0.1), 0)]
    tiles = tinted(
        textures_outdoor.roof_tiles(int(rng.integers(2))),
        pick(rng, ((0.47, 0.30, 0.24), (0.30, 0.30, 0.32), (0.38, 0.27, 0.23))),
        0.9,
    )
    rise = float(rng.uniform(2.0, 3.6))
    pieces = []
    for x0, x1 in ((0.35, -depth / 2), (-depth - 0.35, -depth / 2)):
        y = width / 2 * (1 if x0 > x1 else -1)
        points = np.array(
            [[[x0, -y, height], [x0, y, height]], [[x1, -y, height + rise], [x1, y, height + rise]]]
        )
        uv = np.array([[[0, 0], [width / 2, 0]], [[0, 2.6], [width / 2, 2.6]]])
        pieces.append(grid_surface(points, uv, tiles))
    plain = paint((0.60, 0.57, 0.52), 0.9)
    for y in (-width / 2, width / 2):
        sign = 1 if y > 0 else -1
        corners = np.array(
            [[0.0, y, height], [-depth * (sign > 0), y, height], [-depth / 2, y, height + rise]]
        )
        corners[1, 0] = -depth
        order = [0, 1, 2] if sign > 0 else [0, 2, 1]
        normal = np.tile([0.0, sign, 0.0], (3, 1)).astype(np.float32)
        faces = np.array([order], np.int32)
        pieces.append(Surface(corners.astype(np.float32), normal, np.zeros((3, 2), np.float32), faces, plain))
    for _ in range(int(rng.integers(1, 3))):
        y = float(rng.uniform(-0.4, 0.4)) * width
        pieces.append(
            box((0.6, 0.8, 1.6), paint((0.45, 0.32, 0.27), 0.9), (-depth * 0.42, y, height + rise), 0)
        )
    return pieces


def _glass(
    y: float, z: float, width: float, tall: float, cell: int, look: Material, x: float = 0.012
) -> Surface:
    """One of the sixteen windows of a picture of panes."""
    row, column = divmod(cell, 4)
    u0, v0 = column / 4 + 0.004, 1 - (row + 1) / 4 + 0.004
    u1, v1 = u0 + 0.242, v0 + 0.242
    points = np.array(
        [
            [[x, y - width / 2, z], [x, y + width / 2, z]],
            [[x, y - width / 2, z + tall], [x, y + width / 2, z + tall]],
        ]
    )
    return grid_surface(points, np.array([[[u0, v0], [u1, v0]], [[u0, v1], [u1, v1]]]), look)


def _pane_look(variant: int, lit: bool) -> Material:
    if lit:
        return Material(textures_outdoor.panes(variant, True), roughness=0.3, emission=1.1)
    return Material(textures_outdoor.panes(variant), roughness=0.15, specular=0.05)


@dataclass(frozen=True)
class _Style:
    """How a house's windows look: sizes in metres, which picture of panes, the share that is lit."""

    pane_m: float
    tall_m: float
    frame: Material
    trim: Material
    variant: int
    lit: float
    shutters: bool


def _windows(rng: Rng, spots: list[tuple[float, float]], style: _Style) -> list[Surface]:
    """Windows whose sills' middles are at points (y, z) of the front."""
    if not spots:
        return []
    pane, tall, frame, trim = style.pane_m, style.tall_m, style.frame, style.trim
    parts = [
        box((0.05, 0.07, tall), frame, (0.02, side * (pane / 2 - 0.03), tall / 2), 0) for side in (-1, 1)
    ]
    parts += [box((0.05, pane, 0.06), frame, (0.02, 0, z), 0) for z in (0.035, tall - 0.035, 0.68 * tall)]
    parts.append(box((0.04, 0.05, tall), frame, (0.02, 0, tall / 2), 0))
    parts.append(box((0.14, pane + 0.2, 0.07), trim, (0.05, 0, -0.04), 0))
    parts.append(box((0.07, pane + 0.24, 0.16), trim, (0.02, 0, tall + 0.08), 0))
    if style.shutters:
        for side in (-1, 1):
            parts.append(box((0.04, pane / 2, tall), frame, (0.03, side * 0.76 * pane, tall / 2), 0.008))
    offsets = np.array([[0.0, y, z] for y, z in spots])
    pieces = [repeated(surface, offsets) for surface in merge(parts).surfaces]
    for y, z in spots:
        look = _pane_look(style.variant, bool(rng.random() < style.lit))
        pieces.append(_glass(y, z, pane, tall, int(rng.integers(16)), look))
    return pieces


def _door(rng: Rng, y: float, frame: Material) -> list[Surface]:
    leaf = paint(
        pick(
            rng,
            (
                (0.30, 0.22, 0.17),
                (0.22, 0.28, 0.30),
                (0.36, 0.18, 0.16),
                (0.20, 0.26, 0.21),
                (0.45, 0.44, 0.42),
            ),
        ),
        0.45,
    )
    pieces = [
        box((0.08, 1.0, 2.2), leaf, (0.0, y, 1.2), 0),
        box((0.5, 1.5, 0.14), paint((0.55, 0.54, 0.52), 0.9), (0.22, y, 0.07), 0.01),
        box((0.09, 0.62, 0.7), Material(color=(0.04, 0.045, 0.05), roughness=0.15), (0.004, y, 1.7), 0),
        rod((0.05, y + 0.4, 1.1), (0.09, y + 0.4, 1.1), 0.025, METAL, 6),
    ]
    for side in (-1, 1):
        pieces.append(box((0.12, 0.14, 2.36), frame, (0.02, y + side * 0.57, 1.18), 0))
    return [*pieces, box((0.14, 1.28, 0.14), frame, (0.02, y, 2.37), 0)]


def _ground_floor(rng: Rng, width: float, style: _Style) -> list[Surface]:
    """A door and windows."""
    columns = max(2, round(width / 2.8))
    door = int(rng.integers(columns))
    across = [(column + 0.5 - columns / 2) * width / columns for column in range(columns)]
    low = replace(style, pane_m=1.2, tall_m=1.5, shutters=False)
    spots = [(y, 1.0) for column, y in enumerate(across) if column != door]
    return _door(rng, across[door], style.frame) + _windows(rng, spots, low)


def _shop_floor(rng: Rng, width: float, frame: Material, lit: float) -> list[Surface]:
    """Shop windows between pillars, a door, a sign without words, sometimes an awning."""
    night = lit > 0
    door_y = float(rng.choice([-1, 1])) * (width / 2 - 0.9)
    pieces = _door(rng, door_y, frame)
    span = width - 2.2
    middle = -np.sign(door_y) * 0.85
    count = max(1, round(span / 3.4))
    each = span / count
    look = Material(
        textures_outdoor.shop(int(rng.integers(3)), night),
        roughness=0.12,
        specular=0.05,
        emission=1.2 if night else 0.0,
    )
    for i in range(count):
        y = float(middle - span / 2 + each * (i + 0.5))
        half = each / 2 - 0.1
        points = np.array(
            [
                [[0.012, y - half, 0.5], [0.012, y + half, 0.5]],
                [[0.012, y - half, 2.7], [0.012, y + half, 2.7]],
            ]
        )
        u = float(rng.uniform(0, 0.3))
        pieces.append(
            grid_surface(points, np.array([[[u, 0], [u + 0.7, 0]], [[u, 1], [u + 0.7, 1.0]]]), look)
        )
        for edge in (-half, half):
            pieces.append(box((0.08, 0.08, 2.3), frame, (0.03, y + edge, 1.6), 0))
        pieces.append(box((0.08, each, 0.08), frame, (0.03, y, 0.5), 0))
        pieces.append(box((0.08, each, 0.08), frame, (0.03, y, 2.72), 0))
    board = pick(
        rng,
        ((0.24, 0.28, 0.32), (0.44, 0.20, 0.18), (0.24, 0.33, 0.28), (0.70, 0.66, 0.58), (0.16, 0.16, 0.17)),
    )
    pieces.append(box((0.12, width - 0.5, 0.5), paint(board, 0.5), (0.06, 0, 3.08), 0.01))
    letters = paint(pick(rng, (WHITE, (0.76, 0.66, 0.42))), 0.5)
    y = -0.7
    for _ in range(int(rng.integers(4, 9))):  # shapes as of letters, never words
        wide = float(rng.uniform(0.06, 0.18))
        pieces.append(box((0.02, wide, float(rng.uniform(0.14, 0.26))), letters, (0.13, y, 3.08), 0))
        y += wide + 0.07
    if rng.random() < 0.45:
        pieces.append(_awning(rng, span, float(middle)))
    return pieces


def _awning(rng: Rng, width: float, y: float) -> Surface:
    cloth = paint(
        pick(rng, ((0.50, 0.24, 0.21), (0.30, 0.38, 0.34), (0.76, 0.72, 0.64), (0.30, 0.34, 0.42))), 0.9
    )
    look = replace(cloth, two_sided=True)
    outline = np.array([[0.1, 2.86], [1.25, 2.42], [1.25, 2.2]])
    points = np.zeros((3, 2, 3))
    points[..., 0], points[..., 2], points[..., 1] = (
        outline[:, :1],
        outline[:, 1:],
        np.array([y - width / 2, y + width / 2]),
    )
    return grid_surface(points[::-1], np.zeros((3, 2, 2)), look, smooth=False)


def far_house(rng: Rng, width: float, height: float, lit: float) -> ObjectMesh:
    """A house front far away: a picture on a box with a roof."""
    wall = pick(rng, FRONTS)
    floors, columns = max(2, int(height / 3)), max(3, int(width / 2.6))
    look = Material(
        textures_outdoor.far_front(int(rng.integers(2)), wall, columns, floors), roughness=0.9, emission=0.0
    )
    points = np.array(
        [[[0, -width / 2, 0], [0, width / 2, 0]], [[0, -width / 2, height], [0, width / 2, height]]]
    )
    uv = np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]])
    pieces = [grid_surface(points, uv, look), *_roof(rng, width, 9.0, height)]
    for y in (-width / 2, width / 2):
        pieces.append(box((9.0, 0.02, height), paint(wall, 0.9), (-4.5, y, height / 2), 0))
    return compact(pieces)
