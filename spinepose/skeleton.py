"""The SpineTrack skeleton of 37 keypoints as one table; everything else about it is derived here.

Order, names, swap pairs and OKS sigmas are facts of the published format (SpineTrack, CVPRW 2025,
arXiv 2504.08110): a file that differs in any of them cannot be read by the format's users. Loss weights
are the published ones. ``source`` and ``definition`` say where this project's own labels come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Keypoint:
    """One row of the skeleton.

    Attributes:
        name: The name in the published format.
        swap: Name of the keypoint on the other side, None on the midline.
        sigma: OKS sigma, a share of the square root of the person's area.
        weight: Loss weight of the keypoint.
        group: One of body, axis, spine, feet, trunk.
        deep: True where the point lies inside the body, False where it lies on the skin.
        source: Where a synthetic label comes from: fit, rig (a joint centre) or mesh (a point of the skin).
        definition: Where the point lies, in words.
    """

    name: str
    swap: str | None
    sigma: float
    weight: float
    group: str
    deep: bool
    source: str
    definition: str


def _sided(name: str, *rest: object) -> tuple[Keypoint, Keypoint]:
    left, right = f"left_{name}", f"right_{name}"
    return Keypoint(left, right, *rest), Keypoint(right, left, *rest)  # type: ignore[arg-type]


KEYPOINTS: tuple[Keypoint, ...] = (
    Keypoint("nose", None, 0.026, 1.0, "body", False, "mesh", "tip of the nose"),
    *_sided("eye", 0.025, 1.0, "body", False, "mesh", "centre of the visible eyeball"),
    *_sided("ear", 0.035, 1.0, "body", False, "mesh", "middle of the outer ear"),
    *_sided("shoulder", 0.079, 1.0, "body", True, "rig", "centre of the glenohumeral joint"),
    *_sided("elbow", 0.072, 1.2, "body", True, "rig", "centre of the elbow joint"),
    *_sided("wrist", 0.062, 1.5, "body", True, "rig", "centre of the wrist joint"),
    *_sided("hip", 0.107, 1.0, "body", True, "rig", "centre of the hip joint"),
    *_sided("knee", 0.087, 1.2, "body", True, "rig", "centre of the knee joint"),
    *_sided("ankle", 0.089, 1.5, "body", True, "rig", "centre of the ankle joint"),
    Keypoint("head", None, 0.026, 1.0, "axis", False, "mesh", "top of the head (vertex)"),
    Keypoint("neck", None, 0.04, 1.5, "spine", True, "fit", "C7, base of the neck"),
    Keypoint("hip", None, 0.07, 1.5, "spine", True, "fit", "sacrum (S1-S2), on the midline"),
    *_sided("big_toe", 0.079, 1.2, "feet", False, "mesh", "tip of the big toe"),
    *_sided("small_toe", 0.079, 1.2, "feet", False, "mesh", "tip of the small toe"),
    *_sided("heel", 0.079, 1.2, "feet", False, "mesh", "back of the heel"),
    Keypoint("spine_01", None, 0.10, 1.2, "spine", True, "fit", "L5"),
    Keypoint("spine_02", None, 0.10, 1.2, "spine", True, "fit", "L3"),
    Keypoint("spine_03", None, 0.10, 1.2, "spine", True, "fit", "T12/L1"),
    Keypoint("spine_04", None, 0.08, 1.2, "spine", True, "fit", "T8"),
    Keypoint("spine_05", None, 0.08, 1.2, "spine", True, "fit", "T3"),
    *_sided(
        "latissimus",
        0.12,
        1.0,
        "trunk",
        False,
        "mesh",
        "lateral border of the latissimus dorsi, level with T8",
    ),
    *_sided("clavicle", 0.07, 1.2, "trunk", False, "mesh", "skin over the middle of the clavicle"),
    Keypoint("neck_02", None, 0.07, 1.5, "spine", True, "fit", "C3/C4"),
    Keypoint("neck_03", None, 0.06, 1.5, "spine", True, "fit", "C1"),
)

NAMES: tuple[str, ...] = tuple(k.name for k in KEYPOINTS)
NUM_KEYPOINTS = len(KEYPOINTS)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}

# The 26 keypoints of Halpe26, in its order: what a body teacher knows.
HALPE26_NAMES: tuple[str, ...] = NAMES[:26]
COCO17_NAMES: tuple[str, ...] = NAMES[:17]

# From the bottom up: sacrum, L5, L3, T12/L1, T8, T3, C7, C3/C4, C1.
SPINE_CHAIN: tuple[str, ...] = (
    "hip", "spine_01", "spine_02", "spine_03", "spine_04", "spine_05", "neck", "neck_02", "neck_03",
)  # fmt: skip
SPINE_LEVELS: tuple[str, ...] = ("sacrum", "L5", "L3", "T12/L1", "T8", "T3", "C7", "C3/C4", "C1")

SIGMAS = np.array([k.sigma for k in KEYPOINTS])
WEIGHTS = np.array([k.weight for k in KEYPOINTS])
DEEP = np.array([k.deep for k in KEYPOINTS])

# Index of the keypoint that stands at i after a left-right flip.
FLIP = np.array([INDEX[k.swap] if k.swap else i for i, k in enumerate(KEYPOINTS)])

SUBSETS: dict[str, tuple[str, ...]] = {
    "Body": NAMES[:17],
    "Feet": NAMES[20:26],
    "Spine": tuple(reversed(SPINE_CHAIN)),
    "Overall": NAMES,
}

LINKS: tuple[tuple[str, str], ...] = (
    ("left_ankle", "left_knee"), ("left_knee", "left_hip"), ("left_hip", "hip"),
    ("right_ankle", "right_knee"), ("right_knee", "right_hip"), ("right_hip", "hip"),
    ("head", "neck_03"), *(pair for pair in zip(SPINE_CHAIN[::-1], SPINE_CHAIN[-2::-1], strict=False)),
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("spine_05", "left_clavicle"), ("left_clavicle", "left_shoulder"),
    ("spine_05", "right_clavicle"), ("right_clavicle", "right_shoulder"),
    ("spine_04", "left_latissimus"), ("spine_04", "right_latissimus"),
    ("left_ankle", "left_big_toe"), ("left_ankle", "left_small_toe"), ("left_ankle", "left_heel"),
    ("right_ankle", "right_big_toe"), ("right_ankle", "right_small_toe"), ("right_ankle", "right_heel"),
    ("head", "nose"), ("nose", "left_eye"), ("nose", "right_eye"), ("left_eye", "right_eye"),
    ("left_eye", "left_ear"), ("right_eye", "right_ear"),
    ("left_ear", "left_shoulder"), ("right_ear", "right_shoulder"),
)  # fmt: skip


def indices(names: tuple[str, ...] | list[str]) -> np.ndarray:
    """Turn keypoint names into their indices.

    Raises:
        KeyError: A name is not a keypoint of this skeleton.
    """
    return np.array([INDEX[name] for name in names])


def coco_category() -> dict:
    """The COCO ``categories`` entry of this skeleton (link ends count from 1, as COCO has it)."""
    return {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(NAMES),
        "skeleton": [[INDEX[a] + 1, INDEX[b] + 1] for a, b in LINKS],
    }
