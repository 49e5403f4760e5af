"""What makes an authored motion look alive: breath, tremor, sway, a tempo of its own.

Amplitudes [guess] are those at which a still picture differs and a film does not shake: a degree or two in the
trunk and the arms, three in the neck. Postural sway of quiet standing is some 5 mm (Winter 1995), people at work
shift far more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from synth.motion.clip import SEGMENTS, Clip, ClipProp
from synth.motion.contacts import Footing, with_feet, with_hands
from synth.motion.rotations import frame_from, turn
from synth.motion.stick import segment_rotations, stick_points

# Degrees of slow noise by coordinate, and of a constant the person keeps for the whole motion.
_WOBBLE = {
    "lumbar_flexion": 0.9, "lumbar_bending": 0.6, "lumbar_rotation": 0.3, "thoracic_flexion": 0.8,
    "thoracic_bending": 0.8, "thoracic_rotation": 1.2, "cervical_flexion": 2.0, "cervical_bending": 1.6,
    "cervical_rotation": 2.4,
}  # fmt: skip
_HABIT = 1.2
_BREATH_DEG = 0.7
_ARM_DEG = 1.6
_SWAY = 0.007


@dataclass(frozen=True)
class Life:
    """How a motion may be enlivened.

    Attributes:
        amount: Scales the noise; 0.3 for quick sports, where motion itself dwarfs it.
        hands: ``free`` arms get noise of their own; ``kept`` hands stay where the motion has them.
        feet: Whether the pelvis may sway over planted feet.
        tempo: Greatest change of pace within the motion, a share.
    """

    amount: float = 1.0
    hands: str = "free"
    feet: bool = True
    tempo: float = 0.2


def _noise(rng: np.random.Generator, time_s: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Smooth noise of unit size, shape (T, *shape): four slow waves each."""
    rates = rng.uniform(0.12, 1.1, (4, *shape))
    starts = rng.uniform(0.0, 2 * np.pi, (4, *shape))
    weights = np.array([0.5, 0.4, 0.3, 0.25]).reshape(4, *[1] * len(shape))
    angle = 2 * np.pi * np.multiply.outer(time_s, rates) + starts
    return (weights * np.sin(angle)).sum(axis=1) * 1.4


def retimed(clip: Clip, at: np.ndarray) -> Clip:
    """The clip at other times: frames between frames.

    Args:
        clip: The motion.
        at: Ascending frame numbers, not whole, shape (T',).
    """
    low = np.clip(np.floor(at).astype(int), 0, max(clip.num_frames - 2, 0))
    high = np.minimum(low + 1, clip.num_frames - 1)
    share = np.clip(at - low, 0.0, 1.0)

    def line(values: np.ndarray) -> np.ndarray:
        s = share.reshape(-1, *[1] * (values.ndim - 1))
        return values[low] * (1.0 - s) + values[high] * s

    def rotation(values: np.ndarray) -> np.ndarray:
        between = line(values)  # neighbouring frames are near: the chord is the arc
        return frame_from(between[..., 0], between[..., 1], "xy")

    return replace(
        clip,
        pelvis_position=line(clip.pelvis_position),
        pelvis_rotation=rotation(clip.pelvis_rotation),
        spine_rad=line(clip.spine_rad),
        limb_rotations=rotation(clip.limb_rotations),
        clearance=line(clip.clearance),
        hand_curl=None if clip.hand_curl is None else line(clip.hand_curl),
        props=tuple(_retimed_prop(prop, at) for prop in clip.props),
    )


def _retimed_prop(prop: ClipProp, at: np.ndarray) -> ClipProp:
    def now(frame: int) -> int:
        return int(np.clip(np.searchsorted(at, frame - 0.5), 0, len(at)))

    held = prop.frames if prop.frames == (0, 0) else (now(prop.frames[0]), now(prop.frames[1]))
    under = prop.under_frame if prop.under_frame < 0 else min(now(prop.under_frame), len(at) - 1)
    return replace(prop, frames=held, under_frame=under)


def _tempo(rng: np.random.Generator, frames: int, most: float) -> np.ndarray:
    """Frame numbers of a clip played now a little faster, now slower, shape (T,)."""
    t = np.linspace(0.0, 1.0, frames)
    a, b = rng.uniform(-0.6, 0.6, 2) * most
    return (frames - 1) * (t + a * np.sin(np.pi * t) / np.pi + b * np.sin(2 * np.pi * t) / (2 * np.pi))


def enlivened(clip: Clip, rng: np.random.Generator, life: Life = Life()) -> Clip:
    """Add what makes a motion look alive; spine coordinates stay within their ranges."""
    if life.tempo > 0 and clip.num_frames > 2:
        clip = retimed(clip, _tempo(rng, clip.num_frames, life.tempo))
    before, kept = stick_points(clip), segment_rotations(clip)
    time_s = np.arange(clip.num_frames) / clip.fps
    moved = replace(clip, spine_rad=_breathing_spine(rng, clip, time_s, life.amount))
    if life.feet and clip.anchor == "feet":
        moved = _swaying(rng, moved, before, kept, time_s, life.amount)
    if life.hands == "kept":
        return _hands_kept(moved, before, kept)
    return _loose_arms(rng, moved, time_s, life.amount)


def _breathing_spine(rng: np.random.Generator, clip: Clip, time_s: np.ndarray, amount: float) -> np.ndarray:
    size = amount * np.radians([_WOBBLE[name] for name in REGIONAL_COORDINATES])
    spine = clip.spine_rad + size * _noise(rng, time_s, (9,))
    spine = spine + _HABIT * size * rng.normal(0.0, 1.0, 9).clip(-1.5, 1.5)
    breath = np.sin(2 * np.pi * (rng.uniform(0.2, 0.4) * time_s + rng.random()))
    spine[:, REGIONAL_COORDINATES.index("thoracic_flexion")] -= np.radians(_BREATH_DEG) * breath
    # Noise ends softly at the ranges instead of being cut off at them.
    low, high = REGIONAL_RANGES_RAD.T
    room = np.radians(1.0)
    spine = np.where(spine > high - room, high - room * np.exp(-(spine - high + room) / room), spine)
    return np.where(spine < low + room, low + room * np.exp(-(low + room - spine) / room), spine)


def _swaying(rng, clip: Clip, before: dict, kept: dict, time_s: np.ndarray, amount: float) -> Clip:
    """Shift the pelvis a little over feet that stay."""
    plan = Footing(
        np.stack([before[f"ankle_{s}"] for s in "lr"], axis=1),
        np.stack([kept[f"foot_{s}"] for s in "lr"], axis=1),
        np.stack([kept[f"toes_{s}"] for s in "lr"], axis=1),
        np.stack([kept[f"thigh_{s}"][..., 0] for s in "lr"], axis=1),
    )
    sway = amount * _SWAY * _noise(rng, time_s, (3,)) * np.array([0.7, 1.0, 0.0])
    shifted = replace(clip, pelvis_position=before["pelvis"] + sway)
    return replace(with_feet(shifted, plan), pelvis_position=clip.pelvis_position)


def _hands_kept(clip: Clip, before: dict, kept: dict) -> Clip:
    """Bring both wrists and hands back to where they were."""
    now = stick_points(clip)
    # What rests on the ground moved as a whole; hands keep their place relative to it only through the feet or hips.
    drift = (now["ankle_l"] + now["ankle_r"] - before["ankle_l"] - before["ankle_r"]) / 2
    wrists = {s: before[f"wrist_{s}"] + drift * np.array([0.0, 0.0, 1.0]) for s in "lr"}
    elbows = {s: before[f"elbow_{s}"] - (before[f"shoulder_{s}"] + before[f"wrist_{s}"]) / 2 for s in "lr"}
    fallback = {s: kept[f"upper_arm_{s}"] @ np.array([-0.02, 0.0, 0.0]) for s in "lr"}
    hints = {s: elbows[s] + fallback[s] for s in "lr"}
    hands = {s: kept[f"hand_{s}"] for s in "lr"}
    return with_hands(clip, wrists, hints, None, hands)


def _loose_arms(rng: np.random.Generator, clip: Clip, time_s: np.ndarray, amount: float) -> Clip:
    limbs = clip.limb_rotations.copy()
    size = np.radians(amount * _ARM_DEG)
    habit = rng.normal(0.0, 1.2, (2, 3)).clip(-2.0, 2.0)
    wave = size * (_noise(rng, time_s, (2, 3)) + habit)
    shrug = np.radians(amount) * _noise(rng, time_s, (2, 2))
    for k, (side, sign) in enumerate((("l", 1.0), ("r", -1.0))):
        clavicle, upper, fore = (SEGMENTS.index(f"{n}_{side}") for n in ("clavicle", "upper_arm", "forearm"))
        limbs[:, clavicle] = turn("x", shrug[:, k, 0]) @ turn("z", shrug[:, k, 1]) @ limbs[:, clavicle]
        limbs[:, upper] = (
            turn("y", wave[:, k, 0]) @ turn("x", sign * wave[:, k, 1].clip(-0.01)) @ limbs[:, upper]
        )
        # Only ever more bent: an elbow near straight would bend backward.
        bent = turn("z", -sign * np.abs(wave[:, k, 2]))
        limbs[:, fore] = bent @ limbs[:, fore]
    return replace(clip, limb_rotations=limbs)
