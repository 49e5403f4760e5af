"""One small run of the whole chain, shared by the tests that look at it."""

from __future__ import annotations

import pytest

from pipelines import dataset, fit_opensim, render, scenes, train
from pipelines.report import write_report
from pipelines.settings import load_config

SMALL = [
    "scenes.subjects=3",
    "scenes.scenes=3",
    "scenes.frames_per_scene=2",
    "scenes.motions=[flexion_extension, side_bend]",
    "scenes.clips_per_motion=1",
    "scenes.trial_seconds=0.5",
    "scenes.place_variants=1",
    "scenes.camera.width=320",
    "scenes.camera.height=240",
    "dataset.min_area_px=100",
    "train.input_size=[96, 128]",
    "train.teacher_samples=32",
    "train.student_samples=32",
    "train.batch_size=8",
    "train.evaluations=1",
]
STAGES = {
    "scenes": scenes.run,
    "render": render.run,
    "fit-opensim": fit_opensim.run,
    "dataset": dataset.run,
    "train": train.run,
}


@pytest.fixture(scope="session")
def config():
    return load_config(sets=SMALL, seed=1)


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory, config):
    folder = tmp_path_factory.mktemp("chain") / "run"
    for stage in STAGES.values():
        stage(folder, config)
    write_report(folder, config)
    return folder
