"""Furniture and small things, each in its own frame: on the floor, origin under its middle, its front at +x."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinepose.rng import rng_for
from synth.world import pictures, textures
from synth.world.meshes import Material, ObjectMesh, Surface, grid_surface, merge, moved, transform
from synth.world.place_materials import (
    BLACK,
    BRIGHTS,
    CLOTHS,
    DARK_METAL,
    METAL,
    WHITE,
    WOODS,
    compact,
    paint,
    pick,
    tinted,
    wooden,
    woven,
)
from synth.world.plants import pot_plant_rand
from synth.world.seat_things import cardboard_box, chair_rand, stool_rand
from synth.world.shell_things import fronts
from synth.world.solids import ball, box, cylinder, lathe, rod, tube

Rng = np.random.Generator
Size = tuple[float, float, float]


def legs(
    size: tuple[float, float], height: float, radius: float, look: Material, splay: float = 0.0
) -> list[Surface]:
    """Four legs under the corners of a rectangle."""
    x, y = size[0] / 2, size[1] / 2
    corners = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1)]
    return [
        rod(
            (sx * (x + splay), sy * (y + splay), 0.0), (sx * x, sy * y, height),
            radius * 0.7, look, 8, radius,
        )
        for sx, sy in corners
    ]  # fmt: skip


def sofa(width: float, look: Material, feet: Material, seats: int, rng: Rng) -> ObjectMesh:
    """A sofa; ``seats`` of one makes an armchair."""
    depth, arm = float(rng.uniform(0.82, 0.95)), float(rng.uniform(0.10, 0.22))
    arm_height = float(rng.uniform(0.34, 0.5))
    pieces = [
        box((depth, width, 0.24), look, (0, 0, 0.24), 0.03, 2.0, 2),
        box((0.22, width - 0.02, 0.56), look, (-depth / 2 + 0.12, 0, 0.53), 0.07, 2.0, 3),
    ]
    for side in (-1, 1):
        y = side * (width - arm) / 2
        pieces.append(box((depth, arm, arm_height), look, (0, y, 0.18 + arm_height / 2), 0.05, 2.0, 3))
    each = (width - 2 * arm) / seats
    for i in range(seats):
        y = -width / 2 + arm + each * (i + 0.5)
        pieces.append(box((depth - 0.26, each - 0.012, 0.16), look, (0.11, y, 0.42), 0.05, 2.0, 3))
        pieces.append(
            _leaning(box((0.16, each - 0.03, 0.42), look, (0, 0, 0), 0.065, 2.0, 3), (-0.17, y, 0.68), 0.24)
        )
    for _ in range(int(rng.integers(0, 3))):
        cushion = box((0.13, 0.44, 0.44), woven(rng), (0, 0, 0), 0.06, 2.0, 3)
        y = float(rng.uniform(-0.5, 0.5)) * (width - 2 * arm - 0.45)
        pieces.append(_leaning(cushion, (0.0, y, 0.68), float(rng.uniform(0.3, 0.5))))
    return merge(pieces + legs((depth - 0.15, width - 0.15), 0.13, 0.022, feet))


def _leaning(surface: Surface, at_m: tuple[float, float, float], sine: float) -> Surface:
    cosine = float(np.sqrt(1 - sine * sine))
    lean = np.eye(4)
    lean[:3, :3] = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    lean[:3, 3] = at_m
    return transform(surface, lean)


def table(length: float, width: float, height: float, look: Material, under: Material) -> ObjectMesh:
    """A table with four legs and an apron."""
    pieces = [box((width, length, 0.035), look, (0, 0, height - 0.0175), 0.006)]
    for side in (-1, 1):
        pieces.append(box((width - 0.16, 0.022, 0.07), under, (0, side * (length / 2 - 0.09), height - 0.07)))
        pieces.append(box((0.022, length - 0.16, 0.07), under, (side * (width / 2 - 0.09), 0, height - 0.07)))
        for other in (-1, 1):
            place = (side * (width / 2 - 0.09), other * (length / 2 - 0.09), (height - 0.03) / 2)
            pieces.append(box((0.055, 0.055, height - 0.03), under, place))
    return merge(pieces)


def round_table(radius: float, height: float, look: Material, foot: Material) -> ObjectMesh:
    """A round table on one foot."""
    top = [(0, 0), (radius - 0.01, 0), (radius, 0.008), (radius, 0.022), (radius - 0.008, 0.03)]
    top += [(radius - 0.008, 0.03), (0, 0.03)]
    pieces = [
        moved(lathe(top, look, 32), (0, 0, height - 0.03)),
        cylinder(0.04, height - 0.04, foot, (0, 0, 0.01)),
    ]
    return merge([*pieces, cylinder(radius * 0.55, 0.025, foot, segments=24)])


def books(width: float, room: float, z: float, rng: Rng) -> list[Surface]:
    """A row of books along y about y = 0, standing at a height."""
    looks = [paint(pick(rng, BRIGHTS + CLOTHS + WOODS), 0.65) for _ in range(9)]
    pieces, y = [], -width / 2 + float(rng.uniform(0, 0.1))
    while y < width / 2 - 0.06:
        thick = float(rng.uniform(0.018, 0.05))
        lot = rng.random()
        if lot < 0.09:
            y += float(rng.uniform(0.05, 0.25))
            continue
        if lot < 0.12 and y < width / 2 - 0.25:  # a pile that lies
            for k in range(3):
                size = (0.17, float(rng.uniform(0.17, 0.23)), 0.03)
                pieces.append(
                    box(size, looks[int(rng.integers(9))], (0.0, y + 0.12, z + 0.015 + 0.031 * k), 0.002)
                )
            y += 0.25
            continue
        tall, deep = room * float(rng.uniform(0.62, 0.95)), float(rng.uniform(0.15, 0.21))
        place = (deep / 2 - 0.12, y + thick / 2, z + tall / 2)
        pieces.append(box((deep, thick - 0.002, tall), looks[int(rng.integers(9))], place, 0.002))
        y += thick
    return pieces


def shelf(width: float, height: float, look: Material, rng: Rng, full: float = 0.85) -> ObjectMesh:
    """A bookcase with books and a few vases and boxes."""
    depth, board = 0.30, 0.022
    pieces = [box((0.008, width, height), look, (-depth / 2 + 0.004, 0, height / 2), 0)]
    for side in (-1, 1):
        pieces.append(box((depth, board, height), look, (0, side * (width - board) / 2, height / 2), 0.003))
    levels = max(2, round(height / 0.36))
    for level in range(levels + 1):
        z = board / 2 + 0.05 + (height - 0.05 - board) * level / levels
        pieces.append(box((depth - 0.01, width - 2 * board, board), look, (0, 0, z), 0.003))
        if level == levels:
            continue
        room = (height - 0.05) / levels - 0.05
        if rng.random() < full:
            pieces += books(width - 2 * board - 0.02, room, z + board / 2, rng)
        else:
            pieces += _ornaments(width - 0.1, room, z + board / 2, rng)
    return compact(pieces)


def _ornaments(width: float, room: float, z: float, rng: Rng) -> list[Surface]:
    """Vases, boxes and frames on a board."""
    pieces = []
    for y in np.linspace(-0.5, 0.5, int(rng.integers(2, 5))) * (width - 0.2):
        look = paint(pick(rng, BRIGHTS + WOODS + CLOTHS), 0.5)
        tall = room * float(rng.uniform(0.35, 0.85))
        if rng.random() < 0.5:
            r = float(rng.uniform(0.04, 0.08))
            profile = [(0, 0), (0.6 * r, 0), (r, 0.4 * tall), (0.45 * r, 0.85 * tall), (0.55 * r, tall)]
            pieces.append(moved(lathe(profile, look, 14), (0, float(y), z)))
        else:
            pieces.append(
                box((0.2, float(rng.uniform(0.12, 0.26)), 0.7 * tall), look, (0, float(y), z + 0.35 * tall))
            )
    return pieces


def sideboard(width: float, look: Material, front: Material, screen: Material | None, rng: Rng) -> ObjectMesh:
    """A low cupboard; with a television, whose screen has a look, or with ornaments on it."""
    pieces = [
        box((0.42, width, 0.46), look, (0, 0, 0.36), 0.004),
        *legs((0.3, width - 0.2), 0.14, 0.018, DARK_METAL),
    ]
    doors = max(2, round(width / 0.5))
    for i in range(doors):
        y = -width / 2 + width * (i + 0.5) / doors
        pieces.append(box((0.018, width / doors - 0.012, 0.42), front, (0.215, y, 0.36), 0.003))
        pieces.append(rod((0.235, y - 0.05, 0.5), (0.235, y + 0.05, 0.5), 0.006, METAL, 6))
    if screen is None:
        return compact(pieces + _ornaments(width, 0.4, 0.59, rng))
    pieces += [
        box((0.03, 1.14, 0.67), BLACK, (-0.02, 0, 1.0), 0.006),
        box((0.004, 1.11, 0.63), screen, (-0.004, 0, 1.005), 0),
        box((0.2, 0.5, 0.02), DARK_METAL, (0, 0, 0.6)),
        box((0.04, 0.08, 0.12), DARK_METAL, (-0.02, 0, 0.65)),
    ]
    return compact(pieces)


def floor_lamp(shade: Material) -> ObjectMesh:
    """A standing lamp."""
    outline = [(0.20, 1.42), (0.14, 1.70), (0.138, 1.70), (0.198, 1.42)]
    foot = [
        cylinder(0.15, 0.02, DARK_METAL, segments=20),
        rod((0, 0, 0.01), (0, 0, 1.6), 0.011, DARK_METAL, 8),
    ]
    return merge([*foot, lathe(outline, shade, 24)])


def pendant(shade: Material, drop_m: float, radius_m: float) -> ObjectMesh:
    """A pendant: its origin is at the ceiling, and it hangs down."""
    r, z = radius_m, -drop_m
    outline = [(r, z), (0.92 * r, z + 0.1), (0.2 * r, z + 0.2), (0.2 * r, z + 0.2), (0.0, z + 0.21)]
    return merge([rod((0, 0, z + 0.19), (0, 0, 0), 0.005, DARK_METAL, 6), lathe(outline, shade, 24)])


def picture_frame(width: float, height: float, art: Material, frame: Material) -> ObjectMesh:
    """A framed picture that hangs with its back at x = 0 and its middle at the origin."""
    points = np.array([[[0.012, -1, -1], [0.012, 1, -1]], [[0.012, -1, 1], [0.012, 1, 1]]]) * [
        1,
        width / 2,
        height / 2,
    ]
    pieces = [grid_surface(points, np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]]), art)]
    for side in (-1, 1):
        pieces.append(
            box((0.025, width + 0.05, 0.025), frame, (0.0125, 0, side * (height / 2 + 0.0125)), 0.003)
        )
        pieces.append(box((0.025, 0.025, height), frame, (0.0125, side * (width / 2 + 0.0125), 0), 0.003))
    return fronts(merge(pieces))


def painting_rand(rng: Rng) -> ObjectMesh:
    """A framed painting of some size."""
    art = Material(pictures.painting(int(rng.integers(24))), roughness=0.8)
    frame = (
        wooden(rng) if rng.random() < 0.5 else paint(WHITE if rng.random() < 0.5 else (0.08, 0.08, 0.09), 0.5)
    )
    return picture_frame(float(rng.uniform(0.4, 1.1)), float(rng.uniform(0.4, 0.8)), art, frame)


def rug(length: float, width: float, look: Material) -> ObjectMesh:
    """A rug, 8 mm thick, long along y."""
    points = np.array([[[-1, -1, 0], [1, -1, 0]], [[-1, 1, 0], [1, 1, 0]]]) * [width / 2, length / 2, 0]
    uv = np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1.0]]])
    edge = box((width, length, 0.0075), paint((0.4, 0.36, 0.3), 1.0), (0, 0, 0.00375), 0.002)
    return merge([grid_surface(points + np.array([0, 0, 0.008]), uv, look), edge])


def rug_rand(rng: Rng) -> ObjectMesh:
    """A rug of some pattern and size."""
    colors = (
        (0.42, 0.26, 0.23),
        (0.28, 0.31, 0.37),
        (0.70, 0.66, 0.58),
        (0.42, 0.40, 0.37),
        (0.55, 0.47, 0.36),
    )
    first, second, third = (pick(rng, colors) for _ in range(3))
    look = Material(textures.rug(int(rng.integers(8)), first, second, third), roughness=1.0, specular=0.02)
    return rug(float(rng.uniform(2.0, 3.2)), float(rng.uniform(1.4, 2.2)), look)


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


def bag_rand(rng: Rng) -> ObjectMesh:
    """A sports bag on the floor, long along y."""
    cloth = tinted(textures.fabric(0), pick(rng, (*CLOTHS, *BRIGHTS)), 0.85)
    length, wide = float(rng.uniform(0.42, 0.6)), float(rng.uniform(0.22, 0.28))
    strap = paint((0.06, 0.06, 0.065), 0.8)
    pieces = [box((wide, length, 0.26), cloth, (0, 0, 0.13), 0.09, 2.0, 3)]
    for side in (-1, 1):
        pieces.append(box((wide + 0.006, 0.03, 0.22), strap, (0, side * 0.11, 0.13), 0.06, 1.0, 2))
    turn = np.linspace(0, np.pi, 9)
    arch = np.stack([0 * turn + 0.02, -0.11 * np.cos(turn), 0.25 + 0.11 * np.sin(turn)], axis=1)
    return merge([*pieces, tube(arch, 0.012, strap, 6)])


def gym_ball(rng: Rng) -> ObjectMesh:
    """An exercise ball."""
    radius = float(rng.uniform(0.26, 0.36))
    colors = (
        (0.52, 0.55, 0.58),
        (0.24, 0.36, 0.50),
        (0.58, 0.26, 0.28),
        (0.34, 0.44, 0.38),
        (0.20, 0.20, 0.22),
    )
    return merge([ball(radius, paint(pick(rng, colors), 0.4), (0, 0, radius), 32)])


def waste_bin(rng: Rng) -> ObjectMesh:
    """A paper basket."""
    look = paint(pick(rng, ((0.12, 0.12, 0.13), (0.55, 0.56, 0.57), (0.75, 0.74, 0.72))), 0.5)
    profile = [
        (0, 0),
        (0.11, 0),
        (0.11, 0),
        (0.14, 0.32),
        (0.14, 0.32),
        (0.134, 0.32),
        (0.108, 0.02),
        (0, 0.02),
    ]
    return merge([lathe(profile, look, 20)])


def movable_rand(rng: Rng) -> dict[str, tuple[ObjectMesh, float]]:
    """Indoor things that can stand in front of people: name to mesh and the radius that it stands on, metres."""
    wood = wooden(rng)
    chairs = int(rng.integers(2**31))
    makers: dict[str, Callable[[], tuple[ObjectMesh, float]]] = {
        "chair_1": lambda: (chair_rand((0.43, 0.43, 0.46), rng_for(chairs, "chair")), 0.33),
        "chair_2": lambda: (chair_rand((0.43, 0.43, 0.46), rng_for(chairs, "chair")), 0.33),
        "stool": lambda: (stool_rand((0.36, 0.36, 0.46), rng), 0.25),
        "side_table": lambda: (round_table(0.3, 0.52, wood, DARK_METAL), 0.32),
        "pot_plant": lambda: (pot_plant_rand(rng, float(rng.uniform(0.8, 1.35))), 0.3),
        "cardboard_box": lambda: (cardboard_box((0.45, 0.6, float(rng.uniform(0.35, 0.6))), rng), 0.4),
        "crate": lambda: (crate(rng), 0.32),
        "gym_ball": lambda: (gym_ball(rng), 0.35),
        "bag": lambda: (bag_rand(rng), 0.32),
    }
    return {name: make() for name, make in makers.items()}
