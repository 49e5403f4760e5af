"""What is in the embedded world, in the units of its wire; it knows nothing of how it is drawn.

Poses are kept exactly as they were set (Unreal centimetres and degrees); every picture is taken with those.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spinepose.rng import rng_for
from synth.camera import Camera, intrinsics
from synth.unreal_coords import camera_from_unreal, matrix_from_unreal, matrix_to_unreal, to_unreal_cm
from synth.world.commands import ARGUMENT_INVALID, INVALID_SENSOR, NO_OBJECT, CommandError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
MAX_CAMERAS = 64
MAX_THINGS = 512
MAX_PIXELS = 9_000_000  # 4096x2160 and a little; a pixel takes about 150 bytes while it is drawn
MAX_SIDE = 4096
# A scale of 0 has no inverse, a negative one turns a mesh inside out.
_SCALE_RANGE = (1e-3, 1e3)
_VERSIONS = itertools.count(1)


@dataclass
class Pose:
    """Where a thing is: centimetres, (pitch, yaw, roll) in degrees, scale, as Unreal has them."""

    location_cm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def matrix(self) -> np.ndarray:
        """From the thing's own frame to our world, metres, shape (4, 4)."""
        return matrix_from_unreal(np.array(self.location_cm), self.rotation_deg, self.scale)

    @classmethod
    def from_matrix(cls, matrix: np.ndarray) -> Pose:
        location, rotation, scale = matrix_to_unreal(matrix)
        return cls(tuple(location.tolist()), rotation, tuple(scale.tolist()))


@dataclass
class Thing:
    """A named object of the scene.

    Attributes:
        name: As on the wire.
        pose: Its placement.
        color: Its colour in the instance mask, RGB 0 to 255.
        visible: Hidden things are not drawn.
        mobility: ``static`` or ``movable``.
        uclass: What ``uclass_name`` answers.
        version: A number that no other state of any thing has; what the view compares.
    """

    name: str
    pose: Pose
    color: tuple[int, int, int]
    visible: bool = True
    mobility: str = "static"
    uclass: str = "StaticMeshActor"
    version: int = field(default_factory=lambda: next(_VERSIONS))

    def touch(self) -> None:
        """Say that the thing looks different now."""
        self.version = next(_VERSIONS)

    def corners_m(self) -> np.ndarray:
        """Points whose box is the thing's bounds, our world, metres, shape (N, 3)."""
        return self.pose.matrix()[None, :3, 3]


@dataclass
class ObjectThing(Thing):
    """An object with a rigid mesh (an ``ObjectMesh``)."""

    mesh: Any = None

    def corners_m(self) -> np.ndarray:
        points = np.concatenate([surface.positions_m for surface in self.mesh.surfaces]).astype(float)
        low, high = points.min(0), points.max(0)
        corners = np.array(
            [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
        )
        matrix = self.pose.matrix()
        return corners @ matrix[:3, :3].T + matrix[:3, 3]


@dataclass
class CharacterThing(Thing):
    """A person.

    Attributes:
        spec_json: The subject, as the client sent it.
        body: The built character (``synth.body``).
        clip: The motion it holds a frame of.
        frame: Index of that frame.
        owned: Names of the things that the motion needs; they go with the person.
        rig: Where those things are (``synth.world.clip_props.PropRig``).
        fit: The motion fitted to the body (``synth.world.clip_fit.ClipFit``).
    """

    spec_json: str = ""
    body: Any = None
    clip: Any = None
    frame: int = 0
    owned: tuple[str, ...] = ()
    rig: Any = None
    fit: Any = None
    _posed: Any = None

    def set_motion(self, clip: Any, frame: int) -> None:
        """Hold a frame of a clip."""
        if clip is not self.clip or frame != self.frame:
            self.clip, self.frame, self._posed = clip, frame, None
            self.touch()

    @property
    def posed(self) -> Any:
        """The posed body in the character frame, computed once a pose."""
        if self._posed is None:
            self._posed = self.body.pose(self.clip, self.frame)
        return self._posed

    def to_world_m(self, points_m: np.ndarray) -> np.ndarray:
        """Points of the character frame, shape (..., 3), to our world, metres."""
        matrix = self.pose.matrix()
        return np.asarray(points_m, float) @ matrix[:3, :3].T + matrix[:3, 3]

    def corners_m(self) -> np.ndarray:
        return self.to_world_m(self.posed.vertices_m)


@dataclass
class CameraState:
    """A camera of the wire.

    ``width`` and ``height`` in pixels, ``fov_deg`` horizontal, ``exposure_bias_ev`` in stops.
    """

    name: str
    location_cm: tuple[float, float, float] = (-360.0, 0.0, 150.0)
    rotation_deg: tuple[float, float, float] = (-8.0, 0.0, 0.0)
    fov_deg: float = 60.0
    width: int = 640
    height: int = 480
    exposure_bias_ev: float = 0.0

    def camera(self) -> Camera:
        return camera_from_unreal(
            np.array(self.location_cm), self.rotation_deg, self.fov_deg, self.width, self.height
        )

    def resize(self, width: int, height: int) -> None:
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and width * height <= MAX_PIXELS):
            raise CommandError(ARGUMENT_INVALID)
        self.width, self.height = width, height

    def set_fov(self, fov_deg: float) -> None:
        intrinsics(self.width, self.height, fov_deg)  # refuses what makes no image
        self.fov_deg = fov_deg


@dataclass
class Scene:
    """The whole state.

    Attributes:
        place: The ``Place`` that is loaded, or None.
        light: Its light (``synth.world.light.Light``), or None before a place is loaded.
        things: All named objects and characters, in the order they came.
        cameras: By position, as upstream numbers them.
        version: Changes with the place, the light, and the set of things.
        paused: What ``is_paused`` answers; animation only moves on request, so nothing else depends on it.
        viewmode: What ``vget /viewmode`` answers; there is no window.
    """

    place: Any = None
    place_key: tuple[str, int] | None = None
    light: Any = None
    things: dict[str, Thing] = field(default_factory=dict)
    cameras: list[CameraState] = field(default_factory=lambda: [CameraState("Camera_0")])
    version: int = field(default_factory=lambda: next(_VERSIONS))
    paused: bool = False
    viewmode: str = "lit"

    def touch(self) -> None:
        """Say that the scene as a whole looks different now."""
        self.version = next(_VERSIONS)

    def set_light(self, light: Any) -> None:
        self.light = light
        self.touch()

    def thing(self, name: str) -> Thing:
        try:
            return self.things[name]
        except KeyError:
            raise CommandError(NO_OBJECT) from None

    def character(self, name: str) -> CharacterThing:
        thing = self.thing(name)
        if not isinstance(thing, CharacterThing):
            raise CommandError(f"error {name} is no character; SpawnCharacter makes one")
        return thing

    def characters(self) -> list[CharacterThing]:
        return [thing for thing in self.things.values() if isinstance(thing, CharacterThing)]

    def camera(self, index: int) -> CameraState:
        if not 0 <= index < len(self.cameras):
            raise CommandError(INVALID_SENSOR)
        return self.cameras[index]

    def spawn_camera(self) -> CameraState:
        if len(self.cameras) >= MAX_CAMERAS:
            raise CommandError(f"error no more than {MAX_CAMERAS} cameras")
        self.cameras.append(CameraState(f"Camera_{len(self.cameras)}"))
        return self.cameras[-1]

    def add(self, thing: Thing) -> None:
        """Put a thing into the scene under its name, with a mask colour no other has."""
        if not NAME.fullmatch(thing.name):
            raise CommandError(ARGUMENT_INVALID)
        if len(self.things) >= MAX_THINGS:
            raise CommandError(f"error no more than {MAX_THINGS} objects")
        thing.color = self._free_color()
        self.things[thing.name] = thing
        self.touch()

    def _free_color(self) -> tuple[int, int, int]:
        used = {thing.color for thing in self.things.values()}
        return next(color for i in range(1, 2 * MAX_THINGS + 2) if (color := mask_color(i)) not in used)

    def remove(self, name: str) -> None:
        for owned in getattr(self.thing(name), "owned", ()):
            self.things.pop(owned, None)
        del self.things[name]
        self.touch()

    def rename(self, name: str, new_name: str) -> None:
        """Give a thing another name; it keeps its place in the order and its colour."""
        if new_name in self.things:
            raise CommandError(
                f"error Renaming an object to overwrite an existing object is not allowed, {new_name}"
            )
        if not NAME.fullmatch(new_name):
            raise CommandError(ARGUMENT_INVALID)
        thing = self.thing(name)
        thing.name = new_name
        self.things = {thing.name: thing for thing in self.things.values()}
        self.touch()

    def load_place(self, place: Any, key: tuple[str, int]) -> None:
        """Start over with a place: its own objects where they belong, its own light, nobody in it; cameras stay."""
        self.place, self.place_key, self.light = place, key, place.light
        self.things = {}
        self.touch()
        for item in place.objects:
            pose = Pose.from_matrix(item.matrix)
            mobility = "movable" if item.movable else "static"
            self.add(ObjectThing(item.name, pose, (0, 0, 0), mobility=mobility, mesh=item.mesh))


def mask_color(index: int) -> tuple[int, int, int]:
    """The instance colour of a number from 1 to 2**24 - 1: always the same, never twice, never black.

    An odd factor is a bijection modulo a power of two; this one (2**24 over the golden ratio) spreads
    neighbours far apart, so that people can tell them by eye.
    """
    value = index * 10368889 % (1 << 24)
    return value >> 16, value >> 8 & 255, value & 255


def place_rng(name: str, seed: int) -> np.random.Generator:
    """The generator that a place is built from."""
    return rng_for(seed, "place", name)


def bounds_cm(thing: Thing) -> np.ndarray:
    """Lower and upper corner of a thing's box in Unreal centimetres, shape (6,)."""
    corners = to_unreal_cm(thing.corners_m())
    return np.concatenate([corners.min(0), corners.max(0)])


def checked_scale(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Refuse scales that turn a thing inside out or make it nothing."""
    if not all(_SCALE_RANGE[0] <= value <= _SCALE_RANGE[1] for value in (x, y, z)):
        raise CommandError(ARGUMENT_INVALID)
    return x, y, z
