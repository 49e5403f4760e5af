"""The library of procedural motions: a table of names and random twins.

Each motion is a function of named parameters, ``thing(...) -> Clip``, with a twin ``thing_rand(rng) -> Clip`` that
draws them. All last 2 to 4 seconds at 30 frames a second and stay within the ranges of
``opensim_models.spine.REGIONAL_RANGES_RAD``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.motion import arm_motions, floor_motions, gait_motions, lifting_motions, spine_motions
from synth.motion.clip import Clip
from synth.motion.spine_motions import static_clip, static_clip_rand

MOTIONS: dict[str, Callable[[np.random.Generator], Clip]] = {
    "flexion_extension": spine_motions.flexion_extension_rand,
    "side_bend": spine_motions.side_bend_rand,
    "axial_rotation": spine_motions.axial_rotation_rand,
    "roll_down": spine_motions.roll_down_rand,
    "side_stretch": spine_motions.side_stretch_rand,
    "cat_cow": floor_motions.cat_cow_rand,
    "squat": lifting_motions.squat_rand,
    "lift": lifting_motions.lift_rand,
    "deadlift": lifting_motions.deadlift_rand,
    "lunge": lifting_motions.lunge_rand,
    "gait": gait_motions.gait_rand,
    "march": gait_motions.march_rand,
    "overhead_reach": arm_motions.overhead_reach_rand,
    "golf_swing": arm_motions.golf_swing_rand,
    "wave": arm_motions.wave_rand,
    "jumping_jack": arm_motions.jumping_jack_rand,
}

__all__ = ["MOTIONS", "static_clip", "static_clip_rand"]
