"""A label file against its table: the stored 3D meets the labels, and what does not is named with its annotation."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from benchmarks.drawn_people import DrawnLabels
from pipelines.cli import main as spineforge
from pipelines.extras_check import ExtrasCheck
from pipelines.tables import write_table
from spinepose.coco_stream import CocoWriter
from spinepose.errors import InputError
from spinepose.skeleton import INDEX, coco_category

PEOPLE = 5


@pytest.fixture
def drawn():
    """COCO rows and rows of extras of people whose labels obey every rule."""
    labeller = DrawnLabels(0)
    labeller.take(pd.DataFrame(index=range(PEOPLE)))
    people = [SimpleNamespace(subject_id="b")] * PEOPLE
    labels = labeller.label_frame(SimpleNamespace(frame_id="f"), people, None)
    ids = [{"id": i, "image_id": 1, "category_id": 1} for i in range(1, PEOPLE + 1)]
    rows = [
        {**one, **{k: v for k, v in label.items() if k != "extras"}}
        for one, label in zip(ids, labels, strict=True)
    ]
    extras = [
        {"annotation_id": one["id"], "image_id": 1, **label["extras"]}
        for one, label in zip(ids, labels, strict=True)
    ]
    return rows, extras


def write(folder, rows, extras):
    folder.mkdir(exist_ok=True)
    path = folder / "labels.json"
    with CocoWriter(path, info={"schema_version": 1}, licenses=[], categories=[coco_category()]) as writer:
        writer.add_image({"id": 1, "file_name": "a.jpg", "width": 640, "height": 480})
        for row in rows:
            writer.add_annotation(row)
    write_table(path.with_suffix(".extras.parquet"), pd.DataFrame(extras))
    return path


def found(folder, rows, extras, block=PEOPLE):
    path = write(folder, rows, extras)
    check = ExtrasCheck(path.with_suffix(".extras.parquet"))
    parts = [rows[i : i + block] for i in range(0, len(rows), block)]
    return [
        (start * block + i, code) for start, part in enumerate(parts) for i, (code, _) in check(part)
    ], check


@pytest.mark.parametrize("block", [1, 2, PEOPLE])
def test_sound_labels_pass_whatever_the_blocks(tmp_path, drawn, block):
    faults, check = found(tmp_path, *drawn, block=block)
    assert faults == []
    assert 0 < check.largest_px <= 0.001  # labels are rounded to a thousandth
    assert check.left() == 0


def test_each_kind_of_difference_is_found_in_its_place(tmp_path, drawn):
    rows, extras = drawn
    shown = [k for k in range(37) if rows[0]["keypoints"][3 * k + 2]]
    rows[0]["keypoints"][3 * shown[3]] += 0.02
    extras[1]["keypoints_world_m"] = extras[1]["keypoints_world_m"] + 1e-3  # the camera's points stay right
    hidden = extras[2]["surface_gap_m"].copy()
    nose = INDEX["nose"]
    hidden[nose] = 0.0 if hidden[nose] > 0.02 else 0.2
    extras[2]["surface_gap_m"] = hidden
    extras[3]["annotation_id"] = 77
    rows[4]["keypoints"] = rows[4]["keypoints"][:-1]  # another check's fault
    faults, _ = found(tmp_path, rows, extras)
    assert faults == [
        (3, "extras"), (0, "reprojection"), (0, "reprojection"), (1, "reprojection"), (2, "visibility"),
    ]  # fmt: skip


def test_rows_too_few_and_too_many_are_faults(tmp_path, drawn, capsys):
    rows, extras = drawn
    faults, _ = found(tmp_path, rows, extras[:-1], block=2)
    assert faults == [(PEOPLE - 1, "extras")]
    path = write(tmp_path, rows[:-2], extras)
    assert spineforge(["dataset", "validate", str(path)]) == 1
    out = capsys.readouterr().out
    assert "2 rows more than there are annotations" in out
    assert "1 errors" in out


def test_a_sound_file_and_its_largest_distance_are_told(tmp_path, drawn, capsys):
    assert spineforge(["dataset", "validate", str(write(tmp_path, *drawn))]) == 0
    out = capsys.readouterr().out
    assert f"{PEOPLE} annotations, 0 errors, 0 warnings" in out
    assert "at most 0.0005 pixels" in out


def test_a_datasets_folder_is_checked_whole(tmp_path, drawn, capsys):
    rows, extras = drawn
    write(tmp_path / "annotations", rows, extras)
    picture = tmp_path / "images" / "a.jpg"
    picture.parent.mkdir()
    cv2.imwrite(str(picture), np.zeros((480, 640, 3), np.uint8))
    assert spineforge(["dataset", "validate", str(tmp_path)]) == 0
    (tmp_path / "annotations" / "other.json").write_text("{")
    assert spineforge(["dataset", "validate", str(tmp_path)]) == 1
    assert "other.json: 0 images" in capsys.readouterr().out
    (tmp_path / "annotations" / "other.json").unlink()
    picture.unlink()
    assert spineforge(["dataset", "validate", str(tmp_path)]) == 1
    assert "[missing-image]" in capsys.readouterr().out
    assert spineforge(["dataset", "validate", str(tmp_path), "--images", str(tmp_path)]) == 2


def test_a_table_that_cannot_be_compared_is_the_users_mistake(tmp_path, drawn):
    rows, extras = drawn
    short = [{**row, "K": np.zeros(4)} for row in extras]
    with pytest.raises(InputError, match="'K' has not 9 numbers"):
        found(tmp_path, rows, short)
    with pytest.raises(InputError, match="lacks the column 'K'"):
        found(tmp_path, rows, [{k: v for k, v in row.items() if k != "K"} for row in extras])
    (tmp_path / "no.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="cannot be read as a table"):
        ExtrasCheck(tmp_path / "no.parquet")
