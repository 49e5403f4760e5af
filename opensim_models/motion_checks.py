"""Measures of a whole solved trial that a model's own markers cannot flatter: raw distances, free solutions, time.

The clamped solution always lies near its limits and a rigid model never drifts, so limits are judged on a solution that
knows none, and drift on distances between raw markers of one bone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import JOINT_LEVELS, MOTIONS, REGIONAL_COORDINATES
from opensim_models.checks import BONE_PAIRS
from opensim_models.ik import Problem, Solution, solve
from opensim_models.kinematics import Kinematics
from opensim_models.markers import MARKER_NAMES
from opensim_models.spine import REGIONAL_RANGES_RAD

SPINE = slice(6, 15)  # the nine regional coordinates follow the pelvis' six
_NEAR_RAD = np.radians(1.0)
_FREE_RAD = np.pi  # a limit that no spine meets
_JERK_HZ = 30.0
_ENDS = 0.2  # share of a trial at either end that drift compares


@dataclass(frozen=True)
class Unclamped:
    """What the markers ask for where limits hold the spine back.

    Attributes:
        coordinates: The regional coordinates solved without limits, radians, (T, 9).
        at_limit: Frames whose limited solution is at a limit or beyond, (T,).
        beyond_rad: How far the free solution lies beyond the anatomical range, 0 inside, (T, 9).
    """

    coordinates: np.ndarray
    at_limit: np.ndarray
    beyond_rad: np.ndarray


def unclamped(
    kinematics: Kinematics, problem: Problem, measured_m: np.ndarray, solution: Solution
) -> Unclamped:
    """Solve the frames at a limit again without limits on the spine; all others have none that acts.

    Args:
        kinematics: The model.
        problem: What was solved.
        measured_m: Markers, OpenSim's axes, (T, K, 3).
        solution: Its solution.
    """
    low, high = REGIONAL_RANGES_RAD[:, 0], REGIONAL_RANGES_RAD[:, 1]
    limited = solution.coordinates[:, SPINE]
    at_limit = ((limited < low + _NEAR_RAD) | (limited > high - _NEAR_RAD)).any(axis=1)
    free = limited.copy()
    frames = np.flatnonzero(at_limit)
    if len(frames):
        open_model, open_problem = _without_limits(kinematics, problem)
        for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
            solved = solve(open_model, open_problem, measured_m[run], solution.coordinates[run[0]])
            free[run] = solved.coordinates[:, SPINE]
    beyond = np.maximum(free - high, 0.0) + np.maximum(low - free, 0.0)
    return Unclamped(free, at_limit, beyond)


def _without_limits(kinematics: Kinematics, problem: Problem) -> tuple[Kinematics, Problem]:
    lower, upper = kinematics.lower.copy(), kinematics.upper.copy()
    soft_lower, soft_upper = problem.soft_lower.copy(), problem.soft_upper.copy()
    for low, high in ((lower, upper), (soft_lower, soft_upper)):
        low[SPINE], high[SPINE] = -_FREE_RAD, _FREE_RAD
    return (
        replace(kinematics, lower=lower, upper=upper),
        replace(problem, soft_lower=soft_lower, soft_upper=soft_upper),
    )


def levels_beyond_rad(kinematics: Kinematics, regional_rad: np.ndarray) -> np.ndarray:
    """How far each joint's angles lie beyond its range, 0 inside: (T, 9) to (T, 25, 3), radians.

    Args:
        kinematics: The model, whose couplers say what each joint takes.
        regional_rad: Regional coordinates.
    """
    x = np.zeros((len(regional_rad), len(kinematics.coordinate_names)))
    x[:, SPINE] = regional_rad
    values = x @ kinematics.all_matrix.T + kinematics.all_offset
    rows = [kinematics.all_names.index(f"{level}_{motion}") for level in JOINT_LEVELS for motion in MOTIONS]
    angles = values[:, rows].reshape(len(x), len(JOINT_LEVELS), len(MOTIONS))
    ranges = levels.joint_ranges_rad()
    return np.maximum(angles - ranges[..., 1], 0.0) + np.maximum(ranges[..., 0] - angles, 0.0)


def bone_pairs(kinematics: Kinematics) -> tuple[tuple[str, str], ...]:
    """Pairs of markers that sit on one bone firmly: those of the marker set, and technical ones of one body."""
    names = kinematics.marker_names
    technical = [
        (a, b)
        for i, a in enumerate(names)
        for j, b in enumerate(names[:i])
        if {a, b}.isdisjoint(MARKER_NAMES) and kinematics.marker_bodies[i] == kinematics.marker_bodies[j]
    ]
    return (*(pair for pair in BONE_PAIRS if set(pair) <= set(names)), *technical)


def raw_gaps(names: tuple[str, ...], pairs: tuple[tuple[str, str], ...], markers_m: np.ndarray) -> np.ndarray:
    """Distances between raw markers, (T, pairs), NaN where one is missing."""
    index = {name: i for i, name in enumerate(names)}
    first = markers_m[:, [index[a] for a, _ in pairs]]
    return np.linalg.norm(first - markers_m[:, [index[b] for _, b in pairs]], axis=-1)


def size_ratio(gaps_m: np.ndarray, standing_gaps_m: np.ndarray) -> float:
    """Median over pairs of (moving distance / standing distance); NaN where no pair is seen in both.

    A unit read wrongly in one of two files makes this 1000, 10 or their inverse, and no fit can hide it.
    """
    with np.errstate(invalid="ignore"):
        middle = _nanmedian(gaps_m)
    return float(_nanmedian((middle / standing_gaps_m)[:, None])[0]) if len(middle) else float("nan")


def drift_m(gaps_m: np.ndarray) -> np.ndarray:
    """By how much each distance differs between the beginning and the end of a trial, (pairs,), NaN where unseen."""
    count = max(round(_ENDS * len(gaps_m)), 1)
    return np.abs(_nanmedian(gaps_m[-count:]) - _nanmedian(gaps_m[:count]))


def _nanmedian(values: np.ndarray) -> np.ndarray:
    """Median down the columns, NaN for columns that hold nothing."""
    out = np.full(values.shape[1], np.nan)
    for column in range(values.shape[1]):
        seen = values[:, column][np.isfinite(values[:, column])]
        if len(seen):
            out[column] = np.median(seen)
    return out


def lumbar_contribution(coordinates: np.ndarray, least_rad: float) -> float:
    """Lumbar share of the trunk's forward inclination at its deepest; NaN where the trunk never inclines so far.

    The inclination of T12 is the pelvis' own forward tilt plus lumbar flexion.

    Args:
        coordinates: Independent coordinates, (T, Q).
        least_rad: Inclination of T12 from which the share means something.
    """
    pelvis, lumbar = -coordinates[:, 5], coordinates[:, 6]
    deepest = int(np.argmax(pelvis + lumbar))
    whole = float(pelvis[deepest] + lumbar[deepest])
    return float(lumbar[deepest] / whole) if whole >= least_rad else float("nan")


def jerk_rms(points_m: np.ndarray, times_s: np.ndarray) -> float:
    """Root mean square of the third derivative of points over time, m/s3, (T, N, 3); NaN under 5 samples.

    Faster recordings are averaged down to some 30 Hz first: three derivatives make anything of a 250 Hz file's noise.
    """
    if len(times_s) < 2:
        return float("nan")
    step = float(np.median(np.diff(times_s)))
    block = max(round(1.0 / (_JERK_HZ * step)), 1)
    count = len(points_m) // block
    if count < 5:
        return float("nan")
    path = points_m[: count * block].reshape(count, block, *points_m.shape[1:]).mean(axis=1)
    third = np.diff(path, n=3, axis=0) / (block * step) ** 3
    return float(np.sqrt((third**2).sum(axis=-1).mean()))


def rms_above_hz(points_m: np.ndarray, times_s: np.ndarray, cutoff_hz: float = 6.0) -> float:
    """Root mean square of what points do above a frequency, metres, (T, N, 3).

    A straight line through each path is taken away and a Hann window tapers it, so that ends do not ring; NaN where
    the sampling cannot tell (under three times the frequency, or under a second).
    """
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else np.inf
    if step > 1.0 / (3.0 * cutoff_hz) or len(times_s) * step < 1.0:
        return float("nan")
    count = len(times_s)
    time = np.linspace(-1, 1, count)[:, None, None]
    path = points_m - points_m.mean(axis=0)
    path = path - time * (path * time).sum(axis=0) / (time**2).sum()
    window = np.hanning(count)[:, None, None]
    power = np.abs(np.fft.rfft(path * window, axis=0)) ** 2
    above = np.fft.rfftfreq(count, step) > cutoff_hz
    total = 2.0 * power[above].sum(axis=(0, 2)) / (count * (window**2).sum())
    return float(np.sqrt(total.mean()))


def upright(coordinates: np.ndarray, lean_rad: float = np.radians(15.0)) -> np.ndarray:
    """Frames in which the person stands as in neutral: pelvis and the three regions within some degrees, (T,)."""
    flexions = [6 + REGIONAL_COORDINATES.index(f"{r}_flexion") for r in ("lumbar", "thoracic", "cervical")]
    return (np.abs(coordinates[:, [4, 5, *flexions]]) < lean_rad).all(axis=1)
