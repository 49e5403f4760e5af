"""Folds: how cloth of each kind and fabric wrinkles, as heights over its pieces laid flat."""

from __future__ import annotations

import cv2
import numpy as np

from synth.body.garment_charts import Chart
from synth.body.garment_tape import Landscape
from synth.body.spec import Cloth

CELL_M = 0.005
#: Fabric -> height of folds relative to cotton, and their breadth.
_BODY_OF = {
    "cotton": (1.0, 1.0),
    "knit": (0.65, 1.5),
    "denim": (1.15, 1.15),
    "stretch": (0.16, 0.9),
    "fleece": (0.6, 1.7),
}


def ridges(
    rng: np.random.Generator, shape: tuple[int, int], along_s_m: float, along_t_m: float, shear: float = 0.0
) -> np.ndarray:
    """Smooth noise of SD 1, stretched along its axes and sheared (t rises by ``shear`` a metre of s)."""
    rows, columns = shape
    margin = int(abs(shear) * columns / 2) + 2
    field: np.ndarray = rng.standard_normal((rows + 2 * margin, columns), dtype=np.float32)
    field = cv2.GaussianBlur(field, (0, 0), sigmaX=along_s_m / CELL_M, sigmaY=along_t_m / CELL_M)
    if shear:
        matrix = np.array([[1.0, 0.0, 0.0], [-shear, 1.0, shear * columns / 2]], np.float32)
        field = cv2.warpAffine(field, matrix, (columns, rows + 2 * margin), borderMode=cv2.BORDER_REFLECT)
    field = field[margin : margin + rows]
    field = (field - field.mean()) / (field.std() + 1e-6)
    # Broad swells with narrow valleys between them, as cloth has.
    return 1.6 * (np.minimum(np.abs(field), 1.5) - 0.72)


def _restless(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Where cloth folds more and where it lies calm, about 0.2 to 1.4: folds come in places, not everywhere alike."""
    rows, columns = (max(round(n * CELL_M / 0.09), 2) for n in shape)
    coarse = rng.uniform(0.2, 1.4, (rows + 1, columns + 1)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _bump(x: np.ndarray, at: float, width: float) -> np.ndarray:
    return np.exp(-(((x - at) / width) ** 2))


def _trunk(
    rng: np.random.Generator, s: np.ndarray, t: np.ndarray, cloth: Cloth, land: Landscape, b: float
) -> np.ndarray:
    shape = (len(t), len(s))
    pit, waist, hem = land.pit_height_m, land.waist_height_m, float(t.min())
    low = np.clip((pit - t) / 0.25, 0, 1)[:, None]
    side = np.clip(np.abs(s) / land.quarter_m, 0, 1)[None]
    loose = 0.35 + 0.9 * cloth.looseness
    hang = 2.2 * ridges(rng, shape, 0.016 * b, 0.09) * low
    bunch = 2.0 * ridges(rng, shape, 0.05 * b, 0.012 * b, 0.35) * (0.35 + 0.65 * side)
    bunch = bunch + 1.6 * ridges(rng, shape, 0.05 * b, 0.012 * b, -0.35)
    where = 0.9 * _bump(t, waist - 0.02, 0.09) + 0.8 * _bump(t, hem + 0.08, 0.06)
    drag = 1.8 * ridges(rng, shape, 0.014 * b, 0.05, 0.0) * _bump(t, pit - 0.03, 0.09)[:, None] * side**2
    fine = 0.2 * ridges(rng, shape, 0.02, 0.02)
    return loose * (hang * _restless(rng, shape) + bunch * where[:, None] + drag) + fine


def _arm(
    rng: np.random.Generator, s: np.ndarray, t: np.ndarray, cloth: Cloth, land: Landscape, b: float
) -> np.ndarray:
    shape = (len(t), len(s))
    joints = land.joints_m
    elbow = float(np.linalg.norm(joints["elbow_l"] - joints["shoulder_l"]))
    wrist = elbow + float(np.linalg.norm(joints["wrist_l"] - joints["elbow_l"]))
    rings = ridges(rng, shape, 0.035 * b, 0.011 * b, 0.5) + ridges(rng, shape, 0.035 * b, 0.011 * b, -0.5)
    where = 1.5 * _bump(t, elbow, 0.07) + 1.1 * _bump(t, wrist - 0.05, 0.05) + 0.5 * _bump(t, 0.06, 0.05)
    loose = 0.4 + 0.8 * cloth.looseness
    along = ridges(rng, shape, 0.015 * b, 0.06) * _restless(rng, shape)
    return loose * (rings * where[:, None] + along) + 0.15 * ridges(rng, shape, 0.02, 0.02)


def _leg(
    rng: np.random.Generator, s: np.ndarray, t: np.ndarray, cloth: Cloth, land: Landscape, b: float
) -> np.ndarray:
    shape = (len(t), len(s))
    knee, crotch, end = land.joints_m["knee_l"][2], land.crotch_height_m, float(t.min())
    loose = 0.45 + 0.75 * cloth.looseness
    rings = ridges(rng, shape, 0.045 * b, 0.012 * b, 0.3) + ridges(rng, shape, 0.045 * b, 0.012 * b, -0.3)
    behind = 0.7 + 0.5 * (s < 0)[None]
    where = 1.3 * _bump(t, knee - 0.01, 0.07)
    if t.min() < knee - 0.15:
        where = where + 1.5 * _bump(t, end + 0.06, 0.05)
    inner = np.clip(s / (2.2 * np.abs(s).max() / np.pi), 0, 1)[None]  # in front, towards the fly
    whiskers = (
        1.5 * ridges(rng, shape, 0.05, 0.011 * b, -0.45) * _bump(t, crotch + 0.03, 0.055)[:, None] * inner
    )
    seat = (
        1.3
        * ridges(rng, shape, 0.05, 0.013 * b, 0.45)
        * _bump(t, crotch - 0.03, 0.05)[:, None]
        * (s < 0)[None]
    )
    hang = 1.4 * ridges(rng, shape, 0.018 * b, 0.11) * np.clip((crotch - t) / 0.2, 0, 1)[:, None]
    hang = hang * _restless(rng, shape)
    fine = 0.15 * ridges(rng, shape, 0.02, 0.02)
    return loose * (rings * where[:, None] * behind + whiskers + seat + hang) + fine


def fold_heights(rng: np.random.Generator, chart: Chart, cloth: Cloth, land: Landscape) -> np.ndarray:
    """Folds of one piece.

    Args:
        rng: Numbers of this piece.
        chart: The piece.
        cloth: What it is made of.
        land: Where knees and elbows lie.

    Returns:
        Heights in metres, row 0 at the top of the piece, about ``CELL_M`` a cell, float32.
    """
    rows = max(int((chart.t_m[1] - chart.t_m[0]) / CELL_M), 8)
    columns = max(int((chart.s_m[1] - chart.s_m[0]) / CELL_M), 8)
    t = np.linspace(chart.t_m[1], chart.t_m[0], rows)
    s = np.linspace(*chart.s_m, columns)
    height, breadth = _BODY_OF[cloth.fabric]
    height *= 1.15
    paint = {"front": _trunk, "back": _trunk, "skirt": _trunk}.get(chart.name)
    paint = paint or (_arm if chart.name.startswith("arm") else _leg)
    field = paint(rng, s, t, cloth, land, breadth) * height
    return (7.0 * np.tanh(field / 7.0) * 1e-3).astype(np.float32)


def sample(heights: np.ndarray, chart: Chart, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Heights at places of a piece, shape of ``s``."""
    rows, columns = heights.shape
    x = (s - chart.s_m[0]) / (chart.s_m[1] - chart.s_m[0]) * (columns - 1)
    y = (chart.t_m[1] - t) / (chart.t_m[1] - chart.t_m[0]) * (rows - 1)
    flat = cv2.remap(
        heights, x.reshape(-1, 1).astype(np.float32), y.reshape(-1, 1).astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return flat.reshape(s.shape)


def fold_shade(heights: np.ndarray) -> np.ndarray:
    """How much darker or lighter folds look under light from above, about 1, shape of ``heights``."""
    slope = cv2.Sobel(heights, cv2.CV_32F, 0, 1, ksize=3, scale=1 / (8 * CELL_M))  # down the picture
    across = cv2.Sobel(heights, cv2.CV_32F, 1, 0, ksize=3, scale=1 / (8 * CELL_M))
    hollow = heights - cv2.GaussianBlur(heights, (0, 0), 0.02 / CELL_M)
    return np.clip(1 + 0.32 * slope + 0.12 * across + 30 * np.minimum(hollow, 0.001), 0.66, 1.2)
