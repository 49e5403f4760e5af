import os

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.build import write_osim
from opensim_models.markers import MARKER_NAMES
from opensim_models.osim_file import read_osim
from spinepose.errors import InputError, StageError

osim = pytest.importorskip("opensim")


def test_opensim_opens_the_file_and_finds_everything(model_path):
    model = osim.Model(str(model_path))
    state = model.initSystem()
    bodies = {model.getBodySet().get(i).getName() for i in range(model.getBodySet().getSize())}
    assert {*LEVELS, "sacrum", "skull", "pelvis", "hand_l", "foot_r"} <= bodies
    markers = {model.getMarkerSet().get(i).getName() for i in range(model.getMarkerSet().getSize())}
    assert markers == set(MARKER_NAMES)
    assert model.getCoordinateSet().getSize() == 122
    assert model.getConstraintSet().getSize() == 75
    assert model.getTotalMass(state) == pytest.approx(75.0, rel=0.02)
    clamped = [model.getCoordinateSet().get(i).get_clamped() for i in range(122)]
    assert all(clamped)


def test_what_is_read_back_is_what_was_written(average_spec, model_path):
    found = read_osim(model_path)
    assert {b.name for b in found.bodies} == {b.name for b in average_spec.bodies}
    joints = {j.name: j for j in found.joints}
    for joint in average_spec.joints:
        other = joints[joint.name]
        assert (other.child, other.parent) == (joint.child, joint.parent)
        np.testing.assert_allclose(other.parent_offset_m, joint.parent_offset_m, atol=1e-15)
        np.testing.assert_allclose(other.parent_rotation, joint.parent_rotation, atol=1e-15)
        np.testing.assert_allclose(other.child_rotation, joint.child_rotation, atol=1e-15)
        for mine, theirs in zip(joint.rotations, other.rotations, strict=True):
            assert (mine.coordinate, mine.slope if mine.coordinate else 0) == (
                theirs.coordinate,
                theirs.slope,
            )
    couplers = {c.dependent: (c.independent, c.slope) for c in found.couplers}
    assert couplers == {c.dependent: (c.independent, c.slope) for c in average_spec.couplers}
    limits = {c.name: (c.lower, c.upper) for c in found.coordinates}
    assert limits.keys() == {c.name for c in average_spec.coordinates}
    for c in average_spec.coordinates:
        assert limits[c.name] == pytest.approx((c.lower, c.upper))


def test_no_log_file_is_left_where_the_user_works(average_spec, tmp_path):
    import subprocess
    import sys

    code = "from opensim_models._opensim import load_opensim; load_opensim().Model().initSystem()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, env={**os.environ}
    )
    assert list(tmp_path.iterdir()) == []
    assert done.stdout == b""


def test_an_unwritable_place_is_one_line_and_leaves_nothing(average_spec, tmp_path):
    with pytest.raises((StageError, OSError)):
        write_osim(average_spec, tmp_path / "missing" / "model.osim")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("CustomJoint", "BallJoint", "BallJoint"),
        ("CoordinateCouplerConstraint", "WeldConstraint", "WeldConstraint"),
        ("LinearFunction", "SimmSpline", "neither Constant nor LinearFunction"),
    ],
)
def test_parts_that_are_not_understood_are_refused(model_path, tmp_path, old, new, message):
    path = tmp_path / "other.osim"
    path.write_text(model_path.read_text().replace(f"<{old}", f"<{new}").replace(f"</{old}", f"</{new}"))
    with pytest.raises(InputError, match=message):
        read_osim(path)


@pytest.mark.parametrize(
    ("text", "message"), [("", "cannot be read"), ("<a/>", "no <Model>"), ("<a", "cannot be read")]
)
def test_files_that_are_no_models(tmp_path, text, message):
    path = tmp_path / "x.osim"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_osim(path)


def test_opensim_calls_every_turn_rotational_so_that_degrees_are_converted(model_path):
    model = osim.Model(str(model_path))
    model.initSystem()
    kinds = {c.getName(): c.getMotionType() for c in map(model.getCoordinateSet().get, range(122))}
    shifts = {name for name, kind in kinds.items() if kind == osim.Coordinate.Translational}
    assert shifts == {"pelvis_tx", "pelvis_ty", "pelvis_tz"}
    assert {kind for name, kind in kinds.items() if name not in shifts} == {osim.Coordinate.Rotational}
