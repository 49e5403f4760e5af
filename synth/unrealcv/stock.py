"""Frames of a stock engine: UnrealCV alone can neither pose people nor step time, but it can stop the game.

What can be had is what the running game shows. So the game runs for a moment and is stopped; bones are read until they
stand still, pictures are taken, bones are read again. All that belongs to one moment is taken in one stop, and each
stop is a frame of the marker trial. The times of a trial are those that were asked for: a stock engine tells no time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from spinepose.skeleton import INDEX, SPINE_CHAIN
from synth.bone_markers import BoneMarkers
from synth.camera import Camera
from synth.scene import FrameSpec, PersonSpec, SceneSpec
from synth.unrealcv import asks
from synth.unrealcv.asks import Placing
from synth.unrealcv.capture import (
    MASK,
    PARTS,
    CapturedPerson,
    MarkerSequence,
    RawFrame,
    Spoiled,
    Studio,
    person_color,
    unpack,
)
from synth.unrealcv.decode import WorldFaultError
from synth.unrealcv.driver import Driver, LostConnectionError
from synth.unrealcv.incidents import Incident
from synth.unrealcv.people import Actor, People
from synth.unrealcv.settle import Patience, settled_pictures

# Bones of a game that stands still agree to the last digit of the wire, 0.001 cm.
_STILL_M = 2e-5
_T = TypeVar("_T")
Pose = tuple[np.ndarray, np.ndarray]


class StockStudio(Studio):
    """Takes scenes of a running game.

    Args:
        driver: The engine.
        people: Who is there.
        ids: Which id pictures it has; a mask that shows nobody is given up on the way.
        patience: How long to wait for it to come to rest.
    """

    def __init__(self, driver: Driver, people: People, ids: Sequence[str], patience: Patience) -> None:
        super().__init__(driver, None, ids, patience)
        self._people = people
        self._stage_m = np.array(people.stage_m)
        self._tied: dict[str, tuple[BoneMarkers, Pose]] = {}
        self._taken: dict[str, RawFrame] = {}
        self._lost: dict[str, WorldFaultError] = {}

    def frame(self, frame: FrameSpec, finish: Callable[[RawFrame], _T], spoiled: Spoiled | None = None) -> _T:
        """What was taken of a frame during its scene's trial; a moment that is gone cannot be taken again.

        Raises:
            WorldFaultError: It failed then, or ``spoiled`` says that it did since.
        """
        if spoiled is not None:
            raise spoiled.error
        raw = self._taken.pop(frame.frame_id, None)
        if raw is None:
            raise self._lost.get(frame.frame_id) or WorldFaultError("the moment of this frame is over")
        return finish(raw)

    def trials(self, scene: SceneSpec) -> dict[str, MarkerSequence]:
        """Markers of every person of a scene at all of its times; its pictures are taken on the way."""
        sequences = super().trials(scene)
        self.incidents = [
            replace(i, recovered=i.recovered and i.item not in self._lost) for i in self.incidents
        ]
        return sequences

    def _scene_trials(self, scene: SceneSpec) -> dict[str, MarkerSequence]:
        self._taken.clear()
        self._lost.clear()
        self.driver.connect()
        self._set_stage(scene)
        rows: list[list[Pose]] = []
        steps = np.diff([0.0, *scene.times_s])
        for index, step_s in enumerate(steps):
            self._let_run(float(step_s))
            poses = self._standing_still(scene.persons)
            rows.append(poses)
            shots = [
                f for shot, f in zip(scene.shots, scene.frames(), strict=True) if shot.time_index == index
            ]
            for frame in shots:
                self._take(frame, poses)
            if shots and not _same_poses(poses, self._poses(scene.persons)):
                raise WorldFaultError("people moved in the paused game", "vset /action/game/pause")
        return {
            person.name: _sequence(np.array(scene.times_s), [row[i] for row in rows])
            for i, person in enumerate(scene.persons)
        }

    def _static(self, person: PersonSpec, times_s: Sequence[float]) -> tuple[dict[str, Any], MarkerSequence]:
        """The reference pose stands for a static trial."""
        actor = _actor(person)
        markers, keypoints = self._tie(actor)[1]
        on_floor = np.nanmean(keypoints[[INDEX["left_hip"], INDEX["right_hip"]]], axis=0) * [1.0, 1.0, 0.0]
        pose = markers - on_floor, keypoints - on_floor  # the reference may stand anywhere in the level
        body = {"stature_cm": 100 * actor.stature_m, "mass_kg": actor.mass_kg}
        return body, _sequence(np.array(times_s, float), [pose] * len(times_s))

    # --- pieces

    def _set_stage(self, scene: SceneSpec) -> None:
        """The scene's people where it wants them, all others out of sight."""
        cast = {person.name: person for person in scene.persons}
        for actor in self._people.actors:
            self._tie(actor)
        away = {actor.reference for actor in self._people.actors}
        away |= {actor.object for actor in self._people.actors} - set(cast)
        wanted = [asks.show(name, False) for name in sorted(away - set(cast))]
        for index, person in enumerate(scene.persons):
            x_m, y_m, z_m = self._stage_m + np.array([person.x_m, person.y_m, _actor(person).over_floor_m])
            wanted.append(asks.show(person.name, True))
            wanted += asks.put(person.name, Placing.on_floor(x_m, y_m, person.yaw_rad, z_m))
            if MASK in self.ids:
                wanted += asks.color(person.name, person_color(index))
        self.driver.run(wanted)

    def _tie(self, actor: Actor) -> tuple[BoneMarkers, Pose]:
        """Markers on an actor's bones, and where they are in the reference pose."""
        if actor.subject_id not in self._tied:
            bones = self.driver.run([asks.bones(actor.reference, actor.plan.bones)])[0]
            tied = BoneMarkers(actor.plan, bones)
            self._tied[actor.subject_id] = tied, tied.points(bones)
        return self._tied[actor.subject_id]

    def _let_run(self, step_s: float) -> None:
        self.driver.run(asks.pause(False))
        time.sleep(step_s)
        self.driver.run(asks.pause(True))

    def _poses(self, persons: Sequence[PersonSpec]) -> list[Pose]:
        bones = self.driver.run([asks.bones(p.name, _actor(p).plan.bones) for p in persons])
        points = [self._tie(_actor(p))[0].points(b) for p, b in zip(persons, bones, strict=True)]
        return [(markers - self._stage_m, keypoints - self._stage_m) for markers, keypoints in points]

    def _standing_still(self, persons: Sequence[PersonSpec]) -> list[Pose]:
        """Poses once two readings agree: a game stops at the end of its tick."""
        last = self._poses(persons)
        for _ in range(self._patience.most):
            now = self._poses(persons)
            if _same_poses(last, now):
                return now
            last = now
        raise WorldFaultError("people do not stand still in the paused game", "vset /action/game/pause")

    def _take(self, frame: FrameSpec, poses: Sequence[Pose]) -> None:
        """Take a picture of the moment that stands still, again where it is not good."""
        nothing = np.full((len(SPINE_CHAIN), 3), np.nan), np.full(9, np.nan)
        people = tuple(
            CapturedPerson(person, index + 1, *pose, *nothing)
            for index, (person, pose) in enumerate(zip(frame.persons, poses, strict=True))
        )
        attempts = self.driver.retries + 1
        for attempt in range(1, attempts + 1):
            began = time.monotonic()
            try:
                raw = self._shoot_once(frame, people)
                self._check_new(raw, [[]])
                unpack(raw)
            except LostConnectionError:
                raise
            except WorldFaultError as error:
                lost_s = round(time.monotonic() - began, 3)
                where = self.driver.address
                self.incidents.append(
                    Incident(frame.frame_id, str(error), error.command, attempt, where, False, False, lost_s)
                )
                self._lost[frame.frame_id] = error
                self._give_up_mask(error)
                # Twice the same picture in a row is what the engine draws, and no stale one.
                self._trust_repeats = True
                continue
            self._trust_repeats = False
            self._lost.pop(frame.frame_id, None)
            self._recent.append(raw)
            self._taken[frame.frame_id] = raw
            return
        self._trust_repeats = False

    def _shoot_once(self, frame: FrameSpec, people: tuple[CapturedPerson, ...]) -> RawFrame:
        index, asked = self.driver.camera_index(), _moved(frame.camera.camera(), self._stage_m)
        camera = asks.camera_read(asked, self.driver.run(asks.set_camera(index, asked))[-4:])
        wanted = ["lit bmp", "depth npy", *self.ids]
        lit, depth, *ids = settled_pictures(self.driver, index, camera, wanted, self._patience)
        there = dict(zip(self.ids, ids, strict=True))
        return RawFrame(
            frame,
            _moved(camera, -self._stage_m),
            (lit,),
            depth,
            there.get(MASK),
            there.get(PARTS),
            people,
            False,
            markers_on_skin=False,
        )


def _actor(person: PersonSpec) -> Actor:
    subject = person.subject
    if not isinstance(subject, Actor):
        raise TypeError(f"{person.name} is nobody of the people file")
    return subject


def _moved(camera: Camera, by_m: np.ndarray) -> Camera:
    return replace(camera, t_world_to_cam_m=camera.t_world_to_cam_m - camera.R_world_to_cam @ by_m)


def _same_poses(a: Sequence[Pose], b: Sequence[Pose]) -> bool:
    return all(np.abs(x[0] - y[0]).max() <= _STILL_M for x, y in zip(a, b, strict=True))


def _sequence(times_s: np.ndarray, poses: Sequence[Pose]) -> MarkerSequence:
    count = len(poses)
    return MarkerSequence(
        times_s, np.stack([markers for markers, _ in poses]), np.stack([keypoints for _, keypoints in poses]),
        np.full((count, len(SPINE_CHAIN), 3), np.nan), np.full((count, 9), np.nan),
    )  # fmt: skip
