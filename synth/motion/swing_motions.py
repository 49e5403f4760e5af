"""Throwing, serving, forehand, batting: one arm or both swing, the trunk winds up and unwinds.

Turns of the trunk against the pelvis ("separation") reach 40 to 60 degrees in throwing, serving and batting
(Fleisig et al. 1996, 2003; Welch et al. 1995 [mem]); the table of ranges allows 80 between lumbar and thoracic
spine. Times are near real ones.
"""

from __future__ import annotations

import numpy as np

from synth.motion.act import Arms, act, phase, tracks
from synth.motion.clip import Clip, ClipProp
from synth.motion.edit import either_side

LEFT_HANDED = 0.15


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
    return either_side(rng, clip, LEFT_HANDED)


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
    return either_side(rng, clip, LEFT_HANDED)


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
        "wz_l": -0.10, "foot_yaw_r": 48.0, "foot_pitch_l": 18.0, "foot_x_l": 0.10, "ex_r": -0.9, "ey_r": 0.3,
        "ez_r": -0.3}  # fmt: skip
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
    return either_side(rng, clip, LEFT_HANDED)


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
