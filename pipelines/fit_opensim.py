"""Stage fit-opensim: markers in, vertebrae out. The fit sees markers, stature and mass; never the anatomy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from opensim_models.fit import MarkerTrial, SubjectFit, SubjectInfo, TrialFit, fit_subject
from opensim_models.markers import MARKER_NAMES
from pipelines.accuracy import accuracy_table, landmark_errors
from pipelines.config import RunConfig
from pipelines.progress import progress
from pipelines.run import Stage, describe, open_stage, require_stage
from pipelines.tables import concat_parts, read_table, write_table
from spinepose.files import write_json
from spinepose.skeleton import SPINE_CHAIN

STATIC = "static"


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Stage:
    """Fit every subject of the run.

    Reads ``render/markers.parquet`` and ``render/subjects.parquet``; writes, a subject, ``model.osim`` and a
    ``.trc`` and ``.mot`` a trial; over all, ``landmarks.parquet``, ``trials.parquet`` and ``report.json``.
    """
    render_dir, render = require_stage(run_dir, "render")
    settings = config.fit_opensim.model_dump(mode="json")
    stage = open_stage(
        run_dir,
        "fit-opensim",
        settings,
        {"render": render.content_hash},
        config.seed,
        start_over,
        config.fit_opensim.max_failed_fraction,
    )
    if stage.complete:
        return stage
    subjects = read_table(render_dir / "subjects.parquet")
    markers = read_table(render_dir / "markers.parquet")
    for subject in progress(list(subjects.itertuples()), stage, "subject"):
        if stage.has(subject.subject_id):
            continue
        try:
            rows = markers[markers.subject_id == subject.subject_id]
            info = SubjectInfo(subject.subject_id, subject.sex, subject.stature_m, subject.mass_kg)
            with stage.write_part(subject.subject_id) as folder:
                _fit_one(info, rows, folder, config)
        except Exception as error:  # one subject must not end the run; the record says why
            stage.fail(subject.subject_id, describe(error))
    _merge(stage, render_dir)
    stage.finish(_counts(stage), len(subjects))
    return stage


def marker_trial(name: str, rows: pd.DataFrame) -> MarkerTrial:
    """Rows of the marker table of one trial as arrays, in time order."""
    rows = rows.sort_values("time_s")
    values = np.stack(rows.markers_world_m.to_list()).reshape(len(rows), len(MARKER_NAMES), 3)
    return MarkerTrial(name, rows.time_s.to_numpy(float), MARKER_NAMES, values)


def _fit_one(info: SubjectInfo, rows: pd.DataFrame, folder: Path, config: RunConfig) -> None:
    trials = {
        str(name): marker_trial(str(name), group) for name, group in rows.groupby("trial_id", sort=True)
    }
    static = trials.pop(f"{STATIC}-{info.subject_id}")
    fit = fit_subject(info, static, list(trials.values()), folder, config.fit_opensim.reference_frames)
    write_table(folder / "landmarks.parquet", landmark_rows(info.subject_id, trials, fit))
    write_table(
        folder / "trials.parquet",
        pd.DataFrame([_trial_row(info, name, t) for name, t in sorted(fit.trials.items())]),
    )


def landmark_rows(subject_id: str, trials: dict[str, MarkerTrial], fit: SubjectFit) -> pd.DataFrame:
    """The landmark table: one row a trial, frame and landmark; world frame, metres, covariances row by row."""
    frames = []
    for name, result in sorted(fit.trials.items()):
        count = len(result.landmarks_m)
        frames.append(
            pd.DataFrame(
                {
                    "subject_id": subject_id,
                    "trial_id": name,
                    "time_s": np.repeat(trials[name].times_s, len(SPINE_CHAIN)),
                    "landmark": np.tile(SPINE_CHAIN, count),
                    **{f"{axis}_m": result.landmarks_m[..., i].ravel() for i, axis in enumerate("xyz")},
                    "sigma_m": np.asarray(result.sigma_m).ravel(),
                    "covariance_m2": list(result.covariance_m2.reshape(-1, 9)),
                    "observed": result.observed.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _trial_row(info: SubjectInfo, name: str, fit: TrialFit) -> dict:
    return {
        "subject_id": info.subject_id,
        "trial_id": name,
        "frames": len(fit.landmarks_m),
        "marker_rms_m": float(np.sqrt(np.mean(np.square(fit.marker_rms_m)))),
        "marker_max_m": float(np.max(fit.marker_max_m)),
        "verdict": fit.verdict,
        "reasons": "; ".join(fit.reasons),
    }


def _merge(stage: Stage, render_dir: Path) -> None:
    landmarks = concat_parts(stage, "landmarks.parquet")
    trials = concat_parts(stage, "trials.parquet")
    report = {
        "schema_version": 1,
        "trials": len(trials),
        "verdicts": trials.verdict.value_counts().to_dict() if len(trials) else {},
        "marker_rms_m": float(np.sqrt(np.mean(np.square(trials.marker_rms_m)))) if len(trials) else None,
        "marker_max_m": float(trials.marker_max_m.max()) if len(trials) else None,
    }
    authored_file = render_dir / "authored.parquet"
    if authored_file.exists() and len(landmarks):
        errors = landmark_errors(landmarks, read_table(authored_file))
        write_table(stage.folder / "errors.parquet", errors)
        report["fit_minus_authored_mm"] = accuracy_table(errors)
    write_json(stage.folder / "report.json", report, indent=2)


def _counts(stage: Stage) -> dict[str, int]:
    trials = read_table(stage.folder / "trials.parquet")
    return {
        "subjects": trials.subject_id.nunique(),
        "trials": len(trials),
        "frames": int(trials.frames.sum()),
    }
