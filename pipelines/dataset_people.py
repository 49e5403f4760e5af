"""A few numbers of each person of a label file: what the dataset's report is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from pipelines.card import extras_beside
from pipelines.tables import iter_tables
from spinepose.coco import map_keypoints
from spinepose.coco_stream import CocoHead, iter_annotations, iter_images, read_head
from spinepose.skeleton import INDEX, NAMES

_WORDS = ("subject_id", "view", "motion", "place")
_LISTS = ("keypoints_cam_m", "keypoints_world_m", "sigma_m", "fit_minus_authored_world_m", "spine_angles_rad")
# Segment below and segment above: the angle between them is the curve.
_CURVATURES = {
    "lumbar_curvature_deg": (("hip", "spine_01"), ("spine_02", "spine_03")),
    "thoracic_curvature_deg": (("spine_03", "spine_04"), ("spine_05", "neck")),
}


def people_of(labels: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """One row a person, and how often each of the 37 keypoints has each visibility.

    Columns: ``annotation_id, image_id, iscrowd, box_height`` (share of the picture's), ``hidden_percent`` (of the
    labelled keypoints), ``outside_percent`` (keypoints not labelled), and from the extras, where they have them,
    ``subject_id, view, motion, place, visible_percent, distance_m, sigma_mm, fit_error_mm`` (largest of the nine
    vertebrae), ``REGION_MOTION_deg`` of the spine, and of its labelled points ``trunk_lean_deg`` (sacrum to C7 from the
    vertical), ``lumbar_curvature_deg`` and ``thoracic_curvature_deg`` (the segments of ``spinepose.measures``, in 3D).

    Returns:
        The table and counts of shape (37, 3).
    """
    heights = {image["id"]: image["height"] for image in iter_images(labels)}
    names = keypoint_names(read_head(labels))
    counts = np.zeros((len(NAMES), 3), int)
    rows = [_label_row(a, names, heights, counts) for a in iter_annotations(labels)]
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["annotation_id"])
    path = extras_beside(labels)
    if path is None:
        return table, counts
    extras = pd.concat(_extras(path), ignore_index=True)
    return table.merge(extras, on="annotation_id", how="left"), counts


def keypoint_names(head: CocoHead) -> tuple[str, ...]:
    """The keypoints of a file's first category that names some; the 37 where none does."""
    return next((tuple(c["keypoints"]) for c in head.categories if c.get("keypoints")), NAMES)


def keypoints_of(annotation: dict[str, Any], names: Sequence[str]) -> np.ndarray:
    """An annotation's x, y and v of the 37 by name, shape (37, 3); zeros where it has none, as some crowds."""
    flat = annotation.get("keypoints") or [0] * (3 * len(names))
    return map_keypoints(np.array(flat, float).reshape(-1, 3), names)


def _label_row(
    annotation: dict[str, Any], names: Sequence[str], heights: dict[int, int], counts: np.ndarray
) -> dict[str, Any]:
    v = keypoints_of(annotation, names)[:, 2].astype(int)
    counts[np.arange(len(NAMES)), v] += 1
    labelled = int((v > 0).sum())
    return {
        "annotation_id": annotation["id"],
        "image_id": annotation["image_id"],
        "iscrowd": int(annotation.get("iscrowd", 0)),
        "box_height": annotation["bbox"][3] / heights[annotation["image_id"]],
        "hidden_percent": 100 * float((v == 1).sum()) / labelled if labelled else np.nan,
        "outside_percent": 100 * (1 - labelled / len(NAMES)),
    }


def _extras(path: Path) -> Iterator[pd.DataFrame]:
    has = pq.read_schema(path).names
    columns = [name for name in ("annotation_id", "visible_share", *_WORDS, *_LISTS) if name in has]
    for table in iter_tables(path, columns):
        found: dict[str, Any] = {"annotation_id": table["annotation_id"].to_numpy()}
        found |= {name: table[name].to_pylist() for name in _WORDS if name in has}
        if "motion" in found:
            # Clips are draws of a motion, numbered behind its name.
            found["motion"] = [clip.rpartition("-")[0] or clip for clip in found["motion"]]
        if "visible_share" in has:
            found["visible_percent"] = 100 * table["visible_share"].to_numpy()
        if "keypoints_cam_m" in has:
            points = _rows(table["keypoints_cam_m"], 3 * len(NAMES)).reshape(-1, len(NAMES), 3)
            found["distance_m"] = points[:, INDEX["hip"], 2]
            for name, (below, above) in _CURVATURES.items():
                found[name] = _degrees_between(_segment(points, *below), _segment(points, *above))
        if "keypoints_world_m" in has:
            points = _rows(table["keypoints_world_m"], 3 * len(NAMES)).reshape(-1, len(NAMES), 3)
            found["trunk_lean_deg"] = _degrees_between(
                _segment(points, "hip", "neck"), np.array([0.0, 0.0, 1.0])
            )
        if "sigma_m" in has:
            found["sigma_mm"] = 1000 * _rows(table["sigma_m"], 9).max(axis=1)
        if "fit_minus_authored_world_m" in has:
            errors = _rows(table["fit_minus_authored_world_m"], 27).reshape(-1, 9, 3)
            found["fit_error_mm"] = 1000 * np.linalg.norm(errors, axis=2).max(axis=1)
        if "spine_angles_rad" in has:
            angles = np.degrees(_rows(table["spine_angles_rad"], len(REGIONAL_COORDINATES)))
            found |= {f"{name}_deg": angles[:, i] for i, name in enumerate(REGIONAL_COORDINATES)}
        yield pd.DataFrame(found)


def _rows(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """A column of lists as (N, width); NaN where a person has none."""
    flat = column.combine_chunks().flatten()
    if len(flat) == width * len(column):
        return flat.to_numpy(zero_copy_only=False).reshape(-1, width).astype(float)
    return np.array([row if row else [np.nan] * width for row in column.to_pylist()], float)


def _segment(points: np.ndarray, start: str, end: str) -> np.ndarray:
    return points[:, INDEX[end]] - points[:, INDEX[start]]


def _degrees_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    sine = np.linalg.norm(np.cross(one, other), axis=-1)
    return np.degrees(np.arctan2(sine, (one * other).sum(axis=-1)))
