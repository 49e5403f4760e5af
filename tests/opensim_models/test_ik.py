import numpy as np
import pytest

from opensim_models.ik import default_problem, solve
from opensim_models.initial import align_root, kabsch, limb_start, split_turn
from opensim_models.reference import solve_reference
from opensim_models.scale import marker_weights, posture_presets


@pytest.fixture
def problem(kinematics):
    return default_problem(kinematics, marker_weights(kinematics.marker_names))


def wave(kinematics, frames=20, seed=0):
    """A smooth movement through a third of every range."""
    rng, size = np.random.default_rng(seed), len(kinematics.coordinate_names)
    reach = 0.3 * np.minimum(-kinematics.lower, kinematics.upper)
    reach[:3], reach[3], reach[4], reach[5] = 0.3, 2.0, 0.2, 0.5
    t = np.linspace(0, 0.5, frames)[:, None]
    return reach * np.sin(2 * np.pi * (t + rng.uniform(0, 1, size)))


def test_recovers_the_pose_from_clean_markers(kinematics, problem):
    x = wave(kinematics)
    measured = np.stack([kinematics.markers(row) for row in x])
    solution = solve(kinematics, problem, measured, align_root(kinematics, np.zeros(len(x[0])), measured[0]))
    stations = np.stack([kinematics.stations(row) for row in solution.coordinates])
    truth = np.stack([kinematics.stations(row) for row in x])
    worst = 1000 * np.abs(stations - truth).max()
    assert worst < 0.5, f"vertebrae {worst:.2f} mm off on clean markers"
    assert solution.rms_m.max() < 3e-4


def test_any_heading_is_found(kinematics, problem):
    for heading in np.radians([0, 90, 179, -120]):
        x = np.zeros(len(kinematics.coordinate_names))
        x[3], x[5] = heading, np.radians(-80)  # bent over, as on all fours
        measured = kinematics.markers(x)[None]
        start = align_root(kinematics, np.zeros(len(x)), measured[0])
        assert solve(kinematics, problem, measured, start).rms_m[0] < 1e-3, np.degrees(heading)


def test_missing_markers_have_no_say_and_no_error(kinematics, problem):
    x = wave(kinematics, frames=3)
    measured = np.stack([kinematics.markers(row) for row in x])
    gone = [kinematics.marker_names.index(n) for n in ("L3", "RTHI", "LFHD")]
    measured[:, gone] = np.nan
    solution = solve(kinematics, problem, measured, x[0])
    assert np.isnan(solution.errors_m[:, gone]).all()
    assert np.isfinite(solution.coordinates).all()
    assert solution.rms_m.max() < 3e-4


def test_one_wild_marker_does_not_drag_the_spine(kinematics, problem):
    x = wave(kinematics, frames=1)
    measured = kinematics.markers(x[0])[None].copy()
    measured[0, kinematics.marker_names.index("T8")] += [0.0, 0.5, 0.0]
    solution = solve(kinematics, problem, measured, x[0])
    moved = kinematics.stations(solution.coordinates[0]) - kinematics.stations(x[0])
    worst = 1000 * np.linalg.norm(moved, axis=1).max()
    assert worst < 15, f"a marker 500 mm off moved a vertebra by {worst:.0f} mm"


def test_coordinates_stay_within_the_models_limits(kinematics, problem):
    x = np.zeros(len(kinematics.coordinate_names))
    x[kinematics.index("lumbar_flexion")] = 4.0
    measured = kinematics.markers(x)[None]
    found = solve(kinematics, problem, measured, np.zeros(len(x))).coordinates[0]
    assert (found >= kinematics.lower).all()
    assert (found <= kinematics.upper).all()


def test_a_jump_between_frames_is_survived_by_restarts(kinematics, problem):
    x = np.zeros((2, len(kinematics.coordinate_names)))
    for side in "rl":
        x[1, kinematics.index(f"shoulder_flexion_{side}")] = np.radians(175)
        x[1, kinematics.index(f"hip_flexion_{side}")] = np.radians(100)
        x[1, kinematics.index(f"knee_flexion_{side}")] = np.radians(120)
    x[1, 3] = np.pi
    measured = np.stack([kinematics.markers(row) for row in x])
    solution = solve(kinematics, problem, measured, x[0], posture_presets(kinematics))
    assert solution.rms_m.max() < 1e-3


def test_limbs_are_laid_along_their_markers(kinematics):
    x = wave(kinematics, frames=1, seed=4)[0]
    trunk_only = x.copy()
    trunk_only[19:] = 0.0  # after pelvis, spine and clavicles
    measured = kinematics.markers(x)
    laid = limb_start(kinematics, trunk_only, measured)
    before = np.linalg.norm(kinematics.markers(trunk_only) - measured, axis=1).max()
    after = np.linalg.norm(kinematics.markers(laid) - measured, axis=1).max()
    assert before > 0.2
    assert after < 0.06, f"a limb marker is {1000 * after:.0f} mm off"


def test_split_turn_finds_the_angles_of_a_left_limb():
    axes = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    from scipy.spatial.transform import Rotation

    angles = np.array([0.4, -0.7, 1.1])
    turn = np.linalg.multi_dot(
        [Rotation.from_rotvec(a * v).as_matrix() for a, v in zip(angles, axes, strict=True)]
    )
    limits = np.full(3, 2.0)
    np.testing.assert_allclose(split_turn(axes, turn, np.arange(3), -limits, limits), angles, atol=1e-12)


def test_kabsch_undoes_a_motion_and_never_mirrors():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 3))
    points[:, 2] = 0.0  # flat: the mirror image fits as well
    angle = 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    rotation, shift = kabsch(points, points @ turn.T + [1, 2, 3])
    np.testing.assert_allclose(rotation, turn, atol=1e-12)
    np.testing.assert_allclose(shift, [1, 2, 3], atol=1e-12)


def test_opensim_finds_the_same_vertebrae(kinematics, model_path, problem):
    pytest.importorskip("opensim")
    x = wave(kinematics, frames=3, seed=5)
    measured = np.stack([kinematics.markers(row) for row in x])
    measured += np.random.default_rng(0).normal(0, 0.003, measured.shape)
    ours = solve(kinematics, problem, measured, x[0])
    theirs = solve_reference(model_path, kinematics, problem.weights, measured, x + 0.05)
    mine = np.stack([kinematics.stations(row) for row in ours.coordinates])
    gap = 1000 * np.linalg.norm(theirs.stations_m - mine, axis=-1)[:, :9]
    assert gap.mean() < 1.0, f"mean difference {gap.mean():.2f} mm"
    assert gap.max() < 3.0, f"largest difference {gap.max():.2f} mm"
