"""Sports gear of any size, each with its grip at the origin: what hands hold, lift, throw and swing."""

from __future__ import annotations

import numpy as np

from synth.world.meshes import Material, ObjectMesh, Surface, merge, moved, transform
from synth.world.pictures import sport_ball
from synth.world.place_materials import DARK_METAL, METAL, linear, paint, pick, wooden
from synth.world.solids import ball, bent_path, box, cylinder, flat_sheet, lathe, rod, tube

Rng = np.random.Generator
Size = tuple[float, float, float]
CHROME = Material(color=(0.55, 0.55, 0.56), roughness=0.25, specular=0.55)
CAST_IRON = Material(color=(0.028, 0.028, 0.03), roughness=0.55, specular=0.05)
RUBBER = Material(color=(0.018, 0.018, 0.02), roughness=0.85, specular=0.03)
PLATE_COLORS = ((0.56, 0.16, 0.15), (0.17, 0.27, 0.46), (0.70, 0.56, 0.22), (0.20, 0.36, 0.26))
_TO_Y = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])  # z becomes y


def along_y(surface: Surface, offset_m: float = 0.0) -> Surface:
    """Lay what stands along z along y, then shift it by an offset along y."""
    return moved(transform(surface, _TO_Y), (0, offset_m, 0))


def plate(radius_m: float, thick_m: float, look: Material, segments: int = 32) -> Surface:
    """A weight plate about z with a raised rim and hub, its middle at the origin."""
    rim, hub, half = 0.16 * radius_m, 0.3 * radius_m, thick_m / 2
    deep = 0.55 * half
    top = [(0.02, half), (hub, half), (hub + 0.008, deep), (radius_m - rim - 0.008, deep)]
    top += [(radius_m - rim, half), (radius_m - 0.006, half), (radius_m, half - 0.006)]
    bottom = [(r, -z) for r, z in top]
    return lathe([*bottom, *top[::-1]], look, segments)


def barbell_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A barbell along y, the middle of its bar at the origin; the plates' diameter is its x and z extent."""
    radius, length = min(size_m[0], size_m[2]) / 2, size_m[1]
    sleeve = min(0.32, 0.2 * length)
    inner = length / 2 - sleeve
    pieces = [rod((0, -inner, 0), (0, inner, 0), 0.0142, METAL, 12)]
    rubber = RUBBER if rng.random() < 0.6 else paint(pick(rng, PLATE_COLORS), 0.65)
    small = CAST_IRON if rng.random() < 0.6 else paint(pick(rng, PLATE_COLORS), 0.6)
    thick, more = float(rng.uniform(0.035, 0.07)), rng.random() < 0.6
    for side in (-1, 1):
        pieces.append(rod((0, side * inner, 0), (0, side * length / 2, 0), 0.025, CHROME, 14))
        pieces.append(along_y(cylinder(0.036, 0.025, CHROME, (0, 0, -0.0125), 16), side * inner))
        at = inner + 0.02 + thick / 2
        pieces.append(along_y(plate(radius, thick, rubber), side * at))
        if more:
            at += thick / 2 + 0.014
            pieces.append(along_y(plate(0.62 * radius, 0.026, small), side * at))
            at += 0.014
        at = min(at + thick / 2 + 0.02, length / 2 - 0.02)
        pieces.append(along_y(cylinder(0.034, 0.026, DARK_METAL, (0, 0, -0.013), 14), side * at))
    return merge(pieces)


def dumbbell_rand(size_m: Size, rng: Rng, simple: bool = False) -> ObjectMesh:
    """A dumbbell along y: hexagonal rubber heads, round steel ones, or neoprene; simple ones for racks of many."""
    radius, length = min(size_m[0], size_m[2]) / 2, size_m[1]
    kind = int(rng.integers(3))
    head = max(0.27 * length, length / 2 - 0.075)
    inner = length / 2 - head
    grip = CHROME if kind < 2 else paint(pick(rng, PLATE_COLORS), 0.8)
    look = (RUBBER, CAST_IRON, grip)[kind]
    pieces = [rod((0, -inner - 0.01, 0), (0, inner + 0.01, 0), 0.0155, grip, 6 if simple else 12)]
    sides = (6, 12 if simple else 24, 8)[kind]
    bevel = 0.12 * radius
    profile = [
        (0, 0),
        (radius - bevel, 0),
        (radius, bevel),
        (radius, head - bevel),
        (radius - bevel, head),
        (0, head),
    ]
    if kind != 1:  # flat sides: give each its own normals
        pieces += [along_y(_faceted(profile, look, sides), side) for side in (inner, -inner - head)]
    else:
        sharp = [p for p in profile for _ in range(2)][1:-1]
        pieces += [along_y(lathe(sharp, look, sides), side) for side in (inner, -inner - head)]
    return merge(pieces)


def _faceted(profile_m: list, look: Material, sides: int) -> Surface:
    """A prism with flat sides about z, standing on a side."""
    profile = np.asarray(profile_m, float)
    angle = np.linspace(0, 2 * np.pi, sides + 1) + np.pi / sides
    points = np.stack(
        np.broadcast_arrays(profile[:, :1] * np.cos(angle), profile[:, :1] * np.sin(angle), profile[:, 1:]),
        axis=-1,
    )
    return flat_sheet(points, points[..., :2], look)


def kettlebell_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A kettlebell whose handle's middle is the origin; the handle runs along y, the body hangs at -z."""
    wide, height = min(size_m[:2]), size_m[2]
    radius = wide / 2
    look = CAST_IRON if rng.random() < 0.5 else paint(pick(rng, (*PLATE_COLORS, (0.3, 0.3, 0.32))), 0.6)
    bottom = -(height - 0.016)
    center = bottom + 0.95 * radius
    turn = np.linspace(-np.pi / 2 + 0.5, np.pi / 2 - 0.3, 12)
    profile = [(0.0, bottom), (radius * np.cos(turn[0]), bottom)]
    profile += [(radius * np.cos(a), max(center + radius * np.sin(a), bottom)) for a in turn]
    pieces = [lathe([*profile, (0, center + radius)], look, 28)]
    foot, half = center + 0.7 * radius, 0.62 * radius
    path = [(0, -half - 0.012, foot), (0, -half, 0.0), (0, half, 0.0), (0, half + 0.012, foot)]
    grip = CHROME if rng.random() < 0.15 else look
    return merge([*pieces, tube(bent_path(path, 0.035), 0.0155, grip, 10)])


def ball_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A ball, its middle at the origin: plain, panelled, a basketball or a medicine ball."""
    radius = min(size_m) / 2
    kind = int(rng.integers(3))
    shape = ball(1.0, segments=28)
    if kind == 0:
        bright = (
            (0.72, 0.20, 0.17),
            (0.16, 0.35, 0.60),
            (0.82, 0.80, 0.76),
            (0.20, 0.42, 0.30),
            (0.12, 0.12, 0.13),
        )
        return merge([_scaled(shape, radius, paint(pick(rng, bright), 0.45))])
    return merge([_scaled(shape, radius, Material(sport_ball(kind - 1), roughness=0.55))])


def _scaled(surface: Surface, factor: float, look: Material) -> Surface:
    return Surface(
        (surface.positions_m * np.float32(factor)).astype(np.float32),
        surface.normals,
        surface.uv,
        surface.faces,
        look,
    )


def racket_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A tennis racket: the grip's end is the origin, the head is at +z and its strings lie in x and z."""
    wide, _, length = size_m
    frame = paint(
        pick(rng, ((0.10, 0.10, 0.11), (0.65, 0.14, 0.12), (0.12, 0.28, 0.50), (0.80, 0.80, 0.78))), 0.35
    )
    grip = paint(pick(rng, ((0.06, 0.06, 0.06), (0.78, 0.77, 0.74), (0.40, 0.28, 0.20))), 0.9)
    strings = Material(color=linear((0.85, 0.84, 0.76)), roughness=0.6)
    a, b = wide / 2 - 0.01, 0.255 * length
    center = length - b - 0.01
    turn = np.linspace(-np.pi / 2, 1.5 * np.pi, 33)
    ring = np.stack([a * np.cos(turn), 0 * turn, center + b * np.sin(turn)], axis=1)
    pieces = [tube(ring, 0.0105, frame, 8)]
    pieces.append(rod((0, 0, 0), (0, 0, 0.27 * length), 0.0165, grip, 10))
    fork = 0.27 * length
    for side in (-1, 1):
        join = -np.pi / 2 + side * 0.75
        end = (a * np.cos(join), 0.0, center + b * np.sin(join))
        pieces.append(tube(np.linspace((side * 0.006, 0, fork - 0.02), end, 4), 0.009, frame, 8))
    for x in np.linspace(-0.85, 0.85, 13):
        half = b * np.sqrt(1 - x * x)
        pieces.append(box((0.0016, 0.0016, 2 * half), strings, (x * a, 0, center), 0))
    for z in np.linspace(-0.86, 0.86, 15):
        half = a * np.sqrt(1 - z * z)
        pieces.append(box((2 * half, 0.0016, 0.0016), strings, (0, 0.0016, center + z * b), 0))
    return merge(pieces)


def bat_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A bat: the grip's end is the origin, it points to +z."""
    radius, length = min(size_m[:2]) / 2, size_m[2]
    look = (
        wooden(rng) if rng.random() < 0.6 else paint(pick(rng, ((0.12, 0.12, 0.13), (0.60, 0.62, 0.65))), 0.3)
    )
    tape = paint((0.09, 0.08, 0.08), 0.9)
    knob = [(0, 0), (0.022, 0.002), (0.026, 0.01), (0.022, 0.02), (0.014, 0.028)]
    body = [
        (0.0135, 0.3 * length),
        (0.6 * radius, 0.5 * length),
        (0.93 * radius, 0.7 * length),
        (radius, 0.86 * length),
    ]
    tip = [(0.95 * radius, 0.96 * length), (0.7 * radius, 0.99 * length), (0, length)]
    return merge(
        [
            lathe(knob, look, 16),
            cylinder(0.0145, 0.27 * length, tape, (0, 0, 0.026), 14),
            lathe([*body, *tip], look, 20),
        ]
    )


def club_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A golf club: the grip's end is the origin, the shaft runs along +z, the toe of its head is at +x."""
    wide, deep, length = size_m
    heel = length - 0.65 * wide  # where the shaft enters the head, whose toe goes on to the full length
    grip = paint(pick(rng, ((0.03, 0.03, 0.03), (0.05, 0.05, 0.06), (0.45, 0.10, 0.09))), 0.9)
    shaft = CHROME if rng.random() < 0.7 else paint((0.05, 0.05, 0.055), 0.35)
    pieces = [
        rod((0, 0, 0), (0, 0, 0.27), 0.0135, grip, 10),
        rod((0, 0, 0.27), (0, 0, heel), 0.0062, shaft, 8),
    ]
    # The sole lies flat where the shaft comes down at 45 degrees.
    if rng.random() < 0.6:
        look = CHROME if rng.random() < 0.6 else DARK_METAL
        head = box((wide, 0.45 * deep, 0.045), look, (0.4 * wide, 0, 0), 0.006)
    else:
        look = paint(pick(rng, ((0.03, 0.03, 0.035), (0.30, 0.05, 0.05), (0.06, 0.10, 0.25))), 0.25)
        round_ = np.diag([wide, deep, 0.06, 1.0])
        round_[0, 3] = 0.4 * wide
        head = transform(ball(0.5, look), round_)
    slope = np.sqrt(0.5)
    tilt = np.array([[slope, 0, -slope, 0], [0, 1, 0, 0], [slope, 0, slope, heel - 0.01], [0, 0, 0, 1.0]])
    return merge([*pieces, transform(head, tilt)])


def mop_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A mop whose head stands on the origin, flat or of strings along x, its handle towards +z."""
    wide, deep, length = size_m
    stick = (
        wooden(rng) if rng.random() < 0.5 else paint(pick(rng, ((0.62, 0.63, 0.64), (0.16, 0.30, 0.52))), 0.3)
    )
    cloth = paint(pick(rng, ((0.72, 0.70, 0.64), (0.35, 0.45, 0.58), (0.66, 0.62, 0.30))), 0.95)
    joint = paint(pick(rng, ((0.10, 0.10, 0.11), (0.60, 0.12, 0.10))), 0.5)
    pieces = [
        rod((0, 0, 0.09), (0, 0, length), 0.012, stick, 10),
        rod((0, 0, length - 0.13), (0, 0, length), 0.0145, joint, 10),
        rod((0, 0, 0.05), (0, 0, 0.17), 0.02, joint, 10),
    ]
    if rng.random() < 0.5:
        return merge([*pieces, box((wide, deep, 0.035), cloth, (0, 0, 0.0175), 0.012),
            box((0.6 * wide, 0.6 * deep, 0.02), joint, (0, 0, 0.043), 0.006)])  # fmt: skip
    turns = np.linspace(0, 2 * np.pi, 23)[:-1]
    for turn in turns:
        reach = rng.uniform(0.82, 1.0) * np.array([np.cos(turn) * wide / 2, np.sin(turn) * deep / 2, 0.0])
        path = np.array(
            [[0.0, 0.0, 0.12], [*(0.45 * reach[:2]), 0.085], [*(0.8 * reach[:2]), 0.02], [*reach[:2], 0.008]]
        )
        pieces.append(tube(path, 0.008, cloth, 5))
    return merge([*pieces, box((0.55 * wide, 0.55 * deep, 0.016), cloth, (0, 0, 0.008), 0.004)])


def oar_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A rowing machine's handle along y, with a short piece of its chain towards +x."""
    length, radius = size_m[1], min(size_m[0], size_m[2]) / 2
    grip = paint((0.05, 0.05, 0.055), 0.8) if rng.random() < 0.7 else wooden(rng)
    pieces = [rod((0, side * 0.05, 0), (0, side * length / 2, 0), radius * 0.8, grip, 12) for side in (-1, 1)]
    pieces.append(rod((0, -0.06, 0), (0, 0.06, 0), radius * 0.7, METAL, 12))
    pieces.append(box((0.07, 0.045, 0.022), DARK_METAL, (0.03, 0, 0), 0.006))
    return merge([*pieces, rod((0.05, 0, 0), (0.12, 0, 0), 0.006, METAL, 6)])
