"""The world as one object: characters kept by memory, places of photographs, folders and qualities that are wrong."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from spinepose.errors import InputError
from synth.world import characters, heap
from synth.world.characters import CharacterCache, arrays_of, build_from_json
from synth.world.server import run_world
from synth.world.typed import check_types
from synth.world.world import World, make_renderer
from tests.synth.conftest import StubBody, StubRenderer, stub_place

SHARED = np.zeros(1000, np.uint8)


def body_of(spec):
    own = np.zeros(int(spec), np.uint8)
    return SimpleNamespace(
        parts=(SimpleNamespace(texture=SHARED), {"x": [own, own[5:]]}), matrix=own.reshape(1, -1)
    )


def test_arrays_are_counted_once_however_they_are_held():
    assert sorted(array.nbytes for array in arrays_of(body_of("300"))) == [300, 1000]


def test_characters_are_kept_as_long_as_memory_allows():
    built = []
    cache = CharacterCache(lambda spec: built.append(spec) or body_of(spec), budget_bytes=1600)
    for spec in ("100", "200", "300"):
        cache.get(spec)
    assert (len(cache), cache.bytes) == (3, 1600)
    cache.get("100")  # used again, so it outlives the others
    cache.get("250")
    assert (len(cache), cache.bytes) == (2, 1350)
    cache.get("100")
    assert built == ["100", "200", "300", "250"]
    cache.get("200")
    assert built[-1] == "200"


def test_a_character_over_the_budget_is_kept_alone():
    cache = CharacterCache(body_of, budget_bytes=1200)
    cache.get("100")
    body = cache.get("9000")
    assert (len(cache), cache.bytes) == (1, 10000)
    assert cache.get("9000") is body


def test_holes_in_memory_are_given_back_every_few_bodies(monkeypatch):
    given = []
    monkeypatch.setattr(characters, "give_back", lambda: given.append(len(cache)))
    cache = CharacterCache(body_of)
    for size in range(1, 2 * characters.TIDY_EVERY + 1):
        for _ in range(2):  # the second time it is there
            cache.get(str(size))
    assert len(given) == 2
    heap.give_back()  # whatever the C library


def test_a_character_that_cannot_be_built_leaves_nothing_behind():
    cache = CharacterCache(lambda spec: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cache.get("1")
    assert (len(cache), cache.bytes) == (0, 0)


def test_photographs_are_places_whose_seed_picks_the_picture(tmp_path):
    seeds = []

    def photo(seed):
        seeds.append(seed)
        return stub_place(None)

    world = World(
        StubRenderer(), {"stub": stub_place}, None, tmp_path, build=lambda spec: StubBody(),
        quality="fast", photo_places={"backdrop": photo},
    )  # fmt: skip
    assert world.answer("vget /level/name") == "stub"
    for seed in (7, 8, 7):  # the last few places are kept
        assert world.answer(f"vbp SpineForge SetPlace backdrop {seed}") == '{"objects":["crate"]}'
    assert seeds == [7, 8]
    assert '"quality":"fast"' in world.answer("vbp SpineForge GetVersion")


@pytest.mark.parametrize("option", ["backdrops", "panoramas"])
def test_a_missing_folder_of_pictures_is_one_line(tmp_path, option):
    with pytest.raises(InputError, match=f"--{option} .*nowhere is no folder"):
        run_world(0, **{option: tmp_path / "nowhere"})


def test_a_quality_that_is_none():
    with pytest.raises(InputError, match="superb"):
        make_renderer("superb")


@dataclass(frozen=True)
class Inner:
    level: str
    size: float


@dataclass(frozen=True)
class Outer:
    count: int
    on: bool
    color: tuple[int, int, int]
    inner: Inner
    more: tuple[tuple[str, float], ...] = ()


GOOD = {"count": 3, "on": True, "color": (1, 2, 3), "inner": Inner("T8", 1), "more": (("a", 1.5),)}


def test_what_its_annotations_say_passes():
    check_types(Outer(**GOOD), "thing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 1.5}, "thing: count is 1.5, expected a whole number"),
        ({"count": True}, "count is True"),
        ({"count": 10**400}, "count is int, expected a finite number"),
        ({"on": 1}, "on is int, expected true or false"),
        ({"color": (1, 2)}, "color is tuple, expected 3 values"),
        ({"color": (1, 2, None)}, r"color\[2\] is None, expected a whole number"),
        ({"inner": None}, "inner is None, expected Inner"),
        ({"inner": Inner("T8", float("nan"))}, "inner: size is nan, expected a finite"),
        ({"inner": Inner("x" * 2000, 1.0)}, "inner: level is 'xxx.*expected a short text"),
        ({"more": (("a", "b"),)}, r"more\[0\]\[1\] is 'b', expected a number"),
        ({"more": "abc"}, "more is 'abc', expected a list"),
    ],
)
def test_what_they_do_not_say_is_told_by_its_name(change, message):
    with pytest.raises(InputError, match=message):
        check_types(Outer(**GOOD | change), "thing")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("muscle",), 1e9),
        (("proportions",), -0.1),
        (("top", "looseness"), 1e6),
        (("bottom", "length"), 1.5),
        (("skin", 0), 256),
        (("shoes", "color2", 1), -1),
        (("top", "pattern"), "tartan"),
        (("seed",), -1),
        (("seed",), 10**400),
        (("glasses",), "yes"),
    ],
)
def test_a_person_that_would_cost_a_builder_gigabytes_is_refused(path, value, monkeypatch):
    from synth.body import character
    from synth.body.population import sample_subject

    monkeypatch.setattr(character, "build_character", lambda spec: "built")
    text = sample_subject(np.random.default_rng(0), "s").to_json()
    assert build_from_json(text) == "built"
    spec = json.loads(text)
    holder = spec
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    with pytest.raises(InputError, match="subject spec"):
        build_from_json(json.dumps(spec))
