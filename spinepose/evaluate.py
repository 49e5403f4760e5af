"""Evaluation of a model on a COCO file: AP, AR, PCK and AUC, millimetres where 3D truth exists, and the baselines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spinepose.coco import CocoDataset, load_coco
from spinepose.coco_eval import REPORTED, average_precision, oks_nms
from spinepose.comparison import comparison_table
from spinepose.data import CropDataset, Person, PersonImages, evaluation_batches, list_people
from spinepose.detect import Detector
from spinepose.detections import detected_people, match_people
from spinepose.estimator import Runner, open_model
from spinepose.evaluation_text import summary_text
from spinepose.files import atomic_path, write_json
from spinepose.in_sight import in_sight_report
from spinepose.measures import ERRORS_FILE, errors_document
from spinepose.metrics import mean_oks, mean_pose, pck_and_auc, place_in_boxes, truth_arrays
from spinepose.predict import person_scores, to_image_pixels
from spinepose.ridge import fit_ridge
from spinepose.shards import shard_pool
from spinepose.skeleton import NAMES, NUM_KEYPOINTS
from spinepose.spine_error import (
    CHAIN,
    SpineTruth,
    keypoint_report,
    measure_report,
    offsets_mm,
    spine_error_mm,
    spine_truth,
    spread,
)

SHARDS = 2  # batches predicted side by side
RIDGE_PEOPLE = 3000  # of the training split, spread over it evenly; 18 x 34 weights need no more

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class EvaluateOptions:
    """What is measured besides the plain numbers.

    Attributes:
        detections: Boxes found by a detector (COCO's JSON) or a detector that finds them; None: the true boxes.
        train_json: Labels of the training split, for the ridge baseline; None: no such baseline.
        train_images: Folder that their file names are relative to; None: that of the evaluated set.
    """

    detections: Path | str | Detector | None = None
    train_json: Path | str | None = None
    train_images: Path | str | None = None


def evaluate_checkpoint(
    checkpoint: Path | str,
    coco_json: Path | str,
    images_root: Path | str,
    out_dir: Path | str,
    flip_test: bool = True,
    options: EvaluateOptions | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predict everybody in a COCO file and measure the result.

    Writes ``results.json`` (COCO results), ``metrics.json``, ``summary.md`` (the same to read), ``measure_errors.json``
    (the error bars that inference shows) and ``comparison.md`` into ``out_dir``. Where ``<coco_json>.extras.parquet``
    lies beside the labels, errors are also given in millimetres at the landmark's depth.

    Args:
        checkpoint: A checkpoint or an exported ONNX file. Of a body model (a teacher) of Halpe's 26 keypoints the other
            labels are left out, and so are the subsets that it does not wholly know.
        coco_json: The labels.
        images_root: Folder that their file names are relative to.
        out_dir: Folder for the results.
        flip_test: Average with the mirrored crop.
        options: What else is measured.
        progress: Called as (people done, people in all, words).

    Raises:
        InputError: A file is missing or of another skeleton.
    """
    options = options or EvaluateOptions()
    runner = open_model(checkpoint, body_too=True)
    dataset = _known_labels(load_coco(coco_json, allow_subset=True), runner.known)
    people = list_people(dataset, images_root)
    truth = read_truth(coco_json, people) if runner.known == NUM_KEYPOINTS else None
    found, box_scores = people, np.ones(len(people))
    if options.detections is not None:
        found, box_scores = detected_people(dataset, images_root, options.detections)
    points, scores = predict_people(runner, found, flip_test, progress)
    results = coco_results(found, points, scores, box_scores)
    rows, points = _of_labelled(people, found, points, options.detections is not None)
    people, truth = [people[i] for i in rows], None if truth is None else _rows_of(truth, rows)
    metrics: dict[str, Any] = {
        "schema_version": 1,
        "people": len(people),
        "boxes": "true" if options.detections is None else "detected",
        "flip_test": flip_test,
        "keypoints_known": runner.known,
        **_known_subsets(summarise(dataset, people, points, results), runner.known),
    }
    sight = in_sight_report(dataset, people, points, results)
    if sight is not None:
        metrics["in_sight"] = _known_subsets(sight, runner.known)
    errors = measure_report(people, points, truth)
    metrics["measure_errors"] = errors
    metrics["keypoints"] = keypoint_report(people, points, truth)
    if truth is not None:
        metrics["spine_error_mm"] = spine_error_mm(people, points, truth)
        if options.train_json is not None:
            metrics["ridge"] = _ridge_report(
                runner,
                people,
                points,
                truth,
                flip_test,
                options.train_json,
                options.train_images or images_root,
            )
    metrics = _without_nan(metrics)
    out_dir = Path(out_dir)
    write_json(out_dir / "results.json", results)
    write_json(out_dir / "metrics.json", metrics, indent=2)
    write_json(out_dir / ERRORS_FILE, errors_document(errors["all"], Path(coco_json).name), indent=2)
    table = comparison_table(Path(checkpoint).stem, Path(coco_json).stem, metrics["subsets"])
    for name, text in (("comparison.md", table), ("summary.md", summary_text(metrics))):
        with atomic_path(out_dir / name) as temporary:
            temporary.write_text(text, "utf-8")
    return metrics


def extras_path(coco_json: Path | str) -> Path:
    """The table of 3D truth beside a label file: ``name.json`` has ``name.extras.parquet``."""
    return Path(coco_json).with_suffix(".extras.parquet")


def read_truth(coco_json: Path | str, people: Sequence[Person]) -> SpineTruth | None:
    """The 3D truth of people, where the table lies beside the labels."""
    path = extras_path(coco_json)
    return spine_truth(people, pd.read_parquet(path)) if path.is_file() else None


def predict_people(
    runner: Runner,
    people: Sequence[Person],
    flip_test: bool = True,
    progress: Progress | None = None,
    batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints in image pixels, shape (N, 37, 2), and scores, shape (N, 37), of people in their boxes."""
    batches = evaluation_batches(CropDataset(PersonImages(people, runner.input_size)), batch_size)
    points, scores = [np.zeros((0, NUM_KEYPOINTS, 2))], [np.zeros((0, NUM_KEYPOINTS))]
    with shard_pool(SHARDS) as pool:
        while group := list(islice(batches, SHARDS)):
            found = pool.map(lambda crops: runner.predict(crops.images, flip_test), group)
            for crops, (in_crop, score) in zip(group, found, strict=True):
                points.append(to_image_pixels(in_crop, crops.to_image.numpy()))
                scores.append(score)
            if progress:
                progress(sum(len(s) for s in scores), len(people), "evaluate")
    return np.concatenate(points), np.concatenate(scores)


def coco_results(
    people: Sequence[Person], points_px: np.ndarray, scores: np.ndarray, box_scores: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """COCO results: a person's score is the box's times the mean of the keypoint scores above 0.2; doubles are dropped.

    Args:
        people: Whose boxes were looked into.
        points_px: Shape (N, 37, 2).
        scores: Shape (N, 37).
        box_scores: Shape (N,); None: true boxes, 1.
    """
    overall = person_scores(scores, np.ones(len(people)) if box_scores is None else box_scores)
    rows = [
        {
            "image_id": person.image_id,
            "category_id": 1,
            "keypoints": np.round(np.column_stack([points_px[i], scores[i]]), 3).ravel().tolist(),
            "score": round(float(overall[i]), 5),
        }
        for i, person in enumerate(people)
    ]
    return oks_nms(rows, [person.area for person in people])


def summarise(
    dataset: CocoDataset, people: Sequence[Person], points_px: np.ndarray, results: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """AP, AR, PCK, AUC and mean OKS by subset, and what the mean pose of these very people would score."""
    truth, areas = truth_arrays(people)
    boxes = np.stack([person.box_xywh for person in people])
    guess = place_in_boxes(mean_pose(people), boxes)
    guessed = coco_results(people, guess, np.ones((len(people), NUM_KEYPOINTS)))
    subsets = average_precision(dataset, results)
    for name, values in pck_and_auc(points_px, truth, boxes, REPORTED).items():
        subsets[name] |= values
    return {
        "subsets": subsets,
        "mean_oks": mean_oks(points_px, truth, areas),
        "mean_pose": {
            "subsets": average_precision(dataset, guessed),
            "mean_oks": mean_oks(guess, truth, areas),
        },
    }


def _known_labels(dataset: CocoDataset, known: int) -> CocoDataset:
    """The labels of the skeleton's first keypoints; the others unlabelled."""
    if known == NUM_KEYPOINTS:
        return dataset
    rows = np.arange(NUM_KEYPOINTS)[:, None] < known
    people = (replace(a, keypoints=np.where(rows, a.keypoints, 0.0)) for a in dataset.annotations)
    return replace(dataset, annotations=tuple(people))


def _known_subsets(values: dict[str, Any], known: int) -> dict[str, Any]:
    """The entries of nested tables, but for subsets with keypoints beyond the first ``known``."""
    unknown = {name for name, members in REPORTED.items() if not set(members) <= set(NAMES[:known])}
    return {
        name: _known_subsets(value, known) if isinstance(value, dict) else value
        for name, value in values.items()
        if name not in unknown
    }


def _of_labelled(
    people: Sequence[Person], found: Sequence[Person], points: np.ndarray, detected: bool
) -> tuple[list[int], np.ndarray]:
    """Labelled people who were found (all with true boxes), as rows of ``people``, and their predictions."""
    if not detected:
        return list(range(len(people))), points
    pairs = match_people(people, found)
    return [i for i, _ in pairs], points[[j for _, j in pairs]]


def _rows_of(truth: SpineTruth, rows: list[int]) -> SpineTruth:
    bent = truth.flexed_or_bent
    return SpineTruth(
        truth.depth_m[rows],
        truth.focal_px[rows],
        truth.view[rows],
        None if bent is None else bent[rows],
        truth.group[rows],
    )


def _ridge_report(
    runner: Runner,
    people: Sequence[Person],
    points: np.ndarray,
    truth: SpineTruth,
    flip_test: bool,
    train_json: Path | str,
    train_images: Path | str,
) -> dict[str, Any]:
    """The regression's error and the share by which the model's median is lower, over all and on bent trunks."""
    train = list_people(load_coco(train_json, allow_subset=True), train_images)
    groups = read_truth(train_json, train)
    chosen = np.unique(np.linspace(0, len(train) - 1, min(len(train), RIDGE_PEOPLE)).astype(int))
    train = [train[i] for i in chosen]
    seen, _ = predict_people(runner, train, flip_test)
    names = np.array([p.image_id for p in train]) if groups is None else groups.group[chosen]
    ridge = fit_ridge(seen, truth_arrays(train)[0], np.stack([p.box_xywh for p in train]), names)
    if ridge is None:
        return {"fitted_on": len(train), "note": "too few people or subjects to validate a regression on"}
    guess = ridge.predict(points, np.stack([person.box_xywh for person in people]))
    model, other = offsets_mm(people, points[:, CHAIN], truth), offsets_mm(people, guess, truth)
    report: dict[str, Any] = {"fitted_on": len(train), "alpha": ridge.alpha}
    rows = {"all": np.ones(len(people), bool)}
    if truth.flexed_or_bent is not None:
        rows |= {"flexed_or_bent": truth.flexed_or_bent, "straight": ~truth.flexed_or_bent}
    for name, use in rows.items():
        report[name] = {"model": spread(model[use]), "ridge": spread(other[use])}
        if report[name]["model"]["count"]:
            share = report[name]["model"]["median"] / max(report[name]["ridge"]["median"], 1e-9)
            report[name]["margin"] = round(1 - share, 4)
    return report


def _without_nan(value: Any) -> Any:
    """NaN as None, which JSON has a word for."""
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
