"""The whole chain on a small set, and the page that shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pipelines.config import RunConfig
from pipelines.run import Stage
from spinepose.files import write_json

STAGE_NAMES = ("scenes", "render", "fit-opensim", "dataset", "train")


def _stages() -> dict[str, Callable[..., Stage]]:
    from pipelines import dataset, fit_opensim, render, scenes, train

    return {
        "scenes": scenes.run,
        "render": render.run,
        "fit-opensim": fit_opensim.run,
        "dataset": dataset.run,
        "train": train.run,
    }


def run(run_dir: Path, config: RunConfig, start_over: bool = False) -> Path:
    """Run every stage (complete ones are skipped), then write the report.

    Returns:
        Path of ``report.html``.
    """
    from pipelines.report import write_report

    seconds: dict[str, float] = {}
    for number, (name, stage_run) in enumerate(_stages().items(), start=1):
        print(f"[{number}/{len(STAGE_NAMES)}] {name} …", flush=True)
        began = time.monotonic()
        stage = stage_run(run_dir, config, start_over)
        seconds[name] = time.monotonic() - began
        counts = ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in stage.manifest.counts.items())
        failed = f", {len(stage.manifest.failures)} failed" if stage.manifest.failures else ""
        print(f"      {seconds[name]:.0f} s: {counts}{failed}", flush=True)
    write_json(run_dir / "seconds.json", seconds, indent=2)
    report = write_report(run_dir, config)
    print(_last_screen(run_dir, report, sum(seconds.values())))
    return report


def _last_screen(run_dir: Path, report: Path, seconds: float) -> str:
    rows = [
        ("the whole story", report),
        ("labelled people", run_dir / "contact_sheet.png"),
        ("COCO labels", run_dir / "dataset" / "annotations"),
        (
            "an OpenSim model",
            next(iter(sorted(run_dir.glob("fit-opensim/parts/*/model.osim"))), run_dir / "fit-opensim"),
        ),
        ("the model", run_dir / "train" / "student.pt"),
        ("the same as ONNX", run_dir / "train" / "student.onnx"),
    ]
    lines = [
        "",
        f"Done in {seconds:.0f} s. Where to look:",
        *(f"  {words:18s} {path}" for words, path in rows),
        "",
    ]
    lines.append(f"Try it on a picture of your own: spineforge infer PICTURE.jpg --run {run_dir}")
    return "\n".join(lines)
