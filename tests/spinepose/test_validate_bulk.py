"""The check in bulk never lets through what the check of a single annotation faults, and lets sound ones through."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from label_files import SIZE, document

from spinepose.skeleton import COCO17_NAMES, FLIP, NAMES
from spinepose.validate import validate_coco
from spinepose.validate_annotations import Layout, annotation_faults
from spinepose.validate_bulk import sound

ODD = (None, "7", True, float("nan"), float("inf"), -1, 0, 3, 1e9, 10**400, [], [1, 2])


def single(rows, layout, sizes):
    return [not list(annotation_faults(row, layout, size)) for row, size in zip(rows, sizes, strict=True)]


def people(names, amodal):
    rows = copy.deepcopy(document(names, 6)["annotations"])
    for row in rows if amodal else ():
        x, y, width, height = row["bbox"]
        row["bbox_amodal"] = [x - 2, y - 2, width + 4, height + 4]
    return rows


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("names", [NAMES, COCO17_NAMES], ids=["spinetrack", "coco"])
def test_moved_turned_and_mirrored_people_are_judged_alike(names, own):
    """Everything that geometry decides: hundreds of people at random, about half of whom have a fault."""
    rng = np.random.default_rng(0)
    layout = Layout({1: names}, own)
    rows = [row for _ in range(60) for row in people(names, amodal=own)]
    for row in rows:
        points = np.array(row["keypoints"], float).reshape(-1, 3)
        kind = rng.integers(6)
        if kind == 0:  # limbs astray, over the box and the picture's edges
            far = rng.random(len(points)) < 0.1
            points[far, :2] += rng.normal(0, 60, (far.sum(), 2))
        elif kind == 1:  # sides exchanged, of some pairs
            chosen = np.flatnonzero(rng.random(len(names)) < 0.5)
            flip = [names.index(NAMES[FLIP[NAMES.index(names[k])]]) for k in chosen]
            points[np.concatenate([chosen, flip])] = points[np.concatenate([flip, chosen])]
        elif kind == 2:
            points[:, 2] = rng.integers(0, 3, len(points))
            points[points[:, 2] == 0] = 0
        elif kind == 3:
            row["bbox"] = rng.uniform([-5, -5, 0, 0], [90, 90, 170, 210]).tolist()
        elif kind == 4:
            row["area"] = float(rng.uniform(-10, 40_000))
        row["keypoints"] = points.ravel().tolist()
        row["num_keypoints"] = int((points[:, 2] > 0).sum())
    sizes = [SIZE] * len(rows)
    wanted = single(rows, layout, sizes)
    assert 0.1 < np.mean(wanted) < 0.9, "both kinds must be there"
    assert sound(rows, layout, sizes).tolist() == wanted


@pytest.mark.parametrize(
    "field",
    ["bbox", "bbox_amodal", "area", "iscrowd", "keypoints", "num_keypoints", "category_id"],
)
def test_a_field_that_is_no_sound_number_never_passes(field):
    layout = Layout({1: NAMES}, own=True)
    for value in ODD:
        row = people(NAMES, amodal=True)[0]
        inner = [value, *row[field][1:]] if isinstance(row[field], list) else value
        for changed in ({**row, field: value}, {**row, field: inner}):
            if sound([changed], layout, [SIZE])[0]:
                assert single([changed], layout, [SIZE]) == [True], (field, value)
    without = people(NAMES, amodal=True)[0]
    del without[field]
    assert sound([without], layout, [SIZE]).tolist() == single([without], layout, [SIZE])


def test_sound_people_pass_in_bulk_and_an_unknown_picture_does_not():
    rows, layout = people(NAMES, amodal=True), Layout({1: NAMES}, own=True)
    assert sound(rows, layout, [SIZE] * 5 + [None]).tolist() == [True] * 5 + [False]


def test_a_fault_behind_the_first_block_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("spinepose.validate._BLOCK", 4)
    content = document(count=11, info={"schema_version": 1})
    content["annotations"][9]["num_keypoints"] = 3
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    assert [(f.code, f.item) for f in validate_coco(path).faults] == [("num_keypoints", "annotation 109")]
