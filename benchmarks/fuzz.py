"""Throw nonsense at the embedded world's wire and count what breaks.

Run: ``python -m benchmarks.fuzz [--cases N] [--seed N] [--process]``. Without ``--process`` a world with a stub
renderer is fuzzed in this process; with it, a real one in a process of its own. A case is one hostile request, one
broken frame, or one ill-behaved connection. Prints cases, crashes, hangs, handler faults, stray files and memory;
exits 1 where anything broke.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.synth.wire_cases import Cases
from tests.synth.wire_fuzz import Fuzzer
from tests.synth.wire_worlds import real_world, strays, stub_world


def resident_mb(pid: int | str = "self") -> float:
    """Memory of a process now, in megabytes; nan where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def peak_mb(pid: int | str = "self") -> float:
    """The most memory that a process has had, in megabytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--process", action="store_true", help="fuzz a real world in a process of its own")
    args = parser.parse_args()
    logging.disable(logging.INFO)
    patience_s = 2.0 if args.process else 0.3
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "fuzz"
        root.mkdir()
        cases = Cases(random.Random(args.seed), root, dear=0.1 if args.process else 1.0)
        begin = time.monotonic()
        crashed = 0
        if args.process:
            with real_world(root, patience_s) as (address, process):
                before = resident_mb(process.pid)
                report = Fuzzer(address, cases, patience_s).run(args.cases)
                after, peak = resident_mb(process.pid), peak_mb(process.pid)
                crashed = int(process.poll() is not None)
        else:
            with stub_world(root, patience_s) as address:
                before = resident_mb()
                report = Fuzzer(address, cases, patience_s).run(args.cases)
                after, peak = resident_mb(), peak_mb()
                crashed = int(not any(thread.is_alive() for thread in threading.enumerate()[1:]))
        stray = strays(root)
    print(f"cases {report.cases}: " + ", ".join(f"{kind} {count}" for kind, count in report.kinds.items()))
    print(f"crashes {crashed}, hangs {len(report.hangs)}, wrong replies {len(report.wrong)}, "
          f"handler faults {len(report.faults)}, stray files {len(stray)}")  # fmt: skip
    print("answers: " + ", ".join(f"{kind} {count}" for kind, count in report.answers.items()))
    print(f"memory {before:.0f} -> {after:.0f} MB, peak {peak:.0f} MB")
    print(f"slowest case {report.slowest_s:.1f} s, all {time.monotonic() - begin:.0f} s")
    for line in (*report.hangs, *report.wrong, *report.faults, *stray)[:40]:
        print("  ", line)
    return int(bool(crashed or report.hangs or report.wrong or report.faults or stray))


if __name__ == "__main__":
    sys.exit(main())
