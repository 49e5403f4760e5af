"""The one-euro filter: steady where a point rests, quick where it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OneEuro:
    """Settings of the filter (Casiez, Roussel and Vogel, CHI 2012), for positions in shares of the person's height.

    Attributes:
        min_cutoff_hz: Cut-off at rest: lower is steadier.
        beta: How fast the cut-off rises with speed, Hz per height a second: higher lags less.
        speed_cutoff_hz: Cut-off of the speed's own filter.
    """

    min_cutoff_hz: float = 1.5
    beta: float = 6.0
    speed_cutoff_hz: float = 1.0


def blend(cutoff_hz: np.ndarray | float, dt_s: float) -> np.ndarray:
    """Share of the new value in an exponential filter: 1 / (1 + tau / dt), tau = 1 / (2 pi cutoff)."""
    turned = 2 * np.pi * np.asarray(cutoff_hz, dtype=float) * dt_s
    return turned / (1 + turned)


class PointSmoother:
    """Smooths the keypoints of one person over time, each by itself.

    Points whose score is low do not enter: the filter starts anew when they come back.
    """

    def __init__(self, settings: OneEuro) -> None:
        self.settings = settings
        self._time_s = -np.inf
        self._points: np.ndarray | None = None
        self._speed = np.zeros(0)

    def __call__(self, points_px: np.ndarray, use: np.ndarray, size_px: float, time_s: float) -> np.ndarray:
        """Take one frame.

        Args:
            points_px: Shape (K, 2).
            use: Which points are seen well enough, shape (K,) bool.
            size_px: Height of the person, the unit of speed.
            time_s: Time of the frame.

        Returns:
            Shape (K, 2): smoothed where used, as given elsewhere.
        """
        if self._points is None:
            self._points, self._speed = np.full(points_px.shape, np.nan), np.zeros(points_px.shape)
        dt = time_s - self._time_s
        known = use & np.isfinite(self._points).all(axis=1) & (dt > 0)
        result = points_px.astype(float).copy()
        if known.any():
            result[known] = self._step(points_px[known], known, size_px, dt)
        fresh = use & ~known
        self._points = np.where(use[:, None], result, np.nan)
        self._speed[fresh | ~use] = 0.0
        self._time_s = time_s
        return result

    def _step(self, points: np.ndarray, known: np.ndarray, size_px: float, dt: float) -> np.ndarray:
        before = self._points[known]  # type: ignore[index]
        share = blend(self.settings.speed_cutoff_hz, dt)
        speed = share * (points - before) / dt + (1 - share) * self._speed[known]
        self._speed[known] = speed
        pace = np.linalg.norm(speed, axis=1, keepdims=True) / max(size_px, 1e-9)
        weight = blend(self.settings.min_cutoff_hz + self.settings.beta * pace, dt)
        return weight * points + (1 - weight) * before
