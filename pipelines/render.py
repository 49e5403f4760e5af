"""Stage render: every scene drawn in a world; pictures, depth, ids, and the truth about every person."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.config import RunConfig
from pipelines.progress import progress
from pipelines.render_files import (
    frame_row,
    person_row,
    trial_id,
    world_name,
    write_frame,
    write_subject,
    write_trials,
)
from pipelines.render_studio import open_studio
from pipelines.render_worlds import Crew, Unit, cores, units, world_count
from pipelines.run import Failure, Stage, describe, hash_file, open_stage, require_stage
from pipelines.scenes import STATIC_CLIP, STATIC_TIMES_S, load_scenes
from pipelines.tables import concat_parts, read_table, write_table
from spinepose.errors import InputError, SpineforgeError, StageError
from synth.scene import FrameSpec, PersonSpec, SceneSpec, Subject
from synth.unrealcv.capture import MarkerSequence, RawFrame, Spoiled, unpack
from synth.unrealcv.decode import WorldFaultError
from synth.unrealcv.driver import Driver, parse_address
from synth.unrealcv.engine_process import EngineProcess
from synth.unrealcv.incidents import COLUMNS
from synth.unrealcv.people import People, load_people, observed
from synth.unrealcv.process import WorldProcess

log = logging.getLogger(__name__)

# How the work is done, not what comes out: these may change while a stage is unfinished.
_HOW = {"worlds", "world_restarts", "timeout_s", "connect_timeout_s", "retries"}
# Frames that wait for their encoding, a world; each is about 5 MB at 640x480.
_AHEAD = 3
# A frame's markers and those of the trial are the same points at the same time.
_SAME_M = 1e-3
INCIDENTS = "incidents.jsonl"

Address = tuple[str, int]
Own = WorldProcess | EngineProcess
Rows = tuple[dict[str, Any], list[dict[str, Any]]]


def run(
    run_dir: Path,
    config: RunConfig,
    start_over: bool = False,
    world: str | Sequence[str] | None = None,
    engine: str | None = None,
) -> Stage:
    """Render the run's scenes.

    Writes a part a scene (``<frame>.jpg``, ``<frame>.depth.png`` in millimetres, ``<frame>.ids.png``) and a part a
    subject's static trial; over all ``frames``, ``persons``, ``markers``, ``authored`` and ``subjects`` as Parquet.
    ``incidents`` says what failed on the way and what came of it; it is no part of the stage's hash.

    Args:
        run_dir: The run's folder.
        config: The run's config.
        start_over: Throw away what was rendered before.
        world: ``host:port`` of running worlds, several with commas between; None starts embedded ones.
        engine: Command that starts the engine at ``world``, and again when it dies.
    """
    scenes_dir, scenes_manifest = require_stage(run_dir, "scenes")
    settings = config.render
    inputs = {"scenes": scenes_manifest.content_hash}
    addresses, people = _addresses(world), None
    if settings.people is not None:
        people = load_people(settings.people)
        inputs["people"] = hash_file(settings.people)
    if (people is not None and not addresses) or (engine is not None and len(addresses) != 1):
        raise InputError(
            f"{'--people' if engine is None else '--engine'} needs --world HOST:PORT, the engine's address"
        )
    plain = settings.model_dump(mode="json", exclude=_HOW)
    stage = open_stage(
        run_dir, "render", plain, inputs, config.seed, start_over, settings.max_failed_fraction
    )
    if stage.complete:
        return stage
    scenes = load_scenes(scenes_dir)
    if people is not None:
        scenes = observed(scenes, people)
    count = len(addresses) or world_count(settings, len(scenes))
    todo = _missing(stage, units(scenes, count))
    if todo:
        count = min(count, len(todo))
        makers = [
            _Recorder(stage, config, _world(stage, config, i, count, scenes_dir, addresses, engine), people)
            for i in range(count)
        ]
        _render(stage, makers, todo)
    _finish(stage, scenes)
    return stage


def _addresses(world: str | Sequence[str] | None) -> list[tuple[str, int]]:
    words = [world] if isinstance(world, str) else list(world or ())
    found = [parse_address(part) for word in words for part in word.split(",")]
    twice = [f"{host}:{port}" for host, port in found if found.count((host, port)) > 1]
    if twice:
        raise InputError(f"--world names {twice[0]} twice; a world serves one client at a time")
    return found


def _missing(stage: Stage, all_units: list[Unit]) -> list[Unit]:
    """What is left to do of each unit."""
    left = [
        Unit(
            tuple(static for static in unit.statics if not stage.has(static[0])),
            tuple(scene for scene in unit.scenes if not stage.has(scene.scene_id)),
        )
        for unit in all_units
    ]
    return [unit for unit in left if unit.parts]


def _render(stage: Stage, makers: list[_Recorder], todo: list[Unit]) -> None:
    total = sum(len(unit.parts) for unit in todo)
    with Crew(makers, todo) as crew:
        for done in progress(crew.results(), stage, "part", total):
            if done.error is not None:
                stage.fail(done.part, describe(done.error))


def _finish(stage: Stage, scenes: list[SceneSpec]) -> None:
    for name in ("subjects", "frames", "persons", "markers", "authored"):
        concat_parts(stage, f"{name}.parquet")
    _collect_incidents(stage)
    for path in sorted((stage.folder / "parts").glob("*/failures.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            stage.manifest.failures.append(Failure(**row))
    stage.manifest.failures.sort(key=lambda failure: failure.item)
    subjects = {p.subject.subject_id for scene in scenes for p in scene.persons}
    frames = sum(len(scene.shots) for scene in scenes)
    stage.finish(_counts(stage, len(subjects)), frames + len(subjects))
    (stage.folder / INCIDENTS).unlink(missing_ok=True)  # all of it is in the table now


def _collect_incidents(stage: Stage) -> None:
    path = stage.folder / INCIDENTS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [row for line in lines if (row := _parsed(line)) is not None]
    write_table(path.with_suffix(".parquet"), pd.DataFrame(rows, columns=list(COLUMNS)))
    if rows:
        lost_s = sum(row["seconds_lost"] for row in rows)
        stage.manifest.notes["incidents"] = {"attempts": len(rows), "seconds_lost": round(lost_s, 1)}


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:
        return None  # the last line of a run that was killed


def _counts(stage: Stage, subjects: int) -> dict[str, int]:
    frames = read_table(stage.folder / "frames.parquet")
    persons = read_table(stage.folder / "persons.parquet")
    markers = read_table(stage.folder / "markers.parquet")
    return {
        "subjects": subjects,
        "frames": len(frames),
        "people_on_frames": len(persons),
        "marker_frames": len(markers),
    }


class _Recorder:
    """Turns scenes into parts in one world: one that was named, or an embedded one of our own.

    The calling thread talks to the world; a second one decodes, checks and writes what came, so that the world
    draws the next frame meanwhile.

    Args:
        stage: Where parts go.
        config: The run's config.
        world: The address of a running world, or one of our own to start.
        people: Of an engine's level, where its running game is captured.
    """

    _lock = threading.Lock()

    def __init__(self, stage: Stage, config: RunConfig, world: Address | Own, people: People | None) -> None:
        self.stage, self.config, self.people = stage, config, people
        self.address: Address | None = world if isinstance(world, tuple) else None
        self.own: Own | None = None if isinstance(world, tuple) else world
        self.driver: Driver | None = None
        self.aborted = False
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Recorder:
        settings = self.config.render
        try:
            address = self._stack.enter_context(self.own) if self.own else self.address
            assert address is not None
            host, port = address
            self.driver = Driver(
                host, port, settings.connect_timeout_s, settings.timeout_s, settings.retries, self.own,
                settings.world_restarts,
            )  # fmt: skip
            self._stack.enter_context(self.driver)
            if self.aborted:
                self.driver.abort()
            self.studio, version = open_studio(self.driver, settings, self.people)
            self._note_version(version)
        except BaseException:
            self._stack.close()
            raise
        self.pool = self._stack.enter_context(ThreadPoolExecutor(1))
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()

    def abort(self) -> None:
        """End what goes on, starting included."""
        self.aborted = True
        if self.own is not None:
            self.own.stop()
        if self.driver is not None:
            self.driver.abort()

    def usable(self) -> bool:
        """Whether the world answers, or can be made to by starting it anew."""
        assert self.driver is not None
        self.driver.renew()
        try:
            self.driver.text("vget /unrealcv/status")
        except SpineforgeError as error:
            log.info("world %s: %s", self.driver.address, error)
            return False
        return True

    def _note_version(self, version: dict[str, Any]) -> None:
        """The manifest names the world and its renderer; worlds that differ may differ in every pixel."""
        with self._lock:
            notes = self.stage.manifest.notes
            first = notes.setdefault("world", version)
            if version != first and version not in notes.setdefault("other_worlds", []):
                log.warning("worlds differ: %s and %s; their pictures may, too", first, version)
                notes["other_worlds"].append(version)
            self.stage.save()

    # --- parts

    def jobs(self, unit: Unit) -> Iterator[tuple[str, Callable[[], None]]]:
        """The parts of a unit that are not there yet."""
        for part, subject in unit.statics:
            if not self.stage.has(part):
                yield part, partial(self._make, part, partial(self._static, subject=subject))
        for scene in unit.scenes:
            if not self.stage.has(scene.scene_id):
                yield scene.scene_id, partial(self._make, scene.scene_id, partial(self._scene, scene=scene))

    def _make(self, part: str, fill: Callable[[Path], None]) -> None:
        """Write a part and the record of what failed on the way to it."""
        assert self.driver is not None
        self.driver.renew()
        try:
            with self.stage.write_part(part) as folder:
                fill(folder)
                self._record_incidents(part)
        finally:
            self._record_incidents(part)

    def _record_incidents(self, part: str) -> None:
        incidents, self.studio.incidents = self.studio.incidents, []
        if incidents:
            text = "".join(json.dumps({"part": part, **asdict(incident)}) + "\n" for incident in incidents)
            with self._lock, open(self.stage.folder / INCIDENTS, "a", encoding="utf-8") as file:
                file.write(text)

    def _static(self, folder: Path, subject: Subject) -> None:
        """A subject's static trial, and what a laboratory knows of a subject: sex, stature, mass."""
        person = PersonSpec(world_name(subject.subject_id), subject, STATIC_CLIP, 0.0, 0.0, 0.0, 0.0)
        body, sequence = self.studio.static_trial(person, STATIC_TIMES_S)
        write_trials(folder, {f"static-{subject.subject_id}": (subject.subject_id, sequence)}, self.config)
        write_subject(folder, subject, body)

    def _scene(self, folder: Path, scene: SceneSpec) -> None:
        """All pictures and all marker trials of a scene."""
        take = _Take(self, folder, scene)
        failures = take.frames()
        rows = [take.rows[frame.frame_id] for frame in scene.frames() if frame.frame_id in take.rows]
        if not rows:
            raise StageError(f"no frame of scene {scene.scene_id} succeeded; last: {failures[-1]['error']}")
        trials = {
            trial_id(scene.scene_id, person.name): (person.subject.subject_id, take.trials[person.name])
            for person in scene.persons
        }
        write_trials(folder, trials, self.config)
        write_table(folder / "frames.parquet", pd.DataFrame([frame for frame, _ in rows]))
        write_table(folder / "persons.parquet", pd.DataFrame([p for _, people in rows for p in people]))
        (folder / "failures.json").write_text(json.dumps(failures), encoding="utf-8")


class _Take:
    """The pictures of one scene, some of which are still being written.

    Attributes:
        trials: Markers by person.
        rows: What the tables say of each frame that is written, by frame id.
    """

    def __init__(self, recorder: _Recorder, folder: Path, scene: SceneSpec) -> None:
        self._studio, self._pool, self._config = recorder.studio, recorder.pool, recorder.config
        self._folder, self._scene = folder, scene
        self.trials = self._studio.trials(scene)
        self.rows: dict[str, Rows] = {}
        self._failures: dict[str, str] = {}

    def frames(self) -> list[dict[str, str]]:
        """Take and write all frames; gives those that failed, as the manifest records them."""
        pending: deque[tuple[FrameSpec, float, Future[Rows]]] = deque()
        try:
            for frame in self._scene.frames():
                began = time.monotonic()
                try:
                    raw = self._studio.frame(frame, lambda raw: raw)
                except WorldFaultError as error:
                    self._failures[frame.frame_id] = describe(error)
                    continue
                pending.append((frame, began, self._pool.submit(self._finish, raw)))
                while len(pending) > _AHEAD:
                    self._settle(*pending.popleft())
            while pending:
                self._settle(*pending.popleft())
        finally:
            for _, _, future in pending:  # the folder must not go while somebody writes into it
                future.cancel() or future.exception()
        return [
            {"item": item, "stage": "render", "error": error}
            for item, error in sorted(self._failures.items())
        ]

    def _settle(self, frame: FrameSpec, began: float, future: Future[Rows]) -> None:
        try:
            self.rows[frame.frame_id] = future.result()
            return
        except WorldFaultError as error:
            spoiled = Spoiled(error, began)
        if isinstance(spoiled.error, OtherMomentError):  # of the two, the trial may be the wrong one
            self.trials = self._studio.trials(self._scene)
        try:
            self.rows[frame.frame_id] = self._studio.frame(frame, self._finish, spoiled)
        except WorldFaultError as error:
            self._failures[frame.frame_id] = describe(error)

    def _finish(self, raw: RawFrame) -> Rows:
        """Decode, check and write a frame."""
        captured = unpack(raw)
        for person in captured.persons:
            check_same_moment(person.spec, person.markers_world_m, self.trials[person.spec.name])
        write_frame(self._folder, captured, self._config)
        part = Path("parts") / self._scene.scene_id
        return frame_row(part, captured), [person_row(captured, person) for person in captured.persons]


class OtherMomentError(WorldFaultError):
    """A frame's markers are not those of the trial at its time."""


def check_same_moment(person: PersonSpec, markers_world_m: np.ndarray, trial: MarkerSequence) -> None:
    """Compare a frame's markers, shape (54, 3), with the trial's at the same time of the clip.

    Raises:
        OtherMomentError: They differ.
    """
    index = int(np.abs(trial.times_s - person.time_s).argmin())
    gap_m = np.abs(markers_world_m - trial.markers_world_m[index])
    known = np.isfinite(gap_m)
    if not known.any() or gap_m[known].max() > _SAME_M:
        raise OtherMomentError(
            f"markers of {person.name} are not those of its trial at {person.time_s:g} s",
            "vbp SpineForge GetMarkers",
        )


def _world(
    stage: Stage,
    config: RunConfig,
    index: int,
    count: int,
    scenes_dir: Path,
    addresses: list[Address],
    engine: str | None,
) -> Address | Own:
    if engine is not None:
        return EngineProcess(engine, addresses[0], stage.folder.parent / "world" / "engine.log")
    return addresses[index] if addresses else _own_world(stage, config, index, count, scenes_dir)


def _own_world(stage: Stage, config: RunConfig, index: int, count: int, scenes_dir: Path) -> WorldProcess:
    # The world's own files are no result: they lie outside the stage's folder and its hash.
    scratch = stage.folder.parent / "world" / str(index)
    # Mesa would start as many threads in each world as there are cores.
    threads = max(1, cores() // count) if count > 1 else None
    backdrops, panoramas = (
        folder if (folder := scenes_dir / name).is_dir() else None for name in ("backdrops", "panoramas")
    )
    return WorldProcess(
        scenes_dir / "clips", scratch, threads=threads, quality=config.render.quality, backdrops=backdrops,
        panoramas=panoramas,
    )  # fmt: skip
