"""What a camera does to the light of a picture: a shutter that stays open, exposure, white balance and noise.

The world draws a perfect picture; users' pictures are not. Nothing here moves a pixel, so labels stay true.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numba
import numpy as np

from spinepose.errors import InputError
from synth.scene import SensorSpec

#: Pictures that are averaged over an open shutter.
BLUR_PICTURES = 5
_MID_GREY = 0.18
# Signal-independent share of the noise variance in a mid-grey pixel: small sensors in rooms are between 0.1 and 0.4.
_READ_SHARE = 0.2
# Demosaicing smears noise over neighbours; standard deviation of the smear, pixels.
_SMEAR_PX = 0.55
# A temperature shift of 1 is about 1500 K at 5500 K: red and blue go apart by a third.
_RED_A_SHIFT, _BLUE_A_SHIFT = 0.14, -0.18
_STEPS = 4096


@cache
def _to_linear() -> np.ndarray:
    """Linear light of each sRGB byte (IEC 61966-2-1), shape (256,) float32."""
    value = np.arange(256) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


@cache
def _to_srgb() -> np.ndarray:
    """sRGB bytes of linear light in steps of 1 / 4095; finer in the dark by a square root, shape (4096,) uint8."""
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 2
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * value).astype(np.uint8)


def _encode(light: np.ndarray) -> np.ndarray:
    steps = np.sqrt(np.clip(light, 0.0, 1.0)) * (_STEPS - 1) + 0.5
    return _to_srgb()[steps.astype(np.uint16)]


def blend(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Average pictures in linear light, as a shutter does that stays open.

    Args:
        pictures: Pictures spread evenly over the time, each sRGB, shape (H, W, 3) uint8.

    Returns:
        sRGB, shape (H, W, 3) uint8.

    Raises:
        InputError: There is none, or they differ in size.
    """
    if not pictures or len({picture.shape for picture in pictures}) != 1:
        shapes = sorted({picture.shape for picture in pictures})
        raise InputError(f"pictures to blend have shapes {shapes}; give one or more of one size")
    if len(pictures) == 1:
        return pictures[0]
    total = np.zeros(pictures[0].shape, np.float32)
    for picture in pictures:
        total += _to_linear()[picture]
    return _encode(total / len(pictures))


def shutter_times(sensor: SensorSpec) -> tuple[float, ...]:
    """When pictures are taken within an open shutter, seconds from its middle; one time where it is instant."""
    if sensor.shutter_s <= 0:
        return (0.0,)
    middle = (np.arange(BLUR_PICTURES) + 0.5) / BLUR_PICTURES - 0.5
    return tuple(np.round(middle * sensor.shutter_s, 6).tolist())


def develop(rng: np.random.Generator, color: np.ndarray, sensor: SensorSpec) -> np.ndarray:
    """Apply exposure, white balance and noise; the JPEG is the caller's.

    Noise has a part that grows with the light (photons) and one that does not (reading), as in the
    Poisson-Gaussian model of Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for
    single-image raw-data", IEEE TIP 17(10), 2008.

    Args:
        rng: Numbers of this picture's noise.
        color: sRGB, shape (H, W, 3) uint8.
        sensor: What to do; a sensor that does nothing returns the very picture.

    Returns:
        sRGB, shape (H, W, 3) uint8.
    """
    if sensor.exposure_ev == 0 and sensor.temperature_shift == 0 and sensor.noise == 0:
        return color
    shift = sensor.temperature_shift
    gains = 2.0**sensor.exposure_ev * np.array([1 + _RED_A_SHIFT * shift, 1.0, 1 + _BLUE_A_SHIFT * shift])
    light_of = _to_linear()[:, None] * gains.astype(np.float32)
    grain = _grain(rng, color.shape) if sensor.noise > 0 else np.zeros((0, 0, 3), np.float32)
    return _expose(np.ascontiguousarray(color), light_of, grain, np.float32(sensor.noise**2), _to_srgb())


def _grain(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of a standard deviation of one that neighbours share a little of, float32."""
    white = rng.standard_normal(shape, dtype=np.float32)
    grain = cv2.GaussianBlur(white, (3, 3), _SMEAR_PX, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(grain / np.float32(_smear_gain()), np.float32)


@numba.njit(cache=True)
def _expose(
    color: np.ndarray, light_of: np.ndarray, grain: np.ndarray, sigma2: np.float32, to_srgb: np.ndarray
) -> np.ndarray:
    """One pass over the pixels instead of twenty: what costs is the memory.

    Args:
        color: sRGB, shape (H, W, 3) uint8.
        light_of: Linear light of each byte of each channel, shape (256, 3) float32.
        grain: Noise of a standard deviation of one, shape (H, W, 3) float32; none where it has no pixels.
        sigma2: Variance of the noise in a mid-grey pixel.
        to_srgb: See ``_to_srgb``.
    """
    height, width, channels = color.shape
    out = np.empty_like(color)
    none, one, steps = np.float32(0), np.float32(1), np.float32(_STEPS - 1)
    read, photons, grey = np.float32(_READ_SHARE), np.float32(1 - _READ_SHARE), np.float32(_MID_GREY)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                light = light_of[color[y, x, c], c]
                if grain.size:
                    variance = sigma2 * (read + photons * min(max(light, none), one) / grey)
                    light += grain[y, x, c] * np.sqrt(variance)
                light = min(max(light, none), one)
                out[y, x, c] = to_srgb[np.uint16(np.sqrt(light) * steps + np.float32(0.5))]
    return out


@cache
def _smear_gain() -> float:
    """What the smear leaves of the noise's standard deviation."""
    kernel = cv2.getGaussianKernel(3, _SMEAR_PX)
    return float(np.sqrt(((kernel @ kernel.T) ** 2).sum()))
