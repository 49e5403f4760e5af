"""What OpenSim's own viewer is told to draw, read back out of the written file."""

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.spine import nominal_spine, spine_forward, vertebra_points
from opensim_models.viewer import shown
from pipelines.model_picture import draw_model
from spinepose.errors import InputError

pytest.importorskip("opensim")


@pytest.fixture(scope="module")
def meshes(model_path):
    return shown(model_path)


def corners(meshes, body):
    return np.concatenate([m.corners_m.reshape(-1, 3) for m in meshes if m.body == body])


def test_every_bone_is_drawn(meshes):
    drawn = {m.body for m in meshes}
    assert {*LEVELS, "sacrum", "pelvis", "skull", "femur_r", "hand_l", "clavicle_r"} <= drawn
    assert len([m for m in meshes if m.body == "L3"]) >= 5, "body, disc, arch, transverse and spinous process"


def test_a_vertebra_reaches_from_its_body_to_its_spinous_tip(meshes, kinematics):
    """Against the geometry that the model was made of, mirrored sides included."""
    spine = nominal_spine(1.75, "male")
    sacrum = kinematics.bodies(np.zeros(len(kinematics.coordinate_names)))[1][
        kinematics.body_names.index("sacrum")
    ]
    tips = vertebra_points(spine.spinous_tips_m, spine_forward(spine, np.zeros(9))) + sacrum
    for level in ("L3", "T8", "C4"):
        found = corners(meshes, level)
        tip = tips[LEVELS.index(level)]
        gap = np.linalg.norm(found - tip, axis=1).min()
        assert gap < 0.010, f"{level}: nothing within {1000 * gap:.0f} mm of the spinous tip"
        assert found[:, 0].max() - tip[0] > 0.035
        assert found[:, 2].max() == pytest.approx(-found[:, 2].min(), abs=1e-6)
        assert found[:, 2].max() > 0.02, "transverse processes"


def test_the_column_has_no_holes(meshes):
    """Bodies and discs follow each other upwards without a gap of more than 3 mm."""
    tops = [corners([m for m in meshes if m.body == level][:2], level)[:, 1] for level in LEVELS[:-1]]
    for lower, upper, level in zip(tops, tops[1:], LEVELS[1:], strict=False):
        assert upper.min() < lower.max() + 0.003, level


def test_solids_move_with_the_spine(model_path, meshes):
    bent = shown(model_path, {"lumbar_flexion": np.radians(40)})
    moved = corners(bent, "T1").mean(axis=0) - corners(meshes, "T1").mean(axis=0)
    assert moved[0] > 0.15, "bending forward takes T1 forward"
    np.testing.assert_allclose(corners(bent, "sacrum"), corners(meshes, "sacrum"), atol=1e-9)


def test_a_picture_is_written_and_mistakes_are_one_line(model_path, tmp_path):
    draw_model(model_path, tmp_path / "model.png")
    assert (tmp_path / "model.png").stat().st_size > 50_000
    with pytest.raises(InputError, match="no coordinate 'neck'"):
        shown(model_path, {"neck": 0.1})
    (tmp_path / "x.osim").write_text("<a/>")
    with pytest.raises(InputError, match=r"x\.osim: OpenSim cannot open it"):
        shown(tmp_path / "x.osim")
