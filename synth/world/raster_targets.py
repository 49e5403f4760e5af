"""The frame buffers that a picture is drawn into, the passes over whole pictures, and the read-back."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np

from synth.camera import Camera
from synth.world import raster_gl as gl
from synth.world.raster_frustum import FAR_M, NEAR_M

OCCLUSION_UNIT = 1
_NORMALS_UNIT = 2
_ALBEDO_UNIT, _NORMAL_UNIT, _DEPTH_UNIT = 0, 8, 9
_SHADE_UNITS = {
    "u_albedo": _ALBEDO_UNIT,
    "u_normal": _NORMAL_UNIT,
    "u_depth": _DEPTH_UNIT,
    "u_occlusion": OCCLUSION_UNIT,
    "u_near_far": (NEAR_M, FAR_M),
}
_RADIUS_M = 0.45


class Targets:
    """Frame buffers of one picture size: ids and normals, occlusion, surfaces, colour."""

    def __init__(self, context: moderngl.Context, samples: int) -> None:
        self._context, self._samples = context, samples
        self._size = (0, 0)
        self._owned: list[Any] = []
        self._occlusion_program = gl.screen_program(context, "occlusion_frag.glsl")
        self._blur_program = gl.screen_program(context, "blur_frag.glsl")
        self._occlude_array = context.vertex_array(self._occlusion_program, [])
        self._blur_array = context.vertex_array(self._blur_program, [])
        self._shade_program = gl.screen_program(context, "tone.glsl", "shade_frag.glsl", samples=samples)
        self._shade_array = context.vertex_array(self._shade_program, [])

    def resize(self, size: tuple[int, int]) -> None:
        """Make the buffers of a picture size (width, height), unless they are there."""
        if size == self._size:
            return
        for item in self._owned:
            item.release()
        context = self._context
        small = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        self._normal_depth = context.texture(size, 4, dtype="f4")
        self._ids = context.texture(size, 1, dtype="f4")
        ids_depth = context.depth_renderbuffer(size)
        self._ids_buffer = context.framebuffer([self._normal_depth, self._ids], ids_depth)
        self._rough = context.texture(small, 1, dtype="f1")
        self._visible = context.texture(size, 1, dtype="f1")
        for texture in (self._normal_depth, self._ids, self._rough, self._visible):
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._rough_buffer = context.framebuffer([self._rough])
        self._visible_buffer = context.framebuffer([self._visible])
        self._plain = context.renderbuffer(size, 4)
        self._plain_buffer = context.framebuffer([self._plain])
        self._albedo = context.texture(size, 4, samples=self._samples)
        self._normal = context.texture(size, 4, samples=self._samples, dtype="f2")
        self._depth = context.depth_texture(size, samples=self._samples)
        self._surface_buffer = context.framebuffer([self._albedo, self._normal], self._depth)
        self._owned = [self._ids_buffer, self._rough_buffer, self._visible_buffer, self._surface_buffer]
        self._owned += [self._plain_buffer, self._normal_depth, self._ids, ids_depth, self._rough]
        self._owned += [self._visible, self._plain, self._albedo, self._normal, self._depth]
        self._size = size

    def begin_ids(self) -> None:
        """Clear and choose the target of ids, depth and normals: 0 everywhere is nothing."""
        self._ids_buffer.use()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._ids_buffer.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)

    def occlude(self, camera: Camera, enabled: bool) -> None:
        """Draw ambient occlusion from the ids pass at half size, smoothed to full size."""
        self._context.enable_only(moderngl.NOTHING)
        if not enabled:
            self._visible_buffer.clear(1.0, 1.0, 1.0, 1.0)
        else:
            K = camera.K
            gl.set_uniforms(
                self._occlusion_program,
                {
                    "u_normal_depth": _NORMALS_UNIT,
                    "u_intrinsics": (K[0, 0], K[1, 1], K[0, 2], K[1, 2]),
                    "u_world_to_camera": camera.R_world_to_cam,
                    "u_radius_m": _RADIUS_M,
                    "u_scale": 2,
                },
            )
            self._normal_depth.use(_NORMALS_UNIT)
            self._rough_buffer.use()
            self._occlude_array.render(moderngl.TRIANGLES, vertices=3)
            units = {"u_normal_depth": _NORMALS_UNIT, "u_occlusion": OCCLUSION_UNIT, "u_scale": 2}
            gl.set_uniforms(self._blur_program, units)
            self._rough.use(OCCLUSION_UNIT)
            self._visible_buffer.use()
            self._blur_array.render(moderngl.TRIANGLES, vertices=3)

    def begin_surfaces(self) -> None:
        """Clear and choose the target of what surfaces are: colour, normal, gloss, depth, each sample its own."""
        self._surface_buffer.use()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._surface_buffer.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)

    def shade(self, uniforms: dict[str, Any]) -> None:
        """Light the surfaces."""
        pictures = {_ALBEDO_UNIT: self._albedo, _NORMAL_UNIT: self._normal, _DEPTH_UNIT: self._depth}
        for unit, texture in pictures.items():
            texture.use(unit)
        self._visible.use(OCCLUSION_UNIT)
        gl.set_uniforms(self._shade_program, uniforms | _SHADE_UNITS)
        self._plain_buffer.use()
        self._context.enable_only(moderngl.NOTHING)
        self._shade_array.render(moderngl.TRIANGLES, vertices=3)

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Read colour, depth (m, inf for nothing), instance ids, part ids and normals."""
        width, height = self._size
        raw = self._plain_buffer.read(components=3, alignment=1)
        color = np.frombuffer(raw, np.uint8).reshape(height, width, 3)
        surface = np.frombuffer(self._normal_depth.read(), np.float32).reshape(height, width, 4)
        packed = np.frombuffer(self._ids.read(), np.float32).reshape(height, width).astype(np.uint32)
        depth = surface[..., 3]
        return (
            color,
            np.where(depth > 0, depth, np.float32(np.inf)),
            (packed & 0xFFFF).astype(np.uint16),
            (packed >> 16).astype(np.uint8),
            np.ascontiguousarray(surface[..., :3]),
        )
