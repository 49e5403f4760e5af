"""The sky as a picture all round: gradient, sun glow, clouds, far hills. Baked: noise per pixel is dear."""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numba
import numpy as np

from spinepose.rng import rng_for
from synth.world.light import Light, sun_direction, temperature_color
from synth.world.textures import noise

_WIDTH, _HEIGHT = 1024, 320
_KEPT = 8  # skies whose clouds and hills are remembered; each takes 3 MB
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
    zenith = light.sky_strength * np.array(light.sky_color) * np.array([0.62, 0.82, 1.12])
    sun = light.sun_strength * temperature_color(light.sun_temperature_k)
    sine, rays = _rays()
    single = (
        np.ascontiguousarray(each, np.float32) for each in (sine, sun_direction(light), horizon, zenith, sun)
    )
    sky = _paint(rays, _clouds(seed), np.float32(2.2 * light.cloud_cover - 1.1), *single)
    return _with_hills(sky, light, seed, horizon)


@numba.njit(cache=True, error_model="numpy")
def _paint(
    rays: np.ndarray,
    clouds: np.ndarray,
    more: np.float32,
    sine: np.ndarray,
    towards_sun: np.ndarray,
    horizon: np.ndarray,
    zenith: np.ndarray,
    sun: np.ndarray,
) -> np.ndarray:
    """Gradient, glow and clouds, shape (H, W, 3) float32; ``more`` is what the cover adds to the clouds' thickness."""
    rows, columns = clouds.shape
    sky = np.empty((rows, columns, 3), np.float32)
    none, one = np.float32(0), np.float32(1)
    for row in range(rows):
        up = np.float32(1 - np.exp(-3.2 * max(sine[row], none)))
        overhead = min(max(sine[row] * np.float32(9), none), one)
        for column in range(columns):
            ray = rays[row, column]
            toward = ray[0] * towards_sun[0] + ray[1] * towards_sun[1] + ray[2] * towards_sun[2]
            toward = min(max(toward, none), one)
            eighth = toward * toward
            eighth *= eighth
            eighth *= eighth
            glow = np.float32(0.10) * eighth
            if eighth > np.float32(0.4):  # 0.4 ** 25 is 1e-10: there is nothing to see of the disk
                glow += np.float32(0.5) * eighth**25
            cover = min(max(clouds[row, column] + more, none), one) * overhead
            thick = one - np.float32(0.28) * min(max(cover - np.float32(0.4), none), one)
            lit = np.float32(0.16) * (np.float32(0.5) + toward)
            for channel in range(3):
                clear = horizon[channel] + (zenith[channel] - horizon[channel]) * up + sun[channel] * glow
                cloud = (horizon[channel] * np.float32(1.15) + lit * sun[channel]) * thick
                sky[row, column, channel] = clear + (cloud - clear) * (np.float32(0.9) * cover)
    return sky


@cache
def _rays() -> tuple[np.ndarray, np.ndarray]:
    """Sine of each row's elevation, and each pixel's direction."""
    sine = LOWEST_SINE + (np.arange(_HEIGHT) + 0.5) / _HEIGHT * (1 - LOWEST_SINE)
    azimuth = (np.arange(_WIDTH) + 0.5) / _WIDTH * 2 * np.pi
    cosine = np.sqrt(1 - sine**2)[:, None]
    rays = np.stack(
        [
            cosine * np.cos(azimuth),
            cosine * np.sin(azimuth),
            np.broadcast_to(sine[:, None], (_HEIGHT, _WIDTH)),
        ],
        axis=-1,
    )
    return sine, rays.astype(np.float32)


@lru_cache(_KEPT)
def _clouds(seed: int) -> np.ndarray:
    """Cloud thickness of the panorama, about 0 with a standard deviation of one half, shape (H, W)."""
    field = noise(rng_for(seed, "sky", "clouds"), 1024, 1.45).astype(np.float32)
    sine, rays = _rays()
    # Clouds lie on a plane overhead: towards the horizon they crowd together and flatten.
    reach = (150.0 / np.maximum(sine + 0.12, 0.06)).astype(np.float32)[:, None]
    x, y = rays[..., 0] * reach, rays[..., 1] * reach
    return 0.5 * cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _with_hills(sky: np.ndarray, light: Light, seed: int, horizon: np.ndarray) -> np.ndarray:
    """Put rows of hills on the horizon, paler the farther; below it lies haze."""
    brightness = light.sky_strength * 0.35 + 0.3 * light.sun_strength * np.sin(
        np.radians(light.sun_elevation_deg)
    )
    rows, hills = _hills(seed)
    for distance, tone, share in hills:
        green = np.array([0.13, 0.18, 0.08]) * brightness * tone
        # As much haze as on the ground's far edge at least, so that no bright band lies between them.
        haze = max(distance, 1 - float(np.exp(-180 * light.fog_per_m)))
        color = (horizon * haze + green * (1 - haze)).astype(np.float32)
        _cover(sky[:rows], share, color)
    return sky


@numba.njit(cache=True)
def _cover(sky: np.ndarray, share: np.ndarray, color: np.ndarray) -> None:
    """Put a colour, shape (3,), over a share of each pixel, shape (H, W); changes the sky."""
    for row in range(share.shape[0]):
        for column in range(share.shape[1]):
            part = share[row, column]
            if part > 0:
                for channel in range(3):
                    sky[row, column, channel] += part * (color[channel] - sky[row, column, channel])


@lru_cache(_KEPT)
def _hills(seed: int) -> tuple[int, list[tuple[float, float, np.ndarray]]]:
    """Rows of the panorama that hills reach, and of each ridge: distance, tone, and what it covers, (rows, W)."""
    rng = rng_for(seed, "sky", "hills")
    sine, _ = _rays()
    rows = int((0.25 - LOWEST_SINE) / (1 - LOWEST_SINE) * _HEIGHT)
    hills = []
    for distance, base, height in ((0.68, 0.03, 0.045), (0.42, 0.012, 0.030), (0.18, 0.004, 0.016)):
        ridge = noise(rng, 256, 1.7)[0]
        fine = noise(rng, _WIDTH, 0.9 + 0.3 * distance)[0]
        wide = np.interp(np.arange(_WIDTH) * 256 / _WIDTH, np.arange(257), np.append(ridge, ridge[0]))
        top = base + height * np.clip(0.9 + 0.5 * wide, 0.05, None) + 0.003 * fine
        share = np.clip((top[None, :] - sine[:rows, None]) * _HEIGHT * 0.8 + 0.5, 0, 1)
        hills.append((distance, float(rng.uniform(0.7, 1.1)), share.astype(np.float32)))
    return rows, hills
