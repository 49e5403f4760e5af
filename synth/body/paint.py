"""Small brushes for painted textures: noise and blends."""

from __future__ import annotations

import cv2
import numpy as np


def noise(rng: np.random.Generator, size: int, sigma: tuple[float, float]) -> np.ndarray:
    """Smooth noise that repeats, mean 0 and SD 1, shape (size, size), float32; sigma in texels along rows and columns.

    Coarse noise is made small and enlarged: a wide blur of a large picture took most of a character's building.
    """
    coarse = 1
    while min(sigma) / coarse >= 6 and size // coarse > 32:
        coarse *= 2
    small = size // coarse
    rows, columns = (max(s / coarse, 0.3) for s in sigma)
    pad = min(int(3 * max(rows, columns)) + 2, small)
    field: np.ndarray = np.pad(rng.standard_normal((small, small), dtype=np.float32), pad, mode="wrap")
    field = cv2.GaussianBlur(field, (0, 0), sigmaX=columns, sigmaY=rows)
    if coarse > 1:
        field = cv2.resize(field, None, fx=coarse, fy=coarse, interpolation=cv2.INTER_CUBIC)
    field = field[pad * coarse : pad * coarse + size, pad * coarse : pad * coarse + size]
    return (field - field.mean()) / field.std()


def to_image(color: np.ndarray) -> np.ndarray:
    """Round to uint8."""
    return np.clip(np.round(color), 0, 255).astype(np.uint8)


def mix(image: np.ndarray, color: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Blend a colour over a picture by a share, shape (H, W)."""
    share = share.astype(np.float32)[..., None]
    return image + share * (np.asarray(color, dtype=np.float32) - image)
