"""Painted eyes. Colours are sRGB."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.body.paint import mix, ramp, to_image
from synth.body.spec import SubjectSpec

EYE_SIZE = 128


def eye_texture(spec: SubjectSpec) -> np.ndarray:
    """Paint an eyeball seen from the front: the iris in the middle, its rim dark, the white reddish at the sides."""
    size = EYE_SIZE
    rng = rng_for(spec.seed, "texture", "eye")
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    image = np.broadcast_to(np.array([228.0, 222.0, 216.0]), (size, size, 3)).copy()
    image = mix(image, np.array([196.0, 160.0, 150.0]), 0.6 * ramp(radius, 0.26, 0.45))
    streaks = 1 + 0.12 * np.sin(angle * 37 + rng.uniform(0, 6)) * np.sin(angle * 23)
    iris = np.array(spec.eye_color, float) * streaks[..., None] * (1.25 - 1.6 * radius[..., None])
    inside = ramp(-radius, -0.228, -0.212)
    image = image + inside[..., None] * (iris - image)
    image *= 1 - 0.55 * np.exp(-(((radius - 0.218) / 0.012) ** 2))[..., None]
    return to_image(mix(image, np.array([10.0, 9.0, 9.0]), ramp(-radius, -0.095, -0.08)))
