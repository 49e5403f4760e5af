"""Parked cars, along x with the front at +x, on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np

from synth.world.light import Rgb
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
    moved,
    transform,
)
from synth.world.place_materials import (
    BLACK,
    METAL,
    RUBBER,
    compact,
    paint,
    pick,
    plastic,
)
from synth.world.solids import box, cylinder, rod

Rng = np.random.Generator
Point = Sequence[float] | np.ndarray
TO_Y = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])


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
        ((-1.98, 0.62), (-1.93, 0.92), (-1.0, 0.95), (0.0, 0.93), (0.95, 0.93), (1.55, 0.84), (1.9, 0.74), (2.0, 0.64)),
        ((-1.86, 0.95), (-1.25, 1.46), (0.05, 1.48), (0.98, 0.94)), 1.70, (-1.25, 1.28), 0.30,
    ),
    CarShape(  # saloon
        ((-2.3, 0.62), (-2.27, 0.90), (-1.6, 0.97), (-0.9, 0.95), (0.85, 0.93), (1.6, 0.85), (2.2, 0.75), (2.32, 0.64)),
        ((-1.72, 0.97), (-0.95, 1.40), (0.10, 1.43), (0.95, 0.94)), 1.80, (-1.42, 1.42), 0.32,
    ),
    CarShape(  # estate
        ((-2.28, 0.62), (-2.25, 0.95), (-1.2, 0.97), (0.0, 0.95), (0.95, 0.94), (1.65, 0.86), (2.2, 0.76), (2.3, 0.65)),
        ((-2.18, 0.97), (-1.80, 1.44), (0.12, 1.47), (1.02, 0.95)), 1.80, (-1.40, 1.42), 0.32,
    ),
    CarShape(  # tall
        ((-2.15, 0.75), (-2.12, 1.08), (-1.2, 1.10), (0.0, 1.08), (0.95, 1.07), (1.6, 1.0), (2.08, 0.90), (2.18, 0.76)),
        ((-2.06, 1.10), (-1.62, 1.66), (0.15, 1.68), (0.98, 1.08)), 1.84, (-1.34, 1.36), 0.36,
    ),
    CarShape(  # van
        ((-2.4, 0.75), (-2.4, 1.15), (-1.2, 1.18), (0.2, 1.16), (1.35, 1.12), (1.9, 1.0), (2.25, 0.88), (2.35, 0.74)),
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


def _narrowed(nose: np.ndarray) -> np.ndarray:
    """Share of the width that is left, from 0 at the ends of the body to 1 where it is full."""
    return 0.85 + 0.15 * np.sqrt(1 - (1 - nose) ** 2)


# Sections of the body, from sill to bonnet: share of the half width and of the height.
_SHARE_Y = np.array([0.86, 0.97, 1.0, 0.985, 0.93, 0.80, 0.0])
_SHARE_Z = np.array([0.0, 0.16, 0.48, 0.78, 0.94, 1.0, 1.03])


def _car_body(shape: CarShape, look: Material) -> Surface:
    """The painted body below the windows: sections along x, round in y and z."""
    line = np.array(shape.lower)
    ends = np.array([line[0, 0], line[-1, 0]])
    x = np.unique(np.concatenate([np.linspace(ends[0], ends[1], 15), [0.0], line[:, 0]]))
    top = np.interp(x, line[:, 0], line[:, 1])
    nose = np.clip((np.minimum(x - ends[0], ends[1] - x)) / 0.45, 0, 1)
    half = shape.width / 2 * _narrowed(nose)
    low = 0.20 + 0.10 * (1 - nose)
    y = half[:, None] * _SHARE_Y
    z = low[:, None] + (top - low)[:, None] * _SHARE_Z
    right = np.stack(np.broadcast_arrays(x[:, None], -y, z), axis=-1)
    left = right[:, ::-1] * [1, -1, 1]
    points = np.concatenate([right, left[:, 1:]], axis=1).transpose(1, 0, 2)
    middle = np.stack([x, 0 * x, (top + low) / 2], axis=1)
    caps = []
    for end in (0, -1):  # close nose and tail
        ring = points[:, end]
        ring = np.concatenate([ring, ring[:1]])
        caps.append(np.stack([ring, np.broadcast_to(middle[end], ring.shape)], axis=1))
    uv = np.zeros((*points.shape[:2], 2))
    sheet = grid_surface(points, uv, look)
    tail = grid_surface(caps[0][:, ::-1], np.zeros((len(ring), 2, 2)), look)
    nose_cap = grid_surface(caps[1], np.zeros((len(ring), 2, 2)), look)
    return merge([sheet, tail, nose_cap]).surfaces[0]


@cache
def _pane() -> np.ndarray:
    """A car's window from outside: the sky mirrored above, the street below, seats seen through it, (64, 128, 3)."""
    v, u = np.meshgrid(np.linspace(1.0, 0.0, 64), np.linspace(0.0, 1.0, 128), indexing="ij")
    skyline = 0.50 + 0.05 * np.sin(7.0 * u + 1.0) + 0.03 * np.sign(np.sin(23.0 * u))
    share = 1.0 / (1.0 + np.exp(-(v - skyline) / 0.035))
    across = np.minimum(np.abs(u - 0.28), np.abs(u - 0.72))  # from the nearer of two seats
    seats = np.exp(-((across / 0.075) ** 4) - ((v - 0.22) / 0.30) ** 4)
    ground = np.array([30.0, 32.0, 34.0]) * (1.0 - 0.45 * seats[..., None]) * (0.8 + 0.5 * v[..., None])
    sky = np.array([104.0, 112.0, 121.0]) * (0.75 + 0.4 * v[..., None])
    picture = ground + share[..., None] * (sky - ground)
    # A pane is curved: what it mirrors is stretched towards one end.
    picture *= 0.86 + 0.28 * u[..., None]
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    picture.setflags(write=False)
    return picture


def _sheet(
    corners: Sequence[Point], bulge: Point, panes: Sequence[Sequence[float]], body: Material
) -> list[Surface]:
    """A bent sheet of painted metal with panes let into it.

    Args:
        corners: Lower left, lower right, upper right and upper left, seen from outside, metres.
        bulge: How far its middle stands out, a vector.
        panes: Left, right, lower and upper edge of each pane, as shares of the sheet.
        body: The paint.
    """
    edges = np.array(panes, float).reshape(-1, 4)
    u, v = (
        np.unique(np.concatenate([np.linspace(0, 1, 5), edges[:, k : k + 2].ravel()]).round(3))
        for k in (0, 2)
    )
    a, b, c, d = (np.asarray(corner, float) for corner in corners)
    across, up = u[None, :, None], v[:, None, None]
    points = (1 - up) * ((1 - across) * a + across * b) + up * ((1 - across) * d + across * c)
    # Round across, hardly upwards: the sheet meets bonnet and roof in a bow, its neighbours at the pillars.
    points = points + np.asarray(bulge, float) * (1 - (2 * across - 1) ** 2) * (
        0.6 + 0.4 * np.sin(np.pi * up)
    )
    glass = Material(_pane(), roughness=0.08, specular=0.07)
    uv = np.stack(np.meshgrid(u, v), axis=-1)
    sheet = grid_surface(points, uv, glass)
    x, y = sheet.uv[sheet.faces].mean(axis=1).T
    seen = np.zeros(len(sheet.faces), dtype=bool)
    for left, right, lower, upper in edges:
        seen |= (x > left) & (x < right) & (y > lower) & (y < upper)
    kinds = ((sheet.faces[seen], glass), (sheet.faces[~seen], body))
    return [replace(sheet, faces=faces, material=look) for faces, look in kinds if len(faces)]


def _car_cabin(shape: CarShape, body: Material) -> list[Surface]:
    """Windows, pillars and roof."""
    (x0, z0), (x1, z1), (x2, z2), (x3, z3) = shape.roof
    belt, top = shape.width / 2 * 0.88, shape.width / 2 * 0.68
    van = shape.width > 1.88
    pieces = []
    for side in (-1, 1):
        low = [np.array([x, side * belt, z]) for x, z in ((x0, z0), (x3, z3))]
        high = [np.array([x, side * top, z]) for x, z in ((x1, z1), (x2, z2))]
        # The pillar in the middle parts the side's window, and the car in two.
        for line in (low, high):
            share = float(np.clip(-line[0][0] / (line[1][0] - line[0][0]), 0.2, 0.8))
            line.insert(1, line[0] * (1 - share) + line[1] * share)
        out = (0, side * 0.03, 0)
        for i, (left, right) in enumerate(((0.10, 0.95), (0.05, 0.86))):
            panes = [] if van and i == 0 else [(left, right, 0.05, 0.90)]
            ring = [low[i], low[i + 1], high[i + 1], high[i]]
            if side > 0:
                ring = [ring[1], ring[0], ring[3], ring[2]]
                panes = [(1 - b, 1 - a, c, d) for a, b, c, d in panes]
            pieces += _sheet(ring, out, panes, body)
        edge = [low[0], high[0], high[1], high[2], low[2]]
        pieces += [rod(start, end, 0.03, body, 6) for start, end in pairwise(edge)]
    front = ((x3, -belt, z3), (x3, belt, z3), (x2, top, z2), (x2, -top, z2))
    back = ((x0, belt, z0), (x0, -belt, z0), (x1, -top, z1), (x1, top, z1))
    pieces += _sheet(front, (0.10, 0, 0.02), [(0.05, 0.95, 0.04, 0.94)], body)
    doors = [(0.08, 0.46, 0.35, 0.85), (0.54, 0.92, 0.35, 0.85)]
    pieces += _sheet(back, (-0.05, 0, 0.01), doors if van else [(0.08, 0.92, 0.10, 0.90)], body)
    return [*pieces, _roof(x1, x2, z1, z2, top, body)]


def _roof(x1: float, x2: float, z1: float, z2: float, top: float, body: Material) -> Surface:
    """A crowned roof whose edges turn down over the sheets below it."""
    across = np.array([-1.0, -0.93, -0.6, 0.0, 0.6, 0.93, 1.0])
    along = np.array([0.0, 0.04, 0.25, 0.5, 0.75, 0.96, 1.0])
    x = x1 - 0.05 + (x2 - x1 + 0.12) * along
    rise = 0.055 * (1 - across[:, None] ** 4) * (1 - (2 * along[None, :] - 1) ** 6) - 0.005
    z = np.interp(x, [x1, x2], [z1, z2])[None, :] + 0.012 + rise
    points = np.stack(np.broadcast_arrays(x[None, :], (top + 0.02) * across[:, None], z), axis=-1)
    return grid_surface(points, np.zeros((*points.shape[:2], 2)), body)


def _wheel(shape: CarShape, axle: float, side: int) -> list[Surface]:
    radius, y = shape.wheel, side * (shape.width / 2 - 0.10)
    pieces = []
    for look, r, thick, out, segments in (
        (RUBBER, radius, 0.20, 0.0, 20),
        (METAL, 0.66 * radius, 0.02, 0.10, 14),
        (BLACK, 0.2 * radius, 0.02, 0.112, 8),
    ):
        disc = moved(
            transform(cylinder(r, thick, look, (0, 0, -thick / 2), segments), TO_Y),
            (axle, y + side * out, radius),
        )
        pieces.append(disc)
    for k in range(5):  # gaps between spokes
        cos, sin = np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)
        spot = (axle + 0.42 * radius * cos, y + side * 0.112, radius + 0.42 * radius * sin)
        gap = transform(cylinder(0.13 * radius, 0.004, BLACK, (0, 0, -0.002), 6), TO_Y)
        pieces.append(moved(gap, spot))
    arch = transform(cylinder(radius + 0.035, 0.02, BLACK, (0, 0, -0.01), 22), TO_Y)
    return [*pieces, moved(arch, (axle, side * (shape.width / 2 - 0.008), radius + 0.015))]


def _car_trim(shape: CarShape) -> list[Surface]:
    """Lamps, plates, bumpers, door lines, mirrors, handles."""
    back, front = shape.lower[0][0], shape.lower[-1][0]
    half = shape.width / 2
    grey = paint((0.10, 0.10, 0.105), 0.6)
    lamp = Material(color=(0.42, 0.44, 0.46), roughness=0.12, specular=0.1)
    red = paint((0.40, 0.05, 0.05), 0.2)
    z_front, z_back = shape.lower[-1][1], shape.lower[0][1] + 0.17
    end = half * float(_narrowed(np.array(0.0)))
    pieces = [
        box((0.04, 0.50, 0.11), plastic((0.80, 0.80, 0.78)), (back - 0.005, 0, 0.55), 0.005),
        box((0.04, 0.50, 0.11), plastic((0.82, 0.82, 0.80)), (front + 0.035, 0, 0.38), 0.005),
        box((0.08, 1.7 * end, 0.15), grey, (front - 0.01, 0, 0.36), 0.03),
        box((0.06, 0.9 * end, 0.10), grey, (front - 0.015, 0, z_front - 0.09), 0.02),
        box((0.10, 1.84 * end, 0.16), grey, (back + 0.02, 0, 0.36), 0.03),
        box((1.0, shape.width - 0.16, 0.2), BLACK, (-0.5, 0, 0.24), 0),
        box((1.0, shape.width - 0.16, 0.2), BLACK, (0.5, 0, 0.24), 0),
    ]
    belt = float(np.interp(0.0, *np.array(shape.lower).T))
    for side in (-1, 1):
        pieces.append(
            box((0.20, 0.30, 0.13), lamp, (front - 0.085, side * (end - 0.17), z_front - 0.075), 0.03, 1.0, 2)
        )
        pieces.append(box((0.10, 0.18, 0.22), red, (back + 0.04, side * (end - 0.09), z_back), 0.02, 1.0, 2))
        for x in (0.92, -0.02, -0.95):
            pieces += _seam(shape, x, side)
        for x in (0.12, -0.82):
            pieces.append(box((0.16, 0.02, 0.03), grey, (x, side * (half - 0.012), belt - 0.15), 0.006))
        for x in (-0.6, 0.6):
            pieces.append(box((1.2, 0.03, 0.10), grey, (x, side * (half - 0.03), 0.26), 0.01))
        pieces.append(
            box((0.12, 0.2, 0.13), plastic((0.1, 0.1, 0.1)), (0.82, side * (half + 0.03), belt + 0.08), 0.03)
        )
    return pieces


def _seam(shape: CarShape, x: float, side: int) -> list[Surface]:
    """The gap along a door's edge: a dark line that follows the body's section."""
    top, low = float(np.interp(x, *np.array(shape.lower).T)), 0.20
    y = side * (shape.width / 2 * _SHARE_Y[1:5] + 0.001)
    z = low + (top - low) * _SHARE_Z[1:5]
    points = [np.array([x, a, b]) for a, b in zip(y, z, strict=True)]
    line = paint((0.03, 0.03, 0.03), 0.8)
    return [rod(a, b, 0.006, line, 4) for a, b in pairwise(points)]
