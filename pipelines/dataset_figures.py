"""The figures of a dataset's report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from pipelines.pictures import pyplot
from spinepose.skeleton import NAMES

_BARS = 30
_BLUE, _RED = "#4c72b0", "#c44e52"


@dataclass(frozen=True)
class Panel:
    """One histogram.

    Attributes:
        column: Column of the people's table.
        title: What it shows.
        axis: Label of its axis, with the unit.
        span: Published range, in the axis' unit; None where there is none.
        of_keypoints: Whether its values are shares of the keypoints: a bar for each number of them, else combs appear.
    """

    column: str
    title: str
    axis: str
    span: tuple[float, float] | None = None
    of_keypoints: bool = False


def panels() -> tuple[Panel, ...]:
    """What the page shows where the dataset has it; the spine's ranges are those of the model's tables."""
    spine = tuple(
        Panel(f"{name}_deg", name.replace("_", " "), "degrees from neutral standing", (low, high))
        for name, (low, high) in zip(REGIONAL_COORDINATES, np.degrees(REGIONAL_RANGES_RAD), strict=True)
    )
    return (
        Panel("box_height", "size on the picture", "height of the box / height of the picture"),
        Panel("distance_m", "distance to the camera", "depth of the sacrum, m"),
        Panel("visible_percent", "how much of a person is seen", "visible share of the body's area, %"),
        Panel("hidden_percent", "hidden keypoints", "v = 1 among the labelled, %", of_keypoints=True),
        Panel("outside_percent", "keypoints without a label", "v = 0 among the 37, %", of_keypoints=True),
        Panel("sigma_mm", "stated uncertainty of the spine", "largest sigma of nine vertebrae, mm"),
        Panel("fit_error_mm", "fit minus authored anatomy", "largest of nine vertebrae, mm"),
        Panel("trunk_lean_deg", "trunk lean", "sacrum to C7 from the vertical, degrees"),
        Panel("lumbar_curvature_deg", "lumbar curvature", "sacrum-L5 to L3-T12/L1, degrees"),
        Panel("thoracic_curvature_deg", "thoracic curvature", "T12/L1-T8 to T3-C7, degrees"),
        *spine,
    )


def histogram_figure(people: pd.DataFrame, shown: list[Panel], path: Path) -> None:
    """Histograms, three in a row; a band marks a published range."""
    plt = pyplot()
    rows = -(-len(shown) // 3)
    figure, axes = plt.subplots(rows, 3, figsize=(12, 3.2 * rows), constrained_layout=True, squeeze=False)
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.08)  # else a title sits on the axis above it
    for ax, panel in zip(axes.flat, shown, strict=False):
        values = people[panel.column].dropna()
        if panel.span is not None:
            ax.axvspan(*panel.span, color=_RED, alpha=0.12)
        ax.hist(values, bins=_one_a_keypoint(values.max()) if panel.of_keypoints else 30, color=_BLUE)
        spread = [f"{values.quantile(share):.3g}" for share in (0.5, 0.05, 0.95)]
        ax.set_title(f"{panel.title}\nmedian {spread[0]} ({spread[1]} to {spread[2]})", fontsize=10)
        ax.set_xlabel(panel.axis)
        ax.set_ylabel("people")
    for ax in axes.flat[len(shown) :]:
        ax.axis("off")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _one_a_keypoint(largest_percent: float) -> np.ndarray:
    """Edges of bars around 0, 1, 2, ... of the keypoints, in percent."""
    count = round(largest_percent * len(NAMES) / 100)
    return (np.arange(max(count, 1) + 2) - 0.5) * 100 / len(NAMES)


def visibility_figure(counts: np.ndarray, path: Path) -> None:
    """Shares of visible, hidden and unlabelled by keypoint; ``counts`` has shape (37, 3) for v = 0, 1, 2."""
    plt = pyplot()
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, ax = plt.subplots(figsize=(12, 4), constrained_layout=True)
    below = np.zeros(len(NAMES))
    for v, color, words in (
        (2, _BLUE, "visible (2)"),
        (1, "#dd8452", "hidden (1)"),
        (0, "#cccccc", "none (0)"),
    ):
        ax.bar(range(len(NAMES)), shares[:, v], bottom=below, color=color, label=words)
        below += shares[:, v]
    ax.set_xticks(range(len(NAMES)), NAMES, rotation=90, fontsize=9)
    ax.set_ylabel("people, %")
    ax.set_xlim(-0.6, len(NAMES) - 0.4)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, fontsize=9)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def bar_figure(counts: Counter[str], title: str, path: Path) -> None:
    """How often each kind comes; of many kinds the most and the least frequent."""
    plt = pyplot()
    rows = counts.most_common()
    words = f"people by {title}"
    if len(rows) > _BARS:
        words += f" (the {_BARS // 2} most and least frequent of {len(rows)})"
        rows = [*rows[: _BARS // 2], *rows[-(_BARS // 2) :]]
    figure, ax = plt.subplots(figsize=(6, 1.0 + 0.2 * len(rows)), constrained_layout=True)
    ax.barh(range(len(rows)), [count for _, count in rows], color=_BLUE)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)  # the most frequent on top, no empty margins
    ax.set_title(words, fontsize=10)
    ax.set_xlabel("people")
    figure.savefig(path, dpi=100)
    plt.close(figure)
