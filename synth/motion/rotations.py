"""Rotation matrices in the character's axes (x forward, y left, z up), vectorised over frames."""

from __future__ import annotations

import numpy as np

# Reflection in the sagittal plane.
_MIRROR = np.array([1.0, -1.0, 1.0])


def turn(axis: str, angle_rad: np.ndarray | float) -> np.ndarray:
    """Right-handed rotation about one axis.

    In the character's axes a positive turn about x leans to the right, about y leans (and points arms and legs)
    forward at the top and backward at the bottom, about z turns to the left.

    Args:
        axis: ``x``, ``y`` or ``z``.
        angle_rad: Angles, shape (...).

    Returns:
        Matrices, shape (..., 3, 3).
    """
    angle = np.asarray(angle_rad, dtype=float)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[...] = np.eye(3)
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., first, second] = -np.sin(angle)
    matrix[..., second, first] = np.sin(angle)
    return matrix


def turn_deg(axis: str, angle_deg: np.ndarray | float) -> np.ndarray:
    """:func:`turn` for degrees, in which procedural motions are written."""
    return turn(axis, np.radians(angle_deg))


def mirrored(rotation: np.ndarray) -> np.ndarray:
    """The rotation that the other side of the body makes: reflected in the sagittal plane, shape (..., 3, 3)."""
    return np.asarray(rotation) * _MIRROR[:, None] * _MIRROR[None, :]


def transpose(rotation: np.ndarray) -> np.ndarray:
    """The inverse of rotations, shape (..., 3, 3)."""
    return np.swapaxes(rotation, -1, -2)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length 1, shape (..., 3); a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(np.asarray(vectors, float)), where=length > 1e-12)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product, shape (..., 3); NumPy's own takes six times as long for a few vectors, for its generality."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0], out[..., 1], out[..., 2] = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return out


def frame_from(primary: np.ndarray, secondary: np.ndarray, axes: str) -> np.ndarray:
    """The rotation whose one axis is given and whose second axis is as near to a hint as it can be.

    Args:
        primary: Where the first axis points, shape (..., 3).
        secondary: Where the second axis should point, shape (..., 3); only its part across ``primary`` counts.
        axes: The two axes' letters, e.g. ``zx``.

    Returns:
        Shape (..., 3, 3), columns x, y, z.
    """
    first = unit(primary)
    second = unit(secondary - first * np.sum(first * secondary, axis=-1, keepdims=True))
    i, j = "xyz".index(axes[0]), "xyz".index(axes[1])
    k = 3 - i - j
    third = cross(first, second) * (1.0 if (j - i) % 3 == 1 else -1.0)
    columns: list[np.ndarray] = [first] * 3
    columns[j], columns[k] = second, third
    return np.stack(columns, axis=-1)


def club_shaft(thumb: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """Where a golf club points from a hand: it lies aslant in the fingers, nearer to where they point than the thumb.

    Args:
        thumb: Where the hand's thumb side faces, shape (..., 3), unit vectors.
        fingers: Where its fingers point, same shape.
    """
    slant = np.deg2rad(55.0)
    return np.cos(slant) * thumb + np.sin(slant) * fingers


def angle_between_rad(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle between vectors, shape (...), radians; exact for small angles too."""
    a, b = unit(a), unit(b)
    return 2.0 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))


def rotation_angle_rad(rotation: np.ndarray) -> np.ndarray:
    """How far rotations turn, shape (...), radians in [0, pi]."""
    trace = np.trace(rotation, axis1=-2, axis2=-1)
    return np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))
