"""Angles and distances of the trunk and the spine in the image plane, and how far they are off.

They are measures of the projected landmarks, not of the spine in space: a camera that does not look along the axis of
the movement shortens them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinepose.errors import InputError
from spinepose.skeleton import INDEX, SPINE_CHAIN, indices

ERRORS_SCHEMA_VERSION = 1
ERRORS_FILE = "measure_errors.json"
# The chain from the sacrum to C7.
_TRUNK = SPINE_CHAIN[: SPINE_CHAIN.index("neck") + 1]


def trunk_lean_deg(keypoints_px: np.ndarray) -> np.ndarray:
    """Angle of sacrum to C7 against the picture's vertical.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.

    Returns:
        Degrees, shape (...); 0 upright, positive towards the picture's right.
    """
    trunk = keypoints_px[..., INDEX["neck"], :] - keypoints_px[..., INDEX["hip"], :]
    return np.degrees(np.arctan2(trunk[..., 0], -trunk[..., 1]))


def curvature_deg(keypoints_px: np.ndarray, below: tuple[str, str], above: tuple[str, str]) -> np.ndarray:
    """Angle by which one segment of the spine is turned against a lower one.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.
        below: Names of the lower segment's ends, from the bottom up.
        above: Names of the upper segment's ends, from the bottom up.

    Returns:
        Degrees, shape (...); positive where the upper one is turned towards the picture's right.
    """
    first, second = (
        keypoints_px[..., INDEX[top], :] - keypoints_px[..., INDEX[bottom], :]
        for bottom, top in (below, above)
    )
    return np.degrees(np.arctan2(_cross(first, second), (first * second).sum(axis=-1)))


def lateral_deviation_percent(keypoints_px: np.ndarray) -> np.ndarray:
    """How far the spine leaves the straight line from the sacrum to C7, at most.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.

    Returns:
        Percent of the line's length, shape (...); positive to the right of who looks up along it. NaN without length.
    """
    chain = keypoints_px[..., indices(_TRUNK), :]
    line = chain[..., -1, :] - chain[..., 0, :]
    squared = (line**2).sum(axis=-1)
    # With y down, the cross product of line and offset is positive on the right of the line.
    aside = _cross(line[..., None, :], chain[..., 1:-1, :] - chain[..., :1, :])
    largest = np.take_along_axis(aside, np.abs(aside).argmax(axis=-1, keepdims=True), axis=-1)[..., 0]
    return 100 * largest / np.where(squared > 0, squared, np.nan)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        title: In words.
        unit: "°" or "%".
        points: Names of the keypoints it is made of.
        compute: From keypoints, shape (..., 37, 2), to values, shape (...).
    """

    title: str
    unit: str
    points: tuple[str, ...]
    compute: Callable[[np.ndarray], np.ndarray]


def _curvature(title: str, below: tuple[str, str], above: tuple[str, str]) -> Measure:
    points = tuple(dict.fromkeys((*below, *above)))
    return Measure(title, "°", points, lambda keypoints: curvature_deg(keypoints, below, above))


MEASURES: dict[str, Measure] = {
    "trunk_lean_deg": Measure("trunk lean", "°", ("hip", "neck"), trunk_lean_deg),
    "lumbar_curvature_deg": _curvature("lumbar curvature", ("hip", "spine_01"), ("spine_02", "spine_03")),
    "thoracic_curvature_deg": _curvature(
        "thoracic curvature", ("spine_03", "spine_04"), ("spine_05", "neck")
    ),
    "cervical_curvature_deg": _curvature("cervical curvature", ("neck", "neck_02"), ("neck_02", "neck_03")),
    "lateral_deviation_percent": Measure("lateral deviation", "%", _TRUNK, lateral_deviation_percent),
}


def spine_measures(keypoints_px: np.ndarray, seen: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """All measures (:data:`MEASURES`).

    Lumbar: sacrum-L5 against L3-T12/L1. Thoracic: T12/L1-T8 against T3-C7. Cervical: C7-C3/C4 against C3/C4-C1.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.
        seen: Which keypoints may be used, shape (..., 37) bool; None: all.

    Returns:
        Values by name, shape (...); NaN where a keypoint that is needed may not be used.
    """
    found = {}
    for name, measure in MEASURES.items():
        values = measure.compute(keypoints_px)
        if seen is not None:
            values = np.where(seen[..., indices(measure.points)].all(axis=-1), values, np.nan)
        found[name] = values
    return found


def measure_errors(predicted_px: np.ndarray, true: np.ndarray) -> dict[str, dict[str, float]]:
    """How far the measures of predictions are off those of the truth.

    Args:
        predicted_px: Shape (N, 37, 2).
        true: Pixels and visibility, shape (N, 37, 3).

    Returns:
        For each measure the bias (median of predicted minus true), the absolute error's p50, p68 (the error bar) and
        p95 in the measure's unit, and the count; only the count where there is nobody.
    """
    ours = spine_measures(predicted_px)
    theirs = spine_measures(true[..., :2], true[..., 2] > 0)
    result: dict[str, dict[str, float]] = {}
    for name, measure in MEASURES.items():
        off = ours[name] - theirs[name]
        if measure.unit == "°":
            off = (off + 180) % 360 - 180
        off = off[np.isfinite(off)]
        result[name] = {"count": len(off)}
        if len(off):
            p50, p68, p95 = np.percentile(np.abs(off), (50, 68, 95))
            spread = {"bias": np.median(off), "p50": p50, "p68": p68, "p95": p95}
            result[name] |= {key: round(float(value), 2) for key, value in spread.items()}
    return result


def errors_document(errors: Mapping[str, Mapping[str, float]], source: str) -> dict[str, Any]:
    """The errors as the file ``measure_errors.json`` holds them."""
    return {"schema_version": ERRORS_SCHEMA_VERSION, "source": source, "measures": errors}


def find_errors(model: Path | str) -> Path | None:
    """The file of errors that belongs to a model: beside it, or in ``evaluation/`` beside it; None without one."""
    folder = Path(model).parent
    for path in (Path(model).with_suffix(f".{ERRORS_FILE}"), folder / "evaluation" / ERRORS_FILE):
        if path.is_file():
            return path
    return None


def read_errors(path: Path | str) -> dict[str, Any]:
    """Read a file of errors.

    Raises:
        InputError: It is missing, no such file, or of another version.
    """
    try:
        document = json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of measure errors") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None
    return checked_errors(document, str(path))


def checked_errors(document: Any, title: str) -> dict[str, Any]:
    """A document of errors, if it is one.

    Raises:
        InputError: It is none, or of another version.
    """
    if not isinstance(document, dict) or not isinstance(document.get("measures"), dict):
        raise InputError(f"{title}: no file of measure errors; 'spineforge evaluate' writes one")
    if document.get("schema_version") != ERRORS_SCHEMA_VERSION:
        raise InputError(
            f"{title}: schema_version {document.get('schema_version')}, this version reads {ERRORS_SCHEMA_VERSION}"
        )
    return document
