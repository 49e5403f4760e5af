import subprocess
import sys

import numpy as np
import pytest

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS, REGIONAL_COORDINATES, region_of_joint
from opensim_models.spine import (
    LANDMARK_SETS,
    REGIONAL_RANGES_RAD,
    joint_rotation,
    landmarks,
    nominal_spine,
    spine_forward,
    vertebra_points,
)
from spinepose.errors import InputError
from spinepose.skeleton import SPINE_LEVELS

SKULL = 1 + JOINT_LEVELS.index("C0")


def coordinate(**values_deg):
    q = np.zeros(9)
    for name, value in values_deg.items():
        q[REGIONAL_COORDINATES.index(name)] = np.radians(value)
    return q


def test_joint_rotation_is_flexion_about_minus_z_then_bending_about_x_then_rotation_about_y():
    quarter = np.pi / 2
    np.testing.assert_allclose(joint_rotation(np.array([quarter, 0, 0])) @ [0, 1, 0], [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(joint_rotation(np.array([0, quarter, 0])) @ [0, 1, 0], [0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(joint_rotation(np.array([0, 0, quarter])) @ [1, 0, 0], [0, 0, -1], atol=1e-15)
    together = joint_rotation(np.array([0.3, 0.2, 0.5]))
    parts = [joint_rotation(np.array(a)) for a in ([0.3, 0, 0], [0, 0.2, 0], [0, 0, 0.5])]
    np.testing.assert_allclose(together, parts[0] @ parts[1] @ parts[2], atol=1e-15)


@pytest.mark.parametrize(
    ("motion", "axis", "sign"),
    [("flexion", 0, 1), ("bending", 2, 1)],
)
def test_positive_flexion_takes_the_head_forward_and_positive_bending_to_the_right(motion, axis, sign):
    shape = nominal_spine(1.70, "male")
    rest = spine_forward(shape, np.zeros(9))[SKULL, :3, 3]
    for region in ("lumbar", "thoracic", "cervical"):
        moved = spine_forward(shape, coordinate(**{f"{region}_{motion}": 15}))[SKULL, :3, 3]
        assert sign * (moved - rest)[axis] > 0.005, region


def test_positive_rotation_turns_the_chest_to_the_left():
    shape = nominal_spine(1.70, "male")
    chest = spine_forward(shape, coordinate(lumbar_rotation=10))[1 + JOINT_LEVELS.index("T3"), :3, :3]
    assert (chest @ [1, 0, 0])[2] < -0.1  # left is -z


def test_shares_sum_to_one_and_so_a_region_turns_by_its_coordinate():
    shape = nominal_spine(1.70, "female")
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    for region in set(regions):
        np.testing.assert_allclose(shape.shares[regions == region].sum(axis=0), 1.0)
    rest, bent = spine_forward(shape, np.stack([np.zeros(9), coordinate(lumbar_flexion=30)]))
    t12 = 1 + JOINT_LEVELS.index("T12")
    turn = rest[t12, :3, :3].T @ bent[t12, :3, :3]
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) == pytest.approx(30, abs=1e-9)


def test_regional_ranges_are_the_sums_of_the_table_by_hand():
    lumbar = 17 + 16 + 15 + 14 + 12 + 12
    row = np.degrees(REGIONAL_RANGES_RAD[REGIONAL_COORDINATES.index("lumbar_flexion")])
    assert row[1] - row[0] == pytest.approx(lumbar)
    bending = np.degrees(REGIONAL_RANGES_RAD[REGIONAL_COORDINATES.index("thoracic_bending")])
    np.testing.assert_allclose(bending, [-68, 68])


def test_neutral_posture_has_the_asked_curves_and_a_level_head():
    shape = nominal_spine(1.75, "male", *np.radians([52, 38, 36]))
    frames = spine_forward(shape, np.zeros(9))
    lean = {
        n: np.degrees(np.arctan2(f[0, 1], f[1, 1])) for n, f in zip(("S", *JOINT_LEVELS), frames, strict=True)
    }
    assert np.degrees(shape.sacral_slope_rad) - lean["T12"] == pytest.approx(52)
    assert lean["T1"] - lean["T12"] == pytest.approx(38)
    assert lean["C0"] == pytest.approx(0, abs=1e-9)


def test_spinous_tips_divide_the_back_as_palpated_spines_do():
    # Ernst 2013: T4, T7, T10, L1, L4 at 21, 39, 54.1, 70.9, 86.1 % of the way from C7 to the posterior iliac spines.
    shape = nominal_spine(1.70, "male")
    tips = vertebra_points(shape.spinous_tips_m, spine_forward(shape, np.zeros(9)))
    path = np.vstack([[-0.065, -0.01, 0.0], tips[: LEVELS.index("C7") + 1]])
    gone = np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))
    share = {level: 1 - gone[LEVELS.index(level)] / gone[-1] for level in ("T4", "T7", "T10", "L1", "L4")}
    for level, expected in {"T4": 0.21, "T7": 0.39, "T10": 0.541, "L1": 0.709, "L4": 0.861}.items():
        assert abs(share[level] - expected) < 0.025, f"{level}: {share[level]:.3f}, palpated {expected}"


def test_lumbar_spinetrack_points_lie_where_simspine_has_them():
    shape = nominal_spine(1.75, "male")
    for name in ("L5", "L3"):
        row = SPINE_LEVELS.index(name)
        back = shape.landmark_offsets["body_centre"][row] - shape.landmark_offsets["spinetrack"][row]
        assert 0.036 < back[0] < 0.048, f"{name}: {1000 * back[0]:.0f} mm behind the body centre"


def test_points_between_two_levels_are_their_midpoint_in_neutral():
    shape = nominal_spine(1.6, "female")
    frames = spine_forward(shape, np.zeros(9))
    centres = vertebra_points(shape.body_centres_m, frames)
    found = landmarks(shape, frames, "body_centre")
    for name, (upper, lower) in {"T12/L1": ("T12", "L1"), "C3/C4": ("C3", "C4")}.items():
        middle = (centres[LEVELS.index(upper)] + centres[LEVELS.index(lower)]) / 2
        np.testing.assert_allclose(found[SPINE_LEVELS.index(name)], middle, atol=1e-12)


def test_batches_equal_single_frames_and_scale_with_stature():
    shape = nominal_spine(1.70, "male")
    q = np.random.default_rng(0).normal(0, 0.2, (2, 3, 9))
    batch = spine_forward(shape, q)
    assert batch.shape == (2, 3, 26, 4, 4)
    np.testing.assert_allclose(batch[1, 2], spine_forward(shape, q[1, 2]), atol=1e-15)
    taller = spine_forward(nominal_spine(2.04, "male"), q)
    np.testing.assert_allclose(taller[..., :3, 3], 1.2 * batch[..., :3, 3], atol=1e-12)
    for name in LANDMARK_SETS:
        assert landmarks(shape, batch, name).shape == (2, 3, 9, 3)


def test_bad_input_names_what_is_wrong():
    with pytest.raises(InputError, match="stature is 175"):
        nominal_spine(175, "male")
    with pytest.raises(InputError, match="sex is 'm'"):
        nominal_spine(1.75, "m")
    shape = nominal_spine(1.75, "male")
    with pytest.raises(InputError, match="'deep' is unknown"):
        landmarks(shape, spine_forward(shape, np.zeros(9)), "deep")
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 9\)"):
        spine_forward(shape, np.zeros(8))


def test_the_table_follows_the_levels():
    assert levels.column("height_mm").shape == (len(JOINT_LEVELS),)
    assert 500 < (levels.column("height_mm") + levels.column("disc_mm")).sum() < 620


def test_light_modules_do_not_import_opensim():
    code = (
        "import sys, opensim_models.spine, opensim_models.ik, opensim_models.fit; "
        "sys.exit('opensim' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
