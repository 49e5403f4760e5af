"""The rasteriser: colour, depth, instance and part ids and normals of one scene through one camera.

One geometry is drawn into two targets. Ids, depth and normals come from one sample at each pixel's centre, so
that nothing is averaged. Colour comes from several samples: what each is of is drawn first, and light is reckoned
once a pixel, or twice where its samples lie on two surfaces, because shading every triangle's every pixel took
most of the time. A renderer belongs to the thread that made it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np

from spinepose.errors import InputError
from synth.camera import Camera
from synth.world import raster_gl as gl
from synth.world.light import Light
from synth.world.meshes import Material, ObjectMesh, SkinPart, checked_matrix
from synth.world.raster_frustum import ball_touches, camera_projection, frustum_planes, view_matrix
from synth.world.raster_lights import LightRig
from synth.world.raster_targets import Targets

if TYPE_CHECKING:
    from synth.world.place_types import Place

MAX_INSTANCE = 65535
MAX_SIDE = 4096


@dataclass(frozen=True)
class Images:
    """What one camera sees.

    Attributes:
        color: sRGB, shape (H, W, 3) uint8.
        depth_m: Planar depth (camera z), metres, inf where nothing is, shape (H, W) float32.
        instance_id: The ids given to ``render``, 0 for nothing, shape (H, W) uint16.
        part_id: Body-part ids of characters, 0 elsewhere, shape (H, W) uint8.
        normal_world: Unit normals of the shaded surface, 0 for nothing, shape (H, W, 3) float32.
    """

    color: np.ndarray
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray
    normal_world: np.ndarray


@dataclass
class _Thing:
    """An object or a character in the scene."""

    mesh: gl.GpuMesh
    is_character: bool
    matrix: np.ndarray = field(default_factory=lambda: np.eye(4))
    visible: bool = True
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def ball(self) -> tuple[np.ndarray, float]:
        """Centre and radius of the ball that holds it, world metres."""
        center = self.matrix[:3, :3] @ self.mesh.center_m + self.matrix[:3, 3]
        stretch = float(np.linalg.norm(self.matrix[:3, :3], axis=0).max())
        return center, self.mesh.radius_m * stretch


class Renderer:
    """Draws a place, its objects and characters with moderngl on EGL, by a GPU or by Mesa in software."""

    def __init__(self, samples: int = 4, shadow_size: int = 2048, occlusion: bool = True) -> None:
        """Make the GL context; once per process is meant.

        Args:
            samples: Samples a pixel of the colour picture, 0 or 4.
            shadow_size: Texels along a side of the sun's shadow maps; lamps get half.
            occlusion: Whether to draw ambient occlusion.

        Raises:
            InputError: No GL library or driver is installed, or an argument is out of bounds.
        """
        if samples not in (0, 4):
            raise InputError(f"samples is {samples}; give 0 or 4")
        if not 256 <= shadow_size <= 8192:
            raise InputError(f"shadow_size is {shadow_size}; give 256 to 8192")
        self._context = gl.make_context()
        self._samples, self._occlusion = samples, occlusion
        self._textures = gl.TextureStore(self._context)
        self._programs = {
            alpha: {kind: gl.mesh_program(self._context, kind, alpha) for kind in gl.PASSES}
            for alpha in (False, True)
        }
        self._targets = Targets(self._context, samples)
        self._lights = LightRig(self._context, shadow_size)
        self._things: dict[str, _Thing] = {}
        self._place_keys: set[str] = set()
        self._timings_ms: dict[str, float] | None = None

    @property
    def info(self) -> dict[str, str]:
        """The GL driver: its vendor, renderer and version."""
        info = self._context.info
        return {key.lower(): str(info[f"GL_{key}"]) for key in ("VENDOR", "RENDERER", "VERSION")}

    def release(self) -> None:
        """Free the context and all it holds."""
        self._context.release()

    # --- the scene

    def set_place(self, place: Place) -> None:
        """Replace the place: its objects and its light. Characters and other objects stay.

        Objects of the place are moved and hidden by ``set_object`` under their names.
        """
        self._make_current()
        for key in self._place_keys:
            self._drop(key)
        self._place_keys = set()
        for item in place.objects:
            self.upload_object(item.name, item.mesh)
            self.set_object(item.name, item.matrix)
            self._place_keys.add(item.name)
        self._lights.set_place(place)
        used = {s.texture.glo for thing in self._things.values() for s in thing.mesh.surfaces}
        self._textures.keep_only(used)

    def set_light(self, light: Light) -> None:
        """Replace the light of the place."""
        self._make_current()
        self._lights.set_light(light)

    def upload_object(self, key: str, mesh: ObjectMesh) -> None:
        """Add an object, or replace its mesh; it stands at the origin until ``set_object``."""
        self._make_current()
        surfaces = mesh.surfaces
        vertices = np.concatenate([np.concatenate([s.positions_m, s.normals], axis=1) for s in surfaces])
        uv = np.concatenate([s.uv for s in surfaces])
        gpu = gl.GpuMesh(self._context, vertices, uv, np.zeros(len(vertices)), dynamic=False)
        start = 0
        for surface in surfaces:
            self._add_surface(gpu, surface.faces + start, surface.material)
            start += len(surface.positions_m)
        self._drop(key)
        self._things[key] = _Thing(gpu, is_character=False)
        self._lights.forget_far()

    def set_object(
        self,
        key: str,
        model_matrix: np.ndarray,
        visible: bool = True,
        tint: tuple[float, float, float] | None = None,
    ) -> None:
        """Place an object or a character.

        Args:
            key: Its key, or its name in the place.
            model_matrix: Object to world, shape (4, 4), metres.
            visible: Whether it is drawn and casts shadows.
            tint: Linear RGB that multiplies its colours.
        """
        thing = self._thing(key)
        matrix = checked_matrix(model_matrix, f"object {key}")
        changed = thing.visible != visible or not np.array_equal(thing.matrix, matrix)
        thing.matrix, thing.visible, thing.tint = matrix, visible, tint or (1.0, 1.0, 1.0)
        if changed and not thing.is_character:
            self._lights.forget_far()

    def remove_object(self, key: str) -> None:
        """Remove an object."""
        self._make_current()
        self._thing(key)
        self._drop(key)
        self._place_keys.discard(key)
        self._lights.forget_far()

    def upload_character(self, key: str, parts: Sequence[SkinPart], vertex_part_id: np.ndarray) -> None:
        """Add a character, or replace it; it is drawn from the first ``update_character`` on.

        Args:
            key: Its key.
            parts: Its meshes; see ``SkinPart``.
            vertex_part_id: Body part of each vertex, shape (V,), 0 to 255.
        """
        self._make_current()
        count = len(vertex_part_id)
        uv = np.zeros((count, 2), np.float32)
        for part in parts:
            uv[part.vertices] = part.uv
        gpu = gl.GpuMesh(self._context, np.zeros((count, 6)), uv, np.asarray(vertex_part_id), dynamic=True)
        for part in parts:
            alpha = getattr(part, "alpha", None)
            has_alpha = alpha is not None or part.texture.shape[2] == 4
            material = Material(
                texture=part.texture,
                roughness=float(part.roughness),
                wrap=float(getattr(part, "wrap", 0.0)),
                alpha_test=has_alpha,
                two_sided=True,
            )
            self._add_surface(gpu, part.faces + part.vertices.start, material, alpha)
        self._drop(key)
        self._things[key] = _Thing(gpu, is_character=True, visible=False)

    def update_character(
        self, key: str, vertices_m: np.ndarray, normals: np.ndarray, model_matrix: np.ndarray | None = None
    ) -> None:
        """Give a character a pose.

        Args:
            key: Its key.
            vertices_m: Shape (V, 3), metres, in the character's frame.
            normals: Unit normals, shape (V, 3).
            model_matrix: Character to world, shape (4, 4); None leaves it where it is.
        """
        self._make_current()
        thing = self._thing(key)
        expected = (thing.mesh.vertex_count, 3)
        if vertices_m.shape != expected or normals.shape != expected:
            raise InputError(
                f"character {key}: vertices {vertices_m.shape}, normals {normals.shape}; expected {expected}"
            )
        thing.mesh.replace(np.concatenate([vertices_m, normals], axis=1, dtype=np.float32))
        thing.visible = True
        if model_matrix is not None:
            thing.matrix = checked_matrix(model_matrix, f"character {key}")

    def remove_character(self, key: str) -> None:
        """Remove a character."""
        self._make_current()
        self._thing(key)
        self._drop(key)

    # --- drawing

    def render(self, camera: Camera, instance_ids: dict[str, int]) -> Images:
        """Draw the scene.

        Args:
            camera: The camera; skew is allowed, distortion is not known.
            instance_ids: Id of each object and character, 1 to 65535; those left out are drawn with id 0.

        Returns:
            The images. The same scene gives the same bytes.

        Raises:
            InputError: An id is out of bounds or the picture is too large.
        """
        self._check(camera, instance_ids)
        self._make_current()
        size = (camera.width, camera.height)
        self._targets.resize(size)
        view_projection = camera_projection(camera) @ view_matrix(camera)
        frame = {"u_view_projection": view_projection, "u_camera_z": view_matrix(camera)[2]}
        seen = self._seen(view_projection, camera.position_world_m)
        with self._timed("shadows"):
            self._draw_shadows()
        with self._timed("ids"):
            self._targets.begin_ids()
            self._context.front_face = "cw"
            self._draw("ids", seen, frame, instance_ids)
        with self._timed("occlusion"):
            self._targets.occlude(camera, self._occlusion)
        with self._timed("surfaces"):
            self._targets.begin_surfaces()
            self._draw("surface", seen, frame, {})
        with self._timed("light"):
            self._lights.use()
            self._targets.shade(self._lights.uniforms(camera))
        with self._timed("read"):
            return Images(*self._targets.read())

    def profile(self, camera: Camera, instance_ids: dict[str, int]) -> dict[str, float]:
        """Draw once and return the milliseconds of each pass; waiting between passes makes the sum larger."""
        self._timings_ms = {}
        self.render(camera, instance_ids)
        timings, self._timings_ms = self._timings_ms, None
        return timings

    def _check(self, camera: Camera, instance_ids: dict[str, int]) -> None:
        if max(camera.width, camera.height) > MAX_SIDE:
            raise InputError(f"picture is {camera.width}x{camera.height}; the largest side is {MAX_SIDE}")
        for key, value in instance_ids.items():
            if not 0 <= int(value) <= MAX_INSTANCE:
                raise InputError(f"instance id of {key} is {value}; give 0 to {MAX_INSTANCE}")

    def _seen(self, view_projection: np.ndarray, eye: np.ndarray) -> list[tuple[str, _Thing]]:
        """Things in a clip volume, near ones first so that they hide the shading of far ones."""
        planes = frustum_planes(view_projection)
        shown = [(key, thing) for key, thing in self._things.items() if thing.visible]
        inside = [item for item in shown if ball_touches(planes, *item[1].ball)]
        return sorted(
            inside, key=lambda item: (float(np.linalg.norm(item[1].ball[0] - eye)) - item[1].ball[1], item[0])
        )

    def _draw_shadows(self) -> None:
        balls = [thing.ball for thing in self._things.values() if thing.visible and thing.is_character]
        for view_projection, movers in self._lights.shadow_passes(balls):
            casters = self._seen(view_projection, np.zeros(3))
            if not movers:
                casters = [(key, thing) for key, thing in casters if not thing.is_character]
            self._draw("shadow", casters, {"u_view_projection": view_projection}, {})

    def _draw(
        self, kind: str, things: list[tuple[str, _Thing]], frame: dict[str, Any], instance_ids: dict[str, int]
    ) -> None:
        for programs in self._programs.values():
            gl.set_uniforms(programs[kind], frame | {"u_albedo": 0})
        for key, thing in things:
            normal_matrix = np.linalg.inv(thing.matrix[:3, :3]).T
            per_thing = {
                "u_model": thing.matrix,
                "u_normal_matrix": normal_matrix,
                "u_instance": float(instance_ids.get(key, 0)),
            }
            for alpha in (False, True):
                surfaces = [s for s in thing.mesh.surfaces if s.material.alpha_test == alpha]
                if not surfaces:
                    continue
                program = self._programs[alpha][kind]
                gl.set_uniforms(program, per_thing)
                for surface in surfaces:
                    self._draw_surface(kind, program, surface, thing.tint)

    def _draw_surface(
        self, kind: str, program: moderngl.Program, surface: gl.GpuSurface, tint: tuple[float, float, float]
    ) -> None:
        look = surface.material
        # Walls are seen from one side but keep the sun out from both.
        if kind == "shadow" or look.two_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)
        if kind == "surface":
            color = tuple(a * b for a, b in zip(look.color, tint, strict=True))
            gl.set_uniforms(
                program,
                {
                    "u_color": color,
                    "u_roughness": max(look.roughness, 0.05),
                    "u_specular": look.specular,
                    "u_wrap": look.wrap,
                    "u_macro": look.macro,
                },
            )
        if kind == "surface" or look.alpha_test:
            surface.texture.use(0)
        surface.arrays[kind].render()

    # --- helpers

    def _make_current(self) -> None:
        """Take the thread's GL: another renderer may have been made, or freed, since."""
        self._context.__enter__()

    def _add_surface(
        self, gpu: gl.GpuMesh, faces: np.ndarray, material: Material, alpha: np.ndarray | None = None
    ) -> None:
        texture = self._textures.get(material.texture, alpha)
        gpu.add_surface(self._programs[material.alpha_test], faces, texture, material)

    def _thing(self, key: str) -> _Thing:
        if key not in self._things:
            raise InputError(f"the scene has no object {key!r}; upload it first")
        return self._things[key]

    def _drop(self, key: str) -> None:
        thing = self._things.pop(key, None)
        if thing is not None:
            thing.mesh.release()

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        if self._timings_ms is None:
            yield
            return
        start = time.perf_counter()
        yield
        self._context.finish()
        self._timings_ms[name] = 1000 * (time.perf_counter() - start)
