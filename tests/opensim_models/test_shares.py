"""Shares of levels from moving markers: found where markers show them, the table's where they do not."""

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import JOINT_LEVELS, region_of_joint
from opensim_models.ik import solve
from opensim_models.kinematics import compile_model
from opensim_models.problem import trial_problem
from opensim_models.shares import choose_frames, estimate_shares
from opensim_models.spine import nominal_spine
from opensim_models.subject import average_shape, model_spec
from tests.opensim_models.closed_loop import SUBSETS

TABLE = nominal_spine(1.75, "male")
L5, L1 = JOINT_LEVELS.index("L5"), JOINT_LEVELS.index("L1")


def moved(subset: str, true_shares: np.ndarray):
    """Markers of a spine with other shares than the model's, bent to and fro, and the model that shall find them."""
    from dataclasses import replace

    shape = average_shape(1.75, 75.0, TABLE)
    keep = {n: v for n, v in shape.marker_offsets_m.items() if n in SUBSETS[subset]}
    model, real = (
        compile_model(model_spec(replace(shape, spine=replace(TABLE, shares=s), marker_offsets_m=keep)))
        for s in (TABLE.shares, true_shares)
    )
    rng, x = np.random.default_rng(0), np.zeros((40, len(model.coordinate_names)))
    x[:, model.index("lumbar_flexion")] = np.radians(45) * np.sin(np.linspace(0, 4 * np.pi, 40))
    x[:, model.index("thoracic_flexion")] = np.radians(15) * np.sin(np.linspace(0, 3 * np.pi, 40))
    measured = np.stack([real.markers(row) for row in x]) + rng.normal(0, 0.001, (40, len(keep), 3))
    problem = trial_problem(model)
    poses = solve(model, problem, measured, x[0]).coordinates
    return estimate_shares(model, problem, measured, poses, TABLE.shares)


def shifted() -> np.ndarray:
    """L5/S1 takes half as much again of lumbar flexion, at the expense of L1/L2."""
    shares = TABLE.shares.copy()
    taken = 0.5 * shares[L5, 0]
    shares[[L5, L1], 0] += taken, -taken
    return shares


def test_a_stiff_level_is_found_where_markers_show_it():
    true, found = shifted(), moved("all", shifted())
    before = np.abs(true - TABLE.shares)[[L5, L1], 0].sum()
    after = np.abs(true - found.shares)[[L5, L1], 0].sum()
    assert after < 0.7 * before, f"{after:.3f} of {before:.3f} are left"
    assert found.told[L5, 0] > 0.3
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    for region in np.unique(regions):
        np.testing.assert_allclose(found.shares[regions == region].sum(axis=0), 1.0)


def test_what_no_marker_shows_keeps_the_table():
    found = moved("no trunk", shifted())
    np.testing.assert_allclose(found.shares[:, 1:], TABLE.shares[:, 1:], rtol=0.02)
    assert found.told[:, 1:].max() < 0.05, "nothing bent aside or turned"
    thoracic = [JOINT_LEVELS.index(f"T{i}") for i in range(3, 10)]
    assert found.told[thoracic, 0].max() < 0.1, "no marker between pelvis and shoulders"


def test_frames_are_not_taken_nearer_than_skin_forgets():
    fast, slow = choose_frames([np.arange(600) / 150.0, np.arange(6) / 2.0])
    assert np.diff(fast).min() >= 37
    np.testing.assert_array_equal(slow, np.arange(6))
    assert sum(map(len, choose_frames([np.arange(30_000) / 30.0] * 2))) == pytest.approx(60, abs=6)
