"""A living room: furniture along the walls, the middle free for people."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.world import furniture as things
from synth.world import pictures, wall_things, window_things
from synth.world import shell_things as shells
from synth.world.light import Lamp, Light, rgb, temperature_color
from synth.world.meshes import Material, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, NIGHT, hour_rand, indoor_light
from synth.world.place_materials import DARK_GLASS, glow, wooden, woven
from synth.world.place_types import Place, PlacedObject
from synth.world.plants import pot_plant_rand

Rng = np.random.Generator
_FREE = (-2.0, -2.0, 2.0, 2.0)


def living_room_rand(rng: Rng) -> Place:
    """A random living room; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "living_room", "shape")
    hour = hour_rand(draw)
    size = (float(draw.uniform(7.4, 9.2)), float(draw.uniform(7.0, 8.4)), float(draw.uniform(2.55, 3.0)))
    room = shells.Room(size, _windows(size, draw))
    objects = _shell(room, rng_for(seed, "living_room", "shell"), hour)
    objects += _furniture(room, rng_for(seed, "living_room", "furniture"), hour)
    objects += _pictures(room, rng_for(seed, "living_room", "pictures"))
    objects += wall_things.wall_clutter(room, rng_for(seed, "living_room", "clutter"), 0.8)
    gear = things.movable_rand(rng_for(seed, "living_room", "things"))
    objects += movables(_FREE, gear, objects, rng_for(seed, "living_room", "spots"))
    light = _light(room, rng_for(seed, "living_room", "light"), hour)
    place = Place("living_room", tuple(objects), light, sky_seed=seed % 5)
    return shells.set_area(room, _FREE, place)


def _windows(size: tuple[float, float, float], rng: Rng) -> dict[str, tuple[shells.Window, ...]]:
    """One wide window, two narrow ones or a glass door to the north."""
    kind = int(rng.integers(3))
    if kind == 0:
        return {"north": (shells.Window(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(2.4, 3.8))),)}
    if kind == 1:
        gap = float(rng.uniform(1.3, 1.9))
        return {
            "north": tuple(
                shells.Window(side * gap, float(rng.uniform(1.1, 1.6)), 0.8, 2.25) for side in (-1, 1)
            )
        }
    return {"north": (shells.Window(0.0, float(rng.uniform(2.0, 3.0)), 0.06, 2.25),)}


def _shell(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    walls = shells.wall_rand(rng)
    accent = shells.wall_rand(rng) if rng.random() < 0.25 else None
    placed = shells.shell(room, shells.floor_rand(rng), walls, accent)
    placed += window_things.window_things(room, rng, hour, "curtains" if rng.random() < 0.75 else "blinds")
    along = -float(rng.uniform(2.2, room.size_m[1] / 2 - 0.8))
    placed.append(PlacedObject("door", window_things.door(rng), room.at_wall("east", along)))
    return placed


def _furniture(room: shells.Room, rng: Rng, hour: str) -> list[PlacedObject]:
    """Things along the walls, out of the free area."""
    x, y, z = room.size_m
    wood, cloth = wooden(rng), woven(rng)
    screen = (None, DARK_GLASS, _picture_screen(rng))[int(rng.choice(3, p=[0.35, 0.4, 0.25]))]
    lit = 0.0 if hour == DAY else 1.6
    meshes = {
        "sofa": (things.sofa(float(rng.uniform(1.8, 2.4)), cloth, wood, 3, rng), 1.2),
        "bookcase": (
            things.shelf(float(rng.uniform(0.8, 1.6)), float(rng.uniform(1.5, 2.1)), wood, rng),
            0.6,
        ),
        "sideboard": (things.sideboard(1.7, wood, wooden(rng), screen, rng), 0.9),
        "armchair": (things.sofa(0.88, woven(rng), wood, 1, rng), 0.65),
        "floor_lamp": (things.floor_lamp(_shade(lit)), 0.25),
        "big_plant": (pot_plant_rand(rng, float(rng.uniform(1.2, 1.8))), 0.4),
        "dining_table": (things.table(1.5, 0.8, 0.74, wood, wood), 0.8),
        "ceiling_lamp": (things.pendant(_shade(lit * 1.4), 0.62, 0.24), 0.0),
    }
    places = {
        "sofa": room.at_wall("west", float(rng.uniform(-0.6, 1.2)), 0.55),
        "bookcase": room.at_wall("east", float(rng.uniform(1.2, 2.4)), 0.17),
        "sideboard": room.at_wall("east", float(rng.uniform(-0.9, 0.0)), 0.25),
        "armchair": pose_matrix((-x / 2 + 0.85, y / 2 - 0.95, 0), float(rng.uniform(-1.2, -0.4))),
        "floor_lamp": pose_matrix((-x / 2 + 0.4, -y / 2 + 0.4, 0)),
        "big_plant": pose_matrix((x / 2 - 0.45, y / 2 - 0.5, 0)),
        "dining_table": pose_matrix((float(rng.uniform(-1.5, 1.5)), -y / 2 + 0.75, 0), np.pi / 2),
        "ceiling_lamp": pose_matrix((0.0, 0.0, z)),
    }
    placed = [
        PlacedObject(name, mesh, places[name], footprint_m=radius) for name, (mesh, radius) in meshes.items()
    ]
    if rng.random() < 0.6:
        spot = (float(rng.uniform(-0.8, 0.4)), float(rng.uniform(-0.5, 0.5)), 0)
        turn = 0.0 if rng.random() < 0.5 else np.pi / 2
        placed.append(PlacedObject("rug", things.rug_rand(rng), pose_matrix(spot, turn)))
    if rng.random() < 0.5:
        low = things.table(float(rng.uniform(0.8, 1.1)), 0.55, 0.42, wood, wood)
        placed.append(PlacedObject("coffee_table", low, room.at_wall("west", 0.0, 1.42), footprint_m=0.0))
    return [item for item in placed if _keeps_out(item)]


def _keeps_out(item: PlacedObject) -> bool:
    """Whether a thing leaves the free area free; low tables go where it does not."""
    if item.name != "coffee_table":
        return True
    return bool(item.matrix[0, 3] + 0.3 < _FREE[0])


def _shade(on: float) -> Material:
    """A lamp's shade of cloth or paper, lit from within or not."""
    if on > 0:
        return glow((1.0, 0.82, 0.58), on)
    return Material(color=(0.72, 0.68, 0.60), roughness=1.0, wrap=0.6, two_sided=True)


def _picture_screen(rng: Rng) -> Material:
    """A television that is on."""
    return Material(pictures.painting(int(rng.integers(24))), roughness=0.2, emission=0.9)


def _pictures(room: shells.Room, rng: Rng) -> list[PlacedObject]:
    placed = []
    spots = [
        ("west", -1.9),
        ("south", -1.8),
        ("west", 1.0),
        ("south", 0.9),
        ("east", 0.6),
        ("south", 2.6),
        ("west", 2.6),
    ]
    for i in range(int(rng.integers(3, 8))):
        side, along = spots[i]
        along += float(rng.uniform(-0.25, 0.25))
        matrix = room.at_wall(side, along, 0.0, float(rng.uniform(1.55, 1.75)))
        placed.append(PlacedObject(f"picture_{i + 1}", things.painting_rand(rng), matrix))
    return placed


def _light(room: shells.Room, rng: Rng, hour: str) -> Light:
    """Daylight through the window, a ceiling lamp, the floor lamp."""
    x, y, z = room.size_m
    warm = rgb(temperature_color(float(rng.uniform(2700, 3800))))
    fixtures = [
        Lamp((0.0, 0.0, z - 0.58), warm, float(rng.uniform(2.8, 4.2)), 0.5, casts_shadow=True),
        Lamp(
            (-x / 2 + 0.4, -y / 2 + 0.4, 1.56),
            warm,
            float(rng.uniform(0.5, 1.4)),
            0.25,
            casts_shadow=hour == NIGHT,
        ),
    ]
    return indoor_light(rng, hour, room.window_lamps(10.0), fixtures)
