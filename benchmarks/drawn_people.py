"""People made of numbers alone: sound labels with all their extras, thousands a second, to time what comes after them.

Each stands in a pose and before a camera of their own, and the label obeys the written rules: the stored 3D meets it,
v says what gap and surface say, boxes hold what they should. So a check of them has nothing to report.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from pipelines.dataset_parts import PartNote
from pipelines.labels import SPINE_INDICES
from spinepose.rng import rng_for
from spinepose.skeleton import DEEP, FLIP, INDEX, NUM_KEYPOINTS
from synth.visibility import SURFACE_KINDS, inside_image

WIDTH, HEIGHT = 640, 480
# Facing +x, left is +y, metres; the right side mirrors the left.
_STANDING = {
    "nose": (0.10, 0, 1.64), "left_eye": (0.08, 0.03, 1.67), "left_ear": (0.0, 0.07, 1.65), "head": (0.0, 0, 1.78),
    "left_shoulder": (-0.03, 0.18, 1.42), "left_elbow": (-0.05, 0.22, 1.13), "left_wrist": (0.0, 0.25, 0.88),
    "left_hip": (0.0, 0.09, 0.92), "left_knee": (0.01, 0.10, 0.50), "left_ankle": (-0.02, 0.11, 0.08),
    "left_big_toe": (0.19, 0.12, 0.02), "left_small_toe": (0.15, 0.17, 0.02), "left_heel": (-0.07, 0.10, 0.03),
    "left_latissimus": (-0.07, 0.16, 1.27), "left_clavicle": (0.04, 0.07, 1.43),
    "hip": (-0.06, 0, 0.96), "spine_01": (-0.06, 0, 1.03), "spine_02": (-0.05, 0, 1.10), "spine_03": (-0.07, 0, 1.20),
    "spine_04": (-0.10, 0, 1.31), "spine_05": (-0.08, 0, 1.42), "neck": (-0.06, 0, 1.48), "neck_02": (-0.04, 0, 1.54),
    "neck_03": (-0.02, 0, 1.60),
}  # fmt: skip
_FACE = [INDEX["nose"], INDEX["left_eye"], INDEX["right_eye"]]
_OUTSIDE, _OWN_PART, _OTHER_PART, _OBJECT = (
    SURFACE_KINDS.index(kind) for kind in ("outside", "own_part", "own_other_part", "object")
)


def standing() -> np.ndarray:
    """A standing person, metres, shape (37, 3)."""
    points = np.zeros((NUM_KEYPOINTS, 3))
    for name, point in _STANDING.items():
        k = INDEX[name]
        points[FLIP[k]] = np.multiply(point, (1, -1, 1))
        points[k] = point
    return points


def draw_people(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Everything of so many people that is numbers, one row of each array (or item of each list) a person."""
    yaw = rng.uniform(-np.pi, np.pi, count)
    turn = np.zeros((count, 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(yaw)
    turn[:, 1, 0] = np.sin(yaw)
    turn[:, 0, 1] = -turn[:, 1, 0]
    turn[:, 2, 2] = 1.0
    # Cameras at +x look back along the axis: x to the picture's right is the world's +y, down is -z.
    R = np.tile([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]], (count, 1, 1))
    t = np.stack(
        [rng.uniform(-1, 1, count), rng.uniform(0.8, 1.1, count), rng.uniform(3.5, 8.0, count)], axis=1
    )
    K = np.zeros((count, 3, 3))
    K[:, 0, 0] = K[:, 1, 1] = rng.uniform(450, 700, count)
    K[:, :2, 2], K[:, 2, 2] = [(WIDTH - 1) / 2, (HEIGHT - 1) / 2], 1.0
    shape = standing() * rng.uniform(0.9, 1.1, (count, 1, 1)) + rng.normal(
        0, 0.004, (count, NUM_KEYPOINTS, 3)
    )
    world = shape @ turn.transpose(0, 2, 1)
    cam = world @ R.transpose(0, 2, 1) + t[:, None]
    homogeneous = cam @ K.transpose(0, 2, 1)
    pixels = homogeneous[..., :2] / homogeneous[..., 2:]
    surface = _surfaces(rng, pixels, facing_camera=np.cos(yaw) > 0)
    v = np.where(surface == _OUTSIDE, 0, np.where(surface == _OWN_PART, 2, 1))
    covariance = rng.normal(size=(count, 9, 3, 3)) * 1e-3
    return {
        "keypoints": _flat(pixels, v),
        "num_keypoints": (v > 0).sum(axis=1).tolist(),
        **_boxes(pixels),
        "keypoints_world_m": world.reshape(count, -1),
        "keypoints_cam_m": cam.reshape(count, -1),
        "surface_gap_m": np.where(surface == _OWN_PART, 0.01, 0.2).astype(np.float32),
        "first_surface": surface.astype(np.int8),
        "authored_cam_m": (cam[:, SPINE_INDICES] + 0.005).reshape(count, -1),
        "fit_minus_authored_world_m": rng.normal(0, 0.005, (count, 27)),
        "sigma_m": rng.uniform(0.004, 0.012, (count, 9)),
        "covariance_world_m2": (covariance @ covariance.swapaxes(2, 3)).reshape(count, -1).astype(np.float32),
        "observed": rng.random((count, 9)) < 0.9,
        "spine_angles_rad": rng.normal(0, 0.2, (count, 9)),
        "K": K.reshape(count, -1),
        "R_world_to_cam": R.reshape(count, -1),
        "t_world_to_cam_m": t,
    }  # fmt: skip


def _surfaces(rng: np.random.Generator, pixels: np.ndarray, facing_camera: np.ndarray) -> np.ndarray:
    """What lies first on the way to each point, shape (N, 37)."""
    surface = np.where(rng.random(pixels.shape[:2]) < 0.85, _OWN_PART, np.where(DEEP, _OBJECT, _OTHER_PART))
    surface[np.ix_(~facing_camera, _FACE)] = _OTHER_PART
    surface[~inside_image(pixels, WIDTH, HEIGHT)] = _OUTSIDE
    return surface


def _boxes(pixels: np.ndarray) -> dict[str, list[Any]]:
    low, high = pixels.min(axis=1) - 8, pixels.max(axis=1) + 8
    seen_low, seen_high = np.clip(low, 0, None), np.minimum(high, [WIDTH, HEIGHT])
    seen, whole = seen_high - seen_low, high - low
    return {
        "bbox": np.hstack([seen_low, seen]).round(1).tolist(),
        "bbox_amodal": np.hstack([low, whole]).round(1).tolist(),
        "area": (0.4 * seen.prod(axis=1)).astype(int).tolist(),
        "area_amodal_px": 0.4 * whole.prod(axis=1),
        "visible_share": seen.prod(axis=1) / whole.prod(axis=1),
    }


def _flat(pixels: np.ndarray, v: np.ndarray) -> list[list[float | int]]:
    """COCO's lists; v is a whole number, as in files from pictures."""
    rows = np.where(v[..., None] > 0, pixels, 0.0).round(3)
    flat: list[list[float | int]] = [[0] * (3 * NUM_KEYPOINTS) for _ in rows]
    for out, x, y, seen in zip(flat, rows[..., 0].tolist(), rows[..., 1].tolist(), v.tolist(), strict=True):
        out[0::3], out[1::3], out[2::3] = x, y, seen
    return flat


class DrawnLabels:
    """Stands where the stage's labeller stands."""

    def __init__(self, seed: int) -> None:
        self._rng = rng_for(seed, "drawn-people")
        self._drawn: dict[str, list[Any]] = {}
        self._next = 0

    def take(self, persons: pd.DataFrame) -> None:
        """Draw the numbers of these people."""
        drawn = draw_people(self._rng, len(persons))
        self._drawn, self._next = {name: list(values) for name, values in drawn.items()}, 0

    def label_frame(self, row: SimpleNamespace, people: list, note: PartNote) -> list[dict]:
        """Labels of the people of one picture."""
        return [self._label(row, person) for person in people]

    def _label(self, row: SimpleNamespace, person: SimpleNamespace) -> dict:
        i, drawn = self._next, self._drawn
        self._next += 1
        coco = ("area", "bbox", "bbox_amodal", "keypoints", "num_keypoints")
        return {
            **{name: drawn[name][i] for name in coco},
            "iscrowd": 0,
            "extras": {
                "set_id": "drawn",
                "frame_id": row.frame_id,
                "subject_id": person.subject_id,
                "trial_id": f"{row.frame_id}-{person.subject_id}",
                "motion": "flexion_extension-01",
                "time_s": 0.5,
                "place": "gym",
                "view": "back",
                "approximate": False,
                **{name: values[i] for name, values in drawn.items() if name not in coco},
            },
        }
