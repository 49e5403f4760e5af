"""What AP cannot see: the spine's error in millimetres at the landmark's depth, apart where trunks are bent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spinepose.data import Person
from spinepose.errors import InputError
from spinepose.measures import measure_errors
from spinepose.metrics import PCK_SHARE, truth_arrays
from spinepose.skeleton import NAMES, NUM_KEYPOINTS, SPINE_CHAIN, SPINE_LEVELS, indices

CHAIN = indices(SPINE_CHAIN)
FLEXED_DEG = 30.0
BENT_DEG = 15.0
# Left and right are the same difficulty: both are reported as one view.
SIDES = {"left": "side", "right": "side"}


@dataclass(frozen=True)
class SpineTruth:
    """3D truth of people, row by row as the people it was asked for.

    Attributes:
        depth_m: Depth of the keypoints, shape (N, 37).
        focal_px: Focal lengths, shape (N, 2).
        view: From where each is seen (front, side, back where the table tells), shape (N,), str.
        flexed_or_bent: Lumbar and thoracic flexion over 30° in sum, or their side bending over 15°, shape (N,) bool;
            None where the table lacks the angles.
        group: Whom the person is an image of (subject, else image), shape (N,).
    """

    depth_m: np.ndarray
    focal_px: np.ndarray
    view: np.ndarray
    flexed_or_bent: np.ndarray | None
    group: np.ndarray


def spine_truth(people: Sequence[Person], extras: pd.DataFrame) -> SpineTruth:
    """Take 3D truth out of the table beside a label file.

    Args:
        people: Whom it is about.
        extras: Columns annotation_id, keypoints_cam_m (111 numbers, metres) and K (9 numbers); view, subject_id and
            spine_angles_rad (lumbar flexion, bending, rotation, thoracic ..., cervical ...) where known.

    Raises:
        InputError: A column or a person is missing.
    """
    missing = {"annotation_id", "keypoints_cam_m", "K"} - set(extras.columns)
    if missing:
        raise InputError(f"extras table lacks the column {sorted(missing)[0]}")
    try:
        rows = extras.set_index("annotation_id").loc[[person.annotation_id for person in people]]
    except KeyError as error:
        raise InputError(f"extras table lacks people of the label file: {error}") from None
    points = np.stack([np.asarray(v, float).reshape(NUM_KEYPOINTS, 3) for v in rows["keypoints_cam_m"]])
    cameras = np.stack([np.asarray(v, float).reshape(3, 3) for v in rows["K"]])
    bent = None
    if "spine_angles_rad" in rows:
        bent = is_flexed_or_bent(np.stack([np.asarray(v, float) for v in rows["spine_angles_rad"]]))
    view = rows["view"].replace(SIDES).to_numpy() if "view" in rows else np.full(len(rows), "any")
    group = rows["subject_id"].to_numpy() if "subject_id" in rows else np.array([p.image_id for p in people])
    return SpineTruth(points[..., 2], cameras[:, [0, 1], [0, 1]], view, bent, group)


def is_flexed_or_bent(spine_angles_rad: np.ndarray) -> np.ndarray:
    """Whether a trunk is flexed over 30° or bent sideways over 15°: lumbar and thoracic angles in sum.

    Args:
        spine_angles_rad: Shape (N, 9): flexion, bending, rotation of the lumbar, thoracic and cervical spine.
    """
    trunk = np.degrees(spine_angles_rad[:, 0:2] + spine_angles_rad[:, 3:5])
    return (trunk[:, 0] > FLEXED_DEG) | (np.abs(trunk[:, 1]) > BENT_DEG)


def offsets_mm(
    people: Sequence[Person], points_px: np.ndarray, truth: SpineTruth, members: np.ndarray = CHAIN
) -> np.ndarray:
    """Distances in the plane through the true landmark, parallel to the picture.

    Args:
        people: Whom it is about.
        points_px: Predictions of some keypoints, image pixels, shape (N, M, 2).
        truth: Of the same people.
        members: Which keypoints these are, shape (M,); the spine's from the sacrum up unless told.

    Returns:
        Millimetres, shape (N, M); NaN where not labelled.
    """
    labels = truth_arrays(people)[0][:, members]
    off_m = (points_px - labels[..., :2]) / truth.focal_px[:, None] * truth.depth_m[:, members, None]
    return np.where(labels[..., 2] > 0, 1000 * np.linalg.norm(off_m, axis=-1), np.nan)


def spine_error_mm(people: Sequence[Person], points_px: np.ndarray, truth: SpineTruth) -> dict[str, Any]:
    """How far the spine's points are off.

    Args:
        people: Whom it is about, shape (N,).
        points_px: Predictions in image pixels, shape (N, 37, 2).
        truth: Of the same people.

    Returns:
        Median, 95th percentile and count over all, by level, by view, and on flexed or bent trunks apart (where the
        angles are known).
    """
    off = offsets_mm(people, points_px[:, CHAIN], truth)
    result: dict[str, Any] = {
        "all": spread(off),
        "by_level": {level: spread(off[:, i]) for i, level in enumerate(SPINE_LEVELS)},
        "by_view": {str(view): spread(off[truth.view == view]) for view in sorted(set(truth.view))},
    }
    if truth.flexed_or_bent is not None:
        result["flexed_or_bent"] = spread(off[truth.flexed_or_bent])
        result["straight"] = spread(off[~truth.flexed_or_bent])
    return result


def keypoint_report(
    people: Sequence[Person], points_px: np.ndarray, truth: SpineTruth | None
) -> dict[str, dict[str, Any]]:
    """How far each keypoint is off.

    Returns:
        By name: the median and the 95th percentile of the error in percent of the box's larger side, PCK at 5 %, how
        many are labelled, and the median and 95th percentile in millimetres where 3D truth is at hand. Keypoints that
        nobody has are left out.
    """
    labels, _ = truth_arrays(people)
    boxes = np.stack([person.box_xywh for person in people])
    percent = 100 * np.linalg.norm(points_px - labels[..., :2], axis=-1) / boxes[:, 2:].max(axis=1)[:, None]
    off_mm = None if truth is None else offsets_mm(people, points_px, truth, np.arange(NUM_KEYPOINTS))
    result: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(NAMES):
        own = percent[labels[:, i, 2] > 0, i]
        if not len(own):
            continue
        found = spread(own)
        result[name] = {"percent_median": found["median"], "percent_p95": found["p95"]}
        result[name] |= {"PCK": float((own <= 100 * PCK_SHARE).mean()), "count": len(own)}
        if off_mm is not None:
            found = spread(off_mm[:, i])
            result[name] |= {"mm_median": found["median"], "mm_p95": found["p95"]}
    return result


def measure_report(
    people: Sequence[Person], points_px: np.ndarray, truth: SpineTruth | None
) -> dict[str, Any]:
    """Errors of the spine measures (curvatures among them) over all, and on flexed or bent trunks apart."""
    labels, _ = truth_arrays(people)
    result: dict[str, Any] = {"all": measure_errors(points_px, labels)}
    if truth is not None and truth.flexed_or_bent is not None:
        for name, rows in (("flexed_or_bent", truth.flexed_or_bent), ("straight", ~truth.flexed_or_bent)):
            result[name] = measure_errors(points_px[rows], labels[rows])
    return result


def spread(values: np.ndarray) -> dict[str, float]:
    """Median, 95th percentile and count of what is finite; the count alone where nothing is."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"count": 0}
    return {
        "median": round(float(np.median(values)), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
        "count": len(values),
    }
