"""What the fit says of the spine of everyone on a picture: landmarks, their spread, the angles behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.io import read_mot
from pipelines.tables import read_table
from spinepose.errors import StageError
from spinepose.skeleton import SPINE_CHAIN

# Times of a .mot file have six decimals.
_SAME_TIME_S = 2e-6
_LANDMARK_COLUMNS = (
    "trial_id", "time_s", "landmark", "x_m", "y_m", "z_m", "sigma_m", "covariance_m2", "observed",
)  # fmt: skip


@dataclass(frozen=True)
class Spine:
    """One person's fitted spine at one time; the nine levels stand in the order of ``SPINE_CHAIN``.

    Attributes:
        points_world_m: Shape (9, 3), metres.
        sigma_m: Standard deviation per axis, shape (9,), metres.
        covariance_world_m2: Shape (9, 3, 3), square metres.
        observed: Whether the markers observe the level or leave it to its prior, shape (9,).
        angles_rad: The fit's regional coordinates in the order of ``REGIONAL_COORDINATES``, shape (9,): lumbar,
            thoracic and cervical flexion, bending and rotation away from neutral standing.
    """

    points_world_m: np.ndarray
    sigma_m: np.ndarray
    covariance_world_m2: np.ndarray
    observed: np.ndarray
    angles_rad: np.ndarray


class Spines:
    """The fitted spines of all people on pictures whose trial's verdict lets them in.

    Args:
        fit_dir: Folder of the stage fit-opensim.
        persons: The render stage's person table.
        verdicts: Verdicts that are let in.
    """

    def __init__(self, fit_dir: Path, persons: pd.DataFrame, verdicts: tuple[str, ...]) -> None:
        self._fit_dir = fit_dir
        trials, rows = _read_parts(fit_dir, sorted(set(persons.subject_id)))
        allowed = set(trials[trials.verdict.isin(verdicts)].trial_id)
        wanted = set(zip(persons.trial_id, persons.time_s.round(6), strict=True))
        rows = rows[rows.trial_id.isin(allowed)]
        rows = rows.assign(time_s=rows.time_s.round(6), level=rows.landmark.map(SPINE_CHAIN.index))
        keys_of_rows = zip(rows.trial_id, rows.time_s, strict=True)
        # An array of truths also where no row is left: an empty list would choose columns.
        rows = rows[np.fromiter((key in wanted for key in keys_of_rows), bool, len(rows))]
        rows = rows.sort_values(["trial_id", "time_s", "level"])
        levels = len(SPINE_CHAIN)
        if len(rows) % levels or (rows.level.to_numpy().reshape(-1, levels) != np.arange(levels)).any():
            raise StageError(f"{fit_dir}: a trial lacks landmarks; fit again")
        keys = rows[["trial_id", "time_s"]].iloc[::levels]
        self._row = {key: i for i, key in enumerate(zip(keys.trial_id, keys.time_s, strict=True))}
        self._points = rows[["x_m", "y_m", "z_m"]].to_numpy(float).reshape(-1, levels, 3)
        self._sigma = rows.sigma_m.to_numpy(float).reshape(-1, levels)
        covariance = np.stack(rows.covariance_m2.to_list()) if len(rows) else np.zeros((0, 9))
        self._covariance = covariance.reshape(-1, levels, 3, 3)
        self._observed = rows.observed.to_numpy(bool).reshape(-1, levels)
        self._angles = lru_cache(maxsize=256)(self._read_angles)

    def of(self, person: Any) -> Spine | None:
        """The spine of a row of the person table; None where the verdict keeps the trial out."""
        row = self._row.get((person.trial_id, round(person.time_s, 6)))
        if row is None:
            return None
        times_s, angles_rad = self._angles(person.subject_id, person.trial_id)
        frame = int(np.abs(times_s - person.time_s).argmin())
        if abs(times_s[frame] - person.time_s) > _SAME_TIME_S:
            raise StageError(f"{person.trial_id}.mot has no row at {person.time_s:g} s; fit again")
        return Spine(
            self._points[row],
            self._sigma[row],
            self._covariance[row],
            self._observed[row],
            angles_rad[frame],
        )

    def _read_angles(self, subject_id: str, trial_id: str) -> tuple[np.ndarray, np.ndarray]:
        times_s, names, values = read_mot(self._fit_dir / "parts" / subject_id / f"{trial_id}.mot")
        columns = [names.index(name) for name in REGIONAL_COORDINATES]
        return times_s, np.radians(values[:, columns])


def _read_parts(fit_dir: Path, subjects: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials and landmarks of some subjects: the tables of all would not fit into memory for a million people."""
    folders = [fit_dir / "parts" / subject for subject in subjects]
    trials, landmarks = (
        [read_table(folder / f"{name}.parquet") for folder in folders if folder.is_dir()]
        for name in ("trials", "landmarks")
    )
    if not trials:
        return pd.DataFrame(columns=["trial_id", "verdict"]), pd.DataFrame(columns=_LANDMARK_COLUMNS)
    return pd.concat(trials, ignore_index=True), pd.concat(landmarks, ignore_index=True)
