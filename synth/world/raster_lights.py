"""The lights on the GPU: shadow maps, what lies behind everything, and the uniforms that shading reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np

from synth.camera import Camera, to_camera
from synth.world.light import (
    LUMINANCE,
    MAX_LAMPS,
    Lamp,
    Light,
    reference_irradiance,
    sun_direction,
    temperature_color,
)
from synth.world.raster_ambient import RoomSides, enclosed_ambient, outdoor_ambient, room_sides
from synth.world.raster_frustum import lamp_matrix, ndc_to_world_rays, sun_matrix, to_texture, view_matrix
from synth.world.raster_panorama import PANORAMA_HEIGHT_M, panorama_ambient, panorama_by_sine
from synth.world.sky import LOWEST_SINE, sky_panorama

if TYPE_CHECKING:
    from synth.world.place_types import Place

_NEAR, _PLACE, _LAMP0, _LAMP1, _SKY = 3, 4, 5, 6, 7
_WHITE_TARGET = 1.15  # exposed brightness of a white sheet in the place's mean light; chosen by eye
_PICTURE_GAIN = 1.2  # makes the tone curve leave the mid tones of a finished picture where they are
_BALANCE = 0.6  # share of the light's colour that the camera takes out
_SHINING = 2  # lamps that make highlights; the others only give light
_NIGHT = 0.45  # mean irradiance outdoors below which a camera leaves pictures darker
_SOFT_M = (0.012, 0.02, 0.05)  # half width of the sun's penumbra in the near, middle and far map


@dataclass(frozen=True)
class ShadowPass:
    """One shadow map to draw: through what, and whom.

    Attributes:
        view_projection: World to clip space, shape (4, 4).
        still: Draw what stands still.
        moving: Draw people and what was brought along with them.
    """

    view_projection: np.ndarray
    still: bool
    moving: bool


class _ShadowMap:
    def __init__(self, context: moderngl.Context, size: tuple[int, int], copied: bool = False) -> None:
        self.size = size
        self.texture = context.depth_texture(size)
        self.texture.compare_func = "<="
        self.texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self.texture.repeat_x = self.texture.repeat_y = False
        # A copy needs a colour beside the depth, or nothing is copied; nobody draws into it.
        self.buffer = context.framebuffer([context.renderbuffer(size, 1)] if copied else [], self.texture)
        if copied:
            self.buffer.color_mask = False, False, False, False


class LightRig:
    """Holds the light, its shadow maps and its sky.

    What stands still is drawn into shadow maps when the sun, a lamp's place or an object changes, what moves into
    others for every picture: a fine one of the sun round the people, and those of the two lamps, which begin as copies.
    """

    def __init__(self, context: moderngl.Context, shadow_size: int) -> None:
        """Make the shadow maps.

        Args:
            context: The context.
            shadow_size: Texels along a side of the place's shadow map of the sun.
        """
        self._context, self._size = context, shadow_size
        lamp = shadow_size // 2
        self._maps = {
            _NEAR: _ShadowMap(context, (shadow_size, shadow_size)),
            _PLACE: _ShadowMap(context, (2 * shadow_size, shadow_size)),
            _LAMP0: _ShadowMap(context, (lamp, lamp), copied=True),
            _LAMP1: _ShadowMap(context, (lamp, lamp), copied=True),
        }
        self._still = {unit: _ShadowMap(context, (lamp, lamp), copied=True) for unit in (_LAMP0, _LAMP1)}
        self._light = Light()
        self._place: Place | None = None
        self._sky: moderngl.Texture | None = None
        self._ambient: np.ndarray | None = None
        self._sides: RoomSides | None = None
        self._fresh: set[int] = set()
        self._sun = sun_direction(self._light)
        self._near_radius = 4.0
        self._matrices: dict[str, np.ndarray] = {}

    def set_place(self, place: Place) -> None:
        """Take a place's light, centre and sky."""
        self._place = place
        self._sides = room_sides(place) if place.enclosed and place.panorama is None else None
        self._fresh.clear()
        self.set_light(place.light)

    def set_light(self, light: Light) -> None:
        """Replace the light."""
        if self._sky is not None:
            self._sky.release()
        self._light, self._sky, self._ambient = light, None, None

    def forget_still(self) -> None:
        """Say that an object that stands still has changed."""
        self._fresh.clear()

    # --- shadows

    def shadow_passes(self, camera: Camera, movers: list[tuple[np.ndarray, float]]) -> Iterator[ShadowPass]:
        """Prepare each shadow map that is due and yield what to draw into it.

        Args:
            camera: Behind a photograph the sun goes with the camera.
            movers: Centre and radius of the ball round each mover, world metres.
        """
        self._face_sun(camera)
        if self._light.sun_strength > 0:
            if _PLACE not in self._fresh:
                yield from self._place_passes()
                self._fresh.add(_PLACE)
            center, self._near_radius = self._near_ball(movers)
            near = sun_matrix(self._sun, center, self._near_radius, self._size)
            self._matrices["near"] = near
            self._begin(self._maps[_NEAR])
            yield ShadowPass(near, still=False, moving=True)
        for unit, lamp in zip((_LAMP0, _LAMP1), self._shadow_lamps(), strict=False):
            axis = np.array(lamp.direction) if any(lamp.direction) else np.array([0.0, 0.0, -1.0])
            matrix = lamp_matrix(np.array(lamp.position_m), axis)
            name = f"lamp{unit - _LAMP0}"
            moved = not np.array_equal(self._matrices.get(name, np.zeros(0)), matrix)
            self._matrices[name] = matrix
            if moved or unit not in self._fresh:
                self._begin(self._still[unit])
                yield ShadowPass(matrix, still=True, moving=False)
                self._fresh.add(unit)
            self._copy_still(unit)
            yield ShadowPass(matrix, still=False, moving=True)
        self._context.polygon_offset = 0.0, 0.0

    def _place_passes(self) -> Iterator[ShadowPass]:
        middle, radius = self._middle(), self._middle_radius()
        for index, (name, reach) in enumerate((("middle", radius), ("far", self._far_radius()))):
            self._matrices[name] = sun_matrix(self._sun, middle, reach, self._size)
            self._begin(self._maps[_PLACE], index)
            yield ShadowPass(self._matrices[name], still=True, moving=False)

    def _face_sun(self, camera: Camera) -> None:
        light = self._light
        if self._place is not None and self._place.backdrop is not None:
            forward = camera.R_world_to_cam[2]
            heading = np.degrees(np.arctan2(forward[1], forward[0]))
            light = replace(light, sun_azimuth_deg=light.sun_azimuth_deg + float(heading))
        sun = sun_direction(light)
        if not np.array_equal(sun, self._sun):
            self._sun = sun
            self._fresh.discard(_PLACE)

    def _begin(self, shadow_map: _ShadowMap, half: int = 0) -> None:
        side = shadow_map.size[1]
        corner = (half * side, 0, side, side)
        shadow_map.buffer.use()
        shadow_map.buffer.viewport = corner
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.polygon_offset = 1.5, 2.0
        shadow_map.buffer.clear(depth=1.0, viewport=corner)

    def _copy_still(self, unit: int) -> None:
        self._context.copy_framebuffer(self._maps[unit].buffer, self._still[unit].buffer)
        self._maps[unit].buffer.use()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.polygon_offset = 1.5, 2.0

    def _near_ball(self, movers: list[tuple[np.ndarray, float]]) -> tuple[np.ndarray, float]:
        """The ball that the near map covers, its radius in steps so that its texels keep their size."""
        if not movers:
            return self._middle(), 4.0
        low = np.min([center - radius for center, radius in movers], axis=0)
        high = np.max([center + radius for center, radius in movers], axis=0)
        radius = float(np.linalg.norm(high - low)) / 2 + 0.3
        return (low + high) / 2, min(np.ceil(2 * radius) / 2, 12.0)

    def _middle(self) -> np.ndarray:
        if self._place is None:
            return np.array([0.0, 0.0, 1.0])
        x0, y0, x1, y1 = self._place.free_area_m
        return np.array([(x0 + x1) / 2, (y0 + y1) / 2, self._place.floor_z_m + 1.0])

    def _middle_radius(self) -> float:
        if self._place is None:
            return 4.0
        x0, y0, x1, y1 = self._place.free_area_m
        return min(float(np.hypot(x1 - x0, y1 - y0)) / 2 + 1.5, 12.0)

    def _far_radius(self) -> float:
        return self._place.shadow_radius_m if self._place else 12.0

    def _lamps(self) -> list[Lamp]:
        """The lamps that are drawn, those with shadow maps first, then by how much they light the middle."""
        middle = self._middle()

        def weakness(lamp: Lamp) -> tuple[bool, float]:
            distance2 = float(((np.array(lamp.position_m) - middle) ** 2).sum())
            return not lamp.casts_shadow, -lamp.strength / max(distance2, 0.25)

        lit = [lamp for lamp in self._light.lamps[:MAX_LAMPS] if lamp.strength > 0]
        return sorted(lit, key=weakness)

    def _shadow_lamps(self) -> list[Lamp]:
        return [lamp for lamp in self._lamps() if lamp.casts_shadow][:2]

    # --- what shading reads

    def defines(self) -> dict[str, Any]:
        """What the shading program must be compiled for."""
        result: dict[str, Any] = {"CATCHER": 0}
        if self._light.sun_strength > 0:
            result["SUN"] = 1
        if self._lamps():
            result |= {"LAMPS": 1, "SHADOW_LAMPS": len(self._shadow_lamps())}
            if len(self._lamps()) > _SHINING:
                result["SOFT_LAMPS"] = 1
        if self._light.fog_per_m > 0:
            result["FOG"] = 1
        if self._place is not None and self._place.shadow_catcher:
            result["CATCHER"] = 2 if self.is_photo else 1
        return result

    @property
    def is_photo(self) -> bool:
        """Whether a photograph lies behind everything."""
        return self._place is not None and self._place.backdrop is not None

    def uniforms(self, camera: Camera) -> dict[str, Any]:
        """Uniforms of the shading and sky programs for a picture."""
        light = self._light
        return {
            "u_eye": tuple(camera.position_world_m),
            "u_ambient": self._ambient_rows().ravel(),
            "u_white": float(LUMINANCE @ self._reference()),
            "u_fog": (*(light.sky_strength * np.array(light.horizon_color)), light.fog_per_m),
            "u_exposure": self.exposure(),
            "u_ndc_to_world": ndc_to_world_rays(camera),
            "u_sky": _SKY,
            "u_lowest_sine": -1.0 if self._place is not None and self._place.panorama is not None else LOWEST_SINE,
            "u_cover": self._cover(camera),
            "u_panorama_height_m": PANORAMA_HEIGHT_M,
        } | self._sun_uniforms() | self._lamp_uniforms()  # fmt: skip

    def _sun_uniforms(self) -> dict[str, Any]:
        light = self._light
        if light.sun_strength <= 0:
            return {}
        radii = np.array([self._near_radius, self._middle_radius(), self._far_radius()])
        texels = 2 * radii / self._size
        # Wide enough for a real sun's soft edge, and never less than what hides the texels.
        spread = np.maximum(_SOFT_M, texels) / (2 * radii)
        return {
            "u_sun_direction": tuple(self._sun),
            "u_sun_light": tuple(light.sun_strength * temperature_color(light.sun_temperature_k)),
            "u_near_matrix": to_texture(self._matrices["near"]),
            "u_middle_matrix": to_texture(self._matrices["middle"]),
            "u_far_matrix": to_texture(self._matrices["far"]),
            "u_shadow_bias_m": tuple(np.array([2.0, 3.2, 3.2]) * texels),
            "u_shadow_spread": tuple(spread),
            "u_near_shadow": _NEAR,
            "u_place_shadow": _PLACE,
        }

    def _lamp_uniforms(self) -> dict[str, Any]:
        lamps = self._lamps()
        place, light, axis = np.zeros((MAX_LAMPS, 4)), np.zeros((MAX_LAMPS, 3)), np.zeros((MAX_LAMPS, 3))
        for i, lamp in enumerate(lamps):
            place[i] = (*lamp.position_m, lamp.radius_m)
            light[i] = lamp.strength * np.array(lamp.color)
            if any(lamp.direction):
                axis[i] = np.array(lamp.direction) / np.linalg.norm(lamp.direction)
        return {
            "u_lamps": min(len(lamps), _SHINING),
            "u_soft_lamps": max(len(lamps) - _SHINING, 0),
            "u_lamp_place": place.ravel(),
            "u_lamp_light": light.ravel(),
            "u_lamp_axis": axis.ravel(),
        }

    def shadow_uniforms(self, camera: Camera) -> dict[str, Any]:
        """Uniforms of the lamps' shadows, which are reckoned in camera space."""
        lamps = self._shadow_lamps()
        places = np.zeros((2, 4))
        result: dict[str, Any] = {"u_lamp_shadow0": _LAMP0, "u_lamp_shadow1": _LAMP1}
        to_world = np.linalg.inv(view_matrix(camera))
        for i, lamp in enumerate(lamps):
            places[i] = (*to_camera(camera, np.array(lamp.position_m)), lamp.radius_m)
            result[f"u_lamp_matrix{i}"] = to_texture(self._matrices[f"lamp{i}"]) @ to_world
        return result | {"u_shadow_lamp": places.ravel()}

    def _ambient_rows(self) -> np.ndarray:
        if self._ambient is None:
            place = self._place
            if place is not None and place.panorama is not None:
                self._ambient = panorama_ambient(place.panorama) * self._light.sky_strength
            elif place is not None and place.enclosed:
                self._ambient = enclosed_ambient(self._light, self._sides)
            else:
                self._ambient = outdoor_ambient(self._light)
        return self._ambient

    @property
    def _pictured(self) -> bool:
        place = self._place
        return place is not None and (place.backdrop is not None or place.panorama is not None)

    @property
    def _enclosed(self) -> bool:
        return bool(self._place and self._place.enclosed)

    def _reference(self) -> np.ndarray:
        return reference_irradiance(self._light, self._middle(), self._enclosed)

    def exposure(self) -> tuple[float, float, float]:
        """What linear light is multiplied by before the tone curve: brightness and part of the white balance.

        A night outdoors stays darker than a day, as it does in photographs: by a third of what is missing.
        """
        stops = self._light.exposure_ev
        if self._pictured:  # the picture was exposed and balanced when it was taken
            gain = _PICTURE_GAIN * 2.0**stops
            return gain, gain, gain
        reference = self._reference()
        brightness = float(LUMINANCE @ reference)
        cast = (reference / brightness) ** _BALANCE
        if not self._enclosed:
            stops -= 0.35 * float(np.clip(np.log2(_NIGHT / brightness), 0.0, 4.0))
        red, green, blue = _WHITE_TARGET / (brightness * cast) * 2.0**stops
        return float(red), float(green), float(blue)

    def _outdoors(self) -> Light:
        """The light of the sky's picture: seen from a room by day, the sky is brighter than all within."""
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

    # --- what lies behind

    def use(self) -> None:
        """Bind the shadow maps and the sky's picture, made first if the light is new."""
        if self._sky is None:
            self._sky = self._upload_sky()
        self._sky.use(_SKY)
        for unit, shadow_map in self._maps.items():
            shadow_map.texture.use(unit)

    def _upload_sky(self) -> moderngl.Texture:
        place = self._place
        if place is not None and place.backdrop is not None:
            height, width = place.backdrop.shape[:2]
            rgba = np.dstack([place.backdrop, np.full((height, width), 255, np.uint8)])
            texture = self._context.texture((width, height), 4, rgba.tobytes(), internal_format=0x8C43)
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
            return texture
        if place is not None and place.panorama is not None:
            picture = panorama_by_sine(place.panorama)
        else:
            seed = place.sky_seed if place else 0
            picture = sky_panorama(self._outdoors(), seed, plain=place is None or place.plain_sky)
        height, width = picture.shape[:2]
        texture = self._context.texture((width, height), 3, picture.astype("f2").tobytes(), dtype="f2")
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_y = False
        return texture

    def _cover(self, camera: Camera) -> tuple[float, float]:
        """The share of the photograph that a frame shows when it is covered and the rest cut off."""
        if self._place is None or self._place.backdrop is None:
            return 1.0, 1.0
        height, width = self._place.backdrop.shape[:2]
        frame, photo = camera.width / camera.height, width / height
        return min(1.0, frame / photo), min(1.0, photo / frame)
