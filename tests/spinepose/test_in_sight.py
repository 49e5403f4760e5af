from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spinepose.coco import load_coco
from spinepose.data import list_people
from spinepose.evaluate import coco_results
from spinepose.evaluation_text import _in_sight
from spinepose.in_sight import in_sight_report
from spinepose.metrics import truth_arrays
from spinepose.skeleton import SUBSETS, indices


@pytest.fixture
def labels(sketch_root: Path):
    return load_coco(sketch_root / "annotations" / "person_keypoints_train-synth.json")


def _with_visibility(labels, rows: np.ndarray, value: int):
    changed = []
    for annotation in labels.annotations:
        keypoints = annotation.keypoints.copy()
        keypoints[rows, 2] = np.where(keypoints[rows, 2] > 0, value, 0)
        changed.append(replace(annotation, keypoints=keypoints))
    return replace(labels, annotations=tuple(changed))


def test_errors_at_hidden_keypoints_count_apart(labels, sketch_root: Path):
    feet = indices(SUBSETS["Feet"])
    dataset = _with_visibility(_with_visibility(labels, np.arange(37), 2), feet[:3], 1)
    people = list_people(dataset, sketch_root / "images")
    points = truth_arrays(people)[0][..., :2].copy()
    points[:, feet[:3]] += 500
    report = in_sight_report(
        dataset, people, points, coco_results(people, points, np.ones((len(people), 37)))
    )
    assert report is not None
    assert (report["Feet"]["AP"], report["Feet"]["mean_oks"]) == (1.0, pytest.approx(1.0))
    assert report["Feet"]["mean_oks_hidden"] == pytest.approx(0.0, abs=1e-3)
    assert report["Feet"]["hidden_share"] == pytest.approx(3 / len(feet))
    assert (report["Spine"]["AP"], report["Spine"]["hidden_share"]) == (1.0, 0.0)
    assert np.isnan(report["Spine"]["mean_oks_hidden"])


def test_labels_that_hide_nothing_have_no_such_table(labels, sketch_root: Path):
    dataset = _with_visibility(labels, np.arange(37), 2)
    people = list_people(dataset, sketch_root / "images")
    points = truth_arrays(people)[0][..., :2]
    assert (
        in_sight_report(dataset, people, points, coco_results(people, points, np.ones((len(people), 37))))
        is None
    )


def test_the_table_shows_a_dash_where_nothing_is_hidden():
    part = {"AP": 0.5, "AR": 0.6, "mean_oks": 0.7, "mean_oks_hidden": None, "hidden_share": 0.0}
    table = list(_in_sight({"Spine": part}))
    assert [cell.strip() for cell in table[2].strip("|").split("|")] == [
        "Spine",
        "0.500",
        "0.600",
        "0.700",
        "-",
        "0",
    ]
