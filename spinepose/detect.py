"""People detectors in ONNX, in the layouts that ``rtmlib`` 0.0.16 reads (YOLOX and RTMDet).

The input is [1, 3, H, W]: the picture in BGR, shrunk or grown to fit, in the top left corner of a field of grey 114.
YOLOX takes it as it is (0..255), RTMDet minus means over deviations. The first output is one of two:

- ``[1, N, 5]``, suppression inside: left, top, right, bottom in input pixels, and the score. A second output, where
  there is one, holds class numbers; 0 is the person.
- ``[1, N, 5 + C]``, raw: offset of the centre from its grid cell, logarithm of the size in cells, objectness and C
  class scores, over the cells of strides 8, 16 and 32 in this order.

Which arithmetic the input wants can't be told from the file: the name says it (rtmlib's files bear "yolox" or
"rtmdet"), or the user.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from spinepose.boxes import drop_overlapping
from spinepose.errors import InputError

Kind = Literal["yolox", "rtmdet"]
Detector = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

GREY = 114
STRIDES = (8, 16, 32)
DEFAULT_SIZE = (640, 640)  # rtmlib's, for a file that leaves its size open
RTMDET_MEAN_BGR = np.array([103.53, 116.28, 123.675], np.float32)
RTMDET_STD_BGR = np.array([57.375, 57.12, 58.395], np.float32)
# rtmlib's thresholds: a score counts from here on, an overlap is a double from here on.
MIN_SCORE = {"nms": 0.3, "raw yolox": 0.7, "raw rtmdet": 0.3}
MAX_OVERLAP = 0.45


class OnnxDetector:
    """Finds people's boxes in a picture."""

    def __init__(self, path: Path | str, kind: Kind | None = None, min_score: float | None = None) -> None:
        """Open a detector.

        Args:
            path: The ONNX file.
            kind: The arithmetic of the input; None: as the file's name says.
            min_score: Lowest score of a box; None: rtmlib's for the layout.

        Raises:
            InputError: The file is missing, damaged, or of a layout that is not known.
        """
        import onnxruntime

        if not Path(path).is_file():
            raise InputError(f"{path}: no such detector")
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own for a broken file
            raise InputError(f"{path}: onnxruntime cannot open it ({str(error).splitlines()[0]})") from None
        entry, outputs = self._session.get_inputs()[0], self._session.get_outputs()
        if len(entry.shape) != 4 or entry.shape[1] != 3 or entry.type != "tensor(float)":
            raise InputError(f"{path}: unknown detector layout, input {entry.shape} of {entry.type}")
        self.path, self._input = path, entry.name
        height, width = entry.shape[2:]
        self.size_wh = (width, height) if isinstance(width, int) and isinstance(height, int) else DEFAULT_SIZE
        self._columns(outputs[0].shape)
        self.kind: Kind = kind or _kind_by_name(path)
        self._min_score = min_score

    def __call__(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find people.

        Args:
            image_bgr: Shape (H, W, 3), uint8.

        Returns:
            Boxes in pixels, shape (N, 4) xywh, inside the picture, best first, and scores in 0..1, shape (N,).

        Raises:
            InputError: The detector answers in a layout that is not known.
        """
        field, ratio = letterbox(image_bgr, self.size_wh)
        inputs = field.astype(np.float32)
        if self.kind == "rtmdet":
            inputs = (inputs - RTMDET_MEAN_BGR) / RTMDET_STD_BGR
        outputs = self._session.run(
            None, {self._input: np.ascontiguousarray(inputs.transpose(2, 0, 1)[None])}
        )
        self._columns(outputs[0].shape)
        raw = outputs[0].shape[2] > 5
        boxes, scores = self._raw(outputs[0][0]) if raw else _suppressed(outputs)
        wanted = scores > (
            MIN_SCORE[f"raw {self.kind}" if raw else "nms"] if self._min_score is None else self._min_score
        )
        boxes, scores = _inside(boxes[wanted] / ratio, image_bgr.shape), scores[wanted]
        wide = (boxes[:, 2:] >= 1).all(axis=1)
        boxes, scores = boxes[wide], scores[wide]
        kept = drop_overlapping(boxes, scores, MAX_OVERLAP) if raw else np.argsort(-scores, kind="stable")
        return boxes[kept], scores[kept]

    def _columns(self, shape: list | tuple) -> None:
        last = shape[-1] if shape else None
        if len(shape) != 3 or (isinstance(last, int) and last < 5):
            raise InputError(
                f"{self.path}: unknown detector layout, output {list(shape)}; "
                "[1, N, 5] or [1, N, 5 + classes] can be read"
            )

    def _raw(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cells, strides = grid(self.size_wh)
        if len(rows) != len(cells):
            raise InputError(
                f"{self.path}: unknown detector layout, {len(rows)} rows where strides {STRIDES} of "
                f"{self.size_wh[0]}x{self.size_wh[1]} make {len(cells)}"
            )
        centre = (rows[:, :2] + cells) * strides
        size = np.exp(rows[:, 2:4]) * strides
        # Class 0 is the person.
        return np.hstack([centre - size / 2, centre + size / 2]), rows[:, 4] * rows[:, 5]


def open_detector(path: Path | str, kind: Kind | None = None, min_score: float | None = None) -> OnnxDetector:
    """Open a detector; see :class:`OnnxDetector`."""
    return OnnxDetector(path, kind, min_score)


def letterbox(image: np.ndarray, size_wh: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Fit a picture into the top left corner of a grey field; the field and the factor of the change of size."""
    width, height = size_wh
    ratio = min(height / image.shape[0], width / image.shape[1])
    fitted = (max(int(image.shape[1] * ratio), 1), max(int(image.shape[0] * ratio), 1))
    field = np.full((height, width, 3), GREY, np.uint8)
    field[: fitted[1], : fitted[0]] = cv2.resize(image, fitted, interpolation=cv2.INTER_LINEAR)
    return field, ratio


def grid(size_wh: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Cells (x, y) of a raw layout, shape (N, 2), and their strides, shape (N, 1)."""
    cells, strides = [], []
    for stride in STRIDES:
        x, y = np.meshgrid(np.arange(size_wh[0] // stride), np.arange(size_wh[1] // stride))
        cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(cells), np.concatenate(strides)


def _suppressed(outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rows = outputs[0][0]
    if len(outputs) > 1 and outputs[1].size == len(rows):
        rows = rows[outputs[1].reshape(-1) == 0]
    return rows[:, :4], rows[:, 4]


def _inside(boxes_xyxy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    limits = np.array([shape[1], shape[0], shape[1], shape[0]])
    clipped = np.clip(boxes_xyxy, 0, limits).astype(float)
    return np.hstack([clipped[:, :2], clipped[:, 2:] - clipped[:, :2]])


def _kind_by_name(path: Path | str) -> Kind:
    name = Path(path).name.lower()
    named = [kind for kind in ("yolox", "rtmdet") if kind in name]
    if len(named) != 1:
        raise InputError(
            f"{path}: the name says neither 'yolox' nor 'rtmdet', and their inputs differ; say it with --detector-kind"
        )
    return named[0]  # type: ignore[return-value]
