"""Object keypoint similarity and the mean-pose baseline, as array functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spinepose.data import Person
from spinepose.skeleton import SIGMAS, SUBSETS, indices


def similarities(predicted_px: np.ndarray, true: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """COCO's similarity of each keypoint: exp(-d^2 / (2 area (2 sigma)^2)).

    Args:
        predicted_px: Image pixels, shape (N, K, 2).
        true: Image pixels and visibility, shape (N, K, 3).
        areas: Square pixels, shape (N,).

    Returns:
        Shape (N, K) in 0..1, NaN where not labelled.
    """
    count = predicted_px.shape[1]
    squared = ((predicted_px - true[:, :count, :2]) ** 2).sum(axis=-1)
    scale = 2 * np.maximum(areas, 1e-9)[:, None] * (2 * SIGMAS[:count]) ** 2
    return np.where(true[:, :count, 2] > 0, np.exp(-squared / scale), np.nan)


def mean_oks(predicted_px: np.ndarray, true: np.ndarray, areas: np.ndarray) -> dict[str, float]:
    """Mean over people of their mean similarity on each subset; subsets not predicted are left out.

    Args:
        predicted_px: Image pixels, shape (N, K, 2), the skeleton's first K keypoints.
        true: Image pixels and visibility, shape (N, 37, 3).
        areas: Square pixels, shape (N,).
    """
    values = similarities(predicted_px, true, areas)
    result = {}
    for name, members in SUBSETS.items():
        rows = indices(members)
        rows = rows[rows < values.shape[1]]
        part = values[:, rows]
        some = ~np.isnan(part).all(axis=1)
        if len(rows) and some.any():
            result[name] = float(np.nanmean(part[some], axis=1).mean())
    return result


def pck(predicted_px: np.ndarray, true: np.ndarray, boxes_xywh: np.ndarray, share: float) -> np.ndarray:
    """Which keypoints are correct: at most ``share`` of the box's larger side off (mmpose's PCK over the box).

    Args:
        predicted_px: Image pixels, shape (N, K, 2).
        true: Image pixels and visibility, shape (N, K, 3).
        boxes_xywh: Shape (N, 4).
        share: Of the larger side.

    Returns:
        Shape (N, K): 1 or 0, NaN where not labelled.
    """
    off = np.linalg.norm(predicted_px - true[..., :2], axis=-1) / boxes_xywh[:, 2:].max(axis=1)[:, None]
    return np.where(true[..., 2] > 0, off <= share, np.nan)


PCK_SHARE = 0.05
AUC_SHARES = np.linspace(0.005, 0.1, 20)


def pck_and_auc(
    predicted_px: np.ndarray,
    true: np.ndarray,
    boxes_xywh: np.ndarray,
    subsets: Mapping[str, Sequence[str]] = SUBSETS,
) -> dict[str, dict[str, float]]:
    """PCK at 5 % of the box's larger side, and AUC: its mean over 0.5 %, 1 % ... 10 %; by subset with a label.

    Args:
        predicted_px: Image pixels, shape (N, 37, 2).
        true: Image pixels and visibility, shape (N, 37, 3).
        boxes_xywh: Shape (N, 4).
        subsets: Names of keypoints by subset.
    """
    at = pck(predicted_px, true, boxes_xywh, PCK_SHARE)
    curve = np.mean([pck(predicted_px, true, boxes_xywh, float(share)) for share in AUC_SHARES], axis=0)
    result = {}
    for name, members in subsets.items():
        rows = indices(list(members))
        if np.isfinite(at[:, rows]).any():
            result[name] = {"PCK": float(np.nanmean(at[:, rows])), "AUC": float(np.nanmean(curve[:, rows]))}
    return result


def mean_pose(people: Sequence[Person]) -> np.ndarray:
    """Where each keypoint lies in the box on average: the guess of who never looks at the picture.

    Returns:
        Shares of the box, shape (37, 2); the box's middle for a keypoint that nobody has.
    """
    boxes = np.stack([person.box_xywh for person in people])
    keypoints = np.stack([person.keypoints for person in people])
    shares = (keypoints[..., :2] - boxes[:, None, :2]) / boxes[:, None, 2:]
    weight = (keypoints[..., 2:] > 0).astype(float)
    total = weight.sum(axis=0)
    return np.where(total > 0, (shares * weight).sum(axis=0) / np.maximum(total, 1), 0.5)


def place_in_boxes(shares: np.ndarray, boxes_xywh: np.ndarray) -> np.ndarray:
    """Put a pose given in shares of the box, shape (K, 2), into boxes, shape (N, 4): shape (N, K, 2)."""
    return boxes_xywh[:, None, :2] + shares[None] * boxes_xywh[:, None, 2:]


def truth_arrays(people: Sequence[Person]) -> tuple[np.ndarray, np.ndarray]:
    """Labels, shape (N, 37, 3), and areas, shape (N,)."""
    return np.stack([p.keypoints for p in people]), np.array([p.area for p in people])


def baseline_oks(train: Sequence[Person], held_out: Sequence[Person]) -> dict[str, float]:
    """Mean OKS of the training set's mean pose on held-out people."""
    guess = place_in_boxes(mean_pose(train), np.stack([person.box_xywh for person in held_out]))
    return mean_oks(guess, *truth_arrays(held_out))
