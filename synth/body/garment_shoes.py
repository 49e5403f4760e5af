"""Shoes: a sole under the foot's outline, and an upper that rises from it to the opening round the ankle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from synth.body.garment_form import Dummy
from synth.body.garment_sewing import Cloth3d
from synth.body.garment_tape import FAR_M, Landscape
from synth.body.patch import Patch
from synth.body.rig import BONE_INDEX
from synth.body.spec import Cloth

AROUND = 48
RISE = 11  # rings of the upper
SOLE_V, UPPER_V, SHAFT_V = 0.20, 0.80, 0.90  # where sole, upper and shaft end in the texture; socks lie above


@dataclass(frozen=True)
class _Kind:
    """Measures of a kind of shoe, metres at a stature of 1.7 m."""

    sole: float
    heel: float  # height of the opening behind, above the sole
    side: float
    front: float
    reach: float  # where the opening's front lies, from heel (0) to toe (1)
    shaft: float  # above the ankle
    room: float


_KINDS = {
    "sneakers": _Kind(0.026, 0.080, 0.058, 0.102, 0.45, 0.0, 0.0045),
    "boots": _Kind(0.028, 0.090, 0.085, 0.100, 0.42, 0.10, 0.005),
    "flats": _Kind(0.010, 0.055, 0.036, 0.042, 0.73, 0.0, 0.0035),
}


@dataclass(frozen=True)
class Shoes:
    """A pair.

    Attributes:
        sewn: The meshes.
        opening: For each side: centre of the opening (3,), forward axis (2,), half length, half width, and the
            height of its edge by angle.
    """

    cloth: Cloth
    sewn: Cloth3d
    openings: dict[str, tuple]

    def covers(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Metres inside the shoes' edges, shape (N,)."""
        field = np.full(len(points), -FAR_M)
        for side, (centre, axis, half, height) in self.openings.items():
            sign = 1.0 if side == "l" else -1.0
            bones = [BONE_INDEX[f"{b}_{side}"] for b in ("foot", "toes", "shank")]
            own = (weights[:, bones].sum(axis=1) > 0.5) & (sign * points[:, 1] > 0)
            offset = points[own] - centre
            along = offset[:, :2] @ axis
            across = offset[:, :2] @ np.array([-axis[1], axis[0]])
            distance = np.hypot(along / half[0], across / half[1])
            outside = (distance - 1) * np.hypot(along, across) / np.maximum(distance, 1e-6)
            angle = np.arctan2(across / half[1], along / half[0])
            edge = np.interp(angle, *height)
            # Within the oval what lies below the edge is covered; in front of it, all of the foot.
            low = edge - points[own, 2]
            field[own] = np.where(low > -0.02, np.maximum(low, np.minimum(outside, 0.05)), low)
        return field


def _resampled(loop: np.ndarray, count: int) -> np.ndarray:
    """Points at even distances along a closed loop (P, 2), starting at its first, shape (count, 2)."""
    closed = np.concatenate([loop, loop[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count, endpoint=False)
    return np.stack([np.interp(at, length, closed[:, k]) for k in range(2)], axis=1)


def _outline(foot: np.ndarray, room: float) -> np.ndarray:
    """Outline of a foot (P, 2: along, across) with room, rounded, from the heel on, leftwards first, (AROUND, 2)."""
    hull = foot[ConvexHull(foot).vertices]
    centre = hull.mean(axis=0)
    hull = hull + room * (hull - centre) / np.linalg.norm(hull - centre, axis=1, keepdims=True)
    fine = _resampled(hull, 240)
    for _ in range(60):
        fine = 0.5 * fine + 0.25 * (np.roll(fine, 1, axis=0) + np.roll(fine, -1, axis=0))
    fine = centre + (fine - centre) * 1.012
    start = int(
        np.argmin(
            fine[:, 0]
            + 0.2 * np.abs(fine[:, 1] - np.median(fine[fine[:, 0] < np.percentile(fine[:, 0], 8), 1]))
        )
    )
    fine = np.roll(fine, -start, axis=0)
    area = np.sum(fine[:, 0] * np.roll(fine[:, 1], -1) - np.roll(fine[:, 0], -1) * fine[:, 1])
    if area < 0:
        fine = np.roll(fine[::-1], 1, axis=0)
    return _resampled(fine, AROUND)


def _push_out(p: np.ndarray, tree: cKDTree, skin: np.ndarray, normals: np.ndarray, room: float) -> np.ndarray:
    for _ in range(2):
        distance, near = tree.query(p, k=4)
        share = 1 / (distance + 1e-4)
        share /= share.sum(axis=1, keepdims=True)
        n = np.einsum("nk,nkd->nd", share, normals[near])
        n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
        height = np.einsum("nd,nd->n", p - np.einsum("nk,nkd->nd", share, skin[near]), n)
        p = p + np.where(distance[:, 0] < 0.04, np.maximum(room - height, 0), 0)[:, None] * n
    return p


def make_shoes(cloth: Cloth, body: Patch, land: Landscape) -> Shoes:
    """Make a pair of shoes.

    Args:
        cloth: ``sneakers``, ``boots`` or ``flats``.
        body: The skin.
        land: The measures.
    """
    kind, k = _KINDS[cloth.kind], land.stature_m / 1.7
    normals = body.normals
    pair, openings = [], {}
    for side in ("l", "r"):
        sewn, opening = _one_shoe(kind, cloth, body, normals, land, side, k)
        pair.append(sewn)
        openings[side] = opening
    return Shoes(cloth, pair[0].joined(pair[1]), openings)


def _one_shoe(
    kind: _Kind, cloth: Cloth, body: Patch, normals: np.ndarray, land: Landscape, side: str, k: float
) -> tuple[Cloth3d, tuple]:
    bones = [BONE_INDEX[f"{b}_{side}"] for b in ("foot", "toes")]
    shank = BONE_INDEX[f"shank_{side}"]
    own = np.flatnonzero(body.weights[:, [*bones, shank]].sum(axis=1) > 0.6)
    own = own[body.vertices_m[own, 2] < land.joints_m[f"ankle_{side}"][2] + 0.30 * k]
    skin, skin_normals = body.vertices_m[own], normals[own]
    tree = cKDTree(skin)
    ankle = land.joints_m[f"ankle_{side}"]
    toe = land.joints_m[f"toe_{side}"]
    axis = (toe - ankle)[:2] / np.linalg.norm((toe - ankle)[:2])
    across = np.array([-axis[1], axis[0]])
    frame = np.stack([axis, across])  # plan coordinates: along, across
    low = skin[:, 2] < 0.75 * ankle[2]
    plan = (skin[low, :2] - ankle[:2]) @ frame.T
    outline = _outline(plan, kind.room * k)
    heel, tip = outline[:, 0].min(), outline[:, 0].max()
    length = tip - heel
    floor = skin[:, 2].min()
    # The opening: an oval from just inside the heel to its front.
    front = heel + kind.reach * length
    ring = skin[np.abs(skin[:, 2] - (floor + kind.heel * k)) < 0.012, :2]
    ring = (ring - ankle[:2]) @ frame.T if len(ring) else plan
    ankle_plan = ring[ring[:, 0] < front + 0.01] if (ring[:, 0] < front + 0.01).any() else ring
    back = ankle_plan[:, 0].min() - 0.006 * k
    mid_across = 0.5 * (ankle_plan[:, 1].min() + ankle_plan[:, 1].max())
    half = np.array([(front - back) / 2, np.ptp(ankle_plan[:, 1]) / 2 + 0.007 * k])
    centre_plan = np.array([(front + back) / 2, mid_across])
    if cloth.kind == "flats":
        wide = (plan[:, 0] > centre_plan[0] - 0.02) & (plan[:, 0] < centre_plan[0] + 0.02)
        half[1] = np.ptp(plan[wide, 1]) / 2 - 0.004
        centre_plan[1] = plan[wide, 1].mean()
    phi = 2 * np.pi * np.arange(AROUND) / AROUND  # 0 at the heel, leftwards... pi at the toe
    turn = _matched(outline, centre_plan, half)
    oval = centre_plan + half * np.stack([-np.cos(turn), -np.sin(turn)], axis=1)
    behind, ahead = (1 + np.cos(phi)) / 2, (1 - np.cos(phi)) / 2
    edge = floor + k * (kind.side + (kind.heel - kind.side) * behind**2 + (kind.front - kind.side) * ahead**4)
    rings = _upper_rings(outline, oval, edge, floor, cloth, k)
    upper = np.concatenate([_to_world(r[:, :2], r[:, 2], ankle, frame) for r in rings])
    upper = _push_out(upper, tree, skin, skin_normals, kind.room * 0.75 * k)
    upper = upper.reshape(len(rings), AROUND, 3)
    for _ in range(2):  # even what the toes left
        mid = 0.5 * upper[1:-1] + 0.125 * (
            upper[:-2] + upper[2:] + np.roll(upper[1:-1], 1, axis=1) + np.roll(upper[1:-1], -1, axis=1)
        )
        upper[1:-1] = mid
    upper = _push_out(upper.reshape(-1, 3), tree, skin, skin_normals, kind.room * 0.5 * k).reshape(
        upper.shape
    )
    stack = [*_sole_rings(outline, kind, floor, k, ankle, frame, heel, length), *upper]
    vs = [0.01, 0.02, SOLE_V * 0.5, SOLE_V * 0.97]
    vs += list(np.linspace(SOLE_V * 1.03, UPPER_V, len(rings)))
    if kind.shaft:
        towards = np.stack([-np.cos(turn), -np.sin(turn)], axis=1) @ frame
        shaft = _shaft_rings(upper[-1], towards, skin, kind.shaft * k * (0.5 + cloth.length))
        stack += shaft
        vs += list(np.linspace(UPPER_V, SHAFT_V, len(shaft) + 1)[1:])
        edge = edge + kind.shaft * k * (0.5 + cloth.length)
    # Turn the edge in.
    lip = stack[-1] + 0.10 * (stack[-1].mean(axis=0) - stack[-1]) - [0, 0, 0.004]
    inner = stack[-1] + 0.12 * (stack[-1].mean(axis=0) - stack[-1]) - [0, 0, 0.02]
    stack += [lip, inner]
    vs += [vs[-1] - 0.01, vs[-1] - 0.02]
    sewn = _stacked(np.stack(stack), np.array(vs), body, own, tree)
    order = np.argsort(np.arctan2(-np.sin(turn), -np.cos(turn)))
    angle = np.arctan2(-np.sin(turn), -np.cos(turn))[order]
    heights = (np.concatenate([angle - 2 * np.pi, angle, angle + 2 * np.pi]), np.tile(edge[order], 3))
    centre = np.array([*(ankle[:2] + centre_plan @ frame), 0.0])
    return sewn, (centre, axis, half, heights)


def _matched(outline: np.ndarray, centre: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Angle on the opening's oval for each outline point, 0 at the heel, rising: even, but led by direction."""
    even = 2 * np.pi * np.arange(AROUND) / AROUND
    offset = (outline - centre) / half
    towards = np.unwrap(np.arctan2(-offset[:, 1], -offset[:, 0]))
    towards -= 2 * np.pi * np.round((towards.mean() - even.mean()) / (2 * np.pi))
    return 0.55 * even + 0.45 * towards


def _to_world(plan: np.ndarray, z: np.ndarray, ankle: np.ndarray, frame: np.ndarray) -> np.ndarray:
    return np.concatenate([ankle[:2] + plan @ frame, np.reshape(z, (-1, 1))], axis=1)


def _upper_rings(
    outline: np.ndarray, oval: np.ndarray, edge: np.ndarray, floor: float, cloth: Cloth, k: float
) -> list[np.ndarray]:
    """Rings from the welt to the opening: (AROUND, 3) along, across, height."""
    rings = []
    distance = np.linalg.norm(outline - oval, axis=1)
    low = floor + 0.004 * k
    for t in np.linspace(0, 1, RISE):
        # Steep walls first, then over the instep; the more so the farther the opening is.
        bend = np.clip(distance / (0.15 * k), 0, 1)
        across_t = t ** (1 + 0.35 * bend)
        plan = outline + (oval - outline) * across_t[:, None]
        wall = np.minimum(0.034 * k * bend, 0.6 * (edge - low))
        rise = wall * (1 - (1 - t) ** 4) + (edge - low - wall) * t ** (1 + 0.25 * bend)
        rings.append(np.concatenate([plan, (low + rise)[:, None]], axis=1))
    return rings


def _sole_rings(
    outline: np.ndarray,
    kind: _Kind,
    floor: float,
    k: float,
    ankle: np.ndarray,
    frame: np.ndarray,
    heel: float,
    length: float,
) -> list[np.ndarray]:
    """The tread's middle, its edge, and the sole's side, which stands out a little."""
    centre = outline.mean(axis=0)
    along = (outline[:, 0] - heel) / length
    spring = 0.010 * k * np.clip((along - 0.72) / 0.28, 0, 1) ** 2
    bottom = floor - kind.sole * k
    out = outline + 0.0035 * k * (outline - centre) / np.linalg.norm(outline - centre, axis=1, keepdims=True)
    inner = centre + (outline - centre) * [0.5, 0.05]
    rings = [
        (inner, np.full(AROUND, bottom) + 0.5 * spring),
        (centre + (out - centre) * 0.985, bottom + spring),
        (out, bottom + 0.006 * k + spring),
        (out, floor + 0.002 * k + 0.3 * spring),
    ]
    return [_to_world(plan, z, ankle, frame) for plan, z in rings]


def _shaft_rings(edge: np.ndarray, towards: np.ndarray, skin: np.ndarray, height: float) -> list[np.ndarray]:
    """A boot's shaft round the shank: level rings that widen a little."""
    rings = []
    top = edge[:, 2].mean() + height
    for t in np.linspace(0, 1, 7)[1:]:
        z = edge[:, 2] + (top - edge[:, 2]) * t
        around = skin[np.argsort(np.abs(skin[:, 2] - z.mean()), kind="stable")[:28], :2]
        centre = 0.5 * (around.min(axis=0) + around.max(axis=0))
        half = np.ptp(around, axis=0) / 2
        radius = 1 / np.sqrt((towards[:, 0] / half[0]) ** 2 + (towards[:, 1] / half[1]) ** 2)
        plan = centre + towards * (radius * 1.04 + 0.007 + 0.003 * t)[:, None]
        share = min(t / 0.34, 1.0)
        plan = (1 - share) * edge[:, :2] + share * plan
        rings.append(np.concatenate([plan, z[:, None]], axis=1))
    return rings


def _stacked(rings: np.ndarray, v: np.ndarray, body: Patch, own: np.ndarray, tree: cKDTree) -> Cloth3d:
    """Join rings (R, AROUND, 3), closed round and at the bottom, bound to the nearest skin."""
    count = rings.shape[0] * AROUND
    index = np.arange(count).reshape(-1, AROUND)
    a, b = index[:-1], np.roll(index[:-1], -1, axis=1)
    d, c = index[1:], np.roll(index[1:], -1, axis=1)
    triangles = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    u = np.arange(AROUND + 1) / AROUND
    u0, u1 = (np.broadcast_to(x, a.shape) for x in (u[:-1], u[1:]))
    v0, v1 = (np.broadcast_to(x[:, None], a.shape) for x in (v[:-1], v[1:]))
    corners = [(u0, v0), (u1, v0), (u1, v1), (u0, v0), (u1, v1), (u0, v1)]
    uvs = np.stack([np.stack(pair, axis=-1) for pair in corners], axis=-2).reshape(-1, 3, 2)
    points = rings.reshape(-1, 3)
    cap = np.stack([index[0, 1:-1], np.full(AROUND - 2, index[0, 0]), index[0, 2:]], axis=1)
    cap_uv = np.broadcast_to([0.5, 0.01], (len(cap), 3, 2))
    distance, near = tree.query(points, k=10)
    share = 1 / (distance + 0.004)
    weights = np.einsum("nk,nkd->nd", share, body.weights[own][near])
    weights /= weights.sum(axis=1, keepdims=True)
    patch = Patch(points, weights, np.concatenate([triangles, cap]).astype(np.int32), np.zeros((count, 2)))
    return Cloth3d(patch, np.concatenate([uvs, cap_uv]))


def make_socks(shoes: Shoes, dummy: Dummy, land: Landscape, top_m: float) -> Cloth3d:
    """Socks from just inside the shoes to a height, metres above the floor."""
    z = dummy.points_m[:, 2]
    tri = dummy.form.triangles
    low = land.joints_m["ankle_l"][2] * 0.35
    free = (z < top_m) & (z > low) & (shoes.covers(dummy.points_m, dummy.weights) < 0.022)
    own = free[tri].all(axis=1)
    used, local = np.unique(tri[own], return_inverse=True)
    covered = np.clip(shoes.covers(dummy.points_m[used], dummy.weights[used]) / 0.02, 0, 1)
    points = dummy.points_m[used] + (0.0008 - 0.006 * covered)[:, None] * dummy.normals[used]
    # The top edge is drawn level, not in steps.
    near_top = points[:, 2] > top_m - 0.016
    points[near_top, 2] = top_m - 0.004
    local = local.reshape(-1, 3).astype(np.int32)
    uv = np.stack(
        [3 * np.arctan2(points[:, 1], points[:, 0]), np.clip((points[:, 2] - low) / (top_m - low), 0, 1)],
        axis=1,
    )
    uv[:, 1] = SHAFT_V + 0.02 + 0.07 * uv[:, 1]
    uv[:, 0] = 0.5
    return Cloth3d(Patch(points, dummy.weights[used], local, np.zeros((len(used), 2))), uv[local])
