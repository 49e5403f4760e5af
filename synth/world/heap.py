"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


@cache
def _trim() -> Any:
    """The C library's ``malloc_trim``; None where it has none (glibc has)."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None


def give_back() -> None:
    """Return free memory inside the heap to the system.

    glibc keeps the holes that bodies and textures of many sizes leave, and fills them badly: a world grew by 3 MB with
    each new body though it held no more. This costs 5 to 10 CPU-ms, and as much again when the pages are next used.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
