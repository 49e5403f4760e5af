"""A model in words and in plain data: bodies, joints, coordinates, couplers, markers, landmark sets, sources."""

from __future__ import annotations

from typing import Any

import numpy as np

from opensim_models.anatomy import sources
from opensim_models.anatomy.coordinates import PELVIS_COORDINATES, REGIONAL_COORDINATES
from opensim_models.landmark_sets import LANDMARK_SETS, station_name
from opensim_models.markers import MARKERS
from opensim_models.spec import CoordinateSpec, ModelSpec
from opensim_models.spine import REGIONAL_RANGES_RAD


def description(spec: ModelSpec) -> dict[str, Any]:
    """All there is to say of a model; degrees, metres, kilograms."""
    followers = {c.dependent for c in spec.couplers}
    free = [c for c in spec.coordinates if c.name not in followers]
    return {
        "name": spec.name,
        "mass_kg": round(sum(b.mass_kg for b in spec.bodies), 3),
        "bodies": {b.name: round(b.mass_kg, 4) for b in spec.bodies},
        "joints": {j.name: {"parent": j.parent, "child": j.child} for j in spec.joints},
        "coordinates": {c.name: _limits(c) for c in free},
        "followers": len(followers),
        "couplers": _couplers(spec),
        "markers": {m.name: {"body": m.body, "place_m": _round(m.offset_m)} for m in spec.markers},
        "landmark_sets": _landmark_sets(spec),
    }


def sources_table() -> list[dict[str, Any]]:
    """Tables of anatomy: numbers by what is behind them, and the words."""
    return [
        {
            "table": table,
            **numbers,
            "sources": [
                {"rows": "all" if s.rows is None else list(s.rows), "status": s.status, "words": s.words}
                for s in sources.sources()
                if s.table == table
            ],
        }
        for table, numbers in sources.counts().items()
    ]


def as_text(what: dict[str, Any], tables: list[dict[str, Any]]) -> str:
    """The same for a reader."""
    lines = [f"model {what['name']}: {len(what['bodies'])} bodies, {what['mass_kg']} kg"]
    lines += ["", "bodies (kg)", _columns([f"{name} {mass:g}" for name, mass in what["bodies"].items()])]
    lines += ["", "joints (child in parent)"]
    lines.append(_columns([f"{j['child']} in {j['parent']}" for j in what["joints"].values()]))
    lines += ["", f"independent coordinates, clamped; {what['followers']} more follow by couplers"]
    for name, (low, high, unit) in what["coordinates"].items():
        lines.append(f"  {name:<24} {low:>8.1f} to {high:>7.1f} {unit}{_anatomical(name)}")
    lines += ["", "couplers: share of its region's coordinate that each joint takes, %"]
    lines += [f"  {name:<20} {_shares(shares)}" for name, shares in what["couplers"].items()]
    lines += ["", f"markers ({len(what['markers'])})"]
    words = {m.name: m.definition for m in MARKERS}
    for name, marker in what["markers"].items():
        lines.append(
            f"  {name:<6} {marker['body']:<11} {_mm(marker['place_m'])}  {words.get(name, '')}".rstrip()
        )
    for label, one in what["landmark_sets"].items():
        lines += ["", f"landmark set {label}: {one['definition']}"]
        for name, point in one["points"].items():
            lines.append(f"  {name:<17} {point['body']:<11} {_mm(point['place_m'])}")
    return "\n".join([*lines, "", *_source_lines(tables)])


def _source_lines(tables: list[dict[str, Any]]) -> list[str]:
    total = {status: sum(t[status] for t in tables) for status in sources.STATUSES}
    lines = [
        "sources of the tables of anatomy, numbers: "
        + ", ".join(f"{n} {'[' + s + ']' if s != 'sourced' else s}" for s, n in total.items())
    ]
    for table in tables:
        numbers = ", ".join(f"{table[s]} {s}" for s in sources.STATUSES if table[s])
        lines.append(f"  {table['table']} ({numbers})")
        for source in table["sources"]:
            rows = "" if source["rows"] == "all" else f" {', '.join(source['rows'])}:"
            lines.append(f"    [{source['status']}]{rows} {source['words']}")
    return lines


def _limits(c: CoordinateSpec) -> tuple[float, float, str]:
    if c.name in PELVIS_COORDINATES[:3]:
        return round(c.lower, 3), round(c.upper, 3), "m"
    return round(float(np.degrees(c.lower)), 2), round(float(np.degrees(c.upper)), 2), "deg"


def _anatomical(name: str) -> str:
    """The range that checks hold a region's coordinate against; the clamp is wider, so that they can fail."""
    if name not in REGIONAL_COORDINATES:
        return ""
    low, high = np.degrees(REGIONAL_RANGES_RAD[REGIONAL_COORDINATES.index(name)])
    return f" (anatomical range {low:.1f} to {high:.1f})"


def _couplers(spec: ModelSpec) -> dict[str, dict[str, float]]:
    """Region's coordinate to each joint's share."""
    found: dict[str, dict[str, float]] = {name: {} for name in REGIONAL_COORDINATES}
    for coupler in spec.couplers:
        joint = coupler.dependent.rsplit("_", 1)[0]
        found.setdefault(coupler.independent, {})[joint] = round(coupler.slope, 4)
    return {name: shares for name, shares in found.items() if shares}


def _landmark_sets(spec: ModelSpec) -> dict[str, dict[str, Any]]:
    stations = {p.name: p for p in spec.stations}
    found = {}
    for name, one in LANDMARK_SETS.items():
        names = {point: station_name(name, point) for point in one.names}
        if not set(names.values()) <= set(stations):
            continue
        found[one.label] = {
            "definition": one.definition,
            "points": {
                point: {"body": stations[s].body, "place_m": _round(stations[s].offset_m)}
                for point, s in names.items()
            },
        }
    return found


def _round(offset_m: np.ndarray) -> list[float]:
    return [round(float(v), 5) for v in offset_m]


def _mm(place_m: list[float]) -> str:
    return "(" + ", ".join(f"{1000 * v:6.1f}" for v in place_m) + ") mm"


def _shares(shares: dict[str, float]) -> str:
    return " ".join(f"{joint} {100 * share:.0f}" for joint, share in shares.items())


def _columns(words: list[str], width: int = 26, count: int = 4) -> str:
    rows = [words[i : i + count] for i in range(0, len(words), count)]
    return "\n".join("  " + "".join(f"{word:<{width}}" for word in row).rstrip() for row in rows)
