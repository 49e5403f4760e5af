"""Skirts: cloth that falls from the hips round both legs."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter1d
from scipy.spatial import cKDTree

from synth.body import garment_tape as tape
from synth.body.garment_charts import STRIP
from synth.body.garment_form import Dummy
from synth.body.garment_seat import Fall
from synth.body.garment_sewing import Cloth3d
from synth.body.garment_tape import Landscape
from synth.body.patch import Patch
from synth.body.spec import Cloth
from synth.ramp import ramp

COLUMNS = 96
_ANGLE = 2 * np.pi * np.arange(COLUMNS) / COLUMNS - np.pi  # of each column, 0 ahead
_ROW_M = 0.016
BAND_M = 0.032  # the waistband of a skirt, not of a dress
_ROOM_M = 0.022  # between thighs and cloth at the hem
_SEATED_M = 0.012  # between bent thighs and cloth


def hem_height(cloth: Cloth, land: Landscape) -> float:
    """Height of the hem: well above the knee to the middle of the shank."""
    knee, thigh = land.joints_m["knee_l"][2], land.crotch_height_m - land.joints_m["knee_l"][2]
    return float(knee + (0.45 - 0.85 * cloth.length) * thigh)


def _body_radius(points: np.ndarray, land: Landscape, heights: np.ndarray) -> np.ndarray:
    """Largest distance from the axis by height and angle, shape (rows, COLUMNS)."""
    flat = points[:, :2] - np.stack([land.middle_x(points[:, 2]), np.zeros(len(points))], axis=1)
    radius, angle = np.hypot(*flat.T), np.arctan2(flat[:, 1], flat[:, 0])
    step = heights[0] - heights[1]
    row = np.round((heights[0] - points[:, 2]) / step).astype(int)
    column = np.round((angle + np.pi) / (2 * np.pi) * COLUMNS).astype(int) % COLUMNS
    own = (row >= 0) & (row < len(heights))
    grid = np.zeros((len(heights), COLUMNS))
    np.maximum.at(grid, (row[own], column[own]), radius[own])
    grid = maximum_filter1d(maximum_filter1d(grid, 3, axis=0), 5, axis=1, mode="wrap")
    return _hull(grid)


def _hull(grid: np.ndarray) -> np.ndarray:
    """Radius of each row's convex hull, shape of ``grid``."""
    angles = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cosine = directions @ directions.T
    support = (grid[:, :, None] * cosine[None]).max(axis=1)
    return np.where(cosine > 0.2, support[:, None] / np.maximum(cosine, 0.2), np.inf).min(axis=2)


def _weights(points: np.ndarray, dummy: Dummy, land: Landscape, heights: np.ndarray) -> np.ndarray:
    """Bone weights of a grid (rows, COLUMNS, 3): as the hips' skin above, a blend of both legs below."""
    own = np.flatnonzero(tape.arm_share(dummy.weights) < 0.1)
    legs = {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        leg = own[
            (sign * dummy.points_m[own, 1] > 0.01)
            & (dummy.points_m[own, 2] < land.joints_m["hip_l"][2] + 0.08)
        ]
        z, w = dummy.points_m[leg, 2], dummy.weights[leg]
        near = np.exp(-(((heights[:, None] - z[None]) / 0.03) ** 2))
        legs[side] = near @ w / np.maximum(near.sum(axis=1, keepdims=True), 1e-9)
    rows, columns = points.shape[:2]
    y = points[..., 1]
    # Narrow, the cloth would fold over itself where the legs close; broad, a stride would leave a knee behind.
    behind = points[..., 0] < land.middle_x(heights)[:, None]
    share = ramp(y / np.where(behind, 0.34, 0.24) + 0.5)[..., None]
    legs_w = share * legs["l"][:, None] + (1 - share) * legs["r"][:, None]
    # Below the seat the skin behind the cloth would be of one leg or the other: ask no lower.
    seat = points.reshape(-1, 3).copy()
    seat[:, 2] = np.maximum(seat[:, 2], land.crotch_height_m + 0.04)
    _, near_i = cKDTree(dummy.points_m[own]).query(seat, k=6)
    skin_w = dummy.weights[own][near_i].mean(axis=1).reshape(rows, columns, -1)
    ahead = points[..., 0] - land.middle_x(heights)[:, None]
    front = ramp(ahead / 0.16 + 0.6)
    # Over the seat the cloth moves as the seat does; in front legs take it along from the hips down.
    start = land.joints_m["hip_l"][2] + 0.02 - 0.08 * (1 - front)
    down = ramp(start - heights[:, None], 0.0, 0.14)
    # The front lies on the thighs; the back hangs more from the seat than it follows them.
    down = (down * (0.75 + 0.25 * front))[..., None]
    weights = (1 - down) * skin_w + down * legs_w
    return weights / weights.sum(axis=2, keepdims=True)


def make_skirt(
    cloth: Cloth,
    dummy: Dummy,
    land: Landscape,
    upper_m: np.ndarray,
    waist_m: float,
    rng: np.random.Generator,
    banded: bool,
) -> tuple[Cloth3d, np.ndarray, Fall]:
    """Make a skirt's fall.

    Args:
        cloth: What it is made of; loose ones are wide and wavy.
        dummy: Whom it is for.
        land: The measures.
        upper_m: What it lies over: the dummy's points with the inner clothes on, shape (N, 3).
        waist_m: Height of its upper edge.
        rng: For its waves.
        banded: Whether it has a waistband (a dress has none).

    Returns:
        The cloth, what its vertices move by where it lies close to bent thighs, shape (N, 3), and how it falls.
    """
    hem = hem_height(cloth, land)
    rows = max(int((waist_m - hem) / _ROW_M), 8) + 1
    heights = np.linspace(waist_m, hem, rows)
    trunk = tape.arm_share(dummy.weights) < 0.1
    radius = _body_radius(upper_m[trunk], land, heights)
    close = gaussian_filter(radius, (2.0, 2.0), mode=("nearest", "wrap")) + _SEATED_M
    step = heights[0] - heights[1]
    stiff = cloth.fabric == "denim"
    flare = (0.10 if stiff else 0.06) + (0.15 if stiff else 0.32) * cloth.looseness
    hips = int(np.argmin(np.abs(heights - land.joints_m["hip_l"][2])))
    for r in range(1, rows):
        widen = step * (0.55 * flare if r < hips else flare * 0.6)
        radius[r] = np.maximum(radius[r], radius[r - 1] + (widen if r > 3 else 0.0))
    radius = gaussian_filter(radius, (2.0, 2.0), mode=("nearest", "wrap"))
    down = np.clip((waist_m - heights) / max(waist_m - hem, 1e-6), 0, 1)
    radius += (0.0035 + _ROOM_M * np.clip((heights[hips] + 0.06 - heights) / 0.25, 0, 1))[:, None]
    waves = _waves(cloth, rng, down, stiff)
    # Above the hips it is held; what lies over it there must stay over it.
    loose = np.clip((heights[hips] + 0.05 - heights) / 0.14, 0, 1)[:, None]
    fall = _fall(loose * np.maximum(radius - close, 0.0), loose * waves)
    radius += waves
    points = _around(radius, land, heights, down)
    cloth_3d = _grid_cloth(points, _weights(points, dummy, land, heights), waist_m, hem, banded)
    # In the crease of the hip, which swallows cloth, it keeps its room.
    lower = np.clip((heights[hips] - 0.03 - heights) / 0.14, 0, 1)[:, None]
    seated = _around(radius + lower * np.minimum(close - radius, 0.0), land, heights, down)
    return cloth_3d, (_rimmed(seated) - _rimmed(points)).reshape(-1, 3), fall


def _fall(room: np.ndarray, waves: np.ndarray) -> Fall:
    """How a tube's vertices fall, its rims with them, from grids of shape (rows, COLUMNS)."""
    outward = np.tile(np.stack([np.cos(_ANGLE), np.sin(_ANGLE)], axis=1), (len(room) + 2, 1))
    room, waves = (np.concatenate([g[:1], g, g[-1:]]).ravel() for g in (room, waves))
    return Fall(*(g.astype(np.float32) for g in (outward, room, waves)))


def _around(radius: np.ndarray, land: Landscape, heights: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Points of a tube from its radii, shape (rows, COLUMNS, 3)."""
    points = np.empty((*radius.shape, 3))
    points[..., 0] = land.middle_x(heights)[:, None] + radius * np.cos(_ANGLE)
    points[..., 1] = radius * np.sin(_ANGLE)
    tilt = 0.010 * (1 - np.cos(_ANGLE)) / 2 * -1.0  # the back sits a little higher at the waist
    points[..., 2] = heights[:, None] - tilt[None] * (1 - down[:, None])
    return points


def _waves(cloth: Cloth, rng: np.random.Generator, down: np.ndarray, stiff: bool) -> np.ndarray:
    """Folds that widen towards the hem, metres, shape (rows, COLUMNS)."""
    angle = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    depth = (0.003 if stiff else 0.005) + (0.003 if stiff else 0.016) * cloth.looseness
    count = int(rng.integers(7, 13))
    warp = 0.5 * np.sin(angle * 2 + rng.uniform(0, 6.3)) + 0.35 * np.sin(angle * 3 + rng.uniform(0, 6.3))
    strength = 0.6 + 0.4 * np.sin(angle * int(rng.integers(2, 5)) + rng.uniform(0, 6.3))
    wave = np.cos(count * angle + 1.6 * warp) * strength
    return depth * (np.clip(down - 0.12, 0, 1) ** 0.9)[:, None] * wave[None]


def _rimmed(points: np.ndarray) -> np.ndarray:
    """A tube with its upper edge turned in and its hem folded inwards, shape (rows + 2, COLUMNS, 3)."""
    inward = points[-1]
    centre = inward.mean(axis=0)
    level = (centre - inward) * [1, 1, 0]
    fold = inward + 0.014 * level / np.linalg.norm(level, axis=1)[:, None]
    fold[:, 2] += 0.012
    lip = points[0] + (points[0].mean(axis=0) - points[0]) * 0.03
    lip[:, 2] -= 0.004
    return np.concatenate([lip[None], points, fold[None]])


def _grid_cloth(points: np.ndarray, weights: np.ndarray, top: float, hem: float, banded: bool) -> Cloth3d:
    """Triangles and texture coordinates of a tube, closed round, its lower edge turned in."""
    columns = points.shape[1]
    p = _rimmed(points)
    w = np.concatenate([weights[:1], weights, weights[-1:]])
    index = np.arange(p.shape[0] * columns).reshape(-1, columns)
    a, b = index[:-1], np.roll(index[:-1], -1, axis=1)
    c, d = np.roll(index[1:], -1, axis=1), index[1:]
    # Angles rise anticlockwise seen from above, rows go down: a, d, c, b is anticlockwise from outside.
    triangles = np.stack([a, d, c, a, c, b], axis=-1).reshape(-1, 3)
    u = np.arange(columns + 1) / columns
    share = np.clip(
        (np.concatenate([points[:1], points, points[-1:]])[..., 2].mean(axis=1) - hem) / (top - hem), 0, 1
    )
    v = 2 * STRIP + share * (1 - 2 * STRIP) * 0.996 + 0.001
    uu = np.broadcast_to(u[:-1], a.shape)
    ur = np.broadcast_to(u[1:], a.shape)
    va, vd = np.broadcast_to(v[:-1, None], a.shape), np.broadcast_to(v[1:, None], a.shape)
    corners = [(uu, va), (uu, vd), (ur, vd), (uu, va), (ur, vd), (ur, va)]
    uvs = np.stack([np.stack(pair, axis=-1) for pair in corners], axis=-2).reshape(-1, 3, 2)
    count = len(p) * columns
    patch = Patch(p.reshape(-1, 3), w.reshape(count, -1), triangles.astype(np.int32), np.zeros((count, 2)))
    return Cloth3d(patch, uvs)


def covers(points: np.ndarray, weights: np.ndarray, hem: float, top: float) -> np.ndarray:
    """Metres that a point of the body lies inside a skirt's edges, shape (N,)."""
    # The waist lies close: skin is covered right below it, while one may look up the hem.
    field = np.minimum(points[:, 2] - hem, 6 * (top - points[:, 2]))
    return np.where(tape.arm_share(weights) > 0.3, -tape.FAR_M, field)
