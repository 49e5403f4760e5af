"""Angles of the trunk and the spine in the image plane.

They are angles of the projected landmarks, not of the spine in space: a camera that does not look along the plane of
the movement shortens them.
"""

from __future__ import annotations

import numpy as np

from spinepose.skeleton import INDEX


def _row(name: str) -> int:
    return INDEX[name]


def _signed_angle_deg(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return np.degrees(np.arctan2(cross, (first * second).sum(axis=-1)))


def trunk_lean_deg(keypoints_px: np.ndarray) -> np.ndarray:
    """Angle of sacrum to C7 against the picture's vertical.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.

    Returns:
        Degrees, shape (...); 0 upright, positive towards the picture's right.
    """
    trunk = keypoints_px[..., _row("neck"), :] - keypoints_px[..., _row("hip"), :]
    return np.degrees(np.arctan2(trunk[..., 0], -trunk[..., 1]))


def bend_deg(keypoints_px: np.ndarray, below: tuple[str, str], above: tuple[str, str]) -> np.ndarray:
    """Angle by which one segment of the spine is turned against a lower one.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.
        below: Names of the lower segment's ends, from the bottom up.
        above: Names of the upper segment's ends, from the bottom up.

    Returns:
        Degrees, shape (...); positive where the upper one is turned towards the picture's right.
    """
    first, second = (
        keypoints_px[..., _row(top), :] - keypoints_px[..., _row(bottom), :] for bottom, top in (below, above)
    )
    return _signed_angle_deg(first, second)


def spine_measures(keypoints_px: np.ndarray) -> dict[str, np.ndarray]:
    """Trunk lean and the bends of the lumbar, thoracic and cervical spine, degrees in the image plane.

    Lumbar: sacrum-L5 against L3-T12/L1. Thoracic: T12/L1-T8 against T3-C7. Cervical: C7-C3/C4 against C3/C4-C1.

    Args:
        keypoints_px: Shape (..., 37, 2), y down.
    """
    return {
        "trunk_lean_deg": trunk_lean_deg(keypoints_px),
        "lumbar_bend_deg": bend_deg(keypoints_px, ("hip", "spine_01"), ("spine_02", "spine_03")),
        "thoracic_bend_deg": bend_deg(keypoints_px, ("spine_03", "spine_04"), ("spine_05", "neck")),
        "cervical_bend_deg": bend_deg(keypoints_px, ("neck", "neck_02"), ("neck_02", "neck_03")),
    }
