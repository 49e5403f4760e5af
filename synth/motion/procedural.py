"""The library of procedural motions: a table of names and random twins.

Each motion is a function of named parameters, ``thing(...) -> Clip``, with a twin ``thing_rand(rng) -> Clip`` that
draws them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.motion.clip import Clip
from synth.motion.spine_motions import (
    axial_rotation_rand,
    flexion_extension_rand,
    side_bend_rand,
    static_clip,
    static_clip_rand,
)

MOTIONS: dict[str, Callable[[np.random.Generator], Clip]] = {
    "flexion_extension": flexion_extension_rand,
    "side_bend": side_bend_rand,
    "axial_rotation": axial_rotation_rand,
}

__all__ = ["MOTIONS", "static_clip", "static_clip_rand"]
