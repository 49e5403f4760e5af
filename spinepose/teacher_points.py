"""A teacher that looks at nothing: body keypoints that any program found in the whole images beforehand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spinepose.coco import map_keypoints
from spinepose.data import Crops, Person
from spinepose.distill import KNOWN, Signal, keypoint_weights
from spinepose.errors import InputError
from spinepose.losses import Logits
from spinepose.model.simcc import gaussians
from spinepose.skeleton import FLIP, HALPE26_NAMES, NAMES

# A result belongs to a person only where the box of its keypoints and the person's overlap by this much (IoU).
MIN_OVERLAP = 0.3


class PointsTeacher:
    """Body keypoints that another program found in the whole images, with confidences.

    They stand in image pixels and are encoded anew in every crop, so they go with any augmentation.
    """

    def __init__(
        self, points: np.ndarray, input_size: tuple[int, int], foreign_axis_weight: float, report: str = ""
    ) -> None:
        """Take the points.

        Args:
            points: Image pixels and confidence 0..1 by person, shape (N, 26, 3); confidence 0 where nothing was found.
            input_size: Width and height of the crops.
            foreign_axis_weight: Factor on the confidence of head, neck and hip.
            report: Who was matched and who was not.
        """
        self._points = points
        self._input_size = input_size
        self._weights = keypoint_weights(KNOWN, False, foreign_axis_weight)
        self.report = report

    def __call__(self, crops: Crops) -> Signal:
        """Gaussian labels at the points, weighted by confidence; nothing outside the crop or where none is known."""
        to_image = crops.to_image.numpy()
        points = self._points[crops.person.numpy()]
        inverse = np.linalg.inv(to_image[:, :, :2])
        in_crop = np.einsum("bij,bkj->bki", inverse, points[..., :2] - to_image[:, None, :, 2])
        mirrored = np.linalg.det(to_image[:, :, :2]).reshape(-1, 1) < 0
        order = np.where(mirrored, FLIP[:KNOWN], np.arange(KNOWN))
        in_crop = np.take_along_axis(in_crop, order[..., None], axis=1)
        confidence = np.take_along_axis(points[..., 2], order, axis=1)
        outer = np.array(self._input_size) - 1
        inside = np.logical_and.reduce((in_crop >= 0) & (in_crop <= outer), axis=-1)
        weights = torch.from_numpy((confidence * inside).astype(np.float32)) * self._weights
        keypoints = torch.from_numpy(np.where(inside[..., None], in_crop, 0.0).astype(np.float32))
        return Signal(Logits(*gaussians(keypoints, self._input_size)), weights)


def read_points(path: Path, people: Sequence[Person]) -> tuple[np.ndarray, str]:
    """Read precomputed keypoints and match them to people.

    The file holds ``{"keypoint_names": [...], "results": [...]}``; a result has ``keypoints`` (x, y, confidence, image
    pixels, flat) and either ``annotation_id`` or ``image_id``; by image, it goes to the person whose box its keypoints
    fill best. Names that the skeleton lacks are left out.

    Returns:
        Image pixels and confidence, shape (N, 26, 3), confidence 0 where nothing is known; and what was matched.

    Raises:
        InputError: The file is damaged, or fits nobody.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        names, results = tuple(document["keypoint_names"]), document["results"]
        found = [
            (row, map_keypoints(np.asarray(row["keypoints"], float).reshape(len(names), 3), names)[:KNOWN])
            for row in results
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not a file of keypoints ({type(error).__name__}: {error}); docs/training.md shows the format"
        ) from None
    if not set(names) & set(HALPE26_NAMES):
        raise InputError(f"{path}: none of its keypoint names is one of Halpe's 26, e.g. 'left_shoulder'")
    points = np.zeros((len(people), KNOWN, 3))
    taken = _matches(people, found)
    for index, (_, keypoints) in taken.items():
        points[index] = keypoints
    points[..., 2] = np.clip(points[..., 2], 0.0, 1.0)
    if not taken:
        raise InputError(f"{path}: none of its {len(results)} results belongs to a person of the labels")
    unknown = [name for name in names if name not in NAMES]
    left_out = f"; names left out: {', '.join(unknown)}" if unknown else ""
    return points, f"keypoints of {len(taken)} of {len(people)} people, {len(found)} results{left_out}"


def _matches(
    people: Sequence[Person], found: Sequence[tuple[Mapping[str, Any], np.ndarray]]
) -> dict[int, tuple[Mapping[str, Any], np.ndarray]]:
    """Result by index of the person; the best where several fit."""
    by_annotation = {person.annotation_id: i for i, person in enumerate(people)}
    by_image: dict[int, list[int]] = {}
    for i, person in enumerate(people):
        by_image.setdefault(person.image_id, []).append(i)
    best: dict[int, tuple[float, tuple[Mapping[str, Any], np.ndarray]]] = {}
    for entry in found:
        row, keypoints = entry
        if "annotation_id" in row:
            known = by_annotation.get(row["annotation_id"])
            rivals = [] if known is None else [(1.0, known)]
        else:
            image = by_image.get(row.get("image_id", -1), [])
            rivals = [(_overlap(people[i].box_xywh, keypoints), i) for i in image]
        overlap, index = max(rivals, default=(0.0, -1))
        if overlap >= MIN_OVERLAP and overlap > best.get(index, (0.0, entry))[0]:
            best[index] = overlap, entry
    return {index: entry for index, (_, entry) in best.items()}


def _overlap(box_xywh: np.ndarray, keypoints: np.ndarray) -> float:
    """Intersection over union of a box and the box of the keypoints found."""
    points = keypoints[keypoints[:, 2] > 0, :2]
    if not len(points):
        return 0.0
    low, high = points.min(axis=0), points.max(axis=0)
    shared = np.minimum(high, box_xywh[:2] + box_xywh[2:]) - np.maximum(low, box_xywh[:2])
    inner = float(np.maximum(shared, 0).prod())
    return inner / max(float((high - low).prod() + box_xywh[2:].prod()) - inner, 1e-9)
