"""An office: rows of desks with screens along the walls, glass partitions, plants, a free middle."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture, office_things, textures, wall_things, window_things
from synth.world import shell_things as shells
from synth.world.light import Lamp, Light, rgb, temperature_color
from synth.world.meshes import ObjectMesh, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, NIGHT, hour_rand, indoor_light
from synth.world.place_materials import DARK_METAL, paint, pick, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.plants import pot_plant_rand

Rng = np.random.Generator
_FREE = (-2.1, -2.0, 2.1, 2.0)


def office_rand(rng: Rng) -> Place:
    """A random office; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "office", "shape")
    hour = hour_rand(draw)
    size = (float(draw.uniform(9.0, 11.5)), float(draw.uniform(8.2, 9.6)), float(draw.uniform(2.7, 3.4)))
    count = int(draw.integers(3, 6))
    pitch, sill = size[0] / count, float(draw.choice([0.3, 0.85]))
    windows = tuple(
        shells.Window((i - (count - 1) / 2) * pitch, 0.78 * pitch, sill, 2.4) for i in range(count)
    )
    room = shells.Room(size, {"north": windows})
    objects = _shell(room, rng_for(seed, "office", "shell"), hour)
    objects += _furniture(room, rng_for(seed, "office", "furniture"), hour)
    objects += wall_things.wall_clutter(room, rng_for(seed, "office", "clutter"), 1.3)
    objects += movables(
        _FREE, _movable(rng_for(seed, "office", "things")), objects, rng_for(seed, "office", "spots")
    )
    lamps, light = _light(room, rng_for(seed, "office", "light"), hour)
    place = Place("office", (*objects, lamps), light, sky_seed=seed % 5)
    return shells.set_area(room, _FREE, place)


def _shell(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    lot = rng.random()
    if lot < 0.6:
        color = pick(rng, ((0.36, 0.38, 0.41), (0.46, 0.46, 0.45), (0.34, 0.39, 0.42), (0.50, 0.46, 0.41)))
        floor = (tinted(textures.carpet(int(rng.integers(2)), 2), color, 1.0, specular=0.02, macro=0.17), 1.0)
    elif lot < 0.8:
        floor = shells.wood_floor_rand(rng)
    else:
        floor = (
            tinted(
                textures.concrete(0), pick(rng, ((0.56, 0.55, 0.53), (0.46, 0.46, 0.46))), 0.45, macro=0.1
            ),
            0.4,
        )
    panels = (tinted(textures.ceiling_panels(), (0.87, 0.87, 0.86), 0.95), 1 / 1.2)
    bare = (tinted(textures.concrete(1), (0.60, 0.59, 0.57), 0.95), 0.4)
    ceiling = panels if rng.random() < 0.65 else bare
    accent = shells.wall_rand(rng, 0.0) if rng.random() < 0.5 else None
    placed = shells.shell(room, floor, shells.wall_rand(rng, 0.0), accent, ceiling)
    return placed + window_things.window_things(room, rng, hour, "blinds" if rng.random() < 0.7 else "none")


def _furniture(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    x, y, z = room.size_m
    top = wooden(rng) if rng.random() < 0.5 else paint(pick(rng, office_things.PALE), 0.45)
    frame = paint((0.78, 0.78, 0.77), 0.4) if rng.random() < 0.5 else DARK_METAL
    on = 0.85 if hour != NIGHT else 0.4
    desks = [office_things.office_desk(rng, top, frame, screens, rng.random() < on) for screens in (1, 2, 0)]
    chairs = [office_things.swivel_chair(rng) for _ in range(2)]
    placed: list[PlacedObject] = []
    number = 0
    for side, count, length in (("east", 3, y), ("west", 2, y), ("north", 2, x)):
        for i in range(count):
            along = (i - (count - 1) / 2) * min(2.3, (length - 1.6) / count) + (
                0.6 if side == "west" else 0.0
            )
            number += 1
            placed.append(
                PlacedObject(
                    f"desk_{number}", desks[number % 3], room.at_wall(side, along, 0.55), footprint_m=0.85
                )
            )
            askew = pose_matrix((0, 0, 0), np.pi + float(rng.normal(0, 0.5)))
            seat = room.at_wall(side, along + float(rng.uniform(-0.2, 0.2)), 1.25) @ askew
            placed.append(PlacedObject(f"desk_chair_{number}", chairs[number % 2], seat, footprint_m=0.35))
    partition = office_things.glass_wall(float(rng.uniform(2.2, 2.85)), min(z - 0.02, 2.6), frame)
    placed.append(
        PlacedObject(
            "partition", partition, pose_matrix((x / 2 - 2.6, -y / 2 + 1.0, 0), np.pi / 2), footprint_m=0.4
        )
    )
    shelf = furniture.shelf(float(rng.uniform(1.0, 1.8)), float(rng.uniform(1.2, 2.0)), top, rng)
    placed.append(
        PlacedObject(
            "shelf", shelf, room.at_wall("south", float(rng.uniform(-2.5, -1.2)), 0.17), footprint_m=0.7
        )
    )
    locker = office_things.locker(rng, float(rng.uniform(0.9, 1.6)), float(rng.uniform(0.8, 1.3)))
    placed.append(
        PlacedObject(
            "locker", locker, room.at_wall("south", float(rng.uniform(0.4, 1.5)), 0.24), footprint_m=0.7
        )
    )
    for i, spot in enumerate(
        ((-x / 2 + 0.45, y / 2 - 0.5), (x / 2 - 0.45, y / 2 - 0.5), (-x / 2 + 0.45, -y / 2 + 0.5))
    ):
        if rng.random() < 0.7:
            mesh = pot_plant_rand(rng, float(rng.uniform(1.0, 1.8)))
            placed.append(PlacedObject(f"plant_{i + 1}", mesh, pose_matrix((*spot, 0.0)), footprint_m=0.35))
    if rng.random() < 0.7:
        board = shells.fronts(office_things.whiteboard(rng))
        placed.append(
            PlacedObject("whiteboard", board, room.at_wall("west", -float(rng.uniform(1.4, 2.2)), 0.0, 1.55))
        )
    for i in range(int(rng.integers(1, 4))):
        side, along = (("south", 0.0), ("south", 2.4), ("west", 0.8))[i]
        placed.append(
            PlacedObject(
                f"picture_{i + 1}", furniture.painting_rand(rng), room.at_wall(side, along, 0.0, 1.7)
            )
        )
    return placed


def _movable(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    return {
        "chair_1": (office_things.swivel_chair(rng), 0.36),
        "chair_2": (office_things.swivel_chair(rng), 0.36),
        "pot_plant": (pot_plant_rand(rng, float(rng.uniform(0.9, 1.5))), 0.3),
        "flip_chart": (office_things.flip_chart(rng), 0.5),
        "bin": (furniture.waste_bin(rng), 0.21),
        "cardboard_box": (furniture.cardboard_box((0.45, 0.6, float(rng.uniform(0.35, 0.6))), rng), 0.4),
        "bag": (furniture.bag_rand(rng), 0.32),
        "coat_stand": (office_things.coat_stand(rng), 0.32),
        "side_table": (furniture.round_table(0.3, 0.52, wooden(rng), DARK_METAL), 0.32),
    }


def _light(room: shells.Room, rng: Rng, hour: str) -> tuple[PlacedObject, Light]:
    """Square lamps in the ceiling or linear ones below it."""
    x, y, z = room.size_m
    color = rgb(temperature_color(float(rng.uniform(3600, 5000))))
    spots = [
        (1.2 * i * 1.5, 1.2 * j * 1.5)
        for i in (-2, -1, 0, 1, 2)
        for j in (-1, 0, 1)
        if abs(1.8 * i) < x / 2 - 0.5
    ]
    on = 0.0 if hour == DAY and rng.random() < 0.25 else 2.2
    hung = rng.random() < 0.4
    mesh = shells.linear_lamps(spots, 1.2, color, on, 0.35) if hung else shells.panel_lamps(spots, color, on)
    height = z - (0.5 if hung else 0.1)
    fixtures = [
        Lamp((sx * x * 0.25, sy * y * 0.25, height), color, 2.7, 0.8, (0.0, 0.0, -1.0), casts_shadow=k < 2)
        for k, (sx, sy) in enumerate(((-0.4, 0.6), (0.6, -0.5), (-1, -1), (1, 1)))
    ]
    light = indoor_light(rng, hour, room.window_lamps(13.0), fixtures if on else [], bounce=1.1)
    return PlacedObject("ceiling_lamps", mesh, pose_matrix((0, 0, z))), light
