from __future__ import annotations

import numpy as np
import pytest
import torch

from spinepose.losses import (
    Logits,
    distillation,
    gradient_norms,
    heatmap_loss,
    positional,
    smoothness,
    spine_terms,
    structure,
    total,
)
from spinepose.model.simcc import encode


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def _kl(target: np.ndarray, logits: np.ndarray) -> float:
    p = _softmax(10 * logits)
    return sum(float(t * (np.log(t) - np.log(q))) for t, q in zip(target, p, strict=True) if t > 0)


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _logits(rng: torch.Generator, batch: int = 3, count: int = 4, bins=(12, 16)) -> Logits:
    return Logits(*(torch.randn(batch, count, n, generator=rng, dtype=torch.float64) / 5 for n in bins))


def _target(rng: torch.Generator, batch: int = 3, count: int = 4) -> Logits:
    points = torch.rand(batch, count, 2, generator=rng, dtype=torch.float64) * torch.tensor([5.0, 7.0])
    return Logits(*encode(points, (6, 8)))


def test_positional_is_its_numpy_reference(rng: torch.Generator):
    logits, target = _logits(rng), _target(rng)
    weights = torch.tensor([[1.0, 0, 1.5, 1], [0, 0, 0, 0], [1, 1, 0, 2]], dtype=torch.float64)
    above = sum(
        float(weights[b, k])
        * sum(_kl(t[b, k].numpy(), z[b, k].numpy()) for t, z in zip(target, logits, strict=True))
        for b in range(3)
        for k in range(4)
    )
    assert float(positional(logits, target, weights)) == pytest.approx(above / float(weights.sum()), rel=1e-9)


def test_distillation_is_its_numpy_reference_on_the_known_keypoints(rng: torch.Generator):
    logits, teacher = _logits(rng), Logits(*(z[:, :2] for z in _logits(rng)))
    weights = torch.tensor([1.0, 0.25], dtype=torch.float64)
    above = sum(
        float(weights[k])
        * sum(
            _kl(_softmax(10 * t[b, k].numpy()), z[b, k].numpy()) for t, z in zip(teacher, logits, strict=True)
        )
        for b in range(3)
        for k in range(2)
    )
    assert float(distillation(logits, teacher, weights)) == pytest.approx(above / (3 * 1.25), rel=1e-9)


def test_distillation_from_itself_is_nothing_and_ignores_weightless_keypoints(rng: torch.Generator):
    logits = _logits(rng)
    assert float(distillation(logits, logits, torch.ones(4))) == pytest.approx(0, abs=1e-12)
    moved = Logits(logits.x.clone(), logits.y)
    moved.x[:, 2] = moved.x[:, 2].flip(-1)
    assert float(distillation(logits, moved, torch.tensor([1.0, 1, 0, 1]))) == pytest.approx(0, abs=1e-12)


def test_spine_terms_by_hand():
    truth = torch.tensor([[[0.0, 0], [0, -10], [0, -20], [0, -30]]])
    chain = truth.clone()
    chain[0, 2] += torch.tensor([4.0, 0])  # one point 4 px aside: two segments off by 4, bends by 4 and 8
    labelled = torch.ones(1, 4, dtype=torch.bool)
    size = torch.tensor([40.0])
    assert float(structure(chain, truth, labelled, size)) == pytest.approx((0 + 4 + 4) / 3 / 40)
    assert float(smoothness(chain, truth, labelled, size)) == pytest.approx((4 + 8) / 2 / 40)
    labelled[0, 2] = False
    assert float(structure(chain, truth, labelled, size)) == 0.0
    assert float(smoothness(chain, truth, labelled, size)) == 0.0


def test_a_truly_bent_spine_costs_nothing_and_a_shift_does_not_count():
    bent = torch.tensor([[[0.0, 0], [3, -9], [10, -15], [20, -16]]])
    arguments = (bent, torch.ones(1, 4, dtype=torch.bool), torch.tensor([50.0]))
    assert float(structure(bent + 7, *arguments)) == pytest.approx(0, abs=1e-7)
    assert float(smoothness(bent + 7, *arguments)) == pytest.approx(0, abs=1e-7)
    assert float(smoothness(torch.zeros_like(bent), *arguments)) > 0.05


@pytest.mark.parametrize("term", ["positional", "distillation", "structure", "smoothness"])
def test_gradients_are_right(term: str, rng: torch.Generator):
    logits, target = _logits(rng, 2), _target(rng, 2)
    truth = torch.rand(2, 4, 2, generator=rng, dtype=torch.float64) * 5
    labelled = torch.ones(2, 4, dtype=torch.bool)

    def run(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        given = Logits(x, y)
        if term == "positional":
            return positional(given, target, torch.ones(2, 4, dtype=torch.float64))
        if term == "distillation":
            return distillation(
                given, Logits(*(t[:, :3] for t in target)), torch.ones(3, dtype=torch.float64)
            )
        return spine_terms(given, truth, labelled, torch.tensor([9.0, 12.0]).double(), torch.arange(4))[term]

    assert torch.autograd.gradcheck(run, tuple(z.requires_grad_() for z in logits))


def test_what_is_not_labelled_contributes_nothing_not_even_nan(rng: torch.Generator):
    logits, target = _logits(rng), _target(rng)
    weights = torch.ones(3, 4, dtype=torch.float64)
    weights[1, 2] = 0
    before = float(positional(logits, target, weights))
    x = logits.x.clone()
    x[1, 2] = float("nan")
    changed = Logits(x.requires_grad_(), logits.y)
    value = positional(changed, target, weights)
    assert float(value.detach()) == pytest.approx(before, rel=1e-12)
    assert float(positional(logits, target, weights * 0)) == 0.0


def test_nan_in_a_labelled_keypoint_is_not_hidden(rng: torch.Generator):
    logits, target = _logits(rng), _target(rng)
    logits.x[0, 0] = float("nan")
    assert np.isnan(float(positional(logits, target, torch.ones(3, 4, dtype=torch.float64))))


def test_terms_do_not_depend_on_the_batch_size(rng: torch.Generator):
    logits, target = _logits(rng), _target(rng)
    weights = torch.ones(3, 4, dtype=torch.float64)
    twice = [Logits(*(torch.cat((z, z)) for z in pair)) for pair in (logits, target)]
    doubled = positional(*twice, torch.cat((weights, weights)))
    assert float(doubled) == pytest.approx(float(positional(logits, target, weights)), rel=1e-12)


def test_heatmap_loss_is_lowest_at_the_label():
    point = torch.tensor([[[39.5, 23.5]]])  # the middle of cell (2, 1) at stride 16
    maps = torch.zeros(1, 1, 4, 6)
    maps[0, 0, 1, 2] = 20
    weights = torch.ones(1, 1)
    assert float(heatmap_loss(maps, point, weights, 16, 2.0)) < 0.01
    assert float(heatmap_loss(maps.roll(2, dims=-1), point, weights, 16, 2.0)) > 19
    assert float(heatmap_loss(maps, point, weights * 0, 16, 2.0)) == 0.0


def test_gradient_norms_scale_with_the_weights(rng: torch.Generator):
    logits = Logits(*(z.requires_grad_() for z in _logits(rng)))
    target = _target(rng)
    terms = {
        "a": positional(logits, target, torch.ones(3, 4).double()),
        "b": logits.x.sum() + 0 * logits.y.sum(),
    }
    norms = gradient_norms(terms, {"a": 0.0, "b": 2.0}, logits)
    assert norms["a"] == 0.0
    assert norms["b"] == pytest.approx(2 * np.sqrt(logits.x.numel()))
    assert float(total(terms, {"a": 0.0, "b": 2.0}).detach()) == pytest.approx(2 * float(terms["b"].detach()))
