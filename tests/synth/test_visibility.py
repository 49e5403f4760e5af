"""The visibility rule on scenes made by hand: a person of flat slabs in front of a camera at the origin."""

from __future__ import annotations

import numpy as np

from synth.camera import look_at
from synth.visibility import SURFACE_KINDS, judge_visibility

TRUNK, HEAD, ARM = 1, 3, 4
CAMERA = look_at(np.array([0.0, 0, 0]), np.array([1.0, 0, 0]), 101, 101, 90)


def scene(depth=3.0, instance=1, part=TRUNK):
    shape = (101, 101)
    return (
        np.full(shape, depth, np.float32),
        np.full(shape, instance, np.uint16),
        np.full(shape, part, np.uint8),
    )


def judge(points, deep, depth, instances, parts, own=TRUNK):
    points = np.atleast_2d(points)
    own_parts = np.zeros((len(points), 16), bool)
    own_parts[:, own] = True
    return judge_visibility(
        CAMERA, points, np.full(len(points), deep), own_parts, depth, instances, parts, 1, frozenset({1, 2})
    )


def test_a_vertebra_behind_its_own_trunk_is_visible_and_the_gap_is_its_depth():
    seen = judge([3.06, 0, 0], True, *scene())
    assert seen.v.tolist() == [2]
    np.testing.assert_allclose(seen.surface_gap_m, 0.06, atol=1e-6)
    assert SURFACE_KINDS[seen.first_surface[0]] == "own_part"


def test_the_gap_is_measured_along_the_ray():
    seen = judge([3.3, 1.65, 0], True, *scene())  # tan = 0.5: the ray is sqrt(1.25) as long as the depth
    np.testing.assert_allclose(seen.surface_gap_m, 0.3 * np.sqrt(1.25), atol=1e-6)


def test_a_vertebra_behind_an_arm_is_hidden():
    seen = judge([3.06, 0, 0], True, *scene(part=ARM))
    assert seen.v.tolist() == [1]
    assert SURFACE_KINDS[seen.first_surface[0]] == "own_other_part"


def test_a_vertebra_behind_another_person_or_an_object_is_hidden():
    for instance, kind in ((2, "other_person"), (0, "object")):
        seen = judge([3.06, 0, 0], True, *scene(depth=1.0, instance=instance))
        assert seen.v.tolist() == [1]
        assert SURFACE_KINDS[seen.first_surface[0]] == kind


def test_a_nose_on_the_surface_is_visible_and_one_seen_from_behind_is_not():
    assert judge([3.01, 0, 0], False, *scene(part=HEAD), own=HEAD).v.tolist() == [2]
    assert judge([3.211, 0, 0], False, *scene(part=HEAD), own=HEAD).v.tolist() == [1]


def test_a_surface_point_at_the_silhouette_whose_pixel_shows_the_background_is_visible():
    depth, instances, parts = scene(depth=np.inf, instance=0, part=0)
    assert judge([3.0, 0, 0], False, depth, instances, parts).v.tolist() == [2]


def test_a_deep_point_over_the_background_is_not_visible():
    depth, instances, parts = scene(depth=np.inf, instance=0, part=0)
    assert judge([3.0, 0, 0], True, depth, instances, parts).v.tolist() == [1]


def test_outside_the_image_and_behind_the_camera_is_zero():
    seen = judge([[3.0, 9.0, 0], [-3.0, 0, 0], [np.nan, np.nan, np.nan]], True, *scene())
    assert seen.v.tolist() == [0, 0, 0]


def test_the_outermost_half_pixel_belongs_to_the_image():
    # Focal length 50.5: pixel -0.4 is inside, -0.6 is not.
    y = np.array([50.4, 50.6]) / 50.5 * 3.0
    seen = judge(np.stack([np.full(2, 3.0), y, np.zeros(2)], 1), True, *scene())
    assert seen.v.tolist() == [2, 0]
