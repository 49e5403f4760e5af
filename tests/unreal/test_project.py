"""What can be proved of the Unreal project without an engine: files parse, code compiles, names agree."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from synth.export_gltf import _PREFIXES
from synth.world import capture_api

PROJECT = Path(__file__).parents[2] / "unreal_project"
PLUGIN = PROJECT / "Plugins" / "SpineForgeCapture"
STUBS = Path(__file__).parent / "stubs"
SOURCES = sorted(PLUGIN.rglob("*.cpp"))


def _ini(path):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


def test_project_and_plugin_name_each_other_and_what_they_need():
    project = json.loads((PROJECT / "SpineForge.uproject").read_text())
    plugin = json.loads((PLUGIN / "SpineForgeCapture.uplugin").read_text())
    assert project["FileVersion"] == 3
    assert project["EngineAssociation"] == "5.6"
    enabled = {entry["Name"] for entry in project["Plugins"] if entry["Enabled"]}
    assert {"SpineForgeCapture", "UnrealCV", "PythonScriptPlugin", "Interchange"} <= enabled
    for module in plugin["Modules"]:
        assert (PLUGIN / "Source" / module["Name"] / f"{module['Name']}.Build.cs").exists()
    for module in project["Modules"]:
        assert (PROJECT / "Source" / module["Name"] / f"{module['Name']}.Build.cs").exists()


def test_settings_make_frames_repeatable():
    engine = _ini(PROJECT / "Config" / "DefaultEngine.ini")
    renderer = engine["/Script/Engine.RendererSettings"]
    assert renderer["r.DefaultFeature.AutoExposure"] == "False"
    assert renderer["r.DefaultFeature.MotionBlur"] == "False"
    assert renderer["r.OneFrameThreadLag"] == "0"
    assert engine["/Script/Engine.Engine"]["bUseFixedFrameRate"] == "True"
    game = _ini(PROJECT / "Config" / "DefaultGame.ini")
    assert game["/Script/EngineSettings.GeneralProjectSettings"]["ProjectName"] == "SpineForge"
    wire = _ini(PROJECT / "unrealcv.ini")["UnrealCV.Core"]
    assert {"Port", "Width", "Height", "FOV", "EnableInput", "EnableRightEye"} <= set(wire)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_the_plugin_compiles_against_the_stubs(source, tmp_path):
    clang = pytest.importorskip("clang.cindex", reason="needs the package libclang")
    _stub_headers(tmp_path)
    arguments = ["-x", "c++", "-std=c++20", f"-I{tmp_path}", f"-I{PLUGIN}/Source/SpineForgeCapture/Public"]
    unit = clang.Index.create().parse(
        str(source), [*arguments, "-Wall", "-Wno-mismatched-tags", "-fsyntax-only", "-nostdinc"]
    )
    assert [str(d) for d in unit.diagnostics if "pragma once in main file" not in d.spelling] == []


def test_the_compile_check_can_fail(tmp_path):
    clang = pytest.importorskip("clang.cindex", reason="needs the package libclang")
    _stub_headers(tmp_path)
    wrong = tmp_path / "Wrong.cpp"
    wrong.write_text('#include "CoreMinimal.h"\nFString F() { return FString().Lenght(); }\n')
    unit = clang.Index.create().parse(str(wrong), ["-x", "c++", "-std=c++20", f"-I{tmp_path}", "-nostdinc"])
    assert any("Lenght" in d.spelling for d in unit.diagnostics)


def _stub_headers(folder):
    """A header of each name that the plugin includes, all of them the one stub."""
    stub = (STUBS / "unreal_stub.h").read_text()
    (folder / "unreal_stub.h").write_text(stub)
    for source in PLUGIN.rglob("*.[ch]*"):
        for name in re.findall(r'#include "([^"]+)"', source.read_text()):
            if name != "SpineForgeActor.h":
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text('#include "unreal_stub.h"\n')


def test_the_actor_offers_the_embedded_worlds_functions_with_as_many_arguments():
    header = (PLUGIN / "Source/SpineForgeCapture/Public/SpineForgeActor.h").read_text()
    theirs = {
        name: len([part for part in arguments.split(",") if part.strip()])
        for name, arguments in re.findall(r"UFUNCTION[^\n]*\n\tFString (\w+)\(([^)]*)\)", header)
    }
    ours = {
        words[2]: len(words) - 3
        for words in (entry.template.split() for entry in capture_api.COMMANDS)
        if words[2] != "GetAuthored"  # an engine knows no anatomy
    }
    assert theirs == ours


def test_the_plugin_looks_for_the_bones_that_the_export_writes():
    code = (PLUGIN / "Source/SpineForgeCapture/Private/SpineForgeActor.cpp").read_text()
    assert set(re.findall(r'TEXT\("(\w+)_"\)\)', code)) <= set(_PREFIXES)
    assert {"marker", "keypoint"} <= set(re.findall(r'TEXT\("(\w+)_"\)', code))


class _Recorder:
    """Stands for anything of the editor: every call is written down and answers another one."""

    calls: list = []  # noqa: RUF012

    def __init__(self, name="unreal"):
        self._name = name

    def __getattr__(self, item):
        return _Recorder(f"{self._name}.{item}")

    def __call__(self, *args, **kwargs):
        _Recorder.calls.append((self._name, args))
        return _Recorder(f"{self._name}()")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


class _FakeMesh:
    def get_name(self):
        return "SK"


class _FakeMotion:
    def __init__(self, name):
        self._name = name

    def get_name(self):
        return self._name


def _fake_unreal(project, imported):
    fake = ModuleType("unreal")
    recorder = _Recorder()
    fake.__getattr__ = lambda name: getattr(recorder, name)
    fake.SkeletalMesh, fake.AnimSequence = _FakeMesh, _FakeMotion
    library = _Recorder("unreal.EditorAssetLibrary")
    library.does_asset_exist = lambda path: False
    library.list_assets = lambda path, recursive=True: sorted(imported)
    library.load_asset = lambda path: imported[path]
    fake.EditorAssetLibrary = library
    paths = _Recorder("unreal.Paths")
    paths.convert_relative_path_to_full = lambda path: str(project)
    fake.Paths = paths
    return fake


def _run_import(project, imported, monkeypatch):
    monkeypatch.setitem(sys.modules, "unreal", _fake_unreal(project, imported))
    _Recorder.calls.clear()
    space = runpy.run_path(str(PROJECT / "Scripts" / "spineforge_import.py"))
    space["main"]()
    return _Recorder.calls


def test_the_import_gives_meshes_and_clips_the_names_that_the_plugin_asks_for(tmp_path, monkeypatch):
    (tmp_path / "Import").mkdir()
    clips = [{"name": "lift-00", "fps": 30, "frames": 9}, {"name": "static", "fps": 30, "frames": 2}]
    manifest = {
        "schema": 1,
        "characters": [{"asset": "C_1", "file": "characters/C_1.glb", "clips": clips}],
        "places": [],
    }
    (tmp_path / "Import" / "spineforge.json").write_text(json.dumps(manifest))
    folder = "/Game/SpineForge/Characters/C_1"
    imported = {
        f"{folder}/person": _FakeMesh(),
        f"{folder}/A": _FakeMotion("C_1_lift-00"),
        f"{folder}/B": _FakeMotion("static"),
    }
    calls = _run_import(tmp_path, imported, monkeypatch)
    renamed = dict(args for name, args in calls if name.endswith("rename_asset"))
    assert renamed == {
        f"{folder}/person": f"{folder}/C_1",
        f"{folder}/A": f"{folder}/lift-00",
        f"{folder}/B": f"{folder}/static",
    }
    staged = tmp_path / "Content" / "SpineForge" / "Manifest" / "spineforge.json"
    assert json.loads(staged.read_text()) == manifest


def test_materials_are_those_of_the_embedded_world(tmp_path, monkeypatch):
    (tmp_path / "Import").mkdir()
    (tmp_path / "Import" / "spineforge.json").write_text('{"schema":1,"characters":[],"places":[]}')
    calls = _run_import(tmp_path, {}, monkeypatch)
    made = [args[0] for name, args in calls if name.endswith("create_asset")]
    assert made == list(capture_api.NAMED_MATERIALS)
    script = runpy.run_path(str(PROJECT / "Scripts" / "spineforge_import.py"), run_name="read")
    for name, look in capture_api.NAMED_MATERIALS.items():
        color, roughness, _ = script["MATERIALS"][name]
        assert (color, roughness) == (look.color, look.roughness)
    assert [args[2] for name, args in calls if name.endswith("connect_material_property")].count(None) == 0
    assert sum(name.endswith("recompile_material") for name, _ in calls) == len(made)


def test_an_animation_that_is_no_clip_stops_the_import(tmp_path, monkeypatch):
    (tmp_path / "Import").mkdir()
    manifest = {
        "schema": 1,
        "characters": [{"asset": "C_1", "file": "c.glb", "clips": [{"name": "lift-00"}]}],
        "places": [],
    }
    (tmp_path / "Import" / "spineforge.json").write_text(json.dumps(manifest))
    with pytest.raises(SystemExit, match="is no clip of C_1"):
        _run_import(tmp_path, {"/x": _FakeMotion("dance")}, monkeypatch)


@pytest.mark.parametrize(("text", "words"), [(None, "is missing"), ('{"schema": 9}', "reads 1")])
def test_without_an_export_of_this_version_the_import_says_so(tmp_path, monkeypatch, text, words):
    (tmp_path / "Import").mkdir()
    if text:
        (tmp_path / "Import" / "spineforge.json").write_text(text)
    with pytest.raises(SystemExit, match=words):
        _run_import(tmp_path, {}, monkeypatch)
