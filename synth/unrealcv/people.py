"""The people file: who in a level is a person, for engines that cannot be told whom to show.

schema: 1
stage_cm: [0, 0, 0]            # where in the level the scenes' origin is, centimetres, on a level floor
people:
  - name: manny                # the subject's name in files
    object: BP_Walker          # the actor that moves, as 'vget /objects' lists it
    reference: BP_Rest         # the same mesh at the same size, upright in its reference pose, never animated
    map: ue5_manny             # or metahuman, spineforge, or a YAML file
    sex: male
    age_years: 30
    stature_m: 1.83
    mass_kg: 80
    over_floor_cm: 88          # the actor's origin over the floor: half a Character's capsule; 0 for a plain actor
    split: train               # or val: nobody is in both
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spinepose.errors import InputError
from synth.body.spec import SEXES
from synth.bone_markers import MarkerMap, load_map
from synth.scene import PersonSpec, SceneSpec
from synth.unreal_coords import from_unreal_cm

SCHEMA = 1
#: What stands for the clip and the place of what a running game shows.
OBSERVED = "observed"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_WORDS = {"name", "object", "reference", "map", "sex", "split"}
_RANGES = {
    "age_years": (18, 100),
    "stature_m": (1.2, 2.3),
    "mass_kg": (30, 250),
    "over_floor_cm": (0, 300),
}


@dataclass(frozen=True)
class Actor:
    """A person of a level; takes the place of a subject's specification.

    Attributes:
        subject_id: The person's name in files.
        object: The actor that moves.
        reference: The same person in the reference pose.
        plan: Where markers lie on the skeleton.
        sex: ``female`` or ``male``.
        age_years: Age.
        stature_m: Standing height.
        mass_kg: Body mass.
        over_floor_m: The actor's origin over the floor.
        split: ``train`` or ``val``.
    """

    subject_id: str
    object: str
    reference: str
    plan: MarkerMap
    sex: str
    age_years: int
    stature_m: float
    mass_kg: float
    over_floor_m: float
    split: str

    def to_json(self) -> str:
        """No specification: nobody here could build this body."""
        return ""


@dataclass(frozen=True)
class People:
    """Everyone in a level.

    Attributes:
        stage_m: Where the scenes' origin is in the level, metres, shape (3,). All that is recorded is relative to it.
        actors: The people.
    """

    stage_m: tuple[float, float, float]
    actors: tuple[Actor, ...]


def load_people(path: Path) -> People:
    """Read a people file.

    Raises:
        InputError: It cannot be read, or something in it makes no sense.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())[:120]})") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("people"), list):
        raise InputError(f"{path}: is no people file of schema {SCHEMA} with a list of people")
    unknown = sorted(set(data) - {"schema", "stage_cm", "people"})
    if unknown:
        raise InputError(f"{path}: has {unknown[0]!r}, which means nothing")
    stage = data.get("stage_cm", [0, 0, 0])
    if not (isinstance(stage, list) and len(stage) == 3 and all(isinstance(v, int | float) for v in stage)):
        raise InputError(f"{path}: stage_cm must be three numbers, Unreal centimetres")
    actors = tuple(
        _actor(row, f"{path}: person {number}", path.parent) for number, row in enumerate(data["people"], 1)
    )
    if not actors:
        raise InputError(f"{path}: names nobody")
    for what, names in (
        ("name", [actor.subject_id for actor in actors]),
        ("object", [actor.object for actor in actors]),
    ):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(f"{path}: {what} {twice[0]!r} is there twice")
    place = from_unreal_cm(np.array(stage, float)).tolist()
    return People((place[0], place[1], place[2]), actors)


def _actor(row: Any, label: str, folder: Path) -> Actor:
    if not isinstance(row, dict):
        raise InputError(f"{label}: expected fields")
    unknown, missing = set(row) - _WORDS - set(_RANGES), (_WORDS | set(_RANGES)) - set(row)
    missing -= {"split", "over_floor_cm"}
    if unknown or missing:
        word = (
            f"has {sorted(unknown)[0]!r}, which means nothing" if unknown else f"lacks {sorted(missing)[0]!r}"
        )
        raise InputError(f"{label}: {word}")
    row = {"split": "train", "over_floor_cm": 0.0} | row
    for key in ("name", "object", "reference"):
        if not (isinstance(row[key], str) and _NAME.fullmatch(row[key])):
            raise InputError(f"{label}: {key} is {row[key]!r}; use letters, digits, '_', '.' and '-'")
    if row["sex"] not in SEXES or row["split"] not in ("train", "val"):
        raise InputError(f"{label}: sex must be one of {', '.join(SEXES)}, split train or val")
    for key, (low, high) in _RANGES.items():
        value = row[key]
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise InputError(f"{label}: {key} is {value!r}, expected {low} to {high}")
    own = folder / str(row["map"])
    plan = load_map(str(own if own.is_file() else row["map"]))
    return Actor(
        row["name"], row["object"], row["reference"], plan, row["sex"], int(row["age_years"]),
        float(row["stature_m"]), float(row["mass_kg"]), float(row["over_floor_cm"]) / 100, row["split"],
    )  # fmt: skip


def observed(scenes: Sequence[SceneSpec], people: People) -> list[SceneSpec]:
    """The scenes as a level can give them: its own people where scenes have people, their cameras about them.

    Places, motions, light and moved objects are the running game's. Where a scene has more people than its split has
    actors, it gets fewer.

    Raises:
        InputError: A split has no people.
    """
    found = []
    for number, scene in enumerate(scenes):
        actors = [actor for actor in people.actors if actor.split == scene.split]
        if not actors:
            raise InputError(
                f"people file: nobody has split {scene.split}, which scene {scene.scene_id} belongs to; give somebody "
                f"split: {scene.split}"
            )
        turn = number % len(actors)  # whoever is first in one scene is not in the next
        cast = [*actors[turn:], *actors[:turn]][: len(scene.persons)]
        persons = tuple(
            PersonSpec(a.object, a, OBSERVED, 0.0, p.x_m, p.y_m, p.yaw_rad)
            for a, p in zip(cast, scene.persons, strict=False)
        )
        found.append(replace(scene, persons=persons, objects=(), light={}, place=OBSERVED, place_seed=0))
    return found
