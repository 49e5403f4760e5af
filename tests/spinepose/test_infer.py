from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from spinepose.errors import InputError
from spinepose.export import FromBgr, export_onnx
from spinepose.infer import SpinePoseEstimator, run_inference
from spinepose.measures import spine_measures, trunk_lean_deg
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD, PoseModel, initialise
from spinepose.model.weights import load_checkpoint, save_checkpoint
from spinepose.predict import normalise, predict_logits
from spinepose.skeleton import FLIP, HALPE26_NAMES, INDEX, NAMES, SPINE_CHAIN
from spinepose.visualize import draw_person

SIZE = (64, 96)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = PoseModel("t", 37, SIZE)
    initialise(model, 0)
    path = tmp_path_factory.mktemp("model") / "student.pt"
    save_checkpoint(path, model, NAMES)
    return path


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    export_onnx(checkpoint, checkpoint.with_suffix(".onnx"))
    return checkpoint.with_suffix(".onnx")


def _picture(path: Path, seed: int = 0, size=(120, 160)) -> Path:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC))
    return path


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
    image = cv2.imread(str(_picture(tmp_path / "a.png")))
    boxes = np.array([[10, 10, 60, 100], [0, 0, 120, 160], [30, 40, 20, 20]])
    from_torch, scores = SpinePoseEstimator(checkpoint, flip_test=False)(image, boxes)
    from_onnx, onnx_scores = SpinePoseEstimator(exported)(image, boxes)
    assert from_torch.shape == (3, 37, 2)
    assert np.abs(from_torch - from_onnx).max() < 0.1
    np.testing.assert_allclose(scores, onnx_scores, atol=1e-4)


def test_bgr_file_takes_bgr_with_rgb_means(checkpoint: Path, tmp_path: Path):
    export_onnx(checkpoint, tmp_path / "bgr.onnx", bgr=True)
    image = cv2.imread(str(_picture(tmp_path / "a.png")))
    plain, _ = SpinePoseEstimator(checkpoint, flip_test=False)(image)
    baked, _ = SpinePoseEstimator(tmp_path / "bgr.onnx")(image)
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


def test_folder_video_and_boxes(exported: Path, tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    _picture(folder / "a.png")
    _picture(folder / "a.jpg", 1)
    video = cv2.VideoWriter(str(folder / "c.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (96, 64))
    for value in (0, 100, 200):
        video.write(np.full((64, 96, 3), value, np.uint8))
    video.release()
    boxes = {"a.jpg": [[5, 5, 40, 80], [50, 5, 40, 80]], "a.png": [], "c.mp4": [[0, 0, 96, 64]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    out = tmp_path / "out"
    summary = run_inference(exported, folder, out, boxes=tmp_path / "boxes.json")
    assert (summary["inputs"], summary["frames"], summary["people"]) == (3, 5, 5)
    document = json.loads((out / "a.json").read_text())
    assert len(document["frames"][0]["people"]) == 2
    assert np.shape(document["frames"][0]["people"][0]["keypoints"]) == (37, 3)
    assert json.loads((out / "a_2.json").read_text())["frames"] == [{"frame": 0, "people": []}]
    overlay = cv2.VideoCapture(str(out / "c_overlay.mp4"))
    assert int(overlay.get(cv2.CAP_PROP_FRAME_COUNT)) == 3
    rows = json.loads((out / "results.json").read_text())
    assert [row["image_id"] for row in rows] == [1, 1, 3, 4, 5]
    assert {len(row["keypoints"]) for row in rows} == {111}
    drawn, plain = (cv2.imread(str(path)) for path in (out / "a_overlay.jpg", folder / "a.jpg"))
    assert drawn.shape == plain.shape


def test_bad_inputs_are_one_line(checkpoint: Path, exported: Path, tmp_path: Path):
    picture = _picture(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("x")
    halpe = tmp_path / "halpe.pt"
    save_checkpoint(halpe, PoseModel("t", 26, SIZE), HALPE26_NAMES)
    cases = [
        (checkpoint, tmp_path / "none.png", None, "no such picture"),
        (checkpoint, tmp_path / "empty", None, "no picture or video"),
        (checkpoint, tmp_path / "broken.jpg", None, "cannot be read as an image"),
        (checkpoint, tmp_path / "notes.txt", None, "neither a picture nor a video"),
        (checkpoint, picture, {"b.png": [[0, 0, 1, 1]]}, "none for 'a.png'"),
        (checkpoint, picture, [[0, 0, -1, 5]], "must be positive"),
        (checkpoint, picture, [[1, 2, 3]], "left, top, width, height"),
        (checkpoint, picture, tmp_path / "none.json", "no such file of boxes"),
        (halpe, picture, None, "another skeleton"),
        (tmp_path / "broken.onnx", picture, None, "cannot open it"),
        (tmp_path / "none.onnx", picture, None, "no such model"),
    ]
    for model, source, boxes, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            run_inference(model, source, tmp_path / "out", boxes=boxes)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out/*overlay*"))


def test_measures_by_hand():
    points = np.zeros((37, 2))
    for level, name in enumerate(SPINE_CHAIN):
        points[INDEX[name]] = (100, 200 - 10 * level)
    assert all(value == pytest.approx(0) for value in spine_measures(points).values())
    leaning = points.copy()
    leaning[INDEX["neck"]] = (160, 200)  # level with the sacrum, to the right
    assert float(trunk_lean_deg(leaning)) == pytest.approx(90)
    bent = points.copy()
    bent[INDEX["neck_03"]] = bent[INDEX["neck_02"]] + (10, 0)
    assert float(spine_measures(bent)["cervical_bend_deg"]) == pytest.approx(90)
    assert float(spine_measures(np.stack([points, bent]))["cervical_bend_deg"][0]) == pytest.approx(0)


def test_drawing_stays_inside_and_skips_what_is_not_labelled():
    image = np.zeros((100, 80, 3), np.uint8)
    points = np.full((37, 2), np.nan)
    points[INDEX["hip"]], points[INDEX["nose"]], points[INDEX["spine_01"]] = (40, 60), (10, 10), (1e9, 5)
    visibility = np.zeros(37, int)
    visibility[[INDEX["hip"], INDEX["spine_01"]]] = 2
    assert draw_person(image, points, visibility) is image
    assert image[60, 40].any()
    assert not image[:30].any()
    assert draw_person(image.copy(), points, np.where(visibility, 1, 0))[60, 40].any()
