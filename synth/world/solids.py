"""Simple solids: boxes with bevels, cylinders and lathe shapes, balls, capsules, planes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from synth.world.meshes import Material, Surface, axis_matrix, grid_surface, transform

_DEFAULT = Material()
Point = Sequence[float] | np.ndarray


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
        material: The material. Each side is mapped with u along its longer edge, where wood has its grain.
        center_m: Centre, metres.
        bevel_m: Radius of the rounding; at most half of the smallest extent; 0 leaves sharp edges.
        uv_per_m: Texture repeats a metre.
        bevel_steps: Cells across half of a rounded edge: more for cushions.
    """
    half = np.asarray(size_m, float) / 2
    radius = max(min(bevel_m, 0.999 * float(half.min())), 0.0)
    signs, normals, axis_of, faces = _box_template(bevel_steps if radius > 0 else 0)
    points = signs * (half - radius) + normals * radius
    longer = np.argsort(-half, kind="stable")
    uv_axes = np.array([[a for a in longer if a != axis] for axis in range(3)])[axis_of]
    uv = np.take_along_axis(points, uv_axes, axis=1)
    center = np.asarray(center_m, float)
    return Surface(
        (points + center).astype(np.float32),
        normals,
        # Boxes at different places show different pieces of their texture.
        ((uv + center @ (0.37, 0.61, 0.83)) * uv_per_m).astype(np.float32),
        faces,
        material,
    )


@cache
def _box_template(steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Corner signs (V, 3), unit normals (V, 3) float32, the side's axis (V,) and faces (F, 3) of a rounded box.

    A vertex lies at ``sign * inner half size + normal * radius``.
    """
    if steps <= 1:
        return _chamfer_template(bevelled=steps == 1)
    angles = np.tan(np.linspace(-np.pi / 4, np.pi / 4, 2 * steps + 1))
    direction_1d = np.concatenate([angles[: steps + 1], angles[steps:]])
    side_1d = np.repeat([-1.0, 1.0], steps + 1)
    count = len(direction_1d)
    index = np.arange(count * count).reshape(count, count)
    corners = (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    quads = np.stack(corners, axis=-1).reshape(-1, 4)
    grid_faces = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    signs, normals, axes, faces = [], [], [], []
    for side, (axis, sign) in enumerate((axis, sign) for axis in range(3) for sign in (-1, 1)):
        corner, direction = np.zeros((count, count, 3)), np.zeros((count, count, 3))
        u_axis, v_axis = (axis + 1) % 3, (axis + 2) % 3
        direction[..., axis], corner[..., axis] = sign, sign
        direction[..., u_axis], direction[..., v_axis] = direction_1d[None, :], direction_1d[:, None]
        corner[..., u_axis], corner[..., v_axis] = side_1d[None, :], side_1d[:, None]
        signs.append(corner.reshape(-1, 3))
        normals.append((direction / np.linalg.norm(direction, axis=-1, keepdims=True)).reshape(-1, 3))
        axes.append(np.full(count * count, axis))
        faces.append((grid_faces if sign > 0 else grid_faces[:, ::-1]) + side * count * count)
    return (
        np.concatenate(signs),
        np.concatenate(normals).astype(np.float32),
        np.concatenate(axes),
        np.concatenate(faces).astype(np.int32),
    )


def _chamfer_template(bevelled: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Three vertices a corner, one for each side, with that side's normal: chamfers shade as if they were round."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    signs = np.repeat(corners, 3, axis=0)
    axis = np.tile(np.arange(3), 8)
    normals = np.zeros((24, 3), np.float32)
    normals[np.arange(24), axis] = signs[np.arange(24), axis]
    index = {(*corner, a): 3 * i + a for i, corner in enumerate(map(tuple, corners)) for a in range(3)}
    polygons = []
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        for sign in (-1.0, 1.0):
            ring = []
            for sb, sc in ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)):
                key = [0.0, 0.0, 0.0]
                key[a], key[b], key[c] = sign, sb, sc
                ring.append(index[(*key, a)])
            polygons.append(ring)
            for other in (-1.0, 1.0) if bevelled else ():  # the edge along c between sides a and b
                ends = []
                for sc in (-1.0, 1.0):
                    key = [0.0, 0.0, 0.0]
                    key[a], key[b], key[c] = sign, other, sc
                    ends.append((index[(*key, a)], index[(*key, b)]))
                polygons.append([ends[0][0], ends[0][1], ends[1][1], ends[1][0]])
    if bevelled:
        polygons += [[3 * i, 3 * i + 1, 3 * i + 2] for i in range(8)]
    points = 2 * signs + normals
    faces = []
    for ring in polygons:
        first = points[ring[:3]]
        outward = np.cross(first[1] - first[0], first[2] - first[0]) @ points[ring].mean(axis=0)
        ring = ring if outward > 0 else ring[::-1]
        faces += [[ring[0], ring[k], ring[k + 1]] for k in range(1, len(ring) - 1)]
    return signs, normals, axis, np.array(faces, np.int32)


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
    """A closed cylinder or cone that stands on ``base_m``; its texture's u runs along it, as a rod's grain does."""
    top = radius_m if top_radius_m is None else top_radius_m
    ring, upper, is_side, normals, faces = _cylinder_template(segments)
    radius = np.where(upper, top, radius_m)[:, None]
    points = np.concatenate([ring * radius, upper[:, None] * height_m], axis=1)
    lean = (radius_m - top) / max(height_m, 1e-9)
    if lean:
        normals = normals.copy()
        normals[is_side, 2] = lean
        normals[is_side] /= np.sqrt(1 + lean * lean)
    angle = np.tile(np.linspace(0, 1, segments + 1), 2)
    around = max(1.0, float(np.round(2 * np.pi * max(radius_m, top) * uv_per_m)))
    uv = np.concatenate(
        [
            np.stack([points[is_side, 2] * uv_per_m, angle * around], axis=1),
            points[~is_side, :2] * uv_per_m,
        ]
    )
    base = np.asarray(base_m, float)
    return Surface(
        (points + base).astype(np.float32),
        normals.astype(np.float32),
        (uv + base @ (0.37, 0.61, 0.83) * uv_per_m).astype(np.float32),
        faces,
        material,
    )


@cache
def _cylinder_template(segments: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Unit ring (V, 2), whether on top (V,), whether of the side (V,), normals (V, 3) and faces of a cylinder.

    The side's vertices come first: its lower ring, its upper ring, with the seam twice; then the two caps.
    """
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    seam = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ring = seam[:-1]
    points = np.concatenate([seam, seam, ring, ring])
    count = [segments + 1, segments + 1, segments, segments]
    upper = np.repeat([False, True, False, True], count)
    is_side = np.repeat([True, True, False, False], count)
    normals = np.zeros((len(points), 3))
    normals[is_side, :2] = points[is_side]
    normals[~is_side, 2] = np.where(upper[~is_side], 1.0, -1.0)
    k = np.arange(segments)
    low, high = k, k + segments + 1
    sides = np.concatenate([np.stack([low, low + 1, high + 1], 1), np.stack([low, high + 1, high], 1)])
    fan = np.stack([0 * k[1:-1], k[1:-1], k[1:-1] + 1], axis=1)
    first = 2 * (segments + 1)
    faces = np.concatenate([sides, fan[:, ::-1] + first, fan + first + segments]).astype(np.int32)
    return points, upper, is_side, normals, faces


def rod(
    start_m: Point,
    end_m: Point,
    radius_m: float,
    material: Material = _DEFAULT,
    segments: int = 10,
    end_radius_m: float | None = None,
) -> Surface:
    """A closed cylinder or cone from one point to another."""
    height = float(np.linalg.norm(np.subtract(end_m, start_m)))
    shape = cylinder(radius_m, height, material, segments=segments, top_radius_m=end_radius_m)
    matrix = axis_matrix(np.asarray(start_m).tolist(), np.asarray(end_m).tolist())
    turn = matrix[:3, :3].T.astype(np.float32)
    positions = shape.positions_m @ turn + matrix[:3, 3].astype(np.float32)
    return replace(shape, positions_m=positions, normals=shape.normals @ turn)


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


def tube(
    path_m: Sequence[Sequence[float]] | np.ndarray,
    radius_m: float,
    material: Material = _DEFAULT,
    segments: int = 8,
    uv_per_m: float = 1.0,
) -> Surface:
    """A pipe along a path: bent steel, handlebars, cables; its ends are open.

    Args:
        path_m: Points, shape (N, 3), metres.
        radius_m: Radius of the pipe.
        material: The material.
        segments: Sides.
        uv_per_m: Texture repeats a metre.
    """
    path = np.asarray(path_m, float)
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    # One helper for all points keeps the pipe from twisting; it must not lie along any part of the path.
    helper = np.eye(3)[np.argmin(np.abs(along).max(axis=0))]
    side = np.cross(along, helper)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    other = np.cross(along, side)
    angle = np.linspace(0, 2 * np.pi, segments + 1)[None, :, None]
    normals = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    points = path[:, None] + radius_m * normals
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    uv = np.stack(np.broadcast_arrays(length[:, None] * uv_per_m, angle[..., 0] / (2 * np.pi)), axis=-1)
    surface = grid_surface(points, uv, material)
    flat = normals.reshape(-1, 3)
    faces = surface.faces
    first = surface.positions_m[faces[0]]
    if np.cross(first[1] - first[0], first[2] - first[0]) @ flat[faces[0][0]] < 0:
        faces = faces[:, ::-1]
    return replace(surface, normals=flat.astype(np.float32), faces=faces)


def flat_sheet(points_m: np.ndarray, uv: np.ndarray, material: Material = _DEFAULT) -> Surface:
    """As ``grid_surface`` with flat cells; cells that are triangles, two corners being one, have whole normals too."""
    surface = grid_surface(points_m, uv, material, smooth=False)
    cells = surface.normals.reshape(-1, 4, 3).sum(axis=1, keepdims=True)
    cells = cells / np.maximum(np.linalg.norm(cells, axis=-1, keepdims=True), 1e-12)
    normals = np.broadcast_to(cells, (len(cells), 4, 3)).reshape(-1, 3)
    return replace(surface, normals=normals.astype(np.float32))


def arc(start_m: Point, corner_m: Point, end_m: Point, steps: int = 5) -> np.ndarray:
    """A rounded corner of a path: from ``start_m`` towards ``corner_m`` to ``end_m``, shape (steps + 1, 3)."""
    t = np.linspace(0, 1, steps + 1)[:, None]
    start, corner, end = (np.asarray(point, float) for point in (start_m, corner_m, end_m))
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * end


def bent_path(points_m: Sequence[Sequence[float]], radius_m: float, steps: int = 4) -> np.ndarray:
    """A path through points with its corners rounded, for ``tube``, shape (N, 3)."""
    points = [np.asarray(point, float) for point in points_m]
    pieces = [points[0][None]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        into, out = before - here, after - here
        short = min(radius_m, 0.49 * np.linalg.norm(into), 0.49 * np.linalg.norm(out))
        pieces.append(
            arc(
                here + short * into / np.linalg.norm(into),
                here,
                here + short * out / np.linalg.norm(out),
                steps,
            )
        )
    return np.concatenate([*pieces, points[-1][None]])


def extrusion(
    outline_m: Sequence[Sequence[float]] | np.ndarray,
    length_m: float,
    material: Material = _DEFAULT,
    uv_per_m: float = 1.0,
) -> Surface:
    """A prism along y about the origin; flat sides, convex outline.

    Args:
        outline_m: Points (x, z), counter-clockwise seen from -y, metres.
        length_m: Extent in y.
        material: The material.
        uv_per_m: Texture repeats a metre.
    """
    outline = np.asarray(outline_m, float)
    ring = np.concatenate([outline, outline[:1]])
    ends = np.array([-length_m / 2, length_m / 2])
    points = np.zeros((len(ring), 2, 3))
    points[..., 0], points[..., 2], points[..., 1] = ring[:, :1], ring[:, 1:], ends
    around = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    uv = np.stack(np.broadcast_arrays(ends[None, :], around[:, None]), axis=-1) * uv_per_m
    sides = grid_surface(points, uv, material, smooth=False)
    caps_points, caps_normals, caps_uv, caps_faces = [], [], [], []
    fan = np.array([[0, k, k + 1] for k in range(1, len(outline) - 1)])
    for y, sign in ((ends[0], -1.0), (ends[1], 1.0)):
        caps_points.append(np.insert(outline, 1, y, axis=1))
        caps_normals.append(np.tile([0.0, sign, 0.0], (len(outline), 1)))
        caps_uv.append(outline * uv_per_m)
        start = len(sides.positions_m) + (0 if sign < 0 else len(outline))
        caps_faces.append((fan if sign < 0 else fan[:, ::-1]) + start)
    return Surface(
        np.concatenate([sides.positions_m, *caps_points]).astype(np.float32),
        np.concatenate([sides.normals, *caps_normals]).astype(np.float32),
        np.concatenate([sides.uv, *caps_uv]).astype(np.float32),
        np.concatenate([sides.faces, *caps_faces]).astype(np.int32),
        material,
    )


def repeated(surface: Surface, offsets_m: np.ndarray) -> Surface:
    """Copies of a surface, each shifted by an offset, shape (N, 3), metres."""
    offsets = np.asarray(offsets_m, np.float32)
    count, size = len(offsets), len(surface.positions_m)
    starts = (np.arange(count, dtype=np.int32) * size)[:, None, None]
    return Surface(
        (surface.positions_m[None] + offsets[:, None]).reshape(-1, 3),
        np.tile(surface.normals, (count, 1)),
        np.tile(surface.uv, (count, 1)),
        (surface.faces[None] + starts).reshape(-1, 3),
        surface.material,
    )
