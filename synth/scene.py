"""What to shoot: scenes, the people in them, and the pictures taken of them. Pure data, written as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np

from spinepose.errors import InputError
from synth.body.spec import SubjectSpec
from synth.camera import Camera, look_at

SCHEMA_VERSION = 2
Point = tuple[float, float, float]


@dataclass(frozen=True)
class CameraSpec:
    """Where a picture is taken from.

    Attributes:
        position_m: Optical centre, world metres.
        target_m: A point on the optical axis, world metres.
        fov_deg: Horizontal field of view.
        roll_rad: Rotation about the optical axis; positive turns the picture's content counter-clockwise.
        width: Pixels.
        height: Pixels, at most the width.
    """

    position_m: Point
    target_m: Point
    fov_deg: float
    roll_rad: float
    width: int
    height: int

    def camera(self) -> Camera:
        """The camera as asked for; the world's is read back (see ``synth.unrealcv.driver``)."""
        position, target = np.array(self.position_m), np.array(self.target_m)
        return look_at(position, target, self.width, self.height, self.fov_deg, self.roll_rad)


@dataclass(frozen=True)
class SensorSpec:
    """What the camera does to the light; the defaults do nothing but store a JPEG.

    Attributes:
        exposure_ev: Stops brighter (+) or darker than the place's exposure, with highlights that clip.
        shutter_s: How long the shutter is open, centred on the picture's time; 0 freezes motion.
        noise: Noise of the sensor: standard deviation in a mid-grey pixel, in linear light, 0 to 0.2.
        temperature_shift: Error of the white balance, -1 (too blue) to 1 (too yellow).
        jpeg_quality: 1 to 100.
    """

    exposure_ev: float = 0.0
    shutter_s: float = 0.0
    noise: float = 0.0
    temperature_shift: float = 0.0
    jpeg_quality: int = 93


class Subject(Protocol):
    """Whose body it is: a ``SubjectSpec``, or somebody of an engine's level whom nobody here could build."""

    @property
    def subject_id(self) -> str:
        """The person's name in files."""

    @property
    def sex(self) -> str:
        """``female`` or ``male``."""

    @property
    def age_years(self) -> int:
        """Age."""

    def to_json(self) -> str:
        """The specification; empty where there is none."""


@dataclass(frozen=True)
class PersonSpec:
    """Who stands where and does what.

    Attributes:
        name: The person's name in the world; unique in the scene.
        subject: The body.
        clip: Name of the motion clip.
        time_s: Time in the clip: of a frame, or where the recorded piece starts in a scene.
        x_m: Where the character frame's origin is, world metres.
        y_m: The same, other axis.
        yaw_rad: Heading about z; 0 faces +x, positive turns left.
    """

    name: str
    subject: Subject
    clip: str
    time_s: float
    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True)
class ObjectSpec:
    """An object of the place that is moved somewhere else.

    Attributes:
        name: Its name in the place.
        x_m: World metres.
        y_m: World metres.
        yaw_rad: Heading about z.
    """

    name: str
    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True)
class FrameSpec:
    """One picture, complete in itself.

    Attributes:
        frame_id: Unique in the run; also the picture's file name.
        scene_id: The scene it belongs to.
        split: ``train`` or ``val``.
        place: Name of the place.
        place_seed: Which one of that kind.
        light: Fields of the place's light to change.
        camera: Where from.
        persons: Who is there; their ``time_s`` is this picture's.
        objects: Objects moved from where the place has them.
        sensor: What the camera does to the light.
    """

    frame_id: str
    scene_id: str
    split: str
    place: str
    place_seed: int
    light: dict[str, Any]
    camera: CameraSpec
    persons: tuple[PersonSpec, ...]
    objects: tuple[ObjectSpec, ...] = ()
    sensor: SensorSpec = SensorSpec()


@dataclass(frozen=True)
class ShotSpec:
    """A picture of a scene.

    Attributes:
        frame_id: Unique in the run.
        time_index: Which of the scene's times.
        camera: Where from.
        sensor: What the camera does to the light.
    """

    frame_id: str
    time_index: int
    camera: CameraSpec
    sensor: SensorSpec = SensorSpec()


@dataclass(frozen=True)
class SceneSpec:
    """A place, people with a piece of a motion each, and pictures of them.

    Attributes:
        scene_id: Unique in the run.
        split: ``train`` or ``val``; all its people belong to that split.
        place: Name of the place.
        place_seed: Which one of that kind.
        light: Fields of the place's light to change.
        persons: Who is there; their ``time_s`` is where the piece of the clip starts.
        objects: Objects moved from where the place has them.
        times_s: Times at which markers are recorded, from the start of the piece, seconds.
        shots: Pictures; each falls on one of the times.
        block: Scenes of one block share a few bodies and places, which cost a world seconds to build: one world
            renders a whole block.
    """

    scene_id: str
    split: str
    place: str
    place_seed: int
    light: dict[str, Any]
    persons: tuple[PersonSpec, ...]
    objects: tuple[ObjectSpec, ...]
    times_s: tuple[float, ...]
    shots: tuple[ShotSpec, ...]
    block: int = 0

    def person_at(self, person: PersonSpec, time_index: int) -> PersonSpec:
        """A person with the clip's time at one of the scene's times (rounded to a microsecond)."""
        return replace(person, time_s=round(person.time_s + self.times_s[time_index], 6))

    def frames(self) -> tuple[FrameSpec, ...]:
        """The pictures, each complete in itself."""
        return tuple(
            FrameSpec(
                shot.frame_id, self.scene_id, self.split, self.place, self.place_seed, self.light, shot.camera,
                tuple(self.person_at(person, shot.time_index) for person in self.persons), self.objects,
                shot.sensor,
            )
            for shot in self.shots
        )  # fmt: skip

    def to_json(self) -> str:
        """One line of JSON; :meth:`from_json` gives an equal scene back."""
        data = asdict(self)
        for person, row in zip(self.persons, data["persons"], strict=True):
            row["subject"] = json.loads(person.subject.to_json())
        return json.dumps({"schema_version": SCHEMA_VERSION, **data}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SceneSpec:
        """Read what :meth:`to_json` wrote.

        Raises:
            InputError: Not JSON, another schema, or fields are missing or unknown.
        """
        try:
            data = json.loads(text)
            version = data.pop("schema_version", None)
            if version != SCHEMA_VERSION:
                raise InputError(
                    f"scene has schema {version}, this version reads {SCHEMA_VERSION}; make the scenes again"
                )
            return cls(
                **data
                | {
                    "persons": tuple(_person(row) for row in data["persons"]),
                    "objects": tuple(ObjectSpec(**row) for row in data["objects"]),
                    "times_s": tuple(data["times_s"]),
                    "shots": tuple(
                        ShotSpec(
                            **row | {"camera": _camera(row["camera"]), "sensor": SensorSpec(**row["sensor"])}
                        )
                        for row in data["shots"]
                    ),
                }
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"scene cannot be read ({error!r}); make it again with 'spineforge scenes'"
            ) from error


def _person(row: dict[str, Any]) -> PersonSpec:
    return PersonSpec(**row | {"subject": SubjectSpec.from_json(json.dumps(row["subject"]))})


def _camera(row: dict[str, Any]) -> CameraSpec:
    return CameraSpec(**row | {"position_m": tuple(row["position_m"]), "target_m": tuple(row["target_m"])})
