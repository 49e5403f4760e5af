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
_LINE_DEG = np.array([0, 25, 50, 68, 82, 100, 125, 180], dtype=float)
_LINE_M = np.array([0.066, 0.066, 0.056, 0.030, -0.012, -0.022, -0.050, -0.070])


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


def hairline_of(spec: SubjectSpec) -> Hairline:
    """Draw a person's hairline: it recedes with age in men, more so before they go bald."""
    rng = rng_for(spec.seed, "hairline")
    shift, widow = rng.normal(0, 0.004), max(rng.normal(0.001, 0.003), 0.0)
    recede, fringe = rng.beta(1.5, 2.5), rng.uniform(0.012, 0.05)
    if spec.sex == "male":
        amount = recede * np.interp(spec.age_years, (20, 60), (0.15, 1.0))
        return Hairline(shift + 0.012 * amount, 0.045 * amount, widow, spec.hair != "bald", fringe)
    return Hairline(shift, 0.008 * recede, widow, spec.hair != "bald", fringe)


def hairline_field(p: np.ndarray, line: Hairline) -> np.ndarray:
    """Distance above the hairline, shape (...), metres for a head of average size.

    Args:
        p: Points relative to the head's middle, divided by its size, shape (..., 3).
        line: Whose hairline.
    """
    azimuth = np.degrees(np.abs(np.arctan2(p[..., 1], p[..., 0])))
    low = np.interp(azimuth, _LINE_DEG, _LINE_M)
    front = np.clip(1 - azimuth / 62, 0, 1)
    low = low + line.shift_m * front - line.widow_m * np.exp(-((azimuth / 9) ** 2))
    low = low + line.temples_m * np.exp(-(((azimuth - 36) / 15) ** 2))
    field = p[..., 2] - low
    if not line.top:
        edge = line.fringe_m - 0.05 * np.clip((82 - azimuth) / 20, 0, 3)
        field = np.minimum(field, edge - p[..., 2])
    return field


@dataclass(frozen=True)
class Scalp:
    """The part of the skin that may bear hair, twice as fine as the skin, as indices into the skin.

    Attributes:
        first, second: Each vertex is the mean of these two skin vertices, shape (N,).
        triangles: Shape (F, 3).
        ears_m: Middle of the left ear relative to the head's middle, in a head of average size, shape (3,).
    """

    first: np.ndarray
    second: np.ndarray
    triangles: np.ndarray
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
    edges = np.sort(np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    pairs, index = np.unique(edges, axis=0, return_inverse=True)
    corners = np.unique(triangles)
    place = np.full(asset.num_body, -1)
    place[corners] = np.arange(len(corners))
    ab, bc, ca = (index.reshape(-1, 3) + len(corners)).T
    a, b, c = place[triangles].T
    fine = [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    ear = p[asset.ear_vertices]
    return Scalp(
        np.concatenate([corners, pairs[:, 0]]),
        np.concatenate([corners, pairs[:, 1]]),
        np.concatenate(fine).astype(np.int32),
        ear[ear[:, 1] > 0].mean(axis=0),
    )


def scalp_patch(scalp: Scalp, body: Patch) -> Patch:
    """The scalp of one person as a mesh."""
    vertices, weights = (0.5 * (x[scalp.first] + x[scalp.second]) for x in (body.vertices_m, body.weights))
    return Patch(vertices, weights, scalp.triangles, np.zeros((len(vertices), 2)))


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
