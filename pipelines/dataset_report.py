"""``dataset report``: what a dataset holds, on one offline page: figures, the worst people and some at random."""

from __future__ import annotations

import base64
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
import pandas as pd

from pipelines import pictures
from pipelines.card import label_files, licence_of
from pipelines.dataset_figures import Panel, bar_figure, histogram_figure, panels, visibility_figure
from pipelines.dataset_people import keypoint_names, keypoints_of, people_of
from pipelines.pictures_of_labels import require_picture, split_of
from spinepose.coco_stream import images_folder, iter_annotations, iter_images, read_head
from spinepose.errors import InputError
from spinepose.files import atomic_path
from spinepose.rng import rng_for
from spinepose.skeleton import NAMES

TEMPLATES = Path(__file__).parent / "templates"
SHEET_PEOPLE = 32
# Of one body among the worst: one that fits badly would fill the sheet with a single fault (17 of 32, measured).
SHEET_OF_ONE_BODY = 3
# How bad a person's label may be: the first of these columns that the dataset has, and what it says.
_WORST = (
    ("fit_error_mm", "largest fit minus authored of the nine vertebrae", "mm"),
    ("sigma_mm", "largest stated standard deviation of the nine vertebrae", "mm"),
    ("hidden_percent", "share of hidden keypoints", "%"),
)


@dataclass(frozen=True)
class _Sheet:
    """A contact sheet: pictures, each with its caption, and what the captions' number is."""

    tiles: list[tuple[str, str]]
    words: str


def write_dataset_report(dataset: Path, out: Path, seed: int = 0) -> None:
    """Write the page.

    Args:
        dataset: Folder with ``annotations/*.json`` and ``images/``.
        out: The page.
        seed: Of the people drawn at random.

    Raises:
        InputError: There are no labels, nobody in them, or a picture that is to be shown is missing.
    """
    files = label_files(dataset)
    licence, sources = licence_of([read_head(path).info for path in files])
    tables, seen = [], np.zeros((len(NAMES), 3), int)
    for path in files:
        table, counts = people_of(path)
        tables.append(table.assign(split=split_of(path)))
        seen += counts
    people = pd.concat(tables, ignore_index=True)
    if people.empty:
        raise InputError(f"{dataset}: its label files hold nobody")
    column, words, unit = next(row for row in _WORST if row[0] in people and people[row[0]].notna().any())
    worst = _worst(people, column)
    drawn = people.sample(min(SHEET_PEOPLE, len(people)), random_state=rng_for(seed, "dataset-report"))
    known = [panel for panel in panels() if panel.column in people and people[panel.column].notna().any()]
    context = {
        "licence": licence,
        "sources": sources,
        "splits": _split_rows(people),
        "missing": [panel.title for panel in panels() if panel not in known],
        "worst": _Sheet(_sheet(files, worst, column, unit), f"{words} ({unit})"),
        "of_one_body": SHEET_OF_ONE_BODY,
        "random": _Sheet(_sheet(files, drawn, column, unit), words),
        **_figures(people, known, seen),
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("dataset_report.html.j2").render(**context)
    with atomic_path(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _worst(people: pd.DataFrame, column: str) -> pd.DataFrame:
    """The worst people, from the worst on, few of one body where bodies are known."""
    ordered = people.dropna(subset=[column]).sort_values(column, ascending=False, kind="stable")
    if "subject_id" in ordered and ordered.subject_id.notna().all():
        ordered = ordered.groupby(["split", "subject_id"], sort=False).head(SHEET_OF_ONE_BODY)
    return ordered.head(SHEET_PEOPLE)


def _figures(people: pd.DataFrame, known: list[Panel], seen: np.ndarray) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "figure.png"
        histogram_figure(people, known, path)
        found: dict[str, Any] = {"histograms": _inline(path.read_bytes(), "png")}
        visibility_figure(seen, path)
        found["visibility"] = _inline(path.read_bytes(), "png")
        bars = []
        for column in ("view", "place", "motion"):
            if column in people:
                bar_figure(Counter(people[column].dropna()), column, path)
                bars.append(_inline(path.read_bytes(), "png"))
        return {**found, "bars": bars}


def _split_rows(people: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for split, group in people.groupby("split"):
        bodies = (
            group.subject_id.nunique() if "subject_id" in group and group.subject_id.notna().any() else None
        )
        size = {"people": len(group), "pictures": group.image_id.nunique(), "bodies": bodies}
        rows.append({"split": split, **size, "crowds": int(group.iscrowd.sum())})
    return rows


def _sheet(files: list[Path], chosen: pd.DataFrame, column: str, unit: str) -> list[tuple[str, str]]:
    """Crops of these people in the order given, with their captions."""
    tiles: dict[int, tuple[str, str]] = {}
    for path in files:
        rows = chosen[chosen.split == split_of(path)]
        wanted = {row.annotation_id: index for index, row in zip(rows.index, rows.itertuples(), strict=True)}
        if not wanted:
            continue
        needed, folder, names = set(rows.image_id), images_folder(path), keypoint_names(read_head(path))
        images = {image["id"]: image for image in iter_images(path) if image["id"] in needed}
        for annotation in iter_annotations(path):
            if annotation["id"] in wanted:
                index = wanted[annotation["id"]]
                picture = require_picture(folder, images[annotation["image_id"]])
                where = f"{split_of(path)}, {picture.stem}, id {annotation['id']}"
                words = f"{chosen[column][index]:.0f} {unit} · {where}"
                tiles[index] = _crop(annotation, names, picture), words
    return [tiles[index] for index in chosen.index]


def _crop(annotation: dict[str, Any], names: Sequence[str], picture: Path) -> str:
    points = keypoints_of(annotation, names)
    box, number = annotation["bbox"], annotation["image_id"]
    tile = pictures.Tile(picture, number, box, points[:, :2], points[:, 2].astype(int), caption="")
    crop = pictures.crop_tile(tile)[: pictures.TILE[1]]  # the page has text of its own for a caption
    data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 82])[1]
    return _inline(data.tobytes(), "jpeg")


def _inline(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
