"""Whether points lie inside a triangle mesh, by the generalised winding number.

The winding number sums the solid angles that the triangles subtend at a point, over 4 pi: 1 inside a closed mesh, 0
outside, and still near those where the mesh has small holes (Jacobson, Kavan, Sorkine-Hornung, 2013; the solid angle
of a triangle by Van Oosterom and Strackee, 1983).
"""

from __future__ import annotations

import math

import numba
import numpy as np


@numba.njit(cache=True)
def _solid_angles(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    total = np.zeros(len(points))
    for i in range(len(points)):
        px, py, pz = points[i]
        for f in range(len(faces)):
            a, b, c = faces[f]
            ax, ay, az = vertices[a, 0] - px, vertices[a, 1] - py, vertices[a, 2] - pz
            bx, by, bz = vertices[b, 0] - px, vertices[b, 1] - py, vertices[b, 2] - pz
            cx, cy, cz = vertices[c, 0] - px, vertices[c, 1] - py, vertices[c, 2] - pz
            la = math.sqrt(ax * ax + ay * ay + az * az)
            lb = math.sqrt(bx * bx + by * by + bz * bz)
            lc = math.sqrt(cx * cx + cy * cy + cz * cz)
            triple = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
            dots = (ax * bx + ay * by + az * bz) * lc
            dots += (bx * cx + by * cy + bz * cz) * la + (cx * ax + cy * ay + cz * az) * lb
            total[i] += 2.0 * math.atan2(triple, la * lb * lc + dots)
    return total


def winding_number(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Generalised winding number of points with respect to a mesh.

    Args:
        points: Shape (N, 3), any unit.
        vertices: Shape (V, 3), the same unit and frame.
        faces: Triangles, counter-clockwise from outside, shape (F, 3).

    Returns:
        Shape (N,): about 1 inside, about 0 outside.
    """
    arrays = (np.ascontiguousarray(points, float), np.ascontiguousarray(vertices, float))
    return _solid_angles(*arrays, np.ascontiguousarray(faces, np.int64)) / (4 * np.pi)
