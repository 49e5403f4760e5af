"""What OpenSim's viewer draws: a spine with bodies, discs and processes, and simple bones around it.

Solids are inside the model file, so that it shows its spine wherever it is copied to; they move nothing.
"""

from __future__ import annotations

import numpy as np

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.anatomy.looks import looks
from opensim_models.anatomy.segments import LIMB_JOINTS
from opensim_models.spec import Solid
from opensim_models.spine import SpineShape, joint_rotation

BONE, DISC = (0.93, 0.89, 0.78), (0.62, 0.72, 0.82)


def solids(spine: SpineShape, scales: dict[str, np.ndarray], s1_in_pelvis_m: np.ndarray) -> tuple[Solid, ...]:
    """All solids of a subject.

    Args:
        spine: The subject's spine.
        scales: Factors on (x, y, z) by segment, shape (3,).
        s1_in_pelvis_m: Centre of the S1 endplate in the pelvis, shape (3,).
    """
    found = [part for row in range(len(LEVELS)) for part in _vertebra(spine, row)]
    found += _sacrum(spine) + _pelvis(scales["pelvis"], s1_in_pelvis_m) + _skull(scales["skull"])
    for side in ("r", "l"):
        found += _limbs(scales, side)
    return tuple(found)


def _vertebra(spine: SpineShape, row: int) -> list[Solid]:
    level = LEVELS[row]
    size = looks(level)
    # The column's breadth scales as the subject's spinous processes do; heights are the subject's own.
    scale = -spine.spinous_tips_m[row, 0] / levels.column("spinous_back_mm")[row]
    centre, tip = spine.body_centres_m[row], spine.spinous_tips_m[row]
    depth, width, canal = size.depth * scale / 2, size.width * scale / 2, size.canal * scale
    half_height = levels.column("height_mm")[row] * scale / 2
    half_disc = max(float(centre[1]) - half_height, 0.0)
    arch = centre + np.array([-depth - 0.75 * canal, 0.1 * half_height, 0.0])
    parts = []
    if level != "C1":  # the atlas is a ring without a body
        parts.append(_solid("body", level, "cylinder", (depth, half_height, width), centre))
        disc = (0.95 * depth, half_disc, 0.95 * width)
        parts.append(_solid("disc", level, "cylinder", disc, np.zeros(3), colour=DISC))
    else:
        parts.append(
            _solid("front", level, "ellipsoid", (0.004, 0.005, 0.5 * width), centre + np.array([depth, 0, 0]))
        )
        for side, word in ((1, "right"), (-1, "left")):
            mass = centre + np.array([0.2 * depth, 0, side * 1.1 * width])
            parts.append(_solid(f"mass_{word}", level, "ellipsoid", (0.009, 0.008, 0.008), mass))
    parts.append(_solid("arch", level, "ellipsoid", (0.6 * canal, 0.7 * half_height, 0.55 * width), arch))
    parts += _processes(level, size.span * scale / 2, size.process * scale / 2, centre, arch, tip)
    return parts


def _processes(
    level: str, span: float, height: float, centre: np.ndarray, arch: np.ndarray, tip: np.ndarray
) -> list[Solid]:
    """The transverse processes as one bar, and the spinous process from the arch to its tip."""
    along = tip - arch
    length = float(np.linalg.norm(along))
    angle = np.arctan2(along[1], along[0])
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    bar = np.array([0.35 * centre[0] + 0.65 * arch[0], arch[1], 0.0])
    return [
        _solid("transverse", level, "ellipsoid", (0.0045, 0.0055, span), bar),
        _solid("spinous", level, "ellipsoid", (0.6 * length, height, 0.004), (arch + tip) / 2, turn),
    ]


def _sacrum(spine: SpineShape) -> list[Solid]:
    scale = -spine.spinous_tips_m[0, 0] / levels.column("spinous_back_mm")[0]
    parts = []
    top = np.zeros(3)
    for part, (height, depth, width, lean) in enumerate(
        ((30, 17, 48, 0), (26, 13, 38, -18), (24, 9, 28, -42), (22, 6, 16, -62))
    ):
        turn = joint_rotation(np.array([spine.sacral_slope_rad + np.radians(lean), 0.0, 0.0]))
        centre = top - turn[:, 1] * height * scale / 2
        half = np.array([depth, 1.08 * height / 2, width]) * scale
        parts.append(
            _solid(f"s{part + 1}", "sacrum", "ellipsoid" if part else "cylinder", half, centre, turn)
        )
        crest = centre - turn[:, 0] * (depth + 6) * scale
        if part < 3:
            parts.append(
                _solid(f"crest{part + 1}", "sacrum", "ellipsoid", (0.009, height * scale / 2.2, 0.005), crest)
            )
        top = top - turn[:, 1] * height * scale
    return parts


def _pelvis(scale: np.ndarray, s1_m: np.ndarray) -> list[Solid]:
    parts = []
    for side, word in ((1, "right"), (-1, "left")):

        def place(x: float, y: float, z: float, side: int = side) -> np.ndarray:
            return np.array([x, y, side * z]) * scale

        hip, front, top = place(0, 0, 0.085), place(0.060, 0.055, 0.112), place(-0.015, 0.112, 0.128)
        back, joint = place(-0.085, 0.085, 0.040), s1_m + place(-0.02, -0.02, 0.045)
        pubis, seat = place(0.055, -0.035, 0.014), place(-0.030, -0.085, 0.060)
        for name, (a, b, thick, high) in {
            "wing_front": (hip, (front + top) / 2, 0.008, 0.040), "wing_top": (joint, top, 0.008, 0.045),
            "wing_back": (back, (hip + joint) / 2, 0.010, 0.032), "crest_front": (front, top, 0.007, 0.012),
            "crest_back": (top, back, 0.007, 0.012), "pubis": (hip, pubis, 0.010, 0.012),
            "ramus": (pubis, seat, 0.008, 0.010), "ischium": (hip, seat, 0.014, 0.017),
        }.items():  # fmt: skip
            parts.append(_between(f"{name}_{word}", "pelvis", a, b, thick, high))
        parts.append(_solid(f"socket_{word}", "pelvis", "ellipsoid", (0.028, 0.028, 0.022), hip))
    return parts


def _skull(scale: np.ndarray) -> list[Solid]:
    return [
        _solid(name, "skull", "ellipsoid", np.array(half) * scale, np.array(centre) * scale)
        for name, half, centre in (
            ("cranium", (0.093, 0.075, 0.072), (-0.002, 0.080, 0.0)),
            ("base", (0.055, 0.024, 0.045), (0.000, 0.022, 0.0)),
            ("face", (0.036, 0.050, 0.050), (0.062, 0.022, 0.0)),
            ("jaw", (0.040, 0.014, 0.042), (0.060, -0.030, 0.0)),
        )
    ]


def _limbs(scales: dict[str, np.ndarray], side: str) -> list[Solid]:
    mirror = np.array([1.0, 1.0, 1.0 if side == "r" else -1.0])
    offsets = {
        j.child: np.array(j.offset_m) * scales.get(j.parent, scales["trunk"]) * mirror for j in LIMB_JOINTS
    }
    parts = []
    for body, child, radius in (
        ("clavicle", "humerus", 0.006), ("humerus", "forearm", 0.012), ("forearm", "hand", 0.012),
        ("femur", "tibia", 0.015), ("tibia", "foot", 0.015),
    ):  # fmt: skip
        end = offsets[child]
        parts.append(_between("shaft", f"{body}_{side}", np.zeros(3), end, radius, radius, "cylinder"))
        if body != "clavicle":
            for name, place in (("head", np.zeros(3)), ("foot", end)):
                parts.append(_solid(name, f"{body}_{side}", "ellipsoid", np.full(3, 1.7 * radius), place))
    for name, body, half, centre in (
        ("palm", "hand", (0.012, 0.085, 0.036), (0.0, -0.085, 0.0)),
        ("sole", "foot", (0.120, 0.020, 0.038), (0.060, -0.052, 0.0)),
    ):
        size, place = np.array(half) * scales[body], np.array(centre) * scales[body]
        parts.append(_solid(name, f"{body}_{side}", "ellipsoid", size, place))
    return parts


def _between(
    name: str, body: str, a: np.ndarray, b: np.ndarray, thick: float, high: float, kind: str = "ellipsoid"
) -> Solid:
    """A solid from one point to another; ``thick`` across, ``high`` along the vertical as far as that is across."""
    along = b - a
    length = float(np.linalg.norm(along))
    axis = along / length
    up = np.array([0.0, 1.0, 0.0]) if abs(axis[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    third = np.cross(axis, up)
    third /= np.linalg.norm(third)
    turn = np.stack([np.cross(axis, third), axis, third], axis=1)
    reach = 0.5 if kind == "cylinder" else 0.58
    return _solid(name, body, kind, (high, reach * length, thick), (a + b) / 2, turn)


def _solid(
    name: str,
    body: str,
    kind: str,
    half_m: object,
    centre_m: np.ndarray,
    rotation: np.ndarray | None = None,
    colour: tuple[float, float, float] = BONE,
) -> Solid:
    turn = np.eye(3) if rotation is None else rotation
    return Solid(
        name, body, kind, np.asarray(half_m, dtype=float), np.asarray(centre_m, dtype=float), turn, colour
    )
