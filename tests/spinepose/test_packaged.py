from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators import make_checkpoint

import spinepose
from pipelines import package
from spinepose import estimator, packaged
from spinepose.errors import InputError
from spinepose.estimator import SpinePoseEstimator
from spinepose.model.weights import read_dict, save_dict
from spinepose.model_card import card_text, fields_of_training, read_card

CARD = {"name": "spineforge-t", "version": "1", "licence": "Apache-2.0", "training_data": "none"}
METRICS = {
    "people": 8,
    "subsets": {"Spine": {"AP": 0.5, "AR": None}},
    "mean_oks": {"Spine": 0.25},
    "spine_error_mm": {
        "all": {"median": 14.2, "p95": 44.0, "count": 72},
        "by_view": {"front": {"median": 12.0, "p95": 30.0, "count": 9}, "left": {"count": 0}},
        "flexed_or_bent": {"median": 21.5, "p95": 60.1, "count": 9},
    },
    "ridge": {"all": {"margin": 0.41}, "flexed_or_bent": {"margin": -0.02}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint = make_checkpoint(tmp_path / "student.pt")
    packaged.save_half(checkpoint, tmp_path / "half.pt")
    packaged.pack_model(tmp_path / "half.pt", CARD | {"metrics": METRICS}, tmp_path / "weights")
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


def test_a_model_that_is_shipped_is_whole():
    """Whatever lies in the package is what its card says; a version without a model has none of the three files."""
    files = [packaged.FOLDER / name for name in (packaged.WEIGHTS, packaged.CARD, packaged.CARD_TEXT)]
    if not any(path.exists() for path in files):
        return
    assert packaged.default_model().stat().st_size < 10e6
    card = read_card(files[1])
    assert card.licence in files[2].read_text("utf-8")
    keypoints, _ = SpinePoseEstimator()(np.full((64, 48, 3), 128, np.uint8))
    assert keypoints.shape == (1, 37, 2)


def test_half_precision_halves_the_file_and_the_card_tells(folder: Path):
    sizes = [path.stat().st_size for path in (folder / "default.pt", folder.parent / "student.pt")]
    assert sizes[0] < 0.55 * sizes[1]
    card = read_card(folder / "default.json")
    assert (card.size, card.input_size, len(card.keypoint_names)) == ("t", (64, 96), 37)
    text = (folder / "MODEL_CARD.md").read_text()
    for words in (
        "Licence of the weights: Apache-2.0.",
        "Not for diagnosis",
        card.sha256,
        "| Spine | 0.500 | - | 0.250 |",
        "| all | 14.2 | 44.0 |",
        "| seen from: front | 12.0 | 30.0 |",
        "| flexed over 30° or bent over 15° | 21.5 | 60.1 |",
        "41% below that of a linear",
        "2% above that of a linear",
    ):
        assert words in text
    assert "seen from: left" not in text  # nobody


def test_running_variances_beyond_half_precision_survive_and_weights_beyond_it_are_refused(tmp_path: Path):
    checkpoint = make_checkpoint(tmp_path / "student.pt")
    content = read_dict(checkpoint)
    content["state_dict"]["backbone.stem.0.bn.running_var"].fill_(1e6)  # half precision ends at 65504
    save_dict(checkpoint, content)
    packaged.save_half(checkpoint, tmp_path / "half.pt")
    kept = read_dict(tmp_path / "half.pt")["state_dict"]
    assert kept["backbone.stem.0.bn.running_var"].unique().tolist() == [1e6]
    assert kept["backbone.stem.0.conv.weight"].dtype == torch.float16
    content["state_dict"]["backbone.stem.0.conv.weight"].fill_(1e6)
    save_dict(checkpoint, content)
    with pytest.raises(InputError, match=r"stem.0.conv.weight' is too large"):
        packaged.save_half(checkpoint, tmp_path / "half.pt")


def test_a_run_s_student_is_packed_with_what_training_and_evaluation_say(
    sketch_root: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(package, "require_stage", lambda run, name: (sketch_root, None))
    checkpoint = make_checkpoint(tmp_path / "student.pt")
    (tmp_path / "card.json").write_text('{"limits": "knows nothing"}')
    with pytest.raises(InputError, match="field 'training_data'"):
        package.package(checkpoint, tmp_path, None, tmp_path / "weights")  # nothing tells how it was made
    assert not (tmp_path / "weights").exists()
    summary = {"train_people": 32, "val_people": 8, "student": {"samples_seen": 24}}
    (tmp_path / "training.json").write_text(json.dumps(summary))
    path = package.package(checkpoint, tmp_path, tmp_path / "card.json", tmp_path / "weights")
    assert path == packaged.default_model(tmp_path / "weights")
    card = read_card(path.with_name("default.json"))
    assert (card.name, card.limits, card.metrics["people"]) == ("spineforge-t", "knows nothing", 8)
    assert card.half_precision["people"] == 8
    assert card.half_precision["within_1_px"] > 0.9
    assert card.measure_errors["measures"]["trunk_lean_deg"]["count"] == 8
    assert "The student saw 24 crops." in path.with_name("MODEL_CARD.md").read_text()


def test_the_licence_of_the_labels_stays_with_the_weights(tmp_path: Path):
    checkpoint = make_checkpoint(tmp_path / "student.pt")
    mark = {"data_licence": "CC-BY-4.0", "seed": 3, "config": {"size": "t"}, "train_labels": "ab"}
    save_dict(checkpoint, read_dict(checkpoint) | {"meta": {"fingerprint": mark}})
    packaged.save_half(checkpoint, tmp_path / "half.pt")
    assert read_dict(tmp_path / "half.pt")["meta"] == {"data_licence": "CC-BY-4.0"}
    summary = {"train_people": 60, "val_people": 7, "student": {"samples_seen": 1200}}
    fields = fields_of_training(read_dict(checkpoint), summary)
    assert (fields["licence"], fields["training"]["seed"], fields["training"]["student_crops"]) == (
        "CC-BY-4.0", 3, 1200,
    )  # fmt: skip
    assert fields["training_data"].startswith("60 labelled people; 7 others held out.")


def test_a_card_tells_what_was_in_sight(folder: Path):
    card = read_card(folder / "default.json")
    sight = {
        name: {"AP": ap, "hidden_share": share}
        for name, ap, share in (("Body", 0.5, 0.333), ("Feet", None, 0.1))
    }
    text = card_text(card.model_copy(update={"metrics": {"people": 3, "in_sight": sight}}))
    assert (
        "AP of the keypoints in sight alone: Body 0.500 (33% of its labels are hidden), Feet - (10%)." in text
    )


def test_a_card_says_that_a_training_went_on_from_other_weights(folder: Path):
    card = read_card(folder / "default.json")
    for init, words in (("", "The student saw 1,200 crops."), ("ab", "crops, from weights trained before.")):
        mark = {"fingerprint": {"init": init}}
        summary = {"train_people": 60, "val_people": 7, "student": {"samples_seen": 1200}}
        training = fields_of_training({"meta": mark}, summary)["training"]
        assert words in card_text(card.model_copy(update={"training": training}))


def test_other_weights_than_the_card_s_are_refused(folder: Path):
    make_checkpoint(folder / "default.pt")
    with pytest.raises(InputError, match="not the file that its card describes"):
        packaged.default_model(folder)


@pytest.mark.parametrize(
    ("change", "words"), [({"licence": ""}, "field 'licence'"), ({"colour": 1}, "field 'colour'")]
)
def test_bad_cards_are_one_line_and_leave_the_packaged_model_alone(change: dict, words: str, folder: Path):
    with pytest.raises(InputError, match=words):
        packaged.pack_model(folder.parent / "half.pt", CARD | change, folder)
    assert packaged.default_model(folder).is_file()


def test_a_card_that_is_no_json_is_one_line(folder: Path):
    (folder / "default.json").write_text("{")
    with pytest.raises(InputError, match="as JSON"):
        packaged.default_model(folder)


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
