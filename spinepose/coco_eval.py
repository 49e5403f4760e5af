"""Average precision of keypoints on subsets of the skeleton, by pycocotools."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from spinepose.coco import CocoDataset, coco_document
from spinepose.skeleton import COCO17_NAMES, HALPE26_NAMES, SIGMAS, SUBSETS, indices

# What is reported. On one file COCO17 and Body are the same keypoints; published tables take them from two sets.
REPORTED: dict[str, tuple[str, ...]] = {"COCO17": COCO17_NAMES, "Halpe26": HALPE26_NAMES, **SUBSETS}


def average_precision(
    dataset: CocoDataset, results: Sequence[Mapping[str, Any]], subsets: Sequence[str] = tuple(REPORTED)
) -> dict[str, dict[str, float]]:
    """AP and AR of each subset.

    Args:
        dataset: The truth.
        results: COCO results: image_id, category_id, keypoints (37 times x, y, score) and score.
        subsets: Names out of :data:`REPORTED`.

    Returns:
        For each subset AP, AP50, AP75 and AR in 0..1; NaN where the subset is labelled in nobody.
    """
    return {name: _on_subset(dataset, results, indices(REPORTED[name])) for name in subsets}


def _on_subset(
    dataset: CocoDataset, results: Sequence[Mapping[str, Any]], rows: np.ndarray
) -> dict[str, float]:
    names = ("AP", "AP50", "AP75", "AR")
    truth = coco_document(dataset)
    for annotation in truth["annotations"]:
        part = np.array(annotation["keypoints"], dtype=float).reshape(-1, 3)[rows]
        annotation["keypoints"] = part.ravel().tolist()
        # 0 tells pycocotools to ignore the person; the whole skeleton's count would make it a miss.
        annotation["num_keypoints"] = int((part[:, 2] > 0).sum())
    if not results or not any(a["num_keypoints"] for a in truth["annotations"]):
        value = 0.0 if any(a["num_keypoints"] for a in truth["annotations"]) else float("nan")
        return dict.fromkeys(names, value)
    cut = [
        {**r, "keypoints": np.array(r["keypoints"], dtype=float).reshape(-1, 3)[rows].ravel().tolist()}
        for r in results
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO()
        reference.dataset = truth
        reference.createIndex()
        evaluation = COCOeval(reference, reference.loadRes(cut), "keypoints")
        evaluation.params.kpt_oks_sigmas = SIGMAS[rows]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = evaluation.stats
    return dict(zip(names, (float(stats[i]) for i in (0, 1, 2, 5)), strict=True))


def oks_nms(
    results: Sequence[dict[str, Any]], areas: Sequence[float], threshold: float = 0.9
) -> list[dict[str, Any]]:
    """Drop a result whose keypoints all but equal those of a better one in the same image.

    Args:
        results: COCO results.
        areas: Area of each result's box, square pixels.
        threshold: OKS above which two results are one person.
    """
    kept: list[int] = []
    rows = np.array([r["keypoints"] for r in results], dtype=float).reshape(len(results), -1, 3)
    # What a body model does not know is zero for everybody, which would make all people alike.
    points, known = rows[..., :2], (rows[..., 2] > 0).any(axis=0)
    for i in sorted(range(len(results)), key=lambda i: -results[i]["score"]):
        rivals = [j for j in kept if results[j]["image_id"] == results[i]["image_id"]]
        squared = [((points[i] - points[j]) ** 2).sum(axis=1) for j in rivals]
        scales = [(areas[i] + areas[j]) / 2 for j in rivals]
        same = [
            float(np.exp(-d / (2 * max(s, 1e-9) * (2 * SIGMAS) ** 2))[known].mean()) > threshold
            for d, s in zip(squared, scales, strict=True)
        ]
        if not any(same):
            kept.append(i)
    return [results[i] for i in sorted(kept)]
