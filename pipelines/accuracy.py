"""Fit minus authored anatomy: the error that matters, because the fit never sees the anatomy.

A low marker RMS proves nothing about a vertebra; these numbers do. They exist only for worlds that know their
bodies' anatomy (the embedded one).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from spinepose.skeleton import SPINE_CHAIN, SPINE_LEVELS

_AXES = ["x_m", "y_m", "z_m"]


def local_frames(spine_m: np.ndarray, left_minus_right_m: np.ndarray) -> np.ndarray:
    """A frame at each spine landmark that turns with the body.

    Args:
        spine_m: The nine landmarks from the sacrum up, shape (T, 9, 3), metres.
        left_minus_right_m: Vector from the right to the left hip joint, shape (T, 3), metres.

    Returns:
        Rotations, shape (T, 9, 3, 3); rows are forward, left and up along the spine.
    """
    up = np.gradient(spine_m, axis=1)
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    left = np.broadcast_to(left_minus_right_m[:, None], up.shape)
    left = left - (left * up).sum(-1, keepdims=True) * up
    left /= np.linalg.norm(left, axis=-1, keepdims=True)
    return np.stack([np.cross(left, up), left, up], axis=-2)


def landmark_errors(landmarks: pd.DataFrame, authored: pd.DataFrame) -> pd.DataFrame:
    """Error of each fitted landmark, raw and with the subject's constant removed.

    Args:
        landmarks: The fit's table: trial_id, time_s, landmark, x_m, y_m, z_m (world).
        authored: The world's table: subject_id, trial_id, time_s, ``landmarks_world_m`` (27 numbers, from the
            sacrum up) and ``left_minus_right_m`` (3 numbers).

    Returns:
        One row a trial, frame and landmark: ``forward_m``, ``left_m``, ``up_m`` (fit minus authored in a frame
        that turns with the spine), ``error_m`` (its length), ``error_less_constant_m`` (its length after the
        subject's mean offset at that landmark is taken away).
    """
    wide = landmarks.pivot(index=["subject_id", "trial_id", "time_s"], columns="landmark", values=_AXES)
    keys = wide.reset_index()[["subject_id", "trial_id", "time_s"]].droplevel(1, axis=1)
    fitted = np.stack([wide[axis][list(SPINE_CHAIN)].to_numpy() for axis in _AXES], axis=-1)
    truth = keys.merge(authored, on=["subject_id", "trial_id", "time_s"], how="left", validate="one_to_one")
    known = truth.landmarks_world_m.notna().to_numpy()
    keys, fitted, truth = keys[known].reset_index(drop=True), fitted[known], truth[known]
    spine = np.stack(truth.landmarks_world_m.to_list()).reshape(-1, len(SPINE_CHAIN), 3)
    frames = local_frames(spine, np.stack(truth.left_minus_right_m.to_list()))
    local = np.einsum("tkij,tkj->tki", frames, fitted - spine)
    rows = pd.DataFrame(
        {
            **{
                c: np.repeat(keys[c].to_numpy(), len(SPINE_CHAIN))
                for c in ("subject_id", "trial_id", "time_s")
            },
            "landmark": np.tile(SPINE_CHAIN, len(keys)),
            **{name: local[..., i].ravel() for i, name in enumerate(("forward_m", "left_m", "up_m"))},
        }
    )
    offsets = rows[["forward_m", "left_m", "up_m"]]
    constant = rows.groupby(["subject_id", "landmark"])[["forward_m", "left_m", "up_m"]].transform("mean")
    rows["error_m"] = np.linalg.norm(offsets, axis=1)
    rows["error_less_constant_m"] = np.linalg.norm(offsets - constant, axis=1)
    return rows


def accuracy_table(errors: pd.DataFrame) -> list[dict]:
    """Mean and 95th percentile by level and over all, millimetres, raw and with the subject's constant removed."""
    table = []
    for level, name in [*zip(SPINE_LEVELS, SPINE_CHAIN, strict=True), ("all", None)]:
        rows = errors if name is None else errors[errors.landmark == name]
        table.append(
            {
                "level": level,
                "landmark": name,
                "mean_mm": 1000 * float(rows.error_m.mean()),
                "p95_mm": 1000 * float(rows.error_m.quantile(0.95)),
                "mean_less_constant_mm": 1000 * float(rows.error_less_constant_m.mean()),
                "p95_less_constant_mm": 1000 * float(rows.error_less_constant_m.quantile(0.95)),
                "forward_mm": 1000 * float(rows.forward_m.mean()),
            }
        )
    return table
