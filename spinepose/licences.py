"""Licences of data: known by name or address, ordered from the freest to the strictest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from spinepose.errors import InputError

_TABLE = Path(__file__).parent / "maps" / "licences.yaml"


@dataclass(frozen=True)
class Licence:
    """One licence.

    Attributes:
        id: SPDX id where it has one.
        commercial: Whether commercial use is allowed.
        rank: Its place from the freest (0) to the strictest.
    """

    id: str
    commercial: bool
    rank: int


@cache
def _table() -> tuple[tuple[Licence, str, tuple[str, ...]], ...]:
    rows = yaml.safe_load(_TABLE.read_text("utf-8"))
    return tuple(
        (Licence(row["id"], row["commercial"], rank), row["url"], (row["id"].lower(), *row["names"]))
        for rank, row in enumerate(rows)
    )


def licence(name: str) -> Licence:
    """The licence of a name or web address.

    Raises:
        InputError: No licence of the table bears it.
    """
    plain = name.strip().lower()
    for known, url, names in _table():
        if plain in names or (url and url in plain):
            return known
    choices = ", ".join(known.id for known, _, _ in _table())
    raise InputError(f"licence '{name}' is not known; give one of {choices}")


def licence_of_entry(entry: Mapping[str, Any]) -> Licence:
    """The licence of an entry of a COCO file's ``licenses``: by its address, else by its name."""
    for key in ("url", "name"):
        try:
            return licence(str(entry.get(key) or ""))
        except InputError:
            continue
    raise InputError(
        f"licence entry {entry.get('id')} ('{entry.get('name')}') is not known; state the source's licence"
    )


def strictest(licences: Iterable[Licence]) -> Licence:
    """The one that allows least."""
    return max(licences, key=lambda one: one.rank)
