"""Simple solids: boxes with bevels, cylinders and lathe shapes, balls, capsules, planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.world.meshes import Material, Surface, axis_matrix, grid_surface, moved, transform

_DEFAULT = Material()


def plane(
    size_m: Sequence[float], material: Material = _DEFAULT, uv_per_m: float = 1.0, cells: int = 1
) -> Surface:
    """A rectangle in x and y about the origin that faces +z.

    Args:
        size_m: Extent in x and y, metres.
        material: The material.
        uv_per_m: Texture repeats a metre.
        cells: Cells along each side.
    """
    x = np.linspace(-size_m[0] / 2, size_m[0] / 2, cells + 1)
    y = np.linspace(-size_m[1] / 2, size_m[1] / 2, cells + 1)
    grid_x, grid_y = np.meshgrid(x, y)
    points = np.stack([grid_x, grid_y, np.zeros_like(grid_x)], axis=-1)
    return grid_surface(points, points[..., :2] * uv_per_m, material)


def box(
    size_m: Sequence[float],
    material: Material = _DEFAULT,
    center_m: Sequence[float] = (0.0, 0.0, 0.0),
    bevel_m: float = 0.006,
    uv_per_m: float = 1.0,
    bevel_steps: int = 1,
) -> Surface:
    """A box whose edges are rounded, because real edges catch the light.

    Args:
        size_m: Extent in x, y and z, metres.
        material: The material.
        center_m: Centre, metres.
        bevel_m: Radius of the rounding; at most half of the smallest extent.
        uv_per_m: Texture repeats a metre; each side is mapped from its own direction.
        bevel_steps: Cells across half of a rounded edge: more for cushions.
    """
    half = np.asarray(size_m, float) / 2
    radius = min(bevel_m, 0.999 * half.min())
    inner = half - radius
    steps = bevel_steps if radius > 0 else 0
    angles = np.tan(np.linspace(-np.pi / 4, np.pi / 4, 2 * steps + 1)) if steps else np.zeros(1)
    direction_1d = np.concatenate([angles[: steps + 1], angles[steps:]])
    side_1d = np.repeat([-1.0, 1.0], steps + 1)
    pieces = [
        _box_side(axis, sign, inner, radius, direction_1d, side_1d) for axis in range(3) for sign in (-1, 1)
    ]
    counts = np.cumsum([0] + [len(piece[0]) for piece in pieces[:-1]])
    points, normals, uv = (np.concatenate([piece[i] for piece in pieces]) for i in range(3))
    faces = np.concatenate([piece[3] + start for piece, start in zip(pieces, counts, strict=True)])
    center = np.asarray(center_m, float)
    return Surface(
        (points + center).astype(np.float32),
        normals.astype(np.float32),
        ((uv + center.sum() * 0.37) * uv_per_m).astype(np.float32),
        faces.astype(np.int32),
        material,
    )


def _box_side(
    axis: int, sign: int, inner: np.ndarray, radius: float, direction_1d: np.ndarray, side_1d: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One side of a rounded box: a grid of directions, each pushed out from the inner box's near corner."""
    u_axis, v_axis = (axis + 1) % 3, (axis + 2) % 3
    u_dir, v_dir = np.meshgrid(direction_1d, direction_1d)
    u_side, v_side = np.meshgrid(side_1d, side_1d)
    directions = np.zeros((*u_dir.shape, 3))
    directions[..., axis], directions[..., u_axis], directions[..., v_axis] = sign, u_dir, v_dir
    normals = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    corner = np.zeros_like(directions)
    corner[..., axis], corner[..., u_axis], corner[..., v_axis] = sign, u_side, v_side
    points = corner * inner + normals * radius
    uv_axes = {0: (1, 2), 1: (0, 2), 2: (0, 1)}[axis]
    surface = grid_surface(points, points[..., list(uv_axes)], _DEFAULT)
    faces = surface.faces if sign > 0 else surface.faces[:, ::-1]
    return points.reshape(-1, 3), normals.reshape(-1, 3), points[..., list(uv_axes)].reshape(-1, 2), faces


def lathe(
    profile_m: Sequence[Sequence[float]] | np.ndarray,
    material: Material = _DEFAULT,
    segments: int = 20,
    uv_per_m: float = 1.0,
) -> Surface:
    """Turn a profile about z.

    Args:
        profile_m: Points (radius, z) from bottom to top, metres; a point given twice makes a sharp edge.
        material: The material.
        segments: Sides.
        uv_per_m: Texture repeats a metre.
    """
    profile = np.asarray(profile_m, float)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    radius, z = profile[:, 0:1], profile[:, 1:2]
    points = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), np.broadcast_to(z, (len(profile), len(angle)))],
        axis=-1,
    )
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
    around = max(1.0, np.round(2 * np.pi * profile[:, 0].max() * uv_per_m))
    uv = np.stack(np.meshgrid(angle / (2 * np.pi) * around, length * uv_per_m), axis=-1)
    surface = grid_surface(points, uv, material)
    normals = surface.normals.reshape(len(profile), segments + 1, 3)
    normals[:, 0] = normals[:, 0] + normals[:, -1]
    normals[:, 0] /= np.maximum(np.linalg.norm(normals[:, 0], axis=-1, keepdims=True), 1e-12)
    normals[:, -1] = normals[:, 0]
    return surface


def cylinder(
    radius_m: float,
    height_m: float,
    material: Material = _DEFAULT,
    base_m: Sequence[float] = (0.0, 0.0, 0.0),
    segments: int = 16,
    top_radius_m: float | None = None,
    uv_per_m: float = 1.0,
) -> Surface:
    """A closed cylinder or cone that stands on ``base_m``."""
    top = radius_m if top_radius_m is None else top_radius_m
    profile = [(0, 0), (radius_m, 0), (radius_m, 0), (top, height_m), (top, height_m), (0, height_m)]
    return moved(lathe(profile, material, segments, uv_per_m), base_m)


def rod(
    start_m: Sequence[float],
    end_m: Sequence[float],
    radius_m: float,
    material: Material = _DEFAULT,
    segments: int = 10,
    end_radius_m: float | None = None,
) -> Surface:
    """A closed cylinder or cone from one point to another."""
    height = float(np.linalg.norm(np.subtract(end_m, start_m)))
    shape = cylinder(radius_m, height, material, segments=segments, top_radius_m=end_radius_m)
    return transform(shape, axis_matrix(start_m, end_m))


def ball(
    radius_m: float,
    material: Material = _DEFAULT,
    center_m: Sequence[float] = (0.0, 0.0, 0.0),
    segments: int = 24,
) -> Surface:
    """A ball; its vertices lie on the sphere."""
    latitude = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    surface = lathe(np.stack([np.cos(latitude), np.sin(latitude)], 1), material, segments)
    positions = surface.positions_m * np.float32(radius_m)
    normals = surface.positions_m / np.linalg.norm(surface.positions_m, axis=1, keepdims=True)
    return Surface(positions + np.asarray(center_m, np.float32), normals, surface.uv, surface.faces, material)


def capsule(
    start_m: Sequence[float],
    end_m: Sequence[float],
    radius_m: float,
    material: Material = _DEFAULT,
    segments: int = 16,
) -> Surface:
    """A capsule between two points: the stand-in for a limb."""
    height = float(np.linalg.norm(np.subtract(end_m, start_m)))
    quarter = np.linspace(0, np.pi / 2, 6)
    low = np.stack([np.sin(quarter), -np.cos(quarter)], 1) * radius_m
    high = np.stack([np.cos(quarter), np.sin(quarter)], 1) * radius_m + [0, height]
    return transform(lathe(np.concatenate([low, high]), material, segments), axis_matrix(start_m, end_m))
