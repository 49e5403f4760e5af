"""Painted eyes and lashes. Colours are sRGB; row 0 of a texture is v = 1."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from spinepose.rng import rng_for
from synth.body.paint import mix, to_image
from synth.body.spec import SubjectSpec
from synth.ramp import ramp

EYE_SIZE = 160
_IRIS = 0.198  # radius in the texture, whose side is 1.1 eyeballs
_LASH_PX = (64, 256)


def gaze_of(spec: SubjectSpec) -> tuple[float, float]:
    """Where the eyes look, radians to the left and up; mostly ahead."""
    rng = rng_for(spec.seed, "gaze")
    left, up = np.clip(rng.normal((0.0, -0.035), (0.12, 0.04)), (-0.4, -0.2), (0.4, 0.04))
    return float(left), float(up)


def eye_texture(spec: SubjectSpec) -> np.ndarray:
    """Paint an eyeball seen from the front: white with veins, iris, pupil, shade of the lid, a glint.

    Returns:
        sRGB, shape (160, 160, 3), uint8.
    """
    size = EYE_SIZE
    rng = rng_for(spec.seed, "texture", "eye")
    y, x = np.mgrid[:size, :size].astype(np.float32) / (size - 1) - 0.5
    height = -y
    left, up = gaze_of(spec)
    dx, dy = x - 0.45 * np.sin(left), height - 0.45 * np.sin(up)
    radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    tired = rng.uniform(0.0, 0.5) + 0.3 * np.clip((spec.age_years - 40) / 40, 0, 1)
    white = np.array([206.0, 199.0, 192.0]) - tired * np.array([6.0, 14.0, 18.0])
    image = np.broadcast_to(white.astype(np.float32), (size, size, 3)).copy()
    vein = ramp(np.sin(38 * height + 6 * np.sin(9 * x + rng.uniform(0, 6)) + rng.uniform(0, 6)), 0.86, 1.0)
    image = mix(
        image, np.array([186.0, 96.0, 88.0]), (0.15 + 0.3 * tired) * vein * ramp(np.abs(x), 0.20, 0.40)
    )
    image = mix(image, np.array([198.0, 140.0, 130.0]), 0.75 * ramp(np.abs(x), 0.30, 0.44))
    base = np.array(spec.eye_color, float)
    spokes = np.sin(angle * 29 + rng.uniform(0, 6)) * np.sin(angle * 17 + rng.uniform(0, 6)) + np.sin(
        angle * 61
    )
    t = radius / _IRIS
    ring = 1.0 - 0.42 * t**3 + 0.10 * spokes * ramp(t, 0.35, 0.6)
    amber = np.array([1.15, 0.98, 0.78])  # around the pupil
    iris = base * (
        ring[..., None] * (1 + (amber - 1) * (0.7 * np.exp(-(((t - 0.45) / 0.18) ** 2)))[..., None])
    )
    iris *= (1.15 - 0.9 * np.clip(dy / _IRIS, -0.2, 0.6))[..., None]  # light comes from above, falls below
    inside = ramp(-t, -1.05, -0.93)
    image = image + inside[..., None] * (iris - image)
    image *= 1 - 0.60 * np.exp(-(((t - 0.99) / 0.075) ** 2))[..., None]
    pupil = rng.uniform(0.34, 0.46)
    image = mix(image, np.array([8.0, 7.0, 8.0]), ramp(-t, -pupil - 0.07, -pupil))
    # The upper lid's shade, and a wet line on the lower.
    image *= (1 - 0.55 * ramp(height, 0.03, 0.19) - 0.12 * ramp(-height, 0.12, 0.2))[..., None]
    image = mix(image, np.array([236.0, 226.0, 222.0]), 0.5 * np.exp(-(((height + 0.172) / 0.012) ** 2)))
    glint = np.hypot(dx - 0.055, dy - 0.065)
    image = mix(image, np.array([250.0, 250.0, 250.0]), 0.9 * ramp(-glint, -0.034, -0.020))
    return to_image(image)


@lru_cache(maxsize=64)
def _lashes(thick: float, color: tuple[int, int, int]) -> np.ndarray:
    rows, columns = _LASH_PX
    rng = rng_for(0, "lashes")
    v, u = np.mgrid[:rows, :columns].astype(np.float32)
    v = v / rows  # 0 at the lid
    alpha = np.zeros((rows, columns), dtype=np.float32)
    for k in range(58):
        upper = k < 34
        start = rng.uniform(4, columns / 2 - 6) if upper else rng.uniform(columns / 2 + 8, columns - 8)
        lean = (start - (columns / 4 if upper else 3 * columns / 4)) / (columns / 4)
        at = start + (10 * lean + rng.normal(0, 3)) * v
        length = rng.uniform(0.6, 0.95) * thick if upper else rng.uniform(0.4, 0.7) * thick
        width = (2.4 if upper else 1.5) * (1 - np.clip(v / length, 0, 1)) + 0.5
        alpha = np.maximum(alpha, np.clip(width - np.abs(u - at), 0, 1) * (v < length))
    alpha = np.maximum(alpha, (v < 0.07) * (u < columns / 2))
    image = np.empty((rows, columns, 4), dtype=np.uint8)
    image[..., :3] = color
    image[..., 3] = np.round(255 * alpha)
    return image


def lash_texture(spec: SubjectSpec) -> np.ndarray:
    """Lashes: the upper lid's in the left half, the lower's in the right, shape (64, 256, 4), uint8."""
    thick = 1.0 if spec.sex == "female" else 0.7
    return _lashes(thick, (22, 17, 15) if max(spec.hair_color) < 150 else (58, 44, 36))
