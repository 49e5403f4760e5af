"""Mixing: names, ids, splits, doubles, licences; and that a mix trains with what is not labelled left alone."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from label_files import document, write

from spinepose.errors import InputError
from spinepose.licences import licence, strictest
from spinepose.mix import MixOptions, mix
from spinepose.mix_duplicates import near_pairs
from spinepose.mix_sources import SourceConfig, folder_sources, load_sources
from spinepose.skeleton import COCO17_NAMES, HALPE26_NAMES, INDEX, NAMES
from spinepose.skeleton_maps import skeleton_map
from spinepose.validate import validate_coco

CC0 = {"licence": "CC0-1.0"}


def source(root: Path, name: str, names=NAMES, count: int = 4, change=None, **more) -> SourceConfig:
    """A source of standing people with pictures of its own."""
    content = document(names, count, CC0)
    if change:
        change(content)
    write(root / name, content, f"{name}.json")
    return SourceConfig(
        name=name, labels=root / name / "annotations" / f"{name}.json", images=root / name / "images", **more
    )


def rows(out: Path, split: str) -> tuple[list[dict], list[dict]]:
    content = json.loads((out / "annotations" / f"person_keypoints_{split}-mix.json").read_text())
    return content["images"], content["annotations"]


def both(out: Path) -> tuple[list[dict], list[dict]]:
    parts = [rows(out, split) for split in ("train", "val")]
    return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]


def field(**values):
    """Give every image of a document these fields; a list gives one to each."""

    def change(content: dict) -> None:
        for i, image in enumerate(content["images"]):
            image.update({k: v[i] if isinstance(v, list) else v for k, v in values.items()})

    return change


@pytest.fixture
def three(tmp_path) -> list[SourceConfig]:
    """A synthetic set with its splits, a COCO file and a Halpe file."""
    return [
        source(tmp_path, "synth", split="train"),
        source(tmp_path, "synth-val", count=2, split="val"),
        source(tmp_path, "coco", COCO17_NAMES),
        source(tmp_path, "halpe", HALPE26_NAMES),
    ]


def test_names_are_mapped_and_what_a_set_does_not_label_is_unlabelled(three, tmp_path):
    mix(three, tmp_path / "mix", MixOptions(val_fraction=0.3))
    labelled = {"synth": 37, "synth-val": 37, "coco": 17, "halpe": 23}
    _, people = both(tmp_path / "mix")
    assert {row["source"] for row in people} == set(labelled)
    truth = {row["source_id"]: row for row in people if row["source"] == "synth"}
    for row in people:
        points, wanted = (np.array(r["keypoints"]).reshape(37, 3) for r in (row, truth[row["source_id"]]))
        shown = points[:, 2] > 0
        assert shown.sum() == row["num_keypoints"] == labelled[row["source"]]
        np.testing.assert_array_equal(points[shown], wanted[shown])
        assert not points[~shown].any()
        if row["source"] == "halpe":
            assert not shown[[INDEX["head"], INDEX["neck"], INDEX["hip"]]].any()
            assert shown[INDEX["left_heel"]]


def test_ids_stay_apart_and_pycocotools_reads_both_files(three, tmp_path):
    from pycocotools.coco import COCO

    mix(three, tmp_path / "mix", MixOptions(val_fraction=0.3))
    images, people = both(tmp_path / "mix")
    assert len({row["id"] for row in images}) == len(images) == 14
    assert len({row["id"] for row in people}) == len(people) == 14
    for split in ("train", "val"):
        path = tmp_path / "mix" / "annotations" / f"person_keypoints_{split}-mix.json"
        coco = COCO(str(path))
        assert len(coco.getAnnIds()) == len(rows(tmp_path / "mix", split)[1]) > 0
        assert validate_coco(path, tmp_path / "mix" / "images").errors == 0


def test_fields_that_mixing_does_not_touch_come_through_equal(tmp_path):
    def real(content):
        content["annotations"][0] |= {
            "segmentation": [[1.5, 2.25, 3]],
            "area": 1234.56789,
            "track": {"a": [1]},
        }
        content["images"][0] |= {"coco_url": "ü", "date_captured": "2013-11-14"}

    one = source(tmp_path, "spinetrack", change=real)
    given = json.loads(one.labels.read_text())
    mix([one], tmp_path / "mix", MixOptions(val_fraction=0.0))
    images, people = rows(tmp_path / "mix", "train")
    ours = {"id", "image_id", "license", "file_name", "source", "source_id", "source_license"}
    for before, after in ((given["images"], images), (given["annotations"], people)):
        for old, new in zip(before, after, strict=True):
            assert {k: v for k, v in new.items() if k not in ours} == {
                k: v for k, v in old.items() if k not in ours
            }
            assert new["source_id"] == old["id"]


def test_pictures_are_linked_or_copied(tmp_path):
    one = source(tmp_path, "a")
    for copy in (False, True):
        out = tmp_path / f"mix{copy}"
        mix([one], out, MixOptions(val_fraction=0.0, copy=copy))
        here, there = out / "images" / "a" / "set" / "000.jpg", one.images / "set" / "000.jpg"
        assert here.read_bytes() == there.read_bytes()
        assert here.samefile(there) is not copy


def people_of(out: Path, name: str) -> list[set]:
    return [{row[name] for row in rows(out, split)[0]} for split in ("train", "val")]


@pytest.mark.parametrize("name", ["subject_id", "video"])
def test_a_person_or_clip_is_never_in_two_splits(tmp_path, name):
    one = source(tmp_path, "a", count=24, change=field(**{name: [f"p{i % 6}" for i in range(24)]}))
    mix([one], tmp_path / "mix", MixOptions(val_fraction=0.4))
    train, val = people_of(tmp_path / "mix", name)
    assert train | val == {f"p{i}" for i in range(6)}
    assert not train & val


def test_the_table_beside_our_own_labels_names_persons_and_clips(tmp_path):
    """Pictures 0 and 1 share a subject, 1 and 2 a motion: the three never part, not even over two files."""

    def table(config: SourceConfig, subjects: list[str], motions: list[str]) -> None:
        frame = {"image_id": [10, 11, 12, 13], "set_id": "s", "subject_id": subjects, "motion": motions}
        pd.DataFrame(frame).to_parquet(config.labels.with_suffix(".extras.parquet"))

    first, other = source(tmp_path, "a"), source(tmp_path, "b")
    table(first, ["x", "x", "y", "q"], ["m", "n", "n", "o"])
    table(other, ["y", "r", "t", "u"], ["k", "l", "h", "i"])
    others = source(tmp_path, "c", count=12)
    together = {("a", 10), ("a", 11), ("a", 12), ("b", 10)}
    for seed in range(6):
        out = tmp_path / f"mix{seed}"
        mix([first, other, others], out, MixOptions(val_fraction=0.5, seed=seed))
        parts = [{(row["source"], row["source_id"]) for row in rows(out, s)[0]} for s in ("train", "val")]
        assert together <= parts[0] or together <= parts[1]


def test_who_is_in_a_held_out_source_leaves_the_others_training_part(tmp_path):
    train = source(tmp_path, "a", change=field(subject_id=["x", "y", "z", "x"]), split="train")
    held_out = source(tmp_path, "a-val", count=1, change=field(subject_id="x"), split="val")
    summary = mix([train, held_out], tmp_path / "mix")
    assert people_of(tmp_path / "mix", "subject_id") == [{"x", "y", "z"}, {"x"}]  # ids of two sources differ
    assert summary["sources"][0]["left_out"]["in_val_too"] == 0
    shared = tmp_path / "a-val" / "images" / "set" / "000.jpg"
    again = source(tmp_path, "b", split="train")
    picture = cv2.imread(str(shared))
    cv2.imwrite(str(again.images / "set" / "002.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    summary = mix([again, held_out], tmp_path / "mix2")
    assert summary["near_duplicate_pairs"] == 1
    assert summary["sources"][0]["left_out"]["in_val_too"] == 1


def test_of_the_same_picture_the_first_sources_is_kept(tmp_path):
    first, other = source(tmp_path, "a"), source(tmp_path, "b", COCO17_NAMES)
    (other.images / "set" / "001.jpg").write_bytes((first.images / "set" / "003.jpg").read_bytes())
    summary = mix([first, other], tmp_path / "mix", MixOptions(val_fraction=0.3))
    assert [s["left_out"]["same_picture"] for s in summary["sources"]] == [0, 1]
    images, people = both(tmp_path / "mix")
    assert len(images) == len(people) == 7
    assert ("b", 11) not in {(row["source"], row["source_id"]) for row in images}


def test_near_pairs_by_hand():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (50, 256)).astype(np.uint8)
    bits[7] = bits[3]
    bits[7, ::22] ^= 1  # 12 bits
    bits[8] = bits[4]
    bits[8, ::17] ^= 1  # 16 bits
    bits[20], bits[30] = 0, 0  # nothing to see on either
    assert list(near_pairs(np.packbits(bits, axis=1))) == [(3, 7)]


def test_a_share_and_weights(tmp_path):
    def taken(**more) -> list[int]:
        out = tmp_path / f"mix{len(list(tmp_path.iterdir()))}"
        configs = [
            source(tmp_path, "a", count=20, **more.get("a", {})),
            source(tmp_path, "b", count=6, **more.get("b", {})),
        ]
        return [s["train"] for s in mix(configs, out, MixOptions(val_fraction=0.0))["sources"]]

    assert taken() == [20, 6]
    assert taken(a={"share": 0.25}) == [5, 6]
    assert taken(a={"weight": 1}, b={"weight": 1}) == [6, 6]
    assert taken(a={"weight": 4}, b={"weight": 1}) == [20, 5]


def test_equal_seeds_give_equal_files(tmp_path):
    one = source(tmp_path, "a", count=12, share=0.5)
    for name, seed in (("x", 0), ("y", 0), ("z", 1)):
        mix([one], tmp_path / name, MixOptions(val_fraction=0.4, seed=seed))
    texts = [(tmp_path / n / "annotations" / "person_keypoints_train-mix.json").read_bytes() for n in "xyz"]
    assert texts[0] == texts[1] != texts[2]


def test_the_strictest_licence_holds_and_needs_leave(tmp_path):
    free = source(tmp_path, "a")
    bound = source(tmp_path, "b", licence="CC-BY-NC-4.0")
    with pytest.raises(InputError, match=r"b \(CC-BY-NC-4.0\).*--allow-non-commercial"):
        mix([free, bound], tmp_path / "mix")
    mix([free, bound], tmp_path / "mix", MixOptions(val_fraction=0.3, allow_non_commercial=True))
    content = json.loads((tmp_path / "mix" / "annotations" / "person_keypoints_train-mix.json").read_text())
    assert (content["info"]["licence"], content["info"]["commercial"]) == ("CC-BY-NC-4.0", False)
    assert "**CC-BY-NC-4.0**" in (tmp_path / "mix" / "README.md").read_text()


def test_licences_of_single_pictures_count_as_in_coco(tmp_path):
    def by_picture(content):
        content["info"] = {}
        content["licenses"] = [
            {
                "id": 1,
                "name": "Attribution-NonCommercial License",
                "url": "http://creativecommons.org/licenses/by-nc/2.0/",
            },
            {"id": 4, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"},
        ]
        field(license=[4, 4, 1, 4])(content)

    one = source(tmp_path, "coco", COCO17_NAMES, change=by_picture)
    with pytest.raises(InputError, match=r"CC-BY-NC-4\.0"):
        mix([one], tmp_path / "mix")
    nobody_knows = source(tmp_path, "x", change=lambda c: c.update(info={}))
    with pytest.raises(InputError, match="does not say its licence"):
        mix([nobody_knows], tmp_path / "mix")


def test_licences_are_ordered_and_known_by_name_and_address():
    names = (
        "CC0-1.0",
        "MIT",
        "cc by 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        "CC-BY-NC-SA-3.0",
    )
    known = [licence(name) for name in names]
    assert [one.id for one in known] == [
        "CC0-1.0",
        "Apache-2.0",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC-BY-NC-SA-4.0",
    ]
    assert [one.commercial for one in known] == [True, True, True, True, False]
    assert strictest(known) == known[-1]
    with pytest.raises(InputError, match="licence 'mine' is not known"):
        licence("mine")


def test_skeletons_that_name_nothing_or_something_else():
    whole_body = skeleton_map(None, count=136)
    assert (whole_body.name, whole_body.count, (whole_body.rows >= 0).sum()) == ("halpe136", 136, 23)
    assert set(whole_body.left_out) == {"head", "neck", "hip"}
    assert whole_body.rows[INDEX["left_heel"]] == 24
    assert skeleton_map(tuple(NAMES)).left_out == {}  # SpineTrack's own neck is C7
    mine = skeleton_map(("LKnee", "hip", "pelvis"), renamed={"LKnee": "left_knee", "pelvis": "hip"})
    assert (mine.rows[INDEX["left_knee"]], mine.rows[INDEX["hip"]]) == (0, 2)
    for arguments, words in (
        ({"names": None, "count": 21}, "does not name its 21 keypoints"),
        ({"names": ("a", "b")}, "none of its keypoints is one of the 37"),
        ({"names": ("a",), "renamed": {"a": "tail"}}, "'tail', which is none of the 37"),
        ({"names": ("nose",), "stated": "halpe26"}, "has 1 keypoints, skeleton 'halpe26' has 26"),
    ):
        with pytest.raises(InputError, match=words):
            skeleton_map(**arguments)


def test_sources_from_a_folder_and_from_yaml(tmp_path):
    one = source(tmp_path, "a")
    file = one.labels.rename(one.labels.with_name("person_keypoints_val-synth.json"))
    assert [(s.name, s.split, s.labels) for s in folder_sources(tmp_path / "a")] == [
        ("a-val-synth", "val", file)
    ]
    yaml = tmp_path / "sources.yaml"
    yaml.write_text(
        f"sources:\n- {{name: x, labels: a/annotations/{file.name}, images: a/images, weight: 2}}\n"
    )
    loaded = load_sources(yaml).sources[0]
    assert (loaded.labels, loaded.weight, loaded.split) == (file, 2.0, "auto")
    for text, words in (
        ("sources: []", "sources"),
        ("sources: [{name: x, labels: a, images: b, wieght: 2}]", "wieght"),
        ("sources: [{name: ../x, labels: a, images: b}]", "name"),
        ("{", "cannot be read as YAML"),
    ):
        yaml.write_text(text)
        with pytest.raises(InputError, match=words):
            load_sources(yaml)
    with pytest.raises(InputError, match="holds no annotations"):
        folder_sources(tmp_path)


def test_a_folder_with_something_in_it_and_broken_sources_are_refused(tmp_path):
    one = source(tmp_path, "a")
    with pytest.raises(InputError, match="is not empty"):
        mix([one], tmp_path / "a")
    (one.images / "set" / "001.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match=r"001.jpg: cannot be read as an image"):
        mix([one], tmp_path / "mix")
    assert not (tmp_path / "mix").exists()


def test_a_mix_trains_and_unlabelled_keypoints_have_no_gradient(three, tmp_path):
    from spinepose.coco import load_coco
    from spinepose.config import TrainConfig
    from spinepose.data import CropDataset, PersonImages, collate, list_people
    from spinepose.losses import Logits, heatmap_loss, positional, spine_terms
    from spinepose.model.simcc import encode
    from spinepose.model.weights import load_checkpoint
    from spinepose.skeleton import SPINE_CHAIN, indices
    from spinepose.train import run_training

    out = tmp_path / "mix"
    mix(three, out, MixOptions(val_fraction=0.3))
    labels = {s: out / "annotations" / f"person_keypoints_{s}-mix.json" for s in ("train", "val")}
    config = TrainConfig(
        input_size=(32, 64), batch_size=4, teacher_samples=8, student_samples=8, evaluations=1,
        head_warmup_steps=2, precision="fp32", evaluation_people=2,
    )  # fmt: skip
    summary = run_training(config, labels["train"], labels["val"], out / "images", tmp_path / "train")
    assert summary["student"]["samples_seen"] >= 8
    assert np.isfinite(summary["student"]["val_loss_last"])
    meta = dict(load_checkpoint(tmp_path / "train" / "student.pt").meta)
    assert meta["fingerprint"]["data_licence"] == "CC0-1.0"

    people = list_people(load_coco(labels["train"]), out / "images")
    crops = collate([CropDataset(PersonImages(people, (32, 64)))[i] for i in range(len(people))])
    assert {17, 23, 37} <= set(crops.labelled.sum(dim=1).tolist())
    generator = torch.Generator().manual_seed(0)
    shape = (len(people), 37)
    logits = Logits(*(torch.randn(*shape, 2 * n, generator=generator, requires_grad=True) for n in (32, 64)))
    heatmaps = torch.randn(*shape, 4, 2, generator=generator, requires_grad=True)
    weights = crops.labelled.float()
    target = Logits(*encode(crops.keypoints_px, (32, 64)))
    terms = {
        "positional": positional(logits, target, weights),
        "auxiliary": heatmap_loss(heatmaps, crops.keypoints_px, weights, 16, 12.0),
        **spine_terms(
            logits, crops.keypoints_px, crops.labelled, crops.box_size_px, torch.tensor(indices(SPINE_CHAIN))
        ),
    }
    sum(terms.values()).backward()
    for tensor in (logits.x, logits.y, heatmaps):
        size = tensor.grad.flatten(2).abs().amax(dim=2)
        assert (size[~crops.labelled] == 0).all()
        assert (size[crops.labelled] > 0).all()
