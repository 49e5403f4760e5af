"""Feet of recordings held still while they stand: noise and other proportions let them slide by centimetres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_closing, binary_dilation, binary_opening, gaussian_filter1d

from synth.motion.clip import Clip
from synth.motion.contacts import Footing, with_feet
from synth.motion.stick import segment_rotations, stick_points

# A ball of the foot stands that is this near to the floor and slower than this: mid-hip heights, and a second.
_LOW, _SLOW = 0.035, 0.45
_DOWN = 0.013  # on the floor itself, mid-hip heights
_LEAST_S = 0.12  # shorter contacts are touches
_BLEND_S = 0.10
# What is pulled farther than this did not stand: mid-hip heights.
_MOST = 0.08
# How far a knee must stand off for its side to be its own: mid-hip heights.
_STRAIGHT = 0.002


def with_planted_feet(clip: Clip) -> Clip:
    """Hold each standing foot where it stood on average, and bend the leg to it; the pelvis keeps its way."""
    if clip.num_frames < 4:
        return clip
    points, world = stick_points(clip), segment_rotations(clip)
    moves = np.stack([_correction(points[f"ball_{side}"], clip) for side in "lr"], axis=1)
    if not moves.any():
        return clip
    ankles = np.stack([points[f"ankle_{side}"] for side in "lr"], axis=1) + moves
    plan = Footing(
        ankles,
        np.stack([world[f"foot_{side}"] for side in "lr"], axis=1),
        np.stack([world[f"toes_{side}"] for side in "lr"], axis=1),
        np.stack([_knee_side(points, world, side) for side in "lr"], axis=1),
    )
    # The legs are bent to their ends about hips that stay: a foot out of reach comes as near as it can.
    held = with_feet(replace(clip, pelvis_position=points["pelvis"]), plan)
    return replace(held, pelvis_position=clip.pelvis_position, anchor=clip.anchor)


def _knee_side(points: dict[str, np.ndarray], world: dict[str, np.ndarray], side: str) -> np.ndarray:
    """Where the recorded knee stands off the line from hip to ankle, shape (T, 3); ahead where the leg is straight."""
    hip, knee, ankle = (points[f"{name}_{side}"] for name in ("hip", "knee", "ankle"))
    line = ankle - hip
    share = np.sum((knee - hip) * line, axis=-1) / np.sum(line**2, axis=-1)
    return knee - hip - share[:, None] * line + _STRAIGHT * world[f"thigh_{side}"][..., 0]


def _correction(ball: np.ndarray, clip: Clip) -> np.ndarray:
    """How far a foot is moved over the floor in each frame, shape (T, 3)."""
    fps = clip.fps
    path = gaussian_filter1d(ball[:, :2], 0.04 * fps, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(path, axis=0), axis=1) * fps
    stands = (ball[:, 2] - clip.clearance < _LOW) & (speed < _SLOW)
    width = max(round(_LEAST_S * fps), 1)
    stands = binary_opening(binary_closing(np.pad(stands, width), np.ones(width)), np.ones(width))[
        width:-width
    ]
    # The frames of landing and leaving are fast, but the foot is down.
    stands |= binary_dilation(stands, np.ones(5)) & (ball[:, 2] - clip.clearance < _DOWN)
    move, weight = np.zeros((len(ball), 3)), np.zeros(len(ball))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], stands.astype(int), [0]])))
    ease = max(round(_BLEND_S * fps), 1)
    for start, end in edges.reshape(-1, 2):
        spot = np.median(ball[start:end, :2], axis=0)
        if np.linalg.norm(ball[start:end, :2] - spot, axis=1).max() > _MOST:
            continue
        low, high = max(start - ease, 0), min(end + ease, len(ball))
        frames = np.arange(low, high)
        away = np.maximum(np.maximum(start - frames, frames - (end - 1)), 0) / (ease + 1)
        share = 1.0 - away**2 * (3.0 - 2.0 * away)
        # Before and after, the correction of the contact's end fades.
        held = np.clip(frames, start, end - 1)
        own = (spot - ball[held, :2]) * share[:, None]
        stronger = share > weight[low:high]
        move[low:high, :2] = np.where(stronger[:, None], own, move[low:high, :2])
        weight[low:high] = np.maximum(weight[low:high], share)
    return move
