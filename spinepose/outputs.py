"""What inference writes: JSON by source, COCO results, OpenPose's frames, CSV, overlays and plots."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from spinepose.files import atomic_path, write_json
from spinepose.measure_plot import plot_measures
from spinepose.measures import MEASURES, spine_measures
from spinepose.skeleton import NAMES
from spinepose.sources import Frame, Source
from spinepose.track import SEEN
from spinepose.visualize import draw_identity, draw_nobody, draw_person

SCHEMA_VERSION = 1
OPENPOSE_VERSION = 1.3
DRAW_THRESHOLD = 0.05


@dataclass(frozen=True)
class People:
    """Who was found in one frame.

    Attributes:
        identities: Shape (N,), int.
        points_px: Shape (N, 37, 2), smoothed where that was asked for.
        scores: In 0..1, shape (N, 37).
        person_scores: Box score times mean keypoint score above 0.2, shape (N,).
    """

    identities: np.ndarray
    points_px: np.ndarray
    scores: np.ndarray
    person_scores: np.ndarray

    @property
    def measures(self) -> dict[str, np.ndarray]:
        """Spine measures, shape (N,) each; NaN where a keypoint's score is too low."""
        return spine_measures(self.points_px, self.scores > SEEN)


@dataclass(frozen=True)
class Record:
    """One frame's result: its number, time and image id in the COCO results, and who was found (maybe nobody)."""

    number: int
    time_s: float
    image_id: int
    people: People


@dataclass(frozen=True)
class Wanted:
    """Which files to write besides JSON."""

    overlay: bool = True
    openpose: bool = False
    csv: bool = True
    plot: bool = True


class SourceWriter:
    """Writes one source's results; whatever ends it, the frames that were done are kept."""

    def __init__(
        self, out_dir: Path, source: Source, wanted: Wanted, errors: Mapping[str, Any] | None
    ) -> None:
        self.out_dir, self.source, self.wanted, self.errors = out_dir, source, wanted, errors
        self.records: list[Record] = []
        self.written: list[str] = []
        self._overlay = _OverlayWriter(out_dir, source) if wanted.overlay else None

    def add(self, frame: Frame, record: Record) -> None:
        """Take one frame."""
        if self.wanted.openpose:
            folder = self.out_dir / f"{self.source.stem}_json"
            path = folder / f"{self.source.stem}_{frame.number:06d}.json"
            write_json(path, openpose_document(record.people))
        if self._overlay is not None:
            self._overlay.add(draw_people(frame.image, record.people))
        self.records.append(record)

    def __enter__(self) -> SourceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._overlay is not None:
            self._overlay.close()
        if not self.records:
            return
        # An end by Ctrl-C is how a camera's recording ends.
        problem = (
            None if error is None or self.source.camera is not None else str(error) or type(error).__name__
        )
        stem = self.source.stem
        self._write_json(self.out_dir / f"{stem}.json", problem)
        if self.wanted.csv:
            path = self.out_dir / f"{stem}.csv"
            write_csv(path, self.records, self.errors)
            self.written.append(str(path))
        if self.wanted.plot and self.source.moving:
            path = self.out_dir / f"{stem}_measures.png"
            plot_measures(path, *series(self.records), self.errors, title=self.source.name)
            self.written.append(str(path))
        if self._overlay is not None:
            self.written.append(str(self._overlay.path))
        if self.wanted.openpose:
            self.written.append(str(self.out_dir / f"{stem}_json"))

    def _write_json(self, path: Path, problem: str | None) -> None:
        document = {
            "schema_version": SCHEMA_VERSION,
            "source": self.source.name,
            "complete": problem is None,
            "problem": problem,
            "keypoint_names": list(NAMES),
            "measure_errors": self.errors,
            "frames": [
                {
                    "frame": r.number,
                    "time_s": round(r.time_s, 6),
                    "image_id": r.image_id,
                    "people": _people(r.people),
                }
                for r in self.records
            ],
        }
        write_json(path, document)
        self.written.append(str(path))


class _OverlayWriter:
    """Writes overlays to one picture or one mp4, which appears when it is whole or when the source breaks off."""

    def __init__(self, out_dir: Path, source: Source) -> None:
        self.path = out_dir / f"{source.stem}_overlay{'.mp4' if source.moving else '.jpg'}"
        self.source = source
        self._stack = ExitStack()
        self._video: cv2.VideoWriter | None = None

    def add(self, image: np.ndarray) -> None:
        if not self.source.moving:
            with atomic_path(self.path) as temporary:
                cv2.imwrite(str(temporary), image, [cv2.IMWRITE_JPEG_QUALITY, 93])
            return
        if self._video is None:
            temporary = self._stack.enter_context(atomic_path(self.path))
            size = (image.shape[1], image.shape[0])
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self._video = cv2.VideoWriter(str(temporary), codec, self.source.frames_per_second(), size)
        self._video.write(image)

    def close(self) -> None:
        if self._video is not None:
            self._video.release()
        self._stack.close()


def draw_people(image: np.ndarray, people: People) -> np.ndarray:
    """A copy of a BGR picture with everyone drawn and named by identity, or the words that nobody was found."""
    drawn = image.copy()
    if not len(people.points_px):
        return draw_nobody(drawn)
    for identity, points, scores in zip(people.identities, people.points_px, people.scores, strict=True):
        # Full where the score counts, hollow where it is low.
        draw_person(drawn, points, np.where(scores > SEEN, 2, np.where(scores > DRAW_THRESHOLD, 1, 0)))
        draw_identity(drawn, points, int(identity))
    return drawn


def openpose_document(people: People) -> dict[str, Any]:
    """One frame as OpenPose writes it, with our 37 keypoints in ``pose_keypoints_2d`` and identities as person_id."""
    return {
        "version": OPENPOSE_VERSION,
        "people": [
            {
                "person_id": [int(identity)],
                "pose_keypoints_2d": _rows(points, scores).ravel().tolist(),
                "face_keypoints_2d": [],
                "hand_left_keypoints_2d": [],
                "hand_right_keypoints_2d": [],
            }
            for identity, points, scores in zip(
                people.identities, people.points_px, people.scores, strict=True
            )
        ],
    }


def coco_rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """COCO results of frames; ``track_id`` is the identity."""
    return [
        {
            "image_id": record.image_id,
            "category_id": 1,
            "keypoints": _rows(points, scores).ravel().tolist(),
            "score": round(float(score), 5),
            "track_id": int(identity),
        }
        for record in records
        for identity, points, scores, score in zip(
            record.people.identities,
            record.people.points_px,
            record.people.scores,
            record.people.person_scores,
            strict=True,
        )
    ]


def write_csv(path: Path, records: Sequence[Record], errors: Mapping[str, Any] | None) -> None:
    """One row a person and frame; a frame with nobody has one row with an empty person.

    Columns: frame, time_s, person, score, each measure and its error (p68 on held-out truth; empty where unknown), and
    ``<keypoint>_x, _y, _score`` in pixels.
    """
    bars = {name: error_bar(errors, name) for name in MEASURES}
    header = ["frame", "time_s", "person", "score"]
    header += [column for name in MEASURES for column in (name, f"{name}_error")]
    header += [f"{name}_{part}" for name in NAMES for part in ("x", "y", "score")]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for record in records:
            people, measures = record.people, record.people.measures
            start: list[Any] = [record.number, round(record.time_s, 6)]
            if not len(people.identities):
                writer.writerow(start + [""] * (len(header) - 2))
            for i, identity in enumerate(people.identities):
                row = [*start, int(identity), round(float(people.person_scores[i]), 5)]
                for name, values in measures.items():
                    value, bar = _rounded(values[i]), bars[name]
                    row += ["" if value is None else value, "" if value is None or bar is None else bar]
                writer.writerow(row + _rows(people.points_px[i], people.scores[i]).ravel().tolist())


def series(records: Sequence[Record]) -> tuple[np.ndarray, dict[int, dict[str, np.ndarray]]]:
    """Times, shape (T,), and by identity the measures over them, shape (T,) each, NaN where the person is not seen."""
    times = np.array([record.time_s for record in records])
    lines: dict[int, dict[str, np.ndarray]] = {}
    for t, record in enumerate(records):
        measures = record.people.measures
        for i, identity in enumerate(record.people.identities):
            own = lines.setdefault(int(identity), {name: np.full(len(times), np.nan) for name in MEASURES})
            for name in MEASURES:
                own[name][t] = measures[name][i]
    return times, lines


def error_bar(errors: Mapping[str, Any] | None, name: str) -> float | None:
    """The 68th percentile of a measure's absolute error on held-out truth; None where none is known."""
    return None if errors is None else errors["measures"].get(name, {}).get("p68")


def _people(people: People) -> list[dict[str, Any]]:
    measures = people.measures
    return [
        {
            "id": int(people.identities[i]),
            "score": round(float(people.person_scores[i]), 5),
            "keypoints": _rows(people.points_px[i], people.scores[i]).tolist(),
            "measures": {name: _rounded(values[i]) for name, values in measures.items()},
        }
        for i in range(len(people.identities))
    ]


def _rows(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return np.round(np.column_stack([points, scores]), 3)


def _rounded(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None
