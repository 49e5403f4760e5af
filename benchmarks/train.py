"""Images a second in training: this trainer against the same model in plain fp32, and what loading costs.

Both take turns in one process, so that a busy machine slows both alike; the ratio is what counts. "Plain" is forward,
backward and AdamW in fp32, default memory layout, threads inside each operation. "Ours" is the trainer's own step:
channels-last, bf16 where the processor has it, parts of the batch side by side on a core each, fused optimiser, weight
average. Loading is decoding, cutting and augmenting a crop in one process, as a share of the time of ours on one core.

    python -m benchmarks.train --sizes t s --rounds 6
    python -m benchmarks.train --data runs/demo/dataset          # pictures of a run, for the share of loading
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from spinepose.coco import load_coco
from spinepose.config import AugmentConfig, TrainConfig
from spinepose.data import CropDataset, Crops, PersonImages, list_people
from spinepose.losses import Logits, positional
from spinepose.model.family import PoseModel, initialise
from spinepose.model.simcc import encode
from spinepose.precision import resolve_precision
from spinepose.predict import normalise
from spinepose.shards import replicate, shard_pool
from spinepose.training_log import TrainingLog
from spinepose.training_loop import Task, Trainer


def made_up_crops(count: int, size: tuple[int, int]) -> Crops:
    """A batch of noise with labels."""
    generator = torch.Generator().manual_seed(0)
    width, height = size
    return Crops(
        torch.randint(0, 255, (count, 3, height, width), dtype=torch.uint8, generator=generator),
        torch.rand(count, 37, 2, generator=generator) * torch.tensor([width - 1.0, height - 1.0]),
        torch.ones(count, 37, dtype=torch.bool),
        torch.full((count,), float(height) * 0.7),
        torch.eye(2, 3, dtype=torch.float64).expand(count, 2, 3),
        torch.arange(count),
    )


def plain_step(size: str, crops: Crops) -> Callable[[], None]:
    """A step as anyone would write it first."""
    input_size = (crops.images.shape[3], crops.images.shape[2])
    model = PoseModel(size, 37, input_size)
    initialise(model, 0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        logits = Logits(*model(normalise(crops.images).contiguous()))
        loss = positional(logits, Logits(*encode(crops.keypoints_px, input_size)), crops.labelled.float())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 35.0)
        optimiser.step()

    return step


def measure(size: str, config: TrainConfig, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each round of plain and of ours, in turns."""
    crops = made_up_crops(config.batch_size, config.input_size)
    plain = plain_step(size, crops)
    with tempfile.TemporaryDirectory() as folder:
        model = PoseModel(size, 37, config.input_size)
        initialise(model, 0)
        task = Task("student", 10**9, 1e-4, Path(folder), {}, 0, from_scratch=False)
        trainer = Trainer(task, config, model, None, TrainingLog(Path(folder) / "log.csv"))
        seconds: tuple[list[float], list[float]] = ([], [])
        threads = torch.get_num_threads()
        with shard_pool(config.shards) as pool:
            replicas = replicate(trainer.modules, pool.count)
            for number in range(rounds + 1):
                for which, step in enumerate((plain, lambda: trainer._one_step(crops, replicas, pool))):
                    torch.set_num_threads(1 if which else threads)
                    began = time.perf_counter()
                    step()
                    if number:  # the first one warms up
                        seconds[which].append(time.perf_counter() - began)
                torch.set_num_threads(1)
    return seconds


def loading_seconds(data: Path, config: TrainConfig, cached: bool, count: int = 200) -> float:
    """CPU seconds that a crop costs before it is on the trainer's table."""
    labels = data / "annotations" / "person_keypoints_train-synth.json"
    people = list_people(load_coco(labels), data / "images")[:count]
    images = PersonImages(people, config.input_size, config.cache_mb if cached else 0)
    dataset = CropDataset(images, AugmentConfig(), 0)
    if cached:
        for number in range(len(people)):
            images.get(number)
    began = time.process_time()
    for number in range(count):
        dataset[(number % len(people), number)]
    return (time.process_time() - began) / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", default=["t", "s"])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--input", type=int, nargs=2, default=(192, 256), metavar=("W", "H"))
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--data", type=Path, help="a run's dataset folder, to measure loading on")
    args = parser.parse_args()
    torch.set_num_threads(args.cores)
    config = TrainConfig(
        input_size=tuple(args.input), batch_size=args.batch, shards=args.cores, log_every=10**9
    )
    precision = resolve_precision(config.precision)
    print(f"{args.cores} cores, {precision}, batch {args.batch}, {args.input[0]}x{args.input[1]}")
    loading = {c: loading_seconds(args.data, config, c) for c in (True, False)} if args.data else {}
    for size in args.sizes:
        plain, ours = (np.array(s) for s in measure(size, config, args.rounds))
        ratio = float(np.median(plain / ours))
        print(
            f"{size}: plain fp32 {args.batch / np.median(plain):.1f} images/s, "
            f"ours {args.batch / np.median(ours):.1f}, {ratio:.2f} times"
        )
        for cached, seconds in loading.items():
            step = float(np.median(ours)) * args.cores / args.batch
            words = "people in memory" if cached else "decoded every time"
            print(
                f"   loading ({words}): {1000 * seconds:.1f} ms a crop, {100 * seconds / step:.0f} % of a step"
            )


if __name__ == "__main__":
    main()
