"""Read and write OpenSim's text files: markers (``.trc``) and motions (``.mot``).

Written in plain Python so that no OpenSim is needed to look at a run; tests have OpenSim itself read what is written.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from opensim_models.anatomy.coordinates import PELVIS_COORDINATES
from opensim_models.trial import MarkerTrial, to_osim, to_world
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
    lines = _read(path).splitlines()
    if len(lines) < 6 or not lines[0].startswith("PathFileType"):
        raise InputError(f"{path}: is not a .trc file (no PathFileType line, header and rows)")
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
    try:
        frames, count = int(head["NumFrames"]), int(head["NumMarkers"])
        unit = _UNITS_TO_M[head["Units"].strip()]
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path}: header lacks or garbles NumFrames, NumMarkers or Units (m, cm, mm): {error}"
        ) from error
    names = tuple(name.strip() for name in lines[3].split("\t")[2:] if name.strip())
    if len(names) != count:
        raise InputError(f"{path}: header says {count} markers, the names line has {len(names)}")
    rows = [line for line in lines[5:] if line.strip()]
    if len(rows) != frames:
        raise InputError(f"{path}: header says {frames} frames, the file has {len(rows)}")
    if not rows:
        raise InputError(f"{path}: has no frames")
    table = np.stack([_row(path, row, 2 + 3 * count) for row in rows])
    return MarkerTrial(path.stem, table[:, 1], names, to_world(table[:, 2:].reshape(frames, count, 3) * unit))


def _row(path: Path, line: str, width: int) -> np.ndarray:
    fields = line.split("\t")
    fields = (fields + [""] * width)[:width] if not "".join(fields[width:]).strip() else fields
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
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error


def _write(path: Path, text: str) -> None:
    """All or nothing: under another name first."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
