"""What a biomechanist looks at: spinal curves, limits, sides, units, whether markers of one bone keep their distance.

Lordosis is the sagittal angle from the S1 endplate to the lower endplate of T12; kyphosis from the lower endplate of
T12 to the upper one of T1; cervical lordosis from the middle of C7 to that of C2 (positive: the neck bends backward).
The model's endplates are parallel to their vertebra's x axis, so these are angles between vertebral frames.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from opensim_models.kinematics import Kinematics
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.errors import InputError

_SPINE = slice(6, 15)  # the nine regional coordinates follow the pelvis' six
# Pairs of markers on one bone.
BONE_PAIRS = (
    ("LASI", "RASI"), ("LPSI", "RPSI"), ("LASI", "LPSI"), ("RASI", "RPSI"), ("LFHD", "RFHD"), ("LBHD", "RBHD"),
    ("LFHD", "LBHD"), ("LELL", "LELM"), ("RELL", "RELM"), ("LWRR", "LWRU"), ("RWRR", "RWRU"), ("LKNL", "LKNM"),
    ("RKNL", "RKNM"), ("LANL", "LANM"), ("RANL", "RANM"), ("LHEE", "LTOE"), ("RHEE", "RTOE"),
)  # fmt: skip
MAX_BONE_CHANGE_M = 0.030  # skin moves by 10-20 mm over bone [guess]; swapped or slipped markers by more
SIDED_GROUPS: dict[str, tuple[str, ...]] = {
    "legs": ("THI", "KNL", "KNM", "TIB", "ANL", "ANM", "HEE", "TOE", "MT5"),
    "arms": ("ACR", "ELL", "ELM", "WRR", "WRU", "FIN"),
    "trunk markers": ("T10P", "L2P", "RIB", "ICR", "ASI", "PSI"),
}


def lean(rotations_below: np.ndarray, rotations_above: np.ndarray) -> np.ndarray:
    """Sagittal angle by which one frame leans forward in another, radians, shapes (..., 3, 3) to (...)."""
    relative = np.swapaxes(rotations_below, -1, -2) @ rotations_above
    return np.arctan2(relative[..., 0, 1], relative[..., 1, 1])


def spinal_curves(
    kinematics: Kinematics, coordinates: np.ndarray, sacral_slope_rad: float
) -> dict[str, np.ndarray]:
    """Lordosis, kyphosis and cervical lordosis of each frame, radians, (T,) each; see the module for endplates."""
    turns = np.stack([kinematics.bodies(x)[0] for x in coordinates])
    frame = {
        name: turns[:, kinematics.body_names.index(name)] for name in ("sacrum", "T12", "T1", "C7", "C2")
    }
    return {
        "lordosis": sacral_slope_rad - lean(frame["sacrum"], frame["T12"]),
        "kyphosis": lean(frame["T12"], frame["T1"]),
        "cervical_lordosis": -lean(frame["C7"], frame["C2"]),
    }


def frames_at_limit(coordinates: np.ndarray, tolerance_rad: float = np.radians(1.0)) -> np.ndarray:
    """Frames in which a regional coordinate lies beyond its anatomical range, (T,).

    The solver only pulls at these limits and does not clamp, so that this can be seen.

    Args:
        coordinates: Independent coordinates, (T, Q).
        tolerance_rad: How far beyond counts.
    """
    spine = coordinates[:, _SPINE]
    low, high = REGIONAL_RANGES_RAD[:, 0] - tolerance_rad, REGIONAL_RANGES_RAD[:, 1] + tolerance_rad
    return np.any((spine < low) | (spine > high), axis=1)


def share_at_limit(coordinates: np.ndarray, tolerance_rad: float = np.radians(1.0)) -> float:
    """Share of the frames that :func:`frames_at_limit` finds."""
    return float(frames_at_limit(coordinates, tolerance_rad).mean())


def check_units(name: str, stature_m: float, markers_m: np.ndarray) -> None:
    """Refuse a standing trial whose height does not fit the stature.

    Args:
        name: Trial, for the message.
        stature_m: Metres.
        markers_m: World frame, z up, (M, 3), NaN where missing.

    Raises:
        InputError: Markers in millimetres or centimetres, or lying on another axis.
    """
    spans = np.nanmax(markers_m, axis=0) - np.nanmin(markers_m, axis=0)
    ratio = spans.max() / stature_m
    for unit, factor in (("millimetres", 1000.0), ("centimetres", 100.0)):
        if 0.4 * factor < ratio < 1.6 * factor:
            raise InputError(
                f"trial {name!r}: markers span {spans.max():.0f}, which looks like {unit}; give metres"
            )
    if not 0.4 < spans[2] / stature_m < 1.4:
        raise InputError(
            f"trial {name!r}: markers span {spans[2]:.2f} m upwards for a stature of {stature_m:.2f} m; "
            "check the unit, that z is up, and that the person stands"
        )


def swapped_standing(markers_m: dict[str, np.ndarray]) -> list[str]:
    """Groups of markers whose left and right are swapped in a standing trial.

    The right side of the body is told by the pelvis: ahead is from the posterior to the anterior iliac spines. The
    pelvis itself can be swapped only as a whole; then ahead still holds and its own right lies on the left.

    Args:
        markers_m: OpenSim's axes (y up), (3,) each.
    """
    ahead = markers_m["LASI"] + markers_m["RASI"] - markers_m["LPSI"] - markers_m["RPSI"]
    right = np.cross(ahead, [0.0, 1.0, 0.0])
    return [group for group, stems in SIDED_GROUPS.items() if _points_left(markers_m, stems, right)]


def _points_left(markers_m: dict[str, np.ndarray], stems: Iterable[str], right: np.ndarray) -> bool:
    across = [
        float((markers_m[f"R{stem}"] - markers_m[f"L{stem}"]) @ right)
        for stem in stems
        if f"R{stem}" in markers_m and f"L{stem}" in markers_m
    ]
    return bool(across) and float(np.median(across)) < 0


def swap_sides(names: tuple[str, ...], stems: Iterable[str]) -> np.ndarray:
    """Index that exchanges left and right of some markers, (M,)."""
    order = list(range(len(names)))
    for stem in stems:
        if f"L{stem}" in names and f"R{stem}" in names:
            left, right = names.index(f"L{stem}"), names.index(f"R{stem}")
            order[left], order[right] = right, left
    return np.array(order)


def bone_changes(
    names: tuple[str, ...], markers_m: np.ndarray, static_m: dict[str, np.ndarray]
) -> dict[str, float]:
    """Largest change of the distance between two markers of one bone against the static trial, where over the bound.

    A model is rigid and cannot show this: only the raw markers can.

    Args:
        names: M names.
        markers_m: (T, M, 3).
        static_m: (3,) each.

    Returns:
        ``"LKNL-LKNM"`` to metres.
    """
    found = {}
    for first, second in BONE_PAIRS:
        if not all(n in names and n in static_m for n in (first, second)):
            continue
        gap = np.linalg.norm(markers_m[:, names.index(first)] - markers_m[:, names.index(second)], axis=-1)
        change = np.abs(gap - np.linalg.norm(static_m[first] - static_m[second]))
        if np.isfinite(change).any() and np.nanmax(change) > MAX_BONE_CHANGE_M:
            found[f"{first}-{second}"] = float(np.nanmax(change))
    return found
