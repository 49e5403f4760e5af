"""Stage fit-opensim: markers in, vertebrae out. The fit sees markers, stature and mass; never the anatomy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from opensim_models.findings import OUTCOMES
from opensim_models.fit import MarkerTrial, SubjectFit, SubjectInfo, TrialFit, fit_subject
from opensim_models.landmark_sets import DEFAULT_SET, landmark_set
from opensim_models.markers import MARKER_NAMES
from opensim_models.readings import Reading
from opensim_models.verdict import findings_table
from pipelines.accuracy import accuracy_table, landmark_errors
from pipelines.accuracy_growth import growth, with_people
from pipelines.config import RunConfig
from pipelines.fit_page import write_fit_page
from pipelines.progress import progress
from pipelines.run import Stage, describe, open_stage, require_stage
from pipelines.tables import concat_parts, read_table, write_table
from spinepose.files import write_json
from spinepose.skeleton import SPINE_CHAIN

STATIC = "static"


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Stage:
    """Fit every subject of the run.

    Reads ``render/markers.parquet`` and ``render/subjects.parquet``; writes, a subject, ``model.osim`` and a
    ``.trc`` and ``.mot`` a trial; over all, ``landmarks.parquet`` (and one for each further landmark set),
    ``trials.parquet``, ``frames.parquet``, ``findings.parquet``, ``report.json`` and ``report.html``.
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
    _merge(stage, render_dir, config.fit_opensim.more_landmarks)
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
    settings = config.fit_opensim
    fit = fit_subject(
        info, static, list(trials.values()), folder, settings.reference_frames, settings.more_landmarks
    )
    for name, table in landmark_tables(info.subject_id, trials, fit).items():
        write_table(folder / f"{name}.parquet", table)
    write_table(folder / "frames.parquet", frame_rows(info.subject_id, trials, fit))
    write_table(folder / "findings.parquet", finding_rows(info.subject_id, fit))
    write_table(
        folder / "trials.parquet",
        pd.DataFrame([_trial_row(info, name, t) for name, t in sorted(fit.trials.items())]),
    )


def landmark_tables(
    subject_id: str, trials: dict[str, MarkerTrial], fit: SubjectFit
) -> dict[str, pd.DataFrame]:
    """``landmarks``, the default set, and ``landmarks_<set>`` for each further one: a row a trial, frame and landmark.

    World frame, metres, covariances row by row (NaN where errors are not modelled).
    """
    tables: dict[str, list[pd.DataFrame]] = {}
    for name, result in sorted(fit.trials.items()):
        default = Reading(
            SPINE_CHAIN, result.landmarks_m, result.covariance_m2, result.sigma_m, result.observed
        )
        readings = {"landmarks": default} | {f"landmarks_{k}": r for k, r in result.readings.items()}
        for key, reading in readings.items():
            rows = _reading_rows(subject_id, name, trials[name].times_s, reading)
            tables.setdefault(key, []).append(rows)
    return {key: pd.concat(parts, ignore_index=True) for key, parts in tables.items()}


def _reading_rows(subject_id: str, trial_id: str, times_s: np.ndarray, reading: Reading) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject_id": subject_id,
            "trial_id": trial_id,
            "time_s": np.repeat(times_s, len(reading.names)),
            "landmark": np.tile(reading.names, len(times_s)),
            **{f"{axis}_m": reading.points_m[..., i].ravel() for i, axis in enumerate("xyz")},
            "sigma_m": np.asarray(reading.sigma_m).ravel(),
            "covariance_m2": list(reading.covariance_m2.reshape(-1, 9)),
            "observed": reading.observed.ravel(),
        }
    )


def frame_rows(subject_id: str, trials: dict[str, MarkerTrial], fit: SubjectFit) -> pd.DataFrame:
    """One row a trial and frame: marker errors, spinal curves, limits, and where the pelvis faces (about z, up)."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "subject_id": subject_id,
                    "trial_id": name,
                    "time_s": trials[name].times_s,
                    "marker_rms_m": result.marker_rms_m,
                    "marker_max_m": result.marker_max_m,
                    "at_limit": result.at_limit,
                    "heading_rad": result.coordinates[:, result.coordinate_names.index("pelvis_yaw")],
                    **{f"{curve}_deg": values for curve, values in result.curves_deg.items()},
                }
            )
            for name, result in sorted(fit.trials.items())
        ],
        ignore_index=True,
    )


def finding_rows(subject_id: str, fit: SubjectFit) -> pd.DataFrame:
    """One row a trial and check."""
    return pd.DataFrame(
        [
            {"subject_id": subject_id, "trial_id": name, **row}
            for name, result in sorted(fit.trials.items())
            for row in findings_table(result.findings)
        ]
    ).astype({"value": float})


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


def _merge(stage: Stage, render_dir: Path, more: tuple[str, ...]) -> None:
    landmarks = concat_parts(stage, "landmarks.parquet")
    trials = concat_parts(stage, "trials.parquet")
    concat_parts(stage, "frames.parquet")
    findings = concat_parts(stage, "findings.parquet")
    for name in more:
        concat_parts(stage, f"landmarks_{name}.parquet")
    report: dict[str, Any] = {
        "schema_version": 1,
        "trials": len(trials),
        "verdicts": trials.verdict.value_counts().to_dict() if len(trials) else {},
        "marker_rms_m": float(np.sqrt(np.mean(np.square(trials.marker_rms_m)))) if len(trials) else None,
        "marker_max_m": float(trials.marker_max_m.max()) if len(trials) else None,
        "landmark_sets": [landmark_set(name).label for name in (DEFAULT_SET, *more)],
        "checks": check_table(findings),
    }
    authored_file = render_dir / "authored.parquet"
    authored = read_table(authored_file) if authored_file.exists() else pd.DataFrame()
    if len(authored) and len(landmarks):  # a real engine knows no anatomy
        errors = landmark_errors(landmarks, authored)
        write_table(stage.folder / "errors.parquet", errors)
        report["fit_minus_authored_mm"] = accuracy_table(errors)
        people = with_people(errors, read_table(render_dir / "subjects.parquet"), authored)
        report["growth"] = growth(people)
    write_json(stage.folder / "report.json", report, indent=2)
    write_fit_page(stage.folder, render_dir, report)


def check_table(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """How often each check came out how, and the middle and the far end of its numbers."""
    rows = []
    for name, part in findings.groupby("check", sort=False) if len(findings) else []:
        values = part.value.dropna()
        rows.append(
            {
                "check": name,
                **{outcome: int((part.outcome == outcome).sum()) for outcome in OUTCOMES},
                "median": float(values.median()) if len(values) else None,
                "p95": float(values.quantile(0.95)) if len(values) else None,
                "most": float(values.max()) if len(values) else None,
                "bound": part.bound.iloc[0],
                "source": part.source.iloc[0],
            }
        )
    return rows


def _counts(stage: Stage) -> dict[str, int]:
    trials = read_table(stage.folder / "trials.parquet")
    return {
        "subjects": trials.subject_id.nunique(),
        "trials": len(trials),
        "frames": int(trials.frames.sum()),
    }
