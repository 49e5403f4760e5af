"""From a person in an image to a training crop: geometry, light and colour, all seeded.

``*_rand`` functions draw; the functions without the suffix are deterministic. Image coordinates have the centre of
the top-left pixel at (0, 0).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from spinepose.config import AugmentConfig
from spinepose.skeleton import INDEX, NUM_KEYPOINTS

# The box is widened by this factor before it is cut, as RTMPose does.
PADDING = 1.25
# Half-body crops need at least this many labelled keypoints in all, and more than this many in the half.
HALF_BODY_MIN_TOTAL = 10
HALF_BODY_MIN = 3

_LOWER_NAMES = ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")
LOWER_BODY = np.zeros(NUM_KEYPOINTS, dtype=bool)
LOWER_BODY[
    [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in _LOWER_NAMES] + [INDEX["hip"]]
] = True


class CropGeometry(NamedTuple):
    """Where a crop lies.

    Attributes:
        centre_px: Its middle in image pixels, shape (2,).
        size_px: Its width and height in image pixels, shape (2,), of the input's aspect ratio.
        rotation_rad: Clockwise turn of the picture in the crop.
        flip: Whether left and right are swapped.
    """

    centre_px: np.ndarray
    size_px: np.ndarray
    rotation_rad: float = 0.0
    flip: bool = False


def fit_aspect(size_px: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
    """Grow the shorter side until width over height is that of the input."""
    width, height = (float(side) for side in size_px)
    aspect = input_size[0] / input_size[1]
    return np.array([max(width, height * aspect), max(height, width / aspect)])


def box_geometry(box_xywh: np.ndarray, input_size: tuple[int, int]) -> CropGeometry:
    """The plain crop of a box: widened by PADDING, in the input's aspect ratio."""
    box = np.asarray(box_xywh, dtype=np.float64)
    return CropGeometry(box[:2] + box[2:] / 2, fit_aspect(np.maximum(box[2:], 1.0) * PADDING, input_size))


def crop_matrix(geometry: CropGeometry, input_size: tuple[int, int]) -> np.ndarray:
    """Affine map from image pixels to input pixels, shape (2, 3)."""
    width, height = input_size
    scale = width / float(geometry.size_px[0])
    cos, sin = np.cos(geometry.rotation_rad) * scale, np.sin(geometry.rotation_rad) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    matrix = np.column_stack([linear, np.array([width / 2, height / 2]) - linear @ geometry.centre_px])
    if geometry.flip:
        matrix[0] = -matrix[0]
        matrix[0, 2] += width - 1
    return matrix


def apply_affine(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points, shape (..., 2), by an affine matrix of shape (2, 3)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def invert_affine(matrix: np.ndarray) -> np.ndarray:
    """Inverse of an affine matrix of shape (2, 3)."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def compose_affine(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The map that applies ``inner`` first, then ``outer``."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def warp(image: np.ndarray, matrix: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
    """Cut the crop out of an image, black outside of it, shape (H, W, 3) uint8.

    Strong reductions are done in halves first: a bilinear warp alone would skip pixels and make the crop noisy.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    while scale < 0.5 and min(image.shape[:2]) >= 4:
        # Pixel i of the half image covers pixels 2i and 2i + 1: their centre is at 2i + 0.5.
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        image = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        matrix = compose_affine(matrix, np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]]))
        scale *= 2
    return cv2.warpAffine(image, matrix, input_size, flags=cv2.INTER_LINEAR)


def geometry_rand(
    rng: np.random.Generator,
    box_xywh: np.ndarray,
    keypoints: np.ndarray,
    input_size: tuple[int, int],
    config: AugmentConfig,
    light: bool = False,
) -> CropGeometry:
    """Draw where the crop lies.

    Args:
        rng: Source of randomness.
        box_xywh: The person's box, image pixels.
        keypoints: Image pixels and visibility, shape (37, 3).
        input_size: Width and height of the input, pixels.
        config: Strength of the augmentation.
        light: The last part of training: no shift.
    """
    base = box_geometry(box_xywh, input_size)
    if rng.random() < config.half_body:
        base = half_body_rand(rng, keypoints, input_size) or base
    size = base.size_px * (1 + config.scale * float(np.clip(rng.normal() / 2, -1, 1)))
    turned = rng.random() < config.rotation_probability
    angle = np.deg2rad(config.rotation_deg) * float(np.clip(rng.normal() / 2, -1, 1)) if turned else 0.0
    shifted = rng.random() < config.shift_probability and not light
    shift = config.shift * np.clip(rng.normal(size=2) / 2, -1, 1) * base.size_px if shifted else np.zeros(2)
    return CropGeometry(base.centre_px + shift, size, angle, bool(rng.random() < config.flip))


def half_body_rand(
    rng: np.random.Generator, keypoints: np.ndarray, input_size: tuple[int, int]
) -> CropGeometry | None:
    """Draw the upper or the lower body as the crop; None where too little of it is labelled."""
    labelled = keypoints[:, 2] > 0
    half = labelled & (LOWER_BODY if rng.random() < 0.3 else ~LOWER_BODY)
    if labelled.sum() < HALF_BODY_MIN_TOTAL or half.sum() <= HALF_BODY_MIN:
        return None
    points = keypoints[half, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    return CropGeometry((low + high) / 2, fit_aspect(np.maximum(high - low, 8.0) * 1.5, input_size))


def photometric_rand(
    rng: np.random.Generator, image: np.ndarray, config: AugmentConfig, light: bool = False
) -> np.ndarray:
    """Change light and colour, add noise, blur and compression, cover one rectangle; shape and uint8 RGB stay."""
    if rng.random() < config.photometric and not light:
        image = colour(
            image,
            brightness=rng.uniform(-32, 32),
            contrast=rng.uniform(0.6, 1.4),
            saturation=rng.uniform(0.0, 1.6),
            gains=rng.uniform(0.85, 1.15, 3),
            gamma=2.0 ** rng.uniform(-0.6, 0.6),
        )
    if rng.random() < config.noise and not light:
        noise = rng.standard_normal(image.shape[:2], dtype=np.float32) * np.float32(rng.uniform(2, 12))
        image = cv2.add(image, cv2.merge([noise] * 3), dtype=cv2.CV_8U)
    if rng.random() < config.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5))
    if rng.random() < config.compression and not light:
        image = compress(image, int(rng.integers(25, 80)))
    if rng.random() < (config.dropout * 0.5 if light else config.dropout):
        image = cover_rand(rng, image.copy())
    return image


def colour(
    image: np.ndarray,
    brightness: float,
    contrast: float,
    saturation: float,
    gains: np.ndarray,
    gamma: float = 1.0,
) -> np.ndarray:
    """Apply a gamma curve, channel gains, saturation, contrast about the mean, and brightness to uint8 RGB.

    All but the gamma are linear in the three channels: one matrix of shape (3, 4) does them at once.
    """
    if gamma != 1.0:
        image = cv2.LUT(image, np.round(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8))
    mix = np.full((3, 3), (1 - saturation) / 3) + np.eye(3) * saturation
    mean = float(np.dot(np.array(cv2.mean(image)[:3]), gains)) / 3
    offset = np.full((3, 1), (1 - contrast) * mean + brightness)
    return cv2.transform(image, np.hstack([contrast * mix * gains, offset]))


def compress(image: np.ndarray, quality: int) -> np.ndarray:
    """What JPEG of a quality (1..100) leaves of uint8 RGB."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded a line ago
    return decoded


def cover_rand(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Fill one rectangle of 10 to 40 % of each side with one colour."""
    height, width = image.shape[:2]
    size = (rng.uniform(0.1, 0.4, 2) * (height, width)).astype(int)
    top, left = (int(rng.integers(0, n - s + 1)) for n, s in zip((height, width), size, strict=True))
    image[top : top + size[0], left : left + size[1]] = rng.uniform(0, 255, 3)
    return image
