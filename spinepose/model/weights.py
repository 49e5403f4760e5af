"""Checkpoints: our own files, published state dicts loaded by name, and growing 26 keypoints to 37.

A checkpoint is a plain dict of numbers, strings and tensors, read with ``weights_only=True``: nothing in it is run.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spinepose.errors import InputError
from spinepose.files import atomic_path
from spinepose.model.family import VARIANTS, PoseModel
from spinepose.model.rtmcc import SIMCC_SPLIT
from spinepose.skeleton import HALPE26_NAMES, INDEX, NAMES

SCHEMA_VERSION = 1
FORMAT = "spineforge-checkpoint"
FINAL_LAYER = "head.final_layer"


@dataclass(frozen=True)
class LoadReport:
    """What happened to each parameter when a state dict was loaded by name.

    Attributes:
        loaded: Names taken over whole.
        grown: Names whose rows were copied and extended.
        missing: Names of the model that the file lacks (they keep their initial values).
        unexpected: Names of the file that the model lacks.
        mismatched: Names whose shapes differ, with both shapes.
    """

    loaded: tuple[str, ...]
    grown: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{len(self.loaded)} loaded, {len(self.grown)} grown, {len(self.missing)} missing, "
            f"{len(self.unexpected)} unexpected, {len(self.mismatched)} of another shape"
        )


@dataclass(frozen=True)
class LoadedModel:
    """A model from a file.

    Attributes:
        model: In evaluation mode.
        names: Its keypoints, in the order of its outputs.
        own_labels: True where it was trained on this project's labels, False for a published or foreign model,
            whose neck and hip lie elsewhere than C7 and the sacrum.
        meta: What the checkpoint says about itself.
    """

    model: PoseModel
    names: tuple[str, ...]
    own_labels: bool
    meta: Mapping[str, Any]


def load_by_name(model: PoseModel, state: Mapping[str, Tensor]) -> LoadReport:
    """Load what fits by name and shape; grow the head's rows where the file has fewer keypoints.

    Grown rows keep the file's order (Halpe's 26 stand first in the 37); the new rows keep the model's values.
    """
    own = model.state_dict()
    loaded, grown, mismatched = [], [], []
    merged = dict(own)
    for name, value in state.items():
        if name not in own:
            continue
        if own[name].shape == value.shape:
            merged[name] = value
            loaded.append(name)
        elif name.startswith(FINAL_LAYER) and _can_grow(value, own[name]):
            merged[name] = torch.cat((value.to(own[name].dtype), own[name][len(value) :]))
            grown.append(name)
        else:
            mismatched.append(f"{name} {tuple(value.shape)} against {tuple(own[name].shape)}")
    model.load_state_dict(merged)
    counters = tuple(name for name in own if name.endswith("num_batches_tracked"))
    missing = [name for name in own if name not in state and name not in counters]
    unexpected = [name for name in state if name not in own]
    return LoadReport(tuple(loaded), tuple(grown), tuple(missing), tuple(unexpected), tuple(mismatched))


def _can_grow(value: Tensor, target: Tensor) -> bool:
    return value.dim() == target.dim() and len(value) < len(target) and value.shape[1:] == target.shape[1:]


# Where the last layer's row of a new keypoint starts: at the mean of the rows of known keypoints near it.
NEAR: dict[str, tuple[str, ...]] = {
    "spine_01": ("hip",),
    "spine_02": ("hip",),
    "spine_03": ("hip", "neck"),
    "spine_04": ("neck",),
    "spine_05": ("neck",),
    "left_latissimus": ("left_shoulder",),
    "right_latissimus": ("right_shoulder",),
    "left_clavicle": ("left_shoulder", "neck"),
    "right_clavicle": ("right_shoulder", "neck"),
    "neck_02": ("neck",),
    "neck_03": ("neck",),
}


def grow(teacher: PoseModel) -> PoseModel:
    """Make the student of 37 keypoints that starts as its teacher of 26.

    Halpe's rows are copied in their order; a new row starts as its neighbours' (:data:`NEAR`), so that the first guess
    of a vertebra is the sacrum or C7 and not the middle of the picture.
    """
    student = PoseModel(teacher.size, len(NAMES), teacher.input_size)
    load_by_name(student, teacher.state_dict())
    with torch.no_grad():
        for parameter in student.head.final_layer.parameters():
            for name, near in NEAR.items():
                parameter[INDEX[name]] = parameter[[INDEX[n] for n in near]].mean(dim=0)
    return student


def save_checkpoint(
    path: Path | str, model: PoseModel, names: Sequence[str], meta: Mapping[str, Any] | None = None
) -> None:
    """Write a model to a file, whole or not at all."""
    save_dict(path, {**describe(model, names), "state_dict": model.state_dict(), "meta": dict(meta or {})})


def describe(model: PoseModel, names: Sequence[str]) -> dict[str, Any]:
    """What a file must say for the model to be built again."""
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "size": model.size,
        "input_size": list(model.input_size),
        "keypoint_names": list(names),
        "label_source": "spineforge",
    }


def save_dict(path: Path | str, content: Mapping[str, Any]) -> None:
    """Write a dict of tensors and plain values with ``torch.save``, atomically."""
    with atomic_path(path) as temporary:
        torch.save(dict(content), temporary)


def read_dict(path: Path | str) -> dict[str, Any]:
    """Read a checkpoint without running anything in it.

    Raises:
        InputError: The file is missing, cut off, or holds more than tensors and plain values.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols, just before the refusal
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such checkpoint") from None
    except pickle.UnpicklingError:
        raise InputError(
            f"{path}: refused, it is no checkpoint or holds objects that would run code; "
            "save its state dict alone and give that"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        # PyTorch's first sentence says it; the others guess at how it came about.
        reason = str(error).splitlines()[0].split(". ")[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: checkpoint is damaged or cut off ({reason})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a checkpoint (a {type(content).__name__})")
    return content


def load_checkpoint(path: Path | str, expected_names: Sequence[str] | None = None) -> LoadedModel:
    """Build the model that a file holds: one of ours (with its logits levelled), or a published RTMPose state dict.

    Args:
        path: The file.
        expected_names: Keypoints that the model must have, in order.

    Raises:
        InputError: The file is no checkpoint, of another version, or of another skeleton.
    """
    content = read_dict(path)
    loaded = _own_model(content, path) if content.get("format") == FORMAT else _published_model(content, path)
    if expected_names is not None and loaded.names != tuple(expected_names):
        raise InputError(
            f"{path}: checkpoint of another skeleton, {len(loaded.names)} keypoints ({_first(loaded.names)}), "
            f"expected {len(expected_names)} ({_first(expected_names)})"
        )
    return loaded


def _first(names: Sequence[str]) -> str:
    return f"{names[0]} ... {names[-1]}"


def _own_model(content: Mapping[str, Any], path: Path | str) -> LoadedModel:
    if content.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{path}: schema_version {content.get('schema_version')}, this reads {SCHEMA_VERSION}"
        )
    try:
        names = tuple(content["keypoint_names"])
        model = PoseModel(content["size"], len(names), tuple(content["input_size"]))
        model.load_state_dict(content["state_dict"])
    except (KeyError, RuntimeError) as error:
        raise InputError(
            f"{path}: checkpoint does not hold what it says ({str(error).splitlines()[0]})"
        ) from None
    model.head.level_()
    return LoadedModel(
        model.eval(), names, content.get("label_source") == "spineforge", dict(content.get("meta") or {})
    )


def _published_model(content: Mapping[str, Any], path: Path | str) -> LoadedModel:
    """Read an mmpose-style state dict; size, input and keypoints follow from the shapes."""
    state = content.get("state_dict", content)
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    try:
        stem = tensors["backbone.stem.2.conv.weight"].shape[0]
        num_keypoints = tensors[f"{FINAL_LAYER}.weight"].shape[0]
        input_size = tuple(tensors[f"head.cls_{axis}.weight"].shape[0] // SIMCC_SPLIT for axis in "xy")
    except KeyError as error:
        raise InputError(f"{path}: not an RTMPose checkpoint, it has no parameter {error}") from None
    size = next((s for s, variant in VARIANTS.items() if int(64 * variant.width) == stem), None)
    names = {len(HALPE26_NAMES): HALPE26_NAMES, len(NAMES): NAMES}.get(num_keypoints)
    if size is None or names is None:
        raise InputError(
            f"{path}: checkpoint of another skeleton or size ({num_keypoints} keypoints, {stem} stem channels); "
            f"{len(HALPE26_NAMES)} or {len(NAMES)} keypoints of RTMPose t, s, m, l, x can be read"
        )
    model = PoseModel(size, num_keypoints, input_size)  # type: ignore[arg-type]
    report = load_by_name(model, tensors)
    if report.missing or report.mismatched:
        raise InputError(f"{path}: checkpoint does not fit RTMPose-{size}: {report}")
    return LoadedModel(model.eval(), names, own_labels=False, meta={"load_report": str(report)})
