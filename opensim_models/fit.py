"""From marker trials of a subject to vertebrae: static fit, model file, inverse kinematics, verdicts, files.

Input and output are in the world's frame (metres, z up); everything inside is in OpenSim's axes. The fit sees markers,
stature, mass and sex, and nothing else of the subject.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from opensim_models import checks
from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.build import write_osim
from opensim_models.findings import Evidence, Finding
from opensim_models.ik import Problem, Solution, default_problem, solve
from opensim_models.initial import align_root
from opensim_models.io import write_mot, write_trc
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.osim_file import read_osim
from opensim_models.readings import Reading, covariance_to_world, read_set
from opensim_models.reference import solve_reference
from opensim_models.scale import (
    StaticFit,
    complete_pelvis,
    fit_static,
    marker_weights,
    posture_presets,
)
from opensim_models.spine import REGIONAL_RANGES_RAD
from opensim_models.standing import frame_from_motion, marker_bodies, static_frame
from opensim_models.subject import model_spec
from opensim_models.trial import MarkerTrial, to_osim, to_world
from opensim_models.uncertainty import MARKER_SD_M, landmark_uncertainty, regional_prior_sd_rad
from opensim_models.unknowns import estimate_info
from opensim_models.verdict import Verdict, findings_table, judge
from spinepose.errors import InputError
from spinepose.skeleton import SPINE_CHAIN

__all__ = ["MarkerTrial", "ScaleReport", "SubjectFit", "SubjectInfo", "TrialFit", "fit_subject"]

SCHEMA_VERSION = 1
LANDMARK_SET = "spinetrack"


@dataclass(frozen=True)
class SubjectInfo:
    """What may be known of a subject beside markers: id, sex (``female`` or ``male``), stature and mass.

    What is None is estimated, with a warning.
    """

    subject_id: str
    sex: str | None = None
    stature_m: float | None = None
    mass_kg: float | None = None


@dataclass(frozen=True)
class ScaleReport:
    """How the subject's model came out.

    Attributes:
        segment_scales: Length of each segment relative to what the stature says; ``spine`` too.
        lordosis_deg: S1 endplate to the lower endplate of T12, neutral.
        kyphosis_deg: Lower endplate of T12 to the upper one of T1, neutral.
        skin_depth_scale: The subject's estimated dorsal skin depth relative to the mean for the BMI.
        lateral_curve_deg: The largest difference of sideways lean between two vertebrae of the trunk in standing.
        marked_curve: Probability that it is no chance: that the subject's back has a curve of 10 degrees or more.
        placement_rms_m: How far markers were from their expected places before they were placed.
        landmark_sd_m: Standard deviation per axis of the nine landmarks in the static trial, by name.
        reference_mm: Mean and largest distance of landmarks from OpenSim's own solver, millimetres, and the number of
            frames compared; None where no frame was.
        warnings: What looked odd.
    """

    segment_scales: dict[str, float]
    lordosis_deg: float
    kyphosis_deg: float
    skin_depth_scale: float
    placement_rms_m: float
    landmark_sd_m: dict[str, float]
    reference_mm: dict[str, float] | None
    warnings: tuple[str, ...]
    lateral_curve_deg: float
    marked_curve: float


@dataclass(frozen=True)
class TrialFit:
    """One trial's vertebrae.

    Attributes:
        landmarks_m: The nine landmarks of the ``spinetrack`` set in the order of ``SPINE_CHAIN``, world frame, z up,
            metres, (T, 9, 3).
        covariance_m2: Covariance of each landmark, world frame, (T, 9, 3, 3): the 95 % ellipsoid (chi-square, three
            degrees of freedom) is meant to hold the true landmark.
        sigma_m: Standard deviation per axis, sqrt(trace / 3), (T, 9).
        observed: Whether the markers observe the landmark or leave it to its prior, (T, 9); see
            :mod:`opensim_models.uncertainty`.
        at_limit: Frames with a regional coordinate beyond its anatomical range, (T,).
        marker_rms_m: Root mean square of marker errors, (T,).
        marker_max_m: Largest marker error, (T,).
        coordinates: Independent coordinates, radians and metres in OpenSim's axes, (T, Q).
        coordinate_names: Their Q names.
        curves_deg: Lordosis, kyphosis and cervical lordosis of each frame, (T,) each.
        verdict: ``accept``, ``review`` or ``reject``.
        reasons: Why, in words.
        findings: Every check with its number, bound and outcome.
        readings: Further landmark sets that were asked for, by name.
    """

    landmarks_m: np.ndarray
    covariance_m2: np.ndarray
    sigma_m: np.ndarray
    observed: np.ndarray
    at_limit: np.ndarray
    marker_rms_m: np.ndarray
    marker_max_m: np.ndarray
    coordinates: np.ndarray
    coordinate_names: tuple[str, ...]
    curves_deg: dict[str, np.ndarray]
    verdict: str
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    readings: dict[str, Reading] = field(default_factory=dict)


@dataclass(frozen=True)
class SubjectFit:
    """A subject's model and trials: the ``.osim``, how it was scaled, and each trial by name."""

    model_path: Path
    scale: ScaleReport
    trials: dict[str, TrialFit]


def fit_subject(
    info: SubjectInfo,
    static: MarkerTrial | None,
    trials: list[MarkerTrial],
    out_dir: Path,
    reference_frames: int = 2,
    more_sets: tuple[str, ...] = (),
) -> SubjectFit:
    """Fit a subject's model to a static trial and follow it through the other trials.

    Writes ``model.osim``, ``<trial>.trc``, ``<trial>.mot`` (all of which OpenSim opens) and ``fit.json``.

    Args:
        info: Sex, stature, mass, as far as they are known.
        static: The subject standing, any facing, arms anywhere; None takes the most upright frames of the first trial.
            Any markers that show the pelvis will do: what they do not observe keeps its prior and its spread.
        trials: What to fit; the static trial may be among them.
        out_dir: Folder for the files; made if missing.
        reference_frames: Frames solved by OpenSim too, for the report.
        more_sets: Landmark sets to read off beside ``spinetrack``.

    Returns:
        Model, scale report, and landmarks a trial.

    Raises:
        InputError: Markers missing, in other units, swapped sides in the static trial, or a name used twice.
    """
    names = [trial.name for trial in trials]
    if len(set(names)) != len(names):
        raise InputError(f"subject {info.subject_id!r}: trial names appear twice in {', '.join(names)}")
    if info.mass_kg is not None and not 15 <= info.mass_kg <= 400:
        raise InputError(
            f"subject {info.subject_id!r}: mass is {info.mass_kg} kg; give kilograms between 15 and 400"
        )
    standing, warnings = _standing(info, static, trials)
    mass_told = info.mass_kg is not None
    info, guesses = _complete_info(info, standing)
    source = [static] if static is not None else trials[:1]
    bodies = {name: body for trial in source for name, body in marker_bodies(trial).items()}
    fitted = fit_static(
        info.subject_id, info.stature_m, info.sex, info.mass_kg, standing, bodies, static is not None, mass_told,  # type: ignore[arg-type]
    )  # fmt: skip
    warnings += guesses + _left_out(trials, standing)
    out_dir.mkdir(parents=True, exist_ok=True)
    model_path = out_dir / "model.osim"
    write_osim(model_spec(fitted.shape), model_path)
    # What is solved is what was written: the file is read back.
    kinematics = compile_model(read_osim(model_path))
    start = _reorder(fitted, kinematics)
    fits, solutions = {}, {}
    for trial in trials:
        measured = _measured(trial, kinematics)
        solutions[trial.name] = _solve_trial(kinematics, measured, start)
        fits[trial.name] = _trial_fit(
            kinematics, fitted, trial, measured, solutions[trial.name], standing, more_sets
        )
        _write_trial(out_dir, trial, kinematics, solutions[trial.name])
    reference = _compare(model_path, kinematics, trials, solutions, reference_frames)
    report = _report(kinematics, fitted, start, reference, warnings)
    _write_report(out_dir / "fit.json", info, report, fits)
    return SubjectFit(model_path, report, fits)


def trial_problem(kinematics: Kinematics) -> Problem:
    """Weights of the marker table, the spine's anatomical limits, and a prior where markers leave the spine open.

    The prior is what statistics ask for: as strong as a marker's error is small beside the coordinate's spread. Where
    markers show a region it moves nothing (0.2 % of a lumbar flexion); where they do not, a neck would otherwise be
    turned through its whole range by millimetres of skin at C7.
    """
    anatomical = dict(zip(REGIONAL_COORDINATES, map(tuple, REGIONAL_RANGES_RAD), strict=True))
    problem = default_problem(kinematics, marker_weights(kinematics.marker_names), anatomical)
    stiffness = problem.prior_stiffness.copy()
    for name, sd in zip(REGIONAL_COORDINATES, regional_prior_sd_rad(), strict=True):
        stiffness[kinematics.index(name)] = (MARKER_SD_M / sd) ** 2
    return replace(problem, prior_stiffness=stiffness)


def _standing(
    info: SubjectInfo, static: MarkerTrial | None, trials: list[MarkerTrial]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """A standing frame, OpenSim's axes, and what looked odd."""
    if static is not None:
        return static_frame(info.subject_id, info.stature_m, static)
    if not trials:
        raise InputError(f"subject {info.subject_id!r}: there is neither a static nor a moving trial")
    return frame_from_motion(info.subject_id, info.stature_m, trials[0])


def _complete_info(info: SubjectInfo, standing: dict[str, np.ndarray]) -> tuple[SubjectInfo, tuple[str, ...]]:
    shown = complete_pelvis(standing, info.stature_m or 1.70)
    stature, mass, sex, guesses = estimate_info(info.stature_m, info.mass_kg, info.sex, shown)
    return replace(info, stature_m=stature, mass_kg=mass, sex=sex), guesses


def _left_out(trials: list[MarkerTrial], standing: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Markers of moving trials that cannot be followed because they were never placed."""
    words = []
    for trial in trials:
        lost = [name for name in marker_bodies(trial) if name not in standing]
        if lost:
            words.append(
                f"trial {trial.name!r}: not used, since the static pose lacks them: {', '.join(lost)}"
            )
    return tuple(words)


def _reorder(fitted: StaticFit, kinematics: Kinematics) -> np.ndarray:
    """The static pose in the coordinate order of the file."""
    before = compile_model(model_spec(fitted.shape)).coordinate_names
    return fitted.coordinates[[before.index(name) for name in kinematics.coordinate_names]]


def _measured(trial: MarkerTrial, kinematics: Kinematics) -> np.ndarray:
    """A trial's markers in the model's order and axes, NaN for those it lacks, (T, K, 3)."""
    out = np.full((len(trial.times_s), len(kinematics.marker_names), 3), np.nan)
    for column, name in enumerate(kinematics.marker_names):
        if name in trial.marker_names:
            out[:, column] = to_osim(trial.markers_m[:, trial.marker_names.index(name)])
    few = np.isfinite(out).all(axis=-1).sum(axis=1) < 3
    if few.any():
        raise InputError(
            f"trial {trial.name!r}: frame {int(np.flatnonzero(few)[0])} has fewer than 3 of the model's markers; "
            "cut it out"
        )
    return out


def _solve_trial(kinematics: Kinematics, measured: np.ndarray, start: np.ndarray) -> Solution:
    first = align_root(kinematics, start, measured[0])
    return solve(kinematics, trial_problem(kinematics), measured, first, posture_presets(kinematics))


def _trial_fit(
    kinematics: Kinematics,
    fitted: StaticFit,
    trial: MarkerTrial,
    measured: np.ndarray,
    solution: Solution,
    standing: dict[str, np.ndarray],
    more_sets: tuple[str, ...],
) -> TrialFit:
    points = np.stack([kinematics.stations(x) for x in solution.coordinates])[:, landmark_rows(kinematics)]
    spread = landmark_uncertainty(
        kinematics, trial_problem(kinematics), solution, fitted.posture.landmark_covariance_m2
    )
    slope = fitted.shape.spine.sacral_slope_rad
    curves = checks.spinal_curves(kinematics, solution.coordinates, slope)
    shown = {name: np.degrees(angle) for name, angle in curves.items()}
    ruling: Verdict = judge(
        Evidence(
            trial.name,
            trial.times_s,
            kinematics,
            trial_problem(kinematics),
            measured,
            solution,
            standing,
            points,
            spread.observed,
            shown,
        )
    )
    return TrialFit(
        to_world(points),
        covariance_to_world(spread.covariance_m2),
        spread.sigma_m,
        spread.observed,
        checks.frames_at_limit(solution.coordinates),
        solution.rms_m,
        np.nanmax(solution.errors_m, axis=1),
        solution.coordinates,
        kinematics.coordinate_names,
        shown,
        ruling.verdict,
        ruling.reasons,
        ruling.findings,
        {
            name: read_set(
                name,
                kinematics,
                trial_problem(kinematics),
                solution,
                fitted.posture.landmark_covariance_m2,
                spread,
            )
            for name in more_sets
        },
    )


def landmark_rows(kinematics: Kinematics, landmark_set: str = LANDMARK_SET) -> list[int]:
    """Rows of the model's stations that hold a landmark set, in the order of ``SPINE_CHAIN``."""
    return [kinematics.station_names.index(f"{landmark_set}_{name}") for name in SPINE_CHAIN]


def _write_trial(out_dir: Path, trial: MarkerTrial, kinematics: Kinematics, solution: Solution) -> None:
    write_trc(trial, out_dir / f"{trial.name}.trc")
    values = kinematics.all_coordinates(solution.coordinates)
    write_mot(out_dir / f"{trial.name}.mot", trial.name, trial.times_s, kinematics.all_names, values)


def _compare(
    model_path: Path,
    kinematics: Kinematics,
    trials: list[MarkerTrial],
    solutions: dict[str, Solution],
    frames: int,
) -> dict[str, float] | None:
    """Solve frames spread over all trials with OpenSim too; distances of the landmarks in millimetres."""
    everything = [(trial, frame) for trial in trials for frame in range(len(trial.times_s))]
    if frames <= 0 or not everything:
        return None
    picks = [everything[i] for i in np.linspace(0, len(everything) - 1, frames).round().astype(int)]
    measured = np.stack([_measured(trial, kinematics)[frame] for trial, frame in picks])
    solved = np.stack([solutions[trial.name].coordinates[frame] for trial, frame in picks])
    weights = marker_weights(kinematics.marker_names)
    # Moved off by 3 degrees and 5 cm all over, OpenSim has to come back by itself.
    found = solve_reference(model_path, kinematics, weights, measured, solved + 0.05)
    rows = landmark_rows(kinematics)
    ours = np.stack([kinematics.stations(x) for x in solved])
    gap = 1000 * np.linalg.norm(found.stations_m[:, rows] - ours[:, rows], axis=-1)
    return {"mean": float(gap.mean()), "max": float(gap.max()), "frames": float(len(picks))}


def _report(
    kinematics: Kinematics,
    fitted: StaticFit,
    start: np.ndarray,
    reference: dict[str, float] | None,
    warnings: tuple[str, ...],
) -> ScaleReport:
    curves = checks.spinal_curves(kinematics, start[None], fitted.shape.spine.sacral_slope_rad)
    return ScaleReport(
        {name: round(scale, 4) for name, scale in fitted.scales.items()},
        float(np.degrees(curves["lordosis"][0])),
        float(np.degrees(curves["kyphosis"][0])),
        fitted.posture.depth_scale,
        fitted.placement_rms_m,
        dict(zip(SPINE_CHAIN, map(float, fitted.posture.landmark_sd_m), strict=True)),
        reference,
        warnings + fitted.warnings,
        fitted.lateral.curve_deg,
        fitted.lateral.marked,
    )


def _write_report(path: Path, info: SubjectInfo, report: ScaleReport, fits: dict[str, TrialFit]) -> None:
    rows = {
        name: {
            "verdict": fit.verdict,
            "reasons": list(fit.reasons),
            "frames": len(fit.marker_rms_m),
            "marker_rms_mm": round(1000 * float(np.mean(fit.marker_rms_m)), 3),
            "marker_max_mm": round(1000 * float(np.max(fit.marker_max_m)), 3),
            "observed": [round(float(o), 3) for o in fit.observed.mean(axis=0)],
            "frames_at_limit": int(fit.at_limit.sum()),
            "findings": findings_table(fit.findings),
            "sigma_mm": [round(1000 * float(s), 3) for s in fit.sigma_m.mean(axis=0)],
        }
        for name, fit in fits.items()
    }
    text = json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "landmark_set": LANDMARK_SET,
            "subject": asdict(info),
            "scale": asdict(report),
            "trials": rows,
        },
        indent=1,
    )
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)
