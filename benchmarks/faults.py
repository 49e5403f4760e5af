"""A small real run with faults at every command of the driver: frames lost, wrong frames, time lost.

    python benchmarks/faults.py [--faults kill hang ...] [--timeout 5] [--set KEY=VALUE ...]

Between driver and world stands the proxy of the tests. Each row is a whole stage ``render`` in which one fault befalls
each kind of command once, one after the other; pictures, ids, depth and tables are compared byte for byte with those
of the undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines import render, scenes
from pipelines.run import VOLATILE
from pipelines.settings import load_config
from pipelines.tables import read_table
from synth.motion.clip import load_clip
from synth.unrealcv import capture
from synth.unrealcv.process import WorldProcess
from tests.synth.faults import FAULTS, Fault, FaultProxy, Plan, as_command, command_kind

SMALL = (
    "scenes.subjects=2",
    "scenes.scenes=2",
    "scenes.frames_per_scene=3",
    "scenes.people_weights=[0.5, 0.5]",
    "scenes.motions=[flexion_extension, side_bend]",
    "scenes.clips_per_motion=1",
    "scenes.trial_seconds=0.5",
    "scenes.place_variants=1",
    "scenes.places=[studio]",
    "scenes.camera.width=320",
    "scenes.camera.height=240",
    "render.worlds=1",
    "render.quality=fast",
    "render.retries=20",
    "render.world_restarts=20",
    "render.connect_timeout_s=3",
)


class ProxiedWorld(WorldProcess):
    """The embedded world behind a proxy that stays where it is when the world is started anew."""

    proxy: FaultProxy
    starts = 0

    def start(self) -> tuple[str, int]:
        self.proxy.upstream = super().start()
        self.proxy.kill = self._kill
        type(self).starts += 1
        return self.proxy.address

    def _kill(self) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class ClipProxy(FaultProxy):
    """Answers an ignored ``PlayClip`` as the world would have."""

    clips: Path

    def played(self, clip: str, time_s: float) -> bytes:
        found = load_clip(self.clips / f"{clip}.npz")
        return self.as_played(found.name, found.frame_at(time_s), found.num_frames, found.fps)


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    kinds: tuple[str, ...]
    happened: tuple[tuple[str, str], ...]
    files: dict[str, bytes]
    incidents: Any
    seconds: float
    starts: int


def run_once(run_dir: Path, config: Any, plans: list[Plan], late_s: float) -> Outcome:
    """Render behind the proxy and read everything that came out."""
    with ClipProxy(("", 0), late_s=late_s, plans=plans) as proxy:
        proxy.clips = run_dir / "scenes" / "clips"
        ProxiedWorld.proxy, ProxiedWorld.starts = proxy, 0
        began = time.monotonic()
        stage = render.run(run_dir, config, start_over=True)
        seconds = time.monotonic() - began
        files = {
            path.relative_to(stage.folder).as_posix(): path.read_bytes()
            for path in sorted(stage.folder.rglob("*"))
            if path.is_file() and path.name not in VOLATILE
        }
        incidents = read_table(stage.folder / "incidents.parquet")
        return Outcome(tuple(proxy.counts), tuple(proxy.log), files, incidents, seconds, ProxiedWorld.starts)


def frames_of(files: dict[str, bytes]) -> set[str]:
    return {name.removesuffix(".jpg") for name in files if name.endswith(".jpg")}


def compare(found: Outcome, expected: Outcome) -> tuple[int, int, int]:
    """Frames lost, frames of which some byte differs, tables that differ."""
    frames = frames_of(expected.files)
    lost = frames - frames_of(found.files)
    wrong = {
        frame
        for frame in frames - lost
        for end in (".jpg", ".depth.png", ".ids.png")
        if found.files.get(frame + end) != expected.files[frame + end]
    }
    tables = [name for name in expected.files if name.endswith(".parquet")]
    return len(lost), len(wrong), sum(found.files.get(name) != expected.files[name] for name in tables)


def main() -> None:
    """Run and print a line a fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", nargs="+", choices=[fault.name for fault in FAULTS], metavar="NAME")
    parser.add_argument("--timeout", type=float, default=5.0, help="render.timeout_s of the disturbed runs")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    args = parser.parse_args()
    render.WorldProcess = ProxiedWorld  # type: ignore[misc]
    capture._LONGEST_PAUSE_S = 0.2  # the tenth attempt at an item is no sign of trouble here
    plain = load_config(sets=[*SMALL, *args.sets])
    config = load_config(sets=[*SMALL, f"render.timeout_s={args.timeout}", *args.sets])
    with tempfile.TemporaryDirectory() as scratch:
        run_dir = Path(scratch) / "run"
        scenes.run(run_dir, plain)
        expected = run_once(run_dir, plain, [], 0.0)
        print(
            f"{len(frames_of(expected.files))} frames, {len(expected.kinds)} kinds of commands, undisturbed"
            f" {expected.seconds:.1f} s\n{'fault':24s} {'commands':>8s} {'happened':>8s} {'recorded':>8s}"
            f" {'restarts':>8s} {'frames lost':>11s} {'wrong frames':>12s} {'wrong tables':>12s} {'s lost':>7s}"
            f" {'s each':>7s}"
        )
        totals = [0, 0, 0, 0]
        for fault in FAULTS:
            if args.faults and fault.name not in args.faults:
                continue
            totals = [
                a + b
                for a, b in zip(totals, report(run_dir, config, fault, expected, args.timeout), strict=True)
            ]
        shutil.rmtree(run_dir)
    print(f"faults {totals[0]}, frames lost {totals[1]}, wrong frames {totals[2]}, wrong tables {totals[3]}")


def report(run_dir: Path, config: Any, fault: Fault, expected: Outcome, timeout_s: float) -> list[int]:
    """One run with a fault at each command; prints its line."""
    kinds = [kind for kind in expected.kinds if fault.befalls(as_command(kind))]
    found = run_once(run_dir, config, [Plan(fault, kind) for kind in kinds], 3 * timeout_s + 1)
    lost, wrong, tables = compare(found, expected)
    happened = {command_kind(command) for _, command in found.happened}
    seconds = float(found.incidents.seconds_lost.sum()) if len(found.incidents) else 0.0
    print(
        f"{fault.name:24s} {len(kinds):8d} {len(happened):8d} {len(found.incidents):8d} {found.starts - 1:8d}"
        f" {lost:11d} {wrong:12d} {tables:12d} {seconds:7.1f} {seconds / max(len(happened), 1):7.1f}",
        flush=True,
    )
    missed = sorted(set(kinds) - happened)
    if missed:
        print(f"    not reached: {', '.join(missed)}")
    return [len(happened), lost, wrong, tables]


if __name__ == "__main__":
    main()
