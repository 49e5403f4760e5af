import numpy as np
import pytest

from opensim_models import checks
from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.anatomy.soft_tissue import DEPTHS, MIN_DEPTH_MM, depth_m
from opensim_models.posture import estimate_posture
from opensim_models.spine import joint_rotation, nominal_spine, spine_forward, vertebra_points


def test_lean_is_the_forward_angle():
    turned = joint_rotation(np.array([[0.3, 0, 0], [-0.2, 0, 0]]))
    np.testing.assert_allclose(checks.lean(np.eye(3), turned), [0.3, -0.2])


def test_curves_of_the_average_model(kinematics):
    x = np.zeros((2, len(kinematics.coordinate_names)))
    x[1, kinematics.index("lumbar_flexion")] = np.radians(20)
    curves = checks.spinal_curves(kinematics, x, np.radians(40))
    assert np.degrees(curves["lordosis"]) == pytest.approx([57, 37], abs=0.01)
    assert np.degrees(curves["kyphosis"]) == pytest.approx([43, 43], abs=0.01)
    assert np.degrees(curves["cervical_lordosis"]) == pytest.approx([12, 12], abs=0.01)


def test_share_at_limit_counts_frames():
    x = np.zeros((4, 20))
    x[0, 6] = np.radians(90)
    x[1, 6] = np.radians(60.5)  # the limit is 60.2 degrees, a degree is forgiven
    assert checks.share_at_limit(x) == 0.25


def test_bone_changes_finds_the_slipped_marker():
    static = {"LKNL": np.zeros(3), "LKNM": np.array([0.1, 0, 0])}
    markers = np.zeros((2, 2, 3))
    markers[0, 1, 0], markers[1, 1, 0] = 0.11, 0.15
    found = checks.bone_changes(("LKNL", "LKNM"), markers, static)
    assert found == {"LKNL-LKNM": pytest.approx(0.05)}


def test_depth_is_the_sources_at_its_bmi_and_never_negative():
    assert depth_m("L3", 27.0) == pytest.approx(0.0274)
    assert depth_m("L5", 27.0) == pytest.approx(0.0367)
    for site in DEPTHS:
        assert depth_m(site, 35) > depth_m(site, 22) >= depth_m(site, 5) >= MIN_DEPTH_MM / 1000


def test_posture_estimate_follows_the_back_it_is_shown():
    """Two backs of one stature, flat and hollow: the estimate tells them apart and meets the tips."""
    found = {}
    for name, (lordosis, kyphosis, slope) in {"flat": (42, 33, 32), "hollow": (70, 52, 50)}.items():
        truth = nominal_spine(1.70, "male", *np.radians([lordosis, kyphosis, slope]), length_scale=1.05)
        frames = spine_forward(truth, np.zeros(9))
        tips = vertebra_points(truth.spinous_tips_m, frames)
        skin = {
            level: tips[LEVELS.index(level)] - [depth_m(level, 24), 0, 0]
            for level in ("L5", "L3", "T12", "T8", "T3", "C7")
        }
        skin["PSI"] = np.array([-0.08, -0.01, 0.0])
        posture = estimate_posture(1.70, "male", 24.0, skin, frames[-1, :3, 3])
        below = vertebra_points(posture.spine.spinous_tips_m, spine_forward(posture.spine, np.zeros(9)))
        below[:, :2] += posture.s1_shift_m
        gap = 1000 * np.linalg.norm(below - tips, axis=1)
        assert gap[: LEVELS.index("C7") + 1].max() < 12, f"{name}: a tip is {gap.max():.0f} mm off"
        found[name] = np.degrees(posture.spine.sacral_slope_rad)
    assert found["hollow"] > found["flat"] + 5
