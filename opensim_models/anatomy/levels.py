"""The vertebral column as a table: size, posture and mobility of every level, each row with its source.

``[mem]`` marks a number written from memory of the work named and not checked against it, ``[guess]`` one that
nobody measured for us: a round figure between its neighbours, or an anatomist's order of magnitude. Sizes are for
``REFERENCE_STATURE_M``; everything scales with stature. :mod:`opensim_models.anatomy.sources` counts them and says what
other works found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.anatomy.coordinates import (
    JOINT_LEVELS,
    LEVELS,
    MOTIONS,
    REGIONAL_COORDINATES,
    region_of_joint,
)

# Mean stature of the cadavers behind the body heights, Panjabi 1991/92 [mem].
REFERENCE_STATURE_M = 1.68
REFERENCE_SACRAL_SLOPE_DEG = 40.0  # Mac-Thiong 2011: mean ± 2 SD of 709 adults 24-55; the tilts are for it


@dataclass(frozen=True)
class Level:
    """One row of the table.

    Attributes:
        name: Vertebra, or C0 for the skull.
        flexion_deg: Range of the joint below, flexion plus extension. White & Panjabi 1990 [mem].
        bending_deg: Range of the joint below to one side. White & Panjabi 1990 [mem].
        rotation_deg: Range of the joint below to one side. White & Panjabi 1990 [mem].
        height_mm: Posterior body height, Panjabi 1991/92 [mem]; C2 and C1 [guess].
        disc_mm: Height of the disc below [guess], inside the lumbar reference ranges of Zhang 2018.
        tilt_deg: Forward lean of the body in quiet standing at a sacral slope of 40 degrees [guess].
        spinous_back_mm: From the body's centre back to the tip of the spinous process, along the body's own x
            [guess], after half a body depth plus Panjabi's spinous process lengths [mem].
        spinous_down_mm: From the body's centre down to that tip, along the body's own y [guess]: middle thoracic
            processes point down by a whole level.
    """

    name: str
    flexion_deg: float
    bending_deg: float
    rotation_deg: float
    height_mm: float
    disc_mm: float
    tilt_deg: float
    spinous_back_mm: float
    spinous_down_mm: float


# Bottom up, as LEVELS and JOINT_LEVELS are.
_TABLE: tuple[Level, ...] = (
    Level("L5", 17, 3, 1, 22.9, 10.0, 18, 60, 12),
    Level("L4", 16, 6, 2, 24.1, 11.0, 5, 66, 12),
    Level("L3", 15, 8, 2, 23.8, 10.0, -6, 68, 12),
    Level("L2", 14, 6, 2, 24.3, 9.0, -12, 66, 12),
    Level("L1", 12, 6, 2, 23.8, 8.0, -16, 62, 13),
    Level("T12", 12, 8, 2, 22.7, 6.5, -17, 57, 14),
    Level("T11", 12, 9, 2, 21.3, 5.5, -16, 54, 17),
    Level("T10", 9, 7, 2, 20.2, 5.0, -14, 52, 21),
    Level("T9", 6, 6, 4, 19.3, 4.5, -11, 51, 25),
    Level("T8", 6, 6, 6, 18.7, 4.0, -7, 50, 28),
    Level("T7", 6, 6, 7, 18.2, 4.0, -2, 50, 30),
    Level("T6", 5, 6, 7, 17.4, 4.0, 4, 50, 30),
    Level("T5", 4, 6, 8, 16.2, 4.0, 10, 49, 28),
    Level("T4", 4, 6, 8, 16.2, 4.0, 15, 49, 24),
    Level("T3", 4, 5, 8, 15.7, 4.0, 20, 49, 20),
    Level("T2", 4, 6, 8, 15.6, 4.0, 24, 50, 16),
    Level("T1", 4, 5, 9, 14.1, 4.5, 26, 53, 13),
    Level("C7", 9, 4, 2, 12.8, 5.0, 22, 53, 13),
    Level("C6", 17, 7, 6, 10.9, 5.0, 17, 42, 11),
    Level("C5", 20, 8, 7, 11.4, 5.0, 14, 36, 9),
    Level("C4", 20, 11, 7, 11.4, 5.0, 12, 36, 8),
    Level("C3", 15, 11, 7, 11.6, 5.0, 11, 36, 7),
    Level("C2", 10, 10, 3, 22.0, 5.0, 10, 41, 8),
    Level("C1", 20, 5, 40, 12.0, 0.0, 5, 33, 2),
    Level("C0", 25, 5, 5, 0.0, 0.0, 0, 0, 0),
)

# Share of the flexion-extension range that is flexion, from upright standing [guess].
FLEXION_SHARE = {"lumbar": 0.70, "thoracic": 0.60, "cervical": 0.45}


def column(field: str) -> np.ndarray:
    """One column of the table, bottom up, one value for each of ``JOINT_LEVELS``, shape (25,)."""
    return np.array([getattr(row, field) for row in _TABLE], dtype=float)


def joint_ranges_rad() -> np.ndarray:
    """Lower and upper limit of each joint's three motions, radians, shape (25, 3, 2)."""
    ranges = np.empty((len(_TABLE), len(MOTIONS), 2))
    for index, row in enumerate(_TABLE):
        share = FLEXION_SHARE[region_of_joint(row.name)]
        ranges[index] = (
            (-(1 - share) * row.flexion_deg, share * row.flexion_deg),
            (-row.bending_deg, row.bending_deg),
            (-row.rotation_deg, row.rotation_deg),
        )
    return np.radians(ranges)


def regional_ranges_rad() -> np.ndarray:
    """Limits of the nine regional coordinates: the sums over their joints, radians, shape (9, 2)."""
    ranges = joint_ranges_rad()
    regions = [region_of_joint(level) for level in JOINT_LEVELS]
    sums = np.empty((len(REGIONAL_COORDINATES), 2))
    for index, name in enumerate(REGIONAL_COORDINATES):
        region, motion = name.split("_")
        members = [j for j, r in enumerate(regions) if r == region]
        sums[index] = ranges[members, MOTIONS.index(motion)].sum(axis=0)
    return sums


def nominal_shares() -> np.ndarray:
    """Share of its region's motion that each joint takes, in proportion to its range, shape (25, 3).

    Sources disagree by a factor of two at single lumbar levels; a subject's own shares are drawn, not known.
    """
    widths = np.diff(joint_ranges_rad(), axis=2)[..., 0]
    shares = np.empty_like(widths)
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    for region in np.unique(regions):
        members = regions == region
        shares[members] = widths[members] / widths[members].sum(axis=0)
    return shares


if tuple(row.name for row in _TABLE) != (*LEVELS, "C0"):  # pragma: no cover - a slip in the table above
    raise RuntimeError("the table of levels is out of order")
