"""Export to ONNX as the clients of RTMPose expect it, checked against PyTorch before it is kept."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from spinepose.errors import StageError
from spinepose.files import atomic_path
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD, PoseModel
from spinepose.model.simcc import decode
from spinepose.model.weights import load_checkpoint

OPSET = 17
MAX_DIFFERENCE_PX = 0.1


class FromBgr(nn.Module):
    """Takes what clients feed that forget to swap channels: BGR minus the RGB means over the RGB deviations."""

    factor: Tensor
    offset: Tensor

    def __init__(self, model: PoseModel) -> None:
        super().__init__()
        self.model = model
        mean, std = torch.tensor(IMAGE_MEAN), torch.tensor(IMAGE_STD)
        # Channel c of the input is (bgr_c - mean_c) / std_c; the model wants (rgb_c - mean_c) / std_c.
        self.register_buffer("factor", (std.flip(0) / std).view(1, 3, 1, 1))
        self.register_buffer("offset", ((mean.flip(0) - mean) / std).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        swapped = torch.cat((x[:, 2:3], x[:, 1:2], x[:, 0:1]), dim=1)
        return self.model(swapped * self.factor + self.offset)


def export_onnx(checkpoint: Path | str, out_path: Path | str, bgr: bool = False) -> float:
    """Write a checkpoint as ONNX: input [N, 3, H, W], outputs simcc_x [N, K, 2W] and simcc_y [N, K, 2H].

    The file is kept only if onnxruntime gives the same keypoints as PyTorch within 0.1 px.

    Args:
        checkpoint: The model.
        out_path: The .onnx file.
        bgr: Accept BGR with RGB means, as `rtmlib` and the `spinepose` 2.1.0 client feed it.

    Returns:
        Largest keypoint difference found, pixels.

    Raises:
        InputError: The checkpoint cannot be read.
        StageError: The exported file gives other keypoints.
    """
    loaded = load_checkpoint(checkpoint)
    model = FromBgr(loaded.model).eval() if bgr else loaded.model
    width, height = loaded.model.input_size
    generator = torch.Generator().manual_seed(0)
    # Coarse random pictures: the network reacts to structure, and hardly to pixel noise.
    coarse = torch.randn(4, 3, height // 16, width // 16, generator=generator)
    example = nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")
    with atomic_path(out_path) as temporary:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The newer exporter's file (dynamo=True) fails in rtmlib's OpenCV backend.
            torch.onnx.export(
                model,
                (example[:2],),
                str(temporary),
                input_names=["input"],
                output_names=["simcc_x", "simcc_y"],
                dynamic_axes={name: {0: "batch"} for name in ("input", "simcc_x", "simcc_y")},
                opset_version=OPSET,
                dynamo=False,
            )
        _describe(temporary, loaded.names, bgr)
        difference = compare(model, temporary, example)
        if not difference < MAX_DIFFERENCE_PX:
            raise StageError(f"{out_path}: exported keypoints are {difference:.2f} px off those of PyTorch")
    return difference


def _describe(path: Path, names: tuple[str, ...], bgr: bool) -> None:
    file = onnx.load(str(path))
    for output in file.graph.output:
        # The exporter loses the number of keypoints; clients read it from here.
        output.type.tensor_type.shape.dim[1].dim_value = len(names)
    onnx.checker.check_model(file)
    facts = {
        "schema_version": "1",
        "keypoint_names": ",".join(names),
        "channel_order": "bgr" if bgr else "rgb",
    }
    onnx.helper.set_model_props(file, facts)
    onnx.save(file, str(path))


def compare(model: nn.Module, onnx_path: Path, inputs: Tensor) -> float:
    """Largest distance between PyTorch's and onnxruntime's keypoints, pixels.

    Where two bins are equally high the peak may jump between them: such a tie (heights within 1e-4) is no difference.
    """
    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    outputs = [torch.from_numpy(o) for o in session.run(["simcc_x", "simcc_y"], {"input": inputs.numpy()})]
    with torch.no_grad():
        expected = model(inputs)
    points, _ = decode(*outputs)
    wanted, _ = decode(*expected)
    distance = (points - wanted).abs().numpy()
    for axis, logits in enumerate(expected):
        at_ours = logits.gather(-1, (points[..., axis : axis + 1] * 2).long())[..., 0]
        tie = (logits.amax(dim=-1) - at_ours).numpy() < 1e-4
        distance[..., axis] = np.where(tie, 0.0, distance[..., axis])
    return float(distance.max())
