"""``spineforge export-unreal``: the people and places of a run as files that the Unreal project imports."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipelines.run import require_stage
from pipelines.scenes import STATIC_CLIP, load_scenes
from spinepose.errors import InputError
from spinepose.files import write_json
from synth.body.character import build_character
from synth.body.spec import SubjectSpec
from synth.export_gltf import export_character
from synth.export_place import export_place
from synth.motion.clip import load_clip
from synth.sampling import embedded_place
from synth.scene import SceneSpec

MANIFEST = "spineforge.json"
SCHEMA = 1


def character_asset(spec_json: str) -> str:
    """Name of the asset that the engine finds for what ``SpawnCharacter`` is sent: the text's MD5 decides."""
    return "C_" + hashlib.md5(spec_json.encode(), usedforsecurity=False).hexdigest()[:16]


def place_asset(name: str, seed: int) -> str:
    """Name of the level of a place."""
    return f"P_{name}_{seed}"


def export_unreal(run_dir: Path, out: Path) -> dict[str, int]:
    """Write every person of a run with all its motions, every place, and a manifest that names them.

    Files that are there already are kept: a run that was stopped goes on.

    Args:
        run_dir: A run whose stage ``scenes`` is complete.
        out: The folder, ``unreal_project/Import`` for the project here.

    Returns:
        How many ``characters`` and ``places`` there are.

    Raises:
        InputError: A place of the run is made of the user's own pictures, which have no geometry.
    """
    folder, _ = require_stage(run_dir, "scenes")
    scenes = load_scenes(folder)
    manifest = {
        "schema": SCHEMA,
        "characters": _characters(scenes, folder / "clips", out),
        "places": _places(scenes, out),
    }
    write_json(out / MANIFEST, manifest, indent=1)
    return {key: len(manifest[key]) for key in ("characters", "places")}  # type: ignore[arg-type]


def _characters(scenes: list[SceneSpec], clips_dir: Path, out: Path) -> list[dict[str, Any]]:
    subjects: dict[str, SubjectSpec] = {}
    wanted: dict[str, set[str]] = defaultdict(lambda: {STATIC_CLIP})
    for scene in scenes:
        for person in scene.persons:
            subjects[person.subject.subject_id] = SubjectSpec.from_json(person.subject.to_json())
            wanted[person.subject.subject_id].add(person.clip)
    rows = []
    for name, subject in tqdm(sorted(subjects.items()), "people", unit="body", disable=None):
        clips = {clip: load_clip(clips_dir / f"{clip}.npz") for clip in sorted(wanted[name])}
        asset = character_asset(subject.to_json())
        character = build_character(subject)
        path = out / "characters" / f"{asset}.glb"
        if not path.exists():
            export_character(character, clips, path)
        rows.append(
            {
                "asset": asset,
                "file": f"characters/{asset}.glb",
                "subject_id": name,
                "stature_cm": round(100 * character.stature_m, 6),
                "mass_kg": round(character.mass_kg, 6),
                "clips": [{"name": k, "fps": c.fps, "frames": c.num_frames} for k, c in clips.items()],
            }
        )
    return rows


def _places(scenes: list[SceneSpec], out: Path) -> list[dict[str, Any]]:
    rows = []
    for name, seed in tqdm(sorted({(s.place, s.place_seed) for s in scenes}), "places", disable=None):
        if name in ("backdrop", "panorama"):
            raise InputError(
                f"place '{name}' is a picture and cannot become a level; leave it out of the run"
            )
        place, asset = embedded_place(name, seed), place_asset(name, seed)
        path = out / "places" / f"{asset}.glb"
        if not path.exists():
            export_place(place, path)
        rows.append(
            {
                "asset": asset,
                "file": f"places/{asset}.glb",
                "name": name,
                "seed": seed,
                "objects": [item.name for item in place.objects],
                "movable": [item.name for item in place.objects if item.movable],
                "light": asdict(place.light),
            }
        )
    return rows
