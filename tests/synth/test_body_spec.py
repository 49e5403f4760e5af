"""Specs: sampling, round trip, refusal of bad ones; and the phenotype mixing they drive."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.asset import AXES, axis_weights
from synth.body.population import sample_subject
from synth.body.spec import Posture, SubjectSpec


def subjects(count: int) -> list[SubjectSpec]:
    return [sample_subject(rng_for(0, "subject", i), f"s{i:03d}") for i in range(count)]


def test_json_gives_the_same_spec_back_and_has_no_whitespace():
    for subject in subjects(20):
        text = subject.to_json()
        assert SubjectSpec.from_json(text) == subject
        assert not any(c.isspace() for c in text)


def test_the_same_generator_gives_the_same_person():
    assert subjects(3) == subjects(3)
    assert subjects(2)[0].seed != subjects(2)[1].seed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sex", "x"),
        ("stature_m", 17.0),
        ("bmi", 5.0),
        ("hair", "mohawk"),
        ("races", (1.0, 1.0, 0.0)),
        ("asymmetry", -1.0),
    ],
)
def test_impossible_people_are_refused_by_name(field: str, value: object):
    with pytest.raises(InputError, match="'s000'"):
        replace(subjects(1)[0], **{field: value})


def test_only_men_in_trousers_or_shorts_go_without_a_top():
    woman, man = (next(s for s in subjects(20) if s.sex == sex) for sex in ("female", "male"))
    bare, shorts = replace(man.top, kind="none"), replace(man.bottom, kind="shorts")
    assert replace(man, top=bare, bottom=shorts).top.kind == "none"
    for person, kind in ((woman, "shorts"), (man, "skirt"), (man, "none")):
        with pytest.raises(InputError, match=r"expected a man|something to wear"):
            replace(person, top=bare, bottom=replace(shorts, kind=kind))


@pytest.mark.parametrize(
    "values",
    [{"lordosis_deg": 50.0}, {"curves": (("T13", 10.0, 3.0),)}, {"curves": (("T8", 90.0, 3.0),)}],
)
def test_impossible_postures_are_refused(values: dict):
    with pytest.raises(InputError, match="posture"):
        Posture(**values)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version":99}'])
def test_text_that_is_no_spec_is_refused(text: str):
    with pytest.raises(InputError):
        SubjectSpec.from_json(text)


def test_a_missing_and_an_unknown_field_are_named():
    data = json.loads(subjects(1)[0].to_json())
    del data["bmi"]
    data["weight"] = 3
    with pytest.raises(InputError, match=r"bmi.*weight"):
        SubjectSpec.from_json(json.dumps(data))


def test_axis_weights_sum_to_one_between_and_beyond_the_ends():
    for axis in AXES:
        for value in (-0.2, 0.0, 0.3, 0.5, 0.8, 1.0, 1.4):
            assert sum(axis_weights(axis, value).values()) == pytest.approx(1.0)
    assert axis_weights("weight", 0.75) == {"minweight": 0.0, "averageweight": 0.5, "maxweight": 0.5}
