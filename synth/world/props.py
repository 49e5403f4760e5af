"""What motions need and what ``vset /objects/spawn`` can add to a place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.motion.clip import PROP_KINDS
from synth.world import seat_things, sport_things
from synth.world.meshes import Material, ObjectMesh, merge
from synth.world.solids import box

_MAKERS: dict[str, Callable[[tuple[float, float, float], np.random.Generator], ObjectMesh]] = {
    "chair": seat_things.chair_rand,
    "stool": seat_things.stool_rand,
    "bench": seat_things.bench_rand,
    "box": seat_things.box_rand,
    "mat": seat_things.mat_rand,
    "step": seat_things.step_rand,
    "desk": seat_things.desk_rand,
    "barbell": sport_things.barbell_rand,
    "dumbbell": sport_things.dumbbell_rand,
    "kettlebell": sport_things.kettlebell_rand,
    "ball": sport_things.ball_rand,
    "racket": sport_things.racket_rand,
    "bat": sport_things.bat_rand,
    "club": sport_things.club_rand,
    "mop": sport_things.mop_rand,
    "oar": sport_things.oar_rand,
}
#: Kinds whose origin is on the floor under their middle; that of the others is where a hand holds them.
GROUND_KINDS = ("chair", "stool", "bench", "box", "mat", "step", "desk")
_MAX_EXTENT_M = 5.0


@cache
def prop_mesh(kind: str, extents_m: tuple[float, float, float], seed: int) -> ObjectMesh:
    """Make a thing that a motion needs.

    The origin of ``GROUND_KINDS`` is on the floor under their middle, and their ``z`` extent is the height of what
    one sits, stands or works on. A chair's backrest goes beyond it, at -x; so does a desk's laptop, whose screen
    looks to -x, where the one who works at it sits. The origin of the others is the grip: the middle of a barbell,
    dumbbell, ball or oar handle, which run along y; the middle of a kettlebell's handle, its body below at -z; the
    end of the grip of a racket, bat or golf club, which point to +z; a mop's is the foot of its head.

    Args:
        kind: One of ``synth.motion.clip.PROP_KINDS``.
        extents_m: Extent along x, y, z, metres.
        seed: Which variety: materials, colours, make.

    Returns:
        The mesh; the same object for the same arguments.

    Raises:
        InputError: No such kind, or an extent is out of bounds.
    """
    if kind not in _MAKERS:
        raise InputError(f"prop is {kind!r}, expected one of {', '.join(_MAKERS)}")
    if len(extents_m) != 3 or not all(0.0 < extent <= _MAX_EXTENT_M for extent in extents_m):
        raise InputError(
            f"prop {kind}: extents are {extents_m}; give three lengths above 0 m and at most {_MAX_EXTENT_M:g} m"
        )
    size = (float(extents_m[0]), float(extents_m[1]), float(extents_m[2]))
    return _MAKERS[kind](size, rng_for(seed, "prop", kind))


@cache
def _cube() -> ObjectMesh:
    # As the engine's cube: 100 cm along each edge, about its centre.
    return merge([box((1.0, 1.0, 1.0), Material(color=(0.55, 0.55, 0.55)))])


def spawnable() -> dict[str, Callable[[], ObjectMesh]]:
    """Class name to a function that makes its mesh: the engine's cube, and every prop at its nominal size."""
    return {"Cube": _cube} | {
        kind.capitalize(): partial(prop_mesh, kind, extents, 0) for kind, extents in PROP_KINDS.items()
    }
