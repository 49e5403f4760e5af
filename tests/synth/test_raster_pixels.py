"""Rendered balls prove what a pixel is; ids are whole; the same scene gives the same bytes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.camera import Camera, look_at, project, to_camera, unproject
from synth.world.meshes import Material, merge, pose_matrix
from synth.world.places import studio
from synth.world.raster import Renderer
from synth.world.raster_images import Images
from synth.world.solids import ball, box

SIZES = [(321, 241), (200, 333)]


@pytest.fixture(scope="module", params=["fine", "fast"])
def renderer(request: pytest.FixtureRequest) -> Renderer:
    return Renderer(request.param, shadow_size=256)


@pytest.fixture
def empty(renderer: Renderer) -> Renderer:
    """The renderer with nothing in it but a floor."""
    for key in list(renderer._things):
        renderer.remove_object(key)
    renderer.set_place(studio())
    return renderer


def _camera(width: int, height: int) -> Camera:
    camera = look_at(np.array([4.0, 1.0, 1.6]), np.array([0.1, -0.2, 1.1]), width, height, 58.0, roll_rad=0.1)
    K = camera.K.copy()
    K[1, 1] *= 1.03  # pixels that are not square, so that no axis can stand for the other
    return Camera(width, height, K, camera.R_world_to_cam, camera.t_world_to_cam_m)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_ball_centroid_and_depth_meet_the_projection(empty: Renderer, width: int, height: int) -> None:
    camera = _camera(width, height)
    rng = rng_for(0, "balls", width)
    empty.set_object("floor", np.eye(4), visible=False)
    errors_px, errors_m = [], []
    for _ in range(20):
        pixel = rng.uniform([0.15 * width, 0.15 * height], [0.85 * width, 0.85 * height])
        depth = rng.uniform(1.5, 9.0)
        radius = 14.0 * depth / camera.K[0, 0]
        center = unproject(camera, pixel, np.array(depth))
        empty.upload_object("ball", merge([ball(radius, segments=96)]))
        empty.set_object("ball", pose_matrix(center))
        # A disc of whole pixels has a centroid that wanders by 0.15 px / sqrt(radius) in x and in y, so that
        # the worst of sixty is off by more than a tenth; the mean of four subpixel positions by half of that.
        shifted = [_shifted(camera, dx, dy) for dx in (0.0, 0.5) for dy in (0.0, 0.5)]
        errors_px.append(np.mean([_centroid_error(empty, each, center, radius) for each in shifted], axis=0))
        errors_m.append(_depth_error(empty, camera, center, radius) / radius)
    worst_px = np.linalg.norm(errors_px, axis=1).max()
    bias_px = np.abs(np.mean(errors_px, axis=0)).max()
    worst_m = np.abs(errors_m).max()
    assert worst_px < 0.1, f"centroid off by {worst_px:.3f} px"
    assert bias_px < 0.03, f"centroids are off by {bias_px:.3f} px on average: a shift of the whole picture"
    assert worst_m < 2e-3, f"depth off by {worst_m:.4f} of the radius; facets explain 0.001"


def _shifted(camera: Camera, dx: float, dy: float) -> Camera:
    """The same camera with its principal point moved, pixels."""
    K = camera.K + np.array([[0, 0, dx], [0, 0, dy], [0, 0, 0]])
    return Camera(camera.width, camera.height, K, camera.R_world_to_cam, camera.t_world_to_cam_m)


def _centroid_error(renderer: Renderer, camera: Camera, center: np.ndarray, radius: float) -> np.ndarray:
    rows, columns = np.nonzero(renderer.render(camera, {"ball": 3}).instance_id == 3)
    expected = project(camera, center) + _perspective_shift(camera, center, radius)
    return np.array([columns.mean() - expected[0], rows.mean() - expected[1]])


def _depth_error(renderer: Renderer, camera: Camera, center: np.ndarray, radius: float) -> float:
    images = renderer.render(camera, {"ball": 3})
    column, row = np.round(project(camera, center)).astype(int)
    ray = unproject(camera, np.array([column, row]), np.array(1.0)) - camera.position_world_m
    return float(images.depth_m[row, column] - _hit_depth(camera, ray, center, radius))


def _perspective_shift(camera: Camera, center: np.ndarray, radius: float) -> np.ndarray:
    """How far the centroid of a ball's outline (an ellipse) lies from the projection of the ball's centre.

    The outline is the cone ``d' M d = 0`` with ``M = c c' - (|c|^2 - r^2) I``; its centre has no gradient.
    """
    c = to_camera(camera, center)
    M = np.outer(c, c) - (c @ c - radius**2) * np.eye(3)
    x, y = np.linalg.solve(M[:2, :2], -M[:2, 2])
    K = camera.K
    return np.array([K[0, 0] * (x - c[0] / c[2]), K[1, 1] * (y - c[1] / c[2])])


def _hit_depth(camera: Camera, ray: np.ndarray, center: np.ndarray, radius: float) -> float:
    """Planar depth where a ray (of planar depth 1) first meets a ball."""
    offset = camera.position_world_m - center
    a, b, c = ray @ ray, ray @ offset, offset @ offset - radius**2
    return float((-b - np.sqrt(b * b - a * c)) / a)


def test_top_left_pixel_is_the_top_left_ray(empty: Renderer) -> None:
    """Not upside down, not mirrored: the floor is below, a ball on the camera's right is on the right."""
    camera = look_at(np.array([4.0, 0.0, 1.5]), np.array([0.0, 0.0, 1.5]), 100, 80, 60.0)
    empty.upload_object("ball", merge([ball(0.3)]))
    empty.set_object("ball", pose_matrix((0.0, 1.0, 1.5)))  # looking along -x, +y is on the right
    images = empty.render(camera, {"floor": 1, "ball": 2})
    assert images.instance_id[79, 50] == 1
    assert images.instance_id[0, 50] == 0
    assert np.isinf(images.depth_m[0, 50])
    assert np.nonzero(images.instance_id == 2)[1].mean() > 60


def test_normals_are_unit_and_face_the_camera(empty: Renderer) -> None:
    camera = look_at(np.array([3.0, 0.5, 2.0]), np.array([0.0, 0.0, 0.3]), 120, 90, 50.0)
    empty.upload_object("crate", merge([box((0.6, 0.6, 0.6), bevel_m=0.0, center_m=(0, 0, 0.3))]))
    images = empty.render(camera, {"crate": 9, "floor": 1})
    crate = images.instance_id == 9
    np.testing.assert_allclose(np.linalg.norm(images.normal_world[crate], axis=1), 1.0, atol=1e-5)
    top = crate & (images.normal_world[..., 2] > 0.99)
    front = crate & (images.normal_world[..., 0] > 0.99)
    assert top.sum() > 50
    assert front.sum() > 50
    np.testing.assert_allclose(images.normal_world[images.instance_id == 1][:, 2], 1.0, atol=1e-5)


def _quad_character() -> tuple[list[SimpleNamespace], np.ndarray, np.ndarray, np.ndarray]:
    """Two squares one above the other in the plane x = 0, facing +x: part 3 above part 1."""
    square = np.array([[0, -0.5, 0], [0, 0.5, 0], [0, 0.5, 0.5], [0, -0.5, 0.5]])
    vertices = np.concatenate([square, square + np.array([0, 0, 0.5])])
    texture = np.full((2, 2, 3), 200, np.uint8)
    parts = [
        SimpleNamespace(
            name=name,
            vertices=slice(start, start + 4),
            faces=np.array([[0, 1, 2], [0, 2, 3]]),
            uv=np.zeros((4, 2), np.float32),
            texture=texture,
            roughness=0.5,
        )
        for name, start in (("low", 0), ("high", 4))
    ]
    return parts, vertices, np.tile([1.0, 0, 0], (8, 1)), np.repeat([1, 3], 4).astype(np.uint8)


def test_character_ids_parts_and_removal(empty: Renderer) -> None:
    parts, vertices, normals, part_id = _quad_character()
    empty.upload_character("anna", parts, part_id)
    camera = look_at(np.array([3.0, 0.0, 0.5]), np.array([0.0, 0.0, 0.5]), 101, 81, 50.0)
    assert not (empty.render(camera, {"anna": 500}).instance_id == 500).any()  # no pose yet
    empty.update_character("anna", vertices, normals, pose_matrix((0.0, 0.0, 0.0)))
    images = empty.render(camera, {"anna": 500, "floor": 1})
    anna = images.instance_id == 500
    assert set(np.unique(images.part_id[anna])) == {1, 3}
    assert set(np.unique(images.part_id[~anna])) == {0}
    assert images.part_id[30, 50] == 3
    assert images.part_id[50, 50] == 1
    np.testing.assert_allclose(images.depth_m[anna], 3.0, atol=1e-5)
    empty.remove_character("anna")
    assert not (empty.render(camera, {}).instance_id == 500).any()


def test_same_scene_gives_the_same_bytes(empty: Renderer) -> None:
    def draw() -> Images:
        empty.upload_object("ball", merge([ball(0.4, Material(color=(0.7, 0.2, 0.1)))]))
        empty.set_object("ball", pose_matrix((0.0, 0.3, 0.4)))
        return empty.render(_camera(320, 240), {"ball": 2, "floor": 1})

    first = draw()
    empty.render(_camera(200, 100), {})
    second = draw()
    for name in ("color", "depth_m", "instance_id", "part_id", "normal_world"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name


def test_bad_input_is_one_line(empty: Renderer) -> None:
    camera = _camera(64, 48)
    parts, vertices, normals, part_id = _quad_character()
    empty.upload_character("anna", parts, part_id)
    with pytest.raises(InputError, match="no object 'ghost'"):
        empty.set_object("ghost", np.eye(4))
    with pytest.raises(InputError, match="model matrix"):
        empty.set_object("floor", np.zeros((4, 4)))
    with pytest.raises(InputError, match=r"expected \(8, 3\)"):
        empty.update_character("anna", vertices[:-1], normals)
    with pytest.raises(InputError, match="instance id of floor is 70000"):
        empty.render(camera, {"floor": 70000})
    with pytest.raises(InputError, match="shadow_size is 100"):
        Renderer(shadow_size=100)
    with pytest.raises(InputError, match="quality is 'best'; give fine or fast"):
        Renderer("best")


def test_missing_gl_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ImportError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr("moderngl.create_standalone_context", fail)
    with pytest.raises(InputError, match=r"libEGL.*libegl1 libgl1-mesa-dri libgl1"):
        Renderer()
