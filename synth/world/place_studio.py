"""A studio: a photographer's, with a sweep of paper and softboxes, or one for yoga, with mirrors and mats."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture, gym_things, office_things, textures, wall_things, window_things
from synth.world import shell_things as shells
from synth.world import studio_things as things
from synth.world.light import Lamp, Light, Rgb, rgb, temperature_color
from synth.world.meshes import Material, ObjectMesh, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, NIGHT, hour_rand, indoor_light
from synth.world.place_materials import DARK_METAL, glow, paint, pick, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.plants import pot_plant_rand
from synth.world.seat_things import box_rand, chair_rand, mat_rand, stool_rand

Rng = np.random.Generator
_FREE = (-2.0, -2.0, 2.0, 2.0)
_PAPERS = (
    (0.80, 0.80, 0.79), (0.52, 0.52, 0.53), (0.26, 0.26, 0.27), (0.74, 0.68, 0.58), (0.50, 0.57, 0.60),
    (0.60, 0.50, 0.42), (0.42, 0.48, 0.42), (0.66, 0.54, 0.52), (0.30, 0.36, 0.44), (0.86, 0.85, 0.83),
)  # fmt: skip


def studio_rand(rng: Rng) -> Place:
    """A random studio; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    return photo_studio(seed) if rng.random() < 0.55 else yoga_studio(seed)


def photo_studio(seed: int) -> Place:
    """A photographer's studio."""
    draw = rng_for(seed, "studio", "shape")
    size = (float(draw.uniform(9.5, 11.5)), float(draw.uniform(8.8, 10.0)), float(draw.uniform(3.3, 4.4)))
    room = shells.Room(size, {})
    dark = bool(draw.random() < 0.3)
    floor = shells.wood_floor_rand(draw) if draw.random() < 0.4 else _screed(draw)
    base = (
        (0.20, 0.20, 0.21)
        if dark
        else pick(draw, ((0.86, 0.86, 0.85), (0.74, 0.74, 0.73), (0.88, 0.87, 0.84)))
    )
    walls = (tinted(textures.plaster(0), base, 0.9), 0.5)
    if draw.random() < 0.25 and not dark:
        walls = shells.wall_rand(draw, 0.0)
    ceiling = (tinted(textures.concrete(0), (0.30, 0.30, 0.30) if dark else (0.70, 0.69, 0.68), 0.95), 0.4)
    objects = shells.shell(room, floor, walls, None, ceiling)
    color = pick(draw, _PAPERS)
    sweep = things.sweep(
        float(draw.uniform(4.8, 6.0)), 4.9, min(3.0, size[2] - 0.3), tinted(textures.plaster(1), color, 0.9)
    )
    objects.append(PlacedObject("sweep", sweep, pose_matrix((0, 2.65, 0), -np.pi / 2)))
    lamps, light = _softboxes(rng_for(seed, "studio", "softboxes"), color)
    objects += lamps
    objects += _photo_gear(room, rng_for(seed, "studio", "gear"))
    objects += wall_things.wall_clutter(room, rng_for(seed, "studio", "clutter"))
    objects.append(PlacedObject("door", window_things.door(draw), room.at_wall("east", -size[1] / 2 + 1.3)))
    objects += movables(
        _FREE, _photo_movables(rng_for(seed, "studio", "things")), objects, rng_for(seed, "studio", "spots")
    )
    return shells.set_area(room, _FREE, Place("studio", tuple(objects), light, sky_seed=seed % 5))


def _screed(rng: Rng) -> shells.Look:
    return tinted(
        textures.concrete(1),
        pick(rng, ((0.50, 0.50, 0.49), (0.62, 0.61, 0.60), (0.36, 0.36, 0.37))),
        0.5,
        macro=0.1,
    ), 0.4


def _softboxes(rng: Rng, paper: Rgb) -> tuple[list[PlacedObject], Light]:
    """A key light, a fill, sometimes a hair light, on stands at the corners of the free area."""
    color = rgb(temperature_color(float(rng.uniform(4800, 6000))))
    side = float(rng.choice([-1.0, 1.0]))
    spots = [(side * 3.0, -2.9, 2.1, 5.5), (-side * 3.1, -2.7, 1.8, float(rng.uniform(1.0, 3.2)))]
    if rng.random() < 0.6:
        spots.append((side * 3.1, 2.7, 2.4, float(rng.uniform(1.0, 3.5))))
    placed, lamps = [], []
    octagon = bool(rng.random() < 0.5)
    for i, (x, y, z, strength) in enumerate(spots):
        towards = np.array([0.0, 0.3, 1.0]) - np.array([x, y, z])
        towards /= np.linalg.norm(towards)
        mesh = things.softbox(
            z, float(np.arcsin(-towards[2])), float(rng.uniform(0.7, 1.0)), octagon, glow(color, 3.2)
        )
        matrix = pose_matrix((x, y, 0.0), float(np.arctan2(towards[1], towards[0])))
        placed.append(PlacedObject(f"softbox_{i + 1}", mesh, matrix, footprint_m=0.5))
        axis = (float(towards[0]), float(towards[1]), float(towards[2]))
        front = np.array([x, y, z]) + 0.35 * towards
        lamps.append(Lamp(rgb(front), color, 2.2 * strength, 0.5, axis, casts_shadow=i < 2))
    # Walls and the sweep throw light back in their own colour.
    mixed = np.array(color) * (0.6 + 0.4 * np.array(paper) / max(paper))
    light = Light(
        sun_strength=0.0,
        sky_strength=float(rng.uniform(0.22, 0.5)),
        sky_color=rgb(mixed),
        ground_color=rgb(0.7 * mixed),
        horizon_color=(0.5, 0.5, 0.5),
        exposure_ev=float(rng.normal(0.05, 0.15)),
        lamps=tuple(lamps),
    )
    return placed, light


def _photo_gear(room: shells.Room, rng: Rng) -> list[PlacedObject]:
    """What stands along a studio's walls."""
    x, y, _ = room.size_m
    papers = tuple(pick(rng, _PAPERS) for _ in range(5))
    wood = wooden(rng)
    placed = [
        PlacedObject(
            "paper_rolls",
            things.paper_rolls(papers),
            room.at_wall("east", float(rng.uniform(1.0, 2.4)), 0.2),
            footprint_m=0.6,
        ),
        PlacedObject(
            "table",
            furniture.table(1.6, 0.75, 0.75, wood, DARK_METAL),
            room.at_wall("east", float(rng.uniform(-1.6, -0.6)), 0.5),
            footprint_m=0.85,
        ),
        PlacedObject(
            "sofa",
            furniture.sofa(1.8, office_things.woven(rng), wood, 2, rng),
            room.at_wall("west", float(rng.uniform(-1.5, 1.5)), 0.55),
            footprint_m=1.1,
        ),
        PlacedObject(
            "cases",
            things.cases(rng),
            room.at_wall("south", float(rng.uniform(-2.5, 2.5)), 0.35),
            footprint_m=0.6,
        ),
        PlacedObject(
            "shelf",
            furniture.shelf(1.4, 1.8, wood, rng, 0.3),
            room.at_wall("south", x / 2 - 1.2, 0.17),
            footprint_m=0.7,
        ),
        PlacedObject(
            "clothes_rail",
            things.clothes_rail(rng),
            room.at_wall("west", -y / 2 + 1.2, 0.45),
            footprint_m=0.7,
        ),
    ]
    for i in range(int(rng.integers(1, 4))):
        along = float(rng.uniform(-2.0, 2.0))
        placed.append(
            PlacedObject(
                f"picture_{i + 1}",
                furniture.painting_rand(rng),
                room.at_wall(("west", "east", "south")[i], along, 0.0, 1.8),
            )
        )
    return placed


def _photo_movables(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    return {
        "stool": (stool_rand((0.36, 0.36, float(rng.choice([0.46, 0.7]))), rng), 0.25),
        "chair": (chair_rand((0.44, 0.44, 0.46), rng), 0.33),
        "posing_box": (box_rand((0.5, 0.5, 0.45), rng), 0.38),
        "flag": (things.flag(rng), 0.5),
        "tripod": (things.tripod(rng), 0.45),
        "case": (things.cases(rng, 1), 0.45),
        "plant": (pot_plant_rand(rng, float(rng.uniform(0.9, 1.6))), 0.3),
        "fan": (things.fan(rng), 0.3),
    }


def yoga_studio(seed: int) -> Place:
    """A studio for yoga and dance."""
    draw = rng_for(seed, "studio", "shape")
    hour = hour_rand(draw)
    size = (float(draw.uniform(9.0, 11.5)), float(draw.uniform(8.6, 10.0)), float(draw.uniform(2.9, 4.0)))
    count = int(draw.integers(2, 5))
    pitch = size[0] / count
    sill = float(draw.choice([0.06, 0.5, 0.9]))
    windows = tuple(
        shells.Window((i - (count - 1) / 2) * pitch, 0.6 * pitch, sill, min(2.7, size[2] - 0.3))
        for i in range(count)
    )
    room = shells.Room(size, {"north": windows})
    walls = shells.wall_rand(draw, 0.0)
    if draw.random() < 0.2:
        walls = (shells.Material(shells.textures_outdoor.brick(3), roughness=0.9), 1 / 1.2)
    objects = shells.shell(room, shells.wood_floor_rand(draw), walls)
    objects += window_things.window_things(room, draw, hour, "curtains" if draw.random() < 0.6 else "none")
    objects += _yoga_gear(room, rng_for(seed, "studio", "gear"), hour)
    objects += wall_things.wall_clutter(room, rng_for(seed, "studio", "clutter"), 0.7)
    objects += movables(
        _FREE, _yoga_movables(rng_for(seed, "studio", "things")), objects, rng_for(seed, "studio", "spots")
    )
    lamps, light = _pendants(room, rng_for(seed, "studio", "light"), hour)
    place = Place("studio", (*objects, *lamps), light, sky_seed=seed % 5)
    return shells.set_area(room, _FREE, place)


def _yoga_gear(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    x, y, _ = room.size_m
    wood = wooden(rng)
    bright = Material(color=(0.60, 0.64, 0.65), roughness=0.08, specular=0.5)
    wide = float(rng.uniform(3.6, y - 1.5))
    placed = [
        PlacedObject(
            "mirror",
            shells.fronts(gym_things.mirror(wide, 2.1, bright)),
            room.at_wall("west", 0.0, 0.0, 0.12),
        ),
        PlacedObject(
            "props",
            things.yoga_shelf(rng, wood),
            room.at_wall("east", float(rng.uniform(-1.5, 1.5)), 0.2),
            footprint_m=0.9,
        ),
        PlacedObject(
            "bench",
            furniture.table(1.4, 0.35, 0.45, wood, wood),
            room.at_wall("south", float(rng.uniform(-2, 2)), 0.3),
            footprint_m=0.7,
        ),
        PlacedObject("door", window_things.door(rng), room.at_wall("east", -y / 2 + 1.2)),
    ]
    if rng.random() < 0.5:
        placed.append(
            PlacedObject(
                "barre", things.barre(2.8, wood), room.at_wall("south", float(rng.uniform(-1.0, 1.5)), 0.0)
            )
        )
    for i, (px, py) in enumerate(
        ((-x / 2 + 0.5, y / 2 - 0.5), (x / 2 - 0.5, y / 2 - 0.5), (x / 2 - 0.5, -y / 2 + 0.5))
    ):
        if rng.random() < 0.6:
            mesh = pot_plant_rand(rng, float(rng.uniform(1.0, 1.9)))
            placed.append(PlacedObject(f"plant_{i + 1}", mesh, pose_matrix((px, py, 0)), footprint_m=0.35))
    mats = int(rng.integers(0, 4))
    mesh = mat_rand((0.62, 1.82, 0.006), rng)
    for i in range(mats):
        spot = pose_matrix(
            ((i - (mats - 1) / 2) * 1.35, float(rng.uniform(-0.2, 0.2)), 0.0), float(rng.normal(0, 0.04))
        )
        placed.append(PlacedObject(f"mat_{i + 1}", mesh, spot))
    if rng.random() < 0.5:
        placed.append(
            PlacedObject(
                "picture",
                furniture.painting_rand(rng),
                room.at_wall("east", float(rng.uniform(2.0, 3.0)), 0.0, 1.7),
            )
        )
    return placed


def _yoga_movables(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    return {
        "gym_ball": (furniture.gym_ball(rng), 0.36),
        "bolster": (things.bolster(rng), 0.36),
        "blocks": (things.block_pile(rng), 0.21),
        "rolled_mat": (gym_things.rolled_mat(rng), 0.21),
        "foam_roller": (gym_things.foam_roller(rng), 0.25),
        "pot_plant": (pot_plant_rand(rng, float(rng.uniform(0.9, 1.5))), 0.3),
        "stool": (stool_rand((0.36, 0.36, 0.46), rng), 0.25),
        "bag": (furniture.bag_rand(rng), 0.32),
        "screen": (office_things.folding_screen(rng), 0.85),
    }


def _pendants(room: shells.Room, rng: Rng, hour: str) -> tuple[list[PlacedObject], Light]:
    x, y, z = room.size_m
    color = rgb(temperature_color(float(rng.uniform(2700, 4000))))
    on = hour != DAY or rng.random() < 0.4
    shade = glow(color, 2.0) if on else paint((0.76, 0.74, 0.69), 0.8)
    drop = max(0.5, z - 2.6)
    lamp = furniture.pendant(shade, drop, float(rng.uniform(0.18, 0.3)))
    spots = [(sx * x * 0.24, sy * y * 0.24) for sx in (-1, 1) for sy in (-1, 1)]
    placed = [PlacedObject(f"lamp_{i + 1}", lamp, pose_matrix((*spot, z))) for i, spot in enumerate(spots)]
    fixtures = [
        Lamp((sx, sy, z - drop - 0.03), color, 2.0, 0.4, casts_shadow=i < (2 if hour == NIGHT else 1))
        for i, (sx, sy) in enumerate(spots)
    ]
    return placed, indoor_light(rng, hour, room.window_lamps(13.0), fixtures if on else [], bounce=1.15)
