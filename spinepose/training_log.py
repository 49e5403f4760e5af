"""The training log: one CSV of all numbers by name, and a picture of its curves."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

from spinepose.errors import InputError
from spinepose.files import atomic_path

Row = dict[str, float | int | str]

FIRST_COLUMNS = ("model", "step", "samples", "learning_rate", "loss_total", "val_loss")


class TrainingLog:
    """Rows of ``metrics.csv``, kept in memory and written whole each time.

    A row has ``model`` (teacher or student), ``step``, ``samples`` and any named numbers; what a row lacks stays empty.
    """

    def __init__(self, path: Path, tensorboard: Path | None = None) -> None:
        """Read what an earlier run left.

        Args:
            path: The CSV.
            tensorboard: Folder for TensorBoard's event files, None for none.

        Raises:
            InputError: TensorBoard's files are asked for without the package that writes them.
        """
        self.path = path
        self.rows: list[Row] = _read(path) if path.is_file() else []
        self._events = None if tensorboard is None else _event_writer(tensorboard)

    def cut(self, model: str, step: int) -> None:
        """Forget what was logged after a step of a model: a resumed run logs it again."""
        later = {"teacher": ("teacher", "student"), "student": ("student",)}[model]
        self.rows = [
            r
            for r in self.rows
            if r["model"] not in later or (r["model"] == model and int(r["step"]) <= step)
        ]

    def add(self, model: str, step: int, samples: int, numbers: dict[str, float]) -> None:
        """Append a row, or extend the last one if it is of the same step."""
        if self.rows and (self.rows[-1]["model"], self.rows[-1]["step"]) == (model, step):
            self.rows[-1].update(numbers)
        else:
            self.rows.append({"model": model, "step": step, "samples": samples, **numbers})
        if self._events is not None:
            for name, value in numbers.items():
                self._events.add_scalar(f"{model}/{name}", value, samples)

    def close(self) -> None:
        """Finish TensorBoard's files."""
        if self._events is not None:
            self._events.close()

    def write(self) -> None:
        """Write the CSV, whole or not at all."""
        found = {name for row in self.rows for name in row}
        columns = [*(c for c in FIRST_COLUMNS if c in found), *sorted(found - set(FIRST_COLUMNS))]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in self.rows
        )
        with atomic_path(self.path) as temporary:
            temporary.write_text(text.getvalue(), "utf-8")

    def series(self, model: str, name: str) -> tuple[list[float], list[float]]:
        """Samples and values of one number of one model."""
        rows = [row for row in self.rows if row["model"] == model and name in row]
        return [float(row["samples"]) for row in rows], [float(row[name]) for row in rows]


def _event_writer(folder: Path) -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise InputError(
            "train.tensorboard needs the package tensorboardX; 'pip install tensorboardX', or set it to false"
        ) from None
    return SummaryWriter(str(folder))


def _read(path: Path) -> list[Row]:
    def number(text: str) -> float | int | str:
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
        return text

    with path.open(newline="", encoding="utf-8") as stream:
        return [{k: number(v) for k, v in row.items() if v != ""} for row in csv.DictReader(stream)]


def draw_curves(log: TrainingLog, baseline: dict[str, float], path: Path) -> None:
    """Draw the curves of teacher and student: loss terms, gradient norms, held-out loss, held-out OKS.

    Args:
        log: The rows.
        baseline: Mean OKS of the mean pose by subset, drawn as dashed lines.
        path: The PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    models = [m for m in ("teacher", "student") if any(row["model"] == m for row in log.rows)]
    figure = Figure(figsize=(15, 3.6 * max(len(models), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(max(len(models), 1), 4, squeeze=False)
    for row, model in zip(axes, models, strict=False):
        _draw_terms(row[0], log, model, "loss_", f"{model}: loss terms, unweighted")
        _draw_terms(row[1], log, model, "grad_", "gradient norm at the logits, weighted")
        _draw_losses(row[2], log, model)
        _draw_oks(row[3], log, model, baseline)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _draw_terms(axis: Any, log: TrainingLog, model: str, prefix: str, title: str) -> None:
    names = sorted({n for r in log.rows if r["model"] == model for n in r if str(n).startswith(prefix)})
    # The norm over all weights is no norm at the logits.
    for name in (name for name in names if name != "grad_norm_weights"):
        samples, values = log.series(model, name)
        if any(math.isfinite(v) and v > 0 for v in values):
            axis.plot(samples, values, lw=1, label=name.removeprefix(prefix))
    if axis.lines:
        axis.set_yscale("log")
        axis.legend(fontsize=7)
    axis.set(title=title, xlabel="samples seen")


def _draw_losses(axis: Any, log: TrainingLog, model: str) -> None:
    for name, label, width in (("loss_positional", "training crops", 1), ("val_loss", "held-out", 2)):
        samples, values = log.series(model, name)
        axis.plot(samples, values, lw=width, label=label)
    # A head from scratch is confidently wrong at first, by orders of magnitude.
    axis.set(title="positional loss, nats", xlabel="samples seen", yscale="log")
    axis.legend(fontsize=7)


def _draw_oks(axis: Any, log: TrainingLog, model: str, baseline: dict[str, float]) -> None:
    for colour, name in zip(("C0", "C1", "C2", "C3"), ("Body", "Feet", "Spine", "Overall"), strict=True):
        samples, values = log.series(model, f"val_oks_{name.lower()}")
        if values:
            axis.plot(samples, values, color=colour, marker=".", label=name)
            if name in baseline:
                axis.axhline(baseline[name], color=colour, ls="--", lw=0.8)
    axis.set(title="held-out OKS (dashed: mean pose)", xlabel="samples seen", ylim=(0, 1))
    axis.legend(fontsize=7)
