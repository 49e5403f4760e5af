"""What more training people would buy: error against their number, carried on beyond what was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinepose.errors import InputError

MIN_SIZES = 3
# Exponents that are tried; learning curves of vision models lie well inside.
EXPONENTS = np.linspace(0.05, 1.5, 146)


@dataclass(frozen=True)
class Curve:
    """error(n) = floor + factor * n ** -exponent.

    Attributes:
        floor: What no number of people takes away.
        factor: Error above the floor of a single person.
        exponent: How fast it falls.
    """

    floor: float
    factor: float
    exponent: float

    def __call__(self, people: float) -> float:
        """The error with so many training people."""
        return float(self.floor + self.factor * people**-self.exponent)


@dataclass(frozen=True)
class Prediction:
    """Two readings of the same points; the truth hardly lies outside of them if nothing else changes.

    Attributes:
        power_law: No floor: the error goes on falling as it did on average. The optimistic reading.
        with_floor: A floor as the bend of the points suggests. The pessimistic one.
    """

    power_law: Curve
    with_floor: Curve


def fit_curves(people: Sequence[float], errors: Sequence[float]) -> Prediction:
    """Fit both curves by least squares on relative errors.

    Args:
        people: Training people of each training; at least three different numbers.
        errors: Its held-out error, in any unit, above zero.

    Raises:
        InputError: There are fewer than three sizes, or an error is not above zero.
    """
    n, y = np.asarray(people, float), np.asarray(errors, float)
    if len(np.unique(n)) < MIN_SIZES:
        raise InputError("a learning curve needs trainings on three numbers of people or more")
    if not (np.isfinite(y) & (y > 0)).all() or not (n > 0).all():
        raise InputError("a learning curve needs errors and numbers of people above zero")
    slope, level = np.polyfit(np.log(n), np.log(y), 1)
    power = Curve(0.0, float(np.exp(level)), float(-slope))
    fits = []
    for exponent in EXPONENTS:
        # Linear in floor and factor once the exponent stands; a floor below zero means none.
        columns = np.column_stack([np.ones(len(n)), n**-exponent]) / y[:, None]
        floor, factor = np.linalg.lstsq(columns, np.ones(len(n)), rcond=None)[0]
        if floor > 0 and factor > 0:
            left = float(((columns @ (floor, factor) - 1) ** 2).sum())
            fits.append((left, Curve(float(floor), float(factor), float(exponent))))
    return Prediction(power, min(fits, key=lambda fit: fit[0])[1] if fits else power)
