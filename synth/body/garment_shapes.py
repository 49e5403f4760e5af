"""Clothes of every kind, shaped over the dummy: how far cloth stands off the body, hangs and wrinkles.

Layers know one another: an outer one is pushed over an inner one point by point, and what lies deep under cloth is
left out, so that nothing covered can pierce what covers it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter1d

from synth.body import garment_tape as tape
from synth.body.garment_charts import Chart, coords, lay_out, piece_of
from synth.body.garment_cuts import Cut, bottom_cut, is_open, top_cut
from synth.body.garment_folds import fold_heights, sample
from synth.body.garment_form import Dummy
from synth.body.garment_sewing import Work
from synth.body.garment_tape import Landscape
from synth.body.spec import Cloth
from synth.ramp import ramp

GAP_M = 0.005  # between two layers
_EASE_M = {"cotton": 0.0045, "knit": 0.006, "denim": 0.0055, "stretch": 0.0012, "fleece": 0.009}
_THICK_M = {"cotton": 0.0028, "knit": 0.004, "denim": 0.0038, "stretch": 0.002, "fleece": 0.005}


@dataclass(frozen=True)
class Shaped:
    """A garment on the dummy, before it is sewn.

    Attributes:
        cloth: What it is.
        work: Its cloth.
        folds: Piece name -> heights (:mod:`synth.body.garment_folds`), for shading.
        style: 0 to 1, which of a kind's cuts it has.
    """

    cloth: Cloth
    work: Work
    folds: dict[str, np.ndarray]
    style: float


def _along(vectors: np.ndarray, normals: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", vectors, normals)


def drape(vertices_m: np.ndarray, hanging: np.ndarray, axis: np.ndarray, slack: float) -> np.ndarray:
    """Let cloth hang: below a bulge it falls rather than follow the body back in.

    Args:
        vertices_m: Cloth at rest, shape (N, 3).
        hanging: Indices of the vertices that hang (not sleeves).
        axis: Point of the vertical axis that the cloth hangs around, shape (2,) or (len(hanging), 2).
        slack: 0 follows the body, 1 falls straight down.

    Returns:
        New vertices; none moves inwards.
    """
    flat = vertices_m[hanging, :2] - axis
    radius, angle = np.hypot(*flat.T), np.arctan2(flat[:, 1], flat[:, 0])
    z = vertices_m[hanging, 2]
    rows, columns, step = 60, 48, (np.ptp(z) + 1e-6) / 59
    row = np.round((z.max() - z) / step).astype(int)
    column = np.round((angle + np.pi) / (2 * np.pi) * columns).astype(int) % columns
    grid = np.zeros((rows, columns))
    np.maximum.at(grid, (row, column), radius)
    grid = maximum_filter1d(grid, 3, axis=0)
    fall = 0.55 * (1 - slack) * step + 0.08 * step  # how fast the hanging cloth closes in again
    for r in range(1, rows):
        grid[r] = np.maximum(grid[r], grid[r - 1] - fall)
    grid = np.maximum(grid, _hull_radius(grid, columns) - 0.004)
    grid = gaussian_filter(grid, (2.0, 1.5), mode=("nearest", "wrap"))
    wanted = np.maximum(radius, grid[row, column])
    out = vertices_m.copy()
    out[hanging, :2] = axis + flat * (wanted / np.maximum(radius, 1e-6))[:, None]
    return out


def _hull_radius(grid: np.ndarray, columns: int) -> np.ndarray:
    """Radius of the convex hull of each row's section, shape of ``grid``: stretched cloth spans hollows."""
    angles = 2 * np.pi * np.arange(columns) / columns
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = grid[..., None] * directions  # (rows, columns, 2)
    support = (points.reshape(-1, 2) @ directions.T).reshape(*grid.shape, columns).max(axis=1)
    # The hull's radius along a direction is the least support of any direction k over its cosine.
    cosine = directions @ directions.T
    over = np.where(cosine > 0.2, support[:, None, :] / np.maximum(cosine, 0.2), np.inf)
    return over.min(axis=2)


def _folded(
    dummy: Dummy, land: Landscape, charts: list[Chart], is_top: bool, cloth: Cloth, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Height of folds at the dummy's points, and as pictures by piece."""
    piece = piece_of(land, dummy.points_m, tape.arm_share(dummy.weights), is_top)
    heights, pictures = np.zeros(len(piece)), {}
    for chart in charts:
        picture = fold_heights(rng, chart, cloth, land)
        own = piece == chart.name
        s, t = coords(land, chart.name, dummy.points_m[own])
        heights[own] = sample(picture, chart, s, t)
        pictures[chart.name] = picture
    return heights, pictures


def _even_borders(dummy: Dummy, cut: Cut) -> dict[str, np.ndarray]:
    """The cut's fields at the dummy's points, evened: weights of bones vary from point to point."""
    fields = cut.borders(dummy.points_m, dummy.soft_weights)
    return {name: dummy.form.spread(np.clip(f, -0.08, 0.10), 3) for name, f in fields.items()}


def _spanned(dummy: Dummy, rounds: int) -> np.ndarray:
    """How far cloth that spans the body's hollows stands off it, metres, shape (N,)."""
    if rounds == 0:
        return np.zeros(len(dummy.points_m))
    smooth = dummy.form.spread(dummy.points_m, rounds)
    return np.maximum(_along(smooth - dummy.points_m, dummy.normals), 0)


def _charts_of(
    dummy: Dummy, land: Landscape, inside_m: np.ndarray, is_top: bool, has_arms: bool
) -> list[Chart]:
    own = inside_m > -0.012
    points = dummy.points_m[own]
    pieces = piece_of(land, points, tape.arm_share(dummy.weights[own]), is_top)
    return lay_out(land, points, pieces, has_arms, is_top)


def shape_top(cloth: Cloth, dummy: Dummy, land: Landscape, rng: np.random.Generator, tucked: bool) -> Shaped:
    """Shape a top.

    Args:
        cloth: What it is.
        dummy: Whom it is for.
        land: The measures.
        rng: For the cut's style and its folds.
        tucked: Whether a bottom goes over it.
    """
    style = float(rng.random())
    cut = top_cut(cloth, land, style)
    borders = _even_borders(dummy, cut)
    inside = np.minimum.reduce(list(borders.values()))
    arm = tape.arm_share(dummy.weights)
    has_arms = bool((inside[arm > 0.6] > 0.02).any())
    charts = _charts_of(dummy, land, inside, True, has_arms)
    tight = cloth.fabric == "stretch" or cloth.kind in ("leotard", "sports_top")
    loose = 0.25 * cloth.looseness if tight else cloth.looseness
    folds, pictures = _folded(dummy, land, charts, True, replace(cloth, looseness=loose), rng)
    z = dummy.points_m[:, 2]
    low = np.clip((land.notch_m[2] - z) / (0.3 * land.stature_m), 0, 1)
    body = np.maximum(low, 0.7 * arm)  # sleeves are cut closer than the trunk
    thick = {"hoodie": 0.004, "jacket": 0.006}.get(cloth.kind, 0.0)
    shoulders = 0.45 * arm * ramp(z, land.pit_height_m - 0.02, land.pit_height_m + 0.10)
    ease = _EASE_M[cloth.fabric] + thick + (0.002 if tight else 0.018) * loose * (body - shoulders)
    ease = np.maximum(ease, _spanned(dummy, 2 if tight else 10 + round(14 * loose)) + 0.5 * ease)
    if not tight:
        axis = np.array([0.5 * (land.nape_m[0] + land.notch_m[0]), 0.0])
        hanging = np.flatnonzero(
            (arm < 0.05) & (z < land.joints_m["shoulder_l"][2] - 0.02) & (inside > -0.03)
        )
        shape = dummy.points_m + ease[:, None] * dummy.normals
        draped = drape(shape, hanging, axis, 0.3 + 0.6 * loose) - dummy.points_m
        draped = dummy.form.spread(draped, 5)
        share = (0.5 + 0.5 * loose) * (0.4 if tucked else 1.0)
        if not has_arms:  # round an armhole nothing hangs
            share = (share * ramp(borders["arm"], 0.0, 0.09) * ramp(borders["neck"], 0.0, 0.09))[:, None]
        offset = share * draped + (1 - share) * ease[:, None] * dummy.normals
    else:
        offset = ease[:, None] * dummy.normals
    offset = _gathered(offset, cut, borders)
    offset = offset + np.maximum(folds, -0.6 * ease)[:, None] * dummy.normals
    offset = dummy.form.spread(offset, 1, 0.35)
    least = np.minimum(0.55 * ease, 0.006)
    offset += np.maximum(least - _along(offset, dummy.normals), 0)[:, None] * dummy.normals
    work = Work(dummy, land, cut, charts, True, offset, borders, _THICK_M[cloth.fabric])
    return Shaped(cloth, work, pictures, style)


def _gathered(offset: np.ndarray, cut: Cut, borders: dict[str, np.ndarray]) -> np.ndarray:
    """Cuffs and waistbands hold cloth close; above them it bags."""
    for name in cut.rib:
        if name == "neck":
            continue
        width = cut.bands[name]
        depth = borders[name]
        close = 0.42 + 0.58 * ramp(depth, 0.6 * width, width + 0.03)
        bag = 1 + 0.22 * np.exp(-(((depth - width - 0.05) / 0.03) ** 2))
        offset = offset * (close * bag)[:, None]
    return offset


def shape_bottom(
    cloth: Cloth, dummy: Dummy, land: Landscape, rng: np.random.Generator, barefoot: bool
) -> Shaped:
    """Shape trousers, leggings, shorts, or the short lining of a skirt."""
    style = float(rng.random())
    cut = bottom_cut(cloth, land, barefoot)
    borders = _even_borders(dummy, cut)
    inside = np.minimum.reduce(list(borders.values()))
    charts = _charts_of(dummy, land, inside, False, False)
    tight = cloth.kind in ("leggings", "skirt")
    loose = 0.1 * cloth.looseness if tight else cloth.looseness
    flat = replace(cloth, looseness=loose, fabric="stretch" if tight else cloth.fabric)
    folds, pictures = _folded(dummy, land, charts, False, flat, rng)
    z = dummy.points_m[:, 2]
    down = np.clip((land.s1_height_m - z) / (land.s1_height_m - land.joints_m["knee_l"][2]), 0, 1.3)
    if tight:
        ease = np.full(len(z), 0.0015)
        if cloth.kind == "skirt":  # a lining keeps well clear of the skirt
            ease = 0.0015 - 0.012 * ramp(np.minimum(borders["hem"], borders["waist"]), 0.0, 0.06)
    else:
        slim = 0.5 if cloth.kind == "jeans" else 0.75
        ease = _EASE_M[cloth.fabric] * 0.8 + (0.005 + slim * 0.036 * loose) * down
        if cloth.fabric == "stretch":
            ease = 0.003 + 0.012 * loose * down
        if cloth.kind == "shorts":
            ease = _EASE_M[cloth.fabric] + (0.012 + 0.024 * loose) * down
    if cloth.kind != "skirt":
        ease = np.maximum(ease, _spanned(dummy, 3 if tight else 8 + round(10 * loose)) + 0.5 * ease)
    offset = ease[:, None] * dummy.normals
    if not tight:
        offset = _hung_legs(dummy, land, offset, inside, 0.25 + 0.65 * loose)
    held = ramp(borders["waist"], 0.0, 0.07)[:, None]  # a waistband sits close
    close = dummy.normals * np.minimum(0.004, ease)[:, None]
    offset = (1 - held) * close + held * offset
    offset = _gathered(offset, replace(cut, rib=cut.rib - {"waist"}), borders)
    offset = offset + np.maximum(folds * held[:, 0], -0.6 * ease)[:, None] * dummy.normals
    offset = dummy.form.spread(offset, 1, 0.35)
    least = np.minimum(0.55 * ease, 0.005)
    offset += np.maximum(least - _along(offset, dummy.normals), 0)[:, None] * dummy.normals
    hidden = np.full(len(z), False)
    if cloth.kind == "skirt":  # of the lining only what one may see from below
        hidden = z > land.joints_m["hip_l"][2]
    work = Work(dummy, land, cut, charts, False, offset, borders, _THICK_M[cloth.fabric], hidden)
    return Shaped(cloth, work, pictures, style)


def _hung_legs(
    dummy: Dummy, land: Landscape, offset: np.ndarray, inside: np.ndarray, slack: float
) -> np.ndarray:
    """Trouser legs fall from thigh and calf rather than follow them in."""
    points = dummy.points_m
    hang = np.zeros(len(points))
    moved = offset.copy()
    for side, sign in (("l", 1.0), ("r", -1.0)):
        near = (sign * points[:, 1] > 0) & (points[:, 2] < land.crotch_height_m - 0.01) & (inside > -0.03)
        own = np.flatnonzero(near & (tape.arm_share(dummy.weights) < 0.1))
        if len(own) < 8:
            continue
        j = {n: land.joints_m[f"{n}_{side}"] for n in ("hip", "knee", "ankle")}
        heights = [j["ankle"][2], j["knee"][2], j["hip"][2]]
        axis = np.stack(
            [np.interp(points[own, 2], heights, [j[n][k] for n in ("ankle", "knee", "hip")]) for k in (0, 1)],
            1,
        )
        fallen = drape(points + offset, own, axis, slack)
        moved[own] = (fallen - points)[own]
        hang[own] = ramp(land.crotch_height_m - points[own, 2], 0.02, 0.16)
    share = (0.75 * hang)[:, None]
    return dummy.form.spread((1 - share) * offset + share * moved, 3)


def over(inner: Shaped, outer: Shaped) -> tuple[Shaped, Shaped]:
    """Lay one garment over another: the outer moves out, the inner gives way and is left out where it lies deep.

    Returns:
        Inner and outer.
    """
    dummy = inner.work.dummy
    inside_inner, inside_outer = inner.work.inside_m, outer.work.inside_m
    both = ramp(inside_inner, -0.02, 0.0) * ramp(inside_outer, -0.03, 0.0)
    high = _along(inner.work.offset_m, dummy.normals)
    # Under the outer one the inner lies close; towards the outer's border it returns to its own height.
    pressed = ramp(inside_outer, -0.005, 0.03)
    flat = np.minimum(high, 0.0025 - 0.007 * ramp(inside_outer, 0.008, 0.04))  # skin is left out there
    press = ((high - flat) * pressed)[:, None] * dummy.normals
    inner_offset = inner.work.offset_m - press
    lift = (
        np.maximum(high - (high - flat) * pressed + GAP_M - _along(outer.work.offset_m, dummy.normals), 0)
        * both
    )
    lift = np.maximum(dummy.form.spread(lift, 3), lift)
    outer_offset = outer.work.offset_m + lift[:, None] * dummy.normals
    hidden = inside_outer > 0.06
    if len(inner.work.hidden):
        hidden = hidden | inner.work.hidden
    return (
        replace(inner, work=replace(inner.work, offset_m=inner_offset, hidden=hidden)),
        replace(outer, work=replace(outer.work, offset_m=outer_offset)),
    )


__all__ = ["Shaped", "is_open", "over", "shape_bottom", "shape_top"]
