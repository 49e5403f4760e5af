"""What labels cost as their number grows: CPU seconds and peak memory of each step, each in a process of its own.

    python -m benchmarks.dataset [--sizes 10000 100000 1000000] [--out DIR]

People are drawn, not rendered: what is timed is writing parts, merging them, reading and checking the result, and the
exports. Their labels obey every written rule, so the check goes over all of them, and it must find nothing. `start` is
the interpreter with its imports, which every step pays, too; `draw` is what drawing takes of `write parts`. A million
people need about 15 GB of disk.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd

from benchmarks.drawn_people import HEIGHT, WIDTH, DrawnLabels
from pipelines.config import ScenesConfig
from pipelines.dataset_merge import SPLITS, add_up, merge
from pipelines.dataset_parts import PartNote, read_note, write_labels
from pipelines.dataset_sources import own_info
from spinepose.coco_stream import iter_annotations, read_head

PEOPLE_A_PICTURE = 2
PICTURES_A_PART = 48


def start(folder: Path, people: int) -> None:
    """Nothing beyond the imports."""


def draw(folder: Path, people: int) -> None:
    """Draw the people that the parts hold."""
    labeller, part = DrawnLabels(0), pd.DataFrame(index=range(PEOPLE_A_PICTURE * PICTURES_A_PART))
    for _ in range(0, people, len(part)):
        labeller.take(part)
        picture = SimpleNamespace(frame_id="f")
        labeller.label_frame(picture, [SimpleNamespace(subject_id="b")] * len(part), PartNote())


def write_parts(folder: Path, people: int) -> None:
    """Write parts as the stage does, with drawn labels."""
    pictures, made, part = people // PEOPLE_A_PICTURE, 0, 0
    while made < pictures:
        count = min(PICTURES_A_PART, pictures - made)
        source = f"drawn-{part:06d}.jpg"
        cv2.imwrite(str(folder / source), np.zeros((8, 8, 3), np.uint8))
        names = [f"f{made + i:08d}" for i in range(count)]
        frames = pd.DataFrame(
            {
                "frame_id": names,
                "path": source.removesuffix(".jpg"),
                "width": WIDTH,
                "height": HEIGHT,
                "split": ["val" if (made + i) % 4 == 3 else "train" for i in range(count)],
            }
        )
        persons = pd.DataFrame(
            {
                "frame_id": np.repeat(names, PEOPLE_A_PICTURE),
                "instance": np.tile(np.arange(PEOPLE_A_PICTURE), count),
                "subject_id": f"b{part % 1000:05d}",
            }
        )
        target = folder / "parts" / f"p{part:06d}"
        target.mkdir(parents=True)
        write_labels(target, DrawnLabels(part), frames, persons)  # type: ignore[arg-type]
        made, part = made + count, part + 1


def merge_parts(folder: Path, people: int) -> None:
    """Merge them as the stage does."""
    parts = sorted(path for path in (folder / "parts").iterdir() if not path.name.startswith("."))
    counts = add_up([read_note(part) for part in parts])
    merge(folder, folder, parts, counts, {s: own_info(ScenesConfig(), 0, s, counts) for s in SPLITS})


def read(folder: Path, people: int) -> None:
    """Go over every annotation once and look at its keypoints."""
    found = 0
    for split in SPLITS:
        path = labels(folder, split)
        read_head(path)
        for annotation in iter_annotations(path):
            found += sum(v > 0 for v in annotation["keypoints"][2::3]) == annotation["num_keypoints"]
    if found != people // PEOPLE_A_PICTURE * PEOPLE_A_PICTURE:
        raise SystemExit(f"read {found} annotations of {people}")


def validate(folder: Path, people: int) -> None:
    """``spineforge dataset validate`` without looking at the pictures, extras beside."""
    from pipelines.cli import main as spineforge

    for split in SPLITS:
        if spineforge(["dataset", "validate", str(labels(folder, split)), "--limit", "0"]):
            raise SystemExit(f"{split}: the check found something in sound labels")


def card(folder: Path, people: int) -> None:
    """README.md and croissant.json with all hashes."""
    from pipelines.card import write_card

    write_card(folder)


def export(kind: str) -> Callable[[Path, int], None]:
    """An export of the merged set."""

    def work(folder: Path, people: int) -> None:
        from pipelines.export_dataset import export_dataset

        export_dataset(folder, folder / f"as-{kind}", kind)

    return work


def labels(folder: Path, split: str) -> Path:
    """The merged file of a split."""
    return folder / "annotations" / f"person_keypoints_{split}-synth.json"


STEPS: dict[str, Callable[[Path, int], None]] = {
    "start": start,
    "draw": draw,
    "write parts": write_parts,
    "merge": merge_parts,
    "read": read,
    "validate": validate,
    "card": card,
    **{f"export {kind}": export(kind) for kind in ("coco", "webdataset", "yolo", "parquet")},
}


def measure(step: str, folder: Path, people: int) -> tuple[float, float]:
    """CPU seconds and peak MiB of a step in a process of its own, the interpreter's start and imports included."""
    command = [sys.executable, "-m", "benchmarks.dataset", "--step", step, "--sizes", str(people), "--out"]
    run = subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True)
    cpu, peak = run.stdout.split()[-2:]
    return float(cpu), float(peak)


def main() -> None:
    """Run all steps at all sizes and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument(
        "--steps", nargs="+", choices=STEPS, default=list(STEPS), metavar="STEP", help=", ".join(STEPS)
    )
    parser.add_argument("--out", type=Path, help="folder to work in (default: a temporary one)")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        STEPS[args.step](args.out, args.sizes[0])
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return
    print(f"{'people':>9s} {'step':18s} {'CPU s':>8s} {'people/CPU s':>13s} {'peak MiB':>9s}")
    for people in args.sizes:
        with tempfile.TemporaryDirectory(dir=args.out) as scratch:
            for step in args.steps:
                cpu, peak = measure(step, Path(scratch), people)
                print(f"{people:9d} {step:18s} {cpu:8.1f} {people / cpu:13.0f} {peak:9.0f}", flush=True)


if __name__ == "__main__":
    main()
