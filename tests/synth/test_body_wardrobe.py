"""Outfits: every kind appears, they go together, and backs show often enough."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spinepose.rng import rng_for
from synth.body.spec import BOTTOMS, FABRICS, ONE_PIECE, PATTERNS, SHOES, TOPS, Cloth
from synth.body.wardrobe import unlike_skin, wardrobe_rand

N = 1500


@pytest.fixture(scope="module")
def outfits() -> list:
    return [
        (sex, age, *wardrobe_rand(rng_for(3, "wardrobe", sex, i), sex, age))
        for sex in ("female", "male")
        for i, age in enumerate(np.linspace(18, 80, N // 2).astype(int))
    ]


def test_all_kinds_patterns_and_fabrics_appear(outfits: list):
    assert {o[2].kind for o in outfits} == set(TOPS)
    assert {o[3].kind for o in outfits} == set(BOTTOMS)
    assert {o[4].kind for o in outfits} == set(SHOES)
    assert {o[2].pattern for o in outfits} == set(PATTERNS)
    assert {c.fabric for o in outfits for c in o[2:]} == set(FABRICS)


def test_nobody_is_unclothed_and_only_women_wear_dresses(outfits: list):
    for sex, _, top, bottom, _ in outfits:
        assert bottom.kind != "none" or top.kind in ONE_PIECE
        assert sex == "female" or (top.kind not in ("dress", "sports_top") and bottom.kind != "skirt")


def test_open_backs_appear_often_enough(outfits: list):
    for sex in ("female", "male"):
        share = np.mean(
            [o[2].kind in ("singlet", "sports_top", "leotard", "tank") for o in outfits if o[0] == sex]
        )
        assert 0.2 < share < 0.5, f"{sex}: {share:.2f} of tops leave the back open, expected 0.2 to 0.5"


def test_clothes_do_not_look_like_bare_skin():
    skin = (166, 119, 92)
    beige = Cloth("long_sleeve", "plain", (175, 141, 131), (34, 22, 34), 0.2, 0.3, "knit")
    seen = unlike_skin(beige, skin)
    assert np.mean(seen.color) < 0.6 * np.mean(skin)
    assert seen.color2 == beige.color2
    # A light beige on tanned skin: as bare as the same hue in shade.
    assert unlike_skin(replace(beige, color=(206, 170, 144)), (150, 108, 84)).color != (206, 170, 144)
    green = replace(beige, color=(85, 120, 61))
    assert unlike_skin(green, skin) == green
    dark = (72, 48, 38)
    assert np.mean(unlike_skin(replace(beige, color=(70, 46, 32)), dark).color) > 2 * np.mean(dark)


def test_second_colour_can_be_told_from_the_first(outfits: list):
    near = [abs(np.mean(o[2].color) - np.mean(o[2].color2)) < 20 for o in outfits if o[2].pattern != "plain"]
    assert np.mean(near) < 0.05


def test_same_numbers_same_outfit():
    first, second = (wardrobe_rand(rng_for(1, "clothes"), "female", 30) for _ in range(2))
    assert first == second
    assert len(Counter(wardrobe_rand(rng_for(i, "clothes"), "female", 30)[0].kind for i in range(30))) > 4
