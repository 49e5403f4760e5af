"""People of a run posed again: the bare skin of anyone on any picture, where the picture has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.tables import read_table
from spinepose.skeleton import INDEX
from synth.body.character import Skin, build_skin
from synth.body.spec import SubjectSpec
from synth.motion.clip import Clip, load_clip
from synth.stand_in import stand_in

_HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


@dataclass(frozen=True)
class PosedSkin:
    """A closed skin, the parts under clothes too.

    Attributes:
        vertices_m: World, metres, shape (V, 3).
        triangles: Counter-clockwise from outside, shape (F, 3).
        part_id: Body part of each vertex, shape (V,), uint8.
    """

    vertices_m: np.ndarray
    triangles: np.ndarray
    part_id: np.ndarray


class PosedSkins:
    """Knows every subject and clip of a run."""

    def __init__(self, run_dir: Path) -> None:
        subjects = read_table(run_dir / "render" / "subjects.parquet")
        self._specs = dict(zip(subjects.subject_id, subjects.spec_json, strict=True))
        self._clips = run_dir / "scenes" / "clips"
        self._skin = lru_cache(maxsize=64)(self._build)
        self._clip = lru_cache(maxsize=64)(self._load)

    def _build(self, subject_id: str) -> Skin:
        return build_skin(SubjectSpec.from_json(self._specs[subject_id]))

    def _load(self, name: str) -> Clip:
        return load_clip(self._clips / f"{name}.npz")

    def of(self, person: Any) -> PosedSkin:
        """The skin of a row of the render stage's person table; a coarse one of somebody whose body is not known."""
        if not self._specs[person.subject_id]:
            markers, keypoints = (
                np.array(values, float).reshape(-1, 3)
                for values in (person.markers_world_m, person.keypoints_world_m)
            )
            return PosedSkin(*stand_in(markers, keypoints))
        clip, skin = self._clip(person.clip), self._skin(person.subject_id)
        vertices, hips = skin.posed(clip, clip.frame_at(person.time_s))
        keypoints = np.array(person.keypoints_world_m, float).reshape(-1, 3)
        world = turned_to(vertices, hips, keypoints[_HIPS], person.yaw_rad)
        return PosedSkin(world, skin.triangles, skin.part_id)


def turned_to(
    vertices_m: np.ndarray, hips_m: np.ndarray, hips_world_m: np.ndarray, yaw_rad: float
) -> np.ndarray:
    """Turn a posed skin to a heading and move it so that its hip joint centres meet the ones of the picture.

    Args:
        vertices_m: Shape (V, 3), metres.
        hips_m: Its two hip joint centres, shape (2, 3).
        hips_world_m: The same in the world, shape (2, 3).
        yaw_rad: The person's heading.
    """
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    return vertices_m @ turn.T + (hips_world_m.mean(axis=0) - turn @ hips_m.mean(axis=0))
