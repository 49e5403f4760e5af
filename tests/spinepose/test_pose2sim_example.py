"""The skeleton in the example's config names our keypoints, each once, and follows the spine."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from spinepose.skeleton import INDEX, SPINE_CHAIN

CONFIG = Path(__file__).parents[2] / "examples" / "pose2sim" / "Config.toml"
# What Pose2Sim calls a keypoint, where it is not our name in capitals: its stages look for these.
THEIRS = {
    "Hip": "hip", "Neck": "neck", "Head": "head", "Nose": "nose", "L5": "spine_01", "L3": "spine_02",
    "T12": "spine_03", "T8": "spine_04", "T3": "spine_05", "C3": "neck_02", "C1": "neck_03",
    **{
        f"{side[0].upper()}{theirs}": f"{side}_{ours}"
        for side in ("left", "right")
        for theirs, ours in (
            ("Hip", "hip"), ("Knee", "knee"), ("Ankle", "ankle"), ("BigToe", "big_toe"),
            ("SmallToe", "small_toe"), ("Heel", "heel"), ("Shoulder", "shoulder"), ("Elbow", "elbow"),
            ("Wrist", "wrist"), ("Latissimus", "latissimus"), ("Clavicle", "clavicle"),
        )
    },
}  # fmt: skip


@pytest.fixture
def config() -> dict:
    return tomllib.loads(CONFIG.read_text("utf-8"))


def _walk(node: dict, parent: str | None = None):
    yield node["name"], node["id"], parent
    for child in node.get("children", ()):
        yield from _walk(child, node["name"])


def test_every_name_has_its_number(config: dict):
    [root] = config["pose"][config["pose"]["pose_model"]]
    rows = list(_walk(root))
    assert {name: number for name, number, _ in rows} == {n: INDEX[ours] for n, ours in THEIRS.items()}
    assert len({number for _, number, _ in rows}) == len(rows) == 33  # all but eyes and ears


def test_the_spine_is_one_branch_from_the_sacrum_up(config: dict):
    [root] = config["pose"]["SPINETRACK_37"]
    parents = {THEIRS[name]: parent and THEIRS[parent] for name, _, parent in _walk(root)}
    assert [parents[name] for name in SPINE_CHAIN] == [None, *SPINE_CHAIN[:-1]]


def test_the_mode_is_the_dictionary_that_rtmlib_takes(config: dict):
    mode = ast.literal_eval(config["pose"]["mode"])
    assert (mode["pose_class"], mode["det_class"]) == ("RTMPose", "YOLOX")
    assert mode["pose_input_size"] == [192, 256]
