"""How much floor a clip's things take, so that people and furniture keep apart."""

from __future__ import annotations

import numpy as np

from synth.motion.clip import HELD_BY_END, PROP_KINDS, Clip, ClipProp
from synth.motion.stick import stick_points

# Mid-hip height of an average adult, metres: what turns a thing's metres into the units of clips.
_HIP_M = 0.93
_MOMENTS = 6
# People can stand on it or walk over it.
_FLAT = ("mat",)


def prop_discs(clip: Clip) -> list[tuple[float, float, float]]:
    """Discs on the floor that a clip's things cover at any time.

    Args:
        clip: The motion.

    Returns:
        x, y, radius in the character frame, in units of the standing mid-hip height. Things on the ground give
        one each, long ones several; held things give one for each of a few moments.
    """
    discs: list[tuple[float, float, float]] = []
    points = stick_points(clip) if any(prop.attach != "ground" for prop in clip.props) else {}
    for prop in clip.props:
        if prop.kind in _FLAT:
            continue
        discs += _standing(prop) if prop.attach == "ground" else _held(prop, points, clip.num_frames)
    return discs


def _standing(prop: ClipProp) -> list[tuple[float, float, float]]:
    x, y = np.array(PROP_KINDS[prop.kind][:2]) * prop.scale[:2] / _HIP_M
    short, long = min(x, y), max(x, y)
    number = max(1, round(long / short))
    along = prop.yaw_rad + (0.0 if x >= y else np.pi / 2)
    offsets = (np.arange(number) - (number - 1) / 2) * long / number
    radius = float(np.hypot(short, long / number) / 2)
    return [
        (float(prop.position[0] + at * np.cos(along)), float(prop.position[1] + at * np.sin(along)), radius)
        for at in offsets
    ]


def _held(prop: ClipProp, points: dict[str, np.ndarray], frames: int) -> list[tuple[float, float, float]]:
    radius = 0.5 * float(np.max(np.array(PROP_KINDS[prop.kind]) * prop.scale)) / _HIP_M
    left, right = points["hand_l"], points["hand_r"]
    middle = {"hand_l": left, "hand_r": right}.get(prop.attach, (left + right) / 2)
    # What is held by its end reaches twice as far.
    radius *= 2.0 if prop.kind in HELD_BY_END else 1.0
    first, last = prop.frames if prop.frames != (0, 0) else (0, frames)
    moments = np.unique(
        np.linspace(first, max(last - 1, first), _MOMENTS).round().astype(int).clip(0, frames - 1)
    )
    return [(float(middle[k, 0]), float(middle[k, 1]), radius) for k in moments]
