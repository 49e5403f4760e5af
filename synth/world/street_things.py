"""What stands in streets: house fronts, parked cars, bicycles, lamps, signs; on the ground, front at +x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synth.world import textures_outdoor
from synth.world.light import Rgb, rgb
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
    moved,
    pose_matrix,
    transform,
)
from synth.world.place_materials import (
    BLACK,
    DARK_METAL,
    FRONTS,
    METAL,
    RUBBER,
    WHITE,
    compact,
    glow,
    paint,
    pick,
    plastic,
    tinted,
)
from synth.world.place_types import PlacedObject
from synth.world.solids import ball, bent_path, box, cylinder, extrusion, lathe, repeated, rod, tube

Rng = np.random.Generator
Point = Sequence[float] | np.ndarray
_FLOOR_M = 3.05
_TO_Y = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])


# --- houses


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


# --- cars


@dataclass(frozen=True)
class CarShape:
    """A car from the side, metres: x forwards from its middle, z up.

    Attributes:
        lower: Upper edge of the painted body, points (x, z) from the back to the front.
        roof: Back window's foot, roof's back and front, windscreen's foot, points (x, z).
        width: Of the body.
        axles: x of the rear and the front axle.
        wheel: Radius of the wheels.
    """

    lower: tuple[tuple[float, float], ...]
    roof: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
    width: float
    axles: tuple[float, float]
    wheel: float


CARS = (
    CarShape(  # small hatchback
        ((-1.98, 0.62), (-1.93, 0.92), (-1.0, 0.95), (0.0, 0.93), (0.95, 0.93), (1.55, 0.84), (1.9, 0.68), (2.0, 0.52)),
        ((-1.86, 0.95), (-1.25, 1.46), (0.05, 1.48), (0.98, 0.94)), 1.70, (-1.25, 1.28), 0.30,
    ),
    CarShape(  # saloon
        ((-2.3, 0.62), (-2.27, 0.90), (-1.6, 0.97), (-0.9, 0.95), (0.85, 0.93), (1.6, 0.85), (2.2, 0.70), (2.32, 0.52)),
        ((-1.72, 0.97), (-0.95, 1.40), (0.10, 1.43), (0.95, 0.94)), 1.80, (-1.42, 1.42), 0.32,
    ),
    CarShape(  # estate
        ((-2.28, 0.62), (-2.25, 0.95), (-1.2, 0.97), (0.0, 0.95), (0.95, 0.94), (1.65, 0.86), (2.2, 0.70), (2.3, 0.52)),
        ((-2.18, 0.97), (-1.80, 1.44), (0.12, 1.47), (1.02, 0.95)), 1.80, (-1.40, 1.42), 0.32,
    ),
    CarShape(  # tall
        ((-2.15, 0.75), (-2.12, 1.08), (-1.2, 1.10), (0.0, 1.08), (0.95, 1.07), (1.6, 1.0), (2.08, 0.84), (2.18, 0.62)),
        ((-2.06, 1.10), (-1.62, 1.66), (0.15, 1.68), (0.98, 1.08)), 1.84, (-1.34, 1.36), 0.36,
    ),
    CarShape(  # van
        ((-2.4, 0.75), (-2.4, 1.15), (-1.2, 1.18), (0.2, 1.16), (1.35, 1.12), (1.9, 1.0), (2.25, 0.82), (2.35, 0.60)),
        ((-2.39, 1.15), (-2.32, 1.92), (0.75, 1.94), (1.5, 1.10)), 1.90, (-1.5, 1.55), 0.34,
    ),
)  # fmt: skip
_CAR_COLORS: tuple[Rgb, ...] = (
    (0.12, 0.12, 0.13), (0.55, 0.56, 0.57), (0.78, 0.78, 0.77), (0.34, 0.35, 0.37), (0.18, 0.23, 0.32),
    (0.40, 0.14, 0.13), (0.30, 0.33, 0.30), (0.62, 0.58, 0.50), (0.22, 0.30, 0.38),
)  # fmt: skip


def car_rand(rng: Rng) -> tuple[ObjectMesh, ObjectMesh]:
    """A parked car along x, its front at +x: its rear half and its front half, so that boxes round them are tight."""
    shape = CARS[int(rng.integers(len(CARS)))]
    color = pick(rng, _CAR_COLORS)
    body = replace(plastic(color, 0.28), specular=0.07)
    pieces = [_car_body(shape, body), *_car_cabin(shape, body)]
    for axle in shape.axles:
        for side in (-1, 1):
            pieces += _wheel(shape, axle, side)
    pieces += _car_trim(shape)
    whole = compact(pieces)
    return _half(whole, -1), _half(whole, 1)


def _half(mesh: ObjectMesh, side: int) -> ObjectMesh:
    """The triangles whose middle lies at -x or +x, with their own vertices only."""
    kept = []
    for surface in mesh.surfaces:
        middle = surface.positions_m[surface.faces][:, :, 0].mean(axis=1)
        faces = surface.faces[(middle >= 0) == (side > 0)]
        if len(faces):
            used, index = np.unique(faces, return_inverse=True)
            kept.append(
                replace(
                    surface, positions_m=surface.positions_m[used], normals=surface.normals[used],
                    uv=surface.uv[used], faces=index.reshape(-1, 3).astype(np.int32),
                )
            )  # fmt: skip
    return ObjectMesh(tuple(kept))


def _car_body(shape: CarShape, look: Material) -> Surface:
    """The painted body below the windows: sections along x, round in y and z."""
    line = np.array(shape.lower)
    ends = np.array([line[0, 0], line[-1, 0]])
    x = np.unique(np.concatenate([np.linspace(ends[0], ends[1], 15), [0.0], line[:, 0]]))
    top = np.interp(x, line[:, 0], line[:, 1])
    nose = np.clip((np.minimum(x - ends[0], ends[1] - x)) / 0.45, 0, 1)
    half = shape.width / 2 * (0.80 + 0.20 * np.sqrt(1 - (1 - nose) ** 2))
    low = 0.20 + 0.10 * (1 - nose)
    share_y = np.array([0.86, 0.97, 1.0, 0.985, 0.93, 0.80, 0.0])
    share_z = np.array([0.0, 0.16, 0.48, 0.78, 0.94, 1.0, 1.03])
    y = half[:, None] * share_y
    z = low[:, None] + (top - low)[:, None] * share_z
    right = np.stack(np.broadcast_arrays(x[:, None], -y, z), axis=-1)
    left = right[:, ::-1] * [1, -1, 1]
    points = np.concatenate([right, left[:, 1:]], axis=1).transpose(1, 0, 2)
    middle = np.stack([x, 0 * x, (top + low) / 2], axis=1)
    caps = []
    for end in (0, -1):  # close nose and tail
        ring = points[:, end]
        caps.append(np.stack([ring, np.broadcast_to(middle[end], ring.shape)], axis=1))
    uv = np.zeros((*points.shape[:2], 2))
    sheet = grid_surface(points, uv, look)
    tail = grid_surface(caps[0][:, ::-1], np.zeros((len(ring), 2, 2)), look)
    nose_cap = grid_surface(caps[1], np.zeros((len(ring), 2, 2)), look)
    return merge([sheet, tail, nose_cap]).surfaces[0]


def _car_cabin(shape: CarShape, body: Material) -> list[Surface]:
    """Windows, pillars and roof."""
    glass = Material(color=(0.016, 0.018, 0.020), roughness=0.08, specular=0.07)
    (x0, z0), (x1, z1), (x2, z2), (x3, z3) = shape.roof
    belt, top = shape.width / 2 * 0.86, shape.width / 2 * 0.66
    foot = [(x0, z0), (x3, z3)]
    head = [(x1, z1), (x2, z2)]

    def quad(a: Point, b: Point, c: Point, d: Point, look: Material) -> Surface:
        return grid_surface(np.array([[a, b], [d, c]], float), np.zeros((2, 2, 2)), look)

    pieces = []
    for side in (-1, 1):
        low = [np.array([x, side * belt, z]) for x, z in foot]
        high = [np.array([x, side * top, z]) for x, z in head]
        # The pillar in the middle parts the side's window, and the car in two.
        for line in (low, high):
            share = float(np.clip(-line[0][0] / (line[1][0] - line[0][0]), 0.2, 0.8))
            line.insert(1, line[0] * (1 - share) + line[1] * share)
        for i in (0, 1):
            ring = (low[i], low[i + 1], high[i + 1], high[i])
            pieces.append(quad(*ring, glass) if side < 0 else quad(ring[1], ring[0], ring[3], ring[2], glass))
            pieces.append(rod(high[i], high[i + 1], 0.03, body, 5))
        pieces += [rod(foot_m, head_m, 0.035, body, 5) for foot_m, head_m in zip(low, high, strict=True)]
    pieces.append(quad((x3, -belt, z3), (x3, belt, z3), (x2, top, z2), (x2, -top, z2), glass))
    if shape.width > 1.88:  # a van's back is of sheet metal
        pieces.append(quad((x0, belt, z0), (x0, -belt, z0), (x1, -top, z1), (x1, top, z1), body))
    else:
        pieces.append(quad((x0, belt, z0), (x0, -belt, z0), (x1, -top, z1), (x1, top, z1), glass))
    y = np.linspace(-1, 1, 5) * (top + 0.015)
    x = np.linspace(x1 - 0.05, x2 + 0.05, 9)
    rise = 0.035 * (1 - (y[:, None] / y[-1]) ** 2) + 0.02 * np.sin(
        np.pi * (x[None, :] - x[0]) / (x[-1] - x[0])
    )
    z = np.interp(x, [x1, x2], [z1, z2])[None, :] + 0.005 + rise
    roof = np.stack(np.broadcast_arrays(x[None, :], y[:, None], z), axis=-1)
    return [*pieces, grid_surface(roof, np.zeros((5, 9, 2)), body)]


def _wheel(shape: CarShape, axle: float, side: int) -> list[Surface]:
    radius, y = shape.wheel, side * (shape.width / 2 - 0.10)
    pieces = []
    for look, r, thick, out, segments in (
        (RUBBER, radius, 0.20, 0.0, 20),
        (METAL, 0.66 * radius, 0.02, 0.10, 14),
        (BLACK, 0.2 * radius, 0.02, 0.112, 8),
    ):
        disc = moved(
            transform(cylinder(r, thick, look, (0, 0, -thick / 2), segments), _TO_Y),
            (axle, y + side * out, radius),
        )
        pieces.append(disc)
    for k in range(5):  # gaps between spokes
        cos, sin = np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)
        spot = (axle + 0.42 * radius * cos, y + side * 0.112, radius + 0.42 * radius * sin)
        gap = transform(cylinder(0.13 * radius, 0.004, BLACK, (0, 0, -0.002), 6), _TO_Y)
        pieces.append(moved(gap, spot))
    arch = transform(cylinder(radius + 0.055, 0.02, BLACK, (0, 0, -0.01), 22), _TO_Y)
    return [*pieces, moved(arch, (axle, side * (shape.width / 2 - 0.008), radius + 0.02))]


def _car_trim(shape: CarShape) -> list[Surface]:
    """Lamps, plates, bumpers, door lines, mirrors, handles."""
    back, front = shape.lower[0][0], shape.lower[-1][0]
    half = shape.width / 2
    grey = paint((0.10, 0.10, 0.105), 0.6)
    lamp = Material(color=(0.55, 0.57, 0.58), roughness=0.15, specular=0.1)
    red = paint((0.45, 0.05, 0.05), 0.25)
    line = paint((0.03, 0.03, 0.03), 0.8)
    z_front, z_back = shape.lower[-2][1] - 0.03, shape.lower[0][1] + 0.17
    pieces = [
        box((0.12, 0.50, 0.12), plastic((0.80, 0.80, 0.78)), (back - 0.005, 0, 0.55), 0.01),
        box((0.06, 0.50, 0.11), plastic((0.82, 0.82, 0.80)), (front - 0.0, 0, 0.40), 0.01),
        box((0.10, shape.width * 0.72, 0.14), grey, (front - 0.06, 0, 0.30), 0.03),
        box((0.10, shape.width * 0.50, 0.10), grey, (front - 0.07, 0, 0.60), 0.02),
        box((0.12, shape.width * 0.8, 0.16), grey, (back + 0.05, 0, 0.34), 0.03),
        box((1.0, shape.width - 0.16, 0.2), BLACK, (-0.5, 0, 0.24), 0),
        box((1.0, shape.width - 0.16, 0.2), BLACK, (0.5, 0, 0.24), 0),
    ]
    for side in (-1, 1):
        pieces.append(
            box((0.22, 0.30, 0.13), lamp, (front - 0.14, side * (half - 0.30), z_front), 0.04, 1.0, 2)
        )
        pieces.append(box((0.12, 0.22, 0.24), red, (back + 0.06, side * (half - 0.22), z_back), 0.03, 1.0, 2))
        belt = np.interp(0.0, *np.array(shape.lower).T)
        for x in (0.92, -0.02, -0.95):
            pieces.append(
                box(
                    (0.012, 0.012, belt - 0.36), line, (x, side * (half - 0.008), 0.30 + (belt - 0.36) / 2), 0
                )
            )
        for x in (0.12, -0.82):
            pieces.append(box((0.16, 0.02, 0.03), grey, (x, side * (half - 0.0), belt - 0.12), 0.006))
        for x in (-0.6, 0.6):
            pieces.append(box((1.2, 0.03, 0.10), grey, (x, side * (half - 0.03), 0.26), 0.01))
        pieces.append(
            box((0.12, 0.2, 0.13), plastic((0.1, 0.1, 0.1)), (0.82, side * (half + 0.03), belt + 0.08), 0.03)
        )
    return pieces


# --- street furniture


def bicycle(rng: Rng) -> ObjectMesh:
    """A bicycle on its stand, along x."""
    frame = plastic(
        pick(
            rng,
            (
                (0.14, 0.14, 0.15),
                (0.22, 0.30, 0.40),
                (0.44, 0.18, 0.16),
                (0.60, 0.60, 0.58),
                (0.28, 0.36, 0.30),
            ),
        ),
        0.35,
    )
    turn = np.linspace(0, 2 * np.pi, 25)
    pieces: list[Surface] = []
    hubs = ((-0.52, 0.34), (0.54, 0.34))
    for x, z in hubs:
        ring = np.stack([x + 0.32 * np.cos(turn), 0 * turn, z + 0.32 * np.sin(turn)], axis=1)
        pieces.append(tube(ring, 0.018, RUBBER, 6))
        for k in range(9):
            a = np.pi * k / 9
            reach = np.array([0.31 * np.cos(a), 0, 0.31 * np.sin(a)])
            hub = np.array([x, 0, z])
            pieces.append(rod(hub - reach, hub + reach, 0.0022, METAL, 3))
        pieces.append(rod((x, -0.05, z), (x, 0.05, z), 0.02, METAL, 6))
    crank, seat, head = (-0.08, 0.30), (-0.22, 0.82), (0.40, 0.86)
    for (ax, az), (bx, bz) in (
        (crank, seat),
        (crank, (0.42, 0.72)),
        (seat, head),
        (hubs[0], crank),
        (hubs[0], seat),
        (head, hubs[1]),
    ):
        pieces.append(rod((ax, 0, az), (bx, 0, bz), 0.017, frame, 6))
    pieces.append(rod((-0.22, 0, 0.8), (-0.25, 0, 0.95), 0.013, METAL, 6))
    pieces.append(box((0.26, 0.15, 0.05), BLACK, (-0.25, 0, 0.97), 0.022, 1.0, 2))
    pieces.append(rod((0.40, 0, 0.84), (0.37, 0, 1.02), 0.014, METAL, 6))
    pieces.append(
        tube(
            bent_path([(0.2, -0.28, 1.03), (0.40, -0.24, 1.05), (0.40, 0.24, 1.05), (0.2, 0.28, 1.03)], 0.08),
            0.012,
            METAL,
            6,
        )
    )
    for side in (-1, 1):
        pieces.append(rod((0.28, side * 0.27, 1.04), (0.18, side * 0.285, 1.03), 0.016, BLACK, 6))
        pieces.append(
            box((0.09, 0.08, 0.02), BLACK, (-0.08 + side * 0.12, side * 0.12, 0.30 - side * 0.1), 0.004)
        )
    pieces.append(moved(transform(cylinder(0.09, 0.01, METAL, segments=16), _TO_Y), (-0.08, 0.04, 0.30)))
    pieces.append(rod((-0.4, 0.03, 0.3), (-0.42, 0.16, 0.0), 0.009, METAL, 5))
    if rng.random() < 0.4:
        pieces.append(box((0.3, 0.34, 0.22), paint((0.42, 0.34, 0.25), 0.9), (0.52, 0, 0.98), 0.01))
    tilt = np.eye(4)
    tilt[:3, :3] = np.array([[1, 0, 0], [0, 0.995, -0.1], [0, 0.1, 0.995]])
    return compact([transform(piece, tilt) for piece in pieces])


def street_lamp(height: float, on: bool) -> tuple[ObjectMesh, ObjectMesh]:
    """A lamp on a post with an arm towards +x, in two: the post up to 2.6 m, and all above."""
    head = glow((1.0, 0.86, 0.66), 4.0) if on else paint((0.70, 0.70, 0.66), 0.4)
    grey = paint((0.30, 0.31, 0.32), 0.5)
    arm = bent_path([(0, 0, height - 0.7), (0, 0, height), (1.1, 0, height + 0.1)], 0.45)
    post = [
        cylinder(0.10, 0.9, grey, segments=10, top_radius_m=0.085),
        rod((0, 0, 0.8), (0, 0, 2.6), 0.06, grey, 8),
    ]
    above = [
        rod((0, 0, 2.6), (0, 0, height - 0.65), 0.06, grey, 8),
        tube(arm, 0.045, grey, 6),
        box((0.62, 0.24, 0.10), grey, (1.3, 0, height + 0.1), 0.03),
        box((0.46, 0.18, 0.02), head, (1.32, 0, height + 0.045), 0),
    ]
    return compact(post), compact(above)


def sign(rng: Rng) -> ObjectMesh:
    """A traffic sign without words: a disc, a triangle or a square on a post."""
    pieces: list[Surface] = [rod((0, 0, 0), (0, 0, 2.75), 0.03, METAL, 8)]
    kind = int(rng.integers(4))
    red, blue, white = paint((0.66, 0.12, 0.12), 0.5), paint((0.14, 0.28, 0.52), 0.5), paint(WHITE, 0.5)
    to_x = np.array([[0, 0, 1.0, 0.035], [0, 1.0, 0, 0], [-1.0, 0, 0, 2.4], [0, 0, 0, 1.0]])

    def disc(radius: float, out: float, look: Material, sides: int = 24) -> Surface:
        return transform(cylinder(radius, 0.004, look, (0, 0, out), sides), to_x)

    if kind == 0:
        pieces += [disc(0.30, 0.0, red), disc(0.235, 0.003, white)]
    elif kind == 1:
        pieces += [disc(0.30, 0.0, blue), box((0.004, 0.08, 0.32), white, (0.042, 0, 2.38), 0)]
    elif kind == 2:
        pieces += [disc(0.38, 0.0, red, 3), disc(0.26, 0.003, white, 3)]
    else:
        pieces += [
            box((0.006, 0.6, 0.6), blue, (0.036, 0, 2.4), 0),
            box((0.004, 0.12, 0.34), white, (0.042, -0.05, 2.4), 0),
        ]
    if rng.random() < 0.4:
        pieces.append(box((0.004, 0.42, 0.2), white, (0.036, 0, 1.92), 0))
    return compact(pieces)


def bollard(kind: int) -> ObjectMesh:
    """A bollard of iron or of concrete."""
    if kind == 0:
        profile = [
            (0, 0),
            (0.085, 0),
            (0.085, 0),
            (0.07, 0.12),
            (0.055, 0.16),
            (0.055, 0.8),
            (0.075, 0.84),
            (0.06, 0.9),
            (0, 0.94),
        ]
        return merge([lathe(profile, DARK_METAL, 14)])
    profile = [(0, 0), (0.2, 0), (0.2, 0), (0.17, 0.42), (0.1, 0.5), (0, 0.52)]
    return merge([lathe(profile, paint((0.55, 0.54, 0.52), 0.95), 16)])


def cabinet(rng: Rng) -> ObjectMesh:
    """A cabinet of a telephone or power line."""
    look = paint(pick(rng, ((0.55, 0.56, 0.54), (0.42, 0.46, 0.42), (0.62, 0.60, 0.55))), 0.7)
    wide, tall = float(rng.uniform(0.7, 1.2)), float(rng.uniform(0.95, 1.25))
    pieces = [
        box((0.36, wide, tall), look, (0, 0, tall / 2), 0.01),
        box((0.42, wide + 0.05, 0.04), look, (0, 0, tall), 0.01),
    ]
    pieces.append(box((0.37, wide + 0.02, 0.12), paint((0.45, 0.44, 0.42), 0.9), (0, 0, 0.06), 0.01))
    pieces.append(box((0.004, 0.01, tall - 0.2), BLACK, (0.181, 0, tall / 2 + 0.03), 0))
    return compact(pieces)


def wheelie_bin(rng: Rng) -> ObjectMesh:
    """A dustbin on wheels."""
    look = plastic(
        pick(rng, ((0.16, 0.17, 0.18), (0.20, 0.28, 0.22), (0.24, 0.28, 0.36), (0.36, 0.28, 0.20))), 0.55
    )
    outline = np.array([[-0.2, 0.08], [0.24, 0.08], [0.30, 0.95], [-0.28, 0.95]])
    pieces = [extrusion(outline, 0.5, look), box((0.66, 0.56, 0.05), look, (0.01, 0, 0.98), 0.02, 1.0, 2)]
    pieces.append(rod((-0.33, -0.22, 0.96), (-0.33, 0.22, 0.96), 0.016, look, 6))
    for side in (-1, 1):
        pieces.append(
            moved(
                transform(cylinder(0.1, 0.05, RUBBER, segments=14), _TO_Y), (-0.2, side * 0.27 - 0.025, 0.1)
            )
        )
    return compact(pieces)


def cafe_table(rng: Rng) -> ObjectMesh:
    """A round table of a pavement café with two chairs of wire."""
    pieces: list[Surface] = [
        cylinder(0.33, 0.02, METAL, (0, 0, 0.72), 24),
        rod((0, 0, 0), (0, 0, 0.72), 0.025, DARK_METAL, 8),
    ]
    pieces.append(cylinder(0.22, 0.02, DARK_METAL, segments=18))
    color = paint(
        pick(rng, ((0.20, 0.21, 0.22), (0.42, 0.24, 0.21), (0.34, 0.40, 0.36), (0.62, 0.60, 0.56))), 0.5
    )
    for side in (-1, 1):
        chair: list[Surface] = [box((0.4, 0.4, 0.025), color, (0, 0, 0.45), 0.01)]
        for sx in (-1, 1):
            for sy in (-1, 1):
                top = 0.86 if sx < 0 else 0.45
                chair.append(
                    rod(
                        (sx * 0.2, sy * 0.19, 0),
                        (sx * 0.18 - 0.05 * (sx < 0), sy * 0.18, top),
                        0.011,
                        color,
                        6,
                    )
                )
        chair += [box((0.012, 0.38, 0.06), color, (-0.22, 0, z), 0.004) for z in (0.62, 0.74, 0.85)]
        turn = pose_matrix((side * 0.62, 0.05 * side, 0), 0.0 if side < 0 else np.pi)
        pieces += [transform(piece, turn) for piece in chair]
    return compact(pieces)


def sandwich_board(rng: Rng) -> ObjectMesh:
    """A board that stands like a tent before a shop."""
    frame = paint((0.30, 0.22, 0.16), 0.6)
    board = paint(pick(rng, ((0.08, 0.09, 0.09), (0.80, 0.78, 0.72))), 0.8)
    pieces: list[Surface] = []
    for side in (-1, 1):
        lean = np.eye(4)
        sin = 0.2 * side
        lean[:3, :3] = np.array([[0.98, 0, -sin], [0, 1, 0], [sin, 0, 0.98]])
        lean[:3, 3] = (side * 0.13, 0, 0.5)
        panel = [
            box((0.02, 0.6, 1.0), frame, bevel_m=0.003),
            box((0.006, 0.52, 0.8), board, (side * 0.011, 0, 0.04), 0),
        ]
        for _ in range(4):
            chalk = paint((0.7, 0.7, 0.66), 0.9)
            spot = (side * 0.015, float(rng.uniform(-0.08, 0.08)), float(rng.uniform(-0.25, 0.35)))
            panel.append(box((0.002, float(rng.uniform(0.1, 0.34)), 0.02), chalk, spot, 0))
        pieces += [transform(piece, lean) for piece in panel]
    return compact(pieces)


def planter(rng: Rng, plant: ObjectMesh) -> ObjectMesh:
    """A round planter with a plant."""
    look = paint(pick(rng, ((0.30, 0.30, 0.31), (0.56, 0.54, 0.51), (0.50, 0.34, 0.26))), 0.8)
    profile = [(0, 0), (0.26, 0), (0.26, 0), (0.34, 0.5), (0.34, 0.5), (0.31, 0.5), (0.30, 0.44), (0, 0.44)]
    return merge([lathe(profile, look, 20), *[moved(surface, (0, 0, 0.40)) for surface in plant.surfaces]])


def round_light(on: bool) -> tuple[ObjectMesh, ObjectMesh]:
    """A globe lamp on a low post, in two: the post up to 2.6 m, and all above."""
    look = glow(rgb((1.0, 0.85, 0.6)), 3.0) if on else paint((0.82, 0.81, 0.78), 0.4)
    post = [cylinder(0.085, 0.5, DARK_METAL, segments=10), rod((0, 0, 0.4), (0, 0, 2.6), 0.05, DARK_METAL, 8)]
    above = [rod((0, 0, 2.6), (0, 0, 3.1), 0.05, DARK_METAL, 8), ball(0.19, look, (0, 0, 3.25), 16)]
    return merge(post), merge(above)


def split_thing(
    name: str, meshes: tuple[ObjectMesh, ObjectMesh], matrix: np.ndarray, radius_m: float
) -> list[PlacedObject]:
    """A tall thing as two objects, so that the box round its lower part is tight."""
    lower, upper = meshes
    return [
        PlacedObject(f"{name}_post", lower, matrix, footprint_m=radius_m),
        PlacedObject(name, upper, matrix),
    ]
