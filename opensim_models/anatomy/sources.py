"""Where each number of the anatomy tables comes from, so that a test and ``spineforge model describe`` can count it.

``sourced``: read in the work named, or in its abstract or a page of it. ``mem``: written from memory of the work named,
which could not be opened. ``guess``: nobody measured it for us. The entries stand in ``sources.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from opensim_models.anatomy import levels, looks, segments, soft_tissue
from opensim_models.anatomy.coordinates import JOINT_LEVELS
from opensim_models.anatomy.readouts import READOUT_OFFSETS_M

STATUSES: tuple[str, ...] = ("sourced", "mem", "guess")


@dataclass(frozen=True)
class Source:
    """What is behind some rows of a table.

    Attributes:
        table: Name of the table or column.
        rows: Rows it speaks of; None for all.
        status: One of ``STATUSES``.
        words: The work, and what other works say.
    """

    table: str
    rows: tuple[str, ...] | None
    status: str
    words: str


@cache
def sources() -> tuple[Source, ...]:
    """All entries of ``sources.yaml``."""
    entries = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text(encoding="utf-8"))
    return tuple(
        Source(e["table"], None if e["rows"] == "all" else tuple(e["rows"]), e["status"], e["words"])
        for e in entries
    )


def tables() -> Mapping[str, dict[str, int]]:
    """Every table of numbers: its rows, and how many numbers each holds."""
    columns = [name for name in levels.Level.__dataclass_fields__ if name != "name"]
    found = {f"levels.{column}": dict.fromkeys(JOINT_LEVELS, 1) for column in columns}
    for constant in ("REFERENCE_STATURE_M", "REFERENCE_SACRAL_SLOPE_DEG"):
        found[f"levels.{constant}"] = {"value": 1}
    found["levels.flexion_share"] = dict.fromkeys(levels.FLEXION_SHARE, 1)
    found["segments.MASS_SHARES"] = dict.fromkeys(segments.MASS_SHARES, 1)
    found["segments.CYLINDERS"] = dict.fromkeys(segments.CYLINDERS, 2)
    found["segments.S1_IN_PELVIS_M"] = {"value": 3}
    found["segments.LIMB_JOINTS.offset"] = {joint.child: 3 for joint in segments.LIMB_JOINTS}
    found["segments.LIMB_JOINTS.range"] = {
        joint.child: 2 * sum(bool(c[0]) for c in joint.coordinates) for joint in segments.LIMB_JOINTS
    }
    found["segments.MARKER_OFFSETS_M"] = dict.fromkeys(segments.MARKER_OFFSETS_M, 3)
    found["soft_tissue.depth"] = dict.fromkeys(soft_tissue.DEPTHS, 1)
    found["soft_tissue.slope"] = dict.fromkeys(soft_tissue.DEPTHS, 1)
    for constant in ("REFERENCE_BMI", "MIN_DEPTH_MM", "SUBJECT_SD_SHARE"):
        found[f"soft_tissue.{constant}"] = {"value": 1}
    found["readouts"] = dict.fromkeys(READOUT_OFFSETS_M, 3)
    found["looks"] = dict.fromkeys(looks.ROWS, len(looks.Looks.__dataclass_fields__))
    return found


def source_of(table: str, row: str) -> list[Source]:
    """The entries that speak of a row; one where the tables are sound."""
    return [s for s in sources() if s.table == table and (s.rows is None or row in s.rows)]


def counts() -> dict[str, dict[str, int]]:
    """Numbers by table and status."""
    found = {}
    for table, rows in tables().items():
        found[table] = dict.fromkeys(STATUSES, 0)
        for row, numbers in rows.items():
            found[table][source_of(table, row)[0].status] += numbers
    return found
