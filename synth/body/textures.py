"""Painted cloth and shoes. Plain functions of a spec and a generator.

Colours are sRGB; row 0 of a texture is v = 1. Textures repeat without a seam.
"""

from __future__ import annotations

import numpy as np

from synth.body.paint import noise, ramp, to_image
from synth.body.spec import Cloth

CLOTH_SIZE = 512


def _pattern(cloth: Cloth, rng: np.random.Generator, size: int) -> np.ndarray:
    """Share of the second colour, 0 to 1, shape (size, size); repeats."""
    v, u = np.mgrid[:size, :size] / size
    count = int(rng.choice((6, 8, 12, 16)))
    if cloth.pattern == "stripes":
        along = v if rng.random() < 0.7 else u
        return (np.mod(along * count, 1) < rng.uniform(0.2, 0.5)).astype(float)
    if cloth.pattern == "checks":
        bands = [(np.mod(x * count, 1) < 0.5).astype(float) for x in (u, v)]
        return 0.5 * (bands[0] + bands[1])
    if cloth.pattern == "dots":
        row = np.floor(v * count)
        a, b = np.mod(u * count + 0.5 * (row % 2), 1) - 0.5, np.mod(v * count, 1) - 0.5
        return ramp(-np.hypot(a, b), -0.26, -0.22)
    if cloth.pattern == "blocks":
        return (np.mod(v + rng.uniform(), 1) < 0.5).astype(float)
    return np.zeros((size, size))


def cloth_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    """Paint half a metre of cloth: pattern, weave, wear and soft creases; it repeats."""
    size = CLOTH_SIZE
    first, second = np.array(cloth.color, float), np.array(cloth.color2, float)
    image = first + _pattern(cloth, rng, size)[..., None] * (second - first)
    v, u = np.mgrid[:size, :size]
    weave = 0.5 * (np.sin(u * np.pi / 2) + np.sin((u + v) * np.pi / 2))
    creases = 0.6 * noise(rng, size, (12, 34)) + 0.4 * noise(rng, size, (26, 9))
    light = 1 + 0.02 * weave + 0.025 * noise(rng, size, (0.8, 0.8)) + 0.02 * noise(rng, size, (60, 60))
    light += (0.025 + 0.025 * cloth.looseness) * creases
    return to_image(image * light[..., None])


def shoe_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    """Paint a shoe by height: sole, seam, upper, collar."""
    size = CLOTH_SIZE // 2
    height = 1 - (np.arange(size) + 0.5) / size
    upper = np.array(cloth.color, float)
    sole = (
        np.array([225.0, 224.0, 220.0])
        if cloth.kind == "sneakers" and upper.mean() < 200
        else np.array([48.0, 44.0, 42.0])
    )
    image = np.broadcast_to(upper, (size, size, 3)).copy()
    image *= 1 + 0.03 * noise(rng, size, (1, 1))[..., None] + 0.02 * noise(rng, size, (20, 20))[..., None]
    rows = height[:, None, None]
    image = np.where((rows > 0.30) & (rows < 0.33), image * 0.72, image)
    image = np.where(rows < 0.17, sole, image)
    image = np.where((rows > 0.165) & (rows < 0.185), sole * 0.6, image)
    return to_image(image)
