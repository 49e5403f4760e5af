"""Stage train: teacher, student, evaluation and ONNX, in one folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tqdm import tqdm

from pipelines.config import RunConfig
from pipelines.run import Stage, hash_file, open_stage, require_stage
from spinepose.evaluate import evaluate_checkpoint
from spinepose.export import export_onnx
from spinepose.files import write_json
from spinepose.train import run_training

TRAIN_LABELS = "annotations/person_keypoints_train-synth.json"
VAL_LABELS = "annotations/person_keypoints_val-synth.json"


def run(run_dir: Path, config: RunConfig, start_over: bool = False, teacher: Path | None = None) -> Stage:
    """Train on the run's own labels; writes ``teacher.pt``, ``student.pt``, ``student.onnx``, ``metrics.json``.

    Args:
        run_dir: The run's folder.
        config: The run's config.
        start_over: Throw away what was trained before.
        teacher: Checkpoint of a body teacher; without it one is trained first on the run's own body labels.
    """
    data_dir, data = require_stage(run_dir, "dataset")
    inputs = {"dataset": data.content_hash}
    if teacher is not None:
        inputs["teacher"] = hash_file(teacher)
    stage = open_stage(
        run_dir, "train", config.train.model_dump(mode="json"), inputs, config.seed, start_over
    )
    if stage.complete:
        return stage
    with tqdm(desc=f"{'train':12s}", unit="img", disable=not sys.stderr.isatty()) as bar:

        def report(done: int, total: int, words: str) -> None:
            bar.total = total
            bar.set_postfix_str(words, refresh=False)
            bar.update(done - bar.n)

        summary = run_training(
            config.train,
            data_dir / TRAIN_LABELS,
            data_dir / VAL_LABELS,
            data_dir / "images",
            stage.folder,
            teacher_checkpoint=teacher,
            progress=report,
            seed=config.seed,
        )
    student = stage.folder / "student.pt"
    metrics = evaluate_checkpoint(
        student, data_dir / VAL_LABELS, data_dir / "images", stage.folder / "evaluation"
    )
    write_json(
        stage.folder / "metrics.json",
        {"schema_version": 1, "training": summary, "validation": metrics},
        indent=2,
    )
    export_onnx(student, stage.folder / "student.onnx")
    # Only an unfinished training needs it, and it holds times, which no result may.
    (stage.folder / "last.pt").unlink(missing_ok=True)
    stage.finish({"samples_seen": int(summary["samples_seen"])}, items=0)
    return stage
