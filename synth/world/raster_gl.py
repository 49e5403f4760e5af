"""The GL side's small tools: the context, programs, textures and meshes on the GPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import cv2
import moderngl
import numpy as np

from spinepose.errors import InputError
from synth.world.meshes import Material
from synth.world.raster_lod import coarse_faces

_SRGB8_ALPHA8 = 0x8C43
_VERSION = 420
_PASSES = {
    "shadow": ("depth_frag.glsl",),
    "surface": ("pack.glsl", "surface_frag.glsl"),
}


def make_context() -> moderngl.Context:
    """Make an EGL context without a window.

    Raises:
        InputError: The system lacks EGL or a GL driver.
    """
    # Mesa's software driver takes every core for itself otherwise; the server and the client need some too.
    os.environ.setdefault("LP_NUM_THREADS", str(min(os.cpu_count() or 1, 4)))
    try:
        context = moderngl.create_standalone_context(require=_VERSION, backend="egl")  # type: ignore[arg-type]
    except Exception as error:  # moderngl raises plain Exception, OSError and ImportError alike
        raise InputError(
            f"no OpenGL through EGL here ({error}); install the packages libegl1 libgl1-mesa-dri libgl1"
            " (Debian, Ubuntu) or the GPU's driver"
        ) from error
    return context


@cache
def _source(name: str) -> str:
    return (resources.files("synth.world") / "shaders" / name).read_text()


class Program:
    """A GL program and those of its uniforms that the compiler kept."""

    def __init__(
        self, context: moderngl.Context, vertex: str, fragments: Sequence[str], defines: str
    ) -> None:
        """Compile.

        Args:
            context: The context.
            vertex: File of the vertex shader.
            fragments: Files that make the fragment shader, in order.
            defines: Lines of ``#define``.
        """
        head = f"#version {_VERSION}\n{defines}"
        body = "\n".join(_source(name) for name in fragments)
        self.gl = context.program(vertex_shader=head + _source(vertex), fragment_shader=head + body)
        self._uniforms: dict[str, moderngl.Uniform] = {
            name: member
            for name in self.gl
            if isinstance(member := self.gl[name], moderngl.Uniform)  # not an attribute
        }

    def set(self, values: dict[str, Any]) -> None:
        """Set the uniforms that the program has; the others are left out.

        Square matrices are row-major as numpy thinks of them; bytes go as they are.
        """
        for name, value in values.items():
            uniform = self._uniforms.get(name)
            if uniform is None:
                continue
            if isinstance(value, bytes):
                uniform.write(value)
            elif isinstance(value, np.ndarray):
                data = matrix_bytes(value) if _is_square(value) else _float_bytes(value)
                # A compiler may cut an array down to what is used of it.
                uniform.write(data[: 4 * uniform.dimension * uniform.array_length])
            else:
                uniform.value = value


def _is_square(value: np.ndarray) -> bool:
    return value.ndim == 2 and value.shape[0] == value.shape[1]


def _float_bytes(value: np.ndarray) -> bytes:
    return np.ascontiguousarray(value, np.float32).tobytes()


def matrix_bytes(matrix: np.ndarray) -> bytes:
    """A matrix as GL reads it: float32, columns first."""
    return np.ascontiguousarray(matrix.T, np.float32).tobytes()


class Programs:
    """The programs that draw meshes and whole pictures, compiled when first wanted."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._made: dict[tuple[str, ...], Program] = {}

    def mesh(self, kind: str, alpha_test: bool, macro: bool = False) -> Program:
        """The program of a pass over meshes: ``shadow`` or ``surface``."""
        names = ("ALPHA_TEST",) * alpha_test + ("MACRO",) * (macro and kind == "surface")
        return self._get("mesh_vert.glsl", _PASSES[kind], dict.fromkeys(names, ""))

    def screen(self, fragments: Sequence[str], defines: dict[str, Any] | None = None) -> Program:
        """The program of a pass over a whole picture."""
        return self._get("screen_vert.glsl", fragments, defines or {})

    def _get(self, vertex: str, fragments: Sequence[str], defines: dict[str, Any]) -> Program:
        lines = "".join(f"#define {name} {value}\n" for name, value in sorted(defines.items()))
        key = (vertex, *fragments, lines)
        if key not in self._made:
            self._made[key] = Program(self._context, vertex, fragments, lines)
        return self._made[key]


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
            (width, height), 4, cv2.flip(rgba, 0).data, internal_format=_SRGB8_ALPHA8
        )
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        return texture


def _rgba(picture: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """A picture with four channels; OpenCV adds the fourth in a twentieth of numpy's time."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise InputError(f"texture is {picture.dtype} {picture.shape}; give uint8 (H, W, 3) or (H, W, 4)")
    result = np.ascontiguousarray(picture)
    if picture.shape[2] == 3:
        result = cv2.cvtColor(result, cv2.COLOR_RGB2RGBA)
    if alpha is not None:
        values = alpha if alpha.dtype == np.uint8 else (np.clip(alpha, 0, 1) * 255).astype(np.uint8)
        result = result.copy() if result is picture else result
        result[..., 3] = values.reshape(picture.shape[:2])
    return result


@dataclass
class Batch:
    """Triangles of one mesh that one call draws.

    Attributes:
        program: What draws them.
        array: Their vertex array.
        texture: Bound for them, or None.
        material: Their material; of a merged batch, that of its first surface.
        culled: Whether triangles seen from behind are left out.
        look: Row of the table of looks, None until it is drawn.
    """

    program: Program
    array: moderngl.VertexArray
    texture: moderngl.Texture | None
    material: Material
    culled: bool
    look: int | None = None


@dataclass
class _Piece:
    faces: np.ndarray
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
        self._dynamic = dynamic
        self._moving = context.buffer(_float_bytes(vertices), dynamic=dynamic)
        self._fixed = context.buffer(_float_bytes(np.concatenate([uv, part[:, None]], axis=1)))
        self._pieces: list[_Piece] = []
        self._batches: dict[str, list[Batch]] = {}
        self._owned: list[Any] = [self._moving, self._fixed]
        self.set_bounds(vertices[:, :3])

    def set_bounds(self, positions_m: np.ndarray) -> None:
        """Remember the ball that holds the mesh, in the object's frame."""
        if not len(positions_m):
            self.center_m, self.radius_m = np.zeros(3), 0.0
            return
        # Column by column: along the first axis of three columns numpy takes ten times as long.
        low, high = (
            np.array([float(pick(positions_m[:, axis])) for axis in range(3)]) for pick in (np.min, np.max)
        )
        self.center_m = (low + high) / 2
        self.radius_m = float(np.linalg.norm(high - low)) / 2

    def replace(self, vertices: np.ndarray) -> None:
        """Replace positions and normals, shape (V, 6)."""
        self._moving.write(_float_bytes(vertices))
        self.set_bounds(vertices[:, :3])

    def add_surface(self, faces: np.ndarray, texture: moderngl.Texture, material: Material) -> None:
        """Add faces, shape (F, 3), that share a material; all before the first drawing."""
        self._pieces.append(_Piece(np.asarray(faces, np.int32), texture, material))

    @property
    def textures(self) -> set[int]:
        """GL names of its textures."""
        return {piece.texture.glo for piece in self._pieces}

    @property
    def materials(self) -> list[Material]:
        """The material of each surface."""
        return [piece.material for piece in self._pieces]

    def forget_looks(self) -> None:
        """The table of looks was emptied."""
        for batch in self._batches.get("surface", ()):
            batch.look = None

    def batches(self, kind: str, programs: Programs) -> list[Batch]:
        """What to draw in a pass, made when first wanted: many meshes are never seen by some passes."""
        if kind not in self._batches:
            groups = self._casters() if kind == "shadow" else [[piece] for piece in self._pieces]
            self._batches[kind] = [self._batch(kind, group, programs) for group in groups]
        return self._batches[kind]

    def _casters(self) -> list[list[_Piece]]:
        """Surfaces that one call can draw into a shadow map: those with holes by their texture, the others together."""
        groups: dict[int | None, list[_Piece]] = {}
        for piece in self._pieces:
            groups.setdefault(piece.texture.glo if piece.material.alpha_test else None, []).append(piece)
        return list(groups.values())

    def _batch(self, kind: str, pieces: list[_Piece], programs: Programs) -> Batch:
        look = pieces[0].material
        faces = np.concatenate([piece.faces for piece in pieces])
        if kind == "shadow" and self._dynamic and not look.alpha_test:
            faces = coarse_faces(faces, self.vertex_count)
        program = programs.mesh(kind, look.alpha_test, look.macro > 0)
        index = self._context.buffer(np.ascontiguousarray(faces, np.int32).tobytes())
        array = self._array(program.gl, index)
        self._owned += [index, array]
        texture = pieces[0].texture if kind == "surface" or look.alpha_test else None
        # Walls are seen from one side but keep the sun out from both.
        return Batch(program, array, texture, look, kind != "shadow" and not look.two_sided)

    def _array(self, program: moderngl.Program, index: moderngl.Buffer) -> moderngl.VertexArray:
        moving = _present(program, ("in_position", "3f", 12), ("in_normal", "3f", 12))
        fixed = _present(program, ("in_uv", "2f", 8), ("in_part", "1f", 4))
        content = [(self._moving, *moving)]
        if len(fixed) > 1:
            content.append((self._fixed, *fixed))
        return self._context.vertex_array(program, content, index)

    def release(self) -> None:
        """Free the GPU's memory."""
        for item in reversed(self._owned):
            item.release()
        self._owned.clear()
        self._batches.clear()
        self._pieces.clear()


def _present(program: moderngl.Program, *wanted: tuple[str, str, int]) -> Sequence[str]:
    """A buffer's layout and the attributes in it that the program has; the others become padding."""
    layout = " ".join(form if name in program else f"{size}x" for name, form, size in wanted)
    names = [name for name, _, _ in wanted if name in program]
    return (layout, *names) if names else (layout,)
