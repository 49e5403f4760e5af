"""Yoga: child's pose, downward dog, cobra, warriors, triangle, tree, forward fold, lunge twist.

Each comes from a simpler pose into the named one and holds it, breathing. Ranges: forward folds reach 45 to 60
degrees of lumbar flexion, cobra the whole lumbar extension; the neck stays within half of its range
(``REGIONAL_RANGES_RAD``).
"""

from __future__ import annotations

import numpy as np

from synth.motion.act import Arms, act, mixed, phase, tracks
from synth.motion.clip import Clip
from synth.motion.curves import poses
from synth.motion.edit import either_side
from synth.motion.mat_motions import THICK, kneeling_tracks, mat

_FLOOR = Arms("world", (-0.9, 0.6, 0.2), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
_IN_AND_OUT = ((0.04, 0.0), (0.42, 1.0), (0.68, 1.0), (1.0, 0.25))


def childs_pose(depth: float = 1.0, arms_ahead: bool = True, duration_s: float = 3.6) -> Clip:
    """From hands and knees, sit back on the heels and fold over the thighs.

    Args:
        depth: 1 brings the hips to the heels.
        arms_ahead: Arms stretched ahead; otherwise they come back beside the shanks.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    down = depth * poses(t, [(0.0, 0.12), (0.5, 1.0), (0.8, 1.0), (1.0, 0.9)])
    values = kneeling_tracks(70.0 - 8.0 * down, 66.0 * down, 0.1)
    values |= {"lumbar_flexion": 6.0 + 30.0 * down, "thoracic_flexion": 8.0 + 16.0 * down, "nod": -12.0 + 26.0 * down,
               "hip_abduction_l": 8.0 * down, "hip_abduction_r": 8.0 * down}  # fmt: skip
    if arms_ahead:
        values |= tracks(t, [(0.0, {"wx": 0.72, "wy": 0.20, "wz": 0.05, "curl": -0.7})])
        return act("childs_pose", values, legs="angles", arms=_FLOOR, props=(mat(),))
    values |= {f"{n}_{s}": a + b * down for s in "lr" for n, a, b in (("shoulder_flexion", 70.0, -82.0),
        ("shoulder_abduction", 18.0, 8.0), ("elbow_flexion", 14.0, 2.0), ("pronation", 20.0, 40.0))}  # fmt: skip
    return act("childs_pose", values, legs="angles", props=(mat(),))


def childs_pose_rand(rng: np.random.Generator) -> Clip:
    """A random child's pose."""
    return childs_pose(rng.uniform(0.8, 1.0), bool(rng.random() < 0.75), rng.uniform(3.0, 4.0))


def downward_dog(hips: float = 0.92, heel_deg: float = 16.0, duration_s: float = 3.6) -> Clip:
    """From a high plank with bent knees, push the hips up and back.

    Args:
        hips: Height of the hips in the pose, units of standing mid-hip height.
        heel_deg: How far the heels stay up.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    start = {"px": 0.66, "pz": 0.50, "pelvis_tilt": 82.0, "lumbar_flexion": 6.0, "thoracic_flexion": 6.0,
        "nod": -18.0, "foot_pitch": 52.0}  # fmt: skip
    dog = {"px": 0.34, "pz": hips, "pelvis_tilt": 126.0, "lumbar_flexion": 5.0, "thoracic_flexion": -4.0,
        "nod": 2.0, "foot_pitch": heel_deg}  # fmt: skip
    still = {"foot_x": 0.0, "foot_y": 0.12, "foot_yaw": 2.0, "wx": 1.16, "wy": 0.20, "wz": 0.06, "curl": -0.8,
        "shrug": 8.0}  # fmt: skip
    pedal = poses(t, [(0.5, 0.0), (0.62, 1.0), (0.78, -1.0), (0.95, 0.0)])
    values = tracks(t, [(0.04, start | still), (0.48, dog), (1.0, dog)])
    values = mixed(t, values, {"foot_pitch_l": 10.0 * np.maximum(pedal, 0),
        "foot_pitch_r": 10.0 * np.maximum(-pedal, 0), "pelvis_list": 2.0 * pedal, "side": -3.0 * pedal})  # fmt: skip
    return act(
        "downward_dog", values, arms=Arms("world", (-0.3, 0.9, 0.3), (1.0, 0.0, 0.0)), props=(mat(0.55),)
    )


def downward_dog_rand(rng: np.random.Generator) -> Clip:
    """A random downward dog."""
    return downward_dog(rng.uniform(0.84, 0.94), rng.uniform(6.0, 26.0), rng.uniform(3.0, 4.0))


def cobra(lift: float = 1.0, duration_s: float = 3.4) -> Clip:
    """From the belly, raise chest and head with the hands beside the ribs.

    Args:
        lift: 1 takes nearly the whole extension of the spine.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    up = lift * poses(t, _IN_AND_OUT)
    values = {"pelvis_tilt": 90.0 - 12.0 * up, "pz": THICK + 0.02 * up, "px": 0 * t,
        "lumbar_flexion": -23.0 * up, "thoracic_flexion": 2.0 - 22.0 * up, "nod": 2.0 - 32.0 * up,
        "pelvis_list": 0 * t, **{f"hip_flexion_{s}": -11.0 * up for s in "lr"},
        **{f"knee_flexion_{s}": 3.0 + 0 * t for s in "lr"},
        **{f"hip_abduction_{s}": 4.0 + 0 * t for s in "lr"},
        **{f"ankle_dorsiflexion_{s}": -56.0 + 0 * t for s in "lr"},
        **{f"shrug_{s}": -3.0 * up for s in "lr"}}  # fmt: skip
    values |= tracks(t, [(0.0, {"wx": 0.46, "wy": 0.24, "wz": 0.055, "curl": -0.6})])
    return act(
        "cobra", values, legs="angles", arms=Arms("world", (-1.0, 0.4, 0.6), (1.0, 0.0, 0.0)), props=(mat(),)
    )


def cobra_rand(rng: np.random.Generator) -> Clip:
    """A random cobra."""
    return cobra(rng.uniform(0.55, 1.0), rng.uniform(3.0, 4.0))


def warrior_one(bend: float = 1.0, arch_deg: float = 16.0, duration_s: float = 3.4) -> Clip:
    """A long stride with the front knee bent, the arms overhead, looking up.

    Args:
        bend: 1 brings the front thigh near level.
        arch_deg: Extension of the spine.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    high = {"foot_x_l": 0.52, "foot_y_l": 0.10, "foot_yaw_l": 0.0, "foot_x_r": -0.50, "foot_y_r": 0.14,
        "foot_yaw_r": 48.0}  # fmt: skip
    start = {"px": 0.0, "pz": 0.86, "pelvis_turn": -8.0, "shoulder_flexion": 6.0, "shoulder_abduction": 24.0,
        "elbow_flexion": 14.0, "lumbar_flexion": 0.0, "thoracic_flexion": 0.0, "nod": 0.0,
        "shoulder_rotation": 0.0, "shrug": 0.0, "twist": 8.0}  # fmt: skip
    pose = {"px": 0.10 + 0.06 * bend, "pz": 0.80 - 0.20 * bend, "pelvis_turn": -12.0, "shoulder_flexion": 168.0,
        "shoulder_abduction": 14.0, "elbow_flexion": 8.0, "lumbar_flexion": -0.6 * arch_deg,
        "thoracic_flexion": -0.4 * arch_deg, "nod": -24.0, "shoulder_rotation": -20.0, "shrug": 9.0,
        "twist": 12.0, "pelvis_tilt": 4.0}  # fmt: skip
    return act(
        "warrior_one",
        tracks(t, [(0.02, start | high), (0.48, pose), (0.8, pose), (1.0, {"pz": 0.83 - 0.20 * bend})]),
    )


def warrior_one_rand(rng: np.random.Generator) -> Clip:
    """A random warrior I, either leg."""
    return either_side(
        rng, warrior_one(rng.uniform(0.6, 1.05), rng.uniform(4.0, 22.0), rng.uniform(2.8, 4.0))
    )


_WIDE = {"foot_x": 0.0, "foot_y_l": 0.56, "foot_y_r": 0.52, "foot_yaw_l": 84.0, "foot_yaw_r": 8.0}


def warrior_two(bend: float = 1.0, lean_deg: float = 0.0, duration_s: float = 3.4) -> Clip:
    """Legs wide, one knee bent, the arms level, looking over the front hand.

    Args:
        bend: 1 brings the front thigh near level.
        lean_deg: Side bend of the trunk over the front leg; a beginner leans.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    start = {"py": 0.0, "pz": 0.88, "shoulder_abduction": 26.0, "look": 0.0, "side": 0.0, "pelvis_turn": 0.0,
        "elbow_flexion": 12.0, "pronation": 15.0}  # fmt: skip
    pose = {"py": 0.16 * bend, "pz": 0.78 - 0.19 * bend, "shoulder_abduction": 92.0, "look": 62.0,
        "side": -lean_deg, "pelvis_turn": 10.0, "elbow_flexion": 5.0, "twist": -6.0, "pronation": 0.0,
        "curl": -0.8, "shoulder_flexion": 0.0}  # fmt: skip
    values = tracks(t, [(0.02, start | _WIDE | {"twist": 0.0, "curl": 0.0, "shoulder_flexion": 4.0}), (0.46,
        pose), (0.8, pose), (1.0, {"py": 0.13 * bend, "pz": 0.80 - 0.18 * bend})])  # fmt: skip
    return act("warrior_two", values)


def warrior_two_rand(rng: np.random.Generator) -> Clip:
    """A random warrior II, to either side."""
    return either_side(
        rng, warrior_two(rng.uniform(0.6, 1.05), rng.uniform(-4.0, 12.0), rng.uniform(2.8, 4.0))
    )


def triangle(bend_deg: float = 74.0, spine_share: float = 0.42, duration_s: float = 3.6) -> Clip:
    """Legs wide and straight, bend sideways over one of them, one hand down and one up.

    Args:
        bend_deg: Sideways lean of the upper trunk from upright.
        spine_share: How much of it the spine gives; the hips give the rest.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    spine = spine_share * bend_deg
    up = {"pz": 0.92, "py": 0.0, "pelvis_list": 0.0, "side": 0.0, "shoulder_abduction": 88.0, "look": 20.0,
        "cant": 0.0, "nod": 0.0, "elbow_flexion": 6.0, "pronation": 0.0, "curl": -0.7, "twist": 0.0,
        "shoulder_flexion": 0.0, "pelvis_tilt": 0.0}  # fmt: skip
    pose = {"py": -0.10, "pz": 0.92, "pelvis_list": spine - bend_deg, "side": -spine,
        "shoulder_abduction_l": 78.0, "shoulder_abduction_r": 92.0, "look": -46.0, "cant": 6.0, "twist": -14.0,
        "pelvis_tilt": 6.0, "nod": -4.0}  # fmt: skip
    values = tracks(t, [(0.02, up | _WIDE), (0.46, pose), (0.74, pose), (1.0, pose | {"side": -0.86 * spine,
        "look": -20.0})])  # fmt: skip
    return act("triangle", values)


def triangle_rand(rng: np.random.Generator) -> Clip:
    """A random triangle, to either side."""
    return either_side(rng, triangle(rng.uniform(56.0, 82.0), rng.uniform(0.34, 0.52), rng.uniform(3.0, 4.0)))


def tree(
    height: float = 0.40, arms_up: bool = True, wobble_deg: float = 2.5, duration_s: float = 3.6
) -> Clip:
    """Stand on the right leg, the left sole against its inside, the palms together.

    Args:
        height: Height of the left foot, units of standing mid-hip height.
        arms_up: Palms together overhead; otherwise before the chest.
        wobble_deg: Unsteadiness.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    on_one = {"py": -0.085, "foot_x_l": 0.03, "foot_y_l": -0.015, "foot_lift_l": height, "foot_pitch_l": 62.0,
        "foot_yaw_l": 52.0, "pelvis_turn": 6.0}  # fmt: skip
    if arms_up:
        hands = [{"wx": 0.30, "wy": 0.05, "wz": -0.22}, {"wx": 0.10, "wy": 0.05, "wz": 0.545, "shrug": 14.0}]
        arms = Arms("chest", (0.2, 1.0, 0.0), (0.0, -0.1, 1.0), (0.0, -1.0, 0.0))
    else:
        hands = [{"wx": 0.34, "wy": 0.16, "wz": -0.30}, {"wx": 0.27, "wy": 0.045, "wz": -0.20}]
        arms = Arms("chest", (-0.2, 1.0, -0.5), (0.25, -0.1, 1.0), (0.0, -1.0, 0.0))
    stood = {"py": 0.0, "foot_x": 0.0, "foot_y": 0.09, "foot_lift_l": 0.0, "foot_pitch_l": 0.0, "foot_yaw": 6.0,
        "pelvis_turn": 0.0, "shrug": 0.0}  # fmt: skip
    values = tracks(t, [(0.02, stood | hands[0]), (0.16, {"py": -0.085, "foot_yaw_l": 20.0}), (0.5, on_one),
        (0.62, hands[1]), (1.0, on_one | hands[1])])  # fmt: skip
    sway = wobble_deg * np.sin(2 * np.pi * 0.8 * t * duration_s + 1.0)
    values = mixed(t, values, {"pelvis_list": 0.5 * sway, "side": -0.8 * sway,
        "lumbar_flexion": -2.0 + 0.2 * sway, "nod": 2.0 + 0.4 * sway})  # fmt: skip
    return act("tree", values, arms=arms, knees=((0.45, 1.0, -0.1), (1.0, 0.05, 0.0)))


def tree_rand(rng: np.random.Generator) -> Clip:
    """A random tree, on either leg."""
    return either_side(rng, tree(rng.uniform(0.22, 0.48), bool(rng.random() < 0.55), rng.uniform(0.5, 5.0),
        rng.uniform(3.0, 4.0)))  # fmt: skip


def forward_fold(bend_deg: float = 150.0, knees: float = 0.06, duration_s: float = 3.6) -> Clip:
    """From standing with raised arms, fold forward until the hands near the floor.

    Args:
        bend_deg: Forward bend of pelvis and lumbar spine.
        knees: Depth of the knees' bend.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    up = {"bend": -4.0, "sink": 0.0, "nod": -12.0, "wx": 0.08, "wy": 0.18, "wz": 2.12, "shrug": 8.0}
    half = {"bend": 0.5 * bend_deg, "nod": -8.0, "wx": 0.72, "wy": 0.26, "wz": 0.95, "shrug": 0.0}
    down = {"bend": bend_deg, "sink": knees, "nod": 12.0, "wx": 0.26, "wy": 0.17, "wz": 0.24, "shrug": 0.0}
    table = [(0.04, up | {"foot_y": 0.1}), (0.32, half), (0.6, down), (0.84, down), (1.0,
        {"bend": 0.86 * bend_deg, "wz": 0.34})]  # fmt: skip
    arms = Arms("world", (-0.2, 1.0, 0.3), pronation_deg=30.0)
    return act("forward_fold", tracks(t, table, True), arms=arms)


def forward_fold_rand(rng: np.random.Generator) -> Clip:
    """A random forward fold."""
    return forward_fold(rng.uniform(112.0, 156.0), rng.uniform(0.0, 0.16), rng.uniform(3.2, 4.0))


def lunge_twist(
    turn_deg: float = 46.0, depth: float = 0.9, arms_open: bool = True, duration_s: float = 3.4
) -> Clip:
    """A deep lunge with the trunk turned over the front leg.

    Args:
        turn_deg: Turn of the upper thorax to the left.
        depth: 1 has the front thigh level.
        arms_open: Arms stretched to both sides; otherwise palms together before the chest.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    feet = {"foot_x_l": 0.44, "foot_x_r": -0.46, "foot_y": 0.09, "foot_yaw": 3.0, "foot_pitch_r": 48.0}
    start = {"pz": 0.84, "px": 0.0, "twist": 0.0, "look": 0.0, "pelvis_tilt": 2.0, "thoracic_flexion": 0.0}
    pose = {"pz": 0.86 - 0.30 * depth, "px": 0.06, "twist": turn_deg, "look": 0.3 * turn_deg,
        "pelvis_tilt": 22.0, "pelvis_turn": 6.0, "thoracic_flexion": 4.0, "nod": -8.0,
        "foot_pitch_r": 60.0}  # fmt: skip
    held = ({"shoulder_abduction": 24.0}, {"shoulder_abduction": 90.0, "elbow_flexion": 6.0,
        "curl": -0.7}) if arms_open else ({"wx": 0.30, "wy": 0.05, "wz": -0.2}, {"wx": 0.27, "wy": 0.045,
        "wz": -0.16})  # fmt: skip
    values = tracks(t, [(0.02, start | feet | held[0]), (0.36, {n: pose[n] for n in ("pz", "px", "pelvis_tilt",
        "foot_pitch_r")}), (0.6, pose | held[1]), (0.82, pose | held[1]), (1.0, {"twist": 0.7 * turn_deg,
        "look": 0.0})])  # fmt: skip
    arms = Arms("chest", (-0.1, 1.0, -0.3), (0.2, -0.1, 1.0), (0.0, -1.0, 0.0))
    return act("lunge_twist", values, arms=arms)


def lunge_twist_rand(rng: np.random.Generator) -> Clip:
    """A random lunge with a turn, to either side."""
    clip = lunge_twist(
        rng.uniform(28.0, 58.0), rng.uniform(0.7, 1.0), bool(rng.random() < 0.5), rng.uniform(2.8, 4.0)
    )
    return either_side(rng, clip)
