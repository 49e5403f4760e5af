"""How a model in training does on held-out people: loss, mean OKS, and AP of the subset it is chosen by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from spinepose.coco import Annotation, CocoDataset, ImageRecord
from spinepose.coco_eval import average_precision
from spinepose.data import CropDataset, Person, PersonImages, evaluation_batches
from spinepose.evaluate import coco_results
from spinepose.losses import Logits, positional
from spinepose.metrics import mean_oks, truth_arrays
from spinepose.model.family import PoseModel
from spinepose.model.simcc import decode, encode
from spinepose.predict import predict_logits, to_image_pixels
from spinepose.skeleton import NUM_KEYPOINTS


def evaluate_crops(
    model: PoseModel,
    images: PersonImages,
    keypoint_weights: Tensor,
    limit: int | None,
    precision: str,
    batch_size: int = 32,
    reduction: int = 1,
) -> dict[str, float]:
    """Positional loss, mean OKS by subset and AP (Spine, for a body model Body) on plain crops, without flip test.

    Args:
        model: The first K of the 37 keypoints.
        images: The held-out people.
        keypoint_weights: Loss weights, shape (K,).
        limit: People to look at, spread evenly; None: everybody.
        precision: "bf16" or "fp32".
        batch_size: Crops at a time.
        reduction: How many times smaller the crops are than the model's input.

    Returns:
        ``val_loss``, ``val_oks_*``, ``val_ap_*``.
    """
    losses, sizes, points, scores, people = [], [], [], [], []
    for crops in evaluation_batches(CropDataset(images, reduction=reduction), batch_size, limit):
        logits = predict_logits(model, crops.images, precision=precision)
        count = logits.x.shape[1]
        target = Logits(*encode(crops.keypoints_px[:, :count], model.input_size))
        losses.append(float(positional(logits, target, crops.labelled[:, :count] * keypoint_weights)))
        sizes.append(len(crops.person))
        best, score = decode(*logits)
        points.append(to_image_pixels(best.numpy(), crops.to_image.numpy()))
        scores.append(score.numpy())
        people += [images.people[int(i)] for i in crops.person]
    found, confidence = np.concatenate(points), np.concatenate(scores)
    oks = mean_oks(found, *truth_arrays(people))
    subset = "Spine" if found.shape[1] == NUM_KEYPOINTS else "Body"
    return {
        "val_loss": float(np.average(losses, weights=sizes)),
        **{f"val_oks_{name.lower()}": value for name, value in oks.items()},
        f"val_ap_{subset.lower()}": precision_of(people, found, confidence, subset),
    }


def precision_of(people: Sequence[Person], points_px: np.ndarray, scores: np.ndarray, subset: str) -> float:
    """AP of one subset; NaN where nobody has a label of it.

    Args:
        people: Shape (N,).
        points_px: Image pixels of the first K keypoints, shape (N, K, 2).
        scores: Shape (N, K).
        subset: Name out of ``spinepose.skeleton.SUBSETS``.
    """
    lacking = ((0, 0), (0, NUM_KEYPOINTS - points_px.shape[1]))
    points_px, scores = np.pad(points_px, (*lacking, (0, 0))), np.pad(scores, lacking)
    dataset = CocoDataset(
        tuple(ImageRecord(i, str(i), 0, 0) for i in sorted({person.image_id for person in people})),
        tuple(Annotation(p.annotation_id, p.image_id, p.keypoints, p.box_xywh, p.area) for p in people),
    )
    results = coco_results(people, points_px, scores)
    return average_precision(dataset, results, (subset,))[subset]["AP"]


def rank(numbers: dict[str, float]) -> tuple[float, float]:
    """What the best weights are chosen by: AP of the Spine (Body for a body model), then mean OKS."""
    subset = "spine" if "val_ap_spine" in numbers else "body"
    ap = numbers.get(f"val_ap_{subset}", 0.0)
    return (ap if np.isfinite(ap) else 0.0), numbers.get(f"val_oks_{subset}", 0.0)
