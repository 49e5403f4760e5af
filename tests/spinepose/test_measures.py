from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.measures import (
    errors_document,
    find_errors,
    lateral_deviation_percent,
    measure_errors,
    read_errors,
    spine_measures,
    trunk_lean_deg,
)
from spinepose.skeleton import INDEX, SPINE_CHAIN


@pytest.fixture
def upright() -> np.ndarray:
    points = np.zeros((37, 2))
    for level, name in enumerate(SPINE_CHAIN):
        points[INDEX[name]] = (100, 200 - 10 * level)
    return points


def test_angles_by_hand(upright: np.ndarray):
    assert all(value == pytest.approx(0) for value in spine_measures(upright).values())
    leaning = upright.copy()
    leaning[INDEX["neck"]] = (160, 200)  # level with the sacrum, to the right
    assert float(trunk_lean_deg(leaning)) == pytest.approx(90)
    bent = upright.copy()
    bent[INDEX["neck_03"]] = bent[INDEX["neck_02"]] + (10, 0)
    assert float(spine_measures(bent)["cervical_curvature_deg"]) == pytest.approx(90)
    stacked = spine_measures(np.stack([upright, bent]))["cervical_curvature_deg"]
    np.testing.assert_allclose(stacked, [0, 90], atol=1e-9)


def test_lateral_deviation_by_hand(upright: np.ndarray):
    aside = upright.copy()
    aside[INDEX["spine_03"]] += (6, 0)  # 6 of 60 px, to the right of who looks up
    aside[INDEX["spine_05"]] -= (3, 0)
    assert float(lateral_deviation_percent(aside)) == pytest.approx(10)
    mirrored = aside * (-1, 1)
    assert float(lateral_deviation_percent(mirrored)) == pytest.approx(-10)
    turned = aside[:, ::-1] * (-1, 1)  # a quarter turn moves no measure that is relative to the spine
    assert float(lateral_deviation_percent(turned)) == pytest.approx(10)
    assert np.isnan(lateral_deviation_percent(np.zeros((37, 2))))


def test_what_is_not_seen_is_not_measured(upright: np.ndarray):
    seen = np.ones(37, bool)
    seen[INDEX["spine_01"]] = False
    values = spine_measures(upright, seen)
    assert np.isnan(values["lumbar_curvature_deg"])
    assert float(values["trunk_lean_deg"]) == pytest.approx(0)


def test_errors_by_hand_and_through_a_file(upright: np.ndarray, tmp_path: Path):
    truth = np.dstack([np.stack([upright] * 3), np.full((3, 37), 2)])
    found = truth[..., :2].copy()
    for i, degrees in enumerate((0.0, 2.0, -4.0)):
        up = 60 * np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))])
        found[i, INDEX["neck"]] = found[i, INDEX["hip"]] + up
    lean = measure_errors(found, truth)["trunk_lean_deg"]
    assert lean == {"count": 3, "bias": 0.0, "p50": 2.0, "p68": 2.72, "p95": 3.8}
    truth[:, INDEX["neck"], 2] = 0
    assert measure_errors(found, truth)["trunk_lean_deg"] == {"count": 0}
    (tmp_path / "evaluation").mkdir()
    path = tmp_path / "evaluation" / "measure_errors.json"
    path.write_text(json.dumps(errors_document({"trunk_lean_deg": lean}, "held out")))
    assert find_errors(tmp_path / "student.pt") == path
    assert read_errors(path)["measures"]["trunk_lean_deg"]["p68"] == 2.72
    assert find_errors(tmp_path / "evaluation" / "other.pt") is None


def test_an_upside_down_trunk_wraps_round(upright: np.ndarray):
    truth = np.dstack([upright[None], np.full((1, 37), 2)])
    truth[0, INDEX["neck"], :2] = (100.5, 260)  # nearly +180 degrees
    found = truth[..., :2].copy()
    found[0, INDEX["neck"]] = (99.5, 260)  # nearly -180
    assert measure_errors(found, truth)["trunk_lean_deg"]["p50"] < 2


@pytest.mark.parametrize(
    ("content", "words"),
    [("[]", "no file of measure errors"), ("{", "as JSON"), ('{"measures": {}}', "schema_version None")],
)
def test_bad_error_files_are_one_line(content: str, words: str, tmp_path: Path):
    (tmp_path / "e.json").write_text(content)
    with pytest.raises(InputError, match=words):
        read_errors(tmp_path / "e.json")
    with pytest.raises(InputError, match="no such file"):
        read_errors(tmp_path / "none.json")
