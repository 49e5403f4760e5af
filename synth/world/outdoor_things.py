"""What stands in parks: benches, bins, fences, barriers, lamps, houses; origin on the ground, front at +x."""

from __future__ import annotations

import numpy as np

from synth.world import textures
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    merge,
    moved,
)
from synth.world.place_materials import BRIGHTS, DARK_METAL, METAL, paint, pick, tinted, wooden
from synth.world.plants import bush_rand
from synth.world.solids import ball, box, cylinder, lathe, rod

Rng = np.random.Generator


def bench(look: Material) -> ObjectMesh:
    """A park bench with a back: wooden slats on iron."""
    pieces: list[Surface] = []
    for x in (-0.13, 0.0, 0.13):
        pieces.append(box((0.11, 1.6, 0.035), look, (x + 0.04, 0, 0.44), 0.006))
    for height, x in ((0.62, -0.22), (0.76, -0.255)):
        pieces.append(box((0.03, 1.6, 0.11), look, (x, 0, height), 0.006))
    for side in (-0.62, 0.62):
        pieces.append(box((0.05, 0.045, 0.43), DARK_METAL, (0.18, side, 0.215)))
        pieces.append(box((0.05, 0.045, 0.43), DARK_METAL, (-0.16, side, 0.215)))
        pieces.append(box((0.42, 0.045, 0.03), DARK_METAL, (0.02, side, 0.41)))
        pieces.append(rod((-0.17, side, 0.4), (-0.28, side, 0.84), 0.02, DARK_METAL))
        pieces.append(box((0.34, 0.05, 0.03), look, (0.02, side, 0.64)))
        pieces.append(rod((0.17, side, 0.42), (0.17, side, 0.63), 0.016, DARK_METAL))
    return merge(pieces)


def bin_rand(rng: Rng) -> ObjectMesh:
    """A litter bin."""
    shell = paint(pick(rng, ((0.16, 0.28, 0.20), (0.25, 0.26, 0.28), (0.42, 0.33, 0.24))), 0.45)
    profile = [(0, 0.05), (0.23, 0.05), (0.23, 0.05), (0.25, 0.82), (0.25, 0.82), (0.22, 0.86), (0.18, 0.86)]
    profile += [(0.17, 0.70), (0, 0.70)]
    rings = [cylinder(0.255, 0.03, METAL, (0, 0, z), 28) for z in (0.12, 0.74)]
    return merge([lathe(profile, shell, 28), cylinder(0.16, 0.05, DARK_METAL, segments=20), *rings])


def barrier(rng: Rng) -> ObjectMesh:
    """A red and white road barrier on feet."""
    white, color = (
        paint((0.90, 0.90, 0.88), 0.5),
        paint(pick(rng, ((0.66, 0.17, 0.14), (0.76, 0.40, 0.16))), 0.5),
    )
    pieces: list[Surface] = []
    for i in range(8):
        y = -0.8 + 1.6 * (i + 0.5) / 8
        for z in (0.90, 0.52):
            pieces.append(box((0.03, 0.199, 0.2), color if i % 2 else white, (0, y, z), 0.004))
    for side in (-0.7, 0.7):
        pieces.append(box((0.05, 0.05, 1.0), METAL, (-0.035, side, 0.52)))
        pieces.append(box((0.7, 0.1, 0.05), paint((0.1, 0.1, 0.1), 0.8), (-0.02, side, 0.025), 0.01))
    return merge(pieces)


def planter_rand(rng: Rng) -> ObjectMesh:
    """A square planter with a bush."""
    look = wooden(rng) if rng.random() < 0.5 else tinted(textures.concrete(1), (0.58, 0.57, 0.55), 0.9)
    walls = [box((0.04, 0.7, 0.42), look, (x, 0, 0.23)) for x in (-0.33, 0.33)]
    walls += [box((0.62, 0.04, 0.42), look, (0, y, 0.23)) for y in (-0.33, 0.33)]
    soil = box((0.62, 0.62, 0.3), Material(color=(0.03, 0.02, 0.015), roughness=1.0), (0, 0, 0.2))
    bush = [moved(surface, (0, 0, 0.34)) for surface in bush_rand(rng, 0.6).surfaces]
    return merge([*walls, soil, *bush])


def fence(length_m: float, look: Material) -> ObjectMesh:
    """A picket fence along y."""
    count = round(length_m / 0.16)
    pieces = [box((0.03, length_m, 0.07), look, (-0.03, 0, z), 0.004) for z in (0.3, 0.78)]
    for i in range(count):
        y = -length_m / 2 + length_m * (i + 0.5) / count
        pieces.append(box((0.02, 0.09, 0.98), look, (0, y, 0.53), 0.004))
    for y in np.arange(-length_m / 2, length_m / 2 + 0.1, 2.4):
        pieces.append(box((0.09, 0.09, 1.1), look, (-0.06, float(y), 0.55), 0.006))
    return merge(pieces)


def football(rng: Rng) -> ObjectMesh:
    """A big play ball."""
    radius = float(rng.uniform(0.11, 0.3))
    return merge([ball(radius, paint(pick(rng, BRIGHTS), 0.4), (0, 0, radius), 28)])
