"""Cut cloth from the dummy along its borders, lay its bands, fold its hems."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from synth.body import garment_tape as tape
from synth.body.garment_charts import Chart, band_uv, coords, piece_of
from synth.body.garment_cuts import Cut
from synth.body.garment_form import Dummy
from synth.body.garment_tape import Landscape
from synth.body.patch import Patch

_SNAP_M = 0.0012  # points this near a border are taken to lie on it: no slivers
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Mesh:
    """Triangles whose points carry any values.

    Attributes:
        triangles: Shape (F, 3).
        at: Name -> values of each point, shape (N, ...). ``points`` are positions, metres.
    """

    triangles: np.ndarray
    at: Arrays

    def kept(self, triangles: np.ndarray) -> Mesh:
        """Only the triangles given, and the points they use."""
        used, local = np.unique(triangles, return_inverse=True)
        return Mesh(local.reshape(-1, 3).astype(np.int32), {k: a[used] for k, a in self.at.items()})


def cut_mesh(mesh: Mesh, value: np.ndarray) -> tuple[Mesh, np.ndarray]:
    """Cut triangles along the zero line of a value; nothing is dropped, the surface stays joined.

    Args:
        mesh: The mesh.
        value: One a point, shape (N,), metres.

    Returns:
        The mesh with new points on the line, and for each triangle whether it lies on the positive side.
    """
    # Snapped points count as positive; a triangle is cut only where a point is clearly negative.
    value = np.where(np.abs(value) < _SNAP_M, 0.0, value)
    inside = value >= 0
    tri = mesh.triangles
    count = inside[tri].sum(axis=1)
    positive, negative = value[tri].max(axis=1) > 0, value[tri].min(axis=1) < 0
    mixed = positive & negative & (count > 0) & (count < 3)
    if not mixed.any():
        return mesh, positive & ~negative
    own = tri[mixed]
    lone = inside[own].sum(axis=1) == 1
    odd = np.argmax(inside[own] == lone[:, None], axis=1)
    a, b, c = (np.take_along_axis(own, ((odd + k) % 3)[:, None], axis=1)[:, 0] for k in range(3))
    pairs = np.concatenate([np.stack([a, b], 1), np.stack([a, c], 1)])
    key, index = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
    # An edge that ends on the line is cut there, by its own point.
    on_line = value[key] == 0
    ends = on_line.any(axis=1)
    number = np.where(ends, key[np.arange(len(key)), np.argmax(on_line, axis=1)], 0)
    number[~ends] = len(inside) + np.arange(int((~ends).sum()))
    key = key[~ends]
    share = value[key[:, 0]] / (value[key[:, 0]] - value[key[:, 1]])
    ab, ac = number[index.ravel()].reshape(2, -1)
    new = {}
    for name, values in mesh.at.items():
        t = share.reshape(-1, *[1] * (values.ndim - 1))
        new[name] = np.concatenate([values, (1 - t) * values[key[:, 0]] + t * values[key[:, 1]]])
    pieces = [np.stack([a, ab, ac], 1), np.stack([ab, b, c], 1), np.stack([ab, c, ac], 1)]
    triangles = np.concatenate([tri[~mixed], *pieces]).astype(np.int32)
    # A triangle whose points all lie on the line would stick out like a thorn: it is not inside.
    side = np.concatenate([(positive & ~negative)[~mixed], lone, ~lone, ~lone])
    a, b, c = triangles.T
    real = (a != b) & (b != c) & (c != a)
    return Mesh(triangles[real], new), side[real]


def open_edges(triangles: np.ndarray) -> np.ndarray:
    """Directed edges that one triangle has alone, shape (E, 2)."""
    edges = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2).reshape(-1, 2)
    low, high = edges.min(axis=1).astype(np.int64), edges.max(axis=1).astype(np.int64)
    _, index, counts = np.unique(low * (high.max() + 1) + high, return_inverse=True, return_counts=True)
    return edges[counts[index.ravel()] == 1]


def rim_directions(mesh: Mesh, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of the open edges, (M,), and the unit direction into the cloth at each, along it, (M, 3)."""
    rim = np.unique(edges)
    place = np.full(len(mesh.at["points"]), -1)
    place[rim] = np.arange(len(rim))
    p, normals = mesh.at["points"], mesh.at["normals"]
    along = p[edges[:, 1]] - p[edges[:, 0]]
    total = np.zeros((len(rim), 3))
    for end in range(2):  # the cloth lies on the left of an open edge
        np.add.at(total, place[edges[:, end]], np.cross(normals[edges[:, end]], along))
    for _ in range(3):
        mixed = total.copy()
        for one, other in ((0, 1), (1, 0)):
            np.add.at(mixed, place[edges[:, one]], total[place[edges[:, other]]])
        total = mixed
    own = normals[rim]
    total -= own * np.einsum("nd,nd->n", total, own)[:, None]
    return rim, total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def fold_hems(mesh: Mesh, thick_m: float, reach_m: float) -> tuple[Mesh, int]:
    """Turn the open edges in, so that cloth has a thickness; returns the mesh and how many triangles are new."""
    edges = open_edges(mesh.triangles)
    if len(edges) == 0:
        return mesh, 0
    rim, inward = rim_directions(mesh, edges)
    n, m = len(mesh.at["points"]), len(rim)
    place = np.full(n, -1)
    place[rim] = np.arange(m)
    normals = mesh.at["normals"][rim]
    first = mesh.at["points"][rim] - thick_m * normals
    second = first - 0.5 * thick_m * normals + reach_m * inward
    at = {name: np.concatenate([a, a[rim], a[rim]]) for name, a in mesh.at.items()}
    at["points"] = np.concatenate([mesh.at["points"], first, second])
    a, b = edges.T
    a1, b1 = n + place[a], n + place[b]
    a2, b2 = a1 + m, b1 + m
    folds = [np.stack(t, axis=1) for t in ((b, a, a1), (b, a1, b1), (b1, a1, a2), (b1, a2, b2))]
    return Mesh(np.concatenate([mesh.triangles, *folds]).astype(np.int32), at), 4 * len(edges)


@dataclass(frozen=True)
class Cloth3d:
    """A sewn piece of cloth.

    Attributes:
        patch: Its mesh at rest.
        corner_uvs: Texture coordinates of each corner, shape (F, 3, 2).
    """

    patch: Patch
    corner_uvs: np.ndarray

    def joined(self, *others: Cloth3d) -> Cloth3d:
        """This and others as one piece."""
        all_ = (self, *others)
        starts = np.cumsum([0] + [len(c.patch.vertices_m) for c in all_[:-1]])
        patch = Patch(
            np.concatenate([c.patch.vertices_m for c in all_]),
            np.concatenate([c.patch.weights for c in all_]),
            np.concatenate([c.patch.triangles + o for c, o in zip(all_, starts, strict=True)]).astype(
                np.int32
            ),
            np.concatenate([c.patch.uvs for c in all_]),
        )
        return Cloth3d(patch, np.concatenate([c.corner_uvs for c in all_]))


@dataclass(frozen=True)
class Work:
    """Cloth on the dummy before it is cut.

    Attributes:
        dummy: Whom it is cut for.
        land: The measures.
        cut: Its borders.
        charts: Its pieces laid flat.
        is_top: Tops and bottoms have other pieces.
        offset_m: How far each point of the dummy is moved, shape (N, 3).
        borders: The cut's fields at the dummy's points.
        thick_m: Of the hem.
    """

    dummy: Dummy
    land: Landscape
    cut: Cut
    charts: list[Chart]
    is_top: bool
    offset_m: np.ndarray
    borders: Arrays
    thick_m: float = 0.0035
    hidden: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def inside_m(self) -> np.ndarray:
        """Metres inside the nearest border, shape (N,)."""
        return np.minimum.reduce(list(self.borders.values()))


def sew(work: Work) -> Cloth3d:
    """Cut, band and hem a garment."""
    dummy = work.dummy
    at = {
        "points": dummy.points_m + work.offset_m,
        "base": dummy.points_m,
        "normals": dummy.normals,
        "weights": dummy.weights,
        "inside": work.inside_m,
        "arm": tape.arm_share(dummy.weights),
        **{f"in_{name}": values for name, values in work.borders.items()},
    }
    mesh = Mesh(dummy.form.triangles, at)
    near = (work.inside_m[mesh.triangles] > -_SNAP_M).any(axis=1)
    if len(work.hidden):
        near &= ~work.hidden[mesh.triangles].all(axis=1)
    mesh = mesh.kept(mesh.triangles[near])
    mesh, side = cut_mesh(mesh, mesh.at["inside"])
    mesh = mesh.kept(mesh.triangles[side])
    for name, width in work.cut.bands.items():
        mesh, _ = cut_mesh(mesh, mesh.at[f"in_{name}"] - width)
    if work.is_top and any(chart.name.startswith("arm") for chart in work.charts):
        mesh, _ = cut_mesh(mesh, (0.5 - mesh.at["arm"]) * 0.1)
    cloth_faces = len(mesh.triangles)
    mesh, _ = fold_hems(mesh, work.thick_m, 0.012)
    uvs = _corner_uvs(work, mesh, cloth_faces)
    count = len(mesh.at["points"])
    return Cloth3d(Patch(mesh.at["points"], mesh.at["weights"], mesh.triangles, np.zeros((count, 2))), uvs)


def _corner_uvs(work: Work, mesh: Mesh, cloth_faces: int) -> np.ndarray:
    """Texture coordinates of all corners: pieces, then bands, then hems, which take their edge's."""
    land, tri = work.land, mesh.triangles
    corners = mesh.at["base"][tri]
    piece = piece_of(land, corners.mean(axis=1), mesh.at["arm"][tri].mean(axis=1), work.is_top)
    uvs = np.zeros((len(tri), 3, 2))
    s_all, bound = np.zeros((len(tri), 3)), np.full(len(tri), "", dtype=object)
    for chart in work.charts:
        own = piece == chart.name
        if own.any():
            s, t = coords(land, chart.name, corners[own])
            uvs[own] = chart.uv(s, t)
            s_all[own] = s
    for name, width in work.cut.bands.items():
        depth = mesh.at[f"in_{name}"][tri]
        own = depth.mean(axis=1) < width
        bound[own] = name
        ribbed = np.full((int(own.sum()), 3), name in work.cut.rib)
        uvs[own] = band_uv(s_all[own], depth[own] / width, ribbed)
    return uvs
