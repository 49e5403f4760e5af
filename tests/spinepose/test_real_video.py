"""The stand-in that judges real videos, and the script that makes its reference: what needs no MediaPipe."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.real_video import body_accepted, share_line, spine_accepted
from spinepose.coco import Annotation
from spinepose.skeleton import INDEX, NAMES, SPINE_CHAIN, indices

SCRIPT = Path(__file__).parents[2] / "examples" / "mediapipe_keypoints.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("mediapipe_keypoints", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _person() -> tuple[np.ndarray, Annotation]:
    """Someone upright, 400 px tall, whose trunk is 120 px long: found as known."""
    rows = {"shoulder": -60, "elbow": 0, "wrist": 60, "hip": 60, "knee": 150, "ankle": 240, "ear": -120}
    points = np.zeros((37, 3))
    for part, y in rows.items():
        points[indices([f"left_{part}", f"right_{part}"])] = [[30, y, 2], [-30, y, 2]]
    known = points.copy()
    points[indices(SPINE_CHAIN), 1] = [60, 45, 25, 5, -20, -45, -65, -85, -110]
    points[:, 2] = 0.9
    return points, Annotation(1, 1, known, np.array([-60.0, -150, 120, 400]), 20_000.0)


def test_a_body_may_miss_one_joint_and_no_two():
    points, annotation = _person()
    assert body_accepted(points, annotation)
    points[INDEX["left_wrist"], 0] += 21  # 5 % of 400 are 20 px
    assert body_accepted(points, annotation)
    points[INDEX["right_knee"], 0] += 21
    assert not body_accepted(points, annotation)


@pytest.mark.parametrize(
    ("name", "shift", "accepted"),
    [
        ("spine_03", (0, 0), True),
        ("spine_03", (20, 0), True),
        ("spine_03", (26, 0), False),  # over a fifth of the trunk's 120 px beside the line
        ("spine_03", (0, -30), False),  # above the next one
        ("hip", (0, -45), False),
        ("neck", (45, 0), False),
        ("neck_03", (0, 60), False),  # C1 far from the ears
    ],
)
def test_a_spine_lies_along_the_trunk_in_order(name: str, shift: tuple[int, int], accepted: bool):
    points, annotation = _person()
    points[INDEX[name], :2] += shift
    assert spine_accepted(points, annotation) is accepted
    annotation.keypoints[INDEX["left_hip"], 2] = 0
    assert spine_accepted(points, annotation) is None


def test_a_share_has_wilson_s_interval():
    assert share_line("body", [True] * 8 + [False] * 2) == "body: 8 of 10 frames, 80% (49% to 94%)"
    assert share_line("body", []) == "body: no frame"


def test_mediapipe_s_points_are_ours_by_name_and_swap_with_their_other_side(script):
    assert set(script.NAMES) <= set(NAMES)
    assert [script.NAMES[i] for i in script.SWAP][:3] == ["nose", "right_eye", "left_eye"]
    assert sorted(script.SWAP) == list(range(21))


def test_points_on_which_the_views_disagree_lose_their_confidence(script):
    views = np.ones((4, 21, 3)) * (50.0, 60.0, 0.9)
    views[2:, 5, 0] += 40  # half of the views swap sides: 20 px off the median, of 200
    found = script.agree(views, 200.0)
    assert found[0].tolist() == [50.0, 60.0, 0.9]
    assert found[5, 2] < 0.5 * 0.9
    row = script.annotation(3, script.Found(found, np.array([1.0, 2, 100, 200]), 9000.0))
    assert np.reshape(row["keypoints"], (21, 3))[5].tolist() == [0, 0, 0]
    assert (row["num_keypoints"], row["area"], row["bbox"]) == (20, 9000.0, [1.0, 2.0, 100.0, 200.0])


def test_a_mask_s_box_and_the_square_around_it_stay_in_the_picture(script):
    mask = np.zeros((100, 80), bool)
    mask[10:70, 20:31] = True
    box = script.mask_box(mask)
    assert box.tolist() == [20, 10, 11, 60]
    assert script.square(box, 1.0, mask.shape) == (0, 10, 56, 70)
    assert script.square(box, 2.0, mask.shape) == (0, 0, 80, 100)
