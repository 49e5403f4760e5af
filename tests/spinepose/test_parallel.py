"""Two processes under torchrun against one process with the doubled batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from spinepose.config import TrainConfig
from spinepose.data import ResumableOrder
from spinepose.model.weights import load_checkpoint
from spinepose.parallel import Group
from spinepose.train import run_training

SMALL = {
    "input_size": (32, 64), "teacher_samples": 16, "student_samples": 16, "evaluations": 1, "log_every": 1,
    "precision": "fp32", "learning_rate": 1e-4, "evaluation_people": 4,
}  # fmt: skip

SCRIPT = """
import sys
from spinepose.config import TrainConfig
from spinepose.train import run_training
import torch
torch.set_num_threads(1)
root, out, settings = sys.argv[1], sys.argv[2], eval(sys.argv[3])
labels = [f"{root}/annotations/person_keypoints_{split}-synth.json" for split in ("train", "val")]
run_training(TrainConfig(**settings), *labels, f"{root}/images", out)
"""


def test_two_processes_take_the_steps_of_one_with_the_doubled_batch(sketch_root: Path, tmp_path: Path):
    (tmp_path / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [str(tmp_path / "train.py"), str(sketch_root), str(tmp_path / "two")]
    settings = {**SMALL, "batch_size": 2, "shards": 1}
    run = subprocess.run(
        [*command, *arguments, repr(settings)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    labels = [sketch_root / "annotations" / f"person_keypoints_{s}-synth.json" for s in ("train", "val")]
    one = TrainConfig(**{**SMALL, "batch_size": 4, "shards": 2})
    run_training(one, *labels, sketch_root / "images", tmp_path / "one")
    states = [load_checkpoint(tmp_path / n / "student.pt").model.state_dict() for n in ("one", "two")]
    for name, value in states[0].items():
        torch.testing.assert_close(
            states[1][name], value, rtol=1e-3, atol=2e-5, msg=lambda m, n=name: f"{n}: {m}"
        )
    assert (tmp_path / "two" / "training.json").exists()


def test_two_parts_of_a_stream_are_the_stream():
    def first(batch: int, part: tuple[int, int], count: int, start: int = 0) -> list:
        order = iter(ResumableOrder(10, batch, 3, start, part))
        return [next(order) for _ in range(count)]

    whole = first(4, (0, 1), 5)
    halves = [first(2, (rank, 2), 5) for rank in (0, 1)]
    assert [a + b for a, b in zip(*halves, strict=True)] == whole
    assert first(2, (1, 2), 1, start=8) == [halves[1][2]]


def test_alone_there_is_nothing_to_average():
    gradient = torch.tensor([1.0, 2.0])
    Group().average_([gradient, None])
    assert gradient.tolist() == [1.0, 2.0]
    assert Group().average_numbers({"a": 0.5}) == {"a": 0.5}
    assert Group().largest(3.0) == 3.0


@pytest.mark.parametrize("rank", [0, 1])
def test_the_first_process_writes(rank: int):
    assert Group(rank, 2).is_first == (rank == 0)
