"""Muon: what its steps are, which weights it takes, and that it goes on where it was."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from spinepose.config import TrainConfig
from spinepose.model.family import AuxiliaryHead, PoseModel
from spinepose.optim import Muon, make_optimiser, orthogonal


def _group(parameter: nn.Parameter, orthogonal: bool, decay: float = 0.0) -> dict:
    return {"params": [parameter], "weight_decay": decay, "orthogonal": orthogonal}


@pytest.mark.parametrize("shape", [(24, 60), (60, 24), (32, 32)])
def test_orthogonal_keeps_the_singular_vectors_and_evens_the_values(shape: tuple[int, int]):
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator, dtype=torch.float64)
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonal(matrix, torch.float64)
    inside = u.T @ found @ vh.T
    assert torch.allclose(inside, torch.diag(inside.diagonal()), atol=1e-9)
    values = inside.diagonal()
    # The least of a square matrix may be too near to zero to be lifted in five rounds.
    assert values.sort().values[1] > 0.6
    assert values.max() < 1.3


def test_a_step_is_as_long_as_adamws_and_against_the_gradient():
    weight = nn.Parameter(torch.zeros(32, 16, 3, 3))
    gradient = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    weight.grad = gradient.clone()
    Muon([_group(weight, True)], 1e-2, torch.float32).step()
    change = weight.detach()
    # 0.2 of the learning rate, root mean square; AdamW's steps have that in practice.
    assert float(change.square().mean().sqrt()) == pytest.approx(2e-3, rel=0.2)
    assert float((change * gradient).sum()) < 0


def test_the_memory_layout_changes_nothing():
    start = torch.randn(32, 16, 3, 3, generator=torch.Generator().manual_seed(2))
    ends = []
    for layout in (torch.contiguous_format, torch.channels_last):
        weight = nn.Parameter(start.clone(memory_format=torch.preserve_format).to(memory_format=layout))
        optimiser = Muon([_group(weight, True, decay=0.1)], 1e-2, torch.float32)
        for step in range(3):
            weight.grad = torch.empty_like(weight).copy_(torch.cos(start + step))
            optimiser.step()
        ends.append(weight.detach().contiguous())
    assert torch.equal(*ends)


def test_other_groups_are_plain_adamw():
    start = torch.randn(20, 20, generator=torch.Generator().manual_seed(3))
    mine, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimisers = (
        Muon([_group(mine, False, decay=0.1)], 1e-2, torch.float32),
        torch.optim.AdamW([theirs], lr=1e-2, weight_decay=0.1, fused=True),
    )
    for step in range(3):
        for weight, optimiser in zip((mine, theirs), optimisers, strict=True):
            weight.grad = torch.cos(start + step)
            optimiser.step()
    assert torch.equal(mine, theirs)


def test_muon_takes_the_inner_layers():
    model = PoseModel("t", 37, (64, 64))
    modules = nn.ModuleDict({"model": model, "auxiliary": AuxiliaryHead(model.backbone.channels[2], 37)})
    names = {id(parameter): name for name, parameter in modules.named_parameters()}
    inner, *others = make_optimiser(modules, TrainConfig(optimiser="muon"), 1e-3).param_groups
    inner_names = {names[id(p)] for p in inner["params"]}
    assert {
        "model.head.final_layer.weight",
        "model.head.gau.uv.weight",
        "model.backbone.stage4.0.conv.weight",
    } <= inner_names
    assert not any("cls_" in n or "auxiliary" in n or "depthwise_conv" in n for n in inner_names)
    assert "model.backbone.stem.0.conv.weight" not in inner_names
    assert len(inner_names) + sum(len(group["params"]) for group in others) == len(names)
    shares = sum(p.numel() for p in inner["params"]) / sum(p.numel() for p in model.parameters())
    assert shares > 0.8


def test_state_goes_on_where_it_was():
    start = torch.randn(32, 48, generator=torch.Generator().manual_seed(4))

    def run(weight: nn.Parameter, optimiser: Muon, steps: range) -> None:
        for step in steps:
            weight.grad = torch.sin(weight.detach() * math.pi + step)
            optimiser.step()

    whole = nn.Parameter(start.clone())
    run(whole, Muon([_group(whole, True)], 1e-2, torch.float32), range(4))
    first = nn.Parameter(start.clone())
    optimiser = Muon([_group(first, True)], 1e-2, torch.float32)
    run(first, optimiser, range(2))
    second = nn.Parameter(first.detach().clone())
    again = Muon([_group(second, True)], 1e-2, torch.float32)
    again.load_state_dict(optimiser.state_dict())
    run(second, again, range(2, 4))
    assert torch.equal(whole, second)
