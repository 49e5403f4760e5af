"""Parts of labels become one COCO file and one table a split, an annotation at a time."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.dataset_parts import EXTRAS, PartNote, iter_labels
from pipelines.dataset_sources import licence_url
from pipelines.tables import TableWriter, common_schema, read_arrow, read_arrow_schema
from spinepose.coco_stream import CocoWriter
from spinepose.errors import StageError
from spinepose.skeleton import coco_category

SPLITS = ("train", "val")
_COUNTED = ("images", "annotations", "subjects")


def add_up(notes: Sequence[PartNote]) -> dict[str, int]:
    """The counts of all parts."""
    counts = sum((note.counts for note in notes), Counter(left_out_small=0, left_out_verdict=0))
    for split in SPLITS:
        counts[f"{split}_subjects"] = len({s for note in notes for s in note.subjects.get(split, ())})
    order = ["left_out_small", "left_out_verdict"] + [f"{s}_{kind}" for s in SPLITS for kind in _COUNTED]
    return {key: counts[key] for key in order}


def merge(
    folder: Path,
    render_dir: Path,
    parts: Sequence[Path],
    counts: Mapping[str, int],
    infos: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write ``annotations/`` and ``images/`` of a dataset from its parts; memory does not grow with their number.

    The annotations appear all at once at the end, so that a merge that is killed leaves none.

    Args:
        folder: The dataset's folder; ``parts/`` in it is used for what is not finished.
        render_dir: Where the pictures lie that the parts name.
        parts: Folders that :func:`pipelines.dataset_parts.write_labels` filled, in the order wanted.
        counts: What :func:`add_up` gave.
        infos: ``info`` of the file by split, with ``licence`` and ``sources``.

    Raises:
        StageError: A split has nobody.
    """
    for split in SPLITS:
        if not counts[f"{split}_annotations"]:
            raise StageError(
                f"dataset: no person is left in the '{split}' split; see the failures or render more"
            )
    scratch, final = folder / "parts" / ".tmp-merge", folder / "annotations"
    shutil.rmtree(scratch, ignore_errors=True)
    schema = common_schema(read_arrow_schema(p / EXTRAS) for p in parts if (p / EXTRAS).exists())
    with ExitStack() as stack:
        files = {
            split: stack.enter_context(_SplitFiles(scratch, folder / "images", split, schema, infos[split]))
            for split in SPLITS
        }
        for part in parts:
            _merge_part(part, render_dir, files)
    shutil.rmtree(final, ignore_errors=True)
    os.replace(scratch, final)


def _merge_part(part: Path, render_dir: Path, files: Mapping[str, _SplitFiles]) -> None:
    rows: dict[str, list[tuple[int, int, int]]] = {split: [] for split in SPLITS}
    row = 0
    for picture, people in iter_labels(part):
        split = picture["split"]
        for annotation_id, image_id in files[split].add(picture, people, render_dir):
            rows[split].append((row, annotation_id, image_id))
            row += 1
    if row:
        table = read_arrow(part / EXTRAS)
        for split in SPLITS:
            if rows[split]:
                files[split].add_extras(table, np.array(rows[split]))


class _SplitFiles:
    """The files of one split while they are written."""

    def __init__(
        self, folder: Path, images: Path, split: str, schema: pa.Schema, info: Mapping[str, Any]
    ) -> None:
        self._name = f"{split}-synth"
        self._images = images
        stem = folder / f"person_keypoints_{self._name}.json"
        self._coco = CocoWriter(
            stem,
            info=info,
            licenses=[{"id": 1, "name": info["licence"], "url": licence_url(info["licence"])}],
            categories=[coco_category()],
        )
        ids = [pa.field("annotation_id", pa.int64()), pa.field("image_id", pa.int64())]
        self._extras = TableWriter(stem.with_suffix(".extras.parquet"), pa.schema([*ids, *schema]))

    def __enter__(self) -> _SplitFiles:
        (self._images / self._name).mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(self._coco)
            stack.enter_context(self._extras)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def add(
        self, picture: Mapping[str, Any], people: Sequence[bytes], render_dir: Path
    ) -> list[tuple[int, int]]:
        """Add a picture and its people; returns annotation and image id of each."""
        file_name = f"{self._name}/{picture['frame_id']}.jpg"
        link_file(f"{render_dir}/{picture['source']}", f"{self._images}/{file_name}")
        image_id = self._coco.images + 1
        size = {"width": picture["width"], "height": picture["height"]}
        self._coco.add_image({"id": image_id, "file_name": file_name, **size, "license": 1})
        ids = []
        for fields in people:
            annotation_id = self._coco.annotations + 1
            self._coco.add_annotation({"id": annotation_id, "image_id": image_id, "category_id": 1}, fields)
            ids.append((annotation_id, image_id))
        return ids

    def add_extras(self, table: pa.Table, rows: np.ndarray) -> None:
        """Add rows of a part's extras; ``rows`` holds row, annotation id and image id, shape (N, 3)."""
        chosen = table if len(rows) == len(table) else table.take(rows[:, 0])
        columns = {name: chosen[name] for name in chosen.column_names}
        ids = {"annotation_id": rows[:, 1], "image_id": rows[:, 2]}
        self._extras.write(pa.table({**ids, **columns}))


def link_file(source: Path | str, target: Path | str) -> None:
    """Give a file a second name; a hard link costs no space, and a file system without them gets a copy."""
    try:
        try:
            os.link(source, target)
        except FileExistsError:
            os.unlink(target)
            os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
