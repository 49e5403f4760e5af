"""Skirts of people who are not upright: cloth lies close round bent thighs, and falls away from leaning ones.

A skirt is cut for someone who stands: a tube that stands off from the legs alike all round. Gravity along the tube
leaves it so. Gravity across it lays the cloth on the upper side of the legs and lets all the room hang below them; a
vertex feels gravity in the frame of its own bones, so that each part of a skirt falls as the limb under it leans.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from synth.body.rig import BONE_INDEX
from synth.ramp import ramp_one

# Bend of both hips, degrees, where a skirt starts to close round the thighs and where it lies on them [guess].
_FROM_DEG, _TO_DEG = 30.0, 75.0
# Sine of the lean of a skirt's part where its cloth starts to fall across it and where it has fallen [guess].
_LEAN_FROM, _LEAN_TO = 0.6, 0.85
# Room left by the angle from below, in units of the room all round: ``_SAG * ((1 + cos) / 2) ** 3``. None above, and a
# mean of 1: the cloth is as wide as before.
_SAG = 3.2
_MOST_M = 0.12  # wide cloth folds over below instead of hanging as deep as it could [guess]
_FLOOR_M = 0.004


@dataclass(frozen=True)
class Fall:
    """Room that can hang below: one row a vertex of the garment.

    Attributes:
        outward: Unit vector away from the tube's axis, at rest, shape (N, 2).
        room_m: Smooth distance to where cloth lies close, shape (N,).
        wave_m: Its folds beyond that; they are pulled flat where it lies on something, shape (N,).
    """

    outward: np.ndarray
    room_m: np.ndarray
    wave_m: np.ndarray


@dataclass(frozen=True)
class Seat:
    """How a garment's rest shape changes as both hips bend and as it leans.

    Attributes:
        first: Its first vertex among the character's.
        offsets_m: What each vertex moves by where hips are bent, at rest, shape (N, 3), float32.
        fall: How it falls where it leans.
    """

    first: int
    offsets_m: np.ndarray
    fall: Fall

    @property
    def own(self) -> slice:
        """Its vertices among the character's."""
        return slice(self.first, self.first + len(self.offsets_m))


def hip_bend_deg(transforms: np.ndarray) -> float:
    """Angle between pelvis and the straighter thigh, degrees.

    Args:
        transforms: Rest to posed of each bone, shape (52, 3, 4).
    """
    pelvis = transforms[BONE_INDEX["sacrum"], :, 2]
    thighs = (transforms[BONE_INDEX[f"thigh_{side}"], :, 2] for side in "lr")
    return float(min(np.degrees(np.arccos(np.clip(pelvis @ thigh, -1.0, 1.0))) for thigh in thighs))


@numba.njit(cache=True)
def _let_fall(
    rest_m: np.ndarray,
    outward: np.ndarray,
    room_m: np.ndarray,
    wave_m: np.ndarray,
    gravity: np.ndarray,
    bones: np.ndarray,
    weights: np.ndarray,
    share: float,
) -> None:
    """Move vertices at rest (N, 3) in place as their cloth falls across the tube.

    ``gravity`` is its direction in the rest frame of each bone, shape (52, 3); ``share`` of the fall is made.
    """
    for v in range(len(rest_m)):
        x, y = 0.0, 0.0
        for k in range(bones.shape[1]):
            x += weights[v, k] * gravity[bones[v, k], 0]
            y += weights[v, k] * gravity[bones[v, k], 1]
        across = np.sqrt(x * x + y * y)
        if across <= _LEAN_FROM:
            continue
        below = (outward[v, 0] * x + outward[v, 1] * y) / across
        more = _SAG * (0.5 + 0.5 * below) ** 3 - 1.0
        away = min(room_m[v] * more, _MOST_M) + wave_m[v] * min(more, 0.0)
        away *= share * ramp_one(across, _LEAN_FROM, _LEAN_TO)
        rest_m[v, 0] += away * outward[v, 0]
        rest_m[v, 1] += away * outward[v, 1]


def sit(
    rest_m: np.ndarray,
    seats: tuple[Seat, ...],
    transforms: np.ndarray,
    bone_indices: np.ndarray,
    bone_weights: np.ndarray,
) -> np.ndarray:
    """The rest mesh with its skirts as the pose wants them.

    Args:
        rest_m: Rest vertices, shape (V, 3), float32; not written to.
        seats: What changes.
        transforms: Rest to posed of each bone, z up, shape (52, 3, 4).
        bone_indices: Bones of each vertex, shape (V, K).
        bone_weights: Their weights, shape (V, K).
    """
    if not seats:
        return rest_m
    bent = float(ramp_one(hip_bend_deg(transforms), _FROM_DEG, _TO_DEG))
    gravity = -transforms[:, 2, :3]
    out = rest_m.copy()
    for seat in seats:
        own, fall = seat.own, seat.fall
        if bent > 0:
            out[own] += np.float32(bent) * seat.offsets_m
        _let_fall(
            out[own], fall.outward, fall.room_m, fall.wave_m, gravity, bone_indices[own], bone_weights[own],
            1.0 - bent,
        )  # fmt: skip
    return out


def lie_on_ground(vertices_m: np.ndarray, seats: tuple[Seat, ...], ground_m: float) -> np.ndarray:
    """The posed mesh with what would hang through the ground lying on it; written to.

    Args:
        vertices_m: Posed vertices, z up, shape (V, 3).
        seats: The skirts.
        ground_m: Height of the lowest point of the body, which the ground touches.
    """
    for seat in seats:
        height = vertices_m[seat.own, 2]
        np.maximum(height, np.float32(ground_m + _FLOOR_M), out=height)
    return vertices_m
