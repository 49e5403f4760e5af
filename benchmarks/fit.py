"""Frames per CPU second of the fast inverse kinematics against OpenSim's own solver, on the same frames.

Run: ``python -m benchmarks.fit [--frames N] [--reference-frames N]``. Prints ratios, which hold from machine to machine
where seconds do not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from opensim_models.build import write_osim
from opensim_models.fit import trial_problem
from opensim_models.ik import solve
from opensim_models.initial import align_root
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.osim_file import read_osim
from opensim_models.reference import solve_reference
from opensim_models.spine import nominal_spine
from opensim_models.subject import average_shape, model_spec


def wander(kinematics: Kinematics, frames: int) -> np.ndarray:
    """A smooth movement through a third of every range at 60 frames a second, (frames, Q)."""
    rng, size = np.random.default_rng(0), len(kinematics.coordinate_names)
    reach = 0.3 * np.minimum(-kinematics.lower, kinematics.upper)
    reach[:3], reach[3], reach[4], reach[5] = 0.3, 2.0, 0.2, 0.5
    t = np.arange(frames)[:, None] / 60.0
    return reach * np.sin(2 * np.pi * (rng.uniform(0.1, 0.5, size) * t + rng.uniform(0, 1, size)))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def measure(frames: int, reference_frames: int) -> list[str]:
    """Time both solvers; lines of a report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.osim"
        spec = model_spec(average_shape(1.75, 75.0, nominal_spine(1.75, "male")))
        writing = cpu_seconds(lambda: write_osim(spec, path))
        kinematics = compile_model(read_osim(path))
        x = wander(kinematics, frames)
        measured = np.stack([kinematics.markers(row) for row in x])
        measured += np.random.default_rng(1).normal(0, 0.003, measured.shape)
        problem = trial_problem(kinematics)
        compiling = cpu_seconds(lambda: solve(kinematics, problem, measured[:1], x[0]))
        start = align_root(kinematics, np.zeros(x.shape[1]), measured[0])
        warm = frames / cpu_seconds(lambda: solve(kinematics, problem, measured, start))
        cold = 50 / cpu_seconds(
            lambda: [
                solve(kinematics, problem, m[None], align_root(kinematics, 0 * x[0], m))
                for m in measured[:50]
            ]
        )
        few = slice(0, reference_frames)
        found = solve_reference(path, kinematics, problem.weights, measured[few], x[few] + 0.05)
        reference = reference_frames / found.cpu_s
        ours = np.stack(
            [kinematics.stations(row) for row in solve(kinematics, problem, measured[few], x[0]).coordinates]
        )
        gap = 1000 * np.linalg.norm(found.stations_m - ours, axis=-1).mean()
    return [
        f"writing a model        {writing:9.2f} CPU-s",
        f"first call (compiling) {compiling:9.2f} CPU-s (a fraction of it from the cache)",
        f"ours, frame after frame{warm:9.0f} frames/CPU-s  {warm / reference:6.0f} x OpenSim's",
        f"ours, each frame cold  {cold:9.0f} frames/CPU-s  {cold / reference:6.0f} x OpenSim's",
        f"OpenSim, soft couplers {reference:9.0f} frames/CPU-s       1 x",
        f"mean difference of landmarks {gap:.2f} mm over {reference_frames} frames",
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300, help="frames for the fast solver, at least 50")
    parser.add_argument("--reference-frames", type=int, default=10, help="frames for OpenSim's solver")
    options = parser.parse_args()
    sys.stdout.write("\n".join(measure(max(options.frames, 50), max(options.reference_frames, 1))) + "\n")


if __name__ == "__main__":
    main()
