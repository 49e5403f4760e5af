"""The RTMPose family t, s, m, l, x: one backbone and one head at five sizes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from spinepose.errors import InputError
from spinepose.model.cspnext import ConvModule, CSPNeXt
from spinepose.model.rtmcc import STRIDE, RTMCCHead

IMAGE_MEAN = (123.675, 116.28, 103.53)
IMAGE_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Variant:
    """One size of the family.

    Attributes:
        depth: Factor on the number of blocks.
        width: Factor on the number of channels.
        input_size: Default width and height of the input, pixels.
    """

    depth: float
    width: float
    input_size: tuple[int, int] = (192, 256)


VARIANTS: dict[str, Variant] = {
    "t": Variant(0.167, 0.375),
    "s": Variant(0.33, 0.5),
    "m": Variant(0.67, 0.75),
    "l": Variant(1.0, 1.0),
    "x": Variant(1.33, 1.25, (288, 384)),
}


class PoseModel(nn.Module):
    """RTMPose: image crop in, SimCC logits out."""

    def __init__(self, size: str, num_keypoints: int, input_size: tuple[int, int] | None = None) -> None:
        super().__init__()
        if size not in VARIANTS:
            raise InputError(f"model size '{size}' is not one of {', '.join(VARIANTS)}")
        variant = VARIANTS[size]
        self.size = size
        self.num_keypoints = num_keypoints
        width, height = input_size or variant.input_size
        self.input_size = (int(width), int(height))
        if any(side % STRIDE or side <= 0 for side in self.input_size):
            raise InputError(f"input size {self.input_size}: width and height must be multiples of {STRIDE}")
        self.backbone = CSPNeXt(variant.depth, variant.width)
        self.head = RTMCCHead(self.backbone.channels[-1], num_keypoints, self.input_size)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Predict.

        Args:
            x: RGB minus IMAGE_MEAN over IMAGE_STD, shape (B, 3, H, W).

        Returns:
            Logits over bins, shapes (B, K, 2W) and (B, K, 2H).
        """
        return self.head(self.on_grid(self.backbone(x)[-1], STRIDE))

    def on_grid(self, features: Tensor, stride: int) -> Tensor:
        """Spread the map of a smaller image over the cells that the head expects; the usual map stays as it is.

        Args:
            features: Shape (B, C, h, w).
            stride: Input pixels a cell of the usual map.

        Returns:
            Shape (B, C, H / stride, W / stride).
        """
        width, height = (side // stride for side in self.input_size)
        # An exported model takes one size only, and its graph needs no question about it.
        if torch.jit.is_tracing() or features.shape[-2:] == (height, width):
            return features
        return functional.interpolate(features, (height, width), mode="bilinear", align_corners=False)


class AuxiliaryHead(nn.Module):
    """A heatmap head on an inner stage, used in training only.

    Without it a model from scratch sits on the mean-pose plateau: SimCC's flattening gives the backbone hardly any
    spatial gradient at first, a heatmap gives it at once (measured, see docs).
    """

    def __init__(self, channels: int, num_keypoints: int) -> None:
        super().__init__()
        self.conv = ConvModule(channels, channels, 3)
        self.out = nn.Conv2d(channels, num_keypoints, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of the heatmaps, shape (B, K, h, w)."""
        return self.out(self.conv(features))


def count_parameters(model: nn.Module) -> int:
    """Number of learned numbers."""
    return sum(parameter.numel() for parameter in model.parameters())


def initialise(model: nn.Module, seed: int) -> None:
    """Initialise for training from scratch: Kaiming for convolutions, Xavier for linear layers.

    The published initialisation (final layer 1e-3, linear layers 0.01) never left the mean pose when trained from
    scratch on small data (measured).
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight, generator=generator)
    for name, parameter in model.named_parameters():
        # The classifiers start near zero: at Xavier's scale softmax(10 x) is one random peak, at a loss of 800 nats.
        if name.endswith(("cls_x.weight", "cls_y.weight")):
            nn.init.normal_(parameter, std=0.01, generator=generator)
        elif name.endswith(("gau.gamma", "gau.beta")):
            nn.init.uniform_(parameter, generator=generator)
