import numpy as np
import pytest

from opensim_models.kinematics import compile_model
from opensim_models.landmark_sets import LANDMARK_SETS, landmark_set, station_rows
from opensim_models.spine import nominal_spine
from opensim_models.subject import average_shape, model_spec
from spinepose.errors import InputError
from spinepose.skeleton import FLIP, INDEX, NAMES, SPINE_CHAIN


@pytest.fixture(scope="module")
def points():
    kinematics = compile_model(model_spec(average_shape(1.70, 70.0, nominal_spine(1.70, "male"))))
    stations = kinematics.stations(np.zeros(len(kinematics.coordinate_names)))
    return {name: stations[station_rows(kinematics, name)] for name in LANDMARK_SETS}


def test_every_set_is_whole_and_says_its_version(points):
    assert {name: len(p) for name, p in points.items()} == {
        "spinetrack": 9, "body_centre": 9, "spinous_process": 9, "keypoints37": 37,
    }  # fmt: skip
    assert landmark_set("spinetrack").label == "spinetrack-1"


def test_the_default_lies_between_body_and_spinous_tip(points):
    whole = points["spinous_process"] - points["body_centre"]
    part = points["spinetrack"] - points["body_centre"]
    single = [i for i, name in enumerate(SPINE_CHAIN) if name != "hip"]
    np.testing.assert_allclose(part[single], 0.62 * whole[single], atol=1e-12)


def test_the_37_share_the_spine_and_are_mirror_images(points):
    body = points["keypoints37"]
    np.testing.assert_array_equal(body[[INDEX[n] for n in SPINE_CHAIN]], points["spinetrack"])
    np.testing.assert_allclose(body[FLIP] * [1, 1, -1], body, atol=1e-12)


def test_the_37_make_a_person_of_the_right_size(points):
    body = dict(zip(NAMES, points["keypoints37"], strict=True))
    # The sole is 30 mm below the back of the heel.
    assert body["head"][1] - body["left_heel"][1] + 0.03 == pytest.approx(1.70, abs=0.02)
    assert body["right_shoulder"][2] > 0.15 > body["right_hip"][2] > 0.05
    assert body["nose"][0] > body["left_eye"][0] > body["left_ear"][0]
    order = ["left_ankle", "left_knee", "left_hip", "hip", "spine_04", "left_shoulder", "neck", "head"]
    heights = [body[name][1] for name in order[:5]]
    assert heights == sorted(heights)


def test_unknown_sets_and_older_models_are_one_line(points):
    with pytest.raises(InputError, match="'deep' is unknown; choose one of spinetrack, body_centre"):
        landmark_set("deep")
    spec = model_spec(average_shape(1.70, 70.0, nominal_spine(1.70, "male")))
    older = compile_model(type(spec)(**{**spec.__dict__, "stations": spec.stations[:27]}))
    with pytest.raises(InputError, match="no point 'keypoints37_nose'"):
        station_rows(older, "keypoints37")
