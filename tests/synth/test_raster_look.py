"""What light does: shadows fall, stay and go, lamps add up, edges are smooth, ids are not; small tools."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from spinepose.rng import rng_for
from synth.camera import Camera, look_at
from synth.world.light import MAX_LAMPS, Lamp, Light
from synth.world.meshes import Material, ObjectMesh, grid_surface, merge, pose_matrix, transform
from synth.world.place_types import Place, PlacedObject
from synth.world.places import studio
from synth.world.raster import Renderer
from synth.world.raster_ambient import (
    ambient_at,
    enclosed_ambient,
    even_directions,
    fit_ambient,
    outdoor_ambient,
    room_sides,
)
from synth.world.raster_images import Images, unpack_normals
from synth.world.raster_lod import coarse_faces
from synth.world.raster_materials import LOOKS, LookTable, character_material, look_numbers
from synth.world.raster_things import limb_balls
from synth.world.solids import ball, box, plane

GREY = Material(color=(0.4, 0.4, 0.4))
DARK = Light(sun_strength=0.0, sky_strength=0.2)


@pytest.fixture(scope="module", params=["fine", "fast"])
def renderer(request: pytest.FixtureRequest) -> Renderer:
    return Renderer(request.param, shadow_size=512)


def _place(light: Light, *objects: PlacedObject, **more) -> Place:
    floor = PlacedObject("floor", merge([plane((20, 20), GREY)]), np.eye(4))
    return Place("test", (floor, *objects), light, plain_sky=True, **more)


def _above(width: int = 120, height: int = 90) -> Camera:
    return look_at(np.array([0.0, -0.05, 6.0]), np.array([0.0, 0.0, 0.0]), width, height, 60.0)


def _draw(renderer: Renderer, camera: Camera | None = None) -> Images:
    return renderer.render(camera or _above(), {"floor": 1, "post": 2, "person": 3})


def _person(renderer: Renderer, at: tuple[float, float]) -> None:
    """A ball of 0.5 m that hangs a metre above the floor stands for a person."""
    shape = merge([ball(0.5, segments=24, center_m=(0, 0, 1.0))]).surfaces[0]
    part = SimpleNamespace(
        name="top",
        vertices=slice(0, len(shape.positions_m)),
        faces=shape.faces,
        uv=shape.uv,
        texture=np.full((2, 2, 3), 200, np.uint8),
        roughness=0.8,
    )
    renderer.upload_character("person", [part], np.ones(len(shape.positions_m), np.uint8))
    renderer.update_character("person", shape.positions_m, shape.normals, pose_matrix((*at, 0.0)))


def _mean_floor(images: Images, rows: slice, columns: slice) -> float:
    seen = images.color[rows, columns][images.instance_id[rows, columns] == 1]
    return float(seen.mean())


@pytest.fixture
def clean(renderer: Renderer) -> Renderer:
    for key in list(renderer._things):
        renderer.remove_object(key)
    return renderer


def test_sun_shadow_of_a_person_lies_away_from_the_sun_and_moves_along(clean: Renderer) -> None:
    light = Light(sun_azimuth_deg=0.0, sun_elevation_deg=45.0, sun_strength=4.0, sky_strength=0.5)
    clean.set_place(_place(light))
    _person(clean, (0.0, 0.0))
    first = _draw(clean)
    # The camera looks down with +x to the right: the sun stands right, the shadow lies left, one metre off.
    left, right = (
        _mean_floor(first, slice(38, 52), slice(35, 48)),
        _mean_floor(first, slice(38, 52), slice(72, 85)),
    )
    assert left < 0.75 * right
    clean.set_object("person", pose_matrix((0.0, 2.5, 0.0)))
    moved = _draw(clean)
    assert _mean_floor(moved, slice(38, 52), slice(35, 48)) > 0.95 * right


def test_shadow_of_the_place_is_kept_and_goes_with_its_object(clean: Renderer) -> None:
    light = Light(sun_azimuth_deg=0.0, sun_elevation_deg=45.0, sun_strength=4.0, sky_strength=0.5)
    post = PlacedObject("post", merge([box((0.5, 0.5, 2.0), GREY, (0, 0, 1.0))]), np.eye(4))
    clean.set_place(_place(light, post))
    once, twice = _draw(clean), _draw(clean)
    assert once.color.tobytes() == twice.color.tobytes()
    shadow = (slice(42, 48), slice(30, 48))
    assert _mean_floor(once, *shadow) < 150
    clean.set_object("post", np.eye(4), visible=False)
    assert _mean_floor(_draw(clean), *shadow) > 1.3 * _mean_floor(once, *shadow)
    clean.set_object("post", np.eye(4))
    assert _draw(clean).color.tobytes() == once.color.tobytes()


def test_lamp_casts_a_shadow_of_people_and_still_things(clean: Renderer) -> None:
    lamp = Lamp((0.0, 0.0, 3.0), strength=20.0, radius_m=0.05, casts_shadow=True)
    post = PlacedObject("post", merge([box((0.4, 0.4, 0.6), GREY, (0, 0, 0.3))]), pose_matrix((-1.5, 0, 0)))
    clean.set_place(_place(replace(DARK, lamps=(lamp,)), post))
    free = _draw(clean)
    _person(clean, (1.2, 0.0))
    shaded = _draw(clean)
    behind = (slice(40, 50), slice(96, 106))  # beyond the person, seen from the lamp
    assert _mean_floor(shaded, *behind) < 0.6 * _mean_floor(free, *behind)
    behind_post = (slice(42, 48), slice(22, 27))
    np.testing.assert_allclose(_mean_floor(shaded, *behind_post), _mean_floor(free, *behind_post), atol=3)
    clean.set_object("post", pose_matrix((-1.5, 3.0, 0)))
    assert _mean_floor(_draw(clean), *behind_post) > 1.08 * _mean_floor(shaded, *behind_post)


def test_removed_person_leaves_no_textures_behind(clean: Renderer) -> None:
    clean.set_place(_place(DARK))
    before = len(clean._textures._kept)
    _person(clean, (0.0, 0.0))
    assert len(clean._textures._kept) == before + 1
    clean.remove_character("person")
    assert len(clean._textures._kept) == before


def test_new_light_over_the_same_things_looks_as_if_it_had_always_been_there(clean: Renderer) -> None:
    lamp = Lamp((0.0, 0.0, 3.0), strength=20.0, radius_m=0.05, casts_shadow=True)
    post = PlacedObject("post", merge([box((0.4, 0.4, 0.6), GREY, (0, 0, 0.3))]), pose_matrix((-1.5, 0, 0)))
    first = replace(DARK, sun_strength=2.0, lamps=(lamp,))
    lights = (
        replace(first, exposure_ev=0.5),
        replace(first, sun_azimuth_deg=-100.0),
        replace(first, lamps=(replace(lamp, position_m=(0.6, 0.4, 2.5)),)),
    )
    for light in lights:
        clean.set_place(_place(light, post))
        fresh = _draw(clean).color
        clean.set_place(_place(first, post))
        _draw(clean)
        clean.set_light(light)
        assert np.array_equal(_draw(clean).color, fresh)


def test_all_eight_lamps_light(clean: Renderer) -> None:
    places = [(-3.5 + i, 0.0, 0.7) for i in range(MAX_LAMPS)]
    lamps = tuple(Lamp(place, strength=0.5, radius_m=0.02) for place in places)
    clean.set_place(_place(replace(DARK, lamps=lamps), enclosed=True))
    camera = look_at(np.array([0.0, -0.05, 9.0]), np.zeros(3), 160, 120, 60.0)
    row = _draw(clean, camera).color[60].mean(axis=1)
    peaks = [x for x in range(2, 158) if row[x] > 40 and row[x] >= row[x - 2 : x + 3].max()]
    assert len({round(peak / 8) for peak in peaks}) >= MAX_LAMPS
    with_one_less = tuple(lamps[:-1])
    clean.set_light(replace(DARK, lamps=with_one_less))
    assert _draw(clean, camera).color[60, 135:].mean() < 0.8 * row[135:].mean()


def test_emission_is_counted_in_the_places_own_light(clean: Renderer) -> None:
    screen = Material(color=(0.9, 0.9, 0.9), emission=2.0)
    for light in (Light(), replace(DARK, sky_strength=0.02)):
        clean.set_place(_place(light, PlacedObject("post", merge([box((1, 1, 0.2), screen)]), np.eye(4))))
        images = _draw(clean)
        on = images.color[images.instance_id == 2].mean()
        floor = images.color[images.instance_id == 1].mean()
        assert on > 205
        assert on > 1.2 * floor


def test_night_is_darker_than_day_but_can_be_seen(clean: Renderer) -> None:
    clean.set_place(_place(Light()))
    day = _draw(clean).color.mean()
    clean.set_light(Light(sun_strength=0.0, sky_strength=0.04, lamps=(Lamp((0, 0, 4.0), strength=1.5),)))
    night = _draw(clean).color.mean()
    assert 30 < night < 0.8 * day


def test_people_ground_themselves_without_lamps_or_sun(clean: Renderer) -> None:
    clean.set_place(_place(Light(sun_strength=0.0)))
    bare = _mean_floor(_draw(clean), slice(30, 60), slice(45, 75))
    _person(clean, (0.0, 0.0))
    assert _mean_floor(_draw(clean), slice(30, 60), slice(45, 75)) < 0.97 * bare


def test_edges_are_smooth_and_ids_whole(clean: Renderer) -> None:
    """A white card, tilted by five degrees, before black: its edge has steps between, its ids have none."""
    white = Material(color=(0.9, 0.9, 0.9), emission=1.5)
    turned = np.eye(4)
    c, s = np.cos(0.09), np.sin(0.09)
    turned[:2, :2] = [[c, -s], [s, c]]
    card = PlacedObject("post", merge([box((3.0, 1.5, 0.1), white, (0, 0, 0.5))]), turned)
    clean.set_place(_place(replace(DARK, horizon_color=(0, 0, 0)), card))
    clean.set_object("floor", np.eye(4), visible=False)
    images = _draw(clean)
    levels = images.color.mean(axis=2)
    between = ((levels > 60) & (levels < 180)).sum()
    outline = (np.diff((images.instance_id == 2).astype(int), axis=0) != 0).sum()
    assert between > 0.5 * outline, f"{between} mixed pixels on an edge of {outline}"
    assert set(np.unique(images.instance_id)) == {0, 2}
    inside = images.instance_id == 2
    assert np.isfinite(images.depth_m[inside]).all()
    assert np.isinf(images.depth_m[~inside]).all()
    # A straight edge stays straight: where brightness falls through the middle follows a line.
    columns = np.arange(35, 85)
    crossing = [np.interp(-120, -levels[45:, x], np.arange(45, 90)) for x in columns]
    wander = crossing - np.polyval(np.polyfit(columns, crossing, 1), columns)
    assert np.abs(wander).max() < 0.45, (
        f"edge wanders by {np.abs(wander).max():.2f} px; steps of one pixel give 0.5"
    )


def test_hidden_backs_are_left_out_and_thin_things_stay(clean: Renderer) -> None:
    """A one-sided sheet seen from behind is not there; a two-sided one is."""
    x, y = np.meshgrid([-1.0, 1.0], [-1.0, 1.0])
    points = np.stack([x, y, 0 * x + 0.5], axis=-1)
    down = np.diag([1.0, -1.0, -1.0, 1.0])
    for two_sided, count in ((False, 0), (True, 400)):
        sheet = grid_surface(points, points[..., :2], replace(GREY, two_sided=two_sided))
        flipped = transform(sheet, down)
        clean.set_place(
            _place(Light(), PlacedObject("post", ObjectMesh((flipped,)), pose_matrix((0, 0, 1.0))))
        )
        images = _draw(clean)
        seen = (images.instance_id == 2).sum()
        assert seen == 0 if count == 0 else seen > count
        if seen:
            np.testing.assert_allclose(images.normal_world[images.instance_id == 2][:, 2], 1.0, atol=1e-4)


def test_order_of_uploads_does_not_change_the_picture(clean: Renderer) -> None:
    pictures = []
    for keys in (("a", "b"), ("b", "a")):
        for key in list(clean._things):
            clean.remove_object(key)
        clean.set_place(studio())
        for key in keys:
            clean.upload_object(key, merge([ball(0.4, replace(GREY, roughness=0.2 if key == "a" else 0.9))]))
            clean.set_object(key, pose_matrix((0.0, 0.7 if key == "a" else -0.7, 0.4)))
        images = clean.render(_above(), {"a": 5, "b": 6})
        pictures.append(images.color.tobytes() + images.instance_id.tobytes())
    assert pictures[0] == pictures[1]


def test_normals_unpack_to_what_was_packed() -> None:
    n = even_directions(500)
    place = n[:, :2] / np.abs(n).sum(axis=1, keepdims=True)
    signs = np.where(place < 0, -1.0, 1.0)
    place = np.where(n[:, 2:] >= 0, place, (1 - np.abs(place[:, ::-1])) * signs)
    words = np.round(place * 32767).astype(np.int16).view(np.uint32)[:, 0]
    np.testing.assert_allclose(unpack_normals(words), n, atol=1e-4)


def test_coarse_mesh_keeps_its_shape_and_its_open_edges() -> None:
    sphere = ball(1.0, segments=160)
    coarse = coarse_faces(sphere.faces, len(sphere.positions_m))
    assert len(coarse) < 0.45 * len(sphere.faces)
    corners = sphere.positions_m[coarse].astype(float)
    volume = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume > 0.95 * 4 / 3 * np.pi
    small = ball(1.0, segments=24)
    assert coarse_faces(small.faces, len(small.positions_m)) is small.faces
    grid = np.stack([*np.meshgrid(np.arange(80.0), np.arange(80.0)), np.zeros((80, 80))], axis=-1)
    sheet = grid_surface(grid, grid[..., :2], GREY)
    corners = sheet.positions_m[coarse_faces(sheet.faces, 6400)]
    area = (
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] / 2
    )  # signed: folds cancel
    np.testing.assert_allclose(area.sum(), 79 * 79, rtol=1e-5)


def test_looks_share_a_number_when_all_are_taken() -> None:
    context = SimpleNamespace(texture=lambda *_, **__: SimpleNamespace())
    table = LookTable(context)
    for i in range(LOOKS):
        assert table.index(look_numbers(Material(roughness=0.05 + 0.003 * i))) == i
    near = table.index(look_numbers(Material(roughness=0.05 + 0.003 * 100.2)))
    assert near == 100
    assert table.index(look_numbers(Material(roughness=0.05))) == 0


def test_character_pieces_are_known_by_their_names() -> None:
    def piece(name: str, **more):
        return SimpleNamespace(name=name, texture=np.zeros((2, 2, 3), np.uint8), roughness=0.5, **more)

    assert character_material(piece("skin", wrap=0.4)).scatter == 1.0
    assert character_material(piece("skin", wrap=0.4)).wrap == 0.4
    assert character_material(piece("hair_cards")).strand > 0.5
    assert character_material(piece("top")).sheen > 0
    assert character_material(piece("top", sheen=0.0)).sheen == 0.0
    assert character_material(piece("head_lashes", alpha=np.zeros((2, 2), np.uint8))).alpha_test
    assert not character_material(piece("skin")).two_sided


def test_limb_balls_lie_about_their_parts() -> None:
    rng = rng_for(0, "limbs")
    points = np.concatenate([rng.normal(0, 0.2, (500, 3)), rng.normal([1.0, 0, 0], 0.05, (500, 3))])
    balls = limb_balls(points, np.repeat([1, 7], 500))
    np.testing.assert_allclose(balls[:, :3], [[0, 0, 0], [1, 0, 0]], atol=0.04)
    np.testing.assert_allclose(balls[:, 3], [0.2 * np.sqrt(3), 0.05 * np.sqrt(3)], rtol=0.1)


def test_ambient_fits_what_it_is_given() -> None:
    n = even_directions()
    wanted = np.stack([1 + n[:, 2], 1 + 0.5 * n[:, 0], 1 + 0.3 * n[:, 1] ** 2], axis=1)
    np.testing.assert_allclose(ambient_at(fit_ambient(wanted), n), wanted, atol=1e-9)


def test_sky_lights_from_above_and_a_coloured_wall_from_its_side() -> None:
    up, down = ambient_at(outdoor_ambient(Light(sun_strength=0.0)), np.array([[0, 0, 1.0], [0, 0, -1.0]]))
    np.testing.assert_allclose(up, Light().sky_color, rtol=0.05)
    np.testing.assert_allclose(down, Light().ground_color, rtol=0.15)
    red = Material(color=(0.8, 0.1, 0.1))
    walls = [box((0.1, 6, 3), red, (3.0, 0, 1.5)), box((0.1, 6, 3), GREY, (-3.0, 0, 1.5))]
    walls += [box((6, 0.1, 3), GREY, (0, y, 1.5)) for y in (-3.0, 3.0)]
    shell = merge([*walls, box((6, 6, 0.1), GREY, (0, 0, -0.05)), box((6, 6, 0.1), GREY, (0, 0, 3.05))])
    light = Light(
        sun_strength=0.0,
        sky_color=(1, 1, 1),
        ground_color=(1, 1, 1),
        lamps=(Lamp((0, 0, 2.5), strength=4.0),),
    )
    place = Place(
        "box", (PlacedObject("walls", shell, np.eye(4)),), light, camera_area_m=(-3, -3, 3, 3), enclosed=True
    )
    coefficients = enclosed_ambient(light, room_sides(place))
    towards, away = ambient_at(coefficients, np.array([[1.0, 0, 0], [-1.0, 0, 0]]))
    assert towards[0] / towards[2] > 1.15 * away[0] / away[2]
    mean = ambient_at(coefficients, even_directions()).mean(axis=0) @ [0.2126, 0.7152, 0.0722]
    np.testing.assert_allclose(mean, 1.0, rtol=0.03)
