"""Walking and marching."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from synth.motion.author import clip_from_angles
from synth.motion.clip import Clip
from synth.motion.contacts import Footing, highest_pelvis, with_feet
from synth.motion.curves import FPS, frame_times
from synth.motion.rotations import turn_deg
from synth.motion.stick import LENGTHS

# One stride from heel strike to heel strike: percent, and pitch of the foot over the ground, degrees, heel up positive.
# It lands on the heel, lies flat by 10 %, rolls off from 35 % and leaves the ground at 62 %, as in the mean curves of
# Winter 1991 (The Biomechanics and Motor Control of Human Gait) [mem].
_FOOT = (
    (0, -18), (7, -2), (11, 0), (35, 0), (44, 8), (52, 26), (59, 50), (63, 61), (67, 62), (71, 55), (76, 37),
    (81, 17), (86, -1), (91, -13), (95, -18),
)  # fmt: skip
# The toes bend back as the heel rises, and straighten in the air.
_TOES = ((0, 8), (10, 0), (35, 0), (44, 8), (52, 26), (59, 43), (64, 38), (73, 17), (82, 6), (92, 8))
_TOE_OFF = 0.62
_AHEAD = 0.25  # how far the foot lands before the pelvis, as a share of the stride
_STRIKE_SPEED = 0.8  # a share of the walking speed [guess]
_LIFT = 0.035  # how much the ankle rises above the shortest way in swing, units of mid-hip height
_BOB = 0.02  # half the rise and fall of the pelvis: 4 cm in all at a natural pace


def _stride(table: tuple[tuple[float, float], ...], phase: np.ndarray) -> np.ndarray:
    """A periodic smooth curve through a table, at phases in strides, shape (T,); it overshoots no entry."""
    at, values = np.array(table, dtype=float).T
    curve = PchipInterpolator(np.concatenate([at - 100.0, at, at + 100.0]), np.tile(values, 3))
    return curve((100.0 * np.asarray(phase)) % 100.0)


def _stance_ankle(phase: np.ndarray, scale: float) -> np.ndarray:
    """The ankle of a foot that stands: it rolls over heel, sole and ball.

    Returns:
        From where the ankle is when the sole is flat, (x, z), shape (T, 2).
    """
    pitch = np.radians(scale * _stride(_FOOT, phase))
    # About the ball when the heel is up, about the heel when the toes are.
    pivot = np.where(pitch > 0, LENGTHS["foot"], -LENGTHS["heel"])
    height = LENGTHS["ankle_height"]
    x = pivot - np.cos(pitch) * pivot + np.sin(pitch) * height
    z = np.sin(pitch) * pivot + np.cos(pitch) * height
    return np.stack([x, z], axis=-1)


def _ankle_path(phase: np.ndarray, stride: float, scale: float) -> np.ndarray:
    """An ankle on its way, (x, z), shape (T, 2): stance on the ground, a smooth swing to the next one."""
    step, at = np.floor(phase), phase % 1.0
    edges = np.array([_TOE_OFF, 1.0])
    ends = _stance_ankle(edges, scale) + np.array([[0.0, 0.0], [stride, 0.0]])
    d = 1e-4
    leaving = (_stance_ankle(edges[:1], scale) - _stance_ankle(edges[:1] - d, scale)) / d
    landing = (_stance_ankle(np.array([d]), scale) - _stance_ankle(np.array([0.0]), scale)) / d
    # A heel strikes the ground still going forward, more slowly than the body.
    landing[:, 0] += _STRIKE_SPEED * stride
    swing = CubicHermiteSpline(edges, ends, np.concatenate([leaving, landing]))(np.maximum(at, _TOE_OFF))
    share = np.clip((at - _TOE_OFF) / (1 - _TOE_OFF), 0.0, 1.0)
    swing[:, 1] += _LIFT * np.sin(np.pi * share) ** 2
    path = np.where((at < _TOE_OFF)[:, None], _stance_ankle(at, scale), swing)
    path[:, 0] += stride * (step + _AHEAD)
    return path


def _walking_feet(
    left: np.ndarray, stride: float, scale: float, half_width: float, toe_out_deg: float
) -> Footing:
    """Both feet over the ground; the left one is at phase ``left``, the right one half a stride later."""
    frames = len(left)
    ankles, feet, toes = np.empty((frames, 2, 3)), np.empty((frames, 2, 3, 3)), np.empty((frames, 2, 3, 3))
    for side, sign in enumerate((1.0, -1.0)):
        # The right foot lands half a stride after the left one, and half a stride's length farther.
        phase = left - 0.5 * side
        path = _ankle_path(phase, stride, scale)
        ankles[:, side] = np.column_stack(
            [path[:, 0] + 0.5 * stride * side, np.full(frames, sign * half_width), path[:, 1]]
        )
        heading, pitch = turn_deg("z", sign * toe_out_deg), scale * _stride(_FOOT, phase)
        feet[:, side] = heading @ turn_deg("y", pitch)
        toes[:, side] = heading @ turn_deg("y", pitch - scale * _stride(_TOES, phase))
    return Footing(ankles, feet, toes)


def gait(
    stride_s: float = 1.08,
    stride: float = 1.45,
    arm_deg: float = 19.0,
    counter_deg: float = 9.0,
    elbow_deg: float = 22.0,
    phase: float = 0.0,
    duration_s: float = 2.2,
    travel: bool = True,
) -> Clip:
    """Walk straight on, the trunk turning against the pelvis.

    The upper thorax turns against the pelvis by about 9 degrees in all at a natural pace (Bruijn et al. 2008 and
    others find both turning 3 to 6 degrees each way [mem]); most of it is thoracic.

    Args:
        stride_s: Seconds from a heel strike to the next of the same foot.
        stride: Length of a stride, units of standing mid-hip height; 1.45 is a natural 0.77 of stature.
        arm_deg: Half the swing of an arm.
        counter_deg: Greatest turn of the upper thorax against the pelvis.
        elbow_deg: Mean bend of the elbows.
        phase: Where in the stride the clip starts, 0 to 1.
        duration_s: Seconds.
        travel: Walk over the ground, half of the way behind and half in front of the origin; on a treadmill if not.
    """
    t = frame_times(duration_s)
    left = phase + t / stride_s
    scale = stride / 1.45
    angles: dict[str, np.ndarray | float] = dict(_walking_trunk(left, scale, counter_deg))
    for side, at in (("l", left), ("r", left + 0.5)):
        swing = np.cos(2 * np.pi * at)  # 1 at the heel strike of this side: this arm is back
        angles |= {f"shoulder_flexion_{side}": 2.0 - arm_deg * swing,
            f"shoulder_abduction_{side}": 13.0,
            f"elbow_flexion_{side}": elbow_deg - 0.5 * arm_deg * swing, f"pronation_{side}": 20.0}  # fmt: skip
    plan = _walking_feet(left, stride, scale, half_width=0.06, toe_out_deg=6.0)
    bob = _BOB * scale * np.cos(4 * np.pi * (left - 0.3))
    pelvis = np.column_stack([stride * left, 0.018 * np.sin(2 * np.pi * left), 1.0 + bob])
    clip = clip_from_angles("gait", angles, len(t), pelvis)
    # As high as the legs allow all along, so that the longest reach has a straight leg and none is left behind.
    pelvis[:, 2] += min(0.0, float((highest_pelvis(clip, plan) - pelvis[:, 2]).min()))
    middle = np.zeros(3)
    middle[0] = (pelvis[0, 0] + pelvis[-1, 0]) / 2
    away = middle if travel else np.column_stack([pelvis[:, 0], np.zeros((len(t), 2))])
    moved = Footing(plan.ankles - np.reshape(away, (-1, 1, 3)), plan.feet, plan.toes)
    return with_feet(clip_from_angles("gait", angles, len(t), pelvis - away), moved)


def _walking_trunk(left: np.ndarray, scale: float, counter_deg: float) -> dict[str, np.ndarray]:
    """The pelvis turns with the leading leg and drops on the swinging one's side; the spine turns back."""
    turned = np.cos(2 * np.pi * left)
    # The left leg bears weight from phase 0 to 0.6: the pelvis drops to the right, the trunk leans to the left.
    bearing = np.sin(2 * np.pi * (left + 0.03))
    return {
        "pelvis_turn": -4.0 * scale * turned,
        "pelvis_list": 3.5 * scale * bearing,
        "pelvis_tilt": 2.0 + 0.8 * np.cos(4 * np.pi * left),
        "lumbar_rotation": 0.2 * counter_deg * turned,
        "thoracic_rotation": 0.8 * counter_deg * turned,
        "cervical_rotation": -(counter_deg - 4.0 * scale) * turned,
        "lumbar_bending": -3.0 * scale * bearing,
        "thoracic_bending": -1.5 * scale * bearing,
        "lumbar_flexion": 1.5 - 1.0 * np.cos(4 * np.pi * left),
        "thoracic_flexion": np.ones_like(left),
        "cervical_flexion": np.full_like(left, -3.0),
    }


def gait_rand(rng: np.random.Generator) -> Clip:
    """A random walk, slow to brisk."""
    pace = rng.uniform(0.0, 1.0)
    return gait(stride_s=1.3 - 0.35 * pace, stride=1.12 + 0.38 * pace, arm_deg=rng.uniform(8.0,
        16.0) + 12.0 * pace, counter_deg=rng.uniform(5.0, 10.0) + 4.0 * pace,
        elbow_deg=rng.uniform(14.0, 30.0) + 10.0 * pace, phase=rng.uniform(0.0, 1.0), duration_s=2.0)  # fmt: skip


def march(
    knee_deg: float = 75.0, arm_deg: float = 30.0, stride_s: float = 1.2, duration_s: float = 2.4
) -> Clip:
    """March in place, the knees high.

    Args:
        knee_deg: Highest flexion of the hips.
        arm_deg: Half the swing of an arm.
        stride_s: Seconds for a step of each foot.
        duration_s: Seconds.
    """
    t = frame_times(duration_s, FPS)
    angles: dict[str, np.ndarray | float] = {}
    for side, shift in (("l", 0.0), ("r", 0.5)):
        wave = np.sin(2 * np.pi * (t / stride_s + shift))
        lifted = np.maximum(wave, 0.0) ** 2
        angles |= {
            f"hip_flexion_{side}": knee_deg * lifted,
            f"knee_flexion_{side}": 3.0 + 1.15 * knee_deg * lifted,
            f"ankle_dorsiflexion_{side}": 2.0 - 14.0 * lifted,
            f"shoulder_flexion_{side}": 6.0 - arm_deg * wave,
            f"shoulder_abduction_{side}": 14.0,
            f"elbow_flexion_{side}": 55.0 - 0.4 * arm_deg * wave,
        }
    turned = np.sin(2 * np.pi * t / stride_s)
    angles |= {"pelvis_list": -3.0 * turned, "pelvis_tilt": -3.0, "lumbar_flexion": 3.0,
        "lumbar_bending": 3.0 * turned, "lumbar_rotation": 1.5 * turned,
        "thoracic_rotation": 6.0 * turned, "cervical_rotation": -6.0 * turned}  # fmt: skip
    return clip_from_angles("march", angles, len(t))


def march_rand(rng: np.random.Generator) -> Clip:
    """A random march in place."""
    return march(
        rng.uniform(50.0, 95.0), rng.uniform(15.0, 40.0), rng.uniform(1.0, 1.4), rng.uniform(2.2, 3.0)
    )
