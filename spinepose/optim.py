"""What moves the weights: parameter groups, the learning rate's course, the running average."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from spinepose.config import TrainConfig
from spinepose.model.family import PoseModel
from spinepose.precision import resolve_precision

# Newton-Schulz' coefficients and count of rounds, momentum: Jordan et al. 2024, "Muon: an optimizer for hidden layers".
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
MOMENTUM = 0.95
# An orthogonal step is scaled to the size that AdamW's steps have (Liu et al. 2025, arXiv 2502.16982), so that one
# learning rate serves both.
RMS_OF_ADAMW = 0.2
# Fewer rows or columns than this leave nothing to make orthogonal.
SMALLEST_SIDE = 16


def orthogonal(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Nearest matrix with orthonormal rows or columns, roughly: singular values come to lie between 0.7 and 1.2.

    Args:
        matrix: Shape (M, N).
        dtype: Of the products; bf16 is enough.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype)
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Muon(torch.optim.AdamW):
    """AdamW, but the groups that say ``orthogonal`` take their momentum made orthogonal as the step (Muon).

    A filter bank counts as a matrix of one row per output channel.
    """

    def __init__(self, groups: list[dict[str, Any]], lr: float, dtype: torch.dtype) -> None:
        super().__init__(groups, lr=lr, fused=True)
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None, each: Callable[..., Iterable] = map) -> None:  # type: ignore[override]
        """Move the parameters; the gradients of the orthogonal groups are used up.

        Args:
            closure: Not used.
            each: Like ``map``; a pool's spreads the products over its threads.
        """
        for group in self.param_groups:
            if group["orthogonal"]:
                largest_first = sorted(group["params"], key=Tensor.numel, reverse=True)
                rates = itertools.repeat(group["lr"]), itertools.repeat(group["weight_decay"])
                list(each(self._turn, largest_first, *rates))
        super().step()

    @torch.no_grad()
    def _turn(self, parameter: Tensor, rate: float, decay: float) -> None:
        gradient, parameter.grad = parameter.grad, None  # AdamW passes over what has no gradient
        if gradient is None:
            return
        state = self.state[parameter]
        if not state:
            state |= {"step": torch.zeros(()), "momentum": torch.zeros_like(parameter)}
        state["step"] += 1
        momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(momentum, MOMENTUM).flatten(1)
        change = orthogonal(ahead, self._dtype).view_as(parameter).to(parameter.dtype)
        parameter.mul_(1 - rate * decay)
        parameter.add_(change, alpha=-rate * RMS_OF_ADAMW * math.sqrt(max(ahead.shape)))


def make_optimiser(modules: nn.Module, config: TrainConfig, learning_rate: float) -> Muon:
    """AdamW or Muon, without decay on norms, biases and scales (everything of fewer than two axes).

    Muon takes what lies between the picture and the classifiers; first and last layers, depthwise filters and what
    serves the training alone stay AdamW's.
    """
    named = [(name, p) for name, p in modules.named_parameters() if p.requires_grad]
    inner = {name for name, p in named if config.optimiser == "muon" and _is_inner(name, p)}
    groups = [
        {
            "params": [p for name, p in named if name in inner],
            "weight_decay": config.weight_decay,
            "orthogonal": True,
        },
        {
            "params": [p for name, p in named if name not in inner and p.dim() >= 2],
            "weight_decay": config.weight_decay,
            "orthogonal": False,
        },
        {"params": [p for _, p in named if p.dim() < 2], "weight_decay": 0.0, "orthogonal": False},
    ]
    dtype = torch.bfloat16 if resolve_precision(config.precision) == "bf16" else torch.float32
    return Muon([group for group in groups if group["params"]], learning_rate, dtype)


def _is_inner(name: str, parameter: Tensor) -> bool:
    """Whether this is a matrix, or a bank of filters, between the picture and the classifiers."""
    outer = ("backbone.stem.0.", "head.cls_", "auxiliary.")
    depthwise = parameter.dim() == 4 and parameter.shape[1] == 1
    if parameter.dim() < 2 or depthwise or any(part in name for part in outer):
        return False
    return min(parameter.flatten(1).shape) >= SMALLEST_SIDE


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
