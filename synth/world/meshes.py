"""Triangle meshes with materials, and the simple solids that places are built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Protocol

import numpy as np

from spinepose.errors import InputError


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    Attributes:
        texture: sRGB picture, shape (H, W, 3) or (H, W, 4) uint8, row 0 at v = 1; None is white. Arrays are
            kept on the GPU by identity: share them.
        color: Linear RGB that multiplies the texture.
        roughness: GGX roughness, 0.04 to 1.
        specular: Reflectance at normal incidence; 0.04 for most things.
        wrap: How far light creeps round the shadow edge: 0 for hard things, 0.3 for skin and leaves.
        alpha_test: Leave out texels whose alpha is below one half.
        two_sided: Draw back faces too.
        emission: Light of its own: how bright it is against a white sheet in the place's mean light. Shows as a
            lit screen or lamp; lights nothing (add a ``Lamp`` for that).
        sheen: Fuzz that catches light at grazing angles: 0 for smooth things, to 1 for velvet.
        scatter: Share of light that goes under the surface and comes out redder beside it: 1 for skin.
        strand: How far highlights run round hanging strands instead of the normal: 1 for hair.
        macro: Above 0, the texture also shades itself at this share of its frequency, which hides its repeats.
    """

    texture: np.ndarray | None = None
    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    roughness: float = 0.7
    specular: float = 0.04
    wrap: float = 0.0
    alpha_test: bool = False
    two_sided: bool = False
    macro: float = 0.0
    emission: float = 0.0
    sheen: float = 0.0
    scatter: float = 0.0
    strand: float = 0.0


@dataclass(frozen=True)
class Surface:
    """One mesh of one material, in its object's frame, metres.

    Attributes:
        positions_m: Shape (V, 3) float32.
        normals: Unit, outward, shape (V, 3) float32.
        uv: Texture coordinates, shape (V, 2) float32; textures repeat.
        faces: Vertex indices, shape (F, 3) int32, counter-clockwise seen from outside.
        material: The material.
    """

    positions_m: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    material: Material = field(default_factory=Material)


@dataclass(frozen=True)
class ObjectMesh:
    """A thing made of surfaces."""

    surfaces: tuple[Surface, ...]


class SkinPart(Protocol):
    """What the renderer needs of one mesh of a character (``synth.body`` makes them).

    What else it may have: an ``alpha`` of shape (H, W), uint8, whose texels below one half are left out;
    ``wrap``, ``specular``, ``sheen``, ``scatter``, ``strand`` and ``two_sided`` as in ``Material``; a ``name`` from
    which those are guessed where they are missing (``character_material`` in ``raster_materials``).
    """

    @property
    def vertices(self) -> slice:
        """Its vertices among the character's."""

    @property
    def faces(self) -> np.ndarray:
        """Vertex indices, counted from the slice's start, shape (F, 3)."""

    @property
    def uv(self) -> np.ndarray:
        """Texture coordinates, shape (V_part, 2)."""

    @property
    def texture(self) -> np.ndarray:
        """sRGB, shape (H, W, 3) or (H, W, 4), uint8; row 0 is v = 1."""

    @property
    def roughness(self) -> float:
        """GGX roughness."""


def transform(surface: Surface, matrix: np.ndarray) -> Surface:
    """Move a surface by a 4x4 matrix (rotation, uniform or axis scale, translation)."""
    linear = matrix[:3, :3]
    positions = surface.positions_m @ linear.T + matrix[:3, 3]
    normals = surface.normals @ np.linalg.inv(linear)
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    faces = surface.faces if np.linalg.det(linear) > 0 else surface.faces[:, ::-1]
    return replace(
        surface, positions_m=positions.astype(np.float32), normals=normals.astype(np.float32), faces=faces
    )


def moved(surface: Surface, offset_m: Sequence[float]) -> Surface:
    """Shift a surface by an offset, metres."""
    return replace(surface, positions_m=(surface.positions_m + np.asarray(offset_m, np.float32)))


def pose_matrix(position_m: Sequence[float], yaw_rad: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """A 4x4 matrix that turns about z, scales, and moves to a position, metres."""
    cos, sin = np.cos(yaw_rad) * scale, np.sin(yaw_rad) * scale
    matrix = np.eye(4)
    matrix[:3, :3] = [[cos, -sin, 0], [sin, cos, 0], [0, 0, scale]]
    matrix[:3, 3] = position_m
    return matrix


def axis_matrix(start_m: Sequence[float], end_m: Sequence[float]) -> np.ndarray:
    """A rigid 4x4 matrix that takes the origin to ``start_m`` and +z towards ``end_m``."""
    start, end = np.asarray(start_m, float), np.asarray(end_m, float)
    z = (end - start) / np.linalg.norm(end - start)
    helper = np.array([1.0, 0, 0]) if abs(z[0]) < 0.9 else np.array([0, 1.0, 0])
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([x, np.cross(z, x), z], axis=1)
    matrix[:3, 3] = start
    return matrix


_LOOK_NUMBERS = tuple(each.name for each in fields(Material) if each.name != "texture")


def merge(surfaces: Sequence[Surface]) -> ObjectMesh:
    """Make an object; surfaces of the same material become one."""
    groups: dict[tuple, list[Surface]] = {}
    for surface in surfaces:
        look = surface.material
        key = (id(look.texture), *(getattr(look, name) for name in _LOOK_NUMBERS))
        groups.setdefault(key, []).append(surface)
    return ObjectMesh(tuple(_concatenate(group) for group in groups.values()))


def _concatenate(surfaces: list[Surface]) -> Surface:
    starts = np.cumsum([0] + [len(surface.positions_m) for surface in surfaces[:-1]])
    return Surface(
        np.concatenate([surface.positions_m for surface in surfaces]).astype(np.float32),
        np.concatenate([surface.normals for surface in surfaces]).astype(np.float32),
        np.concatenate([surface.uv for surface in surfaces]).astype(np.float32),
        np.concatenate([s.faces + start for s, start in zip(surfaces, starts, strict=True)]).astype(np.int32),
        surfaces[0].material,
    )


def grid_surface(points_m: np.ndarray, uv: np.ndarray, material: Material, smooth: bool = True) -> Surface:
    """Make a surface from a grid of points.

    Args:
        points_m: Shape (rows, columns, 3), metres. Seen from outside, columns run to the right and rows up.
        uv: Shape (rows, columns, 2).
        material: The material.
        smooth: Share normals between cells; otherwise each cell is flat.
    """
    rows, columns = points_m.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    quads = np.stack([a, b, c, d], axis=-1).reshape(-1, 4)
    points, flat_uv = points_m.reshape(-1, 3), uv.reshape(-1, 2)
    if not smooth:
        points, flat_uv = points[quads].reshape(-1, 3), flat_uv[quads].reshape(-1, 2)
        quads = np.arange(len(points)).reshape(-1, 4)
    faces = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    return Surface(
        points.astype(np.float32),
        vertex_normals(points, faces),
        flat_uv.astype(np.float32),
        faces.astype(np.int32),
        material,
    )


def vertex_normals(points_m: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals of a mesh, shape (V, 3) float32; vertices at the same place share theirs."""
    corners = points_m[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros((len(points_m), 3))
    for corner in range(3):
        np.add.at(normals, faces[:, corner], face_normals)
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def checked_matrix(matrix: np.ndarray, what: str) -> np.ndarray:
    """Return a finite, invertible 4x4 matrix as float64.

    Raises:
        InputError: It is not one.
    """
    result = np.asarray(matrix, float)
    if result.shape != (4, 4) or not np.isfinite(result).all() or abs(np.linalg.det(result[:3, :3])) < 1e-12:
        raise InputError(f"{what}: the model matrix is not a finite, invertible 4x4 matrix; give another")
    return result
