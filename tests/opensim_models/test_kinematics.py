from dataclasses import replace

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import (
    JOINT_LEVELS,
    LEVELS,
    PELVIS_COORDINATES,
    REGIONAL_COORDINATES,
)
from opensim_models.kinematics import compile_model
from opensim_models.reference import set_coordinates
from opensim_models.spec import CouplerSpec
from opensim_models.spine import nominal_spine, spine_forward
from spinepose.errors import InputError


def test_equal_to_opensim_on_random_poses(kinematics, model_path, random_pose):
    osim = pytest.importorskip("opensim")
    model = osim.Model(str(model_path))
    state = model.initSystem()
    rng = np.random.default_rng(1)
    for _ in range(5):
        x = random_pose(rng)
        set_coordinates(model, state, kinematics, x)
        model.realizePosition(state)
        theirs = [
            model.getMarkerSet().get(n).getLocationInGround(state).to_numpy() for n in kinematics.marker_names
        ]
        np.testing.assert_allclose(kinematics.markers(x), theirs, atol=1e-9, rtol=0)
        stations = [osim.Station.safeDownCast(model.getComponent(f"/{n}")) for n in kinematics.station_names]
        theirs = [s.getLocationInGround(state).to_numpy() for s in stations]
        np.testing.assert_allclose(kinematics.stations(x), theirs, atol=1e-9, rtol=0)
        # The couplers hold: OpenSim's own check of its constraints.
        model.realizePosition(state)
        assert np.abs(state.getQErr().to_numpy()).max() < 1e-9


def test_jacobian_is_the_derivative(kinematics, random_pose):
    x, step = random_pose(np.random.default_rng(2)), 1e-6
    analytic = kinematics.jacobian(x, kinematics.marker_bodies, kinematics.marker_offsets_m)
    steps = step * np.eye(len(x))
    numeric = np.stack(
        [(kinematics.markers(x + s) - kinematics.markers(x - s)) / (2 * step) for s in steps], axis=-1
    )
    np.testing.assert_allclose(analytic, numeric, atol=1e-8)


def test_coordinates_come_in_one_order_whatever_the_file_does(kinematics, average_spec):
    first = (*PELVIS_COORDINATES, *REGIONAL_COORDINATES)
    assert kinematics.coordinate_names[:15] == first
    assert compile_model(average_spec).coordinate_names[:15] == first
    assert (
        len(kinematics.all_names) - len(kinematics.coordinate_names) == 75
    )  # 25 joints with three turns each


def test_spine_of_the_model_is_the_spine_of_the_geometry(kinematics):
    q = np.random.default_rng(3).normal(0, 0.2, 9)
    x = np.zeros(len(kinematics.coordinate_names))
    x[6:15] = q
    rotations, origins = kinematics.bodies(x)
    rows = [kinematics.body_names.index(n) for n in ("sacrum", *LEVELS, "skull")]
    frames = spine_forward(nominal_spine(1.75, "male"), q)
    assert len(rows) == len(JOINT_LEVELS) + 1
    np.testing.assert_allclose(
        rotations[rows], frames[:, :3, :3], atol=2e-6
    )  # the file keeps six digits of a share
    np.testing.assert_allclose(origins[rows] - origins[rows[0]], frames[:, :3, 3], atol=1e-6)


def test_left_is_the_mirror_image_of_right(kinematics):
    x = np.zeros(len(kinematics.coordinate_names))
    for name in kinematics.coordinate_names[15:]:
        x[kinematics.index(name)] = 0.3 if "flexion" in name else 0.2
    markers = dict(zip(kinematics.marker_names, kinematics.markers(x), strict=True))
    for name, place in markers.items():
        if name.startswith("L") and f"R{name[1:]}" in markers:
            np.testing.assert_allclose(place * [1, 1, -1], markers[f"R{name[1:]}"], atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("name", "marker", "axis", "sign"),
    [
        ("hip_flexion_r", "RKNL", 0, 1),
        ("knee_flexion_r", "RANL", 0, -1),
        ("ankle_dorsiflexion_r", "RTOE", 1, 1),
        ("elbow_flexion_r", "RWRR", 0, 1),
        ("shoulder_flexion_r", "RELL", 0, 1),
        ("clavicle_elevation_l", "LACR", 1, 1),
        ("clavicle_protraction_l", "LACR", 0, 1),
        ("pelvis_tilt", "C7", 0, -1),
    ],
)
def test_signs_of_limb_coordinates(kinematics, name, marker, axis, sign):
    x = np.zeros(len(kinematics.coordinate_names))
    rest = kinematics.markers(x)
    x[kinematics.index(name)] = 0.2
    moved = kinematics.markers(x) - rest
    assert sign * moved[kinematics.marker_names.index(marker), axis] > 0.01


def test_a_coupler_that_hangs_on_nothing_is_an_error(average_spec):
    bad = replace(average_spec, couplers=(CouplerSpec("L4_flexion", "nowhere", 1.0),))
    with pytest.raises(InputError, match="'nowhere'"):
        compile_model(bad)


def test_a_parent_after_its_child_is_an_error(average_spec):
    bad = replace(average_spec, joints=average_spec.joints[::-1])
    with pytest.raises(InputError, match="comes before"):
        compile_model(bad)
