"""What goes into the fit of a subject and what comes out of it, and the report file ``fit.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from opensim_models.findings import Finding
from opensim_models.problem import LANDMARK_SET
from opensim_models.readings import Reading
from opensim_models.verdict import findings_table

SCHEMA_VERSION = 1


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
        shares: Of each joint's motion (``L5_flexion``) the share of its region's and how much of that the moving
            markers told, 0 to 1: the table's stays where they told nothing.
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
    shares: dict[str, dict[str, float]] = field(default_factory=dict)


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


def write_report(path: Path, info: SubjectInfo, report: ScaleReport, fits: dict[str, TrialFit]) -> None:
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
