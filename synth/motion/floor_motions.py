"""Motions on hands and knees."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synth.motion.author import Angles, both, clip_from_angles
from synth.motion.clip import Clip
from synth.motion.contacts import with_hands
from synth.motion.curves import frame_times, poses
from synth.motion.rotations import turn_deg
from synth.motion.stick import LENGTHS, stick_points

# Heights of joint centres over the floor they rest on, units of standing mid-hip height [guess: 4 and 5 cm].
_KNEE_HEIGHT = 0.045
_WRIST_HEIGHT = 0.05
_ARM = LENGTHS["upper_arm"] + LENGTHS["forearm"]
# Shanks rise a little to the ankles, so that feet, pointed, lie on the toes.
_SHANK_RISE_DEG = 6.0
_FOOT_POINTED_DEG = 50.0


def on_all_fours(
    name: str,
    angles: Angles,
    frames: int,
    elbow_deg: float = 10.0,
    extended: Mapping[str, np.ndarray] | None = None,
) -> Clip:
    """Put a trunk on hands and knees: thighs upright, arms from the shoulders to the floor.

    The spine decides how the pelvis lies: it pitches until the shoulders are an arm's length over the floor, so
    that a rounded back tucks the pelvis under and a hollow one tips it forward.

    Args:
        name: The clip's name.
        angles: Trunk angles but the pelvis', degrees, as :func:`clip_from_angles` takes them.
        frames: Number of frames.
        elbow_deg: Bend of the elbows at rest.
        extended: ``hand_l``, ``foot_r``, ...: how far that limb is stretched out level, 0 to 1, shape (T,).
    """
    straight = clip_from_angles(name, angles, frames)
    points = stick_points(straight)
    chest = (points["shoulder_l"] + points["shoulder_r"]) / 2 - points["pelvis"]
    reach = _ARM * np.cos(np.radians(elbow_deg / 2))
    rise = _WRIST_HEIGHT + reach - (_KNEE_HEIGHT + LENGTHS["thigh"])
    length = np.hypot(chest[:, 0], chest[:, 2])
    pitch = np.degrees(np.arccos(rise / length) - np.arctan2(chest[:, 0], chest[:, 2]))
    legs = both(
        hip_flexion=pitch,
        knee_flexion=90.0 + _SHANK_RISE_DEG,
        ankle_dorsiflexion=-_FOOT_POINTED_DEG,
    )
    out = extended or {}
    for side in "lr":
        share = np.asarray(out.get(f"foot_{side}", 0.0))
        # A stretched leg is level: the thigh 90 degrees from upright, the knee straight.
        legs[f"hip_flexion_{side}"] = pitch - 88.0 * share
        legs[f"knee_flexion_{side}"] = (90.0 + _SHANK_RISE_DEG) * (1.0 - share) + 4.0 * share
    pelvis = np.tile([0.0, 0.0, _KNEE_HEIGHT + LENGTHS["thigh"]], (frames, 1))
    clip = clip_from_angles(name, {**angles, "pelvis_tilt": pitch, **legs}, frames, pelvis)
    return _hands_on_floor(clip, out)


def _hands_on_floor(clip: Clip, extended: Mapping[str, np.ndarray]) -> Clip:
    """Plant the hands under where the shoulders are on average, the fingers forward; or stretch them out ahead."""
    points = stick_points(clip)
    floor = points["pelvis"][:, 2].mean() - LENGTHS["thigh"] - _KNEE_HEIGHT
    wrists, elbows, hands = {}, {}, {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        wrist = points[f"shoulder_{side}"].mean(axis=0)
        wrist[2] = floor + _WRIST_HEIGHT
        share = np.broadcast_to(extended.get(f"hand_{side}", 0.0), (clip.num_frames,))[:, None]
        ahead = points[f"shoulder_{side}"] + np.array([0.6, 0.06 * sign, 0.08])
        # On its way the hand leaves the floor before it goes ahead.
        wrists[side] = (
            wrist + share * (ahead - wrist) + share * (1.0 - share) * np.array([-0.25, 0.1 * sign, 0.1])
        )
        elbows[side] = np.array([-1.0, 0.25 * sign, 0.0])
        hands[side] = turn_deg("z", -sign * 90.0)
    # Pronated forearms turn the palms back, so that the wrists only have to bend.
    return with_hands(clip, wrists, elbows, 80.0, hands)


def cat_cow(
    round_deg: float = 34.0, hollow_deg: float = 32.0, duration_s: float = 4.0, neck: float = 1.0
) -> Clip:
    """On all fours: round the back like a cat, then hollow it like a cow, and come back.

    Args:
        round_deg: Flexion of the lumbar spine in the cat; the thoracic spine takes half as much.
        hollow_deg: Extension of the lumbar and thoracic spine together in the cow.
        duration_s: Seconds.
        neck: How much the head takes part, 0 to 1.3.
    """
    t = frame_times(duration_s) / duration_s
    cat = poses(t, [(0.0, 0.0), (0.3, 1.0), (0.38, 1.0), (0.62, 0.0)])
    cow = poses(t, [(0.4, 0.0), (0.7, 1.0), (0.78, 1.0), (1.0, 0.0)])
    angles = {
        "lumbar_flexion": round_deg * cat - 0.6 * hollow_deg * cow,
        "thoracic_flexion": 0.5 * round_deg * cat - 0.4 * hollow_deg * cow,
        # Looking at the floor between the hands at rest takes some extension.
        "cervical_flexion": -18.0 + neck * (38.0 * cat - 26.0 * cow),
    }
    return on_all_fours("cat_cow", angles, len(t))


def cat_cow_rand(rng: np.random.Generator) -> Clip:
    """A random cat-cow."""
    return cat_cow(
        rng.uniform(22.0, 44.0), rng.uniform(18.0, 36.0), rng.uniform(3.2, 4.0), rng.uniform(0.4, 1.2)
    )
