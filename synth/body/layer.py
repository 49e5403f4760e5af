"""One piece of a person before it joins the character."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.body.garment_seat import Fall
from synth.body.hair_swing import Swing
from synth.body.patch import Patch


@dataclass(frozen=True)
class Layer:
    """One piece: skin, eyes, a garment, hair, glasses.

    Attributes:
        name: As in :class:`synth.body.character.MeshPart`.
        patch: The whole piece, hidden triangles included (they still shade their neighbours).
        drawn_triangles: Those that are drawn, shape (F, 3).
        corner_uvs: Texture coordinates of each drawn corner, shape (F, 3, 2).
        texture: sRGB, shape (H, W, 3), uint8; with a fourth channel, texels whose alpha is below one half are left out.
        roughness: 0 to 1.
        swing: How it hangs when the head is turned, for hair that does.
        seat_m: What its vertices move by where both hips are bent, for skirts, shape (N, 3).
        fall: How it falls where it leans, for skirts.
    """

    name: str
    patch: Patch
    drawn_triangles: np.ndarray
    corner_uvs: np.ndarray
    texture: np.ndarray
    roughness: float
    swing: Swing | None = None
    seat_m: np.ndarray | None = None
    fall: Fall | None = None
