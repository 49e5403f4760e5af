"""The GL side's small tools: the context, programs, textures and meshes on the GPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import moderngl
import numpy as np

from spinepose.errors import InputError
from synth.world.meshes import Material

_SRGB8_ALPHA8 = 0x8C43
PASSES = {
    "shadow": ("depth_frag.glsl",),
    "ids": ("ids_frag.glsl",),
    "surface": ("surface_frag.glsl",),
}


def make_context() -> moderngl.Context:
    """Make an EGL context without a window.

    Raises:
        InputError: The system lacks EGL or a GL driver.
    """
    # Mesa's software driver takes every core for itself otherwise; the server and the client need some too.
    os.environ.setdefault("LP_NUM_THREADS", str(min(os.cpu_count() or 1, 4)))
    try:
        context = moderngl.create_standalone_context(require=410, backend="egl")  # type: ignore[arg-type]
    except Exception as error:  # moderngl raises plain Exception, OSError and ImportError alike
        raise InputError(
            f"no OpenGL through EGL here ({error}); install the packages libegl1 libgl1-mesa-dri libgl1"
            " (Debian, Ubuntu) or the GPU's driver"
        ) from error
    return context


@cache
def _source(name: str) -> str:
    return (resources.files("synth.world") / "shaders" / name).read_text()


def mesh_program(context: moderngl.Context, kind: str, alpha_test: bool) -> moderngl.Program:
    """Compile the program of one pass over meshes (a key of ``PASSES``)."""
    head = "#version 410\n" + ("#define ALPHA_TEST\n" if alpha_test else "")
    fragment = "\n".join(_source(name) for name in PASSES[kind])
    return context.program(vertex_shader=head + _source("mesh_vert.glsl"), fragment_shader=head + fragment)


def screen_program(context: moderngl.Context, *fragments: str, samples: int = 0) -> moderngl.Program:
    """Compile a program that runs once a pixel and may read pictures of several samples."""
    head = f"#version 410\n#define SAMPLES {samples}\n"
    return context.program(
        vertex_shader=head + _source("screen_vert.glsl"),
        fragment_shader=head + "\n".join(_source(name) for name in fragments),
    )


def set_uniforms(program: moderngl.Program, values: dict[str, Any]) -> None:
    """Set the uniforms that the program has; the compiler drops those it does not use.

    Matrices are numpy arrays, row-major as numpy thinks of them; numbers and tuples go as they are.
    """
    for name, value in values.items():
        uniform = program.get(name, None)
        if not isinstance(uniform, moderngl.Uniform):
            continue
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[0] == value.shape[1]:
            uniform.write(np.ascontiguousarray(value.T, np.float32).tobytes())
        elif isinstance(value, np.ndarray):
            uniform.write(np.ascontiguousarray(value, np.float32).tobytes())
        else:
            uniform.value = value


class TextureStore:
    """Textures on the GPU, one for each picture, kept while someone holds the picture."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._kept: dict[int, tuple[np.ndarray, moderngl.Texture]] = {}
        self._white = np.full((1, 1, 3), 255, np.uint8)

    def get(self, picture: np.ndarray | None, alpha: np.ndarray | None = None) -> moderngl.Texture:
        """Return the texture of an sRGB picture, (H, W, 3 or 4) uint8, with an optional (H, W) alpha map."""
        picture = self._white if picture is None else picture
        kept = self._kept.get(id(picture))
        if kept is None:
            kept = (picture, self._upload(_rgba(picture, alpha)))
            self._kept[id(picture)] = kept
        return kept[1]

    def keep_only(self, textures: set[int]) -> None:
        """Free all textures but those with these GL names."""
        for key, (_, texture) in list(self._kept.items()):
            if texture.glo not in textures:
                texture.release()
                del self._kept[key]

    def _upload(self, rgba: np.ndarray) -> moderngl.Texture:
        height, width = rgba.shape[:2]
        texture = self._context.texture(
            (width, height), 4, np.ascontiguousarray(rgba[::-1]).tobytes(), internal_format=_SRGB8_ALPHA8
        )
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        return texture


def _rgba(picture: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise InputError(f"texture is {picture.dtype} {picture.shape}; give uint8 (H, W, 3) or (H, W, 4)")
    result = np.full((*picture.shape[:2], 4), 255, np.uint8)
    result[..., : picture.shape[2]] = picture
    if alpha is not None:
        values = alpha if alpha.dtype == np.uint8 else (np.clip(alpha, 0, 1) * 255).astype(np.uint8)
        result[..., 3] = values.reshape(picture.shape[:2])
    return result


@dataclass
class GpuSurface:
    """One index range of one material, with a vertex array for each program it is drawn with."""

    arrays: dict[str, moderngl.VertexArray]
    index: moderngl.Buffer
    texture: moderngl.Texture
    material: Material


class GpuMesh:
    """Vertices on the GPU with their surfaces; positions and normals can be replaced."""

    def __init__(
        self, context: moderngl.Context, vertices: np.ndarray, uv: np.ndarray, part: np.ndarray, dynamic: bool
    ) -> None:
        """Upload a mesh.

        Args:
            context: The context.
            vertices: Positions and normals side by side, shape (V, 6), metres.
            uv: Shape (V, 2).
            part: Part ids, shape (V,).
            dynamic: Whether the vertices will be replaced.
        """
        self._context = context
        self.vertex_count = len(vertices)
        self._moving = context.buffer(np.ascontiguousarray(vertices, np.float32).tobytes(), dynamic=dynamic)
        fixed = np.concatenate([uv, part[:, None]], axis=1)
        self._fixed = context.buffer(np.ascontiguousarray(fixed, np.float32).tobytes())
        self.surfaces: list[GpuSurface] = []
        self.set_bounds(vertices[:, :3])

    def set_bounds(self, positions_m: np.ndarray) -> None:
        """Remember the ball that holds the mesh, in the object's frame."""
        if not len(positions_m):
            self.center_m, self.radius_m = np.zeros(3), 0.0
            return
        low, high = positions_m.min(axis=0).astype(float), positions_m.max(axis=0).astype(float)
        self.center_m = (low + high) / 2
        self.radius_m = float(np.linalg.norm(high - low)) / 2

    def replace(self, vertices: np.ndarray) -> None:
        """Replace positions and normals, shape (V, 6)."""
        self._moving.write(np.ascontiguousarray(vertices, np.float32).tobytes())
        self.set_bounds(vertices[:, :3])

    def add_surface(
        self,
        programs: dict[str, moderngl.Program],
        faces: np.ndarray,
        texture: moderngl.Texture,
        material: Material,
    ) -> None:
        """Add faces, shape (F, 3), that share a material."""
        index = self._context.buffer(np.ascontiguousarray(faces, np.int32).tobytes())
        arrays = {kind: self._array(program, index) for kind, program in programs.items()}
        self.surfaces.append(GpuSurface(arrays, index, texture, material))

    def _array(self, program: moderngl.Program, index: moderngl.Buffer) -> moderngl.VertexArray:
        moving = _present(program, ("in_position", "3f", 12), ("in_normal", "3f", 12))
        fixed = _present(program, ("in_uv", "2f", 8), ("in_part", "1f", 4))
        content = [(self._moving, *moving)]
        if len(fixed) > 1:
            content.append((self._fixed, *fixed))
        return self._context.vertex_array(program, content, index)

    def release(self) -> None:
        """Free the GPU's memory."""
        for surface in self.surfaces:
            for array in surface.arrays.values():
                array.release()
            surface.index.release()
        self.surfaces.clear()
        self._moving.release()
        self._fixed.release()


def _present(program: moderngl.Program, *wanted: tuple[str, str, int]) -> Sequence[str]:
    """A buffer's layout and the attributes in it that the program has; the others become padding."""
    layout = " ".join(form if name in program else f"{size}x" for name, form, size in wanted)
    names = [name for name, _, _ in wanted if name in program]
    return (layout, *names) if names else (layout,)
