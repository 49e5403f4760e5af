"""The model that comes with the package: where it lies, its card, and how one is packed.

A packaged model is three files in ``spinepose/weights``: ``default.pt`` (a checkpoint in half precision, about 8 MB for
size t), ``default.json`` (the card, for programs) and ``MODEL_CARD.md`` (the card, for people).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spinepose.errors import InputError
from spinepose.files import atomic_path, write_json
from spinepose.model.weights import load_checkpoint, read_dict, save_dict
from spinepose.skeleton import NAMES

FOLDER = Path(__file__).parent / "weights"
WEIGHTS, CARD, CARD_TEXT = "default.pt", "default.json", "MODEL_CARD.md"
SCHEMA_VERSION = 1


class ModelCard(BaseModel):
    """What must be known of a model before it is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(default=SCHEMA_VERSION, description="version of this format")
    name: str = Field(min_length=1, description="the model's name")
    version: str = Field(min_length=1, description="its version")
    licence: str = Field(min_length=1, description="SPDX identifier of the weights' licence")
    intended_use: str = Field(min_length=1, description="what it is for")
    limits: str = Field(min_length=1, description="what it must not be used for, and where it fails")
    training_data: str = Field(min_length=1, description="what it learnt from, with licences")
    size: str = Field(default="", description="t, s, m, l or x; filled in when it is packed")
    input_size: tuple[int, int] = Field(default=(0, 0), description="width and height; filled in when packed")
    keypoint_names: tuple[str, ...] = Field(default=(), description="in the order of its outputs; filled in")
    sha256: str = Field(default="", description="of the weights; filled in when it is packed")
    metrics: dict[str, Any] = Field(
        default={}, description="evaluation in half precision, as evaluate wrote it"
    )
    measure_errors: dict[str, Any] = Field(default={}, description="error bars of the spine measures")


def default_model(folder: Path = FOLDER) -> Path:
    """The packaged model's checkpoint.

    Raises:
        InputError: None is packaged, or it is not the one that its card describes.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise InputError(
            "no model comes with this version yet: give one, SpinePoseEstimator('student.pt') or "
            "--checkpoint FILE; 'spineforge train' makes one"
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != read_card(folder / CARD).sha256:
        raise InputError(f"{path}: not the file that its card describes; install the package again")
    return path


def read_card(path: Path | str) -> ModelCard:
    """Read a model card.

    Raises:
        InputError: It is missing, or a field is missing or wrong.
    """
    try:
        return ModelCard.model_validate(json.loads(Path(path).read_text("utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: no such model card") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: model card, field '{field}': {first['msg']}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None


def pack_model(
    checkpoint: Path | str,
    card: Path | str,
    metrics: Mapping[str, Any] | None = None,
    measure_errors: Mapping[str, Any] | None = None,
    folder: Path = FOLDER,
) -> Path:
    """Pack a checkpoint in half precision with its card.

    Args:
        checkpoint: A model of the 37 keypoints.
        card: JSON with at least the fields of :class:`ModelCard` that have no default.
        metrics: What ``evaluate`` wrote for it.
        measure_errors: What ``evaluate`` wrote as ``measure_errors.json``.
        folder: Where to.

    Returns:
        The packed checkpoint.

    Raises:
        InputError: The checkpoint or the card is missing or wrong.
    """
    given = read_card(card)
    loaded = load_checkpoint(checkpoint, NAMES)
    path = folder / WEIGHTS
    save_dict(path, in_half(read_dict(checkpoint)))
    filled = given.model_copy(
        update={
            "size": loaded.model.size,
            "input_size": loaded.model.input_size,
            "keypoint_names": loaded.names,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "metrics": dict(metrics or given.metrics),
            "measure_errors": dict(measure_errors or given.measure_errors),
        }
    )
    write_json(folder / CARD, filled.model_dump(mode="json"), indent=2)
    with atomic_path(folder / CARD_TEXT) as temporary:
        temporary.write_text(card_text(filled), "utf-8")
    return path


def in_half(content: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint's content with its floating-point tensors in half precision, and without what only a rerun needs."""
    state = {
        name: value.half() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        for name, value in content["state_dict"].items()
    }
    return {**content, "state_dict": state, "meta": {}}


def card_text(card: ModelCard) -> str:
    """The card in words (Markdown)."""
    rows = [f"# {card.name} {card.version}", "", f"Licence of the weights: {card.licence}.", ""]
    for title, words in (
        ("For", card.intended_use),
        ("Limits", card.limits),
        ("Trained on", card.training_data),
        ("Network", f"RTMPose-{card.size}, {card.input_size[0]}x{card.input_size[1]}, "
         f"{len(card.keypoint_names)} keypoints, half precision"),
    ):  # fmt: skip
        rows += [f"## {title}", "", words, ""]
    rows += ["## Measured", "", "In half precision, as packed; the whole of it stands in `default.json`.", ""]
    subsets = card.metrics.get("subsets", {})
    if subsets:
        rows += ["| subset | AP | AR |", "| --- | --- | --- |"]
        rows += [
            f"| {name} | {_three(value['AP'])} | {_three(value['AR'])} |" for name, value in subsets.items()
        ]
    else:
        rows.append("Nothing: no evaluation was given when it was packed.")
    return "\n".join(rows) + "\n"


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
