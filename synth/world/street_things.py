"""What stands in streets and parks: bicycles, lamps, signs, bins, tables; on the ground, front at +x."""

from __future__ import annotations

import numpy as np

from synth.world.car_things import TO_Y
from synth.world.light import rgb
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    merge,
    moved,
    pose_matrix,
    transform,
)
from synth.world.place_materials import (
    BLACK,
    DARK_METAL,
    METAL,
    RUBBER,
    WHITE,
    compact,
    glow,
    paint,
    pick,
    plastic,
)
from synth.world.place_types import PlacedObject
from synth.world.solids import ball, bent_path, box, cylinder, extrusion, lathe, rod, tube

Rng = np.random.Generator


def bicycle(rng: Rng) -> ObjectMesh:
    """A bicycle on its stand, along x."""
    frame = plastic(
        pick(
            rng,
            (
                (0.14, 0.14, 0.15),
                (0.22, 0.30, 0.40),
                (0.44, 0.18, 0.16),
                (0.60, 0.60, 0.58),
                (0.28, 0.36, 0.30),
            ),
        ),
        0.35,
    )
    turn = np.linspace(0, 2 * np.pi, 25)
    pieces: list[Surface] = []
    hubs = ((-0.52, 0.34), (0.54, 0.34))
    for x, z in hubs:
        ring = np.stack([x + 0.32 * np.cos(turn), 0 * turn, z + 0.32 * np.sin(turn)], axis=1)
        pieces.append(tube(ring, 0.018, RUBBER, 6))
        for k in range(9):
            a = np.pi * k / 9
            reach = np.array([0.31 * np.cos(a), 0, 0.31 * np.sin(a)])
            hub = np.array([x, 0, z])
            pieces.append(rod(hub - reach, hub + reach, 0.0022, METAL, 3))
        pieces.append(rod((x, -0.05, z), (x, 0.05, z), 0.02, METAL, 6))
    crank, seat, head = (-0.08, 0.30), (-0.22, 0.82), (0.40, 0.86)
    for (ax, az), (bx, bz) in (
        (crank, seat),
        (crank, (0.42, 0.72)),
        (seat, head),
        (hubs[0], crank),
        (hubs[0], seat),
        (head, hubs[1]),
    ):
        pieces.append(rod((ax, 0, az), (bx, 0, bz), 0.017, frame, 6))
    pieces.append(rod((-0.22, 0, 0.8), (-0.25, 0, 0.95), 0.013, METAL, 6))
    pieces.append(box((0.26, 0.15, 0.05), BLACK, (-0.25, 0, 0.97), 0.022, 1.0, 2))
    pieces.append(rod((0.40, 0, 0.84), (0.37, 0, 1.02), 0.014, METAL, 6))
    pieces.append(
        tube(
            bent_path([(0.2, -0.28, 1.03), (0.40, -0.24, 1.05), (0.40, 0.24, 1.05), (0.2, 0.28, 1.03)], 0.08),
            0.012,
            METAL,
            6,
        )
    )
    for side in (-1, 1):
        pieces.append(rod((0.28, side * 0.27, 1.04), (0.18, side * 0.285, 1.03), 0.016, BLACK, 6))
        pieces.append(
            box((0.09, 0.08, 0.02), BLACK, (-0.08 + side * 0.12, side * 0.12, 0.30 - side * 0.1), 0.004)
        )
    pieces.append(moved(transform(cylinder(0.09, 0.01, METAL, segments=16), TO_Y), (-0.08, 0.04, 0.30)))
    pieces.append(rod((-0.4, 0.03, 0.3), (-0.42, 0.16, 0.0), 0.009, METAL, 5))
    if rng.random() < 0.4:
        pieces.append(box((0.3, 0.34, 0.22), paint((0.42, 0.34, 0.25), 0.9), (0.52, 0, 0.98), 0.01))
    tilt = np.eye(4)
    tilt[:3, :3] = np.array([[1, 0, 0], [0, 0.995, -0.1], [0, 0.1, 0.995]])
    return compact([transform(piece, tilt) for piece in pieces])


def street_lamp(height: float, on: bool) -> tuple[ObjectMesh, ObjectMesh]:
    """A lamp on a post with an arm towards +x, in two: the post up to 2.6 m, and all above."""
    head = glow((1.0, 0.86, 0.66), 4.0) if on else paint((0.70, 0.70, 0.66), 0.4)
    grey = paint((0.30, 0.31, 0.32), 0.5)
    arm = bent_path([(0, 0, height - 0.7), (0, 0, height), (1.1, 0, height + 0.1)], 0.45)
    post = [
        cylinder(0.10, 0.9, grey, segments=10, top_radius_m=0.085),
        rod((0, 0, 0.8), (0, 0, 2.6), 0.06, grey, 8),
    ]
    above = [
        rod((0, 0, 2.6), (0, 0, height - 0.65), 0.06, grey, 8),
        tube(arm, 0.045, grey, 6),
        box((0.62, 0.24, 0.10), grey, (1.3, 0, height + 0.1), 0.03),
        box((0.46, 0.18, 0.02), head, (1.32, 0, height + 0.045), 0),
    ]
    return compact(post), compact(above)


def sign(rng: Rng) -> ObjectMesh:
    """A traffic sign without words: a disc, a triangle or a square on a post."""
    pieces: list[Surface] = [rod((0, 0, 0), (0, 0, 2.75), 0.03, METAL, 8)]
    kind = int(rng.integers(4))
    red, blue, white = paint((0.66, 0.12, 0.12), 0.5), paint((0.14, 0.28, 0.52), 0.5), paint(WHITE, 0.5)
    to_x = np.array([[0, 0, 1.0, 0.035], [0, 1.0, 0, 0], [-1.0, 0, 0, 2.4], [0, 0, 0, 1.0]])

    def disc(radius: float, out: float, look: Material, sides: int = 24) -> Surface:
        return transform(cylinder(radius, 0.004, look, (0, 0, out), sides), to_x)

    if kind == 0:
        pieces += [disc(0.30, 0.0, red), disc(0.235, 0.003, white)]
    elif kind == 1:
        pieces += [disc(0.30, 0.0, blue), box((0.004, 0.08, 0.32), white, (0.042, 0, 2.38), 0)]
    elif kind == 2:
        pieces += [disc(0.38, 0.0, red, 3), disc(0.26, 0.003, white, 3)]
    else:
        pieces += [
            box((0.006, 0.6, 0.6), blue, (0.036, 0, 2.4), 0),
            box((0.004, 0.12, 0.34), white, (0.042, -0.05, 2.4), 0),
        ]
    if rng.random() < 0.4:
        pieces.append(box((0.004, 0.42, 0.2), white, (0.036, 0, 1.92), 0))
    return compact(pieces)


def bollard(kind: int) -> ObjectMesh:
    """A bollard of iron or of concrete."""
    if kind == 0:
        profile = [
            (0, 0),
            (0.085, 0),
            (0.085, 0),
            (0.07, 0.12),
            (0.055, 0.16),
            (0.055, 0.8),
            (0.075, 0.84),
            (0.06, 0.9),
            (0, 0.94),
        ]
        return merge([lathe(profile, DARK_METAL, 14)])
    profile = [(0, 0), (0.2, 0), (0.2, 0), (0.17, 0.42), (0.1, 0.5), (0, 0.52)]
    return merge([lathe(profile, paint((0.55, 0.54, 0.52), 0.95), 16)])


def cabinet(rng: Rng) -> ObjectMesh:
    """A cabinet of a telephone or power line."""
    look = paint(pick(rng, ((0.55, 0.56, 0.54), (0.42, 0.46, 0.42), (0.62, 0.60, 0.55))), 0.7)
    wide, tall = float(rng.uniform(0.7, 1.2)), float(rng.uniform(0.95, 1.25))
    pieces = [
        box((0.36, wide, tall), look, (0, 0, tall / 2), 0.01),
        box((0.42, wide + 0.05, 0.04), look, (0, 0, tall), 0.01),
    ]
    pieces.append(box((0.37, wide + 0.02, 0.12), paint((0.45, 0.44, 0.42), 0.9), (0, 0, 0.06), 0.01))
    pieces.append(box((0.004, 0.01, tall - 0.2), BLACK, (0.181, 0, tall / 2 + 0.03), 0))
    return compact(pieces)


def wheelie_bin(rng: Rng) -> ObjectMesh:
    """A dustbin on wheels."""
    look = plastic(
        pick(rng, ((0.16, 0.17, 0.18), (0.20, 0.28, 0.22), (0.24, 0.28, 0.36), (0.36, 0.28, 0.20))), 0.55
    )
    outline = np.array([[-0.2, 0.08], [0.24, 0.08], [0.30, 0.95], [-0.28, 0.95]])
    pieces = [extrusion(outline, 0.5, look), box((0.66, 0.56, 0.05), look, (0.01, 0, 0.98), 0.02, 1.0, 2)]
    pieces.append(rod((-0.33, -0.22, 0.96), (-0.33, 0.22, 0.96), 0.016, look, 6))
    for side in (-1, 1):
        pieces.append(
            moved(transform(cylinder(0.1, 0.05, RUBBER, segments=14), TO_Y), (-0.2, side * 0.27 - 0.025, 0.1))
        )
    return compact(pieces)


def cafe_table(rng: Rng) -> ObjectMesh:
    """A round table of a pavement café with two chairs of wire."""
    pieces: list[Surface] = [
        cylinder(0.33, 0.02, METAL, (0, 0, 0.72), 24),
        rod((0, 0, 0), (0, 0, 0.72), 0.025, DARK_METAL, 8),
    ]
    pieces.append(cylinder(0.22, 0.02, DARK_METAL, segments=18))
    color = paint(
        pick(rng, ((0.20, 0.21, 0.22), (0.42, 0.24, 0.21), (0.34, 0.40, 0.36), (0.62, 0.60, 0.56))), 0.5
    )
    for side in (-1, 1):
        chair: list[Surface] = [box((0.4, 0.4, 0.025), color, (0, 0, 0.45), 0.01)]
        for sx in (-1, 1):
            for sy in (-1, 1):
                top = 0.86 if sx < 0 else 0.45
                chair.append(
                    rod(
                        (sx * 0.2, sy * 0.19, 0),
                        (sx * 0.18 - 0.05 * (sx < 0), sy * 0.18, top),
                        0.011,
                        color,
                        6,
                    )
                )
        chair += [box((0.012, 0.38, 0.06), color, (-0.22, 0, z), 0.004) for z in (0.62, 0.74, 0.85)]
        turn = pose_matrix((side * 0.62, 0.05 * side, 0), 0.0 if side < 0 else np.pi)
        pieces += [transform(piece, turn) for piece in chair]
    return compact(pieces)


def sandwich_board(rng: Rng) -> ObjectMesh:
    """A board that stands like a tent before a shop."""
    frame = paint((0.30, 0.22, 0.16), 0.6)
    board = paint(pick(rng, ((0.08, 0.09, 0.09), (0.80, 0.78, 0.72))), 0.8)
    pieces: list[Surface] = []
    for side in (-1, 1):
        lean = np.eye(4)
        sin = 0.2 * side
        lean[:3, :3] = np.array([[0.98, 0, -sin], [0, 1, 0], [sin, 0, 0.98]])
        lean[:3, 3] = (side * 0.13, 0, 0.5)
        panel = [
            box((0.02, 0.6, 1.0), frame, bevel_m=0.003),
            box((0.006, 0.52, 0.8), board, (side * 0.011, 0, 0.04), 0),
        ]
        for _ in range(4):
            chalk = paint((0.7, 0.7, 0.66), 0.9)
            spot = (side * 0.015, float(rng.uniform(-0.08, 0.08)), float(rng.uniform(-0.25, 0.35)))
            panel.append(box((0.002, float(rng.uniform(0.1, 0.34)), 0.02), chalk, spot, 0))
        pieces += [transform(piece, lean) for piece in panel]
    return compact(pieces)


def planter(rng: Rng, plant: ObjectMesh) -> ObjectMesh:
    """A round planter with a plant."""
    look = paint(pick(rng, ((0.30, 0.30, 0.31), (0.56, 0.54, 0.51), (0.50, 0.34, 0.26))), 0.8)
    profile = [(0, 0), (0.26, 0), (0.26, 0), (0.34, 0.5), (0.34, 0.5), (0.31, 0.5), (0.30, 0.44), (0, 0.44)]
    return merge([lathe(profile, look, 20), *[moved(surface, (0, 0, 0.40)) for surface in plant.surfaces]])


def round_light(on: bool) -> tuple[ObjectMesh, ObjectMesh]:
    """A globe lamp on a low post, in two: the post up to 2.6 m, and all above."""
    look = glow(rgb((1.0, 0.85, 0.6)), 3.0) if on else paint((0.82, 0.81, 0.78), 0.4)
    post = [cylinder(0.085, 0.5, DARK_METAL, segments=10), rod((0, 0, 0.4), (0, 0, 2.6), 0.05, DARK_METAL, 8)]
    above = [rod((0, 0, 2.6), (0, 0, 3.1), 0.05, DARK_METAL, 8), ball(0.19, look, (0, 0, 3.25), 16)]
    return merge(post), merge(above)


def split_thing(
    name: str, meshes: tuple[ObjectMesh, ObjectMesh], matrix: np.ndarray, radius_m: float
) -> list[PlacedObject]:
    """A tall thing as two objects, so that the box round its lower part is tight."""
    lower, upper = meshes
    return [
        PlacedObject(f"{name}_post", lower, matrix, footprint_m=radius_m),
        PlacedObject(name, upper, matrix),
    ]
