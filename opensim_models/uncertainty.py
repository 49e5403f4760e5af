"""How far off a landmark may be, as a 3x3 covariance for each landmark and frame.

With ``H = J'WJ + P`` the solver's matrix and ``X = H^-1 L'`` (J derivatives of the markers by the coordinates, L of the
landmarks, P the stiffness of the priors), the covariance is the sum of independent parts:

1. marker noise and skin: ``X' J'W S W J X``, S the squares of ``marker_sd``: instrument noise and the skin's slide over
   the bone, which is correlated in time and so does not average out; sized up or down by the trial's own residuals;
2. priors: ``X' P V P X``, V the prior spread of the coordinates. What the markers leave open keeps that spread;
3. shares: level ``j`` takes ``share_j q`` of its region's coordinate, and that share is off by ``SHARE_SD``. A wrong
   level angle moves the landmarks, and through the markers it drags, also the solution: ``A = L_levels - X' J'W
   J_levels``. Shares of a region sum to one, so only deviations from the region's mean count; and every level has
   ``LEVEL_SD_RAD`` that no share explains;
4. the static trial's posterior (:mod:`opensim_models.posture`), skin depth mostly, which turns with the vertebra.

Sizes were set on people with a hidden anatomy (``tests/opensim_models/closed_loop.py``), of whom those that test the
coverage are others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS
from opensim_models.ik import Problem, Solution
from opensim_models.kinematics import Kinematics, forward, points_jacobian
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.skeleton import SPINE_CHAIN

SHARE_SD = 0.35  # of a level's share
LEVEL_SD_RAD = np.radians(0.6)  # of a level's angle, whatever the region's
NOISE_SD_M = 0.003
MARKER_SD_M = 0.008  # of a usual marker of the back, noise and skin
SKIN_SD_M = {"pelvis": 0.005, "spine": 0.007, "skull": 0.003, "clavicle": 0.007}
# On the standard deviation of the static posterior, sacrum to C1: its guesses are a little wide, at the neck more.
STATIC_FACTOR = np.array([0.88, 0.88, 0.88, 0.88, 0.90, 0.88, 0.82, 0.80, 0.78])
_CLAVICLE_SD_RAD = 0.3
_ROOT_SD = 100.0  # the pelvis has no prior
# Wrong shares and skin that rides on several levels leave residuals this much larger than marker errors do.
_USUAL_RESIDUAL = 1.3
_RESIDUAL_LIMITS = (1.0, 4.0)  # by which the trial's residuals may size the marker errors
# Observed: the markers take the variance below this share of the prior's (and the error below the wider bound), or
# the error below the narrower one; and markers on the skin of the back, the pelvis or the head are near along the
# spine: one within the first reach, or one on either side within the second. Interpolation between far ones does not
# count.
OBSERVED_SHARE = 0.35
OBSERVED_SIGMA_M = (0.012, 0.020)
OBSERVED_REACH_M = (0.040, 0.100)
_BACK_HALF_WIDTH_M = 0.075


@dataclass(frozen=True)
class Uncertainty:
    """Errors of the nine ``spinetrack`` landmarks, OpenSim's axes.

    Attributes:
        covariance_m2: (T, 9, 3, 3).
        observed: Whether the markers observe the landmark in the frame, (T, 9).
        residual_factor: By how much the trial's residuals exceed what was expected.
    """

    covariance_m2: np.ndarray
    observed: np.ndarray
    residual_factor: float

    @property
    def sigma_m(self) -> np.ndarray:
        """Standard deviation per axis, sqrt(trace / 3), (T, 9)."""
        return np.sqrt(np.trace(self.covariance_m2, axis1=-2, axis2=-1) / 3)


def regional_prior_sd_rad() -> np.ndarray:
    """Prior standard deviation of the nine regional coordinates: a quarter of their range, (9,)."""
    return (REGIONAL_RANGES_RAD[:, 1] - REGIONAL_RANGES_RAD[:, 0]) / 4


def landmark_uncertainty(
    kinematics: Kinematics,
    problem: Problem,
    solution: Solution,
    static_covariance_m2: np.ndarray,
    landmark_set: str = "spinetrack",
) -> Uncertainty:
    """Covariances of the nine landmarks of a set and whether the markers observe them.

    Args:
        kinematics: The model.
        problem: What was solved.
        solution: Its solution.
        static_covariance_m2: Of the landmarks in the static trial, in the sacrum's frame, (9, 3, 3).
        landmark_set: A set of nine vertebral points; the sizes are set for ``spinetrack``.
    """
    rows = [kinematics.station_names.index(f"{landmark_set}_{name}") for name in SPINE_CHAIN]
    bodies, offsets = kinematics.station_bodies[rows], kinematics.station_offsets_m[rows]
    trunk = trunk_bodies(kinematics)
    markers = np.flatnonzero([trunk[b] != "" for b in kinematics.marker_bodies])
    sd = np.array([np.hypot(NOISE_SD_M, SKIN_SD_M[trunk[b]]) for b in kinematics.marker_bodies[markers]])
    errors = np.ascontiguousarray(solution.errors_m[:, markers])
    factor = _residual_factor(errors, sd)
    columns, spread = spine_columns(kinematics)
    upright = kinematics.bodies(np.zeros(len(kinematics.coordinate_names)))[0][bodies]
    scaled = STATIC_FACTOR[:, None, None] ** 2 * static_covariance_m2
    # In the body's frame, with which it turns.
    static = np.einsum("kji,kjl,klm->kim", upright, scaled, upright)
    covariance, share = _covariances(
        np.ascontiguousarray(solution.coordinates), errors, problem.weights[markers], (factor * sd) ** 2,
        problem.huber_m, problem.prior_stiffness[columns], spread**2, columns, spine_rows(kinematics),
        kinematics.marker_bodies[markers], kinematics.marker_offsets_m[markers], bodies, offsets, static,
        SHARE_SD**2, LEVEL_SD_RAD**2, *kinematics.chain(),
    )  # fmt: skip
    sigma = np.sqrt(np.trace(covariance, axis1=-2, axis2=-1) / 3)
    narrow, wide = OBSERVED_SIGMA_M
    well = ((share < OBSERVED_SHARE) & (sigma < wide)) | (sigma < narrow)
    along = _along(kinematics, markers, bodies)
    seen = np.isfinite(errors).astype(float)
    close, far = OBSERVED_REACH_M
    shown = seen @ (np.abs(along) < close).T > 0
    between = (seen @ ((along <= 0) & (along > -far)).T > 0) & (seen @ ((along >= 0) & (along < far)).T > 0)
    observed = well & (shown | between)
    return Uncertainty(covariance, observed, factor)


def trunk_bodies(kinematics: Kinematics) -> list[str]:
    """Kind of each body that the spine's solution hangs on, empty for limbs and carriers, B of them."""
    kinds = []
    for name in kinematics.body_names:
        if name in ("pelvis", "sacrum"):
            kinds.append("pelvis")
        elif name in LEVELS:
            kinds.append("spine")
        else:
            kinds.append(name.split("_")[0] if name.split("_")[0] in ("skull", "clavicle") else "")
    return kinds


def _residual_factor(errors_m: np.ndarray, sd_m: np.ndarray) -> float:
    """Size of the residuals relative to what the marker errors should leave of them."""
    seen = np.isfinite(errors_m)
    if not seen.any():
        return 1.0
    freedom = max(1.0 - 19.0 / max(3.0 * seen.sum(axis=1).mean(), 1.0), 0.1)
    expected = 3.0 * freedom * (seen * sd_m**2).sum()
    found = np.minimum(np.where(seen, errors_m, 0.0), 0.05) ** 2  # single outliers are Huber's affair
    return float(np.clip(np.sqrt(found.sum() / expected) / _USUAL_RESIDUAL, *_RESIDUAL_LIMITS))


def spine_columns(kinematics: Kinematics) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates of pelvis, spine and clavicles, and their prior standard deviations."""
    clavicles = [i for i, name in enumerate(kinematics.coordinate_names) if name.startswith("clavicle")]
    columns = np.array([*range(15), *clavicles], dtype=np.int64)
    spread = np.concatenate(
        [np.full(6, _ROOT_SD), regional_prior_sd_rad(), np.full(len(clavicles), _CLAVICLE_SD_RAD)]
    )
    return columns, spread


def spine_rows(kinematics: Kinematics) -> np.ndarray:
    """Index of each body among the joint levels, -1 for the rest, (B,)."""
    levels = {("skull" if name == "C0" else name): i for i, name in enumerate(JOINT_LEVELS)}
    return np.array([levels.get(name, -1) for name in kinematics.body_names], dtype=np.int64)


def _along(kinematics: Kinematics, markers: np.ndarray, bodies: np.ndarray) -> np.ndarray:
    """How far above each landmark a marker lies along the spine, metres, (9, markers); NaN where it shows no bone."""
    _, origins = kinematics.bodies(np.zeros(len(kinematics.coordinate_names)))
    order = [kinematics.body_names.index(name) for name in ("sacrum", *LEVELS, "skull")]
    steps = np.linalg.norm(np.diff(origins[order], axis=0), axis=1)
    place = dict(zip(order, np.concatenate([[0.0], np.cumsum(steps)]), strict=True))
    place[kinematics.body_names.index("pelvis")] = 0.0
    out = np.full((len(bodies), len(markers)), np.nan)
    for column, marker in enumerate(markers):
        body, offset = int(kinematics.marker_bodies[marker]), kinematics.marker_offsets_m[marker]
        on_back = offset[0] < 0 and abs(offset[2]) < _BACK_HALF_WIDTH_M
        if body in place and (on_back or kinematics.body_names[body] not in LEVELS):
            out[:, column] = [place[body] - place[int(landmark)] for landmark in bodies]
    return out


@numba.njit(cache=True)
def level_jacobian(points, world, org, parents, rows, bodies, out):
    """Derivative of points by the levels' own angles, (N, 3, 75)."""
    out[:] = 0.0
    for n in range(points.shape[0]):
        b = bodies[n]
        while b >= 0:
            if rows[b] >= 0:
                rx, ry, rz = points[n, 0] - org[b, 0], points[n, 1] - org[b, 1], points[n, 2] - org[b, 2]
                for k in range(3):
                    c = 3 * rows[b] + k
                    wx, wy, wz = world[b, k, 0], world[b, k, 1], world[b, k, 2]
                    out[n, 0, c] = wy * rz - wz * ry
                    out[n, 1, c] = wz * rx - wx * rz
                    out[n, 2, c] = wx * ry - wy * rx
            b = parents[b]


@numba.njit(cache=True, fastmath={"contract", "reassoc", "nsz"})
def _covariances(
    coordinates, errors, weights, variances, huber, stiffness, prior_variance, columns, rows, m_bodies, m_offsets,
    l_bodies, l_offsets, static, share_variance, level_variance,
    parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts,
):  # fmt: skip
    """Covariances (T, L, 3, 3) and the share of the prior's variance that is left (T, L)."""
    frames, size, n = coordinates.shape[0], coordinates.shape[1], columns.shape[0]
    count, marks = m_bodies.shape[0], l_bodies.shape[0]
    levels = 0
    for b in range(rows.shape[0]):
        levels = max(levels, rows[b] + 1)
    wide = 3 * levels
    region, part = np.full(wide, -1, dtype=np.int64), np.zeros(wide)
    for b in range(rows.shape[0]):
        if rows[b] >= 0:
            for k in range(3):
                region[3 * rows[b] + k] = coords[b, k] - 6
                part[3 * rows[b] + k] = slopes[b, k]
    out, left = np.empty((frames, marks, 3, 3)), np.empty((frames, marks))
    normal, spread = np.empty((n, n)), np.empty((n, n))
    mixed = np.empty((n, wide))
    m_lev, l_lev = np.empty((count, 3, wide)), np.empty((marks, 3, wide))
    gain, half = np.empty((n, 3 * marks)), np.empty((n, 3))
    row, mean = np.empty((3, wide)), np.empty((3, 9))
    used = np.empty(n, dtype=np.int64)
    for t in range(frames):
        rot, org, world = forward(
            coordinates[t], parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts
        )
        points, jac = points_jacobian(rot, org, world, parents, coords, slopes, m_bodies, m_offsets, size)
        marks_m, l_jac = points_jacobian(rot, org, world, parents, coords, slopes, l_bodies, l_offsets, size)
        level_jacobian(points, world, org, parents, rows, m_bodies, m_lev)
        level_jacobian(marks_m, world, org, parents, rows, l_bodies, l_lev)
        normal[:] = 0.0
        spread[:] = 0.0
        mixed[:] = 0.0
        for i in range(n):
            normal[i, i] = stiffness[i] + 1e-9
            spread[i, i] = stiffness[i] ** 2 * prior_variance[i]
        for m in range(count):
            distance = errors[t, m]
            if distance != distance or weights[m] == 0.0:
                continue
            w = weights[m] * (1.0 if distance <= huber else huber / distance)
            v = w * w * variances[m]
            top = 0
            body = m_bodies[m]
            while body >= 0:  # the highest level below the marker: those above do not move it
                if rows[body] >= 0:
                    top = 3 * (rows[body] + 1)
                    break
                body = parents[body]
            active = 0
            for i in range(n):
                c = columns[i]
                if jac[m, 0, c] != 0.0 or jac[m, 1, c] != 0.0 or jac[m, 2, c] != 0.0:
                    used[active] = i
                    active += 1
            for a in range(active):
                i = used[a]
                j0, j1, j2 = jac[m, 0, columns[i]], jac[m, 1, columns[i]], jac[m, 2, columns[i]]
                for b in range(a + 1):
                    j = used[b]
                    c = columns[j]
                    dot = j0 * jac[m, 0, c] + j1 * jac[m, 1, c] + j2 * jac[m, 2, c]
                    normal[i, j] += w * dot
                    spread[i, j] += v * dot
                j0, j1, j2 = w * j0, w * j1, w * j2
                for c in range(top):
                    mixed[i, c] += j0 * m_lev[m, 0, c] + j1 * m_lev[m, 1, c] + j2 * m_lev[m, 2, c]
        for i in range(n):
            for j in range(i):
                spread[j, i] = spread[i, j]
        _cholesky(normal)
        for p in range(marks):
            for k in range(3):
                column = 3 * p + k
                for i in range(n):
                    gain[i, column] = l_jac[p, k, columns[i]]
        _cholesky_solve(normal, gain)
        for p in range(marks):
            b = l_bodies[p]
            for i in range(n):
                for k in range(3):
                    total = 0.0
                    for j in range(n):
                        total += spread[i, j] * gain[j, 3 * p + k]
                    half[i, k] = total
            for k in range(3):
                for c in range(wide):
                    row[k, c] = l_lev[p, k, c]
                for i in range(n):
                    g = gain[i, 3 * p + k]
                    for c in range(wide):
                        row[k, c] -= g * mixed[i, c]
                for r in range(9):
                    mean[k, r] = 0.0
                for c in range(wide):
                    mean[k, region[c]] += part[c] * row[k, c]
            before, after = 0.0, 0.0
            for k in range(3):
                for k2 in range(3):
                    total = 0.0
                    for i in range(n):
                        total += gain[i, 3 * p + k] * half[i, k2]
                    if k == k2:
                        after += total
                        for i in range(6, n):
                            before += l_jac[p, k, columns[i]] ** 2 * prior_variance[i]
                    for c in range(wide):
                        r = region[c]
                        swing = part[c] * coordinates[t, 6 + r]
                        total += (
                            share_variance
                            * swing
                            * swing
                            * (row[k, c] - mean[k, r])
                            * (row[k2, c] - mean[k2, r])
                        )
                        total += level_variance * row[k, c] * row[k2, c]
                    for i in range(3):
                        for j in range(3):
                            total += rot[b, k, i] * static[p, i, j] * rot[b, k2, j]
                    out[t, p, k, k2] = total
            left[t, p] = after / before if before > 1e-9 else 0.0
    return out, left


@numba.njit(cache=True)
def _cholesky(a):
    """Lower factor in place."""
    for i in range(a.shape[0]):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = np.sqrt(max(total, 1e-12)) if i == j else total / a[j, j]


@numba.njit(cache=True)
def _cholesky_solve(factor, b):
    """Solve in place for all columns of b."""
    n, wide = b.shape
    for i in range(n):
        for k in range(i):
            f = factor[i, k]
            for c in range(wide):
                b[i, c] -= f * b[k, c]
        for c in range(wide):
            b[i, c] /= factor[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            f = factor[k, i]
            for c in range(wide):
                b[i, c] -= f * b[k, c]
        for c in range(wide):
            b[i, c] /= factor[i, i]
