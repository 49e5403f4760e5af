"""Panoramas as light: where their sun is, what comes from all round without it, and their layout on the GPU."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.world.light import LUMINANCE
from synth.world.raster_ambient import fit_ambient, irradiance_of_sky

PANORAMA_HEIGHT_M = 1.6  # taken to be photographed at a man's eye level above a flat ground
_SMALL = (128, 64)
# A sun is compact and stands out: a patch of the sky this many times brighter than the sky's mean, no wider
# than a bright cloud, that gives the ground at least this share of its light.
_SUN_TIMES = 6.0
_SUN_CLIPPED = 0.97  # a file of 8 bits cannot be brighter than white: there the sun is what is white
_SUN_WIDEST_SR = 0.12
_SUN_SHARE = 0.12
# What the sun of an 8-bit picture is taken to give the ground, in lights of its whole sky: the file cannot tell.
_CLIPPED_SUN = 1.6


@dataclass(frozen=True)
class PanoramaSun:
    """The sun of a panorama.

    Attributes:
        direction: Unit vector towards it, shape (3,).
        irradiance: Of a surface that faces it, linear RGB, shape (3,).
    """

    direction: np.ndarray
    irradiance: np.ndarray


def split_sun(panorama: np.ndarray) -> tuple[np.ndarray, PanoramaSun | None]:
    """Find the brightest compact patch above the horizon and take it out if it stands out.

    Args:
        panorama: Equirectangular, linear RGB, shape (H, W, 3): the middle column towards +x, row 0 up.

    Returns:
        The panorama small and without its sun, shape (64, 128, 3), and the sun, None on an overcast day.
    """
    small = cv2.resize(panorama.astype(np.float32), _SMALL, interpolation=cv2.INTER_AREA).astype(float)
    directions, weights = panorama_directions(small.shape[:2])
    luminance = small @ LUMINANCE
    up = directions[..., 2] > 0.02
    mean = float((luminance * weights)[up].sum() / weights[up].sum())
    peak = float(luminance[up].max())
    clipped = float(panorama.max()) <= 1.001
    level = 0.5 * peak if not clipped else max(_SUN_CLIPPED * peak, 0.5 * (peak + mean))
    if mean <= 0 or (peak < _SUN_TIMES * mean if not clipped else peak < 0.9 or peak < 1.4 * mean):
        return small, None
    count, labels = cv2.connectedComponents((up & (luminance >= level)).astype(np.uint8))
    energy = [float((luminance * weights)[labels == i].sum()) for i in range(1, count)]
    patch = labels == 1 + int(np.argmax(energy))
    around = cv2.dilate(patch.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & up
    if weights[patch].sum() > _SUN_WIDEST_SR:
        return small, None
    ring = cv2.dilate(around.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~around & up
    rest = small.copy()
    rest[around] = np.minimum(small[around], np.median(small[ring], axis=0))
    excess = ((small - rest) * weights[..., None]).sum(axis=(0, 1)) / np.pi
    direction = (directions * (luminance * weights * patch)[..., None]).sum(axis=(0, 1))
    direction /= np.linalg.norm(direction)
    sky = float((rest @ LUMINANCE * weights * np.maximum(directions[..., 2], 0)).sum() / np.pi)
    if clipped:
        color = np.maximum(excess, 1e-6) / max(float(excess @ LUMINANCE), 1e-6)
        excess = color * _CLIPPED_SUN * sky
    if float(excess @ LUMINANCE) * direction[2] < _SUN_SHARE * sky:
        return small, None
    return rest, PanoramaSun(direction, excess)


def panorama_directions(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of a panorama looks, shape (H, W, 3), and its solid angle, sr, shape (H, W)."""
    height, width = shape
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    azimuth = (0.5 - (np.arange(width) + 0.5) / width) * 2 * np.pi
    cosine = np.cos(elevation)[:, None]
    directions = np.stack(
        np.broadcast_arrays(
            cosine * np.cos(azimuth), cosine * np.sin(azimuth), np.sin(elevation)[:, None] + 0 * azimuth
        ),
        axis=-1,
    )
    weights = np.broadcast_to(cosine * (np.pi / height) * (2 * np.pi / width), shape)
    return directions, weights


def panorama_ambient(panorama: np.ndarray) -> np.ndarray:
    """Irradiance from all round without the sun, shape (9, 3); see ``raster_ambient``."""
    rest, _ = split_sun(panorama)
    small = cv2.resize(rest.astype(np.float32), (32, 16), interpolation=cv2.INTER_AREA).astype(float)
    directions, weights = panorama_directions(small.shape[:2])
    irradiance = irradiance_of_sky(small.reshape(-1, 3), directions.reshape(-1, 3), weights.reshape(-1))
    return fit_ambient(irradiance)


def panorama_by_sine(panorama: np.ndarray) -> np.ndarray:
    """Resample an equirectangular panorama to the sky's layout.

    Args:
        panorama: Shape (H, W, 3): the middle column towards +x, columns to the right turn clockwise seen from
            above, row 0 up.

    Returns:
        Shape (H', W, 3) float32: columns run with the azimuth from 0, rows with the sine of the elevation from -1.
    """
    height, width = panorama.shape[:2]
    rows = max(8, round(2 * height / np.pi))  # as fine as the panorama at the horizon
    azimuth = (np.arange(width) + 0.5) / width
    sine = -1 + 2 * (np.arange(rows) + 0.5) / rows
    x = ((0.5 - azimuth) % 1.0) * width - 0.5
    y = (0.5 - np.arcsin(sine) / np.pi) * height - 0.5
    map_x, map_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return cv2.remap(panorama.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
