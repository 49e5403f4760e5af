"""The depthwise convolution's own backward pass against plain PyTorch's in fp32."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from spinepose.model.depthwise import DepthwiseConv2d


def plain(conv: DepthwiseConv2d, x: Tensor, grad: Tensor) -> tuple[Tensor, ...]:
    """Output and gradients of the same convolution without anything of ours."""
    out = nn.functional.conv2d(x, conv.weight, padding=conv.kernel_size[0] // 2, groups=x.shape[1])
    return (out.detach(), *torch.autograd.grad(out, (x, conv.weight), grad))


@pytest.mark.parametrize(("channels", "height", "width", "kernel"), [(24, 16, 12, 5), (7, 5, 9, 3)])
def test_bf16_gradients_are_those_of_fp32(channels: int, height: int, width: int, kernel: int) -> None:
    generator = torch.Generator().manual_seed(0)
    conv = DepthwiseConv2d(channels, kernel)
    # Numbers that bf16 holds exactly, so that only sums may round.
    x = torch.randint(-8, 9, (2, channels, height, width), generator=generator).float().requires_grad_()
    grad = torch.randint(-8, 9, (2, channels, height, width), generator=generator).float()
    with torch.no_grad():
        conv.weight.copy_(torch.randint(-8, 9, conv.weight.shape, generator=generator).float() / 8)
    expected = plain(conv, x, grad)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = conv(x.to(memory_format=torch.channels_last))
    found = (out.detach(), *torch.autograd.grad(out, (x, conv.weight), grad.to(out.dtype)))
    assert out.dtype == torch.bfloat16
    for name, mine, theirs in zip(("output", "to input", "to weight"), found, expected, strict=True):
        worst = float((mine.float() - theirs).abs().max() / theirs.abs().max())
        assert worst < 0.005, f"{name}: {worst:.4f} of the largest value >= 0.005"
    weight_error = float((found[2] - expected[2]).abs().max() / expected[2].abs().max())
    assert weight_error < 1e-6, f"the weights' gradient is summed in fp32, but is off by {weight_error:.1e}"


def test_fp32_is_plain_convolution() -> None:
    conv = DepthwiseConv2d(4, 5)
    x, grad = torch.randn(1, 4, 8, 8, requires_grad=True), torch.randn(1, 4, 8, 8)
    out = conv(x)
    assert torch.equal(out.detach(), plain(conv, x, grad)[0])
    assert list(conv.state_dict()) == ["weight"]
