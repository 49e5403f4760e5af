"""The renderer as a view of the scene: it catches up with the state when a picture is asked for."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Any, Protocol

import numpy as np

from synth.camera import Camera
from synth.world.scene_state import CharacterThing, ObjectThing, Scene, Thing

# Characters that stay on the GPU though no one of that look is in the scene; each takes about 12 MB.
_SPARE_SLOTS = 12


class RendererLike(Protocol):
    """What the view needs of ``synth.world.raster.Renderer``."""

    def set_place(self, place: Any) -> None: ...
    def set_light(self, light: Any) -> None: ...
    def upload_character(self, key: str, parts: Any, vertex_part_id: np.ndarray) -> None: ...
    def update_character(self, key: str, vertices_m: np.ndarray, normals: np.ndarray) -> None: ...
    def remove_character(self, key: str) -> None: ...
    def upload_object(self, key: str, mesh: Any) -> None: ...
    def set_object(self, key: str, model_matrix: np.ndarray, visible: bool = True) -> None: ...
    def remove_object(self, key: str) -> None: ...
    def render(self, camera: Camera, instance_ids: dict[str, int]) -> Any: ...


@dataclass(frozen=True)
class Shot:
    """Everything one camera sees of one state.

    Attributes:
        images: The renderer's ``Images``.
        colors: Instance id to mask colour.
    """

    images: Any
    colors: dict[int, tuple[int, int, int]]


@dataclass
class _Slot:
    key: str
    spec_json: str
    version: int | None = None  # of the thing, as last sent
    posed: Any = None  # the posed body that its vertices hold


class View:
    """Draws a scene, and draws each state once.

    Args:
        renderer: The renderer; used from the thread that made it only.
    """

    def __init__(self, renderer: RendererLike) -> None:
        self._renderer = renderer
        self._place: Any = None
        self._light: Any = None
        self._objects: dict[str, tuple] = {}  # pose and visibility as last sent
        self._meshes: dict[str, Any] = {}  # of the same objects
        self._slots: dict[str, _Slot] = {}
        self._spare: list[_Slot] = []
        self._made = 0
        self._last: tuple[Any, Shot] | None = None

    def shoot(self, scene: Scene, camera_index: int) -> Shot:
        """Draw what a camera sees; asked twice in one state, the second answer is the first."""
        state = scene.camera(camera_index)
        key = self._state_key(scene, state)
        if self._last is None or self._last[0] != key:
            self._last = None  # two sets of images need not live at once
            self._sync(scene, state.exposure_bias_ev)
            self._last = (key, self._draw(scene, state.camera()))
        return self._last[1]

    @staticmethod
    def _state_key(scene: Scene, state: Any) -> tuple:
        things = tuple(thing.version for thing in scene.things.values())
        return scene.version, things, astuple(state)

    def _draw(self, scene: Scene, camera: Camera) -> Shot:
        ids = {name: index for index, name in enumerate(scene.things, start=1)}
        shown = {
            self._key_of(scene.things[name]): index
            for name, index in ids.items()
            if scene.things[name].visible
        }
        images = self._renderer.render(camera, shown)
        return Shot(images, {index: scene.things[name].color for name, index in ids.items()})

    def _key_of(self, thing: Thing) -> str:
        return self._slots[thing.name].key if isinstance(thing, CharacterThing) else thing.name

    def _sync(self, scene: Scene, exposure_bias_ev: float) -> None:
        if scene.place is not self._place:
            # The renderer keeps what is not the place's own: things that people brought along go first.
            own = {item.name for item in self._place.objects} if self._place is not None else set()
            for name in [name for name in self._objects if name not in own]:
                self._renderer.remove_object(name)
            self._renderer.set_place(scene.place)
            self._place = scene.place
            self._objects = {item.name: () for item in scene.place.objects}
            self._meshes = {item.name: item.mesh for item in scene.place.objects}
        light = scene.light
        if exposure_bias_ev:
            light = replace(light, exposure_ev=light.exposure_ev + exposure_bias_ev)
        if light != self._light:  # by value: a new light costs new shadows
            self._renderer.set_light(light)
            self._light = light
        self._sync_objects(scene)
        self._sync_characters(scene)

    def _sync_objects(self, scene: Scene) -> None:
        wanted = {thing.name: thing for thing in scene.things.values() if isinstance(thing, ObjectThing)}
        for name in [name for name in self._objects if name not in wanted]:
            self._renderer.remove_object(name)
            del self._objects[name], self._meshes[name]
        for name, thing in wanted.items():
            # Another thing may have come under an old name.
            if name not in self._objects or self._meshes[name] is not thing.mesh:
                self._renderer.upload_object(name, thing.mesh)
                self._objects[name], self._meshes[name] = (), thing.mesh
            now = (thing.pose.location_cm, thing.pose.rotation_deg, thing.pose.scale, thing.visible)
            if self._objects.get(name) != now:
                self._renderer.set_object(name, thing.pose.matrix(), thing.visible)
                self._objects[name] = now

    def _sync_characters(self, scene: Scene) -> None:
        wanted = {thing.name: thing for thing in scene.characters()}
        for name, slot in list(self._slots.items()):
            if name not in wanted or wanted[name].spec_json != slot.spec_json:
                self._renderer.set_object(slot.key, np.eye(4), False)
                self._spare.append(self._slots.pop(name))
        for name, thing in wanted.items():
            if name not in self._slots:
                self._slots[name] = self._take_slot(thing)
            self._pose(self._slots[name], thing)
        while len(self._spare) > _SPARE_SLOTS:
            self._renderer.remove_character(self._spare.pop(0).key)

    def _pose(self, slot: _Slot, thing: CharacterThing) -> None:
        if slot.version == thing.version:
            return
        slot.version = thing.version
        if thing.visible and slot.posed is not thing.posed:
            slot.posed = thing.posed
            self._renderer.update_character(slot.key, slot.posed.vertices_m, slot.posed.normals)
        self._renderer.set_object(slot.key, thing.pose.matrix(), thing.visible)

    def _take_slot(self, thing: CharacterThing) -> _Slot:
        for slot in self._spare:
            if slot.spec_json == thing.spec_json:
                self._spare.remove(slot)
                return slot
        self._made += 1
        slot = _Slot(f"character-{self._made}", thing.spec_json)
        self._renderer.upload_character(slot.key, thing.body.parts, thing.body.vertex_part_id)
        return slot
