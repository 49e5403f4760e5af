"""The scalp: where hair grows, a mesh of it that all people share, and roots spread evenly over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.patch import Patch
from synth.body.spec import SubjectSpec

T = TypeVar("T")
_HEAD_M = 0.235  # average height of the head, chin to top, as the hairline's reference
# Hairline above the eyes (m, for a head of average size) by azimuth from straight ahead, degrees.
_LINE_DEG = np.array([0, 25, 50, 68, 82, 100, 112, 125, 180], dtype=float)
_LINE_M = np.array([0.066, 0.066, 0.056, 0.030, -0.012, -0.028, -0.050, -0.060, -0.064])


def once_per_asset(make: Callable[[BodyAsset], T]) -> Callable[[BodyAsset], T]:
    """Cache what is made from the baked body alone (there is one in a process, seldom two)."""
    kept: dict[int, tuple[BodyAsset, T]] = {}

    def cached(asset: BodyAsset) -> T:
        if id(asset) not in kept:
            if len(kept) > 1:
                kept.clear()
            kept[id(asset)] = (asset, make(asset))
        return kept[id(asset)][1]

    cached.__doc__ = make.__doc__
    return cached


def head_frame(asset: BodyAsset, vertices_m: np.ndarray) -> tuple[np.ndarray, float]:
    """Middle of the head level with the eyes, and the head's size relative to the average."""
    ends = []
    for bone in ("eye.L", "eye.R", "head"):
        ends.append(vertices_m[asset.head_vertices[asset.bones.index(bone)]].mean(axis=0))
    eye = (ends[0] + ends[1]) / 2
    top = vertices_m[: asset.num_body, 2].max()
    scale = (top - eye[2]) / (0.5 * _HEAD_M)
    return np.array([ends[2][0] + 0.012, 0.0, eye[2]]), float(scale)


@dataclass(frozen=True)
class HeadPlace:
    """Where a head is: its coordinates are forward, left and up of the middle between the eyes, by its size.

    Attributes:
        centre_m: Middle of the head level with the eyes, shape (3,).
        scale: Its size relative to the average.
    """

    centre_m: np.ndarray
    scale: float

    def local(self, points_m: np.ndarray) -> np.ndarray:
        """Head coordinates of points, shape (..., 3)."""
        return (points_m - self.centre_m) / self.scale

    def world(self, p: np.ndarray) -> np.ndarray:
        """Points of head coordinates, metres, shape (..., 3)."""
        return self.centre_m + self.scale * p


@dataclass(frozen=True)
class Hairline:
    """How one person's hair is bounded, metres for a head of average size.

    Attributes:
        shift_m: The whole front line, upwards.
        temples_m: How far the temples recede.
        widow_m: A peak in the middle, downwards.
        top: Whether hair grows on top of the head; without it only a fringe from ear to ear is left.
        fringe_m: Upper edge of that fringe above the eyes.
    """

    shift_m: float = 0.0
    temples_m: float = 0.0
    widow_m: float = 0.0
    top: bool = True
    fringe_m: float = 0.03


def hairline_of(spec: SubjectSpec, whole: bool = False) -> Hairline:
    """Draw a person's hairline: it recedes with age in men, more so before they go bald.

    Args:
        spec: The person.
        whole: Hair on top even if the person is bald (the shadow of a shaved head).
    """
    rng = rng_for(spec.seed, "hairline")
    shift, widow = rng.normal(0, 0.004), max(rng.normal(0.001, 0.003), 0.0)
    recede, fringe = rng.beta(1.5, 2.5), rng.uniform(0.012, 0.05)
    top = whole or spec.hair != "bald"
    if spec.sex == "male":
        amount = recede * np.interp(spec.age_years, (20, 60), (0.15, 1.0))
        return Hairline(shift + 0.012 * amount, 0.045 * amount, widow, top, fringe)
    return Hairline(shift, 0.008 * recede, widow, top, fringe)


def fringe_shaved_chance(spec: SubjectSpec) -> float:
    """How likely a bald head is shaved: young men and women are, old men keep their fringe."""
    return 1.0 if spec.sex == "female" else float(np.interp(spec.age_years, (30, 65), (0.95, 0.25)))


def is_shaved(spec: SubjectSpec) -> bool:
    """Whether a bald head is shaved rather than fringed."""
    return spec.hair == "bald" and rng_for(spec.seed, "hair", "shaved").random() < fringe_shaved_chance(spec)


def line_field(azimuth_deg: np.ndarray, height: np.ndarray, line: Hairline) -> np.ndarray:
    """Distance above the hairline, shape (...), metres for a head of average size.

    Args:
        azimuth_deg: On the neutral head, 0 straight ahead to 180, shape (...).
        height: Above the eyes there, metres, shape (...).
        line: Whose hairline.
    """
    low = np.interp(azimuth_deg, _LINE_DEG, _LINE_M)
    front = np.clip(1 - azimuth_deg / 62, 0, 1)
    low = low + line.shift_m * front - line.widow_m * np.exp(-((azimuth_deg / 9) ** 2))
    low = low + line.temples_m * np.exp(-(((azimuth_deg - 36) / 15) ** 2))
    field = height - low
    if not line.top:
        edge = line.fringe_m - 0.05 * np.clip((82 - azimuth_deg) / 20, 0, 3)
        field = np.minimum(field, edge - height)
    return field


def hairline_field(p: np.ndarray, line: Hairline) -> np.ndarray:
    """:func:`line_field` at points of the neutral head, relative to its middle, divided by its size, (..., 3)."""
    return line_field(np.degrees(np.abs(np.arctan2(p[..., 1], p[..., 0]))), p[..., 2], line)


@dataclass(frozen=True)
class Scalp:
    """The part of the skin that may bear hair, as indices into the skin.

    Attributes:
        used: The skin vertices, shape (N,).
        triangles: Shape (F, 3).
        p: The vertices on the neutral head, relative to its middle, divided by its size, shape (N, 3).
        ears_m: Middle of the left ear relative to the head's middle, in a head of average size, shape (3,).
    """

    used: np.ndarray
    triangles: np.ndarray
    p: np.ndarray
    ears_m: np.ndarray


@once_per_asset
def scalp_of(asset: BodyAsset) -> Scalp:
    """Find the scalp on the neutral body; every body has the same."""
    template = asset.template_m.astype(float)
    centre, scale = head_frame(asset, template)
    p = (template[: asset.num_body] - centre) / scale
    field = hairline_field(p, Hairline(shift_m=-0.012))
    field[asset.hairless_vertices] = -1.0
    field[p[:, 2] < -0.12] = -1.0
    # The inside of the mouth and of the nostrils lies in front of the neck, far from any hair.
    field[np.linalg.norm(p - np.array([-0.01, 0.0, 0.02]), axis=1) < 0.055] = -1.0
    triangles = asset.triangles["body"]
    triangles = triangles[(field[triangles] > -0.012).all(axis=1)]
    used, local = np.unique(triangles, return_inverse=True)
    ear = p[asset.ear_vertices]
    return Scalp(used, local.reshape(-1, 3).astype(np.int32), p[used], ear[ear[:, 1] > 0].mean(axis=0))


@once_per_asset
def skull_vertices(asset: BodyAsset) -> np.ndarray:
    """Skin vertices of the upper head without ears, eyes and nose: what a hat rests on."""
    template = asset.template_m.astype(float)
    centre, scale = head_frame(asset, template)
    p = (template[: asset.num_body] - centre) / scale
    high = p[:, 2] > np.where(p[:, 0] > 0.05, 0.022, -0.035)
    high[asset.hairless_vertices] = False
    return np.flatnonzero(high & (np.linalg.norm(p - np.array([0.027, 0, 0.03]), axis=1) > 0.06))


def scalp_patch(scalp: Scalp, body: Patch) -> Patch:
    """The scalp of one person as a mesh."""
    uvs = np.zeros((len(scalp.used), 2))
    return Patch(body.vertices_m[scalp.used], body.weights[scalp.used], scalp.triangles, uvs)


def spread_roots(
    rng: np.random.Generator, patch: Patch, p: np.ndarray, density: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw points evenly over a mesh.

    Args:
        rng: Draws within each triangle.
        patch: The scalp.
        p: Its vertices relative to the head's middle, shape (N, 3).
        density: Roots wanted at each vertex, relative, shape (N,); 0 leaves bare.
        count: How many.

    Returns:
        Triangle of each root, shape (count,), and barycentric weights, shape (count, 3).
    """
    corners = patch.vertices_m[patch.triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    want = area * density[patch.triangles].min(axis=1)
    # Walk along rings round the head, so that steps of equal area fall far from each other.
    middle = p[patch.triangles].mean(axis=1)
    ring = np.floor((middle[:, 2] + 0.2) / 0.016)
    order = np.lexsort((np.arctan2(middle[:, 1], middle[:, 0]), ring))
    total = np.cumsum(want[order])
    at = (np.arange(count) + rng.random(count)) / count * total[-1]
    chosen = order[np.minimum(np.searchsorted(total, at), len(order) - 1)]
    u, v = rng.random((2, count))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    return chosen, np.stack([1 - u - v, u, v], axis=1)
