"""Mesh kernels: volume, normals, linear blend skinning, rays. Arrays in, arrays out."""

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
    normals = np.zeros((len(vertices), 3), dtype=np.float32)
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
    out = np.empty((len(rest), 3), dtype=np.float32)
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
