"""Refuses labels whose vertebrae have left the body."""

from __future__ import annotations

import numpy as np

from pipelines.posed import PosedSkin
from spinepose.errors import StageError
from spinepose.skeleton import SPINE_CHAIN, SPINE_LEVELS
from synth.inside import winding_number


def require_inside(skin: PosedSkin, spine_world_m: np.ndarray) -> None:
    """Check that landmarks lie inside a posed skin: it is closed, so their winding number is over a half.

    Args:
        skin: The skin.
        spine_world_m: The nine fitted landmarks, shape (9, 3), world, metres.

    Raises:
        StageError: One of them lies outside the skin.
    """
    outside = np.flatnonzero(winding_number(spine_world_m, skin.vertices_m, skin.triangles) < 0.5)
    if len(outside):
        levels = ", ".join(SPINE_LEVELS[i] for i in outside)
        raise StageError(f"fitted landmark outside the body: {levels} ({SPINE_CHAIN[outside[0]]})")
