"""Who was rendered, and how they were seen: figures over all people on pictures, beside what was asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from pipelines.config import ScenesConfig
from pipelines.run import require_stage
from pipelines.tables import read_table
from spinepose.errors import StageError
from spinepose.skeleton import INDEX, SPINE_CHAIN
from synth.body.population import COUNTRY_STATURES_CM

#: Mean stature of adults born in 1996, metres: NCD-RisC, eLife 2016;5:e13410, over all countries.
WORLD_STATURE_M = {"female": 1.59, "male": 1.71}
_OTHER_BYTE = 255
_BODY = np.array([i for name, i in INDEX.items() if name not in SPINE_CHAIN])
_BARS = 16
#: Published means are of adults born in 1996; older ones are shorter by cohort and by shrinking.
_YOUNG_YEARS = 40
_TRUNK_SHARES = ("lumbar", "thoracic")


@dataclass(frozen=True)
class Panel:
    """One histogram of the population's picture.

    Attributes:
        column: Column of the people table.
        title: What it shows, with its unit.
        factor: From the column's unit to the title's.
        marks: Values asked for or published, to be marked, in the title's unit.
    """

    column: str
    title: str
    factor: float = 1.0
    marks: tuple[float, ...] = ()


def people_table(run_dir: Path) -> pd.DataFrame:
    """One row for each person seen on each picture of a run whose render stage is complete.

    Who stands outside a picture or wholly behind something is not on it: about one in sixteen in scenes of several.

    Columns: ``subject_id, sex, age_years, stature_m, bmi, cobb_deg, place, motion, view_deg`` (where the camera
    is seen from the person: 0 in front, 90 at the left, 180 behind), ``camera_pitch_deg`` (positive looks down),
    ``distance_m, focal_mm, box_height`` (of what is visible, in picture heights), ``truncation`` (share of the body's
    keypoints outside the picture), ``occlusion`` (of those inside, the share behind an object or someone else), and
    ``flexion_deg, bending_deg, rotation_deg`` of lumbar and thoracic spine together, NaN where the world does not
    tell the authored motion.
    """
    render_dir, _ = require_stage(run_dir, "render")
    tables = {
        name: read_table(render_dir / f"{name}.parquet")
        for name in ("persons", "frames", "subjects", "authored")
    }
    frames = {row.frame_id: row for row in tables["frames"].itertuples()}
    ids: dict[str, np.ndarray] = {}
    rows = []
    for person in tables["persons"].sort_values("frame_id", kind="stable").itertuples():
        frame = frames[person.frame_id]
        if person.frame_id not in ids:
            ids = {person.frame_id: _instances(render_dir, frame)}  # one picture at a time
        rows.append(
            {"frame_id": person.frame_id, "place": frame.place, **_seen(person, frame, ids[person.frame_id])}
        )
    table = pd.DataFrame(rows)
    table = table[table.box_height > 0]
    subjects = _subject_columns(tables["subjects"])
    return table.merge(subjects, on="subject_id", how="left").merge(
        _spine_columns(tables["authored"]), on=["trial_id", "time_s"], how="left"
    )


def _instances(render_dir: Path, frame: Any) -> np.ndarray:
    path = (render_dir / frame.path).with_suffix(".ids.png")
    ids = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if ids is None:
        raise StageError(f"{path}: cannot be read as a picture; make the render stage again")
    return ids[..., 2]


def _seen(person: Any, frame: Any, instances: np.ndarray) -> dict[str, Any]:
    """What the camera sees of one person."""
    points = np.array(person.keypoints_world_m, float).reshape(-1, 3)
    rotation = np.array(frame.R_world_to_cam, float).reshape(3, 3)
    camera_points = points @ rotation.T + np.array(frame.t_world_to_cam_m, float)
    K = np.array(frame.K, float).reshape(3, 3)
    pixels = (camera_points / camera_points[:, 2:])[:, :2] * K[[0, 1], [0, 1]] + K[:2, 2]
    rounded = np.round(pixels[_BODY]).astype(int)
    size = (frame.width, frame.height)
    inside = (camera_points[_BODY, 2] > 0) & ((rounded >= 0) & (rounded < size)).all(axis=1)
    x, y = rounded[inside].T
    hit = instances[y, x]
    others = (hit != person.instance) & (hit != 0)
    visible_rows = np.flatnonzero((instances == person.instance).any(axis=1))
    eye = -rotation.T @ np.array(frame.t_world_to_cam_m, float)
    hips = points[[INDEX["left_hip"], INDEX["right_hip"]]]
    return {
        "subject_id": person.subject_id,
        "trial_id": person.trial_id,
        "time_s": person.time_s,
        "motion": person.clip.rpartition("-")[0] or person.clip,
        "view_deg": _view_deg(hips, eye),
        "camera_pitch_deg": float(np.degrees(np.arcsin(-rotation[2, 2]))),
        "distance_m": float(np.linalg.norm(eye - hips.mean(0))),
        "focal_mm": float(36.0 * K[0, 0] / frame.width),
        "box_height": float(np.ptp(visible_rows) + 1) / frame.height if len(visible_rows) else 0.0,
        "truncation": float(1 - inside.mean()),
        "occlusion": float(others.mean()) if inside.any() else np.nan,
    }


def _view_deg(hips_world_m: np.ndarray, eye_m: np.ndarray) -> float:
    """Direction of the eye from a person's heading, degrees towards the left, -180 to 180."""
    left = hips_world_m[0] - hips_world_m[1]
    forward = np.array([left[1], -left[0]])
    towards = (eye_m - hips_world_m.mean(0))[:2]
    angle = np.arctan2(forward[0] * towards[1] - forward[1] * towards[0], forward @ towards)
    return float(np.degrees(angle))


def _subject_columns(subjects: pd.DataFrame) -> pd.DataFrame:
    specs = [json.loads(text or "{}") for text in subjects.spec_json]
    curves = [spec.get("posture", {}).get("curves", ()) for spec in specs]
    return pd.DataFrame(
        {
            "subject_id": subjects.subject_id,
            "sex": subjects.sex,
            "age_years": subjects.age_years,
            "stature_m": subjects.stature_m,
            "bmi": subjects.mass_kg / subjects.stature_m**2,
            "cobb_deg": [max((abs(cobb) for _, cobb, _ in curve), default=0.0) for curve in curves],
        }
    )


def _spine_columns(authored: pd.DataFrame) -> pd.DataFrame:
    from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES

    columns = {"trial_id": authored.trial_id, "time_s": authored.time_s}
    values = (
        np.stack(authored.coordinates_rad.to_list())
        if len(authored)
        else np.zeros((0, len(REGIONAL_COORDINATES)))
    )
    for motion in ("flexion", "bending", "rotation"):
        which = [REGIONAL_COORDINATES.index(f"{region}_{motion}") for region in _TRUNK_SHARES]
        columns[f"{motion}_deg"] = np.degrees(values[:, which].sum(axis=1))
    return pd.DataFrame(columns).drop_duplicates(["trial_id", "time_s"])


def panels(settings: ScenesConfig) -> tuple[Panel, ...]:
    """What the picture shows, with the ranges that the config asks for."""
    camera, people = settings.camera, settings.population
    return (
        Panel("bmi", "BMI of the mesh, kg/m²", 1, people.bmi),
        Panel("age_years", "age, years", 1, people.age_years),
        Panel("cobb_deg", "largest spinal curve, degrees Cobb", 1, (10.0, people.max_cobb_deg)),
        Panel("view_deg", "camera seen from the person, degrees (0 front, 90 left)", 1, (-135, -45, 45, 135)),
        Panel("camera_pitch_deg", "camera looks down, degrees"),
        Panel("focal_mm", "focal length, mm (36 mm wide film)", 1, camera.focal_mm),
        Panel("distance_m", "distance, m", 1, camera.distance_m),
        Panel("box_height", "height of what is seen, picture heights"),
        Panel("truncation", "keypoints outside the picture, %", 100),
        Panel("occlusion", "keypoints behind objects or others, %", 100),
        Panel("flexion_deg", "trunk flexion (spine), degrees"),
        Panel("bending_deg", "trunk lateral bend (spine), degrees"),
        Panel("rotation_deg", "trunk rotation (spine), degrees"),
    )


def population_figure(table: pd.DataFrame, settings: ScenesConfig, path: Path) -> None:
    """Draw the histograms of :func:`panels`, statures by sex, and how often each place and motion comes."""
    from pipelines.pictures import pyplot

    plt = pyplot()
    shown = panels(settings)
    figure, axes = plt.subplots(4, 4, figsize=(15, 11), constrained_layout=True)
    _stature_panel(axes.flat[0], table)
    for ax, panel in zip(axes.flat[1:], shown, strict=False):
        values = (panel.factor * table[panel.column]).dropna()
        ax.hist(values, bins=30, color="#4c72b0")
        for mark in panel.marks:
            ax.axvline(mark, color="#c44e52", lw=1, ls="--")
        ax.set_title(panel.title, fontsize=9)
        if len(values):
            ax.set_xlabel(
                f"median {values.median():.3g}, 5-95 %: {values.quantile(0.05):.3g} to {values.quantile(0.95):.3g}"
            )
    for ax, column in zip(axes.flat[1 + len(shown) :], ("place", "motion"), strict=False):
        counts = table[column].value_counts()
        if len(counts) > _BARS:
            counts = pd.concat([counts[: _BARS // 2], counts[-(_BARS // 2) :]])
            column += f" (most and least of {table[column].nunique()})"
        ax.barh(range(len(counts)), counts.to_numpy(), color="#4c72b0")
        ax.set_yticks(range(len(counts)), counts.index, fontsize=6)
        ax.set_title(f"people by {column}", fontsize=9)
    figure.suptitle(
        f"{len(table)} people on {table.frame_id.nunique()} pictures, {table.subject_id.nunique()} bodies"
    )
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _stature_panel(ax: Any, table: pd.DataFrame) -> None:
    bodies = table.drop_duplicates("subject_id")
    for sex, color in (("female", "#c44e52"), ("male", "#4c72b0")):
        own = 100 * bodies.stature_m[bodies.sex == sex]
        young = own[bodies.age_years < _YOUNG_YEARS]
        ax.hist(
            own,
            bins=20,
            alpha=0.6,
            color=color,
            label=f"{sex}: {own.mean():.1f} ± {own.std():.1f}, {len(own)}; "
            f"under {_YOUNG_YEARS}: {young.mean():.1f} ± {young.std():.1f}, {len(young)}",
        )
        ax.axvline(100 * WORLD_STATURE_M[sex], color=color, lw=1.2, ls="--")
        countries = [pair[sex == "male"] for pair in COUNTRY_STATURES_CM.values()]
        ax.axvspan(min(countries), max(countries), color=color, alpha=0.07)
    ax.set_title("stature, cm (young: dashed the world, band countries)", fontsize=9)
    ax.set_ylim(0, 1.35 * ax.get_ylim()[1])  # room for the legend
    ax.legend(fontsize=7, loc="upper left")


def population_numbers(table: pd.DataFrame) -> dict[str, Any]:
    """The figures in words: means, spreads, shares."""
    bodies = table.drop_duplicates("subject_id")
    view = table.view_deg.abs()
    return {
        "people": len(table),
        "bodies": len(bodies),
        "stature_m": {
            sex: {
                "mean": float(group.stature_m.mean()),
                "sd": float(group.stature_m.std()),
                "mean_under_40": float(group.stature_m[group.age_years < _YOUNG_YEARS].mean()),
                "world": WORLD_STATURE_M[sex],
            }
            for sex, group in bodies.groupby("sex")
        },
        "bmi": _spread(bodies.bmi),
        "female_share": float((bodies.sex == "female").mean()),
        "view_share": {
            "front": float((view <= 45).mean()),
            "side": float(((view > 45) & (view < 135)).mean()),
            "back": float((view >= 135).mean()),
        },
        "cut_share": float((table.truncation > 0.05).mean()),
        "occluded_share": float((table.occlusion > 0.05).mean()),
        **{
            name: _spread(table[name])
            for name in (
                "box_height",
                "truncation",
                "occlusion",
                "flexion_deg",
                "bending_deg",
                "rotation_deg",
            )
        },
    }


def _spread(values: pd.Series) -> dict[str, float]:
    known = values.dropna()
    if not len(known):
        return {}
    return {
        "min": float(known.min()),
        "p05": float(known.quantile(0.05)),
        "median": float(known.median()),
        "p95": float(known.quantile(0.95)),
        "max": float(known.max()),
    }
