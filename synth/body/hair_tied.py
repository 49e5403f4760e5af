"""Tied hair: combed tight to a knot, a tail or a braid."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from spinepose.rng import rng_for
from synth.body.hair_pieces import (
    DOWN,
    SKULL_MIDDLE,
    Scene,
    Strands,
    cap_layer,
    card_rows,
    cards_of,
    in_head,
    layer_of,
    roots_of,
    smooth_along,
)
from synth.body.hair_strands import Growth, Obstacle, grid_patch, grow, hang_weights, join, make_cards, unit
from synth.body.hair_swing import PULLS, Swing
from synth.body.hair_textures import COLUMNS, cap_texture, card_texture, solid
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.rig import BONES
from synth.ramp import ramp


def _pulled(scene: Scene, rng: np.random.Generator, tie: np.ndarray, volume_m: float) -> list[Layer]:
    """Hair combed tight towards a tie (head coordinates)."""

    def comb(p: np.ndarray) -> np.ndarray:
        # Along the head, not through it; over the top from right in front.
        out = unit(p - SKULL_MIDDLE)
        way = unit(tie - p) + np.array([0.0, 0.0, 0.45]) * ramp(p[:, 0], 0.04, 0.09)[:, None]
        return way - 0.97 * out * np.einsum("nd,nd->n", way, out)[:, None]

    count = 150
    density = (scene.field > 0.001) * (0.5 + 1.5 * np.exp(-scene.field / 0.02))
    roots = roots_of(scene, rng, density, count)
    way = np.linalg.norm(roots.p - tie, axis=1)
    length = np.maximum(1.12 * way - 0.012, 0.02)
    steps = 7
    inner = np.arange(count) % 3 == 0
    gap = volume_m * np.where(inner, 0.4, rng.uniform(0.6, 1.0, count)) + 0.001
    growth = Growth(in_head(scene, comb), np.zeros(steps), 0.12, 0.1, DOWN, 0.9)
    columns = np.where(inner, rng.integers(0, 3, count), rng.integers(3, 6, count))
    strands = Strands(roots, length, gap, steps, growth, 0.022, columns, roll=0.06, taper=0.3)
    cards = cards_of(scene, rng, strands)
    cap = cap_layer(scene, np.full(len(scene.p), 0.8 * volume_m), tie - SKULL_MIDDLE, 7)
    return [cap, layer_of("hair_cards", cards, card_texture(scene.spec.hair_color))]


def _tie_point(scene: Scene, rng: np.random.Generator, high: float, low: float) -> np.ndarray:
    """Where hair is tied: on the back of the head, below headwear, in head coordinates."""
    z = rng.uniform(low, high)
    if scene.spec.headwear != "none":
        z = min(z, -0.035)
    behind = (np.abs(scene.p[:, 2] - z) < 0.015) & (np.abs(scene.p[:, 1]) < 0.02)
    return np.array([scene.p[behind, 0].min() - 0.006, 0.0, z])


def bun(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    tie = _tie_point(scene, rng, 0.085, -0.03)
    layers = _pulled(scene, rng, tie, 0.005)
    out = unit(tie - SKULL_MIDDLE)
    size = rng.uniform(0.024, 0.034)
    middle = tie + out * (0.45 * size)
    # A knot: loops of hair wound about the tie's axis.
    count, steps = 34, 9
    start = rng.uniform(0, 6.3, count)
    tilt = rng.normal(0, 0.5, count)
    side = unit(np.cross(out, np.array([0.0, 1.0, 0.0])))
    other = np.cross(out, side)
    angle = start[:, None] + np.linspace(0, 3.6, steps)[None]
    level = np.linspace(-0.75, 0.85, count)[:, None] + 0.2 * np.sin(angle + tilt[:, None])
    level = np.clip(level, -0.95, 0.95)
    ring = np.sqrt(1 - level**2) * size * rng.uniform(0.94, 1.06, (count, 1))
    points = (
        middle
        + ring[..., None] * (np.cos(angle)[..., None] * side + np.sin(angle)[..., None] * other)
        + (0.8 * size * level)[..., None] * out
    )
    outward = unit(points - middle)
    widths = np.full((count, steps), 0.016)
    world = scene.centre_m + scene.scale * points
    cards = make_cards(
        world, outward, scene.scale * widths, rng.integers(0, 6, count), COLUMNS, rng.normal(0, 0.1, count)
    )
    core = _ball(scene.centre_m + scene.scale * middle, 0.93 * scene.scale * size, out)
    return [
        *layers,
        layer_of("hair_knot", _on_head(cards), card_texture(scene.spec.hair_color)),
        layer_of("hair_core", _on_head(core), cap_texture(scene.spec.hair_color, 0.7)),
    ]


def _on_head(patch: Patch) -> Patch:
    weights = np.zeros((len(patch.vertices_m), len(BONES)))
    weights[:, BONES.index("C0")] = 1.0
    return Patch(patch.vertices_m, weights, patch.triangles, patch.uvs)


def _ball(middle: np.ndarray, radius: float, axis: np.ndarray) -> Patch:
    """A closed ball with strands round its axis."""
    rows, columns = 8, 14
    theta, phi = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
    side = unit(np.cross(axis, np.array([0.0, 1.0, 0.0])))
    other = np.cross(axis, side)
    d = np.cos(theta)[..., None] * 0.85 * axis + np.sin(theta)[..., None] * (
        np.cos(phi)[..., None] * side + np.sin(phi)[..., None] * other
    )
    uv = np.stack([theta / np.pi, 0.1 + 0.6 * phi / (2 * np.pi)], axis=2)
    return grid_patch(middle + radius * d, uv)


def _tail_line(
    scene: Scene, tie: np.ndarray, length_m: float, steps: int, gap_m: float, lift: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle lines of hair that hangs from a tie.

    Returns:
        The line of an upright head and outward directions there, shape (S, 3) each, and the lines for all of
        ``PULLS``, shape (6, S, 3).
    """
    out = unit(tie - SKULL_MIDDLE)
    start = scene.centre_m + scene.scale * (tie + 0.004 * out)
    fall = np.linspace(1 - lift, 1, steps) ** 0.5
    # Over the face it falls past one side of the head.
    aside = np.array([0.0, rng_for(scene.spec.seed, "hair", "aside").choice([-1.3, 1.3]), 0.0])

    def line(pull: np.ndarray, way: np.ndarray, obstacle: Obstacle) -> tuple[np.ndarray, np.ndarray]:
        growth = Growth(lambda q: np.broadcast_to(way, q.shape), fall, lift, 0.4, pull)
        points, outward = grow(
            start[None], out[None], np.array([scene.scale * length_m]), np.array([scene.scale * gap_m]), steps, growth,
            obstacle,
        )  # fmt: skip
        return points[0], outward[0]

    upright, outward = line(DOWN, out, scene.obstacle)
    head = scene.obstacle.above(scene.centre_m[2] - 0.15 * scene.scale)
    turned = [line(pull, out + aside * (pull[0] > 0), head)[0] for pull in PULLS[1:]]
    return upright, outward, np.stack([upright, *turned])


def _tail_swing(tail: Patch, rows: np.ndarray, ways: np.ndarray) -> Swing:
    """A tail bent along other middle lines: each cross-section turns with its line.

    Args:
        tail: The tail round the first of the lines.
        rows: Its vertices along it, shape (L, S).
        ways: Middle lines, shape (6, S, 3).
    """
    tangents = unit(np.gradient(ways, axis=1))
    offsets = tail.vertices_m[rows] - ways[0]
    bent = [
        way + np.einsum("sij,lsj->lsi", _turns(tangents[0], tangent), offsets)
        for way, tangent in zip(ways, tangents, strict=True)
    ]
    return Swing(rows, np.stack(bent).astype(np.float32))


def _turns(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The smallest rotations that take unit vectors (S, 3) to others, shape (S, 3, 3); about y where they oppose."""
    axis = np.cross(source, target)
    sine, cosine = np.linalg.norm(axis, axis=1), np.einsum("sd,sd->s", source, target)
    axis = np.where(sine[:, None] > 1e-6, axis / np.maximum(sine, 1e-9)[:, None], np.array([0.0, 1.0, 0.0]))
    return Rotation.from_rotvec(axis * np.arctan2(sine, cosine)[:, None]).as_matrix()


def ponytail(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    tie = _tie_point(scene, rng, 0.08, -0.04)
    layers = _pulled(scene, rng, tie, 0.005)
    steps, count = 12, 46
    length = rng.uniform(0.18, 0.36)
    line, outward, ways = _tail_line(scene, tie, length, steps, 0.020, rng.uniform(0.45, 0.75))
    tangent = unit(np.gradient(line, axis=0))
    back = np.array([-1.0, 0, 0])
    normal = unit(back - tangent * (tangent @ back)[:, None] + 0.2 * outward)
    side = np.cross(tangent, normal)
    t = np.linspace(0, 1, steps)
    thick = scene.scale * (0.011 + 0.017 * np.sin(np.pi * np.minimum(t * 1.05, 1)) ** 0.8) * (1 - 0.35 * t)
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.normal(0, 0.1, count)
    layer = np.where(np.arange(count) % 3 == 0, 0.55, rng.uniform(0.8, 1.05, count))
    offset = layer[:, None] * thick[None]
    direction = np.cos(angle)[:, None, None] * normal[None] + np.sin(angle)[:, None, None] * side[None]
    reach = rng.uniform(0.86, 1.06, count)
    points = line[None] + offset[..., None] * direction
    points = points[:, :1] + (points - points[:, :1]) * (1 + (reach[:, None, None] - 1) * t[None, :, None])
    flat = points.reshape(-1, 3)
    flat, _ = scene.obstacle.push(flat, np.full(len(flat), 0.004))
    points = flat.reshape(points.shape)
    widths = np.broadcast_to(0.5 * thick + 0.006, (count, steps))
    columns = np.where(np.arange(count) % 3 == 0, rng.integers(0, 3, count), rng.integers(3, 7, count))
    sway = str(rng.choice(["straight", "wavy"]))
    cards = make_cards(points, direction + 0 * points, widths, columns, COLUMNS, rng.normal(0, 0.15, count))
    weights = hang_weights(points.reshape(-1, 3), scene.centre_m, scene.scale, scene.obstacle)
    weights = smooth_along(weights.reshape(count, steps, -1)).mean(axis=0)
    cards = Patch(
        cards.vertices_m, np.tile(np.repeat(weights, 2, axis=0), (count, 1)), cards.triangles, cards.uvs
    )
    band = _ball(scene.centre_m + scene.scale * (tie + 0.01 * unit(tie)), 0.015 * scene.scale, unit(tie))
    red, green, blue = (int(c) for c in rng.integers(20, 90, 3))
    return [
        *layers,
        layer_of(
            "hair_tail",
            cards,
            card_texture(scene.spec.hair_color, sway),
            swing=_tail_swing(cards, card_rows(count, steps), ways),
        ),
        layer_of("hair_band", _on_head(band), solid((red, green, blue))),
    ]


def braid(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    tie = _tie_point(scene, rng, 0.0, -0.055)
    layers = _pulled(scene, rng, tie, 0.005)
    steps, around = 34, 7
    length = rng.uniform(0.24, 0.40)
    line, outward, ways = _tail_line(scene, tie, length, steps, 0.011, 0.18)
    tangent = unit(np.gradient(line, axis=0))
    back = np.array([-1.0, 0, 0])
    normal = unit(back - tangent * (tangent @ back)[:, None] + 0.2 * outward)
    side = np.cross(tangent, normal)
    t = np.linspace(0, 1, steps)
    size = scene.scale * 0.0125 * (1 - 0.45 * t**2) * np.where(t > 0.93, 0.75, 1.0)
    pieces = []
    phase = 2 * np.pi * length / 0.052 * t
    for k in range(3):
        a = phase + 2 * np.pi * k / 3
        # Three strands that cross over each other: a figure of eight seen along the braid.
        middle = (
            line + (size * 0.95 * np.sin(a))[:, None] * side + (size * 0.55 * np.sin(2 * a))[:, None] * normal
        )
        ring = np.linspace(0, 2 * np.pi, around)
        along = unit(np.gradient(middle, axis=0))
        n = unit(normal - along * np.einsum("sd,sd->s", normal, along)[:, None])
        s = np.cross(along, n)
        points = middle[:, None] + size[:, None, None] * 0.85 * (
            np.cos(ring)[None, :, None] * n[:, None] + np.sin(ring)[None, :, None] * s[:, None]
        )
        uv = np.stack(
            np.broadcast_arrays(0.5 + ring[None] / 6.283 * 0.8, 0.1 + 0.55 * np.mod(3 * t, 1)[:, None]),
            axis=2,
        )
        pieces.append(grid_patch(points, uv))
    braid = join(pieces)
    weights = hang_weights(line, scene.centre_m, scene.scale, scene.obstacle)
    weights = smooth_along(weights[None])[0]
    dense = np.tile(np.repeat(weights, around, axis=0), (3, 1))
    braid = Patch(braid.vertices_m, dense, braid.triangles, braid.uvs)
    rows = np.arange(3 * steps * around).reshape(3, steps, around).transpose(0, 2, 1).reshape(-1, steps)
    swing = _tail_swing(braid, rows, ways)
    return [*layers, layer_of("hair_tail", braid, cap_texture(scene.spec.hair_color, 1.0), swing=swing)]
