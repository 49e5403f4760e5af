"""Other people's skeletons, mapped by name into the 37: tables in ``maps/``, one a skeleton."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from spinepose.errors import InputError
from spinepose.skeleton import INDEX, NAMES

SKELETONS: tuple[str, ...] = ("spinetrack", "coco17", "halpe26", "halpe136")
_FOLDER = Path(__file__).parent / "maps"
# Names that other sets give to other places; a file that has no spine means them so.
_AMBIGUOUS = ("head", "neck", "hip")
_SPINE_NAMES = frozenset(name for name in NAMES if name.startswith(("spine_", "neck_")))


@dataclass(frozen=True)
class SkeletonMap:
    """How a file's keypoints become the 37.

    Attributes:
        name: Of the skeleton.
        count: Keypoints in the file.
        rows: Row in the file of each of the 37, -1 for none, shape (37,).
        left_out: Keypoints of the file that bear a name of ours and are not taken, with the reason.
    """

    name: str
    count: int
    rows: np.ndarray
    left_out: Mapping[str, str]

    def apply(self, flat: list[float]) -> list[float | int]:
        """A flat (x, y, v) list of the file as one of the 37; what is not labelled is 0, 0, 0."""
        result: list[float | int] = []
        for row in self.rows.tolist():
            v = 0 if row < 0 else int(flat[3 * row + 2])
            result += [flat[3 * row], flat[3 * row + 1], v] if v else [0, 0, 0]
        return result


def skeleton_map(
    names: tuple[str, ...] | None,
    stated: str | None = None,
    renamed: Mapping[str, str] | None = None,
    count: int | None = None,
) -> SkeletonMap:
    """The map for a file.

    Args:
        names: What the file calls its keypoints, None where it does not name them.
        stated: One of ``SKELETONS`` where the user says which it is.
        renamed: The user's own: a name in the file to one of the 37.
        count: Keypoints in an annotation of a file that does not name them.

    Raises:
        InputError: The skeleton cannot be told, or has no keypoint of the 37.
    """
    known = stated or _recognise(names, count)
    table = _load(known) if known else None
    if table is not None and names is None:
        names = table.names
    if names is None:
        raise InputError(
            f"the file does not name its {count} keypoints; state its skeleton: {', '.join(SKELETONS)}"
        )
    if table is not None and stated and len(names) not in (table.count, len(table.names)):
        raise InputError(f"the file has {len(names)} keypoints, skeleton '{stated}' has {table.count}")
    aliases = table.aliases if table else {}
    different = table.different if table else _foreign_axis(names)
    built = _build(known or "by name", names, {**aliases, **(renamed or {})}, different, set(renamed or ()))
    return replace(built, count=max(built.count, table.count)) if table else built


@dataclass(frozen=True)
class _Table:
    names: tuple[str, ...]
    count: int
    different: Mapping[str, str]
    aliases: Mapping[str, str]


@cache
def _load(name: str) -> _Table:
    if name not in SKELETONS:
        raise InputError(f"skeleton '{name}' is not known; give one of {', '.join(SKELETONS)}")
    content = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))
    base = _load(content["extends"]) if "extends" in content else _Table((), 0, {}, {})
    names = tuple(content.get("names", base.names))
    different = content.get("different", base.different)
    return _Table(names, content.get("count", len(names)), different, content.get("aliases", base.aliases))


def _recognise(names: tuple[str, ...] | None, count: int | None) -> str | None:
    if names is None:
        return next((name for name in SKELETONS if _load(name).count == count), None)
    for name in ("spinetrack", "coco17", "halpe26", "halpe136"):
        table = _load(name)
        plain = tuple(table.aliases.get(n, n) for n in names)
        if len(names) == table.count and plain[: len(table.names)] == table.names:
            return name
    return None


def _foreign_axis(names: tuple[str, ...]) -> dict[str, str]:
    if _SPINE_NAMES & set(names):
        return {}
    return dict.fromkeys(
        _AMBIGUOUS,
        "the file has no spine, so that this name may mean another place; map it yourself if it does not",
    )


def _build(
    label: str,
    names: tuple[str, ...],
    aliases: Mapping[str, str],
    different: Mapping[str, str],
    meant: set[str],
) -> SkeletonMap:
    rows = np.full(len(NAMES), -1)
    left_out = {}
    for row, given in enumerate(names):
        name = aliases.get(given, given)
        if name in different and given not in meant:
            left_out[given] = different[name]
        elif name in INDEX:
            rows[INDEX[name]] = row
        elif given in meant:
            raise InputError(f"keypoint '{given}' is mapped to '{name}', which is none of the 37")
    if (rows < 0).all():
        raise InputError(f"none of its keypoints is one of the 37 (the first is '{names[0]}')")
    return SkeletonMap(label, len(names), rows, left_out)
