"""Training as a whole: a body teacher (given, or trained first on the run's own body labels), then the student."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinepose.coco import load_coco
from spinepose.config import TrainConfig
from spinepose.data import CropDataset, PersonImages, list_people
from spinepose.distill import Teacher
from spinepose.errors import InputError
from spinepose.files import write_json
from spinepose.metrics import baseline_oks
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import LoadedModel, grow, load_checkpoint, save_checkpoint
from spinepose.optim import RunningAverage
from spinepose.shards import one_thread
from spinepose.skeleton import HALPE26_NAMES, NAMES
from spinepose.training_log import TrainingLog, draw_curves
from spinepose.training_loop import Task, Trainer
from spinepose.warmup import teach_head

Progress = Callable[[int, int, str], None]

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


def run_training(
    config: TrainConfig,
    train_json: Path | str,
    val_json: Path | str,
    images_root: Path | str,
    out_dir: Path | str,
    teacher_checkpoint: Path | str | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Train teacher and student, going on from where an earlier run of the same settings was cut off.

    Writes ``teacher.pt`` (unless one is given), ``student.pt``, ``last.pt``, ``metrics.csv``, ``curves.png`` and
    ``training.json`` into ``out_dir``.

    Args:
        config: Settings.
        train_json: COCO file to learn from.
        val_json: COCO file of held-out people.
        images_root: Folder that the file names in both are relative to.
        out_dir: Folder for the results.
        teacher_checkpoint: A body model of Halpe's 26 keypoints: ours or a published RTMPose state dict.
        progress: Called as (crops seen, crops in all, words).
        seed: Seed of all that is random.

    Returns:
        The summary that ``training.json`` holds.

    Raises:
        InputError: A file is missing or of another skeleton, or the folder holds a training of other settings.
        StageError: A loss became NaN.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    given = _given_teacher(teacher_checkpoint, config)
    train, held_out = (
        list_people(load_coco(path, allow_subset=True), images_root) for path in (train_json, val_json)
    )
    run = _Run(
        config=config,
        train=PersonImages(train, config.input_size, config.cache_mb),
        held_out=PersonImages(held_out, config.input_size, config.cache_mb),
        folder=out_dir,
        fingerprint=_fingerprint(config, seed, train_json, teacher_checkpoint),
        seed=seed,
        log=TrainingLog(out_dir / "metrics.csv"),
        progress=progress or (lambda done, total, words: None),
        samples_in_all=config.student_samples + (0 if given else config.teacher_samples),
    )
    baseline = baseline_oks(train, held_out)
    teacher = given or _train_teacher(run)
    _train_student(run, teacher, 0 if given else config.teacher_samples)
    draw_curves(run.log, baseline, out_dir / "curves.png")
    summary = _summary(run, baseline, teacher_checkpoint)
    write_json(out_dir / "training.json", summary, indent=2)
    return summary


def _given_teacher(path: Path | str | None, config: TrainConfig) -> LoadedModel | None:
    if path is None:
        return None
    loaded = load_checkpoint(path)
    if loaded.names[: len(HALPE26_NAMES)] != HALPE26_NAMES:
        raise InputError(f"{path}: the teacher's first 26 keypoints are not Halpe's")
    if loaded.model.input_size != tuple(config.input_size):
        width, height = loaded.model.input_size
        raise InputError(f"{path}: the teacher's input is {width}x{height}; set train.input_size to the same")
    return loaded


def _fingerprint(
    config: TrainConfig, seed: int, train_json: Path | str, teacher: Path | str | None
) -> dict[str, Any]:
    """What a resumed run must share with the one that was cut off."""
    # How the work is done (processes, memory, how often it is saved) may change between the two.
    settings = config.model_dump(mode="json", exclude={"workers", "cache_mb", "checkpoint_seconds"})
    labels = hashlib.sha256(Path(train_json).read_bytes()).hexdigest()
    given = hashlib.sha256(Path(teacher).read_bytes()).hexdigest() if teacher else ""
    return {"config": settings, "seed": seed, "train_labels": labels, "teacher": given}


def _finished(run: _Run, path: Path, names: tuple[str, ...]) -> LoadedModel | None:
    """The model of an earlier run of the same settings, if it was finished."""
    if not path.is_file():
        return None
    loaded = load_checkpoint(path, names)
    if dict(loaded.meta).get("fingerprint") != run.fingerprint:
        raise InputError(f"{path}: trained with other settings or labels; choose another folder or remove it")
    return loaded


def _train_teacher(run: _Run) -> LoadedModel:
    path = run.folder / "teacher.pt"
    done = _finished(run, path, HALPE26_NAMES)
    if done is not None:
        return done
    model = PoseModel(run.config.size, len(HALPE26_NAMES), run.config.input_size)
    initialise(model, run.seed)
    task = Task(
        "teacher", run.config.teacher_samples, run.config.learning_rate, run.folder, run.fingerprint, run.seed
    )
    _train(run, task, model, None, 0)
    save_checkpoint(path, model, HALPE26_NAMES, {"fingerprint": run.fingerprint})
    return load_checkpoint(path, HALPE26_NAMES)


def _train_student(run: _Run, teacher: LoadedModel, samples_before: int) -> None:
    path = run.folder / "student.pt"
    if _finished(run, path, NAMES) is not None:
        return
    if teacher.model.size == run.config.size and len(teacher.names) == len(HALPE26_NAMES):
        model = grow(teacher.model)
    else:
        model = PoseModel(run.config.size, len(NAMES), run.config.input_size)
        initialise(model, run.seed)
    rate = run.config.learning_rate * run.config.student_learning_rate_share
    task = Task("student", run.config.student_samples, rate, run.folder, run.fingerprint, run.seed + 1)
    expert = Teacher(teacher, run.config.foreign_axis_weight, run.config.precision)
    _train(run, task, model, expert, samples_before)
    save_checkpoint(path, model, NAMES, {"fingerprint": run.fingerprint})


def _train(run: _Run, task: Task, model: PoseModel, teacher: Teacher | None, samples_before: int) -> None:
    """Train a model in place; it ends as the average of its weights."""
    trainer = Trainer(task, run.config, model, teacher, run.log)
    if not trainer.resume():
        run.log.cut(task.name, -1)
        if teacher is None:
            with one_thread():
                teach_head(
                    model, run.train.people, run.config.augment, run.config.head_warmup_steps, run.seed
                )
            trainer.average = RunningAverage(model)
    light_from = int(task.samples * (1 - run.config.light_share))
    crops = CropDataset(run.train, run.config.augment, task.seed, light_from)
    trainer.run(
        crops,
        run.held_out,
        lambda done, words: run.progress(samples_before + done, run.samples_in_all, words),
    )
    trainer.save()
    model.load_state_dict(trainer.average.model.state_dict())


def _summary(run: _Run, baseline: dict[str, float], teacher_checkpoint: Path | str | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "schema_version": 1,
        "train_people": len(run.train.people),
        "val_people": len(run.held_out.people),
        "mean_pose_oks": baseline,
        "teacher_checkpoint": str(teacher_checkpoint) if teacher_checkpoint else None,
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
