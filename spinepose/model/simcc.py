"""SimCC: a keypoint's x and y as two one-dimensional distributions over bins of half a pixel.

A bin's index is twice the pixel coordinate in the network's input (pixel centres at whole numbers).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from spinepose.model.rtmcc import SIMCC_SPLIT

# RTMPose turns labels and logits into distributions by softmax(10 x): the label's peak of 1 stands at e^10 against 1.
BETA = 10.0


def label_sigmas(input_size: tuple[int, int]) -> tuple[float, float]:
    """Label widths in bins for x and y: sqrt(size / 8).

    The published pairs are (4.9, 5.66) at 192x256 and (6, 6.93) at 288x384; this is the rule behind both.
    """
    width, height = input_size
    return math.sqrt(width / 8), math.sqrt(height / 8)


def gaussians(keypoints_px: Tensor, input_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Unnormalised Gaussians around the nearest bin: the logits of a perfect prediction.

    Args:
        keypoints_px: Input pixels, shape (B, K, 2).
        input_size: Width and height of the input, pixels.

    Returns:
        Values in 0..1, shapes (B, K, 2W) and (B, K, 2H).
    """
    result = []
    for axis, (size, sigma) in enumerate(zip(input_size, label_sigmas(input_size), strict=True)):
        centre = torch.round(keypoints_px[..., axis : axis + 1] * SIMCC_SPLIT)
        bins = torch.arange(size * SIMCC_SPLIT, dtype=keypoints_px.dtype, device=keypoints_px.device)
        result.append(torch.exp(-((bins - centre) ** 2) / (2 * sigma**2)))
    return result[0], result[1]


def encode(keypoints_px: Tensor, input_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Make the label distributions softmax(10 g), g an unnormalised Gaussian around the nearest bin.

    Args:
        keypoints_px: Input pixels, shape (B, K, 2).
        input_size: Width and height of the input, pixels.

    Returns:
        Distributions that sum to one, shapes (B, K, 2W) and (B, K, 2H).
    """
    x, y = gaussians(keypoints_px, input_size)
    return torch.softmax(BETA * x, dim=-1), torch.softmax(BETA * y, dim=-1)


def decode(simcc_x: Tensor, simcc_y: Tensor) -> tuple[Tensor, Tensor]:
    """Take the peak of each distribution, as the clients of RTMPose do.

    Args:
        simcc_x: Logits, shape (B, K, 2W).
        simcc_y: Logits, shape (B, K, 2H).

    Returns:
        Input pixels, shape (B, K, 2), and scores, shape (B, K): the lower of the two peaks, clipped to 0..1 (levelled
        logits of a sure model peak at about 1, as the label does).
    """
    peak_x, index_x = simcc_x.max(dim=-1)
    peak_y, index_y = simcc_y.max(dim=-1)
    keypoints = torch.stack((index_x, index_y), dim=-1).float() / SIMCC_SPLIT
    return keypoints, torch.minimum(peak_x, peak_y).float().clamp(0.0, 1.0)


def soft_argmax(simcc_x: Tensor, simcc_y: Tensor) -> Tensor:
    """Expected position under softmax(10 logits), in input pixels, shape (B, K, 2).

    Without the factor 10 the tails of perfect labels pull the mean by 28 px (measured at 192x256).
    """
    axes = []
    for logits in (simcc_x, simcc_y):
        bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
        axes.append((torch.softmax(BETA * logits, dim=-1) * bins).sum(dim=-1) / SIMCC_SPLIT)
    return torch.stack(axes, dim=-1)
