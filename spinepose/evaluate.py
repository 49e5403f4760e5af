"""Evaluation of a checkpoint on a COCO file: AP and AR, OKS, and millimetres where 3D truth exists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spinepose.coco import CocoDataset, load_coco
from spinepose.coco_eval import average_precision, oks_nms
from spinepose.data import CropDataset, Person, PersonImages, evaluation_batches, list_people
from spinepose.errors import InputError
from spinepose.files import write_json
from spinepose.metrics import mean_oks, mean_pose, place_in_boxes, truth_arrays
from spinepose.model.family import PoseModel
from spinepose.model.weights import load_checkpoint
from spinepose.predict import predict_points, to_image_pixels
from spinepose.shards import shard_pool
from spinepose.skeleton import NAMES, NUM_KEYPOINTS, SPINE_CHAIN, SPINE_LEVELS, indices

SCORE_THRESHOLD = 0.2
SHARDS = 2  # batches predicted side by side
# A trunk counts as bent where its lower half (sacrum to T12/L1) and its upper half (T12/L1 to C7) differ by this much.
BENT_DEG = 25.0


def evaluate_checkpoint(
    checkpoint: Path | str,
    coco_json: Path | str,
    images_root: Path | str,
    out_dir: Path | str,
    flip_test: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Predict everybody in a COCO file inside their true boxes and measure the result.

    Writes ``results.json`` (COCO results) and ``metrics.json`` into ``out_dir``. Where ``<coco_json>.extras.parquet``
    lies beside the labels, the spine's error is also given in millimetres at the landmark's depth.

    Raises:
        InputError: A file is missing or of another skeleton.
    """
    model = load_checkpoint(checkpoint, NAMES).model
    dataset = load_coco(coco_json, allow_subset=True)
    people = list_people(dataset, images_root)
    points, scores = predict_people(model, people, flip_test, progress)
    results = coco_results(people, points, scores)
    metrics: dict[str, Any] = {
        "schema_version": 1,
        "people": len(people),
        "flip_test": flip_test,
        **summarise(dataset, people, points, results),
    }
    extras = extras_path(coco_json)
    if extras.is_file():
        metrics["spine_error_mm"] = spine_error_mm(people, points, pd.read_parquet(extras))
    metrics = _without_nan(metrics)
    out_dir = Path(out_dir)
    write_json(out_dir / "results.json", results)
    write_json(out_dir / "metrics.json", metrics, indent=2)
    return metrics


def extras_path(coco_json: Path | str) -> Path:
    """The table of 3D truth beside a label file: ``name.json`` has ``name.extras.parquet``."""
    return Path(coco_json).with_suffix(".extras.parquet")


def predict_people(
    model: PoseModel,
    people: Sequence[Person],
    flip_test: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
    batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints in image pixels, shape (N, K, 2), and scores, shape (N, K), of people in their true boxes."""
    batches = evaluation_batches(CropDataset(PersonImages(people, model.input_size)), batch_size)
    points, scores = [], []
    with shard_pool(SHARDS) as pool:
        while group := list(islice(batches, SHARDS)):
            found = pool.map(lambda crops: predict_points(model, crops.images, flip_test), group)
            for crops, (in_crop, score) in zip(group, found, strict=True):
                points.append(to_image_pixels(in_crop, crops.to_image.numpy()))
                scores.append(score)
            if progress:
                progress(sum(len(s) for s in scores), len(people), "evaluate")
    return np.concatenate(points), np.concatenate(scores)


def coco_results(people: Sequence[Person], points_px: np.ndarray, scores: np.ndarray) -> list[dict[str, Any]]:
    """COCO results: a person's score is the mean of the keypoint scores above 0.2; near doubles are dropped."""
    confident = scores > SCORE_THRESHOLD
    overall = (scores * confident).sum(axis=1) / np.maximum(confident.sum(axis=1), 1)
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
    """AP, AR and mean OKS by subset, and what the mean pose of these very people would score."""
    truth, areas = truth_arrays(people)
    guess = place_in_boxes(mean_pose(people), np.stack([person.box_xywh for person in people]))
    guessed = coco_results(people, guess, np.ones((len(people), NUM_KEYPOINTS)))
    return {
        "subsets": average_precision(dataset, results),
        "mean_oks": mean_oks(points_px, truth, areas),
        "mean_pose": {
            "subsets": average_precision(dataset, guessed),
            "mean_oks": mean_oks(guess, truth, areas),
        },
    }


def spine_error_mm(people: Sequence[Person], points_px: np.ndarray, extras: pd.DataFrame) -> dict[str, Any]:
    """How far the spine's points are off, in millimetres in the plane through the true landmark.

    Args:
        people: Whom it is about, shape (N,).
        points_px: Predictions in image pixels, shape (N, 37, 2).
        extras: Columns annotation_id, keypoints_cam_m (111 numbers, metres), K (9 numbers), view.

    Returns:
        Median, 95th percentile and count over all, by level, by view, and on bent trunks apart.

    Raises:
        InputError: A column or a person is missing.
    """
    missing = {"annotation_id", "keypoints_cam_m", "K"} - set(extras.columns)
    if missing:
        raise InputError(f"extras table lacks the column {sorted(missing)[0]}")
    table = extras.set_index("annotation_id")
    try:
        rows = table.loc[[person.annotation_id for person in people]]
    except KeyError as error:
        raise InputError(f"extras table lacks people of the label file: {error}") from None
    points_cam_m = np.stack([np.asarray(v, float).reshape(NUM_KEYPOINTS, 3) for v in rows["keypoints_cam_m"]])
    focal = np.stack([np.asarray(v, float).reshape(3, 3)[[0, 1], [0, 1]] for v in rows["K"]])
    chain = indices(SPINE_CHAIN)
    truth, _ = truth_arrays(people)
    off_px = points_px[:, chain] - truth[:, chain, :2]
    off_mm = 1000 * np.linalg.norm(off_px / focal[:, None] * points_cam_m[:, chain, 2:], axis=-1)
    off_mm = np.where(truth[:, chain, 2] > 0, off_mm, np.nan)
    bent = trunk_bend_deg(points_cam_m[:, chain]) > BENT_DEG
    views = rows["view"].to_numpy() if "view" in rows else np.full(len(rows), "any")
    return {
        "all": _spread(off_mm),
        "by_level": {level: _spread(off_mm[:, i]) for i, level in enumerate(SPINE_LEVELS)},
        "by_view": {str(view): _spread(off_mm[views == view]) for view in sorted(set(views))},
        "bent": _spread(off_mm[bent]),
        "straight": _spread(off_mm[~bent]),
    }


def trunk_bend_deg(chain_m: np.ndarray) -> np.ndarray:
    """Angle between sacrum to T12/L1 and T12/L1 to C7 in space, shape (N, 9, 3) to (N,), degrees."""
    lower, upper = chain_m[:, 3] - chain_m[:, 0], chain_m[:, 6] - chain_m[:, 3]
    cosine = (lower * upper).sum(-1) / (np.linalg.norm(lower, axis=-1) * np.linalg.norm(upper, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _spread(values: np.ndarray) -> dict[str, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return {"count": 0}
    return {
        "median": round(float(np.median(values)), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
        "count": len(values),
    }


def _without_nan(value: Any) -> Any:
    """NaN as None, which JSON has a word for."""
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
