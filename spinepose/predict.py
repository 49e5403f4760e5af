"""Run a model on crops: normalisation, flip test, decoding, and the way back to image pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from spinepose.losses import Logits
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD
from spinepose.model.simcc import decode
from spinepose.skeleton import FLIP

SCORE_THRESHOLD = 0.2  # a keypoint counts from this score on


def normalise(
    images: Tensor, mean: tuple[float, ...] = IMAGE_MEAN, std: tuple[float, ...] = IMAGE_STD
) -> Tensor:
    """RGB uint8, shape (B, 3, H, W), to the network's float input in channels-last memory."""
    shift = torch.tensor(mean).view(1, 3, 1, 1)
    scale = torch.tensor(std).view(1, 3, 1, 1)
    return ((images.float() - shift) / scale).contiguous(memory_format=torch.channels_last)


@contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Autocast to bfloat16 on the CPU for "bf16"; nothing for "fp32"."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
        yield


@torch.no_grad()
def predict_logits(
    model: nn.Module, images: Tensor, flip_test: bool = False, precision: str = "fp32"
) -> Logits:
    """SimCC logits of a batch, averaged with those of the mirrored crop where asked.

    Args:
        model: In evaluation mode.
        images: RGB uint8, shape (B, 3, H, W).
        flip_test: Also run the mirrored crop.
        precision: "fp32" or "bf16".
    """
    with arithmetic(precision):
        x, y = model(normalise(images))
        if not flip_test:
            return Logits(x.float(), y.float())
        flipped_x, flipped_y = model(normalise(images.flip(-1)))
    return merge_flipped(Logits(x.float(), y.float()), Logits(flipped_x.float(), flipped_y.float()))


def merge_flipped(straight: Logits, flipped: Logits) -> Logits:
    """Average the logits of a crop with those of its mirror image, brought back."""
    order = torch.from_numpy(FLIP[: straight.x.shape[1]])
    # Mirrored, pixel x is pixel W-1-x: bin b is bin 2W-2-b, and the last bin has no partner.
    back_x = flipped.x[:, order].flip(-1).roll(-1, dims=-1)
    back_x[..., -1] = straight.x[..., -1]
    return Logits((straight.x + back_x) / 2, (straight.y + flipped.y[:, order]) / 2)


def predict_points(
    model: nn.Module, images: Tensor, flip_test: bool = False, precision: str = "fp32"
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints in input pixels, shape (B, K, 2), and their scores, shape (B, K)."""
    points, scores = decode(*predict_logits(model, images, flip_test, precision))
    return points.numpy().astype(np.float64), scores.numpy()


def person_scores(scores: np.ndarray, box_scores: np.ndarray) -> np.ndarray:
    """Score of a person: box score times the mean of the keypoint scores above 0.2 (0 where none is).

    Args:
        scores: Shape (N, K).
        box_scores: Shape (N,).
    """
    counts = scores > SCORE_THRESHOLD
    return box_scores * (scores * counts).sum(axis=1) / np.maximum(counts.sum(axis=1), 1)


def to_image_pixels(points_px: np.ndarray, to_image: np.ndarray) -> np.ndarray:
    """Input pixels to image pixels.

    Args:
        points_px: Shape (B, K, 2).
        to_image: Affine maps, shape (B, 2, 3).
    """
    return np.einsum("bij,bkj->bki", to_image[:, :, :2], points_px) + to_image[:, None, :, 2]
