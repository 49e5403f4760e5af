"""Seconds and peak memory of every stage of the demo, each stage in a process of its own.

    python benchmarks/stages.py [--set KEY=VALUE ...] [--run DIR]

Machines differ and drift: read the shares, and compare two versions within one session only.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STAGES = ("scenes", "render", "fit-opensim", "dataset", "train")
DEMO = Path(__file__).parents[1] / "pipelines" / "presets" / "demo.yaml"


def time_stage(stage: str, run_dir: Path, sets: list[str]) -> tuple[float, float]:
    """Wall seconds of one stage and the largest resident size of any process so far, MiB."""
    command = [sys.executable, "-m", "pipelines.cli", stage, "--run", str(run_dir), "--config", str(DEMO)]
    for option in sets:
        command += ["--set", option]
    began = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Run the stages and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--set", action="append", default=[], dest="sets", metavar="KEY=VALUE", help="config overrides"
    )
    parser.add_argument(
        "--run", type=Path, help="an empty folder to keep the run in (default: a temporary one)"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run_dir = args.run or Path(scratch) / "run"
        rows = [(stage, *time_stage(stage, run_dir, args.sets)) for stage in STAGES]
    total = sum(seconds for _, seconds, _ in rows)
    print(f"\n{'stage':12s} {'seconds':>8s} {'share':>6s} {'peak so far, MiB':>17s}")
    for stage, seconds, peak in rows:
        print(f"{stage:12s} {seconds:8.1f} {seconds / total:6.0%} {peak:17.0f}")
    print(f"{'all':12s} {total:8.1f}")


if __name__ == "__main__":
    main()
