"""Places: the same seed gives the same place; people have room; things on the floor are of a real size."""

from __future__ import annotations

import hashlib
import importlib
from functools import lru_cache

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.camera import look_at
from synth.world.light import (
    MAX_LAMPS,
    Light,
    light_from_json,
    reference_irradiance,
    sun_direction,
    temperature_color,
)
from synth.world.meshes import pose_matrix
from synth.world.place_hours import DAY, EVENING, NIGHT, hour_rand
from synth.world.places import PLACES, Place
from synth.world.raster import Renderer

NAMES = sorted(PLACES)


def _build(name: str, seed: int) -> Place:
    return PLACES[name](rng_for(seed, "place", name))


_place = lru_cache(maxsize=64)(_build)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(shadow_size=512)


_READ: dict[int, bytes] = {}


def _texture_digest(picture: np.ndarray) -> bytes:
    """Textures are shared by many surfaces: each is read once."""
    if id(picture) not in _READ:
        _READ[id(picture)] = hashlib.sha256(np.ascontiguousarray(picture).tobytes()).digest()
    return _READ[id(picture)]


def _digest(place: Place) -> str:
    digest = hashlib.sha256(repr((place.light, place.free_area_m, place.sky_seed)).encode())
    for item in place.objects:
        digest.update(item.name.encode() + np.ascontiguousarray(item.matrix).tobytes())
        for surface in item.mesh.surfaces:
            digest.update(surface.positions_m.tobytes() + surface.faces.tobytes())
            digest.update(repr((surface.material.color, surface.material.roughness)).encode())
            if surface.material.texture is not None:
                digest.update(_texture_digest(surface.material.texture))
    return digest.hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_place_other_seed_another(name: str) -> None:
    assert _digest(_build(name, 3)) == _digest(_build(name, 3))
    assert _digest(_build(name, 3)) != _digest(_build(name, 4))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_meshes_are_sound(name: str, seed: int) -> None:
    place = _place(name, seed)
    names = [item.name for item in place.objects]
    assert len(set(names)) == len(names)
    for item in place.objects:
        for surface in item.mesh.surfaces:
            count = len(surface.positions_m)
            assert surface.normals.shape == (count, 3), item.name
            assert surface.uv.shape == (count, 2), item.name
            assert surface.faces.min() >= 0, item.name
            assert surface.faces.max() < count, item.name
            assert np.isfinite(surface.positions_m).all(), item.name
            lengths = np.linalg.norm(surface.normals, axis=1)
            # A cone's tip may have no normal; nothing else.
            assert np.mean(np.abs(lengths - 1) < 1e-3) > 0.95, item.name
            assert np.isfinite(surface.uv).all(), item.name


@pytest.mark.parametrize("name", NAMES)
def test_place_is_light_enough_to_draw(name: str) -> None:
    place = _place(name, 1)
    surfaces = [surface for item in place.objects for surface in item.mesh.surfaces]
    triangles = sum(len(surface.faces) for surface in surfaces)
    assert triangles < 250_000, f"{triangles} triangles"
    pictures = {
        id(s.material.texture): s.material.texture for s in surfaces if s.material.texture is not None
    }
    megabytes = sum(4 * p.shape[0] * p.shape[1] * 4 / 3 for p in pictures.values()) / 1e6  # with mipmaps
    assert megabytes < 60, f"{megabytes:.0f} MB of textures"
    assert len(place.light.lamps) <= MAX_LAMPS


@pytest.mark.parametrize("name", NAMES)
def test_faces_turn_the_way_of_their_normals(name: str) -> None:
    """The renderer leaves out back faces: a face turned over would be a hole."""
    for item in _place(name, 2).objects:
        for surface in item.mesh.surfaces:
            if surface.material.two_sided:
                continue
            corners = surface.positions_m[surface.faces].astype(float)
            turned = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            mean = surface.normals[surface.faces].sum(axis=1)
            agree = np.einsum("ij,ij->i", turned, mean)
            size = np.linalg.norm(turned, axis=1)
            wrong = (agree < 0) & (size > 1e-7)
            assert wrong.mean() < 0.01, f"{item.name}: {wrong.sum()} of {len(wrong)}"


def _world_box(item) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([surface.positions_m for surface in item.mesh.surfaces])
    points = points @ item.matrix[:3, :3].T + item.matrix[:3, 3]
    return points.min(axis=0), points.max(axis=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_free_area_is_free_of_fixed_things(name: str, seed: int) -> None:
    place = _place(name, seed)
    x0, y0, x1, y1 = place.free_area_m
    assert min(x1 - x0, y1 - y0) >= 4.0
    for item in place.objects:
        low, high = _world_box(item)
        flat = high[2] < place.floor_z_m + 0.05  # floor, rug, path
        overhead = low[2] > 1.8
        around = low[0] < x0 and low[1] < y0 and high[0] > x1 and high[1] > y1  # walls as one would be
        apart = high[0] < x0 or low[0] > x1 or high[1] < y0 or low[1] > y1
        under = item.name == "sweep"  # its lower end lies on the floor
        assert flat or overhead or around or apart or under or item.movable, f"{item.name}: {low} to {high}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_people_stand_clear_of_all_footprints(name: str, seed: int) -> None:
    place = _place(name, seed)
    x0, y0, x1, y1 = place.free_area_m
    for item in place.objects:
        if item.footprint_m > 0:
            x, y = item.matrix[:2, 3]
            gap = np.hypot(max(x0 - x, 0, x - x1), max(y0 - y, 0, y - y1))
            assert gap > item.footprint_m - 0.05, f"{item.name}: {gap:.2f} m from the free area"


@pytest.mark.parametrize("name", NAMES)
def test_cameras_have_distance_and_what_could_hide_them_is_boxed(name: str) -> None:
    place = _place(name, 3)
    x0, y0, x1, y1 = place.camera_area_m
    middle = (
        np.array([place.free_area_m[0] + place.free_area_m[2], place.free_area_m[1] + place.free_area_m[3]])
        / 2
    )
    far = max(middle[0] - x0, middle[1] - y0, x1 - middle[0], y1 - middle[1])
    assert far > 5.5, f"cameras get {far:.1f} m away"
    flat = ("wall_", "ground", "path", "mirror", "sweep", "tufts")
    for item in place.objects:
        low, high = _world_box(item)
        inside = (
            low[0] < x1 and high[0] > x0 and low[1] < y1 and high[1] > y0 and low[2] < 1.7 and high[2] > 0.3
        )
        if inside and not item.name.startswith(flat):
            # Larger things are taken for walls and grounds by whoever draws cameras.
            assert (high - low).max() < 3.0, f"{item.name}: {high - low}"


@pytest.mark.parametrize("name", NAMES)
def test_movable_things_can_stand_in_front_of_people(name: str) -> None:
    movable = [item for item in _place(name, 0).objects if item.movable]
    assert len(movable) >= 5
    tall = 0
    for item in movable:
        low, high = _world_box(item)
        deepest = -0.3 if item.name == "shrub" else -0.02  # a shrub's round crown goes into the ground
        assert deepest < low[2] < 0.06, f"{item.name} floats or sinks: {low[2]:.3f} m"
        assert np.max(high - low) < 2.6, item.name
        assert 0.2 < item.footprint_m < 1.0, item.name
        tall += high[2] > 0.7
    assert tall >= 2


@pytest.mark.parametrize("name", NAMES)
def test_every_hour_comes_and_looks_its_part(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"synth.world.place_{name}")
    lights = {}
    for hour in (DAY, EVENING, NIGHT):
        monkeypatch.setattr(module, "hour_rand", lambda rng, hour=hour: hour)
        lights[hour] = next(
            place.light for place in (_build(name, seed) for seed in range(9)) if not _photo_studio(place)
        )
    assert lights[NIGHT].sun_strength == 0.0
    assert len(lights[NIGHT].lamps) >= 2
    assert any(lamp.casts_shadow for lamp in lights[NIGHT].lamps)
    assert lights[EVENING].lamps


def _photo_studio(place: Place) -> bool:
    return any(item.name == "sweep" for item in place.objects)


def test_hours_are_drawn_in_their_shares() -> None:
    rng = rng_for(0, "hours")
    hours = [hour_rand(rng) for _ in range(2000)]
    assert 0.57 < hours.count(DAY) / 2000 < 0.67
    assert 0.15 < hours.count(NIGHT) / 2000 < 0.24


def test_film_set_walls_are_not_seen_from_behind(renderer: Renderer) -> None:
    """A camera behind the walls to the west and south sees into the room."""
    place = _place("gym", 1)
    renderer.set_place(place)
    x0, y0, _, _ = place.camera_area_m
    for position in ((x0 + 0.1, 0.3, 1.2), (0.2, y0 + 0.1, 1.2), (x0 + 0.2, y0 + 0.2, 1.6)):
        camera = look_at(np.array(position), np.array([0.0, 0.0, 1.0]), 160, 120, 60.0)
        depth = renderer.render(camera, {}).depth_m
        assert np.isfinite(depth).mean() > 0.8  # the rest is sky in the windows
        assert np.median(depth) > 4.0


def test_chair_and_table_have_the_size_of_furniture() -> None:
    objects = {item.name: item for item in _place("living_room", 1).objects}
    low, high = _world_box(objects["dining_table"])
    assert 0.70 < high[2] < 0.78
    low, high = _world_box(objects["chair_1"])
    assert 0.8 < high[2] - low[2] < 1.0
    low, high = _world_box(objects["door"])
    assert 2.0 < high[2] < 2.2


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("living_room", 0),
        ("living_room", 5),
        ("gym", 1),
        ("clinic", 2),
        ("office", 3),
        ("studio", 0),
        ("studio", 1),
        ("street", 2),
        ("street", 5),
        ("park", 1),
        ("park", 6),
    ],
)
def test_pictures_are_neither_blown_nor_dim(renderer: Renderer, name: str, seed: int) -> None:
    renderer.set_place(_place(name, seed))
    camera = look_at(np.array([2.6, 1.5, 1.5]), np.array([0.0, 0.0, 0.9]), 160, 120, 60.0)
    color = renderer.render(camera, {}).color.astype(float)
    assert 35 < color.mean() < 210, f"mean {color.mean():.0f}"
    assert (color.min(axis=2) >= 252).mean() < 0.10
    assert (color.max(axis=2) < 12).mean() < 0.10
    assert color.std() > 3  # something is to be seen


def test_no_sun_gets_into_a_room_but_through_its_window(renderer: Renderer) -> None:
    """The sun alone behind the windowless side leaves every wall dark."""
    place = _place("living_room", 0)
    renderer.set_place(place)
    sun = light_from_json(
        {"sun_azimuth_deg": -90.0, "sun_elevation_deg": 40.0, "sun_strength": 50.0, "sky_strength": 1e-4}
    )
    renderer.set_light(sun)
    for target in ([-3.0, 3.0, 1.0], [3.0, 3.0, 2.0], [3.0, -3.0, 0.2], [-3.0, -3.0, 2.4]):
        camera = look_at(np.array([0.0, 0.0, 1.4]), np.array(target), 160, 120, 80.0)
        images = renderer.render(camera, {"window_north": 7})
        inside = np.isfinite(images.depth_m) & (images.instance_id != 7)
        inside[1:] &= np.isfinite(images.depth_m[:-1])  # a pixel on the window's rim
        bright = (images.color.max(axis=2) > 100) & inside
        assert bright.mean() < 0.01, f"{bright.mean():.3f} of the picture towards {target} is sunlit"


def test_hidden_object_is_not_drawn_and_casts_no_shadow(renderer: Renderer) -> None:
    renderer.set_place(_place("park", 2))
    camera = look_at(np.array([3.0, 0.0, 1.5]), np.array([0.0, 0.0, 0.3]), 160, 120, 60.0)
    bare = renderer.render(camera, {"bench": 4}).color
    renderer.set_object("bench", pose_matrix((0.0, 0.0, 0.0)))
    shown = renderer.render(camera, {"bench": 4})
    renderer.set_object("bench", pose_matrix((0.0, 0.0, 0.0)), visible=False)
    hidden = renderer.render(camera, {"bench": 4})
    assert (shown.instance_id == 4).sum() > 100
    assert not (hidden.instance_id == 4).any()
    assert np.abs(hidden.color.astype(int) - bare).mean() < 1.0


def test_light_json_changes_and_refuses() -> None:
    light = light_from_json({"sun_azimuth_deg": 90, "sky_color": [1, 2, 3]}, Light(sun_strength=2.0))
    assert light.sun_strength == 2.0
    assert light.sky_color == (1.0, 2.0, 3.0)
    np.testing.assert_allclose(sun_direction(light)[:2], [0.0, np.cos(np.radians(45))], atol=1e-12)
    for bad, message in (
        ({"sun_azimut_deg": 1}, "no field"),
        ({"sun_strength": "much"}, "sun_strength"),
        ({"sun_strength": True}, "sun_strength"),
        ({"sun_elevation_deg": 95}, "2 to 90"),
        ({"sky_color": [1, 2]}, "three numbers"),
        ({"fog_per_m": float("nan")}, "fog_per_m"),
    ):
        with pytest.raises(InputError, match=message):
            light_from_json(bad)


def test_daylight_is_white_and_a_lamp_is_warm() -> None:
    np.testing.assert_allclose(temperature_color(6504), 1.0, atol=0.06)
    red, green, blue = temperature_color(2856)
    assert red > 1.3 * green > 1.3 * blue


def test_reference_irradiance_of_a_lamp_follows_the_inverse_square() -> None:
    from synth.world.light import Lamp

    dark = {"sky_strength": 0.0, "sun_strength": 0.0}
    light = Light(**dark, lamps=(Lamp((0.0, 0.0, 3.0), strength=8.0),))
    near, far = (reference_irradiance(light, np.array([0, 0, z]), True) for z in (2.0, 1.0))
    np.testing.assert_allclose(near, 4.0)
    np.testing.assert_allclose(far, 1.0)
