"""What ``vset /objects/spawn`` can add to a place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from synth.world.meshes import Material, ObjectMesh, merge
from synth.world.solids import box


@cache
def _cube() -> ObjectMesh:
    # As the engine's cube: 100 cm along each edge, about its centre.
    return merge([box((1.0, 1.0, 1.0), Material(color=(0.55, 0.55, 0.55)))])


def spawnable() -> dict[str, Callable[[], ObjectMesh]]:
    """Class name to a function that makes its mesh."""
    return {"Cube": _cube}
