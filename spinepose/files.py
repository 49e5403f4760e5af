"""Files that are never half written: everything goes to a temporary neighbour first and is then renamed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` when the block ends well.

    The temporary file keeps the suffix of the real one, because writers such as OpenCV choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes files that only the owner may read; a result is a file like any other.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path | str, value: Any, indent: int | None = None) -> None:
    """Write JSON atomically; NaN is refused, because other readers choke on it.

    Raises:
        ValueError: The value holds NaN or infinity.
    """
    with atomic_path(path) as temporary:
        separators = (",", ":") if indent is None else None
        temporary.write_text(
            json.dumps(value, indent=indent, separators=separators, allow_nan=False), "utf-8"
        )
