"""The bones that move the skin: 26 vertebral frames and 13 a side for the limbs, and how they share each vertex.

MakeHuman's five spine bones are replaced: their weight goes to the vertebrae by height at rest, so that the trunk
bends level by level as the truth does. The limbs keep the weights that artists painted.
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np
from scipy.special import ndtr

from opensim_models.anatomy.coordinates import JOINT_LEVELS
from synth.body.anatomy import Anatomy
from synth.body.asset import BodyAsset
from synth.body.joints import SIDES
from synth.body.parts import PARTS

VERTEBRAE: tuple[str, ...] = ("sacrum", *JOINT_LEVELS)
LIMB_BONES: tuple[str, ...] = (
    "clavicle", "shoulder", "upper_arm_near", "upper_arm", "forearm_near", "forearm", "hand",
    "thigh_near", "thigh", "shank_near", "shank", "foot", "toes",
)  # fmt: skip
BONES: tuple[str, ...] = (*VERTEBRAE, *(f"{bone}_{side}" for side in SIDES for bone in LIMB_BONES))
BONE_INDEX = {name: i for i, name in enumerate(BONES)}
INFLUENCES = 10

_LIMB_OF_RIG = {
    "clavicle": "clavicle", "shoulder01": "shoulder", "upperarm01": "upper_arm_near", "upperarm02": "upper_arm",
    "lowerarm01": "forearm_near", "lowerarm02": "forearm", "wrist": "hand", "upperleg01": "thigh_near",
    "upperleg02": "thigh", "lowerleg01": "shank_near", "lowerleg02": "shank", "foot": "foot",
}  # fmt: skip
_BY_LEVEL = ("spine", "neck", "breast")
# How far (1 SD, m) skin follows its neighbours' vertebrae, in the trunk and in the neck.
_SPREAD_TRUNK_M, _SPREAD_NECK_M = 0.028, 0.014
# Ribs slope down to the front, so skin of one height follows a higher level in front than behind: T1 to T12.
_RIB_SLOPE = np.tan(np.radians(17.0))


def _target_bone(rig_bone: str) -> str:
    """Where a rig bone's weight goes: a bone of ours, or ``level`` for the vertebrae."""
    stem, _, side = rig_bone.partition(".")
    side = side.lower()
    if stem in _LIMB_OF_RIG:
        return f"{_LIMB_OF_RIG[stem]}_{side}"
    if stem.startswith(("finger", "metacarpal")):
        return f"hand_{side}"
    if stem.startswith("toe"):
        return f"toes_{side}"
    if stem.startswith(_BY_LEVEL):
        return "level"
    return "sacrum" if stem in ("root", "pelvis") else "C0"


def level_heights(vertices_m: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Height along the spine at which each vertex hangs on it at rest, metres, shape (V,)."""
    joints = anatomy.rest_frames_m[1:, :3, 3]
    order = np.argsort(joints[:, 2])
    spine_x = np.interp(vertices_m[:, 2], joints[order, 2], joints[order, 0])
    top_of_lumbar, t3 = joints[5, 2], joints[14, 2]
    neck_tilt = np.arctan2(joints[-1, 0] - joints[17, 0], joints[-1, 2] - joints[17, 2])
    slope = np.interp(
        vertices_m[:, 2],
        (top_of_lumbar - 0.10, top_of_lumbar + 0.05, t3, joints[-1, 2]),
        (0.0, _RIB_SLOPE, np.tan(neck_tilt), np.tan(neck_tilt)),
    )
    return vertices_m[:, 2] + slope * np.clip(vertices_m[:, 0] - spine_x, -0.15, 0.15)


def level_weights(heights_m: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Share of each vertebral frame in skin of given level heights, shape (V, 26); rows sum to 1."""
    joints = anatomy.rest_frames_m[1:, 2, 3]
    # Joint heights rise in standing; a strongly tilted neighbour must not swap two of them.
    joints = np.maximum.accumulate(joints)
    spread = np.interp(heights_m, (joints[14], joints[18]), (_SPREAD_TRUNK_M, _SPREAD_NECK_M))
    below = ndtr((heights_m[:, None] - joints[None, :]) / spread[:, None])
    padded = np.concatenate([np.ones((len(below), 1)), below, np.zeros((len(below), 1))], axis=1)
    return padded[:, :-1] - padded[:, 1:]


@lru_cache(maxsize=2)
def rest_weights(asset: BodyAsset) -> tuple[np.ndarray, np.ndarray]:
    """What is the same for all subjects: weights of the limbs and the head (V, 52), and each vertex' share that the
    vertebrae take by height (V,); float32. Do not write to them."""
    dense = np.zeros((asset.bone_indices.shape[0], len(BONES)), dtype=np.float32)
    by_level = np.zeros(len(dense), dtype=np.float32)
    targets = [_target_bone(bone) for bone in asset.bones]
    columns = np.array([BONE_INDEX.get(t, -1) for t in targets])[asset.bone_indices]
    rows = np.arange(len(dense))
    for k in range(columns.shape[1]):
        own = columns[:, k] >= 0
        np.add.at(dense, (rows[own], columns[own, k]), asset.bone_weights[own, k])
        by_level[~own] += asset.bone_weights[~own, k]
    total = np.maximum(dense.sum(axis=1) + by_level, 1e-9)
    return dense / total[:, None], by_level / total


def skin_weights(asset: BodyAsset, vertices_m: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Weights of our bones for every vertex of the asset, shape (V, 52), float32, rows sum to 1."""
    base, by_level = rest_weights(asset)
    dense = base.copy()
    on_spine = np.flatnonzero(by_level > 0)
    levels = level_weights(level_heights(vertices_m[on_spine], anatomy), anatomy)
    dense[on_spine, : len(VERTEBRAE)] += (by_level[on_spine, None] * levels).astype(np.float32)
    return dense


@numba.njit(cache=True)
def _largest(dense: np.ndarray, indices: np.ndarray, weights: np.ndarray) -> None:
    count = indices.shape[1]
    for v in range(dense.shape[0]):
        held = 0
        for b in range(dense.shape[1]):
            w = dense[v, b]
            if w <= 0 or (held == count and w <= weights[v, count - 1]):
                continue
            place = min(held, count - 1)
            while place > 0 and weights[v, place - 1] < w:
                weights[v, place], indices[v, place] = weights[v, place - 1], indices[v, place - 1]
                place -= 1
            weights[v, place], indices[v, place] = w, b
            held = min(held + 1, count)
        total = weights[v].sum()
        for k in range(count):
            weights[v, k] /= total


def pack_weights(dense: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the largest ``INFLUENCES`` weights of each vertex, largest first: indices (V, K) uint8, weights float32."""
    indices = np.zeros((len(dense), INFLUENCES), dtype=np.uint8)
    weights = np.zeros((len(dense), INFLUENCES), dtype=np.float32)
    _largest(np.ascontiguousarray(dense, dtype=np.float32), indices, weights)
    return indices, weights


def _part_of_bone(bone: str) -> int:
    if bone in VERTEBRAE:
        if bone == "C0":
            return PARTS["head"]
        return PARTS["neck"] if bone.startswith("C") and bone != "C7" else PARTS["trunk"]
    stem, side = bone.rsplit("_", 1)
    stem = stem.removesuffix("_near")
    named = {"clavicle": "trunk", "shoulder": "trunk", "toes": f"foot_{side}"}
    return PARTS[named.get(stem, f"{stem}_{side}")]


_PART_OF_BONE = np.eye(len(PARTS), dtype=np.float32)[[_part_of_bone(bone) for bone in BONES]]


def part_ids(dense: np.ndarray) -> np.ndarray:
    """Body-part id of each vertex, the part with most of its weight, shape (V,), uint8."""
    return (dense.astype(np.float32, copy=False) @ _PART_OF_BONE).argmax(axis=1).astype(np.uint8)
