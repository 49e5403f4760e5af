"""From named joint angles to a clip: the language that procedural motions are written in.

Angles are degrees, each a number or one value a frame. Trunk: ``pelvis_tilt`` (forward), ``pelvis_list`` (to the
right), ``pelvis_turn`` (to the left) and the nine of ``REGIONAL_COORDINATES``. Sided, ending in ``_l`` or ``_r``,
the same sign on both sides: the names of ``SIDED_ANGLES``. Arms hang at 0 and legs stand at 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.errors import InputError
from synth.motion.clip import SEGMENTS, Clip
from synth.motion.curves import FPS
from synth.motion.rotations import mirrored, transpose, turn_deg
from synth.motion.trunk import trunk_rotations

Angles = Mapping[str, "np.ndarray | float"]
SIDES = ("l", "r")
PELVIS_ANGLES = ("pelvis_tilt", "pelvis_list", "pelvis_turn")
# Positive: arm forward, arm sideways, arm's front turned inward, elbow bent, palm turned back (from facing the
# thigh), hand to the palm's side, shoulder up, shoulder forward, thigh forward, thigh sideways, thigh's front turned
# inward, knee bent, toes up, toes up against the foot.
SIDED_ANGLES = (
    "shoulder_flexion", "shoulder_abduction", "shoulder_rotation", "elbow_flexion", "pronation", "wrist_flexion",
    "shrug", "protraction",
    "hip_flexion", "hip_abduction", "hip_rotation", "knee_flexion", "ankle_dorsiflexion", "toes_extension",
)  # fmt: skip
ANGLE_NAMES = frozenset(
    (*PELVIS_ANGLES, *REGIONAL_COORDINATES, *(f"{name}_{side}" for name in SIDED_ANGLES for side in SIDES))
)


def both(**angles: np.ndarray | float) -> dict[str, np.ndarray | float]:
    """The same angles for both sides: ``both(elbow_flexion=10)`` names the left and the right elbow."""
    return {f"{name}_{side}": value for name, value in angles.items() for side in SIDES}


def a_pose(
    abduction: float = 18.0, flexion: float = 4.0, elbow: float = 12.0
) -> dict[str, np.ndarray | float]:
    """Arms that hang beside the body, clear of it."""
    return both(shoulder_abduction=abduction, shoulder_flexion=flexion, elbow_flexion=elbow, pronation=15.0)


def _series(angles: Angles, frames: int) -> dict[str, np.ndarray]:
    unknown = sorted(set(angles) - ANGLE_NAMES)
    if unknown:
        raise InputError(f"unknown joint angles: {', '.join(unknown)}")
    values = {name: np.zeros(frames) for name in ANGLE_NAMES}
    return values | {name: np.broadcast_to(np.asarray(v, float), (frames,)) for name, v in angles.items()}


def pelvis_rotation(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Turn, then tilt, then list, each about the pelvis' own axis, shape (T, 3, 3)."""
    return (
        turn_deg("z", values["pelvis_turn"])
        @ turn_deg("y", values["pelvis_tilt"])
        @ turn_deg("x", values["pelvis_list"])
    )


def _upper_arm(values: Mapping[str, np.ndarray], side: str) -> np.ndarray:
    """A left arm's turn from the T-pose: hang, lift sideways, swing forward; the rotation is about the arm itself."""
    raised = turn_deg("x", values[f"shoulder_abduction_{side}"] - 90.0)
    about_itself = turn_deg("y", values[f"shoulder_rotation_{side}"])
    return turn_deg("y", -values[f"shoulder_flexion_{side}"]) @ raised @ about_itself


def _arm(values: Mapping[str, np.ndarray], side: str) -> dict[str, np.ndarray]:
    """Left-sided rotations of the arm: clavicle and upper arm in the thorax, the rest in their parents."""
    return {
        "clavicle": turn_deg("z", -values[f"protraction_{side}"]) @ turn_deg("x", values[f"shrug_{side}"]),
        "upper_arm": _upper_arm(values, side),
        "forearm": turn_deg("z", -values[f"elbow_flexion_{side}"])
        @ turn_deg("y", values[f"pronation_{side}"]),
        "hand": turn_deg("x", -values[f"wrist_flexion_{side}"]),
    }


def _leg(values: Mapping[str, np.ndarray], side: str) -> dict[str, np.ndarray]:
    """Left-sided rotations of the leg, each in its parent."""
    thigh = turn_deg("y", -values[f"hip_flexion_{side}"]) @ turn_deg("x", values[f"hip_abduction_{side}"])
    return {
        "thigh": thigh @ turn_deg("z", -values[f"hip_rotation_{side}"]),
        "shank": turn_deg("y", values[f"knee_flexion_{side}"]),
        "foot": turn_deg("y", -values[f"ankle_dorsiflexion_{side}"]),
        "toes": turn_deg("y", -values[f"toes_extension_{side}"]),
    }


def clip_from_angles(
    name: str,
    angles: Angles,
    frames: int,
    pelvis: np.ndarray | None = None,
    arms_in: str = "thorax",
    clearance: np.ndarray | None = None,
    fps: float = FPS,
) -> Clip:
    """Turn joint angles into a clip.

    Args:
        name: The clip's name.
        angles: Degrees; those not named are 0. Trunk angles beyond the anatomical ranges are cut to them.
        frames: Number of frames.
        pelvis: Mid-hip, shape (T, 3), in units of standing mid-hip height; standing in place if not given.
        arms_in: ``thorax``: shoulder angles are relative to the thorax; ``world``: relative to an upright body, so
            that arms hang in gravity whatever the trunk does.
        clearance: Height over the ground, shape (T,); 0 if not given.
        fps: Frames a second.
    """
    values = _series(angles, frames)
    spine = np.radians(np.stack([values[name] for name in REGIONAL_COORDINATES], axis=1))
    spine = np.clip(spine, REGIONAL_RANGES_RAD[:, 0], REGIONAL_RANGES_RAD[:, 1])
    root = pelvis_rotation(values)
    thorax = root @ trunk_rotations(spine)[0]
    limbs = np.empty((frames, len(SEGMENTS), 3, 3))
    for side in SIDES:
        arm = _arm(values, side)
        upper = arm["upper_arm"]
        if arms_in == "world":
            upper = transpose(thorax if side == "l" else mirrored(thorax)) @ upper
        # How the girdle follows a raised arm by itself is the body's affair.
        arm["upper_arm"] = transpose(arm["clavicle"]) @ upper
        for stem, rotation in (arm | _leg(values, side)).items():
            limbs[:, SEGMENTS.index(f"{stem}_{side}")] = rotation if side == "l" else mirrored(rotation)
    standing = np.tile([0.0, 0.0, 1.0], (frames, 1))
    return Clip(
        name=name,
        fps=fps,
        pelvis_position=standing if pelvis is None else pelvis,
        pelvis_rotation=root,
        spine_rad=spine,
        limb_rotations=limbs,
        clearance=np.zeros(frames) if clearance is None else clearance,
    )
