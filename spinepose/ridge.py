"""The baseline that a spine model must beat: a ridge regression from predicted body points to the spine's points.

Whoever knows shoulders, hips and face can guess a straight spine without looking at it. The regression sees the model's
own predictions of COCO's 17 points and is fitted on the training split, so it knows the model's habits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose.skeleton import COCO17_NAMES, SPINE_CHAIN, indices

BODY = indices(COCO17_NAMES)
CHAIN = indices(SPINE_CHAIN)
ALPHAS = np.logspace(-3, 4, 15)
FOLDS = 5
MIN_PEOPLE = 20


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Attributes:
        alpha: The penalty that cross-validation chose.
        shift: Mean of the inputs, shape (34,).
        scale: Their deviations, shape (34,).
        weights: Shape (34, 18).
        offset: Shape (18,).
        cv_error: Root mean square error by penalty in the folds left out, in shares of the box size, shape (15,).
    """

    alpha: float
    shift: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    cv_error: np.ndarray

    def predict(self, points_px: np.ndarray, boxes_xywh: np.ndarray) -> np.ndarray:
        """The spine's points, from the sacrum up.

        Args:
            points_px: Predicted keypoints, shape (N, 37, 2); only COCO's 17 are used.
            boxes_xywh: Shape (N, 4).

        Returns:
            Image pixels, shape (N, 9, 2).
        """
        inputs, centre, size = _relative(points_px[:, BODY], boxes_xywh)
        found = (inputs - self.shift) / self.scale @ self.weights + self.offset
        return found.reshape(len(points_px), -1, 2) * size + centre


def fit_ridge(
    points_px: np.ndarray, true: np.ndarray, boxes_xywh: np.ndarray, groups: np.ndarray
) -> Ridge | None:
    """Fit on people of the training split.

    Args:
        points_px: The model's predictions, shape (N, 37, 2).
        true: Labels, shape (N, 37, 3); people without all nine spine points are left out.
        boxes_xywh: Shape (N, 4).
        groups: Who belongs together (images of one subject), shape (N,): never torn apart by a fold.

    Returns:
        None with fewer than 20 people or two groups: then nothing could be validated.
    """
    whole = (true[:, CHAIN, 2] > 0).all(axis=1)
    folds = fold_numbers(groups[whole])
    if whole.sum() < MIN_PEOPLE or len(set(folds)) < 2:
        return None
    inputs, centre, size = _relative(points_px[whole][:, BODY], boxes_xywh[whole])
    targets = ((true[whole][:, CHAIN, :2] - centre) / size).reshape(int(whole.sum()), -1)
    squared = np.zeros(len(ALPHAS))
    for fold in sorted(set(folds)):
        out = folds == fold
        for i, solved in enumerate(_solve(inputs[~out], targets[~out], ALPHAS)):
            shift, scale, weights, offset = solved
            squared[i] += (((inputs[out] - shift) / scale @ weights + offset - targets[out]) ** 2).sum()
    alpha = float(ALPHAS[squared.argmin()])
    [(shift, scale, weights, offset)] = _solve(inputs, targets, np.array([alpha]))
    return Ridge(alpha, shift, scale, weights, offset, np.sqrt(squared / targets.size))


def fold_numbers(groups: np.ndarray) -> np.ndarray:
    """A fold for everybody, shape (N,): groups in their sorted order take turns."""
    _, number = np.unique(groups.astype(str), return_inverse=True)
    return number % FOLDS


def _relative(body_px: np.ndarray, boxes_xywh: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Body points about their box, shape (N, 34), and centre and size to go back with, (N, 1, 2) and (N, 1, 1)."""
    centre = (boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2)[:, None]
    size = np.sqrt(boxes_xywh[:, 2:].prod(axis=1))[:, None, None]
    return ((body_px - centre) / size).reshape(len(body_px), -1), centre, size


def _solve(
    inputs: np.ndarray, targets: np.ndarray, alphas: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Ridge for several penalties from one singular value decomposition; the offset is not penalised."""
    shift, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-9)
    offset = targets.mean(axis=0)
    u, s, vt = np.linalg.svd((inputs - shift) / scale, full_matrices=False)
    projected = u.T @ (targets - offset)
    return [(shift, scale, vt.T @ ((s / (s**2 + a))[:, None] * projected), offset) for a in alphas]
