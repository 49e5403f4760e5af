"""The time of day of a place: its sun, sky and lamps by day, in the evening and at night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from synth.world.light import MAX_LAMPS, Lamp, Light, rgb, temperature_color

Rng = np.random.Generator
DAY, EVENING, NIGHT = "day", "evening", "night"
_SHARES = (0.62, 0.19, 0.19)


def hour_rand(rng: Rng) -> str:
    """Draw day, evening or night."""
    return (DAY, EVENING, NIGHT)[int(rng.choice(3, p=_SHARES))]


def indoor_light(
    rng: Rng,
    hour: str,
    windows: Sequence[Lamp],
    fixtures: Sequence[Lamp],
    floor_color: Sequence[float] = (1.05, 1.0, 0.92),
    bounce: float = 1.0,
    sun_azimuth_deg: tuple[float, float] = (50.0, 130.0),
) -> Light:
    """Light of a room: windows by day, lamps in the evening and at night, and what walls throw back.

    Args:
        rng: Random numbers.
        hour: ``DAY``, ``EVENING`` or ``NIGHT``.
        windows: Each as a lamp of the strength of a bright day.
        fixtures: The lamps, of the strength of the night.
        floor_color: Tint of the light that comes from below.
        bounce: How much light walls throw back: 1 for pale ones.
        sun_azimuth_deg: Range of directions from which the sun may come: the windows' side.

    Returns:
        The light; its first two lamps that cast shadows are the strongest.
    """
    daylight = {DAY: float(rng.uniform(0.45, 1.0)), EVENING: float(rng.uniform(0.05, 0.16)), NIGHT: 0.0}[hour]
    sky = temperature_color(float(rng.uniform(5600, 7200)) * (1.25 if hour == EVENING else 1.0))
    # Lamps that are on by day are hardly seen in the light of a window.
    share = {DAY: float(rng.choice([0.0, 0.35, 0.8])), EVENING: float(rng.uniform(0.6, 1.0)), NIGHT: 1.0}[
        hour
    ]
    if not windows:
        share = max(share, 0.9)
    lamps = [
        replace(lamp, color=rgb(sky), strength=lamp.strength * daylight) for lamp in windows if daylight > 0
    ]
    lamps += [
        replace(lamp, strength=lamp.strength * share) for lamp in fixtures if lamp.strength * share > 0.02
    ]
    lamps = sorted(lamps, key=lambda lamp: -lamp.strength)[:MAX_LAMPS]
    power = sum(lamp.strength for lamp in lamps)
    mixed = np.sum([np.array(lamp.color) * lamp.strength for lamp in lamps], axis=0) / max(power, 1e-6)
    ambient = 0.42 * bounce * (0.55 + 0.45 * min(1.0, power / 8.0))
    sunny = hour == DAY and bool(windows) and rng.random() < 0.5
    elevation = float(rng.uniform(20, 50))
    return Light(
        sun_azimuth_deg=float(rng.uniform(*sun_azimuth_deg)),
        sun_elevation_deg=elevation,
        sun_strength=float(rng.uniform(1.6, 3.4) * daylight) if sunny else 0.0,
        sun_temperature_k=4300 + 25 * elevation,
        sky_strength=ambient,
        sky_color=rgb(mixed),
        ground_color=rgb(0.6 * mixed * np.asarray(floor_color)),
        horizon_color=rgb(np.array([1.5, 1.65, 1.9])),
        cloud_cover=float(rng.uniform(0.2, 0.8)),
        exposure_ev=float(rng.normal(0.2, 0.12))
        + (0.35 if hour == NIGHT else 0.15 if hour == EVENING else 0.0),
        lamps=tuple(lamps),
    )


def outdoor_light(rng: Rng, hour: str, ground_color: Sequence[float], fixtures: Sequence[Lamp] = ()) -> Light:
    """Light under the sky: from a clear noon to a lamp-lit night.

    Args:
        rng: Random numbers.
        hour: ``DAY``, ``EVENING`` or ``NIGHT``.
        ground_color: Albedo of the ground, linear RGB: the tint of the light from below.
        fixtures: Street lamps and shop windows, of the strength of the night.
    """
    if hour == NIGHT:
        return _night(rng, ground_color, fixtures)
    cover = float(rng.uniform(0.05, 1.0))
    evening = hour == EVENING
    elevation = float(rng.uniform(4, 13) if evening else rng.uniform(18, 65))
    # Thick cloud takes the sun and whitens the sky; a low sun is weaker and redder.
    open_sky = float(np.clip(1.35 - 1.3 * cover, 0.0, 1.0))
    sun = 4.6 * open_sky * float(np.clip(0.5 + elevation / 60, 0.42, 1.1))
    clear = np.array([0.72, 0.94, 1.40])
    sky = clear + (np.array([1.0, 1.02, 1.06]) - clear) * min(1.0, 1.1 * cover)
    haze = sky * [1.12, 1.08, 0.98]
    warm = temperature_color(2300 + 70 * elevation if evening else 3300 + 45 * elevation)
    share = 0.45 if evening else 0.1
    ground = np.asarray(ground_color) * (1 + 0.35 * sun * np.sin(np.radians(elevation)))
    return Light(
        sun_azimuth_deg=float(rng.uniform(0, 360)),
        sun_elevation_deg=elevation,
        sun_strength=sun,
        sun_temperature_k=2450 + 130 * elevation if evening else 3700 + 34 * elevation,
        sky_strength=(0.8 if evening else 1.0) + 0.5 * cover,
        sky_color=rgb(sky),
        ground_color=rgb(ground),
        horizon_color=rgb((1 - share) * haze + share * warm),
        fog_per_m=float(rng.uniform(0.001, 0.004)),
        cloud_cover=cover,
        lamps=tuple(replace(lamp, strength=0.6 * lamp.strength) for lamp in fixtures[:3]) if evening else (),
    )


def _night(rng: Rng, ground_color: Sequence[float], fixtures: Sequence[Lamp]) -> Light:
    glow = np.array([0.62, 0.72, 1.0]) * 0.5 + np.array([1.0, 0.78, 0.55]) * 0.5  # sky over a town
    return Light(
        sun_azimuth_deg=float(rng.uniform(0, 360)),
        sun_elevation_deg=30.0,
        sun_strength=0.0,
        sky_strength=float(rng.uniform(0.16, 0.30)),
        sky_color=rgb(glow),
        ground_color=rgb(1.6 * np.asarray(ground_color)),
        horizon_color=rgb(0.22 * glow),
        fog_per_m=float(rng.uniform(0.002, 0.006)),
        cloud_cover=float(rng.uniform(0.0, 0.3)),
        exposure_ev=-0.35,
        lamps=tuple(fixtures[:MAX_LAMPS]),
    )
