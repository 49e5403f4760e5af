"""Hair that falls from a parting, to the chin or down the back."""

from __future__ import annotations

import numpy as np

from synth.body.hair_pieces import (
    Scene,
    Strands,
    cap_layer,
    columns_of,
    hanging_cards,
    layer_of,
    roots_of,
)
from synth.body.hair_strands import Growth, unit
from synth.body.hair_textures import card_texture
from synth.body.layer import Layer
from synth.ramp import ramp


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
        back = ramp(-p[:, 0], 0.03, 0.10)
        front = ramp(p[:, 0], 0.0, 0.08)
        away = np.stack(
            [-0.25 - 1.1 * back - 0.15 * front, sideways * (1.1 - 0.7 * back), 0.1 + 0 * back], axis=1
        )
        low = ramp(-p[:, 2], -0.05, 0.02)[:, None]
        drift = np.stack([-0.10 - 0.1 * front, 0 * front, -1 + 0 * front], axis=1)
        return away * (1 - low) + low * drift

    density = (scene.field > 0.002) * (
        1.0 + 1.0 * ramp(scene.p[:, 2], 0.05, 0.1) + 1.2 * np.exp(-scene.field / 0.015)
    )
    # The nape's own hair lies under what falls over it.
    density = density * np.where(scene.p[:, 2] < -0.02, 0.5, 1.0)
    if fringe:
        density = density * np.where(_fringe_area(scene.p, scene.field), 2.5, 1.0)
    roots = roots_of(scene, rng, density, count)
    azimuth = np.degrees(np.abs(np.arctan2(roots.p[:, 1], roots.p[:, 0])))
    height = roots.p[:, 2]
    # All ends come to about one level: what starts higher is longer.
    length = length_m + 0.75 * np.clip(height - 0.0, -0.06, 0.12) + 0.05 * ramp(height, 0.05, 0.1)
    length *= rng.uniform(0.9, 1.05, count)
    is_fringe = fringe & _fringe_area(roots.p, roots.field)
    length = np.where(is_fringe, (0.048 + roots.field) * rng.uniform(0.85, 1.1, count), length)
    inner = (np.arange(count) % 3 == 0) & ~is_fringe
    layer = np.where(inner, 0.3, rng.uniform(0.55, 1.0, count))
    gap = volume_m * layer + 0.0015
    gap = gap + 0.012 * ramp(-np.abs(azimuth - 92), -25, 0)  # over the ears
    fall = np.broadcast_to(np.linspace(0.25, 1.0, steps) ** 0.6, (count, steps))
    pull = np.broadcast_to(down, (count, 3)).copy()
    # Front locks fall before the shoulder, others behind it; neither slides down the shoulder's slope.
    behind = ramp(azimuth, 62, 84)
    pull[:, 0] += 0.20 - 0.58 * behind + 0.33 * ramp(azimuth, 105, 150)
    pull[:, 1] -= np.sign(roots.p[:, 1]) * (0.10 + 0.22 * behind) * ramp(np.abs(roots.p[:, 1]), 0.02, 0.05)
    pull = unit(pull)

    def towards(points: np.ndarray) -> np.ndarray:
        p = scene.local(points)
        wanted = comb(p)
        # A fringe lies forward on the top of the head and falls down the forehead.
        over = ramp(p[is_fringe, 2], 0.062, 0.088)[:, None]
        wanted[is_fringe] = over * [1.0, 0.0, -0.2] + (1 - over) * [0.12, 0.0, -1.0]
        return wanted

    growth = Growth(towards, fall, 0.2, 0.35, pull, 0.75, scene.centre_m[2] - 0.045 * scene.scale)
    columns = columns_of(rng, inner)
    columns = np.where(rng.random(count) < 0.5, np.minimum(columns, 5), columns)  # few wisps
    strands = Strands(
        roots, length, gap, steps, growth, 0.032, columns, roll=0.15, taper=0.25,
        curl_m=0.004 if sway == "wavy" else 0.0, curl_turns_per_m=11,
    )  # fmt: skip
    cards, swing = hanging_cards(scene, rng, strands)
    cap_height = 0.55 * volume_m * (0.5 + 0.5 * ramp(scene.p[:, 2], 0.0, 0.08))
    cap = cap_layer(scene, cap_height, np.array([0.0, 0.15, 1.0]))
    return [cap, layer_of("hair_cards", cards, card_texture(scene.spec.hair_color, sway), swing=swing)]


def _fringe_area(p: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Where a fringe starts: near the hairline above the forehead, shape (N,)."""
    return (p[:, 0] > 0.04) & (np.abs(p[:, 1]) < 0.055) & (field < 0.035)


def bob(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    return _hanging(scene, rng, rng.uniform(0.135, 0.185), rng.uniform(0.012, 0.018))


def long(scene: Scene, rng: np.random.Generator) -> list[Layer]:
    return _hanging(scene, rng, rng.uniform(0.26, 0.44), rng.uniform(0.011, 0.017))
