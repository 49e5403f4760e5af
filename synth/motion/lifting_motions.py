"""Squats, lifts, hinges and lunges: both feet on the ground, the trunk under load."""

from __future__ import annotations

import numpy as np

from synth.motion.author import a_pose, both
from synth.motion.clip import Clip
from synth.motion.contacts import footing, with_hands
from synth.motion.curves import flow, frame_times, poses
from synth.motion.standing import bend_shares, hips_back, squat_path, standing_clip


def squat(
    depth: float = 0.95,
    lean_deg: float = 38.0,
    arms_forward_deg: float = 80.0,
    half_width: float = 0.17,
    duration_s: float = 3.2,
) -> Clip:
    """Squat down and stand up, the arms forward as a counterweight.

    Args:
        depth: 1 has the thighs level.
        lean_deg: Forward tilt of the pelvis at the bottom; below level thighs the lumbar spine rounds.
        arms_forward_deg: How far the arms rise in front.
        half_width: From the midline to each ankle, units of standing mid-hip height.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    down = poses(t, [(0.0, 0.0), (0.44, 1.0), (0.54, 1.0), (1.0, 0.0)])
    bent = depth * down
    arms = a_pose(16.0)
    angles = {**arms, **both(shoulder_flexion=4.0 + (arms_forward_deg - 4.0) * down,
        shoulder_abduction=16.0 - 6.0 * down, elbow_flexion=12.0 + 6.0 * down),
        "pelvis_tilt": lean_deg * bent, "lumbar_flexion": 6.0 * bent + 16.0 * bent**4,
        "thoracic_flexion": 4.0 * bent, "cervical_flexion": -0.55 * lean_deg * bent}  # fmt: skip
    plan = footing(len(t), half_width=half_width, toe_out_deg=10.0 + 60.0 * (half_width - 0.11))
    return standing_clip("squat", angles, plan, squat_path(bent), arms_in="world")


def squat_rand(rng: np.random.Generator) -> Clip:
    """A random squat, half to full."""
    return squat(depth=rng.uniform(0.55, 1.1), lean_deg=rng.uniform(28.0, 46.0),
        arms_forward_deg=rng.uniform(55.0, 95.0), half_width=rng.uniform(0.13, 0.22),
        duration_s=rng.uniform(2.6, 3.6))  # fmt: skip


def lift(
    stoop: float = 0.5,
    floor_height: float = 0.38,
    reach: float = 0.42,
    turn_deg: float = 0.0,
    duration_s: float = 3.8,
) -> Clip:
    """Bend down, take a box and lift it to the waist.

    Args:
        stoop: 0 lifts from the legs (a squat), 1 from the back (knees nearly straight).
        floor_height: Height of the hands at the box, units of standing mid-hip height.
        reach: How far in front of the ankles the box stands.
        turn_deg: Turn of the trunk to the left at the end, where the box goes.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    down = poses(t, [(0.0, 0.0), (0.36, 1.0), (0.46, 1.0), (0.84, 0.0)])
    turned = turn_deg * poses(t, [(0.7, 0.0), (1.0, 1.0)])
    lumbar, tilt = bend_shares((52.0 + 34.0 * stoop) * down)
    angles = {**a_pose(18.0), "pelvis_tilt": tilt + (1.0 - stoop) * 10.0 * down,
        "lumbar_flexion": (0.55 + 0.45 * stoop) * lumbar,
        "thoracic_flexion": (8.0 + 14.0 * stoop) * down, "cervical_flexion": -16.0 * down,
        "lumbar_rotation": 0.1 * turned, "thoracic_rotation": 0.6 * turned, "pelvis_turn": 0.3 * turned,
        "cervical_rotation": 0.2 * turned, **both(protraction=12.0 * down)}  # fmt: skip
    shift = squat_path((0.85 - 0.6 * stoop) * down)
    shift[:, 0] += stoop * hips_back(tilt)
    clip = standing_clip("lift", angles, footing(len(t), half_width=0.16, toe_out_deg=12.0), shift)
    x = flow(t, [(0.0, 0.12), (0.36, reach), (0.46, reach), (0.84, 0.36), (1.0, 0.36)])
    y = flow(t, [(0.0, 0.36), (0.36, 0.19), (0.46, 0.19), (1.0, 0.19)])
    z = flow(t, [(0.0, 0.98), (0.36, floor_height), (0.46, floor_height), (0.84, 1.08), (1.0, 1.1)])
    cos, sin = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    wrists = {
        side: np.stack([x * cos - sign * y * sin, x * sin + sign * y * cos, z], axis=1)
        for side, sign in (("l", 1), ("r", -1))
    }
    return with_hands(clip, wrists, {"l": np.array([-0.6, 0.7, -0.4]), "r": np.array([-0.6, -0.7, -0.4])})


def lift_rand(rng: np.random.Generator) -> Clip:
    """A random lift, from the legs or from the back, straight or with a turn."""
    return lift(stoop=rng.uniform(0.1, 1.0), floor_height=rng.uniform(0.30, 0.5),
        reach=rng.uniform(0.36, 0.46), turn_deg=float(rng.choice([0.0, 1.0])) * rng.uniform(-40.0,
        40.0), duration_s=rng.uniform(3.2, 4.0))  # fmt: skip


def deadlift(
    hinge_deg: float = 62.0, rounding_deg: float = 10.0, knee_share: float = 0.35, duration_s: float = 3.4
) -> Clip:
    """Hinge at the hips with a weight in the hands and stand up again, the back nearly flat.

    Args:
        hinge_deg: Forward tilt of the pelvis at the bottom.
        rounding_deg: Flexion of the lumbar spine there.
        knee_share: Depth of the knees' bend, as in :func:`squat_path`.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    down = poses(t, [(0.0, 0.0), (0.46, 1.0), (0.56, 1.0), (1.0, 0.0)])
    angles = {**a_pose(10.0), "pelvis_tilt": hinge_deg * down, "lumbar_flexion": rounding_deg * down,
        "thoracic_flexion": 6.0 * down, "cervical_flexion": -0.45 * hinge_deg * down,
        **both(protraction=8.0 * down)}  # fmt: skip
    shift = squat_path(knee_share * down, shank_deg=12.0)
    shift[:, 0] += 0.8 * hips_back(hinge_deg * down)
    clip = standing_clip("deadlift", angles, footing(len(t), half_width=0.13, toe_out_deg=10.0), shift)
    x = 0.21 + 0.03 * down
    z = 0.92 + (0.42 - 0.92) * down
    wrists = {side: np.stack([x, sign * 0.25 + 0.0 * x, z], axis=1) for side, sign in (("l", 1), ("r", -1))}
    elbows = {"l": np.array([-1.0, 0.5, 0.0]), "r": np.array([-1.0, -0.5, 0.0])}
    return with_hands(clip, wrists, elbows, pronation_deg=60.0)


def deadlift_rand(rng: np.random.Generator) -> Clip:
    """A random hip hinge."""
    return deadlift(
        rng.uniform(45.0, 72.0), rng.uniform(0.0, 22.0), rng.uniform(0.2, 0.5), rng.uniform(2.8, 3.8)
    )


def lunge(
    depth: float = 0.85, left_front: bool = True, lean_deg: float = 8.0, duration_s: float = 3.0
) -> Clip:
    """From a split stance, sink into a lunge and rise.

    Args:
        depth: 1 has the front thigh level.
        left_front: Which foot stands in front.
        lean_deg: Forward tilt of the pelvis at the bottom.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    down = depth * poses(t, [(0.0, 0.0), (0.45, 1.0), (0.55, 1.0), (1.0, 0.0)])
    heel = 22.0 + 38.0 * down
    ahead, behind = 0.40, -0.42
    if left_front:
        plan = footing(len(t), 0.11, 4.0, (ahead, behind), (0.0, heel))
    else:
        plan = footing(len(t), 0.11, 4.0, (behind, ahead), (heel, 0.0))
    angles = {**a_pose(24.0, flexion=8.0, elbow=30.0), "pelvis_tilt": lean_deg * down,
        "lumbar_flexion": -6.0 * down, "thoracic_flexion": 3.0 * down,
        "cervical_flexion": -0.5 * lean_deg * down}  # fmt: skip
    shift = np.zeros((len(t), 3))
    shift[:, 2] = -0.10 - 0.34 * down
    shift[:, 0] = 0.02 + 0.04 * down
    return standing_clip("lunge", angles, plan, shift, arms_in="world")


def lunge_rand(rng: np.random.Generator) -> Clip:
    """A random lunge, either foot in front."""
    return lunge(
        rng.uniform(0.5, 1.0), bool(rng.random() < 0.5), rng.uniform(0.0, 18.0), rng.uniform(2.4, 3.4)
    )
