"""Marker trials, and the one place where OpenSim's axes meet the world's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spinepose.errors import InputError


@dataclass(frozen=True)
class MarkerTrial:
    """Markers of one person over time.

    Attributes:
        name: Short name, also the stem of the files written for it.
        times_s: Rising times, (T,).
        marker_names: M names.
        markers_m: World frame (right-handed, z up), metres, (T, M, 3); NaN where a marker was not seen.
        bodies: Model body that carries each *technical* marker: a name outside the project's marker set. It has no
            nominal place: the fit puts it where the static pose shows it.
    """

    name: str
    times_s: np.ndarray
    marker_names: tuple[str, ...]
    markers_m: np.ndarray
    bodies: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames, names = len(self.times_s), self.marker_names
        if np.shape(self.markers_m) != (frames, len(names), 3):
            raise InputError(
                f"trial {self.name!r}: markers have shape {np.shape(self.markers_m)}, "
                f"expected {(frames, len(names), 3)} for {frames} times and {len(names)} names"
            )
        if frames == 0:
            raise InputError(f"trial {self.name!r}: has no frames")
        if len(set(names)) != len(names):
            twice = sorted({n for n in names if names.count(n) > 1})
            raise InputError(f"trial {self.name!r}: marker names appear twice: {', '.join(twice)}")
        if frames > 1 and not (np.diff(self.times_s) > 0).all():
            raise InputError(f"trial {self.name!r}: times do not rise")


@dataclass(frozen=True)
class RawMarkers:
    """A marker file as it stands, before anything is made of its names and axes.

    Attributes:
        path: Where it was read.
        times_s: (T,).
        frames: The file's own frame numbers, (T,).
        names: M names as the file has them.
        points_m: The file's own axes, by its own unit, metres, (T, M, 3); NaN where missing.
        unit: What the file says its unit is.
        up: ``y`` or ``z`` where the file says which way is up, else None.
        notes: What was odd and how it was read.
    """

    path: Path
    times_s: np.ndarray
    frames: np.ndarray
    names: tuple[str, ...]
    points_m: np.ndarray
    unit: str
    up: str | None = None
    notes: tuple[str, ...] = ()


def to_osim(points_m: np.ndarray) -> np.ndarray:
    """World (z up) to OpenSim's axes (y up): ``(x, z, -y)``, shape (..., 3)."""
    p = np.asarray(points_m, dtype=float)
    return np.stack([p[..., 0], p[..., 2], -p[..., 1]], axis=-1)


def to_world(points_m: np.ndarray) -> np.ndarray:
    """OpenSim's axes (y up) to the world's (z up): ``(x, -z, y)``, shape (..., 3)."""
    p = np.asarray(points_m, dtype=float)
    return np.stack([p[..., 0], -p[..., 2], p[..., 1]], axis=-1)
