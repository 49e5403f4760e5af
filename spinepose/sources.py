"""Where pictures come from: single files, folders, videos and a camera, all as frames with a number and a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from spinepose.errors import InputError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"}
WEBCAM = "webcam:"
DEFAULT_FPS = 25.0
# Containers count frames up to this many wrong without a frame being lost.
COUNT_SLACK = 2


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        number: Counts from 0 within its source.
        time_s: Since the source's first frame.
        image: BGR, uint8, shape (H, W, 3).
    """

    number: int
    time_s: float
    image: np.ndarray


@dataclass(frozen=True)
class Source:
    """A file or a camera.

    Attributes:
        name: The file's name, or ``webcam:0``.
        stem: Name for the results, told apart where two inputs share one.
        path: The file; None for a camera.
        camera: The camera's number; None for a file.
    """

    name: str
    stem: str
    path: Path | None = None
    camera: int | None = None

    @property
    def moving(self) -> bool:
        """Whether frames follow each other in time."""
        return self.path is None or self.path.suffix.lower() in VIDEO_SUFFIXES

    def frame_count(self) -> int:
        """Number of frames as the file says; 1 for a picture and 0 for a camera or a file that cannot be opened."""
        if not self.moving:
            return 1
        if self.camera is not None:
            return 0
        capture = cv2.VideoCapture(str(self.path))
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        return max(count, 0)

    def frames_per_second(self) -> float:
        """Frame rate of a video or a camera, as it says."""
        capture = self._open()
        rate = capture.get(cv2.CAP_PROP_FPS)
        capture.release()
        return rate if np.isfinite(rate) and rate > 0 else DEFAULT_FPS

    def frames(self) -> Iterator[Frame]:
        """All frames in order.

        Raises:
            InputError: The file or the camera cannot be read, or the video breaks off before the end it announces.
        """
        if not self.moving:
            image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
            if image is None:
                raise InputError(f"{self.path}: cannot be read as an image")
            yield Frame(0, 0.0, image)
            return
        capture = self._open()
        try:
            yield from self._moving_frames(capture)
        finally:
            capture.release()

    def _moving_frames(self, capture: cv2.VideoCapture) -> Iterator[Frame]:
        announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if self.camera is None else 0
        rate = capture.get(cv2.CAP_PROP_FPS)
        rate = rate if np.isfinite(rate) and rate > 0 else DEFAULT_FPS
        began = time.monotonic()
        number = 0
        while True:
            read, image = capture.read()
            if not read:
                break
            # Only a live camera has no time of its own.
            yield Frame(number, number / rate if self.camera is None else time.monotonic() - began, image)
            number += 1
        if number == 0:
            raise InputError(f"{self.path or self.name}: no frame can be read")
        if number < announced - COUNT_SLACK:
            raise InputError(
                f"{self.path}: the video breaks off after {number} of {announced} frames; these are kept"
            )

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self.camera if self.camera is not None else str(self.path))
        if not capture.isOpened():
            what = "cannot be read as a video" if self.camera is None else "no such camera, or it is in use"
            raise InputError(f"{self.path or self.name}: {what}")
        return capture


def find_sources(inputs: Path | str | Sequence[Path | str]) -> list[Source]:
    """What a user named, one by one: files, the pictures and videos of folders, and ``webcam:N``.

    Raises:
        InputError: Something is missing, or neither picture nor video.
    """
    given = [inputs] if isinstance(inputs, Path | str) else list(inputs)
    seen: dict[str, int] = {}

    def stem(name: str) -> str:
        seen[name] = seen.get(name, 0) + 1
        return name if seen[name] == 1 else f"{name}_{seen[name]}"

    sources = []
    for entry in given:
        if str(entry).startswith(WEBCAM):
            number = str(entry).removeprefix(WEBCAM)
            if not number.isdecimal():
                raise InputError(f"{entry}: expected webcam:0, webcam:1 and so on")
            sources.append(Source(str(entry), stem(f"webcam{number}"), camera=int(number)))
        else:
            sources += [Source(path.name, stem(path.stem), path) for path in _files(Path(entry))]
    if not sources:
        raise InputError("nothing to run on: give a picture, a folder, a video or webcam:0")
    return sources


def _files(path: Path) -> list[Path]:
    known = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in known)
        if not inside:
            raise InputError(f"{path}: no picture or video in this folder")
        return inside
    if not path.is_file():
        raise InputError(f"{path}: no such picture, video or folder")
    if path.suffix.lower() not in known:
        raise InputError(
            f"{path}: neither a picture nor a video that is known ({path.suffix or 'no suffix'})"
        )
    return [path]
