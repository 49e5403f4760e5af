"""What one sits, steps, lies or works on, of any size: chair, stool, bench, step, mat, desk, box.

Each is in its own frame: on the floor, origin under its middle, its front at +x.
"""

from __future__ import annotations

import numpy as np

from synth.world import textures
from synth.world.meshes import Material, ObjectMesh, Surface, merge, moved, pose_matrix, transform
from synth.world.place_materials import (
    BRIGHTS,
    CLOTHS,
    DARK_METAL,
    METAL,
    paint,
    pick,
    tinted,
    wooden,
    woven,
)
from synth.world.solids import bent_path, box, lathe, rod, tube

Rng = np.random.Generator
Size = tuple[float, float, float]
SHELLS = ((0.18, 0.19, 0.21), (0.78, 0.77, 0.74), (0.24, 0.33, 0.42), (0.50, 0.22, 0.18), (0.42, 0.45, 0.36))


def tilted(surface: Surface, pitch_rad: float, at_m: tuple[float, float, float]) -> Surface:
    """Turn a surface about y, its top backwards (towards -x) for positive angles, then move it."""
    cos, sin = np.cos(pitch_rad), np.sin(pitch_rad)
    matrix = np.eye(4)
    matrix[:3, :3] = [[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]
    matrix[:3, 3] = at_m
    return transform(surface, matrix)


def chair_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A chair: ``size_m`` is the seat's depth, its width and its height; the backrest is behind, at -x."""
    makers = (_wooden_chair, _shell_chair, _padded_chair)
    return makers[int(rng.integers(len(makers)))](size_m, rng)


def _wooden_chair(size: Size, rng: Rng) -> ObjectMesh:
    depth, width, height = size
    look = wooden(rng)
    seat = woven(rng) if rng.random() < 0.5 else look
    x, y, back = depth / 2 - 0.03, width / 2 - 0.03, 0.44
    pieces = [box((depth, width, 0.045), seat, (0, 0, height - 0.0225), 0.014, 2.0, 2)]
    for side in (-1, 1):
        foot, top = (-x - 0.02, side * y, 0.0), (-x - 0.05, side * y, height + back)
        pieces.append(rod((x + 0.01, side * y, 0), (x, side * y, height - 0.02), 0.014, look, 8, 0.019))
        pieces.append(rod(foot, (-x, side * y, height - 0.02), 0.014, look, 8, 0.019))
        pieces.append(rod((-x, side * y, height - 0.02), top, 0.019, look, 8, 0.014))
        pieces.append(box((2 * x, 0.02, 0.045), look, (0, side * y, height - 0.06)))
    pieces.append(box((0.02, 2 * y, 0.045), look, (x, 0, height - 0.06)))
    for share in (0.36, 0.64, 0.93):
        pieces.append(
            box((0.016, 2 * y, 0.06), look, (-x - 0.05 * share, 0, height - 0.02 + share * back), 0.006)
        )
    return merge(pieces)


def _steel_frame(size: Size, look: Material, drop_m: float) -> list[Surface]:
    """Four bent legs of a stacking chair."""
    depth, width, height = size
    x, y, top = depth / 2 - 0.02, width / 2 - 0.03, height - drop_m
    pieces: list[Surface] = []
    for side in (-1, 1):
        path = [(x + 0.02, side * (y + 0.02), 0.0), (x - 0.01, side * y, top)]
        path += [(-x, side * y, top), (-x - 0.05, side * (y + 0.02), 0.0)]
        pieces.append(tube(bent_path(path, 0.05), 0.0105, look))
    pieces.append(rod((-x + 0.04, -y, top), (-x + 0.04, y, top), 0.009, look, 8))
    pieces.append(rod((x - 0.05, -y, top), (x - 0.05, y, top), 0.009, look, 8))
    return pieces


def _shell_chair(size: Size, rng: Rng) -> ObjectMesh:
    """A shell of plastic on steel legs."""
    depth, width, height = size
    steel = METAL if rng.random() < 0.6 else DARK_METAL
    shell = paint(pick(rng, SHELLS), float(rng.uniform(0.35, 0.55)))
    pieces = _steel_frame(size, steel, 0.03)
    pieces.append(box((depth, width, 0.022), shell, (0, 0, height - 0.012), 0.011, 1.0, 2))
    pieces.append(tilted(box((0.03, width, 0.12), shell, bevel_m=0.013), 0.5, (-depth / 2, 0, height + 0.02)))
    pieces.append(
        tilted(
            box((0.022, width * 0.96, 0.36), shell, bevel_m=0.0105, bevel_steps=2),
            0.16, (-depth / 2 - 0.055, 0, height + 0.24),
        )
    )  # fmt: skip
    return merge(pieces)


def _padded_chair(size: Size, rng: Rng) -> ObjectMesh:
    """A meeting-room chair: padded seat and back on steel."""
    depth, width, height = size
    steel, cloth = (METAL if rng.random() < 0.5 else DARK_METAL), woven(rng)
    pieces = _steel_frame(size, steel, 0.06)
    pieces.append(box((depth, width, 0.055), cloth, (0, 0, height - 0.0275), 0.022, 2.0, 2))
    back = box((0.045, width * 0.95, 0.32), cloth, bevel_m=0.02, uv_per_m=2.0, bevel_steps=2)
    pieces.append(tilted(back, 0.14, (-depth / 2 - 0.03, 0, height + 0.30)))
    for side in (-1, 1):
        y = side * (width / 2 - 0.06)
        start, middle = (-depth / 2 + 0.03, y, height - 0.06), (-depth / 2 - 0.02, y, height - 0.03)
        pieces.append(
            tube(bent_path([start, middle, (-depth / 2 - 0.06, y, height + 0.4)], 0.05), 0.01, steel)
        )
    return merge(pieces)


def stool_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A round stool of a width and height: wooden legs, or a padded top on steel ones."""
    radius, height = min(size_m[:2]) / 2, size_m[2]
    padded = rng.random() < 0.4
    legs = (METAL if rng.random() < 0.5 else DARK_METAL) if padded else wooden(rng)
    top = paint(pick(rng, (*CLOTHS, (0.08, 0.08, 0.09))), 0.5) if padded else legs
    thick = 0.07 if padded else 0.04
    edge = min(0.45 * thick, 0.02)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 5)
    rim = [
        (
            radius - edge + edge * np.cos(a),
            (edge if a < 0 else thick - edge) + edge * np.sin(a),
        )
        for a in turn
    ]
    pieces = [moved(lathe([(0, 0), *rim, (0, thick)], top, 28), (0, 0, height - thick))]
    inner, outer = radius * 0.66, radius * 0.98
    for k in range(4):
        cos, sin = np.cos(np.pi / 4 + k * np.pi / 2), np.sin(np.pi / 4 + k * np.pi / 2)
        pieces.append(
            rod(
                (outer * cos, outer * sin, 0),
                (inner * cos, inner * sin, height - thick),
                0.013,
                legs,
                8,
                0.016,
            )
        )
    z = 0.35 * height
    reach = outer + (inner - outer) * 0.35
    for k in range(4):
        a, b = np.pi / 4 + k * np.pi / 2, np.pi / 4 + (k + 1) * np.pi / 2
        start, end = (reach * np.cos(a), reach * np.sin(a), z), (reach * np.cos(b), reach * np.sin(b), z)
        pieces.append(rod(start, end, 0.009, legs, 6))
    return merge(pieces)


def bench_rand(size_m: Size, rng: Rng, padded: bool | None = None) -> ObjectMesh:
    """A bench without a back, long along y: slats on steel, or a padded weight bench."""
    depth, length, height = size_m
    if rng.random() < 0.5 if padded is None else padded:
        pad = paint(pick(rng, ((0.09, 0.09, 0.10), (0.38, 0.10, 0.09), (0.18, 0.19, 0.22))), 0.45)
        pieces = [box((min(depth, 0.32), length, 0.075), pad, (0, 0, height - 0.0375), 0.025, 2.0, 2)]
        pieces.append(box((0.06, length * 0.8, 0.05), DARK_METAL, (0, 0, height - 0.1), 0.006))
        for side in (-1, 1):
            y = side * length * 0.36
            pieces.append(box((0.05, 0.05, height - 0.12), DARK_METAL, (0, y, (height - 0.12) / 2 + 0.02)))
            pieces.append(box((depth, 0.05, 0.04), DARK_METAL, (0, y, 0.02), 0.01))
        return merge(pieces)
    look, steel = wooden(rng), DARK_METAL
    count = max(2, round(depth / 0.1))
    each = depth / count
    pieces = [
        box((each - 0.012, length, 0.035), look, (-depth / 2 + each * (i + 0.5), 0, height - 0.0175), 0.005)
        for i in range(count)
    ]
    for side in (-1, 1):
        y = side * (length / 2 - 0.15)
        pieces.append(box((depth - 0.02, 0.04, 0.03), steel, (0, y, height - 0.05), 0.004))
        for end in (-1, 1):
            foot, top = (end * (depth / 2 - 0.02), y, 0), (end * (depth / 2 - 0.05), y, height - 0.05)
            pieces.append(rod(foot, top, 0.017, steel, 8))
    return merge(pieces)


def step_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A step or low platform: a plyo box of plywood, or an aerobic step of plastic."""
    depth, width, height = size_m
    if height > 0.28 or rng.random() < 0.5:
        return merge([box(size_m, wooden(rng), (0, 0, height / 2), 0.006)])
    body = paint((0.10, 0.10, 0.11), 0.6)
    top = paint(pick(rng, ((0.30, 0.31, 0.33), (0.20, 0.26, 0.42), (0.38, 0.26, 0.33))), 0.85)
    thick = min(0.1, 0.6 * height)
    pieces = [box((depth, width, thick), body, (0, 0, height - thick / 2 - 0.006), 0.02, 1.0, 2)]
    pieces.append(box((depth - 0.05, width - 0.05, 0.012), top, (0, 0, height - 0.006), 0.005))
    for side in (-1, 1):
        low = height - thick
        y = side * (width / 2 - 0.13)
        pieces.append(box((depth - 0.04, 0.18, low), body, (0, y, low / 2), 0.012))
    return merge(pieces)


def mat_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """An exercise mat, long along y."""
    colors = (
        (0.26, 0.34, 0.38),
        (0.33, 0.28, 0.38),
        (0.24, 0.24, 0.26),
        (0.46, 0.32, 0.33),
        (0.30, 0.37, 0.32),
    )
    look = paint(pick(rng, colors), 0.9)
    return merge([box(size_m, look, (0, 0, size_m[2] / 2), min(0.004, size_m[2] / 2.5))])


def box_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A box to lift: of cardboard with tape, a plastic crate with grips, or of wood."""
    kind = int(rng.integers(3))
    depth, width, height = size_m
    if kind == 0:
        return cardboard_box(size_m, rng)
    if kind == 1:
        shell = paint(pick(rng, (*BRIGHTS, (0.35, 0.37, 0.40))), 0.5)
        dark = paint((0.03, 0.03, 0.035), 0.8)
        pieces = [box((depth - 0.02, width - 0.02, height - 0.03), shell, (0, 0, height / 2 - 0.015), 0.012)]
        pieces.append(box((depth, width, 0.035), shell, (0, 0, height - 0.0175), 0.006))
        for side in (-1, 1):
            y = side * (width / 2 - 0.0095)
            pieces.append(box((0.1, 0.004, 0.03), dark, (0, y, height * 0.74), 0.0015))
            for x in (-0.32, 0.32):
                pieces.append(box((0.02, 0.012, height - 0.06), shell, (x * depth, y, height / 2 - 0.02)))
        return merge(pieces)
    look = wooden(rng)
    return merge(
        [
            box((depth, width, height - 0.03), look, (0, 0, height / 2 - 0.015), 0.004),
            box((depth + 0.012, width + 0.012, 0.03), look, (0, 0, height - 0.015), 0.004),
        ]
    )


def cardboard_box(size: Size, rng: Rng) -> ObjectMesh:
    """A closed cardboard box with tape."""
    card = tinted(textures.cardboard(), (0.64, 0.51, 0.37), 0.9)
    tape = paint((0.60, 0.50, 0.36), 0.35)
    _, y, z = size
    tilt = float(rng.uniform(-0.01, 0.01))
    strips = [box((0.05, y + 0.002, 0.002), tape, (tilt, 0, z), 0)]
    strips += [box((0.05, 0.002, 0.1), tape, (tilt, side * y / 2, z - 0.05), 0) for side in (-1, 1)]
    return merge([box(size, card, (0, 0, z / 2), 0.006), *strips])


def desk_rand(size_m: Size, rng: Rng) -> ObjectMesh:
    """A desk with a laptop on it, long along y; who works at it sits at -x and looks to +x."""
    depth, length, height = size_m
    top, steel = wooden(rng), (METAL if rng.random() < 0.4 else DARK_METAL)
    pieces = [box((depth, length, 0.028), top, (0, 0, height - 0.014), 0.004)]
    for side in (-1, 1):
        y = side * (length / 2 - 0.08)
        for end in (-1, 1):
            x = end * (depth / 2 - 0.05)
            pieces.append(box((0.045, 0.045, height - 0.03), steel, (x, y, (height - 0.03) / 2), 0.004))
        pieces.append(box((depth - 0.1, 0.03, 0.03), steel, (0, y, height - 0.05), 0.004))
    pieces.append(box((0.018, length - 0.2, 0.25), steel, (depth / 2 - 0.06, 0, height - 0.17), 0.004))
    spot = pose_matrix((-0.06, float(rng.uniform(-0.08, 0.08)), height), np.pi)
    laptop = [transform(surface, spot) for surface in laptop_rand(rng).surfaces]
    profile = [(0, 0), (0.038, 0), (0.04, 0.09), (0.036, 0.09), (0.034, 0.01), (0, 0.01)]
    mug = lathe(profile, paint(pick(rng, BRIGHTS), 0.3), 18)
    pieces.append(moved(mug, (0.0, length * float(rng.uniform(0.22, 0.36)), height)))
    return merge([*pieces, *laptop])


def laptop_rand(rng: Rng) -> ObjectMesh:
    """An open laptop whose screen looks to +x."""
    shell = paint(pick(rng, ((0.62, 0.63, 0.65), (0.20, 0.20, 0.22), (0.75, 0.74, 0.72))), 0.35)
    keys = paint((0.05, 0.05, 0.055), 0.6)
    screen = Material(color=(0.35, 0.45, 0.6), roughness=0.25, emission=0.9)
    lid = tilted(box((0.008, 0.32, 0.215), shell, bevel_m=0.003), 0.3, (-0.14, 0, 0.115))
    face = tilted(box((0.002, 0.30, 0.19), screen, bevel_m=0.0), 0.3, (-0.1345, 0, 0.117))
    return merge(
        [
            box((0.225, 0.32, 0.016), shell, (0, 0, 0.008), 0.004),
            box((0.11, 0.28, 0.003), keys, (-0.03, 0, 0.0165), 0.0),
            box((0.06, 0.1, 0.002), keys, (0.075, 0, 0.0165), 0.0),
            lid,
            face,
        ]
    )
