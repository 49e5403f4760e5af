from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from estimators import SIZE, make_checkpoint, make_picture
from sketches import make_sketch_set

from spinepose.coco import load_coco
from spinepose.data import list_people
from spinepose.errors import InputError
from spinepose.estimator import SpinePoseEstimator, open_model
from spinepose.evaluate import evaluate_checkpoint, predict_people
from spinepose.export import FromBgr, export_onnx
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD
from spinepose.model.weights import load_checkpoint
from spinepose.predict import normalise, predict_logits
from spinepose.quantise import accuracy_lost, quantise_onnx
from spinepose.skeleton import FLIP


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("model") / "student.pt")


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    export_onnx(checkpoint, checkpoint.with_suffix(".onnx"))
    return checkpoint.with_suffix(".onnx")


def test_onnx_file_keeps_the_contract(exported: Path):
    file = onnx.load(str(exported))
    assert [o.version for o in file.opset_import if o.domain in ("", "ai.onnx")] == [17]
    assert [o.name for o in file.graph.output] == ["simcc_x", "simcc_y"]
    shapes = [[d.dim_param or d.dim_value for d in o.type.tensor_type.shape.dim] for o in file.graph.output]
    assert shapes == [["batch", 37, 2 * SIZE[0]], ["batch", 37, 2 * SIZE[1]]]
    entry = file.graph.input[0].type.tensor_type
    assert entry.elem_type == onnx.TensorProto.FLOAT
    assert [d.dim_param or d.dim_value for d in entry.shape.dim] == ["batch", 3, SIZE[1], SIZE[0]]


def test_onnx_and_pytorch_find_the_same_keypoints(checkpoint: Path, exported: Path, tmp_path: Path):
    image = cv2.imread(str(make_picture(tmp_path / "a.png")))
    boxes = np.array([[10, 10, 60, 100], [0, 0, 120, 160], [30, 40, 20, 20]])
    from_torch, scores = SpinePoseEstimator(checkpoint, flip_test=False)(image, boxes)
    from_onnx, onnx_scores = SpinePoseEstimator(exported, flip_test=False)(image, boxes)
    assert from_torch.shape == (3, 37, 2)
    assert np.abs(from_torch - from_onnx).max() < 0.1
    np.testing.assert_allclose(scores, onnx_scores, atol=1e-4)


def test_bgr_file_takes_bgr_with_rgb_means(checkpoint: Path, tmp_path: Path):
    export_onnx(checkpoint, tmp_path / "bgr.onnx", bgr=True)
    image = cv2.imread(str(make_picture(tmp_path / "a.png")))
    plain, _ = SpinePoseEstimator(checkpoint, flip_test=False)(image)
    baked, _ = SpinePoseEstimator(tmp_path / "bgr.onnx", flip_test=False)(image)
    assert np.abs(plain - baked).max() < 0.1


def test_bgr_wrapper_equals_swapping_by_hand():
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, x):
            seen.append(x)
            return x, x

    rgb = torch.randint(0, 255, (1, 3, 4, 4)).float()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    FromBgr(Spy())((rgb.flip(1) - mean) / std)
    assert torch.allclose(seen[0], (rgb - mean) / std, atol=1e-4)


def test_int8_keeps_the_contract_and_says_what_it_costs(exported: Path, tmp_path: Path):
    labels = make_sketch_set(tmp_path, "few", 6, seed=3, subjects=2)
    people = list_people(load_coco(labels), tmp_path / "images")
    small = tmp_path / "student.int8.onnx"
    quantise_onnx(exported, small, people, limit=4)
    assert small.stat().st_size < 0.6 * exported.stat().st_size  # the head stays in float
    kinds = {node.op_type for node in onnx.load(str(small)).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    facts = {p.key: p.value for p in onnx.load(str(small)).metadata_props}
    assert (facts["quantised"], facts["channel_order"]) == ("int8", "rgb")
    assert open_model(small).input_size == SIZE
    points, _ = predict_people(open_model(small), people, flip_test=False)
    assert points.shape == (6, 37, 2)
    before, after = (
        evaluate_checkpoint(path, labels, tmp_path / "images", tmp_path / path.stem)
        for path in (exported, small)
    )
    lost = accuracy_lost(before, after)
    assert lost["Spine"]["float"] == before["subsets"]["Spine"]["AP"]
    assert set(lost) == set(before["subsets"])
    with pytest.raises(InputError, match="has none"):
        quantise_onnx(exported, small, [])


def test_flip_test_is_the_same_through_onnx(checkpoint: Path, exported: Path):
    crops = torch.randint(0, 255, (2, 3, SIZE[1], SIZE[0]), dtype=torch.uint8)
    crops = torch.nn.functional.interpolate(
        crops[..., ::16, ::16].float(), SIZE[::-1], mode="bilinear"
    ).byte()
    ours, theirs = (open_model(path).predict(crops, flip_test=True) for path in (checkpoint, exported))
    assert np.abs(ours[0] - theirs[0]).max() < 0.6  # at most one bin, where two are equally high
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-3)


def test_flip_test_of_a_mirrored_picture_is_the_mirrored_answer(checkpoint: Path):
    net = load_checkpoint(checkpoint).model
    images = torch.randint(0, 255, (1, 3, SIZE[1], SIZE[0]), dtype=torch.uint8)
    straight = predict_logits(net, images, flip_test=True)
    mirrored = predict_logits(net, images.flip(-1), flip_test=True)
    order = torch.from_numpy(FLIP)
    assert torch.allclose(straight.y, mirrored.y[:, order], atol=1e-4)
    assert torch.allclose(straight.x[..., :-1], mirrored.x[:, order].flip(-1)[..., 1:], atol=1e-4)


def test_normalise_by_hand():
    image = torch.zeros(1, 3, 1, 1, dtype=torch.uint8) + torch.tensor([124, 0, 255], dtype=torch.uint8).view(
        1, 3, 1, 1
    )
    expected = [(124 - 123.675) / 58.395, -116.28 / 57.12, (255 - 103.53) / 57.375]
    np.testing.assert_allclose(normalise(image).flatten(), expected, rtol=1e-4)
