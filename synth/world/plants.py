"""Trees, bushes and hedges: a solid inside of dense leaves, and sprays of leaves on cards around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.world import textures_outdoor
from synth.world.light import rgb
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
    pose_matrix,
    transform,
)
from synth.world.place_materials import BRIGHTS, paint, pick, tinted
from synth.world.solids import ball, box, cylinder, lathe, rod

Rng = np.random.Generator
GREENS = ((0.30, 0.38, 0.19), (0.26, 0.34, 0.18), (0.36, 0.41, 0.21), (0.31, 0.35, 0.23), (0.44, 0.41, 0.22))


def _cards(centers: np.ndarray, outward: np.ndarray, size: np.ndarray, look: Material, rng: Rng) -> Surface:
    """Square cards at points; shaded as the crown's round outside, not as the flat things they are.

    Args:
        centers: Shape (N, 3), metres.
        outward: Unit vectors from the crown's middle, shape (N, 3): the normals.
        size: Side of each card, metres, shape (N,).
        look: The leaves' material.
        rng: Random numbers.
    """
    count = len(centers)
    facing = outward + rng.normal(0, 0.8, (count, 3))
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    right = np.cross(facing, rng.normal(0, 1, (count, 3)))
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    up = np.cross(facing, right)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    offsets = corners[None, :, :1] * right[:, None] + corners[None, :, 1:] * up[:, None]
    points = centers[:, None] + offsets * size[:, None, None]
    uv = np.broadcast_to(corners + 0.5, (count, 4, 2))
    first = 4 * np.arange(count)[:, None]
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    normals = np.repeat(outward, 4, axis=0)
    return Surface(
        points.reshape(-1, 3).astype(np.float32),
        normals.astype(np.float32),
        uv.reshape(-1, 2).astype(np.float32),
        faces.astype(np.int32),
        look,
    )


def _blob(radii: np.ndarray, center: np.ndarray, look: Material, rng: Rng, segments: int = 14) -> Surface:
    """A lumpy ellipsoid."""
    shape = ball(1.0, look, segments=segments)
    direction = shape.positions_m.astype(float)
    lumps = rng.normal(0, 1, (6, 3)) * 2.2
    wobble = 1 + 0.06 * np.sin(direction @ lumps.T + rng.uniform(0, 6, 6)).sum(axis=1, keepdims=True)
    points = direction * wobble * radii
    normals = direction / radii
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Surface(
        (points + center).astype(np.float32), normals.astype(np.float32), 2 * shape.uv, shape.faces, look
    )


def _looks(rng: Rng, greens: tuple = GREENS, narrow: bool = False) -> tuple[Material, Material]:
    """Leaves on cards, and the dense inside."""
    green = pick(rng, greens)
    seed = int(rng.integers(2))
    spray = tinted(
        textures_outdoor.leaves(seed, narrow), green, 0.9,
        specular=0.02, wrap=0.45, alpha_test=True, two_sided=True,
    )  # fmt: skip
    dark = rgb(0.78 * np.array(green))
    return spray, tinted(textures_outdoor.foliage(seed), dark, 0.85, specular=0.02, wrap=0.3)


def _bark(rng: Rng) -> Material:
    color = pick(rng, ((0.36, 0.30, 0.24), (0.42, 0.39, 0.34), (0.28, 0.24, 0.20), (0.50, 0.47, 0.42)))
    return tinted(textures_outdoor.bark(int(rng.integers(2))), color, 0.95, specular=0.02)


def _crown(
    radii: np.ndarray,
    center: np.ndarray,
    cards: int,
    card_m: float,
    looks: tuple,
    rng: Rng,
    heart: np.ndarray | None = None,
) -> list[Surface]:
    """A clump of leaves.

    Args:
        radii: Half sizes, metres, shape (3,).
        center: Its middle, metres, shape (3,).
        cards: Number of sprays.
        card_m: Their size.
        looks: From :func:`_looks`.
        rng: Random numbers.
        heart: The middle of the whole tree's crown: light falls on that, not on each clump as on a ball of its own.
    """
    spray, inside = looks
    direction = rng.normal(0, 1, (cards, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    centers = center + direction * radii * rng.uniform(0.72, 1.15, (cards, 1))
    size = card_m * rng.uniform(0.7, 1.25, cards)
    sprays = _cards(centers, direction, size, spray, rng)
    blob = _blob(0.74 * radii, center, inside, rng)
    return [blob, sprays if heart is None else _lit_as_one(sprays, heart)]


def _lit_as_one(sprays: Surface, heart: np.ndarray) -> Surface:
    """Normals that point away from a crown's middle more than from the clump's."""
    away = sprays.positions_m - heart
    normals = sprays.normals + 1.6 * away / np.linalg.norm(away, axis=1, keepdims=True)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return replace(sprays, normals=normals.astype(np.float32))


def tree_rand(rng: Rng, detail: float = 1.0) -> ObjectMesh:
    """A broad-leaved tree, 5 to 9 m tall.

    Args:
        rng: Random numbers.
        detail: Share of the leaf cards: less for trees far away.
    """
    height = float(rng.uniform(5.0, 9.0))
    stem = height * float(rng.uniform(0.30, 0.42))
    wood = _bark(rng)
    radius = 0.022 * height
    bend = np.array([*rng.normal(0, 0.15, 2), 0])
    top = np.array([0, 0, stem]) + bend
    pieces = [rod((0, 0, -0.1), (0, 0, 0.25), radius * 1.45, wood, 12, radius * 1.05)]
    pieces += [rod((0, 0, 0.2), top, radius * 1.06, wood, 12, radius * 0.8)]
    looks = _looks(rng)
    spread = height * float(rng.uniform(0.20, 0.28))
    count = int(rng.integers(6, 10))
    for i in range(count):
        turn = 2 * np.pi * (i + rng.uniform(-0.3, 0.3)) / count
        out = spread * rng.uniform(0.4, 0.95) * (i < count - 1)
        rise = (height - stem) * rng.uniform(0.15, 0.65)
        center = top + np.array([out * np.cos(turn), out * np.sin(turn), rise])
        if i == count - 1:
            center = np.array([*bend[:2], height * 0.80])
        pieces.append(rod(tuple(top), tuple(center), radius * 0.6, wood, 8, radius * 0.25))
        radii = spread * rng.uniform(0.5, 0.95) * np.array([1, 1, rng.uniform(0.7, 0.95)])
        heart = np.array([*bend[:2], stem + 0.35 * (height - stem)])
        card_m = (0.26 * spread + 0.36) / detail**0.4
        pieces += _crown(radii, center, int(110 * detail), card_m, looks, rng, heart)
    return merge(pieces)


def street_tree(rng: Rng) -> tuple[ObjectMesh, ObjectMesh]:
    """A clipped tree of a street, in two: the trunk up to 2.6 m, and all above it."""
    wood, looks = _bark(rng), _looks(rng)
    radius, top = float(rng.uniform(0.09, 0.14)), 2.45
    grate = box((1.3, 1.3, 0.02), paint((0.20, 0.19, 0.18), 0.8), (0, 0, 0.004), 0)
    soil = cylinder(0.4, 0.012, paint((0.25, 0.20, 0.16), 1.0), (0, 0, 0.008), 16)
    trunk = [grate, soil, rod((0, 0, -0.05), (0, 0, top), radius * 1.15, wood, 10, radius)]
    spread = float(rng.uniform(1.4, 2.0))
    pieces = [rod((0, 0, top - 0.01), (0, 0, top + 1.6), radius, wood, 8, radius * 0.5)]
    count = int(rng.integers(4, 7))
    for i in range(count):
        turn = 2 * np.pi * (i + rng.uniform(-0.3, 0.3)) / count
        out = spread * rng.uniform(0.35, 0.6) * (i < count - 1)
        center = np.array([out * np.cos(turn), out * np.sin(turn), top + spread * rng.uniform(0.75, 1.4)])
        pieces.append(rod((0, 0, top + 0.1), tuple(center), radius * 0.6, wood, 6, radius * 0.25))
        radii = spread * rng.uniform(0.5, 0.72) * np.array([1, 1, rng.uniform(0.8, 1.0)])
        heart = np.array([0.0, 0.0, top + 0.6 * spread])
        pieces += _crown(radii, center, 90, 0.3 * spread + 0.25, looks, rng, heart)
    return merge(trunk), merge(pieces)


def conifer_rand(rng: Rng, detail: float = 1.0) -> ObjectMesh:
    """A spruce-like tree, 6 to 11 m tall."""
    height = float(rng.uniform(6, 11))
    wood = _bark(rng)
    pieces = [rod((0, 0, -0.1), (0, 0, height * 0.9), 0.018 * height, wood, 10, 0.02)]
    spray, inside = _looks(rng, ((0.20, 0.28, 0.18), (0.24, 0.30, 0.22), (0.19, 0.25, 0.15)), narrow=True)
    wide, foot = float(rng.uniform(0.16, 0.22)) * height, 0.10 * height
    count = int(495 * detail)
    # Branches are as many as the cone is wide; the longer ones hang.
    up = 1.0 - np.sqrt(rng.uniform(0.004, 1.0, count))
    whorl = 0.5 + 0.5 * np.cos(2 * np.pi * up * rng.uniform(9.0, 12.0))
    out = wide * (1.0 - up) * rng.uniform(0.5, 1.0, count) * (0.8 + 0.3 * whorl)
    turn = rng.uniform(0, 2 * np.pi, count)
    rise = foot + up * (height - foot) - 0.22 * out
    centers = np.stack([out * np.cos(turn), out * np.sin(turn), rise], axis=1)
    outward = np.stack([np.cos(turn), np.sin(turn), 0.2 + 0.5 * whorl], axis=1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    size = (0.28 + 0.42 * wide * (1.0 - up) ** 0.7) * rng.uniform(0.75, 1.2, count) / detail**0.3
    core = [
        (0.0, foot),
        (0.62 * wide, foot),
        (0.42 * wide, 0.4 * height),
        (0.2 * wide, 0.72 * height),
        (0.0, height),
    ]
    return merge([*pieces, lathe(core, inside, 12), _cards(centers, outward, size, spray, rng)])


def bush_rand(rng: Rng, height_m: float | None = None) -> ObjectMesh:
    """A round bush."""
    height = height_m or float(rng.uniform(0.7, 1.5))
    looks = _looks(rng)
    pieces: list[Surface] = []
    for _ in range(int(rng.integers(2, 4))):
        radii = height * rng.uniform(0.42, 0.58) * np.array([1.1, 1.1, 0.95])
        center = np.array([*rng.normal(0, 0.25 * height, 2), 0.45 * height])
        pieces += _crown(radii, center, 60, 0.22 + 0.14 * height, looks, rng)
    return merge(pieces)


def hedge(length_m: float, height_m: float, rng: Rng) -> ObjectMesh:
    """A clipped hedge along y."""
    spray, inside = _looks(rng)
    cells = max(4, round(length_m / 0.35))
    shape = _rounded_bar(length_m, height_m, cells, inside, rng)
    count = round(36 * length_m)
    index = rng.integers(0, len(shape.positions_m), count)
    centers = shape.positions_m[index] + rng.normal(0, 0.05, (count, 3))
    cards = _cards(centers, shape.normals[index].astype(float), rng.uniform(0.2, 0.34, count), spray, rng)
    return merge([shape, cards])


def _rounded_bar(length_m: float, height_m: float, cells: int, look: Material, rng: Rng) -> Surface:
    outline = np.array(
        [
            [0.34, 0.0],
            [0.36, 0.4],
            [0.34, 0.9],
            [0.25, 1.0],
            [-0.25, 1.0],
            [-0.34, 0.9],
            [-0.36, 0.4],
            [-0.34, 0],
        ]
    )
    y = np.linspace(-length_m / 2, length_m / 2, cells + 1)
    points = np.zeros((len(y), len(outline), 3))
    points[..., 0] = outline[:, 0]
    points[..., 1] = y[:, None]
    points[..., 2] = outline[:, 1] * height_m
    points += rng.normal(0, 0.025, points.shape) * [1, 1, 1]
    uv = np.stack(np.broadcast_arrays(np.linspace(0, 2.4, len(outline))[None, :], y[:, None]), axis=-1)
    # Columns run from the front over the top to the back, rows along +y: seen from outside they are swapped.
    return grid_surface(points.transpose(1, 0, 2)[:, ::-1], uv.transpose(1, 0, 2)[:, ::-1], look)


_POT_COLORS = (
    (0.58, 0.38, 0.28),
    (0.82, 0.80, 0.76),
    (0.30, 0.31, 0.33),
    (0.55, 0.52, 0.47),
    (0.40, 0.44, 0.46),
)


def pot_plant_rand(rng: Rng, height_m: float) -> ObjectMesh:
    """A plant in a pot: long arching leaves, a bush of small ones, or broad ones on stalks."""
    tall = 0.22 + 0.1 * height_m
    wide = float(rng.uniform(0.11, 0.15))
    pot = paint(pick(rng, (*_POT_COLORS, *BRIGHTS[:1])), 0.65)
    low = float(rng.uniform(0.7, 1.0)) * wide
    profile = [
        (0, 0),
        (low, 0),
        (low, 0),
        (wide, tall),
        (wide, tall),
        (wide - 0.015, tall),
        (wide - 0.02, tall - 0.03),
    ]
    soil = cylinder(wide - 0.017, 0.01, paint((0.16, 0.12, 0.10), 1.0), (0, 0, tall - 0.045), 20)
    green = pick(rng, ((0.26, 0.38, 0.18), (0.20, 0.32, 0.19), (0.36, 0.45, 0.24), (0.30, 0.36, 0.27)))
    pieces = [lathe(profile, pot, 24), soil]
    kind = int(rng.integers(3))
    look = tinted(textures_outdoor.foliage(0), green, 0.5, wrap=0.3, two_sided=True)
    plain = Material(color=rgb(np.array(green) ** 2.2), roughness=0.45, wrap=0.3, two_sided=True)
    if kind == 0:
        pieces += [_blade(rng, tall - 0.04, height_m, look) for _ in range(24)]
    elif kind == 1:
        rise = height_m - tall
        radii = np.array([0.30, 0.30, 0.5]) * rise
        pieces.append(rod((0, 0, tall - 0.05), (0, 0, tall + 0.4 * rise), 0.014, _bark(rng), 6))
        pieces += _crown(radii, np.array([0, 0, tall + 0.52 * rise]), 46, 0.26 * rise, _looks(rng), rng)
    else:
        pieces += [piece for _ in range(11) for piece in _broad_leaf(rng, tall - 0.04, height_m, plain)]
    return merge(pieces)


def _broad_leaf(rng: Rng, base: float, height: float, look: Material) -> list[Surface]:
    """A stalk with one broad leaf that hangs outwards."""
    turn, lean = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.1, 0.6))
    reach = (height - base) * float(rng.uniform(0.5, 1.0))
    top = np.array([np.sin(lean) * reach, 0.0, base + np.cos(lean) * reach])
    size, half = 0.22 * (0.5 + 0.6 * height), 0.07 * (0.6 + height)
    t = np.linspace(0, 1, 7)
    angle = 0.9 + 1.1 * t
    out = top[0] + np.concatenate([[0], np.cumsum(np.sin(angle[:-1]))]) * size / 6
    up = top[2] + np.concatenate([[0], np.cumsum(np.cos(angle[:-1]))]) * size / 6
    wide = half * np.sin(np.pi * (0.06 + 0.92 * t)) ** 0.6
    across = np.array([-1.0, 0.0, 1.0])
    rows = np.stack(
        [
            out[:, None] + 0 * across,
            wide[:, None] * across,
            up[:, None] + 0.2 * wide[:, None] * np.abs(across),
        ],
        axis=-1,
    )
    uv = np.zeros((*rows.shape[:2], 2))
    leaf = transform(grid_surface(rows, uv, look), pose_matrix((0, 0, 0), turn))
    stalk = transform(rod((0.01, 0, base), tuple(top), 0.006, look, 5), pose_matrix((0, 0, 0), turn))
    return [stalk, leaf]


def _blade(rng: Rng, base: float, height: float, look: Material) -> Surface:
    """A leaf that rises and bends over under its weight."""
    turn, length = rng.uniform(0, 2 * np.pi), (height - base) * rng.uniform(0.75, 1.25)
    lean, droop = rng.uniform(0.05, 0.45), rng.uniform(0.5, 1.6)
    wide = rng.uniform(0.02, 0.04) * (0.6 + height)
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
