"""Random numbers that are split per item and per purpose, so that one more draw moves nothing else."""

from __future__ import annotations

import hashlib

import numpy as np


def rng_for(seed: int, *path: str | int) -> np.random.Generator:
    """Make the generator of one item and one purpose.

    Args:
        seed: The run's seed. 0 is a seed like any other.
        path: What the numbers are for, e.g. ``("frame", 12, "light")``. Strings and integers only, so
            that the same path gives the same numbers in every process and on every machine.

    Returns:
        A generator that is independent of the generators of all other paths.
    """
    key = repr((int(seed), *path)).encode()
    words = np.frombuffer(hashlib.sha256(key).digest(), dtype=np.uint32)
    return np.random.default_rng(np.random.SeedSequence([int(word) for word in words]))
