"""Draws what differs between pictures of one place: its light, and what the camera does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.scene import SensorSpec

# Below this a place has its own night or overcast day, which stays as it is.
_SUNLIT = 0.2


@dataclass(frozen=True)
class SensorRanges:
    """What cameras do to the light.

    Attributes:
        exposure_ev: Standard deviation of the exposure's error, stops.
        noise: Noise of the sensor in a mid-grey pixel, linear light, range; drawn evenly.
        blur_chance: Share of scenes shot with a slow shutter; each of their pictures costs several.
        shutter_s: How long such a shutter is open, range, seconds.
        temperature_shift: Standard deviation of the white balance's error.
        jpeg_quality: Range of the stored pictures' quality.
    """

    exposure_ev: float = 0.15
    noise: tuple[float, float] = (0.0, 0.015)
    blur_chance: float = 0.0
    shutter_s: tuple[float, float] = (1 / 125, 1 / 25)
    temperature_shift: float = 0.25
    jpeg_quality: tuple[int, int] = (80, 96)


def sensor_rand(rng: np.random.Generator, ranges: SensorRanges) -> SensorSpec:
    """Draw what one picture's camera does."""
    blurred = rng.random() < ranges.blur_chance
    shutter = rng.uniform(*ranges.shutter_s)
    return SensorSpec(
        exposure_ev=round(float(np.clip(rng.normal(0, ranges.exposure_ev), -1.5, 1.5)), 3),
        shutter_s=round(float(shutter), 5) if blurred else 0.0,
        noise=round(float(rng.uniform(*ranges.noise)), 4),
        temperature_shift=round(float(np.clip(rng.normal(0, ranges.temperature_shift), -1, 1)), 3),
        jpeg_quality=int(rng.integers(ranges.jpeg_quality[0], ranges.jpeg_quality[1] + 1)),
    )


def light_rand(rng: np.random.Generator, place: Any) -> dict[str, Any]:
    """Draw how a scene's light differs from its place's own: another hour of the same kind of day."""
    own = place.light
    exposure = own.exposure_ev + float(np.clip(rng.normal(0, 0.25), -0.6, 0.6))
    light: dict[str, Any] = {"exposure_ev": round(exposure, 3)}
    if place.panorama is None and place.backdrop is None and own.sun_strength > _SUNLIT:
        light["sun_azimuth_deg"] = round(float(rng.uniform(-180, 180)), 1)
        elevation = own.sun_elevation_deg + rng.normal(0, 8)
        light["sun_elevation_deg"] = round(float(np.clip(elevation, 6, 75)), 1)
        cloud = 0.0 if rng.random() < 0.2 else rng.uniform(0.5, 1.2)
        light["sun_strength"] = round(float(own.sun_strength * cloud), 3)
        warmth = own.sun_temperature_k * rng.uniform(0.93, 1.07)
        light["sun_temperature_k"] = round(float(np.clip(warmth, 1800, 12000)))
    if place.enclosed:
        # A room's sun comes through its windows; turned round, it would shine through walls.
        light.pop("sun_azimuth_deg", None)
    return light
