"""Labels of one person: box and area from the mask, view, COCO's flat list, the 3D truth beside it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.labels import SPINE_INDICES, Frame, full_keypoints, label_person, mask_box, view_of
from spinepose.skeleton import INDEX, NUM_KEYPOINTS
from synth.body.parts import PARTS
from synth.camera import look_at, project

FRONT = look_at(np.array([3.0, 0, 1]), np.array([0.0, 0, 1]), 160, 120, 60)
LEFT_OF_PERSON = np.array([0.0, 0.2, 0.0])  # the person faces +x


def test_box_counts_pixels_like_pycocotools():
    from pycocotools import mask as coco_mask

    mask = np.zeros((20, 30), np.uint8)
    mask[4:9, 7:20] = 1
    assert mask_box(mask.astype(bool)) == [7, 4, 13, 5]
    assert coco_mask.toBbox(coco_mask.encode(np.asfortranarray(mask))).tolist() == [7, 4, 13, 5]
    assert mask_box(np.zeros((4, 4), bool)) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("camera_at", "view"), [((3, 0), "front"), ((-3, 0), "back"), ((0, 3), "left"), ((0, -3), "right")]
)
def test_view_names_the_side_that_the_camera_sees(camera_at, view):
    camera = look_at(np.array([*camera_at, 1.0]), np.array([0.0, 0, 1]), 160, 120, 60)
    assert view_of(LEFT_OF_PERSON, np.array([0.0, 0, 1]), camera) == view


def test_the_fit_fills_exactly_the_nine_spine_points():
    body = np.zeros((NUM_KEYPOINTS, 3))
    body[SPINE_INDICES] = np.nan
    full = full_keypoints(body, np.arange(27.0).reshape(9, 3))
    assert np.isfinite(full).all()
    np.testing.assert_array_equal(full[INDEX["hip"]], [0, 1, 2])  # the chain starts at the sacrum
    np.testing.assert_array_equal(full[INDEX["neck_03"]], [24, 25, 26])


def test_a_person_of_one_slab():
    points = np.tile([0.0, 0.0, 1.0], (NUM_KEYPOINTS, 1))
    points[INDEX["left_hip"]], points[INDEX["right_hip"]] = [0, 0.1, 1], [0, -0.1, 1]
    points[INDEX["nose"]] = [0.0, 9.0, 1.0]  # far outside the picture
    depth = np.full((120, 160), np.inf, np.float32)
    instance, part = np.zeros((120, 160), np.uint8), np.zeros((120, 160), np.uint8)
    depth[30:90, 60:100], instance[30:90, 60:100], part[30:90, 60:100] = 2.9, 1, PARTS["trunk"]
    person = SimpleNamespace(
        instance=1, subject_id="b", trial_id="t", time_s=0.1, clip="c", authored_world_m=np.zeros(27)
    )
    frame = Frame(SimpleNamespace(frame_id="f"), FRONT, depth, instance, part)
    label = label_person(frame, person, points, np.full(9, 0.004), frozenset({1}))
    assert label["area"] == 60 * 40
    assert label["bbox"] == [60, 30, 40, 60]
    flat = np.array(label["keypoints"]).reshape(-1, 3)
    assert flat[INDEX["nose"]].tolist() == [0, 0, 0]
    assert label["num_keypoints"] == NUM_KEYPOINTS - 1
    np.testing.assert_allclose(
        flat[INDEX["left_hip"], :2], project(FRONT, points[INDEX["left_hip"]]), atol=1e-3
    )
    assert (
        flat[INDEX["left_hip"], 0] > flat[INDEX["right_hip"], 0]
    )  # seen from the front, left is on the right
    assert flat[INDEX["spine_03"], 2] == 2  # behind its own trunk
    assert flat[INDEX["left_elbow"], 2] == 1  # the first surface is the trunk, not the arm
    assert label["extras"]["view"] == "front"
    gap = np.array(label["extras"]["surface_gap_m"])[INDEX["spine_03"]]
    np.testing.assert_allclose(gap, 0.1, atol=1e-3)
    back = np.array(label["extras"]["keypoints_cam_m"]).reshape(-1, 3)
    K = np.array(label["extras"]["K"]).reshape(3, 3)
    pixels = (back @ K.T)[:, :2] / back[:, 2:]
    np.testing.assert_allclose(pixels[INDEX["left_hip"]], flat[INDEX["left_hip"], :2], atol=1e-3)
