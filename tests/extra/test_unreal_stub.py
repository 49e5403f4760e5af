"""Every class, method and property of the editor that our scripts use exists in the stub of Unreal 5.6's Python API."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.extra

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "unreal_project" / "Scripts").glob("*.py"))
STUB = ROOT / ".venv-clients"
# Objects whose class a script does not say: what they are.
_KNOWN = {
    "manager": "InterchangeManager", "parameters": "ImportAssetParameters", "levels": "LevelEditorSubsystem",
    "actors": "EditorActorSubsystem", "actor": "Actor", "sun": "DirectionalLight", "sky": "SkyLight",
    "volume": "PostProcessVolume", "settings": "PostProcessSettings", "task": "ScopedSlowTask", "loaded": "Object",
    "tools": "AssetTools",
    "base": "MaterialExpressionConstant3Vector", "scalar": "MaterialExpressionConstant",
    "root_component": "SceneComponent", "light_component": "SkyLightComponent",
}  # fmt: skip


@pytest.fixture(scope="module")
def api():
    """Class -> (base, members, editor properties), and the module's functions."""
    path = next(STUB.glob("lib/python*/site-packages/unreal/unreal.py"))
    classes, functions, name = {}, set(), None
    for line in path.open(encoding="utf-8", errors="replace"):
        if head := re.match(r"class (\w+)(?:\((\w+)\S*)?", line):
            name = head.group(1)
            classes[name] = (head.group(2), set(), set())
        elif head := re.match(r"def (\w+)\(", line):
            functions.add(head.group(1))
        elif name and (member := re.match(r"    (?:def )?(\w+)\s*[(:]", line)):
            classes[name][1].add(member.group(1))
        elif name and (member := re.match(r"    - ``(\w+)``", line)):
            classes[name][2].add(member.group(1))
    assert len(classes) > 5000
    return classes, functions


def _has(api, owner, member, prop=False):
    classes, _ = api
    while owner in classes:
        base, members, properties = classes[owner]
        if member in (properties if prop else members):
            return True
        owner = base
    return False


def _used(script):
    """(owner, member, whether it is an editor property) of every use in a script."""
    for node in ast.walk(ast.parse(script.read_text())):
        if not isinstance(node, ast.Attribute):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = node.func.attr in ("set_editor_property", "get_editor_property")
                if named and isinstance(node.func.value, ast.Name):
                    yield _KNOWN[node.func.value.id], node.args[0].value, True
            continue
        value = node.value
        if isinstance(value, ast.Name) and value.id == "unreal":
            yield None, node.attr, False
        elif (
            isinstance(value, ast.Attribute)
            and isinstance(value.value, ast.Name)
            and value.value.id == "unreal"
        ):
            yield value.attr, node.attr, False
        elif isinstance(value, ast.Name) and value.id in _KNOWN:
            yield _KNOWN[value.id], node.attr, False
        elif isinstance(value, ast.Attribute) and value.attr in _KNOWN:
            yield _KNOWN[value.attr], node.attr, False


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_everything_used_exists(script, api):
    uses = list(_used(script))
    assert len(uses) > 20
    for owner, member, prop in uses:
        if owner is None:
            assert member in api[0] or member in api[1], f"unreal.{member}"
        else:
            assert _has(api, owner, member, prop), f"{owner}.{member}"


def test_the_check_can_fail(api):
    assert not _has(api, "EditorActorSubsystem", "spawn_actor_from_nothing")
    assert not _has(api, "ImportAssetParameters", "is_magic", prop=True)
