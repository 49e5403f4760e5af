"""Smooth curves in time: what procedural motions are drawn with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

FPS = 30.0


def frame_times(duration_s: float, fps: float = FPS) -> np.ndarray:
    """Times of the frames of a motion, first and last included, shape (T,), seconds."""
    return np.arange(round(duration_s * fps) + 1) / fps


def ease(share: np.ndarray | float) -> np.ndarray:
    """From 0 to 1 as a hand moves from rest to rest: the minimum-jerk curve of Flash & Hogan 1985.

    Velocity and acceleration are 0 at both ends; arguments beyond [0, 1] stay at the ends.
    """
    s = np.clip(share, 0.0, 1.0)
    return s**3 * (10.0 - 15.0 * s + 6.0 * s**2)


def poses(phase: np.ndarray, keys: Sequence[tuple[float, float]]) -> np.ndarray:
    """Go from key to key, at rest in each (held poses).

    Args:
        phase: Where to evaluate, shape (T,).
        keys: Pairs (phase, value), phases ascending.
    """
    values = np.full(np.shape(phase), float(keys[0][1]))
    for (start, a), (end, b) in itertools.pairwise(keys):
        values = values + (b - a) * ease((np.asarray(phase) - start) / (end - start))
    return values


def flow(phase: np.ndarray, keys: Sequence[tuple[float, float]]) -> np.ndarray:
    """Go through the keys without stopping (monotone cubic between them, so no key is overshot).

    Args:
        phase: Where to evaluate, shape (T,); held beyond the first and last key.
        keys: Pairs (phase, value), phases ascending.
    """
    at, values = np.array(keys, dtype=float).T
    # Doubled ends make the first and last velocity 0.
    at = np.concatenate([[at[0] - 1.0], at, [at[-1] + 1.0]])
    values = np.concatenate([values[:1], values, values[-1:]])
    return PchipInterpolator(at, values)(np.clip(phase, at[1], at[-2]))


def positive_part(values: np.ndarray, softness: float = 5.0) -> np.ndarray:
    """``max(values, 0)`` with its corner rounded, 0 at 0: motions that differ forward and back stay smooth."""
    values = np.asarray(values, dtype=float)
    return (values + np.hypot(values, softness) - softness) / 2.0
