from __future__ import annotations

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.learning_curve import fit_curves

PEOPLE = [500, 1500, 3000, 6000]


def test_a_power_law_is_carried_on():
    found = fit_curves(PEOPLE, [200 * n**-0.3 for n in PEOPLE])
    assert found.power_law.exponent == pytest.approx(0.3)
    assert found.power_law(25_000) == pytest.approx(200 * 25_000**-0.3)
    # No bend, no floor worth the name.
    assert found.with_floor(25_000) == pytest.approx(found.power_law(25_000), rel=0.02)


def test_a_floor_is_found_and_is_the_less_hopeful_reading():
    found = fit_curves(PEOPLE, [10 + 900 * n**-0.6 for n in PEOPLE])
    assert found.with_floor.floor == pytest.approx(10, rel=0.05)
    assert found.with_floor(25_000) == pytest.approx(10 + 900 * 25_000**-0.6, rel=0.01)
    assert found.power_law(25_000) < found.with_floor(25_000)


@pytest.mark.parametrize(
    ("people", "errors", "words"),
    [([1, 2, 2], [3, 2, 1], "three numbers"), ([1, 2, 3], [3, 2, np.nan], "above zero")],
)
def test_too_little_to_fit_is_one_line(people, errors, words):
    with pytest.raises(InputError, match=words):
        fit_curves(people, errors)
