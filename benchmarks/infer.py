"""Latency of t and s in onnxruntime, one picture at a time: fp32 beside int8, interleaved in one process.

``python -m benchmarks.infer`` prints milliseconds of wall and CPU time, medians over the rounds, and the ratios.
Weights are from chance: what is measured does not depend on them. On a busy machine only the ratios mean something.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from spinepose.data import Person
from spinepose.estimator import SpinePoseEstimator
from spinepose.export import export_onnx
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import save_checkpoint
from spinepose.quantise import quantise_onnx
from spinepose.skeleton import NAMES, NUM_KEYPOINTS

SIZES = ("t", "s")


def make_files(folder: Path, size: str) -> dict[str, Path]:
    """An exported model and its int8 twin."""
    model = PoseModel(size, len(NAMES))  # type: ignore[arg-type]
    initialise(model, 0)
    checkpoint, plain, small = (folder / f"{size}{suffix}" for suffix in (".pt", ".onnx", ".int8.onnx"))
    save_checkpoint(checkpoint, model, NAMES)
    export_onnx(checkpoint, plain)
    quantise_onnx(plain, small, noise_people(folder), limit=8)
    return {f"{size} fp32": plain, f"{size} int8": small}


def noise_people(folder: Path) -> list[Person]:
    """Pictures of noise to calibrate on."""
    people = []
    for i in range(8):
        path = folder / f"{i}.png"
        noise = np.random.default_rng(i).integers(0, 255, (32, 24, 3), dtype=np.uint8)
        cv2.imwrite(str(path), cv2.resize(noise, (240, 320), interpolation=cv2.INTER_CUBIC))
        labels = np.full((NUM_KEYPOINTS, 3), 100.0)
        people.append(Person(i, i, path, np.array([20.0, 20.0, 200.0, 280.0]), labels, 56000.0))
    return people


def measure(files: dict[str, Path], rounds: int, threads: int) -> dict[str, tuple[float, float]]:
    """Median wall and CPU milliseconds of one crop through each network, and of the whole estimator for fp32."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    runs = {}
    crop = np.random.default_rng(0).normal(size=(1, 3, 256, 192)).astype(np.float32)
    image = cv2.resize(np.random.default_rng(0).integers(0, 255, (60, 34, 3), dtype=np.uint8), (1080, 1920))
    for name, path in files.items():
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        runs[name] = lambda session=session: session.run(None, {"input": crop})
        if name.endswith("fp32"):
            estimator = SpinePoseEstimator(path, flip_test=False)
            runs[f"{name}, with crop and decoding of a 1080x1920 picture"] = lambda e=estimator: e(image)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for round_number in range(rounds + 3):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            if round_number >= 3:
                taken[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: tuple(1000 * np.median(values, axis=0)) for name, values in taken.items()}  # type: ignore[misc]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="pictures through each (default 50)")
    parser.add_argument("--threads", type=int, default=2, help="of the networks alone (default 2)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, Path] = {}
        for size in SIZES:
            files |= make_files(Path(folder), size)
        found = measure(files, args.rounds, args.threads)
    for name, (wall, cpu) in found.items():
        print(f"{name}: {wall:.1f} ms wall, {cpu:.1f} ms CPU")
    for size in SIZES:
        (_, plain), (_, small) = found[f"{size} fp32"], found[f"{size} int8"]
        print(f"{size}: int8 takes {small / plain:.2f} of fp32's CPU time")


if __name__ == "__main__":
    main()
