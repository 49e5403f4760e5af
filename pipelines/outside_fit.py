"""``fit-opensim --trc``: a recording from outside in, model, motion, vertebrae and a report out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from opensim_models.findings import Finding
from opensim_models.fit import SubjectFit, SubjectInfo, TrialFit, fit_subject
from opensim_models.kinematics import compile_model
from opensim_models.landmark_sets import DEFAULT_SET, landmark_set
from opensim_models.osim_file import read_osim
from opensim_models.outside import Prepared, Recording, covariance_to_file, prepare, to_file
from opensim_models.outside_replay import replay_gap_m
from opensim_models.readings import Reading
from opensim_models.rulings import curve_observed
from opensim_models.trial import to_osim
from opensim_models.verdict import Verdict, findings_table, with_more
from pipelines.outside_report import write_report
from pipelines.tables import write_table
from spinepose.errors import InputError
from spinepose.files import atomic_path, write_json
from spinepose.skeleton import SPINE_CHAIN

# Repairs after which a person should look before the result is used.
_LOOK_AT = ("sides", "unit", "labels")
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class OutsideOptions:
    """What the command line says: files, vertical axis, and what is known of the person."""

    trc: Path
    out: Path
    static: Path | None = None
    markers: Path | None = None
    up: str | None = None
    sex: str | None = None
    stature_m: float | None = None
    mass_kg: float | None = None
    more_landmarks: tuple[str, ...] = ()


def run(options: OutsideOptions) -> dict[str, Any]:
    """Fit a recording and write all files; the content of ``report.json``.

    Raises:
        InputError: What is wrong with the input, in one line.
    """
    _check(options)
    prepared = prepare(options.trc, options.static, options.markers, options.up)
    info = SubjectInfo(options.trc.stem, options.sex, options.stature_m, options.mass_kg)
    static = prepared.static.trial if prepared.static is not None else None
    trials = [static, prepared.moving.trial] if static is not None else [prepared.moving.trial]
    options.out.mkdir(parents=True, exist_ok=True)
    fit = fit_subject(info, static, trials, options.out, more_sets=options.more_landmarks)
    moving = fit.trials[prepared.moving.trial.name]
    default = Reading(SPINE_CHAIN, moving.landmarks_m, moving.covariance_m2, moving.sigma_m, moving.observed)
    _write_landmarks(options.out / "landmarks", prepared.moving, default)
    for name, reading in moving.readings.items():
        _write_landmarks(options.out / f"landmarks_{name}", prepared.moving, reading)
    errors = marker_errors(fit, prepared.moving, moving)
    report = summarize(prepared, fit, errors)
    report["replay_max_mm"] = round(1000 * _replay(fit, prepared.moving, moving, options.out), 6)
    write_json(options.out / "report.json", report, indent=1)
    write_report(options.out / "report.html", report, prepared, moving, errors)
    return report


def _check(options: OutsideOptions) -> None:
    for path in (options.trc, options.static):
        if path is None:
            continue
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        target = options.out / f"{path.stem}.trc"
        if target.exists() and target.resolve() == path.resolve():
            raise InputError(f"--out {options.out} would overwrite {path}; choose another folder")
    for name in options.more_landmarks:
        landmark_set(name)
    if options.out.exists() and not options.out.is_dir():
        raise InputError(f"--out {options.out} is a file; give a folder")
    if options.stature_m is not None and not 0.8 <= options.stature_m <= 2.4:
        raise InputError(f"--stature {options.stature_m} is not between 0.8 and 2.4 metres")
    if options.mass_kg is not None and not 15 <= options.mass_kg <= 400:
        raise InputError(f"--mass {options.mass_kg} is not between 15 and 400 kilograms")


def _write_landmarks(stem: Path, recording: Recording, reading: Reading) -> None:
    table = landmark_table(recording, reading)
    write_table(stem.with_suffix(".parquet"), table)
    with atomic_path(stem.with_suffix(".csv")) as temporary:
        table.drop(columns="covariance_m2").to_csv(temporary, index=False, float_format="%.7g")


def landmark_table(recording: Recording, reading: Reading) -> pd.DataFrame:
    """One row a frame and landmark in the file's own axes, metres; ``covariance_m2`` row-major, 9 values."""
    frames, count = reading.points_m.shape[:2]
    points = to_file(reading.points_m, recording.up).reshape(-1, 3)
    covariance = covariance_to_file(reading.covariance_m2, recording.up)
    return pd.DataFrame(
        {
            "frame": np.repeat(recording.frames, count),
            "time_s": np.repeat(recording.trial.times_s, count),
            "landmark": list(reading.names) * frames,
            "x_m": points[:, 0],
            "y_m": points[:, 1],
            "z_m": points[:, 2],
            "sigma_m": reading.sigma_m.reshape(-1),
            "observed": reading.observed.reshape(-1),
            "covariance_m2": list(covariance.reshape(-1, 9)),
        }
    )


def marker_errors(fit: SubjectFit, recording: Recording, moving: TrialFit) -> dict[str, np.ndarray]:
    """Distance of each measured marker to the model's, (T,) by name, NaN where it was not seen."""
    kinematics = compile_model(read_osim(fit.model_path))
    model = np.stack([kinematics.markers(x) for x in moving.coordinates])
    seen = to_osim(recording.trial.markers_m)
    return {
        name: np.linalg.norm(seen[:, recording.trial.marker_names.index(name)] - model[:, column], axis=-1)
        for column, name in enumerate(kinematics.marker_names)
        if name in recording.trial.marker_names
    }


def _replay(fit: SubjectFit, recording: Recording, moving: TrialFit, out: Path) -> float:
    kinematics = compile_model(read_osim(fit.model_path))
    return replay_gap_m(fit.model_path, out / f"{recording.trial.name}.mot", kinematics, moving.coordinates)


def summarize(prepared: Prepared, fit: SubjectFit, errors: dict[str, np.ndarray]) -> dict[str, Any]:
    """The content of ``report.json``: errors and verdict first, then what was done and what came out."""
    moving = fit.trials[prepared.moving.trial.name]
    ruling = _ruling(prepared, moving)
    return {
        "marker_rms_m": _number(np.sqrt(np.nanmean(np.concatenate(list(errors.values())) ** 2)), 6),
        "marker_max_m": _number(np.max(moving.marker_max_m), 6),
        "verdict": ruling.verdict,
        "reasons": list(ruling.reasons),
        "schema_version": SCHEMA_VERSION,
        "landmark_sets": [landmark_set(name).label for name in (DEFAULT_SET, *moving.readings)],
        "files": {
            "trial": _file(prepared.moving),
            "static": None if prepared.static is None else _file(prepared.static),
        },
        "markers": {
            "convention": prepared.moving.mapped.convention,
            "mapped": _mapped(prepared.moving),
            "ignored": prepared.moving.mapped.ignored,
            "missing": prepared.moving.missing,
            "static_mapped": None if prepared.static is None else _mapped(prepared.static),
            "static_ignored": None if prepared.static is None else prepared.static.mapped.ignored,
        },
        "repairs": [{"file": r.file, "kind": r.kind, "words": r.words} for r in prepared.repairs],
        "warnings": list(fit.scale.warnings),
        "checks": findings_table(ruling.findings),
        "scale": {
            "segments": fit.scale.segment_scales,
            "placement_rms_m": _number(fit.scale.placement_rms_m, 5),
            "neutral_lordosis_deg": _number(fit.scale.lordosis_deg, 2),
            "neutral_kyphosis_deg": _number(fit.scale.kyphosis_deg, 2),
        },
        "curves_deg": {
            name: {**_range(values), "observed": curve_observed(moving.observed, name)}
            for name, values in moving.curves_deg.items()
        },
        "landmarks": {
            name: {
                "observed_share": _number(moving.observed[:, i].mean(), 4),
                "sigma_mm": _number(1000 * moving.sigma_m[:, i].mean(), 2),
            }
            for i, name in enumerate(SPINE_CHAIN)
        },
        "marker_error_mm": {
            name: {
                "rms": _number(1000 * np.sqrt(np.nanmean(e**2)), 2),
                "max": _number(1000 * np.nanmax(e), 2),
            }
            for name, e in errors.items()
        },
        "trials": {
            name: {
                "frames": len(trial.marker_rms_m),
                "marker_rms_mm": _number(1000 * np.sqrt(np.mean(trial.marker_rms_m**2)), 3),
                "marker_max_mm": _number(1000 * np.max(trial.marker_max_m), 3),
                "verdict": trial.verdict,
                "reasons": list(trial.reasons),
            }
            for name, trial in fit.trials.items()
        },
        "opensim_solver_mm": fit.scale.reference_mm,
    }


def _ruling(prepared: Prepared, moving: TrialFit) -> Verdict:
    """The fit's ruling, made stricter by what had to be repaired."""
    return with_more(
        Verdict(moving.verdict, moving.reasons, moving.findings),
        [
            Finding(
                "repair",
                "review",
                None,
                "none of unit, sides or labels",
                "",
                f"repaired: {r.file}: {r.words}",
            )
            for r in prepared.repairs
            if r.kind in _LOOK_AT
        ],
    )


def _file(recording: Recording) -> dict[str, Any]:
    return {
        "name": recording.raw.path.name,
        "unit": recording.raw.unit,
        "up": recording.up,
        "up_known_by": recording.up_source,
        "frames": len(recording.raw.frames),
        "frames_used": len(recording.frames),
        "markers_in_file": len(recording.raw.names),
        "gaps": [
            {
                "marker": gap.marker,
                "first_frame": int(recording.frames[gap.first]),
                "last_frame": int(recording.frames[gap.last]),
            }
            for gap in recording.gaps
        ],
    }


def _mapped(recording: Recording) -> dict[str, dict[str, str]]:
    bodies = recording.mapped.bodies
    return {
        name: {"as": target, "body": bodies[target]} if target in bodies else {"as": target}
        for name, target in recording.mapped.names.items()
    }


def _range(values: np.ndarray) -> dict[str, float]:
    return {key: _number(at(values), 2) for key, at in (("min", np.min), ("mean", np.mean), ("max", np.max))}


def _number(value: Any, digits: int) -> float:
    return round(float(value), digits)
