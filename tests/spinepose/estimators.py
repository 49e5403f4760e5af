"""A model from chance and pictures of noise, shared by the tests of export and inference."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import save_checkpoint
from spinepose.skeleton import NAMES

SIZE = (64, 96)


def make_checkpoint(path: Path) -> Path:
    """An untrained model of size t."""
    model = PoseModel("t", 37, SIZE)
    initialise(model, 0)
    save_checkpoint(path, model, NAMES)
    return path


def make_picture(path: Path, seed: int = 0, size: tuple[int, int] = (120, 160)) -> Path:
    """Smooth noise, written to a file."""
    noise = np.random.default_rng(seed).integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC))
    return path
