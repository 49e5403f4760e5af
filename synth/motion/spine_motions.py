"""Motions that are about the spine: standing bends and turns, cat-cow, roll-down.

Amplitudes are shares of the ranges in ``opensim_models.anatomy.levels``; a motion never asks for more than a healthy
adult does actively. Where a motion takes the pelvis along, the share is lumbopelvic rhythm (``standing.bend_shares``).
"""

from __future__ import annotations

import numpy as np

from synth.motion.author import a_pose
from synth.motion.clip import Clip
from synth.motion.contacts import footing
from synth.motion.curves import frame_times, poses, positive_part
from synth.motion.standing import bend_shares, hips_back, standing_clip
from synth.motion.stick import LENGTHS


def flexion_extension(
    flexion_deg: float = 75.0,
    extension_deg: float = 20.0,
    duration_s: float = 3.6,
    gaze: float = 0.35,
    arms_deg: float = 22.0,
) -> Clip:
    """Bend forward, come back, bend backward, stand.

    Args:
        flexion_deg: Forward bend of the trunk, pelvis included.
        extension_deg: Backward bend.
        duration_s: Seconds.
        gaze: Share of the bend that the neck undoes to keep looking ahead; negative lets the head hang.
        arms_deg: Arms away from the body.
    """
    t = frame_times(duration_s) / duration_s
    trunk = poses(t, [(0.0, 0.0), (0.36, flexion_deg), (0.44, flexion_deg), (0.72, -extension_deg),
        (0.78, -extension_deg), (1.0, 0.0)])  # fmt: skip
    lumbar, pelvis = bend_shares(trunk)
    thoracic = 0.25 * trunk
    angles = {**a_pose(arms_deg, flexion=6.0), "pelvis_tilt": pelvis, "lumbar_flexion": lumbar,
        "thoracic_flexion": thoracic,
        "cervical_flexion": -gaze * positive_part(trunk) - 0.5 * positive_part(-trunk)}  # fmt: skip
    shift = np.zeros((len(t), 3))
    # Bending backward the hips go forward, by about 3 cm.
    shift[:, 0] = hips_back(pelvis) + 0.0015 * positive_part(-trunk)
    return standing_clip("flexion_extension", angles, footing(len(t)), shift, arms_in="world")


def flexion_extension_rand(rng: np.random.Generator) -> Clip:
    """A random forward and backward bend."""
    return flexion_extension(flexion_deg=rng.uniform(40.0, 95.0), extension_deg=rng.uniform(8.0, 28.0),
        duration_s=rng.uniform(3.0, 4.0), gaze=rng.uniform(-0.15, 0.55), arms_deg=rng.uniform(15.0,
        32.0))  # fmt: skip


def side_bend(
    right_deg: float = 28.0, left_deg: float = 28.0, duration_s: float = 3.6, arms_deg: float = 26.0
) -> Clip:
    """Bend to the right, then to the left.

    The lumbar spine takes 45 % and the thoracic 55 % of the bend (their ranges in the table: 37 and 68 degrees, the
    ribs hold the latter back); the neck goes along by a third and the hips shift the other way.

    Args:
        right_deg: Bend to the right, degrees between pelvis and upper thorax.
        left_deg: Bend to the left.
        duration_s: Seconds.
        arms_deg: Arms away from the body.
    """
    t = frame_times(duration_s) / duration_s
    bend = poses(
        t, [(0.0, 0.0), (0.25, right_deg), (0.32, right_deg), (0.7, -left_deg), (0.77, -left_deg), (1.0, 0.0)]
    )
    angles = {
        **a_pose(arms_deg),
        # The arms follow gravity half way, so that neither lies on the thigh nor sticks out.
        "shoulder_abduction_r": arms_deg + 0.45 * bend,
        "shoulder_abduction_l": arms_deg - 0.45 * bend,
        "pelvis_list": 0.08 * bend,
        "lumbar_bending": 0.45 * bend,
        "thoracic_bending": 0.55 * bend,
        # Coupling in the lumbar spine: bending right turns the front slightly left (White & Panjabi 1990).
        "lumbar_rotation": 0.05 * bend,
        "cervical_bending": 0.33 * bend,
    }
    shift = np.zeros((len(t), 3))
    shift[:, 1] = 0.0012 * bend
    return standing_clip("side_bend", angles, footing(len(t)), shift)


def side_bend_rand(rng: np.random.Generator) -> Clip:
    """A random side bend, more to one side than to the other."""
    return side_bend(right_deg=rng.uniform(15.0, 40.0), left_deg=rng.uniform(15.0, 40.0),
        duration_s=rng.uniform(3.0, 4.0), arms_deg=rng.uniform(18.0, 35.0))  # fmt: skip


def axial_rotation(
    left_deg: float = 45.0,
    right_deg: float = 45.0,
    duration_s: float = 3.4,
    arms_deg: float = 30.0,
    elbow_deg: float = 35.0,
) -> Clip:
    """Turn the trunk to the left, then to the right, the feet in place.

    Of the turn of T1 the pelvis gives a quarter, the lumbar spine 12 % (its range is 11 degrees in all)
    and the thoracic spine the rest.

    Args:
        left_deg: Turn of the top of the thorax (T1) to the left.
        right_deg: Turn to the right.
        duration_s: Seconds.
        arms_deg: Arms away from the body.
        elbow_deg: Bend of the elbows.
    """
    t = frame_times(duration_s) / duration_s
    turned = poses(
        t, [(0.0, 0.0), (0.26, left_deg), (0.32, left_deg), (0.7, -right_deg), (0.76, -right_deg), (1.0, 0.0)]
    )
    angles = {**a_pose(arms_deg, flexion=12.0, elbow=elbow_deg), "pelvis_turn": 0.25 * turned,
        "lumbar_rotation": 0.12 * turned, "thoracic_rotation": 0.63 * turned,
        "cervical_rotation": 0.35 * turned}  # fmt: skip
    return standing_clip("axial_rotation", angles, footing(len(t)))


def axial_rotation_rand(rng: np.random.Generator) -> Clip:
    """A random turn of the trunk."""
    return axial_rotation(left_deg=rng.uniform(25.0, 60.0), right_deg=rng.uniform(25.0, 60.0),
        duration_s=rng.uniform(2.6, 4.0), arms_deg=rng.uniform(22.0, 45.0), elbow_deg=rng.uniform(10.0,
        80.0))  # fmt: skip


def roll_down(depth_deg: float = 80.0, duration_s: float = 3.8, arms_deg: float = 14.0) -> Clip:
    """Roll down vertebra by vertebra, the head first, and up again, the head last.

    Args:
        depth_deg: Forward bend of lumbar spine and pelvis at the lowest.
        duration_s: Seconds.
        arms_deg: Arms away from the body; they hang.
    """
    t = frame_times(duration_s) / duration_s

    def wave(start: float, end: float) -> np.ndarray:
        return poses(t, [(start, 0.0), (end, 1.0), (1.04 - end, 1.0), (1.0 - start, 0.0)])

    lumbar, _ = bend_shares(np.array([depth_deg]))
    tilt = (depth_deg - lumbar[0]) * wave(0.22, 0.5)
    angles = {**a_pose(arms_deg, flexion=6.0, elbow=6.0), "cervical_flexion": 38.0 * wave(0.0, 0.2),
        "thoracic_flexion": 30.0 * wave(0.06, 0.34), "lumbar_flexion": lumbar[0] * wave(0.14, 0.44),
        "pelvis_tilt": tilt}  # fmt: skip
    shift = np.zeros((len(t), 3))
    shift[:, 0], shift[:, 2] = hips_back(tilt), -0.03 * wave(0.22, 0.5)
    return standing_clip("roll_down", angles, footing(len(t)), shift, arms_in="world")


def roll_down_rand(rng: np.random.Generator) -> Clip:
    """A random roll-down."""
    return roll_down(rng.uniform(55.0, 105.0), rng.uniform(3.4, 4.0), rng.uniform(10.0, 20.0))


def side_stretch(
    bend_deg: float = 32.0, arm_deg: float = 165.0, to_right: bool = True, duration_s: float = 3.4
) -> Clip:
    """A stretch to one side with the other arm over the head, the feet apart.

    Args:
        bend_deg: Bend between pelvis and upper thorax, shared as in :func:`side_bend`.
        arm_deg: Elevation of the upper arm.
        to_right: Bend to the right, the left arm up.
        duration_s: Seconds.
    """
    t = frame_times(duration_s) / duration_s
    arm = poses(t, [(0.0, 0.0), (0.34, 1.0), (0.8, 1.0), (1.0, 0.0)])
    bend = poses(t, [(0.12, 0.0), (0.46, 1.0), (0.66, 1.0), (0.95, 0.0)])
    up, down, sign = ("l", "r", 1.0) if to_right else ("r", "l", -1.0)
    angles = {
        **a_pose(24.0),
        f"shoulder_abduction_{up}": 24.0 + (arm_deg - 24.0) * arm,
        # The arm turns out on its way up; without it the greater tubercle would meet the acromion.
        f"shoulder_rotation_{up}": -60.0 * arm,
        f"elbow_flexion_{up}": 12.0 + 14.0 * arm,
        f"shoulder_abduction_{down}": 24.0 + 16.0 * bend,
        f"shoulder_flexion_{down}": 4.0 + 8.0 * bend,
        "pelvis_list": sign * 0.1 * bend_deg * bend,
        "lumbar_bending": sign * 0.45 * bend_deg * bend,
        "thoracic_bending": sign * 0.55 * bend_deg * bend,
        "cervical_bending": sign * 0.4 * bend_deg * bend,
    }
    shift = np.zeros((len(t), 3))
    shift[:, 1] = sign * 0.05 * bend
    return standing_clip("side_stretch", angles, footing(len(t), half_width=0.26, toe_out_deg=14.0), shift)


def side_stretch_rand(rng: np.random.Generator) -> Clip:
    """A random side stretch, to either side."""
    return side_stretch(
        rng.uniform(18.0, 42.0), rng.uniform(140.0, 172.0), bool(rng.random() < 0.5), rng.uniform(2.8, 4.0)
    )


def static_clip(
    arms_deg: float = 30.0, lean_deg: float = 0.6, turn_deg: float = 0.8, duration_s: float = 1.0
) -> Clip:
    """Quiet standing with the arms away from the body: the static trial, 10 frames a second.

    Args:
        arms_deg: Arms away from the body, so that the trunk's side is seen.
        lean_deg: How far the trunk sways forward and back.
        turn_deg: How far it sways to the sides and about itself.
        duration_s: Seconds.
    """
    t = frame_times(duration_s, 10.0) / duration_s
    sway, drift = np.sin(2 * np.pi * t), np.cos(2 * np.pi * 0.7 * t)
    angles = {**a_pose(arms_deg, flexion=2.0, elbow=8.0), "pelvis_tilt": 0.4 * lean_deg * sway,
        "lumbar_flexion": 0.5 * lean_deg * sway, "thoracic_flexion": 0.4 * lean_deg * drift,
        "thoracic_rotation": 0.5 * turn_deg * drift, "thoracic_bending": 0.3 * turn_deg * sway,
        "cervical_flexion": -0.6 * lean_deg * sway}  # fmt: skip
    return standing_clip("static", angles, footing(len(t), LENGTHS["hip_half"], 6.0), fps=10.0)


def static_clip_rand(rng: np.random.Generator) -> Clip:
    """A static trial as people really stand: the arms not quite alike from one to the next."""
    return static_clip(
        arms_deg=rng.uniform(22.0, 38.0), lean_deg=rng.uniform(0.2, 1.2), turn_deg=rng.uniform(0.2, 1.5)
    )
