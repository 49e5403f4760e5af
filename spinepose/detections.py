"""Boxes that were found instead of the true ones: reading them, finding them, and who in them is whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from spinepose.boxes import overlap
from spinepose.coco import CocoDataset
from spinepose.data import Person
from spinepose.detect import Detector
from spinepose.errors import InputError
from spinepose.skeleton import NUM_KEYPOINTS

MIN_OVERLAP = 0.5  # of a found and a true box, to be of one person


def detected_people(
    dataset: CocoDataset, images_root: Path | str, detections: Path | str | Detector
) -> tuple[list[Person], np.ndarray]:
    """Everybody that a detector found in a set's pictures.

    Args:
        dataset: The set.
        images_root: Folder that its file names are relative to.
        detections: COCO's detection results (JSON rows with image_id, bbox and score), or a detector to run.

    Returns:
        People without labels, and the scores of their boxes, shape (N,).

    Raises:
        InputError: The file cannot be read, or names a picture that the set lacks.
    """
    root = Path(images_root)
    paths = {image.id: root / image.file_name for image in dataset.images}
    rows = (
        _read(Path(detections), paths) if isinstance(detections, Path | str) else _detect(paths, detections)
    )
    people, scores = [], []
    for number, (image_id, box, score) in enumerate(rows):
        nothing = np.zeros((NUM_KEYPOINTS, 3))
        people.append(Person(number, image_id, paths[image_id], box, nothing, float(box[2:].prod())))
        scores.append(score)
    return people, np.array(scores)


def _detect(paths: dict[int, Path], detector: Detector) -> list[tuple[int, np.ndarray, float]]:
    rows = []
    for image_id, path in paths.items():
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise InputError(f"{path}: cannot be read as an image")
        rows += [(image_id, box, float(score)) for box, score in zip(*detector(image), strict=True)]
    return rows


def _read(path: Path, paths: dict[int, Path]) -> list[tuple[int, np.ndarray, float]]:
    try:
        rows = [
            (int(row["image_id"]), np.array(row["bbox"], float).reshape(4), float(row["score"]))
            for row in json.loads(path.read_text("utf-8"))
        ]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of detections") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path}: not COCO detection results, rows with image_id, bbox and score ({error})"
        ) from None
    unknown = [image_id for image_id, _, _ in rows if image_id not in paths]
    if unknown:
        raise InputError(f"{path}: names image {unknown[0]}, which the labels lack")
    return [(image_id, box, score) for image_id, box, score in rows if (box[2:] > 0).all()]


def match_people(truth: Sequence[Person], found: Sequence[Person]) -> list[tuple[int, int]]:
    """Pairs (row in truth, row in found) of one person: one to one in each picture, overlap of boxes at least 0.5."""
    pairs = []
    for image_id in sorted({person.image_id for person in truth}):
        ours = [i for i, person in enumerate(truth) if person.image_id == image_id]
        theirs = [j for j, person in enumerate(found) if person.image_id == image_id]
        if not theirs:
            continue
        shares = overlap(
            np.stack([truth[i].box_xywh for i in ours]), np.stack([found[j].box_xywh for j in theirs])
        )
        for a, b in zip(*linear_sum_assignment(-shares), strict=True):
            if shares[a, b] >= MIN_OVERLAP:
                pairs.append((ours[a], theirs[b]))
    return pairs
