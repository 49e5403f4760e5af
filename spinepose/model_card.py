"""The card of a model: what must be known before it is used, made from what training and evaluation wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spinepose.errors import InputError

SCHEMA_VERSION = 1
INTENDED_USE = (
    "Finding 37 keypoints of people, nine of them along the spine, in pictures and videos: research, sport and "
    "movement studies, teaching. A start for training on labels of your own."
)
LIMITS = (
    "Not for diagnosis or for any decision about a person. The vertebrae are inferred from the outer shape, not seen. "
    "The figures below are of held-out people of the data named here; on other pictures, above all on real ones where "
    "it learnt from rendered people, errors are larger. Measures in 2D depend on the view."
)


class ModelCard(BaseModel):
    """What must be known of a model before it is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(default=SCHEMA_VERSION, description="version of this format")
    name: str = Field(min_length=1, description="the model's name")
    version: str = Field(min_length=1, description="its version")
    licence: str = Field(min_length=1, description="SPDX identifier of the weights' licence")
    intended_use: str = Field(default=INTENDED_USE, min_length=1, description="what it is for")
    limits: str = Field(default=LIMITS, min_length=1, description="where it fails, what it must not do")
    training_data: str = Field(min_length=1, description="what it learnt from, with licences")
    training: dict[str, Any] = Field(default={}, description="seed, people, crops seen, settings")
    size: str = Field(default="", description="t, s, m, l or x; filled in when it is packed")
    input_size: tuple[int, int] = Field(default=(0, 0), description="width and height; filled in when packed")
    keypoint_names: tuple[str, ...] = Field(default=(), description="in the order of its outputs; filled in")
    sha256: str = Field(default="", description="of the weights; filled in when it is packed")
    half_precision: dict[str, Any] = Field(default={}, description="keypoints against full precision, pixels")
    metrics: dict[str, Any] = Field(default={}, description="evaluation as packed, as evaluate wrote it")
    measure_errors: dict[str, Any] = Field(default={}, description="error bars of the spine measures")


def read_card(path: Path | str) -> ModelCard:
    """Read a model card.

    Raises:
        InputError: It is missing, or a field is missing or wrong.
    """
    return checked_card(read_fields(path), str(path))


def read_fields(path: Path | str) -> dict[str, Any]:
    """Read some fields of a card, as a user gives them.

    Raises:
        InputError: The file is missing or no JSON object.
    """
    try:
        fields = json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such model card") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(fields, dict):
        raise InputError(f"{path}: a model card is a JSON object of fields")
    return fields


def checked_card(fields: Mapping[str, Any], title: str) -> ModelCard:
    """A card from its fields.

    Raises:
        InputError: A field is missing, wrong or none.
    """
    try:
        return ModelCard.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{title}: model card, field '{field}': {first['msg']}") from None


def fields_of_training(checkpoint: Mapping[str, Any], summary: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a checkpoint and the ``training.json`` beside it tell of how the model was made.

    Args:
        checkpoint: As :func:`spinepose.model.weights.read_dict` reads it.
        summary: ``training.json``; None where it is not at hand.

    Returns:
        The fields ``licence`` (where the labels state one), ``training`` and ``training_data``.
    """
    mark = dict(dict(checkpoint.get("meta") or {}).get("fingerprint") or {})
    licence = mark.get("data_licence")
    told: dict[str, Any] = {"seed": mark.get("seed"), "settings": mark.get("config")}
    told["labels_sha256"] = mark.get("train_labels")
    if mark.get("init"):
        told["student_from_sha256"] = mark["init"]
    fields: dict[str, Any] = {"licence": licence} if licence else {}
    if summary is None:
        return fields | {"training": told}
    parts = {name: summary[name] for name in ("teacher", "student") if name in summary}
    told |= {"train_people": summary["train_people"], "val_people": summary["val_people"]}
    told |= {f"{name}_crops": part["samples_seen"] for name, part in parts.items()}
    given = summary.get("teacher_checkpoint")
    told["teacher"] = Path(given).name if given else "trained first, on the same labels"
    words = f"{summary['train_people']} labelled people; {summary['val_people']} others held out."
    words += f" Licence of the labels: {licence}." if licence else ""
    return fields | {"training": told, "training_data": words}


def card_text(card: ModelCard) -> str:
    """The card in words (Markdown)."""
    network = (
        f"RTMPose-{card.size}, {card.input_size[0]}x{card.input_size[1]}, {len(card.keypoint_names)} keypoints, "
        f"half precision. SHA-256 `{card.sha256}`, checked whenever it is loaded."
    )
    rows = [f"# {card.name} {card.version}", "", f"Licence of the weights: {card.licence}.", ""]
    for title, words in (
        ("For", card.intended_use),
        ("Limits", card.limits),
        ("Trained on", " ".join([card.training_data, *_training_words(card.training)])),
        ("Network", network),
    ):
        rows += [f"## {title}", "", words, ""]
    rows += ["## Measured", "", *_measured(card)]
    return "\n".join(rows) + "\n"


def _training_words(training: Mapping[str, Any]) -> Iterator[str]:
    for name in ("teacher", "student"):
        if training.get(f"{name}_crops"):
            later = ", from weights trained before" if training.get(f"{name}_from_sha256") else ""
            yield f"The {name} saw {training[f'{name}_crops']:,} crops{later}."
    if training.get("seed") is not None:
        yield f"Seed {training['seed']}."


def _measured(card: ModelCard) -> Iterator[str]:
    metrics = card.metrics
    if not metrics:
        yield "Nothing: no held-out labels were given when it was packed."
        return
    yield f"On {metrics.get('people', 0)} held-out people, true boxes, as packed; all of it stands in `default.json`."
    yield ""
    yield "| subset | AP | AR | mean OKS |"
    yield "| --- | --- | --- | --- |"
    for name, value in metrics.get("subsets", {}).items():
        oks = metrics.get("mean_oks", {}).get(name)
        yield f"| {name} | {_three(value['AP'])} | {_three(value['AR'])} | {_three(oks)} |"
    if metrics.get("in_sight"):
        yield ""
        yield f"AP of the keypoints in sight alone: {_in_sight(metrics['in_sight'])}."
    if card.half_precision:
        half = card.half_precision
        yield ""
        yield (
            f"Half against full precision on {half['people']} of them: keypoints {half['mean_px']:.3f} px apart in the "
            f"crop on average, {half['within_1_px']:.2%} within 1 px."
        )
    if "spine_error_mm" in metrics:
        yield from _millimetres(metrics)


def _in_sight(found: Mapping[str, Any]) -> str:
    """Such as 'Body 0.700 (33% of its labels are hidden), Spine 0.900 (20%)'."""
    explained = {next(iter(found), ""): " of its labels are hidden"}  # with the first number only
    return ", ".join(
        f"{name} {_three(v['AP'])} ({v['hidden_share']:.0%}{explained.get(name, '')})"
        for name, v in found.items()
    )


def _millimetres(metrics: Mapping[str, Any]) -> Iterator[str]:
    found = metrics["spine_error_mm"]
    yield ""
    yield "| spine error at the landmark's depth, mm | median | p95 |"
    yield "| --- | --- | --- |"
    parts = {"all": found["all"], **{f"seen from: {view}": v for view, v in found["by_view"].items()}}
    if "flexed_or_bent" in found:
        parts["flexed over 30° or bent over 15°"] = found["flexed_or_bent"]
    for name, value in parts.items():
        if value["count"]:
            yield f"| {name} | {value['median']:.1f} | {value['p95']:.1f} |"
    for name, words in (("all", "overall"), ("flexed_or_bent", "on these bent trunks")):
        margin = metrics.get("ridge", {}).get(name, {}).get("margin")
        if margin is not None:
            yield ""
            yield (
                f"Its median error is {abs(margin):.0%} {'below' if margin >= 0 else 'above'} that of a linear "
                f"regression from its own body points, {words}."
            )


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
