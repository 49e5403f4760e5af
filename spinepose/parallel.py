"""Several processes that train one model together, started by ``torchrun``.

Each process computes the gradients of its part of the batch; the mean over processes is what every one of them applies,
so two processes of batch B take the steps of one process of batch 2B with two shards. The first process alone writes
files, evaluates, and keeps the batch-norm statistics.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Group:
    """The processes of a training.

    Attributes:
        rank: Which one this is, from 0.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def average_(self, tensors: Sequence[Tensor | None]) -> None:
        """Replace tensors, in place, by their mean over the processes; None must be None in all of them."""
        known = [tensor for tensor in tensors if tensor is not None]
        if self.size == 1 or not known:
            return
        # One message: many small ones cost more in waiting than in bytes.
        flat = torch.cat([tensor.reshape(-1) for tensor in known])
        distributed.all_reduce(flat)
        parts = flat.div_(self.size).split([tensor.numel() for tensor in known])
        for tensor, part in zip(known, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    def average_numbers(self, numbers: dict[str, float]) -> dict[str, float]:
        """Mean of named numbers over the processes, which must name the same ones in the same order."""
        values = torch.tensor(list(numbers.values()), dtype=torch.float64)
        self.average_([values])
        return dict(zip(numbers, values.tolist(), strict=True))

    def largest(self, value: float) -> float:
        """The largest of the processes' values."""
        if self.size == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64)
        distributed.all_reduce(tensor, distributed.ReduceOp.MAX)
        return float(tensor)

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def process_group() -> Iterator[Group]:
    """The processes that ``torchrun`` started; without it, this one alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    outermost = not distributed.is_initialized()
    if outermost:
        distributed.init_process_group("gloo")
    try:
        yield Group(distributed.get_rank(), size)
    finally:
        if outermost:
            distributed.destroy_process_group()
