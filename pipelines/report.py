"""``report.html``: one page, offline, with pictures inside: what was made, how well, and what it cannot do."""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
import pandas as pd

from pipelines import pictures
from pipelines.accuracy_growth import growth
from pipelines.config import RunConfig, ScenesConfig
from pipelines.dataset import SPLITS
from pipelines.fit_page import accuracy_figure, people_errors
from pipelines.outside_report import inline
from pipelines.population import people_table, population_figure, population_numbers
from pipelines.run import Manifest, require_stage
from pipelines.tables import read_table
from spinepose.errors import InputError
from spinepose.files import atomic_path
from spinepose.rng import rng_for
from spinepose.skeleton import SPINE_CHAIN

TEMPLATES = Path(__file__).parent / "templates"
SHEET_PEOPLE = 32


def write_report(run_dir: Path, config: RunConfig) -> Path:
    """Write ``report.html`` at the top of a run, of all stages from the first on that are complete.

    ``population.png`` and, with labels, ``contact_sheet.png`` are written beside it.

    Raises:
        InputError: The render stage is missing or not complete.
    """
    manifests = complete_stages(run_dir)
    with tempfile.TemporaryDirectory() as scratch:
        context = _context(run_dir, config, manifests, Path(scratch))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.get_template("report.html.j2").render(**context)
    target = run_dir / "report.html"
    with atomic_path(target) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return target


def complete_stages(run_dir: Path) -> dict[str, Manifest]:
    """Manifests of the stages that are complete, in order, up to the first that is not.

    Raises:
        InputError: There is nothing to show: rendering is missing or not complete.
    """
    manifests = {name: require_stage(run_dir, name)[1] for name in ("scenes", "render")}
    for name in ("fit-opensim", "dataset", "train"):
        try:
            manifests[name] = require_stage(run_dir, name)[1]
        except InputError:
            break
    return manifests


def load_labels(run_dir: Path, split: str) -> tuple[dict, dict[int, dict]]:
    """A split's COCO file and its extras by annotation id."""
    stem = run_dir / "dataset" / "annotations" / f"person_keypoints_{split}-synth"
    coco = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    extras = read_table(stem.with_suffix(".extras.parquet")).to_dict("records")
    return coco, {row["annotation_id"]: row for row in extras}


def contact_sheet(run_dir: Path, seed: int) -> np.ndarray:
    """People of both splits, evenly over front, back and the sides; also written as ``contact_sheet.png``."""
    tiles = []
    for split, share in zip(SPLITS, (0.75, 0.25), strict=True):
        coco, extras = load_labels(run_dir, split)
        count = round(SHEET_PEOPLE * share)
        tiles += pictures.choose_tiles(
            coco, extras, run_dir / "dataset" / "images", count, rng_for(seed, "contact-sheet", split)
        )
    image = pictures.sheet(tiles)
    with atomic_path(run_dir / "contact_sheet.png") as temporary:
        cv2.imwrite(str(temporary), image)
    return image


def prediction_sheet(run_dir: Path, seed: int, count: int = 16) -> np.ndarray:
    """What the student sees on held-out people."""
    coco, extras = load_labels(run_dir, "val")
    results = json.loads((run_dir / "train" / "evaluation" / "results.json").read_text(encoding="utf-8"))
    by_image: dict[int, list[np.ndarray]] = {}
    for result in results:
        by_image.setdefault(result["image_id"], []).append(np.array(result["keypoints"]).reshape(-1, 3))
    rng = rng_for(seed, "prediction-sheet")
    tiles = []
    for tile in pictures.choose_tiles(coco, extras, run_dir / "dataset" / "images", count, rng):
        rivals = by_image.get(tile.image_id, [])
        if rivals:
            # Results carry no annotation id: the nearest of the picture's results is this person's.
            best = min(
                rivals, key=lambda r: float(np.linalg.norm(r[:, :2] - tile.keypoints_px, axis=1).mean())
            )
            tiles.append(replace(tile, keypoints_px=best[:, :2], v=np.full(len(best), 2)))
    return pictures.sheet(tiles)


def _context(
    run_dir: Path, config: RunConfig, manifests: dict[str, Manifest], scratch: Path
) -> dict[str, Any]:
    seconds_file = run_dir / "seconds.json"
    # The run's own ranges, not those of the command that writes the report.
    settings = ScenesConfig.model_validate(manifests["scenes"].config)
    table = people_table(run_dir)
    population_figure(table, settings, run_dir / "population.png")
    context: dict[str, Any] = {
        "seed": config.seed,
        "manifests": manifests,
        "seconds": json.loads(seconds_file.read_text(encoding="utf-8")) if seconds_file.exists() else {},
        "failures": [f for m in manifests.values() for f in m.failures],
        "population": population_numbers(table),
        "population_picture": _inline_file(run_dir / "population.png"),
    }
    if "fit-opensim" in manifests:
        fit_report = json.loads((run_dir / "fit-opensim" / "report.json").read_text(encoding="utf-8"))
        context |= {"fit": fit_report, "fit_pictures": _fit_pictures(run_dir, fit_report, scratch)}
    if "dataset" in manifests:
        context |= {
            "contact_sheet": _inline_image(contact_sheet(run_dir, config.seed), ".jpg"),
            "frames": _frame_pictures(run_dir, config.seed),
        }
    if "train" in manifests:
        context |= {
            "metrics": json.loads((run_dir / "train" / "metrics.json").read_text(encoding="utf-8")),
            "curves": _inline_file(run_dir / "train" / "curves.png"),
            "predictions": _inline_image(prediction_sheet(run_dir, config.seed), ".jpg"),
        }
    return context


def _frame_pictures(run_dir: Path, seed: int, count: int = 6) -> list[str]:
    coco, _ = load_labels(run_dir, "train")
    rng = rng_for(seed, "report-frames")
    chosen = rng.choice(len(coco["images"]), size=min(count, len(coco["images"])), replace=False)
    from spinepose.visualize import draw_person

    out = []
    for i in chosen:
        image = coco["images"][int(i)]
        picture = pictures.read_picture(run_dir / "dataset" / "images" / image["file_name"])
        for annotation in coco["annotations"]:
            if annotation["image_id"] == image["id"]:
                points = np.array(annotation["keypoints"], float).reshape(-1, 3)
                draw_person(picture, points[:, :2], points[:, 2].astype(int))
        out.append(_inline_image(picture, ".jpg"))
    return out


def _fit_pictures(run_dir: Path, report: dict, scratch: Path) -> list[str]:
    trials = read_table(run_dir / "fit-opensim" / "trials.parquet")
    pictures.marker_rms_figure(1000 * trials.marker_rms_m.to_numpy(), scratch / "rms.png")
    shown = [_inline_file(scratch / "rms.png")]
    if "fit_minus_authored_mm" in report:
        people = people_errors(run_dir / "fit-opensim", run_dir / "render")
        shown.append(inline(accuracy_figure(people, {**report, "growth": growth(people)})))
        _spine_examples(run_dir, scratch / "spines.png")
        shown.append(_inline_file(scratch / "spines.png"))
    return shown


def _spine_examples(run_dir: Path, path: Path, count: int = 6) -> None:
    """The most bent frames, no subject twice: where a fit goes wrong first."""
    authored = read_table(run_dir / "render" / "authored.parquet")
    authored = authored[~authored.trial_id.str.startswith("static-")]
    spines = np.stack(authored.landmarks_world_m.to_list()).reshape(-1, len(SPINE_CHAIN), 3)
    up = np.diff(spines, axis=1)
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    authored = authored.assign(bend=np.degrees(np.arccos(np.clip((up[:, 1] * up[:, 5]).sum(-1), -1, 1))))
    best = authored.sort_values("bend", ascending=False).drop_duplicates("subject_id").head(count)
    landmarks = read_table(run_dir / "fit-opensim" / "landmarks.parquet")
    fitted = [_spine_at(landmarks, row) for row in best.itertuples()]
    known = {i: points for i, points in enumerate(fitted) if points is not None}
    if not known:
        return
    rows = best.iloc[list(known)]
    truth = np.stack(rows.landmarks_world_m.to_list()).reshape(-1, len(SPINE_CHAIN), 3)
    left = np.stack(rows.left_minus_right_m.to_list())
    titles = [f"{row.subject_id}\n{row.trial_id}, {row.time_s:.1f} s" for row in rows.itertuples()]
    pictures.spine_figure(
        pictures.turn_forward(np.stack(list(known.values())), left),
        pictures.turn_forward(truth, left),
        titles,
        path,
    )


def _spine_at(landmarks: pd.DataFrame, row: Any) -> np.ndarray | None:
    found = landmarks[
        (landmarks.trial_id == row.trial_id) & np.isclose(landmarks.time_s, row.time_s)
    ].set_index("landmark")
    return found.loc[list(SPINE_CHAIN), ["x_m", "y_m", "z_m"]].to_numpy() if len(found) else None


def _inline_file(path: Path) -> str:
    kind = "png" if path.suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}" if path.exists() else ""


def _inline_image(image: np.ndarray, ending: str) -> str:
    data = cv2.imencode(ending, image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
