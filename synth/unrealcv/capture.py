"""Frames out of a world: pictures, depth, masks, the true camera, and the truth about every person.

:meth:`Studio.shoot` talks to the world, :func:`unpack` decodes and checks what came: the two may run on different
threads, so that the world draws on meanwhile.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from spinepose.errors import StageError
from synth.camera import Camera
from synth.scene import FrameSpec, PersonSpec, SceneSpec
from synth.sensor import blend, shutter_times
from synth.unrealcv import asks, decode, plausible
from synth.unrealcv.asks import Ask, Held, Placing
from synth.unrealcv.decode import BadReplyError, Reply, WorldFaultError
from synth.unrealcv.driver import Driver, LostConnectionError, WorldGoneError, WorldLostError, read
from synth.unrealcv.incidents import Incident
from synth.unrealcv.plausible import ImplausibleError
from synth.unrealcv.settle import Patience, settled_pictures
from synth.unrealcv.truth import SkinTruth, TruthSource

log = logging.getLogger(__name__)

MASK, PARTS = "object_mask bmp", "part_mask npy"
ID_PICTURES = (MASK, PARTS)
#: Instance id of everything that is no person of the frame.
OTHER_INSTANCE = 65535
_RETRY_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
# Requests on their way at once while markers are recorded; replies of thousands would pile up.
_TRIAL_CHUNK = 60
_REMEMBERED = 3
_RESTING = Held(0, "")  # held by whom no clip was given
_T = TypeVar("_T")


@dataclass(frozen=True)
class CapturedPerson:
    """The truth about one person, world metres.

    Attributes:
        spec: Who, where and when.
        instance_id: Their id in the frame's instance mask.
        markers_world_m: In the order of ``MARKER_NAMES``, shape (54, 3).
        keypoints_world_m: In the order of the skeleton, shape (37, 3); the nine spine points are NaN.
        authored_landmarks_world_m: The hidden anatomy's, in the order of ``SPINE_CHAIN``, shape (9, 3); NaN where
            the world has none. For evaluation only.
        coordinates_rad: Authored spine coordinates, shape (9,); NaN where the world has none.
    """

    spec: PersonSpec
    instance_id: int
    markers_world_m: np.ndarray
    keypoints_world_m: np.ndarray
    authored_landmarks_world_m: np.ndarray
    coordinates_rad: np.ndarray


@dataclass(frozen=True)
class RawFrame:
    """What came back of a frame: texts read and checked, pictures as they came.

    Attributes:
        spec: What was asked for.
        camera: The camera of the pictures, from the pose that was read back.
        lit: Colour pictures over the open shutter, at least one; the last is of the frame's time.
        depth: An npy file.
        mask: A picture; None where the world's is not to be had.
        parts: An npy file; None where the world has none.
        persons: In the order of the frame.
        has_parts: Whether the world is known to draw body parts.
        markers_on_skin: Whether the markers are points of the skin; else they ride on bones near it.
    """

    spec: FrameSpec
    camera: Camera
    lit: tuple[Reply, ...]
    depth: Reply
    mask: Reply | None
    parts: Reply | None
    persons: tuple[CapturedPerson, ...]
    has_parts: bool
    markers_on_skin: bool = True


@dataclass(frozen=True)
class CapturedFrame:
    """A frame, decoded and checked.

    Attributes:
        spec: What was asked for.
        camera: The camera of the pictures, from the pose that was read back.
        color: sRGB, shape (H, W, 3) uint8; an average where the shutter stays open.
        depth_m: Planar depth, metres, inf where nothing was hit, shape (H, W) float32.
        instance_id: 0 nothing, 1.. the people in the order of the frame, ``OTHER_INSTANCE`` all else,
            shape (H, W) uint16; all 0 from a world without a mask.
        part_id: Body parts, 0 where no person is, shape (H, W) uint8; all 0 from a world without them.
        persons: In the order of the frame.
        has_part_ids: Whether the world drew the ids; else whose pixels are whose is told from depth later.
    """

    spec: FrameSpec
    camera: Camera
    color: np.ndarray
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray
    persons: tuple[CapturedPerson, ...]
    has_part_ids: bool = True


@dataclass(frozen=True)
class MarkerSequence:
    """Markers of one person over time, world metres.

    Attributes:
        times_s: Times in the clip, shape (T,).
        markers_world_m: Shape (T, 54, 3).
        keypoints_world_m: Shape (T, 37, 3); the nine spine points are NaN.
        authored_landmarks_world_m: Shape (T, 9, 3); NaN where the world has none. For evaluation only.
        coordinates_rad: Shape (T, 9); NaN where the world has none.
    """

    times_s: np.ndarray
    markers_world_m: np.ndarray
    keypoints_world_m: np.ndarray
    authored_landmarks_world_m: np.ndarray
    coordinates_rad: np.ndarray


class Studio:
    """Takes frames and trials with one driver, and sets up only what differs from the frame before.

    What comes back does not depend on what was taken before: a test compares both ways byte by byte. After any fault
    the connection is closed and everything is set up from nothing.

    Args:
        driver: The world.
        truth: Where markers come from.
        ids: Which of ``ID_PICTURES`` the world has; what the others would tell is told from depth later.
        patience: How long to wait for an engine to come to rest.
    """

    def __init__(
        self,
        driver: Driver,
        truth: TruthSource | None = None,
        ids: Sequence[str] = ID_PICTURES,
        patience: Patience = Patience(),  # noqa: B008 (frozen)
    ) -> None:
        self.driver = driver
        self.ids = tuple(ids)
        self._truth, self._patience = truth or SkinTruth(), patience
        #: Attempts that failed, in the order they happened.
        self.incidents: list[Incident] = []
        #: Whether an engine's masks may be done without once they fail.
        self.may_give_up_mask = True
        self._standing: Any = None
        self._recent: deque[RawFrame] = deque(maxlen=_REMEMBERED)
        self._trust_repeats = False

    # --- pieces of work, each with its attempts

    def frame(self, frame: FrameSpec, finish: Callable[[RawFrame], _T], spoiled: Spoiled | None = None) -> _T:
        """Take a frame and do something with it, e.g. :func:`unpack`, again where either fails.

        Args:
            frame: What to take.
            finish: Decodes and checks; what it raises as ``WorldFaultError`` is a failed attempt.
            spoiled: An attempt that failed elsewhere, which counts.

        Raises:
            WorldFaultError: The last attempt failed, too.
            WorldLostError: There is no world any more.
        """
        return self.insist(frame.frame_id, lambda: finish(self.shoot(frame)), spoiled)

    def trials(self, scene: SceneSpec) -> dict[str, MarkerSequence]:
        """Markers of every person of a scene at all of its times, by the person's name; nothing is drawn."""
        return self.insist(f"{scene.scene_id} trials", lambda: self._scene_trials(scene))

    def static_trial(
        self, person: PersonSpec, times_s: Sequence[float]
    ) -> tuple[dict[str, Any], MarkerSequence]:
        """Record a person alone in the place that is loaded.

        Args:
            person: Who and where; ``time_s`` of the person is added to each time.
            times_s: Shape (T,), seconds.

        Returns:
            What the world says of the body (``stature_cm``, ``mass_kg``), and the markers.
        """
        return self.insist(f"static of {person.subject.subject_id}", lambda: self._static(person, times_s))

    def insist(self, item: str, work: Callable[[], _T], spoiled: Spoiled | None = None) -> _T:
        """Repeat a piece of work that a fault spoiled, each time on a fresh connection and from nothing."""
        first = len(self.incidents)
        if spoiled is not None:
            self._recover(item, spoiled, 1)
        while True:
            began = time.monotonic()
            try:
                result = work()
            except WorldFaultError as error:
                self._recover(item, Spoiled(error, began), len(self.incidents) - first + 1)
            else:
                self.driver.renew()
                self.incidents[first:] = [replace(i, recovered=True) for i in self.incidents[first:]]
                self._trust_repeats = False
                return result

    def _recover(self, item: str, spoiled: Spoiled, attempt: int) -> None:
        """Record a failed attempt and open a fresh connection; the time that takes counts as lost.

        Raises:
            WorldFaultError: It was the last attempt; the given error.
            WorldLostError: There is no world any more.
        """
        error, restarts, address = spoiled.error, self.driver.restarts, self.driver.address
        self.forget()
        self.driver.close()
        self._give_up_mask(error)
        # Twice the same picture in a row is what the world draws, and no stale one.
        self._trust_repeats = isinstance(error, RepeatedPictureError)
        fatal: StageError | None = None
        if attempt > self.driver.retries:
            fatal = WorldLostError(str(error)) if isinstance(error, WorldGoneError) else error
        else:
            time.sleep(min(_RETRY_PAUSE_S * (attempt - 1), _LONGEST_PAUSE_S))
            try:
                self.driver.connect()
            except LostConnectionError:
                pass  # the next attempt says so
            except StageError as lost:
                fatal = lost
        restarted, lost_s = self.driver.restarts > restarts, round(time.monotonic() - spoiled.began, 3)
        self.incidents.append(
            Incident(item, str(error), error.command, attempt, address, restarted, False, lost_s)
        )
        if fatal is not None:
            raise fatal from error

    def _give_up_mask(self, error: WorldFaultError) -> None:
        """An engine whose mask does not show the people: from now on they are told from depth."""
        wrong = isinstance(error, ImplausibleError) and error.command in ("object_mask", "part_mask")
        if wrong and MASK in self.ids and self.may_give_up_mask and not self.driver.eager:
            log.warning(
                "the engine's mask does not show the people (%s): they are told from depth now", error
            )
            self.ids = ()

    def forget(self) -> None:
        """Set up the next frame from nothing."""
        self._standing = None

    # --- one attempt

    def shoot(self, frame: FrameSpec) -> RawFrame:
        """Set up a frame and ask for everything in it, once.

        Raises:
            WorldFaultError: Something went wrong or was not what was asked for.
        """
        camera_index = self.driver.camera_index()
        camera = frame.camera.camera()
        setup, names = self._setup(frame.place, frame.place_seed, frame.light, frame.persons, frame.objects)
        shutter = sorted(shutter_times(frame.sensor), key=lambda shift_s: shift_s == 0.0)
        # Groups of requests; a real engine gets the next group when the one before it was answered.
        groups: list[list[Ask[Any]]] = [[*setup, *asks.set_camera(camera_index, camera)]]
        for shift_s in shutter:
            groups.append([_play(person, shift_s) for person in frame.persons])
            groups.append([asks.image(camera_index, "lit bmp")])
        groups[-1] += [asks.image(camera_index, what) for what in ("depth npy", *self.ids)]
        groups.append(
            [ask for person in frame.persons for ask in self._truth.wanted(person, _placing(person))]
        )
        values = self._run(groups, camera_index, camera)
        placed, held, pictures, truth = values[0], values[1:-2:2], values[2:-1:2], values[-1]
        self._check_things(placed[: len(setup)], names)
        depth, *ids = pictures[-1][1:]
        there = dict(zip(self.ids, ids, strict=True))
        people = tuple(
            CapturedPerson(
                person,
                index + 1,
                *self._truth.read(person, truth[2 * index : 2 * index + 2], held[-1][index]),
            )
            for index, person in enumerate(frame.persons)
        )
        raw = RawFrame(
            frame, asks.camera_read(camera, placed[-4:]), tuple(group[0] for group in pictures), depth,
            there.get(MASK), there.get(PARTS), people, self.driver.eager and PARTS in there,
            not self._truth.static_is_reference,
        )  # fmt: skip
        self._check_new(raw, held)
        self._recent.append(raw)
        return raw

    def _run(
        self, groups: list[list[Ask[Any]]], camera_index: int = 0, camera: Camera | None = None
    ) -> list[list[Any]]:
        standing, self._standing = self._standing, None  # nothing is known of a world that failed half-way
        if self.driver.eager:
            flat = iter(self.driver.run([ask for group in groups for ask in group]))
            values = [[next(flat) for _ in group] for group in groups]
        else:
            values = [self._group(group, camera_index, camera) for group in groups]
        self._standing = standing
        return values

    def _group(self, group: list[Ask[Any]], camera_index: int, camera: Camera | None) -> list[Any]:
        """A group of an engine: pictures wait until it has come to rest."""
        uri = f"vget /camera/{camera_index}/"
        kinds = [ask.command.removeprefix(uri) for ask in group]
        if camera is None or not kinds or not kinds[0].startswith("lit"):
            return self.driver.run(group)
        wanted = kinds if len(kinds) > 1 else [*kinds, "depth npy"]
        found = settled_pictures(self.driver, camera_index, camera, wanted, self._patience)
        return found[: len(kinds)]

    def _setup(
        self, place: str, seed: int, light: dict[str, Any], persons: tuple[PersonSpec, ...], objects: tuple
    ) -> tuple[list[Ask[Any]], set[str] | None]:
        """Requests that build a scene, and the people's names; none where it stands already on this connection."""
        self.driver.connect()
        who = tuple((p.name, p.subject, p.clip, p.x_m, p.y_m, p.yaw_rad) for p in persons)
        key = (self.driver.connections, place, seed, json.dumps(light, sort_keys=True), who, objects)
        if key == self._standing:
            return [], None
        self._standing = key
        wanted: list[Ask[Any]] = [asks.set_place(place, seed), asks.set_light(light)]
        for item in objects:
            wanted += asks.put(item.name, Placing.on_floor(item.x_m, item.y_m, item.yaw_rad))
        for index, person in enumerate(persons):
            wanted.append(asks.spawn(person.name, person.subject.to_json()))
            wanted += self._truth.on_spawn(person)
            wanted += asks.put(person.name, _placing(person))
            wanted += asks.color(person.name, person_color(index))
        return [*wanted, asks.objects()], {person.name for person in persons}

    def _check_things(self, values: Sequence[Any], names: set[str] | None) -> None:
        """Nobody is missing, and nobody is left over from another scene."""
        if names is None:
            return
        there, expected = set(values[-1]), {*values[0], *names}
        missing = expected - there
        # A real engine lists the floor and the sky, too.
        extra = there - expected if self.driver.eager else set()
        if missing or extra:
            self._standing = None
            shown = ", ".join(sorted(missing or extra)[:4])
            raise BadReplyError(
                f"{'missing' if missing else 'left over'} in the scene: {shown}", "vget /objects"
            )

    def _check_new(self, raw: RawFrame, held: list[list[Held]]) -> None:
        """A picture that equals an earlier one though the scene has changed is a stale one."""
        if self._trust_repeats:
            return
        stale = ""
        for before in self._recent:
            if before.spec == raw.spec:
                continue
            stale = stale or next((kind for kind in ("depth", "mask") if _same(before, raw, kind)), "")
            if any(picture == earlier for picture in raw.lit for earlier in before.lit):
                stale = "lit"
            if raw.parts is not None and _same(before, raw, "parts") and any(bytes(raw.parts[128:])):
                stale = "parts"
        for (picture, frames), (later, later_frames) in pairwise(zip(raw.lit, held, strict=True)):
            if picture == later and frames != later_frames:
                stale = "lit"
        if stale:
            self._standing = None
            raise RepeatedPictureError(f"'{stale}' equals that of another moment", stale)

    def _scene_trials(self, scene: SceneSpec) -> dict[str, MarkerSequence]:
        setup, names = self._setup(scene.place, scene.place_seed, scene.light, scene.persons, scene.objects)
        (values,) = self._run([setup])
        self._check_things(values, names)
        return self._record_people(scene.persons, scene.times_s)

    def _static(self, person: PersonSpec, times_s: Sequence[float]) -> tuple[dict[str, Any], MarkerSequence]:
        self._standing = None
        spawn = [asks.spawn(person.name, person.subject.to_json()), *self._truth.on_spawn(person)]
        body, *_ = self.driver.run([*spawn, *asks.put(person.name, _placing(person))])
        sequence = self._record_people((person,), times_s, self._truth.static_is_reference)[person.name]
        self.driver.run([asks.destroy(person.name)])
        return body, sequence

    def _record_people(
        self, persons: Sequence[PersonSpec], times_s: Sequence[float], as_they_stand: bool = False
    ) -> dict[str, MarkerSequence]:
        moments = [(person, float(time_s)) for time_s in times_s for person in persons]
        rows: list[tuple[np.ndarray, ...]] = []
        for start in range(0, len(moments), _TRIAL_CHUNK):
            chunk = moments[start : start + _TRIAL_CHUNK]
            first = [asks.objects() if as_they_stand else _play(p, t) for p, t in chunk]
            truth = [self._truth.wanted(p, _placing(p)) for p, _ in chunk]
            (values,) = self._run([[a for lead, two in zip(first, truth, strict=True) for a in (lead, *two)]])
            for i, (person, _) in enumerate(chunk):
                held = _RESTING if as_they_stand else values[3 * i]
                rows.append(self._truth.read(person, values[3 * i + 1 : 3 * i + 3], held))
        sequences = {}
        for index, person in enumerate(persons):
            times = np.array([_clip_time(person, float(time_s)) for time_s in times_s])
            columns = zip(*rows[index :: len(persons)], strict=True)
            sequences[person.name] = MarkerSequence(times, *(np.stack(column) for column in columns))
        return sequences


@dataclass(frozen=True)
class Spoiled:
    """An attempt that failed: why, and when it began (``time.monotonic``)."""

    error: WorldFaultError
    began: float


class RepeatedPictureError(ImplausibleError):
    """A picture of another moment came; or two moments look the same, which a second attempt tells."""


def _same(before: RawFrame, now: RawFrame, kind: str) -> bool:
    reply = getattr(now, kind)
    return reply is not None and getattr(before, kind) == reply


def _placing(person: PersonSpec) -> Placing:
    return Placing.on_floor(person.x_m, person.y_m, person.yaw_rad)


def _clip_time(person: PersonSpec, shift_s: float) -> float:
    return max(round(person.time_s + shift_s, 6), 0.0)


def _play(person: PersonSpec, shift_s: float = 0.0) -> Ask[Held]:
    return asks.play(person.name, person.clip, _clip_time(person, shift_s))


def person_color(index: int) -> tuple[int, int, int]:
    """Mask colour of the frame's person number ``index``; things spawned in a real engine have none of their own."""
    return 255, (64 + 48 * index) % 256, 7


def instance_ids(packed: np.ndarray, colors: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Turn a mask of packed colours into ids: 0 black, 1.. the given colours, ``OTHER_INSTANCE`` all else.

    Args:
        packed: ``red << 16 | green << 8 | blue``, shape (H, W).
        colors: One a person.
    """
    ids = np.where(packed == 0, np.uint16(0), np.uint16(OTHER_INSTANCE))
    for index, (red, green, blue) in enumerate(colors, start=1):
        ids[packed == (red << 16 | green << 8 | blue)] = index
    return ids


def unpack(raw: RawFrame) -> CapturedFrame:
    """Decode a frame's pictures and check that they, the camera and the markers belong together.

    Raises:
        WorldFaultError: A picture cannot be read, is of another size, black, or of another moment.
    """
    size = raw.camera.width, raw.camera.height
    lit = [_decoded("lit", decode.picture, reply, size) for reply in raw.lit]
    depth = _decoded("depth", decode.depth_m, raw.depth, size)
    parts = np.zeros(depth.shape, np.uint8)
    instances = np.zeros(depth.shape, np.uint16)
    if raw.parts is not None:
        parts = _decoded("part_mask", decode.array, raw.parts, size).astype(np.uint8)
    if raw.mask is not None:
        packed = _decoded("object_mask", decode.packed_picture, raw.mask, size)
        instances = instance_ids(packed, [person_color(index) for index in range(len(raw.persons))])
    for picture in lit:
        plausible.check_pictures(picture, depth, instances, parts, len(raw.persons), raw.has_parts)
    for person in raw.persons:
        seen = instances if raw.mask is not None else None
        plausible.check_person(
            raw.camera, person.markers_world_m, depth, seen, person.instance_id, raw.markers_on_skin
        )
    return CapturedFrame(
        raw.spec, raw.camera, blend(lit), depth, instances, parts, raw.persons, raw.parts is not None
    )


def _decoded(
    command: str, decoder: Callable[..., np.ndarray], reply: Reply, size: tuple[int, int]
) -> np.ndarray:
    return read(Ask(command, lambda data: decoder(data, *size)), reply)
