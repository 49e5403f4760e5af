from __future__ import annotations

import numpy as np
import pytest
import torch

from spinepose.errors import InputError
from spinepose.model.family import VARIANTS, PoseModel, count_parameters
from spinepose.model.simcc import decode, encode, label_sigmas, soft_argmax

# Published parameter counts of the family, millions, for 26 and 37 keypoints.
COUNTS = {
    "t": (3.506, 3.713),
    "s": (5.699, 5.975),
    "m": (13.926, 14.340),
    "l": (28.112, 28.664),
    "x": (49.999, 50.689),
}


@pytest.mark.parametrize("size", VARIANTS)
def test_parameter_counts_are_the_published_ones(size: str):
    with torch.device("meta"):
        counts = [count_parameters(PoseModel(size, keypoints)) for keypoints in (26, 37)]
    assert tuple(round(count / 1e6, 3) for count in counts) == COUNTS[size]


def test_names_are_those_of_mmpose():
    names = set(PoseModel("t", 26).state_dict())
    assert {
        "backbone.stem.0.conv.weight",
        "backbone.stem.2.bn.running_var",
        "backbone.stage1.0.conv.weight",
        "backbone.stage1.1.main_conv.conv.weight",
        "backbone.stage2.1.blocks.0.conv2.depthwise_conv.bn.weight",
        "backbone.stage3.1.blocks.0.conv2.pointwise_conv.conv.weight",
        "backbone.stage3.1.attention.fc.bias",
        "backbone.stage4.1.conv2.conv.weight",
        "backbone.stage4.2.final_conv.conv.weight",
        "head.final_layer.bias",
        "head.mlp.0.g",
        "head.mlp.1.weight",
        "head.gau.gamma",
        "head.gau.uv.weight",
        "head.gau.ln.g",
        "head.gau.res_scale.scale",
        "head.cls_y.weight",
    } <= names


def test_output_shapes_follow_the_input_size():
    x, y = PoseModel("t", 37, (96, 128)).eval()(torch.zeros(2, 3, 128, 96))
    assert (x.shape, y.shape) == ((2, 37, 192), (2, 37, 256))


def test_bad_sizes_are_refused():
    with pytest.raises(InputError, match="multiples of 32"):
        PoseModel("t", 37, (100, 128))
    with pytest.raises(InputError, match="'q' is not one of t, s, m, l, x"):
        PoseModel("q", 37)


def test_label_widths_are_the_published_ones():
    assert np.round(label_sigmas((192, 256)), 2).tolist() == [4.9, 5.66]
    assert np.round(label_sigmas((288, 384)), 2).tolist() == [6.0, 6.93]


def test_decode_undoes_encode_to_half_a_bin():
    points = torch.rand(3, 37, 2, dtype=torch.float64) * torch.tensor([95.0, 127.0])
    target = encode(points, (96, 128))
    assert float(target[0].sum(-1).sub(1).abs().max()) < 1e-9
    decoded, _ = decode(*target)
    assert float((decoded - points).abs().max()) <= 0.25 + 1e-6


def test_soft_argmax_finds_the_peak_of_a_perfect_label():
    size = (192, 256)
    points = torch.tensor([[[20.0, 30.0], [100.0, 200.0]]])
    bins = [torch.arange(2 * side) for side in size]
    logits = [
        torch.exp(-((bins[a] - 2 * points[..., a : a + 1]) ** 2) / (2 * label_sigmas(size)[a] ** 2))
        for a in (0, 1)
    ]
    assert float((soft_argmax(*logits) - points).abs().max()) < 1.5
    # Without the factor 10 the tails pull it towards the middle by tens of pixels: the factor is what this holds.
    plain = (torch.softmax(logits[0], -1) * bins[0]).sum(-1) / 2
    assert float((plain - points[..., 0]).abs().max()) > 20


def test_score_is_the_lower_peak():
    x, y = torch.zeros(1, 1, 8), torch.zeros(1, 1, 10)
    x[..., 6], y[..., 3] = 0.9, 0.4
    points, score = decode(x, y)
    assert points.tolist() == [[[3.0, 1.5]]]
    assert float(score) == pytest.approx(0.4)
