"""Parquet for 3D work: a row a person with the COCO fields, the picture's name and size, and all extras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.card import extras_beside
from pipelines.pictures_of_labels import split_of
from pipelines.tables import TableWriter, iter_tables
from spinepose.coco_stream import iter_annotations, iter_images
from spinepose.errors import InputError

_ROWS = 4096
_FLOATS = pa.list_(pa.float32())
_LABELS = pa.schema(
    [
        ("annotation_id", pa.int64()),
        ("image_id", pa.int64()),
        ("file_name", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("bbox", _FLOATS),
        ("bbox_amodal", _FLOATS),
        ("area", pa.float64()),
        ("iscrowd", pa.int8()),
        ("num_keypoints", pa.int32()),
        ("keypoints", _FLOATS),
    ]
)


def export_parquet(files: Sequence[Path], out: Path) -> None:
    """Write ``SPLIT.parquet``, in row groups of 4096 people; pictures stay where they are.

    Raises:
        InputError: A table of extras does not go with its label file.
    """
    for labels in files:
        extras = extras_beside(labels)
        known = pq.read_schema(extras).remove_metadata() if extras else pa.schema([])
        own = [field for field in known if field.name not in _LABELS.names]
        schema = pa.schema([*_LABELS, *own])
        with TableWriter(out / f"{split_of(labels)}.parquet", schema, _ROWS) as writer:
            beside = iter_tables(extras, rows=_ROWS) if extras else None
            for rows in _label_tables(labels):
                if beside is not None:
                    rows = _join(rows, next(beside, None), [field.name for field in own], labels)
                writer.write(rows)
            if beside is not None and next(beside, None) is not None:
                raise InputError(f"{extras}: has more rows than {labels} has annotations")


def _label_tables(labels: Path) -> Iterator[pa.Table]:
    pictures = {i["id"]: (i["file_name"], i["width"], i["height"]) for i in iter_images(labels)}
    rows: list[dict[str, Any]] = []
    for annotation in iter_annotations(labels):
        if annotation["image_id"] not in pictures:
            raise InputError(
                f"{labels}: annotation {annotation['id']} stands in an image that the file lacks"
            )
        name, width, height = pictures[annotation["image_id"]]
        own = {"annotation_id": annotation["id"], "file_name": name, "width": width, "height": height}
        rows.append({**{key: annotation.get(key) for key in _LABELS.names}, **own})
        if len(rows) == _ROWS:
            yield pa.Table.from_pylist(rows, _LABELS)
            rows = []
    if rows:
        yield pa.Table.from_pylist(rows, _LABELS)


def _join(rows: pa.Table, extras: pa.Table | None, names: list[str], labels: Path) -> pa.Table:
    # Both stand in the order of the annotations; anything else is a mistake that a join would hide.
    if extras is None or extras["annotation_id"].to_pylist() != rows["annotation_id"].to_pylist():
        raise InputError(f"{labels}: the table of extras beside it has other annotation ids; make both again")
    for name in names:
        rows = rows.append_column(name, extras[name])
    return rows
