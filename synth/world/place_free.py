"""Movable things round the area where people stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.world.meshes import ObjectMesh, pose_matrix
from synth.world.place_types import Area, PlacedObject

_GAP_M = 0.08
_TRIES = 60


def world_box(item: PlacedObject) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest x, y, z of a thing in the world, metres, each of shape (3,)."""
    points = np.concatenate([surface.positions_m for surface in item.mesh.surfaces])
    points = points @ item.matrix[:3, :3].T + item.matrix[:3, 3]
    return points.min(axis=0), points.max(axis=0)


def movables(
    free_area_m: Area,
    meshes: dict[str, tuple[ObjectMesh, float]],
    others: Sequence[PlacedObject],
    rng: np.random.Generator,
) -> list[PlacedObject]:
    """Stand movable things round a free area, clear of it, of what stands there already and of each other.

    Args:
        free_area_m: x0, y0, x1, y1.
        meshes: Name to mesh and the radius that it stands on, metres.
        others: What stands there already.
        rng: Random numbers.

    Returns:
        The things; one that finds no place in many tries stands where it was tried last.
    """
    boxes = [box for box in map(world_box, others) if box[1][2] > 0.1 and box[0][2] < 1.5 and _small(*box)]
    taken = [np.concatenate([low[:2], high[:2]]) for low, high in boxes]
    placed = []
    for name, (mesh, radius) in meshes.items():
        for _ in range(_TRIES):
            spot = _spot(free_area_m, radius + _GAP_M, rng)
            square = np.concatenate([spot - radius, spot + radius])
            if not any(_meet(square, other) for other in taken):
                break
        taken.append(square)
        matrix = pose_matrix((float(spot[0]), float(spot[1]), 0.0), float(rng.uniform(0, 2 * np.pi)))
        placed.append(PlacedObject(name, mesh, matrix, movable=True, footprint_m=radius))
    return placed


def _small(low: np.ndarray, high: np.ndarray) -> bool:
    """Walls, grounds and houses are all round: their boxes say nothing."""
    return bool((high - low)[:2].max() < 5.0)


def _meet(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def _spot(area: Area, out_m: float, rng: np.random.Generator) -> np.ndarray:
    """A point at about a distance from the area's edge, outside it."""
    x0, y0, x1, y1 = area
    out = out_m + rng.uniform(0.0, 0.5)
    along = rng.uniform(-0.1, 1.1)
    x, y = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
    side = int(rng.integers(4))
    return np.array(((x, y0 - out), (x, y1 + out), (x0 - out, y), (x1 + out, y))[side])
