"""Feet that stay where they stand and hands that go where they should: limbs bent to reach their ends.

Planned on the stick figure's proportions; on another body the ends are off by its difference in proportions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from synth.motion.clip import SEGMENTS, Clip
from synth.motion.rotations import angle_between_rad, cross, frame_from, transpose, turn_deg, unit
from synth.motion.stick import LENGTHS, segment_rotations, stick_points

# A standing knee is not locked: 0.3 % of the leg is a knee flexion of about 9 degrees, and the bend stays smooth.
_STRAIGHTEST = 0.997
_LEG = LENGTHS["thigh"] + LENGTHS["shank"]
_ARM = LENGTHS["upper_arm"] + LENGTHS["forearm"]
# From the middle, the forearm turns about 80 degrees either way (AAOS norms: pronation 80, supination 80).
_MOST_PRONATION_DEG = 80.0
_MOST_WRIST_RAD = np.radians(100.0)  # flexion and deviation together, of a hand that leans on the floor
# A wrist that follows a handle through a fast swing is smoothed over so many frames: tendons and flesh give.
_WRIST_SMOOTH = 1.2
# Arms straighten softly: beyond this share of its length an arm gives way, so that an elbow never snaps.
_SOFT_REACH = 0.9


@dataclass(frozen=True)
class Footing:
    """Where the feet are.

    Attributes:
        ankles: Ankle centres of left and right, shape (T, 2, 3), character frame, units of standing mid-hip height.
        feet: Orientation of the feet in the character frame, shape (T, 2, 3, 3).
        toes: Orientation of the toes in the character frame, shape (T, 2, 3, 3).
        knees: Where the knees point, shape (T, 2, 3); over the toes if None.
    """

    ankles: np.ndarray
    feet: np.ndarray
    toes: np.ndarray
    knees: np.ndarray | None = None


def footing(
    frames: int,
    half_width: np.ndarray | float = 0.11,
    toe_out_deg: np.ndarray | float = 8.0,
    forward: tuple[np.ndarray | float, np.ndarray | float] = (0.0, 0.0),
    heel_raise_deg: tuple[np.ndarray | float, np.ndarray | float] = (0.0, 0.0),
    pivot_deg: tuple[np.ndarray | float, np.ndarray | float] = (0.0, 0.0),
) -> Footing:
    """Feet on the ground, the balls of the feet in place when the heels rise.

    Args:
        frames: Number of frames.
        half_width: From the midline to each ankle, units of standing mid-hip height.
        toe_out_deg: Turn of each foot outward.
        forward: How far each ankle stands in front of the pelvis' rest, left and right.
        heel_raise_deg: Pitch of each foot about its ball, left and right.
        pivot_deg: Turn to the left of each foot about its ball, left and right.
    """
    ankle_to_ball = np.array([LENGTHS["foot"], 0.0, -LENGTHS["ankle_height"]])
    ankles, feet, toes = np.empty((frames, 2, 3)), np.empty((frames, 2, 3, 3)), np.empty((frames, 2, 3, 3))
    for side, sign in enumerate((1.0, -1.0)):
        flat = turn_deg("z", np.broadcast_to(sign * np.asarray(toe_out_deg, float), (frames,)))
        heading = turn_deg("z", np.broadcast_to(np.asarray(pivot_deg[side], float), (frames,))) @ flat
        pitched = heading @ turn_deg("y", np.broadcast_to(np.asarray(heel_raise_deg[side], float), (frames,)))
        ankle = np.zeros((frames, 3))
        ankle[:, 0], ankle[:, 1], ankle[:, 2] = forward[side], sign * half_width, LENGTHS["ankle_height"]
        ankles[:, side] = ankle + (flat - pitched) @ ankle_to_ball
        feet[:, side], toes[:, side] = pitched, heading
    return Footing(ankles, feet, toes)


def steps(
    left: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray], knees: np.ndarray | None = None
) -> Footing:
    """Feet anywhere: on the ground, on the way, on a step.

    Args:
        left: ``x``, ``y`` (outward) of the ankle were the foot flat and headed as at first, ``lift`` of the sole
            over the ground, ``pitch`` about the ball (heel up, +) or the heel (toes up, -), ``yaw`` outward,
            degrees; shape (T,) each.
        right: The same for the right foot.
        knees: Where the knees point, shape (T, 2, 3), if not over the toes.
    """
    frames = len(left["x"])
    ankles, feet, toes = np.empty((frames, 2, 3)), np.empty((frames, 2, 3, 3)), np.empty((frames, 2, 3, 3))
    for side, (plan, sign) in enumerate(((left, 1.0), (right, -1.0))):
        pitch, lift = plan["pitch"], plan["lift"]
        heading = turn_deg("z", sign * plan["yaw"])
        pivot = np.zeros((frames, 3))
        pivot[:, 0] = np.where(pitch > 0, LENGTHS["foot"], -LENGTHS["heel"])
        pivot[:, 2] = -LENGTHS["ankle_height"]
        ankle = np.stack([plan["x"], sign * plan["y"], LENGTHS["ankle_height"] + lift], axis=1)
        # Feet turn about their balls: x and y are the ankle's where the foot keeps its first heading.
        ankle += np.einsum("tij,j->ti", heading[:1] - heading, [LENGTHS["foot"], 0.0, 0.0])
        pitched = heading @ turn_deg("y", pitch)
        ankles[:, side] = ankle + np.einsum("tij,tj->ti", heading - pitched, pivot)
        feet[:, side] = pitched
        # On the ground the toes stay flat under a raised heel; in the air they go with the foot.
        free = np.clip(lift / 0.12, 0.0, 1.0) * np.maximum(pitch, 0.0) + np.minimum(pitch, 0.0)
        toes[:, side] = heading @ turn_deg("y", free)
    return Footing(ankles, feet, toes, knees)


def _hips(clip: Clip) -> np.ndarray:
    """Hip centres from mid-hip, left and right, shape (T, 2, 3)."""
    half = np.array([[0.0, LENGTHS["hip_half"], 0.0], [0.0, -LENGTHS["hip_half"], 0.0]])
    return np.einsum("tij,sj->tsi", clip.pelvis_rotation, half)


def highest_pelvis(clip: Clip, plan: Footing) -> np.ndarray:
    """How high mid-hip can be with both feet where the plan has them, shape (T,)."""
    hips = _hips(clip)
    across = plan.ankles[..., :2] - (clip.pelvis_position[:, None, :2] + hips[..., :2])
    rise = np.sqrt(np.maximum((_LEG * _STRAIGHTEST) ** 2 - (across**2).sum(-1), 0.0))
    return (plan.ankles[..., 2] - hips[..., 2] + rise).min(axis=1)


def with_feet(clip: Clip, plan: Footing) -> Clip:
    """Bend the legs so that the feet are where the plan has them, the knees over the toes.

    The pelvis comes down where a leg would not reach. The result keeps its feet by ``anchor="feet"``.
    """
    pelvis = clip.pelvis_position.copy()
    pelvis[:, 2] = np.minimum(pelvis[:, 2], highest_pelvis(clip, plan))
    hips = _hips(clip)
    limbs = clip.limb_rotations.copy()
    for index, side in enumerate("lr"):
        thigh, shank = two_bones(
            pelvis + hips[:, index],
            plan.ankles[:, index],
            plan.feet[:, index, :, 0] if plan.knees is None else plan.knees[:, index],
            LENGTHS["thigh"],
            LENGTHS["shank"],
        )
        chain = (clip.pelvis_rotation, thigh, shank, plan.feet[:, index], plan.toes[:, index])
        for stem, parent, child in zip(("thigh", "shank", "foot", "toes"), chain, chain[1:], strict=False):
            limbs[:, SEGMENTS.index(f"{stem}_{side}")] = transpose(parent) @ child
    middle = plan.ankles.mean(axis=1)
    position = np.column_stack([middle[:, :2], pelvis[:, 2]])
    return replace(clip, pelvis_position=position, limb_rotations=limbs, anchor="feet")


def two_bones(
    root: np.ndarray,
    end: np.ndarray,
    bend_to: np.ndarray,
    upper: float | np.ndarray,
    lower: float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Orientations of two bones that reach from a root to an end, (T, 3, 3) each; at rest they hang along -z.

    Args:
        root: Where the first bone starts, shape (T, 3).
        end: Where the second one should end, shape (T, 3).
        bend_to: Where the joint between them points, shape (T, 3).
        upper: Length of the first bone, one for all or shape (T,).
        lower: Length of the second.
    """
    reach = np.clip(
        np.linalg.norm(end - root, axis=-1), abs(upper - lower) + 1e-3, (upper + lower) * (1 - 1e-9)
    )
    along = unit(end - root)
    across = unit(bend_to - along * np.sum(bend_to * along, axis=-1, keepdims=True))
    share = (reach**2 + upper**2 - lower**2) / (2 * reach)
    out = np.sqrt(np.maximum(upper**2 - share**2, 0.0))
    middle = root + along * share[:, None] + across * out[:, None]
    tip = root + along * reach[:, None]
    hinge = cross(across, along)
    first, second = root - middle, middle - tip
    return frame_from(first, cross(hinge, first), "zx"), frame_from(second, cross(hinge, second), "zx")


def with_hands(
    clip: Clip,
    wrists: Mapping[str, np.ndarray],
    elbow_to: Mapping[str, np.ndarray],
    pronation_deg: np.ndarray | float | None = 0.0,
    hands: Mapping[str, np.ndarray] | None = None,
) -> Clip:
    """Bend the arms so that the wrists are where they should be.

    Args:
        clip: The motion; its clavicles stay as they are.
        wrists: For ``l``, ``r`` or both: wrist centres, shape (T, 3), character frame, units of mid-hip height.
        elbow_to: Where each elbow points, shape (3,) or (T, 3), character frame; only the part across the arm counts.
        pronation_deg: Turn of the forearms about themselves, shape () or (T,); None turns them towards the hands, as
            far as forearms go, which leaves least to the wrists.
        hands: Orientation of each hand in the character frame, shape (3, 3) or (T, 3, 3); straight in the forearm
            if not given.
    """
    points, world = stick_points(clip), segment_rotations(clip)
    limbs = clip.limb_rotations.copy()
    for side, wrist in wrists.items():
        shoulder = points[f"shoulder_{side}"]
        hint = np.broadcast_to(elbow_to[side], shoulder.shape)
        upper, fore = two_bones(
            shoulder, _within_reach(shoulder, wrist), hint, LENGTHS["upper_arm"], LENGTHS["forearm"]
        )
        upper, fore = upper @ _ARM_FROM_LEG[side], fore @ _ARM_FROM_LEG[side]
        turned = np.asarray(0.0 if pronation_deg is None else pronation_deg)
        if pronation_deg is None and hands is not None:
            turned = gaussian_filter1d(
                _pronation(fore, np.broadcast_to(hands[side], fore.shape)), _WRIST_SMOOTH, mode="nearest"
            )
        fore = fore @ turn_deg("y", turned)
        hand = fore if hands is None else np.broadcast_to(hands[side], fore.shape)
        if pronation_deg is None:
            hand = fore @ _smoothed(transpose(fore) @ _held_wrist(fore, hand))
        chain = (world[f"clavicle_{side}"], upper, fore, hand)
        for stem, parent, child in zip(("upper_arm", "forearm", "hand"), chain, chain[1:], strict=False):
            limbs[:, SEGMENTS.index(f"{stem}_{side}")] = transpose(parent) @ child
    return replace(clip, limb_rotations=limbs)


def _pronation(fore: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """Turn about the forearm's own axis that comes nearest to the hand's, degrees, shape (T,), within +-80."""
    relative = transpose(fore) @ hand
    trace = np.trace(relative, axis1=-2, axis2=-1)
    sine, cosine = relative[:, 0, 2] - relative[:, 2, 0], np.maximum(1.0 + trace, 1e-9)
    # Unwrapped over time: a hand that turns past half a turn stops at the limit instead of jumping to the other.
    angle = np.degrees(np.unwrap(2.0 * np.arctan2(sine, cosine)))
    return np.where(np.abs(angle) < 0.5 * _MOST_PRONATION_DEG, angle, np.sign(angle) * _soft(np.abs(angle)))


def _soft(angle: np.ndarray) -> np.ndarray:
    """From half of the range on, angles near its end without reaching it."""
    half = 0.5 * _MOST_PRONATION_DEG
    return half + half * np.tanh((angle - half) / half)


def _held_wrist(fore: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """The hand that the forearm can have: bent as asked, as far as wrists bend, never twisted, shape (T, 3, 3)."""
    aim = (transpose(fore) @ hand)[..., 1]
    angle = angle_between_rad(aim, np.array([0.0, 1.0, 0.0]))[:, None]
    half = 0.5 * _MOST_WRIST_RAD
    held = np.where(angle < half, angle, half + half * np.tanh((angle - half) / half))
    axis = unit(np.cross(np.array([0.0, 1.0, 0.0]), aim))
    return fore @ Rotation.from_rotvec(axis * held).as_matrix()


def _smoothed(wrist: np.ndarray) -> np.ndarray:
    """Turns of a wrist without snaps, shape (T, 3, 3)."""
    soft = gaussian_filter1d(wrist, _WRIST_SMOOTH, axis=0, mode="nearest")
    return frame_from(soft[..., 1], soft[..., 0], "yx")


def _within_reach(shoulder: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """Pull wrists in that lie too far, shape (T, 3), smoothly and never quite to the full length."""
    way = wrist - shoulder
    share = np.linalg.norm(way, axis=-1, keepdims=True) / _ARM
    room = 1.0 - _SOFT_REACH
    soft = _SOFT_REACH + room * np.tanh((share - _SOFT_REACH) / room)
    return shoulder + way * np.where(share > _SOFT_REACH, soft / np.maximum(share, 1e-9), 1.0)


# The leg's axes in the arm's: a leg lies along -z with its knee towards +x, an arm along +-y with its elbow towards -x.
_ARM_FROM_LEG = {
    "l": np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]]),
    "r": np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
}
