"""WebDataset shards: tar files of pictures, each followed by its labels as JSON."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import orjson

from pipelines.pictures_of_labels import iter_pictures, require_picture, split_of
from spinepose.coco_stream import images_folder
from spinepose.files import atomic_path

SHARD_PICTURES = 1000


def export_webdataset(files: Sequence[Path], out: Path) -> None:
    """Write ``SPLIT/SPLIT-000000.tar`` and so on; a sample is ``KEY.jpg`` and ``KEY.json`` (image, annotations)."""
    for labels in files:
        split = split_of(labels)
        samples = _samples(labels)
        number = 0
        while shard := list(islice(samples, SHARD_PICTURES)):
            with (
                atomic_path(out / split / f"{split}-{number:06d}.tar") as temporary,
                temporary.open("wb") as tar,
            ):
                for key, picture, text in shard:
                    _add(tar, f"{key}{picture.suffix.lower()}", picture.read_bytes())
                    _add(tar, f"{key}.json", text)
                tar.write(bytes(2 * tarfile.BLOCKSIZE))
                tar.write(bytes(-tar.tell() % tarfile.RECORDSIZE))
            number += 1


def _samples(labels: Path) -> Iterator[tuple[str, Path, bytes]]:
    images = images_folder(labels)
    for image, people in iter_pictures(labels):
        # A key ends at its first dot, so names of files will not do.
        text = orjson.dumps({"image": image, "annotations": people})
        yield f"{image['id']:012d}", require_picture(images, image), text


def _add(tar: IO[bytes], name: str, data: bytes) -> None:
    # The module's own `addfile` copies the entry and the data through buffers: half of an export's time.
    entry = tarfile.TarInfo(name)  # without times and owners: equal data give equal shards
    entry.size = len(data)
    entry.mode = 0o644
    tar.write(entry.tobuf(tarfile.USTAR_FORMAT))
    tar.write(data)
    tar.write(bytes(-len(data) % tarfile.BLOCKSIZE))
