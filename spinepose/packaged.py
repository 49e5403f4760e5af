"""The model that comes with the package: where it lies, and how one is packed.

A packaged model is three files in ``spinepose/weights``: ``default.pt`` (a checkpoint in half precision, about 8 MB for
size t), ``default.json`` (the card, for programs) and ``MODEL_CARD.md`` (the card, for people).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from spinepose.errors import InputError
from spinepose.files import atomic_path, write_json
from spinepose.model.weights import load_checkpoint, read_dict, save_dict
from spinepose.model_card import card_text, checked_card, read_card
from spinepose.skeleton import NAMES

FOLDER = Path(__file__).parent / "weights"
WEIGHTS, CARD, CARD_TEXT = "default.pt", "default.json", "MODEL_CARD.md"


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
    if file_sha256(path) != read_card(folder / CARD).sha256:
        raise InputError(f"{path}: not the file that its card describes; install the package again")
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_half(checkpoint: Path | str, path: Path) -> None:
    """Write a model of the 37 keypoints in half precision.

    Raises:
        InputError: The checkpoint is missing, damaged, of another skeleton, or has weights that half precision lacks.
    """
    load_checkpoint(checkpoint, NAMES)
    content = in_half(read_dict(checkpoint))
    for name, value in content["state_dict"].items():
        if not torch.isfinite(value).all():
            raise InputError(f"{checkpoint}: '{name}' is too large for half precision, or not a number")
    save_dict(path, content)


def in_half(content: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint's content in half precision, and without what only a rerun needs.

    Vectors (norms, biases, running variances) stay as they are: they are 2 % of the numbers, and a running variance may
    lie outside of what half precision holds.
    """
    state = {
        name: value.half() if value.is_floating_point() and value.dim() > 1 else value
        for name, value in content["state_dict"].items()
    }
    licence = dict(dict(content.get("meta") or {}).get("fingerprint") or {}).get("data_licence")
    return {**content, "state_dict": state, "meta": {"data_licence": licence} if licence else {}}


def pack_model(weights: Path | str, fields: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Put a checkpoint into the package, with its card.

    Args:
        weights: What :func:`save_half` wrote.
        fields: Fields of :class:`spinepose.model_card.ModelCard`; size, input, keypoints and hash are filled in.
        folder: Where to.

    Returns:
        The packed checkpoint.

    Raises:
        InputError: The checkpoint or a field is missing or wrong.
    """
    loaded = load_checkpoint(weights, NAMES)
    given = {
        "size": loaded.model.size,
        "input_size": loaded.model.input_size,
        "keypoint_names": loaded.names,
        "sha256": file_sha256(Path(weights)),
    }
    card = checked_card({**fields, **given}, "the model to be packed")
    for name in (WEIGHTS, CARD, CARD_TEXT):
        (folder / name).unlink(missing_ok=True)  # never new weights beside an old card
    with atomic_path(folder / CARD_TEXT) as temporary:
        temporary.write_text(card_text(card), "utf-8")
    write_json(folder / CARD, card.model_dump(mode="json"), indent=2)
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(Path(weights).read_bytes())
    return folder / WEIGHTS
