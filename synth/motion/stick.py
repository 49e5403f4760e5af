"""A stick figure of average proportions: forward kinematics of a clip without a body.

For tests, for planning (feet that stay where they are, hands that meet) and for pictures. Bodies have their own
proportions; a clip says rotations only.
"""

from __future__ import annotations

import itertools

import numpy as np

from synth.motion.clip import SEGMENT_PARENTS, SEGMENTS, Clip
from synth.motion.trunk import trunk_points, trunk_rotations

# Lengths as shares of stature: Drillis & Contini 1966, as Winter (Biomechanics and Motor Control of Human Movement)
# prints them; the mid-hip height is their greater trochanter. Widths of joint centres lie inside the bodily widths
# of that table (biacromial 0.259, bi-iliac 0.191).
_HIP_HEIGHT = 0.530
_OF_STATURE = {
    "thigh": 0.245,
    "shank": 0.246,
    "ankle_height": 0.039,
    "foot": 0.105,  # ankle to the ball of the foot
    "toes": 0.040,
    "heel": 0.032,  # ankle to the back of the heel
    "upper_arm": 0.186,
    "forearm": 0.146,
    "hand": 0.108,
    "hip_half": 0.052,
    "clavicle_half": 0.020,  # the inner end of the clavicle from the midline
    "shoulder_half": 0.108,
    "head": 0.085,  # skull base to the top of the head
}
# All lengths here are in units of the standing mid-hip height, as clips are.
LENGTHS: dict[str, float] = {name: share / _HIP_HEIGHT for name, share in _OF_STATURE.items()}
_S1_ABOVE_HIPS = (
    np.array([-0.015, 0.0, 0.062]) / _HIP_HEIGHT
)  # [guess]: endplate of S1 behind and above mid-hip
# Root of the clavicle and the shoulder from T3, neutral axes [guess].
_CLAVICLE_FROM_T3 = np.array([0.055, LENGTHS["clavicle_half"] * _HIP_HEIGHT, 0.005]) / _HIP_HEIGHT
_SHOULDER_FROM_T3 = np.array([0.025, LENGTHS["shoulder_half"] * _HIP_HEIGHT, 0.005]) / _HIP_HEIGHT
T3 = 5  # index of T3 in the chain of nine landmarks

POINTS: tuple[str, ...] = (
    "pelvis", "sacrum", "L5", "L3", "T12", "T8", "T3", "C7", "C4", "C1", "head_top", "face",
    *(
        f"{name}_{side}" for side in "lr"
        for name in ("hip", "knee", "ankle", "ball", "toe", "heel", "clavicle", "shoulder", "elbow", "wrist", "hand")
    ),
)  # fmt: skip
_SPINE_POINTS = POINTS[1:10]
BONES: tuple[tuple[str, str], ...] = (
    *itertools.pairwise(_SPINE_POINTS), ("C1", "head_top"), ("head_top", "face"), ("C1", "face"),
    *(
        (f"{a}_{side}", f"{b}_{side}") for side in "lr"
        for a, b in (
            ("hip", "knee"), ("knee", "ankle"), ("ankle", "ball"), ("ball", "toe"), ("ankle", "heel"), ("heel", "ball"),
            ("clavicle", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"),
        )
    ),
    ("hip_l", "hip_r"), ("clavicle_l", "clavicle_r"),
)  # fmt: skip


def segment_rotations(clip: Clip) -> dict[str, np.ndarray]:
    """Orientation of every segment in the character's frame, identity in the T-pose.

    Returns:
        For ``pelvis``, ``thorax``, ``head`` and each of ``SEGMENTS``: shape (T, 3, 3).
    """
    thorax, head = trunk_rotations(clip.spine_rad)
    world = {
        "pelvis": clip.pelvis_rotation,
        "thorax": clip.pelvis_rotation @ thorax,
        "head": clip.pelvis_rotation @ head,
    }
    for index, name in enumerate(SEGMENTS):
        world[name] = world[SEGMENT_PARENTS[name]] @ clip.limb_rotations[:, index]
    return world


def stick_points(clip: Clip) -> dict[str, np.ndarray]:
    """Joint centres of an average person who does the clip.

    Returns:
        For each of ``POINTS``: shape (T, 3), character frame, units of the standing mid-hip height, with the
        anchor and the clearance applied.
    """
    world = segment_rotations(clip)
    points = {"pelvis": np.zeros((clip.num_frames, 3))}
    spine, skull = trunk_points(clip.spine_rad)

    def at(segment: str, offset: np.ndarray | tuple[float, ...]) -> np.ndarray:
        return np.einsum("tij,...j->ti" if np.ndim(offset) == 1 else "tij,tj->ti", world[segment], offset)

    for index, name in enumerate(_SPINE_POINTS):
        points[name] = at("pelvis", _S1_ABOVE_HIPS + spine[:, index] / _HIP_HEIGHT)
    skull_base = at("pelvis", _S1_ABOVE_HIPS + skull / _HIP_HEIGHT)
    points["head_top"] = skull_base + at("head", (0.01, 0.0, LENGTHS["head"]))
    points["face"] = skull_base + at("head", (0.11, 0.0, 0.0))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        points |= _leg(points["pelvis"], at, side, sign)
        points |= _arm(points["T3"], at, side, sign)
    return _placed(clip, points)


def _leg(pelvis: np.ndarray, at, side: str, sign: float) -> dict[str, np.ndarray]:
    size = LENGTHS
    hip = pelvis + at("pelvis", (0.0, sign * size["hip_half"], 0.0))
    knee = hip + at(f"thigh_{side}", (0.0, 0.0, -size["thigh"]))
    ankle = knee + at(f"shank_{side}", (0.0, 0.0, -size["shank"]))
    ball = ankle + at(f"foot_{side}", (size["foot"], 0.0, -size["ankle_height"]))
    toe = ball + at(f"toes_{side}", (size["toes"], 0.0, 0.0))
    heel = ankle + at(f"foot_{side}", (-size["heel"], 0.0, -size["ankle_height"]))
    names = ("hip", "knee", "ankle", "ball", "toe", "heel")
    return {f"{n}_{side}": p for n, p in zip(names, (hip, knee, ankle, ball, toe, heel), strict=True)}


def _arm(t3: np.ndarray, at, side: str, sign: float) -> dict[str, np.ndarray]:
    flip, size = np.array([1.0, sign, 1.0]), LENGTHS
    clavicle = t3 + at("thorax", _CLAVICLE_FROM_T3 * flip)
    shoulder = clavicle + at(f"clavicle_{side}", (_SHOULDER_FROM_T3 - _CLAVICLE_FROM_T3) * flip)
    elbow = shoulder + at(f"upper_arm_{side}", (0.0, sign * size["upper_arm"], 0.0))
    wrist = elbow + at(f"forearm_{side}", (0.0, sign * size["forearm"], 0.0))
    hand = wrist + at(f"hand_{side}", (0.0, sign * size["hand"], 0.0))
    names = ("clavicle", "shoulder", "elbow", "wrist", "hand")
    return {f"{n}_{side}": p for n, p in zip(names, (clavicle, shoulder, elbow, wrist, hand), strict=True)}


def _placed(clip: Clip, points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Move the figure so that anchor, height over the ground and clearance hold."""
    shift = clip.pelvis_position.copy()
    if clip.anchor == "feet":
        shift -= (points["ankle_l"] + points["ankle_r"]) / 2
    lowest = np.min([p[:, 2] for p in points.values()], axis=0)
    shift[:, 2] = clip.clearance - lowest
    return {name: p + shift for name, p in points.items()}
