"""Boxes as arrays: overlap, doubles, boxes around keypoints, and the JSON files that say where people are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spinepose.errors import InputError


def overlap(first_xywh: np.ndarray, second_xywh: np.ndarray) -> np.ndarray:
    """Intersection over union of every box of one set with every box of another.

    Args:
        first_xywh: Shape (N, 4).
        second_xywh: Shape (M, 4).

    Returns:
        Shape (N, M) in 0..1.
    """
    a, b = first_xywh[:, None], second_xywh[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    both = np.maximum(high - low, 0).prod(axis=-1)
    return both / np.maximum(a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - both, 1e-9)


def drop_overlapping(boxes_xywh: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Greedy non-maximum suppression.

    Args:
        boxes_xywh: Shape (N, 4).
        scores: Shape (N,).
        threshold: Overlap above which the lower score goes.

    Returns:
        Indices of the boxes that stay, best first.
    """
    kept: list[int] = []
    shares = overlap(boxes_xywh, boxes_xywh)
    for i in np.argsort(-scores, kind="stable"):
        if not (shares[i, kept] > threshold).any():
            kept.append(int(i))
    return np.array(kept, dtype=int)


def box_around(points_px: np.ndarray, use: np.ndarray) -> np.ndarray:
    """The box of the points to be used, shape (K, 2) and (K,) bool; shape (4,) xywh."""
    low, high = points_px[use].min(axis=0), points_px[use].max(axis=0)
    return np.concatenate([low, high - low])


class BoxTable:
    """Where people are, by file name or by frame of a video, as a user's file or array says."""

    def __init__(self, boxes: np.ndarray | Sequence | Mapping[str, Any] | Path | str) -> None:
        """Read and check.

        Args:
            boxes: Boxes for every frame, shape (N, 4) xywh in pixels; or a mapping (or its JSON file) from file name,
                or ``"name:frame"`` in a video (counted from 0), to boxes.

        Raises:
            InputError: The file or a box cannot be read.
        """
        self.title = str(boxes) if isinstance(boxes, Path | str) else "boxes"
        if isinstance(boxes, Path | str):
            boxes = _read_json(Path(boxes))
        self._fixed: np.ndarray | None = None
        self._by_name: dict[str, np.ndarray] = {}
        if isinstance(boxes, Mapping):
            self._by_name = {str(name): checked_boxes(value, str(name)) for name, value in boxes.items()}
        else:
            self._fixed = checked_boxes(boxes, "boxes")

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse a table that does not fit the inputs: a name that none of them bears, or an input without boxes.

        Raises:
            InputError: Naming the first.
        """
        if self._fixed is not None:
            return
        # A frame's number follows the last colon; a name may hold colons itself.
        meant = {name: self._file_of(name, names) for name in self._by_name}
        lacking = [name for name in names if name not in meant.values()]
        if lacking:
            raise InputError(f"{self.title}: none for '{lacking[0]}'; give an empty list where nobody is")
        unknown = [name for name, file in meant.items() if file not in names]
        if unknown:
            raise InputError(
                f"{self.title}: '{unknown[0]}' is none of the inputs ({len(unknown)} such names); "
                f"names are those of the files, such as '{names[0]}' or, in a video, '{names[0]}:0'"
            )

    @staticmethod
    def _file_of(name: str, names: Sequence[str]) -> str:
        head, _, frame = name.rpartition(":")
        return head if name not in names and head and frame.isdecimal() else name

    def find(self, name: str, frame: int) -> np.ndarray | None:
        """Boxes of a frame, shape (N, 4); None where the table says nothing about it."""
        if self._fixed is not None:
            return self._fixed
        return self._by_name.get(f"{name}:{frame}", self._by_name.get(name))


def checked_boxes(value: Any, name: str) -> np.ndarray:
    """Boxes as an array, shape (N, 4) xywh in pixels.

    Raises:
        InputError: They are not rows of four finite numbers with a positive size.
    """
    try:
        array = np.asarray(value, dtype=float)
        array = array.reshape(-1, 4) if array.size == 0 or array.ndim == 1 else array
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.ndim != 2 or array.shape[1] != 4:
        raise InputError(f"boxes of '{name}': expected rows of left, top, width, height in pixels")
    if not np.isfinite(array).all() or (array[:, 2:] <= 0).any():
        raise InputError(f"boxes of '{name}': width and height must be positive numbers")
    return array


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of boxes") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None
