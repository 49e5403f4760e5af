"""A street: a wide pavement before house fronts, a road with parked cars, houses beyond; or a pedestrian street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinepose.rng import rng_for
from synth.world import car_things, furniture, house_things, outdoor_things, plants, textures_outdoor
from synth.world import street_things as things
from synth.world.light import Lamp, rgb, temperature_color
from synth.world.meshes import Material, ObjectMesh, Surface, merge, moved, pose_matrix
from synth.world.place_free import movables
from synth.world.place_hours import DAY, NIGHT, hour_rand, outdoor_light
from synth.world.place_materials import paint, pick, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.solids import box, plane

Rng = np.random.Generator
_FREE = (-2.4, -2.2, 2.4, 2.2)
_KERB_Y, _FAR_KERB_Y, _ROAD_Z = -3.6, -10.4, -0.13
_LENGTH_M = 90.0
_LIT = {DAY: 0.0, "evening": 0.25, NIGHT: 0.4}


def street_rand(rng: Rng) -> Place:
    """A random street along x; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    draw = rng_for(seed, "street", "shape")
    hour = hour_rand(draw)
    traffic = bool(draw.random() < 0.68)
    front_y = float(draw.uniform(6.6, 8.4))
    back_y = _FAR_KERB_Y - float(draw.uniform(2.6, 3.6)) if traffic else -float(draw.uniform(8.5, 11.0))
    objects = _ground(rng_for(seed, "street", "ground"), traffic, front_y, back_y)
    objects += _houses(rng_for(seed, "street", "houses"), front_y, back_y, _LIT[hour])
    if traffic:
        objects += _cars(rng_for(seed, "street", "cars"))
    lamps, fixtures = _lamps(rng_for(seed, "street", "lamps"), traffic, front_y, hour)
    objects += lamps
    objects += _things(rng_for(seed, "street", "things"), traffic, front_y, back_y)
    objects += movables(
        _FREE, _movable(rng_for(seed, "street", "movables")), objects, rng_for(seed, "street", "spots")
    )
    light = outdoor_light(rng_for(seed, "street", "light"), hour, (0.26, 0.25, 0.24), fixtures)
    # Houses keep a low sun out of a street, which the exposure does not know.
    shade = float(np.clip((32 - light.sun_elevation_deg) / 28, 0, 1)) * min(light.sun_strength, 1.5) / 1.5
    light = replace(light, exposure_ev=light.exposure_ev + 0.6 * shade)
    return Place(
        "street",
        tuple(objects),
        light,
        free_area_m=_FREE,
        camera_area_m=(-13.0, back_y + 1.7, 13.0, front_y - 1.6),
        camera_height_m=(0.25, 5.0),
        sky_seed=seed % 5,
        shadow_radius_m=26.0,
    )


def _strip(y0: float, y1: float, z: float, look: Material, uv_per_m: float) -> ObjectMesh:
    """A strip of ground along x, cut into pieces so that its shading stays exact."""
    return merge([moved(plane((2 * _LENGTH_M, y1 - y0), look, uv_per_m, cells=6), (0, (y0 + y1) / 2, z))])


def _ground(rng: Rng, traffic: bool, front_y: float, back_y: float) -> list[PlacedObject]:
    color = pick(rng, ((0.58, 0.57, 0.55), (0.52, 0.50, 0.47), (0.62, 0.58, 0.53), (0.50, 0.44, 0.40)))
    kind = int(rng.integers(4))
    paving = tinted(textures_outdoor.paving(kind), color, 0.92, specular=0.025, macro=0.053)
    black = tinted(
        textures_outdoor.asphalt(int(rng.integers(3))),
        pick(rng, ((0.34, 0.34, 0.35), (0.42, 0.42, 0.42), (0.28, 0.28, 0.29))),
        0.95,
        specular=0.02,
        macro=0.11,
    )
    if not traffic:
        return [PlacedObject("pavement", _strip(back_y - 1, front_y + 1, 0.0, paving, 1 / 1.6), np.eye(4))]
    kerb = tinted(textures_outdoor.render(0), (0.60, 0.59, 0.57), 0.9)
    stones = []
    for y in (_KERB_Y, _FAR_KERB_Y):
        stones.append(box((2 * _LENGTH_M, 0.14, 0.16), kerb, (0, y, -0.08), 0.015))
        for x in np.arange(-20, 21, 1.0):
            stones.append(box((0.008, 0.15, 0.16), paint((0.3, 0.3, 0.3), 1.0), (float(x), y, -0.0785), 0))
    placed = [
        PlacedObject("pavement", _strip(_KERB_Y, front_y + 1, 0.0, paving, 1 / 1.6), np.eye(4)),
        PlacedObject("far_pavement", _strip(back_y - 1, _FAR_KERB_Y, 0.0, paving, 1 / 1.6), np.eye(4)),
        PlacedObject("road", _strip(_FAR_KERB_Y, _KERB_Y, _ROAD_Z, black, 1 / 4.0), np.eye(4)),
        PlacedObject("kerbs", merge(stones), np.eye(4)),
        PlacedObject("markings", _markings(rng), np.eye(4)),
    ]
    return placed


def _markings(rng: Rng) -> ObjectMesh:
    """Worn paint on the road: a broken middle line, parking bays, sometimes a crossing; and gullies."""
    look = tinted(textures_outdoor.asphalt(0), (0.74, 0.73, 0.70), 0.9)
    pieces: list[Surface] = []
    middle = (_KERB_Y + _FAR_KERB_Y) / 2
    for x in np.arange(-48, 49, 6.0):
        pieces.append(moved(plane((3.0, 0.12), look, 0.5), (float(x), middle - 0.6, _ROAD_Z + 0.006)))
    for x in np.arange(-27.5, 28, 5.5):
        pieces.append(moved(plane((0.1, 2.0), look, 0.5), (float(x), _KERB_Y - 1.1, _ROAD_Z + 0.006)))
    pieces.append(moved(plane((55.0, 0.1), look, 0.5), (0, _KERB_Y - 2.1, _ROAD_Z + 0.006)))
    if rng.random() < 0.4:
        start = float(rng.choice([-10.0, 9.0]))
        for y in np.arange(_FAR_KERB_Y + 0.5, _KERB_Y - 2.2, 1.0):
            pieces.append(moved(plane((3.2, 0.5), look, 0.5), (start, float(y), _ROAD_Z + 0.007)))
    dark = paint((0.16, 0.16, 0.16), 0.7)
    for x in (-7.0, 6.0, 17.0):
        pieces.append(moved(plane((0.5, 0.35), dark), (x, _KERB_Y - 0.3, _ROAD_Z + 0.006)))
        pieces.append(moved(plane((0.62, 0.62), dark), (x + 2.5, middle + 0.8, _ROAD_Z + 0.006)))
    return merge(pieces)


def _houses(rng: Rng, front_y: float, back_y: float, lit: float) -> list[PlacedObject]:
    """Two rows of fronts; those near the people are of full detail."""
    placed = []
    for name, y, yaw in (("house", front_y, -np.pi / 2), ("far_house", back_y, np.pi / 2)):
        x, number = -40.0 + float(rng.uniform(-4, 4)), 0
        while x < 40:
            width = float(rng.uniform(8.0, 14.0))
            middle = x + width / 2
            number += 1
            near = abs(middle) < (26 if name == "house" else 22)
            if near:
                mesh = house_things.house_front(
                    rng, width, int(rng.integers(2, 4)), bool(rng.random() < 0.55), lit
                )
            else:
                mesh = house_things.far_house(rng, width, float(rng.uniform(8, 14)), lit)
            placed.append(PlacedObject(f"{name}_{number}", mesh, pose_matrix((middle, y, 0), yaw)))
            x += width
            if rng.random() < 0.12:
                x += float(rng.uniform(2.5, 5.0))
    for i, x in enumerate((-58.0, 58.0)):  # houses that close the view along the street
        mesh = house_things.far_house(rng, 44.0, 11.0, lit)
        placed.append(
            PlacedObject(f"end_house_{i + 1}", mesh, pose_matrix((x, -2.0, 0), 0.0 if x < 0 else np.pi))
        )
    return placed


def _cars(rng: Rng) -> list[PlacedObject]:
    """Cars parked along the near kerb, some beyond; gaps between."""
    placed = []
    kinds = [car_things.car_rand(rng) for _ in range(6)]
    number = 0
    for y, step, chance in ((_KERB_Y - 1.12, 5.5, 0.72), (_FAR_KERB_Y + 1.12, 6.2, 0.6)):
        for bay in range(-4, 5):
            if rng.random() > chance:
                continue
            number += 1
            matrix = pose_matrix(
                (bay * step + float(rng.normal(0, 0.25)), y + float(rng.normal(0, 0.06)), _ROAD_Z),
                0.0 if rng.random() < 0.7 else np.pi,
            )
            for half, mesh in zip(("rear", "front"), kinds[number % 6], strict=True):
                placed.append(PlacedObject(f"car_{number}_{half}", mesh, matrix))
    return placed


def _lamps(rng: Rng, traffic: bool, front_y: float, hour: str) -> tuple[list[PlacedObject], list[Lamp]]:
    """Street lamps and, at night, the light of shop windows."""
    on = hour != DAY
    color = rgb(temperature_color(float(rng.choice([2200.0, 2900.0, 4000.0]))))
    height = float(rng.uniform(4.6, 6.0)) if traffic else 3.25
    y = _KERB_Y + 0.5 if traffic else -3.4
    meshes = things.street_lamp(height, on) if traffic else things.round_light(on)
    first = float(rng.uniform(-4.0, 4.0))
    spots = [first + k * 15.0 for k in (-2, -1, 0, 1, 2)]
    reach = 1.3 if traffic else 0.0
    placed, fixtures = [], []
    for i, x in enumerate(spots):
        yaw = np.pi / 2 if traffic else 0.0
        placed += things.split_thing(f"street_lamp_{i + 1}", meshes, pose_matrix((x, y, 0), yaw), 0.2)
    for rank, x in enumerate(sorted(spots, key=abs)[:3]):
        axis = (0.0, 0.0, -1.0) if traffic else (0.0, 0.0, 0.0)
        fixtures.append(
            Lamp((x, y + reach, height), color, 16.0 if traffic else 7.0, 0.3, axis, casts_shadow=rank < 1)
        )
    warm = rgb(temperature_color(3200.0))
    for x in (float(rng.uniform(-7, -2)), float(rng.uniform(2, 8))):
        fixtures.append(Lamp((x, front_y - 0.3, 1.8), warm, 3.5, 0.9, (0.0, -1.0, -0.2)))
    return placed, fixtures


def _things(rng: Rng, traffic: bool, front_y: float, back_y: float) -> list[PlacedObject]:
    """Trees, bicycles, bollards, signs and what else stands on pavements."""
    placed = []
    line = _KERB_Y + 0.55 if traffic else -4.6
    if rng.random() < 0.75:
        shape = plants.street_tree(rng)
        for i, x in enumerate((-18.0, -9.5, 9.0, 18.5)):
            trunk, crown = shape
            matrix = pose_matrix(
                (x + float(rng.uniform(-0.8, 0.8)), line, 0),
                float(rng.uniform(0, 6.28)),
                float(rng.uniform(0.9, 1.15)),
            )
            placed.append(PlacedObject(f"tree_{i + 1}_trunk", trunk, matrix, footprint_m=0.3))
            placed.append(PlacedObject(f"tree_{i + 1}", crown, matrix))
    for i in range(int(rng.integers(1, 5))):
        x = float(rng.choice([-1, 1]) * rng.uniform(3.6, 11))
        wall = bool(rng.random() < 0.6)
        matrix = pose_matrix(
            (x, front_y - 0.45 if wall else line, 0),
            float(rng.choice([0.0, np.pi])) + float(rng.normal(0, 0.1)),
        )
        placed.append(PlacedObject(f"bicycle_{i + 1}", things.bicycle(rng), matrix, footprint_m=0.5))
    kind = int(rng.integers(2))
    post = things.bollard(kind)
    for i in range(int(rng.integers(0, 7))):
        x = (-1 if i % 2 else 1) * (1.2 + 1.6 * (i // 2) + 0.8)
        placed.append(
            PlacedObject(f"bollard_{i + 1}", post, pose_matrix((x, line - 0.05, 0)), footprint_m=0.2)
        )
    for i in range(int(rng.integers(1, 4))):
        x = float(rng.choice([-1, 1]) * rng.uniform(3.5, 12))
        yaw = float(rng.choice([0.0, np.pi])) + float(rng.normal(0, 0.2))
        placed.append(
            PlacedObject(f"sign_{i + 1}", things.sign(rng), pose_matrix((x, line, 0), yaw), footprint_m=0.1)
        )
    spots = [(-5.5, front_y - 0.9), (5.2, front_y - 1.0), (8.8, front_y - 0.9), (-9.2, front_y - 1.0)]
    makers = [
        lambda: things.cafe_table(rng),
        lambda: things.cafe_table(rng),
        lambda: things.cabinet(rng),
        lambda: things.wheelie_bin(rng),
    ]
    for i, spot in enumerate(spots):
        if rng.random() < 0.7:
            mesh = makers[int(rng.integers(4))]()
            placed.append(
                PlacedObject(f"thing_{i + 1}", mesh, pose_matrix((*spot, 0.0), -np.pi / 2), footprint_m=0.6)
            )
    if not traffic:
        for i, x in enumerate((-8.0, 7.0)):
            placed.append(
                PlacedObject(
                    f"bench_{i + 1}",
                    outdoor_things.bench(wooden(rng)),
                    pose_matrix((x, back_y + 1.5, 0), np.pi / 2),
                    footprint_m=0.85,
                )
            )
    return placed


def _movable(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    bush = plants.bush_rand(rng, float(rng.uniform(0.6, 0.9)))
    return {
        "bench": (outdoor_things.bench(wooden(rng)), 0.85),
        "bin": (outdoor_things.bin_rand(rng), 0.3),
        "barrier": (outdoor_things.barrier(rng), 0.85),
        "planter": (things.planter(rng, bush), 0.6),
        "bicycle": (things.bicycle(rng), 0.85),
        "wheelie_bin": (things.wheelie_bin(rng), 0.42),
        "sandwich_board": (things.sandwich_board(rng), 0.4),
        "cabinet": (things.cabinet(rng), 0.6),
        "bag": (furniture.bag_rand(rng), 0.32),
        "cafe_table": (things.cafe_table(rng), 0.9),
    }
