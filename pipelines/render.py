"""Stage render: every scene drawn in a world; pictures, depth, ids, and the truth about every person."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from pipelines.config import RenderConfig, RunConfig
from pipelines.progress import progress
from pipelines.run import Failure, Stage, describe, open_stage, require_stage
from pipelines.scenes import STATIC_CLIP, STATIC_TIMES_S, load_scenes
from pipelines.tables import concat_parts, read_table, write_table
from spinepose.errors import InputError, SpineforgeError, StageError
from spinepose.rng import rng_for
from spinepose.skeleton import INDEX
from synth.body.spec import SubjectSpec
from synth.scene import PersonSpec, SceneSpec
from synth.unrealcv.capture import (
    OTHER_INSTANCE,
    CapturedFrame,
    CapturedPerson,
    MarkerSequence,
    capture_frame,
    capture_scene_trials,
    capture_trial,
)
from synth.unrealcv.driver import Driver, parse_address
from synth.unrealcv.process import WorldProcess

# In the stored id picture; more people than fit below it never stand in one frame.
OTHER_BYTE = 255
MAX_DEPTH_MM = 65534
_SAFE_ID = re.compile(r"[A-Za-z0-9_.-]+")


def run(run_dir: Path, config: RunConfig, start_over: bool = False, world: str | None = None) -> Stage:
    """Render the run's scenes.

    Writes a part a scene (``<frame>.jpg``, ``<frame>.depth.png`` in millimetres, ``<frame>.ids.png``) and a part a
    subject's static trial; over all ``frames``, ``persons``, ``markers``, ``authored`` and ``subjects`` as Parquet.

    Args:
        run_dir: The run's folder.
        config: The run's config.
        start_over: Throw away what was rendered before.
        world: ``host:port`` of a running world; None starts the embedded one.
    """
    scenes_dir, scenes_manifest = require_stage(run_dir, "scenes")
    settings = config.render
    inputs = {"scenes": scenes_manifest.content_hash}
    plain = settings.model_dump(mode="json")
    limit = settings.max_failed_fraction
    stage = open_stage(run_dir, "render", plain, inputs, config.seed, start_over, limit)
    if stage.complete:
        return stage
    scenes = load_scenes(scenes_dir)
    subjects = {p.subject.subject_id: p.subject for s in scenes for p in s.persons}
    statics = [(f"static-{name}", subject) for name, subject in sorted(subjects.items())]
    todo = [part for part, _ in statics] + [scene.scene_id for scene in scenes]
    with _driver(stage, scenes_dir / "clips", settings, world, all(map(stage.has, todo))) as driver:
        recorder = _Recorder(stage, driver, config)
        for part, subject in progress(statics, stage, "subject"):
            recorder.make(part, lambda folder, subject=subject: recorder.static(folder, subject))
        for scene in progress(scenes, stage, "scene"):
            recorder.make(scene.scene_id, lambda folder, scene=scene: recorder.scene(folder, scene))
    for name in ("subjects", "frames", "persons", "markers", "authored"):
        concat_parts(stage, f"{name}.parquet")
    _collect_failures(stage)
    frames = sum(len(scene.shots) for scene in scenes)
    stage.finish(_counts(stage, len(subjects)), frames + len(statics))
    return stage


@contextlib.contextmanager
def _driver(
    stage: Stage, clips: Path, settings: RenderConfig, world: str | None, nothing_to_do: bool
) -> Iterator[Driver | None]:
    """A connected driver: to the world that was named, or to an embedded one of our own."""
    if nothing_to_do:
        yield None
        return
    with contextlib.ExitStack() as stack:
        # The world's own files are no result: they lie outside the stage's folder and its hash.
        scratch = stage.folder.parent / "world"
        address = parse_address(world) if world else stack.enter_context(WorldProcess(clips, scratch))
        driver = stack.enter_context(
            Driver(*address, settings.connect_timeout_s, settings.timeout_s, settings.retries)
        )
        stage.manifest.notes["world"] = driver.check_version()
        stage.save()
        yield driver


class _Recorder:
    """Turns scenes into parts with one driver."""

    def __init__(self, stage: Stage, driver: Driver | None, config: RunConfig) -> None:
        self.stage = stage
        self.driver = driver
        self.config = config

    def make(self, part: str, fill: Any) -> None:
        """Write a part unless it is there; a part that fails is a record."""
        if self.stage.has(part):
            return
        try:
            with self.stage.write_part(part) as folder:
                fill(folder)
        except InputError:
            raise  # a wrong address or a missing library spoils every part alike
        except SpineforgeError as error:
            self.stage.fail(part, describe(error))

    def static(self, folder: Path, subject: SubjectSpec) -> None:
        """A subject's static trial, and what a laboratory knows of a subject: sex, stature, mass."""
        assert self.driver is not None
        person = PersonSpec(_world_name(subject.subject_id), subject, STATIC_CLIP, 0.0, 0.0, 0.0, 0.0)
        body = self.driver.spawn_character(person.name, subject.to_json())
        sequence = capture_trial(self.driver, person, STATIC_TIMES_S)
        self._write_trials(folder, {f"static-{subject.subject_id}": (subject.subject_id, sequence)})
        row = {
            "subject_id": subject.subject_id,
            "sex": subject.sex,
            "age_years": subject.age_years,
            "stature_m": float(body["stature_cm"]) / 100,
            "mass_kg": float(body["mass_kg"]),
            "spec_json": subject.to_json(),
        }
        write_table(folder / "subjects.parquet", pd.DataFrame([row]))

    def scene(self, folder: Path, scene: SceneSpec) -> None:
        """All pictures and all marker trials of a scene."""
        assert self.driver is not None
        frames, failures = [], []
        for frame in scene.frames():
            try:
                captured = capture_frame(self.driver, frame)
                self._check_truth(captured)
                self._write_frame(folder, captured)
                frames.append(captured)
            except InputError:
                raise
            except SpineforgeError as error:
                failures.append({"item": frame.frame_id, "stage": "render", "error": describe(error)})
        if not frames:
            raise StageError(f"no frame of scene {scene.scene_id} succeeded; last: {failures[-1]['error']}")
        trials = {
            _trial_id(scene.scene_id, person.name): (person.subject.subject_id, sequence)
            for person, sequence in zip(
                scene.persons, capture_scene_trials(self.driver, scene).values(), strict=True
            )
        }
        self._write_trials(folder, trials)
        part = Path("parts") / scene.scene_id
        write_table(folder / "frames.parquet", pd.DataFrame([_frame_row(part, c) for c in frames]))
        people = [_person_row(c, p) for c in frames for p in c.persons]
        write_table(folder / "persons.parquet", pd.DataFrame(people))
        (folder / "failures.json").write_text(json.dumps(failures), encoding="utf-8")

    @staticmethod
    def _check_truth(captured: CapturedFrame) -> None:
        if not (captured.instance_id != OTHER_INSTANCE).any() or captured.color.max() < 8:
            raise StageError(f"frame {captured.spec.frame_id} is empty or black; look at its place and light")
        for person in captured.persons:
            if not np.isfinite(person.markers_world_m).any():
                raise StageError(f"{person.spec.name} in frame {captured.spec.frame_id} came without markers")

    def _write_frame(self, folder: Path, captured: CapturedFrame) -> None:
        stem = folder / captured.spec.frame_id
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.config.render.jpeg_quality]
        _imwrite(stem.with_suffix(".jpg"), captured.color[..., ::-1], quality)
        millimetres = np.where(np.isfinite(captured.depth_m), np.round(1000 * captured.depth_m), 0)
        _imwrite(stem.with_suffix(".depth.png"), np.clip(millimetres, 0, MAX_DEPTH_MM).astype(np.uint16))
        instances = np.where(captured.instance_id == OTHER_INSTANCE, OTHER_BYTE, captured.instance_id)
        ids = np.zeros((*instances.shape, 3), np.uint8)
        ids[..., 2], ids[..., 1] = instances, captured.part_id  # OpenCV's order: blue, green, red
        _imwrite(stem.with_suffix(".ids.png"), ids)

    def _write_trials(self, folder: Path, trials: dict[str, tuple[str, MarkerSequence]]) -> None:
        markers, authored = [], []
        for trial_id, (subject_id, sequence) in trials.items():
            rng = rng_for(self.config.seed, "marker-noise", trial_id)
            noise = rng.normal(0.0, self.config.render.marker_noise_m, sequence.markers_world_m.shape)
            noisy = sequence.markers_world_m + noise
            for i, time_s in enumerate(sequence.times_s):
                key = {"subject_id": subject_id, "trial_id": trial_id, "time_s": round(float(time_s), 6)}
                markers.append({**key, "markers_world_m": noisy[i].ravel()})
                truth = sequence.authored_landmarks_world_m[i]
                if np.isfinite(truth).all():
                    authored.append({**key, **_authored_row(truth, sequence, i)})
        write_table(folder / "markers.parquet", pd.DataFrame(markers))
        write_table(folder / "authored.parquet", pd.DataFrame(authored))


def _authored_row(landmarks_m: np.ndarray, sequence: MarkerSequence, index: int) -> dict[str, Any]:
    hips = sequence.keypoints_world_m[index, [INDEX["left_hip"], INDEX["right_hip"]]]
    return {
        "landmarks_world_m": landmarks_m.ravel(),
        "left_minus_right_m": hips[0] - hips[1],
        "coordinates_rad": sequence.coordinates_rad[index],
    }


def _imwrite(path: Path, image: np.ndarray, options: list[int] | None = None) -> None:
    # OpenCV's own writing hides why it failed; Python's names a full disk, a missing right, a bad path.
    encoded, data = cv2.imencode(path.suffix, image, options or [])
    if not encoded:
        raise StageError(f"{path}: a picture of shape {image.shape} cannot be encoded")
    path.write_bytes(data.tobytes())


def _trial_id(scene_id: str, person: str) -> str:
    return f"{scene_id}-{person}"


def _world_name(subject_id: str) -> str:
    if not _SAFE_ID.fullmatch(subject_id):
        raise InputError(f"subject id {subject_id!r} has characters beyond letters, digits, '_', '.' and '-'")
    return subject_id


def _frame_row(part: Path, captured: CapturedFrame) -> dict[str, Any]:
    spec, camera = captured.spec, captured.camera
    return {
        "frame_id": spec.frame_id,
        "scene_id": spec.scene_id,
        "split": spec.split,
        "place": spec.place,
        "path": (part / spec.frame_id).as_posix(),
        "width": camera.width,
        "height": camera.height,
        "K": camera.K.ravel(),
        "R_world_to_cam": camera.R_world_to_cam.ravel(),
        "t_world_to_cam_m": camera.t_world_to_cam_m,
    }


def _person_row(captured: CapturedFrame, person: CapturedPerson) -> dict[str, Any]:
    spec = person.spec
    return {
        "frame_id": captured.spec.frame_id,
        "instance": person.instance_id,
        "subject_id": spec.subject.subject_id,
        "trial_id": _trial_id(captured.spec.scene_id, spec.name),
        "time_s": round(spec.time_s, 6),
        "clip": spec.clip,
        "x_m": spec.x_m,
        "y_m": spec.y_m,
        "yaw_rad": spec.yaw_rad,
        "keypoints_world_m": person.keypoints_world_m.ravel(),
        "authored_world_m": person.authored_landmarks_world_m.ravel(),
    }


def _collect_failures(stage: Stage) -> None:
    for path in sorted((stage.folder / "parts").glob("*/failures.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            stage.manifest.failures.append(Failure(**row))


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
