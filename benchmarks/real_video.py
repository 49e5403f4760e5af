"""How many frames of a real video would a person accept? Sheets to judge by eye, and an automatic stand-in.

    mp/bin/python examples/mediapipe_keypoints.py clip.mp4 --dataset real --licence ... --complexity 2
    spineforge infer clip.mp4 --out found
    python -m benchmarks.real_video found/clip.json --video clip.mp4 --reference real --out judged
    python -m benchmarks.real_video found/clip.json --video clip.mp4 --reference real --verdicts judged/verdicts.csv

The first run draws every n-th frame, large, and writes ``verdicts.csv`` with an empty ``body`` and ``spine`` a frame: 1
is accepted, 0 is not. Accept a body when every limb follows the person's own, left is left, and no joint is off by more
than a joint's width; a spine when all nine points lie inside the trunk or neck, in order, along its middle line.

The stand-in knows MediaPipe's points only, and says so of each frame that has them:
body: at most one of the twelve joints from shoulders to ankles is off by over 5 % of the person's larger side;
spine: sacrum and C7 within 0.35 of the trunk's length of the middle of hips and shoulders, C1 as near to the ears,
every point at most 0.2 of it beside the line from the sacrum to C7, and in order.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spinepose.coco import load_coco
from spinepose.metrics import similarities
from spinepose.skeleton import COCO17_NAMES, INDEX, SPINE_CHAIN, indices
from spinepose.visualize import draw_nobody, draw_person

PARTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
JOINTS = [f"{side}_{part}" for part in PARTS for side in ("left", "right")]
JOINT_SHARE, JOINTS_OFF = 0.05, 1
END_SHARE, BESIDE_SHARE = 0.35, 0.2
TILE, COLUMNS = (480, 640), 4


def found_people(path: Path) -> dict[int, np.ndarray]:
    """By frame the person with the best score in what ``infer`` wrote: keypoints and scores, shape (37, 3)."""
    frames = json.loads(path.read_text("utf-8"))["frames"]
    best = {f["frame"]: max(f["people"], key=lambda p: p["score"], default=None) for f in frames}
    return {n: np.array(p["keypoints"]).reshape(-1, 3) for n, p in best.items() if p is not None}


def reference_people(folder: Path, stem: str) -> dict[int, Any]:
    """By frame the annotation of a video in what ``examples/mediapipe_keypoints.py`` wrote, and its split."""
    result = {}
    for path in sorted((folder / "annotations").glob("*-mediapipe.json")):
        dataset = load_coco(path, allow_subset=True)
        for annotation in dataset.annotations:
            name = Path(dataset.image_by_id[annotation.image_id].file_name)
            if name.parent.name == stem:
                result[int(name.stem)] = annotation, "held out" if "_val-" in path.name else "other"
    return result


def body_accepted(points: np.ndarray, annotation: Any) -> bool:
    """The stand-in's word on a body; points and scores, shape (37, 3)."""
    rows = indices([n for n in JOINTS if annotation.keypoints[INDEX[n], 2] > 0])
    off = np.linalg.norm(points[rows, :2] - annotation.keypoints[rows, :2], axis=1)
    return int((off > JOINT_SHARE * annotation.box_xywh[2:].max()).sum()) <= JOINTS_OFF


def spine_accepted(points: np.ndarray, annotation: Any) -> bool | None:
    """The stand-in's word on a spine; None where shoulders or hips are not known."""
    known = annotation.keypoints
    pairs = {part: indices([f"left_{part}", f"right_{part}"]) for part in ("shoulder", "hip", "ear")}
    if not (known[np.concatenate([pairs["shoulder"], pairs["hip"]]), 2] > 0).all():
        return None
    shoulders, hips = known[pairs["shoulder"], :2].mean(axis=0), known[pairs["hip"], :2].mean(axis=0)
    length = float(np.linalg.norm(shoulders - hips))
    spine = points[indices(SPINE_CHAIN), :2]
    c7 = spine[SPINE_CHAIN.index("neck")]
    ends = [(spine[0], hips), (c7, shoulders)]
    if (known[pairs["ear"], 2] > 0).all():
        ends.append((spine[-1], known[pairs["ear"], :2].mean(axis=0)))
    if any(np.linalg.norm(a - b) > END_SHARE * length for a, b in ends):
        return False
    line = (c7 - spine[0]) / max(float(np.linalg.norm(c7 - spine[0])), 1e-9)
    trunk = spine[: SPINE_CHAIN.index("neck") + 1] - spine[0]
    beside = np.abs(trunk[:, 0] * line[1] - trunk[:, 1] * line[0])
    return bool(beside.max() <= BESIDE_SHARE * length and (np.diff(trunk @ line) > 0).all())


def share_line(name: str, accepted: list[bool]) -> str:
    """A share with its 95 % interval (Wilson), which takes frames as independent: neighbours are not."""
    n, p, z = len(accepted), float(np.mean(accepted)) if accepted else math.nan, 1.96
    if not n:
        return f"{name}: no frame"
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = max(middle - half, 0) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return f"{name}: {sum(accepted)} of {n} frames, {p:.0%} ({low:.0%} to {high:.0%})"


def tell_stand_in(found: Mapping[int, np.ndarray], reference: Mapping[int, Any]) -> None:
    """Print shares, OKS and errors by joint against the reference, over all frames and over those held out."""
    for part in ("all", "held out"):
        rows = {n: a for n, (a, split) in reference.items() if part in ("all", split)}
        both = [n for n in rows if n in found]
        print(f"\n{part}: {len(rows)} frames with reference points, a person found in {len(both)}")
        if not both:
            continue
        print(share_line("  body accepted", [n in found and body_accepted(found[n], rows[n]) for n in rows]))
        spine = [n in found and spine_accepted(found[n], rows[n]) for n in rows]
        print(share_line("  spine accepted", [bool(s) for s in spine if s is not None]))
        ours, theirs = np.stack([found[n] for n in both]), np.stack([rows[n].keypoints for n in both])
        oks = similarities(ours[..., :2], theirs, np.array([rows[n].area for n in both]))
        print(f"  mean OKS on COCO's points: {np.nanmean(oks[:, indices(COCO17_NAMES)]):.3f}")
        size = np.array([rows[n].box_xywh[2:].max() for n in both])[:, None]
        off = 100 * np.linalg.norm(ours[..., :2] - theirs[..., :2], axis=-1) / size
        for name in JOINTS:
            own = off[theirs[:, INDEX[name], 2] > 0, INDEX[name]]
            if len(own):
                print(
                    f"  {name:15s} median {np.median(own):5.1f} %, p95 {np.percentile(own, 95):5.1f} % of the side"
                )


def draw_sheets(found: Mapping[int, np.ndarray], video: Path, every: int, out: Path) -> None:
    """Every n-th frame about its person, large, in sheets of twelve; and the file for verdicts."""
    capture, number, tiles = cv2.VideoCapture(str(video)), -1, []
    out.mkdir(parents=True, exist_ok=True)
    frames = []
    while True:
        read, image = capture.read()
        number += 1
        if not read:
            break
        if number % every:
            continue
        frames.append(number)
        tiles.append(_tile(image, found.get(number), number))
    blank = np.zeros_like(tiles[0])
    for start in range(0, len(tiles), 3 * COLUMNS):
        part = tiles[start : start + 3 * COLUMNS]
        part += [blank] * (-len(part) % COLUMNS)
        rows = [np.hstack(part[i : i + COLUMNS]) for i in range(0, len(part), COLUMNS)]
        cv2.imwrite(str(out / f"sheet_{start // (3 * COLUMNS):02d}.png"), np.vstack(rows))
    verdicts = out / "verdicts.csv"
    if not verdicts.exists():
        verdicts.write_text("frame,body,spine\n" + "".join(f"{n},,\n" for n in frames), "utf-8")
    print(f"{len(tiles)} frames drawn in {out}; fill in {verdicts} and give it with --verdicts")


def _tile(image: np.ndarray, points: np.ndarray | None, number: int) -> np.ndarray:
    width, height = TILE
    if points is None:
        drawn = draw_nobody(cv2.resize(image, TILE))
    else:
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        scale = min(width / (high - low + 1)[0], height / (high - low + 1)[1]) / 1.3
        shift = np.array(TILE) / 2 - scale * (low + high) / 2
        drawn = cv2.warpAffine(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), TILE)
        draw_person(drawn, points[:, :2] * scale + shift, np.where(points[:, 2] > 0.2, 2, 1))
    cv2.putText(
        drawn, str(number), (8, height - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2, cv2.LINE_AA
    )
    return drawn


def tell_verdicts(path: Path) -> None:
    """Print the shares that a person accepted."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["body"] and row["spine"]]
    print(f"\nby eye ({path}):")
    for name in ("body", "spine"):
        print(share_line(f"  {name} accepted", [row[name] == "1" for row in rows]))
    print(share_line("  both", [row["body"] == row["spine"] == "1" for row in rows]))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("found", type=Path, help="NAME.json that infer wrote")
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--reference", type=Path, metavar="DIR", help="what mediapipe_keypoints.py wrote")
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw sheets here")
    parser.add_argument("--every", type=int, default=4, metavar="N", help="of the frames drawn (default 4)")
    parser.add_argument("--verdicts", type=Path, metavar="FILE", help="filled in by eye")
    args = parser.parse_args()
    found = found_people(args.found)
    if args.reference:
        tell_stand_in(found, reference_people(args.reference, args.video.stem))
    if args.out:
        draw_sheets(found, args.video, args.every, args.out)
    if args.verdicts:
        tell_verdicts(args.verdicts)


if __name__ == "__main__":
    main()
