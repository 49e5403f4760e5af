"""Solve MakeHuman's unlabelled sliders for a person's stature and body mass index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from synth.body.asset import RACES, BodyAsset, mix_coefficients, mix_shapes
from synth.body.face import face_offsets
from synth.body.geometry import volume_m3
from synth.body.spec import SubjectSpec

# Mean density of a living body with the air of normal breathing in its lungs; tissue alone is 1.03 to 1.07.
DENSITY_KG_M3 = 1000.0
MAX_WEIGHT = 1.4  # the weight slider is drawn out to here where its end is not heavy enough
_YOUNG, _OLD = 2 / 3, 1.0
_YOUNG_YEARS, _OLD_YEARS = 25.0, 90.0  # MakeHuman's ages for its "young" and "old" targets


@dataclass(frozen=True)
class SolvedShape:
    """A body of the stature asked.

    Attributes:
        vertices_m: All vertices of the asset, standing on z = 0, mid-hip at x = y = 0, shape (V, 3).
        stature_m: Height of the person in quiet standing.
        mass_kg: Volume of the skin times ``DENSITY_KG_M3``.
    """

    vertices_m: np.ndarray
    stature_m: float
    mass_kg: float

    @property
    def bmi(self) -> float:
        return self.mass_kg / self.stature_m**2


def _coefficients(
    asset: BodyAsset, spec: SubjectSpec, height: float, weight: float, muscle: float
) -> np.ndarray:
    age = np.interp(spec.age_years, (_YOUNG_YEARS, _OLD_YEARS), (_YOUNG, _OLD))
    phenotype = {
        "gender": float(spec.sex == "female"),
        "age": float(age),
        "muscle": muscle,
        "weight": weight,
        "height": height,
        "proportions": spec.proportions,
        "cupsize": spec.cup,
        "firmness": float(np.interp(spec.age_years, (20, 80), (0.65, 0.35))),
    }
    return mix_coefficients(asset, phenotype, dict(zip(RACES, spec.races, strict=True)))


def _sized(
    asset: BodyAsset,
    spec: SubjectSpec,
    weight: float,
    muscle: float,
    stature_m: float,
    face_m: np.ndarray,
) -> tuple[np.ndarray, float]:
    """Coefficients of a body of the stature asked, and the factor that takes up what the height slider cannot reach.

    The height slider acts linearly, so crown and soles of two bodies tell where it must stand.
    """
    low, high = (_coefficients(asset, spec, h, weight, muscle) for h in (0.0, 1.0))
    ends = asset.end_vertices

    def height(coefficients: np.ndarray) -> float:
        return float(np.ptp(mix_shapes(asset, coefficients, ends)[:, 2] + face_m[ends, 2]))

    tall = [height(c) for c in (low, high)]
    share = float(np.clip((stature_m - tall[0]) / (tall[1] - tall[0]), 0.0, 1.0))
    coefficients = low + share * (high - low)
    return coefficients, stature_m / height(coefficients)


def _solve_build(
    asset: BodyAsset, spec: SubjectSpec, stature_m: float, face_m: np.ndarray
) -> tuple[float, float]:
    """Weight and muscle sliders for the BMI asked.

    How far the weight slider reaches depends on muscle: the fat and the thin ends both lie at little muscle. So the
    muscle asked is kept where it can be, and lowered step by step where the BMI is out of the slider's reach.
    """

    def excess(weight: float, muscle: float) -> float:
        coefficients, scale = _sized(asset, spec, weight, muscle, stature_m, face_m)
        body = mix_shapes(asset, coefficients, asset.num_body) + face_m[: asset.num_body]
        return _mass_kg(asset, body, scale) / spec.stature_m**2 - spec.bmi

    for muscle in np.maximum(spec.muscle - 0.1 * np.arange(11), 0.0):
        if excess(1.0, muscle) >= 0 >= excess(0.0, muscle):
            return brentq(excess, 0.0, 1.0, args=(muscle,), xtol=2e-3), float(muscle)
    if excess(0.0, 0.0) > 0:
        return 0.0, 0.0
    if excess(MAX_WEIGHT, 0.0) < 0:
        return MAX_WEIGHT, 0.0
    return brentq(excess, 1.0, MAX_WEIGHT, args=(0.0,), xtol=2e-3), 0.0


def _mass_kg(asset: BodyAsset, body_m: np.ndarray, scale: float = 1.0) -> float:
    return DENSITY_KG_M3 * scale**3 * volume_m3(body_m, asset.triangles["body"])


def solve_shape(asset: BodyAsset, spec: SubjectSpec, stretch: float = 1.0) -> SolvedShape:
    """Find the body with a person's stature and BMI; a BMI beyond the model's reach gives the nearest it has.

    Args:
        asset: The baked body.
        spec: The person.
        stretch: Height of the rest mesh over the stature: above 1 for somebody who stands less straight than it.
    """
    stature = spec.stature_m * stretch
    face = face_offsets(spec, asset)
    build = _solve_build(asset, spec, stature, face)
    coefficients, scale = _sized(asset, spec, *build, stature, face)
    vertices = (mix_shapes(asset, coefficients) + face) * scale
    heads = asset.bone_heads_m(vertices)
    middle = (heads["upperleg01.L"] + heads["upperleg01.R"]) / 2
    origin = np.array([middle[0], 0.0, vertices[: asset.num_body, 2].min()])
    vertices -= origin
    return SolvedShape(vertices, spec.stature_m, _mass_kg(asset, vertices[: asset.num_body]))
