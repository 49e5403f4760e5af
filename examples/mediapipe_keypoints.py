"""Body points of real people by MediaPipe's pose, as a teacher or as labels for spineforge.

It needs an environment of its own, because mediapipe 0.10.21 (the last wheel that carries the model) wants NumPy 1:

    python -m venv mp && mp/bin/pip install mediapipe==0.10.21
    mp/bin/python examples/mediapipe_keypoints.py --labels my.json --images my/ --out keypoints.json
    spineforge train --labels my.json --images my/ --teacher keypoints.json --out runs/own

looks at the people of a label file: a teacher. Pictures and videos without any labels become a data set instead, whose
body is labelled and whose spine is not, one person a picture, the end of each video held out:

    mp/bin/python examples/mediapipe_keypoints.py clip.mp4 photos/ --dataset real --licence CC-BY-4.0

``real/boxes.json`` then holds the person's box in each frame, as ``spineforge infer --boxes`` reads it.

Every person is looked at several times, wider, narrower and mirrored. A point is the median of these views, and its
confidence is MediaPipe's visibility, the less the more the views disagree: a swapped pair of legs disagrees at once.
MediaPipe has 21 of the 37 points; the spine, neck, head top and small toes are not among them. Its code and models are
Apache-2.0. ``--complexity 2`` is the heavy model, clearly better on unusual poses, which the wheel lacks: put
``pose_landmark_heavy.tflite`` of npm's ``@mediapipe/pose`` into ``mediapipe/modules/pose_landmark/``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

# MediaPipe's number of each of our keypoints.
POINTS = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8, "left_shoulder": 11,
    "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16,
    "left_hip": 23, "right_hip": 24, "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
    "left_heel": 29, "right_heel": 30, "left_big_toe": 31, "right_big_toe": 32,
}  # fmt: skip
NAMES = tuple(POINTS)
SWAP = [NAMES.index(n.replace("left", "right") if "left" in n else n.replace("right", "left")) for n in NAMES]
# The person's box is looked at so much wider, each time also mirrored.
ZOOMS = (1.25, 1.45)
# Views that disagree by this share of the box's larger side halve a confidence.
HALF_AT = 0.03
LABELLED_FROM = 0.5  # confidence of a point that becomes a label
MIN_POINTS = 8  # labelled points of a person who is worth a picture
GAP_S = 0.25  # of a video, between its training part and its held-out part
VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"}
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


class Found(NamedTuple):
    """One person.

    Attributes:
        points: Image pixels and confidence in 0..1, shape (21, 3), in the order of ``NAMES``.
        box_xywh: Around the person's mask, image pixels, shape (4,).
        area: Of the mask, square pixels.
    """

    points: np.ndarray
    box_xywh: np.ndarray
    area: float


class Poses:
    """MediaPipe's pose, each picture by itself."""

    def __init__(self, complexity: int) -> None:
        import mediapipe

        self._model = mediapipe.solutions.pose.Pose(
            static_image_mode=True, model_complexity=complexity, enable_segmentation=True
        )

    def look(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Points and visibility, shape (21, 3), and the person's mask, shape (H, W) bool; None where nobody is."""
        seen = self._model.process(np.ascontiguousarray(image_bgr[..., ::-1]))
        if seen.pose_landmarks is None:
            return None
        height, width = image_bgr.shape[:2]
        marks = [seen.pose_landmarks.landmark[i] for i in POINTS.values()]
        # MediaPipe counts from the picture's corner; the centre of our first pixel is (0, 0).
        points = np.array([[m.x * width - 0.5, m.y * height - 0.5, m.visibility] for m in marks])
        return points, seen.segmentation_mask > 0.5

    def find(self, image_bgr: np.ndarray) -> Found | None:
        """The most prominent person of a picture, found in it as a whole, then looked at closely."""
        first = self.look(image_bgr)
        if first is None or not first[1].any():
            return None
        return self.find_in(image_bgr, mask_box(first[1]))

    def find_in(self, image_bgr: np.ndarray, box_xywh: np.ndarray) -> Found | None:
        """The person in a box."""
        views, whole = [], np.zeros(image_bgr.shape[:2], bool)
        for zoom in ZOOMS:
            left, top, right, bottom = square(box_xywh, zoom, image_bgr.shape)
            cut = image_bgr[top:bottom, left:right]
            for mirrored in (False, True):
                seen = self.look(cut[:, ::-1] if mirrored else cut)
                if seen is None:
                    continue
                points, mask = seen
                if mirrored:
                    points, mask = points[SWAP], mask[:, ::-1]
                    points[:, 0] = cut.shape[1] - 1 - points[:, 0]
                views.append(points + np.array([left, top, 0.0]))
                if not whole.any():
                    whole[top:bottom, left:right] = mask
        if len(views) < len(ZOOMS) + 1 or not whole.any():
            return None
        box = mask_box(whole)
        return Found(agree(np.array(views), float(max(box[2:]))), box, float(whole.sum()))


def mask_box(mask: np.ndarray) -> np.ndarray:
    """Left, top, width and height of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1], rows[-1]])
    return np.concatenate([low, high - low + 1]).astype(float)


def square(box_xywh: np.ndarray, zoom: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a square around a box, cut off at the picture's edges."""
    centre, half = box_xywh[:2] + box_xywh[2:] / 2, zoom * max(box_xywh[2:]) / 2
    low = np.maximum(np.floor(centre - half), 0).astype(int)
    high = np.minimum(np.ceil(centre + half), (shape[1], shape[0])).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def agree(views: np.ndarray, size_px: float) -> np.ndarray:
    """Median of the views, and visibility lowered by their disagreement.

    Args:
        views: Points and visibility, shape (V, 21, 3).
        size_px: The person's larger side.

    Returns:
        Shape (21, 3).
    """
    points = np.median(views, axis=0)
    apart = np.linalg.norm(views[..., :2] - points[:, :2], axis=-1)
    share = np.quantile(apart, 0.75, axis=0) / size_px
    points[:, 2] *= 0.5 ** ((share / HALF_AT) ** 2)
    return points


def teacher_results(labels: Path, images: Path, poses: Poses) -> Iterator[dict[str, Any]]:
    """A result for each annotation of a COCO file in whose box somebody is found."""
    document = json.loads(labels.read_text("utf-8"))
    names = {image["id"]: image["file_name"] for image in document["images"]}
    rows = sorted(document["annotations"], key=lambda row: row["image_id"])
    for number, row in enumerate(rows, 1):
        image = cv2.imread(str(images / names[row["image_id"]]))
        if image is None:
            sys.exit(f"{images / names[row['image_id']]}: cannot be read as an image")
        found = poses.find_in(image, np.array(row["bbox"], float))
        tell(number, len(rows))
        if found is not None:
            yield {"annotation_id": row["id"], "keypoints": found.points.round(3).ravel().tolist()}


class Picture(NamedTuple):
    """A picture to label.

    Attributes:
        name: Of the file that it becomes.
        source: The picture's file, or the video's and the frame's number, as ``infer`` names them.
        image: BGR.
        clip: Whose frame it is; empty for a picture.
        split: train or val.
    """

    name: str
    source: str
    image: np.ndarray
    clip: str
    split: str


def pictures(paths: list[Path], every: int, held_out: float) -> Iterator[Picture]:
    """Pictures and frames: the last share of each video and of the pictures is held out."""
    files = [f for p in paths for f in (sorted(p.iterdir()) if p.is_dir() else [p])]
    still = [f for f in files if f.suffix.lower() in PICTURES]
    for number, path in enumerate(still):
        image = cv2.imread(str(path))
        if image is None:
            sys.exit(f"{path}: cannot be read as an image")
        split = "val" if number >= round((1 - held_out) * len(still)) else "train"
        yield Picture(f"{path.parent.name}/{path.stem}.jpg", path.name, image, "", split)
    for path in (f for f in files if f.suffix.lower() in VIDEOS):
        yield from _frames(path, every, held_out)
    unknown = [f for f in files if f.suffix.lower() not in PICTURES | VIDEOS and f in paths]
    if unknown or not files:
        sys.exit(f"{(unknown or paths)[0]}: neither picture nor video")


def _frames(path: Path, every: int, held_out: float) -> Iterator[Picture]:
    capture = cv2.VideoCapture(str(path))
    count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS) or 25.0
    border_s = (1 - held_out) * count / rate
    number = -1
    while True:
        read, image = capture.read()
        number += 1
        if not read:
            break
        time_s = number / rate
        if number % every or (held_out and border_s - GAP_S < time_s < border_s):
            continue
        split = "val" if time_s >= border_s else "train"
        yield Picture(f"{path.stem}/{number:06d}.jpg", f"{path.name}:{number}", image, path.stem, split)
    capture.release()
    if number < 1:
        sys.exit(f"{path}: no frame can be read")


def write_dataset(paths: list[Path], out: Path, options: argparse.Namespace, poses: Poses) -> None:
    """Write COCO files of train and val, their pictures, ``keypoints.json`` and ``boxes.json``."""
    documents = {split: empty_document(options.licence) for split in ("train", "val")}
    results, boxes, nobody = [], {}, 0
    for number, picture in enumerate(pictures(paths, options.every, options.held_out), 1):
        found = poses.find(picture.image)
        tell(number, 0)
        if found is None or (found.points[:, 2] >= LABELLED_FROM).sum() < MIN_POINTS:
            nobody += 1
            continue
        target = out / "images" / picture.name
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), picture.image, [cv2.IMWRITE_JPEG_QUALITY, 93])
        document = documents[picture.split]
        height, width = picture.image.shape[:2]
        row = {"id": number, "file_name": picture.name, "width": width, "height": height}
        document["images"].append(row | ({"clip": picture.clip} if picture.clip else {}))
        document["annotations"].append(annotation(number, found))
        boxes[picture.source] = [found.box_xywh.tolist()]
        results.append({"annotation_id": number, "keypoints": found.points.round(3).ravel().tolist()})
    for split, document in documents.items():
        if document["images"]:
            path = out / "annotations" / f"person_keypoints_{split}-mediapipe.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document), "utf-8")
            print(f"{path}: {len(document['images'])} pictures")
    write_results(out / "keypoints.json", results)
    (out / "boxes.json").write_text(json.dumps(boxes), "utf-8")
    print(f"left out, nobody found: {nobody}")


def empty_document(licence: str) -> dict[str, Any]:
    """A COCO document without people."""
    info = {
        "description": "body points by MediaPipe's pose; no spine",
        "licence": licence,
        "schema_version": 1,
    }
    category = {"id": 1, "name": "person", "keypoints": list(NAMES), "skeleton": []}
    return {"info": info, "categories": [category], "images": [], "annotations": []}


def annotation(number: int, found: Found) -> dict[str, Any]:
    """A COCO annotation; points that are not sure are unlabelled."""
    sure = found.points[:, 2] >= LABELLED_FROM
    rows = [
        [round(x, 2), round(y, 2), 2] if ok else [0, 0, 0]
        for (x, y, _), ok in zip(found.points, sure, strict=True)
    ]
    return {
        "id": number,
        "image_id": number,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": found.box_xywh.tolist(),
        "area": found.area,
        "num_keypoints": int(sure.sum()),
        "keypoints": [float(value) if i < 2 else value for row in rows for i, value in enumerate(row)],
    }


def write_results(path: Path, results: list[dict[str, Any]]) -> None:
    """Write what ``spineforge train --teacher`` reads."""
    if not results:
        sys.exit("nobody was found")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"keypoint_names": list(NAMES), "results": results}), "utf-8")
    print(f"{path}: {len(results)} people")


def tell(done: int, total: int) -> None:
    """Say how far it is."""
    if sys.stderr.isatty() or done % 50 == 0:
        print(f"\r{done}{f' of {total}' if total else ''} people", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", nargs="*", type=Path, help="pictures, folders, videos (with --dataset)")
    parser.add_argument(
        "--dataset", type=Path, metavar="DIR", help="write a data set of the inputs' pictures"
    )
    parser.add_argument(
        "--licence", default="", help="licence of the inputs, SPDX; 'dataset mix' asks for it"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th frame (default 1)")
    parser.add_argument(
        "--held-out", type=float, default=0.3, metavar="SHARE", help="end of each video (default 0.3)"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="COCO file: look into its boxes")
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of its pictures")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keypoint file, with --labels")
    parser.add_argument("--complexity", type=int, choices=(1, 2), default=1, help="1: full, 2: heavy")
    args = parser.parse_args()
    if args.dataset and args.inputs:
        write_dataset(args.inputs, args.dataset, args, Poses(args.complexity))
    elif args.labels and args.images and args.out and not args.inputs:
        write_results(args.out, list(teacher_results(args.labels, args.images, Poses(args.complexity))))
    else:
        parser.error("give either pictures and --dataset DIR, or --labels, --images and --out")


if __name__ == "__main__":
    main()
