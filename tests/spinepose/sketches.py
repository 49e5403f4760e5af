"""Drawn people with all 37 keypoints, made in a second: what the trainer's tests learn from."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from spinepose.coco import Annotation, CocoDataset, ImageRecord, save_coco
from spinepose.rng import rng_for
from spinepose.skeleton import FLIP, INDEX, LINKS, NAMES, SPINE_CHAIN

# A standing person facing +x, y to the left, z up, metres: midline and left side; the right side is mirrored.
_REST = {
    "hip": (-0.05, 0, 0.95), "spine_01": (-0.06, 0, 1.02), "spine_02": (-0.05, 0, 1.09),
    "spine_03": (-0.07, 0, 1.19), "spine_04": (-0.09, 0, 1.31), "spine_05": (-0.08, 0, 1.42),
    "neck": (-0.05, 0, 1.49), "neck_02": (-0.03, 0, 1.55), "neck_03": (-0.01, 0, 1.61),
    "head": (0.02, 0, 1.79), "nose": (0.11, 0, 1.66), "left_eye": (0.09, 0.035, 1.69),
    "left_ear": (0.0, 0.075, 1.67), "left_shoulder": (-0.03, 0.18, 1.43), "left_elbow": (-0.04, 0.21, 1.14),
    "left_wrist": (0.0, 0.23, 0.89), "left_hip": (0.0, 0.09, 0.92), "left_knee": (0.01, 0.1, 0.5),
    "left_ankle": (-0.02, 0.1, 0.08), "left_big_toe": (0.2, 0.11, 0.02), "left_small_toe": (0.15, 0.17, 0.02),
    "left_heel": (-0.08, 0.1, 0.03), "left_latissimus": (-0.08, 0.16, 1.28), "left_clavicle": (0.05, 0.08, 1.45),
}  # fmt: skip
_WIDTH_M = {"head": 0.2, "hip": 0.16, "knee": 0.13, "ankle": 0.09, "elbow": 0.09, "wrist": 0.07, "toe": 0.06}


def _rest_pose() -> np.ndarray:
    points = np.zeros((len(NAMES), 3))
    for name, point in _REST.items():
        points[INDEX[name]] = point
        if FLIP[INDEX[name]] != INDEX[name]:
            points[FLIP[INDEX[name]]] = np.array(point) * (1, -1, 1)
    return points


def _turn(points: np.ndarray, rows: list[int], pivot: int, axis: np.ndarray, angle: float) -> None:
    matrix = cv2.Rodrigues(axis / np.linalg.norm(axis) * angle)[0]
    points[rows] = (points[rows] - points[pivot]) @ matrix.T + points[pivot]


def pose_rand(rng: np.random.Generator) -> np.ndarray:
    """Draw a pose: bent spine, moved arms and legs; metres, shape (37, 3)."""
    points = _rest_pose()
    for side in ("left", "right"):
        leg = [INDEX[f"{side}_{n}"] for n in ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")]
        arm = [INDEX[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist")]
        outward = 1 if side == "left" else -1
        _turn(points, leg[1:], leg[0], np.array([0, 1.0, 0]), rng.uniform(-1.3, 0.4))
        _turn(points, leg[2:], leg[1], np.array([0, 1.0, 0]), rng.uniform(0, 1.3))
        _turn(points, arm[1:], arm[0], np.array([1.0, 0, 0]), outward * rng.uniform(0, 2.2))
        _turn(points, arm[1:], arm[0], np.array([0, 1.0, 0]), rng.uniform(-1.5, 0.5))
        _turn(points, arm[2:], arm[1], np.array([0, 1.0, 0]), rng.uniform(-1.8, 0))
    upper = [
        i for i, n in enumerate(NAMES) if not any(k in n for k in ("hip", "knee", "ankle", "toe", "heel"))
    ]
    axis = rng.normal(size=3) * (0.3, 1.0, 0.5)
    angle = rng.uniform(0, 1.2) / (len(SPINE_CHAIN) - 1)
    for lower, name in pairwise(SPINE_CHAIN):
        above = [i for i in upper if points[i, 2] > -9 and _level(i) >= _level(INDEX[name])]
        _turn(points, above, INDEX[lower], axis, angle)
    return points


def _level(row: int) -> float:
    return float(_rest_pose()[row, 2]) if NAMES[row] in _REST and FLIP[row] == row else {
        "elbow": 1.43, "wrist": 1.43, "shoulder": 1.43, "clavicle": 1.43, "latissimus": 1.3,
    }.get(NAMES[row].split("_")[-1], 1.66)  # fmt: skip


def draw_rand(
    rng: np.random.Generator, look: np.random.Generator, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one person in one image: BGR image and keypoints in pixels, shape (37, 2)."""
    width, height = size
    points = pose_rand(rng)
    yaw = rng.uniform(-np.pi, np.pi)
    points = points @ np.array([[np.cos(yaw), np.sin(yaw), 0], [-np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    scale = height / rng.uniform(2.2, 2.8)
    pixels = np.stack([points[:, 1], -points[:, 2]], axis=1) * scale
    pixels += np.array([width / 2, height / 2]) - (pixels.min(0) + pixels.max(0)) / 2
    image = np.full((height, width, 3), rng.uniform(60, 220, 3), np.uint8)
    for _ in range(10):
        corner = rng.integers(0, (width, height))
        cv2.rectangle(image, corner, corner + rng.integers(5, 80, 2), rng.uniform(0, 255, 3).tolist(), -1)
    _draw_body(image, pixels, points[:, 0], scale, look)
    noise = rng.normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), pixels


def _draw_body(
    image: np.ndarray, pixels: np.ndarray, towards: np.ndarray, scale: float, look: np.random.Generator
) -> None:
    colours = {part: look.uniform(20, 240, 3) for part in ("trunk", "leg", "arm")}
    skin = np.array([110, 150, 210]) * look.uniform(0.3, 1.1)
    strokes = []
    for a, b in LINKS:
        first, second = INDEX[a], INDEX[b]
        part = "leg" if any(k in b for k in ("knee", "ankle", "hip", "toe", "heel")) else "trunk"
        part = "arm" if any(k in b for k in ("elbow", "wrist")) else part
        face = any(k in b for k in ("nose", "eye", "ear", "head")) or a == "head"
        width = next((w for k, w in _WIDTH_M.items() if k in b), 0.17 if part == "trunk" else 0.1)
        colour = skin if face or "wrist" in b else colours[part]
        strokes.append(
            (float(towards[[first, second]].mean()), first, second, 0.1 if face else width, colour)
        )
    for depth, first, second, width, colour in sorted(strokes, key=lambda stroke: stroke[0]):
        shade = np.clip(colour * (0.9 + depth), 0, 255).tolist()
        ends = [tuple(int(v) for v in pixels[i].round()) for i in (first, second)]
        cv2.line(image, *ends, shade, max(int(width * scale), 2), cv2.LINE_AA)
    for name, colour in (("nose", (60, 80, 200)), ("left_eye", (30, 30, 30)), ("right_eye", (30, 30, 30))):
        if towards[INDEX[name]] > towards[INDEX["head"]]:
            cv2.circle(image, tuple(pixels[INDEX[name]].astype(int)), max(int(scale * 0.02), 1), colour, -1)


def make_sketch_set(
    root: Path, name: str, count: int, seed: int, subjects: int = 24, size: tuple[int, int] = (160, 200)
) -> Path:
    """Write ``count`` people as images and a COCO file; returns the file's path (images lie in root/images)."""
    (root / "images" / name).mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i in range(count):
        look = rng_for(seed, "look", i % subjects)
        picture, pixels = draw_rand(rng_for(seed, "pose", i), look, size)
        file_name = f"{name}/{i:05d}.jpg"
        cv2.imwrite(str(root / "images" / file_name), picture)
        low, high = pixels.min(0) - 4, pixels.max(0) + 4
        box = np.concatenate([low, high - low])
        keypoints = np.column_stack([pixels, np.full(len(pixels), 2)])
        images.append(ImageRecord(i + 1, file_name, *size))
        annotations.append(Annotation(i + 1, i + 1, keypoints, box, float(box[2] * box[3] * 0.5)))
    path = root / "annotations" / f"person_keypoints_{name}.json"
    save_coco(path, CocoDataset(tuple(images), tuple(annotations)))
    return path
