"""Sport: kicking, running, jumping, boxing, a step. Times are near real ones."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from synth.motion.act import Arms, Tracks, act, mixed, phase, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.curves import ease
from synth.motion.edit import either_side
from synth.motion.swing_motions import LEFT_HANDED


def kick(height: float = 0.5, run_up: float = 0.36, duration_s: float = 2.2) -> Clip:
    """Step up and kick a ball with the right foot, the left arm swinging out against the leg.

    Args:
        height: How high the foot follows through, units of standing mid-hip height.
        run_up: Length of the last step.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    start = {"px": -run_up, "pz": 0.97, "foot_x_l": -run_up - 0.14, "foot_x_r": -run_up + 0.16, "foot_y": 0.10,
        "foot_lift": 0.0, "foot_pitch": 0.0, "pelvis_turn": 0.0, "twist": 0.0, "bend": 6.0, "nod": 22.0,
        "shoulder_flexion": 10.0, "shoulder_abduction": 26.0, "elbow_flexion": 40.0, "side": 0.0,
        "pelvis_list": 0.0}  # fmt: skip
    step = {"px": -0.5 * run_up, "foot_x_l": -0.5 * run_up, "foot_lift_l": 0.08, "foot_pitch_r": 22.0,
        "foot_x_r": -run_up + 0.16, "foot_lift_r": 0.0, "pz": 0.97}  # fmt: skip
    land = {"foot_x_l": 0.0, "foot_lift_l": 0.0, "foot_x_r": -run_up + 0.16, "foot_lift_r": 0.0, "px": -0.14,
        "foot_pitch_r": 52.0}  # fmt: skip
    plant = {"px": -0.08, "pz": 0.93, "foot_x_l": 0.0, "foot_lift_l": 0.0, "foot_x_r": -0.50,
        "foot_lift_r": 0.30, "foot_pitch_r": 88.0, "pelvis_turn": -22.0, "twist": 24.0, "side": -6.0,
        "lumbar_flexion": -8.0, "shoulder_abduction_l": 82.0, "shoulder_flexion_l": -14.0,
        "shoulder_flexion_r": -26.0}  # fmt: skip
    hit = {"px": 0.02, "pz": 0.92, "foot_x_r": 0.20, "foot_lift_r": 0.06, "foot_pitch_r": 40.0,
        "pelvis_turn": 10.0, "twist": -6.0, "side": 4.0, "bend": 22.0, "lumbar_flexion": 4.0,
        "nod": 26.0}  # fmt: skip
    high = {"px": 0.06, "pz": 0.98, "foot_x_r": 0.72, "foot_lift_r": height, "foot_pitch_r": 18.0,
        "pelvis_turn": 24.0, "twist": -24.0, "bend": 26.0, "pelvis_list": -4.0, "nod": 0.0,
        "lumbar_flexion": 8.0, "shoulder_abduction_l": 50.0, "shoulder_flexion_l": 44.0,
        "shoulder_flexion_r": -30.0, "foot_pitch_l": 8.0, "side": 2.0, "pelvis_tilt": -14.0}  # fmt: skip
    end = {"px": 0.16, "pz": 0.96, "foot_x_r": 0.14, "foot_lift_r": 0.0, "foot_pitch_r": 0.0,
        "pelvis_turn": 8.0, "twist": -4.0, "bend": 8.0, "lumbar_flexion": 0.0, "pelvis_tilt": 0.0,
        "shoulder_flexion_l": 10.0, "shoulder_abduction_l": 28.0, "shoulder_flexion_r": 8.0,
        "foot_pitch_l": 14.0, "pelvis_list": 0.0, "side": 0.0}  # fmt: skip
    table = [(0.03, start | {"lumbar_flexion": 0.0, "pelvis_tilt": 0.0}), (0.2, step), (0.34, land), (0.48,
        plant), (0.58, hit), (0.73, high), (1.0, end)]  # fmt: skip
    ball = ClipProp("ball", position=(0.62, -0.10, 0.0))
    return act("kick", tracks(t, table, True), knees=((1.0, 0.1, 0.0), (1.0, 0.08, 0.1)), props=(ball,))


def kick_rand(rng: np.random.Generator) -> Clip:
    """A random kick, seldom with the left foot."""
    return either_side(rng, kick(rng.uniform(0.2, 0.72), rng.uniform(0.26, 0.44), rng.uniform(2.0, 2.8)), 0.2)


def run(
    speed: float = 2.7,
    cadence_hz: float = 1.38,
    arm_deg: float = 32.0,
    lean_deg: float = 7.0,
    begin: float = 0.0,
    duration_s: float = 2.0,
) -> Clip:
    """Run straight on.

    Contact takes 36 % of a stride, the knee bends by 90 to 110 degrees in swing (Novacheck 1998); the thorax
    turns against the pelvis by some 15 degrees each way [mem].

    Args:
        speed: Hip heights a second: 2.7 is 2.5 m/s.
        cadence_hz: Strides a second.
        arm_deg: Half the swing of an arm.
        lean_deg: Forward lean.
        begin: Where in the stride the clip starts, 0 to 1.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    beat = begin + cadence_hz * t * duration_s
    stance = 0.36
    ground = min(stance * speed / cadence_hz, 0.84)  # what a foot covers under the hips
    pace = ground / stance
    values: Tracks = {"px": pace * (beat - (beat[0] + beat[-1]) / 2), "foot_y": 0.055 + 0 * t}
    for side, shift in (("l", 0.0), ("r", 0.5)):
        x, lift, pitch = _running_foot(beat + shift, stance, ground)
        swing = np.cos(2 * np.pi * (beat + shift - 0.06))
        values |= {f"foot_x_{side}": values["px"] + x, f"foot_lift_{side}": lift, f"foot_pitch_{side}": pitch,
            f"shoulder_flexion_{side}": -6.0 - arm_deg * swing, f"shoulder_abduction_{side}": 25.0 + 0 * t,
            f"elbow_flexion_{side}": 84.0 - 0.35 * arm_deg * swing,
            f"shoulder_rotation_{side}": 6.0 - 0.3 * arm_deg * swing}  # fmt: skip
    turned = np.cos(2 * np.pi * (beat - 0.06))
    bearing = np.sin(2 * np.pi * (beat + 0.07))
    values |= {"pelvis_turn": -7.0 * turned, "twist": 15.0 * turned, "look": -8.0 * turned,
        "pelvis_tilt": 6.0 + 0.4 * lean_deg + 2.0 * np.cos(4 * np.pi * beat), "pelvis_list": 4.0 * bearing,
        "side": -5.0 * bearing, "lumbar_flexion": 0.2 * lean_deg + 2.0 * np.cos(4 * np.pi * (beat - 0.18)),
        "thoracic_flexion": 0.4 * lean_deg + 0 * t, "nod": -0.5 * lean_deg + 0 * t, "curl": 0.5 + 0 * t,
        "pz": 0.925 - 0.03 * np.cos(4 * np.pi * (beat - 0.18)), "py": 0.012 * np.sin(2 * np.pi * beat)}  # fmt: skip
    return act("run", mixed(t, {}, values | {"air": _flight(values)}))


def _running_foot(
    beat: np.ndarray, stance: float, ground: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A foot's place from the hips, its lift and its pitch, shape (T,) each; it lands at phase 0."""
    part = np.mod(beat, 1.0)
    swing = np.clip((part - stance) / (1.0 - stance), 0.0, 1.0)
    ahead = 0.46 * ground
    slope = ground / stance * (1.0 - stance)  # the ground's speed in units of the swing's phase
    # A cubic that leaves and lands with the ground's speed.
    spline = CubicHermiteSpline([0.0, 1.0], [ahead - ground, ahead], [-slope, -slope])
    x = np.where(part < stance, ahead - ground * part / stance, spline(swing))
    lift = np.where(
        part < stance,
        0.0,
        0.34 * np.sin(np.pi * swing**0.72) ** 2 * (1.0 - 0.45 * swing) + 0.10 * np.sin(np.pi * swing) ** 2,
    )
    push = np.clip((part / stance - 0.5) / 0.5, 0.0, 1.0) ** 2
    pitch = np.where(
        part < stance,
        46.0 * push,
        46.0 + (88.0 - 46.0) * np.sin(np.pi * np.clip(swing / 0.7, 0, 1)) - 46.0 * ease(swing / 0.8),
    )
    return x, lift, pitch


def _flight(values: Tracks) -> np.ndarray:
    """How far the lower foot is over the ground."""
    return np.maximum(np.minimum(values["foot_lift_l"], values["foot_lift_r"]), 0.0)


def run_rand(rng: np.random.Generator) -> Clip:
    """A random run."""
    pace = rng.uniform(0.0, 1.0)
    return run(2.2 + 0.9 * pace, 1.25 + 0.25 * pace, rng.uniform(22.0, 34.0) + 8.0 * pace, rng.uniform(2.0,
        12.0), rng.uniform(0.0, 1.0), 2.0)  # fmt: skip


def step_up(height: float = 0.215, down: bool = False, duration_s: float = 3.0) -> Clip:
    """Step on to a step and stand on it, or down from it.

    Args:
        height: Of the step, units of standing mid-hip height; 0.215 is 20 cm.
        down: Step down forward instead.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    base = {"foot_y": 0.09, "shoulder_abduction": 17.0, "elbow_flexion": 24.0}
    neutral = {"bend": 2.0, "pelvis_list": 0.0, "side": 0.0, "foot_pitch": 0.0, "nod": 0.0, "twist": 0.0}
    low, top = 0.0, height
    table = [(0.04, {"px": 0.0, "pz": 1.0, "foot_x": 0.0, "foot_lift": low, "nod": 20.0,
        "shoulder_flexion": 4.0} | base | neutral | {"nod": 18.0}), (0.22, {"px": 0.10, "pz": 1.0,
        "py": -0.05, "foot_x_l": 0.26, "foot_lift_l": height + 0.09, "foot_pitch_l": 12.0, "bend": 10.0,
        "pelvis_list": 3.0, "side": -4.0, "shoulder_flexion_r": 22.0, "shoulder_flexion_l": -8.0,
        "twist": 5.0}), (0.36, {"px": 0.24, "pz": 1.0, "py": 0.0, "foot_x_l": 0.50, "foot_lift_l": top,
        "foot_pitch_l": 0.0, "foot_pitch_r": 24.0, "bend": 20.0, "pelvis_list": 0.0, "foot_lift_r": 0.0,
        "foot_x_r": 0.0}), (0.56, {"px": 0.46, "pz": 1.0 + 0.75 * height, "py": 0.05, "bend": 12.0,
        "foot_x_r": 0.10, "foot_lift_r": 0.14, "foot_pitch_r": 46.0, "pelvis_list": -3.0, "side": 3.0,
        "shoulder_flexion_l": 18.0, "shoulder_flexion_r": -6.0, "twist": -5.0}), (0.72, {"px": 0.50,
        "pz": 1.0 + top, "py": 0.04, "foot_x_r": 0.40, "foot_lift_r": height + 0.07,
        "foot_pitch_r": 14.0, "bend": 5.0, "nod": 6.0}), (0.88, {"px": 0.50, "pz": 1.0 + top, "py": 0.0,
        "foot_x_r": 0.50, "foot_lift_r": top, "foot_pitch_r": 0.0, "pelvis_list": 0.0, "side": 0.0,
        "shoulder_flexion": 4.0, "twist": 0.0, "bend": 2.0, "nod": 0.0})]  # fmt: skip
    values = tracks(t, table, True)
    step = ClipProp("step", position=(0.56, 0.0, height), scale=(1.15, 1.0, 1.0))
    if down:
        values = {name: value[::-1].copy() for name, value in values.items()}
        values |= {"nod": 24.0 * np.sin(np.pi * t), "bend": 0.5 * values["bend"]}
        # Backward in time and in space: whoever walks down faces the other way.
        for name in ("px", "foot_x_l", "foot_x_r"):
            values[name] = 0.5 - values[name]
        step = ClipProp("step", position=(-0.06, 0.0, height), scale=(1.15, 1.0, 1.0))
    return act("step_up", values | {"air": _flight(values)}, props=(step,))


def step_up_rand(rng: np.random.Generator) -> Clip:
    """A random step up or down, either foot first."""
    return either_side(rng, step_up(rng.uniform(0.15, 0.3), bool(rng.random() < 0.4), rng.uniform(2.4, 3.6)))


def _jump(
    name: str,
    depth: float,
    height: float,
    tilt: float,
    arms: tuple[dict, dict, dict],
    duration_s: float,
    counter: bool,
) -> Clip:
    t = phase(duration_s)
    stood = {"sink": 0.0, "pelvis_tilt": 0.0, "lumbar_flexion": 0.0, "thoracic_flexion": 0.0, "nod": 0.0,
        "foot_pitch": 0.0, "px": 0.0}  # fmt: skip
    deep = {"sink": depth, "pelvis_tilt": tilt, "lumbar_flexion": 12.0, "thoracic_flexion": 6.0,
        "nod": -0.45 * tilt, "px": 0.0}  # fmt: skip
    push = {"sink": 0.0, "pelvis_tilt": -2.0, "lumbar_flexion": -6.0, "thoracic_flexion": -4.0, "nod": -10.0,
        "foot_pitch": 40.0, "px": 0.05, "pz": 1.09}  # fmt: skip
    land = {"sink": 0.5 * depth, "pelvis_tilt": 0.6 * tilt, "lumbar_flexion": 10.0, "thoracic_flexion": 4.0,
        "nod": -6.0, "foot_pitch": 0.0, "px": 0.0, "pz": 1.0}  # fmt: skip
    flat = {"pz": 1.0}
    times = (0.04, 0.36, 0.52, 0.62, 0.71, 0.80, 1.0) if counter else (0.0, 0.30, 0.46, 0.56, 0.65, 0.76, 1.0)
    table = [(times[0], stood | flat | arms[0] | {"foot_y": 0.13}), (times[1], deep | flat | arms[1]),
        (times[2], push | arms[2]), (times[3], push | {"nod": 0.0, "foot_pitch": 44.0}), (times[4],
        {"foot_pitch": 22.0, "pz": 1.03, "sink": 0.08, "px": 0.02, "pelvis_tilt": 8.0}), (times[5], land |
        arms[0]), (times[6], stood | flat | arms[0])]  # fmt: skip
    values = tracks(t, table, True)
    share = np.clip((t - times[2]) / (times[4] - times[2]), 0.0, 1.0)
    return act(name, values | {"air": height * 4.0 * share * (1.0 - share)}, arms_in="world")


def vertical_jump(height: float = 0.32, depth: float = 0.68, duration_s: float = 2.4) -> Clip:
    """Swing the arms, sink, and jump straight up.

    Args:
        height: Rise of the body in the air, units of standing mid-hip height.
        depth: Depth of the squat before it.
        duration_s: Seconds.
    """
    hang = {"shoulder_flexion": 8.0, "shoulder_abduction": 18.0, "elbow_flexion": 20.0}
    back = {"shoulder_flexion": -42.0, "shoulder_abduction": 16.0, "elbow_flexion": 16.0}
    up = {"shoulder_flexion": 158.0, "shoulder_abduction": 14.0, "elbow_flexion": 14.0}
    return _jump("vertical_jump", depth, height, 42.0, (hang, back, up), duration_s, True)


def vertical_jump_rand(rng: np.random.Generator) -> Clip:
    """A random jump."""
    return vertical_jump(rng.uniform(0.18, 0.46), rng.uniform(0.5, 0.85), rng.uniform(2.0, 2.8))


def squat_jump(height: float = 0.22, depth: float = 0.85, duration_s: float = 2.2) -> Clip:
    """Jump from a squat with the hands before the chest.

    Args:
        height: Rise of the body in the air, units of standing mid-hip height.
        depth: Depth of the squat.
        duration_s: Seconds.
    """
    held = {"shoulder_flexion": 46.0, "shoulder_abduction": 12.0, "elbow_flexion": 104.0,
        "shoulder_rotation": 34.0}  # fmt: skip
    return _jump(
        "squat_jump", depth, height, 38.0, (held, held, held | {"shoulder_flexion": 36.0}), duration_s, False
    )


def squat_jump_rand(rng: np.random.Generator) -> Clip:
    """A random squat jump."""
    return squat_jump(rng.uniform(0.12, 0.32), rng.uniform(0.7, 1.0), rng.uniform(2.0, 2.6))


_PUNCHES = {
    "jab": ("l", {"wx": 0.60, "wy": 0.04, "wz": 0.04}, 16.0, -20.0),
    "cross": ("r", {"wx": 0.60, "wy": 0.04, "wz": 0.03}, 22.0, 42.0),
    "hook": ("l", {"wx": 0.40, "wy": -0.02, "wz": 0.06}, 6.0, -46.0),
    "uppercut": ("r", {"wx": 0.36, "wy": 0.02, "wz": 0.10}, -4.0, 40.0),
}


def boxing(
    punches: tuple[str, ...] = ("jab", "cross", "hook"), stance: float = 0.2, duration_s: float = 2.6
) -> Clip:
    """Punches from a boxer's stance, the other hand at the chin.

    Args:
        punches: Of ``jab``, ``cross``, ``hook``, ``uppercut``, in turn.
        stance: Half the distance between the feet, front to back.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    guard = {"wx": 0.27, "wy": 0.10, "wz": 0.09, "twist": 0.0, "pelvis_turn": -28.0, "look": 28.0, "px": 0.0,
        "pz": 0.925, "foot_pitch_r": 14.0, "bend": 12.0, "nod": 6.0, "side": 0.0, "ex": -0.15, "ey": 0.55,
        "ez": -0.85, "protraction": 8.0}  # fmt: skip
    feet = {"foot_x_l": stance, "foot_x_r": -stance, "foot_y": 0.14, "foot_yaw_l": -18.0, "foot_yaw_r": 46.0,
        "curl": 1.0}  # fmt: skip
    table: list[tuple[float, dict[str, float]]] = [(0.02, guard | feet)]
    width = 0.94 / len(punches)
    for k, name in enumerate(punches):
        side, wrist, shrug, turn = _PUNCHES[name]
        start = 0.04 + k * width
        sweep = {"ey": 1.0, "ez": -0.05} if name == "hook" else {"ey": 0.5, "ez": -0.85}
        hit = {f"{n}_{side}": v for n, v in (wrist | sweep | {"protraction": max(shrug, 4.0)}).items()}
        hit |= {"twist": 0.7 * turn, "pelvis_turn": -28.0 + 0.75 * turn, "look": 28.0 - 0.9 * turn,
            "px": 0.05 if turn > 0 else 0.02, "foot_pitch_r": 40.0 if turn > 0 else 14.0,
            "side": 4.0 if name == "uppercut" else -3.0, "pz": 0.91}  # fmt: skip
        table += [
            (start + 0.18 * width, guard | ({"side": 8.0, "pz": 0.88} if name == "uppercut" else {})),
            (start + 0.5 * width, hit),
            (start + 0.98 * width, guard),
        ]
    values = tracks(t, table)
    bounce = {
        "pz": 0.008 * np.sin(2 * np.pi * 2.4 * t * duration_s),
        "py": 0.02 * np.sin(2 * np.pi * 0.7 * t * duration_s),
    }
    return act("boxing", mixed(t, values, bounce), arms=Arms("chest", pronation_deg=60.0))


def boxing_rand(rng: np.random.Generator) -> Clip:
    """Random punches, seldom from the right-handed stance's mirror image."""
    order = tuple(str(name) for name in rng.choice(list(_PUNCHES), int(rng.integers(2, 5))))
    return either_side(
        rng, boxing(order, rng.uniform(0.16, 0.26), rng.uniform(2.0, 2.4) + 0.3 * len(order)), LEFT_HANDED
    )
