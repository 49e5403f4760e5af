"""Exercise on the floor: push-up, plank, crunch, sit-up, roll-up, bridge, bird-dog, crawling, and the poses of lying.

Heights over the floor are those of joint centres inside a body of average thickness: a supine mid-hip at 0.11
of the standing height, a knee at 0.055. Ranges stay within those of
``opensim_models.spine.REGIONAL_RANGES_RAD``; a sit-up flexes the lumbar spine by 30 to 45 degrees before the
hips take over (Andersson et al. 1997; Juker et al. 1998 [mem]).
"""

from __future__ import annotations

import numpy as np

from synth.motion.act import Arms, Tracks, act, mixed, phase, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.curves import poses
from synth.motion.edit import either_side
from synth.motion.floor_motions import on_all_fours
from synth.motion.stick import LENGTHS

THICK = 0.11  # mid-hip over the floor, lying
KNEE = 0.055
_FLAT = Arms("world", (-1.0, 0.5, 0.1), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
_TRUNK = 0.54  # hips to shoulders
_LEG = LENGTHS["thigh"] + LENGTHS["shank"]


def mat(x: float = 0.0) -> ClipProp:
    """An exercise mat along the body."""
    return ClipProp("mat", position=(x, 0.0, 0.0), yaw_rad=np.pi / 2)


def kneeling_tracks(
    tilt: np.ndarray, thigh: np.ndarray, knee_x: float = 0.0, foot_deg: float = 55.0
) -> Tracks:
    """Legs of a body on its knees.

    Args:
        tilt: Forward tilt of the pelvis, degrees, shape (T,).
        thigh: How far the thighs lean back from upright, degrees: 0 kneels up, 65 sits on the heels.
        knee_x: Where the knees are.
        foot_deg: How far the feet point.
    """
    way = np.radians(thigh)
    return {"pelvis_tilt": tilt, "px": knee_x - LENGTHS["thigh"] * np.sin(way),
        "pz": KNEE + LENGTHS["thigh"] * np.cos(way), **{f"hip_flexion_{s}": tilt + thigh for s in "lr"},
        **{f"knee_flexion_{s}": 94.0 + thigh for s in "lr"},
        **{f"ankle_dorsiflexion_{s}": -foot_deg + 0.0 * tilt for s in "lr"}}  # fmt: skip


def _plank_body(t: np.ndarray, shoulder: np.ndarray, sag: float) -> Tracks:
    """A straight body on its toes, the shoulders at a height over the floor, shape (T,)."""
    incline = np.degrees(np.arcsin((shoulder - 0.20) / (_LEG + _TRUNK)))
    return {"pelvis_tilt": 90.0 - incline + 0.5 * sag, "lumbar_flexion": -sag + 0 * t,
        "thoracic_flexion": 2.0 + 0 * t, **{f"hip_flexion_{s}": 0.5 * sag + 0 * t for s in "lr"},
        **{f"knee_flexion_{s}": 3.0 + 0 * t for s in "lr"},
        **{f"ankle_dorsiflexion_{s}": 8.0 - 0.6 * incline for s in "lr"},
        **{f"toes_extension_{s}": 66.0 + 0 * t for s in "lr"}}  # fmt: skip


def push_up(
    depth: float = 0.85,
    width: float = 0.27,
    sag_deg: float = 4.0,
    repeats: float = 1.5,
    duration_s: float = 3.2,
) -> Clip:
    """Push-ups on hands and toes.

    Args:
        depth: 1 goes down until the chest nearly touches.
        width: From the midline to each hand, units of standing mid-hip height.
        sag_deg: Lumbar extension: a hollow back.
        repeats: How many.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    down = depth * (1.0 - np.cos(2 * np.pi * repeats * t)) / 2.0
    shoulder = 0.635 - 0.37 * down
    values = _plank_body(t, shoulder, sag_deg) | {"px": np.full_like(t, -0.72)}
    hands = {"wx": 0.655, "wy": width, "wz": 0.05, "nod": -16.0, "curl": -0.6}
    arms = Arms("world", (-1.0, 0.7, 0.35), (1.0, 0.08, 0.0))
    return act(
        "push_up", mixed(t, tracks(t, [(0.0, hands)]), values), legs="angles", arms=arms, pin_feet=True
    )


def push_up_rand(rng: np.random.Generator) -> Clip:
    """Random push-ups."""
    return push_up(rng.uniform(0.55, 1.0), rng.uniform(0.22, 0.32), rng.uniform(-4.0, 14.0), rng.uniform(1.0,
        2.2), rng.uniform(2.6, 3.8))  # fmt: skip


def plank(
    on_elbows: bool = True, sag_deg: float = 3.0, sinking_deg: float = 5.0, duration_s: float = 3.0
) -> Clip:
    """Hold a plank, the back slowly sinking.

    Args:
        on_elbows: Rest on the forearms instead of the hands.
        sag_deg: Lumbar extension at first; negative is a raised seat.
        sinking_deg: How much more at the end.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    shoulder = np.full_like(t, 0.40 if on_elbows else 0.635)
    values = _plank_body(t, shoulder, sag_deg) | {"px": np.full_like(t, -0.72)}
    values["lumbar_flexion"] = values["lumbar_flexion"] - sinking_deg * t**2
    if on_elbows:
        hands, arms = (
            {"wx": 0.93, "wy": 0.15, "wz": 0.05, "curl": 0.4},
            Arms("world", (-0.6, 0.2, -1.0), (1.0, -0.2, 0.0), (0.0, -0.6, -1.0)),
        )
    else:
        hands, arms = (
            {"wx": 0.655, "wy": 0.22, "wz": 0.05, "curl": -0.6},
            Arms("world", (-1.0, 0.6, 0.2), (1.0, 0.0, 0.0)),
        )
    look = [(0.0, hands | {"nod": -8.0}), (0.4, {"nod": -20.0}), (1.0, {"nod": -4.0})]
    return act(
        "plank", mixed(t, tracks(t, look), values), legs="angles", arms=arms, pin_feet=True, props=(mat(),)
    )


def plank_rand(rng: np.random.Generator) -> Clip:
    """A random plank."""
    return plank(
        bool(rng.random() < 0.65), rng.uniform(-8.0, 8.0), rng.uniform(0.0, 10.0), rng.uniform(2.4, 3.6)
    )


_SUPINE = {"pelvis_tilt": -90.0, "pz": THICK, "px": 0.0, "lumbar_flexion": 3.0, "thoracic_flexion": -2.0,
    "nod": 6.0}  # fmt: skip
_BENT_KNEES = {"foot_x": 0.46, "foot_y": 0.12, "foot_yaw": 4.0}
_UP = (0.3, 0.06, 1.0)
_BEHIND_HEAD = {"wx": -0.01, "wy": 0.155, "wz": 0.235, "curl": 0.0}
_HEAD_ARMS = Arms("chest", (0.25, 1.0, 0.2), (-0.5, -0.7, 0.35), (0.8, -0.45, 0.0))


def crunch(curl_deg: float = 44.0, repeats: int = 2, duration_s: float = 3.2) -> Clip:
    """Curl the shoulders off the floor, hands behind the head, the knees bent.

    Args:
        curl_deg: Flexion of lumbar and thoracic spine together.
        repeats: How often.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    up = (1.0 - np.cos(2 * np.pi * repeats * t)) / 2.0
    curled = {"lumbar_flexion": 0.48 * curl_deg * up, "thoracic_flexion": 0.52 * curl_deg * up,
        "nod": 16.0 * up, "pelvis_tilt": -4.0 * up}  # fmt: skip
    values = mixed(t, tracks(t, [(0.0, _SUPINE | _BENT_KNEES | _BEHIND_HEAD)]), curled)
    return act("crunch", values, arms=_HEAD_ARMS, knees=_UP, props=(mat(),))


def crunch_rand(rng: np.random.Generator) -> Clip:
    """Random crunches."""
    return crunch(rng.uniform(28.0, 58.0), int(rng.integers(1, 4)), rng.uniform(2.8, 3.8))


def sit_up(height: float = 1.0, twist_deg: float = 0.0, duration_s: float = 3.2) -> Clip:
    """Come up from lying to sitting, the feet on the floor, and go back.

    Args:
        height: 1 comes up all the way.
        twist_deg: Turn to the left at the top, an elbow to the other knee.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    up = height
    table = [(0.04, _SUPINE | _BENT_KNEES | _BEHIND_HEAD | {"twist": 0.0}), (0.22, {"lumbar_flexion": 24.0 * up,
        "thoracic_flexion": 22.0 * up, "nod": 26.0, "pelvis_tilt": -86.0}), (0.50,
        {"pelvis_tilt": -90.0 + 76.0 * up, "lumbar_flexion": 38.0 * up, "thoracic_flexion": 20.0, "nod": 10.0,
        "twist": twist_deg}), (0.76, {"lumbar_flexion": 24.0 * up, "thoracic_flexion": 20.0 * up, "nod": 22.0,
        "pelvis_tilt": -84.0, "twist": 0.0}), (0.98, _SUPINE)]  # fmt: skip
    return act("sit_up", tracks(t, table, True), arms=_HEAD_ARMS, knees=_UP, props=(mat(),))


def sit_up_rand(rng: np.random.Generator) -> Clip:
    """A random sit-up, straight or turning."""
    return sit_up(
        rng.uniform(0.8, 1.05),
        float(rng.choice([0.0, 1.0])) * rng.uniform(-28.0, 28.0),
        rng.uniform(2.6, 3.8),
    )


def roll_up(reach: float = 1.0, duration_s: float = 3.8) -> Clip:
    """From lying with the arms overhead, roll up vertebra by vertebra to reach for the feet, and back.

    Args:
        reach: 1 bends far over the straight legs.
        duration_s: Seconds.
    """
    t = phase(duration_s)

    def rolled(start: float, end: float) -> np.ndarray:
        return poses(t, [(start, 0.0), (end, 1.0), (1.1 - end, 1.0), (1.02 - start, 0.0)])

    tilt = -90.0 + (84.0 + 16.0 * reach) * rolled(0.2, 0.52)
    # In the world: overhead on the floor is 262 degrees from hanging, level ahead 90.
    arms = 262.0 - 92.0 * rolled(0.0, 0.2) - 84.0 * rolled(0.16, 0.46)
    values = {"pelvis_tilt": tilt, "px": 0 * t, "pz": THICK + 0 * t, "lumbar_flexion": 44.0 * rolled(0.12,
        0.44), "thoracic_flexion": 26.0 * rolled(0.06, 0.34), "nod": 4.0 + 26.0 * rolled(0.02, 0.2),
        **{f"hip_flexion_{s}": tilt + 90.0 for s in "lr"}, **{f"knee_flexion_{s}": 4.0 + 0 * t for s in "lr"},
        **{f"shoulder_flexion_{s}": arms for s in "lr"},
        **{f"shoulder_abduction_{s}": 6.0 + 0 * t for s in "lr"},
        **{f"elbow_flexion_{s}": 8.0 + 0 * t for s in "lr"},
        **{f"ankle_dorsiflexion_{s}": -6.0 + 0 * t for s in "lr"}}  # fmt: skip
    return act("roll_up", values, legs="angles", arms_in="world", props=(mat(),))


def roll_up_rand(rng: np.random.Generator) -> Clip:
    """A random roll-up."""
    return roll_up(rng.uniform(0.0, 1.2), rng.uniform(3.4, 4.0))


def bridge(lift_deg: float = 26.0, repeats: float = 1.0, duration_s: float = 3.4) -> Clip:
    """Lie on the back, feet on the floor, and raise the pelvis.

    Args:
        lift_deg: Incline of the trunk at the top.
        repeats: How often.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    part = np.mod(repeats * t, 1.0001)
    up = poses(part, [(0.05, 0.0), (0.42, 1.0), (0.6, 1.0), (0.98, 0.0)])
    way = np.radians(lift_deg * up)
    values = {"pelvis_tilt": -90.0 - 1.05 * lift_deg * up,
        "lumbar_flexion": 4.0 - 9.0 * up + 10.0 * up * (1 - up), "thoracic_flexion": 4.0 * up,
        "nod": 6.0 + 0.9 * lift_deg * up, "px": -_TRUNK * (1.0 - np.cos(way)),
        "pz": THICK + (_TRUNK - 0.03) * np.sin(way)}  # fmt: skip
    feet = {"foot_x": 0.44, "foot_y": 0.12, "foot_yaw": 3.0, "shoulder_abduction": 28.0, "shoulder_flexion": -8.0,
            "elbow_flexion": 8.0, "pronation": 75.0, "curl": -0.4}  # fmt: skip
    values = mixed(t, tracks(t, [(0.0, feet)]), values)
    # The arms stay on the floor while the trunk rises from it.
    values |= {f"shoulder_flexion_{s}": -8.0 - lift_deg * up for s in "lr"}
    return act("bridge", values, knees=_UP, props=(mat(),))


def bridge_rand(rng: np.random.Generator) -> Clip:
    """A random bridge."""
    return bridge(rng.uniform(18.0, 32.0), float(rng.choice([1.0, 2.0])), rng.uniform(3.0, 4.0))


def bird_dog(
    reach: float = 1.0, left_hand: bool = True, drop_deg: float = 4.0, duration_s: float = 3.6
) -> Clip:
    """On all fours, stretch an arm and the other leg out, and come back.

    Args:
        reach: 1 stretches them level.
        left_hand: The left arm and the right leg.
        drop_deg: Turn of the trunk towards the free arm, and how far the lumbar spine hollows.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    out = reach * poses(t, [(0.05, 0.0), (0.42, 1.0), (0.62, 1.0), (0.97, 0.0)])
    sign = 1.0 if left_hand else -1.0
    angles = {"lumbar_flexion": -4.0 - drop_deg * out, "thoracic_flexion": 6.0 - 2.0 * out,
        "cervical_flexion": -14.0 - 10.0 * out, "thoracic_rotation": sign * 1.2 * drop_deg * out,
        "lumbar_bending": sign * 0.6 * drop_deg * out, "lumbar_rotation": sign * 0.3 * drop_deg * out,
        "cervical_rotation": -sign * 4.0 * out}  # fmt: skip
    hand, foot = ("hand_l", "foot_r") if left_hand else ("hand_r", "foot_l")
    return on_all_fours("bird_dog", angles, len(t), extended={hand: out, foot: out})


def bird_dog_rand(rng: np.random.Generator) -> Clip:
    """A random bird-dog, either pair."""
    return bird_dog(
        rng.uniform(0.8, 1.04), bool(rng.random() < 0.5), rng.uniform(0.0, 10.0), rng.uniform(3.0, 4.0)
    )


def crawl(step: float = 0.26, rate_hz: float = 1.0, tilt_deg: float = 68.0, duration_s: float = 3.0) -> Clip:
    """Crawl on hands and knees.

    Args:
        step: How far a knee goes ahead of its hip and behind it together, units of standing mid-hip height.
        rate_hz: Strides a second.
        tilt_deg: Forward tilt of the pelvis.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    beat = rate_hz * t * duration_s
    speed = step / 0.55  # on the ground for 55 % of a stride
    sway = np.sin(2 * np.pi * beat)
    values: Tracks = {"pelvis_tilt": tilt_deg + 2.0 * np.cos(4 * np.pi * beat), "lumbar_flexion": 2.0 + 0 * t,
        "thoracic_flexion": 8.0 + 0 * t, "nod": -26.0 + 3.0 * np.sin(2 * np.pi * beat + 1), "side": 5.0 * sway,
        "pelvis_list": -3.0 * sway, "pelvis_turn": 4.0 * np.cos(2 * np.pi * beat),
        "twist": -5.0 * np.cos(2 * np.pi * beat), "look": 4.0 * sway, "px": speed * (beat - beat[-1] / 2),
        "pz": 0 * t + KNEE + 0.46}  # fmt: skip
    reach = 0.46 + _TRUNK * np.sin(np.radians(tilt_deg + 14.0)) - 0.46
    for side, shift in (("l", 0.0), ("r", 0.5)):
        x, lift = _crawl_step(beat + shift, step)
        thigh = np.degrees(np.arcsin(np.clip(x / 0.47, -1, 1)))
        values[f"hip_flexion_{side}"] = values["pelvis_tilt"] + thigh + 40.0 * lift
        values[f"knee_flexion_{side}"] = 95.0 + thigh + 55.0 * lift
        values[f"ankle_dorsiflexion_{side}"] = -50.0 + 0 * t
        # The other side's hand goes with this knee, a little earlier.
        other = "r" if side == "l" else "l"
        hx, hl = _crawl_step(beat + shift + 0.06, step)
        values |= {
            f"wx_{other}": values["px"] + reach + hx,
            f"wy_{other}": 0.19 + 0 * t,
            f"wz_{other}": 0.05 + 0.45 * hl,
        }
    return act("crawl", values, legs="angles", arms=_FLAT)


def _crawl_step(beat: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Where a knee is from its hip, and how far it is lifted (0 to 0.25), shape (T,) both."""
    part = np.mod(beat, 1.0)
    swing = np.clip((part - 0.55) / 0.45, 0.0, 1.0)
    eased = swing**3 * (10 - 15 * swing + 6 * swing**2)
    x = np.where(part < 0.55, step * (0.5 - part / 0.55), step * (eased - 0.5))
    # Eased on the ground, too, so that the swing starts with the ground's speed.
    return x, 0.25 * np.sin(np.pi * swing) ** 2


def crawl_rand(rng: np.random.Generator) -> Clip:
    """A random crawl."""
    return crawl(
        rng.uniform(0.18, 0.32), rng.uniform(0.7, 1.1), rng.uniform(62.0, 74.0), rng.uniform(2.6, 3.6)
    )


def lying_supine(
    knee_deg: float = 108.0, hug: bool = True, look_deg: float = 20.0, duration_s: float = 3.4
) -> Clip:
    """Lie on the back; draw one knee to the chest and let it down.

    Args:
        knee_deg: Flexion of the hip.
        hug: Take hold of the knee.
        look_deg: Turn of the head.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    flat = _SUPINE | {"hip_flexion": 0.0, "knee_flexion": 4.0, "hip_abduction": 6.0,
        "ankle_dorsiflexion": -24.0, "hip_rotation": -16.0, "shoulder_abduction": 26.0,
        "shoulder_flexion": -4.0, "elbow_flexion": 14.0, "pronation": 60.0, "look": 0.0}  # fmt: skip
    arms = ({"shoulder_flexion_l": 52.0, "shoulder_abduction_l": 16.0, "elbow_flexion_l": 72.0,
        "shoulder_rotation_l": 20.0} if hug else {})  # fmt: skip
    bent = {"hip_flexion_l": knee_deg, "knee_flexion_l": 124.0, "pelvis_tilt": -95.0, "lumbar_flexion": 14.0,
        "look": look_deg, "hip_flexion_r": -3.0, "nod": 12.0} | arms  # fmt: skip
    back = {
        f"{n}_l": flat[n]
        for n in ("hip_flexion", "knee_flexion", "shoulder_flexion", "shoulder_abduction", "elbow_flexion")
    }
    table = [(0.05, flat | {"shoulder_rotation": 0.0}), (0.46, bent), (0.64, bent), (0.98, back |
        {"pelvis_tilt": -90.0, "lumbar_flexion": 3.0, "look": -0.5 * look_deg, "hip_flexion_r": 0.0, "nod": 6.0,
        "shoulder_rotation_l": 0.0})]  # fmt: skip
    return act("lying_supine", tracks(t, table), legs="angles", props=(mat(),))


def lying_supine_rand(rng: np.random.Generator) -> Clip:
    """Someone on the back, either knee."""
    clip = lying_supine(
        rng.uniform(60.0, 118.0), bool(rng.random() < 0.5), rng.uniform(-40.0, 40.0), rng.uniform(2.8, 4.0)
    )
    return either_side(rng, clip)


def lying_prone(
    look_deg: float = 55.0, raise_deg: float = 14.0, heel_deg: float = 70.0, duration_s: float = 3.4
) -> Clip:
    """Lie on the belly, the head to a side; lift head and chest a little, bend a knee.

    Args:
        look_deg: Turn of the head.
        raise_deg: Extension of the spine as the chest comes up.
        heel_deg: Bend of a knee.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    low = {"pelvis_tilt": 90.0, "pz": THICK, "px": 0.0, "lumbar_flexion": -2.0, "thoracic_flexion": -2.0,
        "nod": -8.0, "look": look_deg, "hip_abduction": 6.0, "hip_flexion": -1.0, "knee_flexion": 3.0,
        "ankle_dorsiflexion": -52.0, "shoulder_abduction": 96.0, "shoulder_rotation": -86.0,
        "shoulder_flexion": 2.0, "elbow_flexion": 84.0, "pronation": 10.0}  # fmt: skip
    high = {"lumbar_flexion": -0.5 * raise_deg, "thoracic_flexion": -0.5 * raise_deg, "nod": -26.0,
        "look": 0.2 * look_deg}  # fmt: skip
    table = [(0.05, low), (0.4, high), (0.55, high | {"knee_flexion_r": 3.0}), (0.8,
        {"knee_flexion_r": heel_deg}), (1.0, {"lumbar_flexion": -2.0, "thoracic_flexion": -2.0, "nod": -8.0,
        "look": -look_deg, "knee_flexion_r": 20.0})]  # fmt: skip
    return act("lying_prone", tracks(t, table), legs="angles", props=(mat(),))


def lying_prone_rand(rng: np.random.Generator) -> Clip:
    """Someone on the belly."""
    clip = lying_prone(
        rng.uniform(30.0, 64.0), rng.uniform(4.0, 26.0), rng.uniform(10.0, 95.0), rng.uniform(2.8, 4.0)
    )
    return either_side(rng, clip)


def lying_side(curl_deg: float = 30.0, lift_deg: float = 0.0, duration_s: float = 3.2) -> Clip:
    """Lie on the left side, knees bent; curl up and stretch, or lift the upper leg.

    Args:
        curl_deg: How far the spine curls.
        lift_deg: Abduction of the upper leg.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    rest = {"pelvis_list": -87.5, "pz": 0.19, "px": 0.0, "hip_flexion": 38.0, "knee_flexion": 56.0,
        "ankle_dorsiflexion": -14.0, "hip_flexion_r": 44.0, "lumbar_flexion": 8.0,
        "thoracic_flexion": 6.0, "nod": 4.0, "side": -4.0, "cant": -8.0, "shoulder_flexion_l": 84.0,
        "shoulder_abduction_l": 6.0, "elbow_flexion_l": 50.0, "elbow_flexion_r": 70.0,
        "shoulder_flexion_r": 62.0, "shoulder_abduction_r": 14.0, "shoulder_rotation_r": 36.0,
        "pronation_r": 60.0, "hip_abduction_l": 4.0, "hip_abduction_r": -7.0}  # fmt: skip
    curled = {"lumbar_flexion": 8.0 + 0.5 * curl_deg, "thoracic_flexion": 6.0 + 0.5 * curl_deg, "nod": 20.0,
        "hip_flexion_l": 38.0 + 1.2 * curl_deg, "hip_flexion_r": 44.0 + 1.2 * curl_deg * (lift_deg == 0),
        "knee_flexion_l": 56.0 + curl_deg, "knee_flexion_r": 56.0 + curl_deg * (lift_deg == 0),
        "hip_abduction_r": -7.0 + (lift_deg + 9.0) * (lift_deg > 0)}  # fmt: skip
    back = {n: rest.get(n, rest.get(n[:-2], 0.0)) for n in curled}
    return act("lying_side", tracks(t, [(0.05, rest), (0.5, curled), (0.62, curled), (1.0, back)]),
        legs="angles", props=(mat_across(),))  # fmt: skip


def mat_across() -> ClipProp:
    """A mat for a body that lies along y."""
    return ClipProp("mat", position=(0.1, 0.0, 0.0))


def lying_side_rand(rng: np.random.Generator) -> Clip:
    """Someone on either side."""
    clip = lying_side(
        rng.uniform(8.0, 40.0), float(rng.choice([0.0, 1.0])) * rng.uniform(10.0, 32.0), rng.uniform(2.8, 3.8)
    )
    return either_side(rng, clip)
