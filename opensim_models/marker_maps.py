"""Names that laboratories give their markers, and what they are here: a marker, a body, or nothing that can be used.

The tables are in ``maps/*.yaml``. A user's own table goes before them::

    markers:
      R_hip_front: RASI                      # one of the project's markers
      plate_7: {body: femur_r}               # any marker that sticks to a bone
      wand: {ignore: "held in the hand"}
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.markers import MARKER_NAMES, MARKERS
from spinepose.errors import InputError

MAPS = Path(__file__).parent / "maps"
SACR = "SACR"  # one marker on the sacrum in place of both posterior iliac spines
_SIDED = ("clavicle", "humerus", "forearm", "hand", "femur", "tibia", "foot")
BODIES: tuple[str, ...] = ("pelvis", *LEVELS, "skull", *(f"{b}_{s}" for b in _SIDED for s in "rl"))
# What no table needs to list: computed points, by the way programs call them.
_COMPUTED = (
    (re.compile(r"^[RL]?[._]?(HJC|KJC|AJC|SJC|EJC|WJC)[RL]?$|^(HJC|KJC|AJC|SJC|EJC|WJC)_[RL]$", re.I),
     "a joint centre computed from other markers, not a measurement"),
    (re.compile(r"^Mid[_.]|^(MidASIS|MidPSIS|MASIS|MPSIS)$", re.I), "computed between other markers"),
    (re.compile(r"^\*|^C_\d+$|^U\d+$", re.I), "not labelled in the file"),
)  # fmt: skip


@dataclass(frozen=True)
class MarkerMap:
    """A table of names.

    Attributes:
        name: Short name.
        title: In words.
        source: Where the names are from.
        targets: File's name to one of the project's markers (or ``SACR``).
        bodies: File's name to the model's body that carries it.
        ignored: File's name to why it is not used.
    """

    name: str
    title: str
    source: str
    targets: dict[str, str]
    bodies: dict[str, str]
    ignored: dict[str, str]


@dataclass(frozen=True)
class Mapped:
    """What became of each name of a file.

    Attributes:
        convention: Title of the table that knew most names.
        names: File's name to the name in the trial, in the file's order, of those that are used.
        bodies: Body of each technical marker, by its name in the trial.
        ignored: File's name to why it is not used.
    """

    convention: str
    names: dict[str, str]
    bodies: dict[str, str]
    ignored: dict[str, str] = field(default_factory=dict)


@cache
def tables() -> tuple[MarkerMap, ...]:
    """The tables that come with the project, by file name."""
    return tuple(_read_table(path) for path in sorted(MAPS.glob("*.yaml")))


def map_names(names: tuple[str, ...], own: MarkerMap | None = None) -> Mapped:
    """Tell what each marker of a file is.

    The user's table goes first, then the table that knows most of the names, the others, the project's own names,
    and last the rules for computed points. A prefix such as ``subject:`` doesn't count, nor does upper or lower case
    where no exact name fits.

    Args:
        names: As in the file.
        own: The user's table.

    Raises:
        InputError: The user's table names a marker that is not in the file, or two for one.
    """
    if own is not None:
        _own_names_there(names, own)
    ranked = sorted(tables(), key=lambda table: -sum(_knows(table, name) for name in names))
    order = ([own] if own else []) + ranked
    found: dict[str, str] = {}
    bodies: dict[str, str] = {}
    ignored: dict[str, str] = {}
    taken: dict[str, str] = {}
    # The user's own words first, so that no table takes a target away from them.
    for name in sorted(names, key=lambda n: own is None or not _knows(own, n)):
        target, body, why = _look_up(name, names, order)
        if why:
            ignored[name] = why
        elif target and target in taken:
            if own is not None and _knows(own, name):
                raise InputError(f"{own.name}: {name!r} and {taken[target]!r} are both {target}")
            ignored[name] = f"{target} is already {taken[target]!r}"
        elif target:
            found[name], taken[target] = target, name
        else:
            clean = _plain(name)
            if clean in MARKER_NAMES or clean in taken:
                clean = f"{clean}_marker"
            found[name], taken[clean], bodies[clean] = clean, name, body
    if SACR in taken:
        bodies[SACR] = "pelvis"
    title = own.title if own is not None else ranked[0].title
    return Mapped(title, {n: found[n] for n in names if n in found}, bodies, ignored)


def missing_markers(names: set[str], bodies: dict[str, str]) -> dict[str, str]:
    """What a trial lacks and what that costs, in words; empty when nothing of weight is missing."""
    out = {}
    carried = set(bodies.values()) | {m.segment for m in MARKERS if m.name in names}
    back = [n for n in ("L5", "L3", "T12", "T8", "T3") if n not in names and n not in carried]
    if back:
        out[", ".join(back)] = (
            "no marker over these vertebrae: their landmarks keep the model's prior and are marked unobserved"
            if len(back) > 2
            else "these levels are told by their neighbours only"
        )
    groups = {
        "C7": ("C7", "the lower neck and the upper thorax are not observed"),
        "head markers (FHD, BHD)": ("skull", "the neck and the head keep the model's prior"),
        "shoulder markers (ACR)": ("clavicle_r", "the shoulder girdle keeps its neutral place"),
        "right arm": ("humerus_r", "the right arm hangs as in the model's neutral pose"),
        "left arm": ("humerus_l", "the left arm hangs as in the model's neutral pose"),
        "right thigh": ("femur_r", "the right hip is told by the shank and the foot only"),
        "left thigh": ("femur_l", "the left hip is told by the shank and the foot only"),
        "right shank": ("tibia_r", "the right knee is not observed"),
        "left shank": ("tibia_l", "the left knee is not observed"),
        "right foot": ("foot_r", "the right ankle is not observed"),
        "left foot": ("foot_l", "the left ankle is not observed"),
    }
    out |= {label: words for label, (body, words) in groups.items() if body not in carried}
    return out


def read_own_map(path: Path) -> MarkerMap:
    """Read a user's ``MAP.yaml``.

    Raises:
        InputError: Unreadable, not of the form in this module's head, or a target that is none; names the nearest.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())[:160]})") from error
    if not isinstance(data, dict) or set(data) != {"markers"} or not isinstance(data["markers"], dict):
        raise InputError(f"{path}: needs one key 'markers' that maps the file's names to markers")
    targets, bodies, ignored = {}, {}, {}
    for key, value in data["markers"].items():
        name = str(key)
        if isinstance(value, str):
            targets[name] = _one_of(path, name, value, (*MARKER_NAMES, SACR), "marker")
        elif isinstance(value, dict) and set(value) == {"body"}:
            bodies[name] = _one_of(path, name, str(value["body"]), BODIES, "body")
        elif isinstance(value, dict) and set(value) == {"ignore"}:
            ignored[name] = str(value["ignore"])
        else:
            raise InputError(
                f"{path}: {name!r} must be a marker's name, {{body: NAME}} or {{ignore: WHY}}, not {value!r}"
            )
    return MarkerMap(path.name, f"{path.name} and the project's tables", str(path), targets, bodies, ignored)


def _read_table(path: Path) -> MarkerMap:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, target in data["markers"].items():
        _one_of(path, name, target, (*MARKER_NAMES, SACR), "marker")
    for name, body in data["bodies"].items():
        _one_of(path, name, body, BODIES, "body")
    return MarkerMap(
        data["name"], data["title"], data["source"], data["markers"], data["bodies"], data["ignore"]
    )


def _one_of(path: Path, name: str, value: str, allowed: tuple[str, ...], what: str) -> str:
    if value in allowed:
        return value
    raise InputError(f"{path}: {name!r} is to be {value!r}, which is no {what}{_nearest(value, allowed)}")


def _nearest(value: str, allowed: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value, allowed, n=3, cutoff=0.4)
    return f" (nearest: {', '.join(close)})" if close else ""


def _own_names_there(names: tuple[str, ...], own: MarkerMap) -> None:
    plain = {_plain(name) for name in names} | set(names)
    for name in (*own.targets, *own.bodies, *own.ignored):
        if name not in plain:
            raise InputError(f"{own.name}: the file has no marker {name!r}{_nearest(name, tuple(names))}")


def _plain(name: str) -> str:
    """A name without the subject that Vicon puts before it."""
    return name.rsplit(":", 1)[-1].strip()


def _knows(table: MarkerMap, name: str) -> bool:
    return any(
        key in column
        for key in (name, _plain(name))
        for column in (table.targets, table.bodies, table.ignored)
    )


def _look_up(name: str, names: tuple[str, ...], order: list[MarkerMap]) -> tuple[str | None, str, str | None]:
    """Marker, body, and why it is ignored: one of the three."""
    plain = _plain(name)
    for fold in (False, True):
        keys = {k.lower() for k in (name, plain)} if fold else {name, plain}
        for table in order:
            for column in range(3):
                entries = (table.targets, table.bodies, table.ignored)[column]
                for key, value in entries.items():
                    if (key.lower() if fold else key) in keys:
                        return (
                            value if column == 0 else None,
                            value if column == 1 else "",
                            value if column == 2 else None,
                        )
        if not fold and plain in MARKER_NAMES:
            return plain, "", None
    for pattern, why in _COMPUTED:
        if pattern.search(plain):
            return None, "", why
    if plain[-1:] in ("v", "V") and any(_plain(other) == plain[:-1] for other in names):
        return None, "", f"a virtual copy of {plain[:-1]}, computed and not measured"
    known = tuple({key for table in order for key in (*table.targets, *table.bodies)})
    return (
        None,
        "",
        f"no table knows this name{_nearest(plain, known)}; --markers MAP.yaml can say what it is",
    )
