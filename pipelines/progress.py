"""One progress bar a stage; silent when nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

from pipelines.run import Stage

T = TypeVar("T")


def progress(items: Iterable[T], stage: Stage, unit: str, total: int | None = None) -> Iterator[T]:
    """Walk over a stage's items with a bar that shows items/s, the ETA and how many failed."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    # Numba, torch and the world may print: the bar goes to stderr and only to a terminal.
    with tqdm(
        items, desc=f"{stage.manifest.stage:12s}", unit=unit, total=total, disable=not sys.stderr.isatty()
    ) as bar:
        for item in bar:
            yield item
            if stage.manifest.failures:
                bar.set_postfix(failed=len(stage.manifest.failures))
