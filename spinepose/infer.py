"""Run a model on pictures, folders and videos; overlays and JSON come out, no display is needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from spinepose.augment import apply_affine, box_geometry, crop_matrix, invert_affine, warp
from spinepose.errors import InputError
from spinepose.files import atomic_path, write_json
from spinepose.measures import spine_measures
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD
from spinepose.model.simcc import decode
from spinepose.model.weights import load_checkpoint
from spinepose.predict import predict_points
from spinepose.skeleton import NAMES, NUM_KEYPOINTS
from spinepose.visualize import draw_person

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"}
DRAW_THRESHOLD = 0.05

Boxes = np.ndarray | Mapping[str, Any] | Path | str | None


class SpinePoseEstimator:
    """Finds the 37 keypoints of people in boxes."""

    def __init__(self, model: Path | str, flip_test: bool = True) -> None:
        """Load a checkpoint (.pt) or an exported model (.onnx).

        Raises:
            InputError: The file is missing, damaged, or of another skeleton.
        """
        self.flip_test = flip_test
        path = Path(model)
        self._run, self.input_size = (
            _open_onnx(path) if path.suffix == ".onnx" else self._open_checkpoint(path)
        )

    def __call__(
        self, image_bgr: np.ndarray, boxes_xywh: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints.

        Args:
            image_bgr: As OpenCV reads it, shape (H, W, 3), uint8.
            boxes_xywh: People's boxes in pixels, shape (N, 4); None takes the whole picture as one person.

        Returns:
            Keypoints in pixels, shape (N, 37, 2), and scores in 0..1, shape (N, 37).
        """
        if boxes_xywh is None:
            boxes_xywh = np.array([[0, 0, image_bgr.shape[1], image_bgr.shape[0]]])
        boxes = np.asarray(boxes_xywh, dtype=float).reshape(-1, 4)
        if not len(boxes):
            return np.zeros((0, NUM_KEYPOINTS, 2)), np.zeros((0, NUM_KEYPOINTS))
        matrices = [crop_matrix(box_geometry(box, self.input_size), self.input_size) for box in boxes]
        image_rgb = np.ascontiguousarray(image_bgr[..., ::-1])
        crops = np.stack([warp(image_rgb, matrix, self.input_size) for matrix in matrices])
        points, scores = self._run(crops)
        back = [apply_affine(invert_affine(m), p) for m, p in zip(matrices, points, strict=True)]
        return np.stack(back), scores

    def _open_checkpoint(self, path: Path) -> tuple[Callable, tuple[int, int]]:
        model = load_checkpoint(path, NAMES).model

        def run(crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return predict_points(model, torch.from_numpy(crops).permute(0, 3, 1, 2), self.flip_test)

        return run, model.input_size


def _open_onnx(path: Path) -> tuple[Callable, tuple[int, int]]:
    import onnxruntime

    if not path.is_file():
        raise InputError(f"{path}: no such model")
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for a broken file
        raise InputError(f"{path}: onnxruntime cannot open it ({str(error).splitlines()[0]})") from None
    entry = session.get_inputs()[0]
    if len(session.get_outputs()) != 2 or session.get_outputs()[0].shape[1] != NUM_KEYPOINTS:
        raise InputError(f"{path}: not a model of the 37 keypoints with two SimCC outputs")
    bgr = session.get_modelmeta().custom_metadata_map.get("channel_order") == "bgr"
    mean, std = (np.array(values, np.float32) for values in (IMAGE_MEAN, IMAGE_STD))

    def run(crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ordered = crops[..., ::-1] if bgr else crops
        inputs = ((ordered.astype(np.float32) - mean) / std).transpose(0, 3, 1, 2)
        x, y = session.run(None, {entry.name: np.ascontiguousarray(inputs)})
        points, scores = decode(torch.from_numpy(x), torch.from_numpy(y))
        return points.numpy().astype(np.float64), scores.numpy()

    return run, (int(entry.shape[3]), int(entry.shape[2]))


def run_inference(
    model: Path | str,
    inputs: Path | str | Sequence[Path | str],
    out_dir: Path | str,
    boxes: Boxes = None,
    flip_test: bool = True,
    overlay: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Run a model on pictures, folders of pictures and videos.

    For each input ``out_dir`` gets an overlay (picture or mp4) and ``<name>.json`` with every frame's people; all
    together go to ``results.json`` as COCO results (image_id counts the frames of all inputs from 1).

    Args:
        model: A checkpoint or an ONNX file.
        inputs: One path or several.
        out_dir: Folder for the results.
        boxes: Where the people are: an array of boxes for every frame, shape (N, 4) xywh in pixels; or a mapping (or
            its JSON file) from file name, or ``"name:frame"`` in a video, to boxes. None: the whole frame is a person.
        flip_test: Average with the mirrored crop (checkpoints only).
        overlay: Write pictures as well.
        progress: Called as (frames done, frames in all, words).

    Returns:
        Counts of inputs, frames and people, and the paths written.

    Raises:
        InputError: An input, the model or the boxes cannot be read.
    """
    sources = _sources(inputs)
    find_boxes = _box_finder(boxes)
    estimator = SpinePoseEstimator(model, flip_test)
    out_dir = Path(out_dir)
    results: list[dict[str, Any]] = []
    written: list[str] = []
    total = sum(_frame_count(source) for source in sources)
    frames_done = 0
    for source, stem in zip(sources, _unique_stems(sources), strict=True):
        frames = []
        with OverlayWriter(out_dir, stem, source, overlay) as (write, path):
            for number, image in enumerate(_frames(source)):
                points, scores = estimator(image, find_boxes(source, number, image))
                frames_done += 1
                frames.append({"frame": number, "people": _people(points, scores)})
                results += _results(frames_done, points, scores)
                write(_draw(image, points, scores))
                if progress:
                    progress(frames_done, max(total, frames_done), source.name)
        document = {
            "schema_version": 1,
            "source": source.name,
            "keypoint_names": list(NAMES),
            "frames": frames,
        }
        write_json(out_dir / f"{stem}.json", document)
        written += [str(out_dir / f"{stem}.json")] + ([str(path)] if overlay else [])
    write_json(out_dir / "results.json", results)
    return {"inputs": len(sources), "frames": frames_done, "people": len(results), "written": written}


def _sources(inputs: Path | str | Sequence[Path | str]) -> list[Path]:
    paths = [Path(inputs)] if isinstance(inputs, Path | str) else [Path(p) for p in inputs]
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES)
            if not inside:
                raise InputError(f"{path}: no picture or video in this folder")
            found += inside
        elif not path.is_file():
            raise InputError(f"{path}: no such picture, video or folder")
        elif path.suffix.lower() not in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
            raise InputError(
                f"{path}: neither a picture nor a video that is known ({path.suffix or 'no suffix'})"
            )
        else:
            found.append(path)
    if not found:
        raise InputError("nothing to run on: give a picture, a folder or a video")
    return found


def _unique_stems(sources: Sequence[Path]) -> list[str]:
    """Names for the results; a stem that stands twice (a.jpg and a.png) gets a number."""
    seen: dict[str, int] = {}
    stems = []
    for source in sources:
        seen[source.stem] = seen.get(source.stem, 0) + 1
        stems.append(source.stem if seen[source.stem] == 1 else f"{source.stem}_{seen[source.stem]}")
    return stems


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _frame_count(path: Path) -> int:
    return max(int(_open_video(path).get(cv2.CAP_PROP_FRAME_COUNT)), 1) if _is_video(path) else 1


def _open_video(path: Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(f"{path}: cannot be read as a video")
    return capture


def _frames(path: Path) -> Iterator[np.ndarray]:
    if not _is_video(path):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise InputError(f"{path}: cannot be read as an image")
        yield image
        return
    capture = _open_video(path)
    try:
        read, image = capture.read()
        if not read:
            raise InputError(f"{path}: the video has no frame that can be read")
        while read:
            yield image
            read, image = capture.read()
    finally:
        capture.release()


class OverlayWriter:
    """Writes overlays to one picture or one mp4, which appears when it is whole."""

    def __init__(self, out_dir: Path, stem: str, source: Path, enabled: bool) -> None:
        self.path = out_dir / f"{stem}_overlay{'.mp4' if _is_video(source) else '.jpg'}"
        self.source, self.enabled = source, enabled
        self.video: cv2.VideoWriter | None = None

    def __enter__(self) -> tuple[Callable[[np.ndarray], None], Path]:
        if self.enabled:
            self._context = atomic_path(self.path)
            self.temporary = self._context.__enter__()
        return self._write, self.path

    def _write(self, image: np.ndarray) -> None:
        if not self.enabled:
            return
        if not _is_video(self.source):
            cv2.imwrite(str(self.temporary), image, [cv2.IMWRITE_JPEG_QUALITY, 93])
            return
        if self.video is None:
            rate = _open_video(self.source).get(cv2.CAP_PROP_FPS) or 25.0
            size = (image.shape[1], image.shape[0])
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self.video = cv2.VideoWriter(str(self.temporary), codec, rate, size)
        self.video.write(image)

    def __exit__(self, *error: Any) -> None:
        if self.video is not None:
            self.video.release()
        if self.enabled:
            self._context.__exit__(*error)


def _draw(image: np.ndarray, points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    drawn = image.copy()
    for person, score in zip(points, scores, strict=True):
        draw_person(drawn, person, np.where(score > DRAW_THRESHOLD, 2, 0))
    return drawn


def _people(points: np.ndarray, scores: np.ndarray) -> list[dict[str, Any]]:
    measures = spine_measures(points)
    return [
        {
            "keypoints": np.round(np.column_stack([points[i], scores[i]]), 3).tolist(),
            "measures": {name: round(float(values[i]), 2) for name, values in measures.items()},
        }
        for i in range(len(points))
    ]


def _results(image_id: int, points: np.ndarray, scores: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "image_id": image_id,
            "category_id": 1,
            "keypoints": np.round(np.column_stack([person, score]), 3).ravel().tolist(),
            "score": round(float(score.mean()), 5),
        }
        for person, score in zip(points, scores, strict=True)
    ]


def _box_finder(boxes: Boxes) -> Callable[[Path, int, np.ndarray], np.ndarray | None]:
    if boxes is None:
        return lambda source, number, image: None
    if isinstance(boxes, Path | str):
        boxes = _read_boxes(Path(boxes))
    if not isinstance(boxes, Mapping):
        fixed = _checked_boxes(boxes, "boxes")
        return lambda source, number, image: fixed
    table = {str(name): _checked_boxes(value, str(name)) for name, value in boxes.items()}

    def find(source: Path, number: int, image: np.ndarray) -> np.ndarray | None:
        for key in (f"{source.name}:{number}", source.name):
            if key in table:
                return table[key]
        raise InputError(
            f"boxes: none for '{source.name}' frame {number}; give an empty list where nobody is"
        )

    return find


def _read_boxes(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of boxes") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None


def _checked_boxes(value: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=float).reshape(-1, 4)
    except (TypeError, ValueError):
        raise InputError(f"boxes of '{name}': expected rows of left, top, width, height in pixels") from None
    if not np.isfinite(array).all() or (array[:, 2:] <= 0).any():
        raise InputError(f"boxes of '{name}': width and height must be positive numbers")
    return array
