from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sketches import make_sketch_set

import spinepose.training_loop as training_loop
from spinepose.coco import load_coco
from spinepose.config import AugmentConfig, LossWeights, TrainConfig
from spinepose.data import CropDataset, PersonImages, collate, list_people
from spinepose.distill import NetworkTeacher
from spinepose.errors import InputError, StageError
from spinepose.evaluate import evaluate_checkpoint
from spinepose.model.family import PoseModel, initialise
from spinepose.model.weights import LoadedModel, load_checkpoint, read_dict, save_checkpoint
from spinepose.optim import RunningAverage, make_optimiser, rate_share
from spinepose.shards import replicate, set_mean_gradients
from spinepose.skeleton import HALPE26_NAMES, NAMES
from spinepose.train import run_training
from spinepose.training_log import TrainingLog

TINY = TrainConfig(
    input_size=(32, 64),
    batch_size=4,
    teacher_samples=24,
    student_samples=24,
    evaluations=2,
    log_every=2,
    head_warmup_steps=3,
    precision="fp32",
    evaluation_people=6,
)


def _train(root: Path, out: Path, config: TrainConfig = TINY, **more):
    labels = [root / "annotations" / f"person_keypoints_{split}-synth.json" for split in ("train", "val")]
    return run_training(config, *labels, root / "images", out, **more)


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "metrics.csv").open() as stream:
        return list(csv.DictReader(stream))


class Interrupted(BaseException):
    pass


def test_one_run_writes_everything_by_name(sketch_root: Path, tmp_path: Path):
    calls = []
    summary = _train(sketch_root, tmp_path, progress=lambda *call: calls.append(call))
    assert {"teacher.pt", "student.pt", "last.pt", "metrics.csv", "curves.png", "training.json"} <= {
        p.name for p in tmp_path.iterdir()
    }
    assert json.loads((tmp_path / "training.json").read_text()) == summary
    assert summary["samples_seen"] == 48
    assert set(summary["mean_pose_oks"]) == {"Body", "Feet", "Spine", "Overall"}
    assert calls[-1][:2] == (48, 48)
    terms = {"positional", "distillation", "structure", "smoothness"}
    first_student = next(r for r in _rows(tmp_path) if r["model"] == "student" and r["loss_total"])
    assert all(float(first_student[f"loss_{t}"]) > 0 and float(first_student[f"grad_{t}"]) > 0 for t in terms)
    assert [r["samples"] for r in _rows(tmp_path) if r["model"] == "student" and r["val_oks_spine"]] == [
        "0",
        "12",
        "24",
    ]
    assert load_checkpoint(tmp_path / "student.pt", NAMES).own_labels
    assert load_checkpoint(tmp_path / "teacher.pt", HALPE26_NAMES).model.input_size == (32, 64)


@pytest.mark.parametrize("stop_at", [12, 36])
def test_a_run_cut_off_and_resumed_equals_an_undisturbed_one(sketch_root: Path, tmp_path: Path, stop_at: int):
    def stop(done: int, total: int, words: str) -> None:
        if done >= stop_at:
            raise Interrupted

    config = TINY.model_copy(update={"checkpoint_seconds": 1e-3})  # after every step
    _train(sketch_root, tmp_path / "whole", seed=3)
    with pytest.raises(Interrupted):
        _train(sketch_root, tmp_path / "cut", config, seed=3, progress=stop)
    assert not (tmp_path / "cut" / "student.pt").exists()
    seen = []
    _train(
        sketch_root, tmp_path / "cut", config, seed=3, progress=lambda done, total, words: seen.append(done)
    )
    assert seen[0] > stop_at - 8, "the resumed run began from the start"
    states = [load_checkpoint(tmp_path / run / "student.pt").model.state_dict() for run in ("whole", "cut")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert _rows(tmp_path / "whole") == _rows(tmp_path / "cut")


def test_same_seed_same_weights_other_seed_others(sketch_root: Path, tmp_path: Path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        _train(sketch_root, tmp_path / name, seed=seed)
    a, b, c = (load_checkpoint(tmp_path / n / "student.pt").model.head.cls_x.weight for n in "abc")
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_a_finished_run_is_left_alone_and_other_settings_are_refused(sketch_root: Path, tmp_path: Path):
    _train(sketch_root, tmp_path)
    before = (tmp_path / "student.pt").stat().st_mtime_ns
    _train(sketch_root, tmp_path, TINY.model_copy(update={"workers": 1}))
    assert (tmp_path / "student.pt").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="other settings"):
        _train(sketch_root, tmp_path, TINY.model_copy(update={"learning_rate": 1e-4}))
    (tmp_path / "teacher.pt").unlink()
    with pytest.raises(InputError, match=r"last\.pt: a training of other settings"):
        _train(sketch_root, tmp_path, seed=9)


def test_a_given_teacher_is_used_and_one_that_does_not_fit_is_refused(sketch_root: Path, tmp_path: Path):
    model = PoseModel("t", 26, (32, 64))
    initialise(model, 1)
    save_checkpoint(tmp_path / "t.pt", model, HALPE26_NAMES)
    summary = _train(sketch_root, tmp_path / "out", teacher_checkpoint=tmp_path / "t.pt")
    assert not (tmp_path / "out" / "teacher.pt").exists()
    assert summary["samples_seen"] == 24
    save_checkpoint(tmp_path / "big.pt", PoseModel("t", 26, (64, 64)), HALPE26_NAMES)
    with pytest.raises(InputError, match=r"input is 64x64; set train\.input_size"):
        _train(sketch_root, tmp_path / "out2", teacher_checkpoint=tmp_path / "big.pt")
    save_checkpoint(tmp_path / "odd.pt", PoseModel("t", 26, (32, 64)), NAMES[:5] + NAMES[6:27])
    with pytest.raises(InputError, match="not Halpe's"):
        _train(sketch_root, tmp_path / "out3", teacher_checkpoint=tmp_path / "odd.pt")


def test_a_foreign_teacher_is_believed_less_on_the_axis():
    model = PoseModel("t", 26, (32, 64))
    own, foreign = (
        NetworkTeacher(LoadedModel(model, HALPE26_NAMES, o, {}), 0.1).keypoint_weights for o in (True, False)
    )
    assert torch.equal(own, torch.ones(26))
    lowered = {HALPE26_NAMES[i] for i in torch.nonzero(foreign < 1).flatten()}
    assert lowered == {"head", "neck", "hip"}


def test_nan_stops_with_the_term_and_the_step(sketch_root: Path, tmp_path: Path, monkeypatch):
    def broken(*arguments):
        return torch.tensor(float("nan"))

    real = training_loop.spine_terms
    monkeypatch.setattr(training_loop, "spine_terms", lambda *a: {**real(*a), "smoothness": broken()})
    with pytest.raises(
        StageError, match=r"student: loss term 'smoothness' is not a finite number at step 0"
    ) as caught:
        _train(sketch_root, tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "teacher.pt").exists()


@pytest.mark.parametrize("keep", ["best", "last"])
def test_where_nothing_beats_the_start_it_stays_and_is_told_or_the_last_do(
    sketch_root: Path, tmp_path: Path, monkeypatch, caplog, keep: str
):
    model = PoseModel("t", len(NAMES), TINY.input_size)
    initialise(model, 1)
    start = tmp_path / "start.pt"
    save_checkpoint(start, model, NAMES)
    worse = itertools.count(0, -1)
    monkeypatch.setattr(training_loop, "rank", lambda numbers: (next(worse),))
    config = TINY.model_copy(update={"keep": keep})
    _train(sketch_root, tmp_path / "out", config, init_checkpoint=start, teacher_checkpoint=start)
    # Loading levels the logits: both are compared as loaded.
    before, after = (
        load_checkpoint(path).model.state_dict() for path in (start, tmp_path / "out" / "student.pt")
    )
    unchanged = all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    assert unchanged == (keep == "best")
    assert ("nothing was better than the weights it started from" in caplog.text) == (keep == "best")
    assert _rows(tmp_path / "out")[-1]["best_samples"] == "0"


def test_time_budget_ends_the_training(sketch_root: Path, tmp_path: Path):
    config = TINY.model_copy(update={"max_minutes": 1e-6})
    assert _train(sketch_root, tmp_path, config)["samples_seen"] == 8  # one step each


def test_under_a_time_budget_the_light_augmentation_begins_by_time(
    sketch_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clock = itertools.count(0.0, 0.25)
    monkeypatch.setattr(training_loop.time, "monotonic", lambda: next(clock))
    # 20 of the fake clock's seconds, far from the end of the samples.
    config = TINY.model_copy(update={"max_minutes": 20 / 60, "light_share": 0.25, "student_samples": 100_000})
    summary = _train(sketch_root, tmp_path, config)
    seen, began = summary["student"]["samples_seen"], read_dict(tmp_path / "last.pt")["light_from"]
    assert 0.65 * seen < began < 0.9 * seen, f"light from {began} of {seen} crops"


def test_replicas_share_weights_but_not_statistics():
    modules = torch.nn.ModuleDict({"model": PoseModel("t", 26, (32, 64))})
    first, second = replicate(modules, 2)
    assert first is modules
    assert all(a is b for a, b in zip(first.parameters(), second.parameters(), strict=True))
    pairs = zip(first.buffers(), second.buffers(), strict=True)
    assert not any(a.data_ptr() == b.data_ptr() for a, b in pairs)


def test_mean_gradients_by_hand():
    weights = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1))]
    set_mean_gradients(weights, [(torch.tensor([1.0, 2]), None), (torch.tensor([3.0, 6]), None)])
    assert weights[0].grad.tolist() == [2.0, 4.0]
    assert weights[1].grad is None


def test_mean_gradients_keep_the_memory_layout_of_the_weights():
    weight = torch.nn.Parameter(torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last))
    gradient = torch.randn(8, 4, 3, 3)
    set_mean_gradients([weight], [(gradient,), (gradient,)])
    before = weight.detach().clone()
    torch.optim.AdamW([weight], lr=0.1, weight_decay=0, fused=True).step()
    assert torch.equal((before - weight).sign(), gradient.sign())


def test_rate_rises_stays_and_falls():
    config = TrainConfig(warmup_share=0.1, flat_share=0.5, final_rate_share=0.05)
    shares = [rate_share(f, config) for f in (0.05, 0.1, 0.5, 0.75, 1.0)]
    np.testing.assert_allclose(shares, [0.5, 1, 1, 0.525, 0.05])


def test_norms_and_biases_do_not_decay():
    model = PoseModel("t", 26, (32, 64))
    for name in ("muon", "adamw"):
        *decaying, plain = make_optimiser(
            model, TrainConfig(optimiser=name, weight_decay=0.05), 1e-3
        ).param_groups
        assert {group["weight_decay"] for group in decaying} == {0.05}
        assert plain["weight_decay"] == 0.0
        assert {p.dim() for p in plain["params"]} == {1}
        assert min(p.dim() for group in decaying for p in group["params"]) == 2
        assert sum(len(g["params"]) for g in [*decaying, plain]) == len(list(model.parameters()))


def test_running_average_by_hand():
    model = PoseModel("t", 26, (32, 64))
    average = RunningAverage(model)
    for value in (1.0, 2.0, 6.0):
        with torch.no_grad():
            model.head.mlp[0].g.fill_(value)
        average.update(model, length=2)
    assert float(average.model.head.mlp[0].g) == pytest.approx((1.5 + 6) / 2)


def test_log_forgets_what_came_after_a_cut(tmp_path: Path):
    log = TrainingLog(tmp_path / "m.csv")
    for model, step in (("teacher", 0), ("teacher", 2), ("student", 0), ("student", 2)):
        log.add(model, step, step * 4, {"loss_total": 1.5})
    log.write()
    again = TrainingLog(tmp_path / "m.csv")
    assert again.rows == log.rows
    again.cut("student", 0)
    assert [(r["model"], r["step"]) for r in again.rows] == [("teacher", 0), ("teacher", 2), ("student", 0)]
    again.cut("teacher", 0)
    assert [(r["model"], r["step"]) for r in again.rows] == [("teacher", 0)]


def test_sixteen_people_are_learnt_by_heart(tmp_path: Path):
    """From scratch to Spine AP over 0.95 on the pictures learnt: the whole chain of model, labels, losses works."""
    make_sketch_set(tmp_path, "train-synth", 16, seed=4, subjects=6, size=(96, 112))
    config = TrainConfig(
        input_size=(64, 96),
        batch_size=8,
        shards=1,
        teacher_samples=1200,
        student_samples=1200,
        learning_rate=2e-3,
        evaluations=1,
        augment=AugmentConfig(
            flip=0,
            half_body=0,
            scale=0,
            rotation_deg=0,
            shift=0,
            photometric=0,
            noise=0,
            blur=0,
            compression=0,
            dropout=0,
            anonymous=0,
            limb_motion=0,
        ),
        precision="fp32",
    )
    labels = tmp_path / "annotations" / "person_keypoints_train-synth.json"
    # Held out are the same people: what is learnt by heart is what this is about.
    run_training(config, labels, labels, tmp_path / "images", tmp_path / "out")
    metrics = evaluate_checkpoint(
        tmp_path / "out" / "student.pt", labels, tmp_path / "images", tmp_path / "e", flip_test=False
    )
    assert metrics["subsets"]["Spine"]["AP"] > 0.95
    assert metrics["mean_pose"]["subsets"]["Spine"]["AP"] < 0.9


def test_config_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="multiples of 32"):
        TrainConfig(input_size=(100, 128))
    with pytest.raises(ValueError, match="extra"):
        TrainConfig(learningrate=1)


def test_the_backbone_hears_all_once_the_rate_has_fallen(tmp_path: Path):
    model = PoseModel("t", len(NAMES), TINY.input_size)
    config = TINY.model_copy(update={"backbone_pull": 0.1, "flat_share": 0.5, "batch_size": 1})

    def pull(step: int, own_maps: bool = True) -> float:
        task = training_loop.Task("student", 100, 1e-3, tmp_path, {}, 0, False, own_maps)
        trainer = training_loop.Trainer(task, config, model, None, TrainingLog(tmp_path / "log.csv"))
        trainer.step = step
        return trainer.pull

    assert [pull(step) for step in (0, 50)] == pytest.approx([0.1, 0.1])
    assert pull(75) == pytest.approx(0.55)
    assert pull(100) == pytest.approx(1.0)
    assert pull(0, own_maps=False) == 1.0


def test_a_teacher_without_weight_is_not_asked(sketch_root: Path, tmp_path: Path):
    people = list_people(
        load_coco(sketch_root / "annotations" / "person_keypoints_train-synth.json"), sketch_root / "images"
    )
    crops = collate([CropDataset(PersonImages(people, TINY.input_size))[i] for i in range(4)])
    model = PoseModel("t", len(NAMES), TINY.input_size)
    weights = LossWeights(distillation=0.0)
    task = training_loop.Task("student", 80, 1e-3, tmp_path, {}, 0, False)

    def busy(crops):
        raise AssertionError("asked")

    trainer = training_loop.Trainer(
        task,
        TINY.model_copy(update={"loss_weights": weights}),
        model,
        busy,
        TrainingLog(tmp_path / "log.csv"),
    )
    terms, _ = trainer.terms(trainer.modules, crops)
    assert "distillation" not in terms
    assert {"structure", "smoothness"} <= set(terms)


def test_weight_of_the_body_against_the_rest(sketch_root: Path, tmp_path: Path):
    people = list_people(
        load_coco(sketch_root / "annotations" / "person_keypoints_train-synth.json"), sketch_root / "images"
    )
    crops = collate([CropDataset(PersonImages(people, TINY.input_size))[i] for i in range(4)])
    task = training_loop.Task("student", 80, 1e-3, tmp_path, {}, 0, False)

    def loss(body_weight: float, labelled: slice) -> float:
        model = PoseModel("t", len(NAMES), TINY.input_size)
        initialise(model, 0)
        config = TINY.model_copy(update={"body_weight": body_weight})
        trainer = training_loop.Trainer(task, config, model, None, TrainingLog(tmp_path / "log.csv"))
        own = torch.zeros_like(crops.labelled)
        own[:, labelled] = crops.labelled[:, labelled]
        terms, _ = trainer.terms(trainer.modules, crops._replace(labelled=own))
        return float(terms["positional"].detach())

    everything, body, rest = slice(None), slice(26), slice(26, None)
    assert loss(1e4, everything) == pytest.approx(loss(1, body), rel=1e-3)
    assert loss(1e-4, everything) == pytest.approx(loss(1, rest), rel=1e-3)
    assert loss(5, body) == pytest.approx(loss(1, body))


def test_the_backbone_hears_a_share_of_what_the_logits_ask_for(sketch_root: Path, tmp_path: Path):
    people = list_people(
        load_coco(sketch_root / "annotations" / "person_keypoints_train-synth.json"), sketch_root / "images"
    )
    crops = collate([CropDataset(PersonImages(people, TINY.input_size))[i] for i in range(4)])

    def gradients(pull: float, own_maps: bool = True) -> tuple[float, float]:
        """Largest gradient of the positional term at the last convolution and at the classifier."""
        model = PoseModel("t", len(NAMES), TINY.input_size)
        initialise(model, 0)
        task = training_loop.Task("student", 80, 1e-3, tmp_path, {}, 0, False, own_maps)
        config = TINY.model_copy(update={"backbone_pull": pull})
        trainer = training_loop.Trainer(task, config, model, None, TrainingLog(tmp_path / "log.csv"))
        terms, _ = trainer.terms(trainer.modules, crops)
        assert ("keypoint_map" in terms) == own_maps
        parameters = [model.head.final_layer.weight, model.head.cls_x.weight]
        found = torch.autograd.grad(terms["positional"], parameters, allow_unused=True)
        return tuple(0.0 if g is None else float(g.abs().max()) for g in found)

    none, half, full, foreign = gradients(0), gradients(0.5), gradients(1), gradients(0, own_maps=False)
    assert none[0] == 0.0
    assert half[0] == pytest.approx(0.5 * full[0], rel=1e-3)
    assert none[1] == pytest.approx(full[1], rel=1e-3)
    assert full[0] > 0
    assert foreign[0] == pytest.approx(full[0], rel=1e-3)
