"""Motions on a chair: work at a desk, slumping, reaching, the phone, sitting down and standing up, tying shoes.

Sitting tips the pelvis backward and flattens the lumbar spine: from upright to slumped sitting by some 20 to 30
degrees of lumbar flexion, the pelvis by 15 to 20 (O'Sullivan et al. 2006 [mem]). Rising bends the trunk forward
by 35 to 50 degrees before the seat is left (Schenkman et al. 1990; Nuzik et al. 1986 [mem]).
"""

from __future__ import annotations

import numpy as np

from synth.motion.act import Arms, Table, act, mixed, phase, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.edit import either_side

_SEAT = 0.58  # mid-hip of a seated body whose thighs are level
_KNEES = 0.43  # the ankles in front of the hips
_SITTING = {
    "pz": _SEAT, "px": 0.0, "foot_x": _KNEES, "foot_y": 0.13, "pelvis_tilt": -8.0, "lumbar_flexion": 14.0,
    "thoracic_flexion": 2.0,
}  # fmt: skip
_ON_THIGHS = {"wx": 0.27, "wy": 0.15, "wz": 0.745}
# Elbows of arms whose hands are in front of a seated body hang beside it.
_RESTING = Arms("world", (-0.6, 0.75, -0.5), (1.0, -0.15, -0.15), (0.0, 0.0, -1.0))


def chair(x: float, frame: int, kind: str = "chair") -> ClipProp:
    """A seat under hips at ``x``."""
    return ClipProp(kind, position=(x + (0.07 if kind == "chair" else 0.03), 0.0, 0.0), under_frame=frame)


def desk(height: float) -> ClipProp:
    """A desk in front of a seated body, its top at a height in hip heights."""
    return ClipProp("desk", position=(0.62, 0.0, height))


def typing(
    slump: float = 0.3, screen_nod_deg: float = 6.0, keys_hz: float = 2.6, glance_deg: float = 18.0,
    duration_s: float = 3.4,
) -> Clip:  # fmt: skip
    """Type at a desk, look down at the keys once, sink a little.

    Args:
        slump: 0 sits upright, 1 slumps.
        screen_nod_deg: Flexion of the neck with the eyes on the screen.
        keys_hz: Strokes a second of each hand.
        glance_deg: How much further the head goes down for the glance.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    sat = _SITTING | {
        "pelvis_tilt": -4.0 - 12.0 * slump, "lumbar_flexion": 8.0 + 20.0 * slump,
        "thoracic_flexion": 4.0 + 14.0 * slump, "px": 0.05 * slump, "protraction": 6.0 + 8.0 * slump,
        "wx": 0.40 + 0.03 * slump, "wy": 0.13, "wz": 0.865, "curl": 0.25, "nod": screen_nod_deg - 14.0 * slump,
    }  # fmt: skip
    table: Table = [
        (0.0, sat | {"look": 4.0, "twist": 0.0}),
        (0.32, {"nod": screen_nod_deg + glance_deg, "look": -6.0, "twist": -2.0}),
        (0.5, {"nod": screen_nod_deg + glance_deg}),
        (0.7, {"nod": screen_nod_deg - 12.0 * slump, "look": 8.0, "twist": 3.0}),
        (1.0, {"look": 2.0, "twist": 0.0, "thoracic_flexion": 6.0 + 15.0 * slump}),
    ]
    beat = 2 * np.pi * keys_hz * t * duration_s
    hop = {"wz_l": 0.006 * np.sin(beat), "wz_r": 0.006 * np.sin(1.13 * beat + 2.0),
        "wx_r": 0.008 * np.sin(0.4 * beat), "wy_l": 0.012 * np.sin(0.31 * beat + 1.0),
        "wy_r": 0.016 * np.sin(0.23 * beat)}  # fmt: skip
    values = mixed(t, tracks(t, table), hop)
    return act("typing", values, arms=_RESTING, props=(chair(0.05 * slump, 0), desk(0.80)))


def typing_rand(rng: np.random.Generator) -> Clip:
    """Random typing, upright to slumped."""
    clip = typing(rng.uniform(0.0, 1.0), rng.uniform(-2.0, 12.0), rng.uniform(1.8, 3.4), rng.uniform(6.0, 30.0),
        rng.uniform(2.8, 4.0))  # fmt: skip
    return either_side(rng, clip)


def slumped_sitting(
    slump_deg: float = 26.0,
    forward_head_deg: float = 14.0,
    first_upright: bool = True,
    duration_s: float = 3.6,
) -> Clip:
    """Sit upright and sink into a slump, or the other way round.

    Args:
        slump_deg: Lumbar flexion that the slump adds; the pelvis rolls back by two thirds of it.
        forward_head_deg: How far the neck comes forward.
        first_upright: Start upright.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    upright = _SITTING | _ON_THIGHS | {"pelvis_tilt": 0.0, "lumbar_flexion": 4.0, "thoracic_flexion": -2.0,
        "nod": 0.0, "protraction": 0.0, "look": 6.0}  # fmt: skip
    slumped = {
        "pelvis_tilt": -0.66 * slump_deg, "lumbar_flexion": 6.0 + slump_deg, "thoracic_flexion": 0.75 * slump_deg,
        "nod": forward_head_deg - 0.5 * slump_deg, "protraction": 10.0, "px": 0.06, "look": -8.0,
    }  # fmt: skip
    way = [upright, slumped] if first_upright else [upright | slumped, {n: upright[n] for n in slumped}]
    values = tracks(t, [(0.12, way[0]), (0.62, way[1]), (1.0, {"look": 0.0})])
    return act("slumped_sitting", values, arms=_RESTING, props=(chair(0.03, 0),))


def slumped_sitting_rand(rng: np.random.Generator) -> Clip:
    """A random change between upright and slumped sitting."""
    return slumped_sitting(
        rng.uniform(16.0, 34.0), rng.uniform(4.0, 24.0), bool(rng.random() < 0.5), rng.uniform(2.8, 4.0)
    )


def seated_reach(
    aside_deg: float = 30.0, bend_deg: float = 38.0, height: float = 0.75, duration_s: float = 3.0
) -> Clip:
    """Reach from a chair with the right hand for something in front or to the side.

    Args:
        aside_deg: Direction of the reach, to the right.
        bend_deg: Forward bend of the trunk.
        height: How high the hand goes, units of standing mid-hip height.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    way = np.radians(aside_deg)
    share = aside_deg / 60.0
    table: Table = [(0.05, _SITTING | _ON_THIGHS | {"bend": 0.0, "twist": 0.0, "side": 0.0, "look": 0.0,
        "nod": 0.0, "protraction_r": 0.0, "curl_r": 0.0}), (0.25, {"look": -0.5 * aside_deg,
        "nod": 4.0}), (0.5, {"bend": bend_deg, "twist": -0.25 * aside_deg + 14.0 * (1 - share),
        "side": 14.0 * share, "wx_r": 0.16 + 0.72 * np.cos(way), "wy_r": 0.12 + 0.72 * np.sin(way),
        "wz_r": height, "nod": -0.3 * bend_deg, "protraction_r": 14.0, "curl_r": -0.6, "px": 0.02}),
        (0.6, {"wx_r": 0.16 + 0.72 * np.cos(way), "bend": bend_deg, "curl_r": 0.6}), (1.0, _ON_THIGHS |
        {"bend": 2.0, "twist": 0.0, "side": 0.0, "look": 0.0, "nod": 4.0, "protraction_r": 0.0,
        "px": 0.0, "curl_r": 0.6})]  # fmt: skip
    return act("seated_reach", tracks(t, table), arms=_RESTING, props=(chair(0.0, 0),))


def seated_reach_rand(rng: np.random.Generator) -> Clip:
    """A random reach from a chair, with either hand."""
    clip = seated_reach(
        rng.uniform(0.0, 65.0), rng.uniform(18.0, 52.0), rng.uniform(0.55, 1.25), rng.uniform(2.4, 3.6)
    )
    return either_side(rng, clip)


def seated_phone(nod_deg: float = 34.0, slump: float = 0.6, hands: int = 2, duration_s: float = 3.2) -> Clip:
    """Sit and look at a phone in the lap or before the chest.

    People flex the neck by 33 to 45 degrees over a phone, most when seated (Lee, Kang & Shin 2015 [mem]).

    Args:
        nod_deg: Flexion of the neck.
        slump: 0 sits upright, 1 slumps.
        hands: One or two that hold the phone.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    held = {"wx": 0.32, "wy": 0.06, "wz": 0.90}
    sat = _SITTING | held | {"pelvis_tilt": -4.0 - 12.0 * slump, "lumbar_flexion": 8.0 + 20.0 * slump,
        "thoracic_flexion": 8.0 + 12.0 * slump, "nod": nod_deg, "protraction": 8.0, "curl": 0.45,
        "cant": 3.0}  # fmt: skip
    if hands == 1:
        sat |= {"wx_l": 0.27, "wy_l": 0.15, "wz_l": 0.745, "curl_l": 0.0, "wy_r": 0.03}
    table: Table = [(0.0, sat), (0.35, {"nod": nod_deg + 5.0, "wz_r": 0.92, "cant": -2.0}), (0.6,
        {"nod": nod_deg - 4.0}), (1.0, {"nod": nod_deg + 2.0, "wz_r": 0.90, "cant": 4.0})]  # fmt: skip
    tap = {"wx_r": 0.004 * np.sin(2 * np.pi * 2.2 * t * duration_s)}
    arms = Arms("world", (-0.7, 0.6, -0.5), (0.62, -0.35, 0.5), (-0.55, -0.35, 0.6))
    clip = act("seated_phone", mixed(t, tracks(t, table), tap), arms=arms, props=(chair(0.0, 0),))
    return clip


def seated_phone_rand(rng: np.random.Generator) -> Clip:
    """A random person over a phone."""
    clip = seated_phone(
        rng.uniform(18.0, 46.0), rng.uniform(0.2, 1.0), int(rng.integers(1, 3)), rng.uniform(2.6, 4.0)
    )
    return either_side(rng, clip)


def seated_twist(turn_deg: float = 48.0, duration_s: float = 3.4) -> Clip:
    """Turn around on a chair to look behind, a hand on the other knee.

    Args:
        turn_deg: Turn of the upper thorax to the left.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    there = {"twist": turn_deg, "look": 0.75 * turn_deg, "nod": -4.0, "wx_r": 0.36, "wy_r": -0.02, "wx_l": -0.08,
             "wy_l": 0.36, "wz_l": 0.70, "lumbar_flexion": 8.0, "px": 0.0}  # fmt: skip
    back = {"twist": 0.0, "look": 0.0, "nod": 0.0, "lumbar_flexion": 14.0} | {
        f"{n}_{s}": v for n, v in _ON_THIGHS.items() for s in "lr"
    }
    table: Table = [(0.04, _SITTING | back), (0.45, there), (0.66, there), (1.0, back)]
    return act("seated_twist", tracks(t, table), arms=_RESTING, props=(chair(0.0, 0, "stool"),))


def seated_twist_rand(rng: np.random.Generator) -> Clip:
    """A random turn on a stool, to either side."""
    return either_side(rng, seated_twist(rng.uniform(28.0, 62.0), rng.uniform(2.8, 4.0)))


_SAT_DOWN = {"px": -0.42, "pz": _SEAT, "pelvis_tilt": -6.0, "lumbar_flexion": 14.0, "thoracic_flexion": 4.0,
    "nod": 0.0}  # fmt: skip
_LEANS = {"pelvis_tilt": 30.0, "lumbar_flexion": 18.0, "thoracic_flexion": 8.0, "nod": -16.0}


def _rising(lean: float, foot_x: float, push: bool) -> list[dict[str, float]]:
    """Poses from sitting to standing: sit, lean, leave the seat, halfway, stand."""
    arms = {"shoulder_flexion": 28.0, "elbow_flexion": 62.0, "shoulder_abduction": 16.0,
        "shoulder_rotation": 18.0}  # fmt: skip
    swung = {"shoulder_flexion": 14.0 if push else 62.0, "elbow_flexion": 50.0 if push else 30.0}
    leaning = {n: v * lean for n, v in _LEANS.items()}
    return [_SAT_DOWN | arms | {"foot_x": foot_x, "foot_y": 0.14, "pronation": 50.0}, leaning | {"px": -0.36,
        "pz": _SEAT} | swung, leaning | {"px": -0.27, "pz": 0.60}, {n: 0.55 * v for n, v in leaning.items()} |
        {"px": -0.12, "pz": 0.80}, {"px": foot_x, "pz": 1.0, "pelvis_tilt": 0.0, "lumbar_flexion": 0.0,
        "thoracic_flexion": 0.0, "nod": 0.0, "shoulder_flexion": 4.0, "elbow_flexion": 14.0,
        "shoulder_abduction": 17.0, "shoulder_rotation": 0.0, "pronation": 15.0}]  # fmt: skip


def sit_to_stand(
    lean: float = 1.0, foot_x: float = 0.03, push: bool = False, duration_s: float = 2.8
) -> Clip:
    """Rise from a chair.

    Args:
        lean: How far the trunk leans before the seat is left; 1 is about 48 degrees with the pelvis.
        foot_x: Where the feet stand, from below the knees backward is negative.
        push: Hands push off the thighs instead of swinging.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    poses_ = _rising(lean, foot_x, push)
    values = tracks(t, list(zip((0.06, 0.36, 0.46, 0.64, 0.92), poses_, strict=True)), through=True)
    return act("sit_to_stand", values, arms_in="world", props=(chair(-0.42, 0),))


def sit_to_stand_rand(rng: np.random.Generator) -> Clip:
    """A random rise from a chair."""
    return sit_to_stand(
        rng.uniform(0.75, 1.25), rng.uniform(-0.04, 0.05), bool(rng.random() < 0.4), rng.uniform(2.2, 3.6)
    )


def stand_to_sit(
    lean: float = 1.0, foot_x: float = 0.03, look_deg: float = 30.0, duration_s: float = 3.0
) -> Clip:
    """Sit down on a chair, with a look back at it first.

    Args:
        lean: As in :func:`sit_to_stand`.
        foot_x: Where the feet stand.
        look_deg: Turn of the head towards the chair.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    sat, leaning, on, half, stood = _rising(lean, foot_x, True)
    looks = {"look": look_deg, "twist": 0.4 * look_deg}
    ahead = {"look": 0.0, "twist": 0.0}
    table: Table = [(0.02, stood | ahead | {"foot_x": foot_x, "foot_y": 0.14}), (0.22, stood | looks), (0.46,
        half | looks), (0.64, on | ahead), (0.72, leaning), (0.96, {n: v for n,
        v in sat.items() if n not in ("foot_x", "foot_y")} | ahead)]  # fmt: skip
    return act("stand_to_sit", tracks(t, table, True), arms_in="world", props=(chair(-0.42, len(t) - 1),))


def stand_to_sit_rand(rng: np.random.Generator) -> Clip:
    """A random sitting down."""
    clip = stand_to_sit(
        rng.uniform(0.75, 1.2), rng.uniform(-0.04, 0.05), rng.uniform(0.0, 45.0), rng.uniform(2.4, 3.8)
    )
    return either_side(rng, clip)


def tie_shoes(bend_deg: float = 78.0, duration_s: float = 3.6) -> Clip:
    """Sit on the edge of a stool, bend down to a foot and tie its laces.

    Args:
        bend_deg: Forward bend of the trunk, of which the lumbar spine gives what is left to it in sitting.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    down = {"pelvis_tilt": 0.5 * bend_deg, "lumbar_flexion": 34.0, "thoracic_flexion": 22.0, "nod": 4.0, "wx": 0.50,
            "wy_l": 0.40, "wy_r": -0.13, "wz": 0.25, "twist": -4.0, "protraction": 16.0, "curl": 0.5}  # fmt: skip
    up = {"pelvis_tilt": -4.0, "lumbar_flexion": 12.0, "thoracic_flexion": 4.0, "nod": 10.0, "wx": 0.30, "wy_l": 0.15,
          "wy_r": 0.15, "wz": 0.75, "twist": 0.0, "protraction": 0.0, "curl": 0.0}  # fmt: skip
    # The far hand goes down between the knees.
    between = {"wx": 0.54, "wy_l": 0.42, "wy_r": -0.06, "wz": 0.70}
    feet = {"pz": 0.56, "px": 0.0, "foot_x_l": 0.30, "foot_y_l": 0.25, "foot_x_r": 0.44, "foot_y_r": 0.20}
    values = tracks(
        t,
        [
            (0.0, feet | up),
            (0.13, between),
            (0.36, down),
            (0.80, down),
            (0.93, between),
            (1.0, up | {"nod": 24.0}),
        ],
    )
    busy = (values["curl_l"] > 0.45) * np.sin(np.pi * np.clip((t - 0.36) / 0.48, 0, 1)) ** 0.5
    tug = 0.025 * busy * np.sin(2 * np.pi * 1.3 * t * duration_s)
    values = mixed(t, values, {"wy": 0.6 * tug, "wz": 0.5 * np.abs(tug)})
    arms = Arms("world", (-0.2, 0.9, 0.3), (0.45, -0.55, -0.7), (-0.3, -0.8, -0.4))
    return act("tie_shoes", values, arms=arms, props=(chair(0.0, 0, "stool"),))


def tie_shoes_rand(rng: np.random.Generator) -> Clip:
    """Random laces, of either shoe."""
    return either_side(rng, tie_shoes(rng.uniform(66.0, 88.0), rng.uniform(3.0, 4.0)))


def rowing_machine(
    lean_deg: float = 22.0, strokes: float = 1.6, slump: float = 0.5, duration_s: float = 3.6
) -> Clip:
    """Row on a machine: legs, trunk, arms, and back again.

    The trunk goes from some 30 degrees forward at the catch to 20 to 30 back at the finish, most of it at the hips, the
    lumbar spine flexed at the catch (Bull & McGregor 2000; Hosea & Hannafin 2012 [mem]).

    Args:
        lean_deg: Lean back at the finish; the catch leans forward a little more.
        strokes: How many in the clip.
        slump: Rounding of the back at the catch, 0 to 1.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    catch = {"px": -0.36, "pelvis_tilt": 14.0, "lumbar_flexion": 22.0 + 14.0 * slump,
        "thoracic_flexion": 8.0 + 10.0 * slump, "nod": -18.0, "wx": 0.52, "wz": 0.62, "foot_pitch": 14.0}  # fmt: skip
    legs = {"px": -0.72, "pelvis_tilt": 8.0, "wx": 0.20, "foot_pitch": 0.0}
    finish = {"px": -0.80, "pelvis_tilt": -0.9 * lean_deg, "lumbar_flexion": 16.0, "thoracic_flexion": 8.0,
        "nod": 6.0, "wx": -0.60, "wz": 0.70, "foot_pitch": 0.0}  # fmt: skip
    away = {"pelvis_tilt": -4.0, "wx": -0.16, "wz": 0.66}
    cycle = tracks(
        np.mod(0.1 + strokes * t, 1.0),
        [(0.0, catch | {"foot_x": 0.0, "foot_y": 0.10, "foot_lift": 0.10, "pz": 0.26, "wy": 0.20, "curl": 0.9}),
         (0.26, legs), (0.42, finish), (0.50, finish), (0.66, away), (0.74, {"px": -0.74}), (1.0, catch)],
        through=True,
    )  # fmt: skip
    arms = Arms("world", (-0.4, 0.6, -0.6), (1.0, 0.0, -0.1), (0.0, 0.0, -1.0))
    rail = ClipProp(
        "bench", position=(-0.46, 0.0, 0.0), yaw_rad=np.pi / 2, scale=(0.7, 1.0, 1.0), under_frame=0
    )
    return act(
        "rowing_machine", cycle, arms=arms, knees=(0.3, 0.12, 1.0), props=(ClipProp("oar", "hands"), rail)
    )


def rowing_machine_rand(rng: np.random.Generator) -> Clip:
    """Random rowing."""
    return rowing_machine(
        rng.uniform(12.0, 32.0), rng.uniform(1.2, 2.0), rng.uniform(0.0, 1.0), rng.uniform(3.2, 4.0)
    )
