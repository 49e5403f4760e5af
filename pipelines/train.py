"""Stage train: teacher, student, evaluation and ONNX, in one folder; the same for a COCO file of one's own."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from pipelines.config import RunConfig
from pipelines.run import Stage, hash_file, open_stage, require_stage
from spinepose.ablate import run_ablation, table_lines
from spinepose.coco import load_coco, save_coco
from spinepose.errors import InputError
from spinepose.evaluate import evaluate_checkpoint
from spinepose.export import export_onnx
from spinepose.files import write_json
from spinepose.parallel import process_group
from spinepose.train import run_training

TRAIN_LABELS = "annotations/person_keypoints_train-synth.json"
VAL_LABELS = "annotations/person_keypoints_val-synth.json"
# Without a file of held-out people, one image in ten is held out.
HELD_OUT_ONE_IN = 10


def run(
    run_dir: Path,
    config: RunConfig,
    start_over: bool = False,
    teacher: Path | None = None,
    init: Path | None = None,
) -> Stage:
    """Train on the run's own labels; writes ``teacher.pt``, ``student.pt``, ``student.onnx``, ``metrics.json``.

    Under ``torchrun`` all processes call it; the first one writes.

    Args:
        run_dir: The run's folder.
        config: The run's config.
        start_over: Throw away what was trained before.
        teacher: A body teacher in a file; without it one is trained first on the run's own body labels.
        init: Weights that the student starts from.
    """
    data_dir, data = require_stage(run_dir, "dataset")
    inputs = {"dataset": data.content_hash}
    inputs |= {name: hash_file(path) for name, path in (("teacher", teacher), ("init", init)) if path}
    settings = config.train.model_dump(mode="json")
    with process_group() as group:
        # The first process makes the folder; the others find it made.
        for turn in (True, False):
            if group.is_first == turn:
                stage = open_stage(run_dir, "train", settings, inputs, config.seed, start_over and turn)
            group.wait()
        if stage.complete:
            return stage
        labels = (data_dir / TRAIN_LABELS, data_dir / VAL_LABELS, data_dir / "images")
        summary = _train_and_measure(config, labels, stage.folder, teacher, init, group.is_first)
        if group.is_first:
            # Only an unfinished training needs it, and it holds times, which no result may.
            (stage.folder / "last.pt").unlink(missing_ok=True)
            stage.finish({"samples_seen": int(summary["samples_seen"])}, items=0)
    return stage


def run_own(
    labels: Path,
    images: Path,
    out: Path,
    config: RunConfig,
    val_labels: Path | None = None,
    teacher: Path | None = None,
    init: Path | None = None,
) -> dict:
    """Train on a COCO file of one's own, without a run.

    Keypoints go by name; those that the file lacks are learnt from the teacher where it knows them. Without
    ``val_labels`` one image in ten, chosen by its name, is held out, and both parts are written to ``out``.

    Returns:
        The summary that ``training.json`` holds.

    Raises:
        InputError: The file is no COCO keypoint file, an image is missing, or nobody would be held out.
    """
    with process_group() as group:
        if group.is_first and val_labels is None:
            split_labels(labels, out)
        group.wait()
        train, val = (labels, val_labels) if val_labels else (out / "train.json", out / "val.json")
        return _train_and_measure(config, (train, val, images), out, teacher, init, group.is_first)


def split_labels(labels: Path, out: Path) -> None:
    """Write ``train.json`` and ``val.json``: one image in ten is held out, always the same ones.

    Raises:
        InputError: There are too few images for that.
    """
    dataset = load_coco(labels, allow_subset=True)
    digests = {i.id: hashlib.sha256(i.file_name.encode()).digest() for i in dataset.images}
    ranked = sorted(digests, key=lambda image: digests[image])
    held_out = set(ranked[: len(ranked) // HELD_OUT_ONE_IN])
    if not held_out:
        raise InputError(f"{labels}: {len(ranked)} images are too few to hold some out; give --val-labels")
    for name, wanted in (("train", False), ("val", True)):
        people = [a.id for a in dataset.annotations if (a.image_id in held_out) == wanted]
        save_coco(out / f"{name}.json", dataset.subset(people))


def ablate(
    run_dir: Path, config: RunConfig, seeds: int, out: Path | None = None, teacher: Path | None = None
) -> Iterator[str]:
    """Train the student with and without each term on the run's labels; yields the lines of the table."""
    data_dir, _ = require_stage(run_dir, "dataset")
    with _bar("ablate", "run") as report:
        table = run_ablation(
            config.train,
            data_dir / TRAIN_LABELS,
            data_dir / VAL_LABELS,
            data_dir / "images",
            out or run_dir / "ablation",
            teacher,
            range(config.seed, config.seed + seeds),
            report,
        )
    yield from table_lines(table)


def _train_and_measure(
    config: RunConfig,
    labels: tuple[Path, Path, Path],
    out: Path,
    teacher: Path | None,
    init: Path | None,
    first: bool,
) -> dict:
    with _bar("train", "img") as report:
        summary = run_training(
            config.train,
            *labels,
            out,
            teacher_checkpoint=teacher,
            progress=report if first else None,
            seed=config.seed,
            init_checkpoint=init,
        )
    if first:
        student = out / "student.pt"
        metrics = evaluate_checkpoint(student, labels[1], labels[2], out / "evaluation")
        write_json(
            out / "metrics.json", {"schema_version": 1, "training": summary, "validation": metrics}, indent=2
        )
        export_onnx(student, out / "student.onnx")
    return summary


@contextmanager
def _bar(name: str, unit: str) -> Iterator[Callable[[int, int, str], None]]:
    with tqdm(desc=f"{name:12s}", unit=unit, disable=not sys.stderr.isatty()) as bar:

        def report(done: int, total: int, words: str) -> None:
            bar.total = total
            bar.set_postfix_str(words, refresh=False)
            bar.update(done - bar.n)

        yield report
