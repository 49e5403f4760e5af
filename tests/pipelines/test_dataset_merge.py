"""Parts of labels merged into one file a split: nothing lost, nothing doubled, ids and rows in step."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.config import ScenesConfig
from pipelines.dataset_merge import SPLITS, add_up, merge
from pipelines.dataset_parts import EXTRAS, LABELS, NOTE, PartNote, read_note
from pipelines.dataset_sources import own_info
from pipelines.tables import TableWriter, iter_tables, read_table, write_arrow
from spinepose.coco import load_coco
from spinepose.errors import InputError, StageError
from spinepose.files import write_json


def person(mark):
    """COCO fields of a person whose area tells who it is."""
    return {
        "area": mark,
        "bbox": [1.0, 2.0, 30.0, 40.0],
        "bbox_amodal": [1.0, 2.0, 30.0, 50.0],
        "iscrowd": 0,
        "keypoints": [5.5, 6.25, 2] * 37,
        "num_keypoints": 37,
    }


def write_part(folder, pictures):
    """Write a part of (split, frame id, marks of its people)."""
    folder.mkdir(parents=True)
    rows, note = [], PartNote()
    with (folder / LABELS).open("wb") as lines:
        for split, frame, marks in pictures:
            (folder.parents[1] / f"{frame}.jpg").write_bytes(frame.encode())
            picture = {"split": split, "frame_id": frame, "source": f"{frame}.jpg", "width": 64, "height": 48}
            for line in ({**picture, "people": len(marks)}, *(person(mark) for mark in marks)):
                lines.write(orjson.dumps(line) + b"\n")
            rows += [{"subject_id": f"b{mark}", "mark": mark, "gap_m": [0.5 * mark]} for mark in marks]
            note.counts[f"{split}_images"] += 1
            note.counts[f"{split}_annotations"] += len(marks)
            note.people += len(marks)
            note.subjects.setdefault(split, []).extend(f"b{mark}" for mark in marks)
    if rows:
        write_arrow(folder / EXTRAS, pa.Table.from_pylist(rows))
    write_json(folder / NOTE, vars(note))
    return folder


@pytest.fixture
def parts(tmp_path):
    return [
        write_part(tmp_path / "parts" / "a", [("train", "f1", [11, 12]), ("val", "f2", [13])]),
        write_part(tmp_path / "parts" / "b", []),
        write_part(
            tmp_path / "parts" / "c", [("val", "f3", [14]), ("train", "f4", [15]), ("val", "f5", [16])]
        ),
    ]


def merged(tmp_path, parts):
    counts = add_up([read_note(part) for part in parts])
    infos = {split: own_info(ScenesConfig(), 3, split, counts) for split in SPLITS}
    merge(tmp_path, tmp_path, parts, counts, infos)
    return counts


def test_labels_extras_and_pictures_stay_together(tmp_path, parts):
    counts = merged(tmp_path, parts)
    assert counts["train_annotations"] == counts["val_annotations"] == 3
    for split, marks in (("train", [11, 12, 15]), ("val", [13, 14, 16])):
        path = tmp_path / "annotations" / f"person_keypoints_{split}-synth.json"
        document = json.loads(path.read_text())
        assert [a["area"] for a in document["annotations"]] == marks
        assert [a["id"] for a in document["annotations"]] == [1, 2, 3]
        extras = read_table(path.with_suffix(".extras.parquet"))
        assert extras.annotation_id.tolist() == [1, 2, 3]
        assert extras.mark.tolist() == marks
        assert extras.image_id.tolist() == [a["image_id"] for a in document["annotations"]]
        assert [gap.tolist() for gap in extras.gap_m] == [[0.5 * mark] for mark in marks]
        for image in document["images"]:
            frame = image["file_name"].split("/")[1].removesuffix(".jpg")
            assert (tmp_path / "images" / image["file_name"]).read_bytes() == frame.encode()
        assert len(load_coco(path).annotations) == 3
        assert document["info"]["licence"] == "CC0-1.0"
        assert document["info"]["sources"][0]["annotations"] == 3


def test_the_sizes_of_parts_do_not_show_in_the_result(tmp_path, parts):
    merged(tmp_path, parts)
    other = tmp_path / "other"
    pictures = [
        ("train", "f1", [11, 12]), ("val", "f2", [13]), ("val", "f3", [14]), ("train", "f4", [15]), ("val", "f5", [16]),
    ]  # fmt: skip
    merged(other, [write_part(other / "parts" / p[1], [p]) for p in pictures])
    for path in sorted((tmp_path / "annotations").iterdir()):
        assert path.read_bytes() == (other / "annotations" / path.name).read_bytes(), path.name


def test_a_merge_that_fails_leaves_what_was_there(tmp_path, parts):
    merged(tmp_path, parts)
    before = {p.name: p.read_bytes() for p in (tmp_path / "annotations").iterdir()}
    (parts[2] / LABELS).write_bytes(b"{")
    with pytest.raises(ValueError):
        merged(tmp_path, parts)
    assert {p.name: p.read_bytes() for p in (tmp_path / "annotations").iterdir()} == before


def test_a_split_without_anybody_is_named(tmp_path):
    part = write_part(tmp_path / "parts" / "a", [("train", "f1", [1])])
    with pytest.raises(StageError, match="'val'"):
        merged(tmp_path, [part])
    assert not (tmp_path / "annotations").exists()


def test_what_a_user_brought_in_is_a_source_of_its_own(tmp_path):
    counts = dict.fromkeys(("train_images", "train_annotations"), 2)
    scenes = ScenesConfig(motion_files=("/secret/place/dance.bvh",), backdrops="/secret/photos")
    info = own_info(scenes, 0, "train", counts)
    assert info["licence"] == "not stated"
    assert [s["name"] for s in info["sources"][1:]] == ["recorded motion dance.bvh", "photographs in photos"]
    assert "secret" not in json.dumps(info)


@pytest.mark.parametrize("pieces", [[10], [3, 3, 4], [1] * 10, [7, 3]])
def test_a_table_in_pieces_has_the_bytes_of_one_in_one(tmp_path, pieces):
    schema = pa.schema([("a", pa.int64()), ("b", pa.list_(pa.float64()))])
    table = pa.table({"a": range(10), "b": [[0.5] * i for i in range(10)]}, schema=schema)
    for name, sizes in (("one", [10]), ("pieces", pieces)):
        with TableWriter(tmp_path / name, schema, group_rows=4) as writer:
            start = 0
            for size in sizes:
                writer.write(table.slice(start, size))
                start += size
    assert (tmp_path / "one").read_bytes() == (tmp_path / "pieces").read_bytes()
    file = pq.ParquetFile(tmp_path / "pieces")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 4, 2]
    for rows in (1, 3, 4, 5, 10, 99):
        pieces = list(iter_tables(tmp_path / "pieces", rows=rows))
        assert pa.concat_tables(pieces).to_pylist() == table.to_pylist()
        assert {len(piece) for piece in pieces[:-1]} <= {rows}


def test_a_table_read_in_pieces_is_not_held(tmp_path):
    """pyarrow's own iteration keeps all that it has given: a million people's extras would be 2 GB."""
    schema = pa.schema([("a", pa.list_(pa.float64()))])
    numbers = np.random.default_rng(0).random(1_000_000)
    whole = pa.table({"a": pa.ListArray.from_arrays(np.arange(0, 1_000_001, 100), numbers)}, schema=schema)
    with TableWriter(tmp_path / "t", schema, group_rows=200) as writer:
        writer.write(whole)
    size, before = whole.nbytes, pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in iter_tables(tmp_path / "t", rows=200)]
    assert max(held) < size / 3


def test_a_table_of_somebody_else_is_refused(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="schema missing"):
        list(iter_tables(tmp_path / "a.parquet"))
    (tmp_path / "b.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="cannot be read as a table"):
        list(iter_tables(tmp_path / "b.parquet"))
