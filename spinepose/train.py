"""Training as a whole: a body teacher (given, or trained first on the same labels), then the student."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spinepose.coco import load_coco
from spinepose.coco_stream import read_head
from spinepose.config import TrainConfig
from spinepose.data import CropDataset, Person, PersonImages, list_people
from spinepose.distill import NetworkTeacher, Remembering, Teacher
from spinepose.errors import InputError
from spinepose.files import write_json
from spinepose.metrics import baseline_oks
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import LoadedModel, grow, load_by_name, load_checkpoint, save_checkpoint
from spinepose.optim import RunningAverage
from spinepose.parallel import Group, process_group
from spinepose.precision import resolve_precision
from spinepose.shards import one_thread
from spinepose.skeleton import HALPE26_NAMES, NAMES
from spinepose.teachers import load_teacher
from spinepose.training_log import TrainingLog, draw_curves
from spinepose.training_loop import Task, Trainer
from spinepose.warmup import teach_head

Progress = Callable[[int, int, str], None]

logger = logging.getLogger(__name__)

# A model has left the plateau when its held-out OKS is this far above the mean pose's.
TAKE_OFF_MARGIN = 0.1


@dataclass(frozen=True)
class _Run:
    """What both trainings share."""

    config: TrainConfig
    train: PersonImages
    held_out: PersonImages
    folder: Path
    fingerprint: dict[str, Any]
    seed: int
    log: TrainingLog
    progress: Progress
    samples_in_all: int
    group: Group


def run_training(
    config: TrainConfig,
    train_json: Path | str,
    val_json: Path | str,
    images_root: Path | str,
    out_dir: Path | str,
    teacher_checkpoint: Path | str | None = None,
    progress: Progress | None = None,
    seed: int = 0,
    init_checkpoint: Path | str | None = None,
) -> dict[str, Any]:
    """Train teacher and student, going on from where an earlier run of the same settings was cut off.

    Writes ``teacher.pt`` (unless one is given), ``student.pt``, ``last.pt``, ``metrics.csv``, ``curves.png`` and
    ``training.json`` into ``out_dir``. Under ``torchrun`` all processes call it; the first one writes.

    Args:
        config: Settings.
        train_json: COCO file to learn from.
        val_json: COCO file of held-out people.
        images_root: Folder that the file names in both are relative to.
        out_dir: Folder for the results.
        teacher_checkpoint: A body teacher in a file; see :mod:`spinepose.teachers`. Without one, a teacher of Halpe's
            26 keypoints is trained first.
        progress: Called as (crops seen, crops in all, words).
        seed: Seed of all that is random.
        init_checkpoint: Weights that the student starts from: ours or mmpose's, of 26 or 37 keypoints.

    Returns:
        The summary that ``training.json`` holds.

    Raises:
        InputError: A file is missing or of another skeleton, or the folder holds a training of other settings.
        StageError: A loss became NaN.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    train, held_out = (
        list_people(load_coco(path, allow_subset=True), images_root) for path in (train_json, val_json)
    )
    baseline = baseline_oks(train, held_out)
    with process_group() as group:
        given = _given_teacher(teacher_checkpoint, config, train)
        run = _Run(
            config=config,
            train=PersonImages(train, config.input_size, config.cache_mb),
            held_out=PersonImages(held_out, config.input_size, config.cache_mb),
            folder=out_dir,
            fingerprint=_fingerprint(
                config, seed, train_json, teacher_checkpoint, init_checkpoint, group.size
            ),
            seed=seed,
            log=TrainingLog(out_dir / "metrics.csv", out_dir / "tensorboard" if config.tensorboard else None),
            progress=progress or (lambda done, total, words: None),
            samples_in_all=config.student_samples + (0 if given else config.teacher_samples),
            group=group,
        )
        teacher = given or _trained_teacher(run)
        _train_student(run, teacher, 0 if given else config.teacher_samples, init_checkpoint)
        if group.is_first:
            draw_curves(run.log, baseline, out_dir / "curves.png")
            summary = _summary(run, baseline, teacher_checkpoint, teacher.report)
            write_json(out_dir / "training.json", summary, indent=2)
        run.log.close()
        group.wait()
    result: dict[str, Any] = json.loads((out_dir / "training.json").read_text("utf-8"))
    return result


def _given_teacher(path: Path | str | None, config: TrainConfig, people: Sequence[Person]) -> Teacher | None:
    if path is None:
        return None
    teacher = _teacher_in(path, config, people)
    logger.info("teacher %s: %s", path, teacher.report)
    return teacher


def _teacher_in(path: Path | str, config: TrainConfig, people: Sequence[Person]) -> Teacher:
    """The teacher that a file holds, as the settings have it."""
    return load_teacher(
        path,
        people,
        config.input_size,
        config.foreign_axis_weight,
        resolve_precision(config.precision),
        config.own_teacher_on_labelled,
    )


def _fingerprint(
    config: TrainConfig,
    seed: int,
    train_json: Path | str,
    teacher: Path | str | None,
    init: Path | str | None,
    processes: int,
) -> dict[str, Any]:
    """What a resumed run must share with the one that was cut off."""
    # How the work is done (processes, memory, how often it is saved) may change between the two.
    settings = config.model_dump(
        mode="json", exclude={"workers", "cache_mb", "checkpoint_seconds", "tensorboard"}
    )
    settings["precision"] = resolve_precision(config.precision)
    files = {"train_labels": train_json, "teacher": teacher, "init": init}
    hashes = {
        name: hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
        for name, path in files.items()
    }
    return {"config": settings, "seed": seed, "processes": processes, **hashes, **_licence(train_json)}


def _licence(train_json: Path | str) -> dict[str, str]:
    """What the labels say of their licence: a checkpoint repeats it."""
    stated = read_head(train_json).info.get("licence")
    return {"data_licence": str(stated)} if stated else {}


def _finished(run: _Run, path: Path, names: tuple[str, ...]) -> LoadedModel | None:
    """The model of an earlier run of the same settings, if it was finished."""
    if not path.is_file():
        return None
    loaded = load_checkpoint(path, names)
    if dict(loaded.meta).get("fingerprint") != run.fingerprint:
        raise InputError(f"{path}: trained with other settings or labels; choose another folder or remove it")
    return loaded


def _trained_teacher(run: _Run) -> Teacher:
    """The run's own body teacher, trained now or by an earlier run of the same settings."""
    path = run.folder / "teacher.pt"
    if _finished(run, path, HALPE26_NAMES) is None:
        model = PoseModel(run.config.size, len(HALPE26_NAMES), run.config.input_size)
        initialise(model, run.seed)
        _train(run, _task(run, "teacher", from_scratch=True), model, None, 0)
        if run.group.is_first:
            save_checkpoint(path, model, HALPE26_NAMES, {"fingerprint": run.fingerprint})
        run.group.wait()
    return _teacher_in(path, run.config, run.train.people)


def _train_student(
    run: _Run, teacher: Teacher, samples_before: int, init_checkpoint: Path | str | None
) -> None:
    path = run.folder / "student.pt"
    if _finished(run, path, NAMES) is not None:
        return
    start = _first_student(run, teacher, init_checkpoint)
    expert = Remembering(teacher) if run.config.augment.is_still else teacher
    task = _task(run, "student", start.from_scratch, start.own_maps)
    _train(run, task, start.model, expert, samples_before)
    if run.group.is_first:
        save_checkpoint(path, start.model, NAMES, {"fingerprint": run.fingerprint})


class _Start(NamedTuple):
    """A student before its training; the flags as of :class:`spinepose.training_loop.Task`."""

    model: PoseModel
    from_scratch: bool
    own_maps: bool


def _first_student(run: _Run, teacher: Teacher, init_checkpoint: Path | str | None) -> _Start:
    """What the student starts as: given weights, the teacher's, or random ones."""
    config = run.config
    model = PoseModel(config.size, len(NAMES), config.input_size)
    if init_checkpoint is not None:
        start = load_checkpoint(init_checkpoint)
        report = load_by_name(model, start.model.state_dict())
        logger.info("student starts from %s: %s", init_checkpoint, report)
        if report.mismatched or report.missing:
            raise InputError(
                f"{init_checkpoint}: does not fit size {config.size} at {config.input_size[0]}x{config.input_size[1]} "
                f"({report}); set train.size and train.input_size to the file's"
            )
        model = grow(start.model) if start.model.num_keypoints < len(NAMES) else model
        return _Start(model, False, start.own_labels)
    if isinstance(teacher, NetworkTeacher) and teacher.model.size == config.size:
        return _Start(grow(teacher.model), False, teacher.own_labels)
    initialise(model, run.seed)
    return _Start(model, True, True)


def _task(run: _Run, name: str, from_scratch: bool, own_maps: bool = True) -> Task:
    teacher, config = name == "teacher", run.config
    return Task(
        name=name,
        samples=config.teacher_samples if teacher else config.student_samples,
        learning_rate=config.learning_rate * (1.0 if teacher else config.student_learning_rate_share),
        folder=run.folder,
        fingerprint=run.fingerprint,
        seed=run.seed if teacher else run.seed + 1,
        from_scratch=from_scratch,
        own_maps=own_maps,
    )


def _train(run: _Run, task: Task, model: PoseModel, teacher: Teacher | None, samples_before: int) -> None:
    """Train a model in place; it ends as an average of its weights, the one that `train.keep` names."""
    trainer = Trainer(task, run.config, model, teacher, run.log, run.group)
    if not trainer.resume():
        run.log.cut(task.name, -1)
        if task.from_scratch:
            with one_thread():
                teach_head(
                    model, run.train.people, run.config.augment, run.config.head_warmup_steps, run.seed
                )
            trainer.average = RunningAverage(model)
    trainer.run(
        CropDataset(run.train, run.config.augment, task.seed),
        run.held_out,
        lambda done, words: run.progress(samples_before + done, run.samples_in_all, words),
    )
    trainer.save()
    model.load_state_dict(trainer.average.model.state_dict())


def _summary(
    run: _Run, baseline: dict[str, float], teacher_checkpoint: Path | str | None, teacher_report: str
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "schema_version": 1,
        "train_people": len(run.train.people),
        "val_people": len(run.held_out.people),
        "mean_pose_oks": baseline,
        "teacher_checkpoint": str(teacher_checkpoint) if teacher_checkpoint else None,
        "teacher_report": teacher_report,
        "samples_seen": 0,
    }
    for name in ("teacher", "student"):
        rows = [row for row in run.log.rows if row["model"] == name]
        if not rows:
            continue
        result[name] = _summarise(rows, baseline)
        result["samples_seen"] += result[name]["samples_seen"]
    return result


def _summarise(rows: list[dict[str, Any]], baseline: dict[str, float]) -> dict[str, Any]:
    """First and last held-out numbers of one model, and when it left the mean-pose plateau."""
    held_out = [row for row in rows if "val_loss" in row]
    # At step 0 a head from scratch is confidently wrong: the first evaluation after that is what to compare with.
    began = next((row for row in held_out if row["step"] > 0), held_out[0])
    subset = "overall" if "val_oks_overall" in held_out[-1] else "body"
    level = baseline.get(subset.capitalize(), 0.0) + TAKE_OFF_MARGIN
    off = next((row["samples"] for row in held_out if row.get(f"val_oks_{subset}", 0) > level), None)
    return {
        "samples_seen": held_out[-1]["samples"],
        "take_off_samples": off,
        "val_loss_first": began["val_loss"],
        "val_loss_last": held_out[-1]["val_loss"],
        "val_oks": {
            k.removeprefix("val_oks_"): v for k, v in held_out[-1].items() if k.startswith("val_oks_")
        },
        "val_oks_first": {
            k.removeprefix("val_oks_"): v for k, v in began.items() if k.startswith("val_oks_")
        },
    }
