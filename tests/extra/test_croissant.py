"""The card's metadata in the library that defines it, in an environment of its own: its type stubs would move mypy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipelines.card import write_card
from spinepose.coco_stream import CocoWriter
from spinepose.skeleton import coco_category

pytestmark = pytest.mark.extra
PYTHON = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"
READ = """
import sys
import mlcroissant
dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
print([record["train-people/id"] for record in dataset.records(record_set="train-people")])
"""


def test_mlcroissant_validates_the_card_and_reads_the_people(tmp_path):
    info = {"licence": "CC0-1.0", "sources": []}
    path = tmp_path / "annotations" / "person_keypoints_train.json"
    with CocoWriter(path, info=info, licenses=[], categories=[coco_category()]) as writer:
        writer.add_image({"id": 1, "file_name": "train/a.jpg", "width": 8, "height": 8})
        for number in (1, 2):
            writer.add_annotation(
                {"id": number, "image_id": 1, "bbox": [0, 0, 4, 4], "keypoints": [1, 1, 2] * 37}
            )
    write_card(tmp_path)
    command = [PYTHON, "-c", READ, tmp_path / "croissant.json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[1, 2]"
