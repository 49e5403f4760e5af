"""The smooth step: 0 up to one value, 1 from another on, level at both ends."""

from __future__ import annotations

import numba
import numpy as np


def ramp(value: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """0 at ``low`` and below, 1 at ``high`` and above, 3t² - 2t³ between; any shape."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@numba.njit(cache=True)
def ramp_one(value: float, low: float, high: float) -> float:
    """The same of one number, for compiled loops."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)
