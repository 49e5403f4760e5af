"""The pictures of a COCO file, each with its people, whatever order the file has and however large it is."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from spinepose.coco_stream import iter_annotations, iter_images
from spinepose.errors import InputError


def iter_pictures(labels: Path) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every image with its annotations, in the order of the images.

    The annotations lie sorted in a file of SQLite meanwhile: some files hold them in any order.

    Raises:
        InputError: An annotation stands in no image of the file.
    """
    with tempfile.TemporaryDirectory(prefix="spineforge-") as scratch:
        store = sqlite3.connect(Path(scratch) / "people.sqlite", isolation_level=None)
        try:
            store.execute("PRAGMA journal_mode = OFF")
            store.execute("PRAGMA synchronous = OFF")
            store.execute("CREATE TABLE people (image INTEGER, text BLOB)")
            store.execute("BEGIN")
            store.executemany(
                "INSERT INTO people VALUES (?, ?)",
                ((a["image_id"], orjson.dumps(a)) for a in iter_annotations(labels)),
            )
            store.execute("COMMIT")
            store.execute("CREATE INDEX by_image ON people (image)")
            total = store.execute("SELECT COUNT(*) FROM people").fetchone()[0]
            given = 0
            for image in iter_images(labels):
                rows = store.execute("SELECT text FROM people WHERE image = ? ORDER BY rowid", (image["id"],))
                people = [orjson.loads(text) for (text,) in rows]
                given += len(people)
                yield image, people
        finally:
            store.close()
    if given != total:
        raise InputError(
            f"{labels}: {total - given} annotations stand in images that it lacks; "
            "see 'spineforge dataset validate'"
        )


def require_picture(images: Path, image: dict[str, Any]) -> Path:
    """Where a picture lies.

    Raises:
        InputError: It is missing, or its name leads out of the folder.
    """
    path = images / image["file_name"]
    if ".." in Path(image["file_name"]).parts or Path(image["file_name"]).is_absolute():
        raise InputError(f"image {image['id']}: the name '{image['file_name']}' leads out of {images}")
    if not path.is_file():
        raise InputError(
            f"image {image['id']}: {path} is missing; copy it there or take it out of the labels"
        )
    return path


def split_of(labels: Path) -> str:
    """The name of a label file without what all COCO keypoint files are called: ``train-synth``."""
    return labels.stem.removeprefix("person_keypoints_")
