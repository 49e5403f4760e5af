"""Motions that are about the spine: standing bends and turns, cat-cow, roll-down.

Amplitudes are shares of the ranges in ``opensim_models.anatomy.levels``; a motion never asks for more than a healthy
adult does actively. Where a motion takes the pelvis along, the share is lumbopelvic rhythm (:func:`bend_shares`).
"""

from __future__ import annotations

import numpy as np

from synth.motion.author import a_pose, clip_from_angles
from synth.motion.clip import Clip
from synth.motion.contacts import footing, with_feet
from synth.motion.curves import frame_times, poses, positive_part
from synth.motion.stick import LENGTHS


def bend_shares(trunk_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lumbopelvic rhythm: what lumbar spine and pelvis give to a forward bend.

    Esola et al. 1996 (Spine 21:71-78): 41.6 degrees of 111 come from the lumbar spine, which leads: it gives about
    two thirds of the first 30 degrees, half of the next 30 and a third of the rest. The curve here is the smooth
    one through that: the lumbar spine nears 45 degrees exponentially.

    Args:
        trunk_deg: Forward bend of the trunk above the lumbar spine, degrees, shape (T,).

    Returns:
        Lumbar flexion and pelvic tilt, degrees, which sum to ``trunk_deg``.
    """
    lumbar = 45.0 * (1.0 - np.exp(-0.68 * np.maximum(trunk_deg, 0.0) / 45.0)) + 0.68 * np.minimum(
        trunk_deg, 0.0
    )
    return lumbar, trunk_deg - lumbar


def _hips_back(tilt_deg: np.ndarray) -> np.ndarray:
    """How far the hips go back to keep the trunk over the feet as the pelvis tilts, shape (T,).

    [guess]: 0.12 of the mid-hip height (11 cm) at 60 degrees, as one sees in photographs of forward bends.
    """
    return -0.14 * np.sin(np.radians(np.clip(tilt_deg, -20.0, 90.0)))


def _standing(
    name: str,
    angles: dict,
    pelvis_shift: np.ndarray | None = None,
    frames: int = 1,
    arms_in: str = "thorax",
    **feet: float,
) -> Clip:
    """A clip on two planted feet; ``pelvis_shift`` is the pelvis' way from its rest, shape (T, 3)."""
    pelvis = np.array([0.0, 0.0, 1.0]) + (np.zeros((frames, 3)) if pelvis_shift is None else pelvis_shift)
    return with_feet(clip_from_angles(name, angles, frames, pelvis, arms_in), footing(frames, **feet))


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
    trunk = poses(
        t,
        [
            (0.0, 0.0),
            (0.36, flexion_deg),
            (0.44, flexion_deg),
            (0.72, -extension_deg),
            (0.78, -extension_deg),
            (1.0, 0.0),
        ],
    )
    lumbar, pelvis = bend_shares(trunk)
    thoracic = 0.25 * trunk
    angles = {
        **a_pose(arms_deg, flexion=6.0),
        "pelvis_tilt": pelvis,
        "lumbar_flexion": lumbar,
        "thoracic_flexion": thoracic,
        "cervical_flexion": -gaze * positive_part(trunk) - 0.5 * positive_part(-trunk),
    }
    shift = np.zeros((len(t), 3))
    # Bending backward the hips go forward, by about 3 cm.
    shift[:, 0] = _hips_back(pelvis) + 0.0015 * positive_part(-trunk)
    return _standing("flexion_extension", angles, shift, len(t), arms_in="world")


def flexion_extension_rand(rng: np.random.Generator) -> Clip:
    """A random forward and backward bend."""
    return flexion_extension(
        flexion_deg=rng.uniform(40.0, 95.0),
        extension_deg=rng.uniform(8.0, 28.0),
        duration_s=rng.uniform(3.0, 4.0),
        gaze=rng.uniform(-0.15, 0.55),
        arms_deg=rng.uniform(15.0, 32.0),
    )


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
    return _standing("side_bend", angles, shift, len(t))


def side_bend_rand(rng: np.random.Generator) -> Clip:
    """A random side bend, more to one side than to the other."""
    return side_bend(
        right_deg=rng.uniform(15.0, 40.0),
        left_deg=rng.uniform(15.0, 40.0),
        duration_s=rng.uniform(3.0, 4.0),
        arms_deg=rng.uniform(18.0, 35.0),
    )


def axial_rotation(
    left_deg: float = 45.0,
    right_deg: float = 45.0,
    duration_s: float = 3.4,
    arms_deg: float = 30.0,
    elbow_deg: float = 35.0,
) -> Clip:
    """Turn the trunk to the left, then to the right, the feet in place.

    Of the turn of the upper thorax the pelvis gives a quarter, the lumbar spine 12 % (its range is 11 degrees in all)
    and the thoracic spine the rest.

    Args:
        left_deg: Turn of the upper thorax to the left.
        right_deg: Turn to the right.
        duration_s: Seconds.
        arms_deg: Arms away from the body.
        elbow_deg: Bend of the elbows.
    """
    t = frame_times(duration_s) / duration_s
    turned = poses(
        t, [(0.0, 0.0), (0.26, left_deg), (0.32, left_deg), (0.7, -right_deg), (0.76, -right_deg), (1.0, 0.0)]
    )
    angles = {
        **a_pose(arms_deg, flexion=12.0, elbow=elbow_deg),
        "pelvis_turn": 0.25 * turned,
        "lumbar_rotation": 0.12 * turned,
        "thoracic_rotation": 0.63 * turned,
        "cervical_rotation": 0.35 * turned,
    }
    return _standing("axial_rotation", angles, None, len(t))


def axial_rotation_rand(rng: np.random.Generator) -> Clip:
    """A random turn of the trunk."""
    return axial_rotation(
        left_deg=rng.uniform(25.0, 60.0),
        right_deg=rng.uniform(25.0, 60.0),
        duration_s=rng.uniform(2.6, 4.0),
        arms_deg=rng.uniform(22.0, 45.0),
        elbow_deg=rng.uniform(10.0, 80.0),
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
    angles = {
        **a_pose(arms_deg, flexion=2.0, elbow=8.0),
        "pelvis_tilt": 0.4 * lean_deg * sway,
        "lumbar_flexion": 0.5 * lean_deg * sway,
        "thoracic_flexion": 0.4 * lean_deg * drift,
        "thoracic_rotation": 0.5 * turn_deg * drift,
        "thoracic_bending": 0.3 * turn_deg * sway,
        "cervical_flexion": -0.6 * lean_deg * sway,
    }
    clip = clip_from_angles("static", angles, len(t), fps=10.0)
    return with_feet(clip, footing(len(t), half_width=LENGTHS["hip_half"], toe_out_deg=6.0))


def static_clip_rand(rng: np.random.Generator) -> Clip:
    """A static trial as people really stand: the arms not quite alike from one to the next."""
    return static_clip(
        arms_deg=rng.uniform(22.0, 38.0), lean_deg=rng.uniform(0.2, 1.2), turn_deg=rng.uniform(0.2, 1.5)
    )
