"""Run Pose2Sim with the 37 keypoints: ``python run.py PROJECT`` in Pose2Sim's environment (0.10.49).

Its pose estimation reads a skeleton from Config.toml as an array of tables, its triangulation and person association as
a table: no file suits both. Here the skeleton is put under its name where all of them look first.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path
from typing import Any

STAGES = ("poseEstimation", "personAssociation", "triangulation")


def register_skeleton(config: dict[str, Any]) -> Any:
    """Make the skeleton of a config known to Pose2Sim's stages; returns its root (an anytree node)."""
    from anytree.importer import DictImporter

    name = config["pose"]["pose_model"]
    root = DictImporter().import_(config["pose"][name][0])
    for stage in STAGES:
        setattr(importlib.import_module(f"Pose2Sim.{stage}"), name.upper(), root)
    return root


def main(project: str) -> None:
    """Pose estimation, synchronisation, association, triangulation and filtering of a calibrated project."""
    import os

    os.chdir(project)
    register_skeleton(tomllib.loads(Path("Config.toml").read_text("utf-8")))
    from Pose2Sim import Pose2Sim

    for stage in ("poseEstimation", "synchronization", "personAssociation", "triangulation", "filtering"):
        getattr(Pose2Sim, stage)()


if __name__ == "__main__":
    main(sys.argv[1])
