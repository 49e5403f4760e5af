"""Run a model on pictures, folders, videos and a camera: find people, follow them, write what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from spinepose.boxes import BoxTable
from spinepose.errors import InputError
from spinepose.estimator import SpinePoseEstimator, whole_picture
from spinepose.files import write_json
from spinepose.measures import checked_errors, find_errors, read_errors
from spinepose.model_card import read_card
from spinepose.outputs import People, Record, SourceWriter, Wanted, coco_rows
from spinepose.packaged import CARD, FOLDER
from spinepose.predict import person_scores
from spinepose.smooth import OneEuro
from spinepose.sources import Frame, Source, find_sources
from spinepose.track import Tracker, drop_doubles

# A box that follows a person is wider than its keypoints, so that a limb that left it is found again.
GROWTH = 1.1
MIN_IN_SIGHT = 0.3  # share of a following box that lies in the picture


@dataclass(frozen=True)
class InferOptions:
    """How people are found and followed, and what is written.

    Attributes:
        boxes: Where the people are; see :class:`spinepose.boxes.BoxTable`. Such boxes are taken at their word.
        detect_every: The detector looks at every n-th frame; between, boxes follow the last frame's keypoints.
        min_score: Nobody is there where the mean of all keypoint scores is lower (unless ``boxes`` says so).
        smoothing: One-euro filter by identity; None: none.
        flip_test: Average with the mirrored crop.
        max_frames: Stop after so many frames of each source.
        errors: File of measure errors; None: the one beside the model.
        wanted: Which files to write.
    """

    boxes: np.ndarray | Sequence | Mapping[str, Any] | Path | str | None = None
    detect_every: int = 1
    min_score: float = 0.2
    smoothing: OneEuro | None = field(default_factory=OneEuro)
    flip_test: bool = True
    max_frames: int | None = None
    errors: Path | None = None
    wanted: Wanted = field(default_factory=Wanted)


class PeopleFinder:
    """Finds the people of one source, frame by frame, and keeps their identities."""

    def __init__(
        self, estimator: SpinePoseEstimator, source: Source, table: BoxTable | None, options: InferOptions
    ) -> None:
        self.estimator, self.source, self.table, self.options = estimator, source, table, options
        self.tracker = Tracker(options.smoothing if source.moving else None)

    def __call__(self, frame: Frame) -> People:
        """Who is in a frame; nobody is an answer, too."""
        boxes, box_scores, sure = self._boxes(frame)
        points, scores = self.estimator(frame.image, boxes)
        if not sure:
            there = scores.mean(axis=1) >= self.options.min_score
            points, scores, box_scores = points[there], scores[there], box_scores[there]
        ranks = person_scores(scores, box_scores)
        # A user's boxes are all answered, and in their order.
        kept = np.arange(len(points)) if sure else drop_doubles(points, scores, ranks)
        identities, smoothed = self.tracker.update(points[kept], scores[kept], frame.time_s)
        return People(identities, smoothed, scores[kept], ranks[kept])

    def _boxes(self, frame: Frame) -> tuple[np.ndarray, np.ndarray, bool]:
        """Boxes, their scores, and whether somebody said that people are there."""
        if self.table is not None:
            said = self.table.find(self.source.name, frame.number)
            if said is not None:
                return said, np.ones(len(said)), True
        expected = in_sight(grown(self.tracker.expected_boxes(frame.time_s)), frame.image.shape)
        if self.table is not None:
            return expected, np.ones(len(expected)), False
        detector = self.estimator.detector
        if detector is not None and (not len(expected) or frame.number % self.options.detect_every == 0):
            return *detector(frame.image), False
        if not len(expected) and detector is None:
            expected = whole_picture(frame.image)
        return expected, np.ones(len(expected)), False


def grown(boxes_xywh: np.ndarray) -> np.ndarray:
    """Boxes widened about their centres by :data:`GROWTH`, shape (N, 4)."""
    extra = boxes_xywh[:, 2:] * (GROWTH - 1)
    return np.hstack([boxes_xywh[:, :2] - extra / 2, boxes_xywh[:, 2:] + extra])


def in_sight(boxes_xywh: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The parts of boxes that lie in a picture; a box that lies mostly outside has lost its person and goes.

    Args:
        boxes_xywh: Shape (N, 4).
        shape: The picture's, height first.
    """
    low = np.clip(boxes_xywh[:, :2], 0, [shape[1], shape[0]])
    high = np.clip(boxes_xywh[:, :2] + boxes_xywh[:, 2:], 0, [shape[1], shape[0]])
    clipped = np.hstack([low, high - low])
    share = clipped[:, 2:].prod(axis=1) / np.maximum(boxes_xywh[:, 2:].prod(axis=1), 1e-9)
    return clipped[(share > MIN_IN_SIGHT) & (clipped[:, 2:] >= 2).all(axis=1)]


def run_inference(
    model: Path | str | None,
    inputs: Path | str | Sequence[Path | str],
    out_dir: Path | str,
    options: InferOptions | None = None,
    detector: Any = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Run a model on pictures, folders of pictures, videos and cameras (``webcam:0``).

    For each input ``out_dir`` gets ``<name>.json`` with every frame's people, and as wanted an overlay (picture or
    mp4), a CSV, a plot of the measures and OpenPose's frames; all together go to ``results.json`` as COCO results
    (image_id counts the frames of all inputs from 1). An input that fails is named in the summary, its frames so far
    are kept, and the others go on.

    Args:
        model: A checkpoint or an ONNX file; None: the packaged model.
        inputs: One path or several.
        out_dir: Folder for the results.
        options: How, and what to write.
        detector: An ONNX file in rtmlib's layout or a detector that is open; see :mod:`spinepose.detect`.
        progress: Called as (frames done, frames in all, words).

    Returns:
        Counts of inputs, frames, frames with nobody and people; the paths written; problems in words.

    Raises:
        InputError: The model, the detector, the boxes or the first input cannot be read, or no frame was done.
    """
    options = options or InferOptions()
    sources = find_sources(inputs)
    table = None if options.boxes is None else BoxTable(options.boxes)
    if table is not None:
        table.check_names([source.name for source in sources])
    estimator = SpinePoseEstimator(model, detector, options.flip_test)
    errors = _errors(model, options)
    out_dir = Path(out_dir)
    total = sum(source.frame_count() for source in sources)
    done: list[Record] = []
    written: list[str] = []
    problems: list[str] = []
    try:
        for source in sources:
            writer = SourceWriter(out_dir, source, options.wanted, errors)
            finder = PeopleFinder(estimator, source, table, options)
            try:
                with writer:
                    for frame in islice(source.frames(), options.max_frames):
                        record = Record(frame.number, frame.time_s, len(done) + 1, finder(frame))
                        writer.add(frame, record)
                        done.append(record)
                        if progress:
                            progress(len(done), max(total, len(done)), source.name)
            except InputError as error:
                problems.append(str(error))
            except KeyboardInterrupt:
                # That is how one ends the recording of a camera.
                if source.camera is None:
                    raise
            finally:
                written += writer.written
    finally:
        if done:
            write_json(out_dir / "results.json", coco_rows(done))
    if not done and problems:
        raise InputError(problems[0])
    return {
        "inputs": len(sources),
        "frames": len(done),
        "frames_with_nobody": sum(not len(record.people.identities) for record in done),
        "people": sum(len(record.people.identities) for record in done),
        "written": written,
        "problems": problems,
    }


def _errors(model: Path | str | None, options: InferOptions) -> dict[str, Any] | None:
    """The measure errors of a model; None where it was never evaluated on truth."""
    if options.errors is not None:
        return read_errors(options.errors)
    if model is None:
        card = read_card(FOLDER / CARD)
        return checked_errors(card.measure_errors, str(FOLDER / CARD)) if card.measure_errors else None
    beside = find_errors(model)
    return None if beside is None else read_errors(beside)
