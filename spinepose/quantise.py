"""Static int8: weights and activations of an exported file, with scales measured on training crops."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from spinepose.data import CropDataset, Person, PersonImages, evaluation_batches
from spinepose.errors import InputError
from spinepose.estimator import OnnxRunner, network_input
from spinepose.files import atomic_path

CALIBRATION_PEOPLE = 128
# Products and what lies between them: with the products alone, going to int8 and back costs what they gain (measured:
# no less CPU time than in float).
QUANTISED = ("Conv", "MatMul", "Gemm", "Sigmoid", "Mul", "Add", "Concat", "MaxPool", "GlobalAveragePool")


class _Crops(CalibrationDataReader):
    def __init__(self, name: str, inputs: Iterator[np.ndarray]) -> None:
        self._name, self._inputs = name, inputs

    def get_next(self) -> dict[str, np.ndarray] | None:
        inputs = next(self._inputs, None)
        return None if inputs is None else {self._name: inputs}


def quantise_onnx(
    exported: Path | str,
    out_path: Path | str,
    people: Sequence[Person],
    limit: int = CALIBRATION_PEOPLE,
    keep_head: bool = True,
) -> None:
    """Write an exported model in int8 (QDQ nodes, one scale a channel, calibrated on people of the training split).

    Args:
        exported: What :func:`spinepose.export.export_onnx` wrote.
        out_path: The new file; it keeps names, sizes and metadata.
        people: Training people; ``limit`` of them, spread evenly, are run.
        limit: How many.
        keep_head: Leave the head (the attention and the two classifiers) in float: it is a small part of the work, and
            its logits decide by small differences.

    Raises:
        InputError: The file cannot be read, or there is nobody to calibrate on.
    """
    if not people:
        raise InputError("int8 needs labelled people to calibrate on, and the label file has none")
    runner = OnnxRunner(exported)
    dataset = CropDataset(PersonImages(people, runner.input_size))
    crops = evaluation_batches(dataset, 1, limit)
    reader = _Crops("input", (network_input(batch.images.numpy(), runner.bgr) for batch in crops))
    facts = {p.key: p.value for p in onnx.load(str(exported)).metadata_props}
    with atomic_path(out_path) as temporary, tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quant_pre_process(str(exported), str(prepared), skip_symbolic_shape=True)
        head = [node.name for node in onnx.load(str(prepared)).graph.node if "/head/" in node.name]
        quantize_static(
            str(prepared),
            str(temporary),
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=head if keep_head else [],
            calibrate_method=CalibrationMethod.MinMax,
        )
        file = onnx.load(str(temporary))
        onnx.helper.set_model_props(file, facts | {"quantised": "int8"})
        onnx.save(file, str(temporary))


def accuracy_lost(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What int8 costs: AP by subset and the spine's median in millimetres, before and after.

    Args:
        before: Metrics of the exported file, as ``evaluate_checkpoint`` gives them.
        after: Of the quantised one, on the same people.
    """
    lost: dict[str, Any] = {
        name: {"float": values["AP"], "int8": after["subsets"][name]["AP"]}
        for name, values in before["subsets"].items()
    }
    if "spine_error_mm" in before:
        lost["spine_median_mm"] = {
            "float": before["spine_error_mm"]["all"].get("median"),
            "int8": after["spine_error_mm"]["all"].get("median"),
        }
    return lost
