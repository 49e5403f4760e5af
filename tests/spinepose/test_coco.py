from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from spinepose.coco import Annotation, CocoDataset, ImageRecord, load_coco, map_keypoints, save_coco
from spinepose.errors import InputError
from spinepose.skeleton import COCO17_NAMES, NAMES, SIGMAS


def _dataset() -> CocoDataset:
    keypoints = np.zeros((37, 3))
    keypoints[:5] = [[i + 0.125, 2 * i + 0.5, 1 + i % 2] for i in range(5)]
    keypoints[7] = [9.0, 9.0, 0]
    annotation = Annotation(7, 3, keypoints, np.array([1.0, 2, 30, 40]), 600.0, False, {"subject_id": "s1"})
    return CocoDataset(
        (ImageRecord(3, "a/b.jpg", 64, 48, {"scene": 2}),), (annotation,), NAMES, {"about": "x"}
    )


def _edit(path: Path, change) -> Path:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def label_file(tmp_path: Path) -> Path:
    save_coco(tmp_path / "labels.json", _dataset())
    return tmp_path / "labels.json"


def test_round_trip_keeps_labels_and_unknown_fields(label_file: Path):
    loaded = load_coco(label_file)
    annotation, image = loaded.annotations[0], loaded.images[0]
    wanted = _dataset().annotations[0].keypoints.copy()
    wanted[7] = 0  # COCO: not labelled is three zeros
    np.testing.assert_allclose(annotation.keypoints, wanted, atol=5e-4)
    assert annotation.labelled.sum() == 5
    assert (annotation.area, annotation.extra["subject_id"]) == (600.0, "s1")
    assert (image.file_name, image.extra["scene"], loaded.info["schema_version"]) == ("a/b.jpg", 2, 1)


def test_pycocotools_reads_it(label_file: Path):
    row = COCO(str(label_file)).loadAnns([7])[0]
    assert row["num_keypoints"] == 5
    assert len(row["keypoints"]) == 3 * len(SIGMAS)


def test_files_of_other_skeletons_are_refused_or_mapped_by_name(label_file: Path):
    def to_coco17_reversed(document):
        document["categories"][0]["keypoints"] = list(COCO17_NAMES)[::-1]
        row = np.array(document["annotations"][0]["keypoints"]).reshape(-1, 3)[:17][::-1]
        document["annotations"][0]["keypoints"] = row.ravel().tolist()

    _edit(label_file, to_coco17_reversed)
    with pytest.raises(InputError, match="has 17 keypoints, expected the 37"):
        load_coco(label_file)
    mapped = load_coco(label_file, allow_subset=True).annotations[0].keypoints
    np.testing.assert_allclose(mapped[1], [1.125, 2.5, 2])
    assert not mapped[17:].any()


def test_names_that_are_none_of_ours_are_never_left_out_in_silence(label_file: Path, caplog):
    """A slip in one of the 37 names would otherwise cost a keypoint of the whole training."""
    _edit(label_file, lambda d: d["categories"][0]["keypoints"].__setitem__(30, "spine_5"))
    with pytest.raises(InputError, match="keypoint 30 is 'spine_5', expected 'spine_05'"):
        load_coco(label_file, allow_subset=True)

    def as_another_set(document: dict) -> None:
        document["categories"][0]["keypoints"] = ["nose", "left_hand"]
        for annotation in document["annotations"]:
            annotation["keypoints"] = annotation["keypoints"][:6]

    _edit(label_file, as_another_set)
    assert load_coco(label_file, allow_subset=True).annotations[0].keypoints[1:].sum() == 0
    assert "left out: left_hand" in caplog.text


def test_swapped_names_are_named(label_file: Path):
    _edit(
        label_file,
        lambda d: d["categories"][0]["keypoints"].__setitem__(slice(1, 3), ["right_eye", "left_eye"]),
    )
    with pytest.raises(InputError, match="keypoint 1 is 'right_eye', expected 'left_eye'"):
        load_coco(label_file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["annotations"][0].update(image_id=99), "image 99, which the file lacks"),
        (lambda d: d["annotations"].append(d["annotations"][0]), "two annotations share an id"),
        (lambda d: d["images"].append(d["images"][0]), "two images share an id"),
        (lambda d: d["annotations"][0].pop("keypoints"), "not a COCO keypoint file"),
        (lambda d: d["annotations"][0]["keypoints"].pop(), "110 keypoint numbers, expected 111"),
        (lambda d: d["annotations"][0].update(bbox=[0, 0, float("nan"), 1]), "not finite"),
        (lambda d: d["categories"][0].pop("keypoints"), "no category names its keypoints"),
        (lambda d: d["info"].update(schema_version=9), "schema_version 9"),
        (lambda d: d.pop("images"), "not a COCO file"),
    ],
)
def test_broken_files_get_one_line(label_file: Path, change, words: str):
    _edit(label_file, change)
    with pytest.raises(InputError, match=words) as caught:
        load_coco(label_file)
    assert "\n" not in str(caught.value)


def test_missing_and_cut_off_files(label_file: Path, tmp_path: Path):
    with pytest.raises(InputError, match="no such label file"):
        load_coco(tmp_path / "none.json")
    label_file.write_text(label_file.read_text()[:200])
    with pytest.raises(InputError, match="cannot be read as JSON"):
        load_coco(label_file)


def test_missing_area_becomes_that_of_the_box(label_file: Path):
    _edit(label_file, lambda d: d["annotations"][0].pop("area"))
    assert load_coco(label_file).annotations[0].area == 1200.0


def test_a_failed_write_leaves_the_old_file(label_file: Path):
    before = label_file.read_bytes()
    broken = _dataset()
    broken.annotations[0].keypoints[0, 0] = np.nan
    with pytest.raises(ValueError):
        save_coco(label_file, broken)
    assert label_file.read_bytes() == before
    assert [p.name for p in label_file.parent.iterdir()] == ["labels.json"]


def test_map_keypoints_by_hand():
    given = np.array([[[1, 2, 2], [3, 4, 1]]], dtype=float)
    mapped = map_keypoints(given, ["b", "a"], ["a", "c", "b"])
    np.testing.assert_array_equal(mapped, [[[3, 4, 1], [0, 0, 0], [1, 2, 2]]])


def test_light_modules_do_not_load_torch():
    modules = "spinepose, spinepose.skeleton, spinepose.coco, spinepose.config"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
