from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sketches import make_sketch_set

from pipelines.train import hide_body, own_labels, run_teacher
from spinepose.ablate import run_ablation, table_lines, variants
from spinepose.coco import load_coco
from spinepose.config import LossWeights, TrainConfig
from spinepose.errors import InputError
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import save_checkpoint
from spinepose.skeleton import HALPE26_NAMES, NAMES, SPINE_CHAIN

# Two rows instead of five: distillation alone can be taken away.
TINY = TrainConfig(
    input_size=(32, 64),
    batch_size=4,
    teacher_samples=0,
    student_samples=8,
    evaluations=1,
    evaluation_people=2,
    head_warmup_steps=0,
    precision="fp32",
    loss_weights=LossWeights(structure=0, smoothness=0, auxiliary=0),
)


def test_five_rows_each_without_one_term():
    rows = variants(TrainConfig())
    assert list(rows) == [
        "all terms", "without distillation", "without structure", "without smoothness", "without auxiliary",
    ]  # fmt: skip
    for name, config in list(rows.items())[1:]:
        term = name.removeprefix("without ")
        weights = config.loss_weights.model_dump()
        assert weights.pop(term) == 0
        assert weights == {k: v for k, v in LossWeights().model_dump().items() if k != term}


def test_an_ablation_shares_its_teacher_goes_on_where_it_was_cut_off_and_tells_the_spread(
    sketch_root: Path, tmp_path: Path
):
    labels = [sketch_root / "annotations" / f"person_keypoints_{s}-synth.json" for s in ("train", "val")]
    model = PoseModel("t", 26, (32, 64))
    initialise(model, 0)
    save_checkpoint(tmp_path / "teacher.pt", model, HALPE26_NAMES)

    class Cut(BaseException):
        pass

    def stop(done: int, total: int, words: str) -> None:
        assert total == 4
        if done == 3:
            raise Cut

    def ablate(progress=None):
        out, teacher = tmp_path / "out", tmp_path / "teacher.pt"
        return run_ablation(TINY, *labels, sketch_root / "images", out, teacher, (0, 1), None, progress)

    with pytest.raises(Cut):
        ablate(stop)
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/student.pt")}
    assert len(done) == 3
    table = ablate()
    assert {path: path.stat().st_mtime_ns for path in done} == done, "a finished training was done again"
    assert [row["variant"] for row in table] == ["all terms", "without distillation"]
    with (tmp_path / "out" / "ablation.csv").open() as stream:
        written = list(csv.DictReader(stream))
    assert float(written[1]["OKS spine_mean"]) == pytest.approx(table[1]["OKS spine_mean"], abs=1e-4)
    assert {row["seeds"] for row in written} == {"2"}
    assert not list(tmp_path.glob("out/teacher*")), "a given teacher needs no other"


def test_the_table_gives_means_spreads_and_differences():
    rows = [
        {"variant": "all terms", "seeds": 3, "OKS spine_mean": 0.9, "OKS spine_sd": 0.01},
        {"variant": "without structure", "seeds": 3, "OKS spine_mean": 0.86, "OKS spine_sd": 0.02},
    ]
    lines = list(table_lines(rows))
    assert lines[2:4] == [
        "| all terms | 0.900 ± 0.010 |", "| without structure | 0.860 ± 0.020 (-0.040) |",
    ]  # fmt: skip


def test_one_seed_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="two seeds or more"):
        run_ablation(TINY, "a", "b", "c", tmp_path, seeds=(4, 4))


def test_hiding_the_body_leaves_the_spine(sketch_root: Path, tmp_path: Path):
    source = sketch_root / "annotations" / "person_keypoints_val-synth.json"
    before, after = load_coco(source), load_coco(hide_body(source, tmp_path))
    kept = [name not in HALPE26_NAMES or name in SPINE_CHAIN for name in NAMES]
    for old, new in zip(before.annotations, after.annotations, strict=True):
        np.testing.assert_array_equal(new.keypoints[kept], old.keypoints[kept])
        assert not new.keypoints[np.logical_not(kept)].any()
    assert sum(kept) == 9 + 4


def test_labels_of_one_s_own_are_split_once_and_a_run_without_a_training_has_no_teacher(tmp_path: Path):
    labels = make_sketch_set(tmp_path, "mine", 12, seed=3)
    train, val, images = own_labels(labels, tmp_path / "images", tmp_path / "out", None)
    assert (len(load_coco(train).images), len(load_coco(val).images)) == (11, 1)
    assert own_labels(labels, images, tmp_path / "out", val) == (labels, val, images)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "teacher.pt").write_bytes(b"half written")
    assert run_teacher(tmp_path) is None
