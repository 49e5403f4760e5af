"""A park: grass and a path, trees, bushes, a hedge or a fence, houses and hills beyond; its middle is free."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.world import outdoor_things as things
from synth.world import plants, textures_outdoor
from synth.world.light import Light, rgb, temperature_color
from synth.world.meshes import Material, ObjectMesh, grid_surface, merge, pose_matrix
from synth.world.place_materials import paint, tinted, wooden
from synth.world.place_types import Place, PlacedObject
from synth.world.solids import plane

Rng = np.random.Generator
_GRASSES = ((0.37, 0.45, 0.20), (0.33, 0.43, 0.18), (0.44, 0.46, 0.24), (0.34, 0.40, 0.22))
_CLEAR_M = 7.5  # trees keep out of this circle, where cameras and people are


def park_rand(rng: Rng) -> Place:
    """A random park; all that is random comes from ``rng``."""
    seed = int(rng.integers(2**31))
    objects = _ground(rng_for(seed, "park", "ground"))
    objects += _trees(rng_for(seed, "park", "trees"))
    objects += _edges(rng_for(seed, "park", "edges"))
    objects += _movables(rng_for(seed, "park", "movables"))
    return Place(
        "park",
        tuple(objects),
        light_rand(rng_for(seed, "park", "light")),
        free_area_m=(-2.5, -2.5, 2.5, 2.5),
        camera_area_m=(-6.0, -6.0, 6.0, 6.0),
        camera_height_m=(0.4, 2.4),
        sky_seed=seed % 5,
        shadow_radius_m=26.0,
    )


def light_rand(rng: Rng) -> Light:
    """Daylight between a clear morning and an overcast noon."""
    cover = float(rng.uniform(0.05, 1.0))
    elevation = float(rng.uniform(18, 65))
    # Thick cloud takes the sun and whitens the sky; a low sun is weaker and redder.
    sun = float(4.6 * np.clip(1.35 - 1.3 * cover, 0.0, 1.0) * np.clip(0.5 + elevation / 60, 0.6, 1.1))
    clear = np.array([0.72, 0.94, 1.40])
    sky = clear + (np.array([1.0, 1.02, 1.06]) - clear) * min(1.0, 1.1 * cover)
    haze = sky * [1.12, 1.08, 0.98]
    warm = temperature_color(3300 + 45 * elevation)
    ground = np.array([0.20, 0.23, 0.11]) * (1 + 0.35 * sun * np.sin(np.radians(elevation)))
    return Light(
        sun_azimuth_deg=float(rng.uniform(0, 360)),
        sun_elevation_deg=elevation,
        sun_strength=sun,
        sun_temperature_k=3600 + 36 * elevation,
        sky_strength=1.0 + 0.5 * cover,
        sky_color=rgb(sky),
        ground_color=rgb(ground),
        horizon_color=rgb(0.9 * haze + 0.1 * warm),
        fog_per_m=float(rng.uniform(0.001, 0.004)),
        cloud_cover=cover,
    )


def _ground(rng: Rng) -> list[PlacedObject]:
    grass = textures_outdoor.grass(int(rng.integers(4)))
    look = Material(grass, roughness=1.0, specular=0.015, macro=0.071)
    ground = merge([plane((360, 360), look, 1 / 1.7, cells=24)])
    path_look = tinted(textures_outdoor.gravel(0), (0.62, 0.56, 0.47), 0.95, specular=0.02, macro=0.13)
    offset = float(rng.choice([-1, 1]) * rng.uniform(0.0, 5.0))
    path = _path(float(rng.uniform(1.8, 3.2)), offset, float(rng.uniform(0.0, 1.2)), path_look)
    return [
        PlacedObject("ground", ground, np.eye(4)),
        PlacedObject("path", path, pose_matrix((0, 0, 0.012), float(rng.uniform(0, 2 * np.pi)))),
    ]


def _path(width_m: float, offset_m: float, bend_m: float, look: Material) -> ObjectMesh:
    """A path along x that winds a little."""
    x = np.linspace(-60, 60, 121)
    middle = offset_m + bend_m * np.sin(x / 7.0)
    slope = bend_m / 7.0 * np.cos(x / 7.0)
    normal = np.stack([-slope, np.ones_like(x)], axis=1) / np.hypot(1, slope)[:, None]
    sides = np.array([-0.5, 0.5]) * width_m
    points = np.zeros((2, len(x), 3))
    points[..., :2] = np.stack([x, middle], axis=1)[None] + sides[:, None, None] * normal[None]
    return merge([grid_surface(points, points[..., :2] / 1.5, look)])


def _trees(rng: Rng) -> list[PlacedObject]:
    """A few real trees near, many simple ones as a ragged belt farther out."""
    shapes = [plants.tree_rand(rng), plants.tree_rand(rng)]
    shapes.append(plants.conifer_rand(rng) if rng.random() < 0.5 else plants.tree_rand(rng))
    far_shapes = [plants.tree_rand(rng, 0.4), plants.conifer_rand(rng, 0.4), plants.tree_rand(rng, 0.4)]
    placed = []
    for i, distance in enumerate(np.linspace(_CLEAR_M + 1.5, 20, int(rng.integers(5, 9)))):
        matrix = _ring(distance + rng.uniform(0, 2), rng)
        placed.append(PlacedObject(f"tree_{i + 1}", shapes[i % 3], matrix, footprint_m=0.5))
    for i in range(int(rng.integers(20, 32))):
        matrix = _ring(float(rng.uniform(26, 62)), rng)
        placed.append(PlacedObject(f"far_tree_{i + 1}", far_shapes[i % 3], matrix, footprint_m=0.5))
    for i in range(int(rng.integers(3, 8))):
        matrix = _ring(float(rng.uniform(_CLEAR_M + 0.8, 16)), rng)
        placed.append(PlacedObject(f"bush_{i + 1}", plants.bush_rand(rng), matrix, footprint_m=0.8))
    return placed


def _ring(distance_m: float, rng: Rng) -> np.ndarray:
    turn = float(rng.uniform(0, 2 * np.pi))
    position = (distance_m * np.cos(turn), distance_m * np.sin(turn), 0.0)
    return pose_matrix(position, float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.8, 1.2)))


def _edges(rng: Rng) -> list[PlacedObject]:
    """A hedge or a fence on some sides, houses beyond, lamps."""
    placed = []
    white = paint((0.85, 0.84, 0.80), 0.6)
    for i in range(int(rng.integers(1, 4))):
        turn, distance = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(13, 22))
        matrix = pose_matrix((distance * np.cos(turn), distance * np.sin(turn), 0), turn + np.pi)
        if rng.random() < 0.5:
            placed.append(
                PlacedObject(f"hedge_{i + 1}", plants.hedge(14, float(rng.uniform(0.9, 1.8)), rng), matrix)
            )
        else:
            look = white if rng.random() < 0.4 else wooden(rng)
            placed.append(PlacedObject(f"fence_{i + 1}", things.fence(16, look), matrix))
    for i in range(int(rng.integers(2, 6))):
        turn, distance = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(34, 60))
        matrix = pose_matrix(
            (distance * np.cos(turn), distance * np.sin(turn), 0), turn + np.pi + rng.uniform(-0.5, 0.5)
        )
        placed.append(PlacedObject(f"house_{i + 1}", things.house_rand(rng), matrix))
    for i in range(int(rng.integers(1, 4))):
        placed.append(
            PlacedObject(f"lamp_post_{i + 1}", things.lamp_post(), _ring(float(rng.uniform(8, 16)), rng))
        )
    return placed


def _movables(rng: Rng) -> list[PlacedObject]:
    """Movable things at first stand round the free area."""
    makers = {
        "bench": (things.bench(wooden(rng)), 0.85),
        "bin": (things.bin_rand(rng), 0.3),
        "barrier": (things.barrier(rng), 0.85),
        "planter_1": (things.planter_rand(rng), 0.5),
        "planter_2": (things.planter_rand(rng), 0.5),
        "play_ball": (things.football(rng), 0.3),
        "shrub": (plants.bush_rand(rng, float(rng.uniform(0.6, 1.0))), 0.7),
    }
    start = float(rng.uniform(0, 2 * np.pi))
    placed = []
    for i, (name, (mesh, radius)) in enumerate(makers.items()):
        turn = start + 2 * np.pi * i / len(makers) + float(rng.uniform(-0.2, 0.2))
        distance = float(rng.uniform(4.2, 5.5))
        matrix = pose_matrix((distance * np.cos(turn), distance * np.sin(turn), 0), turn + np.pi)
        placed.append(PlacedObject(name, mesh, matrix, movable=True, footprint_m=radius))
    return placed
