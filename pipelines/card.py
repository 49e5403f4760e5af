"""The card of a dataset's folder, from its files alone: ``README.md`` for people, ``croissant.json`` for programs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.croissant import croissant
from pipelines.dataset_sources import NOT_STATED, licence_url
from pipelines.pictures_of_labels import split_of
from pipelines.run import hash_file
from pipelines.tables import iter_tables
from spinepose.coco_stream import images_folder, iter_annotations, iter_images, read_head
from spinepose.errors import InputError
from spinepose.files import atomic_path, write_json

_CARD = Path(__file__).parent / "templates" / "dataset_card.md.j2"


@dataclass(frozen=True)
class LabelFile:
    """What a card says of one COCO file.

    Attributes:
        path: The file.
        info: Its ``info``.
        keypoints: Names of the keypoints of its first category.
        images: Number of pictures.
        annotations: Number of people.
        crowds: How many of these are marked as crowd.
        annotation_keys: Keys that each of them has.
        subjects: Number of different bodies; None where no table of extras tells.
        sha256: Of its bytes.
        images_sha256: Over names and bytes of its pictures; None where one is missing.
        extras: The table beside it, None where there is none.
    """

    path: Path
    info: dict[str, Any]
    keypoints: tuple[str, ...]
    images: int
    annotations: int
    crowds: int
    annotation_keys: frozenset[str]
    subjects: int | None
    sha256: str
    images_sha256: str | None
    extras: Path | None

    @property
    def split(self) -> str:
        """Its name without what all COCO keypoint files are called."""
        return split_of(self.path)

    @property
    def extras_sha256(self) -> str | None:
        return hash_file(self.extras) if self.extras else None

    @property
    def columns(self) -> pa.Schema | None:
        """Columns of the table beside it."""
        return pq.read_schema(self.extras) if self.extras else None


def write_card(folder: Path, left_out: Mapping[str, int] | None = None) -> None:
    """Write ``README.md`` and ``croissant.json`` of a folder with ``annotations/*.json`` and ``images/``.

    Args:
        folder: The dataset.
        left_out: Counts of a run, ``left_out_small`` and ``left_out_verdict`` among them.

    Raises:
        InputError: The folder holds no label file.
    """
    files = [read_label_file(path) for path in label_files(folder)]
    licence, sources = licence_of([file.info for file in files])
    template = jinja2.Template(
        _CARD.read_text(encoding="utf-8"), keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    text = template.render(
        files=files,
        licence=licence,
        licence_url=licence_url(licence),
        sources=sources,
        left_out=left_out or {},
        not_stated=NOT_STATED,
    )
    with atomic_path(folder / "README.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_json(folder / "croissant.json", croissant(files, licence, folder), indent=2)


def label_files(folder: Path) -> list[Path]:
    """The COCO files of a dataset's folder.

    Raises:
        InputError: There are none.
    """
    found = sorted(path for path in (folder / "annotations").glob("*.json") if not path.name.startswith("."))
    if not found:
        raise InputError(f"{folder}: holds no annotations/*.json; give the folder of a dataset")
    return found


def extras_beside(labels: Path) -> Path | None:
    """The table of extras of a COCO file."""
    path = labels.with_suffix(".extras.parquet")
    return path if path.exists() else None


def read_label_file(path: Path) -> LabelFile:
    """Count and hash a COCO file and its pictures, an item at a time."""
    head, images = read_head(path), images_folder(path)
    digest, count, complete = hashlib.sha256(), 0, True
    for image in iter_images(path):
        count += 1
        picture = images / image["file_name"]
        complete = complete and picture.is_file()
        if complete:
            digest.update(f"{image['file_name']}\0{hash_file(picture)}\n".encode())
    people = crowds = 0
    keys: set[str] | None = None
    for annotation in iter_annotations(path):
        people += 1
        keys = set(annotation) if keys is None else keys & annotation.keys()
        crowds += bool(annotation.get("iscrowd"))
    extras = extras_beside(path)
    return LabelFile(
        path,
        head.info,
        tuple(head.categories[0].get("keypoints", ())) if head.categories else (),
        count,
        people,
        crowds,
        frozenset(keys or ()),
        _subjects(extras) if extras else None,
        hash_file(path),
        digest.hexdigest() if complete else None,
        extras,
    )


def _subjects(extras: Path) -> int | None:
    if "subject_id" not in pq.read_schema(extras).names:
        return None
    return len({s for table in iter_tables(extras, ["subject_id"]) for s in table["subject_id"].to_pylist()})


def licence_of(infos: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The licence that all files of a dataset name, and their sources with numbers added up.

    Raises:
        InputError: The files name different licences.
    """
    licences = {info.get("licence", NOT_STATED) for info in infos}
    if len(licences) > 1:
        raise InputError(
            f"the label files name different licences ({', '.join(sorted(licences))}); "
            "mix them, which takes the strictest"
        )
    sources: dict[tuple, dict[str, Any]] = {}
    for info in infos:
        for source in info.get("sources", ()):
            key = (source["name"], source["licence"])
            known = sources.setdefault(key, {**source, "images": 0, "annotations": 0})
            for kind in ("images", "annotations"):
                known[kind] += source.get(kind, 0)
    return licences.pop(), list(sources.values())
