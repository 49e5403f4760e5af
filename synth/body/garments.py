"""Clothes made from the body's own helper meshes: cut, loosened, draped, hemmed.

Each garment comes with the field of what it covers, so that the skin below can be dropped: cloth that hides skin
cannot be pierced by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter1d

from synth.body import regions
from synth.body.patch import (
    Patch,
    add_hem,
    clip,
    even_border,
    push_outside,
    smooth,
    smooth_values,
    split,
    subdivide,
)
from synth.body.regions import Landscape
from synth.body.spec import Cloth

Field = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Garment:
    """One finished garment.

    Attributes:
        name: ``top``, ``bottom`` or ``shoes``.
        cloth: What it is made of.
        patch: Its mesh at rest.
        covers: (vertices, weights) -> metres inside the garment's border, positive where it covers.
        hidden_margin_m: Skin this far inside the border is dropped.
    """

    name: str
    cloth: Cloth
    patch: Patch
    covers: Field
    hidden_margin_m: float


def _lerp(span: tuple[float, float], share: float) -> float:
    return span[0] + (span[1] - span[0]) * share


def _top_fields(cloth: Cloth, land: Landscape) -> Field:
    H = land.stature_m
    hem = land.joints_m["hip_l"][2] + _lerp((0.045, -0.012), cloth.length) * H
    hem = max(hem, land.crotch_height_m + 0.05)
    ends = {"tshirt": _lerp((0.45, 0.8), cloth.length), "long_sleeve": _lerp((1.8, 1.93), cloth.length)}
    neck = (0.06, 0.050) if cloth.kind == "tank" else (0.012, 0.045)

    def covers(v: np.ndarray, w: np.ndarray) -> np.ndarray:
        if cloth.kind == "tank":
            arms = regions.armhole(land, v, w)
        else:
            arms = regions.sleeve(land, v, w, ends[cloth.kind])
        neckline = regions.neckline(land, v, neck[0], neck[1] * H)
        return np.minimum(np.minimum(arms, neckline), regions.above(hem, v, w))

    return covers


def _bottom_fields(cloth: Cloth, land: Landscape) -> Field:
    waist = land.s1_height_m + 0.025 * land.stature_m
    knee, ankle = land.joints_m["knee_l"][2], land.joints_m["ankle_l"][2]
    thigh = land.crotch_height_m - knee
    ends = {
        "trousers": ankle - 0.012,
        "leggings": ankle + 0.03,
        "shorts": knee + _lerp((0.55, 0.05), cloth.length) * thigh,
        "skirt": knee + _lerp((0.35, -0.25), cloth.length) * thigh,
    }
    end = ends[cloth.kind]

    def covers(v: np.ndarray, w: np.ndarray) -> np.ndarray:
        return np.minimum(regions.below(waist, v, w), regions.above(end, v, w))

    return covers


def drape(vertices_m: np.ndarray, mask: np.ndarray, axis: np.ndarray, slack: float) -> np.ndarray:
    """Let cloth hang: below a bulge it falls rather than follow the body back in.

    Args:
        vertices_m: Cloth at rest, shape (N, 3).
        mask: Vertices that hang (not sleeves), shape (N,).
        axis: Point of the vertical axis that the cloth hangs around, shape (3,).
        slack: 0 follows the body, 1 falls straight down.

    Returns:
        New vertices; none moves inwards.
    """
    flat = vertices_m[:, :2] - axis[:2]
    radius, angle = np.hypot(*flat.T), np.arctan2(flat[:, 1], flat[:, 0])
    z = vertices_m[:, 2]
    hanging = np.flatnonzero(mask)
    if len(hanging) == 0:
        return vertices_m
    rows, columns, step = 60, 48, (np.ptp(z[hanging]) + 1e-6) / 59
    row = np.round((z[hanging].max() - z[hanging]) / step).astype(int)
    column = np.round((angle[hanging] + np.pi) / (2 * np.pi) * columns).astype(int) % columns
    grid = np.zeros((rows, columns))
    np.maximum.at(grid, (row, column), radius[hanging])
    grid = maximum_filter1d(grid, 3, axis=0)
    fall = 0.55 * (1 - slack) * step + 0.08 * step  # how fast the hanging cloth closes in again
    for r in range(1, rows):
        grid[r] = np.maximum(grid[r], grid[r - 1] - fall)
    grid = np.maximum(grid, _hull_radius(grid, columns) - 0.004)
    grid = gaussian_filter(grid, (2.0, 1.5), mode=("nearest", "wrap"))
    wanted = np.maximum(radius[hanging], grid[row, column])
    out = vertices_m.copy()
    out[hanging, :2] = axis[:2] + flat[hanging] * (wanted / np.maximum(radius[hanging], 1e-6))[:, None]
    return out


def _hull_radius(grid: np.ndarray, columns: int) -> np.ndarray:
    """Radius of the convex hull of each row's section, shape of ``grid``: stretched cloth spans hollows."""
    angles = 2 * np.pi * np.arange(columns) / columns
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = grid[..., None] * directions  # (rows, columns, 2)
    support = np.einsum("rcd,kd->rck", points, directions).max(axis=1)  # farthest along each direction
    # The hull's radius along a direction is the least support of any direction k over its cosine.
    cosine = directions @ directions.T
    over = np.where(cosine > 0.2, support[:, None, :] / np.maximum(cosine, 0.2), np.inf)
    return over.min(axis=2)


def folds(patch: Patch, rng: np.random.Generator, amount_m: np.ndarray) -> Patch:
    """Ripple cloth at random, up to about two SDs of an amount (metres, shape (N,))."""
    field = smooth_values(patch, rng.normal(size=len(patch.vertices_m)), 5)
    return patch.moved(patch.vertices_m + (field / field.std() * amount_m)[:, None] * patch.normals)


def make_top(
    cloth: Cloth, tights: Patch, body: Patch, land: Landscape, bottom: Patch, rng: np.random.Generator
) -> Garment:
    """A T-shirt, long-sleeved shirt or tank top."""
    covers = _top_fields(cloth, land)
    patch = smooth(clip(tights, covers(tights.vertices_m, tights.weights) + 0.06), 1)
    patch = subdivide(patch)
    patch = clip(patch, covers(patch.vertices_m, patch.weights))
    arm = regions.arm_share(patch.weights)
    low = np.clip((land.notch_m[2] - patch.vertices_m[:, 2]) / (0.3 * land.stature_m), 0, 1)
    ease = 0.007 + cloth.looseness * 0.012 * np.maximum(low, arm)
    patch = push_outside(patch, body.vertices_m, body.normals, ease)
    if cloth.kind != "tank":
        axis = np.array([land.nape_m[0] * 0.5 + land.notch_m[0] * 0.5, 0.0, 0.0])
        hanging = (arm < 0.05) & (patch.vertices_m[:, 2] < land.joints_m["shoulder_l"][2] - 0.02)
        draped = drape(patch.vertices_m, hanging, axis, 0.3 + 0.6 * cloth.looseness)
        shift = smooth_values(patch, draped - patch.vertices_m, 6) * (0.4 + 0.6 * cloth.looseness)
        patch = patch.moved(patch.vertices_m + shift)
    patch = folds(smooth(patch, 3), rng, 0.0012 + 0.0022 * cloth.looseness * np.maximum(low, arm))
    patch = push_outside(patch, body.vertices_m, body.normals, ease * 0.9)
    if cloth.kind != "tank":  # a seam, along which sleeves and body may differ in pattern
        patch = split(patch, 0.5 - regions.arm_share(patch.weights))[0]
    patch = push_outside(patch, bottom.vertices_m, bottom.normals, 0.005, reach_m=0.03)
    return Garment("top", cloth, add_hem(even_border(patch)), covers, 0.035)


def make_bottom(
    cloth: Cloth,
    tights: Patch,
    skirt: Patch,
    body: Patch,
    land: Landscape,
    shoes: Patch,
    rng: np.random.Generator,
) -> Garment:
    """Trousers, leggings, shorts or a skirt."""
    covers = _bottom_fields(cloth, land)
    source = skirt if cloth.kind == "skirt" else tights
    patch = smooth(clip(source, covers(source.vertices_m, source.weights) + 0.06), 1)
    patch = subdivide(patch)
    patch = clip(patch, covers(patch.vertices_m, patch.weights))
    down = np.clip((land.crotch_height_m - patch.vertices_m[:, 2]) / land.crotch_height_m, 0, 1)
    if cloth.kind in ("leggings", "skirt"):
        ease = np.full(len(patch.vertices_m), 0.0035 if cloth.kind == "leggings" else 0.008)
    else:
        ease = 0.005 + (0.006 + 0.02 * cloth.looseness) * down**0.5
    patch = push_outside(patch, body.vertices_m, body.normals, ease)
    ripple = 0.0003 if cloth.kind == "leggings" else 0.001 + 0.0022 * cloth.looseness
    patch = folds(smooth(patch, 2), rng, ripple * np.ones(len(patch.vertices_m)))
    patch = push_outside(patch, body.vertices_m, body.normals, ease * 0.9)
    patch = push_outside(patch, shoes.vertices_m, shoes.normals, 0.004, reach_m=0.02)
    # A skirt shows the legs from below, so only the hips' skin goes.
    margin = 0.03 if cloth.kind != "skirt" else 0.12
    return Garment("bottom", cloth, add_hem(even_border(patch)), covers, margin)


def make_shoes(cloth: Cloth, tights: Patch, body: Patch, land: Landscape) -> Garment:
    """Shoes with a sole, from the feet of the tights."""
    top = land.joints_m["ankle_l"][2] + (0.0 if cloth.kind == "sneakers" else 0.05)

    def covers(v: np.ndarray, w: np.ndarray) -> np.ndarray:
        return regions.below(top, v, w)

    patch = clip(tights, covers(tights.vertices_m, tights.weights) + 0.03)
    patch = subdivide(subdivide(patch))
    patch = smooth(clip(patch, covers(patch.vertices_m, patch.weights)), 4)
    patch = push_outside(patch, body.vertices_m, body.normals, 0.006)
    patch = smooth(patch, 4)
    patch = push_outside(patch, body.vertices_m, body.normals, 0.005)
    return Garment("shoes", cloth, add_hem(_soled(patch), 0.004, 0.03), covers, 0.03)


SOLE_M = 0.022


def _soled(patch: Patch) -> Patch:
    """Flatten the underside, thicken it to a sole and let its edge stand out like a welt."""
    v = patch.vertices_m.copy()
    floor = v[:, 2].min()
    low = np.clip((floor + 0.030 - v[:, 2]) / 0.030, 0, 1)
    flat = patch.normals * np.array([1.0, 1.0, 0.0])
    v += 0.005 * np.sqrt(low)[:, None] * flat
    under = patch.normals[:, 2] < -0.45
    v[:, 2] = np.where(under & (v[:, 2] < floor + 0.04), floor - 0.012, v[:, 2])
    return patch.moved(v)
