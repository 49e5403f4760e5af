"""The library of procedural motions: a table of names, random twins, and how each may be enlivened.

Each motion is a function of named parameters, ``thing(...) -> Clip``, with a twin ``thing_rand(rng) -> Clip`` that
draws them. All last 2 to 4 seconds at 30 frames a second and stay within the ranges of
``opensim_models.spine.REGIONAL_RANGES_RAD``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.motion import arm_motions as arm
from synth.motion import daily_motions as daily
from synth.motion import floor_motions as floor
from synth.motion import gait_motions as gaits
from synth.motion import ground_motions as ground
from synth.motion import lifting_motions as lifting
from synth.motion import load_motions as load
from synth.motion import mat_motions as mats
from synth.motion import seated_motions as seated
from synth.motion import spine_motions as spine
from synth.motion import sport_motions as sport
from synth.motion import swing_motions as swing
from synth.motion import yoga_motions as yoga
from synth.motion.clip import Clip
from synth.motion.life import Life, enlivened
from synth.motion.spine_motions import static_clip, static_clip_rand

Make = Callable[[np.random.Generator], Clip]

_FREE = Life()
_HELD = Life(hands="kept")  # hands on the floor, on a desk, on a load
_QUICK = Life(amount=0.5, tempo=0.08)  # sports: the motion dwarfs the noise
_GRIP = Life(amount=0.5, hands="kept", tempo=0.08)
_STEPS = Life(amount=0.7, tempo=0.0)  # walking at a changing pace would need other steps

_LIBRARY: dict[str, tuple[Make, Life]] = {
    # the spine itself
    "flexion_extension": (spine.flexion_extension_rand, _FREE),
    "side_bend": (spine.side_bend_rand, _FREE),
    "axial_rotation": (spine.axial_rotation_rand, _FREE),
    "roll_down": (spine.roll_down_rand, _FREE),
    "side_stretch": (spine.side_stretch_rand, _FREE),
    "neck_flexion": (daily.neck_flexion_rand, _FREE),
    "neck_rotation": (daily.neck_rotation_rand, _FREE),
    "neck_side_bend": (daily.neck_side_bend_rand, _FREE),
    # on a chair
    "typing": (seated.typing_rand, _HELD),
    "slumped_sitting": (seated.slumped_sitting_rand, _HELD),
    "seated_reach": (seated.seated_reach_rand, _HELD),
    "seated_phone": (seated.seated_phone_rand, _HELD),
    "seated_twist": (seated.seated_twist_rand, _HELD),
    "sit_to_stand": (seated.sit_to_stand_rand, _FREE),
    "stand_to_sit": (seated.stand_to_sit_rand, _FREE),
    "tie_shoes": (seated.tie_shoes_rand, _HELD),
    "rowing_machine": (seated.rowing_machine_rand, _GRIP),
    # with a load
    "squat": (lifting.squat_rand, _FREE),
    "lift": (lifting.lift_rand, _HELD),
    "squat_lift": (load.squat_lift_rand, _HELD),
    "stoop_lift": (load.stoop_lift_rand, _HELD),
    "twisted_lift": (load.twisted_lift_rand, _HELD),
    "carry_box": (load.carry_box_rand, Life(amount=0.7, hands="kept", tempo=0.0)),
    "deadlift": (lifting.deadlift_rand, _HELD),
    "barbell_deadlift": (load.barbell_deadlift_rand, _HELD),
    "kettlebell_swing": (load.kettlebell_swing_rand, _GRIP),
    "bent_over_row": (load.bent_over_row_rand, _HELD),
    "hip_hinge": (load.hip_hinge_rand, _HELD),
    "one_handed_pickup": (load.one_handed_pickup_rand, _HELD),
    "lunge": (lifting.lunge_rand, _FREE),
    # on the floor
    "cat_cow": (floor.cat_cow_rand, _HELD),
    "bird_dog": (mats.bird_dog_rand, _HELD),
    "crawl": (mats.crawl_rand, Life(amount=0.7, hands="kept", tempo=0.0)),
    "push_up": (mats.push_up_rand, Life(amount=0.6, hands="kept", feet=False)),
    "plank": (mats.plank_rand, Life(amount=0.6, hands="kept", feet=False)),
    "crunch": (mats.crunch_rand, Life(feet=False)),
    "sit_up": (mats.sit_up_rand, Life(feet=False)),
    "roll_up": (mats.roll_up_rand, Life(amount=0.7)),
    "bridge": (mats.bridge_rand, Life(amount=0.7, feet=False)),
    "lying_supine": (mats.lying_supine_rand, Life(amount=0.8)),
    "lying_prone": (mats.lying_prone_rand, Life(amount=0.8)),
    "lying_side": (mats.lying_side_rand, Life(amount=0.8)),
    "kneel_down": (ground.kneel_down_rand, _FREE),
    "get_up": (ground.get_up_rand, _HELD),
    "gardening": (ground.gardening_rand, _HELD),
    # yoga
    "childs_pose": (yoga.childs_pose_rand, _HELD),
    "downward_dog": (yoga.downward_dog_rand, _HELD),
    "cobra": (yoga.cobra_rand, _HELD),
    "warrior_one": (yoga.warrior_one_rand, _FREE),
    "warrior_two": (yoga.warrior_two_rand, _FREE),
    "triangle": (yoga.triangle_rand, _FREE),
    "tree": (yoga.tree_rand, _HELD),
    "forward_fold": (yoga.forward_fold_rand, _HELD),
    "lunge_twist": (yoga.lunge_twist_rand, _HELD),
    # on the way
    "gait": (gaits.gait_rand, _STEPS),
    "march": (gaits.march_rand, _FREE),
    "run": (sport.run_rand, _STEPS),
    "step_up": (sport.step_up_rand, _FREE),
    # sport
    "throw": (swing.throw_rand, _QUICK),
    "tennis_serve": (swing.tennis_serve_rand, _GRIP),
    "forehand": (swing.forehand_rand, _GRIP),
    "golf_swing": (arm.golf_swing_rand, _GRIP),
    "bat_swing": (swing.bat_swing_rand, _GRIP),
    "kick": (sport.kick_rand, _QUICK),
    "vertical_jump": (sport.vertical_jump_rand, _QUICK),
    "squat_jump": (sport.squat_jump_rand, _QUICK),
    "jumping_jack": (arm.jumping_jack_rand, _QUICK),
    "boxing": (sport.boxing_rand, _QUICK),
    # daily life
    "overhead_reach": (arm.overhead_reach_rand, _FREE),
    "wave": (arm.wave_rand, _FREE),
    "phone_neck": (daily.phone_neck_rand, _HELD),
    "standing_drift": (daily.standing_drift_rand, _FREE),
    "lean_on_desk": (daily.lean_on_desk_rand, _HELD),
    "mopping": (daily.mopping_rand, _GRIP),
    "dance_groove": (daily.groove_rand, _FREE),
    "dance_twist": (daily.twist_dance_rand, _FREE),
    "dance_wave": (daily.arm_wave_dance_rand, _FREE),
}


def _lively(make: Make, life: Life) -> Make:
    def draw(rng: np.random.Generator) -> Clip:
        return enlivened(make(rng), rng, life)

    return draw


MOTIONS: dict[str, Make] = {name: _lively(make, life) for name, (make, life) in _LIBRARY.items()}

__all__ = ["MOTIONS", "static_clip", "static_clip_rand"]
