"""Forward kinematics of a model as flat arrays, and their numba kernels: where bodies and points are, and how they
move with each independent coordinate.

Couplers are resolved: each axis of each joint is ``slope * x[index] + intercept`` of an independent coordinate. The
result equals OpenSim's own kinematics of the same file to rounding (tested).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from opensim_models.anatomy.coordinates import PELVIS_COORDINATES, REGIONAL_COORDINATES
from opensim_models.spec import ModelSpec
from spinepose.errors import InputError


@dataclass(frozen=True)
class Kinematics:
    """A compiled model; B bodies, Q independent coordinates, K markers, S stations.

    Attributes:
        body_names: Bodies, parents first.
        parents: Index of each body's parent, -1 for ground, shape (B,).
        parent_rotations: Joint frame in the parent, (B, 3, 3).
        parent_offsets_m: Its origin, (B, 3).
        child_rotations: From the joint frame to the child, (B, 3, 3): the inverse of the frame in the child.
        axes: Three rotation then three translation axes of each body's joint, (B, 6, 3).
        axis_coordinates: Index of the independent coordinate of each axis, -1 where constant, (B, 6).
        axis_slopes: (B, 6).
        axis_intercepts: (B, 6).
        coordinate_names: Independent coordinates: the pelvis' six, the spine's nine, then the limbs'.
        lower: Their limits, (Q,); radians or metres.
        upper: (Q,).
        all_names: Every coordinate of the model, dependent ones too, in the model's order.
        all_matrix: ``all values = all_matrix @ x + all_offset``, (A, Q).
        all_offset: (A,).
        marker_names: K names.
        marker_bodies: (K,).
        marker_offsets_m: (K, 3).
        station_names: S names.
        station_bodies: (S,).
        station_offsets_m: (S, 3).
    """

    body_names: tuple[str, ...]
    parents: np.ndarray
    parent_rotations: np.ndarray
    parent_offsets_m: np.ndarray
    child_rotations: np.ndarray
    axes: np.ndarray
    axis_coordinates: np.ndarray
    axis_slopes: np.ndarray
    axis_intercepts: np.ndarray
    coordinate_names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    all_names: tuple[str, ...]
    all_matrix: np.ndarray
    all_offset: np.ndarray
    marker_names: tuple[str, ...]
    marker_bodies: np.ndarray
    marker_offsets_m: np.ndarray
    station_names: tuple[str, ...]
    station_bodies: np.ndarray
    station_offsets_m: np.ndarray

    def chain(self) -> tuple[np.ndarray, ...]:
        """The arrays that the kernels take, in their order."""
        return (
            self.parents, self.parent_rotations, self.parent_offsets_m, self.child_rotations,
            self.axes, self.axis_coordinates, self.axis_slopes, self.axis_intercepts,
        )  # fmt: skip

    def index(self, coordinate: str) -> int:
        """Position of an independent coordinate."""
        return self.coordinate_names.index(coordinate)

    def bodies(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rotations (B, 3, 3) and origins (B, 3) of all bodies in ground for coordinates x (Q,)."""
        return forward(np.ascontiguousarray(x, dtype=float), *self.chain())[:2]

    def markers(self, x: np.ndarray) -> np.ndarray:
        """Markers in ground, shape (K, 3), metres."""
        rotations, origins = self.bodies(x)
        return _carry(rotations, origins, self.marker_bodies, self.marker_offsets_m)

    def stations(self, x: np.ndarray) -> np.ndarray:
        """Stations in ground, shape (S, 3), metres."""
        rotations, origins = self.bodies(x)
        return _carry(rotations, origins, self.station_bodies, self.station_offsets_m)

    def jacobian(self, x: np.ndarray, bodies: np.ndarray, offsets_m: np.ndarray) -> np.ndarray:
        """Derivative of points by the independent coordinates, shape (N, 3, Q)."""
        state = forward(np.ascontiguousarray(x, dtype=float), *self.chain())
        return points_jacobian(  # type: ignore[call-arg]
            *state, self.parents, self.axis_coordinates, self.axis_slopes, bodies, offsets_m, len(x)
        )[1]

    def all_coordinates(self, x: np.ndarray) -> np.ndarray:
        """Values of every coordinate of the model, shape (..., A), from the independent ones (..., Q)."""
        return x @ self.all_matrix.T + self.all_offset


def compile_model(spec: ModelSpec) -> Kinematics:
    """Turn a model's description into arrays.

    Raises:
        InputError: A body without a joint, a parent after its child, or a coupler that hangs on nothing.
    """
    names = tuple(joint.child for joint in spec.joints)
    independent, rows = _resolve_couplers(spec)
    count = len(names)
    parents = np.empty(count, dtype=np.int64)
    axes = np.zeros((count, 6, 3))
    coordinates = np.full((count, 6), -1, dtype=np.int64)
    slopes, intercepts = np.zeros((count, 6)), np.zeros((count, 6))
    for index, joint in enumerate(spec.joints):
        parents[index] = -1 if joint.parent == "ground" else _find(joint.parent, names[:index], "parent body")
        for slot, axis in [*enumerate(joint.rotations), *enumerate(joint.translations, start=3)]:
            axes[index, slot] = axis.axis / np.linalg.norm(axis.axis)
            intercepts[index, slot] = axis.intercept
            if axis.coordinate is not None:
                column, slope, offset = rows[axis.coordinate]
                coordinates[index, slot] = column
                slopes[index, slot] = axis.slope * slope
                intercepts[index, slot] += axis.slope * offset
    by_name = {c.name: c for c in spec.coordinates}
    matrix, constant = np.zeros((len(spec.coordinates), len(independent))), np.zeros(len(spec.coordinates))
    for row, coordinate in enumerate(spec.coordinates):
        column, slope, offset = rows[coordinate.name]
        matrix[row, column], constant[row] = slope, offset
    return Kinematics(
        names,
        parents,
        np.stack([j.parent_rotation for j in spec.joints]),
        np.stack([j.parent_offset_m for j in spec.joints]),
        np.stack([j.child_rotation.T for j in spec.joints]),
        axes,
        coordinates,
        slopes,
        intercepts,
        independent,
        np.array([by_name[n].lower for n in independent]),
        np.array([by_name[n].upper for n in independent]),
        tuple(by_name),
        matrix,
        constant,
        *_points(spec.markers, names),
        *_points(spec.stations, names),
    )


def _resolve_couplers(spec: ModelSpec) -> tuple[tuple[str, ...], dict[str, tuple[int, float, float]]]:
    """Independent names, and for each coordinate its (independent index, slope, offset)."""
    dependent = {c.dependent: c for c in spec.couplers}
    free = [c.name for c in spec.coordinates if c.name not in dependent]
    # A file lists a joint's turns before its shifts, whatever order they were given in: callers rely on this one.
    first = (*PELVIS_COORDINATES, *REGIONAL_COORDINATES)
    independent = (*(n for n in first if n in free), *(n for n in free if n not in first))
    rows = {name: (index, 1.0, 0.0) for index, name in enumerate(independent)}
    for name, coupler in dependent.items():
        if coupler.independent not in independent:
            raise InputError(
                f"coupler of {name!r} hangs on {coupler.independent!r}, which is no free coordinate"
            )
        rows[name] = (rows[coupler.independent][0], coupler.slope, coupler.intercept)
    return independent, rows


def _find(name: str, names: tuple[str, ...], what: str) -> int:
    if name not in names:
        raise InputError(f"{what} {name!r} is not a body that comes before; check the order of the joints")
    return names.index(name)


def _points(points: tuple, names: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    bodies = np.array([_find(p.body, names, f"body of {p.name}") for p in points], dtype=np.int64)
    offsets = np.array([p.offset_m for p in points], dtype=float).reshape(-1, 3)
    return tuple(p.name for p in points), bodies, offsets


def _carry(rotations: np.ndarray, origins: np.ndarray, bodies: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return np.einsum("kij,kj->ki", rotations[bodies], offsets) + origins[bodies]


# The kernels are written out in scalars: array expressions inside numba cost seconds of compile time each.
@numba.njit(cache=True)
def _turn_about(frame, axis, angle):
    """``frame @ Rodrigues(axis, angle)`` in place, for a unit axis."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = axis[0], axis[1], axis[2]
    v = 1.0 - c
    r00, r01, r02 = c + v * x * x, v * x * y - s * z, v * x * z + s * y
    r10, r11, r12 = v * x * y + s * z, c + v * y * y, v * y * z - s * x
    r20, r21, r22 = v * x * z - s * y, v * y * z + s * x, c + v * z * z
    for i in range(3):
        a, b, d = frame[i, 0], frame[i, 1], frame[i, 2]
        frame[i, 0] = a * r00 + b * r10 + d * r20
        frame[i, 1] = a * r01 + b * r11 + d * r21
        frame[i, 2] = a * r02 + b * r12 + d * r22


@numba.njit(cache=True)
def _multiply(a, b, out):
    for i in range(3):
        for j in range(3):
            out[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]


@numba.njit(cache=True)
def forward(x, parents, p_rot, p_off, c_rot, axes, coords, slopes, intercepts):
    """Place all bodies.

    Returns:
        Rotations (B, 3, 3) and origins (B, 3) in ground; axes in ground (B, 6, 3) for the derivatives.
    """
    count = parents.shape[0]
    rot, org, world = np.empty((count, 3, 3)), np.empty((count, 3)), np.empty((count, 6, 3))
    frame = np.empty((3, 3))
    for b in range(count):
        up = parents[b]
        for i in range(3):
            org[b, i] = p_off[b, i]
            for j in range(3):
                frame[i, j] = p_rot[b, i, j]
        if up >= 0:
            _multiply(rot[up], p_rot[b], frame)
            for i in range(3):
                org[b, i] = org[up, i]
                for j in range(3):
                    org[b, i] += rot[up, i, j] * p_off[b, j]
        for step in range(6):
            k = (step + 3) % 6  # translations first: they run along axes that do not turn
            for i in range(3):
                world[b, k, i] = (
                    frame[i, 0] * axes[b, k, 0] + frame[i, 1] * axes[b, k, 1] + frame[i, 2] * axes[b, k, 2]
                )
            value = intercepts[b, k]
            if coords[b, k] >= 0:
                value += slopes[b, k] * x[coords[b, k]]
            if value == 0.0:
                continue
            if k >= 3:
                for i in range(3):
                    org[b, i] += value * world[b, k, i]
            else:
                _turn_about(frame, axes[b, k], value)
        _multiply(frame, c_rot[b], rot[b])
    return rot, org, world


@numba.njit(cache=True)
def points_jacobian(rot, org, world, parents, coords, slopes, bodies, offsets, size):
    """Positions (N, 3) of points fixed to bodies and their derivatives (N, 3, Q) by the coordinates."""
    count = bodies.shape[0]
    points, jac = np.empty((count, 3)), np.zeros((count, 3, size))
    for n in range(count):
        b = bodies[n]
        for i in range(3):
            points[n, i] = org[b, i]
            for j in range(3):
                points[n, i] += rot[b, i, j] * offsets[n, j]
        while b >= 0:
            rx, ry, rz = points[n, 0] - org[b, 0], points[n, 1] - org[b, 1], points[n, 2] - org[b, 2]
            for k in range(6):
                c = coords[b, k]
                if c < 0:
                    continue
                s, wx, wy, wz = slopes[b, k], world[b, k, 0], world[b, k, 1], world[b, k, 2]
                if k < 3:
                    wx, wy, wz = wy * rz - wz * ry, wz * rx - wx * rz, wx * ry - wy * rx
                jac[n, 0, c] += s * wx
                jac[n, 1, c] += s * wy
                jac[n, 2, c] += s * wz
            b = parents[b]
    return points, jac
