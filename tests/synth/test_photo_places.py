"""The user's pictures as places: what is behind, what lights people, where shadows fall, and bad files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from spinepose.errors import InputError
from synth.camera import look_at
from synth.world.meshes import merge, pose_matrix
from synth.world.photo_places import linear_from_srgb, panorama_light, photo_files, photo_light, photo_places
from synth.world.raster import Renderer
from synth.world.raster_ambient import ambient_at
from synth.world.raster_images import Images
from synth.world.raster_panorama import (
    panorama_ambient,
    panorama_by_sine,
    panorama_directions,
    split_sun,
)
from synth.world.solids import box

DIRECTIONS, _ = panorama_directions((64, 128))


def _panorama(sun: np.ndarray | None = None, brightness: float = 400.0) -> np.ndarray:
    """Blue sky, brown ground, and a sun of four degrees."""
    picture = np.where(DIRECTIONS[..., 2:] > 0, [0.3, 0.45, 0.7], [0.25, 0.18, 0.1])
    if sun is not None:
        picture = np.where(
            (DIRECTIONS @ sun > np.cos(0.07))[..., None], brightness * np.array([1, 0.9, 0.7]), picture
        )
    return picture.astype(np.float32)


def _unit(*values: float) -> np.ndarray:
    return np.array(values) / np.linalg.norm(values)


def _save(path: Path, rgb: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Photographs: a wide one (left half red), a tall one; panoramas: one of real brightness, one of 8 bits."""
    root = tmp_path_factory.mktemp("pictures")
    photo = np.zeros((60, 200, 3), np.uint8)
    photo[:, :100], photo[:, 100:], photo[30:] = (200, 40, 40), (60, 90, 160), (150, 140, 120)
    _save(root / "b" / "a.png", photo)
    _save(root / "b" / "b.jpg", np.full((90, 40, 3), 90, np.uint8))
    (root / "b" / "notes.txt").write_text("not a picture")
    _save(root / "p" / "a.hdr", _panorama(_unit(1, 1, 1)))
    _save(root / "p" / "b.png", (255 * np.clip(_panorama(), 0, 1) ** (1 / 2.2)).astype(np.uint8))
    return root / "b", root / "p"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer("fast", shadow_size=512)


def _draw(
    renderer: Renderer, target: tuple[float, float, float], eye=(4.0, 0.0, 1.6), size=(160, 120)
) -> Images:
    camera = look_at(np.array(eye), np.array(target), *size, 60.0)
    return renderer.render(camera, {"floor": 1, "post": 2})


def test_places_come_from_folders_by_seed(folders: tuple[Path, Path]) -> None:
    assert photo_places(None, None) == {}
    made = photo_places(*folders)
    assert set(made) == {"backdrop", "panorama"}
    assert made["backdrop"](0).backdrop.shape == (60, 200, 3)
    assert made["backdrop"](1).backdrop.shape == (90, 40, 3)
    assert made["backdrop"](2).backdrop is made["backdrop"](0).backdrop
    assert made["panorama"](0).panorama.dtype == np.float16
    assert made["panorama"](0).shadow_catcher
    assert set(photo_places(folders[0], None)) == {"backdrop"}
    assert [path.name for path in photo_files(*folders)["backdrop"]] == ["a.png", "b.jpg"]


@pytest.mark.parametrize("size", [(160, 120), (90, 160)])
def test_photo_covers_the_frame_upright_and_unmirrored(
    renderer: Renderer, folders: tuple[Path, Path], size: tuple[int, int]
) -> None:
    renderer.set_place(photo_places(folders[0], None)["backdrop"](0))
    images = _draw(renderer, (0.0, 0.0, 1.7), size=size)
    top = images.color[3].astype(int)
    np.testing.assert_allclose(top[2], (200, 40, 40), atol=2)
    np.testing.assert_allclose(top[-3], (60, 90, 160), atol=2)
    assert images.instance_id[3, 2] == 0
    assert np.isinf(images.depth_m[3, 2])
    assert images.instance_id[-3, 2] == 1  # the floor is an ordinary floor
    assert np.isfinite(images.depth_m[-3, 2])


def test_floor_shows_the_photo_and_keeps_shadows(renderer: Renderer, folders: tuple[Path, Path]) -> None:
    place = photo_places(folders[0], None)["backdrop"](0)
    renderer.set_place(place)
    bare = _draw(renderer, (0.0, 0.0, 0.2), eye=(4.0, 0.0, 3.5))
    floor = bare.instance_id == 1
    away = np.abs(bare.color[floor].astype(int) - (150, 140, 120)).max(axis=1)
    lower = np.arange(len(bare.color))[:, None] * np.ones(bare.color.shape[1]) > 66
    assert np.quantile(away[lower[floor]], 0.9) <= 3
    renderer.upload_object("post", merge([box((0.4, 0.4, 1.4), center_m=(0, 0, 0.7))]))
    renderer.set_object("post", pose_matrix((2.0, 0.3, 0.0)))
    shaded = _draw(renderer, (0.0, 0.0, 0.2), eye=(4.0, 0.0, 3.5))
    renderer.remove_object("post")
    both = (shaded.instance_id == 1) & lower
    both[:, 1:-1] &= (shaded.instance_id == 1)[:, :-2] & (shaded.instance_id == 1)[
        :, 2:
    ]  # off the smoothed edge
    both[1:-1] &= (shaded.instance_id == 1)[:-2] & (shaded.instance_id == 1)[2:]
    darker = (bare.color.astype(int) - shaded.color)[both].max(axis=1)
    assert (darker > 8).sum() > 60
    assert (darker < -3).sum() == 0


def test_panorama_is_seen_where_it_lies(
    renderer: Renderer, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """The middle column is +x; to the right of it lies -y; the ground shows what is below the horizon."""
    picture = np.full((128, 256, 3), 40, np.uint8)
    picture[:64, 118:138] = (220, 30, 30)  # ahead of +x
    picture[:64, 182:202] = (30, 220, 30)  # a quarter to the right: -y
    picture[64:, :] = (40, 40, 200)
    _save(tmp_path / "p" / "c.png", picture)
    renderer.set_place(photo_places(None, tmp_path / "p")["panorama"](0))
    ahead = _draw(renderer, (9.0, 0.0, 2.4), eye=(0.0, 0.0, 1.6))
    right = _draw(renderer, (0.0, -9.0, 2.4), eye=(0.0, 0.0, 1.6))
    assert ahead.color[20, 80].argmax() == 0
    assert ahead.color[20, 80, 0] > 150
    assert right.color[20, 80].argmax() == 1
    assert ahead.instance_id[20, 80] == 0
    assert ahead.color[110, 80].argmax() == 2
    assert ahead.instance_id[110, 80] == 1


def test_sun_of_a_panorama_is_found_and_taken_out() -> None:
    direction = _unit(0.4, -0.8, 0.7)
    rest, sun = split_sun(_panorama(direction))
    assert sun is not None
    assert np.degrees(np.arccos(min(1.0, float(sun.direction @ direction)))) < 3.0
    assert rest.max() < 1.0
    # Radiance times solid angle over pi: 400 over a disc of 0.07 rad.
    np.testing.assert_allclose(sun.irradiance[0], 400 * 0.07**2, rtol=0.25)
    light = panorama_light(_panorama(direction))
    assert light.sun_strength > light.sky_color[2]
    np.testing.assert_allclose(light.sun_azimuth_deg, np.degrees(np.arctan2(-0.8, 0.4)), atol=3)
    assert light.sun_temperature_k < 6000
    assert split_sun(_panorama())[1] is None
    assert panorama_light(_panorama()).sun_strength == 0.0


def test_white_of_a_finished_picture_counts_as_sun_but_a_white_sky_does_not() -> None:
    direction = _unit(1, 0.2, 0.8)
    assert split_sun(np.minimum(_panorama(direction), 1.0))[1] is not None
    white_sky = np.where(DIRECTIONS[..., 2:] > 0, 1.0, 0.2) * np.ones(3)
    assert split_sun(white_sky.astype(np.float32))[1] is None


def test_ambient_of_an_even_panorama_is_even_and_blue_from_above_stays_above() -> None:
    even = panorama_ambient(np.full((64, 128, 3), 0.5, np.float32))
    np.testing.assert_allclose(ambient_at(even, np.eye(3)), 0.5, atol=0.01)
    up, down = ambient_at(panorama_ambient(_panorama()), np.array([[0, 0, 1.0], [0, 0, -1.0]]))
    np.testing.assert_allclose(up, [0.3, 0.45, 0.7], atol=0.04)
    np.testing.assert_allclose(down, [0.25, 0.18, 0.1], atol=0.04)


def test_layout_by_sine_keeps_directions() -> None:
    moved = panorama_by_sine((DIRECTIONS + 1).astype(np.float32)) - 1
    rows, columns = moved.shape[:2]
    sine = -1 + 2 * (np.arange(rows) + 0.5) / rows
    np.testing.assert_allclose(
        moved[3:-3, :, 2], np.broadcast_to(sine[3:-3, None], (rows - 6, columns)), atol=0.02
    )
    middle = moved[rows // 2]
    np.testing.assert_allclose(middle[columns // 4, :2], [0, 1], atol=0.06)  # azimuth 90 degrees is +y


def test_dark_photos_give_less_light_and_brighter_sides_the_sun() -> None:
    grey = np.full((48, 64, 3), 160, np.uint8)
    dark = np.full((48, 64, 3), 50, np.uint8)
    assert photo_light(dark).sky_strength < 0.3 * photo_light(grey).sky_strength
    right = grey.copy()
    right[:, 32:] = 250
    assert photo_light(right).sun_azimuth_deg < 0 < photo_light(right[:, ::-1]).sun_azimuth_deg
    warm = np.broadcast_to(np.array([220, 160, 90], np.uint8), (48, 64, 3))
    red, _, blue = photo_light(warm).sky_color
    assert red > blue


@pytest.mark.parametrize(
    ("kind", "name", "content", "message"),
    [
        ("backdrops", "x.jpg", b"not a picture", r"x\.jpg: not a picture"),
        ("panoramas", "x.hdr", b"not a panorama", r"x\.hdr: not a picture"),
        ("backdrops", None, b"", "has no pictures"),
        ("panoramas", "square.png", np.full((64, 64, 3), 99, np.uint8), r"square\.png: 64x64 is no equirect"),
        ("backdrops", "tiny.png", np.full((4, 4, 3), 99, np.uint8), r"tiny\.png: .*16 pixels"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, kind: str, name: str | None, content, message: str) -> None:
    if name and isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif name:
        _save(tmp_path / name, content)
    folders = (tmp_path, None) if kind == "backdrops" else (None, tmp_path)
    with pytest.raises(InputError, match=message):
        [make(0) for make in photo_places(*folders).values()]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--backdrops .*gone is no folder"):
        photo_places(tmp_path / "gone", None)


def test_srgb_table_meets_the_standard() -> None:
    np.testing.assert_allclose(linear_from_srgb(np.array([0, 188, 255], np.uint8)), [0, 0.5029, 1], atol=1e-4)
