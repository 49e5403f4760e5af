"""Changes of a training crop that follow the person in it: faces made unrecognisable, limbs blurred by their motion.

``*_rand`` functions draw; the functions without the suffix are deterministic. Both give a new picture and leave the
labels as they are.
"""

from __future__ import annotations

import cv2
import numpy as np

from spinepose.augment import apply_affine
from spinepose.skeleton import indices

FACE = indices(["nose", "left_eye", "right_eye", "left_ear", "right_ear"])
# From the joint that a limb turns about to its end.
LIMBS = [
    indices([f"{side}_{part}" for part in chain])
    for chain in (
        ("shoulder", "elbow", "wrist"),
        ("elbow", "wrist"),
        ("hip", "knee", "ankle"),
        ("knee", "ankle"),
    )
    for side in ("left", "right")
]
# Hand and foot reach beyond the last joint by this share of the last segment.
BEYOND = 0.45
# Width of a limb over the length of its last segment.
LIMB_WIDTH = 0.4
# Degrees that a limb turns while the shutter is open: an arm swung at 400 degrees a second, open for 1/100 to 1/20 s.
SWEEP_DEG = (4.0, 20.0)


def anonymise_rand(
    rng: np.random.Generator, image: np.ndarray, keypoints: np.ndarray, matrix: np.ndarray
) -> np.ndarray:
    """Make a face that is in sight unrecognisable, as it is in many recordings; others' and hidden ones stay.

    Args:
        rng: Source of randomness.
        image: The crop, uint8.
        keypoints: Image pixels and visibility, shape (37, 3).
        matrix: Image pixels to the crop's own, shape (2, 3).
    """
    if not (keypoints[FACE[:3], 2] == 2).any():  # nose and eyes
        return image
    points = apply_affine(matrix, keypoints[FACE][keypoints[FACE, 2] > 0, :2])
    middle, half = points.mean(axis=0), np.ptp(points, axis=0).max() * rng.uniform(0.6, 1.1)
    height, width = image.shape[:2]
    low = np.clip(middle - half, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(middle + half), 0, (width, height)).astype(int)
    if (high - low).min() < 4:
        return image
    return pixelate(image, low, high, int(rng.integers(2, 9)), smooth=bool(rng.random() < 0.4))


def pixelate(
    image: np.ndarray, low: np.ndarray, high: np.ndarray, cells: int, smooth: bool = False
) -> np.ndarray:
    """A copy with the rectangle from ``low`` (x, y) to before ``high`` in so many cells a side, or blurred so much."""
    image = image.copy()
    part = image[low[1] : high[1], low[0] : high[0]]
    few = cv2.resize(part, (cells, cells), interpolation=cv2.INTER_AREA)
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    image[low[1] : high[1], low[0] : high[0]] = cv2.resize(few, part.shape[1::-1], interpolation=how)
    return image


def smear_limb_rand(
    rng: np.random.Generator, image: np.ndarray, keypoints: np.ndarray, matrix: np.ndarray
) -> np.ndarray:
    """Blur one limb in sight as if it turned about its upper joint while the shutter was open.

    Args:
        rng: Source of randomness.
        image: The crop, uint8.
        keypoints: Image pixels and visibility, shape (37, 3).
        matrix: Image pixels to the crop's own, shape (2, 3).
    """
    limb = LIMBS[rng.integers(len(LIMBS))]
    if not (keypoints[limb, 2] == 2).all():
        return image
    points = apply_affine(matrix, keypoints[limb, :2])
    return smear_limb(image, points, float(rng.uniform(*SWEEP_DEG)))


def smear_limb(image: np.ndarray, points_px: np.ndarray, sweep_deg: float) -> np.ndarray:
    """The mean of pictures turned about a limb's first joint, laid over the limb alone; a copy.

    What is behind the limb is not known, so the turned pictures stand for it, too, under an outline that fades.

    Args:
        image: Uint8, shape (H, W, 3).
        points_px: The limb's joints from the one it turns about, shape (N, 2).
        sweep_deg: Angle from the first to the last place; the given picture is half-way.
    """
    last = points_px[-1] - points_px[-2]
    length = float(np.linalg.norm(last))
    if length < 4:
        return image
    mask = np.zeros(image.shape[:2], np.float32)
    line = np.vstack([points_px, points_px[-1] + BEYOND * last])
    width = max(int(LIMB_WIDTH * length), 2)
    cv2.polylines(mask, [np.round(line).astype(np.int32)], False, 1.0, width)
    reach = float(np.linalg.norm(line - line[0], axis=1).max())
    # Two places of the limb's end lie two pixels apart at most.
    places = int(np.clip(np.deg2rad(sweep_deg) * reach / 2, 3, 15))
    pictures, masks = np.zeros(image.shape, np.float32), np.zeros_like(mask)
    for angle in np.linspace(-sweep_deg / 2, sweep_deg / 2, places):
        turn = cv2.getRotationMatrix2D(tuple(map(float, line[0])), float(angle), 1.0)
        size = image.shape[1::-1]
        cv2.accumulate(cv2.warpAffine(image, turn, size, borderMode=cv2.BORDER_REPLICATE), pictures)
        np.maximum(masks, cv2.warpAffine(mask, turn, size), out=masks)
    share = cv2.GaussianBlur(masks, (0, 0), max(width / 6, 1.0))[..., None]
    return np.round(pictures / places * share + image * (1 - share)).astype(np.uint8)
