"""Labels of one person: box and area from the mask, view, COCO's flat list, the 3D truth beside it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.labels import (
    SPINE_INDICES,
    Frame,
    full_keypoints,
    label_person,
    mask_box,
    view_of,
    without_ids,
)
from pipelines.posed import PosedSkin
from pipelines.spines import Spine
from spinepose.skeleton import INDEX, NUM_KEYPOINTS
from synth.body.parts import PARTS
from synth.camera import look_at, project
from synth.silhouette import first_skin
from synth.visibility import SURFACE_KINDS

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


FACES = np.array([[0, 1, 2], [0, 2, 3]])


def slab(x_m=0.0, y_m=(-0.3, 0.3), z_m=(0.2, 1.8), part="trunk"):
    """A flat person across the camera's axis."""
    corners = [[x_m, y_m[0], z_m[0]], [x_m, y_m[1], z_m[0]], [x_m, y_m[1], z_m[1]], [x_m, y_m[0], z_m[1]]]
    return PosedSkin(np.array(corners), FACES, np.full(4, PARTS[part], np.uint8))


def someone(points, instance=1, authored=None):
    return SimpleNamespace(
        instance=instance, subject_id="b", trial_id="t", frame_id="f", time_s=0.1, clip="c",
        keypoints_world_m=points.ravel(),
        authored_world_m=(np.full((9, 3), np.nan) if authored is None else authored).ravel(),
    )  # fmt: skip


def a_spine(points):
    covariance = np.tile(np.diag([1.0, 4.0, 9.0]) * 1e-6, (9, 1, 1))
    return Spine(points[SPINE_INDICES], np.full(9, 0.004), covariance, np.ones(9, bool), np.arange(9) / 10)


def standing_points():
    points = np.tile([0.1, 0.0, 1.0], (NUM_KEYPOINTS, 1))
    points[INDEX["left_hip"]], points[INDEX["right_hip"]] = [-0.1, 0.1, 1], [-0.1, -0.1, 1]
    points[SPINE_INDICES, 0] = -0.1
    points[INDEX["nose"]] = [0.0, 9.0, 1.0]  # far outside the picture
    return points


def drawn(rows=(30, 90), columns=(60, 100), depth_m=2.9):
    depth = np.full((120, 160), np.inf, np.float32)
    instance, part = np.zeros((120, 160), np.uint8), np.zeros((120, 160), np.uint8)
    where = slice(*rows), slice(*columns)
    depth[where], instance[where], part[where] = depth_m, 1, PARTS["trunk"]
    return Frame(SimpleNamespace(frame_id="f", place="p"), FRONT, depth, instance, part)


def test_a_person_of_one_slab():
    points, authored = standing_points(), standing_points()[SPINE_INDICES] - [0.01, 0.0, 0.02]
    person = someone(points, authored=authored)
    label = label_person(drawn(), person, a_spine(points), slab(), frozenset({1}), "s")
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
    extras = label["extras"]
    assert (extras["view"], extras["set_id"], extras["approximate"]) == ("front", "s", False)
    np.testing.assert_allclose(extras["surface_gap_m"][INDEX["spine_03"]], 0.2, atol=1e-3)
    assert SURFACE_KINDS[extras["first_surface"][INDEX["left_elbow"]]] == "own_other_part"
    np.testing.assert_allclose(extras["fit_minus_authored_world_m"].reshape(9, 3), [[0.01, 0, 0.02]] * 9)
    np.testing.assert_allclose(extras["covariance_world_m2"].reshape(9, 3, 3)[4, 1, 1], 4e-6)
    np.testing.assert_array_equal(extras["spine_angles_rad"], np.arange(9) / 10)


def test_both_stored_3d_ways_lead_to_the_labels():
    points = standing_points()
    label = label_person(drawn(), someone(points), a_spine(points), slab(), frozenset({1}), "s")
    flat, extras = np.array(label["keypoints"]).reshape(-1, 3), label["extras"]
    K, R = extras["K"].reshape(3, 3), extras["R_world_to_cam"].reshape(3, 3)
    world = extras["keypoints_world_m"].reshape(-1, 3)
    np.testing.assert_array_equal(extras["authored_cam_m"], [])  # this world has no hidden anatomy
    for cam in (extras["keypoints_cam_m"].reshape(-1, 3), world @ R.T + extras["t_world_to_cam_m"]):
        pixels = (cam @ K.T)[:, :2] / cam[:, 2:]
        np.testing.assert_allclose(pixels[flat[:, 2] > 0], flat[flat[:, 2] > 0, :2], atol=1e-3)


def test_the_amodal_box_holds_the_hidden_rest_and_reaches_beyond_the_picture():
    points = standing_points()
    # FRONT has 138.6 pixels a metre at one metre: at 3 m the slab of 0.6 x 1.6 m is 27.7 x 73.9 pixels.
    label = label_person(drawn(), someone(points), a_spine(points), slab(), frozenset({1}), "s")
    assert label["bbox_amodal"] == [60, 23, 40, 74]  # as wide as the cloth that is seen, as tall as the body
    far_left = label_person(
        drawn(), someone(points), a_spine(points), slab(y_m=(1.0, 3.0)), frozenset({1}), "s"
    )
    x, _, width, _ = far_left["bbox_amodal"]
    assert x + width > 160  # the person's left is the picture's right


@pytest.mark.parametrize(("rows", "crowd"), [((30, 36), 0), ((30, 33), 1)])
def test_who_is_seen_by_less_than_a_tenth_is_a_crowd(rows, crowd):
    points = standing_points()
    frame = drawn(rows, (60, 96))  # 36 columns; the whole slab covers 2048 pixels
    label = label_person(frame, someone(points), a_spine(points), slab(), frozenset({1}), "s")
    assert label["iscrowd"] == crowd
    np.testing.assert_allclose(
        label["extras"]["visible_share"], 36 * (rows[1] - rows[0]) / (27.71 * 73.9), rtol=0.02
    )


def test_a_world_without_ids_is_asked_by_depth():
    """Person 1 stands 0.4 m before person 2, who is as tall and twice as broad; a crate hides the picture's top."""
    bodies = {1: slab(0.4), 2: slab(0.0, (-0.6, 0.6))}
    skins = list(bodies.values())
    faces, parts = [FACES, FACES], [skin.part_id for skin in skins]
    depth = first_skin(FRONT, [skin.vertices_m for skin in skins], faces, parts).depth_m
    depth[:40] = 1.0
    blank = np.zeros((120, 160), np.uint8)
    frame = Frame(SimpleNamespace(frame_id="f", place="p"), FRONT, depth, blank, blank)
    told = without_ids(frame, bodies)
    assert told.approximate
    assert told.instance_id[60, 80] == 1
    assert told.instance_id[60, 60] == 2
    assert told.part_id[60, 80] == PARTS["trunk"]
    assert not told.instance_id[:40].any()
    assert not told.instance_id[60, :40].any()
    points = standing_points()
    label = label_person(told, someone(points, 2), a_spine(points), bodies[2], frozenset({1, 2}), "s")
    assert label["extras"]["approximate"]
    kinds = [SURFACE_KINDS[kind] for kind in label["extras"]["first_surface"]]
    assert kinds[INDEX["spine_03"]] == "other_person"


def test_a_mask_of_people_is_kept_where_only_the_parts_are_missing():
    bodies = {1: slab(0.0)}
    frame = drawn(depth_m=2.98)
    told = without_ids(replace(frame, part_id=np.zeros_like(frame.part_id)), bodies)
    np.testing.assert_array_equal(told.instance_id, frame.instance_id)
    assert told.part_id[60, 80] == PARTS["trunk"]
    assert told.part_id[60, 61] == PARTS["none"]  # cloth beyond the skin
    assert without_ids(frame, bodies) is frame
