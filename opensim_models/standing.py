"""One frame of standing markers for placing a model: of the static trial, or what comes nearest without one."""

from __future__ import annotations

import warnings

import numpy as np

from opensim_models import checks
from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.initial import kabsch
from opensim_models.markers import MARKERS
from opensim_models.scale import PELVIS_SPINES, SACRUM_MARKER
from opensim_models.trial import MarkerTrial, to_osim
from spinepose.errors import InputError

MAX_STATIC_SWAY_M = 0.03
_BEST_FRAMES = 15
_ALIKE_RAD = np.radians(3.0)  # a median of different postures is none
_SIDE_FRAMES = 50
_FULL_ENOUGH = 0.95  # of the most markers that any frame shows
_TRUNK = ("pelvis", "sacrum", "skull", *LEVELS)
_TOPS = (("C7",), ("CLAV",), ("LACR", "RACR"), ("LFHD", "RFHD", "LBHD", "RBHD"))
_ASI_APART_M = (0.12, 0.50)
_UNKNOWN_STATURE_M = 1.70


def marker_bodies(trial: MarkerTrial) -> dict[str, str]:
    """Body of each marker of a trial that the fit can use: those of the table and the technical ones."""
    table = {marker.name: marker.segment for marker in MARKERS}
    known = {**trial.bodies, **table}
    return {name: known[name] for name in trial.marker_names if name in known}


def static_frame(
    subject_id: str, stature_m: float | None, static: MarkerTrial
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The median frame of a static trial, OpenSim's axes, and what looked odd.

    Raises:
        InputError: No known markers, other units or axes, or swapped sides.
    """
    points, names = _known_points(static)
    middle = _median(points)
    standing = {name: to_osim(p) for name, p in zip(names, middle, strict=True)}
    _check_scale(static.name, stature_m, standing, middle)
    _check_sides(subject_id, static.name, standing)
    sway = float(np.nanmax(np.linalg.norm(points - middle, axis=-1)))
    if sway > MAX_STATIC_SWAY_M:
        return standing, (f"the static trial moves: a marker strays {1000 * sway:.0f} mm from its median",)
    return standing, ()


def frame_from_motion(
    subject_id: str, stature_m: float | None, trial: MarkerTrial
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """A standing frame out of a moving trial: its most upright ones, the trunk's markers as their median.

    The frames are laid on each other by the pelvis. Limbs are those of the best frame: their pose matters less. Upright
    is a trunk over its pelvis with a level head and shoulders that face as the pelvis does.

    Raises:
        InputError: No known markers, no frame with a pelvis, other units or axes, or swapped sides.
    """
    points, names = _known_points(trial)
    points = to_osim(points)
    seen = np.isfinite(points).all(axis=-1)
    pelvis = [i for i, name in enumerate(names) if name in (*PELVIS_SPINES, SACRUM_MARKER)]
    able = seen[:, pelvis].sum(axis=1) >= 3
    if not able.any():
        raise InputError(
            f"trial {trial.name!r}: no frame shows the pelvis (three of {', '.join(PELVIS_SPINES)}, {SACRUM_MARKER})"
        )
    count = seen.sum(axis=1)
    full = able & (count >= _FULL_ENOUGH * count[able].max())
    lean = _lean(points, seen, names, pelvis)
    off = np.sqrt(lean**2 + _head_lean(points, names) ** 2 + _shoulder_turn(points, names) ** 2)
    order = np.flatnonzero(full)[np.argsort(off[full], kind="stable")][:_BEST_FRAMES]
    best = int(order[0])
    order = order[off[order] <= off[best] + _ALIKE_RAD]
    standing = {name: points[best, i] for i, name in enumerate(names) if seen[best, i]}
    bodies = marker_bodies(trial)
    trunk = [
        i for i, name in enumerate(names) if bodies[name] in _TRUNK or bodies[name].startswith("clavicle")
    ]
    laid = []
    for frame in order:
        both = [i for i in pelvis if seen[frame, i] and seen[best, i]]
        if len(both) >= 3:
            turn, shift = kabsch(points[frame, both], points[best, both])
            laid.append(points[frame][trunk] @ turn.T + shift)
    middle = _median(np.array(laid))
    standing.update({names[i]: p for i, p in zip(trunk, middle, strict=True) if np.isfinite(p).all()})
    _check_scale(trial.name, stature_m, standing, None)
    _check_moving_sides(subject_id, trial.name, points[np.flatnonzero(able)], names)
    words = (
        f"no static trial: markers were placed on the most upright frames of {trial.name!r} "
        f"(frame {best}, trunk {np.degrees(lean[best]):.0f} degrees from upright), whose posture counts as neutral"
    )
    return standing, (words,)


def _known_points(trial: MarkerTrial) -> tuple[np.ndarray, list[str]]:
    """Markers that the fit can use and that are seen at all, (T, N, 3), and their names."""
    seen = np.isfinite(trial.markers_m).all(axis=-1)
    known = marker_bodies(trial)
    keep = [i for i, name in enumerate(trial.marker_names) if name in known and seen[:, i].any()]
    if not keep:
        names = ", ".join(m.name for m in MARKERS[:6])
        raise InputError(f"trial {trial.name!r}: holds none of the project's markers ({names}, …)")
    return trial.markers_m[:, keep], [trial.marker_names[i] for i in keep]


def _median(points: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a marker that none of the frames shows stays NaN
        return np.nanmedian(points, axis=0)


def _lean(points: np.ndarray, seen: np.ndarray, names: list[str], pelvis: list[int]) -> np.ndarray:
    """Angle of the trunk from upright in each frame, radians, (T,); zero where nothing above the pelvis is seen."""
    for group in _TOPS:
        rows = [names.index(name) for name in group if name in names]
        if rows and seen[:, rows].all(axis=1).any():
            line = (
                points[:, rows].mean(axis=1)
                - np.where(seen[..., None], points, 0.0)[:, pelvis].sum(axis=1)
                / (np.maximum(seen[:, pelvis].sum(axis=1), 1)[:, None])
            )
            angle = np.arccos(np.clip(line[:, 1] / np.linalg.norm(line, axis=1), -1.0, 1.0))
            return np.where(np.isfinite(angle), angle, np.inf)
    return np.zeros(len(points))


def _head_lean(points: np.ndarray, names: list[str]) -> np.ndarray:
    """Angle of the head from level, radians, (T,); zero where its markers lack, infinite in frames that miss them."""
    head = ("LFHD", "RFHD", "LBHD", "RBHD")
    if any(name not in names for name in head):
        return np.zeros(len(points))
    lf, rf, lb, rb = (points[:, names.index(name)] for name in head)
    up = np.cross(rf + rb - lf - lb, lf + rf - lb - rb)
    with np.errstate(invalid="ignore"):
        angle = np.arccos(np.clip(up[:, 1] / np.linalg.norm(up, axis=1), -1.0, 1.0))
    return np.where(np.isfinite(angle), angle, np.inf)


def _shoulder_turn(points: np.ndarray, names: list[str]) -> np.ndarray:
    """Heading of the shoulders against the pelvis, radians, (T,); zero where their markers lack or are missed."""
    if any(name not in names for name in ("LACR", "RACR", "LASI", "RASI")):
        return np.zeros(len(points))
    across = [points[:, names.index(f"R{n}")] - points[:, names.index(f"L{n}")] for n in ("ACR", "ASI")]
    heading = [np.arctan2(line[:, 0], line[:, 2]) for line in across]
    turn = np.abs((heading[0] - heading[1] + np.pi) % (2 * np.pi) - np.pi)
    return np.where(np.isfinite(turn), turn, 0.0)


def _check_scale(
    name: str, stature_m: float | None, standing: dict[str, np.ndarray], middle: np.ndarray | None
) -> None:
    """Refuse other units; where head and feet are shown also another axis."""
    whole = any(n[1:] in ("HEE", "TOE", "ANL", "MT5") for n in standing) and (
        any(n[1:] in ("FHD", "BHD", "ACR") for n in standing) or "C7" in standing
    )
    if middle is not None and whole:
        checks.check_units(name, stature_m or _UNKNOWN_STATURE_M, middle)
    if "LASI" in standing and "RASI" in standing:
        apart = float(np.linalg.norm(standing["LASI"] - standing["RASI"]))
        if not _ASI_APART_M[0] < apart < _ASI_APART_M[1]:
            raise InputError(
                f"trial {name!r}: the anterior iliac spines are {apart:.3g} apart; give metres and check their names"
            )


def _check_moving_sides(subject_id: str, name: str, points: np.ndarray, names: list[str]) -> None:
    """Refuse sides that are swapped in most frames: in single ones legs cross, (T, N, 3)."""
    some = points[np.unique(np.linspace(0, len(points) - 1, _SIDE_FRAMES).astype(int))]
    votes: dict[str, int] = {}
    for frame in some:
        shown = {n: p for n, p in zip(names, frame, strict=True) if np.isfinite(p).all()}
        if set(PELVIS_SPINES) <= shown.keys():
            for group in set(checks.swapped_standing(shown)) - _crossing(shown):
                votes[group] = votes.get(group, 0) + 1
    swapped = [group for group, count in sorted(votes.items()) if 2 * count > len(some)]
    if swapped:
        raise InputError(
            f"subject {subject_id!r}: left and right of the {' and '.join(swapped)} are swapped in most frames of "
            f"{name!r}; rename the markers"
        )


def _crossing(shown: dict[str, np.ndarray]) -> set[str]:
    """Groups whose limbs may cross but are named well: by their shoulders, and by the outer sides of their knees."""
    right = shown["RASI"] - shown["LASI"]
    found = set()
    if {"LACR", "RACR"} <= shown.keys() and (shown["RACR"] - shown["LACR"]) @ right > 0:
        found.add("arms")
    outward = [
        np.sign((shown[f"{side}KNL"] - shown[f"{side}KNM"]) @ right) * way
        for side, way in (("L", -1.0), ("R", 1.0))
        if f"{side}KNL" in shown and f"{side}KNM" in shown
    ]
    if outward and float(np.sum(outward)) > 0:
        found.add("legs")
    return found


def _check_sides(subject_id: str, name: str, standing: dict[str, np.ndarray]) -> None:
    shown = standing
    if not set(PELVIS_SPINES) <= shown.keys():
        return
    swapped = checks.swapped_standing(shown)
    if swapped:
        raise InputError(
            f"subject {subject_id!r}: left and right of the {' and '.join(swapped)} are swapped in the static "
            f"trial {name!r}; rename the markers"
        )
