"""Which joint of a recording plays which role: a table of the names that common skeletons use.

Families: Mixamo and MotionBuilder (``mixamorig:LeftUpLeg``), the CMU conversions (``LeftUpLeg``/``LeftHip``,
``LHipJoint``), Daz and older Poser files (``LeftCollar``, ``LeftShoulder``), Xsens (``LeftUpperLeg``), 3ds Max bipeds
(``Bip01 L Thigh``), Unreal's mannequin (``thigh_l``) and Blender's Rigify (``shin.L``). The pelvis and the chest need
no name: they are where the legs and where the arms meet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Role -> stems, in order of preference. "shoulder" is an upper arm where no other name is one, else a clavicle.
_STEMS: dict[str, tuple[str, ...]] = {
    "thigh": ("upleg", "upperleg", "thigh", "upperthigh", "hip", "femur"),
    "shank": ("leg", "lowerleg", "shin", "calf", "knee", "tibia"),
    "foot": ("foot", "ankle"),
    "toes": ("toebase", "toe", "toes", "toe0", "ball", "toeb"),
    "upper_arm": ("arm", "upperarm", "uparm", "humerus", "shoulder"),
    "forearm": ("forearm", "lowerarm", "elbow", "radius"),
    "hand": ("wrist", "hand"),
    "clavicle": ("collar", "clavicle", "shoulder", "clavicula", "collarbone"),
}
_HEAD = ("head", "skull")
OPTIONAL = ("toes_l", "toes_r", "clavicle_l", "clavicle_r")
_PREFIXES = re.compile(r"^(mixamorig\d*|bip\d+|def|org|character\d*|ctrl)(?=[a-z])")


def plain_name(name: str) -> str:
    """A joint's name without namespace, rig prefix, separators and case: ``mixamorig:LeftUpLeg`` is ``leftupleg``."""
    plain = re.sub(r"[^a-z0-9]", "", name.rsplit(":", 1)[-1].lower())
    return _PREFIXES.sub("", plain)


def _candidates(stem: str, side: str) -> tuple[str, ...]:
    word = {"l": "left", "r": "right"}[side]
    return f"{word}{stem}", f"{side}{stem}", f"{stem}{side}", f"{stem}{word}"


def joint_roles(names: Sequence[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Find the joints that play the body's roles.

    Args:
        names: Joint names as the file has them.

    Returns:
        Role (``thigh_l`` ... ``hand_r``, ``head``) -> index into ``names``, and the essential roles without a joint.
    """
    index: dict[str, int] = {}
    for i, name in enumerate(names):
        index.setdefault(plain_name(name), i)
    roles: dict[str, int] = {}
    for role, stems in _STEMS.items():
        for side in "lr":
            found = (index[c] for stem in stems for c in _candidates(stem, side) if c in index)
            free = (i for i in found if i not in roles.values())
            roles |= {f"{role}_{side}": i for i in [next(free, None)] if i is not None}
    for name in reversed(_HEAD):
        if name in index:
            roles["head"] = index[name]
    wanted = [f"{role}_{side}" for role in _STEMS for side in "lr"] + ["head"]
    return roles, tuple(r for r in wanted if r not in roles and r not in OPTIONAL)


def names_for(role: str) -> str:
    """A few names that would be understood for a role, for an error message."""
    stem, _, side = role.rpartition("_")
    if stem not in _STEMS:
        return "Head"
    word = {"l": "Left", "r": "Right"}[side]
    return " or ".join(f"{word}{s.capitalize()}" for s in _STEMS[stem][:3])
