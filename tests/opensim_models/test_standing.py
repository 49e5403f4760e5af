"""Placing markers without a standing trial: which frames stand for it, and what is refused."""

import numpy as np
import pytest

from opensim_models.standing import frame_from_motion
from opensim_models.trial import MarkerTrial, to_world
from spinepose.errors import InputError
from tests.opensim_models.closed_loop import fit_hard

CHI2_95 = 7.815  # three degrees of freedom


def trial(kinematics, poses, names=None) -> MarkerTrial:
    markers = np.stack([kinematics.markers(x) for x in poses])
    return MarkerTrial(
        "move", np.arange(len(poses)) / 30, names or kinematics.marker_names, to_world(markers)
    )


def test_errors_without_a_standing_trial_are_larger_and_say_so():
    fits = [fit_hard(seed, 6, static=False) for seed in range(720, 728)]
    errors = 1000 * np.concatenate([fit.errors_m for fit in fits])
    inside = np.concatenate([fit.mahalanobis for fit in fits]) < CHI2_95
    assert errors.mean() < 25, f"mean {errors.mean():.1f} mm"
    assert inside.mean() > 0.85, inside.mean()
    assert inside[:, 6:].mean() > 0.75, f"C7 to C1 {inside[:, 6:].mean(axis=0)}"


def test_an_upright_trunk_with_a_level_head_is_taken(kinematics):
    poses = np.zeros((30, len(kinematics.coordinate_names)))
    poses[:, kinematics.index("cervical_flexion")] = np.radians(30)
    poses[:, kinematics.index("thoracic_rotation")] = np.radians(25)
    poses[17] = 0.0
    standing, words = frame_from_motion("s", 1.75, trial(kinematics, poses))
    upright = dict(zip(kinematics.marker_names, kinematics.markers(poses[17]), strict=True))
    for name in ("C7", "LFHD", "RACR", "T8"):
        np.testing.assert_allclose(standing[name], upright[name], atol=1e-6)
    assert "frame 17" in words[0]


def test_legs_that_cross_are_no_swapped_names(kinematics):
    poses = np.zeros((10, len(kinematics.coordinate_names)))
    for side in "rl":
        poses[:, kinematics.index(f"hip_adduction_{side}")] = np.radians(25)
    crossed = trial(kinematics, poses)
    knees = [kinematics.marker_names.index(f"{side}KNL") for side in "LR"]
    assert np.ptp(crossed.markers_m[0, knees, 1]) < 0.20, "the legs do not cross"
    frame_from_motion("s", 1.75, crossed)


def test_legs_with_swapped_names_are_refused(kinematics):
    names = tuple(
        {"L": "R", "R": "L"}[n[0]] + n[1:] if n[1:] in ("KNL", "KNM", "ANL", "ANM", "HEE", "TOE") else n
        for n in kinematics.marker_names
    )
    poses = np.zeros((10, len(kinematics.coordinate_names)))
    with pytest.raises(InputError, match="legs are swapped in most frames"):
        frame_from_motion("s", 1.75, trial(kinematics, poses, names))
