"""An engine with stock UnrealCV's limits goes through render, fit and dataset; its labels are the embedded world's."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from pipelines.run import require_stage
from pipelines.settings import load_config
from tests.unreal import stock_run

SEED = 3
BOUND_PX = 0.5


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run on the fake engine, and the moments that it showed in the embedded world with markers on bones."""
    folder = tmp_path_factory.mktemp("engine")
    planned, people = stock_run.plan(folder / "plan", stock_run.SMALL, SEED)
    scenes = folder / "plan" / "scenes"
    stock_run.write_level(folder, planned, people)
    for name in ("engine", "embedded"):
        shutil.copytree(scenes, folder / name / "scenes")
    sets = [*stock_run.SMALL, f"render.people={folder / 'people.yaml'}"]
    with stock_run.engine(folder, scenes / "clips", "grey") as (address, _):
        stock_run.labelled(folder / "engine", load_config(sets=sets, seed=SEED), address)
    stock_run.write_scenes(
        folder / "embedded", stock_run.same_moments(planned, people, folder / "moments.jsonl")
    )
    sets = [*stock_run.SMALL, f"render.character_map={folder / 'maps'}"]
    stock_run.labelled(folder / "embedded", load_config(sets=sets, seed=SEED), None)
    return folder


def test_labels_are_those_of_the_embedded_world_with_markers_on_bones(runs):
    engine, embedded = (stock_run.labels(runs / name) for name in ("engine", "embedded"))
    apart = stock_run.apart_px(engine, embedded)
    assert len(apart) == 4
    assert (np.isfinite(apart).sum(axis=1) == 37).all()
    assert np.nanmax(apart) < BOUND_PX, f"keypoints differ by {np.nanmax(apart):.3f} px >= {BOUND_PX} px"


def test_what_depth_alone_tells_is_marked_and_near_the_truth(runs):
    engine, embedded = (stock_run.labels(runs / name) for name in ("engine", "embedded"))
    assert engine.approximate.all()
    assert not embedded.approximate.any()
    extras = pd.concat(
        [pd.read_parquet(p) for p in (runs / "engine" / "dataset").glob("annotations/*.parquet")]
    )
    assert extras.approximate.all()
    areas = engine.area / embedded.area
    assert ((areas > 0.65) & (areas < 1.1)).all(), list(areas)
    seen = [np.stack(table.keypoints.to_list())[..., 2] for table in (engine, embedded)]
    assert (seen[0] == seen[1]).mean() > 0.85


def test_pictures_are_settled_and_of_the_moment(runs):
    """Neither dim nor a frame late: what the camera saw is what the embedded world shows at that moment."""
    import cv2

    for part in ("s00000", "s00001"):
        for shot in ("00", "01"):
            pictures = [
                cv2.imread(str(runs / name / "render" / "parts" / part / f"{part}-{shot}.jpg")).astype(float)
                for name in ("engine", "embedded")
            ]
            assert np.abs(pictures[0] - pictures[1]).mean() < 2.0


def test_the_run_says_what_the_engine_lacked_and_gives_up_a_grey_mask(runs):
    stage, manifest = require_stage(runs / "engine", "render")
    assert set(manifest.notes["world"]["capabilities"]["missing"]) == {"functions", "parts"}
    incidents = pd.read_parquet(stage / "incidents.parquet")
    assert list(incidents.command) == ["object_mask"]
    assert incidents.recovered.all()
    assert (
        json.loads((runs / "engine" / "fit-opensim" / "report.json").read_text()).get("fit_minus_authored_mm")
        is None
    )
