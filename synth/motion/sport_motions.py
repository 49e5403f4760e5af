"""Sport: throwing, serving, forehand, batting, kicking, running, jumping, boxing, a step.

Turns of the trunk against the pelvis ("separation") reach 40 to 60 degrees in throwing, serving and batting
(Fleisig et al. 1996, 2003; Welch et al. 1995 [mem]); the table of ranges allows 80 between lumbar and thoracic
spine. Times are near real ones.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from synth.motion.act import Arms, Tracks, act, mixed, phase, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.curves import ease
from synth.motion.edit import either_side

_LEFT_HANDED = 0.15


def throw(
    wind_up_deg: float = 46.0, stride: float = 0.56, height: float = 0.24, duration_s: float = 2.2
) -> Clip:
    """Throw a ball overarm: turn back, stride, hips before shoulders, arm last, follow through.

    Args:
        wind_up_deg: Turn of the upper thorax against the pelvis as the foot lands.
        stride: Length of the stride, units of standing mid-hip height.
        height: How high over the shoulders the hand passes: low is a sidearm throw.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    ready = {"px": -0.02, "pz": 0.96, "pelvis_turn": -46.0, "twist": -10.0, "look": 50.0,
        "foot_x_l": 0.05, "foot_y_l": 0.06, "foot_x_r": -0.10, "foot_y_r": 0.10, "foot_yaw_r": 58.0,
        "foot_yaw_l": -30.0, "foot_lift_l": 0.0, "foot_pitch_r": 0.0, "side": 0.0, "bend": 6.0,
        "wx_r": 0.30, "wy_r": -0.10, "wz_r": -0.18, "wx_l": 0.32, "wy_l": -0.02, "wz_l": -0.20,
        "ex_r": -0.2, "ey_r": 0.8, "ez_r": -0.6}  # fmt: skip
    raised = {"px": -0.06, "pz": 0.97, "foot_lift_l": 0.22, "foot_x_l": 0.10, "wx_r": 0.10, "wy_r": 0.38,
        "wz_r": -0.38, "side": 6.0, "pelvis_turn": -62.0}  # fmt: skip
    landed = {"px": 0.12, "pz": 0.88, "pelvis_turn": -26.0, "twist": -wind_up_deg, "look": 58.0,
        "foot_x_l": stride, "foot_y_l": 0.02, "foot_lift_l": 0.0, "foot_yaw_l": -6.0, "side": 10.0, "bend": 2.0,
        "wx_r": -0.26, "wy_r": 0.50, "wz_r": 0.14, "wx_l": 0.34, "wy_l": 0.46, "wz_l": 0.04, "ex_r": -0.6,
        "ey_r": 0.6, "ez_r": -0.7}  # fmt: skip
    cocked = {"px": 0.20, "pelvis_turn": 20.0, "twist": -0.45 * wind_up_deg, "look": 12.0, "wx_r": -0.24,
        "wy_r": 0.44, "wz_r": 0.20, "side": -12.0, "foot_pitch_r": 34.0, "wx_l": 0.26, "wy_l": 0.30,
        "wz_l": -0.18, "ex_r": 0.3, "ey_r": 1.0, "ez_r": -0.3}  # fmt: skip
    release = {"px": 0.27, "pz": 0.87, "pelvis_turn": 34.0, "twist": 10.0, "look": -30.0, "bend": 26.0,
        "side": -18.0, "wx_r": 0.42, "wy_r": 0.36, "wz_r": height, "wx_l": 0.16, "wy_l": 0.26, "wz_l": -0.30,
        "foot_pitch_r": 60.0, "foot_x_r": -0.10, "foot_y_r": 0.10, "foot_lift_r": 0.0,
        "ex_r": 0.0, "ey_r": 1.0, "ez_r": -0.3}  # fmt: skip
    through = {"px": 0.34, "pz": 0.86, "pelvis_turn": 44.0, "twist": 34.0, "look": -36.0, "bend": 52.0,
        "side": 4.0, "wx_r": 0.42, "wy_r": -0.26, "wz_r": -0.36, "nod": -18.0, "wx_l": 0.02, "wy_l": 0.32,
        "wz_l": -0.30, "foot_pitch_r": 66.0, "foot_x_r": -0.08, "foot_yaw_r": 40.0, "ex_r": -0.3, "ey_r": 1.0,
        "ez_r": 0.2}  # fmt: skip
    ended = {"px": 0.36, "pz": 0.92, "bend": 22.0, "twist": 20.0, "foot_x_r": 0.24, "foot_y_r": 0.18,
        "foot_lift_r": 0.0, "foot_pitch_r": 22.0, "foot_yaw_r": 14.0, "wx_r": 0.32, "wy_r": 0.02, "wz_r": -0.36,
        "nod": -8.0, "pelvis_turn": 20.0, "look": -16.0}  # fmt: skip
    table = [(0.03, ready | {"nod": 0.0, "foot_lift_r": 0.0, "curl_r": 0.6}), (0.22, raised), (0.44, landed),
        (0.54, cocked), (0.62, release | {"curl_r": 0.5}), (0.74, through | {"curl_r": -0.1,
        "foot_lift_r": 0.05}), (1.0, ended)]  # fmt: skip
    ball = ClipProp("ball", "hand_r", position=(0.0, 0.0, 0.0), scale=(0.36, 0.36, 0.36))
    return act("throw", tracks(t, table, True), arms=Arms("chest"), props=(ball,))


def throw_rand(rng: np.random.Generator) -> Clip:
    """A random throw, seldom left-handed."""
    clip = throw(
        rng.uniform(30.0, 54.0), rng.uniform(0.42, 0.66), rng.uniform(0.08, 0.34), rng.uniform(2.0, 2.8)
    )
    return either_side(rng, clip, _LEFT_HANDED)


def _racket() -> ClipProp:
    return ClipProp("racket", "hand_r")


def tennis_serve(
    knee_bend: float = 0.3, arch_deg: float = 20.0, turn_deg: float = 60.0, duration_s: float = 2.8
) -> Clip:
    """Toss a ball, bend the knees, reach up and hit it overhead.

    Args:
        knee_bend: Depth of the knees' bend.
        arch_deg: Extension of the spine in the trophy pose.
        turn_deg: How far the hips stand turned away from the net.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    ready = {"pz": 0.97, "px": 0.0, "pelvis_turn": -turn_deg, "twist": -6.0, "look": turn_deg - 6.0, "nod": 2.0,
        "foot_x_l": 0.20, "foot_y_l": -0.02, "foot_yaw_l": -32.0, "foot_x_r": -0.20, "foot_y_r": 0.12,
        "foot_yaw_r": 76.0, "foot_pitch": 0.0, "side": 0.0, "lumbar_flexion": 6.0, "thoracic_flexion": 4.0,
        "wx_r": 0.36, "wy_r": 0.0, "wz_r": -0.20, "wx_l": 0.38, "wy_l": -0.02, "wz_l": -0.20, "gx_r": 0.8,
        "gy_r": 0.0, "gz_r": 0.6}  # fmt: skip
    down = {"wx_r": 0.16, "wy_r": 0.36, "wz_r": -0.42, "wx_l": 0.36, "wy_l": 0.06, "wz_l": -0.36,
        "foot_x_r": -0.20, "gx_r": 0.6, "gy_r": 0.4, "gz_r": -0.7, "nod": -6.0}  # fmt: skip
    trophy = {"pz": 0.99 - 0.4 * knee_bend, "px": 0.07, "pelvis_turn": -turn_deg + 8.0, "twist": -24.0,
        "look": 56.0, "nod": -34.0, "side": 16.0, "lumbar_flexion": -0.6 * arch_deg,
        "thoracic_flexion": -0.4 * arch_deg, "wx_l": 0.20, "wy_l": 0.16, "wz_l": 0.54, "wx_r": -0.16,
        "wy_r": 0.42, "wz_r": 0.16, "ex_r": -0.4, "ey_r": 0.8, "ez_r": -0.6, "gx_r": -0.1, "gy_r": -0.1,
        "gz_r": 1.0, "foot_x_r": 0.02}  # fmt: skip
    drop = {"pz": 1.0, "px": 0.14, "pelvis_turn": -18.0, "twist": -26.0, "wx_r": -0.22, "wy_r": 0.30,
        "wz_r": 0.14, "gx_r": -0.5, "gy_r": 0.2, "gz_r": -0.8, "wx_l": 0.30, "wy_l": 0.16, "wz_l": 0.10,
        "side": -6.0, "foot_pitch": 26.0, "ex_r": 0.2, "ey_r": 0.9, "ez_r": 0.3}  # fmt: skip
    hit = {"foot_x_l": 0.20, "pz": 1.1, "px": 0.20, "pelvis_turn": 2.0, "twist": 4.0, "look": 6.0, "nod": -38.0,
        "side": -24.0, "lumbar_flexion": -2.0, "thoracic_flexion": 2.0, "wx_r": 0.20, "wy_r": 0.24,
        "wz_r": 0.56, "gx_r": 0.35, "gy_r": -0.15, "gz_r": 0.95, "wx_l": 0.20, "wy_l": 0.10, "wz_l": -0.24,
        "foot_pitch": 34.0, "ex_r": 0.2, "ey_r": 1.0, "ez_r": 0.0}  # fmt: skip
    after = {"pz": 0.92, "px": 0.34, "pelvis_turn": 26.0, "twist": 24.0, "look": -26.0, "nod": -8.0,
        "side": 4.0, "lumbar_flexion": 22.0, "thoracic_flexion": 14.0, "wx_r": 0.40, "wy_r": -0.22,
        "wz_r": -0.32, "gx_r": -0.1, "gy_r": -0.6, "gz_r": -0.8, "wx_l": 0.12, "wy_l": 0.26, "wz_l": -0.28,
        "foot_pitch_l": 0.0, "foot_x_l": 0.36, "foot_pitch_r": 52.0, "foot_yaw_l": -10.0, "pelvis_tilt": 20.0,
        "ex_r": -0.2, "ey_r": 1.0, "ez_r": 0.2}  # fmt: skip
    air = {"air": 0.0}
    first = ready | {"ex_r": -0.3, "ey_r": 0.7, "ez_r": -0.7, "pelvis_tilt": 4.0, "curl_r": 1.0,
        "curl_l": 0.5}  # fmt: skip
    table = [(0.03, first | air), (0.2, down), (0.44, trophy | air | {"curl_l": -0.6}), (0.57, drop |
        {"air": 0.01}), (0.66, hit | {"air": 0.06}), (0.82, after | air), (1.0, {"pz": 0.93,
        "foot_pitch_r": 34.0, "foot_x_r": 0.2, "twist": 16.0})]  # fmt: skip
    return act("tennis_serve", tracks(t, table, True), arms=Arms("chest"), props=(_racket(),))


def tennis_serve_rand(rng: np.random.Generator) -> Clip:
    """A random serve, seldom left-handed."""
    clip = tennis_serve(
        rng.uniform(0.1, 0.45), rng.uniform(10.0, 26.0), rng.uniform(48.0, 68.0), rng.uniform(2.4, 3.2)
    )
    return either_side(rng, clip, _LEFT_HANDED)


def forehand(turn_deg: float = 40.0, low: float = 0.0, duration_s: float = 2.3) -> Clip:
    """A forehand with a racket: turn back, swing low to high, finish over the other shoulder.

    Args:
        turn_deg: Turn of the upper thorax against the pelvis in the backswing.
        low: How much lower than the waist the ball is met, units of standing mid-hip height.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    ready = {"pz": 0.90, "px": 0.0, "py": 0.0, "pelvis_turn": 0.0, "twist": 0.0, "look": 0.0, "bend": 16.0,
        "foot_y": 0.22, "foot_x": 0.0, "foot_yaw": 14.0, "foot_pitch": 0.0, "wx_r": 0.40, "wy_r": 0.06,
        "wz_r": -0.26, "wx_l": 0.42, "wy_l": 0.06, "wz_l": -0.20, "gx_r": 0.7, "gy_r": -0.4, "gz_r": 0.6,
        "nod": -8.0, "side": 0.0, "ex_r": -0.4, "ey_r": 0.7, "ez_r": -0.7}  # fmt: skip
    back = {"pz": 0.88, "py": -0.09, "pelvis_turn": -40.0, "twist": -turn_deg, "look": 50.0, "wx_r": 0.08,
        "wy_r": 0.52, "wz_r": -0.06, "gx_r": -0.4, "gy_r": 0.4, "gz_r": 0.8, "wx_l": 0.46, "wy_l": -0.06,
        "wz_l": -0.10, "foot_yaw_r": 48.0, "foot_pitch_l": 18.0, "foot_x_l": 0.10}  # fmt: skip
    lag = {"pz": 0.85, "py": -0.02, "pelvis_turn": -12.0, "twist": -0.8 * turn_deg, "look": 24.0, "wx_r": 0.10,
        "wy_r": 0.50, "wz_r": -0.34 - low, "gx_r": -0.5, "gy_r": 0.6, "gz_r": -0.4, "foot_pitch_l": 0.0,
        "foot_x_l": 0.18, "side": 8.0 + 20.0 * low}  # fmt: skip
    met = {"pz": 0.88, "py": 0.06, "pelvis_turn": 12.0, "twist": -2.0, "look": -14.0, "wx_r": 0.44,
        "wy_r": 0.34, "wz_r": -0.24 - low, "gx_r": 0.35, "gy_r": 0.9, "gz_r": -0.05, "nod": 4.0, "wx_l": 0.26,
        "wy_l": 0.26, "wz_l": -0.14, "foot_pitch_r": 24.0}  # fmt: skip
    over = {"pz": 0.93, "py": 0.10, "pelvis_turn": 36.0, "twist": 34.0, "look": -46.0, "wx_r": 0.34,
        "wy_r": -0.20, "wz_r": 0.12, "gx_r": -0.4, "gy_r": -0.8, "gz_r": 0.2, "nod": -4.0, "foot_pitch_r": 48.0,
        "foot_yaw_r": 20.0, "wx_l": 0.20, "wy_l": 0.26, "wz_l": -0.10, "side": -4.0, "ex_r": 0.6, "ey_r": 0.5,
        "ez_r": 0.3, "bend": 8.0}  # fmt: skip
    table = [(0.03, ready | {"curl_r": 1.0}), (0.36, back), (0.5, lag), (0.6, met), (0.78, over), (1.0, over |
        {"twist": 26.0, "pelvis_turn": 28.0, "wz_r": 0.06})]  # fmt: skip
    return act("forehand", tracks(t, table, True), arms=Arms("chest", (-0.4, 0.7, -0.7)), props=(_racket(),))


def forehand_rand(rng: np.random.Generator) -> Clip:
    """A random forehand, seldom left-handed."""
    clip = forehand(rng.uniform(26.0, 50.0), rng.uniform(-0.1, 0.14), rng.uniform(2.0, 2.8))
    return either_side(rng, clip, _LEFT_HANDED)


def bat_swing(
    turn_deg: float = 34.0, stride: float = 0.14, low: float = 0.0, duration_s: float = 2.2
) -> Clip:
    """Swing a bat with both hands at a ball that comes from the left.

    Args:
        turn_deg: Turn of the upper thorax against the pelvis when the stride lands.
        stride: Length of the stride, units of standing mid-hip height.
        low: How much lower than the belly the ball is met.
        duration_s: Seconds.
    """
    t = phase(duration_s)
    base = {"pz": 0.90, "px": -0.08, "py": -0.04, "pelvis_tilt": 16.0, "lumbar_flexion": 8.0,
        "thoracic_flexion": 8.0, "pelvis_turn": -12.0, "twist": -16.0, "look": 66.0, "nod": 2.0, "foot_y": 0.27,
        "foot_x": 0.0, "foot_yaw": 8.0, "foot_pitch": 0.0, "foot_lift_l": 0.0, "side": 0.0}  # fmt: skip

    def grip(x: float, y: float, z: float, along: tuple[float, float, float]) -> dict[str, float]:
        """Both wrists on the handle: the right hand above the left one, ``along`` the bat, chest axes."""
        a = np.array(along) / np.linalg.norm(along)
        upper = np.array([x, y, z]) + 0.10 * a
        return {"wx_l": x, "wy_l": y, "wz_l": z, "wx_r": upper[0], "wy_r": -upper[1], "wz_r": upper[2],
                "gx_l": a[0], "gy_l": a[1], "gz_l": a[2], "gx_r": a[0], "gy_r": -a[1], "gz_r": a[2]}  # fmt: skip

    stance = base | grip(0.20, -0.30, -0.06, (-0.35, 0.1, 0.9))
    load = {"py": -0.10, "pelvis_turn": -24.0, "twist": -0.8 * turn_deg, "foot_lift_l": 0.06,
        "look": 70.0} | grip(0.16, -0.34, 0.0, (-0.4, 0.2, 0.9))  # fmt: skip
    landed = {"py": -0.02, "pelvis_turn": 4.0, "twist": -turn_deg - 6.0, "foot_y_l": 0.27 + stride,
        "foot_lift_l": 0.0, "foot_yaw_l": 30.0, "look": 58.0} | grip(0.18, -0.30, -0.06, (-0.6, -0.3,
        0.6))  # fmt: skip
    slot = {"py": 0.04, "pelvis_turn": 46.0, "twist": -0.7 * turn_deg, "foot_pitch_r": 24.0, "look": 20.0,
        "side": 8.0} | grip(0.32, -0.16, -0.18 - low, (-0.1, -0.95, 0.1))  # fmt: skip
    met = {"py": 0.07, "pz": 0.87, "pelvis_turn": 74.0, "twist": 0.0, "look": -10.0, "nod": 16.0,
        "foot_pitch_r": 46.0, "foot_yaw_r": -30.0, "side": 12.0} | grip(0.46, 0.02, -0.26 - low, (0.75, -0.6,
        -0.2))  # fmt: skip
    through = {"py": 0.08, "pz": 0.89, "pelvis_turn": 86.0, "twist": 26.0, "look": -28.0, "side": -2.0,
        "foot_yaw_r": -52.0} | grip(0.36, 0.24, -0.06, (0.3, 0.9, 0.3))  # fmt: skip
    finish = {"pelvis_turn": 88.0, "twist": 36.0, "look": -30.0, "nod": 2.0, "side": -6.0,
        "foot_pitch_r": 52.0} | grip(0.18, 0.28, 0.10, (-0.8, 0.5, -0.1))  # fmt: skip
    table = [(0.04, stance | {"curl": 1.0}), (0.3, load), (0.46, landed), (0.55, slot), (0.62, met), (0.72,
        through), (0.84, finish), (1.0, finish | {"twist": 30.0})]  # fmt: skip
    arms = Arms("chest", (-0.1, 0.5, -0.9))
    return act("bat_swing", tracks(t, table, True), arms=arms, props=(ClipProp("bat", "hand_l"),))


def bat_swing_rand(rng: np.random.Generator) -> Clip:
    """A random swing with a bat, from either side of the plate."""
    clip = bat_swing(
        rng.uniform(20.0, 42.0), rng.uniform(0.04, 0.2), rng.uniform(-0.08, 0.14), rng.uniform(2.0, 2.8)
    )
    return either_side(rng, clip, 0.3)


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
        rng, boxing(order, rng.uniform(0.16, 0.26), rng.uniform(2.0, 2.4) + 0.3 * len(order)), _LEFT_HANDED
    )
