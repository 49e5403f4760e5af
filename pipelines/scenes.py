"""Stage scenes: who, which motion, where, which light and cameras. Nothing is drawn yet."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.config import RunConfig, ScenesConfig
from pipelines.run import Stage, hash_file, open_stage
from pipelines.tables import write_table
from spinepose.errors import InputError
from spinepose.files import atomic_path
from spinepose.rng import rng_for
from synth.body.population import Population, sample_subject
from synth.body.spec import SubjectSpec
from synth.motion.clip import Clip, save_clip
from synth.motion.edit import with_arms_clear
from synth.motion.procedural import MOTIONS, static_clip
from synth.motion.retarget import load_bvh_clip
from synth.sampling import SceneParams, embedded_place, sample_scenes, split_subjects
from synth.sampling_cameras import CameraRanges
from synth.sampling_light import SensorRanges
from synth.scene import SceneSpec

STATIC_CLIP = "static"
# The static trial: one second of quiet standing.
STATIC_TIMES_S = tuple(np.round(np.arange(10) / 10, 6).tolist())
SCENES_FILE = "scenes.jsonl"


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Stage:
    """Draw the run's scenes.

    Writes ``clips/*.npz``, ``scenes.jsonl`` (a scene a line, complete) and ``frames.parquet`` (a row a picture, to
    look through).
    """
    settings = config.scenes
    photos = _photos(settings)
    inputs = {f"motion {path.name}": hash_file(path) for path in settings.motion_files}
    inputs |= {f"{name} {path.name}": hash_file(path) for name, files in photos.items() for path in files}
    plain = settings.model_dump(mode="json", exclude={"backdrops", "panoramas"})
    # A recording is known by its content: the same file elsewhere is the same input.
    plain["motion_files"] = [path.name for path in settings.motion_files]
    stage = open_stage(run_dir, "scenes", plain, inputs, config.seed, start_over)
    if stage.complete:
        return stage
    # Worlds read the pictures from here: a run is complete in itself.
    for name, files in photos.items():
        _copy_photos(files, stage.folder / f"{name}s")
    clips, val_clips = make_clips(config.seed, settings)
    (stage.folder / "clips").mkdir(exist_ok=True)
    for name, clip in {**clips, STATIC_CLIP: static_clip()}.items():
        with atomic_path(stage.folder / "clips" / f"{name}.npz") as temporary:
            save_clip(clip, temporary)
    scenes = sample_scenes(
        config.seed,
        scene_params(settings),
        make_subjects(config.seed, settings),
        clips,
        val_clips,
        _places(settings),
    )
    with atomic_path(stage.folder / SCENES_FILE) as temporary:
        temporary.write_text("".join(scene.to_json() + "\n" for scene in scenes), encoding="utf-8")
    write_table(stage.folder / "frames.parquet", pd.DataFrame(_overview(scenes)))
    people = {p.subject.subject_id for s in scenes for p in s.persons}
    counts = {"scenes": len(scenes), "frames": sum(len(s.shots) for s in scenes), "subjects": len(people)}
    stage.finish({**counts, "clips": len(clips)}, settings.scenes)
    return stage


def make_subjects(seed: int, settings: ScenesConfig) -> list[SubjectSpec]:
    """The run's bodies; body number i is the same however many there are."""
    population = Population(**settings.population.model_dump())
    return [
        sample_subject(rng_for(seed, "subject", i), f"b{i:05d}", population) for i in range(settings.subjects)
    ]


def make_clips(seed: int, settings: ScenesConfig) -> tuple[dict[str, Clip], list[str]]:
    """The run's motions by name, and the names of those that only validation sees.

    Recorded motions replace the procedural ones where files are given. Of each procedural motion, training and
    validation have draws of their own; of recordings, validation has some to itself where there are at least two.

    Raises:
        InputError: An unknown motion, a file that cannot be read, or two files of one name.
    """
    if settings.motion_files:
        clips = _recorded(settings.motion_files, settings.arms_clear_deg)
        splits = split_subjects(seed, list(clips), settings.val_fraction)
        val = [name for name, split in splits.items() if split == "val"]
        return clips, val if len(val) < len(clips) else []
    unknown = sorted(set(settings.motions) - set(MOTIONS))
    if unknown:
        raise InputError(f"scenes.motions: no motion '{unknown[0]}'; there are {', '.join(sorted(MOTIONS))}")
    clips, val = {}, []
    ratio = settings.val_fraction / max(1 - settings.val_fraction, 1e-6)
    val_count = max(round(settings.clips_per_motion * ratio), 1) if 0 < settings.val_fraction < 1 else 0
    for name in settings.motions or tuple(sorted(MOTIONS)):
        for i in range(settings.clips_per_motion):
            clips[f"{name}-{i:02d}"] = MOTIONS[name](rng_for(seed, "clip", name, i))
        for i in range(val_count):
            val.append(f"{name}-v{i:02d}")
            clips[val[-1]] = MOTIONS[name](rng_for(seed, "val-clip", name, i))
    return clips, val


def _recorded(files: tuple[Path, ...], arms_clear_deg: float) -> dict[str, Clip]:
    clips: dict[str, Clip] = {}
    for path in files:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", path.stem)
        if name in clips or name == STATIC_CLIP:
            raise InputError(f"{path}: another motion is called '{name}', too; rename one of them")
        # The recorded person was slimmer than some of ours: hanging arms are held a little further out.
        clips[name] = with_arms_clear(load_bvh_clip(path), np.radians(arms_clear_deg))
    return clips


def scene_params(settings: ScenesConfig) -> SceneParams:
    """The sampler's parameters from the stage's config."""
    return SceneParams(
        scenes=settings.scenes,
        frames_per_scene=settings.frames_per_scene,
        people_weights=settings.people_weights,
        places=settings.places,
        place_variants=settings.place_variants,
        occluder_chance=settings.occluder_chance,
        val_fraction=settings.val_fraction,
        rate_hz=settings.marker_rate_hz,
        piece_s=settings.trial_seconds,
        cut_chance=settings.cut_chance,
        block_scenes=settings.block_scenes,
        block_places=settings.block_places,
        cameras=CameraRanges(**settings.camera.model_dump()),
        sensor=SensorRanges(**settings.sensor.model_dump()),
        photos={name: len(files) for name, files in _photos(settings).items()},
    )


def _photos(settings: ScenesConfig) -> dict[str, list[Path]]:
    """The user's pictures of each photo place that is drawn from.

    Raises:
        InputError: A photo place is asked for without a folder, or its folder has no pictures.
    """
    folders = {"backdrop": settings.backdrops, "panorama": settings.panoramas}
    wanted = {name: folder for name, folder in folders.items() if name in settings.places}
    for name, folder in wanted.items():
        if folder is None:
            raise InputError(f"scenes.places names '{name}'; give the folder with your pictures as --{name}s")
    if not wanted:
        return {}
    from synth.world.photo_places import photo_files

    return photo_files(wanted.get("backdrop"), wanted.get("panorama"))


def _copy_photos(files: list[Path], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for file in files:
        with atomic_path(folder / file.name) as temporary:
            shutil.copyfile(file, temporary)


def _places(settings: ScenesConfig) -> Callable[[str, int], Any]:
    """Makes the places that the world will show: its own and those of the user's pictures."""
    if settings.backdrops is None and settings.panoramas is None:
        return embedded_place
    from synth.world.photo_places import photo_places

    own = photo_places(settings.backdrops, settings.panoramas)
    return lambda name, seed: own[name](seed) if name in own else embedded_place(name, seed)


def load_scenes(folder: Path) -> list[SceneSpec]:
    """Read the scenes that the stage wrote.

    Raises:
        InputError: The file is missing or damaged.
    """
    path = folder / SCENES_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make the scenes again") from error
    return [SceneSpec.from_json(line) for line in lines]


def _overview(scenes: list[SceneSpec]) -> list[dict]:
    rows = []
    for scene in scenes:
        for shot in scene.shots:
            camera = shot.camera
            rows.append(
                {
                    "frame_id": shot.frame_id,
                    "scene_id": scene.scene_id,
                    "split": scene.split,
                    "place": scene.place,
                    "place_seed": scene.place_seed,
                    "time_s": scene.times_s[shot.time_index],
                    "fov_deg": camera.fov_deg,
                    **{
                        f"camera_{axis}_m": value
                        for axis, value in zip("xyz", camera.position_m, strict=True)
                    },
                    "subjects": [p.subject.subject_id for p in scene.persons],
                    "clips": [p.clip for p in scene.persons],
                }
            )
    return rows
