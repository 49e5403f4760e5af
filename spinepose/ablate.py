"""What each term of the loss buys: the same student on the same budget, with and without each, over seeds."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spinepose.config import LossWeights, TrainConfig
from spinepose.errors import InputError
from spinepose.evaluate import evaluate_checkpoint
from spinepose.files import atomic_path
from spinepose.train import Progress, run_training

Labels = tuple[Path | str, Path | str, Path | str]

# What is reported of each training, and in how many digits.
COLUMNS = {
    "OKS body": 3, "OKS feet": 3, "OKS spine": 3, "OKS overall": 3, "AP body": 3, "AP spine": 3,
    "spine mm": 1, "bent mm": 1, "curvature °": 1,
}  # fmt: skip


def variants(config: TrainConfig) -> dict[str, TrainConfig]:
    """The rows of the table: all terms, and each off in turn, but for the positional one, the task itself."""

    def without(term: str) -> TrainConfig:
        weights = LossWeights(**{**config.loss_weights.model_dump(), term: 0.0})
        return config.model_copy(update={"loss_weights": weights})

    terms = ("distillation", "structure", "smoothness", "auxiliary")
    return {
        "all terms": config,
        **{f"without {term}": without(term) for term in terms if getattr(config.loss_weights, term) > 0},
    }


def run_ablation(
    config: TrainConfig,
    train_json: Path | str,
    val_json: Path | str,
    images_root: Path | str,
    out_dir: Path | str,
    teacher_checkpoint: Path | str | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    init_checkpoint: Path | str | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train the student of every variant and seed; finished ones are read, so it goes on where it was cut off.

    Without a teacher given, one is trained first and shared by all. Every student is evaluated on all held-out people
    (true boxes, no mirrored crop). Writes ``ablation.csv``, ``ablation.md`` and a folder for each training.

    Args:
        config: Settings; ``student_samples`` (or ``max_minutes``) is the budget of each training.
        train_json: COCO file to learn from.
        val_json: COCO file of held-out people.
        images_root: Folder that the file names in both are relative to.
        out_dir: Folder for the results.
        teacher_checkpoint: As of :func:`spinepose.train.run_training`.
        seeds: One training of each variant for each of them.
        init_checkpoint: Weights that every student starts from.
        progress: Called as (trainings done, trainings in all, words).

    Returns:
        A row for each variant: its name, and mean and standard deviation over seeds of each of :data:`COLUMNS` that the
        labels allow.

    Raises:
        InputError: There are fewer than two seeds: the spread is what makes a difference mean something.
    """
    if len(set(seeds)) < 2:
        raise InputError(
            "an ablation needs two seeds or more: without their spread no difference means anything"
        )
    out_dir = Path(out_dir)
    labels: Labels = (train_json, val_json, images_root)
    teacher = teacher_checkpoint or _shared_teacher(config, labels, out_dir)
    rows = list(variants(config).items())
    found: dict[str, list[dict[str, float]]] = {}
    for done, (seed, (name, variant)) in enumerate((s, row) for s in seeds for row in rows):
        if progress:
            progress(done, len(rows) * len(seeds), f"{name}, seed {seed}")
        folder = out_dir / f"{name.replace(' ', '-')}-{seed}"
        run_training(variant, *labels, folder, teacher, seed=seed, init_checkpoint=init_checkpoint)
        found.setdefault(name, []).append(_measured(folder, val_json, images_root))
    table = [{"variant": name, **_spread(values)} for name, values in found.items()]
    _write(table, out_dir / "ablation.csv")
    with atomic_path(out_dir / "ablation.md") as temporary:
        temporary.write_text("\n".join(table_lines(table)) + "\n", "utf-8")
    return table


def _measured(folder: Path, val_json: Path | str, images_root: Path | str) -> dict[str, float]:
    """What is reported of one training: read where it was measured before."""
    path = folder / "evaluation" / "metrics.json"
    if path.is_file():
        metrics = json.loads(path.read_text("utf-8"))
    else:
        metrics = evaluate_checkpoint(
            folder / "student.pt", val_json, images_root, path.parent, flip_test=False
        )
    values = {f"OKS {name.lower()}": value for name, value in metrics["mean_oks"].items()}
    values |= {f"AP {name.lower()}": metrics["subsets"][name]["AP"] for name in ("Body", "Spine")}
    spine = metrics.get("spine_error_mm", {})
    values["spine mm"] = spine.get("all", {}).get("median")
    values["bent mm"] = spine.get("flexed_or_bent", {}).get("median")
    curved = [metrics["measure_errors"]["all"][f"{part}_curvature_deg"] for part in ("lumbar", "thoracic")]
    values["curvature °"] = sum(c["p50"] for c in curved) / 2 if all("p50" in c for c in curved) else None
    return {name: values[name] for name in COLUMNS if values.get(name) is not None}


def _shared_teacher(config: TrainConfig, labels: Labels, out_dir: Path) -> Path:
    folder = out_dir / "teacher"
    if not (folder / "student.pt").is_file():
        # A student must come with it: the shortest there is.
        run_training(config.model_copy(update={"student_samples": 0}), *labels, folder)
    return folder / "teacher.pt"


def _spread(values: Sequence[dict[str, float]]) -> dict[str, float]:
    result: dict[str, float] = {"seeds": len(values)}
    for column in (c for c in COLUMNS if all(c in value for value in values)):
        numbers = [value[column] for value in values]
        result[f"{column}_mean"] = statistics.mean(numbers)
        result[f"{column}_sd"] = statistics.stdev(numbers)
    return result


def _write(table: Sequence[dict[str, Any]], path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in table)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), "utf-8")


def table_lines(table: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The table as Markdown: mean ± standard deviation over the seeds, and the difference to all terms."""
    columns = [column for column in COLUMNS if f"{column}_mean" in table[0]]
    yield f"| held-out, {table[0]['seeds']} seeds | " + " | ".join(columns) + " |"
    yield "| --- " * (len(columns) + 1) + "|"
    whole = table[0]
    for row in table:
        cells = []
        for column in columns:
            digits = COLUMNS[column]
            mean, sd = row[f"{column}_mean"], row[f"{column}_sd"]
            change = "" if row is whole else f" ({mean - whole[f'{column}_mean']:+.{digits}f})"
            cells.append(f"{mean:.{digits}f} ± {sd:.{digits}f}{change}")
        yield f"| {row['variant']} | " + " | ".join(cells) + " |"
    yield ""
    yield "mm: median spine error at the landmark's depth, over all and on trunks flexed over 30° or bent over 15°."
    yield "curvature: median error of the lumbar and the thoracic one, averaged. In brackets: against all terms."
