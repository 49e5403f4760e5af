"""The teacher that a file holds.

Four kinds: our checkpoint or a published RTMPose state dict (``.pt``, ``.pth``), an RTMPose in ONNX (``.onnx``), and
body keypoints with confidences that any program wrote beforehand (``.json``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spinepose.data import Person
from spinepose.distill import KNOWN, NetworkTeacher, OnnxTeacher, Teacher
from spinepose.errors import InputError
from spinepose.model.weights import load_checkpoint
from spinepose.skeleton import HALPE26_NAMES
from spinepose.teacher_points import PointsTeacher, read_points


def load_teacher(
    path: Path | str,
    people: Sequence[Person],
    input_size: tuple[int, int],
    foreign_axis_weight: float,
    precision: str = "fp32",
    on_labelled: float = 1.0,
) -> Teacher:
    """The teacher that a file holds.

    Args:
        path: ``.onnx``, ``.json`` (keypoints), or a checkpoint of ours or of mmpose.
        people: The training people, in their order; precomputed keypoints are matched to them.
        input_size: Width and height of the crops.
        foreign_axis_weight: Weight of head, neck and hip of a foreign Halpe model.
        precision: "bf16" or "fp32".
        on_labelled: How far a checkpoint that learned from this project's labels is heard where there is a label.

    Raises:
        InputError: The file is missing, damaged, of another skeleton, or of another input size.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such teacher")
    if path.suffix == ".onnx":
        return OnnxTeacher(path, input_size, foreign_axis_weight)
    if path.suffix == ".json":
        points, report = read_points(path, people)
        return PointsTeacher(points, input_size, foreign_axis_weight, report)
    loaded = load_checkpoint(path)
    if loaded.names[:KNOWN] != HALPE26_NAMES:
        raise InputError(f"{path}: the teacher's first 26 keypoints are not Halpe's")
    if loaded.model.input_size != tuple(input_size):
        width, height = loaded.model.input_size
        raise InputError(f"{path}: the teacher's input is {width}x{height}; set train.input_size to the same")
    return NetworkTeacher(loaded, foreign_axis_weight, precision, on_labelled=on_labelled)
