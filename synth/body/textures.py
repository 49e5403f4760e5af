"""Painted textures: skin, eyes, cloth, shoes, hair. Plain functions of a spec and a generator."""

from __future__ import annotations

import numpy as np

from synth.body.asset import BodyAsset
from synth.body.spec import Cloth, SubjectSpec


def _solid(color: tuple[int, int, int], size: int = 8) -> np.ndarray:
    return np.full((size, size, 3), color, dtype=np.uint8)


def skin_texture(
    spec: SubjectSpec, asset: BodyAsset, body_m: np.ndarray, head_centre_m: np.ndarray, scale: float
) -> np.ndarray:
    return _solid(spec.skin)


def eye_texture(spec: SubjectSpec) -> np.ndarray:
    return _solid((235, 232, 228))


def cloth_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    return _solid(cloth.color)


def shoe_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    return _solid(cloth.color)


def hair_texture(spec: SubjectSpec, rng: np.random.Generator) -> np.ndarray:
    return _solid(spec.hair_color)
