"""From marker trials of a subject to vertebrae: static fit, model file, inverse kinematics, verdicts, files.

Input and output are in the world's frame (metres, z up); everything inside is in OpenSim's axes. The fit sees markers,
stature, mass and sex, and nothing else of the subject.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from opensim_models import checks
from opensim_models.build import write_osim
from opensim_models.findings import Evidence
from opensim_models.ik import Solution
from opensim_models.io import write_mot, write_trc
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.osim_file import read_osim
from opensim_models.problem import LANDMARK_SET, landmark_rows, measured_markers, solve_trial, trial_problem
from opensim_models.readings import covariance_to_world, read_set
from opensim_models.reference import solve_reference
from opensim_models.results import ScaleReport, SubjectFit, SubjectInfo, TrialFit, write_report
from opensim_models.scale import StaticFit, complete_pelvis, fit_static, with_shares
from opensim_models.shares import Shares, choose_frames, estimate_shares
from opensim_models.standing import frame_from_motion, marker_bodies, static_frame
from opensim_models.subject import model_spec
from opensim_models.trial import MarkerTrial, to_world
from opensim_models.uncertainty import landmark_uncertainty
from opensim_models.unknowns import estimate_info
from opensim_models.verdict import Verdict, judge
from spinepose.errors import InputError
from spinepose.skeleton import SPINE_CHAIN

__all__ = [
    "LANDMARK_SET",
    "MarkerTrial",
    "ScaleReport",
    "SubjectFit",
    "SubjectInfo",
    "TrialFit",
    "fit_subject",
]

_FRAMES_FOR_SHARES = 5


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
    info, guesses = _complete_info(info, standing, static is not None)
    source = [static] if static is not None else trials[:1]
    bodies = {name: body for trial in source for name, body in marker_bodies(trial).items()}
    fitted = fit_static(
        info.subject_id, info.stature_m, info.sex, info.mass_kg, standing, bodies, static is not None, mass_told,  # type: ignore[arg-type]
    )  # fmt: skip
    warnings += guesses + _left_out(trials, standing)
    fitted, shares = _own_shares(fitted, trials, standing, bodies)
    out_dir.mkdir(parents=True, exist_ok=True)
    model_path = out_dir / "model.osim"
    write_osim(model_spec(fitted.shape), model_path)
    # What is solved is what was written: the file is read back.
    kinematics = compile_model(read_osim(model_path))
    start = _reorder(fitted, kinematics)
    fits, solutions = {}, {}
    for trial in trials:
        measured = measured_markers(trial, kinematics)
        solutions[trial.name] = solve_trial(kinematics, measured, start)
        fits[trial.name] = _trial_fit(
            kinematics, fitted, trial, measured, solutions[trial.name], standing, more_sets
        )
        _write_trial(out_dir, trial, kinematics, solutions[trial.name])
    reference = _compare(model_path, kinematics, trials, solutions, reference_frames)
    report = _report(kinematics, fitted, shares, start, reference, warnings)
    write_report(out_dir / "fit.json", info, report, fits)
    return SubjectFit(model_path, report, fits)


def _standing(
    info: SubjectInfo, static: MarkerTrial | None, trials: list[MarkerTrial]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """A standing frame, OpenSim's axes, and what looked odd."""
    if static is not None:
        return static_frame(info.subject_id, info.stature_m, static)
    if not trials:
        raise InputError(f"subject {info.subject_id!r}: there is neither a static nor a moving trial")
    return frame_from_motion(info.subject_id, info.stature_m, trials[0])


def _complete_info(
    info: SubjectInfo, standing: dict[str, np.ndarray], quiet: bool
) -> tuple[SubjectInfo, tuple[str, ...]]:
    shown = complete_pelvis(standing, info.stature_m or 1.70)
    stature, mass, sex, guesses = estimate_info(info.stature_m, info.mass_kg, info.sex, shown, quiet)
    return replace(info, stature_m=stature, mass_kg=mass, sex=sex), guesses


def _own_shares(
    fitted: StaticFit,
    trials: list[MarkerTrial],
    standing: dict[str, np.ndarray],
    bodies: dict[str, str],
) -> tuple[StaticFit, Shares | None]:
    """The subject with the shares that its moving markers speak for; None where too few frames move."""
    kinematics = compile_model(model_spec(fitted.shape))
    chosen = choose_frames([trial.times_s for trial in trials])
    if sum(len(frames) for frames in chosen) < _FRAMES_FOR_SHARES:
        return fitted, None
    frames = [measured_markers(t, kinematics)[rows] for t, rows in zip(trials, chosen, strict=True)]
    solved = [solve_trial(kinematics, part, fitted.coordinates) for part in frames]
    poses = np.concatenate([solution.coordinates for solution in solved])
    measured = np.concatenate(frames)
    found = estimate_shares(kinematics, trial_problem(kinematics), measured, poses, fitted.shape.spine.shares)
    return with_shares(fitted, found.shares, standing, bodies), found


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
    measured = np.stack([measured_markers(trial, kinematics)[frame] for trial, frame in picks])
    solved = np.stack([solutions[trial.name].coordinates[frame] for trial, frame in picks])
    problem = trial_problem(kinematics)
    # Moved off by 3 degrees and 5 cm all over, OpenSim has to come back by itself.
    found = solve_reference(
        model_path, kinematics, problem.weights, measured, solved + 0.05, problem.prior_stiffness
    )
    rows = landmark_rows(kinematics)
    ours = np.stack([kinematics.stations(x) for x in solved])
    gap = 1000 * np.linalg.norm(found.stations_m[:, rows] - ours[:, rows], axis=-1)
    return {"mean": float(gap.mean()), "max": float(gap.max()), "frames": float(len(picks))}


def _report(
    kinematics: Kinematics,
    fitted: StaticFit,
    shares: Shares | None,
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
        {} if shares is None else shares.by_motion(),
    )
