"""``spineforge model``: what it writes, OpenSim opens; what it says is in the file."""

import json

import numpy as np
import pytest

from opensim_models.checks import spinal_curves
from opensim_models.kinematics import compile_model
from opensim_models.markers import MARKER_NAMES
from opensim_models.osim_file import read_osim
from pipelines.cli import main
from pipelines.model import ModelOptions, make_spec, marker_sets

osim = pytest.importorskip("opensim")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.osim"
    arguments = ["--stature", "1.82", "--mass", "90", "--sex", "male", "--markers", "plug_in_gait"]
    curves = ["--lordosis", "48", "--kyphosis", "35", "--sacral-slope", "33"]
    assert main(["model", "build", "--out", str(path), *arguments, *curves]) == 0
    return path


def test_opensim_opens_it_and_the_curves_are_those_asked_for(built):
    model = osim.Model(str(built))
    state = model.initSystem()
    assert model.getTotalMass(state) == pytest.approx(90, rel=0.02)
    names = {model.getMarkerSet().get(i).getName() for i in range(model.getMarkerSet().getSize())}
    assert {"RSHO", "LKNE", "LASI", "C7"} <= names
    assert not {"RACR", "L3"} & names, "a laboratory's set holds its names only"
    kinematics = compile_model(read_osim(built))
    curves = spinal_curves(kinematics, np.zeros((1, len(kinematics.coordinate_names))), np.radians(33))
    assert np.degrees(curves["lordosis"]) == pytest.approx(48, abs=0.01)
    assert np.degrees(curves["kyphosis"]) == pytest.approx(35, abs=0.01)


def test_describe_tells_all_of_a_file(built, capsys):
    assert main(["model", "describe", str(built), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"C1", "L5", "pelvis", "skull", "foot_l"} <= set(said["bodies"])
    assert said["coordinates"]["lumbar_flexion"][2] == "deg"
    assert len(said["couplers"]) == 9
    assert sum(said["couplers"]["cervical_rotation"].values()) == pytest.approx(1, abs=1e-3)
    assert said["followers"] == 75
    sets = said["landmark_sets"]
    assert list(sets) == ["spinetrack-1", "body_centre-1", "spinous_process-1", "keypoints37-1"]
    assert sets["spinetrack-1"]["points"]["spine_02"]["body"] == "L3"
    assert len(sets["keypoints37-1"]["points"]) == 37
    assert {t["table"] for t in said["sources"]} >= {"levels.height_mm", "segments.MASS_SHARES"}


def test_describe_without_a_file_is_text_on_the_average_model(capsys):
    assert main(["model", "describe"]) == 0
    text = capsys.readouterr().out
    for words in (
        "lumbar_flexion",
        "anatomical range -25.8 to 60.2",
        "landmark set spinetrack-1",
        "[guess]",
        "markers (54)",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stature", "170"], "stature is 170"),
        (["--mass", "7"], "--mass is 7.0"),
        (["--sacral-slope", "95"], "--sacral-slope is 95"),
        (["--markers", "vicon"], "'vicon' is unknown; choose one of spineforge, none"),
    ],
)
def test_mistakes_are_one_line(arguments, words, tmp_path, capsys):
    assert main(["model", "build", "--out", str(tmp_path / "m.osim"), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_and_files_that_are_no_models(tmp_path, capsys):
    assert main(["model", "build", "--out", str(tmp_path / "m.xml")]) == 2
    assert main(["model", "build", "--out", str(tmp_path / "no" / "m.osim")]) == 2
    assert main(["model", "describe", str(tmp_path / "none.osim")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_every_marker_set_makes_a_model():
    counts = {name: len(make_spec(ModelOptions(markers=name)).markers) for name in marker_sets()}
    assert counts["spineforge"] == len(MARKER_NAMES)
    assert counts["none"] == 0
    assert all(n > 10 for name, n in counts.items() if name not in ("none", "spineforge")), counts
