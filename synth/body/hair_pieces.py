"""What hairstyles are made of: a head ready for hair, a thin cap on its scalp, roots, and cards that grow from them.

Lengths below are metres for a head of average size. Every piece is cut out by its texture (no blending), lies on a
scalp that is painted in the hair's colour, and so shows no bare skin where cards part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.body.asset import BodyAsset
from synth.body.hair_scalp import (
    Hairline,
    hairline_field,
    hairline_of,
    head_frame,
    scalp_of,
    scalp_patch,
    spread_roots,
)
from synth.body.hair_strands import DOWN, Field, Growth, Obstacle, grow, hang_weights, make_cards, unit
from synth.body.hair_swing import PULLS, Swing
from synth.body.hair_textures import COLUMNS, cap_texture
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.rig import BONES
from synth.body.spec import SubjectSpec

ROUGHNESS = 0.55
SKULL_MIDDLE = np.array([0.025, 0.0, 0.03])  # of the skull, in head coordinates


@dataclass(frozen=True)
class Scene:
    """One person's head, ready for hair.

    Attributes:
        spec: The person.
        centre_m: Middle of the head level with the eyes.
        scale: Size of the head relative to the average.
        line: The hairline.
        scalp: The scalp's mesh.
        normals: Its normals, shape (N, 3).
        p: Its vertices relative to the head's middle in a head of average size, shape (N, 3).
        field: Distance above the hairline, shape (N,).
        obstacle: What hair stays outside of.
        ear: Middle of the left ear, as ``p``.
    """

    spec: SubjectSpec
    centre_m: np.ndarray
    scale: float
    line: Hairline
    scalp: Patch
    normals: np.ndarray
    p: np.ndarray
    field: np.ndarray
    obstacle: Obstacle
    ear: np.ndarray

    def local(self, points_m: np.ndarray) -> np.ndarray:
        """Points relative to the head's middle, in a head of average size."""
        return (points_m - self.centre_m) / self.scale


def make_scene(
    spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray, line: Hairline | None = None
) -> Scene:
    """Prepare a head for hair."""
    centre, scale = head_frame(asset, vertices_m)
    shared = scalp_of(asset)
    scalp = scalp_patch(shared, body)
    p = (scalp.vertices_m - centre) / scale
    line = line or hairline_of(spec)
    keep = body.vertices_m[:, 2] > centre[2] - 0.62 * scale
    keep &= np.abs(body.vertices_m[:, 1]) < 0.26 * scale
    keep[asset.hairless_vertices] = False
    return Scene(
        spec, centre, scale, line, scalp, scalp.normals, p, hairline_field(shared.p, line),
        Obstacle(body, keep, *_clothes(spec, centre, scale)), shared.ears_m,
    )  # fmt: skip


def _clothes(spec: SubjectSpec, centre_m: np.ndarray, scale: float) -> tuple[float, float]:
    """How far the top stands off neck and back, and how high it reaches, metres: hair lies on it."""
    thick = {"jacket": 0.026, "hoodie": 0.034, "shirt": 0.012}.get(spec.top.kind, 0.005)
    collar = 0.125 if spec.top.kind in ("jacket", "hoodie", "shirt") else 0.165
    return thick + 0.012 * spec.top.looseness, float(centre_m[2] - collar * scale)


def layer_of(
    name: str,
    patch: Patch,
    texture: np.ndarray,
    roughness: float = ROUGHNESS,
    swing: Swing | None = None,
) -> Layer:
    """A layer that draws all of a piece with its own texture coordinates."""
    return Layer(name, patch, patch.triangles, patch.uvs[patch.triangles], texture, roughness, swing)


def lumps(p: np.ndarray, rng: np.random.Generator, size_m: float) -> np.ndarray:
    """Smooth unevenness over the head, about -1 to 1, shape (N,)."""
    waves = rng.normal(size=(3, 7)) / size_m
    return np.sin(p @ waves + rng.uniform(0, 6.3, 7)).mean(axis=1) * 1.6


def _cap(scene: Scene, height_m: np.ndarray, repeats: int = 5, axis: np.ndarray | None = None) -> Patch:
    """The scalp, raised; u turns round the head (or an axis), v falls from 1 at the hairline, (F, 3, 2) to come."""
    rise = height_m * (1 - np.exp(-np.maximum(scene.field, 0) / 0.008)) + 0.0008
    rise = np.where(scene.field > 0, rise, -0.003)
    return scene.scalp.moved(scene.scalp.vertices_m + scene.scale * rise[:, None] * scene.normals)


def _cap_uvs(scene: Scene, repeats: int, pole: np.ndarray) -> np.ndarray:
    """Corner coordinates: u is the angle about a pole of the head, v the distance from the hairline, (F, 3, 2)."""
    pole = pole / np.linalg.norm(pole)
    side = unit(np.cross(pole, np.array([0.31, 0.0, 0.95]) if abs(pole[2]) < 0.7 else np.array([1.0, 0, 0])))
    other = np.cross(pole, side)
    q = scene.p - SKULL_MIDDLE
    angle = np.arctan2(q @ side, q @ other)[scene.scalp.triangles]
    angle = angle + 2 * np.pi * np.round((angle[:, :1] - angle) / (2 * np.pi))
    v = np.clip(1 - scene.field / 0.12, 0.01, 0.996)[scene.scalp.triangles]
    return np.stack([repeats * angle / (2 * np.pi), v], axis=2)


def cap_layer(
    scene: Scene, height_m: np.ndarray, pole: np.ndarray | None = None, repeats: int = 5, bright: float = 0.8
) -> Layer:
    patch = _cap(scene, height_m)
    pole = np.array([-0.35, 0.0, 0.94]) if pole is None else pole
    keep = scene.field[patch.triangles].max(axis=1) > -0.001
    uvs = _cap_uvs(scene, repeats, pole)[keep]
    texture = cap_texture(scene.spec.hair_color, bright)
    return Layer("hair_cap", patch, patch.triangles[keep], uvs, texture, ROUGHNESS)


@dataclass(frozen=True)
class Roots:
    """Where strands start: points and normals (N, 3), in head coordinates too, and distance above the hairline."""

    points: np.ndarray
    normals: np.ndarray
    p: np.ndarray
    field: np.ndarray


def roots_of(scene: Scene, rng: np.random.Generator, density: np.ndarray, count: int) -> Roots:
    triangle, share = spread_roots(rng, scene.scalp, scene.p, density, count)
    corners = scene.scalp.triangles[triangle]
    points, normals, p = (
        np.einsum("nk,nkd->nd", share, x[corners]) for x in (scene.scalp.vertices_m, scene.normals, scene.p)
    )
    return Roots(points, unit(normals), p, np.einsum("nk,nk->n", share, scene.field[corners]))


def in_head(scene: Scene, comb: Field) -> Field:
    return lambda points: comb(scene.local(points))


@dataclass(frozen=True)
class Strands:
    """How strands are grown and how broad their cards are.

    Attributes:
        roots: Where they start.
        length_m: Shape (N,).
        gap_m: How far outside the skin each stays, shape (N,).
        steps: Points on each.
        growth: How they grow.
        width_m: Of the cards.
        columns: Of the texture, shape (N,).
        roll: SD of the cards' turn about their strands, radians.
        taper: How much narrower they end.
        curl_m: Radius of curls, 0 for none.
        curl_turns_per_m: How narrow the curls are.
    """

    roots: Roots
    length_m: np.ndarray
    gap_m: np.ndarray
    steps: int
    growth: Growth
    width_m: float
    columns: np.ndarray
    roll: float = 0.25
    taper: float = 0.35
    curl_m: float = 0.0
    curl_turns_per_m: float = 22.0

    def lines(
        self, scene: Scene, growth: Growth, obstacle: Obstacle, curls: Curls | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and outward directions of all strands, shape (N, S, 3) each."""
        points, outward = grow(
            self.roots.points,
            self.roots.normals,
            scene.scale * self.length_m,
            scene.scale * self.gap_m,
            self.steps,
            growth,
            obstacle,
        )
        if curls is not None:
            turns = self.curl_turns_per_m / scene.scale
            points = _curled(curls, points, outward, scene.scale * self.curl_m, turns)
        return points, outward

    def widths_m(self, scene: Scene, rng: np.random.Generator) -> np.ndarray:
        """Width of each card at each step, shape (N, S)."""
        t = np.linspace(0, 1, self.steps)
        profile = np.minimum(1.0, 0.65 + 2 * t) * (1 - self.taper * t**2)
        broad = rng.uniform(0.75, 1.25, len(self.columns))[:, None]
        return scene.scale * self.width_m * broad * profile[None]


def cards_of(scene: Scene, rng: np.random.Generator, strands: Strands) -> Patch:
    """Grow strands from roots and make weighted cards of them."""
    return _cards(scene, rng, strands, False)[0]


def hanging_cards(scene: Scene, rng: np.random.Generator, strands: Strands) -> tuple[Patch, Swing]:
    """Cards as of :func:`cards_of`, and how they hang when the head is turned."""
    patch, swing = _cards(scene, rng, strands, True)
    assert swing is not None  # asked for
    return patch, swing


def _cards(
    scene: Scene, rng: np.random.Generator, strands: Strands, hangs: bool
) -> tuple[Patch, Swing | None]:
    count = len(strands.columns)
    # The numbers are drawn once: whichever way it hangs, a strand keeps its curls and its breadth.
    curls = Curls.rand(rng, count) if strands.curl_m else None
    points, outward = strands.lines(scene, strands.growth, scene.obstacle, curls)
    widths, roll = strands.widths_m(scene, rng), rng.normal(0, strands.roll, count)
    patch = make_cards(points, outward, widths, strands.columns, COLUMNS, roll)
    weights = hang_weights(points.reshape(-1, 3), scene.centre_m, scene.scale, scene.obstacle)
    weights = smooth_along(weights.reshape(*points.shape[:2], -1))
    patch = replace(patch, weights=np.repeat(weights.reshape(-1, len(BONES)), 2, axis=0))
    if not hangs:
        return patch, None
    rows = card_rows(count, strands.steps)
    head = scene.obstacle.above(scene.centre_m[2] - 0.15 * scene.scale)
    ways = [patch.vertices_m[rows]]
    for pull in PULLS[1:]:
        lines = strands.lines(scene, _pulled_by(scene, strands.growth, pull), head, curls)
        ways.append(make_cards(*lines, widths, strands.columns, COLUMNS, roll).vertices_m[rows])
    return patch, Swing(rows, np.stack(ways).astype(np.float32))


def card_rows(count: int, steps: int) -> np.ndarray:
    """The two edges of each card as lines of vertices, shape (2 count, steps)."""
    return np.arange(count * steps * 2).reshape(count, steps, 2).transpose(0, 2, 1).reshape(-1, steps)


def _pulled_by(scene: Scene, growth: Growth, pull: np.ndarray) -> Growth:
    """The same growth under another gravity; hair leaves the head where that turns away below it."""
    down = unit(pull + 0.35 * (growth.down - DOWN))
    free_below = float(-scene.centre_m @ pull) - 0.02 * scene.scale
    return replace(growth, down=down, gravity=pull, free_below_m=free_below)


def smooth_along(weights: np.ndarray) -> np.ndarray:
    """Even out weights along each strand, shape (N, S, B)."""
    for _ in range(2):
        middle = (weights[:, :-2] + weights[:, 1:-1] + weights[:, 2:]) / 3
        weights = np.concatenate([weights[:, :1], middle, (weights[:, -2:-1] + weights[:, -1:]) / 2], axis=1)
    return weights


@dataclass(frozen=True)
class Curls:
    """What differs between the curls of strands: narrowness, phase and radius, shape (N, 1) each."""

    turns: np.ndarray
    phase: np.ndarray
    radius: np.ndarray

    @classmethod
    def rand(cls, rng: np.random.Generator, count: int) -> Curls:
        bounds = ((0.8, 1.2), (0, 6.3), (0.6, 1.3))
        return cls(*(rng.uniform(low, high, (count, 1)) for low, high in bounds))


def _curled(
    curls: Curls, points: np.ndarray, outward: np.ndarray, radius: float, turns_per_m: float
) -> np.ndarray:
    """Wind strands round their own line."""
    tangent = unit(np.gradient(points, axis=1))
    side = unit(np.cross(tangent, outward))
    along = np.concatenate(
        [np.zeros((len(points), 1)), np.cumsum(np.linalg.norm(np.diff(points, axis=1), axis=2), axis=1)],
        axis=1,
    )
    angle = 2 * np.pi * turns_per_m * along * curls.turns + curls.phase
    grow_in = np.minimum(along / 0.03, 1.0) * radius * curls.radius
    out = np.cross(side, tangent)
    return (
        points
        + (grow_in * np.cos(angle))[..., None] * side
        + (0.6 * grow_in * (np.sin(angle) + 1))[..., None] * out
    )


def columns_of(rng: np.random.Generator, inner: np.ndarray) -> np.ndarray:
    """Texture columns: dense dark ones for the inner cards, fuller ones and some wisps outside."""
    outer = rng.choice([3, 4, 5, 6, 7], len(inner), p=(0.27, 0.27, 0.26, 0.1, 0.1))
    return np.where(inner, rng.integers(0, 3, len(inner)), outer)


def away_from(whorl: np.ndarray, turn: float) -> Field:
    """Hair that lies as it grows: away from the crown, slightly turned, and down at the sides."""

    def comb(p: np.ndarray) -> np.ndarray:
        away = unit(p - whorl)
        round_it = np.stack([-away[:, 1], away[:, 0], np.zeros(len(p))], axis=1)
        return away + turn * round_it + 0.25 * DOWN

    return comb
