"""Draw keypoints into pictures: the spine as a colour gradient, left and right in colours of their own."""

from __future__ import annotations

import cv2
import numpy as np

from spinepose.skeleton import INDEX, LINKS, SPINE_CHAIN

# BGR. Left and right as on ships (port red, starboard green) would be mistaken: left is blue, right is orange.
LEFT, RIGHT, MIDDLE = (230, 140, 40), (30, 120, 240), (190, 190, 190)
_SPINE_COLOURS = cv2.applyColorMap(
    np.linspace(95, 245, len(SPINE_CHAIN)).astype(np.uint8)[:, None], cv2.COLORMAP_PLASMA
)
SPINE_COLOURS = [(int(b), int(g), int(r)) for b, g, r in _SPINE_COLOURS[:, 0]]
_SHIFT = 4  # OpenCV draws with 2^-4 pixel


def line_width(points_px: np.ndarray, shown: np.ndarray) -> int:
    """Line width that fits the person: about one part in 120 of its height, 1 to 8 pixels."""
    if shown.sum() < 2:
        return 1
    size = float(np.ptp(points_px[shown], axis=0).max())
    return int(np.clip(round(size / 120), 1, 8))


def draw_person(
    image: np.ndarray, keypoints_px: np.ndarray, visibility: np.ndarray | None = None
) -> np.ndarray:
    """Draw one person into a BGR picture, in place.

    Args:
        image: BGR, uint8.
        keypoints_px: Shape (37, 2), pixels.
        visibility: Shape (37,): 0 is not drawn, 1 (hidden) is drawn hollow, 2 is drawn full. None draws all full.

    Returns:
        The picture given.
    """
    points = np.asarray(keypoints_px, dtype=np.float64)
    visibility = np.full(len(points), 2) if visibility is None else np.asarray(visibility)
    shown = (visibility > 0) & np.isfinite(points).all(axis=1) & (np.abs(points) < 20_000).all(axis=1)
    width = line_width(points, shown)
    spine = set(zip(SPINE_CHAIN[1:], SPINE_CHAIN[:-1], strict=True))
    # The spine is drawn last: it is what one looks for.
    for a, b in sorted(LINKS, key=lambda link: link in spine):
        first, second = INDEX[a], INDEX[b]
        if shown[first] and shown[second]:
            thick = width + 1 if (a, b) in spine else width
            _line(
                image, points[first], points[second], _colour(a if (a, b) in spine else _sided(a, b)), thick
            )
    for name, row in sorted(INDEX.items(), key=lambda item: item[0] in SPINE_CHAIN):
        if shown[row]:
            _dot(image, points[row], _colour(name), width, hollow=visibility[row] == 1)
    return image


def draw_identity(image: np.ndarray, keypoints_px: np.ndarray, identity: int) -> np.ndarray:
    """Write a person's identity above the head, in place; inside the picture wherever the head is."""
    size = float(np.ptp(keypoints_px, axis=0).max())
    scale = float(np.clip(size / 500, 0.4, 2.5))
    x, y = keypoints_px[INDEX["head"]] - (0, 12 * scale)
    corner = (
        int(np.clip(x, 2, max(image.shape[1] - 30 * scale, 2))),
        int(np.clip(y, 20 * scale, image.shape[0] - 4)),
    )
    return _words(image, str(identity), corner, scale)


def draw_nobody(image: np.ndarray) -> np.ndarray:
    """Write into a picture, in place, that nobody was found in it."""
    scale = max(image.shape[:2]) / 1000
    return _words(image, "nobody found", (int(12 * scale), int(34 * scale)), scale)


def _words(image: np.ndarray, words: str, corner: tuple[int, int], scale: float) -> np.ndarray:
    width = max(round(2 * scale), 1)
    for colour, thick in (((20, 20, 20), width + 2), ((255, 255, 255), width)):
        cv2.putText(image, words, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA)
    return image


def _sided(a: str, b: str) -> str:
    return b if b.startswith(("left_", "right_")) else a


def _colour(name: str) -> tuple[int, int, int]:
    if name in SPINE_CHAIN:
        return SPINE_COLOURS[SPINE_CHAIN.index(name)]
    return LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE


def _fixed(point: np.ndarray) -> tuple[int, int]:
    x, y = np.round(point * (1 << _SHIFT)).astype(int)
    return int(x), int(y)


def _line(image: np.ndarray, a: np.ndarray, b: np.ndarray, colour: tuple[int, int, int], width: int) -> None:
    cv2.line(image, _fixed(a), _fixed(b), colour, width, cv2.LINE_AA, _SHIFT)


def _dot(
    image: np.ndarray, point: np.ndarray, colour: tuple[int, int, int], width: int, hollow: bool
) -> None:
    radius = max(width + 1, 2) << _SHIFT
    if hollow:
        cv2.circle(image, _fixed(point), radius, colour, max(width // 2, 1), cv2.LINE_AA, _SHIFT)
        return
    cv2.circle(image, _fixed(point), radius, colour, -1, cv2.LINE_AA, _SHIFT)
    cv2.circle(image, _fixed(point), radius, (20, 20, 20), 1, cv2.LINE_AA, _SHIFT)
