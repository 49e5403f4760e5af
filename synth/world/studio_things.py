"""What stands in studios: sweeps of paper, softboxes, stands, mats and bolsters; on the floor, front at +x."""

from __future__ import annotations

import numpy as np

from synth.world import sport_things, textures
from synth.world.gym_things import at
from synth.world.light import Rgb
from synth.world.meshes import Material, ObjectMesh, Surface, grid_surface, merge, moved, transform
from synth.world.place_materials import (
    BLACK,
    BRIGHTS,
    CLOTHS,
    DARK_METAL,
    METAL,
    compact,
    paint,
    pick,
    tinted,
    woven,
)
from synth.world.solids import box, cylinder, flat_sheet, rod, tube

Rng = np.random.Generator


def sweep(width: float, length: float, height: float, look: Material) -> ObjectMesh:
    """A background that hangs at x = 0, curves and runs over the floor to +x.

    Args:
        width: Extent in y, metres.
        length: How far it runs over the floor, metres.
        height: Height of its roll, metres.
        look: Its look.
    """
    turn, radius = np.linspace(0, np.pi / 2, 9), 0.7
    curve = np.stack([radius * (1 - np.cos(turn)), radius * (1 - np.sin(turn))], axis=1)
    outline = np.concatenate([[[0.0, height]], curve, [[length, 0.0]]]) + np.array([0.0, 0.004])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    y = np.linspace(-width / 2, width / 2, 5)
    points = np.zeros((len(outline), len(y), 3))
    points[..., 0], points[..., 2], points[..., 1] = outline[:, :1], outline[:, 1:], y
    uv = np.stack(np.broadcast_arrays(y[None, :], along[:, None]), axis=-1) * 0.5
    # Rows run down the paper: turned over so that it faces +x and up.
    paper = grid_surface(points[::-1], uv[::-1], look)
    roll = rod((0, -width / 2 - 0.1, height + 0.03), (0, width / 2 + 0.1, height + 0.03), 0.05, look, 14)
    stands = []
    for side in (-1, 1):
        post = (0, side * (width / 2 + 0.15), 0.3)
        stands.append(rod(post, (0, side * (width / 2 + 0.15), height + 0.05), 0.018, DARK_METAL, 8))
        stands += _feet(post, 0.45)
    return merge([paper, roll, *stands])


def _feet(top: tuple[float, float, float], reach: float) -> list[Surface]:
    """Three legs from a hub to the floor."""
    legs = []
    for k in range(3):
        cos, sin = np.cos(2 * np.pi * k / 3 + 0.5), np.sin(2 * np.pi * k / 3 + 0.5)
        legs.append(
            rod(
                (top[0] + reach * cos, top[1] + reach * sin, 0.0),
                (top[0], top[1], top[2] + 0.25),
                0.011,
                DARK_METAL,
                6,
            )
        )
    return legs


def softbox(height: float, tilt_rad: float, size: float, octagon: bool, cover: Material) -> ObjectMesh:
    """A softbox on a stand that looks to +x and down by an angle."""
    black = paint((0.07, 0.07, 0.075), 0.8)
    sides = 8 if octagon else 4
    angle = np.linspace(0, 2 * np.pi, sides + 1) + np.pi / sides
    stretch = 1.0 if octagon else 0.75
    ring = np.stack(
        [0 * angle, size / 2 * 1.2 * stretch * np.cos(angle), size / 2 * 1.2 * np.sin(angle)], axis=1
    )
    front, back = ring + np.array([0.3, 0, 0]), 0.18 * ring + np.array([-0.12, 0, 0])
    shade = Material(color=black.color, roughness=0.8, two_sided=True)
    hood = flat_sheet(np.stack([back, front]), np.zeros((2, sides + 1, 2)), shade)
    rim = np.stack([0 * front + [0.28, 0, 0], front * [0.98, 0.97, 0.97]])
    face = flat_sheet(rim, np.zeros((2, sides + 1, 2)), cover)
    tilt = np.eye(4)
    cos, sin = np.cos(tilt_rad), np.sin(tilt_rad)
    tilt[:3, :3] = [[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]
    tilt[:3, 3] = (0, 0, height)
    head = [transform(piece, tilt) for piece in (hood, face, box((0.3, 0.13, 0.15), black, (-0.25, 0, 0)))]
    post = rod((-0.1, 0, 0.3), (-0.1, 0, height - 0.05), 0.015, DARK_METAL, 8)
    return merge([*head, post, *_feet((-0.1, 0.0, 0.35), 0.5)])


def flag(rng: Rng) -> ObjectMesh:
    """A black or white panel on a stand."""
    look = paint((0.06, 0.06, 0.065), 0.9) if rng.random() < 0.6 else paint((0.84, 0.84, 0.83), 0.8)
    pieces: list[Surface] = [rod((0, 0, 0.3), (0, 0, 1.9), 0.014, METAL, 8), *_feet((0, 0, 0.35), 0.42)]
    pieces.append(box((0.02, 0.6, 0.9), look, (0.03, 0.15, float(rng.uniform(1.2, 1.5)))))
    return merge(pieces)


def tripod(rng: Rng) -> ObjectMesh:
    """A camera on a tripod."""
    height = float(rng.uniform(1.1, 1.5))
    pieces = []
    for k in range(3):
        cos, sin = np.cos(2 * np.pi * k / 3), np.sin(2 * np.pi * k / 3)
        pieces.append(
            rod((0.42 * cos, 0.42 * sin, 0), (0.03 * cos, 0.03 * sin, height - 0.2), 0.014, DARK_METAL, 7)
        )
    pieces.append(rod((0, 0, height - 0.4), (0, 0, height), 0.015, DARK_METAL, 8))
    pieces.append(box((0.08, 0.14, 0.1), BLACK, (0, 0, height + 0.06), 0.012))
    pieces.append(rod((0.03, 0, height + 0.06), (0.15, 0, height + 0.06), 0.037, BLACK, 14))
    return merge(pieces)


def fan(rng: Rng) -> ObjectMesh:
    """A fan on the floor."""
    turn = np.linspace(0, 2 * np.pi, 25)
    pieces: list[Surface] = []
    for radius in (0.08, 0.16, 0.24):
        ring = np.stack([0 * turn, radius * np.cos(turn), 0.3 + radius * np.sin(turn)], axis=1)
        pieces.append(tube(ring, 0.006, METAL, 5))
    for k in range(4):
        cos, sin = np.cos(k * np.pi / 4), np.sin(k * np.pi / 4)
        pieces.append(
            rod((0, 0.24 * cos, 0.3 + 0.24 * sin), (0, -0.24 * cos, 0.3 - 0.24 * sin), 0.005, METAL, 5)
        )
    look = paint(pick(rng, CLOTHS), 0.4)
    pieces.append(rod((-0.12, 0, 0.3), (0.03, 0, 0.3), 0.06, look, 12))
    pieces.append(box((0.22, 0.36, 0.03), look, (-0.03, 0, 0.015)))
    return compact([*pieces, rod((-0.05, 0, 0.02), (-0.05, 0, 0.26), 0.02, look, 8)])


def paper_rolls(colors: tuple[Rgb, ...]) -> ObjectMesh:
    """Rolls of paper that lean in a rack."""
    pieces: list[Surface] = [box((0.35, 1.0, 0.12), paint((0.4, 0.36, 0.3), 0.7), (0, 0, 0.06))]
    for i, color in enumerate(colors):
        y = (i - (len(colors) - 1) / 2) * 0.19
        pieces.append(rod((0.06, y, 0.08), (-0.08, y, 2.4), 0.055, paint(color, 0.85), 12))
    return compact(pieces)


def cases(rng: Rng, count: int = 3) -> ObjectMesh:
    """Transport cases in a pile."""
    pieces: list[Surface] = []
    z = 0.0
    for _ in range(count):
        size = (float(rng.uniform(0.35, 0.5)), float(rng.uniform(0.5, 0.75)), float(rng.uniform(0.2, 0.34)))
        look = paint(pick(rng, ((0.10, 0.10, 0.11), (0.48, 0.49, 0.50), (0.26, 0.28, 0.30))), 0.5)
        pieces.append(box(size, look, (0, 0, z + size[2] / 2), 0.02))
        for side in (-1, 1):
            pieces.append(
                box((0.01, 0.05, 0.06), METAL, (size[0] / 2, side * size[1] * 0.3, z + size[2] * 0.6), 0.002)
            )
        pieces.append(box((0.02, 0.16, 0.03), BLACK, (size[0] / 2 + 0.01, 0, z + size[2] * 0.55), 0.006))
        z += size[2]
    return compact(pieces)


def clothes_rail(rng: Rng) -> ObjectMesh:
    """A rail of clothes, along y."""
    pieces: list[Surface] = [rod((0, -0.6, 1.6), (0, 0.6, 1.6), 0.013, METAL, 6)]
    for side in (-1, 1):
        pieces.append(rod((0, side * 0.58, 0.05), (0, side * 0.58, 1.6), 0.013, METAL, 6))
        pieces.append(rod((-0.22, side * 0.58, 0.05), (0.22, side * 0.58, 0.05), 0.013, METAL, 6))
    colors = [woven(rng, (*CLOTHS, *BRIGHTS)) for _ in range(4)]
    for i in range(int(rng.integers(6, 13))):
        tall = float(rng.uniform(0.6, 1.05))
        y = -0.5 + 1.0 * i / 12 + float(rng.uniform(-0.02, 0.02))
        pieces.append(
            box(
                (float(rng.uniform(0.34, 0.46)), 0.05, tall),
                colors[i % 4],
                (0, y, 1.55 - tall / 2),
                0.02,
                2.0,
            )
        )
    return merge(pieces)


# --- yoga


def yoga_shelf(rng: Rng, look: Material) -> ObjectMesh:
    """A low shelf with rolled mats, blocks, bolsters and blankets, long along y."""
    width, height, deep = 1.8, 1.15, 0.38
    pieces = [box((deep, width, 0.025), look, (0, 0, z), 0.003) for z in (0.05, 0.42, 0.79, height)]
    pieces += [
        box((deep, 0.025, height), look, (0, y, height / 2), 0.003) for y in (-width / 2, 0, width / 2)
    ]
    colors = [
        paint(
            pick(rng, ((0.34, 0.40, 0.44), (0.42, 0.34, 0.42), (0.50, 0.40, 0.34), (0.34, 0.40, 0.34))), 0.9
        )
        for _ in range(3)
    ]
    for level, z in enumerate((0.065, 0.435, 0.805)):
        for half in (-1, 1):
            y0 = half * width / 4
            kind = int(rng.integers(3))
            for i in range(5):
                y = y0 + (i - 2) * 0.155
                if kind == 0:
                    pieces.append(
                        rod((-0.17, y, z + 0.075), (0.2, y, z + 0.075), 0.07, colors[(i + level) % 3], 12)
                    )
                elif kind == 1:
                    tall = 0.08 * int(rng.integers(1, 4))
                    pieces.append(box((0.23, 0.14, tall), colors[level], (0.02, y, z + tall / 2), 0.006))
                elif i < 2:
                    pieces.append(
                        box(
                            (0.32, 0.3, 0.2),
                            colors[(level + i) % 3],
                            (0, y0 + (i - 0.5) * 0.36, z + 0.1),
                            0.05,
                            2.0,
                            2,
                        )
                    )
    return compact(pieces)


def barre(length: float, look: Material) -> ObjectMesh:
    """A barre on brackets, its back at x = 0."""
    pieces = [rod((0.22, -length / 2, 1.05), (0.22, length / 2, 1.05), 0.021, look, 10)]
    for y in (-0.4, 0.0, 0.4):
        pieces.append(rod((0, y * length, 1.0), (0.22, y * length, 1.05), 0.012, METAL, 6))
    return merge(pieces)


def bolster(rng: Rng) -> ObjectMesh:
    """A round bolster along y."""
    cloth = tinted(textures.fabric(1), pick(rng, CLOTHS), 0.95)
    return merge([moved(sport_things.along_y(cylinder(0.12, 0.62, cloth, (0, 0, -0.31), 20)), (0, 0, 0.12))])


def block_pile(rng: Rng) -> ObjectMesh:
    """A pile of blocks."""
    looks = [
        paint(pick(rng, ((0.36, 0.42, 0.46), (0.62, 0.48, 0.34), (0.40, 0.34, 0.42))), 0.85) for _ in range(2)
    ]
    pieces: list[Surface] = []
    for i in range(int(rng.integers(2, 6))):
        shape = merge([box((0.15, 0.23, 0.085), looks[i % 2], bevel_m=0.008)])
        pieces += at(
            shape,
            float(rng.uniform(-0.02, 0.02)),
            float(rng.uniform(-0.02, 0.02)),
            0.0425 + 0.086 * i,
            float(rng.normal(0, 0.2)),
        )
    return compact(pieces)
