"""What each term of the loss buys: the same student on the same budget, with and without each, over seeds."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spinepose.config import LossWeights, TrainConfig
from spinepose.errors import InputError
from spinepose.files import atomic_path
from spinepose.train import Progress, run_training

# What is reported: column, and the number in training.json's val_oks.
Labels = tuple[Path | str, Path | str, Path | str]

SUBSETS = ("body", "feet", "spine", "overall")


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
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train the student of every variant and seed; finished ones are read, so it goes on where it was cut off.

    Without a teacher given, one is trained first and shared by all. Writes ``ablation.csv`` and a folder for each
    training into ``out_dir``.

    Args:
        config: Settings; ``student_samples`` (or ``max_minutes``) is the budget of each training.
        train_json: COCO file to learn from.
        val_json: COCO file of held-out people.
        images_root: Folder that the file names in both are relative to.
        out_dir: Folder for the results.
        teacher_checkpoint: As of :func:`spinepose.train.run_training`.
        seeds: One training of each variant for each of them.
        progress: Called as (trainings done, trainings in all, words).

    Returns:
        A row for each variant: its name, and mean and standard deviation over seeds of the held-out mean OKS.

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
        summary = run_training(variant, *labels, folder, teacher, seed=seed)
        found.setdefault(name, []).append(summary["student"]["val_oks"])
    table = [{"variant": name, **_spread(values)} for name, values in found.items()]
    _write(table, out_dir / "ablation.csv")
    return table


def _shared_teacher(config: TrainConfig, labels: Labels, out_dir: Path) -> Path:
    folder = out_dir / "teacher"
    if not (folder / "student.pt").is_file():
        # A student must come with it: the shortest there is.
        run_training(config.model_copy(update={"student_samples": 0}), *labels, folder)
    return folder / "teacher.pt"


def _spread(values: Sequence[dict[str, float]]) -> dict[str, float]:
    result: dict[str, float] = {"seeds": len(values)}
    for subset in (s for s in SUBSETS if s in values[0]):
        numbers = [value[subset] for value in values]
        result[f"{subset}_mean"] = statistics.mean(numbers)
        result[f"{subset}_sd"] = statistics.stdev(numbers)
    return result


def _write(table: Sequence[dict[str, Any]], path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in table)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), "utf-8")


def table_lines(table: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The table as text: mean ± standard deviation of the held-out mean OKS, and the difference to all terms."""
    subsets = [subset for subset in SUBSETS if f"{subset}_mean" in table[0]]
    yield f"{'held-out mean OKS':24s}" + "".join(f"{subset:>22s}" for subset in subsets)
    whole = table[0]
    for row in table:
        cells = []
        for subset in subsets:
            mean, sd = row[f"{subset}_mean"], row[f"{subset}_sd"]
            change = "" if row is whole else f" ({mean - whole[f'{subset}_mean']:+.3f})"
            cells.append(f"{f'{mean:.3f} ± {sd:.3f}{change}':>22s}")
        yield f"{row['variant']:24s}" + "".join(cells)
