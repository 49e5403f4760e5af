"""``python -m tests.pipelines.stub_render RUN WORLDS``: the stage render with worlds of boxes, as a process."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines import render
from pipelines.config import RenderConfig, RunConfig
from synth.unrealcv.process import WorldProcess

CONFIG = RunConfig(render=RenderConfig(timeout_s=20, connect_timeout_s=5, retries=5))


def config(worlds: int = 1) -> RunConfig:
    return CONFIG.model_copy(update={"render": CONFIG.render.model_copy(update={"worlds": worlds})})


def stub_process(stage, config, index, count, scenes_dir):
    clips, out = scenes_dir / "clips", stage.folder.parent / "world" / str(index)
    command = (sys.executable, "-m", "tests.synth.stub_world", str(clips), str(out))
    world = WorldProcess(clips, out, command=command)
    print(f"world {index} of {count}", flush=True)
    return world


if __name__ == "__main__":
    render._own_world = stub_process
    render.run(Path(sys.argv[1]), config(int(sys.argv[2])))
