"""Errors that are stated against errors that are made, on people whose anatomy the fit does not share."""

from dataclasses import replace

import numpy as np
import pytest

from opensim_models.ik import solve
from opensim_models.problem import trial_problem
from opensim_models.readings import covariance_to_world
from opensim_models.trial import to_world
from opensim_models.uncertainty import landmark_uncertainty
from tests.opensim_models.closed_loop import fit_hard

CHI2_95 = 7.815  # three degrees of freedom
SEEDS = range(700, 712)


@pytest.fixture(scope="module")
def hard():
    return [fit_hard(seed, 10) for seed in SEEDS]


def test_hard_data_errors(hard):
    errors = 1000 * np.concatenate([fit.errors_m for fit in hard])
    assert errors.mean() < 10, f"mean {errors.mean():.1f} mm"
    assert np.percentile(errors, 95) < 18
    assert errors.mean() > 4, "the hard data are not hard"


def test_the_ellipsoid_holds_the_truth(hard):
    inside = np.concatenate([fit.mahalanobis for fit in hard]) < CHI2_95
    assert 0.88 < inside.mean() < 0.995, inside.mean()
    assert (inside.mean(axis=0) > 0.80).all(), inside.mean(axis=0)


def test_half_the_stated_error_would_not_hold_it(hard):
    distances = np.concatenate([fit.mahalanobis for fit in hard])
    assert (4 * distances < CHI2_95).mean() < 0.85, "covariances are far too wide"


@pytest.mark.parametrize("subset", ["no trunk", "sparse"])
def test_what_markers_leave_open_says_so(subset, hard):
    fits = [fit_hard(seed, 6, subset) for seed in SEEDS[:6]]
    inside = np.concatenate([fit.mahalanobis for fit in fits]) < CHI2_95
    observed = np.concatenate([fit.stated.observed for fit in fits])
    assert inside.mean() > 0.85
    assert observed[:, :2].all(), "the pelvis shows the sacrum and L5"
    assert not observed[:, 3:5].any(), "nothing shows T12/L1 and T8"
    if subset == "sparse":
        assert not observed[:, 8].any(), "nothing shows C1"
        assert observed[:, 6].all(), "C7 has its marker"
    # With all markers everything is seen, and stated to be nearer.
    assert np.concatenate([fit.stated.observed for fit in hard]).mean() > 0.99
    wide, narrow = (np.mean([fit.stated.sigma_m[:, 4].mean() for fit in group]) for group in (fits, hard))
    assert wide > 2 * narrow


def test_a_gap_widens_and_unobserves_its_frames(kinematics):
    x = np.zeros((6, len(kinematics.coordinate_names)))
    x[:, 6] = np.linspace(0, 0.5, 6)
    measured = np.stack([kinematics.markers(row) for row in x])
    for name in ("T8", "LT10P", "RT10P", "T12", "T3"):
        measured[2:4, kinematics.marker_names.index(name)] = np.nan
    problem = trial_problem(kinematics)
    solution = solve(kinematics, problem, measured, x[0])
    stated = landmark_uncertainty(kinematics, problem, solution, np.tile(1e-6 * np.eye(3), (9, 1, 1)))
    assert stated.observed[:, 4].tolist() == [True, True, False, False, True, True]
    assert stated.sigma_m[2, 4] > 1.2 * stated.sigma_m[1, 4]
    np.testing.assert_allclose(stated.covariance_m2, np.swapaxes(stated.covariance_m2, -1, -2), atol=1e-12)
    assert (np.linalg.eigvalsh(stated.covariance_m2) > 0).all()


def test_covariance_equals_plain_linear_algebra(kinematics):
    """Marker noise alone: the kernel against matrices written out."""
    from opensim_models import uncertainty as module

    x = np.zeros((1, len(kinematics.coordinate_names)))
    x[0, 6:15] = 0.1
    trunk = module.trunk_bodies(kinematics)
    keep = np.array([trunk[b] != "" for b in kinematics.marker_bodies])
    problem = trial_problem(kinematics)
    problem = replace(problem, weights=np.where(keep, problem.weights, 0.0))
    solution = solve(kinematics, problem, kinematics.markers(x[0])[None], x[0])
    stated = landmark_uncertainty(kinematics, problem, solution, np.zeros((9, 3, 3)))
    columns, spread = module.spine_columns(kinematics)
    jac = kinematics.jacobian(solution.coordinates[0], kinematics.marker_bodies, kinematics.marker_offsets_m)
    flat = jac[:, :, columns].reshape(-1, len(columns))
    weight = np.repeat(problem.weights, 3)[:, None]
    sd = [np.hypot(module.NOISE_SD_M, module.SKIN_SD_M.get(trunk[b], 0.0)) for b in kinematics.marker_bodies]
    stiffness = problem.prior_stiffness[columns]
    inverse = np.linalg.inv(flat.T @ (weight * flat) + np.diag(stiffness + 1e-9))
    middle = (weight * flat).T @ (np.repeat(sd, 3)[:, None] ** 2 * weight * flat) + np.diag(
        (stiffness * spread) ** 2
    )
    rows = [kinematics.station_names.index("spinetrack_spine_04")]
    point = kinematics.jacobian(
        solution.coordinates[0], kinematics.station_bodies[rows], kinematics.station_offsets_m[rows]
    )[0][:, columns]
    noise = point @ inverse @ middle @ inverse @ point.T
    rest = stated.covariance_m2[0, 4] - noise  # shares and levels: a covariance too, and small
    assert (np.linalg.eigvalsh(rest) > -1e-9).all()
    assert np.trace(rest) < np.trace(noise)


def test_covariances_turn_with_the_axes():
    covariance = np.diag([1.0, 4.0, 9.0])
    points = np.array([[1.0, 2.0, 3.0]])
    turned = to_world(points)[0]
    np.testing.assert_allclose(
        turned @ np.linalg.inv(covariance_to_world(covariance)) @ turned,
        points[0] @ np.linalg.inv(covariance) @ points[0],
    )
