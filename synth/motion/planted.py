"""Feet of recordings held still while they stand: noise and other proportions let them slide by centimetres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d

from synth.motion.clip import Clip
from synth.motion.contacts import Footing, with_feet
from synth.motion.rotations import frame_from
from synth.motion.stick import segment_rotations, stick_points
from synth.ramp import ramp

# A ball of the foot stands that is this near to the floor and slower than this: mid-hip heights, and a second.
_LOW, _SLOW = 0.04, 0.45
_DOWN = 0.013  # on the floor itself, mid-hip heights
_NEAR = 0.006  # a sole this near is down already: calibrations are no better
_LEAST_S = 0.07  # shorter contacts are touches
_BLEND_S = 0.10
# What is pulled farther than this did not stand: mid-hip heights.
_MOST = 0.08
# Landing and leaving, a foot that is down is held too, so far from its spot: mid-hip heights.
_REACH = 0.045
# A foot between two contacts that travels more than this a frame is at least so high: mid-hip heights.
_CREEP, _AIR = 0.004, 0.02
# How far a knee must stand off for its side to be its own: mid-hip heights.
_STRAIGHT = 0.01


def with_planted_feet(clip: Clip) -> Clip:
    """Hold each standing foot where it stood on average, on the floor and its toes flat; the leg bends to it.

    The pelvis keeps its way.
    """
    if clip.num_frames < 4:
        return clip
    points, world = stick_points(clip), segment_rotations(clip)
    sole = {side: np.minimum(points[f"ball_{side}"][:, 2], points[f"heel_{side}"][:, 2]) for side in "lr"}
    held = [_correction(points[f"ball_{side}"], sole[side], clip) for side in "lr"]
    if not any(weight.any() for _, weight in held):
        return clip
    ankles = np.stack([points[f"ankle_{side}"] + move for side, (move, _) in zip("lr", held, strict=True)], 1)
    plan = Footing(
        ankles,
        np.stack([world[f"foot_{side}"] for side in "lr"], axis=1),
        np.stack([_flat(world[f"toes_{s}"], weight) for s, (_, weight) in zip("lr", held, strict=True)], 1),
        np.stack([_knee_side(points, world, side) for side in "lr"], axis=1),
    )
    # The legs are bent to their ends about hips that stay: a foot out of reach comes as near as it can.
    planted = with_feet(replace(clip, pelvis_position=points["pelvis"]), plan)
    planted = replace(planted, pelvis_position=clip.pelvis_position, anchor=clip.anchor)
    return replace(planted, clearance=clip.clearance + _risen(points, stick_points(planted)))


def _risen(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> np.ndarray:
    """How much farther below the pelvis the lowest point was, shape (T,): a body whose feet both leave the floor hops
    over it, and its pelvis keeps its height."""

    def below(points: dict[str, np.ndarray]) -> np.ndarray:
        return np.max([points["pelvis"][:, 2] - point[:, 2] for point in points.values()], axis=0)

    return np.maximum(below(before) - below(after), 0.0)


def _flat(toes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Toes turned level as far as their foot stands: recorded ones tip with the heel and drag the ball along."""
    level = np.array([0.0, 0.0, 1.0])
    up = toes[..., 2] + weight[:, None] * (level - toes[..., 2])
    return frame_from(up, toes[..., 0], "zx")


def _knee_side(points: dict[str, np.ndarray], world: dict[str, np.ndarray], side: str) -> np.ndarray:
    """Where the recorded knee stands off the line from hip to ankle, shape (T, 3); ahead where the leg is straight.

    A knee that the recording has behind that line is a straight one with noise: taken at its word it would turn
    the whole leg about by half a turn.
    """
    hip, knee, ankle = (points[f"{name}_{side}"] for name in ("hip", "knee", "ankle"))
    line = ankle - hip
    share = np.sum((knee - hip) * line, axis=-1) / np.sum(line**2, axis=-1)
    off, ahead = knee - hip - share[:, None] * line, world[f"thigh_{side}"][..., 0]
    behind = np.minimum(np.sum(off * ahead, axis=-1, keepdims=True), 0.0)
    return off + (_STRAIGHT - behind) * ahead


def _contacts(ball: np.ndarray, sole: np.ndarray, clip: Clip) -> list[tuple[int, int]]:
    """First and one past the last frame of each time that a foot stands.

    Args:
        ball: The ball of the foot, shape (T, 3).
        sole: Height of the lower of ball and heel, shape (T,).
        clip: The motion.
    """
    fps = clip.fps
    path = gaussian_filter1d(ball[:, :2], 0.04 * fps, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(path, axis=0), axis=1) * fps
    stands = (ball[:, 2] - clip.clearance < _LOW) & (speed < _SLOW)
    width = max(round(_LEAST_S * fps), 1)
    stands = binary_opening(binary_closing(np.pad(stands, width), np.ones(width)), np.ones(width))[
        width:-width
    ]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], stands.astype(int), [0]]))).reshape(-1, 2)
    over = sole - clip.clearance
    found: list[tuple[int, int]] = []
    for k, (start, end) in enumerate(edges):
        spot = np.median(ball[start:end, :2], axis=0)
        if np.linalg.norm(ball[start:end, :2] - spot, axis=1).max() > _MOST:
            continue
        near = np.linalg.norm(ball[:, :2] - spot, axis=1) < _REACH
        down = near & (over - max(float(np.median(over[start:end])), 0.0) < _DOWN)
        # Half of the way to the next contact is its own, and a foot that goes there is in the air for two frames.
        first = 0 if k == 0 else start - max((start - edges[k - 1, 1] - 2) // 2, 0)
        last = len(ball) if k == len(edges) - 1 else end + max((edges[k + 1, 0] - end - 2) // 2, 0)
        found.append(_widened(down, start, end, first, last))
    return found


def _widened(down: np.ndarray, start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """A contact with the frames of landing and leaving, which are fast though the foot is down."""
    while start > max(first, 0) and down[start - 1]:
        start -= 1
    while end < min(last, len(down)) and down[end]:
        end += 1
    return start, end


def _correction(ball: np.ndarray, sole: np.ndarray, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """How far a foot is moved over and to the floor in each frame, shape (T, 3), and how much it stands, (T,)."""
    move, weight = np.zeros((len(ball), 3)), np.zeros(len(ball))
    ease = max(round(_BLEND_S * clip.fps), 1)
    contacts = _contacts(ball, sole, clip)
    for start, end in contacts:
        spot = np.median(ball[start:end, :2], axis=0)
        frames = np.arange(max(start - ease, 0), min(end + ease, len(ball)))
        share = 1.0 - ramp(np.maximum(start - frames, frames - (end - 1)), 0.0, ease + 1)
        # Before and after, the correction of the contact's end fades.
        held = np.clip(frames, start, end - 1)
        sink = np.minimum(_NEAR + clip.clearance[held] - sole[held], 0.0)
        own = np.column_stack([spot - ball[held, :2], sink]) * share[:, None]
        stronger = share > weight[frames]
        move[frames] = np.where(stronger[:, None], own, move[frames])
        weight[frames] = np.maximum(weight[frames], share)
    move[:, 2] += _lift(ball + move, sole + move[:, 2] - clip.clearance, contacts) * (weight > 0)
    return move, weight


def _lift(ball: np.ndarray, over: np.ndarray, contacts: list[tuple[int, int]]) -> np.ndarray:
    """How much higher a foot is that travels between contacts: one that goes somewhere does not brush the floor.

    Args:
        ball: The corrected ball of the foot, shape (T, 3).
        over: The corrected sole's height over the floor, shape (T,).
        contacts: When it stands.
    """
    step = np.linalg.norm(np.diff(ball[:, :2], axis=0, prepend=ball[:1, :2]), axis=1)
    travels = np.maximum(step, np.append(step[1:], 0.0)) > _CREEP
    for start, end in contacts:
        travels[start:end] = False
    return np.where(travels, np.maximum(_AIR - over, 0.0), 0.0)
