"""A model from a file, ready to find the 37 keypoints of people in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from spinepose.augment import apply_affine, box_geometry, crop_matrix, invert_affine, warp
from spinepose.detect import Detector, open_detector
from spinepose.errors import InputError
from spinepose.losses import Logits
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD, PoseModel
from spinepose.model.simcc import decode
from spinepose.model.weights import load_checkpoint
from spinepose.packaged import default_model
from spinepose.predict import merge_flipped, predict_points
from spinepose.skeleton import HALPE26_NAMES, NAMES, NUM_KEYPOINTS


class Runner(Protocol):
    """A model that answers crops with keypoints, whatever runs it.

    Attributes:
        input_size: Width and height of the crop, pixels.
        known: How many of the skeleton's keypoints it finds, the first ones; the others get score 0.
    """

    input_size: tuple[int, int]
    known: int

    def predict(self, crops: Tensor, flip_test: bool) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints in crop pixels, shape (B, 37, 2), and scores, shape (B, 37), of RGB uint8 crops (B, 3, H, W)."""


class TorchRunner:
    """Runs a checkpoint."""

    def __init__(self, model: PoseModel) -> None:
        self.model = model
        self.input_size = model.input_size
        self.known = model.num_keypoints

    def predict(self, crops: Tensor, flip_test: bool) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Runner`."""
        points, scores = predict_points(self.model, crops, flip_test)
        unknown = NUM_KEYPOINTS - self.known
        return np.pad(points, ((0, 0), (0, unknown), (0, 0))), np.pad(scores, ((0, 0), (0, unknown)))


class OnnxRunner:
    """Runs an exported file in onnxruntime."""

    def __init__(self, path: Path | str) -> None:
        """Open the file.

        Raises:
            InputError: The file is missing, damaged, or of another skeleton.
        """
        import onnxruntime

        if not Path(path).is_file():
            raise InputError(f"{path}: no such model")
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own for a broken file
            raise InputError(f"{path}: onnxruntime cannot open it ({str(error).splitlines()[0]})") from None
        entry, outputs = self._session.get_inputs()[0], self._session.get_outputs()
        facts = self._session.get_modelmeta().custom_metadata_map
        names = facts.get("keypoint_names")
        if (
            len(outputs) != 2
            or any(len(o.shape) != 3 or o.shape[1] != NUM_KEYPOINTS for o in outputs)
            or (names is not None and tuple(names.split(",")) != NAMES)
        ):
            raise InputError(f"{path}: not a model of the 37 keypoints with two SimCC outputs")
        if len(entry.shape) != 4 or not all(isinstance(side, int) for side in entry.shape[2:]):
            raise InputError(f"{path}: its input is {entry.shape}, expected [N, 3, height, width]")
        self._input = entry.name
        self._one_by_one = entry.shape[0] == 1
        self.known = NUM_KEYPOINTS
        self.bgr = facts.get("channel_order") == "bgr"
        self.input_size = (int(entry.shape[3]), int(entry.shape[2]))

    def predict(self, crops: Tensor, flip_test: bool) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Runner`."""
        logits = self._logits(crops)
        if flip_test:
            logits = merge_flipped(logits, self._logits(crops.flip(-1)))
        points, scores = decode(*logits)
        return points.numpy().astype(np.float64), scores.numpy()

    def _logits(self, crops: Tensor) -> Logits:
        inputs = network_input(crops.numpy(), self.bgr)
        parts = [inputs[i : i + 1] for i in range(len(inputs))] if self._one_by_one else [inputs]
        found = [self._session.run(None, {self._input: part}) for part in parts]
        x, y = (torch.from_numpy(np.concatenate(column)) for column in zip(*found, strict=True))
        return Logits(x, y)


def network_input(crops: np.ndarray, bgr: bool) -> np.ndarray:
    """RGB uint8 crops, shape (B, 3, H, W), as the float32 that a file expects; BGR with RGB means where it does."""
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    ordered = crops[:, ::-1] if bgr else crops
    return np.ascontiguousarray((ordered.astype(np.float32) - mean) / std)


def open_model(path: Path | str, body_too: bool = False) -> Runner:
    """Open a checkpoint (.pt) or an exported model (.onnx) of the 37 keypoints.

    Args:
        path: The file.
        body_too: Take a checkpoint of Halpe's 26 keypoints as well.

    Raises:
        InputError: The file is missing, damaged, or of another skeleton.
    """
    if Path(path).suffix == ".onnx":
        return OnnxRunner(path)
    loaded = load_checkpoint(path, None if body_too else NAMES)
    if loaded.names not in (NAMES, HALPE26_NAMES):
        raise InputError(f"{path}: its keypoints are neither the 37 nor Halpe's 26")
    return TorchRunner(loaded.model)


class SpinePoseEstimator:
    """Finds the 37 keypoints of people."""

    def __init__(
        self,
        model: Path | str | None = None,
        detector: Path | str | Detector | None = None,
        flip_test: bool = True,
    ) -> None:
        """Open the model, and a detector where one is given.

        Args:
            model: A checkpoint (.pt) or an exported model (.onnx); None takes the packaged one.
            detector: Finds the people where no boxes are given: an ONNX file in rtmlib's layout, or an open one.
            flip_test: Average with the mirrored crop; twice the time.

        Raises:
            InputError: A file is missing, damaged, or of another skeleton; or no model is packaged.
        """
        self.flip_test = flip_test
        self.runner = open_model(default_model() if model is None else model)
        self.detector = open_detector(detector) if isinstance(detector, Path | str) else detector

    def __call__(
        self, image_bgr: np.ndarray, boxes_xywh: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints.

        Args:
            image_bgr: As OpenCV reads it, shape (H, W, 3), uint8.
            boxes_xywh: People's boxes in pixels, shape (N, 4). None: the detector's, or without one the whole picture
                as one person.

        Returns:
            Keypoints in pixels, shape (N, 37, 2), and scores in 0..1, shape (N, 37).

        Raises:
            InputError: The picture is none.
        """
        check_image(image_bgr)
        if boxes_xywh is None:
            boxes_xywh = self.detector(image_bgr)[0] if self.detector else whole_picture(image_bgr)
        boxes = np.asarray(boxes_xywh, dtype=float).reshape(-1, 4)
        if not len(boxes):
            return np.zeros((0, NUM_KEYPOINTS, 2)), np.zeros((0, NUM_KEYPOINTS))
        size = self.runner.input_size
        matrices = [crop_matrix(box_geometry(box, size), size) for box in boxes]
        image_rgb = np.ascontiguousarray(image_bgr[..., ::-1])
        crops = torch.from_numpy(np.stack([warp(image_rgb, matrix, size) for matrix in matrices]))
        points, scores = self.runner.predict(crops.permute(0, 3, 1, 2), self.flip_test)
        back = [apply_affine(invert_affine(m), p) for m, p in zip(matrices, points, strict=True)]
        return np.stack(back), scores


def whole_picture(image: np.ndarray) -> np.ndarray:
    """The box that is the whole picture, shape (1, 4)."""
    return np.array([[0.0, 0.0, image.shape[1], image.shape[0]]])


def check_image(image: np.ndarray) -> None:
    """Refuse what is no BGR picture.

    Raises:
        InputError: Saying what was given instead.
    """
    if image is None:
        raise InputError("the picture is None: cv2.imread returns that for a file that it cannot read")
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        got = (
            f"{image.dtype} of shape {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        )
        raise InputError(f"expected a BGR picture, uint8 of shape (H, W, 3), got {got}")
