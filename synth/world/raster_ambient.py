"""Light from all round, as nine numbers a channel: smooth enough for the eye, nine products a pixel.

The basis is that of the shader's ``ambient``: 1, y, z, x, xy, yz, 3zz - 1, xz, xx - yy, without constants.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from synth.world.light import LUMINANCE, Light, sun_direction, temperature_color

if TYPE_CHECKING:
    from synth.world.place_types import Place

_DIRECTIONS = 400
# Share of a shadowless lamp's light that reaches a wall's neighbours again; a white room keeps more.
_BOUNCE = 0.9


def basis(directions: np.ndarray) -> np.ndarray:
    """The nine functions at unit vectors, (..., 3) to (..., 9)."""
    x, y, z = np.moveaxis(np.asarray(directions, float), -1, 0)
    one = np.ones_like(x)
    return np.stack([one, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=-1)


@cache
def even_directions(count: int = _DIRECTIONS) -> np.ndarray:
    """Unit vectors spread evenly over the ball (a spiral), shape (count, 3)."""
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    z = 1 - (2 * np.arange(count) + 1) / count
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)


@cache
def _fit() -> np.ndarray:
    return np.linalg.pinv(basis(even_directions()))


def fit_ambient(irradiance: np.ndarray) -> np.ndarray:
    """Coefficients, shape (9, 3), of irradiance given at ``even_directions``, shape (N, 3)."""
    return _fit() @ irradiance


def ambient_at(coefficients: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Irradiance of surfaces that face some directions, (..., 3) to (..., 3)."""
    return np.maximum(basis(directions) @ coefficients, 0.0)


def irradiance_of_sky(radiance: np.ndarray, directions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Irradiance at ``even_directions`` under a sky; a sky of 1 all round gives 1.

    Args:
        radiance: Shape (M, 3).
        directions: Where it comes from, unit vectors, shape (M, 3).
        weights: Solid angle of each, sr, shape (M,).
    """
    cosines = np.maximum(even_directions() @ directions.T, 0.0) * weights
    return cosines @ radiance / np.pi


def outdoor_ambient(light: Light) -> np.ndarray:
    """Sky above, ground below, the horizon all round, and more from where the sun is, shape (9, 3)."""
    n = even_directions()
    sky, ground, horizon = (
        light.sky_strength * np.array(color)
        for color in (light.sky_color, light.ground_color, light.horizon_color)
    )
    up = 0.5 + 0.5 * n[:, 2:]
    side = (1 - n[:, 2:] ** 2) * 0.12
    result = (ground + (sky - ground) * up) * (1 - side) + side * horizon
    sun = light.sun_strength * temperature_color(light.sun_temperature_k)
    towards = np.maximum(n @ sun_direction(light), 0.0)[:, None]
    # Light that haze scatters forward: it comes from round the sun and is not shadowed.
    glow = 0.05 * sun * towards
    return fit_ambient(result + glow - glow.mean(axis=0))


RoomSides = tuple[np.ndarray, np.ndarray, np.ndarray]


def enclosed_ambient(light: Light, sides: RoomSides | None) -> np.ndarray:
    """Light from a room's walls, floor and ceiling, each by its colour and what falls on it, shape (9, 3).

    The mean over all directions stays what the light says; which side is bright, and how each side tints its
    light, comes from the room.

    Args:
        light: The light.
        sides: What ``room_sides`` says of the room.
    """
    n = even_directions()
    base = light.sky_strength * (np.array(light.sky_color) + light.ground_color) / 2
    up = 0.5 + 0.5 * n[:, 2:]
    flat = light.sky_strength * (light.ground_color + (np.array(light.sky_color) - light.ground_color) * up)
    if sides is None:
        return fit_ambient(flat)
    albedo, low, high = sides
    received = np.array([_received(light, low, high, side) for side in range(6)]) + base
    radiance = albedo * received  # of the sides towards +x, -x, +y, -y, +z, -z
    share = np.concatenate([np.maximum(n, 0) ** 2, np.maximum(-n, 0) ** 2], axis=1)[:, [0, 3, 1, 4, 2, 5]]
    cube = share @ radiance
    cube *= (LUMINANCE @ flat.mean(axis=0)) / max(float(LUMINANCE @ cube.mean(axis=0)), 1e-9)
    return fit_ambient(0.25 * flat + 0.75 * cube)


def room_sides(place: Place) -> RoomSides | None:
    """What a room's six sides reflect, and the box they make.

    Returns:
        Linear RGB of the sides towards +x, -x, +y, -y, +z, -z, shape (6, 3), and the box's low and high corner, m;
        None for a place without surfaces.
    """
    totals, areas = np.zeros((6, 3)), np.zeros(6)
    x0, y0, x1, y1 = place.camera_area_m
    low = np.array([x0, y0, place.floor_z_m])
    high = np.array([x1, y1, place.floor_z_m + 2.7])
    for item in place.objects:
        for surface in item.mesh.surfaces:
            points = surface.positions_m @ item.matrix[:3, :3].T + item.matrix[:3, 3]
            corners = points[surface.faces]
            normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
            inwards = ((corners.mean(axis=1) - (low + high) / 2) * normal).sum(axis=1) < 0
            normal = normal[inwards]  # backs of walls light nothing here
            # The side towards +x is what faces -x.
            facing = np.stack([np.maximum(s * normal[:, a], 0).sum() for a in range(3) for s in (-1, 1)])
            color = mean_color(surface.material.texture) * surface.material.color
            areas += facing
            totals += facing[:, None] * color
    if (areas <= 0).any():
        return None
    return totals / areas[:, None], low, high


def _received(light: Light, low: np.ndarray, high: np.ndarray, side: int) -> np.ndarray:
    """Mean irradiance of one side of a box by the lamps, shape (3,)."""
    axis, positive = side // 2, side % 2 == 0
    inward = np.zeros(3)
    inward[axis] = -1.0 if positive else 1.0
    grid = np.stack(np.meshgrid(*[(0.17, 0.5, 0.83)] * 3, indexing="ij"), -1).reshape(-1, 3)
    points = low + (high - low) * grid
    points[:, axis] = high[axis] if positive else low[axis]
    total = np.zeros(3)
    for lamp in light.lamps:
        offset = np.array(lamp.position_m) - points
        distance2 = np.maximum((offset**2).sum(axis=1), 0.3)
        share = np.maximum(offset @ inward, 0) / distance2**1.5
        if any(lamp.direction):
            aim = np.array(lamp.direction) / np.linalg.norm(lamp.direction)
            share = share * np.maximum(-(offset @ aim), 0) / np.sqrt(distance2)
        total += _BOUNCE * lamp.strength * np.array(lamp.color) * share.mean()
    return total


def mean_color(texture: np.ndarray | None) -> np.ndarray:
    """Mean linear RGB of an sRGB texture, shape (3,)."""
    if texture is None:
        return np.ones(3)
    step = max(1, min(texture.shape[:2]) // 32)
    values = texture[::step, ::step, :3].reshape(-1, 3) / 255.0
    return np.mean(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4), axis=0)
