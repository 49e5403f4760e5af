"""Camera and Unreal coordinates: hand-computed points, handedness, round trips."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from spinepose.errors import InputError
from synth.camera import intrinsics, look_at, project, to_camera, unproject
from synth.unreal_coords import (
    axes_to_rotator,
    camera_from_unreal,
    camera_to_unreal,
    from_unreal_cm,
    rotator_axes,
    to_unreal_cm,
    yaw_from_unreal_deg,
    yaw_to_unreal_deg,
)


def test_optical_axis_meets_the_middle_between_pixel_centres():
    camera = look_at(np.array([-3.0, 0, 1]), np.array([0.0, 0, 1]), 640, 480, 60)
    np.testing.assert_allclose(project(camera, np.array([0.0, 0, 1])), [319.5, 239.5], atol=1e-9)


def test_left_is_left_and_up_is_up():
    # The camera looks along +x: the world's +y is on its left, +z is up (a smaller row).
    camera = look_at(np.array([-3.0, 0, 1]), np.array([0.0, 0, 1]), 640, 480, 60)
    assert project(camera, np.array([0.0, 0.5, 1]))[0] < 319.5
    assert project(camera, np.array([0.0, 0.0, 1.5]))[1] < 239.5


def test_focal_length_from_horizontal_fov():
    # 90 degrees: half the width is as far away as the image plane.
    assert intrinsics(200, 100, 90)[0, 0] == pytest.approx(100.0)


def test_points_behind_are_nan():
    camera = look_at(np.array([0.0, 0, 0]), np.array([1.0, 0, 0]), 64, 64, 60)
    assert np.isnan(project(camera, np.array([-1.0, 0, 0]))).all()


def test_project_agrees_with_opencv():
    rng = np.random.default_rng(0)
    for _ in range(20):
        camera = look_at(rng.normal(size=3) * 3, rng.normal(size=3), 640, 480, 50, rng.normal() * 0.2)
        points = unproject(camera, rng.uniform(0, 400, (5, 2)), rng.uniform(1, 9, 5))
        expected, _ = cv2.projectPoints(
            points, cv2.Rodrigues(camera.R_world_to_cam)[0], camera.t_world_to_cam_m, camera.K, None
        )
        np.testing.assert_allclose(project(camera, points), expected[:, 0], atol=1e-6)


def test_unproject_undoes_project():
    rng = np.random.default_rng(1)
    camera = look_at(np.array([2.0, -4, 1.5]), np.array([0.0, 0, 1]), 321, 241, 47, 0.1)
    points = rng.normal(size=(10, 3)) * 0.5 + [0, 0, 1]
    np.testing.assert_allclose(
        unproject(camera, project(camera, points), to_camera(camera, points)[:, 2]), points, atol=1e-9
    )


@pytest.mark.parametrize(("fov", "message"), [(0.0, "field of view"), (180.0, "field of view")])
def test_impossible_fov_is_refused(fov, message):
    with pytest.raises(InputError, match=message):
        intrinsics(640, 480, fov)


def test_a_vertical_axis_is_refused():
    with pytest.raises(InputError, match="straight up or down"):
        look_at(np.array([0.0, 0, 3]), np.array([0.0, 0, 0]), 64, 64, 60)


def test_unreal_flips_y_and_scales():
    np.testing.assert_allclose(to_unreal_cm(np.array([1.0, 2, 3])), [100, -200, 300])
    np.testing.assert_allclose(from_unreal_cm(np.array([100.0, -200, 300])), [1, 2, 3])


def test_yaw_turns_right_in_unreal():
    forward = rotator_axes(0, 90, 0)[:, 0]
    np.testing.assert_allclose(forward, [0, 1, 0], atol=1e-12)  # +Y is right in Unreal
    assert yaw_to_unreal_deg(np.pi / 2) == pytest.approx(-90)
    assert yaw_from_unreal_deg(yaw_to_unreal_deg(0.3)) == pytest.approx(0.3)


def test_positive_pitch_looks_up_and_positive_roll_lowers_the_right():
    assert rotator_axes(30, 0, 0)[2, 0] == pytest.approx(0.5)
    assert rotator_axes(0, 0, 30)[2, 1] == pytest.approx(-0.5)


def test_rotator_round_trip():
    rng = np.random.default_rng(2)
    for pitch, yaw, roll in rng.uniform([-89, -179, -179], [89, 179, 179], (200, 3)):
        np.testing.assert_allclose(
            axes_to_rotator(rotator_axes(pitch, yaw, roll)), (pitch, yaw, roll), atol=1e-8
        )


def test_camera_round_trip_through_unreal():
    rng = np.random.default_rng(3)
    for _ in range(50):
        camera = look_at(rng.normal(size=3) * 3, rng.normal(size=3), 640, 480, 55, rng.normal() * 0.3)
        back = camera_from_unreal(*camera_to_unreal(camera), 640, 480)
        np.testing.assert_allclose(back.R_world_to_cam, camera.R_world_to_cam, atol=1e-9)
        np.testing.assert_allclose(back.t_world_to_cam_m, camera.t_world_to_cam_m, atol=1e-9)
        np.testing.assert_allclose(back.K, camera.K, atol=1e-9)
        assert np.linalg.det(camera.R_world_to_cam) == pytest.approx(1)
