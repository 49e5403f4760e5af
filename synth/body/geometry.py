"""Mesh kernels: volume, normals, linear blend skinning, closest points. Arrays in, arrays out."""

from __future__ import annotations

import numba
import numpy as np


def volume_m3(vertices_m: np.ndarray, triangles: np.ndarray) -> float:
    """Volume that a closed mesh encloses (divergence theorem), cubic metres."""
    a, b, c = (vertices_m[triangles[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


@numba.njit(cache=True)
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted vertex normals, unit length, shape (V, 3) float32; zero for vertices of no triangle."""
    normals = np.zeros(vertices.shape, dtype=np.float32)
    for f in range(triangles.shape[0]):
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, az = (
            vertices[j, 0] - vertices[i, 0],
            vertices[j, 1] - vertices[i, 1],
            vertices[j, 2] - vertices[i, 2],
        )
        bx, by, bz = (
            vertices[k, 0] - vertices[i, 0],
            vertices[k, 1] - vertices[i, 1],
            vertices[k, 2] - vertices[i, 2],
        )
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            normals[v, 0] += nx
            normals[v, 1] += ny
            normals[v, 2] += nz
    for v in range(normals.shape[0]):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0:
            normals[v] /= length
    return normals


@numba.njit(cache=True)
def skin(rest: np.ndarray, indices: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning.

    Args:
        rest: Rest vertices, shape (V, 3).
        indices: Bones of each vertex, shape (V, K).
        weights: Their weights, rows sum to 1, shape (V, K).
        transforms: Rest to posed for each bone, shape (B, 3, 4).

    Returns:
        Posed vertices, shape (V, 3), float32.
    """
    out = np.empty(rest.shape, dtype=np.float32)
    for v in range(rest.shape[0]):
        x, y, z = rest[v, 0], rest[v, 1], rest[v, 2]
        px, py, pz = 0.0, 0.0, 0.0
        for k in range(indices.shape[1]):
            w = weights[v, k]
            if w == 0:
                continue
            m = transforms[indices[v, k]]
            px += w * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3])
            py += w * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3])
            pz += w * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
        out[v, 0], out[v, 1], out[v, 2] = px, py, pz
    return out


@numba.njit(cache=True)
def closest_points(
    points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Closest point of a mesh to each point (brute force; Ericson, Real-Time Collision Detection, 5.1.5).

    Returns:
        Triangle index (N,), barycentric weights (N, 3), distance (N,).
    """
    n = points.shape[0]
    faces, barys, dists = np.zeros(n, dtype=np.int64), np.zeros((n, 3)), np.full(n, np.inf)
    for f in range(triangles.shape[0]):
        a, b, c = vertices[triangles[f, 0]], vertices[triangles[f, 1]], vertices[triangles[f, 2]]
        ab, ac = b - a, c - a
        for i in range(n):
            v, w = _closest_on_triangle(points[i], a, b, c, ab, ac)
            dx = a[0] + v * ab[0] + w * ac[0] - points[i, 0]
            dy = a[1] + v * ab[1] + w * ac[1] - points[i, 1]
            dz = a[2] + v * ab[2] + w * ac[2] - points[i, 2]
            d = np.sqrt(dx * dx + dy * dy + dz * dz)
            if d < dists[i]:
                dists[i], faces[i] = d, f
                barys[i, 0], barys[i, 1], barys[i, 2] = 1 - v - w, v, w
    return faces, barys, dists


@numba.njit(cache=True)
def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@numba.njit(cache=True)
def _closest_on_triangle(
    p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray, ab: np.ndarray, ac: np.ndarray
) -> tuple[float, float]:
    ap, bp, cp = p - a, p - b, p - c
    d1, d2 = _dot(ab, ap), _dot(ac, ap)
    if d1 <= 0 and d2 <= 0:
        return 0.0, 0.0
    d3, d4 = _dot(ab, bp), _dot(ac, bp)
    if d3 >= 0 and d4 <= d3:
        return 1.0, 0.0
    vc = d1 * d4 - d3 * d2
    if vc <= 0 and d1 >= 0 and d3 <= 0:
        return d1 / (d1 - d3), 0.0
    d5, d6 = _dot(ab, cp), _dot(ac, cp)
    if d6 >= 0 and d5 <= d6:
        return 0.0, 1.0
    vb = d5 * d2 - d1 * d6
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        return 0.0, d2 / (d2 - d6)
    va = d3 * d6 - d5 * d4
    if va <= 0 and (d4 - d3) >= 0 and (d5 - d6) >= 0:
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        return 1 - w, w
    denominator = 1.0 / (va + vb + vc)
    return vb * denominator, vc * denominator


def ray_hits(
    origin: np.ndarray, direction: np.ndarray, vertices_m: np.ndarray, triangles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a line meets a mesh (Moeller & Trumbore 1997).

    Args:
        origin: Shape (3,).
        direction: Shape (3,), unit length.
        vertices_m: Shape (V, 3).
        triangles: Shape (F, 3).

    Returns:
        Signed distances along the direction, sorted (H,); triangle indices (H,); barycentric weights (H, 3).
    """
    a = vertices_m[triangles[:, 0]]
    e1, e2 = vertices_m[triangles[:, 1]] - a, vertices_m[triangles[:, 2]] - a
    h = np.cross(direction, e2)
    det = np.einsum("ij,ij->i", e1, h)
    inverse = np.divide(1.0, det, out=np.zeros_like(det), where=np.abs(det) > 1e-14)
    s = origin - a
    u = np.einsum("ij,ij->i", s, h) * inverse
    q = np.cross(s, e1)
    v = (q @ direction) * inverse
    good = (np.abs(det) > 1e-14) & (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9)
    t = np.einsum("ij,ij->i", e2, q) * inverse
    hits = np.flatnonzero(good)
    hits = hits[np.argsort(t[hits], kind="stable")]
    return t[hits], hits, np.stack([1 - u[hits] - v[hits], u[hits], v[hits]], axis=1)


def winding_numbers(points_m: np.ndarray, vertices_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Generalised winding number of each point (Jacobson 2013): about 1 inside, about 0 outside, shape (N,)."""
    total = np.empty(len(points_m))
    for i, point in enumerate(points_m):
        a, b, c = (vertices_m[triangles[:, k]] - point for k in range(3))
        la, lb, lc = (np.linalg.norm(x, axis=1) for x in (a, b, c))
        numerator = np.einsum("ij,ij->i", a, np.cross(b, c))
        ab, bc, ca = (np.einsum("ij,ij->i", x, y) for x, y in ((a, b), (b, c), (c, a)))
        denominator = la * lb * lc + ab * lc + bc * la + ca * lb
        total[i] = np.arctan2(numerator, denominator).sum() / (2 * np.pi)
    return total
