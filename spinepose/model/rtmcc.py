"""The RTMCC head of RTMPose: keypoint maps, a gated attention unit over keypoints, SimCC classifiers.

Architecture: RTMPose, arXiv 2303.07399; gated attention: arXiv 2202.10447. Parameter names are mmpose's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 256
SIMCC_SPLIT = 2  # bins per input pixel
STRIDE = 32


class ScaleNorm(nn.Module):
    """Divide by the root mean square over the last axis, times one learned number."""

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.scale = dim**-0.5
        self.eps = eps
        self.g = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True) * self.scale
        return x / norm.clamp(min=self.eps) * self.g


class Scale(nn.Module):
    """A learned factor per channel."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class GatedAttentionUnit(nn.Module):
    """Self-attention over keypoint tokens with a squared-ReLU kernel and a gate, no position bias."""

    def __init__(self, dim: int = HIDDEN, expansion: int = 2, s: int = 128) -> None:
        super().__init__()
        self.e = dim * expansion
        self.s = s
        self.gamma = nn.Parameter(torch.rand(2, s))
        self.beta = nn.Parameter(torch.rand(2, s))
        self.o = nn.Linear(self.e, dim, bias=False)
        self.uv = nn.Linear(dim, 2 * self.e + s, bias=False)
        self.ln = ScaleNorm(dim)
        self.res_scale = Scale(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens; input and output have shape (B, K, dim)."""
        u, v, base = functional.silu(self.uv(self.ln(x))).split([self.e, self.e, self.s], dim=-1)
        q, k = (base.unsqueeze(2) * self.gamma + self.beta).unbind(dim=2)
        kernel = functional.relu(q @ k.transpose(1, 2) / math.sqrt(self.s)).square()
        return self.res_scale(x) + self.o(u * (kernel @ v))


class RTMCCHead(nn.Module):
    """From the stride-32 map to one distribution over x bins and one over y bins for each keypoint."""

    def __init__(self, in_channels: int, num_keypoints: int, input_size: tuple[int, int]) -> None:
        super().__init__()
        width, height = input_size
        cells = (width // STRIDE) * (height // STRIDE)
        self.final_layer = nn.Conv2d(in_channels, num_keypoints, 7, padding=3)
        self.mlp = nn.Sequential(ScaleNorm(cells), nn.Linear(cells, HIDDEN, bias=False))
        self.gau = GatedAttentionUnit()
        self.cls_x = nn.Linear(HIDDEN, width * SIMCC_SPLIT, bias=False)
        self.cls_y = nn.Linear(HIDDEN, height * SIMCC_SPLIT, bias=False)

    def keypoint_maps(self, features: Tensor) -> Tensor:
        """One coarse map a keypoint, shape (B, K, H / 32, W / 32)."""
        return self.final_layer(features)

    def classify(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Turn keypoint maps into logits over bins, shapes (B, K, 2W) and (B, K, 2H)."""
        tokens = self.gau(self.mlp(maps.flatten(2)))
        return self.cls_x(tokens), self.cls_y(tokens)

    @torch.no_grad()
    def level_(self) -> None:
        """Make the logits of each keypoint's bins average zero, by shifting the classifiers' weights in place.

        Softmax does not fix that level, and training leaves it anywhere. Peaks are read as scores all the same: from
        zero, a peak rises as far as the model is sure (a label's to 0.97), and is never negative, where clients of
        RTMPose would discard the keypoint. Nothing else changes: all bins of a keypoint move alike.
        """
        for classifier in (self.cls_x, self.cls_y):
            classifier.weight -= classifier.weight.mean(dim=0)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.classify(self.keypoint_maps(features))
