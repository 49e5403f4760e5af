"""Small label files in published layouts, with their images: standing people, every second one seen from behind."""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
from sketches import _rest_pose

from spinepose.skeleton import INDEX, NAMES, coco_category

SIZE = (160, 200)


def people(count: int = 2) -> np.ndarray:
    """Pixels of standing people, every second one seen from behind, shape (count, 37, 2)."""
    rest = _rest_pose()
    sides = [1 if i % 2 == 0 else -1 for i in range(count)]
    shape = [np.stack([80 + side * 90 * rest[:, 1], 190 - 95 * rest[:, 2]], axis=1) for side in sides]
    return np.round(np.stack(shape), 3)


def document(names=NAMES, count: int = 2, info: dict | None = None) -> dict:
    """A COCO document of one person an image; ``names`` are the skeleton's and need not be ours."""
    images, annotations = [], []
    for i, pixels in enumerate(people(count)):
        v = np.full(len(NAMES), 2)
        if i % 2:
            v[[INDEX["nose"], INDEX["left_eye"], INDEX["right_eye"]]] = 1
        rows = [[*pixels[INDEX[n]].tolist(), int(v[INDEX[n]])] if n in INDEX else [80, 90, 2] for n in names]
        low, high = pixels.min(axis=0) - 4, pixels.max(axis=0) + 4
        box = [round(float(value), 2) for value in (*low, *(high - low))]
        images.append({"id": 10 + i, "file_name": f"set/{i:03d}.jpg", "width": SIZE[0], "height": SIZE[1]})
        annotations.append(
            {
                "id": 100 + i, "image_id": 10 + i, "category_id": 1, "iscrowd": 0, "bbox": box,
                "area": round(0.4 * box[2] * box[3], 2), "keypoints": [v for row in rows for v in row],
                "num_keypoints": len(names),
            }
        )  # fmt: skip
    category = {**coco_category(), "keypoints": list(names), "skeleton": [[1, 2]]}
    return {
        "info": info or {},
        "licenses": [],
        "categories": [category],
        "images": images,
        "annotations": annotations,
    }


def write(folder: Path, content: dict, name: str = "labels.json") -> Path:
    """Write a document and an image for each of its entries; returns the file's path."""
    path = folder / "annotations" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    for i, image in enumerate(content["images"]):
        file = folder / "images" / image["file_name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(crc32(f"{name} {i}".encode())).integers(
            0, 256, (SIZE[1] // 20, SIZE[0] // 20, 3), np.uint8
        )
        cv2.imwrite(str(file), cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC))
    return path


PUBLISHED = ("train-real-coco", "train-real-yoga", "train-unreal", "val2017")


def publish(folder: Path) -> list[Path]:
    """Files as SpineTrack publishes them: split's folders that the file names leave out, COCO's fields, a crowd."""
    paths = []
    for i, split in enumerate(PUBLISHED):
        content = document(
            info={"description": "SpineTrack", "year": 2025, "contributor": "x", "version": "1.0"}
        )
        content["licenses"] = [
            {"id": 4, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}
        ]
        for k, image in enumerate(content["images"]):
            image |= {
                "file_name": f"{k:012d}.jpg",
                "license": 4,
                "flickr_url": "ü",
                "date_captured": "2013-11-14 17:02:52",
            }
        person, crowd = content["annotations"]
        person |= {"segmentation": [[1.5, 2.25, 3.0, 4.0, 5.0, 6.0]], "area": 1234.56789, "score": 1e-7}
        crowd |= {"iscrowd": 1, "keypoints": [0] * (3 * len(NAMES)), "num_keypoints": 0}
        crowd["segmentation"] = {"counts": [3, 7, 190], "size": [SIZE[1], SIZE[0]]}
        path = folder / "annotations" / f"person_keypoints_{split}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        rng = np.random.default_rng(i)
        for image in content["images"]:
            file = folder / "images" / split / image["file_name"]
            file.parent.mkdir(parents=True, exist_ok=True)
            noise = rng.integers(0, 256, (10, 8, 3), np.uint8)
            cv2.imwrite(str(file), cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC))
        paths.append(path)
    return paths
