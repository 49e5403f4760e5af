"""The four terms of the loss as pure functions, and the norm of each term's gradient at the logits.

The published method (SpineTrack, CVPRW 2025) names four terms and their weights (1.0, 2.5, 0.1, 0.5) but gives no
formulas. Those below are this project's reading of them. Every term is an average over what is labelled, so that
its weight means the same at any batch size and any number of labels; what is not labelled contributes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from spinepose.model.simcc import BETA, soft_argmax


class Logits(NamedTuple):
    """SimCC logits of x, shape (B, K, 2W), and of y, shape (B, K, 2H)."""

    x: Tensor
    y: Tensor


def _mean_weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Sum of weight times value over the sum of weights; 0 where nothing has weight, NaN where a value is."""
    weights = weights.expand_as(values)
    return (torch.where(weights > 0, values, torch.zeros_like(values)) * weights).sum() / weights.sum().clamp(
        min=torch.finfo(values.dtype).tiny
    )


def _kl(target: Tensor, logits: Tensor) -> Tensor:
    """KL(target || softmax(10 logits)), summed over the bins of the last axis."""
    log_prediction = torch.log_softmax(BETA * logits, dim=-1)
    return (torch.xlogy(target, target) - target * log_prediction).sum(dim=-1)


def positional(logits: Logits, target: Logits, weights: Tensor) -> Tensor:
    r"""How far the predicted bins are from the label's.

    .. math:: L = \frac{\sum_{bk} w_{bk} [KL(t^x_{bk} \| p^x_{bk}) + KL(t^y_{bk} \| p^y_{bk})]}{\sum_{bk} w_{bk}},
              \quad p = softmax(10 z)

    KL is summed over bins, not averaged: averaged, the other terms drown it (smoothness had 26 times its gradient).

    Args:
        logits: The student's, K keypoints.
        target: Label distributions that sum to one, same shapes.
        weights: Loss weight of each keypoint where it is labelled and inside the crop, 0 elsewhere, shape (B, K).

    Returns:
        A scalar, nats.
    """
    return _mean_weighted(_kl(target.x, logits.x) + _kl(target.y, logits.y), weights)


def distillation(logits: Logits, teacher: Logits, weights: Tensor, asked: Tensor | None = None) -> Tensor:
    r"""How far the student's bins are from the teacher's, on the keypoints that the teacher knows.

    .. math:: L = \frac{\sum_{bk} a_{bk} w_{bk} [KL(q^x_{bk} \| p^x_{bk}) + KL(q^y_{bk} \| p^y_{bk})]}
              {\sum_{bk} w_{bk}}, \quad q = softmax(10 z_{teacher})

    It needs no label: the teacher speaks for every keypoint it knows in every crop, unless told where it is asked.

    Args:
        logits: The student's, K keypoints.
        teacher: The teacher's logits, its T <= K keypoints, which are the student's first T.
        weights: Weight of each of the teacher's keypoints, shape (T,) or (B, T).
        asked: What of that weight counts, 0..1, shape (B, T); None: all. It leaves the divisor as it is, so that the
            few points without a label do not take the weight of all.

    Returns:
        A scalar, nats.
    """
    known = teacher.x.shape[1]
    values = _kl(torch.softmax(BETA * teacher.x, dim=-1), logits.x[:, :known])
    values = values + _kl(torch.softmax(BETA * teacher.y, dim=-1), logits.y[:, :known])
    return _mean_weighted(values if asked is None else values * asked, weights)


def structure(chain_px: Tensor, true_px: Tensor, labelled: Tensor, box_size_px: Tensor) -> Tensor:
    r"""How far the spine's segments are from the true ones, in length and direction.

    .. math:: L = mean_{bi} \frac{\|(\hat p_{i+1} - \hat p_i) - (p_{i+1} - p_i)\|_1}{s_b}

    over the segments whose two ends are labelled.

    Args:
        chain_px: Soft-argmax of the spine chain from the bottom up, input pixels, shape (B, C, 2).
        true_px: Its labels, same shape.
        labelled: True where labelled and inside the crop, shape (B, C).
        box_size_px: Square root of the person's box area in input pixels, shape (B,).

    Returns:
        A scalar, shares of the box size.
    """
    error = (chain_px.diff(dim=1) - true_px.diff(dim=1)).abs().sum(dim=-1) / box_size_px[:, None]
    both = labelled[:, 1:] & labelled[:, :-1]
    return _mean_weighted(error, both.to(error.dtype))


def smoothness(chain_px: Tensor, true_px: Tensor, labelled: Tensor, box_size_px: Tensor) -> Tensor:
    r"""How far the spine's bending is from the true bending: second differences along the chain.

    .. math:: L = mean_{bi} \frac{\|(\hat p_{i+1} - 2 \hat p_i + \hat p_{i-1}) - (p_{i+1} - 2 p_i + p_{i-1})\|_1}{s_b}

    over the triples whose three points are labelled. The truth's own bending is subtracted, so that a truly bent
    spine is not pulled straight. Arguments and result as in :func:`structure`.
    """
    error = (chain_px.diff(n=2, dim=1) - true_px.diff(n=2, dim=1)).abs().sum(dim=-1) / box_size_px[:, None]
    all_three = labelled[:, 2:] & labelled[:, 1:-1] & labelled[:, :-2]
    return _mean_weighted(error, all_three.to(error.dtype))


def spine_terms(
    logits: Logits, true_px: Tensor, labelled: Tensor, box_size_px: Tensor, chain: Tensor
) -> dict[str, Tensor]:
    """Both spine terms from the logits.

    Args:
        logits: The student's, K keypoints.
        true_px: Labels in input pixels, shape (B, K, 2).
        labelled: Shape (B, K), bool.
        box_size_px: Shape (B,).
        chain: Indices of the spine chain from the bottom up, shape (C,).
    """
    predicted = soft_argmax(logits.x[:, chain], logits.y[:, chain])
    arguments = (predicted, true_px[:, chain], labelled[:, chain], box_size_px)
    return {"structure": structure(*arguments), "smoothness": smoothness(*arguments)}


def heatmap_loss(
    heatmaps: Tensor, keypoints_px: Tensor, weights: Tensor, stride: int, sigma_px: float
) -> Tensor:
    """Cross-entropy of the spatial softmax to a Gaussian, for the auxiliary head.

    Args:
        heatmaps: Logits, shape (B, K, h, w).
        keypoints_px: Labels in input pixels, shape (B, K, 2).
        weights: Shape (B, K), 0 where not labelled.
        stride: Input pixels a cell.
        sigma_px: Width of the Gaussian in input pixels.

    Returns:
        A scalar, nats.
    """
    height, width = heatmaps.shape[-2:]
    columns, rows = (
        (torch.arange(n, device=heatmaps.device, dtype=torch.float32) + 0.5) * stride - 0.5
        for n in (width, height)
    )
    gauss_x = torch.softmax(-((columns - keypoints_px[..., :1]) ** 2) / (2 * sigma_px**2), dim=-1)
    gauss_y = torch.softmax(-((rows - keypoints_px[..., 1:]) ** 2) / (2 * sigma_px**2), dim=-1)
    target = (gauss_y[..., :, None] * gauss_x[..., None, :]).flatten(2)
    log_prediction = torch.log_softmax(heatmaps.float().flatten(2), dim=-1)
    return _mean_weighted(-(target * log_prediction).sum(dim=-1), weights)


def total(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Weighted sum of named terms."""
    return torch.stack([weights[name] * value for name, value in terms.items()]).sum()


def gradient_norms(
    terms: Mapping[str, Tensor], weights: Mapping[str, float], logits: Logits
) -> dict[str, float]:
    """L2 norm of each weighted term's gradient at the logits: what each one really pulls with."""
    norms = {}
    for name, value in terms.items():
        gradients = torch.autograd.grad(weights[name] * value, list(logits), retain_graph=True)
        norms[name] = float(torch.stack([g.float().square().sum() for g in gradients]).sum().sqrt())
    return norms
