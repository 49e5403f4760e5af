"""Pictures of the fit's honesty: expected against observed coverage by level, and what marker subsets cost.

Run: ``python -m benchmarks.fit_figures --out DIR [--people N] [--frames N]``. Writes ``calibration.png`` and
``ablation.png`` and prints the table behind the second. The people are the tests' hard data, seeds that no size in
``opensim_models.uncertainty`` was set on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from scipy.stats import chi2

from spinepose.skeleton import SPINE_LEVELS
from tests.opensim_models.closed_loop import SUBSETS, HardFit, fit_hard

FIRST_SEED = 4000
COVERAGES = np.linspace(0.50, 0.99, 50)
EXPECTED = 0.95


def coverage(fits: list[HardFit], share: float | np.ndarray) -> np.ndarray:
    """Share of landmarks within the ellipsoid that is meant to hold ``share`` of them, by level, (..., 9)."""
    distances = np.concatenate([fit.mahalanobis for fit in fits])
    bound = np.asarray(chi2.ppf(share, 3))
    return (distances < bound[..., None, None]).mean(axis=-2)


def draw_calibration(fits: list[HardFit], path: Path) -> None:
    """Expected against observed coverage, a line a level."""
    figure, axes = plt.subplots(figsize=(6.4, 6.0))
    found = coverage(fits, COVERAGES)
    axes.fill_between([50, 99], [45, 94], [55, 104], color="0.92", label="within 5 points")
    axes.plot([50, 99], [50, 99], color="0.4", linestyle="--", label="as stated")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.95, len(SPINE_LEVELS)))
    for column, (name, colour) in enumerate(zip(SPINE_LEVELS, colours, strict=True)):
        axes.plot(100 * COVERAGES, 100 * found[:, column], color=colour, label=name)
    axes.plot(100 * COVERAGES, 100 * found.mean(axis=1), color="black", linewidth=2.5, label="all levels")
    axes.set(xlim=(50, 99), ylim=(30, 101), xlabel="stated, %", ylabel="observed, %")
    frames = sum(len(fit.errors_m) for fit in fits)
    axes.set_title(f"Ellipsoids that hold the true landmark: {len(fits)} people, {frames} frames")
    axes.legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_ablation(groups: dict[str, list[HardFit]], path: Path) -> None:
    """Error, stated spread, coverage and observed share by level and marker subset."""
    figure, grid = plt.subplots(2, 2, figsize=(10, 7), sharex=True)
    at = np.arange(len(SPINE_LEVELS))
    for name, fits in groups.items():
        errors, sigma, observed = _columns(fits)
        grid[0, 0].plot(at, 1000 * errors.mean(axis=0), "o-", label=name)
        grid[0, 1].plot(at, 1000 * np.sqrt(3) * sigma.mean(axis=0), "o-")
        grid[1, 0].plot(at, 100 * coverage(fits, EXPECTED), "o-")
        grid[1, 1].plot(at, 100 * observed.mean(axis=0), "o-")
    grid[1, 0].axhline(95, color="0.4", linestyle="--")
    titles = ("mean error, mm", "stated 3D spread, mm", "95 % ellipsoid holds, %", "called observed, %")
    for axes, title in zip(grid.ravel(), titles, strict=True):
        axes.set_title(title)
        axes.set_ylim(bottom=0)
        axes.set_xticks(at, SPINE_LEVELS, rotation=45)
    grid[0, 0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _columns(fits: list[HardFit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.concatenate([fit.errors_m for fit in fits]),
        np.concatenate([fit.stated.sigma_m for fit in fits]),
        np.concatenate([fit.stated.observed for fit in fits]),
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--people", type=int, default=40, help="people a marker subset")
    parser.add_argument("--frames", type=int, default=20, help="frames a person")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = range(FIRST_SEED, FIRST_SEED + max(options.people, 2))
    groups = {name: [fit_hard(seed, options.frames, name) for seed in seeds] for name in SUBSETS}
    for name, fits in groups.items():
        errors, sigma, observed = _columns(fits)
        seen = 1000 * errors[observed].mean()
        sys.stdout.write(
            f"{name:12s} error {1000 * errors.mean():5.1f} mm (observed {seen:.1f}), p95 "
            f"{1000 * np.percentile(errors, 95):5.1f}, sigma {1000 * sigma.mean():5.1f}, 95 % ellipsoid holds "
            f"{100 * coverage(fits, EXPECTED).mean():5.1f} %, observed {100 * observed.mean():5.1f} %\n"
        )
    draw_calibration(groups["all"], options.out / "calibration.png")
    draw_ablation(groups, options.out / "ablation.png")


if __name__ == "__main__":
    main()
