"""A dataset in the layouts that other people's libraries read: COCO, WebDataset, YOLO-pose, Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.card import extras_beside, label_files, licence_of, write_card
from pipelines.dataset_merge import link_file
from pipelines.export_parquet import export_parquet
from pipelines.export_webdataset import export_webdataset
from pipelines.export_yolo import export_yolo
from pipelines.pictures_of_labels import require_picture
from spinepose.coco_stream import images_folder, iter_images, read_head
from spinepose.errors import InputError
from spinepose.files import write_json

__all__ = ["FORMATS", "export_dataset"]


def export_dataset(dataset: Path, out: Path, kind: str) -> None:
    """Write a dataset anew in another layout; the folder appears when all of it is there.

    Memory does not grow with the number of people. Beside the layout's own files stands ``about.json`` with licence,
    sources and keypoint names.

    Args:
        dataset: Folder with ``annotations/*.json`` and ``images/``.
        out: A folder that does not exist yet.
        kind: One of ``FORMATS``.

    Raises:
        InputError: There are no labels, a picture is missing, or ``out`` is there already.
    """
    files = label_files(dataset)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already; give a new folder")
    heads = [read_head(path) for path in files]
    licence, sources = licence_of([head.info for head in heads])
    temporary = out.with_name(f".tmp-{out.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        FORMATS[kind](files, temporary)
        about = {
            "schema_version": 1,
            "licence": licence,
            "sources": sources,
            "keypoints": heads[0].categories[0].get("keypoints", []) if heads[0].categories else [],
            "labels": [path.name for path in files],
        }
        write_json(temporary / "about.json", about, indent=2)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _export_coco(files: Sequence[Path], out: Path) -> None:
    """The same files, whole, with every picture that they name and a card."""
    for path in files:
        (out / "annotations").mkdir(exist_ok=True)
        for part in (path, extras_beside(path)):
            if part is not None:
                link_file(part, out / "annotations" / part.name)
        images = images_folder(path)
        for image in iter_images(path):
            picture = require_picture(images, image)
            target = out / picture.relative_to(path.parent.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            link_file(picture, target)
    write_card(out)


FORMATS: dict[str, Callable[[Sequence[Path], Path], None]] = {
    "coco": _export_coco,
    "webdataset": export_webdataset,
    "yolo": export_yolo,
    "parquet": export_parquet,
}
