"""Populations: ranges are kept, spreads are those asked for, and bodies are drawn apart from clothes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.population import (
    COUNTRY_STATURES_CM,
    STATURE_RANGE_M,
    Population,
    mean_stature_m,
    sample_subject,
)
from synth.body.posture_rand import curves_rand, posture_rand
from synth.body.spec import POSTURE_LIMITS_DEG, SubjectSpec


def people(count: int, population: Population | None = None) -> list[SubjectSpec]:
    return [sample_subject(rng_for(0, "subject", i), f"s{i:03d}", population) for i in range(count)]


def test_people_differ_and_stay_in_range():
    drawn = people(300)
    for person in drawn:
        low, high = STATURE_RANGE_M[person.sex]
        assert low <= person.stature_m <= high
        assert 17 <= person.bmi <= 36
        for name, limit in POSTURE_LIMITS_DEG.items():
            assert abs(getattr(person.posture, name)) <= limit
    assert 0.4 < np.mean([p.sex == "female" for p in drawn]) < 0.6
    assert len({p.top.kind for p in drawn}) >= 8
    assert len({p.hair for p in drawn}) >= 8


def test_statures_are_those_of_the_countries():
    drawn = people(1500, Population(age_years=(18, 20)))
    for column, sex in enumerate(("female", "male")):
        statures = [p.stature_m for p in drawn if p.sex == sex]
        published = np.mean([row[column] for row in COUNTRY_STATURES_CM.values()]) / 100
        assert np.mean(statures) == pytest.approx(published, abs=0.010)
        assert 0.06 < np.std(statures) < 0.10


def test_the_old_are_shorter():
    assert mean_stature_m("Japan", "female", 80) < mean_stature_m("Japan", "female", 20) - 0.06


def test_a_population_is_kept_to():
    population = Population(
        age_years=(60, 65),
        female_share=1.0,
        bmi=(20.0, 24.0),
        posture_spread=0.0,
        scoliosis_share=0.0,
        asymmetry=0.0,
    )
    for person in people(20, population):
        assert 60 <= person.age_years <= 65
        assert person.sex == "female"
        assert 20 <= person.bmi <= 24
        assert person.asymmetry == 0
        assert person.posture.curves == ()
        assert abs(person.posture.lordosis_deg) < 1e-9


@pytest.mark.parametrize(
    "values",
    [{"age_years": (10, 20)}, {"bmi": (30.0, 20.0)}, {"female_share": 1.5}, {"scoliosis_share": -0.1}],
)
def test_impossible_populations_are_refused_by_name(values: dict):
    with pytest.raises(InputError, match=next(iter(values))):
        Population(**values)


def test_a_change_of_bodies_leaves_clothes_and_looks():
    for plain, heavy in zip(people(5), people(5, Population(bmi_mean=30.0)), strict=True):
        assert plain.top == heavy.top
        assert plain.hair == heavy.hair
        assert plain.posture == heavy.posture
        assert plain.bmi != heavy.bmi


def test_sports_clothes_are_as_frequent_as_asked():
    """Daily life has no leotards, singlets or sports tops; sport has no dresses."""
    never, always = (people(150, Population(sports_share=share)) for share in (0.0, 1.0))
    assert not {p.top.kind for p in never} & {"leotard", "singlet", "sports_top"}
    assert not {p.top.kind for p in always} & {"dress", "shirt"}


def test_sampling_is_deterministic():
    assert people(3) == people(3)
    assert people(2)[0] != replace(people(2)[1], subject_id="s000")


def test_kyphosis_grows_with_age_and_lordosis_goes_with_it():
    def drawn(age: int) -> np.ndarray:
        rng = rng_for(0, "posture", age)
        postures = [posture_rand(rng, "female", age) for _ in range(400)]
        return np.array([(p.kyphosis_deg, p.lordosis_deg, p.forward_head_deg) for p in postures])

    young, old = drawn(20), drawn(75)
    assert old[:, 0].mean() > young[:, 0].mean() + 4
    assert old[:, 2].mean() > young[:, 2].mean() + 2
    assert 7 < young[:, 0].std() < 10
    assert np.corrcoef(young[:, 0], young[:, 1])[0, 1] > 0.15


def test_scoliosis_is_as_frequent_as_asked_and_mostly_right_thoracic():
    rng = rng_for(0, "curves")
    curves = [curves_rand(rng, 18, 1.0, 0.03, 40.0) for _ in range(4000)]
    large = [c for c in curves if any(abs(cobb) >= 10 for _, cobb, _ in c)]
    assert 0.02 < len(large) / len(curves) < 0.04
    thoracic = [cobb for c in large for apex, cobb, _ in c if apex in ("T7", "T8", "T9")]
    assert np.mean(np.array(thoracic) < 0) > 0.7
    for curve in curves:
        assert all(abs(cobb) <= 40 and cobb * turn >= 0 for _, cobb, turn in curve)
        if len(curve) == 2:
            assert curve[0][1] * curve[1][1] < 0
