"""Markers of people whose bones alone are known: each point rides rigidly on one bone, where a map says.

A map (``synth/maps/*.yaml``, or a file of the user's) names the bones of a skeleton and says of every marker and body
keypoint where it lies while the person stands upright in the skeleton's reference pose. It gives places in shares of
the person's own lengths between joints, so one map serves people of all sizes, and it needs no bone's axes: these are
read from the reference pose itself. Skin moves against bones: ``benchmarks/marker_maps.py`` measures what that costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError
from spinepose.skeleton import NAMES, SPINE_CHAIN

SCHEMA = 1
#: Keypoints that a map places; the nine spine points are the fit's to find.
BODY_KEYPOINTS: tuple[str, ...] = tuple(name for name in NAMES if name not in SPINE_CHAIN)
FRAMES = ("trunk", "person", "limb", "foot")
# An upright person's shoulders lie this many half hip widths above the hips, at least.
_UPRIGHT = 3.0

Bones = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Placed:
    """Where a point lies in the reference pose.

    Attributes:
        carrier: The bone that carries it; of several, the last one that begins below the point.
        frame: ``trunk``: origin between the hips, axes forward, left, up, unit from there to between the shoulders.
            ``person``: the same axes and unit, origin at the bone ``start``. ``limb``: origin at ``start``, axes out,
            front, along towards ``end``, unit their distance; out is lateral for an arm that hangs or is held out to
            the side, palm forward or down, and for a leg. ``foot``: origin at ``start``, axes out, up, along towards
            ``end`` on the level, unit their level distance.
        start: A bone, where the frame needs one.
        end: A bone, where the frame needs one.
        at: In that frame, shape (3,).
        sure: Whether the bones are known to mean what the map takes them for.
    """

    carrier: tuple[str, ...]
    frame: str
    start: str
    end: str
    at: tuple[float, float, float]
    sure: bool = True


@dataclass(frozen=True)
class MarkerMap:
    """A skeleton's map.

    Attributes:
        name: What skeleton it is for.
        hips: The bones that begin in the left and the right hip.
        shoulders: The bones that begin in the left and the right shoulder.
        markers: By ``MARKER_NAMES``.
        keypoints: By ``BODY_KEYPOINTS``.
    """

    name: str
    hips: tuple[str, str]
    shoulders: tuple[str, str]
    markers: Mapping[str, Placed]
    keypoints: Mapping[str, Placed]

    @property
    def bones(self) -> tuple[str, ...]:
        """Every bone that is needed, each once."""
        placed = (*self.markers.values(), *self.keypoints.values())
        names = [*self.hips, *self.shoulders]
        names += [bone for p in placed for bone in (*p.carrier, p.start, p.end) if bone]
        return tuple(dict.fromkeys(names))


class BoneMarkers:
    """The points of one person, tied to their bones.

    Args:
        plan: The skeleton's map.
        reference: Bones of this very person, or of one of the same size, who stands upright in the reference pose,
            name -> 4x4 to the world, metres.

    Raises:
        InputError: A bone is missing, or the person does not stand upright.
    """

    def __init__(self, plan: MarkerMap, reference: Bones) -> None:
        missing = [bone for bone in plan.bones if bone not in reference]
        if missing:
            raise InputError(f"map {plan.name!r}: the person has no bone {', '.join(missing[:4])}")
        self.plan = plan
        stand = _Stand(plan, reference)
        self._tied = [
            (stand.carrier(placed), kind, index, stand.local(placed))
            for kind, names, table in ((0, MARKER_NAMES, plan.markers), (1, NAMES, plan.keypoints))
            for index, name in enumerate(names)
            if (placed := table.get(name)) is not None
        ]

    def points(self, bones: Bones) -> tuple[np.ndarray, np.ndarray]:
        """Markers, shape (54, 3), and keypoints, shape (37, 3), the spine's NaN, in the frame of the bones.

        Raises:
            InputError: A bone is missing.
        """
        out = np.full((len(MARKER_NAMES), 3), np.nan), np.full((len(NAMES), 3), np.nan)
        try:
            for bone, kind, index, local in self._tied:
                out[kind][index] = bones[bone][:3, :3] @ local + bones[bone][:3, 3]
        except KeyError as error:
            raise InputError(f"map {self.plan.name!r}: the person has no bone {error}") from error
        return out


class _Stand:
    """Frames of a person in the reference pose."""

    def __init__(self, plan: MarkerMap, bones: Bones) -> None:
        self._bones = bones
        left, right = (_origin(bones, bone) for bone in plan.hips)
        self._middle = (left + right) / 2
        shoulders = sum(_origin(bones, bone) for bone in plan.shoulders) / 2
        width = (left - right) * [1.0, 1.0, 0.0]
        self._trunk = float(np.linalg.norm(shoulders - self._middle))
        if (shoulders - self._middle)[2] < _UPRIGHT * np.linalg.norm(width) / 2:
            raise InputError(
                f"map {plan.name!r}: the reference person does not stand upright; let one stand in the skeleton's "
                "reference pose, with no animation"
            )
        width /= np.linalg.norm(width)
        up = np.array([0.0, 0.0, 1.0])
        self._axes = np.stack([np.cross(width, up), width, up], axis=1)

    def frame(self, placed: Placed) -> tuple[np.ndarray, np.ndarray]:
        """Origin, shape (3,), and axes times the unit, shape (3, 3)."""
        if placed.frame == "trunk":
            return self._middle, self._axes * self._trunk
        start = _origin(self._bones, placed.start)
        if placed.frame == "person":
            return start, self._axes * self._trunk
        along = _origin(self._bones, placed.end) - start
        forward, _, up = self._axes.T
        # The same words for both sides: out points away from the middle.
        side = 1.0 if (start - self._middle) @ self._axes[:, 1] > 0 else -1.0
        if placed.frame == "foot":
            along = along * [1.0, 1.0, 0.0]
            unit = float(np.linalg.norm(along))
            along = along / unit
            return start, np.stack([np.cross(up, along) * side, up, along], axis=1) * unit
        unit = float(np.linalg.norm(along))
        along = along / unit
        front = forward - along * (along @ forward)
        front /= np.linalg.norm(front)
        return start, np.stack([np.cross(front, along) * side, front, along], axis=1) * unit

    def point(self, placed: Placed) -> np.ndarray:
        origin, axes = self.frame(placed)
        return origin + axes @ np.array(placed.at)

    def carrier(self, placed: Placed) -> str:
        height = self.point(placed)[2]
        below = [bone for bone in placed.carrier if _origin(self._bones, bone)[2] <= height]
        return below[-1] if below else placed.carrier[0]

    def local(self, placed: Placed) -> np.ndarray:
        bone = self._bones[self.carrier(placed)]
        return np.linalg.inv(bone[:3, :3]) @ (self.point(placed) - bone[:3, 3])


def place_of(plan: MarkerMap, reference: Bones, placed: Placed, point_m: np.ndarray) -> np.ndarray:
    """Where a point of the reference person lies in a frame: what ``at`` would put it there, shape (3,)."""
    origin, axes = _Stand(plan, reference).frame(placed)
    return np.linalg.solve(axes, np.asarray(point_m, float) - origin)


def _origin(bones: Bones, name: str) -> np.ndarray:
    return np.asarray(bones[name][:3, 3], float)


# --- files


def known_maps() -> tuple[str, ...]:
    """Names of the maps that come with the package."""
    folder = files("synth") / "maps"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_map(name: str) -> MarkerMap:
    """Read a map: one that comes with the package, by its name, or a YAML file.

    Raises:
        InputError: No such map or file, or it does not say what a map must say.
    """
    if name in known_maps():
        text, label = (files("synth") / "maps" / f"{name}.yaml").read_text(encoding="utf-8"), name
    else:
        path = Path(name)
        if not path.is_file():
            raise InputError(
                f"no marker map {name!r}; there are {', '.join(known_maps())}, or give a YAML file"
            )
        text, label = path.read_text(encoding="utf-8"), str(path)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{label}: is no YAML ({' '.join(str(error).split())[:120]})") from error
    return _read_map(data, label)


def _read_map(data: Any, label: str) -> MarkerMap:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(f"{label}: is no marker map of schema {SCHEMA}")
    unknown = set(data) - {
        "schema",
        "skeleton",
        "notes",
        "sources",
        "hips",
        "shoulders",
        "markers",
        "keypoints",
    }
    if unknown:
        raise InputError(f"{label}: {sorted(unknown)[0]!r} is nothing that a marker map has")
    tables = [
        _table(data.get(key), key, names, label)
        for key, names in (("markers", MARKER_NAMES), ("keypoints", BODY_KEYPOINTS))
    ]
    return MarkerMap(
        str(data.get("skeleton", label)), _pair(data, "hips", label), _pair(data, "shoulders", label), *tables
    )


def _pair(data: dict[str, Any], key: str, label: str) -> tuple[str, str]:
    value = data.get(key)
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) and v for v in value)):
        raise InputError(f"{label}: {key} must name two bones, the left and the right one")
    return value[0], value[1]


def _table(rows: Any, key: str, names: Iterable[str], label: str) -> dict[str, Placed]:
    if not isinstance(rows, dict):
        raise InputError(f"{label}: {key} are missing")
    missing, unknown = [name for name in names if name not in rows], set(rows) - set(names)
    if missing or unknown:
        words = f"lacks {missing[0]!r}" if missing else f"has {sorted(unknown)[0]!r}, which is none"
        raise InputError(f"{label}: {key} {words} of the {len(tuple(names))} {key}")
    return {name: _placed(row, f"{label}: {name}") for name, row in rows.items()}


def _three_numbers(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(isinstance(v, int | float) for v in value)


def _placed(row: Any, label: str) -> Placed:
    known = {"bone", "frame", "from", "to", "at", "sure", "sd_mm", "how"}
    if not isinstance(row, dict) or set(row) - known:
        raise InputError(f"{label}: expected bone, frame, from, to, at, sure, sd_mm, how")
    frame, bone, at = row.get("frame"), row.get("bone"), row.get("at", [])
    carrier = tuple(bone) if isinstance(bone, list) else (bone,)
    if not carrier or not all(isinstance(name, str) and name for name in carrier):
        raise InputError(f"{label}: bone must be a name or a list of names from the pelvis up")
    if frame not in FRAMES:
        raise InputError(f"{label}: frame is {frame!r}, expected one of {', '.join(FRAMES)}")
    ends = [str(row.get(key, "")) for key in ("from", "to")]
    wanted = {"trunk": 0, "person": 1}.get(frame, 2)
    if not all(ends[:wanted]):
        raise InputError(f"{label}: frame {frame} needs {'from' if wanted == 1 else 'from and to'}")
    if not _three_numbers(at) or not np.abs(np.array(at, float)).max() < 5:
        raise InputError(f"{label}: at must be three numbers, shares of a length")
    return Placed(
        carrier,
        frame,
        ends[0],
        ends[1],
        (float(at[0]), float(at[1]), float(at[2])),
        bool(row.get("sure", True)),
    )
