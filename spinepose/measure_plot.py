"""Spine measures over time as one picture: a panel a measure, a line a person, the error as a band."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spinepose.files import atomic_path
from spinepose.measures import MEASURES

MAX_PEOPLE = 8
# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A6D00")


def plot_measures(
    path: Path,
    times_s: np.ndarray,
    lines: Mapping[int, Mapping[str, np.ndarray]],
    errors: Mapping[str, Any] | None,
    title: str,
) -> None:
    """Write the plot as PNG.

    Args:
        path: The file.
        times_s: Shape (T,).
        lines: By identity and measure, shape (T,), NaN where not seen. Beyond eight people, those seen longest.
        errors: The document of measure errors; the band is p68. None: no band, and the picture says so.
        title: What was measured.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.0 * len(MEASURES) + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(MEASURES), sharex=True)
    longest = sorted(lines, key=lambda i: -sum(np.isfinite(v).sum() for v in lines[i].values()))[:MAX_PEOPLE]
    for panel, (name, measure) in zip(panels, MEASURES.items(), strict=True):
        bar = None if errors is None else errors["measures"].get(name, {}).get("p68")
        for identity in sorted(longest):
            values, colour = lines[identity][name], COLOURS[sorted(longest).index(identity) % len(COLOURS)]
            panel.plot(times_s, values, color=colour, lw=1.2, marker=".", ms=2.5, label=f"person {identity}")
            if bar is not None:
                panel.fill_between(times_s, values - bar, values + bar, color=colour, alpha=0.18, lw=0)
        words = "error not known" if bar is None else f"± {bar:g} {measure.unit}"
        panel.set_title(f"{measure.title} ({words})", loc="left", fontsize=9)
        panel.set_ylabel(measure.unit)
        panel.grid(alpha=0.3)
        if not any(np.isfinite(lines[i][name]).any() for i in longest):
            panel.text(
                0.5, 0.5, "no keypoints sure enough", transform=panel.transAxes, ha="center", color="0.4"
            )
    panels[-1].set_xlabel("time, s")
    if len(times_s) > 1:
        panels[-1].set_xlim(times_s[0], times_s[-1])
    if longest:
        panels[0].legend(loc="upper right", fontsize=8, ncols=4)
    band = (
        "" if errors is None else f"\nband: 68 % of held-out people lie inside ({errors.get('source', '')})"
    )
    figure.suptitle(f"{title}: measures in the image plane{band}", fontsize=10)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
