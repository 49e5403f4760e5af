"""The dataset stage killed without a warning, again and again: what is complete stays, the result is the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

from pipelines import dataset
from pipelines.run import read_manifest

# Dies by SIGKILL on the call of a function that is counted down to, else ends well.
KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines import dataset, dataset_merge
from tests_config import SMALL
from pipelines.settings import load_config

def deadly(owner, name, calls):
    work = getattr(owner, name)
    left = [calls]
    def wrapper(*args, **kwargs):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*args, **kwargs)
    setattr(owner, name, wrapper)

dataset.PART_SCENES = 1
deadly({"write_labels": dataset, "write_card": dataset, "_merge_part": dataset_merge}[sys.argv[2]],
       sys.argv[2], int(sys.argv[3]))
dataset.run(Path(sys.argv[1]), load_config(sets=SMALL, seed=1))
"""


def killed(folder, where, calls, scratch):
    source = os.path.join(os.path.dirname(__file__), "conftest.py")
    shutil.copy(source, scratch / "tests_config.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(scratch), *sys.path])}
    run = subprocess.run([sys.executable, "-c", KILLED, folder, where, str(calls)], env=environment)
    assert run.returncode == -signal.SIGKILL


def test_killed_anywhere_it_goes_on_and_ends_in_the_same_bytes(run_dir, config, tmp_path):
    folder = tmp_path / "run"
    for stage in ("scenes", "render", "fit-opensim"):
        shutil.copytree(run_dir / stage, folder / stage, copy_function=os.link)
    killed(folder, "write_labels", 1, tmp_path)
    first = folder / "dataset" / "parts" / "s00000" / "labels.jsonl"
    made = first.stat().st_mtime_ns
    killed(folder, "_merge_part", 2, tmp_path)
    assert first.stat().st_mtime_ns == made, "a complete part was made again"
    killed(folder, "write_card", 0, tmp_path)
    dataset.run(folder, config)
    again, whole = (read_manifest(where / "dataset") for where in (folder, run_dir))
    assert again.content_hash == whole.content_hash
    assert again.counts == whole.counts
    assert not (folder / "dataset" / "parts").exists()
