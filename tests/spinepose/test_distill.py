"""Teachers of all four kinds, and what they say about augmented crops."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from spinepose.coco import load_coco
from spinepose.config import AugmentConfig
from spinepose.data import CropDataset, PersonImages, collate, list_people
from spinepose.distill import KNOWN, NetworkTeacher, OnnxTeacher, Remembering, Signal
from spinepose.errors import InputError
from spinepose.export import export_onnx
from spinepose.losses import Logits, distillation
from spinepose.model.family import PoseModel, initialise
from spinepose.model.simcc import decode
from spinepose.model.weights import LoadedModel, save_checkpoint
from spinepose.skeleton import HALPE26_NAMES, INDEX, NAMES
from spinepose.teacher_points import PointsTeacher, read_points
from spinepose.teachers import load_teacher

SIZE = (32, 64)
QUIET = AugmentConfig(
    photometric=0, noise=0, blur=0, compression=0, dropout=0, anonymous=0, limb_motion=0, half_body=0
)


@pytest.fixture(scope="module")
def people(sketch_root: Path):
    return list_people(
        load_coco(sketch_root / "annotations" / "person_keypoints_train-synth.json"), sketch_root / "images"
    )


def _crops(people, augment=QUIET, count=6, seed=1):
    dataset = CropDataset(PersonImages(people, SIZE), augment, seed)
    return collate([dataset[(i, i)] for i in range(count)])


def _model(keypoints: int = 26) -> PoseModel:
    model = PoseModel("t", keypoints, SIZE)
    initialise(model, 1)
    return model.eval()


def test_points_follow_turn_shift_and_flip(people):
    """Given the labels as points, the teacher must say in every crop what the crop's own labels say."""
    points = np.stack([np.where(p.keypoints[:KNOWN, 2:] > 0, p.keypoints[:KNOWN], 0) for p in people])
    points[..., 2] = points[..., 2] > 0
    crops = _crops(people, count=12)
    said = PointsTeacher(points, SIZE, foreign_axis_weight=1.0)(crops)
    assert torch.equal(said.weights > 0, crops.labelled[:, :KNOWN])
    found, _ = decode(*said.logits)
    off = (found - crops.keypoints_px[:, :KNOWN]).abs()[crops.labelled[:, :KNOWN]]
    assert float(off.max()) <= 0.26
    flipped = np.linalg.det(crops.to_image[:, :, :2].numpy()) < 0
    assert 0 < flipped.sum() < 12, "the seed must give crops of both kinds"


def test_confidence_weighs_and_a_foreign_axis_counts_less(people):
    points = np.zeros((len(people), KNOWN, 3))
    points[:, :, :2] = np.stack([p.box_xywh[:2] + p.box_xywh[2:] / 2 for p in people])[:, None]
    points[:, INDEX["left_knee"], 2] = 0.5
    points[:, INDEX["neck"], 2] = 1.0
    weights = PointsTeacher(points, SIZE, foreign_axis_weight=0.1)(
        _crops(people, AugmentConfig(flip=0))
    ).weights
    assert float(weights[:, INDEX["left_knee"]].max()) == 0.5
    assert float(weights[:, INDEX["neck"]].max()) == pytest.approx(0.1)
    assert float(weights.sum(0)[[INDEX["nose"], INDEX["hip"]]].abs().max()) == 0


def test_results_find_their_people_by_box_and_by_id(people, tmp_path: Path):
    names = ["left_shoulder", "right_hip", "left_eyebrow"]
    box = people[2].box_xywh
    low, high = box[:2], box[:2] + box[2:]
    by_box = {"image_id": people[2].image_id, "keypoints": [*low, 0.9, *high, 0.8, *low, 1]}
    by_id = {"annotation_id": people[4].annotation_id, "keypoints": [1, 2, 3.0, 4, 5, 0.5, 0, 0, 0]}
    nobody = {"image_id": -5, "keypoints": [0, 0, 1] * 3}
    path = tmp_path / "points.json"
    path.write_text(json.dumps({"keypoint_names": names, "results": [by_box, by_id, nobody]}))
    points, report = read_points(path, people)
    np.testing.assert_allclose(points[2, INDEX["left_shoulder"]], [*low, 0.9])
    np.testing.assert_allclose(points[4, INDEX["right_hip"]], [4, 5, 0.5])
    assert points[4, INDEX["left_shoulder"], 2] == 1.0, "confidence is cut off at 1"
    assert np.flatnonzero(points[..., 2].sum(axis=1)).tolist() == [2, 4]
    assert report.startswith(f"keypoints of 2 of {len(people)} people, 3 results")
    assert "left_eyebrow" in report


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1", "not a file of keypoints"),
        (json.dumps({"results": []}), "not a file of keypoints"),
        (json.dumps({"keypoint_names": ["tail"], "results": []}), "none of its keypoint names"),
        (json.dumps({"keypoint_names": ["nose"], "results": []}), "belongs to a person"),
    ],
)
def test_bad_points_are_one_line(people, tmp_path: Path, content: str, words: str):
    path = tmp_path / "points.json"
    path.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        load_teacher(path, people, SIZE, 0.1)
    assert "\n" not in str(caught.value)


def test_onnx_teacher_says_what_the_checkpoint_says(people, tmp_path: Path):
    save_checkpoint(tmp_path / "a.pt", _model(37), NAMES)
    export_onnx(tmp_path / "a.pt", tmp_path / "a.onnx")
    teachers = [load_teacher(tmp_path / name, people, SIZE, 0.1) for name in ("a.pt", "a.onnx")]
    crops = _crops(people)
    ours, theirs = (teacher(crops) for teacher in teachers)
    assert isinstance(teachers[1], OnnxTeacher)
    assert ours.logits.x.shape == theirs.logits.x.shape == (6, KNOWN, 64)
    torch.testing.assert_close(theirs.logits.x, ours.logits.x, atol=1e-4, rtol=1e-3)
    with pytest.raises(InputError, match=r"set train\.input_size"):
        load_teacher(tmp_path / "a.onnx", people, (64, 64), 0.1)
    (tmp_path / "b.onnx").write_bytes(b"no")
    with pytest.raises(InputError, match=r"b\.onnx: cannot be read as ONNX"):
        load_teacher(tmp_path / "b.onnx", people, SIZE, 0.1)


def test_a_remembering_teacher_is_asked_once_for_each_person(people):
    asked = []

    class Counting:
        report = ""

        def __call__(self, crops) -> Signal:
            asked.append(crops.person.tolist())
            return NetworkTeacher(LoadedModel(_model(), HALPE26_NAMES, True, {}), 0.1)(crops)

    teacher = Remembering(Counting())
    crops = _crops(people, None)
    first, second = teacher(crops), teacher(crops)
    assert len(asked) == 1
    assert torch.equal(first.logits.x, second.logits.x)
    truth = Counting()(crops)
    assert float(distillation(Logits(*truth.logits), *first)) < 1e-3


def _teacher(on_labelled: float, own_labels: bool = True) -> NetworkTeacher:
    return NetworkTeacher(LoadedModel(_model(), HALPE26_NAMES, own_labels, {}), 0.1, on_labelled=on_labelled)


def test_a_teacher_of_the_same_labels_is_asked_only_where_there_is_none(people):
    crops = _crops(people, None)
    labelled = crops.labelled.clone()
    labelled[:, INDEX["left_knee"]] = False  # unlabelled in every crop
    labelled[:4, :KNOWN] = True
    labelled[5, :KNOWN] = True
    crops = crops._replace(labelled=labelled)
    heard, quiet = _teacher(1.0)(crops), _teacher(0.0)(crops)
    assert heard.asked is None
    assert torch.equal(quiet.asked == 1, ~labelled[:, :KNOWN])
    asked_rows = (~labelled[:, :KNOWN]).any(dim=1)
    assert asked_rows.tolist() == [False] * 4 + [True, False]
    torch.testing.assert_close(quiet.logits.y[asked_rows], heard.logits.y[asked_rows], atol=1e-3, rtol=1e-3)
    assert float(quiet.logits.y[~asked_rows].abs().max()) == 0, "a crop in which it is not asked was computed"
    assert _teacher(0.0, own_labels=False)(crops).asked is None, "a teacher of others is heard everywhere"


def test_what_is_not_asked_pulls_nowhere_and_leaves_the_divisor(people):
    crops = _crops(people, None)
    given = _teacher(0.0)(crops)
    student = Logits(*(axis.clone().requires_grad_() for axis in _model()(crops.images.float() / 255)))
    half = torch.zeros_like(given.asked)
    half[:, : KNOWN // 2] = 1
    everywhere = distillation(student, given.logits, torch.ones(KNOWN))
    parts = [distillation(student, given.logits, torch.ones(KNOWN), part) for part in (half, 1 - half)]
    torch.testing.assert_close(parts[0] + parts[1], everywhere)
    (gradient,) = torch.autograd.grad(parts[0], [student.x])
    assert float(gradient[:, KNOWN // 2 :].abs().max()) == 0


def test_a_remembering_teacher_keeps_each_person_s_weights(people):
    """Asked again for some of the people, it must not answer with the weights of the last batch."""
    points = np.zeros((len(people), KNOWN, 3))
    points[:, :, :2] = np.stack([p.box_xywh[:2] + p.box_xywh[2:] / 2 for p in people])[:, None]
    points[:, :, 2] = np.linspace(0.1, 0.9, len(people))[:, None]
    teacher = Remembering(PointsTeacher(points, SIZE, foreign_axis_weight=0.1))
    crops = _crops(people, None)
    first = teacher(crops)
    again = teacher(type(crops)(*(column[2:4] for column in crops)))
    torch.testing.assert_close(again.weights, first.weights[2:4])


def test_crops_are_fixed_only_when_nothing_is_random():
    geometry = ("flip", "half_body", "scale", "rotation_deg", "shift")
    still = dict.fromkeys(
        (*geometry, "photometric", "noise", "blur", "compression", "dropout", "anonymous", "limb_motion"), 0
    )
    assert AugmentConfig(**still).is_still
    assert not any(AugmentConfig(**{**still, name: 0.1}).is_still for name in still)
