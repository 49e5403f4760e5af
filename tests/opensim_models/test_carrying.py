"""Elbows whose straight forearm points outward of the upper arm."""

from dataclasses import replace

import numpy as np
import pytest

from opensim_models.kinematics import compile_model
from opensim_models.scale import fit_static
from opensim_models.spine import nominal_spine
from opensim_models.subject import average_shape, model_spec

ARM = ("ACR", "ELL", "ELM", "WRR", "WRU", "FIN")


def standing(carrying_deg: float, elbow_deg: float = 5.0):
    shape = average_shape(1.75, 75.0, nominal_spine(1.75, "male"))
    carrying = dict.fromkeys("rl", float(np.radians(carrying_deg)))
    kinematics = compile_model(model_spec(replace(shape, carrying_rad=carrying)))
    x = np.zeros(len(kinematics.coordinate_names))
    for side in "rl":
        x[kinematics.index(f"elbow_flexion_{side}")] = np.radians(elbow_deg)
    return kinematics, dict(zip(kinematics.marker_names, kinematics.markers(x), strict=True))


@pytest.mark.parametrize("angle", [0.0, 15.0])
def test_the_angle_is_found_on_both_sides(angle):
    _, markers = standing(angle)
    found = fit_static("s", 1.75, "male", 75.0, markers).shape.carrying_rad
    assert set(found) == {"r", "l"}
    np.testing.assert_allclose(np.degrees(list(found.values())), angle, atol=3.0)


def test_bent_or_hidden_elbows_have_none():
    _, bent = standing(15.0, elbow_deg=80.0)
    assert fit_static("s", 1.75, "male", 75.0, bent).shape.carrying_rad == {}
    _, hidden = standing(15.0)
    hidden = {name: point for name, point in hidden.items() if name[1:] not in ARM}
    assert fit_static("s", 1.75, "male", 75.0, hidden).shape.carrying_rad == {}


def test_a_straight_arm_does_not_turn_the_upper_arm_about_itself():
    """Without the angle the whole arm turned by some tens of degrees to get at the wrist."""
    _, markers = standing(15.0)
    fit = fit_static("s", 1.75, "male", 75.0, markers)
    kinematics = compile_model(model_spec(fit.shape))
    for side in "rl":
        turn = np.degrees(fit.coordinates[kinematics.index(f"shoulder_rotation_{side}")])
        assert abs(turn) < 8, f"{side}: {turn:.0f} degrees"
