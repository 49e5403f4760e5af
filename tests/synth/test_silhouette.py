"""A body drawn without a renderer: areas and first surfaces of boxes, by hand."""

from __future__ import annotations

import numpy as np

from synth.camera import look_at
from synth.silhouette import first_skin, whole_body

CAMERA = look_at(np.array([0.0, 0, 0]), np.array([1.0, 0, 0]), 101, 101, 90)  # focal length 50.5
FACES = np.array([[0, 1, 2], [0, 2, 3]])


def wall(x, y0, y1, z0, z1):
    return np.array([[x, y0, z0], [x, y1, z0], [x, y1, z1], [x, y0, z1]], float)


def test_area_and_box_of_a_wall_ahead():
    whole = whole_body(CAMERA, wall(2.0, -0.5, 0.5, -0.8, 0.8), FACES)
    # 1.0 m x 1.6 m at 2 m: 25.25 x 40.4 pixels about the middle (50, 50).
    np.testing.assert_allclose(whole.area_px, 25.25 * 40.4, rtol=0.02)
    assert whole.box_xywh.tolist() == [37, 30, 27, 41]


def test_a_whole_body_does_not_end_at_the_edge_of_the_picture():
    inside, cut = (whole_body(CAMERA, wall(2.0, y - 0.5, y + 0.5, -0.8, 0.8), FACES) for y in (0.0, 2.0))
    np.testing.assert_allclose(cut.area_px, inside.area_px, rtol=0.02)
    assert cut.box_xywh[0] < 0  # left is +y


def test_what_stands_behind_the_camera_has_no_size():
    whole = whole_body(CAMERA, wall(-2.0, -0.5, 0.5, -0.8, 0.8), FACES)
    assert (whole.area_px, whole.box_xywh.tolist()) == (0.0, [0, 0, 0, 0])


def test_a_shape_seen_twice_counts_once():
    vertices = np.concatenate([wall(2.0, -0.5, 0.5, -0.8, 0.8), wall(3.0, -0.5, 0.5, -0.8, 0.8)])
    whole = whole_body(CAMERA, vertices, np.concatenate([FACES, FACES + 4]))
    np.testing.assert_allclose(whole.area_px, 25.25 * 40.4, rtol=0.02)


def test_the_nearer_body_comes_first_and_depth_is_planar():
    near, far = wall(2.0, 0.0, 1.0, -1, 1), wall(3.0, -1.0, 1.0, -1, 1)
    parts = [np.full(4, 4, np.uint8), np.full(4, 1, np.uint8)]
    seen = first_skin(CAMERA, [near, far], [FACES, FACES], parts)
    assert (seen.person[50, 40], seen.part[50, 40]) == (0, 4)
    assert (seen.person[50, 55], seen.part[50, 55]) == (1, 1)
    assert (seen.person[50, 0], seen.part[50, 0]) == (-1, 0)
    np.testing.assert_allclose([seen.depth_m[50, 40], seen.depth_m[50, 55]], [2.0, 3.0])
    assert np.isinf(seen.depth_m[50, 0])


def test_depth_of_a_slanted_wall_is_that_of_its_plane():
    slanted = np.array([[2.0, -1, -1], [4.0, 1, -1], [4.0, 1, 1], [2.0, -1, 1]])
    seen = first_skin(CAMERA, [slanted], [FACES], [np.ones(4, np.uint8)])
    # On the ray of column 50 (y = 0) the plane x = 3 + y lies at x = 3.
    np.testing.assert_allclose(seen.depth_m[50, 50], 3.0, atol=1e-6)
