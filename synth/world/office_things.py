"""What stands in offices and practices: desks with screens, swivel chairs, glass walls, couches, sinks, posters.

Each is in its own frame: on the floor, origin under its middle, its front at +x.
"""

from __future__ import annotations

import numpy as np

from synth.world import pictures, textures
from synth.world.furniture import picture_frame
from synth.world.gym_things import at
from synth.world.meshes import Material, ObjectMesh, Surface, grid_surface, merge, moved, transform
from synth.world.place_materials import (
    BLACK,
    BRIGHTS,
    CHROME,
    CLOTHS,
    DARK_GLASS,
    DARK_METAL,
    METAL,
    WHITE,
    Colors,
    compact,
    paint,
    pick,
    tinted,
    wooden,
    woven,
)
from synth.world.seat_things import laptop_rand, tilted
from synth.world.solids import bent_path, box, cylinder, lathe, rod, tube

Rng = np.random.Generator
LEATHERS: Colors = (
    (0.30, 0.36, 0.40),
    (0.22, 0.23, 0.25),
    (0.42, 0.40, 0.37),
    (0.34, 0.26, 0.22),
    (0.52, 0.54, 0.53),
)
PALE: Colors = ((0.84, 0.83, 0.81), (0.78, 0.74, 0.66), (0.70, 0.62, 0.50), (0.60, 0.60, 0.60))


def monitor(variant: int, on: bool) -> ObjectMesh:
    """A monitor on its foot, its origin on the desk, its screen at +x."""
    look = Material(pictures.screen(variant), roughness=0.25, emission=0.85) if on else DARK_GLASS
    points = np.array([[[0.0135, -1, 0.15], [0.0135, 1, 0.15]], [[0.0135, -1, 0.46], [0.0135, 1, 0.46]]])
    face = grid_surface(points * [1, 0.27, 1], np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]]), look)
    return compact(
        [
            box((0.025, 0.56, 0.335), BLACK, (0, 0, 0.305), 0.004),
            face,
            box((0.03, 0.06, 0.2), DARK_METAL, (-0.03, 0, 0.1), 0.004),
            box((0.2, 0.24, 0.012), DARK_METAL, (0, 0, 0.006), 0.004),
        ]
    )


def office_desk(rng: Rng, top: Material, frame: Material, screens: int, on: bool) -> ObjectMesh:
    """A desk with screens, a keyboard and what lies about; who works there sits at +x."""
    length, depth, height = float(rng.uniform(1.4, 1.7)), 0.75, float(rng.choice([0.73, 0.73, 1.05]))
    pieces: list[Surface] = [box((depth, length, 0.028), top, (0, 0, height - 0.014), 0.003)]
    for side in (-1, 1):
        y = side * (length / 2 - 0.18)
        pieces.append(box((0.08, 0.06, height - 0.04), frame, (0, y, height / 2), 0.004))
        pieces.append(box((0.62, 0.07, 0.03), frame, (0, y, 0.015), 0.004))
    pieces.append(box((0.04, length - 0.4, 0.04), frame, (-0.1, 0, height - 0.06), 0.004))
    for i in range(screens):
        y = (i - (screens - 1) / 2) * 0.6
        pieces += at(monitor(int(rng.integers(6)), on), -0.16, y, height, -0.25 * (i - (screens - 1) / 2))
    if not screens:
        pieces += at(laptop_rand(rng), 0.02, 0.0, height)
    grey = paint((0.16, 0.16, 0.17), 0.6)
    if screens:
        pieces.append(box((0.13, 0.42, 0.018), grey, (0.16, -0.05, height + 0.009), 0.004))
        pieces.append(box((0.1, 0.06, 0.03), grey, (0.17, 0.28, height + 0.015), 0.012))
    for _ in range(int(rng.integers(1, 4))):
        y = float(rng.uniform(-0.45, 0.45)) * length
        kind, x = rng.random(), float(rng.uniform(-0.25, 0.25))
        if kind < 0.4:
            for k in range(3):
                paper = paint(pick(rng, (WHITE, (0.75, 0.74, 0.70))), 0.9)
                pieces.append(box((0.30, 0.21, 0.004), paper, (x * 0.5, y, height + 0.003 + 0.0045 * k), 0))
        elif kind < 0.7:
            mug = [(0, 0), (0.038, 0), (0.04, 0.09), (0.036, 0.09), (0.034, 0.01), (0, 0.01)]
            pieces.append(moved(lathe(mug, paint(pick(rng, BRIGHTS), 0.35), 14), (x, y, height)))
        else:
            folder = paint(pick(rng, (*CLOTHS, *BRIGHTS)), 0.6)
            pieces.append(box((0.27, 0.06, 0.31), folder, (-0.18, 0.44 * length, height + 0.155), 0.003))
    drawers = box((0.55, 0.4, 0.55), frame, (0.02, length / 2 - 0.42, 0.30), 0.006)
    return compact([*pieces, drawers])


def swivel_chair(rng: Rng) -> ObjectMesh:
    """A desk chair: five castors, a gas spring, a seat and a back of mesh or cloth."""
    cloth = woven(rng, ((0.20, 0.21, 0.23), (0.34, 0.36, 0.39), (0.26, 0.32, 0.38), (0.40, 0.33, 0.29)))
    plastic, height = paint((0.05, 0.05, 0.055), 0.5), float(rng.uniform(0.44, 0.52))
    pieces = []
    for k in range(5):
        cos, sin = np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)
        pieces.append(rod((0, 0, 0.11), (0.3 * cos, 0.3 * sin, 0.075), 0.022, plastic, 6, 0.016))
        pieces.append(cylinder(0.028, 0.055, plastic, (0.3 * cos, 0.3 * sin, 0), 8))
    pieces.append(rod((0, 0, 0.09), (0, 0, height - 0.08), 0.026, CHROME, 8))
    pieces.append(box((0.47, 0.48, 0.085), cloth, (0.02, 0, height - 0.04), 0.04, 2.0, 2))
    pieces.append(rod((-0.16, 0, height - 0.08), (-0.30, 0, height + 0.3), 0.024, plastic, 6))
    back = box(
        (0.06, 0.44, float(rng.uniform(0.48, 0.62))), cloth, bevel_m=0.028, uv_per_m=2.0, bevel_steps=2
    )
    pieces.append(tilted(back, 0.14, (-0.27, 0, height + 0.34)))
    if rng.random() < 0.7:
        for side in (-1, 1):
            path = [
                (0.05, side * 0.22, height - 0.06),
                (0.05, side * 0.29, height - 0.04),
                (0.05, side * 0.29, height + 0.2),
            ]
            pieces.append(tube(bent_path(path, 0.05), 0.014, plastic, 6))
            pieces.append(box((0.24, 0.07, 0.03), plastic, (0.03, side * 0.29, height + 0.21), 0.012))
    return compact(pieces)


def glass_wall(length: float, height: float, frame: Material) -> ObjectMesh:
    """A partition along y: frames with bands of frosted film; the glass itself is not seen."""
    pieces = []
    count = max(2, round(length / 1.1))
    film = paint((0.72, 0.76, 0.78), 0.6)
    for i in range(count + 1):
        y = -length / 2 + length * i / count
        pieces.append(box((0.05, 0.045, height), frame, (0, y, height / 2), 0.003))
    for z in (0.03, height - 0.03):
        pieces.append(box((0.05, length, 0.06), frame, (0, 0, z), 0.003))
    for z, tall in ((1.0, 0.22), (1.42, 0.05)):
        for i in range(count):
            y = -length / 2 + length * (i + 0.5) / count
            pieces.append(box((0.004, length / count - 0.05, tall), film, (0, y, z), 0))
    return compact(pieces)


def locker(rng: Rng, width: float, height: float) -> ObjectMesh:
    """A cupboard of sheet metal or board with doors, folders on top."""
    look = paint(pick(rng, PALE), 0.5)
    doors = max(2, round(width / 0.45))
    dark = paint((0.15, 0.15, 0.16), 0.5)
    pieces = [box((0.42, width, height), look, (0, 0, height / 2), 0.004)]
    for i in range(doors):
        y = -width / 2 + width * (i + 0.5) / doors
        pieces.append(
            box((0.012, width / doors - 0.01, height - 0.1), look, (0.214, y, height / 2 + 0.02), 0.003)
        )
        pieces.append(box((0.012, 0.012, 0.14), dark, (0.225, y + 0.16, height * 0.55), 0.003))
    for i in range(int(rng.integers(0, 9)) if height < 1.6 else 0):
        folder = paint(pick(rng, (*CLOTHS, *BRIGHTS, *PALE)), 0.65)
        pieces.append(
            box((0.28, 0.07, 0.31), folder, (0, -width / 2 + 0.1 + 0.075 * i, height + 0.155), 0.003)
        )
    return compact(pieces)


def whiteboard(rng: Rng) -> ObjectMesh:
    """A board with a few lines on it; its back at x = 0, its middle at the origin."""
    pieces = [
        box((0.018, 1.8, 1.1), METAL, (0.009, 0, 0), 0.004),
        box((0.004, 1.74, 1.04), paint((0.92, 0.92, 0.92), 0.3), (0.018, 0, 0), 0),
    ]
    for _ in range(int(rng.integers(4, 14))):
        ink = paint(
            pick(rng, ((0.15, 0.20, 0.50), (0.12, 0.12, 0.13), (0.60, 0.15, 0.14), (0.14, 0.40, 0.22))), 0.8
        )
        y, z = rng.uniform(-0.7, 0.5), rng.uniform(-0.4, 0.4)
        size = (
            (0.002, float(rng.uniform(0.1, 0.5)), 0.008)
            if rng.random() < 0.75
            else (0.002, 0.008, float(rng.uniform(0.1, 0.3)))
        )
        pieces.append(box(size, ink, (0.021, float(y), float(z)), 0))
    return compact(pieces)


# --- practices


def couch(rng: Rng) -> ObjectMesh:
    """A treatment couch, long along y: padded top with a raised head piece, on a lifting frame."""
    pad = paint(pick(rng, LEATHERS), 0.5)
    height, frame = float(rng.uniform(0.55, 0.85)), paint((0.78, 0.78, 0.77), 0.4)
    pieces = [
        box((0.66, 1.32, 0.08), pad, (0, 0.28, height - 0.04), 0.03, 1.0, 2),
        box((0.56, 1.5, 0.05), frame, (0, 0.05, height - 0.11), 0.006),
    ]
    head = box((0.62, 0.6, 0.08), pad, bevel_m=0.03, bevel_steps=2)
    lift = float(rng.uniform(0.0, 0.35))
    turn = np.eye(4)
    turn[:3, :3] = [[1, 0, 0], [0, np.cos(lift), np.sin(lift)], [0, -np.sin(lift), np.cos(lift)]]
    turn[:3, 3] = (0, -0.68, height - 0.04 + 0.3 * np.sin(lift))
    pieces.append(transform(head, turn))
    for side in (-1, 1):
        pieces.append(box((0.6, 0.06, 0.05), frame, (0, side * 0.6, 0.05), 0.01))
        pieces.append(rod((side * 0.2, -0.5, 0.06), (side * 0.2, 0.35, height - 0.12), 0.025, frame, 8))
        pieces.append(rod((side * 0.2, 0.5, 0.06), (side * 0.2, -0.35, height - 0.12), 0.025, frame, 8))
    if rng.random() < 0.5:  # a sheet of paper or a towel over it
        towel = paint(pick(rng, ((0.86, 0.86, 0.84), (0.62, 0.70, 0.72), (0.78, 0.74, 0.68))), 0.95)
        pieces.append(
            box((0.68, 0.5, 0.012), towel, (0, float(rng.uniform(0.2, 0.6)), height + 0.002), 0.005)
        )
    return merge(pieces)


def curtain_rail(length: float, height: float, ceiling: float) -> ObjectMesh:
    """A rail along y under a ceiling, for the curtain round a couch."""
    pieces = [rod((0, -length / 2, height), (0, length / 2, height), 0.012, METAL, 6)]
    for y in (-length / 2 + 0.05, 0.0, length / 2 - 0.05):
        pieces.append(rod((0, y, height), (0, y, ceiling), 0.006, METAL, 5))
    return merge(pieces)


def sink(rng: Rng) -> ObjectMesh:
    """A wash basin on a cupboard with a tap, tiles and a mirror above."""
    white, front = paint((0.88, 0.88, 0.87), 0.25), paint(pick(rng, PALE), 0.5)
    pieces = [
        box((0.5, 1.0, 0.8), front, (0.25, 0, 0.42), 0.004),
        box((0.54, 1.04, 0.04), white, (0.26, 0, 0.84), 0.01),
        box((0.36, 0.48, 0.02), paint((0.62, 0.63, 0.63), 0.3), (0.28, 0, 0.855), 0.008),
        box((0.008, 1.04, 0.55), tinted(textures.tiles(0, 8), (0.84, 0.84, 0.83), 0.3), (0.004, 0, 1.13), 0),
        box(
            (0.01, 0.5, 0.7),
            Material(color=(0.6, 0.64, 0.66), roughness=0.08, specular=0.5),
            (0.012, 0, 1.75),
            0.003,
        ),
        tube(
            bent_path([(0.08, 0, 0.86), (0.08, 0, 1.1), (0.26, 0, 1.1), (0.26, 0, 1.04)], 0.05),
            0.012,
            CHROME,
            8,
        ),
        box((0.1, 0.12, 0.22), white, (0.06, 0.36, 1.35), 0.02),
    ]
    return compact(pieces)


def poster(variant: int, height: float = 0.95) -> ObjectMesh:
    """A chart of the human figure in a thin frame, its back at x = 0."""
    art = Material(pictures.anatomy_poster(variant), roughness=0.5)
    return picture_frame(0.7 * height, height, art, paint((0.30, 0.31, 0.33), 0.5))


def trolley(rng: Rng) -> ObjectMesh:
    """A trolley with drawers, bottles and boxes on top."""
    body, steel = paint(pick(rng, ((0.82, 0.83, 0.83), (0.42, 0.50, 0.56), (0.70, 0.68, 0.64))), 0.4), METAL
    pieces: list[Surface] = [box((0.42, 0.5, 0.62), body, (0, 0, 0.45), 0.008)]
    for k in range(4):
        pieces.append(box((0.012, 0.46, 0.12), body, (0.213, 0, 0.22 + 0.145 * k), 0.004))
        pieces.append(box((0.02, 0.2, 0.012), steel, (0.225, 0, 0.25 + 0.145 * k), 0.003))
    for sx in (-1, 1):
        for sy in (-1, 1):
            pieces.append(cylinder(0.035, 0.14, DARK_METAL, (sx * 0.16, sy * 0.2, 0), 8))
    for _ in range(5):
        x, y = float(rng.uniform(-0.15, 0.15)), float(rng.uniform(-0.2, 0.2))
        look = paint(pick(rng, (*PALE, (0.30, 0.45, 0.55), (0.65, 0.45, 0.25))), 0.4)
        if rng.random() < 0.6:
            pieces.append(cylinder(0.03, float(rng.uniform(0.1, 0.2)), look, (x, y, 0.76), 12))
        else:
            pieces.append(box((0.1, 0.16, 0.08), look, (x, y, 0.80), 0.003))
    return compact(pieces)


def skeleton_model(rng: Rng) -> ObjectMesh:
    """A model of a spine with a pelvis on a stand."""
    bone = paint((0.84, 0.79, 0.66), 0.6)
    pieces = [cylinder(0.16, 0.02, DARK_METAL, segments=16), rod((0, 0, 0), (0, 0, 1.5), 0.009, METAL, 6)]
    for i in range(24):
        share = i / 23
        z = 0.86 + 0.6 * share
        x = 0.03 + 0.03 * np.sin(2.2 * np.pi * share + 0.4)
        wide = 0.03 - 0.014 * share
        pieces.append(box((1.3 * wide, 2 * wide, 0.019), bone, (float(x), 0, float(z)), 0.007))
        pieces.append(box((0.045, 0.010, 0.010), bone, (float(x) - 0.04, 0, float(z)), 0.003))
        pieces.append(box((0.010, 4 * wide, 0.010), bone, (float(x) - 0.02, 0, float(z)), 0.003))
    for side in (-1, 1):
        pieces.append(box((0.05, 0.10, 0.13), bone, (0.02, side * 0.08, 0.80), 0.024, 1.0, 2))
    pieces.append(box((0.05, 0.08, 0.1), bone, (0.0, 0, 0.80), 0.02, 1.0, 2))
    return compact(pieces)


def wheeled_stool(rng: Rng) -> ObjectMesh:
    """A round stool on castors."""
    pad = paint(pick(rng, LEATHERS), 0.5)
    height = float(rng.uniform(0.46, 0.6))
    pieces = [
        lathe(
            [(0, height - 0.08), (0.17, height - 0.07), (0.18, height - 0.03), (0.165, height), (0, height)],
            pad,
            20,
        )
    ]
    pieces.append(rod((0, 0, 0.08), (0, 0, height - 0.07), 0.025, CHROME, 8))
    for k in range(5):
        cos, sin = np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)
        pieces.append(rod((0, 0, 0.1), (0.25 * cos, 0.25 * sin, 0.065), 0.016, CHROME, 6))
        pieces.append(cylinder(0.025, 0.05, DARK_METAL, (0.25 * cos, 0.25 * sin, 0), 8))
    return compact(pieces)


def folding_screen(rng: Rng) -> ObjectMesh:
    """Three panels of cloth in frames on wheels, zigzag along y."""
    cloth = tinted(
        textures.fabric(0), pick(rng, ((0.62, 0.68, 0.70), (0.72, 0.70, 0.65), (0.56, 0.62, 0.58))), 0.95
    )
    frame = paint((0.80, 0.80, 0.79), 0.4)
    pieces: list[Surface] = []
    for i in range(3):
        turn = 0.35 if i % 2 else -0.35
        panel = [box((0.012, 0.50, 1.4), cloth, (0, 0, 1.0), 0.004, 2.0)]
        for side in (-1, 1):
            panel.append(rod((0, side * 0.27, 0.06), (0, side * 0.27, 1.75), 0.014, frame, 6))
        panel += [rod((0, -0.27, z), (0, 0.27, z), 0.012, frame, 6) for z in (0.28, 1.74)]
        pieces += at(merge(panel), 0.0, (i - 1) * 0.53, 0.0, turn)
    return merge(pieces)


def flip_chart(rng: Rng) -> ObjectMesh:
    """A flip chart on three legs."""
    pieces = [tilted(box((0.02, 0.7, 1.0), METAL, bevel_m=0.004), 0.12, (0, 0, 1.35))]
    pieces.append(
        tilted(box((0.006, 0.66, 0.92), paint((0.90, 0.90, 0.88), 0.9), bevel_m=0), 0.12, (0.014, 0, 1.33))
    )
    for side in (-1, 1):
        pieces.append(rod((0.24, side * 0.36, 0), (-0.02, side * 0.25, 1.5), 0.013, METAL, 6))
    pieces.append(rod((-0.42, 0, 0), (-0.04, 0, 1.6), 0.013, METAL, 6))
    for _ in range(5):
        ink = paint(pick(rng, ((0.15, 0.20, 0.50), (0.12, 0.12, 0.13), (0.60, 0.15, 0.14))), 0.8)
        size = (0.002, float(rng.uniform(0.1, 0.4)), 0.012)
        pieces.append(
            tilted(
                box(size, ink, bevel_m=0),
                0.12,
                (0.02, float(rng.uniform(-0.1, 0.1)), float(rng.uniform(1.1, 1.6))),
            )
        )
    return compact(pieces)


def coat_stand(rng: Rng) -> ObjectMesh:
    """A coat stand with a coat or two."""
    look = wooden(rng) if rng.random() < 0.5 else DARK_METAL
    pieces = [cylinder(0.2, 0.025, look, segments=18), rod((0, 0, 0.02), (0, 0, 1.75), 0.02, look, 8)]
    for k in range(4):
        cos, sin = np.cos(k * np.pi / 2), np.sin(k * np.pi / 2)
        pieces.append(rod((0, 0, 1.6), (0.16 * cos, 0.16 * sin, 1.72), 0.011, look, 6))
    for k in range(int(rng.integers(1, 3))):
        coat = woven(rng)
        turn = np.linspace(0, 2 * np.pi, 13)
        z = np.linspace(0.75, 1.62, 5)
        wide = np.array([0.17, 0.16, 0.15, 0.14, 0.03])[:, None] * (1 + 0.14 * np.sin(5 * turn))[None, :]
        points = np.stack(
            np.broadcast_arrays(wide * np.cos(turn), 0.75 * wide * np.sin(turn), z[:, None]), axis=-1
        ) + np.array([0.13 * (1 if k else -1), 0, 0])
        uv = np.stack(np.broadcast_arrays(turn[None, :] / 2, 2 * z[:, None]), axis=-1)
        pieces.append(grid_surface(points, uv, coat))
    return merge(pieces)


def clock() -> ObjectMesh:
    """A wall clock, its back at x = 0."""
    disc = cylinder(0.15, 0.03, paint(WHITE, 0.4), segments=24)
    turn = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [-1.0, 0, 0, 0], [0, 0, 0, 1.0]])
    pieces = [transform(disc, turn), rod((0.032, 0, 0), (0.032, 0.05, 0.07), 0.004, BLACK, 5)]
    return compact([*pieces, rod((0.032, 0, 0), (0.032, -0.03, 0.11), 0.003, BLACK, 5)])
