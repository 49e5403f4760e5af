from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from estimators import make_checkpoint

import spinepose
from spinepose import estimator, packaged
from spinepose.errors import InputError
from spinepose.estimator import SpinePoseEstimator

CARD = {
    "name": "spineforge-t",
    "version": "1",
    "licence": "Apache-2.0",
    "intended_use": "tests",
    "limits": "knows nothing",
    "training_data": "none",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "card.json").write_text(json.dumps(CARD))
    checkpoint = make_checkpoint(tmp_path / "student.pt")
    metrics = {"subsets": {"Spine": {"AP": 0.5, "AR": None}}}
    packaged.pack_model(checkpoint, tmp_path / "card.json", metrics, folder=tmp_path / "weights")
    return tmp_path / "weights"


def test_without_a_packaged_model_one_line_says_what_to_do(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(estimator, "default_model", lambda: packaged.default_model(tmp_path))
    with pytest.raises(InputError, match=r"give one, SpinePoseEstimator\('student.pt'\)") as caught:
        SpinePoseEstimator()
    assert "\n" not in str(caught.value)


def test_the_packaged_model_is_the_default(monkeypatch, folder: Path):
    monkeypatch.setattr(estimator, "default_model", lambda: packaged.default_model(folder))
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    keypoints, scores = spinepose.SpinePoseEstimator()(image)
    assert (keypoints.shape, scores.shape) == ((1, 37, 2), (1, 37))
    full, _ = SpinePoseEstimator(folder.parent / "student.pt")(image)
    assert np.median(np.abs(full - keypoints)) < 1.0  # half precision moves few peaks


def test_half_precision_halves_the_file_and_the_card_tells(folder: Path):
    sizes = [path.stat().st_size for path in (folder / "default.pt", folder.parent / "student.pt")]
    assert sizes[0] < 0.55 * sizes[1]
    card = packaged.read_card(folder / "default.json")
    assert (card.size, card.input_size, len(card.keypoint_names)) == ("t", (64, 96), 37)
    text = (folder / "MODEL_CARD.md").read_text()
    assert "Apache-2.0" in text
    assert "| Spine | 0.500 | - |" in text


def test_other_weights_than_the_card_s_are_refused(folder: Path):
    make_checkpoint(folder / "default.pt")
    with pytest.raises(InputError, match="not the file that its card describes"):
        packaged.default_model(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"licence": ""}, "field 'licence'"), ({"colour": 1}, "field 'colour'"), (None, "as JSON")],
)
def test_bad_cards_are_one_line(change: dict | None, words: str, tmp_path: Path):
    (tmp_path / "card.json").write_text("{" if change is None else json.dumps(CARD | change))
    with pytest.raises(InputError, match=words):
        packaged.pack_model(tmp_path / "none.pt", tmp_path / "card.json", folder=tmp_path)


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, spinepose; print(sorted({'torch', 'cv2', 'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        spinepose.nothing  # noqa: B018


@pytest.mark.parametrize("image", [None, np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), "a.png"])
def test_what_is_no_picture_is_refused_in_one_line(image, folder: Path):
    with pytest.raises(InputError, match=r"picture"):
        SpinePoseEstimator(folder / "default.pt")(image)
