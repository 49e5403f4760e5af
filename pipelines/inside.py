"""Refuses labels whose vertebrae have left the body: the posed skin is made again and asked."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.tables import read_table
from spinepose.errors import StageError
from spinepose.skeleton import SPINE_CHAIN, SPINE_LEVELS
from synth.body.character import Character, build_character
from synth.body.spec import SubjectSpec
from synth.inside import winding_number
from synth.motion.clip import Clip, load_clip


class InsideCheck:
    """Knows every subject and clip of a run.

    The skin is closed and whole, covered parts too, so a point is inside where its winding number is over a half.
    """

    def __init__(self, run_dir: Path) -> None:
        subjects = read_table(run_dir / "render" / "subjects.parquet")
        self._specs = dict(zip(subjects.subject_id, subjects.spec_json, strict=True))
        self._clips = run_dir / "scenes" / "clips"
        self._character = lru_cache(maxsize=16)(self._build)
        self._clip = lru_cache(maxsize=64)(self._load)

    def _build(self, subject_id: str) -> Character:
        return build_character(SubjectSpec.from_json(self._specs[subject_id]))

    def _load(self, name: str) -> Clip:
        return load_clip(self._clips / f"{name}.npz")

    def require(self, person: Any, spine_world_m: np.ndarray) -> None:
        """Check one person on one frame.

        Args:
            person: A row of the render stage's person table.
            spine_world_m: The nine fitted landmarks, shape (9, 3), world, metres.

        Raises:
            StageError: One of them lies outside the skin.
        """
        clip = self._clip(person.clip)
        vertices, faces = self._character(person.subject_id).posed_skin(clip, clip.frame_at(person.time_s))
        local = to_character(spine_world_m, person.x_m, person.y_m, person.yaw_rad)
        outside = np.flatnonzero(winding_number(local, vertices, faces) < 0.5)
        if len(outside):
            levels = ", ".join(SPINE_LEVELS[i] for i in outside)
            raise StageError(f"fitted landmark outside the body: {levels} ({SPINE_CHAIN[outside[0]]})")


def to_character(points_world_m: np.ndarray, x_m: float, y_m: float, yaw_rad: float) -> np.ndarray:
    """World points, shape (..., 3), metres, in the frame of a character that stands at (x, y) with a heading."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    return (points_world_m - np.array([x_m, y_m, 0.0])) @ turn
