"""Whom to draw: a population's ranges, and one person out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.looks import looks_rand
from synth.body.posture_rand import posture_rand
from synth.body.spec import SEXES, SubjectSpec
from synth.body.wardrobe import unlike_skin, wardrobe_rand

# Mean stature of 19-year-olds of 2019, cm, women and men: NCD-RisC, Lancet 2020 [mem, rounded to the centimetre]. The
# mix gives every row the same weight: tall, middling and short countries of all continents, so that the spread is the
# world's. One race is not tied to one row.
COUNTRY_STATURES_CM: dict[str, tuple[float, float]] = {
    "Netherlands": (170, 184), "Germany": (166, 180), "Poland": (165, 180), "United States": (163, 177),
    "Brazil": (162, 175), "Mexico": (158, 170), "Peru": (154, 167), "Egypt": (160, 174), "Nigeria": (159, 169),
    "Senegal": (164, 177), "Ethiopia": (156, 168), "Turkey": (162, 176), "Iran": (161, 175), "India": (155, 167),
    "Bangladesh": (152, 165), "China": (163, 176), "Japan": (158, 172), "Indonesia": (154, 166),
}  # fmt: skip
# Spread within one country [mem: 5.5-7 cm in national surveys].
_WITHIN_COUNTRY_SD_M = {"female": 0.062, "male": 0.068}
# Later cohorts are taller by about a centimetre in ten years (NCD-RisC, eLife 2016: 8 cm of the median country in a
# century), and people shrink by about 3 to 5 cm from 40 to 75 (Sorkin 1999) [mem].
_COHORT_M_PER_YEAR = 0.0007
_SHRINK_M_PER_YEAR, _SHRINKS_FROM = {"female": 0.0013, "male": 0.0009}, 40
STATURE_RANGE_M = {"female": (1.42, 1.86), "male": (1.54, 2.02)}


@dataclass(frozen=True)
class Population:
    """Ranges and spreads of the people to draw.

    Attributes:
        age_years: Youngest and oldest; drawn evenly.
        female_share: Share of women.
        stature_shift_m: Added to every stature, e.g. 0.03 for a taller population.
        stature_spread: Factor on the deviation from the mean stature of the person's sex, age and country.
        bmi: Least and most, kg/m2.
        bmi_mean: Mean at 40 years; young adults have 1.5 less.
        bmi_sd: Its standard deviation.
        muscle: Mean of the muscle axis, 0 to 1; its SD is 0.16.
        posture_spread: Factor on the standard deviations of posture; 0 makes all stand alike.
        scoliosis_share: Share of young adults with a curve of 10 degrees Cobb or more; see ``posture_rand`` for age.
        max_cobb_deg: The largest Cobb angle drawn.
        asymmetry: Factor on left-right differences.
        sports_share: Share of people dressed for sport; None leaves it to the wardrobe.
    """

    age_years: tuple[int, int] = (18, 85)
    female_share: float = 0.5
    stature_shift_m: float = 0.0
    stature_spread: float = 1.0
    bmi: tuple[float, float] = (17.0, 36.0)
    bmi_mean: float = 25.5
    bmi_sd: float = 4.8
    muscle: float = 0.52
    posture_spread: float = 1.0
    scoliosis_share: float = 0.03
    max_cobb_deg: float = 40.0
    asymmetry: float = 1.0
    sports_share: float | None = None

    def __post_init__(self) -> None:
        bounds = {
            "female_share": (0, 1), "stature_shift_m": (-0.15, 0.15), "stature_spread": (0, 2), "bmi_mean": (15, 40),
            "bmi_sd": (0, 10), "muscle": (0, 1), "posture_spread": (0, 2), "scoliosis_share": (0, 1),
            "max_cobb_deg": (10, 60), "asymmetry": (0, 3), "sports_share": (0, 1),
        }  # fmt: skip
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"population: {name} is {value}, expected {low} to {high}")
        for name, (low, high) in {"age_years": (18, 100), "bmi": (14, 45)}.items():
            least, most = getattr(self, name)
            if not low <= least <= most <= high:
                raise InputError(f"population: {name} is {least} to {most}, expected within {low} to {high}")


def truncated_normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """Draw from a normal distribution cut off at both ends; the nearest end where it hardly reaches in."""
    for _ in range(100):
        value = rng.normal(mean, sd)
        if low <= value <= high:
            return float(value)
    return float(np.clip(mean, low, high))


def mean_stature_m(country: str, sex: str, age_years: int) -> float:
    """Mean stature of people of one country, sex and age, metres (see the tables' sources above)."""
    young = COUNTRY_STATURES_CM[country][SEXES.index(sex)] / 100
    shrunk = _SHRINK_M_PER_YEAR[sex] * max(age_years - _SHRINKS_FROM, 0)
    return young - _COHORT_M_PER_YEAR * (age_years - 19) - shrunk


def _stature_rand(rng: np.random.Generator, sex: str, age: int, population: Population) -> float:
    countries = tuple(COUNTRY_STATURES_CM)
    mean = mean_stature_m(countries[int(rng.integers(len(countries)))], sex, age) + population.stature_shift_m
    sd = _WITHIN_COUNTRY_SD_M[sex] * population.stature_spread
    return truncated_normal(rng, mean, sd, *STATURE_RANGE_M[sex])


def _bmi_rand(rng: np.random.Generator, age: int, population: Population) -> float:
    mean = population.bmi_mean + float(np.interp(age, (18, 40, 60, 85), (-1.5, 0.0, 0.8, 0.2)))
    return truncated_normal(rng, mean, population.bmi_sd, *population.bmi)


def _races_rand(rng: np.random.Generator) -> tuple[float, float, float]:
    first, second = (round(float(x), 3) for x in rng.dirichlet((0.5, 0.5, 0.5))[:2])
    return first, second, round(1 - first - second, 3)


def sample_subject(
    rng: np.random.Generator, subject_id: str, population: Population | None = None
) -> SubjectSpec:
    """Draw a person.

    Body, clothes, looks and posture have numbers of their own: a change in how one is drawn leaves the others.

    Args:
        rng: Numbers of this subject; the subject's own seed is drawn from it.
        subject_id: The person's name in files.
        population: Whom to draw from; by default :class:`Population`'s defaults.
    """
    population = population or Population()
    seed = int(rng.integers(2**31))
    body = rng_for(seed, "subject", "body")
    sex = SEXES[0] if body.random() < population.female_share else SEXES[1]
    age = int(body.integers(population.age_years[0], population.age_years[1] + 1))
    stature = _stature_rand(body, sex, age, population)
    bmi = _bmi_rand(body, age, population)
    races = _races_rand(body)
    clothes = rng_for(seed, "subject", "clothes")
    top, bottom, shoes = wardrobe_rand(clothes, sex, age, population.sports_share)
    looks = looks_rand(rng_for(seed, "subject", "looks"), sex, age, races)
    return SubjectSpec(
        subject_id=subject_id,
        seed=seed,
        sex=sex,
        age_years=age,
        stature_m=round(stature, 3),
        bmi=round(bmi, 2),
        muscle=round(float(np.clip(body.normal(population.muscle, 0.16), 0.15, 0.95)), 3),
        proportions=round(float(body.uniform(0.2, 0.8)), 3),
        cup=round(float(np.clip(body.normal(0.45, 0.18), 0.05, 0.9)), 3),
        races=races,
        top=unlike_skin(top, looks["skin"]),
        bottom=unlike_skin(bottom, looks["skin"]),
        shoes=shoes,
        **looks,
        posture=posture_rand(
            rng_for(seed, "subject", "posture"), sex, age,
            population.posture_spread, population.scoliosis_share, population.max_cobb_deg,
        ),
        asymmetry=population.asymmetry,
    )  # fmt: skip
