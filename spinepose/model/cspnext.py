"""CSPNeXt, the backbone of RTMPose, in plain PyTorch with mmpose's parameter names.

Architecture: RTMDet, arXiv 2212.07784; names so that published state dicts load by name.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spinepose.model.depthwise import DepthwiseConv2d
from spinepose.model.norm_silu import applies, norm_silu

# Output channels and blocks of stages 1 to 4 at width 1 and depth 1; the last one pools (SPP) and adds no identity.
STAGES = ((128, 3), (256, 6), (512, 6), (1024, 3))
STRIDES = (4, 8, 16, 32)


class ConvModule(nn.Module):
    """Convolution without bias, batch norm, SiLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, conv: nn.Conv2d | None = None
    ) -> None:
        super().__init__()
        self.conv = conv or nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=1e-5, momentum=0.1)
        self.activate = nn.SiLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return norm_silu(self.bn, x) if applies(self.bn, x) else self.activate(self.bn(x))


class DepthwiseSeparable(nn.Module):
    """A 5x5 convolution per channel, then a 1x1 one over channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise_conv = ConvModule(channels, channels, 5, conv=DepthwiseConv2d(channels, 5))
        self.pointwise_conv = ConvModule(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise_conv(self.depthwise_conv(x))


class CSPNeXtBlock(nn.Module):
    """3x3 convolution, 5x5 depthwise separable convolution, identity beside both."""

    def __init__(self, channels: int, add_identity: bool) -> None:
        super().__init__()
        self.conv1 = ConvModule(channels, channels, 3)
        self.conv2 = DepthwiseSeparable(channels)
        self.add_identity = add_identity

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv2(self.conv1(x))
        return out + x if self.add_identity else out


class ChannelAttention(nn.Module):
    """Scale each channel by a hard sigmoid of the channel means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)
        self.act = nn.Hardsigmoid(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.act(self.fc(x.mean(dim=(2, 3), keepdim=True)))


class CSPLayer(nn.Module):
    """Half of the channels go through the blocks, half around them."""

    def __init__(self, channels: int, num_blocks: int, add_identity: bool) -> None:
        super().__init__()
        middle = channels // 2
        self.main_conv = ConvModule(channels, middle, 1)
        self.short_conv = ConvModule(channels, middle, 1)
        self.final_conv = ConvModule(2 * middle, channels, 1)
        self.blocks = nn.Sequential(*(CSPNeXtBlock(middle, add_identity) for _ in range(num_blocks)))
        self.attention = ChannelAttention(2 * middle)

    def forward(self, x: Tensor) -> Tensor:
        short = self.short_conv(x)
        main = self.blocks(self.main_conv(x))
        return self.final_conv(self.attention(torch.cat((main, short), dim=1)))


class SPPBottleneck(nn.Module):
    """Max pooling at three sizes, concatenated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = channels // 2
        self.conv1 = ConvModule(channels, middle, 1)
        self.poolings = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))
        self.conv2 = ConvModule(4 * middle, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        return self.conv2(torch.cat([x, *(pooling(x) for pooling in self.poolings)], dim=1))


class CSPNeXt(nn.Module):
    """Stem and four stages; the strides of the stages are 4, 8, 16 and 32."""

    def __init__(self, depth: float, width: float) -> None:
        super().__init__()
        stem = int(64 * width)
        half = int(64 * width // 2)
        self.stem = nn.Sequential(
            ConvModule(3, half, 3, stride=2), ConvModule(half, half, 3), ConvModule(half, stem, 3)
        )
        channels = stem
        self.channels: list[int] = []
        for number, (base, blocks) in enumerate(STAGES, start=1):
            out = int(base * width)
            last = number == len(STAGES)
            layers: list[nn.Module] = [ConvModule(channels, out, 3, stride=2)]
            if last:
                layers.append(SPPBottleneck(out))
            layers.append(CSPLayer(out, max(round(blocks * depth), 1), add_identity=not last))
            self.add_module(f"stage{number}", nn.Sequential(*layers))
            self.channels.append(out)
            channels = out

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps of the four stages.

        Args:
            x: Normalised RGB, shape (B, 3, H, W); H and W multiples of 32.

        Returns:
            Four maps, shapes (B, C_i, H / s_i, W / s_i) for strides 4, 8, 16, 32.
        """
        x = self.stem(x)
        maps = []
        for number in range(1, len(STAGES) + 1):
            x = self.get_submodule(f"stage{number}")(x)
            maps.append(x)
        return tuple(maps)
