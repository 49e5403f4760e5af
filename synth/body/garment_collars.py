"""What rises from a neckline: shirt collars, stand-up collars, hoods that lie on the back."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from synth.body.garment_charts import band_uv
from synth.body.garment_form import Dummy
from synth.body.garment_sewing import Cloth3d
from synth.body.garment_shapes import Shaped
from synth.body.garment_tape import Landscape
from synth.body.patch import Patch

_AROUND = 56
Skin = tuple[cKDTree, Patch, np.ndarray]  # a surface: its tree, its points, their normals


def _neck_loop(shaped: Shaped, dummy: Dummy, land: Landscape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of the neckline by angle (0 behind, rising to the wearer's left... to the front), and their weights.

    Returns:
        Angles (A,), points (A, 3), weights (A, 52).
    """
    work = shaped.work
    tri = dummy.form.triangles
    value = work.borders["neck"]
    points = dummy.points_m + work.offset_m
    edges = np.concatenate([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [2, 0]]])
    a, b = edges[(value[edges[:, 0]] > 0) & (value[edges[:, 1]] <= 0)].T
    t = (value[a] / (value[a] - value[b]))[:, None]
    loop = (1 - t) * points[a] + t * points[b]
    weights = (1 - t) * dummy.weights[a] + t * dummy.weights[b]
    near = np.abs(loop[:, 1]) < 0.16
    loop, weights = loop[near], weights[near]
    centre = 0.5 * (land.nape_m[0] + land.notch_m[0])
    angle = np.arctan2(loop[:, 1], -(loop[:, 0] - centre))  # 0 behind
    order = np.argsort(angle)
    angle, loop, weights = angle[order], loop[order], weights[order]
    angle = np.concatenate([angle - 2 * np.pi, angle, angle + 2 * np.pi])
    even = np.linspace(-np.pi, np.pi, _AROUND)
    tiled, tiled_w = np.tile(loop, (3, 1)), np.tile(weights, (3, 1))
    # Average over a little arc: the cut crosses the mesh at uneven places.
    away = np.abs(even[:, None] - angle[None])
    width = np.maximum(0.09, 0.7 * away.min(axis=1, keepdims=True))
    share = np.exp(-((away / width) ** 2))
    share /= share.sum(axis=1, keepdims=True)
    return even, share @ tiled, share @ tiled_w


def _strip(rows: list[np.ndarray], weights: list[np.ndarray], inside_out: bool = False) -> Cloth3d:
    """Join rows of points (R x (A, 3)) to a strip, open at its ends; the outside is where rows rise leftwards."""
    p, w = np.stack(rows), np.stack(weights)
    count = p.shape[1]
    index = np.arange(p.shape[0] * count).reshape(-1, count)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = [a, b, c, a, c, d] if not inside_out else [a, c, b, a, d, c]
    triangles = np.stack(faces, axis=-1).reshape(-1, 3)
    s = np.linspace(-0.3, 0.3, count)[None].repeat(len(p), 0)
    depth = np.linspace(0.15, 0.85, len(p))[:, None].repeat(count, 1)
    uv = band_uv(s, depth, np.zeros(depth.shape, dtype=bool)).reshape(-1, 2)
    patch = Patch(
        p.reshape(-1, 3), w.reshape(len(uv), -1), triangles.astype(np.int32), np.zeros((len(uv), 2))
    )
    return Cloth3d(patch, uv[triangles])


def _outside(p: np.ndarray, near_what: Skin, gap: float | np.ndarray) -> np.ndarray:
    """Move points at least ``gap`` outside a surface where they are near it."""
    tree, surface, normals = near_what
    distance, near = tree.query(p, k=4)
    share = 1 / (distance + 1e-4)
    share /= share.sum(axis=1, keepdims=True)
    n = np.einsum("nk,nkd->nd", share, normals[near])
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    height = np.einsum("nd,nd->n", p - np.einsum("nk,nkd->nd", share, surface.vertices_m[near]), n)
    return p + np.where(distance[:, 0] < 0.05, np.maximum(gap - height, 0), 0)[:, None] * n


def _frame(loop: np.ndarray, land: Landscape) -> tuple[np.ndarray, np.ndarray]:
    """Unit directions away from the neck's axis and along the neck upwards, at each point of the loop."""
    centre = np.array([0.5 * (land.nape_m[0] + land.notch_m[0]), 0.0])
    flat = loop[:, :2] - centre
    out = np.concatenate(
        [flat / np.linalg.norm(flat, axis=1, keepdims=True), np.zeros((len(loop), 1))], axis=1
    )
    up = np.array([0.30, 0.0, 1.0])  # the neck leans forward
    return out, np.broadcast_to(up / np.linalg.norm(up), loop.shape)


def make_collar(shaped: Shaped, sewn: Cloth3d, dummy: Dummy, land: Landscape, body: Patch) -> Cloth3d | None:
    """The collar or hood of a top, or None if its kind has none.

    Args:
        shaped: The top.
        sewn: Its cloth, which the collar lies on.
        dummy: Whom it is for.
        land: The measures.
        body: The skin, which the collar keeps clear of.
    """
    make = {"shirt": _shirt_collar, "jacket": _stand_collar, "hoodie": _hood}.get(shaped.cloth.kind)
    if make is None:
        return None
    angle, loop, weights = _neck_loop(shaped, dummy, land)
    near = body.vertices_m[:, 2] > land.notch_m[2] - 0.12
    near &= body.vertices_m[:, 2] < land.nape_m[2] + 0.10
    skin = Patch(
        body.vertices_m[near], body.weights[near], np.zeros((0, 3), np.int32), np.zeros((int(near.sum()), 2))
    )
    return make(
        shaped, sewn, angle, loop, weights, land, (cKDTree(skin.vertices_m), skin, body.normals[near])
    )


def _smoothed(rows: np.ndarray) -> np.ndarray:
    """Even a row of points along itself, its ends kept."""
    out = rows.copy()
    out[1:-1] = 0.5 * rows[1:-1] + 0.25 * (rows[:-2] + rows[2:])
    return out


def _shirt_collar(
    shaped: Shaped,
    sewn: Cloth3d,
    angle: np.ndarray,
    loop: np.ndarray,
    weights: np.ndarray,
    land: Landscape,
    skin: Skin,
) -> Cloth3d:
    keep = np.abs(angle) < np.pi - 0.16
    angle, loop, weights = angle[keep], loop[keep], weights[keep]
    out, up = _frame(loop, land)
    front = np.clip((np.abs(angle) - 1.7) / 1.2, 0, 1)[:, None]  # 1 at the points
    stand = 0.030 - 0.010 * front
    base = loop - 0.004 * up + 0.001 * out
    rows = [base, loop + 0.55 * stand * up, loop + stand * up + 0.001 * out]
    rows = [_smoothed(_outside(r, skin, 0.004)) for r in rows]
    crest = rows[-1] + 0.004 * out + 0.001 * up
    drop = 0.040 + 0.026 * front
    cloth = (cKDTree(sewn.patch.vertices_m), sewn.patch, sewn.patch.normals)
    # The points spread: they turn away from the middle.
    aside = np.sign(loop[:, 1:2]) * np.array([[0.0, 1.0, 0.0]]) * front
    leaf = []
    for t in (0.35, 0.7, 1.0):
        p = crest + (0.008 + 0.016 * t) * out * (1 - 0.3 * front) - t * drop * up + 0.010 * t * aside
        leaf.append(_smoothed(_outside(_outside(p, skin, 0.006), cloth, 0.004)))
    under = _outside(leaf[-1] - 0.003 * up - 0.002 * out, cloth, 0.001)
    rows += [crest, *leaf, under]
    return _strip(rows, [weights] * len(rows))


def _stand_collar(
    shaped: Shaped,
    sewn: Cloth3d,
    angle: np.ndarray,
    loop: np.ndarray,
    weights: np.ndarray,
    land: Landscape,
    skin: Skin,
) -> Cloth3d:
    gap = 0.30 if shaped.style < 0.45 else 0.05
    keep = np.abs(angle) < np.pi - gap
    loop, weights = loop[keep], weights[keep]
    out, up = _frame(loop, land)
    height = 0.040 + 0.02 * shaped.cloth.length
    rows = []
    for t, wide in ((-0.12, 0.002), (0.25, 0.004), (0.6, 0.007), (1.0, 0.010)):
        rows.append(_smoothed(_outside(loop + t * height * up + wide * out, skin, 0.009)))
    inner = [_outside(r - 0.005 * out - 0.002 * up, skin, 0.004) for r in (rows[3], rows[2], rows[1])]
    rows += inner
    return _strip(rows, [weights] * len(rows), inside_out=True)


def _hood(
    shaped: Shaped,
    sewn: Cloth3d,
    angle: np.ndarray,
    loop: np.ndarray,
    weights: np.ndarray,
    land: Landscape,
    skin: Skin,
) -> Cloth3d:
    keep = np.abs(angle) < np.pi - 0.12
    angle, loop, weights = angle[keep], loop[keep], weights[keep]
    out, up = _frame(loop, land)
    behind = ((1 + np.cos(angle)) / 2)[:, None]  # 1 behind, 0 in front
    k = land.stature_m / 1.7
    cloth = (cKDTree(sewn.patch.vertices_m), sewn.patch, sewn.patch.normals)
    rise = k * (0.016 + 0.030 * behind)
    thick = k * (0.010 + 0.030 * behind**1.5)
    length = k * (0.026 + 0.165 * behind**2.2)
    rows = [loop - 0.006 * up, loop + 0.5 * rise * up + 0.002 * out, loop + rise * up + 0.5 * thick * out]
    rows = [_outside(r, skin, 0.006) for r in rows]
    crest = loop + (rise + 0.006) * up + (0.5 * thick + 0.012) * out
    rows.append(crest)
    for t in (0.12, 0.3, 0.5, 0.7, 0.86, 0.97, 1.0):
        bulge = thick * np.sqrt(np.clip(1 - (2 * t - 0.75) ** 2 * 0.55, 0.02, 1)) * (1 - t**6)
        p = (
            crest
            + (0.4 * thick + 0.3 * length * t * (1 - behind)) * out
            - t * (length + rise) * np.array([0, 0, 1.0])
        )
        p = p * [1, 1, 1]
        p[:, 1] *= 1 - 0.30 * t * behind[:, 0]
        rows.append(_outside(p, cloth, np.maximum(bulge[:, 0], 0.002)))
    rows = [_smoothed(_smoothed(r)) for r in rows]
    _, near = cloth[0].query(rows[-1], k=6)
    far = sewn.patch.weights[near].mean(axis=1)
    mixed = [weights * (1 - t) + far * t for t in (0, 0, 0, 0, 0.1, 0.25, 0.4, 0.6, 0.8, 0.9, 1.0)]
    return _strip(rows, mixed)
