"""What can be wrong with one annotation: pure functions from its dict to faults."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from spinepose.skeleton import KEYPOINTS
from spinepose.validate_sides import mixed_sides

#: A code and words.
Finding = tuple[str, str]

# Beyond the picture's edge by more than this, pixels: rounding and half pixels stay below.
EDGE_PX = 2.0
# A labelled keypoint further off than this share of the longer side is on somebody else: off the box of what is seen,
# hidden limbs may lie far out; off the whole person's box nothing does but a hat.
FAR_SHARE, FAR_SHARE_AMODAL = 0.5, 0.1
# Masks are drawn into boxes by several conventions; more than this times the box is none of them.
AREA_SHARE = 1.05
DEEP_NAMES = frozenset(k.name for k in KEYPOINTS if k.deep)


@dataclass(frozen=True)
class Layout:
    """What a file says of its annotations.

    Attributes:
        names: Keypoint names of each category, by its id.
        own: Whether this project wrote it: then its written rules hold, too (``docs/labels.md``).
    """

    names: Mapping[int, tuple[str, ...]]
    own: bool


def is_id(value: Any) -> TypeGuard[int]:
    """Whether a value can be an id: a whole number, no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def annotation_faults(
    row: Mapping[str, Any], layout: Layout, size: tuple[int, int] | None
) -> Iterator[Finding]:
    """Everything wrong with one annotation by itself.

    Args:
        row: The annotation.
        layout: What the file says.
        size: Width and height of its image, pixels; None where the file lacks it.
    """
    names = layout.names.get(row.get("category_id", None)) if is_id(row.get("category_id")) else None
    if names is None:
        yield "category", f"category_id is {row.get('category_id')!r}, which the file's categories lack"
    if row.get("iscrowd", 0) not in (0, 1):
        yield "iscrowd", f"iscrowd is {row['iscrowd']!r}, expected 0 or 1"
    box = numbers(row.get("bbox"), 4)
    if box is None:
        yield "box", f"bbox is {_short(row.get('bbox'))}, expected four finite numbers"
    else:
        yield from _box_faults(box, size)
    yield from _area_faults(row, box)
    if layout.own:
        yield from _amodal_faults(row, box)
    if names is not None:
        yield from _keypoint_faults(row, names, layout.own, box, size)


def numbers(value: Any, count: int) -> np.ndarray | None:
    """A list of so many finite numbers as an array, else None."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        return None
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in value):
        return None
    return np.array(value, float)


def _box_faults(box: np.ndarray, size: tuple[int, int] | None) -> Iterator[Finding]:
    x, y, width, height = box
    if width <= 0 or height <= 0:
        yield "box", f"bbox is {width:g} x {height:g} pixels"
        return
    if size is None:
        return
    if x >= size[0] or y >= size[1] or x + width <= 0 or y + height <= 0:
        yield "box-outside", f"bbox {_short(box.tolist())} lies outside the picture of {size[0]} x {size[1]}"
    elif max(-x, -y, x + width - size[0], y + height - size[1]) > EDGE_PX:
        yield "box-beyond", f"bbox {_short(box.tolist())} reaches beyond the picture of {size[0]} x {size[1]}"


def _area_faults(row: Mapping[str, Any], box: np.ndarray | None) -> Iterator[Finding]:
    area = row.get("area")
    if not isinstance(area, int | float) or not math.isfinite(area) or area <= 0:
        yield "area", f"area is {area!r}, expected square pixels: it is the scale of OKS"
    elif box is not None and (box[2:] > 0).all() and area > AREA_SHARE * box[2] * box[3] + 1:
        yield "area", f"area {area:g} is larger than the box of {box[2]:g} x {box[3]:g}"


def _amodal_faults(row: Mapping[str, Any], box: np.ndarray | None) -> Iterator[Finding]:
    if "bbox_amodal" not in row:
        return
    whole = numbers(row["bbox_amodal"], 4)
    if whole is None:
        yield "amodal", f"bbox_amodal is {_short(row['bbox_amodal'])}, expected four finite numbers"
    elif box is not None:
        low, high = whole[:2] - box[:2], whole[:2] + whole[2:] - box[:2] - box[2:]
        if low.max() > 0.5 or high.min() < -0.5:
            yield "amodal", "bbox_amodal does not hold bbox"


def _keypoint_faults(
    row: Mapping[str, Any],
    names: tuple[str, ...],
    own: bool,
    box: np.ndarray | None,
    size: tuple[int, int] | None,
) -> Iterator[Finding]:
    value = row.get("keypoints")
    count = len(value) if isinstance(value, Sequence) and not isinstance(value, str) else None
    if count != 3 * len(names):
        yield "keypoints", f"keypoints holds {count} numbers, expected 3 x {len(names)}"
        return
    flat = numbers(value, 3 * len(names))
    if flat is None:
        yield "keypoints", "keypoints holds something that is no finite number"
        return
    points = flat.reshape(-1, 3)
    v = points[:, 2]
    for k in np.flatnonzero(~np.isin(v, (0, 1, 2))):
        yield "visibility", f"{names[k]} has visibility {v[k]:g}, expected 0, 1 or 2"
    for k in np.flatnonzero((v == 0) & (points[:, :2] != 0).any(axis=1)):
        yield "unlabelled", f"{names[k]} has visibility 0 but a place; unlabelled is 0, 0, 0"
    labelled = int((v > 0).sum())
    if row.get("num_keypoints") != labelled:
        yield "num_keypoints", f"num_keypoints is {row.get('num_keypoints')!r}, {labelled} are labelled"
    yield from _place_faults(points, names, own, box, row, size)


def _place_faults(
    points: np.ndarray,
    names: tuple[str, ...],
    own: bool,
    box: np.ndarray | None,
    row: Mapping[str, Any],
    size: tuple[int, int] | None,
) -> Iterator[Finding]:
    at, v = points[:, :2], points[:, 2]
    shown = v > 0
    if size is not None:
        beyond = np.maximum(-0.5 - at, at - (np.array(size) - 0.5)).max(axis=1)
        for k in np.flatnonzero(shown & (beyond > EDGE_PX / 4)):
            yield "outside", f"{names[k]} is labelled at ({at[k, 0]:g}, {at[k, 1]:g}), outside the picture"
    if box is None or (box[2:] <= 0).any():
        return
    side = float(box[2:].max())
    whole = numbers(row.get("bbox_amodal"), 4)
    off = _off_box(at, box if whole is None else whole)
    limit = FAR_SHARE * side if whole is None else FAR_SHARE_AMODAL * float(whole[2:].max())
    for k in np.flatnonzero(shown & (off > limit)):
        # Without the whole person's box a hidden limb may truly lie there: behind what hides it.
        code = "far-hidden" if whole is None and v[k] == 1 else "far"
        yield code, f"{names[k]} is {off[k]:.0f} pixels off the box"
    if own:
        deep = np.array([name in DEEP_NAMES for name in names])
        for k in np.flatnonzero((v == 2) & deep & (_off_box(at, box) > 1.0)):
            yield "visible-off-box", f"{names[k]} is called visible but lies off the box of what is seen"
    known = {names[k]: at[k] for k in np.flatnonzero(shown)}
    for words in mixed_sides(known, {name: int(v[names.index(name)]) for name in known}, side):
        yield "sides", words


def _off_box(at: np.ndarray, box: np.ndarray) -> np.ndarray:
    """How far points, shape (K, 2), lie outside a box along the worse axis, pixels; negative inside."""
    return np.maximum(box[:2] - at, at - box[:2] - box[2:]).max(axis=1)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
