"""Run folders: resume, refusal of changed inputs, failures, content hashes."""

from __future__ import annotations

import json

import pytest

from pipelines.run import hash_tree, open_stage, read_manifest, require_stage
from spinepose.errors import InputError, StageError


def make_parts(stage, names):
    for name in names:
        if not stage.has(name):
            with stage.write_part(name) as folder:
                (folder / "data.txt").write_text(name)


def test_interrupted_part_is_not_present_and_the_rest_is_kept(tmp_path):
    stage = open_stage(tmp_path, "render", {"a": 1}, {}, seed=0)
    make_parts(stage, ["one"])

    def killed_half_way():
        with stage.write_part("two") as folder:
            (folder / "data.txt").write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        killed_half_way()
    again = open_stage(tmp_path, "render", {"a": 1}, {}, seed=0)
    assert again.has("one")
    assert not again.has("two")


def test_resumed_run_hashes_like_an_undisturbed_one(tmp_path):
    broken = open_stage(tmp_path / "a", "render", {}, {}, seed=0)
    make_parts(broken, ["one"])
    (broken.folder / "parts" / ".tmp-two").mkdir()  # what kill -9 leaves behind
    (broken.folder / "parts" / ".tmp-two" / "half").write_text("x")
    resumed = open_stage(tmp_path / "a", "render", {}, {}, seed=0)
    whole = open_stage(tmp_path / "b", "render", {}, {}, seed=0)
    for stage in (resumed, whole):
        make_parts(stage, ["one", "two"])
        stage.finish({"parts": 2}, items=2)
    assert resumed.manifest.content_hash == whole.manifest.content_hash
    assert hash_tree(resumed.folder) == resumed.manifest.content_hash


def test_changed_config_names_the_key_and_start_over_accepts_it(tmp_path):
    open_stage(tmp_path, "render", {"camera": {"fov": 60}}, {}, seed=0)
    with pytest.raises(InputError, match=r"render\.camera\.fov 60 -> 50"):
        open_stage(tmp_path, "render", {"camera": {"fov": 50}}, {}, seed=0)
    assert (
        open_stage(tmp_path, "render", {"camera": {"fov": 50}}, {}, seed=0, start_over=True).manifest.config[
            "camera"
        ]["fov"]
        == 50
    )


def test_changed_input_and_seed_are_named(tmp_path):
    open_stage(tmp_path, "render", {}, {"scenes": "aa"}, seed=0)
    with pytest.raises(InputError, match="input scenes"):
        open_stage(tmp_path, "render", {}, {"scenes": "bb"}, seed=0)
    with pytest.raises(InputError, match="seed 0 -> 1"):
        open_stage(tmp_path, "render", {}, {"scenes": "aa"}, seed=1)


def test_too_many_failures_fail_the_stage_and_stand_in_the_manifest(tmp_path):
    stage = open_stage(tmp_path, "render", {}, {}, seed=0, max_failed_fraction=0.2)
    stage.fail("scene-3", ValueError("no light"))
    with pytest.raises(StageError, match=r"1 of 4 items failed.*scene-3: no light"):
        stage.finish({}, items=4)
    written = json.loads((stage.folder / "manifest.json").read_text())
    assert written["failures"] == [{"item": "scene-3", "stage": "render", "error": "no light"}]
    assert written["status"] == "running"


def test_a_folder_without_a_manifest_is_never_touched(tmp_path):
    (tmp_path / "render").mkdir()
    (tmp_path / "render" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="without a manifest"):
        open_stage(tmp_path, "render", {}, {}, seed=0)
    with pytest.raises(InputError, match="not deleted"):
        open_stage(tmp_path, "render", {}, {}, seed=0, start_over=True)
    assert (tmp_path / "render" / "thesis.txt").read_text() == "mine"


def test_a_missing_stage_says_which_command_makes_it(tmp_path):
    with pytest.raises(InputError, match="spineforge render --run"):
        require_stage(tmp_path, "render")


def test_a_damaged_manifest_is_one_line(tmp_path):
    stage = open_stage(tmp_path, "render", {}, {}, seed=0)
    (stage.folder / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="damaged manifest"):
        read_manifest(stage.folder)
