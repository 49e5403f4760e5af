"""Skirts of people who sit or squat: cloth that stands off behind upright thighs lies close to bent ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.body.rig import BONE_INDEX

# Bend of both hips, degrees, where a skirt starts to close round the thighs and where it lies on them [guess].
_FROM_DEG, _TO_DEG = 30.0, 75.0


@dataclass(frozen=True)
class Seat:
    """How a garment's rest shape changes as both hips bend.

    Attributes:
        first: Its first vertex among the character's.
        offsets_m: What each vertex moves by where hips are bent, at rest, shape (N, 3), float32.
    """

    first: int
    offsets_m: np.ndarray


def hip_bend_deg(transforms: np.ndarray) -> float:
    """Angle between pelvis and the straighter thigh, degrees.

    Args:
        transforms: Rest to posed of each bone, shape (52, 3, 4).
    """
    pelvis = transforms[BONE_INDEX["sacrum"], :, 2]
    thighs = (transforms[BONE_INDEX[f"thigh_{side}"], :, 2] for side in "lr")
    return float(min(np.degrees(np.arccos(np.clip(pelvis @ thigh, -1.0, 1.0))) for thigh in thighs))


def sit(rest_m: np.ndarray, seats: tuple[Seat, ...], transforms: np.ndarray) -> np.ndarray:
    """The rest mesh with its skirts as the pose wants them.

    Args:
        rest_m: Rest vertices, shape (V, 3), float32; not written to.
        seats: What changes.
        transforms: Rest to posed of each bone, shape (52, 3, 4).
    """
    if not seats:
        return rest_m
    t = np.clip((hip_bend_deg(transforms) - _FROM_DEG) / (_TO_DEG - _FROM_DEG), 0.0, 1.0)
    share = np.float32(t * t * (3 - 2 * t))
    if share == 0:
        return rest_m
    out = rest_m.copy()
    for seat in seats:
        out[seat.first : seat.first + len(seat.offsets_m)] += share * seat.offsets_m
    return out
