"""The frame buffers that a picture is drawn into, the occlusion pass between them, and the read-back."""

from __future__ import annotations

import moderngl
import numpy as np

from synth.camera import Camera
from synth.world import raster_gl as gl

OCCLUSION_UNIT = 1
_NORMALS_UNIT = 2
_RADIUS_M = 0.45


class Targets:
    """Frame buffers of one picture size: ids and normals, occlusion, colour."""

    def __init__(self, context: moderngl.Context, samples: int) -> None:
        self._context, self._samples = context, samples
        self._size = (0, 0)
        self._owned: list = []
        self._occlusion_program = gl.screen_program(context, "occlusion_frag.glsl")
        self._blur_program = gl.screen_program(context, "blur_frag.glsl")
        self._occlude_array = context.vertex_array(self._occlusion_program, [])
        self._blur_array = context.vertex_array(self._blur_program, [])

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
        color = context.renderbuffer(size, 4, samples=self._samples) if self._samples else self._plain
        color_depth = context.depth_renderbuffer(size, samples=self._samples)
        self._color_buffer = context.framebuffer([color], color_depth)
        self._plain_buffer = context.framebuffer([self._plain])
        self._owned = [self._ids_buffer, self._rough_buffer, self._visible_buffer, self._color_buffer]
        self._owned += [
            self._plain_buffer,
            self._normal_depth,
            self._ids,
            ids_depth,
            self._rough,
            self._visible,
        ]
        self._owned += [self._plain, color_depth] + ([color] if color is not self._plain else [])
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

    def begin_color(self) -> None:
        """Clear and choose the colour target."""
        self._visible.use(OCCLUSION_UNIT)
        self._color_buffer.use()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._color_buffer.clear(0.0, 0.0, 0.0, 1.0, depth=1.0)

    def hold_depth(self, held: bool) -> None:
        """Draw only what is at the depth that is there already, or go back to drawing what is nearer."""
        self._color_buffer.depth_mask = not held
        self._context.depth_func = "==" if held else "<"

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Read colour, depth (m, inf for nothing), instance ids, part ids and normals."""
        width, height = self._size
        if self._samples:
            self._context.copy_framebuffer(self._plain_buffer, self._color_buffer)
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
