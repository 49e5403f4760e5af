"""Furniture and small things, each in its own frame: on the floor, origin under its middle, its front at +x."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.world import textures
from synth.world.light import Rgb, rgb
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
    moved,
    pose_matrix,
    transform,
)
from synth.world.solids import ball, box, cylinder, lathe, rod

Rng = np.random.Generator
WOODS = ((0.62, 0.46, 0.30), (0.45, 0.30, 0.19), (0.72, 0.60, 0.44), (0.33, 0.22, 0.15), (0.80, 0.77, 0.71))
CLOTHS = ((0.42, 0.45, 0.50), (0.55, 0.50, 0.42), (0.26, 0.34, 0.40), (0.50, 0.28, 0.24), (0.32, 0.38, 0.28))
BRIGHTS = ((0.75, 0.20, 0.16), (0.15, 0.36, 0.62), (0.86, 0.63, 0.16), (0.22, 0.48, 0.30), (0.80, 0.80, 0.78))


def pick(rng: Rng, options: tuple) -> Rgb:
    """One of some sRGB colours, a little varied."""
    base = np.array(options[int(rng.integers(len(options)))])
    return rgb(np.round(np.clip(base * rng.uniform(0.88, 1.1), 0, 1), 3))


def linear(color: Rgb) -> Rgb:
    """An sRGB colour as linear RGB, near enough for paint."""
    return rgb(c**2.2 for c in color)


def paint(color: Rgb, roughness: float = 0.5) -> Material:
    """A material of one sRGB colour."""
    return Material(color=linear(color), roughness=roughness)


def wooden(rng: Rng) -> Material:
    """Wood of some kind."""
    return Material(
        textures.wood(int(rng.integers(4)), pick(rng, WOODS)), roughness=float(rng.uniform(0.35, 0.6))
    )


def woven(rng: Rng) -> Material:
    """Upholstery of some colour."""
    return Material(textures.fabric(int(rng.integers(3)), pick(rng, CLOTHS)), roughness=0.95, specular=0.03)


METAL = Material(color=(0.35, 0.35, 0.36), roughness=0.35, specular=0.4)
DARK_METAL = Material(color=(0.035, 0.035, 0.038), roughness=0.4, specular=0.06)


def _legs(
    size: tuple[float, float], height: float, radius: float, look: Material, splay: float = 0.0
) -> list[Surface]:
    x, y = size[0] / 2, size[1] / 2
    corners = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1)]
    return [
        rod(
            (sx * (x + splay), sy * (y + splay), 0.0),
            (sx * x, sy * y, height),
            radius * 0.7,
            look,
            end_radius_m=radius,
        )
        for sx, sy in corners
    ]


def sofa(width: float, look: Material, legs: Material, seats: int) -> ObjectMesh:
    """A sofa; ``seats`` of one makes an armchair."""
    depth, arm = 0.9, 0.18
    pieces = [
        box((depth, width, 0.24), look, (0, 0, 0.24), 0.03, 2.0, 2),
        box((0.22, width - 0.02, 0.56), look, (-depth / 2 + 0.12, 0, 0.53), 0.07, 2.0, 3),
    ]
    for side in (-1, 1):
        pieces.append(box((depth, arm, 0.44), look, (0, side * (width - arm) / 2, 0.40), 0.06, 2.0, 3))
    each = (width - 2 * arm) / seats
    for i in range(seats):
        y = -width / 2 + arm + each * (i + 0.5)
        pieces.append(box((depth - 0.26, each - 0.012, 0.16), look, (0.11, y, 0.42), 0.05, 2.0, 3))
        cushion = box((0.16, each - 0.03, 0.42), look, (0, 0, 0), 0.065, 2.0, 3)
        lean = np.eye(4)
        lean[:3, :3] = np.array([[0.97, 0, -0.24], [0, 1, 0], [0.24, 0, 0.97]])
        lean[:3, 3] = np.array([-0.17, y, 0.68])
        pieces.append(transform(cushion, lean))
    return merge(pieces + _legs((depth - 0.15, width - 0.15), 0.13, 0.022, legs))


def table(length: float, width: float, height: float, look: Material, legs: Material) -> ObjectMesh:
    """A table with four legs and an apron."""
    pieces = [box((width, length, 0.035), look, (0, 0, height - 0.0175), 0.006)]
    for side in (-1, 1):
        pieces.append(box((width - 0.16, 0.022, 0.07), legs, (0, side * (length / 2 - 0.09), height - 0.07)))
        pieces.append(box((0.022, length - 0.16, 0.07), legs, (side * (width / 2 - 0.09), 0, height - 0.07)))
        for other in (-1, 1):
            place = (side * (width / 2 - 0.09), other * (length / 2 - 0.09), (height - 0.03) / 2)
            pieces.append(box((0.055, 0.055, height - 0.03), legs, place))
    return merge(pieces)


def round_table(radius: float, height: float, look: Material, foot: Material) -> ObjectMesh:
    """A round table on one foot."""
    top = [(0, 0), (radius - 0.01, 0), (radius, 0.008), (radius, 0.022), (radius - 0.008, 0.03)]
    top += [(radius - 0.008, 0.03), (0, 0.03)]
    pieces = [
        moved(lathe(top, look, 40), (0, 0, height - 0.03)),
        cylinder(0.04, height - 0.04, foot, (0, 0, 0.01)),
    ]
    return merge([*pieces, cylinder(radius * 0.55, 0.025, foot, segments=28)])


def chair(look: Material, seat: Material) -> ObjectMesh:
    """A dining chair: four legs, a padded seat, slats in its back."""
    pieces = [box((0.42, 0.42, 0.05), seat, (0, 0, 0.45), 0.018, 2.0, 2)]
    for side in (-1, 1):
        pieces.append(rod((0.18, side * 0.18, 0), (0.17, side * 0.18, 0.44), 0.014, look, end_radius_m=0.019))
        pieces.append(
            rod((-0.21, side * 0.18, 0), (-0.19, side * 0.18, 0.45), 0.014, look, end_radius_m=0.019)
        )
        pieces.append(
            rod((-0.19, side * 0.18, 0.45), (-0.25, side * 0.18, 0.90), 0.019, look, end_radius_m=0.013)
        )
        pieces.append(box((0.34, 0.02, 0.045), look, (0, side * 0.18, 0.40)))
    pieces.append(box((0.02, 0.36, 0.045), look, (0.17, 0, 0.40)))
    for height, lean in ((0.60, 0.21), (0.72, 0.227), (0.86, 0.245)):
        pieces.append(box((0.016, 0.36, 0.055), look, (-lean, 0, height), 0.006))
    return merge(pieces)


def stool(look: Material) -> ObjectMesh:
    """A round stool."""
    top = [(0, 0), (0.16, 0), (0.175, 0.012), (0.175, 0.028), (0.16, 0.04), (0.16, 0.04), (0, 0.04)]
    return merge([moved(lathe(top, look, 28), (0, 0, 0.42)), *_legs((0.2, 0.2), 0.43, 0.017, look, 0.05)])


def shelf(width: float, height: float, look: Material, rng: Rng) -> ObjectMesh:
    """A bookcase with books."""
    depth, board = 0.30, 0.022
    pieces = [box((0.008, width, height), look, (-depth / 2 + 0.004, 0, height / 2))]
    for side in (-1, 1):
        pieces.append(box((depth, board, height), look, (0, side * (width - board) / 2, height / 2), 0.003))
    levels = max(2, round(height / 0.36))
    for level in range(levels + 1):
        z = board / 2 + 0.05 + (height - 0.05 - board) * level / levels
        pieces.append(box((depth - 0.01, width - 2 * board, board), look, (0, 0, z), 0.003))
        if level < levels:
            pieces.extend(
                _books(width - 2 * board - 0.02, (height - 0.05) / levels - 0.05, z + board / 2, rng)
            )
    return merge(pieces)


def _books(width: float, room: float, z: float, rng: Rng) -> list[Surface]:
    looks = [paint(pick(rng, BRIGHTS + CLOTHS + WOODS), 0.6) for _ in range(3)]
    pieces, y = [], -width / 2 + float(rng.uniform(0, 0.1))
    while y < width / 2 - 0.06:
        thick = float(rng.uniform(0.018, 0.05))
        if rng.random() < 0.09:
            y += float(rng.uniform(0.05, 0.25))
            continue
        tall, deep = room * float(rng.uniform(0.62, 0.95)), float(rng.uniform(0.15, 0.21))
        look = looks[int(rng.integers(3))]
        pieces.append(
            box((deep, thick - 0.002, tall), look, (deep / 2 - 0.12, y + thick / 2, z + tall / 2), 0.002)
        )
        y += thick
    return pieces


def sideboard(width: float, look: Material, front: Material, screen: bool) -> ObjectMesh:
    """A low cupboard, with a television on it if wanted."""
    pieces = [
        box((0.42, width, 0.46), look, (0, 0, 0.36), 0.004),
        *_legs((0.3, width - 0.2), 0.14, 0.018, DARK_METAL),
    ]
    doors = max(2, round(width / 0.5))
    for i in range(doors):
        y = -width / 2 + width * (i + 0.5) / doors
        pieces.append(box((0.018, width / doors - 0.012, 0.42), front, (0.215, y, 0.36), 0.003))
        pieces.append(rod((0.235, y - 0.05, 0.5), (0.235, y + 0.05, 0.5), 0.006, METAL))
    if screen:
        dark = Material(color=(0.008, 0.008, 0.01), roughness=0.12)
        pieces += [
            box((0.03, 1.12, 0.65), dark, (-0.02, 0, 1.0), 0.006),
            box((0.2, 0.5, 0.02), DARK_METAL, (0, 0, 0.6)),
        ]
        pieces.append(box((0.04, 0.08, 0.12), DARK_METAL, (-0.02, 0, 0.65)))
    return merge(pieces)


def floor_lamp(shade: Material) -> ObjectMesh:
    """A standing lamp."""
    outline = [(0.20, 1.42), (0.14, 1.70), (0.138, 1.70), (0.198, 1.42)]
    shape = lathe(outline, shade, 28)
    return merge(
        [
            cylinder(0.15, 0.02, DARK_METAL, segments=24),
            rod((0, 0, 0.01), (0, 0, 1.6), 0.011, DARK_METAL),
            shape,
        ]
    )


def ceiling_lamp(shade: Material) -> ObjectMesh:
    """A pendant: its origin is at the ceiling, and it hangs down."""
    outline = [(0.24, -0.62), (0.22, -0.52), (0.05, -0.42), (0.05, -0.42), (0.0, -0.41)]
    return merge([rod((0, 0, -0.43), (0, 0, 0), 0.006, DARK_METAL, 6), lathe(outline, shade, 28)])


def pot_plant(height: float, rng: Rng) -> ObjectMesh:
    """A plant with long arching leaves in a pot."""
    pot = paint(pick(rng, (*BRIGHTS, (0.62, 0.38, 0.26), (0.85, 0.84, 0.80))), 0.6)
    tall = 0.26 + 0.1 * height
    profile = [(0, 0), (0.11, 0), (0.11, 0), (0.155, tall), (0.155, tall), (0.14, tall), (0.135, tall - 0.03)]
    soil = cylinder(0.138, 0.01, Material(color=(0.03, 0.02, 0.015), roughness=1.0), (0, 0, tall - 0.045))
    green = Material(
        textures.foliage(5, (0.30, 0.42, 0.18)), (1.0, 1.15, 0.8), 0.45, wrap=0.3, two_sided=True
    )
    leaves = [_blade(rng, tall - 0.04, height, green) for _ in range(26)]
    return merge([lathe(profile, pot, 28), soil, *leaves])


def _blade(rng: Rng, base: float, height: float, look: Material) -> Surface:
    """A leaf that rises and bends over under its weight."""
    turn, length = rng.uniform(0, 2 * np.pi), (height - base) * rng.uniform(0.75, 1.25)
    lean, droop, wide = (
        rng.uniform(0.05, 0.45),
        rng.uniform(0.5, 1.6),
        rng.uniform(0.02, 0.04) * (0.6 + height),
    )
    t = np.linspace(0, 1, 8)
    angle = lean + droop * t**1.6
    out = np.concatenate([[0], np.cumsum(np.sin(angle[:-1]))]) * length / 7
    up = base + np.concatenate([[0], np.cumsum(np.cos(angle[:-1]))]) * length / 7
    half = wide * np.sin(np.pi * (0.12 + 0.86 * t)) ** 0.7
    across = np.array([-1.0, 0.0, 1.0])
    radial = 0.02 + out[:, None] + 0 * across
    rows = np.stack(
        [radial, half[:, None] * across, up[:, None] + 0.25 * half[:, None] * np.abs(across)], axis=-1
    )
    uv = np.stack(np.broadcast_arrays(0.06 * across, 0.8 * t[:, None]), axis=-1) + rng.uniform(0, 1, 2)
    return transform(grid_surface(rows, uv, look), pose_matrix((0, 0, 0), turn))


def picture_frame(width: float, height: float, seed: int, frame: Material) -> ObjectMesh:
    """A framed picture that hangs with its back at x = 0 and its middle at the origin."""
    art = Material(textures.painting(seed), roughness=0.8)
    points = np.array([[[0.012, -1, -1], [0.012, 1, -1]], [[0.012, -1, 1], [0.012, 1, 1]]]) * [
        1,
        width / 2,
        height / 2,
    ]
    pieces = [grid_surface(points, np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]]), art)]
    for side in (-1, 1):
        pieces.append(box((0.03, width + 0.06, 0.03), frame, (0.015, 0, side * (height / 2 + 0.015))))
        pieces.append(box((0.03, 0.03, height), frame, (0.015, side * (width / 2 + 0.015), 0)))
    return merge(pieces)


def rug(length: float, width: float, texture: np.ndarray) -> ObjectMesh:
    """A rug, 8 mm thick."""
    look = Material(texture, roughness=1.0, specular=0.02)
    points = np.array([[[-1, -1, 0], [1, -1, 0]], [[-1, 1, 0], [1, 1, 0]]]) * [width / 2, length / 2, 0]
    top = grid_surface(
        points + np.array([0, 0, 0.008]), np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]]), look
    )
    edge = box((width, length, 0.0075), paint((0.4, 0.36, 0.3), 1.0), (0, 0, 0.00375), 0.002)
    return merge([top, edge])


def curtain(width: float, height: float, look: Material, rng: Rng) -> ObjectMesh:
    """A curtain with folds, along y, its top at ``height``."""
    y = np.linspace(-0.5, 0.5, 60)
    phase, folds = rng.uniform(0, 6), max(4, round(width / 0.09))
    z = np.linspace(0.02, height, 5)
    wave = 0.03 * np.sin(2 * np.pi * folds * y + phase) + 0.012 * np.sin(2 * np.pi * 2.3 * y + 2 * phase)
    depth = wave[None, :] * np.linspace(1.2, 0.8, 5)[:, None]
    rows = np.stack(np.broadcast_arrays(depth, y * width, z[:, None]), axis=-1)
    uv = np.stack(np.broadcast_arrays(y * width * 1.6, z[:, None]), axis=-1) * 2
    return merge([grid_surface(rows, uv, look)])


def cardboard_box(size: tuple[float, float, float], rng: Rng) -> ObjectMesh:
    """A closed cardboard box with tape."""
    card = Material(textures.carpet(2, (0.66, 0.52, 0.36)), roughness=0.9)
    tape = paint((0.60, 0.50, 0.36), 0.3)
    _, y, z = size
    tilt = float(rng.uniform(-0.01, 0.01))
    strips = [box((0.05, y + 0.002, 0.002), tape, (tilt, 0, z), 0.0005)]
    strips += [box((0.05, 0.002, 0.1), tape, (tilt, side * y / 2, z - 0.05), 0.0005) for side in (-1, 1)]
    return merge([box(size, card, (0, 0, z / 2), 0.006), *strips])


def crate(rng: Rng) -> ObjectMesh:
    """A crate of slats."""
    look = wooden(rng)
    pieces = []
    for side in (-1, 1):
        for z in (0.06, 0.19, 0.32):
            pieces.append(box((0.5, 0.014, 0.1), look, (0, side * 0.18, z), 0.003))
            pieces.append(box((0.014, 0.346, 0.1), look, (side * 0.243, 0, z), 0.003))
        for other in (-1, 1):
            pieces.append(box((0.03, 0.03, 0.36), look, (side * 0.22, other * 0.158, 0.19), 0.003))
    pieces.append(box((0.47, 0.34, 0.012), look, (0, 0, 0.03), 0.003))
    return merge(pieces)


def gym_ball(rng: Rng) -> ObjectMesh:
    """An exercise ball."""
    radius = float(rng.uniform(0.26, 0.36))
    return merge([ball(radius, paint(pick(rng, BRIGHTS), 0.35), (0, 0, radius), 40)])


def movable_rand(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    """Indoor things that can stand in front of people: name to mesh and the radius that it stands on, metres."""
    wood, cloth = wooden(rng), woven(rng)
    makers: dict[str, Callable[[], tuple[ObjectMesh, float]]] = {
        "chair_1": lambda: (chair(wood, cloth), 0.33),
        "chair_2": lambda: (chair(wood, cloth), 0.33),
        "stool": lambda: (stool(wooden(rng)), 0.25),
        "side_table": lambda: (round_table(0.3, 0.52, wood, DARK_METAL), 0.32),
        "pot_plant": lambda: (pot_plant(float(rng.uniform(0.8, 1.35)), rng), 0.3),
        "cardboard_box": lambda: (cardboard_box((0.45, 0.6, float(rng.uniform(0.35, 0.6))), rng), 0.4),
        "crate": lambda: (crate(rng), 0.32),
        "gym_ball": lambda: (gym_ball(rng), 0.35),
    }
    return {name: make() for name, make in makers.items()}
