"""Stage dataset: everything projected into COCO labels, split by subject."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from opensim_models.fit import LANDMARK_SET
from pipelines.config import RunConfig
from pipelines.inside import require_inside
from pipelines.labels import COCO_FIELDS, Frame, label_person, read_frame, without_ids
from pipelines.posed import PosedSkin, PosedSkins
from pipelines.progress import progress
from pipelines.run import Stage, describe, open_stage, require_stage
from pipelines.spines import Spines
from pipelines.tables import read_table, write_table
from spinepose.errors import StageError
from spinepose.files import write_json
from spinepose.skeleton import coco_category

SCHEMA_VERSION = 1
SPLITS = ("train", "val")
_CARD = Path(__file__).parent / "templates" / "dataset_card.md.j2"


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Stage:
    """Write ``annotations/person_keypoints_{train,val}-synth.json``, ``images/`` and the tables of extras."""
    render_dir, render = require_stage(run_dir, "render")
    _, fit = require_stage(run_dir, "fit-opensim")
    settings = config.dataset
    inputs = {"render": render.content_hash, "fit-opensim": fit.content_hash}
    plain = settings.model_dump(mode="json")
    limit = settings.max_failed_fraction
    stage = open_stage(run_dir, "dataset", plain, inputs, config.seed, start_over, limit)
    if stage.complete:
        return stage
    persons = read_table(render_dir / "persons.parquet")
    frames = read_table(render_dir / "frames.parquet").sort_values("frame_id")
    labeller = _Labeller(stage, run_dir, persons, config, f"synth-{config.seed}-{render.content_hash[:8]}")
    for split in SPLITS:
        chosen = list(frames[frames.split == split].itertuples())
        labels = [labeller.label_frame(row) for row in progress(chosen, stage, "frame")]
        _write_split(
            stage, split, render_dir, list(zip(chosen, labels, strict=True)), labeller.counts, config
        )
    _write_card(stage.folder, config, labeller.counts)
    stage.finish(dict(labeller.counts), len(persons))
    return stage


class _Labeller:
    """Labels one frame after the other with what render and fit have left."""

    def __init__(
        self, stage: Stage, run_dir: Path, persons: pd.DataFrame, config: RunConfig, set_id: str
    ) -> None:
        self.stage = stage
        self.set_id = set_id
        self.config = config.dataset
        self.render_dir = run_dir / "render"
        self.people = {frame: rows.sort_values("instance") for frame, rows in persons.groupby("frame_id")}
        self.spines = Spines(run_dir / "fit-opensim", persons, self.config.verdicts)
        self.skins = PosedSkins(run_dir)
        self.counts: Counter[str] = Counter(left_out_small=0, left_out_verdict=0)

    def label_frame(self, row: Any) -> list[dict]:
        """Labels of all people of one frame; those that fail are recorded."""
        people = self.people.get(row.frame_id)
        if people is None:
            return []
        rows = list(people.itertuples())
        try:
            skins = {int(person.instance): self.skins.of(person) for person in rows}
            frame = without_ids(read_frame(self.render_dir, row), skins)
        except Exception as error:  # one picture must not end the run either
            self.stage.fail(row.frame_id, describe(error))
            return []
        labels = []
        for person in rows:
            try:
                label = self._label(frame, person, skins)
            except Exception as error:  # one person must not end the run; the record says why
                self.stage.fail(f"{person.frame_id}/{person.subject_id}", describe(error))
                continue
            if label is None:
                self.counts["left_out_verdict"] += 1
            elif label["area"] < self.config.min_area_px:
                self.counts["left_out_small"] += 1
            else:
                labels.append(label)
        return labels

    def _label(self, frame: Frame, person: Any, skins: dict[int, PosedSkin]) -> dict | None:
        spine = self.spines.of(person)
        if spine is None:
            return None
        skin = skins[int(person.instance)]
        if self.config.check_inside:
            require_inside(skin, spine.points_world_m)
        return label_person(frame, person, spine, skin, frozenset(skins), self.set_id)


def _write_split(
    stage: Stage,
    split: str,
    render_dir: Path,
    labelled: list[tuple[Any, list[dict]]],
    counts: Counter[str],
    config: RunConfig,
) -> None:
    name = f"{split}-synth"
    images: list[dict] = []
    annotations: list[dict] = []
    extras: list[dict] = []
    (stage.folder / "images" / name).mkdir(parents=True, exist_ok=True)
    for row, labels in labelled:
        if not labels:
            continue
        image_id = len(images) + 1
        file_name = f"{name}/{row.frame_id}.jpg"
        _link((render_dir / row.path).with_suffix(".jpg"), stage.folder / "images" / file_name)
        images.append(
            {"id": image_id, "file_name": file_name, "width": int(row.width), "height": int(row.height)}
        )
        for label in labels:
            annotation_id = len(annotations) + 1
            coco = {key: label[key] for key in COCO_FIELDS}
            head = {"id": annotation_id, "image_id": image_id, "category_id": 1}
            annotations.append({**head, **coco})
            extras.append({"annotation_id": annotation_id, "image_id": image_id, **label["extras"]})
    if not annotations:
        raise StageError(
            f"dataset: no person is left in the '{split}' split; see the failures or render more"
        )
    stem = stage.folder / "annotations" / f"person_keypoints_{name}.json"
    write_json(stem, _coco_file(split, images, annotations))
    write_table(stem.with_suffix(".extras.parquet"), pd.DataFrame(extras))
    counts[f"{split}_images"], counts[f"{split}_annotations"] = len(images), len(annotations)
    counts[f"{split}_subjects"] = len({extra["subject_id"] for extra in extras})


def _coco_file(split: str, images: list[dict], annotations: list[dict]) -> dict:
    return {
        "info": {
            "description": f"spineforge synthetic, {split}",
            "version": "1.0",
            "schema_version": SCHEMA_VERSION,
            "landmark_set": LANDMARK_SET,
        },
        "licenses": [
            {"id": 1, "name": "CC0-1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}
        ],
        "categories": [coco_category()],
        "images": images,
        "annotations": annotations,
    }


def _link(source: Path, target: Path) -> None:
    # A hard link costs no space; a file system without them gets a copy.
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())


def _write_card(folder: Path, config: RunConfig, counts: Counter[str]) -> None:
    template = jinja2.Template(_CARD.read_text(encoding="utf-8"), keep_trailing_newline=True)
    text = template.render(seed=config.seed, counts=counts, landmark_set=LANDMARK_SET)
    (folder / "README.md").write_text(text, encoding="utf-8")
