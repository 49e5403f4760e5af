"""What moves the weights: parameter groups, the learning rate's course, the running average."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

from spinepose.config import TrainConfig
from spinepose.model.family import PoseModel


def make_optimiser(modules: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW without decay on norms, biases and scales (everything of fewer than two axes)."""
    parameters = [p for p in modules.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def rate_share(fraction: float, config: TrainConfig) -> float:
    """Learning rate as a share of the highest: linear warm-up, flat, then a cosine to the final share.

    Args:
        fraction: How much of the training is done, 0..1.
        config: Gives warmup_share, flat_share and final_rate_share.
    """
    if fraction < config.warmup_share:
        return max(fraction / config.warmup_share, 1e-3)
    return config.final_rate_share + (1 - config.final_rate_share) * rate_kept(fraction, config)


def rate_kept(fraction: float, config: TrainConfig) -> float:
    """How much is left of the way that the rate falls: 1 while it is flat, then a cosine to 0 at the end."""
    if fraction <= config.flat_share:
        return 1.0
    falling = min((fraction - config.flat_share) / max(1 - config.flat_share, 1e-9), 1.0)
    return 0.5 * (1 + math.cos(math.pi * falling))


class RunningAverage:
    """Exponential average of a model's weights and buffers; a plain mean until its length is reached."""

    def __init__(self, model: PoseModel) -> None:
        self.model: PoseModel = copy.deepcopy(model).eval().requires_grad_(False)
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module, length: float) -> None:
        """Move towards the model.

        Args:
            model: The model in training.
            length: Updates that the average looks back on; below 1 it is the model itself.
        """
        self.updates += 1
        share = max(1.0 / max(length, 1.0), 1.0 / self.updates)
        mine, theirs = self.model.state_dict(), model.state_dict()
        floating = [name for name, value in mine.items() if value.is_floating_point()]
        torch._foreach_lerp_([mine[n] for n in floating], [theirs[n] for n in floating], share)
        for name in mine.keys() - set(floating):
            mine[name].copy_(theirs[name])
