"""Specs: sampling, round trip, refusal of bad ones; and the phenotype mixing they drive."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body import spec as spec_module
from synth.body.asset import AXES, axis_weights
from synth.body.spec import BMI_RANGE, STATURE_RANGE_M, SubjectSpec, sample_subject


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


def test_people_differ_and_stay_in_range():
    people = subjects(200)
    for person in people:
        low, high = STATURE_RANGE_M[person.sex]
        assert low <= person.stature_m <= high
        assert BMI_RANGE[0] <= person.bmi <= BMI_RANGE[1]
    assert {p.sex for p in people} == {"female", "male"}
    assert len({p.top.kind for p in people}) >= 3
    assert len({p.bottom.kind for p in people}) >= 4
    assert len({p.hair for p in people}) >= 6
    men = np.mean([p.stature_m for p in people if p.sex == "male"])
    women = np.mean([p.stature_m for p in people if p.sex == "female"])
    assert 0.08 < men - women < 0.18


@pytest.mark.parametrize(
    ("field", "value"),
    [("sex", "x"), ("stature_m", 17.0), ("bmi", 5.0), ("hair", "mohawk"), ("races", (1.0, 1.0, 0.0))],
)
def test_impossible_people_are_refused_by_name(field: str, value: object):
    with pytest.raises(InputError, match="'s000'"):
        replace(subjects(1)[0], **{field: value})


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
