"""Hairstyles: a thin cap on the scalp, and cards of strands that grow out of it, fall, or are tied.

Lengths below are metres for a head of average size. Every piece is cut out by its texture (no blending), lies on a
scalp that is painted in the hair's colour, and so shows no bare skin where cards part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spinepose.rng import rng_for
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
from synth.body.hair_strands import (
    Field,
    Growth,
    Obstacle,
    grid_patch,
    grow,
    hang_weights,
    join,
    make_cards,
    unit,
)
from synth.body.hair_textures import COLUMNS, cap_texture, card_texture, shell_texture, solid, tuft_texture
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.rig import BONES
from synth.body.spec import SubjectSpec

_DOWN = np.array([0.0, 0.0, -1.0])
_ROUGHNESS = 0.55
_MIDDLE = np.array([0.025, 0.0, 0.03])  # of the skull, in head coordinates


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


def make_hair(spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray) -> list[Layer]:
    """Make the layers of a person's hair.

    Args:
        spec: The person.
        asset: The baked body.
        body: The skin at rest.
        vertices_m: All vertices of the asset at rest, shape (V, 3).
    """
    scene = make_scene(spec, asset, body, vertices_m)
    rng = rng_for(spec.seed, "hair")
    return _STYLES[spec.hair](scene, rng)


# --- pieces


def layer_of(name: str, patch: Patch, texture: np.ndarray, roughness: float = _ROUGHNESS) -> Layer:
    """A layer that draws all of a piece with its own texture coordinates."""
    return Layer(name, patch, patch.triangles, patch.uvs[patch.triangles], texture, roughness)


def _ramp(x: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _lumps(p: np.ndarray, rng: np.random.Generator, size_m: float) -> np.ndarray:
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
    q = scene.p - _MIDDLE
    angle = np.arctan2(q @ side, q @ other)[scene.scalp.triangles]
    angle = angle + 2 * np.pi * np.round((angle[:, :1] - angle) / (2 * np.pi))
    v = np.clip(1 - scene.field / 0.12, 0.01, 0.996)[scene.scalp.triangles]
    return np.stack([repeats * angle / (2 * np.pi), v], axis=2)


def _cap_layer(
    scene: Scene, height_m: np.ndarray, pole: np.ndarray | None = None, repeats: int = 5, bright: float = 0.8
) -> Layer:
    patch = _cap(scene, height_m)
    pole = np.array([-0.35, 0.0, 0.94]) if pole is None else pole
    keep = scene.field[patch.triangles].max(axis=1) > -0.001
    uvs = _cap_uvs(scene, repeats, pole)[keep]
    texture = cap_texture(scene.spec.hair_color, bright)
    return Layer("hair_cap", patch, patch.triangles[keep], uvs, texture, _ROUGHNESS)


@dataclass(frozen=True)
class Roots:
    """Where strands start: points and normals (N, 3), in head coordinates too, and distance above the hairline."""

    points: np.ndarray
    normals: np.ndarray
    p: np.ndarray
    field: np.ndarray


def _roots(scene: Scene, rng: np.random.Generator, density: np.ndarray, count: int) -> Roots:
    triangle, share = spread_roots(rng, scene.scalp, scene.p, density, count)
    corners = scene.scalp.triangles[triangle]
    points, normals, p = (
        np.einsum("nk,nkd->nd", share, x[corners]) for x in (scene.scalp.vertices_m, scene.normals, scene.p)
    )
    return Roots(points, unit(normals), p, np.einsum("nk,nk->n", share, scene.field[corners]))


def _in_head(scene: Scene, comb: Field) -> Field:
    return lambda points: comb(scene.local(points))


def _cards(
    scene: Scene,
    rng: np.random.Generator,
    roots: Roots,
    length_m: np.ndarray,
    gap_m: np.ndarray,
    steps: int,
    growth: Growth,
    width_m: float,
    columns: np.ndarray,
    roll: float = 0.25,
    taper: float = 0.35,
    curl_m: float = 0.0,
    curl_turns_per_m: float = 22.0,
    v_tip: np.ndarray | float = 1.0,
) -> Patch:
    """Grow strands from roots and make weighted cards of them."""
    points, outward = grow(
        roots.points,
        roots.normals,
        scene.scale * length_m,
        scene.scale * gap_m,
        steps,
        growth,
        scene.obstacle,
    )
    if curl_m:
        points = _curled(rng, points, outward, scene.scale * curl_m, curl_turns_per_m / scene.scale)
    profile = np.minimum(1.0, 0.65 + np.linspace(0, 2, steps)) * (1 - taper * np.linspace(0, 1, steps) ** 2)
    widths = scene.scale * width_m * rng.uniform(0.75, 1.25, len(points))[:, None] * profile[None]
    patch = make_cards(points, outward, widths, columns, COLUMNS, rng.normal(0, roll, len(points)), v_tip)
    weights = hang_weights(points.reshape(-1, 3), scene.centre_m, scene.scale, scene.obstacle)
    weights = _smooth_along(weights.reshape(*points.shape[:2], -1))
    return Patch(
        patch.vertices_m, np.repeat(weights.reshape(-1, len(BONES)), 2, axis=0), patch.triangles, patch.uvs
    )


def _smooth_along(weights: np.ndarray) -> np.ndarray:
    """Even out weights along each strand, shape (N, S, B)."""
    for _ in range(2):
        middle = (weights[:, :-2] + weights[:, 1:-1] + weights[:, 2:]) / 3
        weights = np.concatenate([weights[:, :1], middle, (weights[:, -2:-1] + weights[:, -1:]) / 2], axis=1)
    return weights


def _curled(
    rng: np.random.Generator, points: np.ndarray, outward: np.ndarray, radius: float, turns_per_m: float
) -> np.ndarray:
    """Wind strands round their own line."""
    tangent = unit(np.gradient(points, axis=1))
    side = unit(np.cross(tangent, outward))
    along = np.concatenate(
        [np.zeros((len(points), 1)), np.cumsum(np.linalg.norm(np.diff(points, axis=1), axis=2), axis=1)],
        axis=1,
    )
    angle = 2 * np.pi * turns_per_m * along * rng.uniform(0.8, 1.2, (len(points), 1))
    angle += rng.uniform(0, 6.3, (len(points), 1))
    grow_in = np.minimum(along / 0.03, 1.0) * radius * rng.uniform(0.6, 1.3, (len(points), 1))
    out = np.cross(side, tangent)
    return (
        points
        + (grow_in * np.cos(angle))[..., None] * side
        + (0.6 * grow_in * (np.sin(angle) + 1))[..., None] * out
    )


def _columns(rng: np.random.Generator, inner: np.ndarray) -> np.ndarray:
    """Texture columns: dense dark ones for the inner cards, fuller ones and some wisps outside."""
    outer = rng.choice([3, 4, 5, 6, 7], len(inner), p=(0.27, 0.27, 0.26, 0.1, 0.1))
    return np.where(inner, rng.integers(0, 3, len(inner)), outer)


def _away_from(whorl: np.ndarray, turn: float) -> Field:
    """Hair that lies as it grows: away from the crown, slightly turned, and down at the sides."""

    def comb(p: np.ndarray) -> np.ndarray:
        away = unit(p - whorl)
        round_it = np.stack([-away[:, 1], away[:, 0], np.zeros(len(p))], axis=1)
        return away + turn * round_it + 0.25 * _DOWN

    return comb


# --- styles


def _bare(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """No hair on top; a short fringe from ear to ear unless it is shaved, too."""
    if rng_for(scene.spec.seed, "hair", "shaved").random() < fringe_shaved_chance(scene.spec):
        return []
    shells = _fur(scene, rng.uniform(0.004, 0.008))
    cards = _short_cards(
        scene, rng, top_m=0.014, side_m=0.018, count=220, comb=_away_from(_CROWN, 0.2), width_m=0.007, volume_m=0.006,
        lift=0.15, tuft=True,
    )  # fmt: skip
    return [*shells, cards[1]]


def fringe_shaved_chance(spec: SubjectSpec) -> float:
    """How likely a bald head is shaved: young men and women are, old men keep their fringe."""
    return 1.0 if spec.sex == "female" else float(np.interp(spec.age_years, (30, 65), (0.95, 0.25)))


def is_shaved(spec: SubjectSpec) -> bool:
    """Whether a bald head is shaved rather than fringed."""
    return spec.hair == "bald" and rng_for(spec.seed, "hair", "shaved").random() < fringe_shaved_chance(spec)


def _buzz(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """Two thin shells of dots over a painted scalp."""
    return _fur(scene, rng.uniform(0.002, 0.006))


def _fur(scene: Scene, length_m: float) -> list[Layer]:
    layers = []
    uvs = _fur_uvs(scene, 0.045)
    field = scene.field - 0.002 + 0.003 * _lumps(scene.p, rng_for(scene.spec.seed, "hair", "edge"), 0.008)
    for i, (share, cover) in enumerate(((0.4, 0.75), (1.0, 0.42))):
        rise = length_m * share * _ramp(field, -0.002, 0.02)
        rise = np.where(field > 0, rise + 0.0003, -0.003)
        patch = scene.scalp.moved(scene.scalp.vertices_m + scene.scale * rise[:, None] * scene.normals)
        keep = field[patch.triangles].max(axis=1) > 0
        texture = shell_texture(scene.spec.hair_color, "stubble", cover, 0.8 + 0.2 * i)
        layers.append(Layer(f"hair_{i}", patch, patch.triangles[keep], uvs[keep], texture, 0.7))
    return layers


def _fur_uvs(scene: Scene, tile_m: float) -> np.ndarray:
    """Coordinates that keep a tile's size everywhere: each triangle looks along its own main axis, (F, 3, 2)."""
    p = scene.p[scene.scalp.triangles]
    normal = np.abs(np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]))
    axis = normal.argmax(axis=1)
    keep = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    return np.take_along_axis(p, keep[:, None, :], axis=2) / tile_m


_CROWN = np.array([-0.055, 0.008, 0.095])


def _short_cards(
    scene: Scene,
    rng: np.random.Generator,
    top_m: float,
    side_m: float,
    count: int,
    comb: Field,
    lift: float = 0.45,
    fall: float = 0.12,
    width_m: float = 0.0125,
    volume_m: float = 0.010,
    sway: str = "straight",
    curl_m: float = 0.0,
    steps: int = 5,
    roll: float = 0.3,
    cling: float = 0.45,
    tuft: bool = False,
) -> list[Layer]:
    up = _ramp(scene.p[:, 2], 0.015, 0.075)
    density = (scene.field > 0.001) * (0.6 + 0.6 * up + 0.5 * np.exp(-scene.field / 0.01))
    roots = _roots(scene, rng, density, count)
    up = _ramp(roots.p[:, 2], 0.015, 0.08)
    edge = _ramp(roots.field, 0.0, 0.03)
    nape = _ramp(-roots.p[:, 2], -0.01, 0.06)
    length = (side_m + (top_m - side_m) * up) * (0.55 + 0.45 * edge) * (1 - 0.35 * nape)
    # Nobody combs long hair into the eyes.
    length = np.minimum(
        length, 0.055 + 0.9 * np.maximum(0.085 - roots.p[:, 0], 0) + 0.2 * np.abs(roots.p[:, 1])
    )
    length *= rng.uniform(0.8, 1.2, count)
    inner = np.arange(count) % 3 == 0
    thick = volume_m * (0.35 + 0.65 * up) * (0.4 + 0.6 * edge)
    gap = np.where(inner, 0.35, rng.uniform(0.5, 1.0, count)) * thick + 0.001
    jitter = rng.normal(0, 0.22, (count, 3))
    growth = Growth(
        lambda points: comb(scene.local(points)) + jitter, np.full(steps, fall), lift, 0.45, _DOWN, cling
    )
    columns = _columns(rng, inner)
    if curl_m:  # wisps of a curl float in the air
        columns = np.where(columns > 5, columns - 3, columns)
    cards = _cards(scene, rng, roots, length, gap, steps, growth, width_m, columns, roll=roll, curl_m=curl_m)
    cap_height = 0.30 * volume_m * (0.25 + 0.75 * _ramp(scene.p[:, 2], 0.0, 0.08))
    cap = _cap_layer(scene, cap_height)
    if tuft:
        cards = replace(
            cards, uvs=np.stack([np.mod(cards.uvs[:, 0] * COLUMNS, 1.0), cards.uvs[:, 1]], axis=1)
        )
        return [cap, layer_of("hair_cards", cards, tuft_texture(scene.spec.hair_color))]
    return [cap, layer_of("hair_cards", cards, card_texture(scene.spec.hair_color, sway))]


def _short(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """Cropped, parted at a side, swept back, or left as it falls; women's are longer over the ears."""
    side = rng.choice([-1.0, 1.0])
    cut = rng.choice(["crop", "side", "back", "messy"], p=(0.3, 0.3, 0.2, 0.2))
    woman = scene.spec.sex == "female"
    crown = _CROWN * (1, side * rng.uniform(0.3, 2.0), 1)
    natural = _away_from(crown, 0.35 * side)
    across, back = np.array([0.35, side, 0.1]), np.array([-1.0, 0.15 * side, 0.25])
    noise = rng.normal(size=(3, 5)) / 0.03
    phase = rng.uniform(0, 6.3, (5,))
    mixes = rng.normal(size=(5, 3))

    def comb(p: np.ndarray) -> np.ndarray:
        top = _ramp(p[:, 2], 0.05, 0.09)[:, None] * _ramp(p[:, 0], -0.075, -0.045)[:, None]
        base = natural(p)
        if cut == "side":
            part = np.tanh((p[:, 1] * side + 0.032) / 0.012)[:, None]
            return base * (1 - 0.85 * top) + 0.85 * top * (part * across + (1 - np.abs(part)) * 0.3)
        if cut == "back":
            return base * (1 - 0.9 * top) + 0.9 * top * back
        if cut == "messy":
            return base + 0.9 * (0.3 + top) * (np.sin(p @ noise + phase) @ mixes) * 0.5
        return base

    top_m = {"crop": 0.030, "side": 0.062, "back": 0.055, "messy": 0.048}[str(cut)] * rng.uniform(0.85, 1.25)
    side_m = rng.uniform(0.010, 0.024)
    if woman:
        top_m, side_m = max(top_m, 0.045) * 1.25, rng.uniform(0.035, 0.06)
    return _short_cards(
        scene,
        rng,
        top_m,
        side_m,
        count=400,
        comb=comb,
        lift=0.5 if cut in ("back", "messy") else 0.3,
        volume_m=rng.uniform(0.009, 0.016) * (1.3 if woman else 1.0),
        sway=str(rng.choice(["straight", "wavy"], p=(0.65, 0.35))),
        roll=0.5 if cut == "messy" else 0.25,
    )


def _hanging(scene: Scene, rng: np.random.Generator, length_m: float, volume_m: float) -> list[Layer]:
    """Hair that falls from a parting to chin or back, in three layers."""
    part_y = float(rng.choice([0.0, 0.028, -0.028], p=(0.4, 0.3, 0.3)))
    fringe = rng.random() < 0.35
    wave = rng.random()
    sway = "straight" if wave < 0.55 else "wavy"
    down = np.array([-0.10, 0.0, -1.0])
    steps = 12 if length_m > 0.2 else 9
    count = 195 if length_m > 0.2 else 250

    def comb(p: np.ndarray) -> np.ndarray:
        sideways = np.tanh((p[:, 1] - part_y) / 0.008)
        back = _ramp(-p[:, 0], 0.03, 0.10)
        front = _ramp(p[:, 0], 0.0, 0.08)
        away = np.stack(
            [-0.25 - 1.1 * back - 0.15 * front, sideways * (1.1 - 0.7 * back), 0.1 + 0 * back], axis=1
        )
        low = _ramp(-p[:, 2], -0.05, 0.02)[:, None]
        drift = np.stack([-0.10 - 0.1 * front, 0 * front, -1 + 0 * front], axis=1)
        return away * (1 - low) + low * drift

    density = (scene.field > 0.002) * (
        1.0 + 1.0 * _ramp(scene.p[:, 2], 0.05, 0.1) + 1.2 * np.exp(-scene.field / 0.015)
    )
    # The nape's own hair lies under what falls over it.
    density = density * np.where(scene.p[:, 2] < -0.02, 0.5, 1.0)
    roots = _roots(scene, rng, density, count)
    azimuth = np.degrees(np.abs(np.arctan2(roots.p[:, 1], roots.p[:, 0])))
    height = roots.p[:, 2]
    # All ends come to about one level: what starts higher is longer.
    length = length_m + 0.75 * np.clip(height - 0.0, -0.06, 0.12) + 0.05 * _ramp(height, 0.05, 0.1)
    length *= rng.uniform(0.9, 1.05, count)
    is_fringe = fringe & (roots.p[:, 0] > 0.04) & (np.abs(roots.p[:, 1]) < 0.055) & (roots.field < 0.035)
    length = np.where(is_fringe, (0.045 + roots.field) * rng.uniform(0.85, 1.1, count), length)
    inner = (np.arange(count) % 3 == 0) & ~is_fringe
    layer = np.where(inner, 0.3, rng.uniform(0.55, 1.0, count))
    gap = volume_m * layer + 0.0015
    gap = gap + 0.012 * _ramp(-np.abs(azimuth - 92), -25, 0)  # over the ears
    fall = np.broadcast_to(np.linspace(0.25, 1.0, steps) ** 0.6, (count, steps))
    pull = np.broadcast_to(down, (count, 3)).copy()
    # Front locks fall before the shoulder, others behind it; neither slides down the shoulder's slope.
    behind = _ramp(azimuth, 62, 84)
    pull[:, 0] += 0.20 - 0.58 * behind + 0.33 * _ramp(azimuth, 105, 150)
    pull[:, 1] -= np.sign(roots.p[:, 1]) * (0.10 + 0.22 * behind) * _ramp(np.abs(roots.p[:, 1]), 0.02, 0.05)
    pull = unit(pull)

    def towards(points: np.ndarray) -> np.ndarray:
        p = scene.local(points)
        wanted = comb(p)
        wanted[is_fringe] = np.array([1.0, 0.12, -0.5])
        return wanted

    growth = Growth(towards, fall, 0.2, 0.35, pull, 0.75, scene.centre_m[2] - 0.045 * scene.scale)
    columns = _columns(rng, inner)
    columns = np.where(rng.random(count) < 0.5, np.minimum(columns, 5), columns)  # few wisps
    cards = _cards(
        scene, rng, roots, length, gap, steps, growth, 0.032, columns, roll=0.15, taper=0.25,
        curl_m=0.004 if sway == "wavy" else 0.0, curl_turns_per_m=11,
    )  # fmt: skip
    cap_height = 0.55 * volume_m * (0.5 + 0.5 * _ramp(scene.p[:, 2], 0.0, 0.08))
    cap = _cap_layer(scene, cap_height, np.array([0.0, 0.15, 1.0]))
    return [cap, layer_of("hair_cards", cards, card_texture(scene.spec.hair_color, sway))]


def _bob(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    return _hanging(scene, rng, rng.uniform(0.135, 0.185), rng.uniform(0.012, 0.018))


def _long(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    return _hanging(scene, rng, rng.uniform(0.26, 0.44), rng.uniform(0.011, 0.017))


def _curly(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """Locks that wind, standing off the head; a woman's are longer."""
    long = scene.spec.sex == "female"
    top = rng.uniform(0.09, 0.15) if long else rng.uniform(0.045, 0.075)
    side = 0.9 * top if long else rng.uniform(0.025, 0.04)
    return _short_cards(
        scene,
        rng,
        top,
        side,
        count=330 if long else 340,
        comb=_away_from(_CROWN, 0.0),
        lift=0.6,
        fall=0.35 if long else 0.12,
        width_m=0.014,
        volume_m=0.026 if long else 0.016,
        sway="curly",
        curl_m=0.009 if long else 0.006,
        steps=7 if long else 6,
        roll=0.5,
        cling=0.25,
    )


def _afro(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """A ball of tight curls: one closed shell, then three that thin out towards the rim."""
    radius = rng.uniform(0.022, 0.07) if scene.spec.sex == "female" else rng.uniform(0.015, 0.045)
    away = unit(scene.p - _MIDDLE)
    up = 0.45 + 0.55 * _ramp(scene.p[:, 2], -0.06, 0.06)
    grow_in = 1 - np.exp(-np.maximum(scene.field, 0) / 0.014)
    lumps = 1 + 0.10 * _lumps(scene.p, rng, 0.02)
    layers = []
    uvs = _fur_uvs(scene, 0.075)
    for i, (share, cover, bright) in enumerate(
        ((0.70, 1.0, 0.62), (0.82, 0.62, 0.8), (0.92, 0.42, 0.95), (1.0, 0.22, 1.05))
    ):
        rise = share * radius * up * grow_in * lumps + 0.0005
        rise = np.where(scene.field > 0, rise, -0.003)
        patch = scene.scalp.moved(
            scene.scalp.vertices_m + scene.scale * rise[:, None] * unit(away + 0.5 * scene.normals)
        )
        keep = (
            scene.field[patch.triangles].max(axis=1) > 0
            if i == 0
            else scene.field[patch.triangles].min(axis=1) > 0
        )
        texture = shell_texture(scene.spec.hair_color, "curls", cover, bright)
        layers.append(Layer(f"hair_{i}", patch, patch.triangles[keep], uvs[keep], texture, 0.8))
    return layers


# --- tied hair


def _pulled(scene: Scene, rng: np.random.Generator, tie: np.ndarray, volume_m: float) -> list[Layer]:
    """Hair combed tight towards a tie (head coordinates)."""

    def comb(p: np.ndarray) -> np.ndarray:
        # Along the head, not through it; over the top from right in front.
        out = unit(p - _MIDDLE)
        way = unit(tie - p) + np.array([0.0, 0.0, 0.45]) * _ramp(p[:, 0], 0.04, 0.09)[:, None]
        return way - 0.97 * out * np.einsum("nd,nd->n", way, out)[:, None]

    count = 150
    density = (scene.field > 0.001) * (0.5 + 1.5 * np.exp(-scene.field / 0.02))
    roots = _roots(scene, rng, density, count)
    way = np.linalg.norm(roots.p - tie, axis=1)
    length = np.maximum(1.12 * way - 0.012, 0.02)
    steps = 7
    inner = np.arange(count) % 3 == 0
    gap = volume_m * np.where(inner, 0.4, rng.uniform(0.6, 1.0, count)) + 0.001
    growth = Growth(_in_head(scene, comb), np.zeros(steps), 0.12, 0.1, _DOWN, 0.9)
    columns = np.where(inner, rng.integers(0, 3, count), rng.integers(3, 6, count))
    cards = _cards(scene, rng, roots, length, gap, steps, growth, 0.022, columns, roll=0.06, taper=0.3)
    cap = _cap_layer(scene, np.full(len(scene.p), 0.8 * volume_m), tie - _MIDDLE, 7)
    return [cap, layer_of("hair_cards", cards, card_texture(scene.spec.hair_color))]


def _tie_point(scene: Scene, rng: np.random.Generator, high: float, low: float) -> np.ndarray:
    """Where hair is tied: on the back of the head, below headwear, in head coordinates."""
    z = rng.uniform(low, high)
    if scene.spec.headwear != "none":
        z = min(z, -0.035)
    behind = (np.abs(scene.p[:, 2] - z) < 0.015) & (np.abs(scene.p[:, 1]) < 0.02)
    return np.array([scene.p[behind, 0].min() - 0.006, 0.0, z])


def _bun(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    tie = _tie_point(scene, rng, 0.085, -0.03)
    layers = _pulled(scene, rng, tie, 0.005)
    out = unit(tie - _MIDDLE)
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
) -> tuple[np.ndarray, np.ndarray]:
    """The middle line of hair that hangs from a tie, and outward directions, shape (S, 3) each."""
    out = unit(tie - _MIDDLE)
    start = scene.centre_m + scene.scale * (tie + 0.004 * out)
    growth = Growth(
        lambda q: np.broadcast_to(out, q.shape), np.linspace(1 - lift, 1, steps) ** 0.5, lift, 0.4, _DOWN
    )
    line, outward = grow(
        start[None], out[None], np.array([scene.scale * length_m]), np.array([scene.scale * gap_m]), steps, growth,
        scene.obstacle,
    )  # fmt: skip
    return line[0], outward[0]


def _ponytail(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    tie = _tie_point(scene, rng, 0.08, -0.04)
    layers = _pulled(scene, rng, tie, 0.005)
    steps, count = 12, 46
    length = rng.uniform(0.18, 0.36)
    line, outward = _tail_line(scene, tie, length, steps, 0.020, rng.uniform(0.45, 0.75))
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
    weights = _smooth_along(weights.reshape(count, steps, -1)).mean(axis=0)
    cards = Patch(
        cards.vertices_m, np.tile(np.repeat(weights, 2, axis=0), (count, 1)), cards.triangles, cards.uvs
    )
    band = _ball(scene.centre_m + scene.scale * (tie + 0.01 * unit(tie)), 0.015 * scene.scale, unit(tie))
    red, green, blue = (int(c) for c in rng.integers(20, 90, 3))
    return [
        *layers,
        layer_of("hair_tail", cards, card_texture(scene.spec.hair_color, sway)),
        layer_of("hair_band", _on_head(band), solid((red, green, blue))),
    ]


def _braid(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    tie = _tie_point(scene, rng, 0.0, -0.055)
    layers = _pulled(scene, rng, tie, 0.005)
    steps, around = 34, 7
    length = rng.uniform(0.24, 0.40)
    line, outward = _tail_line(scene, tie, length, steps, 0.011, 0.18)
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
    weights = _smooth_along(weights[None])[0]
    dense = np.tile(np.repeat(weights, around, axis=0), (3, 1))
    braid = Patch(braid.vertices_m, dense, braid.triangles, braid.uvs)
    return [*layers, layer_of("hair_tail", braid, cap_texture(scene.spec.hair_color, 1.0))]


_STYLES = {
    "short": _short,
    "buzz": _buzz,
    "bob": _bob,
    "long": _long,
    "bun": _bun,
    "bald": _bare,
    "ponytail": _ponytail,
    "braid": _braid,
    "curly": _curly,
    "afro": _afro,
}
