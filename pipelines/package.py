"""From a trained checkpoint to the model that comes with the package: half precision, measured so, with a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.run import require_stage
from pipelines.train import TRAIN_LABELS, VAL_LABELS
from spinepose import __version__
from spinepose.coco import load_coco
from spinepose.data import CropDataset, Person, PersonImages, evaluation_batches, list_people
from spinepose.estimator import open_model
from spinepose.evaluate import EvaluateOptions, Progress, evaluate_checkpoint
from spinepose.model.weights import load_checkpoint, read_dict
from spinepose.model_card import fields_of_training, read_fields
from spinepose.packaged import FOLDER, pack_model, save_half
from spinepose.skeleton import NAMES

COMPARED_PEOPLE = 200


def package(
    checkpoint: Path, run: Path, card: Path | None, folder: Path = FOLDER, progress: Progress | None = None
) -> Path:
    """Pack a checkpoint with a card made from its training and from its evaluation in half precision.

    Args:
        checkpoint: A model of the 37 keypoints; ``training.json`` beside it tells how it was made.
        run: The run whose held-out people it is measured on.
        card: JSON with fields of the card that replace the ones made here.
        folder: Where to.
        progress: Of the evaluation.

    Returns:
        The packed checkpoint.

    Raises:
        InputError: A file is missing or wrong, or the run has no dataset.
    """
    data, _ = require_stage(run, "dataset")
    given = {} if card is None else read_fields(card)
    beside = checkpoint.parent / "training.json"
    summary = json.loads(beside.read_text("utf-8")) if beside.is_file() else None
    measured = checkpoint.parent / "packaged"
    half = measured / "half.pt"
    save_half(checkpoint, half)
    people = list_people(load_coco(data / VAL_LABELS, allow_subset=True), data / "images")
    options = EvaluateOptions(train_json=data / TRAIN_LABELS)
    metrics = evaluate_checkpoint(
        half, data / VAL_LABELS, data / "images", measured, options=options, progress=progress
    )
    fields: dict[str, Any] = {
        "name": f"spineforge-{load_checkpoint(checkpoint, NAMES).model.size}",
        "version": __version__,
        "licence": "Apache-2.0",
        **fields_of_training(read_dict(checkpoint), summary),
        **given,
        "half_precision": half_difference(checkpoint, half, people),
        "metrics": metrics,
        "measure_errors": json.loads((measured / "measure_errors.json").read_text("utf-8")),
    }
    return pack_model(half, fields, folder)


def half_difference(full: Path, half: Path, people: list[Person]) -> dict[str, float]:
    """How far the keypoints of two files of one model lie apart, in pixels of the crop (at most 200 people)."""
    runners = [open_model(path) for path in (full, half)]
    crops = CropDataset(PersonImages(people, runners[0].input_size))
    apart = []
    for batch in evaluation_batches(crops, 32, COMPARED_PEOPLE):
        ours, theirs = (runner.predict(batch.images, flip_test=False)[0] for runner in runners)
        apart.append(np.linalg.norm(ours - theirs, axis=-1))
    px = np.concatenate(apart)
    return {
        "people": len(px),
        "mean_px": round(float(px.mean()), 4),
        "p99_px": round(float(np.percentile(px, 99)), 4),
        "largest_px": round(float(px.max()), 4),
        "within_1_px": round(float((px <= 1).mean()), 5),
    }
