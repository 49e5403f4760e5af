"""What distances across the trunk say of a build, and of a mass that does not go with them."""

import numpy as np
import pytest

from opensim_models.girth import assess_build, girth_bmi
from opensim_models.unknowns import estimate_info

STATURE_M = 1.70


def trunk(bmi: float, out_m: float = 0.0) -> dict[str, np.ndarray]:
    """Markers at the distances of a build, each ``out_m`` farther out."""
    over = bmi - 25
    rib, crest, deep, chest = (
        STATURE_M * (base + slope * over) / 2 + out_m
        for base, slope in ((0.185, 0.0035), (0.195, 0.0057), (0.127, 0.0059), (0.132, 0.0033))
    )
    shown = {"LRIB": (0, 0.3, -rib), "RRIB": (0, 0.3, rib), "LICR": (0, 0.1, -crest), "RICR": (0, 0.1, crest)}
    for side, sign in (("L", -1), ("R", 1)):
        shown[f"{side}ASI"] = (deep, 0.0, 0.1 * sign)
        shown[f"{side}PSI"] = (-deep, 0.0, 0.1 * sign)
    shown |= {"STRN": (chest, 0.4, 0.0), "T8": (-chest, 0.4, 0.0)}
    return {name: np.array(point, dtype=float) for name, point in shown.items()}


@pytest.mark.parametrize("bmi", [19.0, 25.0, 34.0])
def test_the_distances_give_the_build_back(bmi):
    assert girth_bmi(trunk(bmi), STATURE_M) == pytest.approx(bmi, abs=0.1)
    few = {name: point for name, point in trunk(bmi).items() if name[1:] in ("RIB", "ICR")}
    assert girth_bmi(few, STATURE_M) is None, "two distances are too few"


def test_a_mass_that_goes_with_the_markers_moves_nothing():
    known = assess_build(25.0, trunk(25.0), STATURE_M, told=True)
    assert known.doubts == ()
    assert known.excess_m[0] == pytest.approx(0.0, abs=1e-4)
    assert known.excess_m[1] < 0.006
    assert known.bmi_sd == 0.0


def test_markers_far_out_raise_the_skin_and_its_doubt():
    known = assess_build(22.0, trunk(22.0, out_m=0.020), STATURE_M, told=True)
    usual = assess_build(22.0, trunk(22.0), STATURE_M, told=True)
    assert known.excess_m[0] > 0.008
    assert known.excess_m[1] > 1.2 * usual.excess_m[1]
    assert "speak for" in known.doubts[0]


def test_markers_nearer_in_than_the_mass_says_are_no_evidence():
    assert assess_build(36.0, trunk(25.0), STATURE_M, told=True) == assess_build(
        36.0, trunk(36.0), STATURE_M, told=True
    )


def test_a_mass_nobody_told_is_less_sure_without_markers():
    shown, hidden = (assess_build(25.0, m, STATURE_M, told=False) for m in (trunk(25.0), {}))
    assert hidden.bmi_sd > shown.bmi_sd > 0
    assert not shown.doubts


def test_stature_of_somebody_who_stands_is_told_by_heights(kinematics):
    """The average man of 1.75 m, then with forearms that are too long for his stature."""
    pose = np.zeros(len(kinematics.coordinate_names))
    markers = dict(zip(kinematics.marker_names, kinematics.markers(pose), strict=True))
    standing, _, _, words = estimate_info(None, 75.0, "male", markers, standing=True)
    assert standing == pytest.approx(1.75, abs=0.01)
    assert "the head's height" in words[0]
    for side in "LR":
        for stem in ("ELL", "ELM"):
            markers[f"{side}{stem}"] = markers[f"{side}{stem}"] + [0.0, 0.08, 0.0]
    longer, guess = (estimate_info(None, 75.0, "male", markers, standing=s)[0] for s in (True, False))
    assert guess > 1.78, "lengths alone are misled"
    assert abs(longer - 1.75) < 0.5 * abs(guess - 1.75)
