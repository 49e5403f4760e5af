"""Motions with a load: boxes lifted well and badly, carried things, barbell, kettlebell, dumbbells, hinge and pick-up.

Lumbar flexion at the bottom of a lift: some 15 to 30 degrees from a squat, 45 to 60 from a stoop (Kingma et al.
2004; Bazrgari & Shirazi-Adl 2007 [mem]); a good deadlift stays under 20, the trunk 55 to 75 degrees forward
(Escamilla et al. 2000 [mem]).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from synth.motion.act import Arms, Table, act, mixed, phase, reached, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.edit import either_side
from synth.motion.gait_motions import gait

_ELBOWS_BACK = (-0.7, 0.6, -0.5)
_BOX_ARMS = Arms("world", _ELBOWS_BACK, (1.0, -0.1, -0.25), (0.0, -1.0, 0.0))
# Fingers all but straight, flat against the sides of a box: curled ones go through it.
_PRESSED = -0.7
_CARRY = {"wx": 0.30, "wy": 0.205, "wz": 1.06}


def _box(size: float, first: int, last: int) -> ClipProp:
    return ClipProp("box", "hands", scale=(size, 1.0, size), frames=(first, last))


def box_lift(
    name: str, sink: float, trunk: dict[str, float], twist_deg: float, reach: float, height: float, size: float,
    duration_s: float,
) -> Clip:  # fmt: skip
    """Down to a box on the floor, take it, and stand up with it.

    Args:
        name: The clip's name.
        sink: Depth of the squat at the bottom.
        trunk: Trunk angles at the bottom.
        twist_deg: Direction of the box, to the left of straight ahead.
        reach: How far in front of the ankles it stands.
        height: Height of the wrists at the box.
        size: Scale of the box.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    way = np.radians(twist_deg)
    stood = {"sink": 0.0, "twist": 0.0, "pelvis_turn": 0.0, "side": 0.0, "protraction": 0.0, "nod": 0.0,
        "look": 0.0}  # fmt: skip
    stood |= dict.fromkeys(trunk, 0.0)
    y = {"wy_l": 0.205 * np.cos(way) + reach * np.sin(way), "wy_r": 0.205 * np.cos(way) - reach * np.sin(way)}
    x = {"wx_l": reach * np.cos(way) - 0.205 * np.sin(way), "wx_r": reach * np.cos(way) + 0.205 * np.sin(way)}
    low = {**trunk, "sink": sink, "twist": 0.55 * twist_deg, "pelvis_turn": 0.28 * twist_deg,
        "side": -0.12 * twist_deg, "look": 0.2 * twist_deg, **x, **y, "wz": height, "protraction": 14.0}  # fmt: skip
    hanging = {"wx": 0.10, "wy": 0.36, "wz": 0.98}
    table: Table = [
        (0.0, stood | hanging | {"foot_y": 0.18, "foot_yaw": 14.0, "curl": 0.0}), (0.12, {"nod": 18.0}),
        (0.40, low | {"curl": 0.0}), (0.50, low | {"curl": _PRESSED, "nod": 0.0}),
        (0.90, stood | _CARRY | {"lumbar_flexion": -3.0, "curl": _PRESSED}),
    ]  # fmt: skip
    took = round(0.45 * (len(t) - 1))
    return act(name, tracks(t, table), arms=_BOX_ARMS, props=(_box(size, took, len(t)),))


def squat_lift(
    depth: float = 0.95, tilt_deg: float = 34.0, size: float = 1.0, duration_s: float = 3.4
) -> Clip:
    """Lift a box with good form: from the legs, the back near its neutral curve, the box close.

    Args:
        depth: Depth of the squat, 1 has the thighs level.
        tilt_deg: Forward tilt of the pelvis.
        size: Scale of the box.
        duration_s: Seconds.
    """
    trunk = {"pelvis_tilt": tilt_deg, "lumbar_flexion": 14.0, "thoracic_flexion": 8.0}
    return box_lift("squat_lift", depth, trunk, 0.0, 0.32, 0.17 + 0.06 * size, size, duration_s)


def squat_lift_rand(rng: np.random.Generator) -> Clip:
    """A random lift from the legs."""
    return squat_lift(
        rng.uniform(0.9, 1.12), rng.uniform(28.0, 42.0), rng.uniform(0.75, 1.1), rng.uniform(2.8, 4.0)
    )


def stoop_lift(
    bend_deg: float = 112.0, knees: float = 0.24, size: float = 1.0, duration_s: float = 3.2
) -> Clip:
    """Lift a box with bad form: from the back, the knees nearly straight.

    Args:
        bend_deg: Forward bend of pelvis and lumbar spine.
        knees: Depth of the knees' bend.
        size: Scale of the box.
        duration_s: Seconds.
    """
    return box_lift("stoop_lift", knees, {"bend": bend_deg}, 0.0, 0.38, 0.18 + 0.07 * size, size, duration_s)


def stoop_lift_rand(rng: np.random.Generator) -> Clip:
    """A random lift from the back."""
    return stoop_lift(
        rng.uniform(98.0, 118.0), rng.uniform(0.12, 0.34), rng.uniform(0.7, 1.1), rng.uniform(2.6, 3.8)
    )


def twisted_lift(
    twist_deg: float = 46.0, bend_deg: float = 98.0, knees: float = 0.4, duration_s: float = 3.4
) -> Clip:
    """Lift a box that stands to the side with a bent and twisted back.

    Args:
        twist_deg: Direction of the box, to the left.
        bend_deg: Forward bend of pelvis and lumbar spine.
        knees: Depth of the knees' bend.
        duration_s: Seconds.
    """
    return box_lift("twisted_lift", knees, {"bend": bend_deg}, twist_deg, 0.40, 0.27, 0.8, duration_s)


def twisted_lift_rand(rng: np.random.Generator) -> Clip:
    """A random lift from the side."""
    clip = twisted_lift(
        rng.uniform(28.0, 56.0), rng.uniform(84.0, 106.0), rng.uniform(0.25, 0.6), rng.uniform(2.8, 4.0)
    )
    return either_side(rng, clip)


def carry_box(
    pace: float = 0.5, lean_deg: float = -5.0, size: float = 1.0, phase_: float = 0.0, duration_s: float = 2.4
) -> Clip:
    """Walk with a box before the belly, leaning back against its weight.

    Args:
        pace: 0 is slow, 1 a natural walk.
        lean_deg: Lean of the trunk, negative backward.
        size: Scale of the box.
        phase_: Where in the stride the clip starts, 0 to 1.
        duration_s: Seconds.
    """
    walk = gait(1.36 - 0.26 * pace, 0.95 + 0.3 * pace, counter_deg=4.0, phase=phase_, duration_s=duration_s)
    spine = walk.spine_rad.copy()
    for name in ("lumbar_flexion", "thoracic_flexion"):
        spine[:, REGIONAL_COORDINATES.index(name)] += np.radians(0.5 * lean_deg)
    walk = replace(walk, name="carry_box", spine_rad=spine, hand_curl=np.full((walk.num_frames, 2), _PRESSED))
    held = tracks(phase(duration_s), [(0.0, {"wx": 0.33, "wy": 0.205, "wz": -0.44})])
    arms = Arms("chest", _ELBOWS_BACK, (1.0, -0.1, -0.1), (0.0, -1.0, 0.1))
    box = ClipProp("box", "hands", scale=(size, 1.0, size))
    return replace(reached(walk, held, arms), props=(box,))


def carry_box_rand(rng: np.random.Generator) -> Clip:
    """A random walk with a box."""
    return carry_box(rng.uniform(0.0, 1.0), rng.uniform(-9.0, 0.0), rng.uniform(0.7, 1.1), rng.random(), 2.2)


def barbell_deadlift(
    hinge_deg: float = 52.0, rounding_deg: float = 10.0, knees: float = 0.62, duration_s: float = 3.4
) -> Clip:
    """Lift a barbell from the floor and set it down.

    Args:
        hinge_deg: Forward tilt of the pelvis at the bottom.
        rounding_deg: Flexion of the lumbar spine there.
        knees: Depth of the knees' bend.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    low = {"pelvis_tilt": hinge_deg, "lumbar_flexion": rounding_deg, "thoracic_flexion": 8.0, "sink": knees,
        "px": -0.03, "nod": -0.5 * hinge_deg, "wx": 0.20, "wz": 0.32, "protraction": 8.0}  # fmt: skip
    knee = {"pelvis_tilt": 0.8 * hinge_deg, "sink": 0.26, "wx": 0.21, "wz": 0.58}
    top = {"pelvis_tilt": -2.0, "lumbar_flexion": -3.0, "thoracic_flexion": -2.0, "sink": 0.0, "px": 0.01, "nod": 0.0,
           "wx": 0.165, "wz": 0.90, "protraction": 0.0}  # fmt: skip
    table: Table = [(0.06, low | {"wy": 0.27, "foot_y": 0.13, "foot_yaw": 12.0, "curl": 1.0}), (0.26, knee),
        (0.46, top), (0.58, top), (0.78, knee), (0.98, low)]  # fmt: skip
    arms = Arms("world", (-1.0, 0.5, 0.0), (0.05, 0.0, -1.0), (-1.0, 0.0, 0.0))
    return act("barbell_deadlift", tracks(t, table, True), arms=arms, props=(ClipProp("barbell", "hands"),))


def barbell_deadlift_rand(rng: np.random.Generator) -> Clip:
    """A random deadlift with a barbell."""
    return barbell_deadlift(
        rng.uniform(44.0, 60.0), rng.uniform(2.0, 24.0), rng.uniform(0.5, 0.75), rng.uniform(2.8, 4.0)
    )


def kettlebell_swing(
    hinge_deg: float = 58.0, height: float = 0.0, swings: float = 1.7, duration_s: float = 3.2
) -> Clip:
    """Swing a kettlebell between the legs and up to the chest, from the hips.

    Hips flex by some 75 degrees and knees by 70 at the bottom, the lumbar spine by 25 to 30 (McGill & Marshall
    2012 [mem]).

    Args:
        hinge_deg: Forward tilt of the pelvis at the bottom.
        height: Height of the hands at the top, from the shoulders, units of mid-hip height.
        swings: How many in the clip.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    low = {"pelvis_tilt": hinge_deg, "lumbar_flexion": 15.0, "thoracic_flexion": 9.0, "sink": 0.34, "px": -0.10,
           "nod": -0.5 * hinge_deg, "shoulder_flexion": -24.0, "protraction": 6.0}  # fmt: skip
    top = {"pelvis_tilt": -3.0, "lumbar_flexion": -4.0, "thoracic_flexion": -3.0, "sink": 0.0, "px": 0.02,
        "nod": -2.0, "shoulder_flexion": 82.0 + 60.0 * height, "protraction": 8.0}  # fmt: skip
    held = {"foot_y": 0.24, "foot_yaw": 18.0, "curl": 1.0}
    cycle = tracks(
        np.mod(0.02 + swings * t, 1.0),
        [(0.0, low | held), (0.22, {"sink": 0.12}), (0.48, top), (0.74, {"sink": 0.08}), (1.0, low)],
        True,
    )
    # The arms hang from the shoulders like ropes, upright or swung; both hands on one handle.
    angle = np.radians(cycle.pop("shoulder_flexion_l"))
    cycle.pop("shoulder_flexion_r")
    lean = np.radians(cycle["pelvis_tilt"] + cycle["lumbar_flexion"] + 0.6 * cycle["thoracic_flexion"])
    cycle |= {f"wx_{s}": 0.575 * np.sin(angle + lean) for s in "lr"} | {
        f"wz_{s}": -0.575 * np.cos(angle + lean) for s in "lr"
    }
    cycle |= {f"wy_{s}": np.full_like(t, 0.075) for s in "lr"}
    clip = act("kettlebell_swing", cycle, arms=Arms("chest", (-0.5, 0.8, -0.3), pronation_deg=70.0),
               props=(ClipProp("kettlebell", "hands"),))  # fmt: skip
    return clip


def kettlebell_swing_rand(rng: np.random.Generator) -> Clip:
    """A random kettlebell swing."""
    return kettlebell_swing(
        rng.uniform(48.0, 66.0), rng.uniform(-0.2, 0.15), rng.uniform(1.4, 2.0), rng.uniform(2.8, 3.8)
    )


def bent_over_row(
    hinge_deg: float = 58.0, rounding_deg: float = 6.0, pulls: float = 2.0, duration_s: float = 3.4
) -> Clip:
    """Row dumbbells to the ribs with the trunk bent forward.

    Args:
        hinge_deg: Forward tilt of the pelvis.
        rounding_deg: Flexion of the lumbar spine.
        pulls: How many in the clip.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    pull = (1.0 - np.cos(2 * np.pi * pulls * t)) / 2.0
    pull = pull**1.2
    still = {"pelvis_tilt": hinge_deg, "thoracic_flexion": 5.0, "sink": 0.22, "px": -0.06, "nod": -0.45 * hinge_deg,
             "foot_y": 0.13, "curl": 1.0, "lumbar_flexion": rounding_deg}  # fmt: skip
    moving = {"shoulder_flexion": -2.0 - 34.0 * pull, "shoulder_abduction": 14.0 + 12.0 * pull,
        "elbow_flexion": 10.0 + 92.0 * pull, "protraction": 10.0 - 22.0 * pull, "pelvis_tilt": -3.0 * pull,
        "thoracic_flexion": -5.0 * pull}  # fmt: skip
    values = mixed(t, tracks(t, [(0.0, still)]), moving)
    return act(
        "bent_over_row", values, arms_in="world",
        props=(ClipProp("dumbbell", "hand_l"), ClipProp("dumbbell", "hand_r")),
    )  # fmt: skip


def bent_over_row_rand(rng: np.random.Generator) -> Clip:
    """A random bent-over row."""
    return bent_over_row(
        rng.uniform(42.0, 66.0), rng.uniform(0.0, 18.0), rng.uniform(1.4, 2.4), rng.uniform(2.8, 3.8)
    )


def hip_hinge(tilt_deg: float = 66.0, hands: str = "back", duration_s: float = 3.2) -> Clip:
    """Bend from the hips with a straight back, hands behind it or hanging.

    Args:
        tilt_deg: Forward tilt of the pelvis.
        hands: ``back``: in the small of the back; ``down``: along the thighs.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    low = {"pelvis_tilt": tilt_deg, "lumbar_flexion": 5.0, "thoracic_flexion": 2.0, "sink": 0.16, "nod": -8.0}
    if hands == "back":
        pose = {"wx": -0.20, "wy": 0.10, "wz": 0.12, "curl": 0.0}
    else:
        pose = {"shoulder_abduction": 12.0, "shoulder_flexion": 8.0, "elbow_flexion": 10.0}
        low |= {"shoulder_flexion": 24.0}
    top = {"pelvis_tilt": 0.0, "lumbar_flexion": 0.0, "thoracic_flexion": 0.0, "sink": 0.0, "nod": 0.0}
    values = tracks(t, [(0.0, top | pose), (0.45, low), (0.58, low), (1.0, top | pose)])
    arms = Arms("pelvis", (-0.35, 0.9, 0.1), (0.0, -0.8, -0.5), (-1.0, 0.0, 0.0))
    return act("hip_hinge", values, arms=arms, arms_in="world")


def hip_hinge_rand(rng: np.random.Generator) -> Clip:
    """A random hip hinge."""
    return hip_hinge(rng.uniform(45.0, 78.0), str(rng.choice(["back", "down"])), rng.uniform(2.6, 3.8))


def one_handed_pickup(lunge: float = 0.5, bend_deg: float = 82.0, duration_s: float = 3.0) -> Clip:
    """Pick something small up from the floor with the right hand, the other one out for balance.

    Args:
        lunge: How far the left foot stands in front, 0 to 1.
        bend_deg: Forward bend of pelvis and lumbar spine.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    low = {"bend": bend_deg, "twist": 18.0, "side": 16.0, "sink": 0.62, "nod": -12.0, "wx_r": 0.40, "wy_r": 0.06,
           "wz_r": 0.17, "protraction_r": 16.0, "shoulder_abduction_l": 46.0, "shoulder_flexion_l": -16.0,
           "elbow_flexion_l": 30.0, "foot_pitch_r": 26.0 * lunge, "px": 0.0}  # fmt: skip
    stood = {"bend": 0.0, "twist": 0.0, "side": 0.0, "sink": 0.0, "nod": 0.0, "wx_r": 0.12, "wy_r": 0.34,
        "wz_r": 0.97, "protraction_r": 0.0, "shoulder_abduction_l": 18.0, "shoulder_flexion_l": 4.0,
        "elbow_flexion_l": 14.0, "foot_pitch_r": 0.0, "px": 0.0, "foot_x_l": 0.22 * lunge,
        "foot_x_r": -0.24 * lunge}  # fmt: skip
    table: Table = [(0.0, stood | {"curl_r": 0.0}), (0.1, {"nod": 26.0}), (0.42, low | {"curl_r": 0.1}), (0.52,
        low | {"curl_r": 0.8}), (0.96, stood | {"wx_r": 0.30, "wz_r": 1.15, "wy_r": 0.24, "nod": 14.0})]  # fmt: skip
    ball = ClipProp("ball", "hand_r", scale=(0.5, 0.5, 0.5), frames=(round(0.48 * len(t)), len(t)))
    arms = Arms("world", (-0.6, 0.8, 0.0), (0.35, -0.1, -1.0), (-0.7, -0.5, -0.3))
    return act("one_handed_pickup", tracks(t, table), arms=arms, props=(ball,))


def one_handed_pickup_rand(rng: np.random.Generator) -> Clip:
    """A random pick-up, with either hand."""
    clip = one_handed_pickup(rng.uniform(0.1, 1.0), rng.uniform(70.0, 94.0), rng.uniform(2.4, 3.4))
    return either_side(rng, clip)
