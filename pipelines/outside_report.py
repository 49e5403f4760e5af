"""The page and the figures of one outside recording, offline, pictures inside."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np

from opensim_models.fit import TrialFit
from opensim_models.outside import Prepared
from opensim_models.rulings import CURVE_RANGES, curve_observed
from spinepose.files import atomic_path
from spinepose.skeleton import SPINE_CHAIN

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = {"lordosis": "#b5542b", "kyphosis": "#2b6cb5", "cervical_lordosis": "#3b8c4a"}
SPINES = 9


@dataclass(frozen=True)
class SpineCourse:
    """A trial's spine over time, for drawing; T frames.

    Attributes:
        times_s: (T,).
        landmarks_m: The nine landmarks, world frame, z up, (T, 9, 3).
        sigma_m: Standard deviation per axis, (T, 9).
        observed: (T, 9).
        heading_rad: Where the pelvis faces, about the vertical, (T,).
        curves_deg: Lordosis, kyphosis and cervical lordosis, (T,) each.
    """

    times_s: np.ndarray
    landmarks_m: np.ndarray
    sigma_m: np.ndarray
    observed: np.ndarray
    heading_rad: np.ndarray
    curves_deg: dict[str, np.ndarray]


def write_report(
    path: Path, report: dict[str, Any], prepared: Prepared, fit: TrialFit, errors: dict[str, np.ndarray]
) -> None:
    """Write ``report.html``."""
    times = prepared.moving.trial.times_s
    course = SpineCourse(
        times, fit.landmarks_m, fit.sigma_m, fit.observed, fit.coordinates[:, 3], fit.curves_deg
    )
    figures = {
        "spine": inline(spine_figure(course)),
        "curves": inline(curve_figure(course)),
        "errors": inline(error_figure(errors)),
        "time": inline(time_figure(times, fit)),
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.get_template("fit_report.html.j2").render(
        report=report,
        figures=figures,
        ranges={name: limits.published for name, limits in CURVE_RANGES.items()},
        duration=float(times[-1] - times[0]),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def spine_figure(fit: SpineCourse) -> Figure:
    """The nine landmarks from the right side and from behind, at moments over the trial; unobserved ones hollow."""
    rows = np.unique(np.linspace(0, len(fit.times_s) - 1, SPINES).round().astype(int))
    ahead, right = _heading(fit)
    spines = fit.landmarks_m - fit.landmarks_m[:, :1]
    floor = float(spines[rows, :, 2].min()) - 0.04
    figure, axes = plt.subplots(2, 1, figsize=(12, 6.6), layout="constrained")
    for axis, across, title in (
        (axes[0], ahead, "Sagittal: seen from the right side, the person faces right"),
        (axes[1], right, "Frontal: seen from behind, the person's right is right"),
    ):
        reach = np.einsum("tki,ti->tk", spines[rows], across[rows])
        step = max(0.4, float(reach.max() - reach.min()) + 0.08)  # nobody lies across a neighbour
        for place, row in enumerate(rows):
            x, y = reach[place] + step * place, spines[row, :, 2]
            _one_spine(axis, x, y, fit.observed[row], fit.sigma_m[row], plt.cm.viridis(0.85 * place / SPINES))
            axis.axvline(step * place, color="#ddd", lw=0.8, zorder=0)
            axis.annotate(
                f"{fit.times_s[row]:.2f} s", (step * place, floor), ha="center", va="top", fontsize=9
            )
        axis.set(title=title, ylabel="over the sacrum, m", xticks=[], ylim=(floor - 0.08, None))
        axis.set_aspect("equal")
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        if across is ahead:
            tallest = int(np.argmax(np.ptp(spines[rows, :, 2], axis=1)))
            _name_landmarks(axis, spines[rows[tallest], :, 2], reach[tallest] + step * tallest)
    return figure


def _name_landmarks(axis: Any, heights_m: np.ndarray, places_m: np.ndarray) -> None:
    for name, place, height in zip(SPINE_CHAIN, places_m, heights_m, strict=True):
        below = 0.02 if name == SPINE_CHAIN[0] else 0.0  # the lowest two lie close together
        axis.annotate(name, (place - 0.04, height - below), fontsize=7, color="#555", ha="right", va="center")


def _one_spine(
    axis: Any, x: np.ndarray, y: np.ndarray, observed: np.ndarray, sigma_m: np.ndarray, colour: Any
) -> None:
    axis.plot(x, y, color=colour, lw=1.6, zorder=2)
    for px, py, seen, sigma in zip(x, y, observed, sigma_m, strict=True):
        axis.add_patch(plt.Circle((px, py), 2 * sigma, color=colour, alpha=0.13, lw=0, zorder=1))
        axis.plot(px, py, "o", ms=6, mfc=colour if seen else "white", mec=colour, mew=1.4, zorder=3)


def _heading(fit: SpineCourse) -> tuple[np.ndarray, np.ndarray]:
    """Ahead and to the right of the pelvis in the world's ground plane, (T, 3) each."""
    # About OpenSim's y: x forward turns to (cos, 0, -sin), in the world (cos, sin, 0).
    yaw = fit.heading_rad
    flat = np.zeros_like(yaw)
    ahead = np.stack([np.cos(yaw), np.sin(yaw), flat], axis=1)
    return ahead, np.stack([np.sin(yaw), -np.cos(yaw), flat], axis=1)


def curve_figure(fit: SpineCourse) -> Figure:
    """Lordosis, kyphosis and cervical lordosis over time, with published standing ranges as bands."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.2), layout="constrained")
    for axis, (name, values) in zip(axes, fit.curves_deg.items(), strict=False):
        low, high = CURVE_RANGES[name].published
        axis.axhspan(low, high, color=_COLOURS[name], alpha=0.1, lw=0)
        seen = curve_observed(fit.observed, name)
        axis.plot(fit.times_s, values, color=_COLOURS[name], lw=1.5, ls="-" if seen else ":")
        words = "" if seen else " (not observed)"
        axis.set(title=f"{name.replace('_', ' ')}, degrees{words}", xlabel="time, s")
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def error_figure(errors: dict[str, np.ndarray]) -> Figure:
    """RMS and largest error of each marker."""
    order = sorted(errors, key=lambda name: np.nanmean(errors[name] ** 2))
    rms = [1000 * np.sqrt(np.nanmean(errors[n] ** 2)) for n in order]
    worst = [1000 * np.nanmax(errors[n]) for n in order]
    figure, axis = plt.subplots(figsize=(12, 3.6), layout="constrained")
    axis.bar(range(len(order)), worst, color="#d8d8d8", label="largest")
    axis.bar(range(len(order)), rms, color="#4878a8", label="RMS")
    axis.axhline(20, color="#b5542b", lw=0.8, ls="--")
    axis.set(ylabel="mm", xlim=(-0.6, len(order) - 0.4))
    axis.set_xticks(range(len(order)), order, rotation=75, fontsize=8)
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def time_figure(times_s: np.ndarray, fit: TrialFit) -> Figure:
    """Marker errors and the landmarks' standard deviations over time."""
    figure, axes = plt.subplots(1, 2, figsize=(12, 3.2), layout="constrained")
    axes[0].plot(times_s, 1000 * fit.marker_rms_m, color="#4878a8", label="RMS")
    axes[0].plot(times_s, 1000 * fit.marker_max_m, color="#b0b0b0", label="largest")
    axes[0].axhline(20, color="#b5542b", lw=0.8, ls="--")
    axes[0].set(title="marker errors, mm", xlabel="time, s", ylim=(0, None))
    axes[0].legend(frameon=False)
    for i, name in enumerate(SPINE_CHAIN):
        seen = fit.observed[:, i].mean() > 0.5
        axes[1].plot(
            times_s, 1000 * fit.sigma_m[:, i], color=plt.cm.plasma(i / 9), ls="-" if seen else ":", label=name
        )
    axes[1].set(
        title="standard deviation per axis, mm (dotted: not observed)", xlabel="time, s", ylim=(0, None)
    )
    axes[1].legend(frameon=False, fontsize=7, ncol=3)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def inline(figure: Figure) -> str:
    """A figure as a data URL; the figure is closed."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png", metadata={"Software": None})
    plt.close(figure)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
