"""Pictures of a labelled set: crops with their skeleton, contact sheets, and the curves of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from spinepose.errors import StageError
from spinepose.skeleton import SPINE_CHAIN
from spinepose.visualize import draw_person

TILE = (240, 320)
_CAPTION = 20


@dataclass(frozen=True)
class Tile:
    """One person of a contact sheet.

    Attributes:
        image_path: The picture.
        image_id: Its id in the label file.
        bbox: x, y, width, height, pixels.
        keypoints_px: Shape (37, 2).
        v: COCO visibility, shape (37,).
        caption: A few words below the crop.
    """

    image_path: Path
    image_id: int
    bbox: list[float]
    keypoints_px: np.ndarray
    v: np.ndarray
    caption: str


def read_picture(path: Path) -> np.ndarray:
    """A BGR picture.

    Raises:
        StageError: It is missing or damaged.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise StageError(f"{path}: cannot be read as a picture; make its stage again")
    return image


def crop_tile(tile: Tile, size: tuple[int, int] = TILE, overlay: bool = True) -> np.ndarray:
    """Cut a person out with some margin, enlarge, and draw the skeleton on the enlarged picture.

    Returns:
        BGR picture, shape (size[1] + caption, size[0], 3).
    """
    image = read_picture(tile.image_path)
    x, y, w, h = tile.bbox
    width, height = size
    scale = min(width / (w * 1.25), height / (h * 1.2))
    shift = np.array([width / 2 - scale * (x + w / 2), height / 2 - scale * (y + h / 2)])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    crop = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA, borderValue=(60, 60, 60)
    )
    if overlay:
        draw_person(crop, tile.keypoints_px * scale + shift, tile.v)
    band = np.full((_CAPTION, width, 3), 255, np.uint8)
    cv2.putText(band, tile.caption[:38], (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (30, 30, 30), 1, cv2.LINE_AA)
    return np.vstack([crop, band])


def sheet(tiles: list[Tile], columns: int = 8, size: tuple[int, int] = TILE) -> np.ndarray:
    """Lay tiles out on a grid; BGR picture."""
    cells = [crop_tile(tile, size) for tile in tiles]
    blank = np.full_like(cells[0], 255)
    cells += [blank] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])


def choose_tiles(
    coco: dict, extras: dict[int, dict], images: Path, count: int, rng: np.random.Generator
) -> list[Tile]:
    """Draw people evenly over the views, each body as seldom as possible, big ones first among equals."""
    files = {image["id"]: images / image["file_name"] for image in coco["images"]}
    pools: dict[str, list[dict]] = {"front": [], "back": [], "left": [], "right": []}
    order = rng.permutation(len(coco["annotations"]))
    for i in order:
        annotation = coco["annotations"][i]
        pools[extras[annotation["id"]]["view"]].append(annotation)
    for pool in pools.values():
        pool.sort(key=lambda a: -min(a["bbox"][3], 200))
    used: dict[str, int] = {}
    chosen: list[Tile] = []
    while len(chosen) < count and any(pools.values()):
        for pool in pools.values():
            if pool and len(chosen) < count:
                best = min(pool, key=lambda a: used.get(extras[a["id"]]["subject_id"], 0))
                pool.remove(best)
                extra = extras[best["id"]]
                used[extra["subject_id"]] = used.get(extra["subject_id"], 0) + 1
                points = np.array(best["keypoints"], float).reshape(-1, 3)
                caption = f"{extra['view']} | {extra['motion']} | {extra['subject_id']}"
                chosen.append(
                    Tile(
                        files[best["image_id"]],
                        best["image_id"],
                        best["bbox"],
                        points[:, :2],
                        points[:, 2].astype(int),
                        caption,
                    )
                )
    return chosen


def marker_rms_figure(rms_mm: np.ndarray, path: Path) -> None:
    """Histogram of the marker RMS of all trials, millimetres."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(4.5, 3.2), constrained_layout=True)
    axes.hist(rms_mm, bins=24, color="#4c72b0")
    axes.axvline(20, color="grey", lw=0.8, ls="--", label="20 mm, OpenSim's guide for IK")
    axes.set_xlabel("marker RMS of a trial, mm")
    axes.set_ylabel("trials")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def spine_figure(fitted_m: np.ndarray, authored_m: np.ndarray, titles: list[str], path: Path) -> None:
    """Fitted against authored spines, side view and back view.

    Args:
        fitted_m: Shape (N, 9, 3), metres, world axes (z up), turned so that x is forward and y left.
        authored_m: The same for the authored anatomy.
        titles: What each shows.
        path: Where the picture goes.
    """
    plt = pyplot()
    figure, axes = plt.subplots(
        2, len(titles), figsize=(2.1 * len(titles), 6), constrained_layout=True, squeeze=False
    )
    for column, title in enumerate(titles):
        for row, axis, label in ((0, 0, "forward, mm"), (1, 1, "left, mm")):
            ax = axes[row, column]
            sign = 1 if axis == 0 else -1  # seen from behind, left is on the left
            for points, color, name in (
                (authored_m[column], "#333333", "authored"),
                (fitted_m[column], "#c44e52", "fit"),
            ):
                local = 1000 * (points - authored_m[column, 0])
                ax.plot(sign * local[:, axis], local[:, 2], "o-", ms=3, lw=1.2, color=color, label=name)
            ax.set_aspect("equal", adjustable="datalim")
            ax.tick_params(labelsize=6)
            ax.set_xlabel(label, fontsize=7)
            if row == 0:
                ax.set_title(title, fontsize=7)
    axes[0, 0].legend(fontsize=6)
    axes[0, 0].set_ylabel("from the side, up, mm", fontsize=7)
    axes[1, 0].set_ylabel("from behind, up, mm", fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def turn_forward(points_m: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Turn spines about the vertical so that the person faces +x.

    Args:
        points_m: Shape (N, 9, 3), metres, world frame.
        left: Vector from the right to the left hip, shape (N, 3).
    """
    if points_m.shape[1] != len(SPINE_CHAIN):
        raise ValueError(f"got {points_m.shape[1]} landmarks, expected {len(SPINE_CHAIN)}")
    yaw = np.arctan2(-left[:, 0], left[:, 1])
    cos, sin = np.cos(yaw), np.sin(yaw)
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)
    turn = np.array([[cos, sin, zero], [-sin, cos, zero], [zero, zero, one]]).transpose(2, 0, 1)
    return np.einsum("nij,nkj->nki", turn, points_m)


def pyplot():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
