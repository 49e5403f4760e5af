"""What the stage render writes: pictures, and the rows of its tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from pipelines.config import RunConfig
from pipelines.tables import write_table
from spinepose.errors import InputError, StageError
from spinepose.rng import rng_for
from spinepose.skeleton import INDEX
from synth.scene import Subject
from synth.sensor import develop
from synth.unrealcv.capture import OTHER_INSTANCE, CapturedFrame, CapturedPerson, MarkerSequence

# In the stored id picture; more people than fit below it never stand in one frame.
OTHER_BYTE = 255
MAX_DEPTH_MM = 65534
_SAFE_ID = re.compile(r"[A-Za-z0-9_.-]+")
# Measured at 640x480: depth 3.8 ms and 110 kB (OpenCV's default takes 4.8 ms and 169 kB, level 1 with all filters
# 6.1 ms and 106 kB). The default is best for ids: 1.8 ms and 9 kB.
_DEPTH_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT]
if hasattr(cv2, "IMWRITE_PNG_FILTER"):  # OpenCV 4.12 and later
    _DEPTH_PNG += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]


def write_frame(folder: Path, captured: CapturedFrame, config: RunConfig) -> None:
    """Write ``<frame>.jpg``, ``<frame>.depth.png`` (millimetres, 0 for nothing) and ``<frame>.ids.png``.

    The ids' red channel is the person (1.., 255 for all else), the green one the body part.
    """
    stem, sensor = folder / captured.spec.frame_id, captured.spec.sensor
    color = develop(rng_for(config.seed, "sensor", captured.spec.frame_id), captured.color, sensor)
    quality = [cv2.IMWRITE_JPEG_QUALITY, min(sensor.jpeg_quality, config.render.jpeg_quality)]
    imwrite(stem.with_suffix(".jpg"), cv2.cvtColor(color, cv2.COLOR_RGB2BGR), quality)
    imwrite(stem.with_suffix(".depth.png"), depth_mm(captured.depth_m), _DEPTH_PNG)
    instances = captured.instance_id.astype(np.uint8)
    np.copyto(instances, np.uint8(OTHER_BYTE), where=captured.instance_id == OTHER_INSTANCE)
    blank = np.zeros(instances.shape, np.uint8)
    imwrite(stem.with_suffix(".ids.png"), cv2.merge([blank, captured.part_id, instances]), [])


def depth_mm(depth_m: np.ndarray) -> np.ndarray:
    """Depth as stored: millimetres, uint16, 0 where nothing was hit, shape as given."""
    millimetres = depth_m * np.float32(1000)
    with np.errstate(invalid="ignore"):
        np.rint(np.minimum(millimetres, np.float32(MAX_DEPTH_MM), out=millimetres), out=millimetres)
    np.copyto(millimetres, np.float32(0), where=~np.isfinite(depth_m))
    return millimetres.astype(np.uint16)


def imwrite(path: Path, image: np.ndarray, options: list[int]) -> None:
    # OpenCV's own writing hides why it failed; Python's names a full disk, a missing right, a bad path.
    encoded, data = cv2.imencode(path.suffix, image, options)
    if not encoded:
        raise StageError(f"{path}: a picture of shape {image.shape} cannot be encoded")
    path.write_bytes(data.data)


def write_trials(folder: Path, trials: dict[str, tuple[str, MarkerSequence]], config: RunConfig) -> None:
    """Write ``markers.parquet``, noisy as a laboratory's, and ``authored.parquet``, for evaluation.

    Args:
        folder: Where to.
        trials: Trial id to the subject's id and the markers.
        config: The run's config.
    """
    markers, authored = [], []
    for trial_id, (subject_id, sequence) in trials.items():
        rng = rng_for(config.seed, "marker-noise", trial_id)
        noise = rng.normal(0.0, config.render.marker_noise_m, sequence.markers_world_m.shape)
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


def write_subject(folder: Path, subject: Subject, body: dict[str, Any]) -> None:
    """Write ``subjects.parquet``: what a laboratory knows of a subject, and the specification."""
    row = {
        "subject_id": subject.subject_id,
        "sex": subject.sex,
        "age_years": subject.age_years,
        "stature_m": float(body["stature_cm"]) / 100,
        "mass_kg": float(body["mass_kg"]),
        "spec_json": subject.to_json(),
    }
    write_table(folder / "subjects.parquet", pd.DataFrame([row]))


def trial_id(scene_id: str, person: str) -> str:
    return f"{scene_id}-{person}"


def world_name(subject_id: str) -> str:
    """A subject's name in a world.

    Raises:
        InputError: It has characters that the wire cannot carry.
    """
    if not _SAFE_ID.fullmatch(subject_id):
        raise InputError(f"subject id {subject_id!r} has characters beyond letters, digits, '_', '.' and '-'")
    return subject_id


def frame_row(part: Path, captured: CapturedFrame) -> dict[str, Any]:
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
        "has_part_ids": captured.has_part_ids,
    }


def person_row(captured: CapturedFrame, person: CapturedPerson) -> dict[str, Any]:
    spec = person.spec
    # Whose body nobody here can pose again is drawn from the markers.
    stand_in = {} if spec.subject.to_json() else {"markers_world_m": person.markers_world_m.ravel()}
    return stand_in | {
        "frame_id": captured.spec.frame_id,
        "instance": person.instance_id,
        "subject_id": spec.subject.subject_id,
        "trial_id": trial_id(captured.spec.scene_id, spec.name),
        "time_s": round(spec.time_s, 6),
        "clip": spec.clip,
        "x_m": spec.x_m,
        "y_m": spec.y_m,
        "yaw_rad": spec.yaw_rad,
        "keypoints_world_m": person.keypoints_world_m.ravel(),
        "authored_world_m": person.authored_landmarks_world_m.ravel(),
    }
