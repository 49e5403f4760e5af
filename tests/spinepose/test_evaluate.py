from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinepose.coco import coco_document, load_coco, save_coco
from spinepose.coco_eval import REPORTED, average_precision, oks_nms
from spinepose.data import list_people
from spinepose.errors import InputError
from spinepose.estimator import open_model
from spinepose.evaluate import EvaluateOptions, coco_results, evaluate_checkpoint, predict_people, summarise
from spinepose.metrics import baseline_oks, mean_oks, mean_pose, pck_and_auc, place_in_boxes, truth_arrays
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import save_checkpoint
from spinepose.ridge import fit_ridge, fold_numbers
from spinepose.skeleton import COCO17_NAMES, INDEX, NAMES, SIGMAS, SPINE_CHAIN, SUBSETS, indices
from spinepose.spine_error import is_flexed_or_bent, keypoint_report, offsets_mm, spine_error_mm, spine_truth


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
    assert {name: value["AP"] for name, value in metrics["subsets"].items()} == dict.fromkeys(REPORTED, 1.0)
    assert {name: value["AR"] for name, value in metrics["subsets"].items()} == dict.fromkeys(REPORTED, 1.0)
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
            "view": ["front"] * (len(people) - 2) + ["left", "right"],
            **columns,
        }
    )


def test_millimetres_by_hand(people):
    points = truth_arrays(people)[0][..., :2].copy()
    points[:, INDEX["spine_02"]] += (3.0, 4.0)  # 5 px at 4 m and f = 500 px are 40 mm
    result = spine_error_mm(people, points, spine_truth(people, _extras(people)))
    assert result["by_level"]["L3"] == {"median": 40.0, "p95": 40.0, "count": 32}
    assert result["by_level"]["T8"]["p95"] == 0.0
    assert result["by_view"]["side"]["count"] == 18  # left and right
    assert "straight" not in result  # the table lacks the angles
    angles = [np.zeros(9)] * 31 + [np.r_[0.4, 0, 0, 0.2, 0, 0, 0, 0, 0]]
    apart = spine_error_mm(people, points, spine_truth(people, _extras(people, spine_angles_rad=angles)))
    assert (apart["straight"]["count"], apart["flexed_or_bent"]["count"]) == (279, 9)


def test_millimetres_equal_a_projection_by_hand(people):
    """A point moved in the plane of the landmark by a known way in metres is off by just that, whatever the camera."""
    rng = np.random.default_rng(0)
    table = _extras(people)
    points = rng.uniform(-1, 1, (len(people), 37, 3)) + np.array([0.0, 0.0, 5.0])
    cameras = np.array(
        [[[f, 0, 80], [0, 1.1 * f, 100], [0, 0, 1]] for f in rng.uniform(300, 900, len(people))]
    )
    table["keypoints_cam_m"] = list(points.reshape(len(people), -1))
    table["K"] = list(cameras.reshape(len(people), -1))
    moved = points + np.array([0.03, -0.04, 0.0])  # 50 mm, parallel to the picture
    pixels = [np.einsum("nij,nkj->nki", cameras, p)[..., :2] / p[..., 2:] for p in (points, moved)]
    people = [
        replace(person, keypoints=np.column_stack([own, np.full(37, 2)]))
        for person, own in zip(people, pixels[0], strict=True)
    ]
    truth = spine_truth(people, table)
    np.testing.assert_allclose(offsets_mm(people, pixels[1], truth, np.arange(37)), 50.0, atol=1e-9)
    found = keypoint_report(people, pixels[1], truth)
    assert list(found) == list(NAMES)
    assert (found["nose"]["mm_median"], found["spine_04"]["mm_p95"]) == (50.0, 50.0)


def test_errors_of_keypoints_by_hand(people):
    labels, _ = truth_arrays(people)
    larger = np.array([p.box_xywh[2:].max() for p in people])
    points = labels[..., :2].copy()
    points[:16, INDEX["nose"], 0] += 0.06 * larger[:16]  # half of them beyond 5 %
    bare = labels[0].copy()
    bare[INDEX["head"], 2] = 0
    found = keypoint_report([replace(people[0], keypoints=bare), *people[1:]], points, None)
    assert (found["nose"]["PCK"], found["nose"]["percent_p95"], found["nose"]["count"]) == (0.5, 6.0, 32)
    assert (found["head"]["PCK"], found["head"]["count"]) == (1.0, 31)
    assert "mm_median" not in found["nose"]
    assert "nose" not in keypoint_report(
        [replace(p, keypoints=np.where(np.arange(37)[:, None] == 0, 0.0, p.keypoints)) for p in people],
        points,
        None,
    )


def test_flexed_and_bent_trunks_by_hand():
    degrees = np.zeros((5, 9))
    degrees[1, [0, 3]] = (16, 15)  # lumbar and thoracic flexion: 31
    degrees[2, [1, 4]] = (-10, -6)  # side bending to the left: 16
    degrees[3, [2, 5, 6]] = (40, 40, 60)  # turned, and the neck bent: neither
    degrees[4, [0, 3]] = (-40, 0)  # extension is not flexion
    assert is_flexed_or_bent(np.radians(degrees)).tolist() == [False, True, True, False, False]


def test_extras_that_do_not_fit_are_named(people):
    with pytest.raises(InputError, match="lacks the column K"):
        spine_truth(people, _extras(people).drop(columns="K"))
    with pytest.raises(InputError, match="lacks people"):
        spine_truth(people, _extras(people[:-1]))


def test_evaluate_checkpoint_writes_what_coco_tools_read(sketch_root: Path, tmp_path: Path):
    model = PoseModel("t", 37, (64, 64))
    initialise(model, 0)
    save_checkpoint(tmp_path / "s.pt", model, NAMES)
    labels = sketch_root / "annotations" / "person_keypoints_val-synth.json"
    metrics = evaluate_checkpoint(tmp_path / "s.pt", labels, sketch_root / "images", tmp_path / "out")
    assert set(metrics["subsets"]) == set(REPORTED)
    assert metrics["people"] == 8
    assert "spine_error_mm" not in metrics
    rows = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {len(row["keypoints"]) for row in rows} == {111}
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == metrics
    summary = (tmp_path / "out" / "summary.md").read_text()
    assert f"| Spine   | {metrics['subsets']['Spine']['AP']:.3f} " in summary
    assert "millimetres" not in summary
    assert "ridge" not in summary
    assert "SpinePose-s (published)" in (tmp_path / "out" / "comparison.md").read_text()
    errors = json.loads((tmp_path / "out" / "measure_errors.json").read_text())
    assert errors["measures"]["trunk_lean_deg"]["count"] == 8


def test_a_body_model_is_measured_on_what_it_knows(sketch_root: Path, tmp_path: Path):
    model = PoseModel("t", 26, (64, 64))
    initialise(model, 0)
    save_checkpoint(tmp_path / "body.pt", model, NAMES[:26])
    coco = sketch_root / "annotations" / "person_keypoints_val-synth.json"
    metrics = evaluate_checkpoint(tmp_path / "body.pt", coco, sketch_root / "images", tmp_path / "out")
    assert metrics["keypoints_known"] == 26
    assert metrics["mean_oks"].keys() == metrics["mean_pose"]["mean_oks"].keys() == {"Body", "Feet"}
    assert metrics["subsets"].keys() == {"COCO17", "Halpe26", "Body", "Feet"}
    people = list_people(load_coco(coco), sketch_root / "images")
    points, scores = predict_people(open_model(tmp_path / "body.pt", body_too=True), people)
    assert not scores[:, 26:].any()
    expected = mean_oks(points[:, :26], *truth_arrays(people))
    assert metrics["mean_oks"]["Body"] == pytest.approx(expected["Body"])
    assert "spine_error_mm" not in metrics
    assert metrics["measure_errors"]["all"]["lumbar_curvature_deg"].get("count", 0) == 0
    with pytest.raises(InputError, match="another skeleton"):
        open_model(tmp_path / "body.pt")


def test_people_are_told_apart_by_what_a_body_model_knows():
    """Zeros for everybody are no likeness."""
    one = np.column_stack([np.arange(37) * 3.0, np.arange(37) * 5.0, np.ones(37)])
    other = one + np.array([12.0, 12.0, 0.0])
    one[26:] = other[26:] = 0
    rows = [
        {"image_id": 1, "keypoints": p.ravel().tolist(), "score": s} for p, s in ((one, 0.9), (other, 0.8))
    ]
    overlap = float(np.exp(-288 / (2 * 6000.0 * (2 * SIGMAS[:26]) ** 2)).mean())
    assert len(oks_nms(rows, [6000.0] * 2, threshold=overlap + 0.01)) == 2
    assert len(oks_nms(rows, [6000.0] * 2, threshold=overlap - 0.01)) == 1


def test_the_same_numbers_as_other_coco_tools(labels, people):
    from faster_coco_eval import COCO, COCOeval_faster

    rng = np.random.default_rng(0)
    truth, areas = truth_arrays(people)
    wrong = (
        rng.normal(0, 1, truth[..., :2].shape)
        * np.sqrt(areas)[:, None, None]
        * rng.uniform(0, 0.12, (32, 1, 1))
    )
    rows = coco_results(people, truth[..., :2] + wrong, rng.uniform(0.3, 1, (32, 37)))
    ours = average_precision(labels, rows)
    assert 0.1 < ours["Overall"]["AP"] < 0.95
    for name, members in REPORTED.items():
        part = indices(list(members))
        document = coco_document(labels)
        for annotation in document["annotations"]:
            kept = np.reshape(annotation["keypoints"], (-1, 3))[part]
            annotation |= {"keypoints": kept.ravel().tolist(), "num_keypoints": int((kept[:, 2] > 0).sum())}
        cut = [
            {**row, "keypoints": np.reshape(row["keypoints"], (-1, 3))[part].ravel().tolist()} for row in rows
        ]
        reference = COCO(document)
        other = COCOeval_faster(reference, reference.loadRes(cut), "keypoints", kpt_oks_sigmas=SIGMAS[part])
        other.params.kpt_oks_sigmas = SIGMAS[part]
        other.run()
        theirs = dict(zip(("AP", "AP50", "AP75", "AR"), (other.stats[i] for i in (0, 1, 2, 5)), strict=True))
        assert theirs == pytest.approx(ours[name], abs=5e-5), name


def test_pck_and_auc_by_hand(people):
    truth, _ = truth_arrays(people[:2])
    boxes = np.array([[0, 0, 100, 200.0]] * 2)
    points = truth[..., :2].copy()
    points[0, 0] += (6, 8)  # 10 px are 5 % of 200
    points[1, 0] += (16, 0)  # 8 %: only half of a tenth is right
    values = pck_and_auc(points, truth, boxes, {"Nose": ("nose",), "Ears": ("left_ear", "right_ear")})
    assert values["Ears"] == {"PCK": 1.0, "AUC": 1.0}
    assert values["Nose"]["PCK"] == 0.5
    # Thresholds 0.5 % to 10 % in steps of 0.5: 5 % passes 11 of 20 (itself included), 8 % passes 5.
    assert values["Nose"]["AUC"] == pytest.approx((11 + 5) / 40, abs=0.026)
    truth[:, 0, 2] = 0
    assert pck_and_auc(points, truth, boxes, {"Nose": ("nose",)}) == {}


def _regression_set(count: int, noise_px: float, seed: int = 0):
    """People whose spine is a linear function of the body, in boxes of many sizes, with noise on the spine."""
    rng = np.random.default_rng(seed)
    body, chain = indices(list(COCO17_NAMES)), indices(list(SPINE_CHAIN))
    mixing = rng.normal(0, 0.2, (34, 18))
    boxes = np.column_stack([rng.uniform(0, 500, (count, 2)), rng.uniform(80, 300, (count, 2))])
    centre, size = boxes[:, None, :2] + boxes[:, None, 2:] / 2, np.sqrt(boxes[:, 2:].prod(1))[:, None, None]
    relative = rng.normal(0, 0.2, (count, 17, 2))
    points = np.zeros((count, 37, 2))
    points[:, body] = relative * size + centre
    points[:, chain] = (relative.reshape(count, -1) @ mixing).reshape(count, 9, 2) * size + centre
    true = np.dstack([points + rng.normal(0, noise_px, points.shape), np.full((count, 37), 2)])
    return points, true, boxes


def test_ridge_finds_a_linear_spine_and_validates_its_penalty():
    points, true, boxes = _regression_set(300, 0.0)
    groups = np.arange(300) // 3
    ridge = fit_ridge(points[:200], true[:200], boxes[:200], groups[:200])
    found = ridge.predict(points[200:], boxes[200:])
    assert np.abs(found - true[200:, indices(list(SPINE_CHAIN)), :2]).max() < 0.1
    noisy = fit_ridge(*(a[:60] for a in _regression_set(300, 40.0)), groups[:60])
    assert noisy.alpha > ridge.alpha
    assert noisy.cv_error.argmin() > 0
    assert fit_ridge(points[:10], true[:10], boxes[:10], groups[:10]) is None
    assert fit_ridge(points[:50], true[:50], boxes[:50], np.zeros(50)) is None


def test_folds_keep_groups_whole():
    groups = np.array(["b", "a", "b", "c", "a", "d", "e", "f"])
    folds = fold_numbers(groups)
    assert {g: set(folds[groups == g].tolist()) for g in "abcdef"} == {
        "a": {0}, "b": {1}, "c": {2}, "d": {3}, "e": {4}, "f": {0},
    }  # fmt: skip


def test_evaluate_in_detected_boxes_and_beside_the_ridge(sketch_root: Path, tmp_path: Path, people, labels):
    model = PoseModel("t", 37, (64, 64))
    initialise(model, 0)
    save_checkpoint(tmp_path / "s.pt", model, NAMES)
    labels_path = tmp_path / "labels.json"
    save_coco(labels_path, labels)
    subjects = [f"b{i % 6}" for i in range(len(people))]
    _extras(people, subject_id=subjects).to_parquet(tmp_path / "labels.extras.parquet")
    rows = [{"image_id": p.image_id, "bbox": p.box_xywh.tolist(), "score": 0.5} for p in people[4:]]
    rows.append({"image_id": people[0].image_id, "bbox": [0, 0, 4, 4], "score": 0.9})  # nobody
    (tmp_path / "found.json").write_text(json.dumps(rows))
    options = EvaluateOptions(tmp_path / "found.json", labels_path)
    metrics = evaluate_checkpoint(
        tmp_path / "s.pt", labels_path, sketch_root / "images", tmp_path / "out", False, options
    )
    assert (metrics["boxes"], metrics["people"]) == ("detected", 28)
    assert len(json.loads((tmp_path / "out" / "results.json").read_text())) >= 28
    assert metrics["ridge"]["fitted_on"] == 32
    assert metrics["ridge"]["all"]["ridge"]["count"] == 28 * 9
    assert "margin" in metrics["ridge"]["all"]
    summary = (tmp_path / "out" / "summary.md").read_text()
    for words in (
        "28 people, detected boxes",
        "seen from: front",
        "level T12/L1",
        "fitted on 32 training people",
    ):
        assert words in summary
    (tmp_path / "found.json").write_text(json.dumps([{"image_id": 999, "bbox": [0, 0, 1, 1], "score": 1}]))
    with pytest.raises(InputError, match="names image 999"):
        evaluate_checkpoint(
            tmp_path / "s.pt", labels_path, sketch_root / "images", tmp_path / "out", False, options
        )
