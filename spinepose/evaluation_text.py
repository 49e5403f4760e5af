"""What an evaluation found, as tables to read (Markdown)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spinepose.measures import MEASURES

BENT = "flexed over 30° or bent over 15°"


def summary_text(metrics: Mapping[str, Any]) -> str:
    """The tables of a ``metrics.json``.

    Args:
        metrics: As :func:`spinepose.evaluate.evaluate_checkpoint` makes it; parts that it lacks have no table.
    """
    flip = "with" if metrics["flip_test"] else "without"
    rows = [f"{metrics['people']} people, {metrics['boxes']} boxes, {flip} the mirrored crop.", ""]
    rows += _subsets(metrics)
    if "in_sight" in metrics:
        rows += _in_sight(metrics["in_sight"])
    if "spine_error_mm" in metrics:
        rows += _spine(metrics["spine_error_mm"])
    if "ridge" in metrics:
        rows += _ridge(metrics["ridge"])
    rows += _measures(metrics["measure_errors"])
    rows += _keypoints(metrics["keypoints"])
    return "\n".join(rows)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for number, row in enumerate([header, *rows]):
        first, *rest = (
            f"{cell:<{w}}" if i == 0 else f"{cell:>{w}}"
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        yield f"| {' | '.join([first, *rest])} |"
        if number == 0:
            yield (
                "|" + "|".join(f"{'-' * (w + 1)}{'-' if i == 0 else ':'}" for i, w in enumerate(widths)) + "|"
            )
    yield ""


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _subsets(metrics: Mapping[str, Any]) -> Iterator[str]:
    header = ("subset", "AP", "AP50", "AP75", "AR", "PCK 5 %", "AUC", "mean OKS", "of the mean pose")
    rows: list[tuple[str, ...]] = []
    for name, value in metrics["subsets"].items():
        cells = [_number(value.get(key), 3) for key in ("AP", "AP50", "AP75", "AR", "PCK", "AUC")]
        oks = [_number(m["mean_oks"].get(name), 3) for m in (metrics, metrics["mean_pose"])]
        rows.append((name, *cells, *oks))
    yield from _table(header, rows)


def _in_sight(found: Mapping[str, Any]) -> Iterator[str]:
    header = (
        "keypoints in sight only",
        "AP",
        "AR",
        "mean OKS",
        "of the hidden ones",
        "hidden, % of the labels",
    )
    rows: list[tuple[str, ...]] = []
    for name, value in found.items():
        cells = [_number(value.get(key), 3) for key in ("AP", "AR", "mean_oks", "mean_oks_hidden")]
        rows.append((name, *cells, f"{100 * value['hidden_share']:.0f}"))
    yield from _table(header, rows)


def _spine(found: Mapping[str, Any]) -> Iterator[str]:
    parts: dict[str, Any] = {"all": found["all"]}
    parts |= {f"seen from: {view}": value for view, value in found["by_view"].items()}
    if "flexed_or_bent" in found:
        parts |= {f"trunk {BENT}": found["flexed_or_bent"], "other trunks": found["straight"]}
    parts |= {f"level {level}": value for level, value in found["by_level"].items()}
    header = ("spine error at the landmark's depth, mm", "median", "p95", "points")
    rows = [
        (name, _number(v.get("median"), 1), _number(v.get("p95"), 1), str(v["count"]))
        for name, v in parts.items()
    ]
    yield from _table(header, rows)


def _ridge(found: Mapping[str, Any]) -> Iterator[str]:
    if "note" in found:
        yield f"No ridge baseline: {found['note']}."
        yield ""
        return
    words = f"ridge from predicted body points, fitted on {found['fitted_on']} training people, mm"
    header = (words, "model median", "ridge median", "model p95", "ridge p95", "margin")
    rows: list[tuple[str, ...]] = []
    for key, name in (("all", "all"), ("flexed_or_bent", f"trunk {BENT}"), ("straight", "other trunks")):
        part = found.get(key)
        if part is None:
            continue
        cells = [_number(part[who].get(what), 1) for what in ("median", "p95") for who in ("model", "ridge")]
        margin = f"{100 * part['margin']:+.0f} %" if part.get("margin") is not None else "-"
        rows.append((name, *cells, margin))
    yield from _table(header, rows)


def _measures(found: Mapping[str, Any]) -> Iterator[str]:
    header = ("measure in the picture: error", "bias", "median", "p68", "p95", "people")
    rows: list[tuple[str, ...]] = []
    for part, words in (("all", ""), ("flexed_or_bent", ", bent trunks")):
        for name, value in found.get(part, {}).items():
            cells = [_number(value.get(key), 1) for key in ("bias", "p50", "p68", "p95")]
            rows.append(
                (f"{MEASURES[name].title}, {MEASURES[name].unit}{words}", *cells, str(value["count"]))
            )
    yield from _table(header, rows)


def _keypoints(found: Mapping[str, Any]) -> Iterator[str]:
    header = ("keypoint", "median, % of the box", "p95, %", "PCK 5 %", "median, mm", "p95, mm", "people")
    rows: list[tuple[str, ...]] = []
    for name, value in found.items():
        cells = [_number(value.get(key), 1) for key in ("percent_median", "percent_p95")]
        cells += [_number(value["PCK"], 3)]
        cells += [_number(value.get(key), 1) for key in ("mm_median", "mm_p95")]
        rows.append((name, *cells, str(value["count"])))
    yield from _table(header, rows)
