"""Walking and marching."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline

from synth.motion.author import clip_from_angles
from synth.motion.clip import Clip
from synth.motion.curves import FPS, frame_times
from synth.motion.stick import stick_points

# One stride from heel strike to heel strike, percent and degrees, level walking at a natural pace: after the mean
# curves of Winter 1991 (The Biomechanics and Motor Control of Human Gait), read to about 2 degrees [mem].
_HIP = ((0, 27), (10, 23), (30, 4), (50, -11), (60, -4), (75, 20), (86, 29), (94, 28))
_KNEE = ((0, 5), (13, 18), (27, 11), (39, 6), (50, 13), (60, 38), (71, 62), (82, 42), (92, 9), (97, 3))
_ANKLE = ((0, 0), (7, -6), (20, 4), (44, 10), (54, -2), (62, -18), (73, -2), (85, 2), (95, 1))
_TOES = ((0, 6), (10, 0), (40, 3), (52, 22), (60, 30), (70, 8), (85, 6))


def _stride(table: tuple[tuple[float, float], ...], phase: np.ndarray) -> np.ndarray:
    """A periodic smooth curve through a table, at phases in strides, shape (T,)."""
    at, values = np.array(table, dtype=float).T
    curve = CubicSpline(np.append(at, at[0] + 100.0), np.append(values, values[0]), bc_type="periodic")
    return curve((100.0 * np.asarray(phase)) % 100.0)


def gait(
    stride_s: float = 1.08,
    amplitude: float = 1.0,
    arm_deg: float = 19.0,
    counter_deg: float = 9.0,
    elbow_deg: float = 22.0,
    phase: float = 0.0,
    duration_s: float = 2.2,
    asymmetry: float = 0.0,
    travel: bool = True,
) -> Clip:
    """Walk straight on, the trunk turning against the pelvis.

    The upper thorax turns against the pelvis by about 9 degrees in all at a natural pace (Bruijn et al. 2008 and
    others find both turning 3 to 6 degrees each way [mem]); most of it is thoracic.

    Args:
        stride_s: Seconds from a heel strike to the next of the same foot.
        amplitude: Scale of the legs' angles; 1 is a natural pace.
        arm_deg: Half the swing of an arm.
        counter_deg: Greatest turn of the upper thorax against the pelvis.
        elbow_deg: Mean bend of the elbows.
        phase: Where in the stride the clip starts, 0 to 1.
        duration_s: Seconds.
        asymmetry: How much longer the left leg's angles are than the right's, a share.
        travel: Walk over the ground, half of the way behind and half in front of the origin; on a treadmill if not.
    """
    t = frame_times(duration_s)
    left = phase + t / stride_s
    right = left + 0.5
    angles: dict[str, np.ndarray | float] = {}
    for side, at, scale in (
        ("l", left, amplitude * (1 + asymmetry)),
        ("r", right, amplitude * (1 - asymmetry)),
    ):
        swing = np.cos(2 * np.pi * at)  # 1 at the heel strike of this side: this arm is back
        angles |= {
            f"hip_flexion_{side}": scale * _stride(_HIP, at),
            f"knee_flexion_{side}": scale * _stride(_KNEE, at) + 2.0,
            f"ankle_dorsiflexion_{side}": scale * _stride(_ANKLE, at),
            f"toes_extension_{side}": scale * _stride(_TOES, at),
            f"hip_rotation_{side}": -6.0,
            f"shoulder_flexion_{side}": 2.0 - arm_deg * swing,
            f"shoulder_abduction_{side}": 13.0,
            f"elbow_flexion_{side}": elbow_deg - 0.5 * arm_deg * swing,
            f"pronation_{side}": 20.0,
        }
    angles |= _walking_trunk(left, amplitude, counter_deg)
    clip = clip_from_angles("gait", angles, len(t))
    return _carried_by_the_feet(clip) if travel else clip


def _walking_trunk(left: np.ndarray, amplitude: float, counter_deg: float) -> dict[str, np.ndarray | float]:
    """The pelvis turns with the leading leg and drops on the swinging one's side; the spine turns back."""
    turned = np.cos(2 * np.pi * left)
    # The left leg bears weight from phase 0 to 0.6: the pelvis drops to the right, the trunk leans to the left.
    bearing = np.sin(2 * np.pi * (left + 0.03))
    return {
        "pelvis_turn": -4.0 * amplitude * turned,
        "pelvis_list": 3.5 * amplitude * bearing,
        "pelvis_tilt": 2.0 + 0.8 * np.cos(4 * np.pi * left),
        "lumbar_rotation": 0.2 * counter_deg * turned,
        "thoracic_rotation": 0.8 * counter_deg * turned,
        "cervical_rotation": -(counter_deg - 4.0 * amplitude) * turned,
        "lumbar_bending": -3.0 * amplitude * bearing,
        "thoracic_bending": -1.5 * amplitude * bearing,
        "lumbar_flexion": 1.5 - 1.0 * np.cos(4 * np.pi * left),
        "thoracic_flexion": 1.0,
        "cervical_flexion": -3.0,
    }


def _carried_by_the_feet(clip: Clip) -> Clip:
    """Move the pelvis so that what touches the ground stays where it is, centred on the origin."""
    points = stick_points(clip)
    soles = np.stack([points[f"{name}_{side}"] for name in ("heel", "ball", "toe") for side in "lr"], axis=1)
    velocity = np.gradient(soles[..., 0] - points["pelvis"][:, None, 0], axis=0)
    # What lies within about a centimetre of the lowest point bears weight.
    weight = np.exp(-(soles[..., 2] - soles[..., 2].min(axis=1, keepdims=True)) / 0.008)
    forward = -(weight * velocity).sum(axis=1) / weight.sum(axis=1)
    kernel = np.hanning(7) / np.hanning(7).sum()
    forward = np.convolve(np.pad(forward, 3, mode="edge"), kernel, mode="valid")
    way = np.concatenate([[0.0], np.cumsum((forward[1:] + forward[:-1]) / 2)])
    position = clip.pelvis_position.copy()
    position[:, 0] = way - way[-1] / 2
    return replace(clip, pelvis_position=position)


def gait_rand(rng: np.random.Generator) -> Clip:
    """A random walk, slow to brisk."""
    pace = rng.uniform(0.0, 1.0)
    return gait(
        stride_s=1.3 - 0.35 * pace,
        amplitude=0.75 + 0.35 * pace,
        arm_deg=rng.uniform(8.0, 16.0) + 12.0 * pace,
        counter_deg=rng.uniform(5.0, 10.0) + 4.0 * pace,
        elbow_deg=rng.uniform(14.0, 30.0) + 10.0 * pace,
        phase=rng.uniform(0.0, 1.0),
        duration_s=2.0,
        asymmetry=rng.uniform(-0.04, 0.04),
    )


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
    angles |= {
        "pelvis_list": -3.0 * turned,
        "pelvis_tilt": -3.0,
        "lumbar_flexion": 3.0,
        "lumbar_bending": 3.0 * turned,
        "lumbar_rotation": 1.5 * turned,
        "thoracic_rotation": 6.0 * turned,
        "cervical_rotation": -6.0 * turned,
    }
    return clip_from_angles("march", angles, len(t))


def march_rand(rng: np.random.Generator) -> Clip:
    """A random march in place."""
    return march(
        rng.uniform(50.0, 95.0), rng.uniform(15.0, 40.0), rng.uniform(1.0, 1.4), rng.uniform(2.2, 3.0)
    )
