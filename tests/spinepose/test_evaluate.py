from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinepose.coco import load_coco
from spinepose.coco_eval import average_precision, oks_nms
from spinepose.data import list_people
from spinepose.errors import InputError
from spinepose.evaluate import coco_results, evaluate_checkpoint, spine_error_mm, summarise, trunk_bend_deg
from spinepose.metrics import baseline_oks, mean_oks, mean_pose, place_in_boxes, truth_arrays
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import save_checkpoint
from spinepose.skeleton import INDEX, NAMES, SIGMAS, SPINE_CHAIN, SUBSETS, indices


@pytest.fixture
def labels(sketch_root: Path):
    return load_coco(sketch_root / "annotations" / "person_keypoints_train-synth.json")


@pytest.fixture
def people(sketch_root: Path, labels):
    return list_people(labels, sketch_root / "images")


def test_truth_as_prediction_scores_one_on_every_subset(labels, people):
    truth, _ = truth_arrays(people)
    metrics = summarise(
        labels, people, truth[..., :2], coco_results(people, truth[..., :2], np.ones((32, 37)))
    )
    assert {name: value["AP"] for name, value in metrics["subsets"].items()} == dict.fromkeys(SUBSETS, 1.0)
    assert {name: value["AR"] for name, value in metrics["subsets"].items()} == dict.fromkeys(SUBSETS, 1.0)
    assert all(value == 1.0 for value in metrics["mean_oks"].values())
    assert metrics["mean_pose"]["mean_oks"]["Overall"] < 0.9


def test_a_wrong_subset_costs_that_subset_only(labels, people):
    points = truth_arrays(people)[0][..., :2].copy()
    points[:, indices(SUBSETS["Feet"])] += 200
    precision = average_precision(labels, coco_results(people, points, np.ones((32, 37))))
    assert (precision["Feet"]["AP"], precision["Body"]["AP"], precision["Spine"]["AP"]) == (0.0, 1.0, 1.0)
    assert 0 < precision["Overall"]["AP"] < 1


def test_people_without_labels_in_a_subset_are_ignored_there(labels, people):
    bare = labels.annotations[0].keypoints.copy()
    bare[indices(SUBSETS["Feet"]), 2] = 0
    dataset = replace(
        labels, annotations=(replace(labels.annotations[0], keypoints=bare), *labels.annotations[1:])
    )
    points = truth_arrays(people)[0][..., :2].copy()
    points[0, indices(SUBSETS["Feet"])] += (
        40  # wrong, but near the box: pycocotools gives it to the ignored person
    )
    precision = average_precision(dataset, coco_results(people, points, np.ones((32, 37))))
    assert precision["Feet"]["AP"] == 1.0
    none = replace(
        labels,
        annotations=tuple(replace(a, keypoints=np.r_[bare[:17], bare[17:] * 0]) for a in labels.annotations),
    )
    assert np.isnan(average_precision(none, coco_results(people, points, np.ones((32, 37))))["Spine"]["AP"])


def test_oks_by_hand():
    truth = np.zeros((1, 37, 3))
    truth[0, [0, INDEX["hip"]], 2] = 2
    points = np.zeros((1, 37, 2))
    points[0, INDEX["hip"], 0] = 2 * SIGMAS[INDEX["hip"]] * np.sqrt(2 * 900.0)  # exp(-1)
    assert mean_oks(points, truth, np.array([900.0])) == pytest.approx(
        {"Body": 1.0, "Spine": np.exp(-1), "Overall": (1 + np.exp(-1)) / 2}
    )


def test_mean_pose_is_the_mean_in_box_shares(people):
    shares = mean_pose(people)
    placed = place_in_boxes(shares, np.stack([p.box_xywh for p in people]))
    truth, _ = truth_arrays(people)
    sizes = np.stack([p.box_xywh[2:] for p in people])[:, None]
    np.testing.assert_allclose(((placed - truth[..., :2]) / sizes).mean(axis=0), 0, atol=1e-9)
    assert 0.2 < baseline_oks(people, people)["Spine"] < 0.9


def test_doubles_are_dropped_and_others_kept():
    one = np.column_stack([np.arange(37) * 3.0, np.arange(37) * 5.0, np.ones(37)])
    rows = [
        {"image_id": 1, "keypoints": one.ravel().tolist(), "score": 0.5},
        {"image_id": 1, "keypoints": (one + 0.1).ravel().tolist(), "score": 0.9},
        {"image_id": 1, "keypoints": (one + 80).ravel().tolist(), "score": 0.1},
        {"image_id": 2, "keypoints": one.ravel().tolist(), "score": 0.2},
    ]
    assert [row["score"] for row in oks_nms(rows, [2000.0] * 4)] == [0.9, 0.1, 0.2]


def _extras(people, **columns) -> pd.DataFrame:
    camera = np.array([[500.0, 0, 80], [0, 500, 100], [0, 0, 1]]).ravel()
    points = np.zeros((37, 3))
    points[:, 2] = 4.0
    points[indices(SPINE_CHAIN), 1] = -np.arange(9) * 0.07
    return pd.DataFrame(
        {
            "annotation_id": [p.annotation_id for p in people],
            "keypoints_cam_m": [points.ravel()] * len(people),
            "K": [camera] * len(people),
            "view": ["front"] * (len(people) - 1) + ["side"],
            **columns,
        }
    )


def test_millimetres_by_hand(people):
    points = truth_arrays(people)[0][..., :2].copy()
    points[:, INDEX["spine_02"]] += (3.0, 4.0)  # 5 px at 4 m and f = 500 px are 40 mm
    result = spine_error_mm(people, points, _extras(people))
    assert result["by_level"]["L3"] == {"median": 40.0, "p95": 40.0, "count": 32}
    assert result["by_level"]["T8"]["p95"] == 0.0
    assert (result["by_view"]["side"]["count"], result["straight"]["count"], result["bent"]["count"]) == (
        9,
        288,
        0,
    )


def test_bent_trunks_are_told_by_their_halves():
    chain = np.zeros((2, 9, 3))
    chain[:, :, 2] = np.arange(9)
    chain[1, 4:, 1] = np.arange(1, 6)
    chain[1, 4:, 2] = 3
    np.testing.assert_allclose(trunk_bend_deg(chain), [0, 90], atol=1e-6)


def test_extras_that_do_not_fit_are_named(people):
    with pytest.raises(InputError, match="lacks the column K"):
        spine_error_mm(people, truth_arrays(people)[0][..., :2], _extras(people).drop(columns="K"))
    with pytest.raises(InputError, match="lacks people"):
        spine_error_mm(people, truth_arrays(people)[0][..., :2], _extras(people[:-1]))


def test_evaluate_checkpoint_writes_what_coco_tools_read(sketch_root: Path, tmp_path: Path):
    model = PoseModel("t", 37, (64, 64))
    initialise(model, 0)
    save_checkpoint(tmp_path / "s.pt", model, NAMES)
    labels = sketch_root / "annotations" / "person_keypoints_val-synth.json"
    metrics = evaluate_checkpoint(tmp_path / "s.pt", labels, sketch_root / "images", tmp_path / "out")
    assert set(metrics["subsets"]) == set(SUBSETS)
    assert metrics["people"] == 8
    assert "spine_error_mm" not in metrics
    rows = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {len(row["keypoints"]) for row in rows} == {111}
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == metrics
