"""Motions led by the arms: reaching up, a golf-like swing, a wave, jumping jacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.motion.author import a_pose, both
from synth.motion.clip import Clip, ClipProp
from synth.motion.contacts import footing, with_hands
from synth.motion.curves import flow, frame_times, poses
from synth.motion.rotations import club_shaft, frame_from, unit
from synth.motion.standing import standing_clip
from synth.motion.stick import LENGTHS, segment_rotations, stick_points


def overhead_reach(
    arm_deg: float = 165.0,
    sides: str = "lr",
    extension_deg: float = 12.0,
    heel_raise_deg: float = 18.0,
    duration_s: float = 3.2,
) -> Clip:
    """Reach up with one arm or both, as to a high shelf.

    Args:
        arm_deg: Elevation of the upper arms in front.
        sides: ``l``, ``r`` or ``lr``: which arms reach. One arm bends the trunk away from it.
        extension_deg: Backward bend of lumbar and thoracic spine together.
        heel_raise_deg: How far the heels come up.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    up = poses(t, [(0.0, 0.0), (0.42, 1.0), (0.6, 1.0), (1.0, 0.0)])
    heels = heel_raise_deg * poses(t, [(0.14, 0.0), (0.46, 1.0), (0.58, 1.0), (0.9, 0.0)])
    one_sided = {"lr": 0.0, "l": 1.0, "r": -1.0}[sides]
    angles = {**a_pose(20.0), "lumbar_flexion": -0.55 * extension_deg * up,
        "thoracic_flexion": -0.45 * extension_deg * up, "cervical_flexion": -28.0 * up,
        "lumbar_bending": 5.0 * one_sided * up, "thoracic_bending": 9.0 * one_sided * up,
        "thoracic_rotation": -8.0 * one_sided * up}  # fmt: skip
    for side in sides:
        angles |= {
            f"shoulder_flexion_{side}": 4.0 + (arm_deg - 4.0) * up,
            f"shoulder_abduction_{side}": 20.0 - 4.0 * up,
            f"elbow_flexion_{side}": 12.0 + 30.0 * up * (1.0 - up) + 2.0 * up,
            f"shrug_{side}": 10.0 * up,
        }
    plan = footing(len(t), half_width=0.12, heel_raise_deg=(heels, heels))
    shift = np.zeros((len(t), 3))
    # On tiptoe the whole body rises with the ankles and goes forward over the balls of the feet.
    shift[:, 2] = plan.ankles[:, 0, 2] - plan.ankles[0, 0, 2]
    shift[:, 0] = 0.004 * heels
    return standing_clip("overhead_reach", angles, plan, shift)


def overhead_reach_rand(rng: np.random.Generator) -> Clip:
    """A random reach, with either arm or both."""
    return overhead_reach(arm_deg=rng.uniform(135.0, 172.0), sides=str(rng.choice(["l", "r", "lr"])),
        extension_deg=rng.uniform(0.0, 22.0), heel_raise_deg=float(rng.choice([0.0,
        1.0])) * rng.uniform(8.0, 30.0), duration_s=rng.uniform(2.6, 3.6))  # fmt: skip


# The golf swing's keys: time share, then values at address, top of the backswing, impact, finish.
_GOLF_TIMES = (0.0, 0.12, 0.46, 0.64, 0.86, 1.0)


def golf_swing(
    backswing_deg: float = 85.0,
    finish_deg: float = 90.0,
    posture_deg: float = 26.0,
    right_handed: bool = True,
    duration_s: float = 2.8,
) -> Clip:
    """A swing like a golfer's: turn back, swing through, finish facing the target.

    At the top a good player's upper thorax has turned by about 85 to 95 degrees and the pelvis by about half of that
    (Meister et al. 2011 and others [mem]).

    Args:
        backswing_deg: Turn of the upper thorax at the top.
        finish_deg: Turn of the upper thorax the other way at the finish.
        posture_deg: Forward tilt of the pelvis at address.
        right_handed: Turn to the right first.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    sign = -1.0 if right_handed else 1.0

    def keyed(*values: float) -> np.ndarray:
        return flow(t, list(zip(_GOLF_TIMES, (values[0], *values), strict=True)))

    trunk = keyed(0.0, backswing_deg, -12.0, -finish_deg, -finish_deg)
    pelvis = keyed(0.0, 0.48 * backswing_deg, -32.0, -0.8 * finish_deg, -0.82 * finish_deg)
    spine = np.clip(trunk - pelvis, -50.0, 50.0)
    bend = keyed(1.0, 1.0, 0.95, 0.25, 0.15)
    angles = {
        **a_pose(18.0),
        "pelvis_turn": sign * pelvis,
        "pelvis_tilt": posture_deg * bend,
        "lumbar_flexion": 9.0 * bend - 5.0 * keyed(0.0, 0.0, 0.0, 1.0, 1.0),
        "thoracic_flexion": 10.0 * bend,
        "lumbar_rotation": sign * 0.16 * spine,
        "thoracic_rotation": sign * 0.84 * spine,
        "lumbar_bending": sign * keyed(0.0, 4.0, -8.0, -6.0, -4.0),
        # The eyes stay on the ball until after impact.
        "cervical_rotation": sign * keyed(0.0, -58.0, 8.0, 4.0, 0.0),
        "cervical_flexion": keyed(16.0, 8.0, 14.0, -4.0, -4.0),
    }
    trail = keyed(0.0, 0.0, 12.0, 52.0, 52.0)
    # The trailing foot comes up on its toes and turns to the target.
    pivot = -sign * keyed(0.0, 0.0, 4.0, 48.0, 48.0)
    raised = (0.0, trail) if right_handed else (trail, 0.0)
    pivots = (0.0, pivot) if right_handed else (pivot, 0.0)
    plan = footing(len(t), half_width=0.21, toe_out_deg=14.0, heel_raise_deg=raised, pivot_deg=pivots)
    shift = np.zeros((len(t), 3))
    shift[:, 0] = keyed(-0.10, -0.09, -0.08, 0.0, 0.0)
    shift[:, 1] = sign * keyed(0.0, 0.03, -0.05, -0.10, -0.10)
    shift[:, 2] = keyed(-0.06, -0.06, -0.05, -0.05, -0.05)
    clip = standing_clip("golf_swing", angles, plan, shift)
    grip = np.stack([keyed(0.44, 0.30, 0.44, 0.30, 0.26), sign * keyed(0.0, 0.20, -0.02, -0.20, -0.20),
        keyed(-0.36, 0.16, -0.38, 0.16, 0.18)], axis=1)  # fmt: skip
    cock = keyed(0.0, 32.0, -4.0, 20.0, 26.0)
    upper = "l" if right_handed else "r"
    clip = _hands_on_club(clip, grip, cock, upper)
    return replace(clip, props=(ClipProp("club", f"hand_{upper}"),), hand_curl=np.ones((clip.num_frames, 2)))


def _hands_on_club(clip: Clip, grip_in_chest: np.ndarray, cock_deg: np.ndarray, upper: str) -> Clip:
    """Bring both hands to one grip that moves with the chest, the upper one at its end.

    Args:
        clip: The motion.
        grip_in_chest: From the middle of the shoulders, in the thorax' axes, shape (T, 3).
        cock_deg: How far the wrists bend towards the thumbs, shape (T,).
        upper: Side of the upper hand.
    """
    points, thorax = stick_points(clip), segment_rotations(clip)["thorax"]
    middle = (points["shoulder_l"] + points["shoulder_r"]) / 2
    wrists, elbows, hands = {}, {}, {}
    # Hands on from the forearms' mean direction, bent to the thumbs' side, the palms to each other.
    along = unit(np.einsum("tij,tj->ti", thorax, grip_in_chest))
    thumb = unit(np.cross(along, thorax[..., 1]))
    cos, sin = np.cos(np.deg2rad(cock_deg))[:, None], np.sin(np.deg2rad(cock_deg))[:, None]
    fingers, thumb = cos * along + sin * thumb, cos * thumb - sin * along
    shaft = club_shaft(thumb, fingers)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        apart = np.einsum("tij,j->ti", thorax, np.array([0.0, sign * 0.032, 0.0]))
        apart = apart + (-0.045 if side == upper else 0.045) * shaft
        wrists[side] = middle + np.einsum("tij,tj->ti", thorax, grip_in_chest) + apart
        elbows[side] = thorax @ np.array([-0.25, 0.55 * sign, -0.8])
        hands[side] = frame_from(sign * fingers, thumb, "yx")
    return with_hands(clip, wrists, elbows, hands=hands)


def golf_swing_rand(rng: np.random.Generator) -> Clip:
    """A random swing, seldom left-handed."""
    return golf_swing(backswing_deg=rng.uniform(65.0, 95.0), finish_deg=rng.uniform(70.0, 105.0),
        posture_deg=rng.uniform(20.0, 34.0), right_handed=bool(rng.random() < 0.8),
        duration_s=rng.uniform(2.2, 3.2))  # fmt: skip


def wave(side: str = "r", abduction_deg: float = 78.0, waves: int = 3, duration_s: float = 3.0) -> Clip:
    """Raise a hand and wave.

    Args:
        side: ``l`` or ``r``.
        abduction_deg: How far the upper arm is raised sideways.
        waves: How often the forearm swings.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    up = poses(t, [(0.0, 0.0), (0.25, 1.0), (0.78, 1.0), (1.0, 0.0)])
    swing = (
        up
        * np.sin(2 * np.pi * waves * (t - 0.2) / 0.6)
        * poses(t, [(0.2, 0.0), (0.3, 1.0), (0.72, 1.0), (0.8, 0.0)])
    )
    sign = 1.0 if side == "l" else -1.0
    angles = {
        **a_pose(20.0),
        f"shoulder_abduction_{side}": 20.0 + (abduction_deg - 20.0) * up,
        f"shoulder_flexion_{side}": 4.0 + 10.0 * up,
        f"shoulder_rotation_{side}": -72.0 * up,
        f"elbow_flexion_{side}": 12.0 + 78.0 * up + 22.0 * swing,
        f"pronation_{side}": 15.0 - 30.0 * up,
        "thoracic_bending": sign * 5.0 * up,
        "lumbar_bending": sign * 2.0 * up,
        "cervical_bending": -sign * 6.0 * up,
        "cervical_rotation": sign * 10.0 * up,
    }
    return standing_clip("wave", angles, footing(len(t), half_width=0.12))


def wave_rand(rng: np.random.Generator) -> Clip:
    """A random wave of either hand."""
    return wave(
        str(rng.choice(["l", "r"])), rng.uniform(60.0, 100.0), int(rng.integers(2, 5)), rng.uniform(2.4, 3.4)
    )


def jumping_jack(
    repeats: int = 2,
    height: float = 0.09,
    arm_deg: float = 155.0,
    half_width: float = 0.34,
    duration_s: float = 2.6,
) -> Clip:
    """Jump with the feet apart and the arms up, and back.

    Args:
        repeats: How often.
        height: Height of each jump, units of standing mid-hip height.
        arm_deg: Highest elevation of the arms sideways.
        half_width: From the midline to each ankle when apart.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    phase = t * repeats
    opened = (1.0 - np.cos(2 * np.pi * phase)) / 2
    # Two jumps a cycle, out and back; the knees give between them.
    in_air = np.sin(2 * np.pi * phase) ** 2
    landed = np.cos(2 * np.pi * phase) ** 2
    angles = {**both(shoulder_abduction=20.0 + (arm_deg - 20.0) * opened, shoulder_flexion=4.0,
        shoulder_rotation=-50.0 * opened, elbow_flexion=14.0 + 10.0 * opened),
        "pelvis_tilt": 3.0 + 3.0 * landed, "lumbar_flexion": 2.0 * landed - 3.0 * opened,
        "thoracic_flexion": -4.0 * opened, "cervical_flexion": -4.0}  # fmt: skip
    pointed = 28.0 * in_air
    plan = footing(len(t), 0.1 + (half_width - 0.1) * opened, 8.0, (0.0, 0.0), (pointed, pointed))
    shift = np.zeros((len(t), 3))
    # The pelvis follows the pointed feet up, comes down as the legs open, and the knees give at the landings.
    leg = LENGTHS["thigh"] + LENGTHS["shank"]
    across = np.abs(plan.ankles[:, 0, 1]) - LENGTHS["hip_half"]
    ankle_up = plan.ankles[:, 0, 2] - LENGTHS["ankle_height"]
    shift[:, 2] = ankle_up + np.sqrt(leg**2 - across**2) - leg - 0.006 - 0.03 * landed
    shift[:, 0] = -0.01 * landed + plan.ankles[:, 0, 0]
    return standing_clip("jumping_jack", angles, plan, shift, clearance=height * in_air**1.5)


def jumping_jack_rand(rng: np.random.Generator) -> Clip:
    """Random jumping jacks."""
    return jumping_jack(repeats=int(rng.integers(2, 4)), height=rng.uniform(0.05, 0.14),
        arm_deg=rng.uniform(120.0, 165.0), half_width=rng.uniform(0.24, 0.38),
        duration_s=rng.uniform(2.4, 3.4))  # fmt: skip
