"""Batch norm and SiLU in one operation against PyTorch's own, in fp32."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from spinepose.model.cspnext import ConvModule
from spinepose.model.norm_silu import applies, norm_silu


def _norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels)
    generator = torch.Generator().manual_seed(1)
    nn.init.uniform_(norm.weight, 0.5, 2.0, generator=generator)
    nn.init.normal_(norm.bias, generator=generator)
    return norm


@pytest.mark.parametrize("shape", [(3, 24, 16, 12), (2, 7, 5, 3), (2, 384, 1, 1), (1, 600, 2, 2)])
@pytest.mark.parametrize("centre", [0.0, 30.0])
def test_outputs_gradients_and_statistics_are_those_of_pytorch(shape, centre) -> None:
    generator = torch.Generator().manual_seed(0)
    x = (torch.randn(shape, generator=generator) * 2 + centre).bfloat16()
    grad = torch.randn(shape, generator=generator).bfloat16()
    ours = _norm(shape[1])
    theirs = copy.deepcopy(ours)
    mine = x.clone().to(memory_format=torch.channels_last).requires_grad_()
    reference = x.float().requires_grad_()
    for _ in range(2):  # the running statistics move twice
        out = norm_silu(ours, mine)
        expected = nn.functional.silu(theirs(reference))
    out.backward(grad)
    expected.backward(grad.float())
    pairs = {
        "output": (out, expected, 0.005),
        "to input": (mine.grad, reference.grad, 0.012),
        "to weight": (ours.weight.grad, theirs.weight.grad, 0.006),
        "to bias": (ours.bias.grad, theirs.bias.grad, 0.006),
        "running mean": (ours.running_mean, theirs.running_mean, 1e-4),
        "running variance": (ours.running_var, theirs.running_var, 1e-3),
    }
    for name, (found, wanted, tolerance) in pairs.items():
        worst = float((found.detach().float() - wanted.detach()).abs().max() / wanted.detach().abs().max())
        assert worst < tolerance, f"{name}: {worst:.4f} of the largest value"
    assert int(ours.num_batches_tracked) == int(theirs.num_batches_tracked) == 2


def test_far_from_zero_the_sigmoid_neither_overflows_nor_vanishes() -> None:
    norm = nn.BatchNorm2d(1)
    nn.init.constant_(norm.weight, 200.0)
    x = torch.tensor([-1.0, 1.0, -1.0, 1.0]).bfloat16().view(1, 1, 2, 2).requires_grad_()
    out = norm_silu(norm, x)
    torch.testing.assert_close(out.float().flatten(), torch.tensor([0.0, 200.0, 0.0, 200.0]))
    out.sum().backward()
    assert torch.isfinite(x.grad).all()


def test_it_stands_in_for_training_in_bf16_only() -> None:
    norm = nn.BatchNorm2d(4)
    half, full = torch.zeros(1, 4, 2, 2, dtype=torch.bfloat16), torch.zeros(1, 4, 2, 2)
    assert applies(norm, half)
    assert not applies(norm, full)
    assert not applies(norm.eval(), half)
    with torch.no_grad():
        assert not applies(norm.train(), half)


def test_a_convolution_module_trains_alike_either_way(monkeypatch) -> None:
    module = ConvModule(3, 8, 3)
    x = torch.randn(2, 3, 16, 12, generator=torch.Generator().manual_seed(0))
    results = []
    for fused in (True, False):
        twin = copy.deepcopy(module)
        if not fused:
            monkeypatch.setattr("spinepose.model.cspnext.applies", lambda norm, x: False)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            twin(x).float().square().mean().backward()
        results.append([parameter.grad for parameter in twin.parameters()])
    for fused_grad, plain_grad in zip(*results, strict=True):
        assert float((fused_grad - plain_grad).abs().max() / plain_grad.abs().max()) < 0.03
