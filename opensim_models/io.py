"""Read and write OpenSim's text files: markers (``.trc``) and motions (``.mot``).

Written in plain Python so that no OpenSim is needed to look at a run; tests have OpenSim itself read what is written.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from opensim_models.anatomy.coordinates import PELVIS_COORDINATES
from opensim_models.trial import MarkerTrial, RawMarkers, to_osim, to_world
from spinepose.errors import InputError

_UNITS_TO_M = {"m": 1.0, "mm": 0.001, "cm": 0.01}


def write_trc(trial: MarkerTrial, path: Path) -> None:
    """Write markers as a ``.trc`` in OpenSim's axes and metres; a missing marker is NaN.

    OpenSim reads empty fields as missing too, but not at the end of a row.
    """
    frames, count = len(trial.times_s), len(trial.marker_names)
    rate = 1.0 / float(np.median(np.diff(trial.times_s))) if frames > 1 else 1.0
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate:.6f}\t{rate:.6f}\t{frames}\t{count}\tm\t{rate:.6f}\t1\t{frames}",
        "Frame#\tTime\t" + "\t".join(f"{name}\t\t" for name in trial.marker_names).rstrip("\t"),
        "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(1, count + 1)),
        "",
    ]
    rows = to_osim(trial.markers_m).reshape(frames, -1)
    body = [
        f"{i + 1}\t{time:.6f}\t" + "\t".join("NaN" if np.isnan(v) else f"{v:.7f}" for v in row)
        for i, (time, row) in enumerate(zip(trial.times_s, rows, strict=True))
    ]
    _write(path, "\n".join(head + body) + "\n")


def read_trc(path: Path) -> MarkerTrial:
    """Read a ``.trc`` whose y axis is up, as OpenSim has it.

    Args:
        path: The file; its unit may be m, cm or mm.

    Returns:
        The trial in the world's frame, metres; empty fields are missing markers, NaN.

    Raises:
        InputError: Not a ``.trc``, empty, or its header says something else than its rows.
    """
    raw = read_raw_trc(path)
    return MarkerTrial(path.stem, raw.times_s, raw.names, to_world(raw.points_m))


def read_raw_trc(path: Path) -> RawMarkers:
    """Read a ``.trc`` of any maker as it stands: names and axes are the file's own.

    Header lines may be ragged, end in tabs or be parted by spaces; the line of axis labels and a blank line may be
    there or not; empty, ``NaN`` and all-zero places are missing markers.

    Raises:
        InputError: Not a ``.trc``, empty, or its header says something else than its rows.
    """
    lines = _read(path).splitlines()
    if not "".join(lines).strip():
        raise InputError(f"{path}: is empty")
    if len(lines) < 4 or not lines[0].startswith("PathFileType"):
        raise InputError(f"{path}: is not a .trc file (no PathFileType line, header and rows)")
    head = dict(zip(_fields(lines[1]), _fields(lines[2]), strict=False))
    try:
        frames, count = int(float(head["NumFrames"])), int(float(head["NumMarkers"]))
        unit = head["Units"].lower()
        factor = _UNITS_TO_M[unit]
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path}: header lacks or garbles NumFrames, NumMarkers or Units (m, cm, mm): {error}"
        ) from error
    names = tuple(_fields(lines[3])[2:])
    if len(names) != count:
        raise InputError(f"{path}: header says {count} markers, the names line has {len(names)}")
    _no_name_twice(path, names)
    rows = [line for line in lines[4:] if _is_number(line.split("\t", 1)[0])]
    _no_row_lost(path, lines[4:])
    if len(rows) != frames:
        raise InputError(f"{path}: header says {frames} frames, the file has {len(rows)}")
    if not rows:
        raise InputError(f"{path}: has no frames")
    table = np.stack([_row(path, row, 2 + 3 * count) for row in rows])
    if not np.isfinite(table[:, :2]).all() or (np.diff(table[:, 1]) <= 0).any():
        raise InputError(f"{path}: the Time column has gaps or does not rise")
    points = table[:, 2:].reshape(frames, count, 3)
    points, notes = missing_zeros(points * factor)
    points[~np.isfinite(points).all(axis=-1)] = np.nan
    return RawMarkers(path, table[:, 1], table[:, 0].astype(int), names, points, unit, None, notes)


def missing_zeros(points_m: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Take places at exactly (0, 0, 0) as missing, as many programs write them; the points and a note, (T, M, 3)."""
    zero = (points_m == 0).all(axis=-1)
    points = np.where(zero[..., None], np.nan, points_m)
    note = f"{int(zero.sum())} marker samples at exactly (0, 0, 0) were taken as missing"
    return points, (note,) if zero.any() else ()


def _no_name_twice(path: Path, names: tuple[str, ...]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: marker names appear twice: {', '.join(twice)}")


def _no_row_lost(path: Path, lines: list[str]) -> None:
    """Only the line of axis labels and blank lines may hold no frame."""
    for line in lines:
        words = line.split()
        if words and not _is_number(line.split("\t", 1)[0]) and words[0].upper() not in ("X1", "X"):
            raise InputError(f"{path}: a row does not start with a frame number: {line.strip()[:40]!r}")


def _fields(line: str) -> list[str]:
    """Fields of a header line that are not empty; spaces part them where no tab does."""
    parts = line.split("\t") if "\t" in line else line.split()
    return [part.strip() for part in parts if part.strip()]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(path: Path, line: str, width: int) -> np.ndarray:
    fields = line.split("\t")
    if not "".join(fields[width:]).strip():
        # Missing markers at the end of a row are often left out, tabs and all: whole markers only.
        fields = fields[:width] + [""] * (width - len(fields) if len(fields) % 3 in (0, 2) else 0)
    if len(fields) != width:
        raise InputError(f"{path}: frame {fields[0]} has {len(fields)} fields, the header asks for {width}")
    try:
        return np.array([float(field) if field.strip() else np.nan for field in fields])
    except ValueError as error:
        raise InputError(f"{path}: frame {fields[0]} has a field that is no number ({error})") from error


def write_mot(
    path: Path, name: str, times_s: np.ndarray, coordinate_names: tuple[str, ...], values: np.ndarray
) -> None:
    """Write coordinates as a ``.mot`` in degrees, as OpenSim's own tools do.

    OpenSim converts degrees for coordinates that it calls rotational only; all turns of this project's models are so
    (tested).

    Args:
        path: Target.
        name: Name of the motion.
        times_s: (T,).
        coordinate_names: A names.
        values: Radians and metres, (T, A).
    """
    head = [
        name, "version=1", f"nRows={len(times_s)}", f"nColumns={len(coordinate_names) + 1}", "inDegrees=yes",
        "endheader", "time\t" + "\t".join(coordinate_names),
    ]  # fmt: skip
    turns = np.array([name not in PELVIS_COORDINATES[:3] for name in coordinate_names])
    shown = np.where(turns, np.degrees(values), values)
    body = [
        f"{time:.6f}\t" + "\t".join(f"{value:.9f}" for value in row)
        for time, row in zip(times_s, shown, strict=True)
    ]
    _write(path, "\n".join(head + body) + "\n")


def read_mot(path: Path) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Read a ``.mot`` or ``.sto`` as it stands.

    Returns:
        Times (T,), column names, values (T, A) in the file's own units (degrees where it says ``inDegrees=yes``).

    Raises:
        InputError: No header, no rows, or a table that does not fit its header.
    """
    lines = _read(path).splitlines()
    if "endheader" not in lines:
        raise InputError(f"{path}: is not a .mot or .sto file (no 'endheader' line)")
    end = lines.index("endheader")
    head = dict(line.split("=", 1) for line in lines[:end] if "=" in line)
    rows = [line.split() for line in lines[end + 2 :] if line.strip()]
    if not rows:
        raise InputError(f"{path}: has no rows")
    names = lines[end + 1].split()
    if int(head.get("nRows", len(rows))) != len(rows):
        raise InputError(f"{path}: header says {head['nRows']} rows, the file has {len(rows)}")
    if any(len(row) != len(names) for row in rows):
        raise InputError(f"{path}: a row has another number of fields than the {len(names)} columns")
    table = np.array(rows, dtype=float)
    return table[:, 0], tuple(names[1:]), table[:, 1:]


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(
            "latin-1"
        )  # paths in headers are written in whatever the laboratory's computer speaks


def _write(path: Path, text: str) -> None:
    """All or nothing: under another name first."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
