"""The sources of a mix: what is told of each, and an index of its pictures that fits into memory at any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spinepose.coco_stream import CocoHead, images_folder, iter_annotations, iter_images, read_head
from spinepose.errors import InputError
from spinepose.licences import Licence, licence, licence_of_entry, strictest
from spinepose.skeleton_maps import SkeletonMap, skeleton_map

# Fields of images and annotations that name a person or a clip; COCO's own are not among them.
PERSON_FIELDS = ("subject_id", "person_id")
CLIP_FIELDS = ("video", "video_id", "clip", "clip_id", "vid_id", "sequence")


class SourceConfig(BaseModel):
    """One source, as a YAML file of sources lists it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="Its folder in the mix.")
    labels: Path = Field(description="COCO keypoint file.")
    images: Path = Field(description="Folder that its file names are relative to.")
    split: Literal["train", "val", "auto"] = Field(
        "auto", description="Where it goes; auto draws by person and clip."
    )
    licence: str | None = Field(None, description="Its licence, where the file does not say.")
    skeleton: str | None = Field(
        None, description="spinetrack, coco17, halpe26 or halpe136, where names do not tell."
    )
    keypoints: dict[str, str] = Field({}, description="More names: theirs to one of the 37.")
    share: float = Field(1.0, gt=0, le=1, description="Share of its pictures to take.")
    weight: float | None = Field(
        None, gt=0, description="People of it in training relative to the other sources."
    )


class MixConfig(BaseModel):
    """A YAML file of sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[SourceConfig, ...] = Field(
        min_length=1, description="The first keeps a picture that several have."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> MixConfig:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError(f"two sources share a name: {', '.join(names)}")
        return self


def load_sources(path: Path) -> MixConfig:
    """Read a YAML file of sources; its paths are relative to it.

    Raises:
        InputError: Missing, no YAML, or a field that is none.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        config = MixConfig.model_validate(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}") from None
    beside = [
        source.model_copy(
            update={"labels": path.parent / source.labels, "images": path.parent / source.images}
        )
        for source in config.sources
    ]
    return MixConfig(sources=tuple(beside))


def folder_sources(folder: Path) -> list[SourceConfig]:
    """The sources of a dataset folder in SpineTrack's layout: ``annotations/person_keypoints_<split>*.json``.

    Raises:
        InputError: The folder has no such files.
    """
    files = sorted((folder / "annotations").glob("person_keypoints_*.json"))
    if not files:
        raise InputError(
            f"{folder}: holds no annotations/person_keypoints_*.json; give a dataset folder or a YAML"
        )
    sources = []
    for file in files:
        rest = file.stem.removeprefix("person_keypoints_")
        split = next((s for s in ("train", "val") if rest.startswith(s)), "auto")
        name = f"{folder.resolve().name}-{rest}"
        sources.append(SourceConfig(name=name, labels=file, images=images_folder(file), split=split))
    return sources


@dataclass(frozen=True)
class Source:
    """One source, opened.

    Attributes:
        config: What was told of it.
        head: What stands beside its images and annotations.
        mapping: Its keypoints into the 37.
        categories: Ids of the categories that have keypoints; empty where none names any.
    """

    config: SourceConfig
    head: CocoHead
    mapping: SkeletonMap
    categories: frozenset[int]

    def people(self) -> Iterator[tuple[dict[str, Any], list[float | int]]]:
        """Its annotations with their keypoints as a flat list of the 37.

        Raises:
            InputError: An annotation has another number of keypoints than its file's skeleton.
        """
        for row in iter_annotations(self.config.labels):
            if self.categories and row.get("category_id") not in self.categories:
                continue
            flat = row.get("keypoints")
            if flat is None and row.get("iscrowd"):
                flat = [0] * (3 * self.mapping.count)
            if not isinstance(flat, list) or len(flat) != 3 * self.mapping.count:
                found = len(flat) if isinstance(flat, list) else 0
                raise InputError(
                    f"{self.config.labels}: annotation {row.get('id')} has {found} keypoint numbers, expected "
                    f"{3 * self.mapping.count}; run 'spineforge dataset validate' on it"
                )
            yield row, self.mapping.apply(flat)


def open_source(config: SourceConfig) -> Source:
    """Read a source's head and find its skeleton.

    Raises:
        InputError: A file or folder is missing, or the skeleton cannot be told.
    """
    head = read_head(config.labels)
    if not config.images.is_dir():
        raise InputError(f"{config.name}: {config.images}: no such folder of images")
    named = [c for c in head.categories if isinstance(c, dict) and c.get("keypoints")]
    names = tuple(named[0]["keypoints"]) if named else None
    count = None if names else _first_count(config.labels)
    try:
        mapping = skeleton_map(names, config.skeleton, config.keypoints, count)
    except InputError as error:
        raise InputError(f"{config.name}: {error}") from None
    return Source(config, head, mapping, frozenset(c["id"] for c in named))


def _first_count(labels: Path) -> int:
    for row in iter_annotations(labels):
        if isinstance(row.get("keypoints"), list):
            return len(row["keypoints"]) // 3
    raise InputError(f"{labels}: no annotation has keypoints")


@dataclass
class Index:
    """A source's pictures, in the file's order.

    Attributes:
        ids: Image ids in the file, shape (N,).
        names: File names.
        people: Annotations that label at least one of the 37 and are no crowd, shape (N,).
        tokens: Persons and clips on each: what must not be in two splits.
        licence: The strictest of what the source and its pictures say.
    """

    ids: np.ndarray
    names: list[str]
    people: np.ndarray
    tokens: list[frozenset[str]]
    licence: Licence


def index_source(source: Source) -> Index:
    """Go through a source once.

    Raises:
        InputError: A fault of the file that a mix cannot live with, or an unknown licence.
    """
    config = source.config
    ids, names, tokens = [], [], []
    licences: set[Any] = set()
    for row in iter_images(config.labels):
        name = str(row.get("file_name"))
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise InputError(f"{config.name}: image {row.get('id')}: '{name}' leads out of the images folder")
        ids.append(int(row["id"]))
        names.append(name)
        tokens.append(set(_tokens(config.name, row)))
        licences.add(row.get("license"))
    position = {number: i for i, number in enumerate(ids)}
    if len(position) != len(ids):
        raise InputError(f"{config.labels}: two images share an id; run 'spineforge dataset validate' on it")
    people = np.zeros(len(ids), np.int64)
    for row, flat in source.people():
        i = position.get(row.get("image_id", -1))
        if i is None:
            raise InputError(
                f"{config.labels}: annotation {row.get('id')} stands in image {row.get('image_id')}, "
                "which the file lacks"
            )
        tokens[i].update(_tokens(config.name, row))
        people[i] += any(flat[2::3]) and not row.get("iscrowd")
    for number, token in _tokens_of_extras(config.labels):
        if number in position:
            tokens[position[number]].add(token)
    found = _licence(config, source.head, licences)
    return Index(np.array(ids, np.int64), names, people, [frozenset(t) for t in tokens], found)


def _tokens(source: str, row: Mapping[str, Any]) -> Iterator[str]:
    for kind, fields in (("person", PERSON_FIELDS), ("clip", CLIP_FIELDS)):
        for name in fields:
            if row.get(name) not in (None, ""):
                yield f"{kind} {source} {row[name]}"


def _tokens_of_extras(labels: Path) -> Iterator[tuple[int, str]]:
    """Persons and clips of a set of our own, from the table beside it; its set id tells two sets apart."""
    table = labels.with_suffix(".extras.parquet")
    if not table.is_file():
        return
    columns = ["image_id", "set_id", "subject_id", "motion"]
    file = pq.ParquetFile(table)
    if not set(columns) <= set(file.schema_arrow.names):
        raise InputError(
            f"{table}: of an older version, does not say whose set it is; make the dataset again"
        )
    for batch in file.iter_batches(8192, columns=columns):
        for image, set_id, subject, motion in zip(
            *(batch.column(c).to_pylist() for c in columns), strict=True
        ):
            yield image, f"person {set_id} {subject}"
            yield image, f"clip {set_id} {motion}"


def _licence(config: SourceConfig, head: CocoHead, used: set[Any]) -> Licence:
    try:
        stated = [licence(config.licence)] if config.licence else []
        if not stated and head.info.get("licence"):
            stated = [licence(str(head.info["licence"]))]
        entries = {entry.get("id"): entry for entry in head.licenses if isinstance(entry, dict)}
        of_images = [licence_of_entry(entries[number]) for number in sorted(used & set(entries), key=str)]
        if not stated and not of_images:
            of_images = [licence_of_entry(entry) for entry in entries.values()]
    except InputError as error:
        raise InputError(f"{config.name}: {error}") from None
    if not stated and not of_images:
        raise InputError(
            f"{config.name}: {config.labels.name} does not say its licence; give it as 'licence:' in a YAML"
        )
    return strictest([*stated, *of_images])
