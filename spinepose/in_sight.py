"""How a model does on the keypoints in sight, apart from those that something hides.

Rendered labels know the place of every keypoint, also behind a table or inside the person's own silhouette, and AP
asks for all of them. People who annotate photographs leave out what they cannot guess. Only the part in sight is
therefore like their AP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spinepose.coco import CocoDataset
from spinepose.coco_eval import average_precision
from spinepose.data import Person
from spinepose.metrics import mean_oks, truth_arrays
from spinepose.skeleton import SUBSETS, indices

HIDDEN, IN_SIGHT = 1, 2  # COCO's visibility: labelled but not visible; labelled and visible


def in_sight_report(
    dataset: CocoDataset,
    people: Sequence[Person],
    points_px: np.ndarray,
    results: Sequence[Mapping[str, Any]],
) -> dict[str, dict[str, float]] | None:
    """AP, AR and mean OKS of the keypoints in sight, and mean OKS of the hidden ones, by subset.

    Args:
        dataset: The labels.
        people: Its people who were predicted, N.
        points_px: Their predictions in image pixels, shape (N, 37, 2).
        results: The same as COCO results.

    Returns:
        For each subset ``AP``, ``AR``, ``mean_oks`` (in sight), ``mean_oks_hidden`` and ``hidden_share`` (of the
        labelled keypoints), NaN where there are none; None where no label says that its keypoint is hidden.
    """
    truth, areas = truth_arrays(people)
    if not (truth[..., 2] == HIDDEN).any():
        return None
    seen, hidden = (mean_oks(points_px, _only(truth, value), areas) for value in (IN_SIGHT, HIDDEN))
    shown = replace(
        dataset,
        annotations=tuple(replace(a, keypoints=_only(a.keypoints, IN_SIGHT)) for a in dataset.annotations),
    )
    precision = average_precision(shown, results, tuple(SUBSETS))
    report = {}
    for name, members in SUBSETS.items():
        sight = truth[:, indices(members), 2]
        report[name] = {
            "AP": precision[name]["AP"],
            "AR": precision[name]["AR"],
            "mean_oks": seen.get(name, float("nan")),
            "mean_oks_hidden": hidden.get(name, float("nan")),
            "hidden_share": float((sight == HIDDEN).sum() / max((sight > 0).sum(), 1)),
        }
    return report


def _only(keypoints: np.ndarray, visibility: int) -> np.ndarray:
    """Keypoints, shape (..., 37, 3), of one visibility; the others unlabelled."""
    return np.where(keypoints[..., 2:] == visibility, keypoints, 0.0)
