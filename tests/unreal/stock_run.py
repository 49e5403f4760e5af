"""A run on the fake engine, and the same moments in the embedded world: labels of both side by side."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.marker_maps import own_map, standing
from pipelines import dataset, fit_opensim, render, scenes
from pipelines.config import RunConfig
from pipelines.scenes import load_scenes
from pipelines.settings import load_config
from pipelines.tables import read_table
from synth.scene import CameraSpec, SceneSpec
from synth.world.server import READY
from tests.unreal.fake_engine import TICK_S, TICKS_A_RUN

ROOT = Path(__file__).parents[2]
SMALL = [
    "scenes.subjects=2",
    "scenes.val_fraction=0.5",
    "scenes.scenes=2",
    "scenes.frames_per_scene=2",
    "scenes.people_weights=[1]",
    "scenes.places=[studio]",
    "scenes.place_variants=1",
    "scenes.motions=[flexion_extension, side_bend]",
    "scenes.clips_per_motion=1",
    "scenes.trial_seconds=0.4",
    "scenes.cut_chance=0",
    "scenes.camera.width=320",
    "scenes.camera.height=240",
    "render.quality=fast",
    "render.worlds=1",
    "dataset.min_area_px=100",
]


# Where the level has the scenes' origin: what is recorded is relative to it.
STAGE_CM = (40.0, -20.0, 0.0)
DX_M, DY_M = STAGE_CM[0] / 100, -STAGE_CM[1] / 100


@dataclass(frozen=True)
class Person:
    """One of the level's people: whom the run's scenes show, under the names that the level has."""

    spec: object
    clip: str
    split: str
    object: str
    reference: str


def plan(folder: Path, sets: list[str], seed: int) -> tuple[list[SceneSpec], list[Person]]:
    """Scenes, and the level's people for them: a person each of the scenes' people."""
    scenes.run(folder, load_config(sets=sets, seed=seed))
    found = load_scenes(folder / "scenes")
    people: dict[str, Person] = {}
    for scene in found:
        for person in scene.persons:
            name = person.subject.subject_id
            people.setdefault(
                name, Person(person.subject, person.clip, scene.split, f"Walker_{name}", f"Rest_{name}")
            )
    return found, list(people.values())


def write_level(folder: Path, planned: list[SceneSpec], people: list[Person], plan_name: str = "") -> None:
    """The engine's stage and the people file; without a map's name, each person's own in ``maps/``."""
    (folder / "maps").mkdir()
    rows = [
        {"object": p.object, "reference": p.reference, "spec": p.spec.to_json(), "clip": p.clip}
        for p in people
    ]
    first = planned[0]
    stage = {"place": [first.place, first.place_seed], "light": first.light, "people": rows}
    (folder / "stage.json").write_text(json.dumps(stage))
    listed = []
    for p in people:
        person = standing(p.spec)
        body, name = person.body, p.spec.subject_id
        (folder / "maps" / f"{name}.yaml").write_text(own_map(person))
        listed.append(
            {
                "name": p.spec.subject_id, "object": p.object, "reference": p.reference,
                "map": plan_name or f"maps/{name}.yaml",
                "sex": p.spec.sex, "age_years": p.spec.age_years, "split": p.split,
                "stature_m": round(100 * float(body.stature_m), 6) / 100,
                "mass_kg": round(float(body.mass_kg), 6),
            }
        )  # fmt: skip
    (folder / "people.yaml").write_text(
        yaml.safe_dump({"schema": 1, "stage_cm": [*STAGE_CM], "people": listed})
    )


@contextmanager
def engine(folder: Path, clips: Path, mask: str = "grey"):
    """The fake engine as a process; its address and the process."""
    command = [
        sys.executable,
        "-m",
        "tests.unreal.fake_engine",
        "--stage",
        folder / "stage.json",
        "--clips",
        clips,
    ]
    command += ["--out", folder / "out", "--moments", folder / "moments.jsonl", "--mask", mask]
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield process.stdout.readline().removeprefix(READY).strip(), process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def labelled(run_dir: Path, config: RunConfig, world: str | None) -> None:
    """Render, fit, dataset."""
    render.run(run_dir, config, world=world)
    fit_opensim.run(run_dir, config)
    dataset.run(run_dir, config)


def same_moments(planned: list[SceneSpec], people: list[Person], moments: Path) -> list[SceneSpec]:
    """The scenes as the engine happened to show them: its people, clips and times, for the embedded world."""
    ticks = iter([json.loads(line)["tick"] for line in moments.read_text().splitlines()])
    shown = []
    for number, scene in enumerate(planned):
        cast = [p for p in people if p.split == scene.split]
        turn = number % len(cast)
        cast = [*cast[turn:], *cast[:turn]]
        at_s = [next(ticks) * TICK_S for _ in scene.times_s]
        steps = np.diff(at_s)
        assert np.allclose(steps, TICKS_A_RUN * TICK_S)
        assert np.allclose(steps, np.diff(scene.times_s))
        persons = []
        for actor, p in zip(cast, scene.persons, strict=False):
            persons.append(
                replace(
                    p,
                    name=actor.object,
                    subject=actor.spec,
                    clip=actor.clip,
                    time_s=round(at_s[0], 6),
                    x_m=p.x_m + DX_M,
                    y_m=p.y_m + DY_M,
                )
            )
        shots = tuple(replace(shot, camera=_moved(shot.camera)) for shot in scene.shots)
        first = planned[0]
        shown.append(
            replace(
                scene, persons=tuple(persons), place=first.place, place_seed=first.place_seed, light=first.light,
                objects=(), shots=shots,
            )
        )  # fmt: skip
    return shown


def _moved(camera: CameraSpec) -> CameraSpec:
    (x, y, z), (a, b, c) = camera.position_m, camera.target_m
    return replace(camera, position_m=(x + DX_M, y + DY_M, z), target_m=(a + DX_M, b + DY_M, c))


def write_scenes(run_dir: Path, shown: list[SceneSpec]) -> None:
    """Put other scenes in the place of those that were planned."""
    (path,) = (run_dir / "scenes").glob("scenes.jsonl")
    path.write_text("".join(scene.to_json() + "\n" for scene in shown), encoding="utf-8")


def labels(run_dir: Path) -> pd.DataFrame:
    """One row a labelled person: picture, split, keypoints (37, 3), box, area, approximate."""
    rows = []
    for path in sorted((run_dir / "dataset" / "annotations").glob("*-synth.json")):
        data = json.loads(path.read_text())
        names = {image["id"]: Path(image["file_name"]).stem for image in data["images"]}
        for a in data["annotations"]:
            rows.append(
                {
                    "frame": names[a["image_id"]], "keypoints": np.reshape(a["keypoints"], (-1, 3)), "bbox": a["bbox"],
                    "area": a["area"], "approximate": a.get("approximate", 0),
                }
            )  # fmt: skip
    return pd.DataFrame(rows).sort_values("frame", ignore_index=True)


def apart_px(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Distance of keypoints that both label, pixels, NaN for others, shape (people, 37)."""
    assert list(a.frame) == list(b.frame)
    left, right = np.stack(a.keypoints.to_list()), np.stack(b.keypoints.to_list())
    distance = np.linalg.norm(left[..., :2] - right[..., :2], axis=-1)
    distance[(left[..., 2] == 0) | (right[..., 2] == 0)] = np.nan
    return distance


def markers(run_dir: Path) -> np.ndarray:
    """All markers of the moving trials, shape (frames, 54, 3), metres, in the run's own world."""
    table = read_table(run_dir / "render" / "markers.parquet")
    table = table[~table.trial_id.str.startswith("static")].sort_values(["trial_id", "time_s"])
    return np.stack(table.markers_world_m.to_list()).reshape(len(table), -1, 3)
