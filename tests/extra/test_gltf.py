"""An exported person in other people's glTF readers: Khronos' validator and Babylon.js."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from opensim_models.markers import MARKER_NAMES
from spinepose.rng import rng_for
from synth.body.character import build_character
from synth.body.population import sample_subject
from synth.export_gltf import export_character
from synth.motion.procedural import MOTIONS
from synth.world.clip_fit import ClipFit
from synth.world.clips import rest_clip

pytestmark = pytest.mark.extra

TOOLS = Path(__file__).parent / "gltf"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    character = build_character(sample_subject(rng_for(6, "subject", 0), "b00000"))
    clip = MOTIONS["throw"](rng_for(6, "clip", 0))
    path = tmp_path_factory.mktemp("gltf") / "person.glb"
    export_character(character, {"throw": clip}, path)
    return character, clip, path


def _node(script, *arguments):
    command = ["node", str(TOOLS / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def test_the_official_validator_reports_no_errors(exported):
    report = json.loads(_node("validate.mjs", exported[2]))
    assert report["info"]["maxInfluences"] == 8
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"]
    assert report["issues"]["numWarnings"] == 0, report["issues"]["messages"]


def test_babylon_skins_it_to_the_person_of_the_world(exported, tmp_path):
    character, clip, path = exported
    frames = np.linspace(0, clip.num_frames - 1, 10).astype(int)
    _node("skin.mjs", path, tmp_path / "skinned.json", *(frames / clip.fps))
    answer = json.loads((tmp_path / "skinned.json").read_text())
    assert answer["name"] == "throw"
    fit = ClipFit(clip, character, rest_clip())
    for frame, theirs in zip(frames, answer["frames"], strict=True):
        ours = fit.pose(frame)
        pieces = sorted(theirs["meshes"], key=lambda name: (name != "skin", _number(name)))
        vertices = np.concatenate([np.reshape(theirs["meshes"][name], (-1, 3)) for name in pieces])
        assert np.linalg.norm(vertices[:, [2, 0, 1]] - ours.vertices_m, axis=1).max() < 1e-3
        for name, place in zip(MARKER_NAMES, ours.markers_m, strict=True):
            assert np.array(theirs["points"][f"marker_{name}"])[[2, 0, 1]] == pytest.approx(place, abs=1e-4)


def _number(name):
    return int(name.rpartition("primitive")[2]) if "primitive" in name else 0
