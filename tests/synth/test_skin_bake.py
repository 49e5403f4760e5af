"""The skin's canvas on disk: what comes back is what was made, and nothing stale does."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from synth.body import skin_bake
from synth.body.asset import load_asset
from synth.body.bake import bake_body
from synth.body.skin_bake import canvas_of


@pytest.fixture(scope="module", autouse=True)
def baked() -> None:
    bake_body()


def test_canvas_comes_back_as_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = load_asset()
    made, calls = canvas_of(asset), []
    monkeypatch.setenv("SPINEFORGE_CACHE", str(tmp_path))
    monkeypatch.setattr(skin_bake, "make_canvas", lambda _: calls.append(1) or made)
    first, again = canvas_of(replace(asset)), canvas_of(replace(asset))
    assert calls == [1], "the second asset of the same content finds the canvas on disk"
    for field in fields(made):
        kept, was = getattr(again, field.name), getattr(made, field.name)
        if field.name == "neighbours":
            assert (kept != was).nnz == 0
            assert kept.shape == was.shape
        else:
            np.testing.assert_array_equal(kept, was)
            np.testing.assert_array_equal(getattr(first, field.name), was)


def test_another_body_or_other_code_makes_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = load_asset()
    made, calls = canvas_of(asset), []
    monkeypatch.setenv("SPINEFORGE_CACHE", str(tmp_path))
    monkeypatch.setattr(skin_bake, "make_canvas", lambda _: calls.append(1) or made)
    canvas_of(replace(asset))
    canvas_of(replace(asset, template_m=asset.template_m * np.float32(1.01)))
    monkeypatch.setattr(skin_bake, "_code", lambda: b"changed")
    canvas_of(replace(asset))
    assert calls == [1, 1, 1]
    assert len(list(tmp_path.glob("skin-*"))) == 1, "what is out of date goes"


def test_a_folder_that_cannot_be_written_costs_no_more_than_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = load_asset()
    made = canvas_of(asset)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("SPINEFORGE_CACHE", str(blocked))
    monkeypatch.setattr(skin_bake, "make_canvas", lambda _: made)
    assert canvas_of(replace(asset)) is made
