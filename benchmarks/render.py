"""Labelled people a second through the socket: colour, depth, ids and truth on disk; and what drawing alone takes.

    python benchmarks/render.py                          # quick and balanced
    python benchmarks/render.py --grow                   # how it grows with people, resolution and worlds
    python benchmarks/render.py --presets quick --people 2 --size 640x480 --worlds 2 --scenes 24

Each case is a whole stage ``render`` in a process of its own, done twice with the same worlds: ``first`` builds every
place and body, ``again`` finds as many of them built as a world keeps. There are as many bodies for each scene as in
the preset, and as many scenes in a block, so that ``first`` is what a long run comes to. ``alone`` is
``Renderer.render`` of the same frames in this process, nothing else. Machines differ and drift, and others compute
beside us: CPU seconds are steadier than people a second. ``on all cores`` is what those CPU seconds come to when every
core is ours and busy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

PRESETS = Path(__file__).parents[1] / "pipelines" / "presets"
_TICK = os.sysconf("SC_CLK_TCK")
PLAIN = {
    "preset": "quick",
    "people": 2,
    "size": "640x480",
    "worlds": 0,
    "scenes": 12,
    "subjects": 0,
    "sets": [],
}


def cpu_s(pid: int) -> float:
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def peak_mib(pid: int) -> float:
    """Largest resident size of a process so far, MiB."""
    line = next(
        row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def load_case(case: dict[str, Any]) -> Any:
    """The run config of a case."""
    from pipelines.settings import load_config

    width, height = case["size"].split("x")
    preset = load_config(PRESETS / f"{case['preset']}.yaml", case["sets"]).scenes
    subjects = case["subjects"] or max(2, round(case["scenes"] * preset.subjects / preset.scenes))
    sets = [
        f"scenes.scenes={case['scenes']}",
        f"scenes.subjects={subjects}",
        f"scenes.camera.width={width}",
        f"scenes.camera.height={height}",
        f"render.worlds={case['worlds']}",
    ]
    if case["people"]:
        sets.append(
            f"scenes.people_weights={[float(i + 1 == case['people']) for i in range(case['people'])]}"
        )
    return load_config(PRESETS / f"{case['preset']}.yaml", [*sets, *case["sets"]])


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """Run one case; gives its figures."""
    from pipelines import render, scenes
    from pipelines.render_worlds import cores, units, world_count
    from pipelines.scenes import load_scenes
    from synth.unrealcv.process import WorldProcess

    config = load_case(case)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        run_dir = Path(scratch) / "run"
        scenes_dir = scenes.run(run_dir, config).folder
        specs = load_scenes(scenes_dir)
        wanted = world_count(config.render, len(specs))
        count = min(wanted, len(units(specs, wanted)))
        threads = max(1, cores() // count) if count > 1 else None
        worlds = [
            WorldProcess(
                scenes_dir / "clips", run_dir / f"world-{i}", threads=threads, quality=config.render.quality
            )
            for i in range(count)
        ]
        addresses = ["{}:{}".format(*stack.enter_context(world)) for world in worlds]
        pids = [world.pid for world in worlds if world.pid is not None]
        found["start_s"] = sum(map(cpu_s, pids)) / count
        for name in ("first", "again"):
            wall, own, theirs = time.perf_counter(), time.process_time(), sum(map(cpu_s, pids))
            counts = render.run(run_dir, config, start_over=True, world=addresses).manifest.counts
            found[name] = {
                "wall_s": time.perf_counter() - wall,
                "client_s": time.process_time() - own,
                "world_s": sum(map(cpu_s, pids)) - theirs,
            }
        found |= {"worlds": count, "peak_mib": max(map(peak_mib, pids)), "cores": cores()}
        found |= {"frames": counts["frames"], "people": counts["people_on_frames"]}
        for world in worlds:
            world.stop()
        found["alone"] = draw_alone(specs, scenes_dir / "clips", config.render.quality)
    return found


def draw_alone(specs: list[Any], clips: Path, quality: str) -> dict[str, float]:
    """Seconds that ``Renderer.render`` takes for all frames of the scenes, once everything is uploaded."""
    from synth.unrealcv.capture import Studio
    from synth.unrealcv.driver import Driver
    from synth.world.places import PLACES
    from synth.world.world import World, make_renderer

    renderer = make_renderer(quality)
    world = World(renderer, PLACES, clips, clips.parent / "out", quality=quality)
    spent = {"wall_s": 0.0, "cpu_s": 0.0}
    draw = renderer.render

    def timed(*arguments: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        images = draw(*arguments)
        spent["wall_s"] += time.perf_counter() - wall
        spent["cpu_s"] += time.process_time() - cpu
        return images

    class InProcess(Driver):
        def connect(self) -> None:
            self.connections = 1

        def fetch(self, wanted: Any) -> list[bytes]:
            replies = (world.answer(ask.command) for ask in wanted)
            return [reply.encode() if isinstance(reply, str) else bytes(reply) for reply in replies]

    studio = Studio(InProcess("nowhere", 1))
    for scene in specs:
        for frame in scene.frames():
            studio.frame(frame, lambda raw: raw)
        # The same scene again, with the camera a millimetre aside: all is uploaded, and nothing is remembered.
        renderer.render = timed  # type: ignore[method-assign]
        for frame in _nudged(scene):
            studio.frame(frame, lambda raw: raw)
        renderer.render = draw  # type: ignore[method-assign]
    return spent


def _nudged(scene: Any) -> Iterator[Any]:
    from dataclasses import replace

    for frame in scene.frames():
        x, y, z = frame.camera.position_m
        yield replace(frame, camera=replace(frame.camera, position_m=(x + 0.001, y, z)))


HEADER = (
    f"{'':34s} {'people/s':>17s} {'on all cores':>13s} {'CPU-s a frame':>22s} {'alone':>7s} {'of alone':>8s}"
    f" {'peak':>6s} {'start':>6s}\n"
    f"{'':34s} {'first':>8s} {'again':>8s} {'first':>6s} {'again':>6s} {'world':>8s} {'again':>6s} {'client':>6s}"
    f" {'CPU-s':>7s} {'again':>8s} {'MiB':>6s} {'CPU-s':>6s}"
)


def row(case: dict[str, Any], found: dict[str, Any]) -> str:
    """One line of the table."""
    frames, people = found["frames"], found["people"]
    first, again = found["first"], found["again"]

    def ours(part: dict[str, float]) -> float:
        return people * found["cores"] / (part["world_s"] + part["client_s"])

    alone = found["alone"]["cpu_s"] / frames
    name = f"{case['preset']} {case['people'] or 'as drawn'} people {case['size']} {found['worlds']} worlds"
    share = alone / ((again["world_s"] + again["client_s"]) / frames)
    return (
        f"{name:34s} {people / first['wall_s']:8.2f} {people / again['wall_s']:8.2f} {ours(first):6.2f}"
        f" {ours(again):6.2f} {first['world_s'] / frames:8.3f} {again['world_s'] / frames:6.3f}"
        f" {again['client_s'] / frames:6.3f} {alone:7.3f} {share:8.0%} {found['peak_mib']:6.0f} {found['start_s']:6.1f}"
    )


def run_case(case: dict[str, Any]) -> dict[str, Any]:
    """Measure in a process of its own, so that no case leaves anything to the next one."""
    command = [sys.executable, str(Path(__file__).resolve()), "--case", json.dumps(case)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def growth(plain: dict[str, Any]) -> list[dict[str, Any]]:
    """Cases in which one thing differs from the plain one."""
    changes: list[dict[str, Any]] = [{"people": count} for count in (1, 2, 3, 4)]
    changes += [{"size": size} for size in ("320x240", "960x720", "1280x720")]
    changes += [{"worlds": count} for count in (1, 2, 4)]
    return [plain | change for change in changes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--presets", nargs="+", default=["quick", "balanced"], help="files of pipelines/presets"
    )
    parser.add_argument(
        "--people", type=int, nargs="+", default=[2], help="people a frame; 0 as the preset draws"
    )
    parser.add_argument("--size", nargs="+", default=["640x480"], metavar="WxH")
    parser.add_argument(
        "--worlds", type=int, nargs="+", default=[0], help="worlds side by side; 0 is one a core"
    )
    parser.add_argument("--scenes", type=int, default=PLAIN["scenes"])
    parser.add_argument(
        "--subjects", type=int, default=PLAIN["subjects"], help="bodies; 0: the preset's share of the scenes"
    )
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument(
        "--grow", action="store_true", help="vary people, resolution and worlds one at a time"
    )
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        sys.stdout.write(json.dumps(measure(json.loads(args.case))) + "\n")
        return
    plain = PLAIN | {"scenes": args.scenes, "subjects": args.subjects, "sets": args.sets}
    cases = [
        plain | {"preset": preset, "people": people, "size": size, "worlds": worlds}
        for preset in args.presets
        for people in args.people
        for size in args.size
        for worlds in args.worlds
    ]
    if args.grow:
        cases = [case for preset in args.presets for case in growth(plain | {"preset": preset})]
    print(HEADER)
    for case in cases:
        print(row(case, run_case(case)), flush=True)


if __name__ == "__main__":
    main()
