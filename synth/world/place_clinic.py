"""A physiotherapy practice: couches with curtains, wall bars, a desk, a sink, charts of the body."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture, gym_things, office_things, textures, wall_things, window_things
from synth.world import shell_things as shells
from synth.world.light import Lamp, Light, rgb, temperature_color
from synth.world.meshes import ObjectMesh, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, hour_rand, indoor_light
from synth.world.place_materials import paint, pick, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.plants import pot_plant_rand
from synth.world.seat_things import chair_rand

Rng = np.random.Generator
_FREE = (-2.0, -2.0, 2.0, 2.0)


def clinic_rand(rng: Rng) -> Place:
    """A random practice; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "clinic", "shape")
    hour = hour_rand(draw)
    size = (float(draw.uniform(8.0, 9.6)), float(draw.uniform(7.4, 8.6)), float(draw.uniform(2.6, 3.1)))
    windows = tuple(
        shells.Window(float(along), float(draw.uniform(1.3, 1.8)), 0.95, 2.25)
        for along in np.linspace(-0.3, 0.3, int(draw.integers(2, 4))) * size[0]
    )
    room = shells.Room(size, {"north": windows if draw.random() < 0.85 else ()})
    objects = _shell(room, rng_for(seed, "clinic", "shell"), hour)
    objects += _furniture(room, rng_for(seed, "clinic", "furniture"))
    objects += wall_things.wall_clutter(room, rng_for(seed, "clinic", "clutter"), 1.3)
    objects += movables(
        _FREE, _movable(rng_for(seed, "clinic", "things")), objects, rng_for(seed, "clinic", "spots")
    )
    lamps, light = _light(room, rng_for(seed, "clinic", "light"), hour)
    place = Place("clinic", (*objects, lamps), light, sky_seed=seed % 5)
    return shells.set_area(room, _FREE, place)


def _shell(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    color = pick(rng, ((0.62, 0.66, 0.68), (0.60, 0.55, 0.47), (0.68, 0.67, 0.64), (0.52, 0.60, 0.58)))
    floor = (tinted(textures.vinyl(int(rng.integers(2))), color, 0.4, macro=0.13), 1.0)
    if rng.random() < 0.3:
        floor = shells.wood_floor_rand(rng)
    walls = shells.wall_rand(rng, papered=0.0)
    lower = None
    if rng.random() < 0.35:
        lower = (
            (paint(pick(rng, ((0.66, 0.72, 0.72), (0.74, 0.70, 0.62), (0.60, 0.66, 0.60))), 0.6), 1.0),
            1.1,
        )
    panels = (
        (tinted(textures.ceiling_panels(), (0.88, 0.88, 0.87), 0.95), 1 / 1.2) if rng.random() < 0.6 else None
    )
    placed = shells.shell(
        room, floor, walls, shells.wall_rand(rng, 0.0) if rng.random() < 0.3 else None, panels, lower
    )
    placed += window_things.window_things(room, rng, hour, "blinds" if rng.random() < 0.7 else "curtains")
    placed.append(
        PlacedObject("door", window_things.door(rng), room.at_wall("east", -room.size_m[1] / 2 + 1.3))
    )
    return placed


def _furniture(room: shells.Room, rng: Rng) -> list[PlacedObject]:
    x, y, z = room.size_m
    wood = wooden(rng, ((0.70, 0.56, 0.40), (0.76, 0.66, 0.52), (0.58, 0.44, 0.32)))
    couch = office_things.couch(rng)
    cloth = tinted(
        textures.fabric(0), pick(rng, ((0.62, 0.70, 0.72), (0.74, 0.72, 0.66), (0.56, 0.64, 0.58))),
        0.95, wrap=0.3, two_sided=True,
    )  # fmt: skip
    top, frame = paint(pick(rng, office_things.PALE), 0.5), paint((0.75, 0.75, 0.74), 0.45)
    rail = 2.15
    placed = [
        PlacedObject(
            "couch", couch, room.at_wall("west", float(rng.uniform(0.6, 1.4)), 0.75), footprint_m=1.1
        ),
        PlacedObject(
            "bed_curtain",
            window_things.curtain(float(rng.uniform(0.5, 0.9)), rail, cloth, rng),
            pose_matrix((-x / 2 + 1.3, y / 2 - 0.35, 0), 0.2),
        ),
        PlacedObject(
            "curtain_rail",
            office_things.curtain_rail(2.6, rail, z),
            pose_matrix((-x / 2 + 1.35, y / 2 - 1.4, 0)),
        ),
        PlacedObject(
            "wall_bars",
            gym_things.wall_bars(min(2.4, z - 0.2), int(rng.integers(1, 3)), wood),
            room.at_wall("east", 2.2),
            footprint_m=0.3,
        ),
        PlacedObject(
            "desk",
            office_things.office_desk(rng, top, frame, 1, rng.random() < 0.7),
            room.at_wall("east", -0.2, 0.5),
            footprint_m=0.8,
        ),
        PlacedObject(
            "desk_chair",
            office_things.swivel_chair(rng),
            room.at_wall("east", -0.25, 1.2) @ pose_matrix((0, 0, 0), np.pi + 0.4),
            footprint_m=0.35,
        ),
        PlacedObject("sink", office_things.sink(rng), room.at_wall("north", x / 2 - 1.1), footprint_m=0.6),
        PlacedObject(
            "cupboard",
            office_things.locker(rng, float(rng.uniform(0.9, 1.8)), float(rng.uniform(0.9, 2.0))),
            room.at_wall("south", float(rng.uniform(-2.6, -1.6)), 0.24),
            footprint_m=0.7,
        ),
        PlacedObject(
            "plant",
            pot_plant_rand(rng, float(rng.uniform(1.0, 1.7))),
            pose_matrix((x / 2 - 0.4, -y / 2 + 0.45, 0)),
            footprint_m=0.35,
        ),
    ]
    if rng.random() < 0.6:
        matrix = room.at_wall("west", float(rng.uniform(-2.4, -1.8)), 0.75)
        placed.append(PlacedObject("couch_2", couch, matrix, footprint_m=1.1))
    spots = [
        ("west", 1.0),
        ("west", -1.2),
        ("south", 0.6),
        ("south", 1.6),
        ("east", 0.9),
        ("south", 2.9),
        ("west", -2.6),
    ]
    for i in range(int(rng.integers(3, 8))):
        side, along = spots[i]
        matrix = room.at_wall(side, along + float(rng.uniform(-0.2, 0.2)), 0.0, 1.6)
        mesh = office_things.poster(int(rng.integers(6)), float(rng.uniform(0.7, 1.1)))
        placed.append(PlacedObject(f"poster_{i + 1}", mesh, matrix))
    if rng.random() < 0.5:
        for i in range(int(rng.integers(2, 4))):
            chair = chair_rand((0.44, 0.44, 0.45), rng_for(int(rng.integers(4)), "clinic", "chairs"))
            placed.append(
                PlacedObject(
                    f"waiting_{i + 1}", chair, room.at_wall("south", 0.6 + 0.62 * i, 0.45), footprint_m=0.3
                )
            )
    clock = shells.fronts(office_things.clock())
    placed.append(PlacedObject("clock", clock, room.at_wall("east", -1.3, 0.0, 2.15)))
    return placed


def _movable(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    return {
        "chair_1": (chair_rand((0.44, 0.44, 0.46), rng), 0.33),
        "stool": (office_things.wheeled_stool(rng), 0.3),
        "trolley": (office_things.trolley(rng), 0.36),
        "gym_ball": (furniture.gym_ball(rng), 0.36),
        "spine_model": (office_things.skeleton_model(rng), 0.21),
        "foam_roller": (gym_things.foam_roller(rng), 0.25),
        "screen": (office_things.folding_screen(rng), 0.85),
        "bin": (furniture.waste_bin(rng), 0.21),
        "rolled_mat": (gym_things.rolled_mat(rng), 0.21),
        "pot_plant": (pot_plant_rand(rng, float(rng.uniform(0.8, 1.3))), 0.3),
    }


def _light(room: shells.Room, rng: Rng, hour: str) -> tuple[PlacedObject, Light]:
    """Linear lamps or square ones in the ceiling."""
    x, y, z = room.size_m
    color = rgb(temperature_color(float(rng.uniform(3600, 5200))))
    columns = int(rng.integers(2, 4))
    spots = [
        ((i - (columns - 1) / 2) * 1.2 * round(x / columns / 1.2), j * 2.4)
        for i in range(columns)
        for j in (-1, 0, 1)
    ]
    on = 0.0 if hour == DAY and room.windows["north"] and rng.random() < 0.3 else 2.4
    mesh = (
        shells.linear_lamps(spots, 1.2, color, on)
        if rng.random() < 0.5
        else shells.panel_lamps(spots, color, on)
    )
    fixtures = [
        Lamp((sx * x * 0.25, sy * y * 0.25, z - 0.1), color, 2.6, 0.8, (0.0, 0.0, -1.0), casts_shadow=k < 2)
        for k, (sx, sy) in enumerate(((-0.4, 0.6), (0.6, -0.5), (-1, -1), (1, 1)))
    ]
    light = indoor_light(rng, hour, room.window_lamps(10.0), fixtures if on else [], bounce=1.25)
    return PlacedObject("ceiling_lamps", mesh, pose_matrix((0, 0, z))), light
