"""The things that the rasteriser draws: where they are, and the balls that hold them and their limbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.world import raster_gl as gl

_LIMBS, _LEAST_LIMB_M = 8, 0.04


def limb_balls(vertices_m: np.ndarray, part_id: np.ndarray) -> np.ndarray:
    """Balls that hide about as much as the larger body parts do, largest first.

    Args:
        vertices_m: Shape (V, 3).
        part_id: Body part of each, 0 to 255, shape (V,).

    Returns:
        Centres and radii, shape (N, 4), at most eight.
    """
    count = np.maximum(np.bincount(part_id, minlength=1), 1)
    center = np.stack([np.bincount(part_id, vertices_m[:, axis]) / count for axis in range(3)], axis=1)
    apart = ((vertices_m - center[part_id]) ** 2).sum(axis=1)
    radius = np.sqrt(np.bincount(part_id, apart) / count)
    order = np.argsort(-radius, kind="stable")[:_LIMBS]
    order = order[radius[order] > _LEAST_LIMB_M]
    return np.column_stack([center[order], radius[order]])


@dataclass
class Thing:
    """An object or a character in the scene.

    Attributes:
        mesh: Its mesh.
        slot: The number that its pixels carry.
        moves: Whether its shadow is drawn anew for every picture: people, and what came after the place.
        matrix: To world, shape (4, 4); set by ``move``.
        visible: Whether it is drawn.
        tint: Multiplies its colours.
        catcher: Whether it only catches shadows.
        part_id: Body part of each vertex of a character.
        limbs: Balls about its body parts, in its own frame, shape (N, 4).
        uniforms: What the shaders know of it.
        ball: Centre, shape (3,), and radius of the ball that holds it, world metres.
    """

    mesh: gl.GpuMesh
    slot: int
    is_character: bool = False
    moves: bool = True
    matrix: np.ndarray = field(default_factory=lambda: np.eye(4))
    visible: bool = True
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    catcher: bool = False
    part_id: np.ndarray | None = None
    limbs: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    uniforms: dict[str, Any] = field(default_factory=dict)
    ball: tuple[np.ndarray, float] = field(init=False)

    def __post_init__(self) -> None:
        self.move(self.matrix)

    def move(self, matrix: np.ndarray) -> None:
        """Place it."""
        self.matrix = matrix
        self.uniforms = {
            "u_model": gl.matrix_bytes(matrix),
            "u_normal_matrix": gl.matrix_bytes(np.linalg.inv(matrix[:3, :3]).T),
            "u_thing": self.slot,
        }
        self.bound()

    def bound(self) -> None:
        """Work out the ball that holds it anew: it or its mesh has moved."""
        center = self.matrix[:3, :3] @ self.mesh.center_m + self.matrix[:3, 3]
        stretch = float(np.linalg.norm(self.matrix[:3, :3], axis=0).max())
        self.ball = center, self.mesh.radius_m * stretch
