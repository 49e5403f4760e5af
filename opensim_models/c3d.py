"""Read the markers of a ``.c3d`` through ezc3d."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from opensim_models.io import missing_zeros
from opensim_models.trial import RawMarkers
from spinepose.errors import InputError

_UNITS_TO_M = {"m": 1.0, "mm": 0.001, "cm": 0.01}


def read_raw_c3d(path: Path) -> RawMarkers:
    """Read points, labels, unit, rate and the vertical axis; a residual below zero is a missing marker.

    Raises:
        InputError: ezc3d is not installed, the file is no C3D, or it holds no points.
    """
    try:
        import ezc3d
    except ImportError as error:
        raise InputError("reading .c3d needs the package ezc3d: pip install 'spineforge[opensim]'") from error
    if not path.is_file():
        raise InputError(f"{path}: cannot be read (no such file)")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty")
    # The library's reader runs wild in memory on other files; the format's key byte comes first.
    with path.open("rb") as stream:
        if stream.read(2)[1:] != b"\x50":
            raise InputError(f"{path}: is not a .c3d file (its second byte is not 80)")
    try:
        file = ezc3d.c3d(str(path))
    except Exception as error:  # the library raises whatever its C++ side throws
        raise InputError(f"{path}: cannot be read as .c3d ({' '.join(str(error).split())[:160]})") from error
    parameters = file["parameters"]["POINT"]
    points = np.moveaxis(np.asarray(file["data"]["points"][:3], dtype=float), 0, -1).swapaxes(0, 1)
    if points.size == 0:
        raise InputError(f"{path}: has no frames or no markers")
    said = int(np.atleast_1d(parameters["FRAMES"]["value"])[0]) if "FRAMES" in parameters else len(points)
    # FRAMES is a 16-bit number: long recordings wrap around in it.
    if said % 65536 != len(points) % 65536 and said not in (0, 65535):
        raise InputError(f"{path}: header says {said} frames, the file has {len(points)}")
    names = _labels(parameters, points.shape[1], path)
    residuals = np.asarray(file["data"]["meta_points"]["residuals"], dtype=float)[0].T
    points = np.where((residuals < 0)[..., None], np.nan, points)
    unit = str(_first(parameters, "UNITS", "mm")).strip().lower()
    if unit not in _UNITS_TO_M:
        raise InputError(f"{path}: its unit is {unit!r}; only m, cm and mm are known")
    rate = float(_first(parameters, "RATE", 0.0))
    if rate <= 0:
        raise InputError(f"{path}: has no frame rate")
    points, notes = missing_zeros(points * _UNITS_TO_M[unit])
    start = int(file["header"]["points"]["first_frame"])
    frames = np.arange(start, start + len(points)) + 1
    return RawMarkers(
        path, np.arange(len(points)) / rate, frames, names, points, unit, _up(parameters), notes
    )


def _first(parameters: Any, key: str, default: Any) -> Any:
    value = parameters[key]["value"] if key in parameters else []
    return value[0] if len(value) else default


def _labels(parameters: Any, count: int, path: Path) -> tuple[str, ...]:
    """Labels of the points; more than 255 go on in LABELS2 and so on."""
    labels = list(parameters["LABELS"]["value"]) if "LABELS" in parameters else []
    more = 2
    while f"LABELS{more}" in parameters:
        labels += parameters[f"LABELS{more}"]["value"]
        more += 1
    labels = [str(label).strip() or f"*{i}" for i, label in enumerate(labels[:count])]
    labels += [f"*{i}" for i in range(len(labels), count)]
    twice = sorted({name for name in labels if labels.count(name) > 1})
    if twice:
        raise InputError(f"{path}: marker names appear twice: {', '.join(twice)}")
    return tuple(labels)


def _up(parameters: Any) -> str | None:
    """The vertical axis that ``Y_SCREEN`` tells (as Vicon and others write it)."""
    said = str(_first(parameters, "Y_SCREEN", "")).strip().upper().lstrip("+")
    return {"Y": "y", "Z": "z"}.get(said)
