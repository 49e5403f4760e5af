"""Stage train: teacher, student, evaluation and ONNX, in one folder; the same for a COCO file of one's own."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pipelines.config import RunConfig
from pipelines.run import Stage, hash_file, open_stage, read_manifest, require_stage
from spinepose.ablate import run_ablation, table_lines
from spinepose.coco import load_coco, save_coco
from spinepose.errors import InputError
from spinepose.evaluate import evaluate_checkpoint
from spinepose.export import export_onnx
from spinepose.files import write_json
from spinepose.parallel import process_group
from spinepose.skeleton import HALPE26_NAMES, SPINE_CHAIN, indices
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
    _, data = require_stage(run_dir, "dataset")
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
        summary = _train_and_measure(config, run_labels(run_dir), stage.folder, teacher, init, group.is_first)
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
        if group.is_first:
            own_labels(labels, images, out, val_labels)
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
    labels: tuple[Path, Path, Path],
    out: Path,
    config: RunConfig,
    seeds: int,
    teacher: Path | None = None,
    init: Path | None = None,
) -> Iterator[str]:
    """Train the student with and without each term; yields the lines of the table.

    Args:
        labels: COCO file to learn from, COCO file of held-out people, folder of their images.
        out: Folder for the results.
        config: The run's config.
        seeds: Trainings of each row.
        teacher: A body teacher in a file; without it one is trained first.
        init: Weights that every student starts from.
    """
    with _bar("ablate", "run") as report:
        numbers = range(config.seed, config.seed + seeds)
        table = run_ablation(config.train, *labels, out, teacher, numbers, init, report)
    yield from table_lines(table)


def run_labels(run_dir: Path) -> tuple[Path, Path, Path]:
    """Training labels, held-out labels and images of a run.

    Raises:
        InputError: The run has no dataset.
    """
    data, _ = require_stage(run_dir, "dataset")
    return data / TRAIN_LABELS, data / VAL_LABELS, data / "images"


def own_labels(labels: Path, images: Path, out: Path, val_labels: Path | None) -> tuple[Path, Path, Path]:
    """The same of a COCO file of one's own; without ``val_labels`` it is split by :func:`split_labels`."""
    if val_labels is not None:
        return labels, val_labels, images
    split_labels(labels, out)
    return out / "train.json", out / "val.json", images


def run_teacher(run_dir: Path) -> Path | None:
    """The body teacher that a run's finished training left; None where there is none."""
    manifest = read_manifest(run_dir / "train")
    path = run_dir / "train" / "teacher.pt"
    return path if manifest is not None and manifest.status == "complete" and path.is_file() else None


def hide_body(labels: Path, out: Path) -> Path:
    """Write labels without what a body teacher knows: the spine's nine points, latissimi and clavicles are left.

    On such labels a student keeps its body points by distillation alone.

    Returns:
        ``train_without_body.json`` in ``out``.
    """
    dataset = load_coco(labels, allow_subset=True)
    hidden = indices([name for name in HALPE26_NAMES if name not in SPINE_CHAIN])

    def bare(keypoints: np.ndarray) -> np.ndarray:
        kept = keypoints.copy()
        kept[hidden] = 0
        return kept

    annotations = tuple(replace(a, keypoints=bare(a.keypoints)) for a in dataset.annotations)
    path = out / "train_without_body.json"
    save_coco(path, replace(dataset, annotations=annotations))
    return path


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
