"""Stage dataset: everything projected into COCO labels, split by subject.

Labels are made in parts of some scenes each and merged an annotation at a time: neither step holds more than a part.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pipelines.card import write_card
from pipelines.config import RunConfig, ScenesConfig
from pipelines.dataset_merge import SPLITS, add_up, merge
from pipelines.dataset_parts import Labeller, read_note, write_labels
from pipelines.dataset_sources import own_info
from pipelines.progress import progress
from pipelines.run import Stage, open_stage, require_stage
from pipelines.tables import read_table

__all__ = ["SPLITS", "run"]

# Scenes of a part: what a kill loses. Neighbouring scenes share bodies, which are built once a part.
PART_SCENES = 16


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Stage:
    """Write ``annotations/person_keypoints_{train,val}-synth.json``, ``images/``, the tables of extras and the card."""
    _, render = require_stage(run_dir, "render")
    _, fit = require_stage(run_dir, "fit-opensim")
    settings = config.dataset
    inputs = {"render": render.content_hash, "fit-opensim": fit.content_hash}
    plain = settings.model_dump(mode="json")
    limit = settings.max_failed_fraction
    stage = open_stage(run_dir, "dataset", plain, inputs, config.seed, start_over, limit)
    if stage.complete:
        return stage
    if not stage.manifest.notes.get("merged"):
        set_id = f"synth-{config.seed}-{render.content_hash[:8]}"
        _merge_parts(stage, run_dir, config, _write_parts(stage, run_dir, config, set_id))
    shutil.rmtree(stage.folder / "parts", ignore_errors=True)  # all of it stands in the merged files
    write_card(stage.folder, stage.manifest.counts)
    stage.finish(stage.manifest.counts, stage.manifest.notes["people"])
    return stage


def _write_parts(stage: Stage, run_dir: Path, config: RunConfig, set_id: str) -> list[Path]:
    labeller = None
    parts = list(_parts(run_dir / "render"))
    for name, scenes in progress(parts, stage, "part"):
        if stage.has(name):
            continue
        labeller = labeller or Labeller(run_dir, config.dataset, set_id)
        frames, persons = (_read_scenes(scenes, f"{kind}.parquet") for kind in ("frames", "persons"))
        with stage.write_part(name) as folder:
            write_labels(folder, labeller, frames, persons)
    return [stage.part_dir(name) for name, _ in parts]


def _parts(render_dir: Path) -> Iterator[tuple[str, list[Path]]]:
    # Parts without frames are the static trials of single bodies.
    scenes = sorted(path.parent for path in render_dir.glob("parts/*/frames.parquet"))
    for i in range(0, len(scenes), PART_SCENES):
        yield scenes[i].name, scenes[i : i + PART_SCENES]


def _read_scenes(scenes: list[Path], name: str) -> pd.DataFrame:
    tables = [table for table in (read_table(scene / name) for scene in scenes) if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _merge_parts(stage: Stage, run_dir: Path, config: RunConfig, parts: list[Path]) -> None:
    notes = [read_note(part) for part in parts]
    counts = add_up(notes)
    stage.manifest.failures = [failure for note in notes for failure in note.failures]
    scenes = ScenesConfig.model_validate(require_stage(run_dir, "scenes")[1].config)
    infos = {split: own_info(scenes, config.seed, split, counts) for split in SPLITS}
    merge(stage.folder, run_dir / "render", parts, counts, infos)
    stage.manifest.counts = counts
    # From here on the merged files are all that a session that goes on needs.
    stage.manifest.notes = {"merged": True, "people": sum(note.people for note in notes)}
    stage.save()
