"""The static fit from side to side: curves that markers show, and curves that noise must not make."""

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.anatomy.segments import DORSAL_LEVELS
from opensim_models.lateral import Lateral, bent, estimate_lateral
from opensim_models.spine import landmarks, nominal_spine, spine_forward, vertebra_points
from spinepose.skeleton import SPINE_LEVELS
from synth.body.posture import stand
from synth.body.spec import Posture

STATURE = 1.68
SPINE = nominal_spine(STATURE, "female")
HIPS_M = np.array([0.026, -0.100, 0.0])
T8 = SPINE_LEVELS.index("T8")


def standing(cobb_deg: float):
    """A spine with a thoracic curve, convex to the left where positive, as the rendered bodies have it."""
    posture = Posture(curves=(("T8", cobb_deg, 0.4 * cobb_deg),)) if cobb_deg else Posture()
    return stand(SPINE, HIPS_M, posture).shape


def skin(shape) -> dict[str, np.ndarray]:
    """Midline markers 10 mm behind the spinous tips and paraspinal ones beside T10."""
    frames = spine_forward(shape, np.zeros(9))
    tips = vertebra_points(shape.spinous_tips_m, frames)
    shown = {name: tips[LEVELS.index(name)] - [0.010, 0.0, 0.0] for name in DORSAL_LEVELS}
    t10 = frames[1 + LEVELS.index("T10")]
    for side, sign in (("L", -1.0), ("R", 1.0)):
        shown[f"{side}T10P"] = (t10 @ [-0.065, 0.0, sign * 0.045, 1.0])[:3]
    return shown


def aside(shape) -> np.ndarray:
    return landmarks(shape, spine_forward(shape, np.zeros(9)))[:, 2]


@pytest.mark.parametrize("cobb", [-35.0, 35.0])
def test_a_marked_curve_is_found_though_processes_turn_back_to_the_middle(cobb):
    shape = standing(cobb)
    found = estimate_lateral(SPINE, skin(shape), None)
    truth = aside(shape)[T8]
    assert truth * cobb < 0, "positive is convex to the left, and left is -z"
    error = abs(aside(bent(SPINE, found, 1.0))[T8] + found.foot_m - truth)
    assert error < 0.5 * abs(truth), f"{1000 * error:.1f} of {1000 * abs(truth):.1f} mm are left"
    assert found.marked > 0.5
    assert 12 < found.curve_deg < 50
    assert found.turns_rad[LEVELS.index("T8")] * cobb > 0, "the apex turns to the convex side"
    assert error < 3 * np.sqrt(found.landmark_variance_m2[T8])


def test_a_straight_back_with_markers_stuck_askew_stays_nearly_straight():
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shown = {
            name: point + rng.normal(0, 1, 3) * (0, 0, 0.005) for name, point in skin(standing(0.0)).items()
        }
        found.append(estimate_lateral(SPINE, shown, None))
    assert np.mean([lateral.marked for lateral in found]) < 0.2
    assert np.mean([lateral.curve_deg for lateral in found]) < 6
    off = np.array([aside(bent(SPINE, lateral, 1.0)) + lateral.foot_m for lateral in found])
    assert 1000 * np.abs(off).mean() < 4
    z = off**2 / np.array([lateral.landmark_variance_m2 for lateral in found])
    assert 0.1 < z.mean() < 1.5


def test_what_no_marker_shows_stays_straight_and_wide():
    shown = skin(standing(35.0))
    pelvis_only = estimate_lateral(SPINE, {"C7": shown["C7"]}, None)
    full = estimate_lateral(SPINE, shown, None)
    assert np.degrees(np.abs(pelvis_only.bends_rad)).max() < 3
    assert pelvis_only.landmark_variance_m2[T8] > 1.4 * full.landmark_variance_m2[T8]
    still, moving = (estimate_lateral(SPINE, {"C7": shown["C7"]}, None, quiet) for quiet in (True, False))
    assert moving.landmark_variance_m2[T8] > 1.1 * still.landmark_variance_m2[T8]


def test_bending_aside_keeps_the_sagittal_tilts_and_the_linear_places():
    lean = np.radians(10) * np.sin(np.linspace(0, 2 * np.pi, 25))
    lateral = Lateral(0.0, lean, 0.5 * lean, np.ones(9), 20.0, 1.0)
    before, after = (spine_forward(s, np.zeros(9)) for s in (SPINE, bent(SPINE, lateral, 1.0)))
    tilt = [np.arctan2(f[:, 0, 1], np.hypot(f[:, 1, 1], f[:, 2, 1])) for f in (before, after)]
    np.testing.assert_allclose(tilt[0], tilt[1], atol=np.radians(1.5))
    up = after[1:, :3, 1]
    np.testing.assert_allclose(np.arctan2(up[:, 2], up[:, 1]), lean, atol=np.radians(2.5))
    np.testing.assert_allclose(bent(SPINE, lateral, 1.0).shares, SPINE.shares)
