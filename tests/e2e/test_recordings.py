"""A run that was recorded and replayed gives the same dataset as the world itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from pipelines import dataset, fit_opensim, render
from pipelines.run import require_stage
from synth.world.server import READY

ROOT = Path(__file__).parents[2]


@contextmanager
def served(*arguments):
    """A process that serves a world; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield process.stdout.readline().removeprefix(READY).strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _dataset_of(run_dir, config, world):
    render.run(run_dir, config, world=world)
    fit_opensim.run(run_dir, config)
    dataset.run(run_dir, config)
    return [require_stage(run_dir, name)[1].content_hash for name in ("render", "fit-opensim", "dataset")]


def test_recorded_and_replayed_runs_give_equal_datasets(run_dir, config, tmp_path):
    original = [require_stage(run_dir, name)[1].content_hash for name in ("render", "fit-opensim", "dataset")]
    for name in ("recorded", "replayed"):
        shutil.copytree(run_dir / "scenes", tmp_path / name / "scenes")
    clips, tape = run_dir / "scenes" / "clips", tmp_path / "run.spine"
    world = ("synth.world", "--port", 0, "--empty", "--clips", clips, "--out", tmp_path / "world")
    cli = ("pipelines.cli", "world", "--port", 0)
    with (
        served(*world, "--quality", config.render.quality) as address,
        served(*cli, "--record", tape, "--of", address) as recorder,
    ):
        assert _dataset_of(tmp_path / "recorded", config, recorder) == original
    with served(*cli, "--replay", tape) as replayer:
        assert _dataset_of(tmp_path / "replayed", config, replayer) == original
