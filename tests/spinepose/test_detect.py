from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from spinepose.detect import GREY, RTMDET_MEAN_BGR, RTMDET_STD_BGR, grid, letterbox, open_detector
from spinepose.errors import InputError

SIZE = (64, 96)  # width, height


def write_detector(path: Path, *outputs: np.ndarray, size=SIZE, marked: bool = False) -> Path:
    """An ONNX file that answers every picture with the same rows.

    Args:
        path: The file.
        outputs: What it answers.
        size: Width and height of its input.
        marked: Add the input's first pixel of each channel to the score, to see what arithmetic it was given.
    """
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, size[1], size[0]])
    constants = [numpy_helper.from_array(np.asarray(o, np.float32), f"c{i}") for i, o in enumerate(outputs)]
    nodes = [
        helper.make_node("ReduceSum", ["input"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "factor"], ["nothing"]),
        *(helper.make_node("Add", [f"c{i}", "nothing"], [f"out{i}"]) for i in range(len(outputs))),
    ]
    factor = numpy_helper.from_array(np.array(1.0 if marked else 0.0, np.float32), "factor")
    results = [
        helper.make_tensor_value_info(f"out{i}", TensorProto.FLOAT, o.shape) for i, o in enumerate(outputs)
    ]
    graph = helper.make_graph(nodes, "detector", [entry], results, [factor, *constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def raw_rows(boxes_xyxy: list, scores: list, classes: list, count: int = 3) -> np.ndarray:
    """Rows of a raw YOLOX output in which some cells hold boxes, in input pixels."""
    cells, strides = grid(SIZE)
    rows = np.zeros((1, len(cells), 5 + count), np.float32)
    for i, (box, score, kind) in enumerate(zip(boxes_xyxy, scores, classes, strict=True)):
        cell = 7 + 11 * i
        centre, extent = (np.add(box[:2], box[2:]) / 2, np.subtract(box[2:], box[:2]))
        rows[0, cell, :2] = centre / strides[cell] - cells[cell]
        rows[0, cell, 2:4] = np.log(extent / strides[cell])
        rows[0, cell, 4], rows[0, cell, 5 + kind] = 0.95, score / 0.95
    return rows


def test_boxes_with_suppression_inside(tmp_path: Path):
    rows = np.array([[[4, 8, 24, 48, 0.6], [30, 10, 50, 60, 0.9], [0, 0, 9, 9, 0.2]]])
    detector = open_detector(write_detector(tmp_path / "rtmdet_nano.onnx", rows))
    boxes, scores = detector(np.zeros((192, 128, 3), np.uint8))  # fits in by a factor of a half
    np.testing.assert_allclose(boxes, [[60, 20, 40, 100], [8, 16, 40, 80]])
    np.testing.assert_allclose(scores, [0.9, 0.6], rtol=1e-6)


def test_class_numbers_and_the_picture_s_edge(tmp_path: Path):
    rows = np.array([[[-5, -5, 20, 200, 0.9], [30, 10, 50, 60, 0.9]]])
    detector = open_detector(write_detector(tmp_path / "yolox_s.onnx", rows, np.array([[0, 2]])))
    boxes, _ = detector(np.zeros((96, 64, 3), np.uint8))
    np.testing.assert_allclose(boxes, [[0, 0, 20, 96]])


def test_raw_boxes_are_decoded_and_doubles_dropped(tmp_path: Path):
    wanted = [[4, 8, 24, 48], [5, 8, 25, 48], [30, 10, 50, 60], [40, 70, 60, 90]]
    rows = raw_rows(wanted, [0.8, 0.9, 0.75, 0.93], [0, 0, 0, 2])
    boxes, scores = open_detector(write_detector(tmp_path / "yolox.onnx", rows))(
        np.zeros((96, 64, 3), np.uint8)
    )
    np.testing.assert_allclose(boxes, [[5, 8, 20, 40], [30, 10, 20, 50]], atol=1e-3)
    np.testing.assert_allclose(scores, [0.9, 0.75], rtol=1e-5)
    everything, _ = open_detector(tmp_path / "yolox.onnx", min_score=0.99)(np.zeros((96, 64, 3), np.uint8))
    assert everything.shape == (0, 4)


def test_what_the_input_holds_depends_on_the_kind(tmp_path: Path):
    rows = np.array([[[4, 8, 24, 48, 0.0]]])
    path = write_detector(tmp_path / "d.onnx", rows, size=(2, 1), marked=True)
    image = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)
    _, plain = open_detector(path, "yolox", min_score=-1e9)(image)
    # With the sum of all pixels added, the box is far outside: only what reaches the score shows.
    assert plain.shape == (0,)
    detector = open_detector(path, "rtmdet", min_score=-1e9)
    seen = detector._session.run(None, {"input": np.zeros((1, 3, 1, 2), np.float32)})[0]
    assert seen.shape == (1, 1, 5)
    field, ratio = letterbox(image, (2, 1))
    assert (field == image).all()
    assert ratio == 1
    expected = (image - RTMDET_MEAN_BGR) / RTMDET_STD_BGR
    asked = {}
    detector._session = type("Spy", (), {"run": lambda self, names, feed: asked.update(feed) or [rows]})()
    detector(image)
    np.testing.assert_allclose(asked["input"][0].transpose(1, 2, 0), expected, rtol=1e-5)


def test_letterbox_fills_with_grey():
    field, ratio = letterbox(np.zeros((10, 40, 3), np.uint8), (20, 20))
    assert ratio == 0.5
    assert (field[:5] == 0).all()
    assert (field[5:] == GREY).all()


def test_unknown_layouts_are_one_line(tmp_path: Path):
    good = np.zeros((1, 3, 5))
    cases = [
        (write_detector(tmp_path / "yolox_a.onnx", np.zeros((1, 3, 4))), "unknown detector layout, output"),
        (write_detector(tmp_path / "yolox_b.onnx", np.zeros((3, 5))), "unknown detector layout, output"),
        (write_detector(tmp_path / "people.onnx", good), "--detector-kind"),
        (tmp_path / "none.onnx", "no such detector"),
    ]
    (tmp_path / "yolox_broken.onnx").write_bytes(b"nothing")
    cases.append((tmp_path / "yolox_broken.onnx", "cannot open it"))
    for path, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            open_detector(path)
        assert "\n" not in str(caught.value)
    other = open_detector(write_detector(tmp_path / "yolox_c.onnx", np.zeros((1, 50, 8))))
    with pytest.raises(InputError, match=r"50 rows where strides \(8, 16, 32\) of 64x96 make 126"):
        other(np.zeros((10, 10, 3), np.uint8))
