"""Left and right mixed up: what the picture itself can tell without knowing the pose.

Pairs of points that one bone carries lie in parallel: ears and eyes. Shoulders, clavicles and latissimi nearly do: the
shoulder girdle turns on the thorax. The left foot's points belong to the left ankle. And a face that is seen has its
left side on the viewer's right where up is up: for vectors of the skull, the cross product of "up" and "to the left" in
the picture is what points at the viewer, up to scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

FOOT = ("big_toe", "small_toe", "heel")
# Cosine between pairs on one bone: a shrug, perspective and a few pixels stay far from this.
OPPOSITE = -0.5
# Pairs nearer than this share of the box, and than this many pixels, say nothing: one lies behind the other.
MIN_SPREAD, MIN_SPREAD_PX = 0.02, 3.0
# The same for the shoulders' pairs: seen edge on, a girdle turned by a swing or a twist comes out the other way round
# than the thorax. Of 6,415 rendered people 3 did at 0.02, at most 0.026 of the box wide. At 0.04 none does; exchanged
# latissimi are found in 89 % of them, not 93, clavicles in 86, not 92.
_GIRDLE_SPREAD = 0.04
# Pairs on one bone, or nearly: the first is compared with the second if both are wider than this share of the box.
PARALLEL_PAIRS = (
    ("eye", "ear", MIN_SPREAD),
    ("shoulder", "clavicle", _GIRDLE_SPREAD),
    ("shoulder", "latissimus", _GIRDLE_SPREAD),
)
# Exchanging a foot point's sides must shorten the way to the ankles this much to be a fault.
SHORTER = 0.4


def mixed_sides(points: Mapping[str, np.ndarray], v: Mapping[str, int], box_side: float) -> Iterator[str]:
    """Words for each pair of a person whose sides are exchanged.

    Args:
        points: Pixels of the labelled keypoints by name, shape (2,) each.
        v: Their visibility, 1 or 2.
        box_side: Longer side of the person's box, pixels.
    """
    smallest = max(MIN_SPREAD * box_side, MIN_SPREAD_PX)
    for first, second, spread in PARALLEL_PAIRS:
        one, other = _across(points, first), _across(points, second)
        if one is None or other is None:
            continue
        lengths = np.linalg.norm(one), np.linalg.norm(other)
        if (
            min(lengths) > max(spread * box_side, MIN_SPREAD_PX)
            and one @ other < OPPOSITE * lengths[0] * lengths[1]
        ):
            yield f"left and right {second} lie the other way round than the {first}s"
    yield from _feet(points, smallest)
    yield from _face(points, v, smallest)


def _across(points: Mapping[str, np.ndarray], pair: str) -> np.ndarray | None:
    """From the right to the left one."""
    left, right = points.get(f"left_{pair}"), points.get(f"right_{pair}")
    return None if left is None or right is None else left - right


def _feet(points: Mapping[str, np.ndarray], smallest: float) -> Iterator[str]:
    ankles = points.get("left_ankle"), points.get("right_ankle")
    if ankles[0] is None or ankles[1] is None or np.linalg.norm(ankles[0] - ankles[1]) < smallest:
        return
    for name in FOOT:
        ends = points.get(f"left_{name}"), points.get(f"right_{name}")
        if ends[0] is None or ends[1] is None:
            continue
        own = np.linalg.norm(ends[0] - ankles[0]) + np.linalg.norm(ends[1] - ankles[1])
        crossed = np.linalg.norm(ends[0] - ankles[1]) + np.linalg.norm(ends[1] - ankles[0])
        if crossed < SHORTER * own:
            yield f"left and right {name} belong to the other foot's ankle"


def _face(points: Mapping[str, np.ndarray], v: Mapping[str, int], smallest: float) -> Iterator[str]:
    across = _across(points, "eye")
    top, bottom = points.get("head"), points.get("neck_03")
    if across is None or top is None or bottom is None:
        return
    if any(v.get(name) != 2 for name in ("nose", "left_eye", "right_eye")):
        return
    up = top - bottom
    lengths = np.linalg.norm(across), np.linalg.norm(up)
    # Pixels run down: with up = (0, -1) and left = (1, 0), as in a face that is seen, the product is positive.
    towards_viewer = across[1] * up[0] - across[0] * up[1]
    if min(lengths) > smallest and towards_viewer < OPPOSITE * lengths[0] * lengths[1]:
        yield "the face is seen, but its left side lies on the viewer's left"
