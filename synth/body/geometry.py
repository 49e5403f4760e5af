"""Mesh kernels: volume, normals, linear blend skinning, rays. Arrays in, arrays out."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def volume_m3(vertices_m: np.ndarray, triangles: np.ndarray) -> float:
    """Volume that a closed mesh encloses (divergence theorem), cubic metres."""
    total = 0.0
    for f in range(len(triangles)):
        a, b, c = vertices_m[triangles[f, 0]], vertices_m[triangles[f, 1]], vertices_m[triangles[f, 2]]
        total += a[0] * (b[1] * c[2] - b[2] * c[1])
        total += a[1] * (b[2] * c[0] - b[0] * c[2])
        total += a[2] * (b[0] * c[1] - b[1] * c[0])
    return total / 6.0


@numba.njit(cache=True)
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted vertex normals, unit length, shape (V, 3) float32; up where triangles cancel or are none."""
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
        else:
            normals[v, 2] = 1.0
    return normals


@numba.njit(cache=True)
def skin(rest: np.ndarray, indices: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning.

    Args:
        rest: Rest vertices, shape (V, 3).
        indices: Bones of each vertex, shape (V, K).
        weights: Their weights, largest first, rows sum to 1, shape (V, K).
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
                break
            m = transforms[indices[v, k]]
            px += w * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3])
            py += w * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3])
            pz += w * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
        out[v, 0], out[v, 1], out[v, 2] = px, py, pz
    return out


@numba.njit(cache=True)
def lowest_skinned(
    rest: np.ndarray, indices: np.ndarray, weights: np.ndarray, transforms: np.ndarray, among: np.ndarray
) -> float:
    """Lowest z of some of the vertices that :func:`skin` would give, to the last bit, for a third of its work.

    Args:
        rest: Rest vertices, shape (V, 3).
        indices: Bones of each vertex, shape (V, K).
        weights: Their weights, largest first, shape (V, K).
        transforms: Rest to posed for each bone, shape (B, 3, 4).
        among: Which vertices, shape (N,).
    """
    lowest = np.float32(np.inf)
    for v in among:
        x, y, z = rest[v, 0], rest[v, 1], rest[v, 2]
        pz = 0.0
        for k in range(indices.shape[1]):
            w = weights[v, k]
            if w == 0:
                break
            m = transforms[indices[v, k]]
            pz += w * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
        lowest = min(lowest, np.float32(pz))
    return float(lowest)


@numba.njit(cache=True)
def _ray_hits(
    origin: np.ndarray, direction: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    distances = np.empty(len(triangles))
    faces = np.empty(len(triangles), dtype=np.int64)
    weights = np.empty((len(triangles), 3))
    count = 0
    dx, dy, dz = direction
    for f in range(len(triangles)):
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, az = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        px, py, pz = vertices[j, 0] - ax, vertices[j, 1] - ay, vertices[j, 2] - az
        qx, qy, qz = vertices[k, 0] - ax, vertices[k, 1] - ay, vertices[k, 2] - az
        hx, hy, hz = dy * qz - dz * qy, dz * qx - dx * qz, dx * qy - dy * qx
        det = px * hx + py * hy + pz * hz
        if abs(det) <= 1e-14:
            continue
        sx, sy, sz = origin[0] - ax, origin[1] - ay, origin[2] - az
        u = (sx * hx + sy * hy + sz * hz) / det
        if u < -1e-9 or u > 1 + 1e-9:
            continue
        cx, cy, cz = sy * pz - sz * py, sz * px - sx * pz, sx * py - sy * px
        v = (cx * dx + cy * dy + cz * dz) / det
        if v < -1e-9 or u + v > 1 + 1e-9:
            continue
        distances[count] = (qx * cx + qy * cy + qz * cz) / det
        faces[count] = f
        weights[count, 0], weights[count, 1], weights[count, 2] = 1 - u - v, u, v
        count += 1
    return distances[:count], faces[:count], weights[:count]


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
    start, along = np.asarray(origin, dtype=float), np.asarray(direction, dtype=float)
    distances, faces, weights = _ray_hits(start, along, vertices_m, triangles)
    order = np.argsort(distances, kind="stable")
    return distances[order], faces[order], weights[order]
