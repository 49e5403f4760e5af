"""The fit side by side with OpenSim: speed, agreement, accuracy and coverage on hard data, marker subsets, growth.

Run: ``python -m benchmarks.fit [--frames N] [--tool-frames N] [--people N] [--growth N] [--processes 1|2]``. Speeds are
frames a second of processor time, so that ratios hold from machine to machine. Needs the repository (its hard data
are those of the tests).
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from opensim_models._opensim import load_opensim
from opensim_models.build import write_osim
from opensim_models.ik import solve
from opensim_models.initial import align_root
from opensim_models.io import write_trc
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.osim_file import read_osim
from opensim_models.problem import landmark_rows, trial_problem
from opensim_models.reference import ACCURACY, solve_reference
from opensim_models.spine import nominal_spine
from opensim_models.subject import average_shape, model_spec
from opensim_models.trial import MarkerTrial, to_world
from opensim_models.uncertainty import landmark_uncertainty
from spinepose.skeleton import SPINE_LEVELS
from tests.opensim_models.closed_loop import SUBSETS, fit_hard

HZ = 60.0
CHUNK = 10_000  # frames solved at a time: memory stays that of a chunk
CHI2_95 = 7.815  # three degrees of freedom
_STATIC_COVARIANCE = np.tile(np.diag([4e-5, 4e-5, 2e-5]), (9, 1, 1))


def wander(kinematics: Kinematics, first: int, frames: int) -> np.ndarray:
    """A smooth movement through a third of every range at 60 frames a second, (frames, Q)."""
    rng, size = np.random.default_rng(0), len(kinematics.coordinate_names)
    reach = 0.3 * np.minimum(-kinematics.lower, kinematics.upper)
    reach[:3], reach[3], reach[4], reach[5] = 0.3, 2.0, 0.2, 0.5
    t = np.arange(first, first + frames)[:, None] / HZ
    return reach * np.sin(2 * np.pi * (rng.uniform(0.1, 0.5, size) * t + rng.uniform(0, 1, size)))


def recorded(kinematics: Kinematics, first: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Poses (frames, Q) and their markers with 3 mm of noise, (frames, K, 3)."""
    x = wander(kinematics, first, frames)
    measured = np.stack([kinematics.markers(row) for row in x])
    return x, measured + np.random.default_rng([1, first]).normal(0, 0.003, measured.shape)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def average_model(folder: Path) -> tuple[Path, Kinematics]:
    """The average man's model, written and read back."""
    path = folder / "model.osim"
    write_osim(model_spec(average_shape(1.75, 75.0, nominal_spine(1.75, "male"))), path)
    return path, compile_model(read_osim(path))


def compare(frames: int, tool_frames: int) -> Iterator[str]:
    """Ours, OpenSim's solver with soft couplers, OpenSim's tool: the same frames for all three."""
    with tempfile.TemporaryDirectory() as name:
        path, kinematics = average_model(Path(name))
        problem = trial_problem(kinematics)
        x, measured = recorded(kinematics, 0, frames)
        start = align_root(kinematics, 0 * x[0], measured[0])
        compiling = cpu_seconds(lambda: solve(kinematics, problem, measured[:1], start))
        warm = frames / cpu_seconds(lambda: solve(kinematics, problem, measured, start))
        some = measured[:: max(frames // 100, 1)]
        cold = len(some) / cpu_seconds(
            lambda: [solve(kinematics, problem, m[None], align_root(kinematics, 0 * x[0], m)) for m in some]
        )
        solution = solve(kinematics, problem, measured, start)
        landmark_uncertainty(kinematics, problem, solution, _STATIC_COVARIANCE)
        covariances = frames / cpu_seconds(
            lambda: landmark_uncertainty(kinematics, problem, solution, _STATIC_COVARIANCE)
        )
        few = measured[:tool_frames]
        found = solve_reference(path, kinematics, problem.weights, few, x[:tool_frames] + 0.05)
        soft = tool_frames / found.cpu_s
        rows = landmark_rows(kinematics)
        ours = np.stack([kinematics.stations(q)[rows] for q in solution.coordinates[:tool_frames]])
        tool, tool_points = run_tool(path, kinematics, problem.weights, few, Path(name))
        to_soft = 1000 * np.linalg.norm(found.stations_m[:, rows] - ours, axis=-1)
        to_tool = 1000 * np.linalg.norm(tool_points - ours, axis=-1)
    yield f"first call (compiled or from the cache) {compiling:8.2f} CPU-s"
    for words, speed in (
        ("ours, frame after frame", warm),
        ("ours, each frame cold", cold),
        ("ours, warm, with covariances", 1 / (1 / warm + 1 / covariances)),
        ("covariances alone", covariances),
        ("OpenSim's solver, soft couplers", soft),
        ("InverseKinematicsTool", tool),
    ):
        yield f"{words:34s}{speed:10.1f} frames/CPU-s{speed / tool:10.0f} x the tool"
    for words, gap in (("soft solver", to_soft), ("tool", to_tool)):
        yield f"landmarks, ours to the {words}: mean {gap.mean():.3f}, max {gap.max():.3f} mm, {len(few)} frames"


def run_tool(
    model: Path, kinematics: Kinematics, weights: np.ndarray, measured: np.ndarray, folder: Path
) -> tuple[float, np.ndarray]:
    """OpenSim's InverseKinematicsTool on frames: frames a processor second and the nine landmarks, (T, 9, 3)."""
    osim = load_opensim()
    times = np.arange(len(measured)) / HZ
    write_trc(
        MarkerTrial("frames", times, kinematics.marker_names, to_world(measured)), folder / "frames.trc"
    )
    tool = osim.InverseKinematicsTool()
    loaded = osim.Model(str(model))
    loaded.initSystem()
    tool.setModel(loaded)
    tool.setMarkerDataFileName(str(folder / "frames.trc"))
    tool.setStartTime(float(times[0]))
    tool.setEndTime(float(times[-1]))
    tool.setOutputMotionFileName(str(folder / "tool.mot"))
    tool.setResultsDir(str(folder))
    tool.set_accuracy(ACCURACY)
    tool.set_report_errors(False)
    tasks = tool.getIKTaskSet()
    for name, weight in zip(kinematics.marker_names, weights, strict=True):
        task = osim.IKMarkerTask()
        task.setName(name)
        task.setApply(True)
        task.setWeight(float(weight))
        tasks.cloneAndAppend(task)
    spent = cpu_seconds(tool.run)
    table = osim.TimeSeriesTable(str(folder / "tool.mot"))
    loaded.getSimbodyEngine().convertDegreesToRadians(table)
    columns = {str(label).rsplit("/", 1)[-1]: i for i, label in enumerate(table.getColumnLabels())}
    order = [columns[name] for name in kinematics.coordinate_names]
    values = np.stack([table.getRowAtIndex(i).to_numpy() for i in range(table.getNumRows())])[:, order]
    rows = landmark_rows(kinematics)
    return len(measured) / spent, np.stack([kinematics.stations(q)[rows] for q in values])


def hard(people: int, frames: int) -> Iterator[str]:
    """Accuracy and coverage on people whose anatomy the fit does not share, by level and by marker subset."""
    for subset in SUBSETS:
        fits = [fit_hard(1000 + seed, frames, subset) for seed in range(people)]
        errors = 1000 * np.concatenate([fit.errors_m for fit in fits])
        inside = np.concatenate([fit.mahalanobis for fit in fits]) < CHI2_95
        observed = np.concatenate([fit.stated.observed for fit in fits])
        seen = f", observed ones {errors[observed].mean():.1f}" if observed.any() else ""
        yield (
            f"{subset:12s} mean {errors.mean():5.1f}, p95 {np.percentile(errors, 95):5.1f} mm{seen}; 95 % ellipsoid "
            f"holds {100 * inside.mean():.1f} %; {people} people, {len(errors)} frames"
        )
        if subset == "all":
            yield _levels("error, mm", errors.mean(axis=0))
        yield _levels("holds, %", 100 * inside.mean(axis=0))
        yield _levels("observed, %", 100 * observed.mean(axis=0))
    fits = [fit_hard(1000 + seed, frames, "all", told=False) for seed in range(people)]
    errors = 1000 * np.concatenate([fit.errors_m for fit in fits])
    inside = np.concatenate([fit.mahalanobis for fit in fits]) < CHI2_95
    yield (
        f"all markers, but the mass told is a lean person's (nothing tells of the 20 mm): mean {errors.mean():.1f}, "
        f"p95 {np.percentile(errors, 95):.1f} mm; ellipsoid holds {100 * inside.mean():.1f} %"
    )


def _levels(words: str, values: np.ndarray) -> str:
    cells = " ".join(f"{name} {value:.0f}" for name, value in zip(SPINE_LEVELS, values, strict=True))
    return f"    {words:12s} {cells}"


def solve_span(first: int, frames: int) -> tuple[float, float, float]:
    """Solve a span of frames by chunks, covariances too: processor seconds of that, mean landmark error, peak MB."""
    with tempfile.TemporaryDirectory() as name:
        kinematics = average_model(Path(name))[1]
    problem, spent, error = trial_problem(kinematics), 0.0, 0.0
    rows, last = landmark_rows(kinematics), None
    for begin in range(first, first + frames, CHUNK):
        x, measured = recorded(kinematics, begin, min(CHUNK, first + frames - begin))
        clock = time.process_time()
        start = align_root(kinematics, 0 * x[0], measured[0]) if last is None else last
        solution = solve(kinematics, problem, measured, start)
        landmark_uncertainty(kinematics, problem, solution, _STATIC_COVARIANCE)
        spent += time.process_time() - clock
        last = solution.coordinates[-1]
        few = range(0, len(x), 100)
        gaps = [
            kinematics.stations(solution.coordinates[i])[rows] - kinematics.stations(x[i])[rows] for i in few
        ]
        error += float(np.linalg.norm(gaps, axis=-1).mean()) * len(x) / frames
    return spent, 1000 * error, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(frames: int, processes: int) -> Iterator[str]:
    """Time and memory at a tenth and at all of ``frames``; a million by the line through both."""
    solve_span(0, 10)
    times = []
    for count in (frames // 10, frames):
        spent, error, peak = solve_span(0, count)
        times.append(spent)
        yield f"{count:8d} frames: {spent:8.1f} CPU-s, peak {peak:.0f} MB, landmarks {error:.2f} mm off (3 mm of noise)"
    slope = (times[1] - times[0]) / (frames - frames // 10)
    yield f" 1000000 frames: {slope * 1e6:8.0f} CPU-s by that slope (extrapolated), memory as above (chunks of {CHUNK})"
    if processes > 1:
        clock = time.perf_counter()
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            spans = [(i * (frames // processes), frames // processes) for i in range(processes)]
            parts = list(pool.map(solve_span, *zip(*spans, strict=True)))
        wall = time.perf_counter() - clock
        yield (
            f"{frames:8d} frames in {processes} processes: {sum(p[0] for p in parts):.1f} CPU-s, {wall:.1f} s on the "
            f"clock (markers made and set-up counted), peak {max(p[2] for p in parts):.0f} MB each"
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000, help="frames for the fast solver, at least 50")
    parser.add_argument("--tool-frames", type=int, default=40, help="frames for OpenSim's tool and solver")
    parser.add_argument("--people", type=int, default=40, help="people of the hard data; 0 leaves them out")
    parser.add_argument(
        "--growth", type=int, default=100_000, help="frames of the growth run; 0 leaves it out"
    )
    parser.add_argument(
        "--processes", type=int, default=1, choices=(1, 2), help="processes of the growth run"
    )
    options = parser.parse_args()
    parts = [("Side by side with OpenSim", compare(max(options.frames, 50), max(options.tool_frames, 2)))]
    if options.people:
        parts.append(("Hard data", hard(options.people, 20)))
    if options.growth:
        parts.append(("Growth", growth(max(options.growth, 1000), options.processes)))
    for title, lines in parts:
        sys.stdout.write(f"{title}\n")
        for line in lines:
            sys.stdout.write(f"  {line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
