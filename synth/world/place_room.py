"""A living room: floor, walls with a window and a door, furniture along the walls, the middle free for people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture as things
from synth.world import textures
from synth.world.light import Lamp, Light, rgb, temperature_color
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
from synth.world.place_types import Place, PlacedObject
from synth.world.solids import box, plane

Rng = np.random.Generator
_WALL_COLORS = (
    (0.86, 0.84, 0.79),
    (0.78, 0.80, 0.78),
    (0.80, 0.74, 0.66),
    (0.66, 0.72, 0.74),
    (0.84, 0.78, 0.72),
)
_SILL_M, _WINDOW_TOP_M = 0.85, 2.2
_OVERLAP_M = 0.4
_THICK_M = 0.24  # one sheet lets the sun in along its edges: shadow maps need some thickness
_RUG_COLORS = (
    (0.48, 0.22, 0.18),
    (0.25, 0.30, 0.40),
    (0.74, 0.68, 0.56),
    (0.40, 0.38, 0.33),
    (0.60, 0.48, 0.30),
)


@dataclass(frozen=True)
class RoomShape:
    """Size of a room and of its window.

    Attributes:
        size_m: Extent in x and y, and height.
        window_m: Width of the window in the wall at +y, metres.
    """

    size_m: tuple[float, float, float]
    window_m: float


def room_rand(rng: Rng) -> Place:
    """A random living room; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "room", "shape")
    shape = RoomShape(
        (float(draw.uniform(8.2, 9.6)), float(draw.uniform(7.6, 8.8)), float(draw.uniform(2.6, 3.0))),
        float(draw.uniform(2.6, 4.2)),
    )
    objects = _shell(shape, rng_for(seed, "room", "shell"))
    objects += _furniture(shape, rng_for(seed, "room", "furniture"))
    objects += _movables(rng_for(seed, "room", "movables"))
    light = _light(shape, rng_for(seed, "room", "light"))
    x, y, _ = shape.size_m
    return Place(
        "room",
        tuple(objects),
        light,
        free_area_m=(-2.2, -2.1, 2.2, 2.1),
        camera_area_m=(-x / 2 + 0.2, -y / 2 + 0.2, x / 2 - 0.2, y / 2 - 0.2),
        camera_height_m=(0.6, 2.2),
        enclosed=True,
        sky_seed=seed % 5,
        shadow_radius_m=8.0,
    )


def _floor_look(rng: Rng) -> tuple[Material, float]:
    kind = int(rng.integers(3))
    if kind == 0:
        base = things.pick(rng, things.WOODS)
        return Material(
            textures.planks(int(rng.integers(3)), base), roughness=float(rng.uniform(0.3, 0.55))
        ), 1 / 1.2
    if kind == 1:
        base = things.pick(rng, ((0.72, 0.70, 0.66), (0.55, 0.50, 0.45), (0.62, 0.64, 0.66)))
        return Material(textures.tiles(int(rng.integers(3)), base), roughness=0.35), 1 / 2.0
    base = things.pick(rng, ((0.52, 0.49, 0.45), (0.42, 0.44, 0.47), (0.58, 0.52, 0.42)))
    return Material(textures.carpet(int(rng.integers(3)), base), roughness=1.0, specular=0.02), 1.0


def _wall_look(rng: Rng) -> tuple[Material, float]:
    base = things.pick(rng, _WALL_COLORS)
    if rng.random() < 0.3:
        motif = rgb(np.round(np.array(base) * rng.uniform(0.8, 0.92), 3))
        return Material(textures.wallpaper(int(rng.integers(5)), base, motif), roughness=0.85), 1.0
    if rng.random() < 0.15:
        return Material(textures.brick(int(rng.integers(3)), (0.60, 0.42, 0.35)), roughness=0.9), 1 / 1.05
    return Material(textures.plaster(int(rng.integers(3)), base), roughness=0.85), 0.5


def _wall_piece(
    low: tuple[float, float], high: tuple[float, float], look: Material, uv_per_m: float
) -> Surface:
    """A piece of a wall in the plane x = 0 that faces +x, between two (y, z) corners."""
    y, z = np.meshgrid([low[0], high[0]], [low[1], high[1]])
    return grid_surface(np.stack([0 * y, y, z], axis=-1), np.stack([y, z], axis=-1) * uv_per_m, look)


def _wall(length: float, height: float, look: Material, uv_per_m: float, hole: float = 0.0) -> list[Surface]:
    """A wall about y = 0 with, if wanted, a window of a width in its middle."""
    # Beyond the corners, below the floor and above the ceiling, or the sun's soft shadow lets light in there.
    half, bottom, height = length / 2 + _OVERLAP_M, -_OVERLAP_M, height + _OVERLAP_M
    if not hole:
        return [_wall_piece((-half, bottom), (half, height), look, uv_per_m)]
    side = hole / 2
    corners = [
        ((-half, bottom), (-side, height)),
        ((side, bottom), (half, height)),
        ((-side, bottom), (side, _SILL_M)),
        ((-side, _WINDOW_TOP_M), (side, height)),
    ]
    return [_wall_piece(low, high, look, uv_per_m) for low, high in corners]


def _window(width: float) -> ObjectMesh:
    """Frame, bars, sill and the thickness of the wall, for a wall in the plane x = 0 that faces +x."""
    white, tall = things.paint((0.90, 0.90, 0.88), 0.4), _WINDOW_TOP_M - _SILL_M
    middle = (_SILL_M + _WINDOW_TOP_M) / 2
    pieces = []
    for side in (-1, 1):
        pieces.append(box((0.26, 0.05, tall + 0.1), white, (-0.10, side * (width / 2 + 0.02), middle)))
        pieces.append(box((0.26, width, 0.05), white, (-0.10, 0, middle + side * (tall / 2 + 0.02))))
    panes = max(2, round(width / 1.1))
    for i in range(panes + 1):
        y = -width / 2 + 0.03 + (width - 0.06) * i / panes
        pieces.append(box((0.06, 0.06, tall), white, (-0.14, y, middle)))
    for z in (_SILL_M + 0.03, _WINDOW_TOP_M - 0.03):
        pieces.append(box((0.06, width, 0.06), white, (-0.14, 0, z)))
    pieces.append(box((0.34, width + 0.16, 0.03), white, (0.02, 0, _SILL_M - 0.015), 0.008))
    return merge(pieces)


def _door(rng: Rng) -> ObjectMesh:
    leaf = things.wooden(rng) if rng.random() < 0.4 else things.paint((0.88, 0.87, 0.84), 0.4)
    frame = things.paint((0.88, 0.87, 0.84), 0.4)
    pieces = [
        box((0.05, 0.86, 2.02), leaf, (0.0, 0, 1.01)),
        box((0.06, 1.06, 0.09), frame, (0.005, 0, 2.065)),
    ]
    for side in (-1, 1):
        pieces.append(box((0.06, 0.10, 2.02), frame, (0.005, side * 0.48, 1.01)))
    for z, tall in ((0.52, 0.7), (1.45, 0.8)):
        pieces.append(box((0.06, 0.6, tall), leaf, (0.0, 0, z), 0.02))
    pieces.append(things.rod((0.0, 0.36, 1.03), (0.07, 0.36, 1.03), 0.01, things.METAL))
    pieces.append(things.rod((0.07, 0.37, 1.03), (0.07, 0.25, 1.03), 0.01, things.METAL))
    return merge(pieces)


def _wall_matrix(
    shape: RoomShape, side: str, along_m: float = 0.0, out_m: float = 0.0, z_m: float = 0.0
) -> np.ndarray:
    """Where a thing stands whose back is to a wall: its front looks into the room."""
    x, y = shape.size_m[0] / 2 - out_m, shape.size_m[1] / 2 - out_m
    position, yaw = {
        "west": ((-x, along_m, z_m), 0.0),
        "south": ((along_m, -y, z_m), np.pi / 2),
        "east": ((x, along_m, z_m), np.pi),
        "north": ((along_m, y, z_m), -np.pi / 2),
    }[side]
    return pose_matrix(position, yaw)


def _shell(shape: RoomShape, rng: Rng) -> list[PlacedObject]:
    x, y, z = shape.size_m
    floor_look, floor_uv = _floor_look(rng)
    wall_look, wall_uv = _wall_look(rng)
    accent_look, accent_uv = _wall_look(rng) if rng.random() < 0.4 else (wall_look, wall_uv)
    white = Material(textures.plaster(0, (0.90, 0.90, 0.88)), roughness=0.9)
    ceiling = transform(
        plane((x + 2 * _OVERLAP_M, y + 2 * _OVERLAP_M), white, 0.5), np.diag([1.0, -1.0, -1.0, 1.0])
    )
    placed = [
        PlacedObject(
            "floor", merge([plane((x + 2 * _OVERLAP_M, y + 2 * _OVERLAP_M), floor_look, floor_uv)]), np.eye(4)
        ),
        PlacedObject("ceiling", merge([ceiling, moved(ceiling, (0, 0, _THICK_M))]), pose_matrix((0, 0, z))),
    ]
    skirting = things.paint((0.88, 0.87, 0.84), 0.45)
    for side, length in (("west", y), ("south", x), ("east", y), ("north", x)):
        look, uv = (accent_look, accent_uv) if side == "west" else (wall_look, wall_uv)
        pieces = _wall(length, z, look, uv, shape.window_m if side == "north" else 0.0)
        pieces += [moved(piece, (-_THICK_M, 0, 0)) for piece in pieces]
        pieces.append(box((0.018, length, 0.09), skirting, (0.009, 0, 0.045), 0.005))
        placed.append(PlacedObject(f"wall_{side}", merge(pieces), _wall_matrix(shape, side)))
    placed.append(PlacedObject("window", _window(shape.window_m), _wall_matrix(shape, "north")))
    placed.append(
        PlacedObject("door", _door(rng), _wall_matrix(shape, "south", float(rng.uniform(2.2, x / 2 - 0.8))))
    )
    cloth = Material(
        textures.fabric(int(rng.integers(3)), things.pick(rng, (*things.CLOTHS, (0.8, 0.78, 0.72)))),
        roughness=0.95, wrap=0.3, two_sided=True,
    )  # fmt: skip
    for i, side_sign in enumerate((-1, 1), start=1):
        along = side_sign * (shape.window_m / 2 + 0.2)
        matrix = _wall_matrix(shape, "north", along, 0.10)
        placed.append(PlacedObject(f"curtain_{i}", things.curtain(0.55, 2.38, cloth, rng), matrix))
    return placed


def _furniture(shape: RoomShape, rng: Rng) -> list[PlacedObject]:
    """Things along the walls, out of the free area."""
    x, y, z = shape.size_m
    wood, cloth = things.wooden(rng), things.woven(rng)
    screen = bool(rng.random() < 0.6)
    meshes = {
        "sofa": things.sofa(float(rng.uniform(1.9, 2.4)), cloth, wood, 3),
        "bookcase": things.shelf(1.2, float(rng.uniform(1.6, 2.1)), wood, rng),
        "sideboard": things.sideboard(1.7, wood, things.wooden(rng), screen),
        "armchair": things.sofa(0.92, things.woven(rng), wood, 1),
        "floor_lamp": things.floor_lamp(_glow(0.9)),
        "big_plant": things.pot_plant(float(rng.uniform(1.2, 1.8)), rng),
        "dining_table": things.table(1.5, 0.8, 0.74, wood, wood),
        "ceiling_lamp": things.ceiling_lamp(_glow(1.4)),
    }
    places = {
        "sofa": (_wall_matrix(shape, "west", float(rng.uniform(-1.2, 1.2)), 0.55), 1.2),
        "bookcase": (_wall_matrix(shape, "east", float(rng.uniform(0.9, 2.2)), 0.17), 0.6),
        "sideboard": (_wall_matrix(shape, "east", float(rng.uniform(-2.2, -1.0)), 0.25), 0.9),
        "armchair": (pose_matrix((-x / 2 + 0.85, y / 2 - 0.95, 0), float(rng.uniform(-1.2, -0.4))), 0.65),
        "floor_lamp": (pose_matrix((-x / 2 + 0.4, -y / 2 + 0.4, 0)), 0.25),
        "big_plant": (pose_matrix((x / 2 - 0.45, y / 2 - 0.5, 0)), 0.4),
        "dining_table": (pose_matrix((float(rng.uniform(-1.5, 0.5)), -y / 2 + 0.75, 0), np.pi / 2), 0.8),
        "ceiling_lamp": (pose_matrix((0.0, 0.0, z)), 0.0),
    }
    placed = [
        PlacedObject(name, mesh, places[name][0], footprint_m=places[name][1])
        for name, mesh in meshes.items()
    ]
    if rng.random() < 0.65:
        colors = [things.pick(rng, _RUG_COLORS) for _ in range(3)]
        mesh = things.rug(
            float(rng.uniform(2.2, 3.2)),
            float(rng.uniform(1.6, 2.2)),
            textures.rug(int(rng.integers(9)), *colors),
        )
        placed.append(
            PlacedObject(
                "rug", mesh, pose_matrix((float(rng.uniform(-0.8, 0.4)), float(rng.uniform(-0.5, 0.5)), 0))
            )
        )
    for i in range(int(rng.integers(2, 5))):
        side, along = (("west", -1.6), ("south", -1.8), ("west", 1.0), ("south", 0.3))[i]
        size = (float(rng.uniform(0.5, 1.1)), float(rng.uniform(0.4, 0.8)))
        mesh = things.picture_frame(*size, int(rng.integers(50)), things.wooden(rng))
        placed.append(PlacedObject(f"picture_{i + 1}", mesh, _wall_matrix(shape, side, along, 0.0, 1.6)))
    return placed


def _glow(strength: float) -> Material:
    """A shade that looks lit: pale, and so soft that it has no dark side."""
    return Material(
        color=(strength, 0.92 * strength, 0.75 * strength), roughness=1.0, wrap=1.0, two_sided=True
    )


def _movables(rng: Rng) -> list[PlacedObject]:
    """Movable things at first stand round the free area."""
    spots = [
        (-2.6, -2.5),
        (2.6, -2.5),
        (2.7, 2.5),
        (-2.6, 2.5),
        (2.8, 0.2),
        (-0.7, 2.6),
        (1.0, 2.7),
        (1.6, -2.6),
    ]
    placed = []
    for (name, (mesh, radius)), spot in zip(things.movable_rand(rng).items(), spots, strict=True):
        position = (spot[0] + rng.uniform(-0.15, 0.15), spot[1] + rng.uniform(-0.1, 0.1), 0.0)
        matrix = pose_matrix(position, float(rng.uniform(0, 2 * np.pi)))
        placed.append(PlacedObject(name, mesh, matrix, movable=True, footprint_m=radius))
    return placed


def _light(shape: RoomShape, rng: Rng) -> Light:
    """Daylight through the window, a ceiling lamp, sometimes the floor lamp and the sun."""
    x, y, z = shape.size_m
    day = float(rng.uniform(0.25, 1.0))
    warm = rgb(temperature_color(float(rng.uniform(2900, 4200))))
    sky = rgb(temperature_color(float(rng.uniform(5600, 7500))))
    lamps = (
        Lamp((0.0, y / 2 - 0.4, 1.6), sky, 10.0 * day, 0.7, (0.0, -1.0, -0.12), True),
        Lamp(
            (0.0, 0.0, z - 0.58),
            warm,
            float(rng.uniform(1.5, 3.0) + 3.0 * (1 - day)),
            0.5,
            (0.0, 0.0, 0.0),
            True,
        ),
        Lamp((-x / 2 + 0.4, -y / 2 + 0.4, 1.56), warm, float(rng.uniform(0.0, 0.8)), 0.25),
    )
    mixed = 0.5 * np.array(warm) + 0.5 * np.array(sky)
    return Light(
        sun_azimuth_deg=float(rng.uniform(50, 130)),
        sun_elevation_deg=float(rng.uniform(22, 50)),
        sun_strength=float(rng.choice([0.0, 2.0 * day, 3.0 * day])),
        sky_strength=0.42,
        sky_color=rgb(mixed),
        ground_color=rgb(0.55 * mixed * [1.05, 1.0, 0.9]),
        horizon_color=(1.5, 1.65, 1.9),
        cloud_cover=float(rng.uniform(0.2, 0.8)),
        exposure_ev=0.2,
        lamps=lamps,
    )
