"""Compute a batch in parts side by side, one thread and one core each.

Threads inside one operation wait for each other by spinning. On two cores that is worth a factor of 1.5 while both are
free, and costs a factor of 10 to 40 as soon as another program wants one of them (measured). Parts of a batch, each on
one thread from the first layer to the last gradient, meet once a step and wait asleep.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

Part = TypeVar("Part")


def replicate(modules: nn.ModuleDict, count: int) -> list[nn.ModuleDict]:
    """Make copies that share every parameter but have buffers of their own.

    The first is the original: its batch-norm statistics are the ones that are kept, so the result does not depend on
    which thread is faster.
    """
    copies = [modules]
    for _ in range(count - 1):
        twin = copy.deepcopy(modules)
        for own, original in zip(twin.modules(), modules.modules(), strict=True):
            for name, parameter in original._parameters.items():
                own._parameters[name] = parameter
        copies.append(twin)
    return copies


class ShardPool:
    """Threads that each run a function on one part, with a share of the cores each."""

    def __init__(self, count: int, cores: int) -> None:
        self.count = count
        threads = max(1, cores // count)
        # The number of threads inside an operation is a setting of each thread.
        self._pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(threads,))

    def map(self, work: Callable[..., Part], *columns: Sequence) -> list[Part]:
        """Results of ``work`` on each part, in the order of the parts; the first error is raised."""
        return list(self._pool.map(work, *columns))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


@contextmanager
def one_thread() -> Iterator[None]:
    """Operations of this thread run on one core inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def shard_pool(count: int) -> Iterator[ShardPool]:
    """A pool that ends with the block; this thread's own operations run on one core meanwhile."""
    cores = torch.get_num_threads()
    with one_thread():
        pool = ShardPool(count, cores)
        try:
            yield pool
        finally:
            pool.close()


@torch.no_grad()
def set_mean_gradients(parameters: Sequence[nn.Parameter], parts: Sequence[Sequence[Tensor | None]]) -> None:
    """Set each parameter's gradient to the mean of the parts' gradients, summed in a fixed order.

    The gradient takes the parameter's memory layout: the fused optimiser walks both as flat memory, and a gradient in
    another layout silently trains the wrong weights (measured: the model never left the mean pose).
    """
    for parameter, *gradients in zip(parameters, *parts, strict=True):
        known = [gradient for gradient in gradients if gradient is not None]
        if not known:
            parameter.grad = None
            continue
        mean = torch.empty_like(parameter).copy_(known[0])
        for gradient in known[1:]:
            mean.add_(gradient)
        parameter.grad = mean.div_(len(known))
