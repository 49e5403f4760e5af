"""Clips made from clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from spinepose.errors import InputError
from synth.motion.clip import SEGMENTS, Clip, ClipProp
from synth.motion.rotations import mirrored, transpose, turn
from synth.ramp import ramp

# Up to the first elevation an arm hangs, from the second on it is raised.
_HANGS_RAD, _RAISED_RAD = np.radians([30.0, 70.0])


def excerpt(clip: Clip, start_s: float, duration_s: float) -> Clip:
    """Cut a piece out of a clip and set it in place: centred on the origin, ahead on the whole.

    A recording may walk through a whole hall; a scene wants the few metres that it shows.

    Args:
        clip: The motion.
        start_s: Where the piece starts, seconds.
        duration_s: How long it lasts; it ends with the clip if that comes first.

    Raises:
        InputError: The piece starts after the clip's end.
    """
    first = round(start_s * clip.fps)
    if not 0 <= first < clip.num_frames:
        raise InputError(
            f"clip {clip.name!r} lasts {clip.duration_s:.2f} s; an excerpt cannot start at {start_s:g} s"
        )
    piece = slice(first, first + max(1, round(duration_s * clip.fps) + 1))
    rotation, position = clip.pelvis_rotation[piece], clip.pelvis_position[piece].copy()
    ahead = rotation[:, :2, 0].mean(axis=0)
    if np.linalg.norm(ahead) < 0.3:
        ahead = rotation[0, :2, 0]
    back = turn("z", -np.arctan2(ahead[1], ahead[0]))
    position[:, :2] -= (position[:, :2].min(axis=0) + position[:, :2].max(axis=0)) / 2
    return replace(
        clip,
        pelvis_position=position @ back.T,
        pelvis_rotation=back @ rotation,
        spine_rad=clip.spine_rad[piece],
        limb_rotations=clip.limb_rotations[piece],
        clearance=clip.clearance[piece],
        hand_curl=None if clip.hand_curl is None else clip.hand_curl[piece],
        props=tuple(_in_piece(prop, piece) for prop in clip.props),
    )


def _in_piece(prop: ClipProp, piece: slice) -> ClipProp:
    """A thing's frames counted from the piece's start."""

    def moved(frame: int) -> int:
        return max(min(frame, piece.stop) - piece.start, 0)

    held = prop.frames if prop.frames == (0, 0) else (moved(prop.frames[0]), moved(prop.frames[1]))
    under = prop.under_frame if prop.under_frame < 0 else moved(prop.under_frame)
    return replace(prop, frames=held, under_frame=under)


_OTHER_SIDE = [SEGMENTS.index(f"{name[:-1]}{'r' if name[-1] == 'l' else 'l'}") for name in SEGMENTS]
_SPINE_MIRROR = np.array([1.0 if name.endswith("flexion") else -1.0 for name in REGIONAL_COORDINATES])
_HANDS = {"hand_l": "hand_r", "hand_r": "hand_l"}


def mirrored_clip(clip: Clip) -> Clip:
    """The same motion with left and right exchanged: a left-handed throw from a right-handed one."""
    return replace(
        clip,
        pelvis_position=clip.pelvis_position * np.array([1.0, -1.0, 1.0]),
        pelvis_rotation=mirrored(clip.pelvis_rotation),
        spine_rad=clip.spine_rad * _SPINE_MIRROR,
        limb_rotations=mirrored(clip.limb_rotations[:, _OTHER_SIDE]),
        hand_curl=None if clip.hand_curl is None else clip.hand_curl[:, ::-1],
        props=tuple(_mirrored_prop(prop) for prop in clip.props),
    )


def _mirrored_prop(prop: ClipProp) -> ClipProp:
    x, y, z = prop.position
    return replace(
        prop, attach=_HANDS.get(prop.attach, prop.attach), position=(x, -y, z), yaw_rad=-prop.yaw_rad
    )


def either_side(rng: np.random.Generator, clip: Clip, mirror: float = 0.5) -> Clip:
    """The clip or, by this chance, its mirror image."""
    return mirrored_clip(clip) if rng.random() < mirror else clip


def with_arms_clear(clip: Clip, extra_rad: float) -> Clip:
    """Hold hanging arms farther from the body: recorded arms that brush a slim actor's hips end inside a stout body.

    Args:
        clip: The motion.
        extra_rad: Abduction added to an arm that hangs; less to one that is raised, none from 70 degrees on.
    """
    limbs = clip.limb_rotations.copy()
    for side, sign in (("l", 1.0), ("r", -1.0)):
        girdle = limbs[:, SEGMENTS.index(f"clavicle_{side}")]
        index = SEGMENTS.index(f"upper_arm_{side}")
        in_thorax = girdle @ limbs[:, index]
        raised = np.arccos(np.clip(-sign * in_thorax[:, 2, 1], -1.0, 1.0))
        outward = turn("x", sign * extra_rad * (1.0 - ramp(raised, _HANGS_RAD, _RAISED_RAD)))
        limbs[:, index] = transpose(girdle) @ outward @ in_thorax
    return replace(clip, limb_rotations=limbs)
