"""Painted hair. Colours are sRGB; row 0 of a texture is v = 1."""

from __future__ import annotations

import numpy as np

from synth.body.paint import noise, to_image
from synth.body.spec import SubjectSpec

HAIR_SIZE = 256


def hair_texture(spec: SubjectSpec, rng: np.random.Generator) -> np.ndarray:
    """Paint strands that run along v; it repeats."""
    size = HAIR_SIZE
    strands = 0.6 * noise(rng, size, (40, 0.8)) + 0.4 * noise(rng, size, (25, 3))
    sheen = 0.10 * np.sin(2 * np.pi * np.mgrid[:size, :size][0] / size)
    base = np.array(spec.hair_color, float)
    light = 1 + 0.20 * strands + sheen
    return to_image(base * light[..., None] + 6 * np.clip(strands, 0, 2)[..., None])
