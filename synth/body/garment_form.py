"""A tailor's dummy: one fixed mesh round the body that every cut of cloth is taken from.

MakeHuman's tights, subdivided once, give it its triangles; a fixed table binds each of its points to the skin. All
garments of a person are heights over this one surface, so which lies over which is known at every point, and cloth
moves as the skin under it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, identity
from scipy.spatial import cKDTree

from synth.body.asset import RACES, BodyAsset, mix
from synth.body.garment_tape import arm_share, leg_share
from synth.body.geometry import vertex_normals
from synth.body.patch import Patch
from synth.body.rig import BONE_INDEX

HUG_M = 0.0025  # the dummy lies this far outside the skin at least
_AVERAGE = {"gender": 0.5, "age": 0.75, "muscle": 0.5, "weight": 0.6, "height": 0.5, "proportions": 0.5,
            "cupsize": 0.4, "firmness": 0.5}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """The dummy's fixed part.

    Attributes:
        triangles: Shape (F, 3).
        from_asset: Its points before they are laid on the skin, from the asset's vertices, shape (N, V).
        from_body: The skin under each point, from the body's vertices, rows sum to 1, shape (N, B).
        mean: Each point's neighbours, rows sum to 1, shape (N, N).
    """

    triangles: np.ndarray
    from_asset: csr_matrix
    from_body: csr_matrix
    mean: csr_matrix

    def spread(self, values: np.ndarray, rounds: int, share: float = 0.5) -> np.ndarray:
        """Mix values with those of the neighbours."""
        for _ in range(rounds):
            values = (1 - share) * values + share * (self.mean @ values)
        return values


@dataclass(frozen=True)
class Dummy:
    """The dummy of one person.

    Attributes:
        form: Its fixed part.
        points_m: Just outside the skin, shape (N, 3).
        normals: Smooth and outward, unit, shape (N, 3).
        weights: Bone weights, as the skin's under it, shape (N, 52).
    """

    form: Form
    points_m: np.ndarray
    normals: np.ndarray
    weights: np.ndarray

    @cached_property
    def soft_weights(self) -> np.ndarray:
        """Shares of arms and legs only, evened, for cutting: one bone of each stands for all, shape (N, 52)."""
        shares = self.form.spread(np.stack([arm_share(self.weights), leg_share(self.weights)], axis=1), 6)
        out = np.zeros_like(self.weights)
        out[:, BONE_INDEX["upper_arm_l"]], out[:, BONE_INDEX["thigh_l"]] = shares.T
        out[:, 0] = 1 - shares.sum(axis=1)
        return out

    @cached_property
    def patch(self) -> Patch:
        """The whole dummy as a mesh."""
        return Patch(self.points_m, self.weights, self.form.triangles, np.zeros((len(self.points_m), 2)))


def neighbour_mean(triangles: np.ndarray, count: int) -> csr_matrix:
    """Row-normalised neighbour matrix of a mesh, shape (count, count)."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    matrix = coo_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count)).tocsr()
    matrix.data[:] = 1.0
    return matrix.multiply(1.0 / np.maximum(matrix.sum(axis=1), 1)).tocsr()


def loop_subdivision(triangles: np.ndarray, count: int) -> tuple[np.ndarray, csr_matrix]:
    """Subdivide once (Loop 1987, borders as cubic B-splines).

    Returns:
        Triangles, shape (4F, 3), and the new points' table over the old, shape (N, count).
    """
    edges = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2).reshape(-1, 2)
    key, index = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    index = index.ravel()
    opposite = np.roll(triangles, -2, axis=1).reshape(-1)
    uses = np.bincount(index)
    inner = uses == 2
    # Old points.
    border = np.zeros(count, dtype=bool)
    border[key[~inner].ravel()] = True
    smooth = neighbour_mean(triangles, count)
    degree = np.diff(smooth.indptr)
    beta = 0.625 - (0.375 + 0.25 * np.cos(2 * np.pi / np.maximum(degree, 1))) ** 2
    rims = np.concatenate([key[~inner], key[~inner][:, ::-1]])
    rim = coo_matrix((np.full(len(rims), 0.125), (rims[:, 0], rims[:, 1])), shape=(count, count)).tocsr()
    keep = np.where(border, 0.75, 1 - beta)
    old = identity(count).multiply(keep[:, None]) + smooth.multiply(np.where(border, 0, beta)[:, None]) + rim
    # New points on edges.
    rows = np.arange(len(key))
    ends = np.where(inner, 0.375, 0.5)
    far_rows, far = index[inner[index]], opposite[inner[index]]
    new = coo_matrix(
        (
            np.concatenate([ends, ends, np.full(len(far), 0.125)]),
            (np.concatenate([rows, rows, far_rows]), np.concatenate([key[:, 0], key[:, 1], far])),
        ),
        shape=(len(key), count),
    ).tocsr()
    a, b, c = triangles.T
    ab, bc, ca = (index.reshape(-1, 3) + count).T
    fine = np.concatenate(
        [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )
    return fine.astype(np.int32), coo_matrix(_stacked(old.tocsr(), new)).tocsr()


def _stacked(first: csr_matrix, second: csr_matrix) -> coo_matrix:
    a, b = first.tocoo(), second.tocoo()
    shape = (a.shape[0] + b.shape[0], a.shape[1])
    rows = np.concatenate([a.row, b.row + a.shape[0]])
    return coo_matrix((np.concatenate([a.data, b.data]), (rows, np.concatenate([a.col, b.col]))), shape=shape)


_FORMS: dict[int, tuple[BodyAsset, Form]] = {}


def load_form(asset: BodyAsset) -> Form:
    """The dummy's fixed part; made once a process."""
    if id(asset) not in _FORMS:
        _FORMS[id(asset)] = (asset, _make_form(asset))
    return _FORMS[id(asset)][1]


def _make_form(asset: BodyAsset) -> Form:
    used, local = np.unique(asset.triangles["helper-tights"], return_inverse=True)
    triangles, table = loop_subdivision(local.reshape(-1, 3).astype(np.int32), len(used))
    pick = coo_matrix(
        (np.ones(len(used)), (np.arange(len(used)), used)), shape=(len(used), len(asset.template_m))
    ).tocsr()
    from_asset = (table @ pick).tocsr()
    average = mix(asset, _AVERAGE, dict.fromkeys(RACES, 1 / 3))
    points, body = from_asset @ average, average[: asset.num_body]
    normals = vertex_normals(points, triangles)
    body_normals = vertex_normals(body, asset.triangles["body"])
    # The nearest skin that faces the same way: not the other thigh's, nor the arm's at the armpit.
    distance, near = cKDTree(body).query(points, k=12)
    facing = np.einsum("nd,nkd->nk", normals, body_normals[near])
    cost = distance + 0.03 * np.clip(0.6 - facing, 0, None)
    best = np.take_along_axis(near, np.argsort(cost, axis=1)[:, :4], axis=1)
    share = 1 / (np.sort(cost, axis=1)[:, :4] + 1e-4)
    share /= share.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(points)), 4)
    from_body = coo_matrix((share.ravel(), (rows, best.ravel())), shape=(len(points), len(body))).tocsr()
    return Form(triangles, from_asset, from_body, neighbour_mean(triangles, len(points)))


def make_dummy(asset: BodyAsset, vertices_m: np.ndarray, body: Patch) -> Dummy:
    """Lay the dummy on a person's skin.

    Args:
        asset: The baked body.
        vertices_m: All vertices of the asset at rest, shape (V, 3).
        body: The skin.
    """
    form = load_form(asset)
    points = form.from_asset @ vertices_m
    skin, normals = form.from_body @ body.vertices_m, form.from_body @ body.normals
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    weights = form.spread(form.from_body @ body.weights, 2)
    for _ in range(2):
        height = np.einsum("nd,nd->n", points - skin, normals)
        lift = np.maximum(HUG_M - height, 0.0)
        sink = np.clip(height - HUG_M, 0, 0.004)  # tights stand off a little where the skin is even
        points = form.spread(points + (lift - sink)[:, None] * normals, 1, 0.4)
    height = np.einsum("nd,nd->n", points - skin, normals)
    points = points + np.maximum(HUG_M - height, 0.0)[:, None] * normals
    smooth = form.spread(vertex_normals(points, form.triangles).astype(float), 3)
    smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)
    return Dummy(form, points, smooth, weights / weights.sum(axis=1, keepdims=True))
