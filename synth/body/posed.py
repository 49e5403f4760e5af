"""A character at one moment: its points at once, its mesh when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synth.body.garment_seat import Seat, lie_on_ground
from synth.body.geometry import skin, vertex_normals
from synth.body.hair_swing import Swing, let_hang
from synth.body.rig import BONES


@dataclass(frozen=True)
class BodyMesh:
    """Everything that skinning needs. Geometry vertices carry shape, render vertices add texture coordinates."""

    rest_m: np.ndarray  # (G, 3) float32
    bone_indices: np.ndarray  # (G, K)
    bone_weights: np.ndarray  # (G, K)
    triangles: np.ndarray  # (F, 3) over geometry vertices, for normals: the whole skin and all cloth
    render_source: np.ndarray  # (V,) geometry vertex of each render vertex
    drawn: np.ndarray  # geometry vertices that are drawn, skirts aside: the lowest of them touches the ground
    swings: tuple[Swing, ...] = ()  # hair that leaves the back when the head is turned
    seats: tuple[Seat, ...] = ()  # skirts that close round bent thighs and fall from leaning ones


@dataclass(frozen=True)
class Moved:
    """How the geometry came to where it is: some of it can be had without the rest."""

    mesh: BodyMesh
    rest_m: np.ndarray  # with hands and skirts as the pose wants them
    transforms: np.ndarray  # before the body was put in its place, float32
    shift_m: np.ndarray
    ground_m: float  # height that the lowest of the body touches, there

    def vertices_m(self, among: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Posed geometry vertices, all or some, shape (N, 3), float32."""
        mesh = self.mesh
        bones, weights = mesh.bone_indices[among], mesh.bone_weights[among]
        return skin(self.rest_m[among], bones, weights, self.transforms) + self.shift_m.astype(np.float32)


@dataclass(frozen=True)
class PosedBody:
    """A character at one moment, in the character frame, metres.

    Attributes:
        markers_m: In the order of ``MARKER_NAMES``, shape (M, 3).
        keypoints_m: In the skeleton's order; the nine of the spine are NaN (they come from the fit), shape (37, 3).
        authored_landmarks_m: The hidden anatomy's nine spine points (set ``spinetrack``), order ``SPINE_CHAIN``.
        vertebrae: Frames of the sacrum and ``JOINT_LEVELS``, shape (26, 4, 4); columns forward, up, right.
        coordinates_rad: The nine authored spine coordinates.
        transforms: Rest to posed of each of ``BONES``, shape (52, 3, 4).
        mesh: What the geometry is drawn by.
        moved: How the geometry came to where it is.
    """

    markers_m: np.ndarray
    keypoints_m: np.ndarray
    authored_landmarks_m: np.ndarray
    vertebrae: np.ndarray
    coordinates_rad: np.ndarray
    transforms: np.ndarray
    mesh: BodyMesh
    moved: Moved

    # What only some poses are asked for: trials want no mesh.

    @cached_property
    def geometry_m(self) -> np.ndarray:
        """Geometry vertices, long hair on the back, shape (G, 3), float32."""
        return lie_on_ground(self.moved.vertices_m(), self.mesh.seats, self.moved.ground_m)

    @cached_property
    def _hung_m(self) -> np.ndarray:
        return let_hang(self.geometry_m, self.mesh.swings, self.transforms)

    @cached_property
    def vertices_m(self) -> np.ndarray:
        """All render vertices, shape (V, 3), float32."""
        return self._hung_m.take(self.mesh.render_source, axis=0)

    @cached_property
    def normals(self) -> np.ndarray:
        """Their normals, shape (V, 3), float32."""
        normals = vertex_normals(self._hung_m, self.mesh.triangles)
        return normals.take(self.mesh.render_source, axis=0)

    @cached_property
    def bones(self) -> dict[str, np.ndarray]:
        """Name -> 4x4 rest-to-posed transform of each skin bone."""
        rows = np.zeros((len(BONES), 4, 4))
        rows[:, :3], rows[:, 3, 3] = self.transforms, 1.0
        return dict(zip(BONES, rows, strict=True))
