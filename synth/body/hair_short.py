"""Hair that stands or lies on the head: shaved, cropped, combed, curly, a ball of curls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinepose.rng import rng_for
from synth.body.hair_pieces import (
    DOWN,
    SKULL_MIDDLE,
    Scene,
    Strands,
    away_from,
    cap_layer,
    cards_of,
    columns_of,
    layer_of,
    lumps,
    roots_of,
)
from synth.body.hair_scalp import is_shaved
from synth.body.hair_strands import Field, Growth, unit
from synth.body.hair_textures import COLUMNS, card_texture, shell_texture, tuft_texture
from synth.body.layer import Layer
from synth.ramp import ramp


def bare(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """No hair on top; a short fringe from ear to ear unless it is shaved, too."""
    if is_shaved(scene.spec):
        return []
    shells = _fur(scene, rng.uniform(0.004, 0.008))
    cards = _short_cards(
        scene, rng, top_m=0.014, side_m=0.018, count=220, comb=away_from(_CROWN, 0.2), width_m=0.007, volume_m=0.006,
        lift=0.15, tuft=True,
    )  # fmt: skip
    return [*shells, cards[1]]


def buzz(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """Two thin shells of dots over a painted scalp."""
    return _fur(scene, rng.uniform(0.002, 0.006))


def _fur(scene: Scene, length_m: float) -> list[Layer]:
    layers = []
    uvs = _fur_uvs(scene, 0.045)
    field = scene.field - 0.002 + 0.003 * lumps(scene.p, rng_for(scene.spec.seed, "hair", "edge"), 0.008)
    for i, (share, cover) in enumerate(((0.4, 0.75), (1.0, 0.42))):
        rise = length_m * share * ramp(field, -0.002, 0.02)
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
    up = ramp(scene.p[:, 2], 0.015, 0.075)
    density = (scene.field > 0.001) * (0.6 + 0.6 * up + 0.5 * np.exp(-scene.field / 0.01))
    roots = roots_of(scene, rng, density, count)
    up = ramp(roots.p[:, 2], 0.015, 0.08)
    edge = ramp(roots.field, 0.0, 0.03)
    nape = ramp(-roots.p[:, 2], -0.01, 0.06)
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
        lambda points: comb(scene.local(points)) + jitter, np.full(steps, fall), lift, 0.45, DOWN, cling
    )
    columns = columns_of(rng, inner)
    if curl_m:  # wisps of a curl float in the air
        columns = np.where(columns > 5, columns - 3, columns)
    cards = cards_of(
        scene,
        rng,
        Strands(roots, length, gap, steps, growth, width_m, columns, roll=roll, curl_m=curl_m),
    )
    cap_height = 0.30 * volume_m * (0.25 + 0.75 * ramp(scene.p[:, 2], 0.0, 0.08))
    cap = cap_layer(scene, cap_height)
    if tuft:
        cards = replace(
            cards, uvs=np.stack([np.mod(cards.uvs[:, 0] * COLUMNS, 1.0), cards.uvs[:, 1]], axis=1)
        )
        return [cap, layer_of("hair_cards", cards, tuft_texture(scene.spec.hair_color))]
    return [cap, layer_of("hair_cards", cards, card_texture(scene.spec.hair_color, sway))]


def short(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """Cropped, parted at a side, swept back, or left as it falls; women's are longer over the ears."""
    side = rng.choice([-1.0, 1.0])
    cut = rng.choice(["crop", "side", "back", "messy"], p=(0.3, 0.3, 0.2, 0.2))
    woman = scene.spec.sex == "female"
    crown = _CROWN * (1, side * rng.uniform(0.3, 2.0), 1)
    natural = away_from(crown, 0.35 * side)
    across, back = np.array([0.35, side, 0.1]), np.array([-1.0, 0.15 * side, 0.25])
    noise = rng.normal(size=(3, 5)) / 0.03
    phase = rng.uniform(0, 6.3, (5,))
    mixes = rng.normal(size=(5, 3))

    def comb(p: np.ndarray) -> np.ndarray:
        top = ramp(p[:, 2], 0.05, 0.09)[:, None] * ramp(p[:, 0], -0.075, -0.045)[:, None]
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


def curly(scene: Scene, rng: np.random.Generator) -> list[Layer]:
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
        comb=away_from(_CROWN, 0.0),
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


def afro(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    """A ball of tight curls: one closed shell, then three that thin out towards the rim."""
    radius = rng.uniform(0.022, 0.07) if scene.spec.sex == "female" else rng.uniform(0.015, 0.045)
    away = unit(scene.p - SKULL_MIDDLE)
    up = 0.45 + 0.55 * ramp(scene.p[:, 2], -0.06, 0.06)
    grow_in = 1 - np.exp(-np.maximum(scene.field, 0) / 0.014)
    uneven = 1 + 0.10 * lumps(scene.p, rng, 0.02)
    layers = []
    uvs = _fur_uvs(scene, 0.075)
    for i, (share, cover, bright) in enumerate(
        ((0.70, 1.0, 0.62), (0.82, 0.62, 0.8), (0.92, 0.42, 0.95), (1.0, 0.22, 1.05))
    ):
        rise = share * radius * up * grow_in * uneven + 0.0005
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
