"""Croissant metadata (MLCommons, version 1.0) of a dataset's folder: what ``mlcroissant`` and data hubs read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.dataset_sources import licence_url

if TYPE_CHECKING:
    from pipelines.card import LabelFile

# The context that the specification prescribes, word by word.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
# Of an annotation in COCO: key, type, whether it is a list, what it means.
_ANNOTATION = (
    ("id", "sc:Integer", False, "id of the person in this file"),
    ("image_id", "sc:Integer", False, "id of the picture"),
    ("keypoints", "sc:Float", True, "x, y (pixels) and v (0 not labelled, 1 hidden, 2 visible) by keypoint"),
    ("num_keypoints", "sc:Integer", False, "keypoints with v > 0"),
    ("bbox", "sc:Float", True, "x, y, width, height of what is visible, pixels"),
    ("area", "sc:Float", False, "visible area, pixels"),
    ("iscrowd", "sc:Integer", False, "1 for a person or group not to be matched"),
)


def croissant(files: Sequence[LabelFile], licence: str, folder: Path) -> dict[str, Any]:
    """Metadata of a dataset.

    Args:
        files: Its COCO files.
        licence: The strictest of its sources.
        folder: Its folder; paths are given from there.
    """
    images = sum(file.images for file in files)
    people = sum(file.annotations for file in files)
    distribution: list[dict] = []
    records: list[dict] = []
    for file in files:
        distribution += _distribution(file, folder)
        # One list of a JSON file only: mlcroissant puts all that it takes from a file into one table.
        records.append(_people(file))
        if file.columns is not None:
            records.append(_table_records(f"{file.split}-extras", file.columns))
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "spine-keypoints",
        "description": f"{people} people on {images} pictures with {len(files[0].keypoints)} keypoints, nine of them "
        "vertebral landmarks; COCO keypoint files with tables of 3D extras. Made with spineforge.",
        "license": licence_url(licence) or licence,
        "version": "1.0.0",
        "keywords": ["human pose estimation", "spine", "keypoints"],
        "citeAs": "The spineforge developers: spineforge, data and models for the human spine in ordinary images",
        "isLiveDataset": False,
        "distribution": distribution,
        "recordSet": records,
    }


def _distribution(file: LabelFile, folder: Path) -> list[dict]:
    found = [_file(f"{file.split}-labels", file.path, folder, "application/json", file.sha256)]
    if file.extras is not None:
        kind = "application/x-parquet"
        found.append(_file(f"{file.split}-extras-table", file.extras, folder, kind, file.extras_sha256))
    found.append(
        {
            "@type": "cr:FileSet",
            "@id": f"{file.split}-pictures",
            "name": f"{file.split}-pictures",
            "description": f"pictures of {file.path.name}; SHA-256 over names and bytes: {file.images_sha256}",
            "encodingFormat": "image/jpeg",
            "includes": f"images/{file.split}/*.jpg",
        }
    )
    return found


def _file(name: str, path: Path, folder: Path, kind: str, sha256: str | None) -> dict:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": path.relative_to(folder).as_posix(),
        "encodingFormat": kind,
        "sha256": sha256,
    }


def _people(file: LabelFile) -> dict:
    rows = [
        (key, kind, many, words, {"jsonPath": f"$.annotations[*].{key}"})
        for key, kind, many, words in _ANNOTATION
        if key in file.annotation_keys
    ]
    return _records(f"{file.split}-people", f"{file.split}-labels", rows)


def _table_records(name: str, schema: pa.Schema) -> dict:
    rows = []
    for column in schema:
        many = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
        kind = _kind(column.type.value_type if many else column.type)
        rows.append((column.name, kind, many, "by annotation id", {"column": column.name}))
    return _records(name, f"{name}-table", rows)


def _records(name: str, file: str, rows: Sequence[tuple[str, str, bool, str, dict]]) -> dict:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{key}",
                "name": f"{name}/{key}",
                "description": words,
                "dataType": kind,
                **({"repeated": True} if many else {}),
                "source": {"fileObject": {"@id": file}, "extract": extract},
            }
            for key, kind, many, words, extract in rows
        ],
    }


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
