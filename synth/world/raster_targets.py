"""The frame buffers that a picture is drawn into, the passes over whole pictures, and the read-back."""

from __future__ import annotations

from typing import Any

import cv2
import moderngl
import numpy as np

from synth.camera import Camera, to_camera
from synth.world import raster_gl as gl
from synth.world.raster_lights import LightRig

_SURFACE, _OPEN, _LOOKS, _COLOR = 0, 1, 2, 8
LOOKS_UNIT = _LOOKS
_RADIUS_M = (0.7, 0.14)  # how far occlusion reaches: corners of rooms, things that touch
MAX_BALLS = 32
_UNITS = {
    "u_surface": _SURFACE,
    "u_open": _OPEN,
    "u_looks": _LOOKS,
    "u_color": _COLOR,
}
_SHADE = ("pack.glsl", "tone.glsl", "sky.glsl", "shade_frag.glsl")
_SKY = ("tone.glsl", "sky.glsl", "sky_frag.glsl")


class Targets:
    """Frame buffers of one picture size: surfaces, occlusion, colour, and what smooths its edges."""

    def __init__(self, context: moderngl.Context, programs: gl.Programs, taps: int) -> None:
        """Compile the passes.

        Args:
            context: The context.
            programs: The programs.
            taps: Of ambient occlusion, at least 2.
        """
        self._context, self._programs = context, programs
        self._taps = taps
        self._size = (0, 0)
        self._owned: list[Any] = []
        self._arrays: dict[int, moderngl.VertexArray] = {}
        self._nothing = programs.screen(("nothing_frag.glsl",))
        self._blur = programs.screen(("pack.glsl", "blur_frag.glsl"))
        self._edges = programs.screen(("edges_frag.glsl",))
        # Only where the mark of an edge has its depth: software runs both sides of a branch.
        self._smoother = programs.screen(("smooth_frag.glsl",), {"AT_DEPTH": "0.0"})

    def resize(self, size: tuple[int, int]) -> None:
        """Make the buffers of a picture size (width, height), unless they are there."""
        if size == self._size:
            return
        for item in self._owned:
            item.release()
        context = self._context
        small = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        self._surface = context.texture(size, 4, dtype="u4")
        self._depth = context.depth_texture(size)
        self._rough, self._open = (context.texture(small, 2, dtype="u4") for _ in range(2))
        self._color = context.texture(size, 4)
        self._final = context.texture(size, 4)
        for texture in (self._surface, self._rough, self._open):
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._color.repeat_x = self._color.repeat_y = False
        marks = context.depth_renderbuffer(size)
        self._surface_buffer = context.framebuffer([self._surface], self._depth)
        self._rough_buffer = context.framebuffer([self._rough])
        self._open_buffer = context.framebuffer([self._open])
        # The depth of the surfaces tells sky and things apart: light is reckoned only where something is.
        self._color_buffer = context.framebuffer([self._color], self._depth)
        self._color_buffer.depth_mask = False
        self._final_buffer = context.framebuffer([self._final], marks)
        self._owned = [self._surface_buffer, self._rough_buffer, self._open_buffer, self._color_buffer]
        self._owned += [self._final_buffer, self._surface, self._depth, self._rough, self._open, self._color]
        self._owned += [self._final, marks]
        self._size = size

    def begin_surfaces(self) -> None:
        """Choose and empty the target of what surfaces are: one sample at each pixel's centre."""
        self._surface_buffer.use()
        self._surface_buffer.clear(depth=1.0)
        self._context.enable_only(moderngl.NOTHING)
        self._screen(self._nothing)
        self._context.enable_only(moderngl.DEPTH_TEST)

    def occlude(self, camera: Camera, lights: LightRig, balls: np.ndarray, owners: np.ndarray) -> None:
        """Draw at half size, and smooth, what of the light from all round and of the lamps comes through.

        Args:
            camera: The camera.
            lights: The lights.
            balls: Of people's limbs: centres and radii, world metres, shape (N, 4).
            owners: The number that the owner's pixels carry, shape (N,).
        """
        count = min(len(balls), MAX_BALLS)
        places, things = np.zeros((MAX_BALLS, 4)), np.zeros(MAX_BALLS)
        places[:count, :3] = to_camera(camera, balls[:count, :3])
        places[:count, 3], things[:count] = balls[:count, 3], owners[:count]
        to_rays = np.linalg.inv(camera.K)
        values = {
            "u_balls": count,
            "u_ball": places.ravel(),
            "u_ball_thing": things,
            "u_ray_x": tuple(to_rays[0]),
            "u_ray_y": tuple(to_rays[1]),
            "u_focal": float(camera.K[0, 0]),
            "u_world_to_camera": camera.R_world_to_cam,
            "u_radius_m": _RADIUS_M,
            "u_scale": 2,
        } | lights.shadow_uniforms(camera)
        defines = {"TAPS": self._taps, "SHADOW_LAMPS": lights.defines().get("SHADOW_LAMPS", 0)}
        self._context.enable_only(moderngl.NOTHING)
        self._surface.use(_SURFACE)
        self._rough_buffer.use()
        self._screen(self._programs.screen(("pack.glsl", "occlusion_frag.glsl"), defines), values)
        self._rough.use(_OPEN)
        self._open_buffer.use()
        self._screen(self._blur)

    def shade(self, lights: LightRig, camera: Camera) -> None:
        """Light the surfaces, and show what lies behind them."""
        values = lights.uniforms(camera)
        shade = self._programs.screen(_SHADE, lights.defines())
        sky = self._programs.screen(_SKY, {"PHOTO": 1} if lights.is_photo else {})
        self._surface.use(_SURFACE)
        self._open.use(_OPEN)
        self._color_buffer.use()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.depth_func = ">"  # the screen's triangle lies at the far end
        self._screen(shade, values)
        self._context.depth_func = "<="
        self._screen(sky, values)
        self._context.depth_func = "<"

    def smooth(self) -> None:
        """Smooth edges."""
        self._color.use(_COLOR)
        self._final_buffer.use()
        self._final_buffer.depth_mask = True
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.depth_func = "1"
        self._screen(self._edges)
        self._final_buffer.depth_mask = False
        self._context.depth_func = "=="
        self._screen(self._smoother)
        self._context.depth_func = "<"

    def _screen(self, program: gl.Program, values: dict[str, Any] | None = None) -> None:
        key = id(program)
        if key not in self._arrays:
            self._arrays[key] = self._context.vertex_array(program.gl, [])
        program.set(_UNITS | (values or {}))
        self._arrays[key].render(moderngl.TRIANGLES, vertices=3)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Read colour, shape (H, W, 3) uint8, and the surfaces' words, shape (H, W, 4) uint32 (see pack.glsl)."""
        width, height = self._size
        color = self._final.read()
        words = self._surface.read()
        # OpenCV leaves the fourth channel out in a quarter of numpy's time.
        picture = cv2.cvtColor(np.frombuffer(color, np.uint8).reshape(height, width, 4), cv2.COLOR_RGBA2RGB)
        return picture, np.frombuffer(words, np.uint32).reshape(height, width, 4)
