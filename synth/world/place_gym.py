"""A gym: racks, weights, machines and wall bars round a free floor of rubber."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture, gym_things, textures, wall_things, window_things
from synth.world import shell_things as shells
from synth.world.light import Lamp, Light, rgb, temperature_color
from synth.world.meshes import Material, ObjectMesh, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, hour_rand, indoor_light
from synth.world.place_materials import paint, pick, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.seat_things import step_rand

Rng = np.random.Generator
_FREE = (-2.4, -2.3, 2.4, 2.3)


def gym_rand(rng: Rng) -> Place:
    """A random gym; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "gym", "shape")
    hour = hour_rand(draw)
    size = (float(draw.uniform(9.5, 12.0)), float(draw.uniform(8.8, 10.5)), float(draw.uniform(3.2, 5.0)))
    sill = float(draw.uniform(1.2, 1.9))
    count = int(draw.integers(3, 5))
    pitch = size[0] / count
    windows = tuple(
        shells.Window((i - (count - 1) / 2) * pitch, 0.72 * pitch, sill, min(size[2] - 0.35, sill + 1.6))
        for i in range(count)
    )
    room = shells.Room(size, {"north": windows})
    objects = _shell(room, rng_for(seed, "gym", "shell"), hour)
    objects += _gear(room, rng_for(seed, "gym", "gear"))
    objects += wall_things.wall_clutter(room, rng_for(seed, "gym", "clutter"), 1.3)
    objects += movables(
        _FREE, _movable(rng_for(seed, "gym", "things")), objects, rng_for(seed, "gym", "spots")
    )
    lamps, light = _light(room, rng_for(seed, "gym", "light"), hour)
    place = Place("gym", (*objects, lamps), light, sky_seed=seed % 5)
    return shells.set_area(room, _FREE, place)


def _shell(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    lot = rng.random()
    if lot < 0.6:
        floor = (Material(textures.rubber(int(rng.integers(3))), roughness=0.9, macro=0.17), 1.0)
    elif lot < 0.85:
        floor = shells.wood_floor_rand(rng)
    else:
        color = pick(rng, ((0.34, 0.44, 0.50), (0.42, 0.50, 0.44), (0.50, 0.47, 0.44)))
        floor = (tinted(textures.vinyl(0), color, 0.5, macro=0.11), 1.0)
    walls = shells.wall_rand(rng, papered=0.0)
    if rng.random() < 0.25:
        walls = tinted(textures.concrete(0), pick(rng, ((0.62, 0.61, 0.59), (0.72, 0.71, 0.69))), 0.9), 0.4
    lower = None
    if rng.random() < 0.4:
        lower = (
            (paint(pick(rng, ((0.36, 0.42, 0.47), (0.30, 0.31, 0.33), (0.55, 0.48, 0.38))), 0.6), 1.0),
            1.3,
        )
    ceiling = None
    if room.size_m[2] > 3.6 and rng.random() < 0.5:
        ceiling = tinted(textures.concrete(0), pick(rng, ((0.40, 0.40, 0.40), (0.62, 0.61, 0.60))), 0.95), 0.4
    placed = shells.shell(room, floor, walls, None, ceiling, lower)
    placed += window_things.window_things(room, rng, hour, "none")
    placed.append(
        PlacedObject("door", window_things.door(rng), room.at_wall("east", -room.size_m[1] / 2 + 1.2))
    )
    return placed


def _gear(room: shells.Room, rng: Rng) -> list[PlacedObject]:
    """Racks and machines along the walls."""
    x, y, _ = room.size_m
    metal = (
        paint(pick(rng, gym_things.ACCENTS), 0.45) if rng.random() < 0.5 else paint((0.05, 0.05, 0.055), 0.5)
    )
    wood = wooden(rng, ((0.66, 0.51, 0.36), (0.72, 0.58, 0.42)))
    bright = Material(color=(0.62, 0.66, 0.68), roughness=0.08, specular=0.5)
    placed = [
        PlacedObject(
            "wall_bars",
            gym_things.wall_bars(2.5, int(rng.integers(2, 4)), wood),
            room.at_wall("east", 1.6),
            footprint_m=0.3,
        ),
        PlacedObject(
            "mirror",
            shells.fronts(gym_things.mirror(float(rng.uniform(2.4, 4.8)), 2.0, bright)),
            room.at_wall("west", -0.5, 0.0, 0.15),
        ),
        PlacedObject(
            "rack", gym_things.squat_rack(rng, metal), room.at_wall("east", -1.6, 1.0), footprint_m=1.0
        ),
        PlacedObject(
            "dumbbells",
            gym_things.dumbbell_rack(rng, metal, int(rng.integers(6, 9))),
            room.at_wall("north", float(rng.uniform(-1.5, 0.0)), 0.4),
            footprint_m=0.9,
        ),
        PlacedObject(
            "balls", gym_things.ball_rack(rng), room.at_wall("north", x / 2 - 1.2, 0.4), footprint_m=0.6
        ),
    ]
    makers: tuple[Callable[[], ObjectMesh], ...] = (
        lambda: gym_things.treadmill(rng, metal),
        lambda: gym_things.exercise_bike(rng, metal),
        lambda: gym_things.treadmill(rng, metal),
        lambda: gym_things.punch_bag(rng),
    )
    kind = makers[int(rng.integers(len(makers)))]
    mesh = kind()
    for i in range(int(rng.integers(2, 4))):
        along = -y / 2 + 1.4 + 1.35 * i
        matrix = room.at_wall("west", along + 1.0, 1.05) @ pose_matrix((0, 0, 0), np.pi)
        placed.append(PlacedObject(f"machine_{i + 1}", mesh, matrix, footprint_m=0.8))
    if rng.random() < 0.7:
        spot = room.at_wall("south", float(rng.uniform(-1.0, 2.0)), 0.35)
        placed.append(PlacedObject("kettlebells", gym_things.kettlebell_row(rng), spot, footprint_m=0.7))
    if rng.random() < 0.6:
        mats = gym_things.mat_field(rng)
        placed.append(
            PlacedObject(
                "floor_mat",
                mats,
                pose_matrix((float(rng.uniform(-1, 1)), float(rng.uniform(-0.6, 0.6)), 0), 0.0),
            )
        )
    return placed


def _movable(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    return {
        "bench_1": (gym_things.weight_bench(rng), 0.65),
        "plyo_box": (gym_things.plyo_box(rng), 0.45),
        "gym_ball": (furniture.gym_ball(rng), 0.35),
        "bag": (furniture.bag_rand(rng), 0.32),
        "cone_1": (gym_things.cone(rng), 0.21),
        "rolled_mat": (gym_things.rolled_mat(rng), 0.21),
        "foam_roller": (gym_things.foam_roller(rng), 0.25),
        "plate_tree": (gym_things.plate_tree(rng), 0.4),
        "step": (step_rand((0.4, 0.8, 0.2), rng), 0.45),
        "punch_bag": (gym_things.punch_bag(rng), 0.75),
    }


def _light(room: shells.Room, rng: Rng, hour: str) -> tuple[PlacedObject, Light]:
    """Rows of linear lamps."""
    x, y, z = room.size_m
    color = rgb(temperature_color(float(rng.uniform(3800, 5600))))
    drop = max(0.0, z - float(rng.uniform(3.0, 3.6)))
    columns, rows = int(rng.integers(3, 5)), 3
    spots = [
        ((i - (columns - 1) / 2) * x / columns, (j - (rows - 1) / 2) * y / rows)
        for i in range(columns)
        for j in range(rows)
    ]
    on = 0.0 if hour == DAY and rng.random() < 0.3 else 2.2
    mesh = shells.linear_lamps(spots, 1.5, color, on, drop)
    height = z - drop - 0.12
    fixtures = [
        Lamp((sx * x * 0.24, sy * y * 0.24, height), color, 3.2, 0.9, (0.0, 0.0, -1.0), casts_shadow=k < 2)
        for k, (sx, sy) in enumerate(((-0.4, 0.5), (0.6, -0.5), (-1, -1), (1, 1)))
    ]
    light = indoor_light(rng, hour, room.window_lamps(14.0), fixtures if on else [], bounce=1.1)
    return PlacedObject("ceiling_lamps", mesh, pose_matrix((0, 0, z))), light
