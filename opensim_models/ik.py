"""Inverse kinematics: Levenberg-Marquardt over the independent coordinates, one frame after another.

A frame minimises ``sum w_k rho(|marker_k - measured_k|) + soft limits + priors``. ``rho`` is Huber's: quadratic up to
``huber_m``, then linear, so that one bad marker cannot drag a vertebra. Missing markers (NaN) have no weight and no
error. The coordinates never leave the model's own limits; the anatomical ones inside them only pull.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from opensim_models.initial import align_root, limb_start
from opensim_models.kinematics import Kinematics, forward, points_jacobian

_LIMIT_STIFFNESS = 0.05  # m2/rad2: 3 degrees beyond a limit cost what 1 cm costs at one marker
_MAX_ITERATIONS = 60


@dataclass(frozen=True)
class Problem:
    """What one frame is fitted under; Q coordinates, K markers of the model in its order.

    Attributes:
        weights: Weight of each marker, (K,).
        soft_lower: Where the pull of the limits begins, (Q,).
        soft_upper: (Q,).
        prior: Coordinates that the priors pull to, (Q,).
        prior_stiffness: How strongly, m2/rad2, (Q,): 1e-4 balances 1 cm at one marker with a radian.
        huber_m: Marker error where the loss turns from quadratic to linear.
    """

    weights: np.ndarray
    soft_lower: np.ndarray
    soft_upper: np.ndarray
    prior: np.ndarray
    prior_stiffness: np.ndarray
    huber_m: float = 0.03


@dataclass(frozen=True)
class Solution:
    """The solved frames, T of them.

    Attributes:
        coordinates: Independent coordinates, (T, Q).
        errors_m: Distance of each marker from its measurement, (T, K), NaN where missing.
        cost: What was minimised, (T,).
        iterations: (T,).
        restarted: Frames that were solved again from other starts, (T,).
    """

    coordinates: np.ndarray
    errors_m: np.ndarray
    cost: np.ndarray
    iterations: np.ndarray
    restarted: np.ndarray

    @property
    def rms_m(self) -> np.ndarray:
        """Unweighted root mean square over the markers that were seen, (T,)."""
        return np.sqrt(np.nanmean(self.errors_m**2, axis=1))


def default_problem(
    kinematics: Kinematics, weights: np.ndarray, anatomical: dict[str, tuple[float, float]] | None = None
) -> Problem:
    """A problem with a faint pull to zero, which settles what markers leave open (a hidden wrist).

    Args:
        kinematics: The model.
        weights: (K,).
        anatomical: Limits narrower than the model's own, by coordinate name.
    """
    lower, upper = kinematics.lower.copy(), kinematics.upper.copy()
    for name, (low, high) in (anatomical or {}).items():
        index = kinematics.index(name)
        lower[index], upper[index] = low, high
    stiffness = np.full(len(lower), 1e-5)
    stiffness[:6] = 0.0
    return Problem(weights, lower, upper, np.zeros(len(lower)), stiffness)


def solve(
    kinematics: Kinematics,
    problem: Problem,
    measured_m: np.ndarray,
    start: np.ndarray,
    presets: np.ndarray | None = None,
    bad_rms_m: float = 0.015,
    bad_marker_m: float = 0.03,
) -> Solution:
    """Solve the frames in order, each from the one before; go over bad ones again from other starts.

    Args:
        kinematics: The model.
        problem: Weights, limits, priors.
        measured_m: Markers in the model's order, OpenSim's axes, (T, K, 3), NaN where missing.
        start: Coordinates for the first frame, (Q,).
        presets: Other postures to start bad frames from, (P, Q); their pelvis is aligned to the frame's.
        bad_rms_m: Marker RMS over which a frame is tried again.
        bad_marker_m: Error of a single marker over which it is.

    Returns:
        For each frame the best solution found.
    """
    measured = np.ascontiguousarray(measured_m, dtype=float)
    best = _run(kinematics, problem, measured, start)

    restarted = _bad(best[1], bad_rms_m, bad_marker_m)
    if restarted.any():
        back = _run(kinematics, problem, measured[::-1].copy(), best[0][-1])
        _keep_better(best, tuple(part[::-1] for part in back), np.arange(len(measured)))
    starts: list[np.ndarray | None] = [None, *(() if presets is None else presets)]
    for number, start_again in enumerate(starts):
        # The frame's own trunk with fresh limbs is the start that helps most: presets are for what it leaves.
        slack = 1.0 if number == 0 else 1.5
        for frame in np.flatnonzero(restarted & _bad(best[1], slack * bad_rms_m, slack * bad_marker_m)):
            one = measured[frame : frame + 1]
            x = best[0][frame] if start_again is None else align_root(kinematics, start_again, one[0])
            limbs = limb_start(kinematics, x, one[0])
            _keep_better(best, _run(kinematics, problem, one, limbs), np.array([frame]))
    return Solution(best[0], best[1], best[2], best[3], restarted)


def _run(
    kinematics: Kinematics, problem: Problem, measured: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, ...]:
    return _solve_frames(
        measured, np.ascontiguousarray(start, dtype=float), problem.weights, kinematics.lower, kinematics.upper,
        problem.soft_lower, problem.soft_upper, problem.prior, problem.prior_stiffness, problem.huber_m,
        kinematics.marker_bodies, kinematics.marker_offsets_m, *kinematics.chain(),
    )  # fmt: skip


def _bad(errors_m: np.ndarray, rms_m: float, marker_m: float) -> np.ndarray:
    """Frames whose marker RMS or whose worst marker is over a bound, (T,)."""
    seen = np.isfinite(errors_m)
    squares = np.where(seen, errors_m, 0.0) ** 2
    rms = np.sqrt(squares.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))
    return (rms > rms_m) | (np.sqrt(squares.max(axis=1)) > marker_m)


def _keep_better(best: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...], frames: np.ndarray) -> None:
    """Where ``other`` costs less, copy it over ``best``; the third array is the cost."""
    better = other[2] < best[2][frames]
    for target, source in zip(best, other, strict=True):
        target[frames[better]] = source[better]


@numba.njit(cache=True)
def _solve_frames(
    measured, start, weights, lower, upper, soft_lower, soft_upper, prior, prior_w, huber, bodies, offsets,
    parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts,
):  # fmt: skip
    """Frames in order, each from the last; coordinates (T, Q), errors (T, K), cost (T,), iterations (T,)."""
    frames, count, size = measured.shape[0], measured.shape[1], start.shape[0]
    out, errors = np.empty((frames, size)), np.empty((frames, count))
    costs, iterations = np.empty(frames), np.empty(frames, dtype=np.int64)
    x = start.copy()
    for i in range(size):
        x[i] = min(max(x[i], lower[i]), upper[i])
    trial, step = np.empty(size), np.empty(size)
    normal, factor, gradient = np.empty((size, size)), np.empty((size, size)), np.empty(size)
    for t in range(frames):
        damping = 1e-3
        rot, org, world = forward(x, parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts)
        points, jac = points_jacobian(rot, org, world, parents, coords, slopes, bodies, offsets, size)
        cost = _cost(
            points, measured[t], weights, huber, x, soft_lower, soft_upper, prior, prior_w, errors[t]
        )
        used = 0
        while used < _MAX_ITERATIONS:
            used += 1
            _normal_equations(
                points,
                jac,
                measured[t],
                weights,
                huber,
                x,
                soft_lower,
                soft_upper,
                prior,
                prior_w,
                normal,
                gradient,
            )
            improved = False
            for _ in range(8):
                if _solve_damped(normal, gradient, damping, factor, step):
                    for i in range(size):
                        trial[i] = min(max(x[i] - step[i], lower[i]), upper[i])
                    rot, org, world = forward(
                        trial, parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts
                    )
                    points, jac = points_jacobian(
                        rot, org, world, parents, coords, slopes, bodies, offsets, size
                    )
                    new = _cost(
                        points,
                        measured[t],
                        weights,
                        huber,
                        trial,
                        soft_lower,
                        soft_upper,
                        prior,
                        prior_w,
                        errors[t],
                    )
                    if new < cost:
                        improved = True
                        break
                damping *= 8.0
            if not improved:
                break
            drop = cost - new
            cost = new
            largest = 0.0
            for i in range(size):
                largest = max(largest, abs(trial[i] - x[i]))
                x[i] = trial[i]
            damping = max(damping / 8.0, 1e-9)
            if drop < 1e-9 * cost + 1e-14 or largest < 1e-7:
                break
        # The last trial may have been a refused one.
        rot, org, world = forward(x, parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts)
        points, jac = points_jacobian(rot, org, world, parents, coords, slopes, bodies, offsets, size)
        costs[t] = _cost(
            points, measured[t], weights, huber, x, soft_lower, soft_upper, prior, prior_w, errors[t]
        )
        for i in range(size):
            out[t, i] = x[i]
        iterations[t] = used
    return out, errors, costs, iterations


@numba.njit(cache=True)
def _cost(points, measured, weights, huber, x, lower, upper, prior, prior_w, errors):
    """Value of the objective; fills the marker distances."""
    total = 0.0
    for k in range(points.shape[0]):
        square = 0.0
        for i in range(3):
            square += (points[k, i] - measured[k, i]) ** 2
        distance = np.sqrt(square)
        errors[k] = distance
        if distance == distance:  # not NaN
            total += weights[k] * (square if distance <= huber else huber * (2 * distance - huber))
    for i in range(x.shape[0]):
        total += prior_w[i] * (x[i] - prior[i]) ** 2
        beyond = max(x[i] - upper[i], 0.0) + min(x[i] - lower[i], 0.0)
        total += _LIMIT_STIFFNESS * beyond * beyond
    return total


@numba.njit(cache=True)
def _normal_equations(
    points, jac, measured, weights, huber, x, lower, upper, prior, prior_w, normal, gradient
):
    """Gauss-Newton matrix and half gradient, the Huber loss as reweighting; lower triangle only."""
    size = x.shape[0]
    active = np.empty(size, dtype=np.int64)
    for i in range(size):
        gradient[i] = prior_w[i] * (x[i] - prior[i])
        for j in range(size):
            normal[i, j] = 0.0
        normal[i, i] = prior_w[i]
        beyond = max(x[i] - upper[i], 0.0) + min(x[i] - lower[i], 0.0)
        if beyond != 0.0:
            normal[i, i] += _LIMIT_STIFFNESS
            gradient[i] += _LIMIT_STIFFNESS * beyond
    for k in range(points.shape[0]):
        r0, r1, r2 = (
            points[k, 0] - measured[k, 0],
            points[k, 1] - measured[k, 1],
            points[k, 2] - measured[k, 2],
        )
        distance = np.sqrt(r0 * r0 + r1 * r1 + r2 * r2)
        if distance != distance or weights[k] == 0.0:
            continue
        w = weights[k] * (1.0 if distance <= huber else huber / distance)
        count = 0
        for i in range(size):
            if jac[k, 0, i] != 0.0 or jac[k, 1, i] != 0.0 or jac[k, 2, i] != 0.0:
                active[count] = i
                count += 1
        for a in range(count):
            i = active[a]
            j0, j1, j2 = w * jac[k, 0, i], w * jac[k, 1, i], w * jac[k, 2, i]
            gradient[i] += j0 * r0 + j1 * r1 + j2 * r2
            for b in range(a + 1):
                j = active[b]
                normal[i, j] += j0 * jac[k, 0, j] + j1 * jac[k, 1, j] + j2 * jac[k, 2, j]


@numba.njit(cache=True)
def _solve_damped(normal, gradient, damping, factor, step):
    """Solve ``(N + damping diag N) step = gradient`` by Cholesky; False where the matrix is not positive."""
    size = gradient.shape[0]
    for i in range(size):
        for j in range(i + 1):
            total = normal[i, j]
            if i == j:
                total += damping * normal[i, i] + 1e-9
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if total <= 0.0:
                    return False
                factor[i, i] = np.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    for i in range(size):
        total = gradient[i]
        for k in range(i):
            total -= factor[i, k] * step[k]
        step[i] = total / factor[i, i]
    for i in range(size - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, size):
            total -= factor[k, i] * step[k]
        step[i] = total / factor[i, i]
    return True
