"""Daily life and small movements: the neck's range, a phone, standing and shifting, leaning, mopping, dancing.

Active ranges of the neck in adults: flexion 50 to 60 degrees, extension 60 to 75, rotation 65 to 80, side bend
40 to 45 (Youdas et al. 1992 [mem]); the table of ranges allows a little less in flexion and a little more in
bending.
"""

from __future__ import annotations

import numpy as np

from synth.motion.act import Arms, Table, Tracks, act, phase, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.edit import either_side


def _neck(name: str, track: str, first: float, second: float, follow: Table, duration_s: float) -> Clip:
    t = phase(duration_s)
    table = [(0.03, {track: 0.0}), (0.28, {track: first}), (0.36, {track: first}), (0.7, {track: second}),
        (0.78, {track: second}), (1.0, {track: 0.0})]  # fmt: skip
    return act(name, tracks(t, [*table]) | tracks(t, follow))


def neck_flexion(flexion_deg: float = 46.0, extension_deg: float = 48.0, duration_s: float = 3.4) -> Clip:
    """Chin to the chest, then look up.

    Args:
        flexion_deg: Flexion of the neck.
        extension_deg: Extension; the upper back follows a little both ways.
        duration_s: Seconds.
    """
    follow: Table = [(0.03, {"thoracic_flexion": 0.0}), (0.3, {"thoracic_flexion": 5.0}), (0.74,
        {"thoracic_flexion": -5.0}), (1.0, {"thoracic_flexion": 0.0})]  # fmt: skip
    return _neck("neck_flexion", "nod", flexion_deg, -extension_deg, follow, duration_s)


def neck_flexion_rand(rng: np.random.Generator) -> Clip:
    """A random nod through the range."""
    return neck_flexion(rng.uniform(25.0, 54.0), rng.uniform(20.0, 64.0), rng.uniform(2.6, 4.0))


def neck_rotation(left_deg: float = 62.0, right_deg: float = 62.0, duration_s: float = 3.4) -> Clip:
    """Look over the left shoulder, then over the right one.

    Args:
        left_deg: Turn of the neck to the left.
        right_deg: Turn to the right; the thorax follows by a tenth.
        duration_s: Seconds.
    """
    follow: Table = [(0.03, {"twist": 0.0, "cant": 0.0}), (0.3, {"twist": 0.1 * left_deg, "cant": -3.0}), (0.74,
        {"twist": -0.1 * right_deg, "cant": 3.0}), (1.0, {"twist": 0.0, "cant": 0.0})]  # fmt: skip
    return _neck("neck_rotation", "look", left_deg, -right_deg, follow, duration_s)


def neck_rotation_rand(rng: np.random.Generator) -> Clip:
    """A random shake of the head through the range."""
    return neck_rotation(rng.uniform(35.0, 70.0), rng.uniform(35.0, 70.0), rng.uniform(2.6, 4.0))


def neck_side_bend(right_deg: float = 36.0, left_deg: float = 36.0, duration_s: float = 3.4) -> Clip:
    """Ear to the right shoulder, then to the left one.

    Args:
        right_deg: Bend to the right; the neck turns a little to the same side (White & Panjabi 1990).
        left_deg: Bend to the left.
        duration_s: Seconds.
    """
    follow: Table = [(0.03, {"look": 0.0, "side": 0.0}), (0.3, {"look": -0.12 * right_deg, "side": 2.0}), (0.74,
        {"look": 0.12 * left_deg, "side": -2.0}), (1.0, {"look": 0.0, "side": 0.0})]  # fmt: skip
    return _neck("neck_side_bend", "cant", right_deg, -left_deg, follow, duration_s)


def neck_side_bend_rand(rng: np.random.Generator) -> Clip:
    """A random side bend of the neck."""
    return neck_side_bend(rng.uniform(18.0, 44.0), rng.uniform(18.0, 44.0), rng.uniform(2.6, 4.0))


def phone_neck(
    nod_deg: float = 34.0,
    kyphosis_deg: float = 12.0,
    two_hands: bool = True,
    weight: float = 0.5,
    duration_s: float = 3.2,
) -> Clip:
    """Stand and look down at a phone.

    Args:
        nod_deg: Flexion of the neck; 20 to 45 in adults over a phone (Guan et al. 2015 [mem]).
        kyphosis_deg: Rounding of the upper back.
        two_hands: Both hands hold it; otherwise the right one.
        weight: How far the weight is on the left leg, 0 to 1.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    hands = (
        {"wx": 0.30, "wy": 0.06, "wz": -0.20} if two_hands else {"wx_r": 0.28, "wy_r": 0.04, "wz_r": -0.16}
    )
    base = (hands | _hip_shift(weight) | {"nod": nod_deg, "thoracic_flexion": kyphosis_deg,
        "lumbar_flexion": -3.0, "protraction": 8.0, "curl_r": 0.45,
        "curl_l": 0.45 if two_hands else 0.0})  # fmt: skip
    table: Table = [
        (0.0, base),
        (0.4, {"nod": nod_deg + 6.0, "cant": 4.0, "wz_r": hands.get("wz", -0.16) + 0.02}),
        (0.7, {"nod": nod_deg - 8.0, "look": 6.0}),
        (1.0, {"nod": nod_deg, "cant": 0.0, "look": -4.0}),
    ]
    arms = Arms("chest", (-0.3, 0.7, -0.7), (0.5, -0.4, 0.65), (-0.75, -0.3, 0.45))
    return act("phone_neck", tracks(t, table), arms=arms)


def phone_neck_rand(rng: np.random.Generator) -> Clip:
    """A random person over a phone."""
    clip = phone_neck(rng.uniform(18.0, 46.0), rng.uniform(2.0, 22.0), bool(rng.random() < 0.55),
        rng.uniform(0.0, 1.0), rng.uniform(2.6, 4.0))  # fmt: skip
    return either_side(rng, clip)


def _hip_shift(weight: float) -> dict[str, float]:
    """Standing on the left leg more than on the right: the hips go left, the pelvis drops on the right, the
    trunk leans back."""
    return {"py": 0.055 * weight, "pelvis_list": 5.0 * weight, "side": -7.0 * weight,
        "foot_x_r": 0.08 * weight, "foot_y_r": 0.12 + 0.05 * weight, "foot_yaw_r": 10.0 + 16.0 * weight,
        "pelvis_turn": -5.0 * weight}  # fmt: skip


def standing_drift(
    weight: float = 1.0, slouch_deg: float = 8.0, hand_on_hip: bool = False, duration_s: float = 3.8
) -> Clip:
    """Stand about: shift the weight from one leg to the other, sink a little, look around.

    Args:
        weight: How far the weight shifts, 0 to 1.
        slouch_deg: Rounding of the upper back by the end.
        hand_on_hip: The right hand rests on the hip.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    left = {n: v for n, v in _hip_shift(weight).items() if not n.startswith("foot")}
    right = {n: -0.8 * v for n, v in left.items()}
    start = {"thoracic_flexion": 0.0, "lumbar_flexion": 0.0, "nod": 0.0, "look": 6.0, "foot_yaw": 12.0,
        "foot_y": 0.13}  # fmt: skip
    sunk = {"thoracic_flexion": slouch_deg, "lumbar_flexion": -0.3 * slouch_deg, "nod": 0.4 * slouch_deg,
        "look": -26.0}  # fmt: skip
    hand = {"wx_r": -0.02, "wy_r": 0.262, "wz_r": 0.15, "curl_r": 0.0} if hand_on_hip else {}
    values = tracks(t, [(0.05, left | start | hand), (0.55, right | {"look": 28.0}), (1.0, sunk |
        {n: 0.6 * v for n, v in right.items()})])  # fmt: skip
    return act(
        "standing_drift", values, arms=Arms("pelvis", (-0.35, 1.0, 0.2), (0.7, -0.1, -0.7), (-0.1, -1.0, 0.1))
    )


def standing_drift_rand(rng: np.random.Generator) -> Clip:
    """A random person who stands about."""
    clip = standing_drift(
        rng.uniform(0.3, 1.2), rng.uniform(0.0, 20.0), bool(rng.random() < 0.35), rng.uniform(3.0, 4.0)
    )
    return either_side(rng, clip)


def lean_on_desk(bend_deg: float = 40.0, sag_deg: float = 6.0, duration_s: float = 3.2) -> Clip:
    """Stand bent over a desk with both hands on it, shifting from hand to hand.

    Args:
        bend_deg: Forward tilt of the pelvis.
        sag_deg: Extension of the lumbar spine; negative rounds it.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    base = {"pelvis_tilt": bend_deg, "lumbar_flexion": -sag_deg, "thoracic_flexion": 8.0,
        "nod": -0.5 * bend_deg, "foot_y": 0.13, "wx": 0.50, "wy": 0.24, "wz": 0.845, "px": -0.06,
        "curl": -0.5}  # fmt: skip
    move: Table = [(0.05, {"py": 0.0, "look": 0.0, "side": 0.0, "shrug_l": 4.0, "shrug_r": 4.0}), (0.4,
        {"py": 0.03, "look": 26.0, "side": 5.0, "shrug_l": 12.0, "nod": -0.3 * bend_deg}), (0.75, {"py": -0.03,
        "look": -22.0, "side": -5.0, "shrug_r": 12.0, "nod": -0.6 * bend_deg}), (1.0, {"look": 0.0, "py": 0.0,
        "side": 0.0})]  # fmt: skip
    values = tracks(t, [(0.0, {n: v for n, v in base.items() if n != "nod"})]) | tracks(
        t, [(0.0, {"nod": base["nod"]}), *move]
    )
    arms = Arms("world", (-0.8, 0.7, 0.0), (0.9, -0.1, -0.1), (0.0, 0.0, -1.0))
    return act("lean_on_desk", values, arms=arms, props=(ClipProp("desk", position=(0.78, 0.0, 0.80)),))


def lean_on_desk_rand(rng: np.random.Generator) -> Clip:
    """Someone over a desk."""
    return either_side(
        rng, lean_on_desk(rng.uniform(26.0, 50.0), rng.uniform(-14.0, 10.0), rng.uniform(2.6, 4.0))
    )


def mopping(
    bend_deg: float = 34.0, sweep: float = 0.30, strokes: float = 2.0, duration_s: float = 3.2
) -> Clip:
    """Mop the floor with a long handle: bend, turn, step a little.

    Args:
        bend_deg: Forward bend of pelvis and lumbar spine.
        sweep: How far the lower hand goes to and fro, units of standing mid-hip height.
        strokes: How often.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    go = np.sin(2 * np.pi * strokes * t)
    wide = np.sin(2 * np.pi * 0.5 * strokes * t + 0.7)
    lower = np.stack([0.58 + sweep * 0.6 * go, -0.14 + 0.14 * wide, 0.86 - 0.05 * go], axis=1)
    upper = np.stack([0.40 + sweep * 0.5 * go, 0.03 + 0.06 * wide, 1.24 + 0.02 * go], axis=1)
    along = (lower - upper) / np.linalg.norm(lower - upper, axis=1, keepdims=True)
    values: Tracks = {"bend": bend_deg + 8.0 * go, "twist": -10.0 + 12.0 * wide, "side": 4.0 + 3.0 * wide,
        "pelvis_turn": 4.0 * wide, "px": 0.03 + 0.06 * go, "py": -0.02 + 0.03 * wide, "pz": 0.955 - 0.02 * go,
        "nod": 10.0 - 0.2 * bend_deg - 6.0 * go, "look": 8.0 - 6.0 * wide, "foot_x_l": -0.16 + 0 * t,
        "foot_x_r": 0.20 + 0 * t, "foot_y_l": 0.14 + 0 * t, "foot_y_r": 0.15 + 0 * t,
        "foot_yaw_l": 26.0 + 0 * t, "foot_yaw_r": 6.0 + 0 * t, "foot_pitch_l": 10.0 + 10.0 * np.maximum(go,
        0) ** 2, "curl_l": 0.9 + 0 * t, "curl_r": 0.9 + 0 * t, "protraction_r": 8.0 + 0 * t}  # fmt: skip
    # The left hand is the upper one; both thumbs point up the handle, as one holds a broom's lower part.
    for side, at, sign in (("l", upper, 1.0), ("r", lower, -1.0)):
        values |= {f"wx_{side}": at[:, 0], f"wy_{side}": sign * at[:, 1], f"wz_{side}": at[:, 2]}
        values |= {f"gx_{side}": -along[:, 0], f"gy_{side}": -sign * along[:, 1], f"gz_{side}": -along[:, 2]}
    handle = ClipProp("mop", "hand_l", position=(0.0, 0.0, -1.15))
    return act("mopping", values, arms=Arms("world", (-0.5, 0.9, -0.2)), props=(handle,))


def mopping_rand(rng: np.random.Generator) -> Clip:
    """Random mopping, either hand low."""
    return either_side(rng, mopping(rng.uniform(20.0, 50.0), rng.uniform(0.2, 0.36), rng.uniform(1.4, 2.4),
        rng.uniform(2.8, 3.8)))  # fmt: skip


def _beats(t: np.ndarray, duration_s: float, bpm: float, begin: float) -> np.ndarray:
    """Phase in beats times 2 pi."""
    return 2 * np.pi * (begin + bpm / 60.0 * t * duration_s)


def groove(
    bpm: float = 104.0, size: float = 1.0, arms_up: float = 0.3, begin: float = 0.0, duration_s: float = 3.4
) -> Clip:
    """Dance in place: bounce on the beat, step from side to side, swing the arms.

    Args:
        bpm: Beats a minute.
        size: How large the moves are.
        arms_up: How high the arms go, 0 to 1.
        begin: Where in the beat it starts.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    b = _beats(t, duration_s, bpm, begin)
    half = np.sin(b / 2)
    soft = half / np.sqrt(0.35 + half**2) * 1.1
    dip = np.cos(b) * 0.5 + 0.5
    raise_ = 18.0 + 90.0 * arms_up
    values: Tracks = {"py": 0.09 * size * soft, "pz": 0.955 - 0.03 * size * dip,
        "pelvis_list": 4.0 * size * soft, "pelvis_turn": 10.0 * size * np.sin(b / 2 + 0.6),
        "side": -9.0 * size * soft, "twist": -14.0 * size * np.sin(b / 2 + 0.9),
        "thoracic_flexion": 3.0 - 5.0 * np.cos(b + 0.5) * size, "lumbar_flexion": 2.0 + 3.0 * np.cos(b) * size,
        "nod": 4.0 + 8.0 * size * np.cos(b - 0.4), "look": 10.0 * np.sin(b / 4), "cant": 5.0 * soft,
        "foot_y": 0.15 + 0 * t, "foot_pitch_l": 30.0 * np.clip(-soft, 0, 1) ** 2,
        "foot_pitch_r": 30.0 * np.clip(soft, 0, 1) ** 2}  # fmt: skip
    for side, sign in (("l", 1.0), ("r", -1.0)):
        swing = sign * np.sin(b / 2 + 0.4)
        values |= {f"shoulder_flexion_{side}": 0.6 * raise_ + 22.0 * swing * size,
            f"shoulder_abduction_{side}": 24.0 + 10.0 * arms_up + 6.0 * swing,
            f"elbow_flexion_{side}": 70.0 + 26.0 * size * np.cos(b / 2 + sign),
            f"shoulder_rotation_{side}": 10.0 + 12.0 * swing, f"curl_{side}": 0.3 + 0 * t}  # fmt: skip
    return act("dance_groove", values)


def groove_rand(rng: np.random.Generator) -> Clip:
    """A random groove."""
    return groove(rng.uniform(84.0, 124.0), rng.uniform(0.6, 1.3), rng.uniform(0.0, 1.0), rng.random(),
        rng.uniform(2.8, 4.0))  # fmt: skip


def twist_dance(bpm: float = 132.0, size: float = 1.0, begin: float = 0.0, duration_s: float = 3.2) -> Clip:
    """The twist: hips and feet turn one way, the chest and bent arms the other, the knees sinking.

    Args:
        bpm: Beats a minute.
        size: How far it turns.
        begin: Where in the beat it starts.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    b = _beats(t, duration_s, bpm, begin) / 2
    turn = np.sin(b)
    sink = 0.5 - 0.5 * np.cos(2 * np.pi * t)
    values: Tracks = {"pelvis_turn": 30.0 * size * turn, "twist": -40.0 * size * turn,
        "look": 14.0 * size * turn, "py": 0.03 * np.cos(b), "pz": 0.95 - 0.10 * sink, "px": -0.02 - 0.04 * sink,
        "pelvis_tilt": 8.0 + 6.0 * sink, "lumbar_flexion": 4.0 + 4.0 * sink, "side": 5.0 * np.cos(b),
        "nod": -6.0 + 0 * t, "foot_y": 0.13 + 0 * t, "foot_yaw_l": 10.0 + 26.0 * size * turn,
        "foot_yaw_r": 10.0 - 26.0 * size * turn, "foot_pitch": 10.0 + 6.0 * np.cos(2 * b)}  # fmt: skip
    for side, sign in (("l", 1.0), ("r", -1.0)):
        values |= {f"shoulder_flexion_{side}": 26.0 - sign * 20.0 * turn,
            f"shoulder_abduction_{side}": 34.0 + 6.0 * np.cos(b),
            f"elbow_flexion_{side}": 84.0 + sign * 14.0 * turn, f"shoulder_rotation_{side}": 18.0 + 0 * t,
            f"curl_{side}": 0.6 + 0 * t}  # fmt: skip
    return act("dance_twist", values)


def twist_dance_rand(rng: np.random.Generator) -> Clip:
    """A random twist."""
    return twist_dance(rng.uniform(110.0, 150.0), rng.uniform(0.6, 1.1), rng.random(), rng.uniform(2.6, 3.6))


def arm_wave_dance(bpm: float = 92.0, size: float = 1.0, begin: float = 0.0, duration_s: float = 3.6) -> Clip:
    """Dance with body waves: the spine undulates, both arms sway overhead.

    Args:
        bpm: Beats a minute.
        size: How large the waves are.
        begin: Where in the beat it starts.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    b = _beats(t, duration_s, bpm, begin) / 2
    values: Tracks = {"pelvis_tilt": 8.0 * size * np.sin(b + 1.6),
        "lumbar_flexion": -2.0 + 12.0 * size * np.sin(b + 2.4),
        "thoracic_flexion": 12.0 * size * np.sin(b + 0.7), "nod": -4.0 + 16.0 * size * np.sin(b - 0.4),
        "px": 0.035 * size * np.sin(b + 3.1), "py": 0.06 * np.sin(b / 2), "pz": 0.965 - 0.02 * np.cos(b),
        "side": 14.0 * size * np.sin(b / 2 + 0.5), "pelvis_list": -5.0 * np.sin(b / 2),
        "twist": 10.0 * np.sin(b / 2 + 2.0), "look": 12.0 * np.sin(b / 2 + 1.0), "foot_y": 0.14 + 0 * t}  # fmt: skip
    for side, sign in (("l", 1.0), ("r", -1.0)):
        sway = np.sin(b / 2 + 0.5)
        values |= {f"shoulder_abduction_{side}": 142.0 - sign * 22.0 * size * sway,
            f"shoulder_rotation_{side}": -50.0 + 0 * t, f"shoulder_flexion_{side}": 14.0 + 10.0 * np.cos(b),
            f"elbow_flexion_{side}": 34.0 + 22.0 * np.cos(b / 2 + sign * 0.8), f"curl_{side}": -0.3 + 0 * t,
            f"shrug_{side}": 6.0 + 0 * t}  # fmt: skip
    return act("dance_wave", values)


def arm_wave_dance_rand(rng: np.random.Generator) -> Clip:
    """A random dance of waves."""
    return arm_wave_dance(
        rng.uniform(74.0, 110.0), rng.uniform(0.6, 1.2), rng.random(), rng.uniform(3.0, 4.0)
    )
