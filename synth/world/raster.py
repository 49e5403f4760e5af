"""The rasteriser: colour, depth, instance and part ids and normals of one scene through one camera.

Everything is drawn once: what each pixel's centre shows goes into one target of four integers, so that nothing is
averaged, and light is reckoned from it once a pixel. Edges are smoothed afterwards by their shape in the picture. A
renderer belongs to the thread that made it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np

from spinepose.errors import InputError
from synth.camera import Camera
from synth.world import raster_gl as gl
from synth.world.light import Light
from synth.world.meshes import ObjectMesh, SkinPart, checked_matrix
from synth.world.raster_frustum import ball_touches, camera_projection, frustum_planes, view_matrix
from synth.world.raster_images import Images, split_words
from synth.world.raster_lights import LightRig
from synth.world.raster_materials import LookTable, character_material, look_numbers
from synth.world.raster_targets import LOOKS_UNIT, Targets
from synth.world.raster_things import Thing, limb_balls

if TYPE_CHECKING:
    from synth.world.place_types import Place

MAX_INSTANCE = 65535
MAX_SIDE = 4096
_MAX_THINGS = 65535
# What a place's ground is called where it only catches shadows.
_GROUNDS = ("floor", "ground")


@dataclass(frozen=True)
class Quality:
    """What a quality stands for.

    Attributes:
        shadow_size: Texels along a side of the sun's shadow maps; lamps get half.
        occlusion_taps: Taps of ambient occlusion.
    """

    shadow_size: int
    occlusion_taps: int


# Four samples a pixel smoothed edges little better (8.1 against 7.2 of 255 off a picture of sixteen times the pixels at
# people's outlines, 2.8 against 2.6 over the picture) and took a fifth of the drawing.
QUALITIES = {"fine": Quality(2048, 10), "fast": Quality(1024, 6)}


class Renderer:
    """Draws a place, its objects and characters with moderngl on EGL, by a GPU or by Mesa in software."""

    def __init__(self, quality: str = "fine", shadow_size: int | None = None) -> None:
        """Make the GL context; once per process is meant.

        Args:
            quality: ``fine`` or ``fast`` (see ``QUALITIES``).
            shadow_size: Texels along a side of the sun's shadow maps, if not the quality's; lamps get half.

        Raises:
            InputError: No GL library or driver is installed, or an argument is out of bounds.
        """
        if quality not in QUALITIES:
            raise InputError(f"quality is {quality!r}; give {' or '.join(QUALITIES)}")
        look = QUALITIES[quality]
        shadow_size = look.shadow_size if shadow_size is None else shadow_size
        if not 256 <= shadow_size <= 8192:
            raise InputError(f"shadow_size is {shadow_size}; give 256 to 8192")
        self._context = gl.make_context()
        self._textures = gl.TextureStore(self._context)
        self._programs = gl.Programs(self._context)
        self._targets = Targets(self._context, self._programs, look.occlusion_taps)
        self._lights = LightRig(self._context, shadow_size)
        self._looks = LookTable(self._context)
        self._things: dict[str, Thing] = {}
        self._free_slots: list[int] = []
        self._next_slot = 1
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
        self._looks.clear()
        for thing in self._things.values():
            thing.mesh.forget_looks()
        for item in place.objects:
            self.upload_object(item.name, item.mesh)
            self.set_object(item.name, item.matrix)
            self._place_keys.add(item.name)
            thing = self._things[item.name]
            thing.moves, thing.catcher = False, place.shadow_catcher and item.name in _GROUNDS
        self._lights.set_place(place)
        self._free_textures()

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
            texture = self._textures.get(surface.material.texture)
            gpu.add_surface(surface.faces + start, texture, surface.material)
            start += len(surface.positions_m)
        self._drop(key)
        self._things[key] = Thing(gpu, self._take_slot())

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
        moved = not np.array_equal(thing.matrix, matrix)
        if (moved or thing.visible != visible) and not thing.moves:
            self._lights.forget_still()
        if moved:
            thing.move(matrix)
        thing.visible, thing.tint = visible, tint or (1.0, 1.0, 1.0)

    def remove_object(self, key: str) -> None:
        """Remove an object."""
        self._make_current()
        self._thing(key)
        self._drop(key)
        self._place_keys.discard(key)

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
            texture = self._textures.get(part.texture, getattr(part, "alpha", None))
            gpu.add_surface(part.faces + part.vertices.start, texture, character_material(part))
        self._drop(key)
        self._things[key] = Thing(
            gpu, self._take_slot(), is_character=True, visible=False, part_id=np.asarray(vertex_part_id)
        )

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
        if thing.part_id is not None:
            thing.limbs = limb_balls(vertices_m[::4], thing.part_id[::4])  # enough for a mean
        thing.visible = True
        thing.bound()
        if model_matrix is not None:
            thing.move(checked_matrix(model_matrix, f"character {key}"))

    def remove_character(self, key: str) -> None:
        """Remove a character."""
        self._make_current()
        self._thing(key)
        self._drop(key)
        self._free_textures()

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
        self._looks.use(LOOKS_UNIT)
        view_projection = camera_projection(camera) @ view_matrix(camera)
        frame = {"u_view_projection": gl.matrix_bytes(view_projection), "u_camera_z": view_matrix(camera)[2]}
        seen = self._seen(view_projection, camera.position_world_m)
        self._context.front_face = "cw"
        with self._timed("shadows"):
            self._draw_shadows(camera)
        with self._timed("surfaces"):
            self._targets.begin_surfaces()
            self._draw("surface", seen, frame)
        with self._timed("occlusion"):
            self._lights.use()
            self._targets.occlude(camera, self._lights, *self._limbs(camera.position_world_m))
        with self._timed("light"):
            self._looks.use(LOOKS_UNIT)
            self._targets.shade(self._lights, camera)
        with self._timed("smooth"):
            self._targets.smooth()
        with self._timed("read"):
            return self._read(instance_ids)

    def _read(self, instance_ids: dict[str, int]) -> Images:
        color, words = self._targets.read()
        table = np.zeros(self._next_slot, np.uint16)
        for key, value in instance_ids.items():
            if key in self._things:
                table[self._things[key].slot] = value
        shape = words.shape[:2]
        layers = [np.empty(shape, kind) for kind in (np.float32, np.uint16, np.uint8, np.uint32)]
        split_words(words.reshape(-1, 4), table, *(layer.reshape(-1) for layer in layers))
        return Images(color, *layers)

    def profile(self, camera: Camera, instance_ids: dict[str, int]) -> dict[str, float]:
        """Draw once and return the CPU milliseconds of each pass; waiting between them makes the sum larger."""
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

    def _seen(self, view_projection: np.ndarray, eye: np.ndarray) -> list[Thing]:
        """Things in a clip volume, near ones first so that they hide the shading of far ones."""
        planes = frustum_planes(view_projection)
        shown = [(key, thing) for key, thing in self._things.items() if thing.visible]
        inside = [item for item in shown if ball_touches(planes, *item[1].ball)]

        def nearness(item: tuple[str, Thing]) -> tuple[float, str]:
            center, radius = item[1].ball
            return float(np.linalg.norm(center - eye)) - radius, item[0]

        return [thing for _, thing in sorted(inside, key=nearness)]

    def _limbs(self, eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Balls of people's limbs in the world, those of the nearest people first, and whose they are."""
        people = [each for each in self._things.values() if each.visible and each.is_character]
        people.sort(key=lambda each: (float(np.linalg.norm(each.ball[0] - eye)), each.slot))
        balls, owners = [np.zeros((0, 4))], [np.zeros(0)]
        for each in people:
            moved = each.limbs.copy()
            moved[:, :3] = moved[:, :3] @ each.matrix[:3, :3].T + each.matrix[:3, 3]
            balls.append(moved)
            owners.append(np.full(len(moved), each.slot))
        return np.concatenate(balls), np.concatenate(owners)

    def _draw_shadows(self, camera: Camera) -> None:
        movers = [thing.ball for thing in self._things.values() if thing.visible and thing.is_character]
        for each in self._lights.shadow_passes(camera, movers):
            casters = self._seen(each.view_projection, np.zeros(3))
            casters = [thing for thing in casters if (each.moving if thing.moves else each.still)]
            self._draw("shadow", casters, {"u_view_projection": gl.matrix_bytes(each.view_projection)})

    def _draw(self, kind: str, things: list[Thing], frame: dict[str, Any]) -> None:
        begun: set[int] = set()
        culled: bool | None = None
        for thing in things:
            placed: set[int] = set()
            for batch in thing.mesh.batches(kind, self._programs):
                program = batch.program
                if id(program) not in begun:
                    program.set(frame | {"u_albedo": 0})
                    begun.add(id(program))
                if id(program) not in placed:
                    program.set(thing.uniforms)
                    placed.add(id(program))
                if batch.culled != culled:
                    culled = batch.culled
                    (self._context.enable if culled else self._context.disable)(moderngl.CULL_FACE)
                if kind == "surface":
                    program.set(self._look_uniforms(batch, thing))
                if batch.texture is not None:
                    batch.texture.use(0)
                batch.array.render()

    def _look_uniforms(self, batch: gl.Batch, thing: Thing) -> dict[str, Any]:
        if batch.look is None:
            batch.look = self._looks.index(look_numbers(batch.material, thing.catcher))
        red, green, blue = batch.material.color
        tint = thing.tint
        return {
            "u_color": (red * tint[0], green * tint[1], blue * tint[2]),
            "u_look": batch.look,
            "u_macro": batch.material.macro,
        }

    # --- helpers

    def _make_current(self) -> None:
        """Take the thread's GL: another renderer may have been made, or freed, since."""
        self._context.__enter__()

    def _take_slot(self) -> int:
        if self._free_slots:
            return self._free_slots.pop()
        if self._next_slot > _MAX_THINGS:
            raise InputError(f"the scene has more than {_MAX_THINGS} things; remove some")
        self._next_slot += 1
        return self._next_slot - 1

    def _thing(self, key: str) -> Thing:
        if key not in self._things:
            raise InputError(f"the scene has no object {key!r}; upload it first")
        return self._things[key]

    def _drop(self, key: str) -> None:
        thing = self._things.pop(key, None)
        if thing is not None:
            self._free_slots.append(thing.slot)
            thing.mesh.release()
            if not thing.moves:
                self._lights.forget_still()

    def _free_textures(self) -> None:
        """Free textures that nothing in the scene has, and let go of their pictures."""
        self._textures.keep_only(set().union(*(thing.mesh.textures for thing in self._things.values())))

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        if self._timings_ms is None:
            yield
            return
        start = time.process_time()
        yield
        self._context.finish()
        self._timings_ms[name] = 1000 * (time.process_time() - start)
