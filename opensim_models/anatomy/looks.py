"""Widths and depths of vertebrae and other bones for the eye: what OpenSim's viewer draws and nothing else uses.

Breadths of the column after Panjabi 1991/92 [mem], round figures between its rows [guess]; limbs, pelvis and skull
[guess]. Millimetres for ``REFERENCE_STATURE_M`` of :mod:`opensim_models.anatomy.levels`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.anatomy.coordinates import LEVELS


@dataclass(frozen=True)
class Looks:
    """A vertebra for the eye, mm.

    Attributes:
        depth: Endplate, front to back.
        width: Endplate, side to side.
        span: Between the tips of the transverse processes.
        canal: Depth of the spinal canal.
        process: Height of the spinous process.
    """

    depth: float
    width: float
    span: float
    canal: float
    process: float


ROWS: dict[str, Looks] = {
    "L5": Looks(34, 50, 92, 19, 18),
    "L3": Looks(34, 46, 86, 18, 22),
    "L1": Looks(33, 42, 72, 18, 20),
    "T12": Looks(32, 39, 47, 17, 14),
    "T9": Looks(29, 31, 58, 15, 9),
    "T6": Looks(26, 28, 61, 15, 8),
    "T1": Looks(18, 28, 75, 15, 9),
    "C7": Looks(17, 23, 66, 14, 9),
    "C3": Looks(15, 18, 50, 15, 8),
    "C2": Looks(15, 18, 52, 16, 10),
    "C1": Looks(12, 16, 76, 18, 6),
}


def looks(level: str) -> Looks:
    """A level's row, straight lines between the rows of the table."""
    keys = sorted(ROWS, key=LEVELS.index)
    places = [LEVELS.index(key) for key in keys]
    place = LEVELS.index(level)
    return Looks(
        *(
            float(np.interp(place, places, [getattr(ROWS[key], name) for key in keys]))
            for name in Looks.__dataclass_fields__
        )
    )
