"""YOLO-pose text in the layout that ultralytics documents: ``images/``, ``labels/`` and ``data.yaml``.

A line a person: class, box centre and size, then x, y and v of each keypoint, all but v as shares of the picture. Its
converter divides COCO's pixels by the picture's size without a shift of half a pixel, and so does this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipelines.dataset_merge import link_file
from pipelines.pictures_of_labels import iter_pictures, require_picture, split_of
from spinepose.coco_stream import images_folder, read_head
from spinepose.errors import InputError
from spinepose.skeleton import KEYPOINTS, NAMES


def export_yolo(files: Sequence[Path], out: Path) -> None:
    """Write pictures, texts and ``data.yaml``; crowds are left out, since the layout has no place for them.

    Raises:
        InputError: The files differ in their keypoints, or one keypoint is unknown.
    """
    skeletons = {tuple(_keypoints(path)) for path in files}
    if len(skeletons) > 1:
        raise InputError("the label files have different keypoints; mix them into one skeleton first")
    names = skeletons.pop()
    made: set[Path] = set()
    for labels in files:
        images = images_folder(labels)
        for image, people in iter_pictures(labels):
            picture = require_picture(images, image)
            name = picture.relative_to(labels.parent.parent / "images")
            target, text = out / "images" / name, (out / "labels" / name).with_suffix(".txt")
            for parent in {target.parent, text.parent} - made:
                parent.mkdir(parents=True, exist_ok=True)
                made.add(parent)
            link_file(picture, target)
            lines = [yolo_line(person, image) for person in people if not person.get("iscrowd")]
            text.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    (out / "data.yaml").write_text(_data_yaml(files, names), encoding="utf-8")


def yolo_line(person: dict[str, Any], image: dict[str, Any]) -> str:
    """One person as text; boxes and points are cut at the picture's edges."""
    size = np.array([image["width"], image["height"]], float)
    x, y, w, h = person["bbox"]
    low, high = np.clip(np.array([[x, y], [x + w, y + h]]) / size, 0, 1)
    points = np.array(person["keypoints"], float).reshape(-1, 3)
    points[:, :2] = np.clip(points[:, :2] / size, 0, 1)
    points[points[:, 2] == 0] = 0
    numbers = (*((low + high) / 2).tolist(), *(high - low).tolist(), *points.ravel().tolist())
    return ("0 %.6f %.6f %.6f %.6f" + " %.6f %.6f %d" * len(points)) % numbers


def _data_yaml(files: Sequence[Path], names: tuple[str, ...]) -> str:
    splits = [split_of(path) for path in files]
    held_out = [split for split in splits if split.startswith(("val", "test"))]
    # Without `path` ultralytics starts from the folder of this file.
    data = {
        "train": [f"images/{split}" for split in splits if split not in held_out],
        "val": [f"images/{split}" for split in held_out],
        "names": {0: "person"},
        "kpt_shape": [len(names), 3],
        "flip_idx": flip_indices(names),
        "kpt_names": {0: list(names)},
    }
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=110)


def flip_indices(names: Sequence[str]) -> list[int]:
    """Which keypoint stands at each place after a left-right flip.

    Raises:
        InputError: A keypoint is none of the skeleton's, so its partner is not known.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise InputError(f"keypoint '{unknown[0]}' is not known; mix the labels into the 37 keypoints first")
    swap = {keypoint.name: keypoint.swap or keypoint.name for keypoint in KEYPOINTS}
    return [names.index(swap[name]) for name in names]


def _keypoints(labels: Path) -> list[str]:
    for category in read_head(labels).categories:
        if category.get("keypoints"):
            return category["keypoints"]
    raise InputError(f"{labels}: no category names its keypoints")
