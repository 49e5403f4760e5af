"""Exports, each loaded by its own library through the script that shows it."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines.cli import main as spineforge
from pipelines.dataset_report import _worst
from pipelines.export_dataset import export_dataset
from pipelines.tables import write_table
from spinepose.coco_stream import CocoWriter
from spinepose.errors import InputError
from spinepose.skeleton import COCO17_NAMES, FLIP, NAMES, coco_category

EXAMPLES = Path(__file__).parents[2] / "examples"
K = [[100.0, 0, 40], [0, 100.0, 30], [0, 0, 1]]


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two splits; the annotations of train do not stand in the order of its pictures."""
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(0)
    info = {"licence": "CC0-1.0", "sources": [{"name": "made", "licence": "CC0-1.0", "url": ""}]}
    for split, owners in (("train-synth", [1, 2, 1]), ("val-synth", [1])):
        path = folder / "annotations" / f"person_keypoints_{split}.json"
        extras = []
        with CocoWriter(path, info=info, licenses=[], categories=[coco_category()]) as writer:
            for image in sorted(set(owners)):
                name = f"{split}/a.{image}.jpg"
                (folder / "images" / split).mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / "images" / name), np.full((60, 80, 3), 40 * image, np.uint8))
                writer.add_image({"id": image, "file_name": name, "width": 80, "height": 60})
            for number, image in enumerate(owners, 1):
                points = rng.uniform([-0.3, -0.2, 1], [0.3, 0.2, 1], (37, 3))
                flat = points @ np.transpose(K)
                flat[:, 2] = 2
                flat[5] = 0
                annotation = {"id": number, "image_id": image, "category_id": 1, "area": 900 + number}
                writer.add_annotation(
                    {
                        **annotation,
                        "bbox": [-4, 6, 44, 30],
                        "iscrowd": int(number == 3),
                        "num_keypoints": 36,
                        "keypoints": flat.ravel().tolist(),
                    }
                )
                row = {"annotation_id": number, "image_id": image, "subject_id": f"b{number}"}
                extras.append({**row, "keypoints_cam_m": points.ravel(), "K": np.ravel(K)})
        write_table(path.with_suffix(".extras.parquet"), pd.DataFrame(extras))
    return folder


@pytest.mark.parametrize("kind", ["coco", "webdataset", "parquet"])
def test_its_own_library_loads_everybody(dataset, tmp_path, kind):
    command = ["dataset", "export", "--dataset", str(dataset), "--format", kind]
    assert spineforge([*command, "--out", str(tmp_path / "x")]) == 0
    assert example(f"load_{kind}").main(tmp_path / "x") == 4
    about = json.loads((tmp_path / "x" / "about.json").read_text())
    assert about["licence"] == "CC0-1.0"
    assert about["keypoints"] == list(NAMES)


def test_parquet_holds_the_3d_that_meets_the_labels(dataset, tmp_path):
    export_dataset(dataset, tmp_path / "x", "parquet")
    table = pd.read_parquet(tmp_path / "x" / "train-synth.parquet")
    assert table.subject_id.tolist() == ["b1", "b2", "b3"]
    assert max(example("load_parquet").largest_miss_px(row) for _, row in table.iterrows()) < 1e-4


def test_yolo_text_gives_the_labels_back(dataset, tmp_path):
    export_dataset(dataset, tmp_path / "x", "yolo")
    data = yaml.safe_load((tmp_path / "x" / "data.yaml").read_text())
    assert data["kpt_shape"] == [37, 3]
    assert data["flip_idx"] == FLIP.tolist()
    assert (data["train"], data["val"]) == (["images/train-synth"], ["images/val-synth"])
    lines = (tmp_path / "x" / "labels" / "train-synth" / "a.1.txt").read_text().splitlines()
    assert len(lines) == 1, "the crowd has to be left out"
    numbers = np.array(lines[0].split(), float)
    assert numbers[:5] == pytest.approx([0, 20 / 80, 21 / 60, 40 / 80, 30 / 60])
    document = json.loads((dataset / "annotations" / "person_keypoints_train-synth.json").read_text())
    want = np.reshape(document["annotations"][0]["keypoints"], (37, 3))
    assert numbers[5:].reshape(37, 3) * [80, 60, 1] == pytest.approx(want, abs=1e-4)
    assert (tmp_path / "x" / "images" / "train-synth" / "a.1.jpg").exists()


def test_equal_data_give_equal_shards(dataset, tmp_path):
    for name in ("a", "b"):
        export_dataset(dataset, tmp_path / name, "webdataset")
    shards = [(tmp_path / n / "train-synth" / "train-synth-000000.tar").read_bytes() for n in "ab"]
    assert shards[0] == shards[1]


def test_what_cannot_be_exported_leaves_nothing(dataset, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        export_dataset(dataset, tmp_path / "there", "coco")
    with pytest.raises(InputError, match=r"no annotations/\*\.json"):
        export_dataset(tmp_path, tmp_path / "x", "coco")
    broken = tmp_path / "broken"
    with CocoWriter(broken / "annotations" / "a.json", info={}, licenses=[], categories=[]) as writer:
        writer.add_image({"id": 1, "file_name": "../../secret.jpg", "width": 8, "height": 8})
    with pytest.raises(InputError, match="leads out of"):
        export_dataset(broken, tmp_path / "x", "webdataset")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "there"]


def test_the_report_shows_everybody_on_one_page(dataset, tmp_path):
    page = tmp_path / "report.html"
    assert spineforge(["dataset", "report", "--dataset", str(dataset), "--out", str(page)]) == 0
    text = page.read_text()
    assert "<td>train-synth</td><td>3</td><td>2</td><td>3</td><td>1</td>" in text
    assert "By the share of hidden keypoints" in text  # the worst this dataset can tell of
    assert "stated uncertainty of the spine" in text.split("not shown:")[1]
    assert text.count("<figure>") == 2 * 4, "all four people among the worst and among those at random"
    assert text.count('src="data:image/') == 2 * 4 + 2
    assert "http" not in text


def test_the_worst_are_few_of_one_body_and_in_order():
    people = pd.DataFrame(
        {"split": "train", "subject_id": ["a"] * 6 + ["b"] * 2, "bad": [9, 8, 7, 6, 5, 4, 3, np.nan]}
    )
    assert _worst(people, "bad").bad.tolist() == [9, 8, 7, 3]
    assert _worst(people.drop(columns="subject_id"), "bad").bad.tolist() == [9, 8, 7, 6, 5, 4, 3]


@pytest.fixture
def published(dataset, tmp_path):
    """The same people in COCO's and SpineTrack's layout: names leave the split out, no extras; one has 17 points."""
    folder = tmp_path / "published"
    for split, names in (("train-synth", NAMES), ("val-synth", COCO17_NAMES)):
        content = json.loads((dataset / "annotations" / f"person_keypoints_{split}.json").read_text())
        content["categories"][0]["keypoints"] = list(names)
        for row in content["images"]:
            row["file_name"] = row["file_name"].split("/")[1]
        for row in content["annotations"]:
            row |= {"keypoints": row["keypoints"][: 3 * len(names)], "num_keypoints": len(names) - 1}
        path = folder / "annotations" / f"person_keypoints_{split}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    shutil.copytree(dataset / "images", folder / "images")
    return folder


def test_pictures_of_the_published_layout_are_found(published, tmp_path):
    command = ["dataset", "export", "--dataset", str(published), "--format", "coco"]
    assert spineforge([*command, "--out", str(tmp_path / "x")]) == 0
    names = sorted(p.relative_to(tmp_path / "x").as_posix() for p in (tmp_path / "x").rglob("*.jpg"))
    assert names == [f"images/{name}.jpg" for name in ("train-synth/a.1", "train-synth/a.2", "val-synth/a.1")]
    page = tmp_path / "page.html"
    assert spineforge(["dataset", "report", "--dataset", str(published), "--out", str(page)]) == 0
    assert "share of hidden keypoints" in page.read_text()


def test_the_extras_join_in_one_line(dataset):
    """As examples/load_coco.py and docs/dataset.md show it."""
    table = example("load_coco").with_extras(dataset / "annotations" / "person_keypoints_train-synth.json")
    assert table.index.tolist() == [1, 2, 3]
    assert table.subject_id.tolist() == ["b1", "b2", "b3"]
    assert [len(k) for k in table.keypoints] == [111] * 3
    assert np.reshape(table.K[2], (3, 3)) == pytest.approx(np.array(K))
