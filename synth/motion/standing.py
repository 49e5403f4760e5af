"""What motions on two feet have in common: lumbopelvic rhythm, balance, planted feet."""

from __future__ import annotations

import numpy as np

from synth.motion.author import Angles, clip_from_angles
from synth.motion.clip import Clip
from synth.motion.contacts import Footing, with_feet
from synth.motion.curves import FPS
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


def hips_back(tilt_deg: np.ndarray) -> np.ndarray:
    """How far the hips go back to keep the trunk over the feet as the pelvis tilts, shape (T,).

    [guess]: 0.12 of the mid-hip height (11 cm) at 60 degrees, as one sees in photographs of forward bends.
    """
    return -0.14 * np.sin(np.radians(np.clip(tilt_deg, -20.0, 90.0)))


def squat_path(depth: np.ndarray, shank_deg: float = 30.0) -> np.ndarray:
    """The pelvis' way into a squat, from its rest.

    Args:
        depth: 0 stands, 1 has the thighs level.
        shank_deg: Forward lean of the shanks with the thighs level; healthy adults' ankles allow 30 to 40.

    Returns:
        Shift of mid-hip, shape (T, 3), units of standing mid-hip height.
    """
    shank, thigh = np.radians(shank_deg) * depth, np.radians(90.0) * depth
    x = LENGTHS["shank"] * np.sin(shank) - LENGTHS["thigh"] * np.sin(thigh)
    z = LENGTHS["ankle_height"] + LENGTHS["shank"] * np.cos(shank) + LENGTHS["thigh"] * np.cos(thigh) - 1.0
    return np.stack([x, np.zeros_like(x), z], axis=1)


def standing_clip(
    name: str,
    angles: Angles,
    plan: Footing,
    pelvis_shift: np.ndarray | None = None,
    arms_in: str = "thorax",
    clearance: np.ndarray | None = None,
    fps: float = FPS,
) -> Clip:
    """A clip on two feet that stay where the plan has them.

    Args:
        name: The clip's name.
        angles: As :func:`clip_from_angles` takes them; those of the legs follow from the plan.
        plan: Where the feet are.
        pelvis_shift: The pelvis' way from its rest, shape (T, 3), units of standing mid-hip height.
        arms_in: ``thorax`` or ``world``.
        clearance: Height over the ground, shape (T,).
        fps: Frames a second.
    """
    frames = len(plan.ankles)
    pelvis = np.tile([0.0, 0.0, 1.0], (frames, 1)) + (0.0 if pelvis_shift is None else pelvis_shift)
    return with_feet(clip_from_angles(name, angles, frames, pelvis, arms_in, clearance, fps), plan)
