"""Spoil a recording in every known way and print what ``fit-opensim --trc`` says to each.

    python -m benchmarks.outside_faults [--trc FILE] [--static FILE] [--out DIR]

Without files it takes ``$SPINEFORGE_DATA/markers/run.trc`` and ``static.trc``. Exit 1 if a fault passed without a word:
each has to end in a repair with a record, or in one line and exit code 2.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from opensim_models.gaps import segments
from opensim_models.io import read_raw_trc
from opensim_models.marker_maps import map_names
from pipelines.cli import main as spineforge

Lines = list[str]


class Recorded:
    """A ``.trc`` as header lines and a table, so that one thing at a time can be spoilt."""

    def __init__(self, path: Path) -> None:
        raw = read_raw_trc(path)
        lines = path.read_text(encoding="latin-1").splitlines()
        self.path, self.names, self.unit = path, list(raw.names), raw.unit
        self.factor = {"m": 1.0, "mm": 0.001, "cm": 0.01}[raw.unit]
        self.head, self.times = lines[:5], raw.times_s
        self.points = raw.points_m.copy()

    def column(self, marker: str) -> int:
        """Where one of the project's markers is in the file, by whatever name."""
        theirs = {ours: name for name, ours in map_names(tuple(self.names)).names.items()}
        return self.names.index(theirs[marker])

    def write(self, path: Path, said: int | None = None, scale: float = 1.0) -> None:
        """Write the file; ``said`` is the frame count of the header, ``scale`` spoils the unit."""
        frames, count = self.points.shape[:2]
        values = self.head[2].split("\t")
        values[2:5] = [str(frames if said is None else said), str(count), self.unit]
        labels = "Frame#\tTime\t" + "\t\t\t".join(self.names) + "\t\t"
        axes = "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(1, count + 1))
        rows = [
            f"{i + 1}\t{time:.5f}\t" + "\t".join("" if np.isnan(v) else f"{v:.6f}" for v in row)
            for i, (time, row) in enumerate(
                zip(self.times, (self.points / self.factor * scale).reshape(frames, -1), strict=True)
            )
        ]
        path.write_text("\n".join([*self.head[:2], "\t".join(values), labels, axes, "", *rows]) + "\n")

    def without(self, markers: set[str]) -> None:
        """Leave some of the project's markers out."""
        mapped = map_names(tuple(self.names)).names
        keep = [i for i, name in enumerate(self.names) if mapped.get(name) not in markers]
        self.names, self.points = [self.names[i] for i in keep], self.points[:, keep]


def legs_swapped(trial: Recorded, path: Path) -> None:
    """Left and right of all leg markers bear each other's name."""
    mapped = map_names(tuple(trial.names))
    used = [name for name in trial.names if name in mapped.names]
    bodies = segments(tuple(mapped.names[name] for name in used), mapped.bodies)
    legs = {
        n for n, body in zip(used, bodies, strict=True) if body.split("_")[0] in ("femur", "tibia", "foot")
    }
    sides = {"R": "L", "L": "R"}
    trial.names = [sides[n[0]] + n[1:] if n in legs else n for n in trial.names]
    trial.write(path)


def millimetres_as_metres(trial: Recorded, path: Path) -> None:
    """Numbers are millimetres, the header says metres."""
    scale = 1.0 if trial.unit == "mm" else 1000.0
    trial.unit, trial.factor = "m", trial.factor if trial.unit == "mm" else 1.0
    trial.write(path, scale=scale)


def gap_of_30_frames(trial: Recorded, path: Path) -> None:
    """C7 is not seen for 30 frames."""
    trial.points[20:50, trial.column("C7")] = np.nan
    trial.write(path)


def jumping_marker(trial: Recorded, path: Path) -> None:
    """A heel marker jumps by 0.3 m for four frames."""
    trial.points[40:44, trial.column("RHEE")] += [0.3, 0.1, 0.0]
    trial.write(path)


def no_pelvis(trial: Recorded, path: Path) -> None:
    """Nobody stuck markers on the pelvis."""
    trial.without({"RASI", "LASI", "RPSI", "LPSI", "SACR"})
    trial.write(path)


def empty_file(trial: Recorded, path: Path) -> None:
    """Nothing in it."""
    path.write_text("")


def header_lies(trial: Recorded, path: Path) -> None:
    """The header tells seven frames more than there are."""
    trial.write(path, said=len(trial.times) + 7)


FAULTS: dict[str, Callable[[Recorded, Path], None]] = {
    "swapped sides": legs_swapped,
    "millimetres read as metres": millimetres_as_metres,
    "a gap of 30 frames": gap_of_30_frames,
    "a jumping marker": jumping_marker,
    "no pelvis": no_pelvis,
    "empty file": empty_file,
    "header that lies on its frame count": header_lies,
}


def said_to(name: str, trc: Path, static: Path | None, folder: Path) -> tuple[int, Lines]:
    """Exit code and what the tool said of a fault that the clean recording does not have."""
    spoilt = folder / f"{name.replace(' ', '_')}.trc"
    FAULTS[name](Recorded(trc), spoilt)
    out = folder / spoilt.stem
    words = ["fit-opensim", "--trc", str(spoilt), "--out", str(out)]
    words += ["--static", str(static)] if static is not None else []
    told, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(wrong):
        code = spineforge(words)
    if code:
        return code, wrong.getvalue().strip().splitlines()
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    lines = [f"{report['verdict']}, marker RMS {1000 * report['marker_rms_m']:.1f} mm"]
    lines += [f"{r['kind']}: {r['words']}" for r in report["repairs"] if r["file"] == spoilt.name]
    return code, lines


def main() -> int:
    """Run all faults; 1 if one of them passed in silence."""
    data = Path(os.environ.get("SPINEFORGE_DATA", "."))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trc", type=Path, default=data / "markers/run.trc")
    parser.add_argument("--static", type=Path, default=data / "markers/static.trc")
    parser.add_argument("--out", type=Path, help="keep the spoilt files and results here")
    args = parser.parse_args()
    silent = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in FAULTS:
            code, lines = said_to(name, args.trc, args.static, folder)
            print(f"{name} (exit {code})")
            for line in lines:
                print(f"  {line}")
            heard = (code == 0 and len(lines) > 1) or (code == 2 and len(lines) == 1)
            if not heard:
                silent.append(name)
    if silent:
        print(f"without a word: {', '.join(silent)}")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
