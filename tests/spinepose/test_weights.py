from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from spinepose.errors import InputError
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import grow, load_by_name, load_checkpoint, save_checkpoint
from spinepose.skeleton import HALPE26_NAMES, INDEX, NAMES

SIZE = (64, 64)


@pytest.fixture
def teacher() -> PoseModel:
    model = PoseModel("t", 26, SIZE)
    initialise(model, 3)
    return model.eval()


def test_round_trip_gives_the_same_outputs(teacher: PoseModel, tmp_path: Path):
    save_checkpoint(tmp_path / "a.pt", teacher, HALPE26_NAMES, {"note": 1})
    loaded = load_checkpoint(tmp_path / "a.pt")
    image = torch.randn(1, 3, 64, 64)
    for ours, saved in zip(loaded.model(image), teacher(image), strict=True):
        torch.testing.assert_close(ours, saved - saved.mean(dim=-1, keepdim=True), atol=1e-4, rtol=0)
    assert (loaded.names, loaded.own_labels, loaded.meta["note"]) == (HALPE26_NAMES, True, 1)


def test_wherever_training_left_the_level_peaks_are_positive_and_nothing_else_changes(
    teacher: PoseModel, tmp_path: Path
):
    """RTMPose's clients discard a keypoint whose logits peak at or under zero."""
    image = torch.randn(2, 3, 64, 64)
    save_checkpoint(tmp_path / "a.pt", teacher, HALPE26_NAMES)
    with torch.no_grad():
        # The mean token moves the level of all bins alike: down by far more than any peak rises.
        tokens = teacher.head.gau(
            teacher.head.mlp(teacher.head.keypoint_maps(teacher.backbone(image)[-1]).flatten(2))
        )
        low = -100 * tokens.mean(dim=(0, 1)) / tokens.mean(dim=(0, 1)).square().sum()
        for classifier in (teacher.head.cls_x, teacher.head.cls_y):
            classifier.weight += low
    assert teacher(image)[0].amax(dim=-1).mean() < 0
    save_checkpoint(tmp_path / "b.pt", teacher, HALPE26_NAMES)
    outputs = [load_checkpoint(tmp_path / f"{name}.pt").model(image) for name in "ab"]
    for first, second in zip(*outputs, strict=True):
        torch.testing.assert_close(first, second, atol=1e-3, rtol=0)
        assert (second.amax(dim=-1) > 0).all()


def test_a_grown_student_keeps_its_teacher_rows(teacher: PoseModel):
    student = grow(teacher)
    rows, known = student.head.final_layer.weight, teacher.head.final_layer.weight
    assert torch.equal(rows[:26], known)
    assert torch.equal(rows[INDEX["spine_01"]], known[INDEX["hip"]])
    assert torch.allclose(rows[INDEX["spine_03"]], (known[INDEX["hip"]] + known[INDEX["neck"]]) / 2)
    assert torch.equal(student.head.cls_x.weight, teacher.head.cls_x.weight)


def test_published_state_dict_loads_by_name(teacher: PoseModel, tmp_path: Path):
    torch.save({"state_dict": {**teacher.state_dict(), "head.loss.w": torch.zeros(1)}}, tmp_path / "mm.pth")
    loaded = load_checkpoint(tmp_path / "mm.pth")
    assert (loaded.model.size, loaded.model.input_size, loaded.names) == ("t", SIZE, HALPE26_NAMES)
    assert not loaded.own_labels
    assert "1 unexpected" in loaded.meta["load_report"]


def test_report_names_what_did_not_fit(teacher: PoseModel):
    state = dict(teacher.state_dict())
    state["head.cls_x.weight"] = torch.zeros(3, 3)
    del state["head.mlp.1.weight"]
    report = load_by_name(PoseModel("t", 37, SIZE), state)
    assert report.missing == ("head.mlp.1.weight",)
    assert set(report.grown) == {"head.final_layer.weight", "head.final_layer.bias"}
    assert [entry.split()[0] for entry in report.mismatched] == ["head.cls_x.weight"]


def test_checkpoint_of_another_skeleton_is_one_line(teacher: PoseModel, tmp_path: Path):
    save_checkpoint(tmp_path / "a.pt", teacher, HALPE26_NAMES)
    with pytest.raises(InputError, match=r"another skeleton, 26 keypoints.*expected 37") as caught:
        load_checkpoint(tmp_path / "a.pt", NAMES)
    assert "\n" not in str(caught.value)
    save_checkpoint(tmp_path / "b.pt", PoseModel("t", 37, SIZE), NAMES[::-1])
    with pytest.raises(InputError, match="another skeleton"):
        load_checkpoint(tmp_path / "b.pt", NAMES)


def test_cut_off_and_foreign_files(teacher: PoseModel, tmp_path: Path):
    path = tmp_path / "a.pt"
    save_checkpoint(path, teacher, HALPE26_NAMES)
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(InputError, match=r"damaged|refused"):
        load_checkpoint(path)
    with pytest.raises(InputError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "none.pt")
    torch.save({"state_dict": {"fc.weight": torch.zeros(2)}}, path)
    with pytest.raises(InputError, match="not an RTMPose checkpoint"):
        load_checkpoint(path)
    torch.save([1, 2], path)
    with pytest.raises(InputError, match="not a checkpoint"):
        load_checkpoint(path)


class _Runs:
    def __reduce__(self):
        return (Path.touch, (Path(self.target),))


def test_a_pickle_that_would_run_code_runs_nothing(tmp_path: Path):
    attack = _Runs()
    attack.target = str(tmp_path / "ran")
    torch.save({"state_dict": {}, "meta": attack}, tmp_path / "evil.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(attack))
    for name in ("evil.pt", "plain.pt"):
        with pytest.raises(InputError, match="refused"):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "ran").exists()
