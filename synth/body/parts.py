"""Body-part ids of the rendered skin and cloth, and which of them hides no keypoint of its own."""

from __future__ import annotations

import numpy as np

from spinepose.skeleton import NAMES, SPINE_CHAIN

PARTS: dict[str, int] = {
    "none": 0, "trunk": 1, "neck": 2, "head": 3,
    "upper_arm_l": 4, "upper_arm_r": 5, "forearm_l": 6, "forearm_r": 7, "hand_l": 8, "hand_r": 9,
    "thigh_l": 10, "thigh_r": 11, "shank_l": 12, "shank_r": 13, "foot_l": 14, "foot_r": 15,
}  # fmt: skip
PART_NAMES: tuple[str, ...] = tuple(PARTS)


def _own_parts(name: str) -> tuple[str, ...]:
    if name in SPINE_CHAIN:
        return ("trunk", "neck", "head") if name == "neck_03" else ("trunk", "neck")
    side, _, point = name.partition("_")
    s = side[0]
    limb = {
        "shoulder": ("trunk", f"upper_arm_{s}"),
        "elbow": (f"upper_arm_{s}", f"forearm_{s}"),
        "wrist": (f"forearm_{s}", f"hand_{s}"),
        "hip": ("trunk", f"thigh_{s}"),
        "knee": (f"thigh_{s}", f"shank_{s}"),
        "ankle": (f"shank_{s}", f"foot_{s}"),
        "big_toe": (f"foot_{s}",),
        "small_toe": (f"foot_{s}",),
        "heel": (f"foot_{s}", f"shank_{s}"),
        "latissimus": ("trunk",),
        "clavicle": ("trunk", "neck"),
    }
    return limb.get(point, ("head",))


# Keypoint name -> the parts that count as its own: a first surface of one of these does not hide it.
OWN_PARTS: dict[str, tuple[str, ...]] = {name: _own_parts(name) for name in NAMES}
# The same as a table, shape (37, 16): OWN_PART_TABLE[k, part id] is True where the part is keypoint k's own.
OWN_PART_TABLE = np.array([[part in OWN_PARTS[name] for part in PART_NAMES] for name in NAMES])
