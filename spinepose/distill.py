"""Teachers that look at the crop: a frozen network, ours or a foreign one, and what all teachers have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from spinepose.data import Crops
from spinepose.errors import InputError
from spinepose.losses import Logits
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD, PoseModel
from spinepose.model.rtmcc import SIMCC_SPLIT
from spinepose.model.weights import LoadedModel
from spinepose.predict import arithmetic, normalise
from spinepose.skeleton import HALPE26_NAMES, NUM_KEYPOINTS

# Where a foreign Halpe model puts another point than we do: its neck lies between the shoulders, its hip between the
# hips, both in front of C7 and of the sacrum, and its head top follows another definition.
AXIS_NAMES = ("head", "neck", "hip")
KNOWN = len(HALPE26_NAMES)
# COCO's 17 are the first 17 of Halpe's 26.
COCO17 = 17


class Signal(NamedTuple):
    """What a teacher says about a batch.

    Attributes:
        logits: SimCC logits of its T keypoints, which are the skeleton's first T.
        weights: How far each is to be believed, shape (T,) or (B, T).
        asked: What of that counts in each crop, 0..1, shape (B, T); None: all.
    """

    logits: Logits
    weights: Tensor
    asked: Tensor | None = None


class Teacher(Protocol):
    """A frozen expert on the skeleton's first keypoints.

    Attributes:
        report: What was loaded and what was not, in one line.
    """

    report: str

    def __call__(self, crops: Crops) -> Signal:
        """What it says about these crops."""
        ...


def keypoint_weights(known: int, own_labels: bool, foreign_axis_weight: float) -> Tensor:
    """How far each of a teacher's keypoints is to be believed, shape (T,): less on the axis of a foreign one."""
    weights = torch.ones(known)
    if not own_labels:
        rows = [HALPE26_NAMES.index(name) for name in AXIS_NAMES]
        weights[[row for row in rows if row < known]] = foreign_axis_weight
    return weights


class NetworkTeacher:
    """A frozen model of Halpe's 26 keypoints; it owns its normalisation.

    One that learned from labels like the student's is asked less where there is a label (``on_labelled``): the label
    says more than what was learned from it. Crops that it has nothing to say of cost nothing.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        foreign_axis_weight: float,
        precision: str = "fp32",
        mean: tuple[float, ...] = IMAGE_MEAN,
        std: tuple[float, ...] = IMAGE_STD,
        on_labelled: float = 1.0,
    ) -> None:
        if loaded.names[:KNOWN] != HALPE26_NAMES:
            raise InputError("teacher: its first 26 keypoints are not Halpe's; give a body model of Halpe26")
        self.model: PoseModel = loaded.model.eval().requires_grad_(False)
        self.model = self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.own_labels = loaded.own_labels
        self.precision = precision
        self._mean, self._std = mean, std
        self.on_labelled = on_labelled if loaded.own_labels else 1.0
        self.keypoint_weights = keypoint_weights(KNOWN, loaded.own_labels, foreign_axis_weight)
        self.report = str(loaded.meta.get("load_report", "every parameter loaded"))

    @torch.no_grad()
    def __call__(self, crops: Crops) -> Signal:
        """Logits of the 26 keypoints; zeros for crops in which it is not asked."""
        if self.on_labelled == 1.0:
            return Signal(self._logits(crops.images), self.keypoint_weights)
        asked = torch.where(crops.labelled[:, :KNOWN], self.on_labelled, 1.0)
        rows = asked.any(dim=1)
        shapes = ((len(rows), KNOWN, SIMCC_SPLIT * side) for side in self.model.input_size)
        logits = Logits(*(crops.images.new_zeros(shape, dtype=torch.float32) for shape in shapes))
        if rows.any():
            for axis, found in zip(logits, self._logits(crops.images[rows]), strict=True):
                axis[rows] = found
        return Signal(logits, self.keypoint_weights, asked)

    def _logits(self, images: Tensor) -> Logits:
        with arithmetic(self.precision):
            x, y = self.model(normalise(images, self._mean, self._std))
        return Logits(x[:, :KNOWN].float(), y[:, :KNOWN].float())


class OnnxTeacher:
    """An RTMPose in ONNX (input NCHW; outputs simcc_x, simcc_y) of COCO's 17, Halpe's 26 or the 37 keypoints.

    The published files take RGB minus the ImageNet mean over its deviation, as this project's own do.
    """

    def __init__(self, path: Path, input_size: tuple[int, int], foreign_axis_weight: float) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Parts of a batch are computed side by side already, one thread each.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own error types are not public
            raise InputError(f"{path}: cannot be read as ONNX ({str(error).splitlines()[0]})") from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = inputs[0].shape
        if len(inputs) != 1 or len(shape) != 4 or len(outputs) < 2:
            raise InputError(
                f"{path}: not an RTMPose, which has one image as input and simcc_x, simcc_y as outputs"
            )
        width, height = input_size
        if any(isinstance(s, int) and s != w for s, w in zip(shape[2:], (height, width), strict=True)):
            raise InputError(
                f"{path}: the teacher's input is {shape[3]}x{shape[2]}; set train.input_size to the same"
            )
        self._input = inputs[0].name
        self._outputs = [output.name for output in outputs[:2]]
        self._one_by_one = shape[0] == 1
        x, y = self._run(np.zeros((1, 3, height, width), np.float32))
        counts = {COCO17: COCO17, KNOWN: KNOWN, NUM_KEYPOINTS: KNOWN}
        if (
            x.shape[1] not in counts
            or x.shape[2] != SIMCC_SPLIT * width
            or y.shape[2] != SIMCC_SPLIT * height
        ):
            raise InputError(
                f"{path}: gives {x.shape[1]} keypoints over {x.shape[2]} and {y.shape[2]} bins; expected 17, 26 or 37 "
                f"over {SIMCC_SPLIT * width} and {SIMCC_SPLIT * height}"
            )
        self._known = counts[x.shape[1]]
        self.keypoint_weights = keypoint_weights(
            self._known, x.shape[1] == NUM_KEYPOINTS, foreign_axis_weight
        )
        self.report = f"ONNX of {x.shape[1]} keypoints, the first {self._known} used"

    def __call__(self, crops: Crops) -> Signal:
        """Logits of the keypoints that it knows."""
        images = normalise(crops.images).contiguous().numpy()
        parts = [images[i : i + 1] for i in range(len(images))] if self._one_by_one else [images]
        found = [self._run(part) for part in parts]
        x, y = (torch.from_numpy(np.concatenate(axis))[:, : self._known] for axis in zip(*found, strict=True))
        return Signal(Logits(x, y), self.keypoint_weights)

    def _run(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = self._session.run(self._outputs, {self._input: images})
        return x, y


class Remembering:
    """A teacher that answers once for each person, for crops that never change; kept in half precision."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._known: dict[int, Signal] = {}
        self.report = teacher.report

    def __call__(self, crops: Crops) -> Signal:
        """What the teacher said about these people's crops when it first saw them."""
        people = crops.person.tolist()
        if any(person not in self._known for person in people):
            self._known.update(zip(people, _of_each(self._teacher(crops)), strict=True))
        known = [self._known[person] for person in people]
        x, y = (torch.stack([one.logits[axis] for one in known]).float() for axis in (0, 1))
        asked = [one.asked for one in known if one.asked is not None]
        return Signal(
            Logits(x, y), torch.stack([one.weights for one in known]), torch.stack(asked) if asked else None
        )


def _of_each(signal: Signal) -> Iterator[Signal]:
    """A batch's answer, crop by crop, its logits rounded: a resumed run must hear the same as the first."""
    x, y = signal.logits.x.half(), signal.logits.y.half()
    weights = signal.weights.expand(x.shape[:2])
    for row in range(len(x)):
        asked = None if signal.asked is None else signal.asked[row]
        yield Signal(Logits(x[row], y[row]), weights[row], asked)
