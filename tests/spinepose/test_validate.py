"""The validator: every seeded fault is caught and named, sound files of all layouts pass."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from label_files import PUBLISHED, document, publish, write

from spinepose.coco import load_coco
from spinepose.coco_stream import CocoWriter, images_folder, iter_annotations, iter_images, read_head
from spinepose.errors import InputError
from spinepose.mix import mix
from spinepose.mix_sources import folder_sources
from spinepose.skeleton import COCO17_NAMES, HALPE26_NAMES, INDEX, NAMES
from spinepose.validate import validate_coco

OWN = {"schema_version": 1}


def own() -> dict:
    content = document(info=dict(OWN))
    for row in content["annotations"]:
        row["bbox_amodal"] = [row["bbox"][0] - 2, row["bbox"][1] - 2, row["bbox"][2] + 4, row["bbox"][3] + 4]
    return content


def person(content: dict) -> dict:
    return content["annotations"][0]


def put(name: str, *values):
    """Overwrite a keypoint's x, y and v."""

    def change(content: dict) -> None:
        at = 3 * INDEX[name]
        person(content)["keypoints"][at : at + len(values)] = values

    return change


def swap(*names: str):
    """Exchange left and right of keypoints."""

    def change(content: dict) -> None:
        flat = person(content)["keypoints"]
        for name in names:
            a, b = 3 * INDEX[f"left_{name}"], 3 * INDEX[f"right_{name}"]
            flat[a : a + 3], flat[b : b + 3] = flat[b : b + 3], flat[a : a + 3]

    return change


def give(**values):
    return lambda content: person(content).update(values)


def image(**values):
    return lambda content: content["images"][0].update(values)


def rename(content: dict) -> None:
    names = content["categories"][0]["keypoints"]
    names[1], names[2] = names[2], names[1]


EVERYTHING = tuple(
    dict.fromkeys(name.split("_", 1)[1] for name in NAMES if name.startswith(("left_", "right_")))
)

# What is done to a sound file of our own, the kind of fault that must be found, and where.
SEEDED = [
    ("annotation ids equal", lambda c: c["annotations"][1].update(id=100), "annotation-id", "annotation 100"),
    ("annotation id is text", give(id="7"), "annotation-id", "annotation number 1"),
    ("image ids equal", lambda c: c["images"][1].update(id=10), "image-id", "image 10"),
    ("image that the file lacks", give(image_id=77), "image-unknown", "annotation 100"),
    ("category that the file lacks", give(category_id=3), "category", "annotation 100"),
    ("no keypoint names", lambda c: c["categories"][0].pop("keypoints"), "categories", "file"),
    ("keypoint names in another order", rename, "order", "file"),
    ("keypoint named twice", lambda c: c["categories"][0]["keypoints"].__setitem__(3, "nose"), "categories", "file"),
    ("skeleton link to nowhere", lambda c: c["categories"][0].update(skeleton=[[0, 1]]), "skeleton", "file"),
    ("another schema", lambda c: c["info"].update(schema_version=9), "schema", "file"),
    ("box of three numbers", give(bbox=[1, 2, 3]), "box", "annotation 100"),
    ("box without height", give(bbox=[20, 20, 100, 0]), "box", "annotation 100"),
    ("box outside the picture", give(bbox=[200, 20, 30, 40]), "box-outside", "annotation 100"),
    ("box beyond the picture", give(bbox=[30, 10, 150, 188]), "box-beyond", "annotation 100"),
    ("corner box instead of size", lambda c: person(c).update(bbox=[40, 15, 120, 195]), "box-beyond", "annotation 100"),
    ("no area", lambda c: person(c).pop("area"), "area", "annotation 100"),
    ("area of another scale", lambda c: person(c).update(area=1e6), "area", "annotation 100"),
    ("amodal box within the visible", give(bbox_amodal=[60, 60, 9, 9]), "amodal", "annotation 100"),
    ("iscrowd 2", give(iscrowd=2), "iscrowd", "annotation 100"),
    ("a keypoint number lacks", lambda c: person(c)["keypoints"].pop(), "keypoints", "annotation 100"),
    ("a keypoint is no number", put("nose", None), "keypoints", "annotation 100"),
    ("a keypoint is NaN", put("nose", float("nan")), "keypoints", "annotation 100"),
    ("visibility 3", put("nose", 80, 30, 3), "visibility", "annotation 100"),
    ("unlabelled with a place", lambda c: (put("nose", 80, 30, 0)(c), give(num_keypoints=36)(c)), "unlabelled",
     "annotation 100"),
    ("wrong number of labelled", give(num_keypoints=17), "num_keypoints", "annotation 100"),
    ("labelled outside the picture", put("left_wrist", 171, 60, 1), "outside", "annotation 100"),
    ("far off the box", put("left_wrist", 2, 2, 1), "far", "annotation 100"),
    ("visible off the visible box", give(bbox=[40, 15, 80, 80], area=900), "visible-off-box", "annotation 100"),
    ("ears exchanged", swap("ear"), "sides", "annotation 100"),
    ("clavicles exchanged", swap("clavicle"), "sides", "annotation 100"),
    ("heels exchanged", swap("heel"), "sides", "annotation 100"),
    ("the whole person mirrored", swap(*EVERYTHING), "sides", "annotation 100"),
    ("the same person twice", lambda c: c["annotations"].append({**person(c), "id": 5}), "twice", "annotation 5"),
    ("image without a size", image(width=0), "image-size", "image 10"),
    ("image path leads out", image(file_name="../secret.jpg"), "file-name", "image 10"),
]  # fmt: skip


def found(path: Path, images: Path | None = None) -> list[tuple[str, str]]:
    return [(fault.code, fault.item) for fault in validate_coco(path, images).faults]


@pytest.mark.parametrize(("change", "code", "item"), [s[1:] for s in SEEDED], ids=[s[0] for s in SEEDED])
def test_a_seeded_fault_is_caught_and_named(tmp_path, change, code, item):
    content = own()
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    assert found(path) == []
    change(content)
    path.write_text(json.dumps(content))
    report = validate_coco(path)
    assert (code, item) in [(fault.code, fault.item) for fault in report.faults]
    assert report.errors >= 1


def test_a_girdle_turned_edge_on_is_no_fault_and_a_wide_one_is(tmp_path):
    """A batter from the side: shoulders 6 pixels apart, the other way round than the latissimi; then both wider."""
    content = own()
    for name, across in (("shoulder", (2.5, -2.0)), ("latissimus", (-4.0, -1.5))):
        put(f"left_{name}", 80 + across[0], 60 + across[1])(content)
        put(f"right_{name}", 80 - across[0], 60 - across[1])(content)
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    assert found(path) == []
    put("left_latissimus", 70, 61)(content)
    put("right_latissimus", 90, 63)(content)
    put("left_shoulder", 90, 60)(content)
    put("right_shoulder", 70, 62)(content)
    path.write_text(json.dumps(content))
    assert ("sides", "annotation 100") in found(path)


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def damage_text(path: Path) -> None:
    path.write_text("not an image")


def damage_size(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((10, 12, 3), np.uint8))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (damage_missing, "missing-image"),
        (damage_cut, "cut-image"),
        (damage_text, "cut-image"),
        (damage_size, "image-size"),
    ],
)
def test_a_damaged_image_is_caught_and_named(tmp_path, damage, code):
    path = write(tmp_path, own())
    assert found(path, tmp_path / "images") == []
    damage(tmp_path / "images" / "set" / "001.jpg")
    assert found(path, tmp_path / "images") == [(code, "image 11")]


def test_a_cut_png_and_a_jpeg_cut_within_its_header(tmp_path):
    content = own()
    content["images"][0]["file_name"] = "set/000.png"
    path = write(tmp_path, content)
    assert found(path, tmp_path / "images") == []
    png, jpg = tmp_path / "images" / "set" / "000.png", tmp_path / "images" / "set" / "001.jpg"
    png.write_bytes(png.read_bytes()[:-20])
    jpg.write_bytes(jpg.read_bytes()[:40])
    assert found(path, tmp_path / "images") == [("cut-image", "image 10"), ("cut-image", "image 11")]


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_file_that_was_cut_off_is_an_error(tmp_path, cut):
    path = write(tmp_path, own())
    text = path.read_text()
    path.write_text(text[: int(cut * len(text))])
    assert "unreadable" in [code for code, _ in found(path)]


@pytest.mark.parametrize("names", [NAMES, COCO17_NAMES, HALPE26_NAMES], ids=["spinetrack", "coco", "halpe"])
def test_files_in_published_layouts_pass(tmp_path, names):
    """SpineTrack's own layout: no schema_version, licences by image, fields that only COCO has."""
    content = document(names)
    content["licenses"] = [{"id": 4, "name": "Attribution License", "url": "u"}]
    content["images"][0] |= {"license": 4, "coco_url": "u", "date_captured": "2013-11-14 17:02:52"}
    content["annotations"][0]["segmentation"] = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
    assert found(write(tmp_path, content), tmp_path / "images") == []


def test_a_hidden_limb_off_the_box_of_what_is_seen_is_an_error_in_our_files_only(tmp_path):
    content = document(info={})
    person(content)["bbox"] = [60, 15, 40, 100]
    person(content)["area"] = 900
    feet = [name for name in NAMES if name.endswith(("toe", "heel", "ankle"))]
    for name in feet:
        at = 3 * INDEX[name]
        person(content)["keypoints"][at + 2] = 1
    report = validate_coco(write(tmp_path, content))
    assert (report.errors, report.warnings) == (0, len(feet))
    person(content)["keypoints"][3 * INDEX["left_heel"] + 2] = 2
    assert validate_coco(write(tmp_path, content)).counts[True, "far"] == 1
    content["info"] = dict(OWN)
    assert validate_coco(write(tmp_path, content)).counts[True, "far-hidden"] == len(feet) - 1


def test_habits_of_other_peoples_files_are_no_errors(tmp_path):
    content = document(COCO17_NAMES)
    person(content)["keypoints"][:3] = [80, 30, 0]
    person(content)["num_keypoints"] = 16
    person(content)["bbox"][2] = 130
    report = validate_coco(write(tmp_path, content))
    assert (report.errors, report.warnings) == (0, 2)
    assert [fault.code for fault in report.faults] == ["box-beyond", "unlabelled"]


def test_the_published_files_pass_load_and_come_back_equal_item_by_item(tmp_path):
    for path in publish(tmp_path):
        images = images_folder(path)
        assert images == tmp_path / "images" / path.stem.removeprefix("person_keypoints_")
        assert found(path, images) == []
        assert len(load_coco(path).annotations) == 2
        head, again = read_head(path), tmp_path / "again.json"
        with CocoWriter(again, info=head.info, licenses=head.licenses, categories=head.categories) as writer:
            for row in iter_images(path):
                writer.add_image(row)
            for row in iter_annotations(path):
                writer.add_annotation(row)
        assert json.loads(again.read_text("utf-8")) == json.loads(path.read_text("utf-8"))


def test_a_folder_of_the_published_files_is_mixed_with_every_other_field_equal(tmp_path):
    given = {path.stem: json.loads(path.read_text("utf-8")) for path in publish(tmp_path / "st")}
    sources = folder_sources(tmp_path / "st")
    assert {source.split for source in sources} == {"train", "val"}
    mix(sources, tmp_path / "mix")
    ours = {"id", "image_id", "license", "file_name", "source", "source_id", "source_license"}
    people = 0
    for split in ("train", "val"):
        after = json.loads(
            (tmp_path / "mix" / "annotations" / f"person_keypoints_{split}-mix.json").read_text("utf-8")
        )
        for kind in ("images", "annotations"):
            for row in after[kind]:
                before = given[row["source"].replace("st-", "person_keypoints_")][kind]
                one = next(old for old in before if old["id"] == row["source_id"])
                assert {k: v for k, v in row.items() if k not in ours} == {
                    k: v for k, v in one.items() if k not in ours
                }
        people += len(after["annotations"])
        assert (
            validate_coco(
                tmp_path / "mix" / "annotations" / f"person_keypoints_{split}-mix.json",
                tmp_path / "mix" / "images",
            ).errors
            == 0
        )
    # A picture with nobody but a crowd is not taken.
    assert people == len(PUBLISHED)


def test_missing_files_are_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match="no such label file"):
        validate_coco(tmp_path / "none.json")
    with pytest.raises(InputError, match="no such folder"):
        validate_coco(write(tmp_path, own()), tmp_path / "none")


def test_the_report_counts_all_and_keeps_few(tmp_path):
    content = own()
    content["annotations"] = [{**person(content), "id": i, "area": -1} for i in range(10_050)]
    report = validate_coco(write(tmp_path, content))
    assert report.counts[True, "area"] == 10_050
    assert len(report.faults) == 10_000
