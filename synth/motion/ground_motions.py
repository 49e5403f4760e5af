"""Between standing and the floor: kneeling down, getting up, gardening.

Older and younger adults most often rise through kneeling on one knee (VanSant 1988; Bohannon & Lusardi 2004 [mem]).
"""

from __future__ import annotations

import numpy as np

from synth.motion.act import Arms, act, mixed, phase, tracks
from synth.motion.clip import Clip
from synth.motion.edit import either_side

_STANDING = {"px": 0.0, "pz": 1.0, "foot_x": 0.0, "foot_y": 0.11, "foot_pitch": 0.0, "foot_lift": 0.0,
    "pelvis_tilt": 0.0, "lumbar_flexion": 0.0, "thoracic_flexion": 0.0, "nod": 0.0}  # fmt: skip
# On the right knee, the left foot in front; and on both knees, toes tucked under.
_HALF = {"px": 0.0, "pz": 0.535, "foot_x_l": 0.42, "foot_x_r": -0.58, "foot_pitch_r": 82.0, "pelvis_tilt": 4.0,
    "lumbar_flexion": 2.0}  # fmt: skip
_BOTH = {"px": 0.0, "pz": 0.52, "foot_x_l": -0.58, "foot_x_r": -0.58, "foot_pitch": 82.0, "pelvis_tilt": 2.0,
    "lumbar_flexion": 2.0}  # fmt: skip
_KNEES = (1.0, 0.08, -0.25)


def kneel_down(both: bool = True, lean_deg: float = 24.0, duration_s: float = 3.4) -> Clip:
    """From standing onto one knee, or on to both.

    Args:
        both: Bring the other knee down, too.
        lean_deg: Forward tilt of the pelvis on the way.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    step = {"foot_x_r": 0.05, "foot_lift_r": 0.09, "foot_pitch_r": 30.0, "pz": 0.95, "px": 0.30,
        "pelvis_tilt": 0.4 * lean_deg}  # fmt: skip
    behind = {"foot_x_r": -0.58, "foot_lift_r": 0.0, "foot_pitch_r": 60.0, "pz": 0.82, "px": 0.12,
        "pelvis_tilt": 0.8 * lean_deg}  # fmt: skip
    going = {"pz": 0.70, "px": 0.03, "pelvis_tilt": lean_deg, "lumbar_flexion": 10.0, "thoracic_flexion": 6.0,
        "nod": 4.0, "foot_pitch_r": 74.0, "foot_x_l": 0.42}  # fmt: skip
    calm = {"thoracic_flexion": 2.0, "nod": 2.0}
    start = _STANDING | {"px": 0.42, "foot_x": 0.42}
    table = [(0.03, start), (0.17, step), (0.33, behind), (0.44, going), (0.58, _HALF | calm)]
    if both:
        table += [(0.76, {"foot_x_l": -0.1, "foot_lift_l": 0.12, "foot_pitch_l": 50.0, "px": 0.0,
            "pelvis_list": -3.0}), (0.95, _BOTH | {"foot_lift_l": 0.0, "pelvis_list": 0.0})]  # fmt: skip
    values = tracks(t, table, True)
    balance = {"shoulder_flexion": 10.0, "shoulder_abduction": 24.0, "elbow_flexion": 30.0}
    return act("kneel_down", mixed(t, values, balance), knees=_KNEES, arms_in="world")


def kneel_down_rand(rng: np.random.Generator) -> Clip:
    """A random kneeling down, on either knee."""
    return either_side(
        rng, kneel_down(bool(rng.random() < 0.6), rng.uniform(12.0, 36.0), rng.uniform(2.8, 3.8))
    )


def get_up(heels: float = 1.0, lean_deg: float = 30.0, push: bool = True, duration_s: float = 3.8) -> Clip:
    """From sitting on the heels over kneeling and one knee to standing.

    Args:
        heels: 1 starts seated on the heels, 0 kneeling up.
        lean_deg: Forward tilt of the pelvis before the last rise.
        push: Push off the front thigh with both hands.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    seated = _BOTH | {"px": -0.28 * heels, "pz": 0.52 - 0.20 * heels, "pelvis_tilt": 10.0,
        "lumbar_flexion": 10.0, "thoracic_flexion": 8.0, "nod": 4.0}  # fmt: skip
    side = {"px": -0.02, "pz": 0.53, "pelvis_list": 4.0, "foot_x_l": -0.08, "foot_lift_l": 0.14,
        "foot_pitch_l": 30.0, "pelvis_tilt": 12.0}  # fmt: skip
    leaning = {"px": 0.10, "pz": 0.60, "pelvis_tilt": lean_deg, "lumbar_flexion": 16.0, "thoracic_flexion": 8.0,
        "nod": -10.0, "foot_pitch_r": 86.0, "foot_x_r": -0.58, "foot_lift_r": 0.0}  # fmt: skip
    rising = {"px": 0.26, "pz": 0.84, "pelvis_tilt": 0.6 * lean_deg, "foot_x_r": -0.34, "foot_pitch_r": 62.0,
        "foot_lift_r": 0.06}  # fmt: skip
    stood = {**_STANDING, "px": 0.40, "pz": 1.0, "foot_x_l": 0.42, "foot_x_r": 0.38}
    half = _HALF | {"pelvis_list": 0.0, "foot_lift_l": 0.0, "foot_pitch_l": 0.0}
    table = [(0.03, seated | {"foot_y": 0.12, "foot_lift": 0.0}), (0.22, _BOTH), (0.34, side), (0.46, half),
        (0.60, leaning), (0.76, rising), (0.97, stood)]  # fmt: skip
    values = tracks(t, table, True)
    if push:
        hold, off = {"wx": 0.40, "wy": 0.12, "wz": 0.755}, {"wx": 0.44, "wy": 0.30, "wz": 0.96}
        start = {"wx": 0.10, "wy": 0.27, "wz": 0.56}
        path = tracks(t, [(0.2, start), (0.46, hold), (0.62, hold), (0.95, off)])
        values |= path | {"wy_r": path["wy_l"] * 0.9, "wy_l": path["wy_l"] + 0.06}
        arms = Arms("world", (-0.7, 0.8, 0.2), (1.0, -0.2, -0.3), (0.0, 0.0, -1.0))
        return act("get_up", values, knees=_KNEES, arms=arms)
    return act("get_up", values, knees=_KNEES, arms_in="world")


def get_up_rand(rng: np.random.Generator) -> Clip:
    """A random rise from the floor, either foot first."""
    clip = get_up(
        rng.uniform(0.0, 0.6), rng.uniform(20.0, 40.0), bool(rng.random() < 0.6), rng.uniform(3.2, 4.0)
    )
    return either_side(rng, clip)


def gardening(bend_deg: float = 72.0, reach: float = 0.5, digs: int = 3, duration_s: float = 3.6) -> Clip:
    """On one knee, dig and weed with both hands in front.

    Args:
        bend_deg: Forward bend of pelvis and lumbar spine.
        reach: How far ahead of the front foot's ankle the hands work, units of standing mid-hip height.
        digs: How often the right hand pulls.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    pose = _HALF | {"pz": 0.50, "px": -0.04, "bend": bend_deg, "pelvis_tilt": 0.0, "lumbar_flexion": 0.0,
        "nod": -6.0, "twist": -8.0, "side": 6.0, "wx_l": reach + 0.04, "wy_l": -0.02, "wz_l": 0.26,
        "wx_r": reach, "wy_r": 0.24, "wz_r": 0.16, "protraction": 14.0, "curl": 0.6, "foot_y": 0.15}  # fmt: skip
    dig = np.sin(2 * np.pi * digs * t)
    cycle = {"wx_r": -0.06 * dig, "wz_r": 0.05 * np.cos(2 * np.pi * digs * t) + 0.05,
        "wy_l": 0.03 * np.sin(3.1 * t + 1), "twist": 5.0 * dig, "side": 2.0 * dig,
        "bend": 4.0 * np.cos(2 * np.pi * digs * t), "look": -10.0 + 8.0 * np.sin(4.0 * t)}  # fmt: skip
    arms = Arms("world", (-0.5, 1.0, 0.1), (0.7, 0.0, -0.8), (-0.5, -0.5, -0.6))
    return act("gardening", mixed(t, tracks(t, [(0.0, pose)]), cycle), knees=_KNEES, arms=arms)


def gardening_rand(rng: np.random.Generator) -> Clip:
    """Random gardening, on either knee."""
    clip = gardening(
        rng.uniform(58.0, 84.0), rng.uniform(0.42, 0.6), int(rng.integers(2, 5)), rng.uniform(3.0, 4.0)
    )
    return either_side(rng, clip)
