"""The lights on the GPU: shadow maps, the sky's picture, and the uniforms that shading reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np

from synth.camera import Camera
from synth.world.light import (
    LUMINANCE,
    MAX_LAMPS,
    Lamp,
    Light,
    reference_irradiance,
    sun_direction,
    temperature_color,
)
from synth.world.raster_frustum import lamp_matrix, ndc_to_world_rays, sun_matrix, to_texture
from synth.world.sky import sky_panorama

if TYPE_CHECKING:
    from synth.world.place_types import Place

_NEAR, _FAR, _LAMP0, _LAMP1, _SKY = 3, 4, 5, 6, 7
_WHITE_TARGET = 1.15  # exposed brightness of a white sheet in the place's mean light; chosen by eye
_BALANCE = 0.6  # share of the light's colour that the camera takes out


class LightRig:
    """Holds the light, its shadow maps and its sky.

    The sun has two maps: a near one round the people, drawn for every picture, and a far one of the place
    without people, drawn again only when the light or an object changes.
    """

    def __init__(self, context: moderngl.Context, shadow_size: int) -> None:
        self._context, self._size = context, shadow_size
        self._maps = {unit: self._shadow_map(shadow_size) for unit in (_NEAR, _FAR)}
        self._maps |= {unit: self._shadow_map(shadow_size // 2) for unit in (_LAMP0, _LAMP1)}
        self._light = Light()
        self._place: Place | None = None
        self._sky: moderngl.Texture | None = None
        self._far_fresh = False
        self._near_radius = 4.0
        self._matrices: dict[int, np.ndarray] = dict.fromkeys(self._maps, np.eye(4))

    def _shadow_map(self, size: int) -> tuple[moderngl.Texture, moderngl.Framebuffer]:
        texture = self._context.depth_texture((size, size))
        texture.compare_func = "<="
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return texture, self._context.framebuffer([], texture)

    def set_place(self, place: Place) -> None:
        """Take a place's light, centre and sky."""
        self._place = place
        self.set_light(place.light)

    def set_light(self, light: Light) -> None:
        """Replace the light."""
        self._light, self._sky, self._far_fresh = light, self._released(self._sky), False

    def forget_far(self) -> None:
        """Say that an object of the place has changed."""
        self._far_fresh = False

    @staticmethod
    def _released(texture: moderngl.Texture | None) -> None:
        if texture is not None:
            texture.release()

    # --- shadows

    def shadow_passes(self, people: list[tuple[np.ndarray, float]]) -> Iterator[tuple[np.ndarray, bool]]:
        """Prepare each shadow map that is due and yield its matrix and whether people are drawn into it.

        Args:
            people: Centre and radius of each character's ball, world metres.
        """
        if self._light.sun_strength > 0:
            center, radius = self._near_ball(people)
            self._near_radius = radius
            sun = sun_direction(self._light)
            yield self._begin(_NEAR, sun_matrix(sun, center, radius, self._size)), True
            if not self._far_fresh:
                far_radius = self._place.shadow_radius_m if self._place else 12.0
                yield self._begin(_FAR, sun_matrix(sun, self._middle(), far_radius, self._size)), False
                self._far_fresh = True
        for unit, lamp in zip((_LAMP0, _LAMP1), self._shadow_lamps(), strict=False):
            axis = np.array(lamp.direction) if any(lamp.direction) else np.array([0.0, 0.0, -1.0])
            yield self._begin(unit, lamp_matrix(np.array(lamp.position_m), axis)), True
        self._context.polygon_offset = 0.0, 0.0

    def _begin(self, unit: int, matrix: np.ndarray) -> np.ndarray:
        self._matrices[unit] = matrix
        buffer = self._maps[unit][1]
        buffer.use()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.polygon_offset = 1.5, 2.0
        buffer.clear(depth=1.0)
        return matrix

    def _near_ball(self, people: list[tuple[np.ndarray, float]]) -> tuple[np.ndarray, float]:
        """The ball that the near map covers, its radius in steps so that its texels keep their size."""
        if not people:
            return self._middle(), 4.0
        low = np.min([center - radius for center, radius in people], axis=0)
        high = np.max([center + radius for center, radius in people], axis=0)
        radius = float(np.linalg.norm(high - low)) / 2 + 0.6
        return (low + high) / 2, min(np.ceil(radius), 12.0)

    def _middle(self) -> np.ndarray:
        if self._place is None:
            return np.array([0.0, 0.0, 1.0])
        x0, y0, x1, y1 = self._place.free_area_m
        return np.array([(x0 + x1) / 2, (y0 + y1) / 2, self._place.floor_z_m + 1.0])

    def _shadow_lamps(self) -> list[Lamp]:
        return [lamp for lamp in self._light.lamps[:MAX_LAMPS] if lamp.casts_shadow][:2]

    # --- what shading reads

    def uniforms(self, camera: Camera) -> dict[str, Any]:
        """Uniforms of the shading program for a picture."""
        light = self._light
        sky_light = light.sky_strength * np.array(light.sky_color)
        texels = (
            2
            * np.array([self._near_radius, self._place.shadow_radius_m if self._place else 12.0])
            / self._size
        )
        return {
            "u_eye": tuple(camera.position_world_m),
            "u_sun_direction": tuple(sun_direction(light)),
            "u_sun_light": tuple(light.sun_strength * temperature_color(light.sun_temperature_k)),
            "u_sky_light": tuple(sky_light),
            "u_ground_light": tuple(light.sky_strength * np.array(light.ground_color)),
            "u_fog": (*(light.sky_strength * np.array(light.horizon_color)), light.fog_per_m),
            "u_near_matrix": to_texture(self._matrices[_NEAR]),
            "u_far_matrix": to_texture(self._matrices[_FAR]),
            "u_lamp_matrix0": to_texture(self._matrices[_LAMP0]),
            "u_lamp_matrix1": to_texture(self._matrices[_LAMP1]),
            "u_shadow_bias_m": tuple(2.0 * texels),
            "u_exposure": self.exposure(),
            "u_ndc_to_world": ndc_to_world_rays(camera),
            "u_near_shadow": _NEAR,
            "u_far_shadow": _FAR,
            "u_lamp_shadow0": _LAMP0,
            "u_lamp_shadow1": _LAMP1,
            "u_sky": _SKY,
        } | self._lamp_uniforms()

    def _lamp_uniforms(self) -> dict[str, Any]:
        lamps = self._light.lamps[:MAX_LAMPS]
        shadowed = self._shadow_lamps()
        place, light, axis = np.zeros((MAX_LAMPS, 4)), np.zeros((MAX_LAMPS, 4)), np.zeros((MAX_LAMPS, 3))
        for i, lamp in enumerate(lamps):
            place[i] = (*lamp.position_m, lamp.radius_m)
            index = next((j for j, other in enumerate(shadowed) if other is lamp), -1)
            light[i] = (*(lamp.strength * np.array(lamp.color)), index)
            if any(lamp.direction):
                axis[i] = np.array(lamp.direction) / np.linalg.norm(lamp.direction)
        # Arrays go as flat rows: a square 4x4 array would be taken for a matrix and transposed.
        return {
            "u_lamps": len(lamps),
            "u_lamp_place": place.ravel(),
            "u_lamp_light": light.ravel(),
            "u_lamp_axis": axis.ravel(),
        }

    @property
    def _enclosed(self) -> bool:
        return bool(self._place and self._place.enclosed)

    def exposure(self) -> tuple[float, float, float]:
        """What linear light is multiplied by before the tone curve: brightness and part of the white balance."""
        reference = reference_irradiance(self._light, self._middle(), self._enclosed)
        brightness = float(LUMINANCE @ reference)
        cast = (reference / brightness) ** _BALANCE
        return tuple(_WHITE_TARGET / (brightness * cast) * 2.0**self._light.exposure_ev)

    def _outdoors(self) -> Light:
        """The light of the sky's picture: seen from a room, the sky is brighter than all within."""
        if not self._enclosed:
            return self._light
        inside = float(LUMINANCE @ reference_irradiance(self._light, self._middle(), True))
        plain = Light()
        return replace(
            self._light,
            sky_strength=2.6 * inside,
            sky_color=plain.sky_color,
            horizon_color=plain.horizon_color,
            sun_strength=3.0 * inside,
        )

    def use(self) -> None:
        """Bind the shadow maps and the sky's picture, painted first if the light is new."""
        if self._sky is None:
            seed = self._place.sky_seed if self._place else 0
            panorama = sky_panorama(
                self._outdoors(), seed, plain=self._place is None or self._place.plain_sky
            )
            height, width = panorama.shape[:2]
            self._sky = self._context.texture((width, height), 3, panorama.astype("f2").tobytes(), dtype="f2")
            self._sky.filter = (moderngl.LINEAR, moderngl.LINEAR)
            self._sky.repeat_y = False
        self._sky.use(_SKY)
        for unit, (texture, _) in self._maps.items():
            texture.use(unit)
