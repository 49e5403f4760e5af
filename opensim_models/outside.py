"""Recordings that nobody here made: from files to trials that the fit takes, with a record of all that was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from opensim_models import gaps
from opensim_models.c3d import read_raw_c3d
from opensim_models.io import read_raw_trc
from opensim_models.marker_maps import SACR, Mapped, MarkerMap, map_names, missing_markers, read_own_map
from opensim_models.trial import MarkerTrial, RawMarkers, to_osim, to_world
from spinepose.errors import InputError

READERS: dict[str, Callable[[Path], RawMarkers]] = {".trc": read_raw_trc, ".c3d": read_raw_c3d}
_TRUNK = ("pelvis", "T1", "C7", "clavicle_r", "clavicle_l", "skull")
_FEET = ("foot_r", "foot_l")
MAX_LISTED = 8


@dataclass(frozen=True)
class Repair:
    """Something that was changed or left out: in which file, what kind, and in words."""

    file: str
    kind: str
    words: str


@dataclass(frozen=True)
class Recording:
    """A file made ready.

    Attributes:
        trial: The trial in the world's frame.
        raw: The file as it stands.
        frames: The file's frame numbers of the trial's frames, (T,).
        up: Vertical axis of the file, ``y`` or ``z``.
        up_source: How that is known.
        mapped: What became of the names.
        gaps: Runs of missing frames, indices in the trial.
        missing: What the trial lacks and what it costs.
    """

    trial: MarkerTrial
    raw: RawMarkers
    frames: np.ndarray
    up: str
    up_source: str
    mapped: Mapped
    gaps: tuple[gaps.Gap, ...]
    missing: dict[str, str]


@dataclass(frozen=True)
class Prepared:
    """A recording and, where given, its static trial, with all repairs."""

    moving: Recording
    static: Recording | None
    repairs: tuple[Repair, ...] = field(default=())


def prepare(
    trc: Path, static: Path | None = None, markers: Path | None = None, up: str | None = None
) -> Prepared:
    """Read, map, check and repair.

    Args:
        trc: The moving trial, ``.trc`` or ``.c3d``.
        static: The person standing; None when there is none.
        markers: The user's table of names.
        up: ``y`` or ``z`` to force the vertical of both files.

    Raises:
        InputError: Anything that cannot be repaired, in one line.
    """
    own = read_own_map(markers) if markers is not None else None
    repairs: list[Repair] = []
    standing = None
    if static is not None:
        standing = _recording(static, own, up, None, repairs, stands=True)
    hint = (standing.up, f"the static trial {standing.raw.path.name}") if standing is not None else None
    reference = _medians(standing.trial) if standing is not None else None
    moving = _recording(trc, own, up, hint, repairs, static is None, reference)
    if standing is not None and standing.trial.name == moving.trial.name:
        raise InputError(f"{trc} and {static} have the same name; rename one, the files written bear it")
    return Prepared(moving, standing, tuple(repairs))


def read_raw(path: Path) -> RawMarkers:
    """Read a marker file by its ending.

    Raises:
        InputError: An ending that is not known, or what the reader says.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: only .trc and .c3d files are read")
    return reader(path)


def to_file(points_m: np.ndarray, up: str) -> np.ndarray:
    """World frame to the file's own axes, (..., 3)."""
    return to_osim(points_m) if up == "y" else np.asarray(points_m, dtype=float)


def covariance_to_file(covariance_m2: np.ndarray, up: str) -> np.ndarray:
    """World frame to the file's own axes, (..., 3, 3)."""
    turn = to_file(np.eye(3), up).T
    return turn @ covariance_m2 @ turn.T


def _recording(
    path: Path,
    own: MarkerMap | None,
    forced_up: str | None,
    hint: tuple[str, str] | None,
    repairs: list[Repair],
    stands: bool,
    standing_m: dict[str, np.ndarray] | None = None,
) -> Recording:
    def record(kind: str, words: str) -> None:
        repairs.append(Repair(path.name, kind, words))

    raw = read_raw(path)
    for note in raw.notes:
        record("read", note)
    mapped = map_names(raw.names, own)
    points, mapped = _chosen(raw, mapped)
    names, bodies = tuple(mapped.names.values()), mapped.bodies
    _require_pelvis(path, set(names))
    body = set(gaps.segments(names, bodies))
    whole = bool(body & set(_TRUNK[1:])) and bool(body & set(_FEET))
    factor, words = gaps.unit_factor(path.name, raw.unit, points, whole)
    if words:
        points = points * factor
        record("unit", words)
    up, source = _vertical(raw, names, bodies, points, forced_up, hint)
    if up == "z":
        record("vertical", f"z is up by {source}; model, .trc and .mot are y up as OpenSim wants it")
    points = to_world(points) if up == "y" else points
    rate = _rate(raw.times_s)
    points, exchanged = gaps.mend_exchanges(names, points, bodies, standing_m)
    for (first, second), frames in exchanged.items():
        record(
            "labels",
            f"{first} and {second} bear each other's label in {len(frames)} of {len(points)} frames "
            f"({_runs(raw.frames[frames])}): exchanged back",
        )
    points, masked = gaps.mask_jumps(names, points, bodies, rate)
    for name, frames in masked.items():
        shown = _runs(raw.frames[frames])
        record("jump", f"{name} jumps in {len(frames)} frames ({shown}): masked, solved without it")
    points = _sides(path, names, bodies, points, stands, record)
    points, keep = _cut(path, raw, names, points, record)
    found = gaps.find_gaps(names, points)
    for name in dict.fromkeys(gap.marker for gap in found):
        own_gaps = [gap for gap in found if gap.marker == name]
        longest = max(gap.frames for gap in own_gaps)
        total = sum(gap.frames for gap in own_gaps)
        record(
            "gap",
            f"{name} is missing in {total} frames, {longest} in a row at most: not filled, solved without it",
        )
    trial = MarkerTrial(path.stem, raw.times_s[keep], names, points, bodies)
    missing = missing_markers(set(names), bodies)
    return Recording(trial, raw, raw.frames[keep], up, source, mapped, tuple(found), missing)


def _medians(trial: MarkerTrial) -> dict[str, np.ndarray]:
    return dict(zip(trial.marker_names, np.nanmedian(trial.markers_m, axis=0), strict=True))


def _chosen(raw: RawMarkers, mapped: Mapped) -> tuple[np.ndarray, Mapped]:
    """The points that are used, and the mapping with markers that are never seen moved to the ignored."""
    seen = {n for i, n in enumerate(raw.names) if np.isfinite(raw.points_m[:, i]).all(axis=-1).any()}
    never = {n: "never seen in this file" for n in mapped.names if n not in seen}
    names = {n: t for n, t in mapped.names.items() if n in seen}
    if not names:
        raise InputError(
            f"{raw.path}: none of its {len(raw.names)} markers is known ({', '.join(raw.names[:6])}, …); "
            "--markers MAP.yaml can say what they are"
        )
    bodies = {t: b for t, b in mapped.bodies.items() if t in names.values()}
    columns = [raw.names.index(n) for n in names]
    return raw.points_m[:, columns], Mapped(mapped.convention, names, bodies, {**mapped.ignored, **never})


def _require_pelvis(path: Path, names: set[str]) -> None:
    corners = [n for n in ("LASI", "RASI", "LPSI", "RPSI") if n in names]
    if len(corners) >= 3 or (SACR in names and {"LASI", "RASI"} <= names):
        return
    raise InputError(
        f"{path}: has no pelvis: of LASI, RASI, LPSI, RPSI it holds {', '.join(corners) or 'none'}; 3 of them, "
        "or LASI, RASI and SACR, are needed"
    )


def _vertical(
    raw: RawMarkers,
    names: tuple[str, ...],
    bodies: dict[str, str],
    points_m: np.ndarray,
    forced: str | None,
    hint: tuple[str, str] | None,
) -> tuple[str, str]:
    if forced is not None:
        return forced, "--up"
    try:
        seen = gaps.find_up(str(raw.path), names, bodies, points_m)
    except InputError:
        # Someone who lies, dives or has no foot markers tells nothing; the file or the static trial may.
        if raw.up is None and hint is None:
            raise
        seen = None
    if seen is not None and hint is not None and seen != hint[0]:
        raise InputError(
            f"{raw.path}: {seen} is up here, but {hint[0]} in {hint[1]}; give --up if both are the same"
        )
    if seen is not None:
        return seen, "the person, who stands along it"
    if hint is not None:
        return hint
    return str(raw.up), "the file's own parameters"


def _rate(times_s: np.ndarray) -> float:
    return 1.0 / float(np.median(np.diff(times_s))) if len(times_s) > 1 else 100.0


def _sides(
    path: Path,
    names: tuple[str, ...],
    bodies: dict[str, str],
    points_m: np.ndarray,
    stands: bool,
    record: Callable[[str, str], None],
) -> np.ndarray:
    """Exchange whole groups whose sides are swapped; refuse what cannot be told apart."""
    groups = gaps.swapped_groups(names, bodies, points_m)
    for group in groups:
        lonely = gaps.unpaired(names, bodies, group)
        if lonely:
            raise InputError(
                f"{path}: left and right of the {group} are swapped, and {', '.join(lonely[:MAX_LISTED])} "
                "have no partner to exchange with; rename the markers"
            )
        points_m = gaps.swap_group(names, bodies, points_m, group)
        record(
            "sides",
            f"left and right of the {group} were swapped: the right lay left of the pelvis; exchanged",
        )
    if len(groups) >= 2 and "trunk markers" in groups:
        record("sides", "all groups were swapped: check that the file's axes are right-handed")
    if stands:
        pairs = gaps.swapped_pairs(names, bodies, points_m)
        if pairs:
            raise InputError(
                f"{path}: left and right of single markers look swapped: {'; '.join(pairs[:MAX_LISTED])}; rename them"
            )
    return points_m


def _cut(
    path: Path,
    raw: RawMarkers,
    names: tuple[str, ...],
    points_m: np.ndarray,
    record: Callable[[str, str], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out frames in which fewer than three markers are seen, or fewer than two of the pelvis."""
    seen = np.isfinite(points_m).all(axis=-1)
    pelvis = [i for i, n in enumerate(names) if n in ("LASI", "RASI", "LPSI", "RPSI", SACR)]
    keep = (seen.sum(axis=1) >= 3) & (seen[:, pelvis].sum(axis=1) >= 2)
    if not keep.any():
        raise InputError(f"{path}: no frame shows the pelvis (two of its markers at least)")
    if not keep.all():
        record(
            "frames",
            f"frames {_runs(raw.frames[~keep])} show too few markers of the pelvis: left out of the results",
        )
    return points_m[keep], keep


def _runs(frames: np.ndarray) -> str:
    """Frame numbers as runs: ``3-5, 9``."""
    parts = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    words = [f"{p[0]}-{p[-1]}" if len(p) > 1 else f"{p[0]}" for p in parts]
    return ", ".join(words[:MAX_LISTED]) + (
        f" and {len(words) - MAX_LISTED} more" if len(words) > MAX_LISTED else ""
    )
