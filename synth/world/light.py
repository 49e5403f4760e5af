"""What lights a place: sun, sky and lamps, in linear colour and in units of the renderer's own.

A strength is the irradiance that a surface facing the light gets, where 1 makes a white surface as bright
as one. The renderer exposes for the place (``reference_irradiance``), so that only ratios of strengths matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from spinepose.errors import InputError

Rgb = tuple[float, float, float]


def rgb(values: Iterable[float]) -> Rgb:
    """Three numbers as a tuple of plain floats."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue


@dataclass(frozen=True)
class Lamp:
    """A small lamp, or a window seen as one.

    Attributes:
        position_m: Centre, world metres.
        color: Linear RGB with a luminance near one.
        strength: Irradiance one metre away, facing the lamp.
        radius_m: Size of the source: softens its shadow and its near field.
        direction: Axis of the lit side, for windows and shades; (0, 0, 0) shines all ways.
        casts_shadow: Whether it gets a shadow map; the first two lamps that ask for one get it.
    """

    position_m: Rgb
    color: Rgb = (1.0, 1.0, 1.0)
    strength: float = 1.0
    radius_m: float = 0.15
    direction: Rgb = (0.0, 0.0, 0.0)
    casts_shadow: bool = False


@dataclass(frozen=True)
class Light:
    """All light of a scene.

    Attributes:
        sun_azimuth_deg: Where the sun stands: 0 is +x, 90 is +y.
        sun_elevation_deg: Height above the horizon, degrees.
        sun_strength: Irradiance of the sun on a surface that faces it; 0 is an overcast day.
        sun_temperature_k: Colour temperature of the sun, kelvin.
        sky_strength: Irradiance of the sky on the ground (indoors: of the ceiling's bounce).
        sky_color: Linear RGB of the light from above.
        ground_color: Linear RGB of the light from below, relative to ``sky_strength``.
        horizon_color: Linear RGB of the horizon and of the fog.
        fog_per_m: Extinction of the haze, 1/metre.
        cloud_cover: 0 clear to 1 overcast; choose the sky's picture.
        exposure_ev: Stops added to the exposure that suits the place.
        lamps: Lamps; at most ``MAX_LAMPS`` are drawn.
    """

    sun_azimuth_deg: float = 40.0
    sun_elevation_deg: float = 45.0
    sun_strength: float = 3.0
    sun_temperature_k: float = 5400.0
    sky_strength: float = 1.0
    sky_color: Rgb = (0.75, 0.95, 1.35)
    ground_color: Rgb = (0.30, 0.30, 0.22)
    horizon_color: Rgb = (0.80, 0.92, 1.10)
    fog_per_m: float = 0.0
    cloud_cover: float = 0.3
    exposure_ev: float = 0.0
    lamps: tuple[Lamp, ...] = ()


MAX_LAMPS = 8
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])

_BOUNDS: dict[str, tuple[float, float]] = {
    "sun_azimuth_deg": (-360.0, 360.0),
    "sun_elevation_deg": (2.0, 90.0),
    "sun_strength": (0.0, 100.0),
    "sun_temperature_k": (1700.0, 25000.0),
    "sky_strength": (0.0, 100.0),
    "fog_per_m": (0.0, 1.0),
    "cloud_cover": (0.0, 1.0),
    "exposure_ev": (-8.0, 8.0),
}
_COLORS = ("sky_color", "ground_color", "horizon_color")


def light_from_json(changes: dict[str, Any], base: Light | None = None) -> Light:
    """Change a light by the fields of a JSON object; lamps stay those of the base.

    Args:
        changes: Field name to value; numbers, and three numbers for a colour.
        base: The light to start from; the default light when absent.

    Returns:
        The changed light.

    Raises:
        InputError: A field is unknown, not a number, or out of bounds.
    """
    checked: dict[str, Any] = {}
    known = [field.name for field in fields(Light) if field.name != "lamps"]
    for name, value in changes.items():
        if name in _BOUNDS:
            low, high = _BOUNDS[name]
            if not _is_number(value) or not low <= value <= high:
                raise InputError(f"light field {name} is {value!r}; give a number from {low:g} to {high:g}")
            checked[name] = float(value)
        elif name in _COLORS:
            if not isinstance(value, list | tuple) or len(value) != 3 or not all(map(_is_number, value)):
                raise InputError(f"light field {name} is {value!r}; give three numbers, linear RGB")
            checked[name] = tuple(float(number) for number in value)
        else:
            raise InputError(f"light has no field {name!r}; it has {', '.join(known)}")
    return replace(base or Light(), **checked)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)


def sun_direction(light: Light) -> np.ndarray:
    """The unit vector towards the sun in the world, shape (3,)."""
    azimuth, elevation = np.radians(light.sun_azimuth_deg), np.radians(light.sun_elevation_deg)
    return np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )


def temperature_color(kelvin: float) -> np.ndarray:
    """Linear sRGB of a black body, scaled to a luminance of one.

    The chromaticity is the cubic fit of Kim et al., US patent 7024034 (2002), valid from 1667 K to 25000 K.
    """
    t = 1000.0 / kelvin
    if kelvin <= 4000.0:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin <= 2222.0:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin <= 4000.0:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1.0 - x - y) / y])
    to_srgb = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]  # IEC 61966-2-1
    )
    return np.clip(to_srgb @ xyz, 0.0, None)


def reference_irradiance(light: Light, point_m: np.ndarray, enclosed: bool) -> np.ndarray:
    """The irradiance that a place is exposed for: that of a person's front, averaged over directions.

    Args:
        light: The light.
        point_m: Where people stand, chest high, world metres, shape (3,).
        enclosed: In a room the sun reaches only patches, and is left out.

    Returns:
        Irradiance, linear RGB, never zero, shape (3,).
    """
    total = light.sky_strength * (np.array(light.sky_color) + light.ground_color) / 2
    if not enclosed:
        total = total + 0.42 * light.sun_strength * temperature_color(light.sun_temperature_k)
    for lamp in light.lamps:
        offset = point_m - np.array(lamp.position_m)
        distance2 = max(float(offset @ offset), 0.25)
        facing = 1.0
        if any(lamp.direction):
            axis = np.array(lamp.direction) / np.linalg.norm(lamp.direction)
            facing = max(0.0, float(offset @ axis) / np.sqrt(distance2))
        total = total + 0.5 * lamp.strength * facing * np.array(lamp.color) / distance2
    return np.maximum(total, 1e-3)
