"""Fit minus authored: a known offset comes back, turns with the body, and its constant part is removed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.accuracy import accuracy_table, landmark_errors, local_frames
from spinepose.skeleton import SPINE_CHAIN

STRAIGHT = np.stack([np.zeros(9), np.zeros(9), np.linspace(0.9, 1.5, 9)], axis=1)


def turn(yaw):
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def tables(forward_m):
    fitted, authored = [], []
    for t, (yaw, forward) in enumerate(zip([0.0, 1.0, 2.5], forward_m, strict=True)):
        truth = STRAIGHT @ turn(yaw).T
        left = turn(yaw) @ [0, 0.2, 0]
        shifted = truth + turn(yaw) @ [forward, 0, 0]
        authored.append(("s", "a", float(t), truth.ravel().tolist(), left.tolist()))
        fitted += [
            ("s", "a", float(t), name, *point) for name, point in zip(SPINE_CHAIN, shifted, strict=True)
        ]
    return (
        pd.DataFrame(fitted, columns=["subject_id", "trial_id", "time_s", "landmark", "x_m", "y_m", "z_m"]),
        pd.DataFrame(
            authored, columns=["subject_id", "trial_id", "time_s", "landmarks_world_m", "left_minus_right_m"]
        ),
    )


def test_rows_of_a_local_frame_are_forward_left_up():
    frames = local_frames(STRAIGHT[None], np.array([[0, 0.2, 0]]))
    np.testing.assert_allclose(frames[0, 4], np.eye(3), atol=1e-12)


def test_a_constant_offset_is_seen_raw_and_vanishes_when_the_constant_is_removed():
    errors = landmark_errors(*tables([0.01, 0.01, 0.01]))
    np.testing.assert_allclose(errors.forward_m, 0.01, atol=1e-12)
    np.testing.assert_allclose(errors.error_m, 0.01, atol=1e-12)
    np.testing.assert_allclose(errors.error_less_constant_m, 0.0, atol=1e-12)


def test_what_varies_stays():
    table = accuracy_table(landmark_errors(*tables([0.0, 0.01, 0.02])))
    whole = table[-1]
    assert whole["level"] == "all"
    assert whole["mean_mm"] == pytest.approx(10.0)
    assert whole["mean_less_constant_mm"] == pytest.approx(20 / 3)
