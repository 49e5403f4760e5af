"""COCO keypoint files: typed reading with checks, mapping by keypoint name, atomic writing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from spinepose.errors import InputError
from spinepose.files import write_json
from spinepose.skeleton import NAMES, coco_category

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 1

_ANNOTATION_KEYS = {"id", "image_id", "category_id", "keypoints", "num_keypoints", "bbox", "area", "iscrowd"}
_IMAGE_KEYS = {"id", "file_name", "width", "height"}


@dataclass(frozen=True)
class ImageRecord:
    """One image.

    Attributes:
        id: Its id in the file.
        file_name: Path relative to the images folder, with forward slashes.
        width: Pixels.
        height: Pixels.
        extra: Fields that COCO does not know; kept on writing.
    """

    id: int
    file_name: str
    width: int
    height: int
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Annotation:
    """One person in one image.

    Attributes:
        id: Its id in the file.
        image_id: Id of its image.
        keypoints: x and y in pixels and visibility (0 not labelled, 1 hidden, 2 visible), shape (K, 3).
        box_xywh: Left, top, width and height in pixels, shape (4,).
        area: Area of the person in square pixels: the scale of OKS.
        iscrowd: True for a group that is not to be matched.
        extra: Fields that COCO does not know; kept on writing.
    """

    id: int
    image_id: int
    keypoints: np.ndarray
    box_xywh: np.ndarray
    area: float
    iscrowd: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labelled(self) -> np.ndarray:
        """Which keypoints carry a label, shape (K,)."""
        return self.keypoints[:, 2] > 0


@dataclass(frozen=True)
class CocoDataset:
    """A COCO keypoint file in memory.

    Attributes:
        images: All images.
        annotations: All people, in the file's order.
        names: Keypoint names, in the order of the annotations' rows.
        info: The file's ``info`` entry.
    """

    images: tuple[ImageRecord, ...]
    annotations: tuple[Annotation, ...]
    names: tuple[str, ...] = NAMES
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def image_by_id(self) -> dict[int, ImageRecord]:
        """Images by their id."""
        return {image.id: image for image in self.images}

    def subset(self, annotation_ids: Iterable[int]) -> CocoDataset:
        """The same file with these annotations only, and the images they stand in."""
        wanted = set(annotation_ids)
        annotations = tuple(a for a in self.annotations if a.id in wanted)
        used = {a.image_id for a in annotations}
        return replace(self, images=tuple(i for i in self.images if i.id in used), annotations=annotations)


def map_keypoints(
    keypoints: np.ndarray, from_names: Sequence[str], to_names: Sequence[str] = NAMES
) -> np.ndarray:
    """Bring keypoints into another order by name; names that the source lacks come out unlabelled (zeros).

    Args:
        keypoints: Shape (..., K, 3), K names of ``from_names``.
        from_names: Names of the rows given.
        to_names: Names of the rows wanted.

    Returns:
        Shape (..., len(to_names), 3).
    """
    keypoints = np.asarray(keypoints)
    result = np.zeros((*keypoints.shape[:-2], len(to_names), 3), dtype=keypoints.dtype)
    position = {name: i for i, name in enumerate(from_names)}
    for row, name in enumerate(to_names):
        if name in position:
            result[..., row, :] = keypoints[..., position[name], :]
    return result


def load_coco(path: Path | str, allow_subset: bool = False) -> CocoDataset:
    """Read a COCO keypoint file and check it.

    Args:
        path: The JSON file.
        allow_subset: Accept a file that has only some of the 37 keypoints, in any order (COCO's 17, Halpe's 26, a
            user's own), and map it by name. What it lacks stays unlabelled. Without it the 37 must stand in order.

    Raises:
        InputError: The file is missing, is no COCO keypoint file, or has another skeleton.
    """
    path = Path(path)
    document = _read_document(path)
    names = _keypoint_names(document, path)
    _check_names(names, path, allow_subset)
    try:
        images = tuple(_image(row) for row in document["images"])
        annotations = tuple(_annotation(row, names) for row in document["annotations"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a COCO keypoint file ({type(error).__name__}: {error})") from None
    _check_ids(images, annotations, path)
    return CocoDataset(images, annotations, NAMES, dict(document.get("info") or {}))


def save_coco(path: Path | str, dataset: CocoDataset) -> None:
    """Write a COCO keypoint file: whole or not at all."""
    write_json(path, coco_document(dataset))


def coco_document(dataset: CocoDataset) -> dict[str, Any]:
    """The dataset as the JSON document that COCO's own tools read.

    Raises:
        InputError: The keypoint rows are not those of this project's skeleton.
    """
    if tuple(dataset.names) != NAMES:
        raise InputError("only the 37-keypoint skeleton can be written: map the keypoints by name first")
    return {
        "info": {"schema_version": SCHEMA_VERSION, **dataset.info},
        "licenses": [],
        "images": [
            {**i.extra, "id": i.id, "file_name": i.file_name, "width": i.width, "height": i.height}
            for i in dataset.images
        ],
        "annotations": [_annotation_row(a) for a in dataset.annotations],
        "categories": [coco_category()],
    }


def _annotation_row(annotation: Annotation) -> dict[str, Any]:
    return {
        **annotation.extra,
        "id": annotation.id,
        "image_id": annotation.image_id,
        "category_id": 1,
        "keypoints": _flat_keypoints(annotation.keypoints),
        "num_keypoints": int(annotation.labelled.sum()),
        "bbox": [round(float(value), 3) for value in annotation.box_xywh],
        "area": round(float(annotation.area), 3),
        "iscrowd": int(annotation.iscrowd),
    }


def _flat_keypoints(keypoints: np.ndarray) -> list[float | int]:
    flat: list[float | int] = []
    for x, y, visibility in keypoints.tolist():
        # COCO's rule: an unlabelled keypoint is three zeros.
        flat += [round(x, 3), round(y, 3), int(visibility)] if visibility > 0 else [0, 0, 0]
    return flat


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such label file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(document, dict) or not {"images", "annotations", "categories"} <= document.keys():
        raise InputError(f"{path}: not a COCO file (needs images, annotations and categories)")
    version = (document.get("info") or {}).get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise InputError(f"{path}: schema_version {version}, this version reads {SCHEMA_VERSION}")
    return document


def _keypoint_names(document: dict[str, Any], path: Path) -> tuple[str, ...]:
    for category in document["categories"]:
        if isinstance(category, dict) and category.get("keypoints"):
            return tuple(category["keypoints"])
    raise InputError(f"{path}: no category names its keypoints; is this a detection file?")


def _check_names(names: tuple[str, ...], path: Path, allow_subset: bool) -> None:
    if names == NAMES:
        return
    unknown = [name for name in names if name not in NAMES]
    # As many as ours with other names is a slip; fewer or more is another set, of which we take what we know.
    if allow_subset and len(unknown) < len(names) and not (unknown and len(names) == len(NAMES)):
        if unknown:
            logger.warning("%s: keypoints that are none of the 37 are left out: %s", path, ", ".join(unknown))
        return
    if len(names) != len(NAMES):
        raise InputError(
            f"{path}: has {len(names)} keypoints, expected the {len(NAMES)} of the SpineTrack skeleton"
        )
    row = next(i for i, pair in enumerate(zip(names, NAMES, strict=True)) if pair[0] != pair[1])
    raise InputError(f"{path}: keypoint {row} is '{names[row]}', expected '{NAMES[row]}'")


def _image(row: Mapping[str, Any]) -> ImageRecord:
    extra = {key: value for key, value in row.items() if key not in _IMAGE_KEYS}
    return ImageRecord(int(row["id"]), str(row["file_name"]), int(row["width"]), int(row["height"]), extra)


def _annotation(row: Mapping[str, Any], names: tuple[str, ...]) -> Annotation:
    flat = np.asarray(row["keypoints"], dtype=np.float64)
    if flat.size != 3 * len(names):
        raise ValueError(
            f"annotation {row['id']} has {flat.size} keypoint numbers, expected {3 * len(names)}"
        )
    box = np.asarray(row["bbox"], dtype=np.float64)
    if box.shape != (4,) or not np.isfinite(box).all() or not np.isfinite(flat).all():
        raise ValueError(f"annotation {row['id']} has a box or keypoints that are not finite numbers")
    area = float(row["area"]) if row.get("area") else float(box[2] * box[3])
    extra = {key: value for key, value in row.items() if key not in _ANNOTATION_KEYS}
    keypoints = map_keypoints(flat.reshape(-1, 3), names)
    return Annotation(
        int(row["id"]), int(row["image_id"]), keypoints, box, area, bool(row.get("iscrowd", 0)), extra
    )


def _check_ids(images: Sequence[ImageRecord], annotations: Sequence[Annotation], path: Path) -> None:
    known = {image.id for image in images}
    if len(known) != len(images):
        raise InputError(f"{path}: two images share an id")
    if len({a.id for a in annotations}) != len(annotations):
        raise InputError(f"{path}: two annotations share an id")
    for annotation in annotations:
        if annotation.image_id not in known:
            raise InputError(
                f"{path}: annotation {annotation.id} stands in image {annotation.image_id}, which the file lacks"
            )
