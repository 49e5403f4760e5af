"""How fit minus authored grows with build and with bending: slopes with their spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spinepose.rng import rng_for
from spinepose.skeleton import SPINE_CHAIN, SPINE_LEVELS

_RESAMPLES = 400
MIN_SUBJECTS = 5


def with_people(errors: pd.DataFrame, subjects: pd.DataFrame, authored: pd.DataFrame) -> pd.DataFrame:
    """Errors with the subject's BMI and the frame's trunk flexion (lumbar and thoracic, degrees).

    Args:
        errors: As :func:`pipelines.accuracy.landmark_errors` makes it.
        subjects: subject_id, stature_m, mass_kg.
        authored: trial_id, time_s, ``coordinates_rad`` (9 numbers).
    """
    bmi = subjects.mass_kg / subjects.stature_m**2
    build = pd.DataFrame({"subject_id": subjects.subject_id, "bmi": bmi})
    angles = np.degrees(np.stack(authored.coordinates_rad.to_list()))
    bend = authored[["trial_id", "time_s"]].assign(flexion_deg=angles[:, 0] + angles[:, 3])
    return errors.merge(build, on="subject_id").merge(bend, on=["trial_id", "time_s"])


def growth(table: pd.DataFrame) -> dict[str, Any]:
    """Slopes over BMI and over trunk flexion, by level and over all.

    Over BMI: least squares on one mean error a subject, with its 95 % interval (Student's t). Over flexion: least
    squares on frames, with a 95 % interval from drawing subjects with replacement, for frames of one person are no
    independent samples.

    Args:
        table: As :func:`with_people` makes it.
    """
    rows = []
    for level, name in [*zip(SPINE_LEVELS, SPINE_CHAIN, strict=True), ("all", None)]:
        part = table if name is None else table[table.landmark == name]
        rows.append({"level": level, "landmark": name, **_over_bmi(part), **_over_flexion(part)})
    low, high = table.bmi.min(), table.bmi.max()
    return {
        "subjects": int(table.subject_id.nunique()),
        "bmi_from": float(low),
        "bmi_to": float(high),
        "levels": rows,
    }


def in_bins(table: pd.DataFrame, width_deg: float = 15.0) -> pd.DataFrame:
    """Errors in bins of trunk flexion: middle (degrees), frames, mean and 95th percentile of both, millimetres."""
    middle = (table.flexion_deg / width_deg).round() * width_deg
    rows = []
    for flexion, part in table.groupby(middle):
        raw, rest = 1000 * part.error_m, 1000 * part.error_less_constant_m
        rows.append((flexion, len(part), raw.mean(), raw.quantile(0.95), rest.mean(), rest.quantile(0.95)))
    return pd.DataFrame(rows, columns=["flexion_deg", "count", "raw", "raw_p95", "rest", "rest_p95"])


def _over_bmi(part: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    means = part.groupby("subject_id")[["bmi", "error_m", "error_less_constant_m", "forward_m"]].mean()
    for key, column in (
        ("raw", "error_m"),
        ("less_constant", "error_less_constant_m"),
        ("forward", "forward_m"),
    ):
        name = f"{key}_mm_per_bmi"
        if len(means) < MIN_SUBJECTS or means.bmi.nunique() < 2:
            found[name] = found[f"{name}_95"] = None
            continue
        line = stats.linregress(means.bmi, 1000 * means[column])
        half = float(stats.t.ppf(0.975, len(means) - 2) * line.stderr)
        found[name] = float(line.slope)
        found[f"{name}_95"] = [float(line.slope) - half, float(line.slope) + half]
    return found


def _over_flexion(part: pd.DataFrame) -> dict[str, Any]:
    """Slopes per ten degrees; sums by subject make the resampling cheap."""
    found: dict[str, Any] = {}
    x = part.flexion_deg.to_numpy() / 10.0
    people, owner = np.unique(part.subject_id.to_numpy(), return_inverse=True)
    draws = rng_for(0, "growth").integers(len(people), size=(_RESAMPLES, len(people)))
    for key, column in (("raw", "error_m"), ("less_constant", "error_less_constant_m")):
        name = f"{key}_mm_per_10_deg"
        if len(people) < MIN_SUBJECTS or np.ptp(x) < 1.0:
            found[name] = found[f"{name}_95"] = None
            continue
        y = 1000 * part[column].to_numpy()
        sums = np.stack([np.bincount(owner, w, len(people)) for w in (np.ones_like(x), x, y, x * x, x * y)])
        found[name] = float(_slope(sums.sum(axis=1)))
        resampled = _slope(sums[:, draws].sum(axis=2))
        found[f"{name}_95"] = [float(v) for v in np.quantile(resampled, [0.025, 0.975])]
    return found


def _slope(sums: np.ndarray) -> np.ndarray:
    n, x, y, xx, xy = sums
    return (n * xy - x * y) / (n * xx - x * x)
