"""One frame out of a world: pictures, depth, masks, the true camera, and the truth about every person."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from spinepose.errors import StageError
from synth.camera import Camera
from synth.scene import FrameSpec, PersonSpec, SceneSpec
from synth.unrealcv.decode import BadReplyError
from synth.unrealcv.driver import Driver

log = logging.getLogger(__name__)

#: Instance id of everything that is no person of the frame.
OTHER_INSTANCE = 65535
_FRAME_ATTEMPTS = 2
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
class CapturedFrame:
    """What came back of a frame.

    Attributes:
        spec: What was asked for.
        camera: The camera of the pictures, from the pose that was read back.
        color: sRGB, shape (H, W, 3) uint8.
        depth_m: Planar depth, metres, inf where nothing was hit, shape (H, W) float32.
        instance_id: 0 nothing, 1.. the people in the order of the frame, ``OTHER_INSTANCE`` all else,
            shape (H, W) uint16.
        part_id: Body parts, 0 where no person is, shape (H, W) uint8.
        persons: In the order of the frame.
    """

    spec: FrameSpec
    camera: Camera
    color: np.ndarray
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray
    persons: tuple[CapturedPerson, ...]


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


def capture_frame(driver: Driver, frame: FrameSpec) -> CapturedFrame:
    """Set up a frame from nothing and capture it.

    The scene is built anew, so the result does not depend on what was captured before. If the connection was
    lost on the way or something that came back was wrong, the whole frame is done again with a fresh client.

    Raises:
        StageError: The world failed again, or answers something else than was asked for.
    """

    def attempt() -> CapturedFrame:
        _build(driver, frame.place, frame.place_seed, frame)
        for person in frame.persons:
            _add(driver, person)
        for index, person in enumerate(frame.persons):
            driver.color(person.name, person_color(index))
        camera = driver.set_camera(frame.camera.camera())
        color, depth, mask, parts = driver.lit(), driver.depth(), driver.mask(), driver.part_mask()
        instances = instance_ids(mask, [person_color(index) for index in range(len(frame.persons))])
        persons = tuple(_truth(driver, person, index) for index, person in enumerate(frame.persons, start=1))
        return CapturedFrame(frame, camera, color, depth, instances, parts, persons)

    return _on_one_connection(driver, attempt, f"frame {frame.frame_id}")


def capture_trial(
    driver: Driver, person: PersonSpec, times_s: np.ndarray | tuple[float, ...]
) -> MarkerSequence:
    """Record a person's markers alone in the place that is loaded, without drawing anything.

    Args:
        driver: The world.
        person: Who and where; ``time_s`` of the person is added to each time.
        times_s: Shape (T,), seconds.

    Raises:
        StageError: The world failed again, or answers something else than was asked for.
    """

    def attempt() -> MarkerSequence:
        driver.spawn_character(person.name, person.subject.to_json())
        driver.place_thing(person.name, person.x_m, person.y_m, person.yaw_rad)
        rows = []
        clip_times = [round(person.time_s + float(time_s), 6) for time_s in times_s]
        for time_s in clip_times:
            driver.play(person.name, person.clip, time_s)
            rows.append((*driver.markers(person.name), *_authored(driver, person.name)))
        driver.destroy(person.name)
        return MarkerSequence(np.array(clip_times), *(np.stack(column) for column in zip(*rows, strict=True)))

    return _on_one_connection(driver, attempt, f"trial of {person.name}")


def capture_scene_trials(driver: Driver, scene: SceneSpec) -> dict[str, MarkerSequence]:
    """Markers of every person of a scene at all of its times, by the person's name."""
    return {person.name: capture_trial(driver, person, scene.times_s) for person in scene.persons}


def _on_one_connection(driver: Driver, attempt: Callable[[], _T], what: str) -> _T:
    """Repeat a piece of work that a lost connection or a wrong answer spoiled; never mix two connections."""
    fault: StageError
    for _ in range(_FRAME_ATTEMPTS):
        try:
            driver.text("vget /unrealcv/version")  # connects again where that is needed
            before = driver.connections
            result = attempt()
            if driver.connections == before:
                return result
            fault = StageError(f"{what}: the connection to {driver.address} was lost on the way")
        except StageError as error:
            fault = error
            driver.close()
        log.info("%s: %s", what, fault)
    raise fault


def _build(driver: Driver, place: str, seed: int, frame: FrameSpec) -> None:
    driver.set_place(place, seed)
    driver.set_light(frame.light)
    for item in frame.objects:
        driver.place_thing(item.name, item.x_m, item.y_m, item.yaw_rad)


def _add(driver: Driver, person: PersonSpec) -> None:
    driver.spawn_character(person.name, person.subject.to_json())
    driver.place_thing(person.name, person.x_m, person.y_m, person.yaw_rad)
    driver.play(person.name, person.clip, person.time_s)


def person_color(index: int) -> tuple[int, int, int]:
    """Mask colour of the frame's person number ``index``; things spawned in a real engine have none of their own."""
    return 255, (64 + 48 * index) % 256, 7


def instance_ids(mask: np.ndarray, colors: list[tuple[int, int, int]]) -> np.ndarray:
    """Turn a mask of colours into ids: 0 black, 1.. the given colours, ``OTHER_INSTANCE`` all else.

    Args:
        mask: Shape (H, W, 3) uint8.
        colors: One a person.
    """
    packed = mask.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    ids = np.where(packed == 0, 0, OTHER_INSTANCE).astype(np.uint16)
    for index, (red, green, blue) in enumerate(colors, start=1):
        ids[packed == (red << 16 | green << 8 | blue)] = index
    return ids


def _truth(driver: Driver, person: PersonSpec, instance_id: int) -> CapturedPerson:
    markers, keypoints = driver.markers(person.name)
    return CapturedPerson(person, instance_id, markers, keypoints, *_authored(driver, person.name))


def _authored(driver: Driver, name: str) -> tuple[np.ndarray, np.ndarray]:
    """What only the embedded world knows; a real engine has no such function, and nothing but evaluation needs it."""
    try:
        return driver.authored(name)
    except BadReplyError as error:
        if "No handler found" not in str(error):
            raise
        return np.full((9, 3), np.nan), np.full(9, np.nan)
