"""What stands in gyms: racks, benches, wall bars, mirrors, mats, machines; origin on the floor, front at +x."""

from __future__ import annotations

import numpy as np

from synth.world import sport_things, textures
from synth.world.meshes import Material, ObjectMesh, Surface, merge, moved, transform
from synth.world.place_materials import (
    BLACK,
    CHROME,
    DARK_METAL,
    METAL,
    compact,
    paint,
    pick,
    tinted,
    wooden,
)
from synth.world.seat_things import Size, bench_rand, tilted
from synth.world.solids import ball, box, cylinder, rod

Rng = np.random.Generator
ACCENTS = ((0.46, 0.15, 0.13), (0.20, 0.28, 0.38), (0.62, 0.50, 0.24), (0.22, 0.23, 0.25), (0.30, 0.36, 0.32))


def at(mesh: ObjectMesh, x: float, y: float, z: float, yaw: float = 0.0) -> list[Surface]:
    """The surfaces of a mesh moved to a place and turned."""
    matrix = np.eye(4)
    cos, sin = np.cos(yaw), np.sin(yaw)
    matrix[:2, :2] = [[cos, -sin], [sin, cos]]
    matrix[:3, 3] = (x, y, z)
    return [transform(surface, matrix) for surface in mesh.surfaces]


def wall_bars(height: float, count: int, look: Material) -> ObjectMesh:
    """Swedish bars: fields of wooden rungs side by side along y."""
    wide, pieces = 0.9, []
    for field in range(count):
        y = (field - (count - 1) / 2) * wide
        for side in (-1, 1):
            pieces.append(
                box((0.13, 0.035, height), look, (0.065, y + side * (wide / 2 - 0.02), height / 2), 0.004)
            )
        rungs = int((height - 0.2) / 0.17)
        for i in range(rungs):
            z = 0.14 + i * 0.17
            x = 0.11 if i < rungs - 1 else 0.15
            pieces.append(rod((x, y - wide / 2 + 0.03, z), (x, y + wide / 2 - 0.03, z), 0.018, look, 7))
    return merge(pieces)


def squat_rack(rng: Rng, look: Material) -> ObjectMesh:
    """A power rack with a loaded bar in its hooks."""
    wide, deep, tall = 1.15, 1.2, 2.25
    pieces: list[Surface] = []
    for x in (-deep / 2, deep / 2):
        for y in (-wide / 2, wide / 2):
            pieces.append(box((0.07, 0.07, tall), look, (x, y, tall / 2), 0.006))
        pieces.append(box((0.06, wide, 0.06), look, (x, 0, tall - 0.04), 0.006))
        pieces.append(box((0.09, wide + 0.2, 0.05), look, (x, 0, 0.025), 0.006))
    for y in (-wide / 2, wide / 2):
        pieces.append(box((deep, 0.06, 0.06), look, (0, y, tall - 0.04), 0.006))
        pieces.append(box((deep, 0.06, 0.05), look, (0, y, 0.05), 0.006))
        pieces.append(rod((-deep / 2, y, 0.72), (deep / 2, y, 0.72), 0.022, METAL, 8))
        pieces.append(box((0.12, 0.06, 0.08), DARK_METAL, (deep / 2 + 0.08, y, 1.36), 0.006))
    pieces.append(
        rod((deep / 2, -wide / 2, tall + 0.06), (deep / 2, wide / 2, tall + 0.06), 0.017, CHROME, 8)
    )
    barbell = sport_things.barbell_rand((0.45, 2.1, 0.45), rng)
    pieces += at(barbell, deep / 2 + 0.1, 0.0, 1.42)
    for side in (-1, 1):  # plates on the pegs behind
        for z in (0.45, 0.85):
            pieces.append(sport_things.along_y(_disc(0.2, 0.05, rng), side * (wide / 2 + 0.09)))
            pieces[-1] = moved(pieces[-1], (-deep / 2, 0, z))
    return compact(pieces)


def _disc(radius: float, thick: float, rng: Rng) -> Surface:
    look = sport_things.RUBBER if rng.random() < 0.7 else paint(pick(rng, sport_things.PLATE_COLORS), 0.65)
    return sport_things.plate(radius, thick, look, 20)


def dumbbell_rack(rng: Rng, look: Material, count: int = 8) -> ObjectMesh:
    """Three shelves of dumbbells, long along y."""
    length = 0.21 * count + 0.15
    pieces: list[Surface] = []
    for side in (-1, 1):
        y = side * (length / 2 - 0.04)
        pieces.append(rod((-0.28, y, 0), (-0.12, y, 1.0), 0.03, look, 6))
        pieces.append(box((0.6, 0.06, 0.05), look, (0, y, 0.025), 0.006))
    kind = int(rng.integers(2**31))
    for level, (x, z) in enumerate(((0.12, 0.30), (-0.02, 0.62), (-0.16, 0.94))):
        for rail in (-0.09, 0.09):
            pieces.append(box((0.05, length, 0.03), look, (x + rail, 0, z - 0.02 + 0.12 * rail), 0.004))
        for i in range(count):
            size = 0.11 + 0.05 * (2 - level) / 2 * (0.5 + i / count) + 0.02
            bell = sport_things.dumbbell_rand(
                (size, 0.26 + 0.6 * (size - 0.1), size), np.random.default_rng(kind), True
            )
            pieces += at(bell, x, (i - (count - 1) / 2) * 0.21, z + size / 2, np.pi / 2)
    return compact(pieces)


def kettlebell_row(rng: Rng) -> ObjectMesh:
    """Kettlebells in a row on the floor, along y."""
    pieces: list[Surface] = []
    kind = int(rng.integers(2**31))
    for i in range(5):
        size = 0.15 + 0.018 * i
        bell = sport_things.kettlebell_rand((size, size, 1.4 * size), np.random.default_rng(kind))
        pieces += at(bell, 0.0, (i - 2) * 0.3, 1.4 * size - 0.016)
    return compact(pieces)


def ball_rack(rng: Rng) -> ObjectMesh:
    """Medicine balls on a rack, and an exercise ball on top."""
    pieces: list[Surface] = []
    for side in (-1, 1):
        pieces.append(box((0.4, 0.03, 1.25), DARK_METAL, (0, side * 0.6, 0.625), 0.004))
    for z in (0.2, 0.6, 1.0):
        for x in (-0.1, 0.1):
            pieces.append(rod((x, -0.6, z), (x, 0.6, z), 0.012, METAL, 6))
        for i in range(4):
            r = float(rng.uniform(0.11, 0.15))
            look = paint(
                pick(rng, ((0.10, 0.10, 0.11), (0.34, 0.16, 0.14), (0.22, 0.28, 0.34), (0.42, 0.38, 0.32))),
                0.7,
            )
            pieces.append(ball(r, look, (0, -0.43 + 0.29 * i, z + r), 16))
    return compact(pieces)


def treadmill(rng: Rng, look: Material) -> ObjectMesh:
    """A treadmill: belt, uprights, console; one runs towards -x."""
    grey = paint((0.30, 0.31, 0.32), 0.45)
    pieces = [
        box((1.75, 0.82, 0.16), grey, (0, 0, 0.10), 0.03, 1.0, 2),
        box((1.45, 0.52, 0.01), BLACK, (0.1, 0, 0.186), 0),
        box((0.35, 0.82, 0.24), look, (-0.7, 0, 0.16), 0.05, 1.0, 2),
    ]
    for side in (-1, 1):
        pieces.append(rod((-0.66, side * 0.36, 0.2), (-0.50, side * 0.36, 1.2), 0.03, grey, 8))
        pieces.append(rod((-0.5, side * 0.36, 1.05), (-0.05, side * 0.36, 0.95), 0.02, BLACK, 8))
    pieces.append(tilted(box((0.06, 0.8, 0.34), grey, bevel_m=0.02), 0.5, (-0.52, 0, 1.28)))
    screen = Material(color=(0.10, 0.16, 0.24), roughness=0.2, emission=0.5)
    pieces.append(tilted(box((0.004, 0.42, 0.2), screen, bevel_m=0), 0.5, (-0.482, 0, 1.30)))
    return compact(pieces)


def exercise_bike(rng: Rng, look: Material) -> ObjectMesh:
    """A spinning bike."""
    pieces = [
        box((0.08, 0.5, 0.05), DARK_METAL, (0.5, 0, 0.03), 0.01),
        box((0.08, 0.5, 0.05), DARK_METAL, (-0.5, 0, 0.03), 0.01),
        rod((-0.5, 0, 0.06), (0.5, 0, 0.06), 0.03, look, 8),
        sport_things.along_y(cylinder(0.24, 0.05, CHROME, (0, 0, -0.025), 24), 0.0),
        rod((-0.28, 0, 0.08), (-0.2, 0, 0.85), 0.032, look, 8),
        rod((-0.2, 0, 0.4), (0.42, 0, 0.52), 0.035, look, 8),
        rod((0.38, 0, 0.06), (0.36, 0, 1.02), 0.032, look, 8),
        box((0.26, 0.16, 0.06), BLACK, (-0.22, 0, 0.93), 0.028, 1.0, 2),
        rod((0.36, -0.22, 1.05), (0.36, 0.22, 1.05), 0.016, BLACK, 8),
    ]
    pieces[3] = moved(pieces[3], (0.36, 0, 0.34))
    for side in (-1, 1):
        pieces.append(rod((0.36, side * 0.2, 1.05), (0.6, side * 0.16, 1.1), 0.016, BLACK, 8))
        pieces.append(
            box((0.1, 0.09, 0.025), BLACK, (0.02 + 0.16 * side, side * 0.16, 0.3 + 0.1 * side), 0.005)
        )
    return compact(pieces)


def weight_bench(rng: Rng) -> ObjectMesh:
    """A bench whose back is raised a little."""
    size: Size = (0.42, 1.25, float(rng.uniform(0.42, 0.47)))
    return bench_rand(size, rng, padded=True)


def plyo_box(rng: Rng) -> ObjectMesh:
    """A box to jump on, of plywood or foam."""
    tall = float(rng.uniform(0.45, 0.75))
    look = wooden(rng) if rng.random() < 0.6 else paint(pick(rng, ACCENTS), 0.8)
    return merge([box((0.5, 0.75, tall), look, (0, 0, tall / 2), 0.012)])


def punch_bag(rng: Rng) -> ObjectMesh:
    """A bag on a stand."""
    look = paint(pick(rng, ((0.09, 0.09, 0.10), (0.42, 0.10, 0.09), (0.30, 0.22, 0.17))), 0.5)
    pieces = [
        box((1.0, 0.9, 0.06), DARK_METAL, (-0.25, 0, 0.03), 0.01),
        rod((-0.6, 0, 0.05), (-0.6, 0, 2.2), 0.045, DARK_METAL, 8),
        rod((-0.6, 0, 2.18), (0.1, 0, 2.18), 0.035, DARK_METAL, 8),
        rod((0.05, 0, 1.95), (0.05, 0, 2.18), 0.008, METAL, 5),
        cylinder(0.17, 1.05, look, (0.05, 0, 0.9), 20),
    ]
    return compact(pieces)


def mirror(width: float, height: float, look: Material) -> ObjectMesh:
    """A mirror as a plain bright panel with thin joints; its back is at x = 0."""
    pieces = []
    count = max(1, round(width / 1.2))
    each = width / count
    for i in range(count):
        y = -width / 2 + each * (i + 0.5)
        pieces.append(box((0.012, each - 0.006, height), look, (0.006, y, height / 2), 0.002))
    return merge(pieces)


def cone(rng: Rng) -> ObjectMesh:
    """A training cone."""
    look = paint(pick(rng, ((0.80, 0.36, 0.14), (0.80, 0.70, 0.22), (0.28, 0.45, 0.60))), 0.6)
    return merge(
        [
            box((0.24, 0.24, 0.015), look, (0, 0, 0.0075), 0.005),
            cylinder(0.09, 0.32, look, (0, 0, 0.01), 16, 0.02),
        ]
    )


def rolled_mat(rng: Rng) -> ObjectMesh:
    """A rolled mat that stands on its end."""
    look = paint(
        pick(rng, ((0.30, 0.38, 0.42), (0.40, 0.32, 0.42), (0.28, 0.28, 0.30), (0.48, 0.33, 0.34))), 0.9
    )
    return merge([cylinder(0.075, 0.62, look, segments=18), cylinder(0.03, 0.002, BLACK, (0, 0, 0.62), 10)])


def foam_roller(rng: Rng) -> ObjectMesh:
    """A foam roller that lies along y."""
    look = paint(pick(rng, ((0.12, 0.12, 0.13), (0.30, 0.40, 0.46), (0.60, 0.40, 0.22))), 0.9)
    return merge(
        [moved(sport_things.along_y(cylinder(0.075, 0.45, look, (0, 0, -0.225), 18)), (0, 0, 0.075))]
    )


def plate_tree(rng: Rng) -> ObjectMesh:
    """A stand with weight plates."""
    pieces: list[Surface] = [box((0.6, 0.5, 0.05), DARK_METAL, (0, 0, 0.025), 0.01)]
    pieces.append(box((0.07, 0.07, 1.15), DARK_METAL, (0, 0, 0.6), 0.006))
    for level, z in enumerate((0.3, 0.66, 1.0)):
        for side in (-1, 1):
            pieces.append(rod((0, 0, z), (0, side * 0.24, z), 0.02, METAL, 6))
            for k in range(int(rng.integers(1, 3))):
                disc = sport_things.along_y(_disc(0.21 - 0.04 * level, 0.045, rng), side * (0.09 + 0.055 * k))
                pieces.append(moved(disc, (0, 0, z)))
    return compact(pieces)


def mat_field(rng: Rng) -> ObjectMesh:
    """Mats of 1 m by 2 m laid side by side."""
    colors = (
        (0.22, 0.26, 0.31),
        (0.27, 0.27, 0.28),
        (0.24, 0.30, 0.28),
        (0.36, 0.25, 0.23),
        (0.30, 0.36, 0.42),
    )
    first = tinted(textures.vinyl(0), pick(rng, colors), 0.8)
    second = first if rng.random() < 0.6 else tinted(textures.vinyl(0), pick(rng, colors), 0.8)
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    pieces = []
    for i in range(columns):
        for j in range(rows):
            spot = ((i - (columns - 1) / 2) * 1.004, (j - (rows - 1) / 2) * 2.004, 0.015)
            pieces.append(box((1.0, 2.0, 0.03), (first, second)[(i + j) % 2], spot, 0.008))
    return merge(pieces)
