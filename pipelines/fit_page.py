"""``fit-opensim/report.html`` of a rendered run: verdicts, checks, errors against the anatomy, spines over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np
import pandas as pd

from pipelines.accuracy_growth import in_bins, with_people
from pipelines.outside_report import SpineCourse, curve_figure, inline, spine_figure
from pipelines.tables import read_table
from spinepose.files import atomic_path
from spinepose.skeleton import SPINE_CHAIN, SPINE_LEVELS

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

TEMPLATES = Path(__file__).parent / "templates"
SHOWN_TRIALS = 3
_CURVES = ("lordosis", "kyphosis", "cervical_lordosis")


def write_fit_page(fit_dir: Path, render_dir: Path, report: dict[str, Any]) -> None:
    """Write the page beside the stage's tables.

    Args:
        fit_dir: The stage's folder; its tables are read.
        render_dir: Where the subjects and, for worlds that know it, the authored anatomy are.
        report: Content of ``report.json``.
    """
    frames = read_table(fit_dir / "frames.parquet")
    if not len(frames):
        return
    landmarks = read_table(fit_dir / "landmarks.parquet")
    figures = {}
    if "growth" in report:
        figures["accuracy"] = inline(accuracy_figure(people_errors(fit_dir, render_dir), report))
    courses = []
    for trial in _telling_trials(frames):
        course = spine_course(landmarks[landmarks.trial_id == trial], frames[frames.trial_id == trial])
        courses.append(
            {"trial": trial, "spine": inline(spine_figure(course)), "curves": inline(curve_figure(course))}
        )
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.get_template("fit_run.html.j2").render(report=report, figures=figures, courses=courses)
    with atomic_path(fit_dir / "report.html") as temporary:
        temporary.write_text(html, encoding="utf-8")


def people_errors(fit_dir: Path, render_dir: Path) -> pd.DataFrame:
    """Errors against the authored anatomy with each subject's BMI and each frame's trunk flexion."""
    return with_people(
        read_table(fit_dir / "errors.parquet"),
        read_table(render_dir / "subjects.parquet"),
        read_table(render_dir / "authored.parquet"),
    )


def spine_course(landmarks: pd.DataFrame, frames: pd.DataFrame) -> SpineCourse:
    """One trial's tables as arrays, in time order."""
    frames = frames.sort_values("time_s")
    order = {name: i for i, name in enumerate(SPINE_CHAIN)}
    rows = landmarks.assign(place=landmarks.landmark.map(order)).sort_values(["time_s", "place"])
    count = len(frames)
    return SpineCourse(
        frames.time_s.to_numpy(),
        rows[["x_m", "y_m", "z_m"]].to_numpy().reshape(count, len(SPINE_CHAIN), 3),
        rows.sigma_m.to_numpy().reshape(count, -1),
        rows.observed.to_numpy().reshape(count, -1),
        frames.heading_rad.to_numpy(),
        {name: frames[f"{name}_deg"].to_numpy() for name in _CURVES},
    )


def _telling_trials(frames: pd.DataFrame) -> list[str]:
    """Trials whose lordosis changes most: the largest, and from the middle of the order."""
    spread = frames.groupby("trial_id").lordosis_deg.agg(np.ptp).sort_values(ascending=False)
    places = np.unique(np.linspace(0, len(spread) * 0.6, SHOWN_TRIALS).astype(int).clip(max=len(spread) - 1))
    return [str(spread.index[i]) for i in places]


def accuracy_figure(people: pd.DataFrame, report: dict[str, Any]) -> Figure:
    """Errors by level, over BMI and over trunk flexion, raw and with each subject's constant removed."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    _by_level(axes[0, 0], report["fit_minus_authored_mm"])
    _over_bmi(axes[0, 1], people, report["growth"]["levels"][-1])
    _over_flexion(axes[1, 0], people, report["growth"]["levels"][-1])
    _slopes(axes[1, 1], report["growth"]["levels"])
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return figure


_RAW, _REST = "#b5542b", "#2b6cb5"


def _by_level(axis: Any, rows: list[dict[str, Any]]) -> None:
    place = np.arange(len(rows))
    for shift, key, colour, words in (
        (-0.2, "mean_mm", _RAW, "raw"),
        (0.2, "mean_less_constant_mm", _REST, "subject's constant removed"),
    ):
        far = [row[key.replace("mean", "p95")] for row in rows]
        axis.bar(place + shift, far, 0.38, color=colour, alpha=0.3)
        axis.bar(place + shift, [row[key] for row in rows], 0.38, color=colour, label=words)
    axis.set_xticks(place, [row["level"] for row in rows])
    axis.set(title="fit minus authored by level: mean, and pale the 95th percentile", ylabel="mm")
    axis.legend(frameon=False)


def _over_bmi(axis: Any, people: pd.DataFrame, slope: dict[str, Any]) -> None:
    means = people.groupby("subject_id")[["bmi", "error_m", "error_less_constant_m"]].mean()
    for column, colour, key, words in (
        ("error_m", _RAW, "raw", "raw"),
        ("error_less_constant_m", _REST, "less_constant", "constant removed"),
    ):
        y = 1000 * means[column]
        axis.plot(means.bmi, y, ".", color=colour, ms=7)
        _line(axis, means.bmi.to_numpy(), y.to_numpy(), slope[f"{key}_mm_per_bmi"], colour,
              f"{words}: {_told(slope, f'{key}_mm_per_bmi')} mm per kg/m2")  # fmt: skip
    axis.set(
        title=f"over build: one point a subject ({len(means)})",
        xlabel="BMI, kg/m2",
        ylabel="mean error, mm",
        ylim=(0, 1.3 * 1000 * means.error_m.max()),
    )
    axis.legend(frameon=False)


def _over_flexion(axis: Any, people: pd.DataFrame, slope: dict[str, Any]) -> None:
    bins = in_bins(people)
    bins = bins[bins["count"] >= 9 * 10]
    for column, colour, key, words in (
        ("raw", _RAW, "raw", "raw"),
        ("rest", _REST, "less_constant", "constant removed"),
    ):
        told = _told(slope, f"{key}_mm_per_10_deg")
        axis.plot(
            bins.flexion_deg, bins[column], "o-", color=colour, label=f"{words}: {told} mm per 10 degrees"
        )
        axis.plot(bins.flexion_deg, bins[f"{column}_p95"], ":", color=colour)
    axis.set(
        title="over bending: mean, and dotted the 95th percentile",
        xlabel="lumbar + thoracic flexion, degrees",
        ylabel="mm",
        ylim=(0, 1.35 * bins.raw_p95.max() if len(bins) else None),
    )
    axis.legend(frameon=False)


def _slopes(axis: Any, levels: list[dict[str, Any]]) -> None:
    for shift, key, colour, words in (
        (-0.15, "raw_mm_per_bmi", _RAW, "raw"),
        (0.15, "forward_mm_per_bmi", "#3b8c4a", "forward part, signed"),
    ):
        known = [(i, row) for i, row in enumerate(levels) if row[key] is not None]
        place = np.array([i for i, _ in known]) + shift
        value = np.array([row[key] for _, row in known])
        ends = np.array([row[f"{key}_95"] for _, row in known]).reshape(-1, 2)
        axis.errorbar(
            place,
            value,
            yerr=[value - ends[:, 0], ends[:, 1] - value],
            fmt="o",
            color=colour,
            capsize=3,
            label=words,
        )
    axis.axhline(0, color="#999", lw=0.8)
    axis.set_xticks(range(len(levels)), [*SPINE_LEVELS, "all"])
    axis.set(title="growth with BMI by level, 95 % intervals", ylabel="mm per kg/m2")
    axis.legend(frameon=False)


def _line(axis: Any, x: np.ndarray, y: np.ndarray, slope: float | None, colour: str, label: str) -> None:
    if slope is None:
        axis.plot([], [], color=colour, label=label)
        return
    ends = np.array([x.min(), x.max()])
    axis.plot(ends, y.mean() + slope * (ends - x.mean()), color=colour, label=label)


def _told(slope: dict[str, Any], key: str) -> str:
    if slope[key] is None:
        return "too few subjects for a slope"
    low, high = slope[f"{key}_95"]
    return f"{slope[key]:+.2f} [{low:+.2f}, {high:+.2f}]"
