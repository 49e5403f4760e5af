"""The model as OpenSim's viewer shows it: solids as OpenSim itself hands them out, made into meshes to draw.

Nothing of ours is drawn: the ``.osim`` is loaded by OpenSim, and its decorations are what its own windows show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opensim_models._opensim import load_opensim
from spinepose.errors import InputError

_AROUND, _ALONG = 20, 10


@dataclass(frozen=True)
class Mesh:
    """A solid in ground, OpenSim's axes.

    Attributes:
        body: The body it moves with.
        corners_m: Corners of its quadrilaterals, (F, 4, 3), metres.
        colour: Red, green and blue, (3,).
    """

    body: str
    corners_m: np.ndarray
    colour: np.ndarray


def shown(path: Path, coordinates: Mapping[str, float] | None = None) -> list[Mesh]:
    """What the viewer draws of a model, in its default pose or another.

    Args:
        path: The ``.osim``.
        coordinates: Values by name, radians and metres; couplers follow.

    Raises:
        InputError: OpenSim cannot open the file, or it has no such coordinate.
    """
    osim = load_opensim()
    try:
        model = osim.Model(str(path))
        state = model.initSystem()
    except RuntimeError as error:
        raise InputError(f"{path}: OpenSim cannot open it: {str(error).splitlines()[0]}") from error
    for name, value in (coordinates or {}).items():
        if not model.getCoordinateSet().contains(name):
            raise InputError(f"{path}: has no coordinate {name!r}")
        model.getCoordinateSet().get(name).setValue(state, float(value), False)
    if coordinates:
        model.assemble(state)
    model.realizePosition(state)
    collector = _collector(osim)
    for component in model.getComponentsList():
        found = osim.ArrayDecorativeGeometry()
        component.generateDecorations(True, model.getDisplayHints(), state, found)
        for index in range(found.size()):
            found.at(index).implementGeometry(collector)
    bodies = [model.getBodySet().get(i) for i in range(model.getBodySet().getSize())]
    by_number = {int(body.getMobilizedBodyIndex()): body for body in bodies}
    meshes = []
    for number, corners, colour in collector.found:
        if number not in by_number:  # things of ground: no bone
            continue
        frame = by_number[number].getTransformInGround(state)
        meshes.append(Mesh(by_number[number].getName(), _move(frame, corners), colour))
    return meshes


def _move(transform: Any, corners: np.ndarray) -> np.ndarray:
    turn = np.array([[transform.R().get(i, j) for j in range(3)] for i in range(3)])
    return corners @ turn.T + transform.p().to_numpy()


def _collector(osim: Any) -> Any:
    """OpenSim calls one method a kind of decoration; what no bone is made of is passed over."""

    class Collector(osim.DecorativeGeometryImplementation):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[tuple[int, np.ndarray, np.ndarray]] = []

        def put(self, decoration: Any, unit: np.ndarray, half: np.ndarray) -> None:
            scale = np.nan_to_num(decoration.getScaleFactors().to_numpy(), nan=1.0)
            scale[scale <= 0] = 1.0
            corners = _move(decoration.getTransform(), unit * half * scale)
            self.found.append((int(decoration.getBodyId()), corners, decoration.getColor().to_numpy()))

        def implementEllipsoidGeometry(self, decoration: Any) -> None:
            self.put(decoration, _ball(), decoration.getRadii().to_numpy())

        def implementSphereGeometry(self, decoration: Any) -> None:
            self.put(decoration, _ball(), np.full(3, decoration.getRadius()))

        def implementCylinderGeometry(self, decoration: Any) -> None:
            radius = decoration.getRadius()
            self.put(decoration, _drum(), np.array([radius, decoration.getHalfHeight(), radius]))

    for kind in (
        "Point", "Line", "Brick", "Circle", "Frame", "Text", "Mesh", "MeshFile", "Torus", "Arrow", "Cone",
    ):  # fmt: skip
        setattr(Collector, f"implement{kind}Geometry", lambda self, decoration: None)
    return Collector()


def _ball() -> np.ndarray:
    """A unit sphere, (F, 4, 3)."""
    polar = np.linspace(0, np.pi, _ALONG + 1)
    return _lathe(np.sin(polar), np.cos(polar))


def _drum() -> np.ndarray:
    """A cylinder of radius and half height 1 with its lids, (F, 4, 3)."""
    return _lathe(np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 1.0, -1.0, -1.0]))


def _lathe(radius: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Quadrilaterals of a profile turned about y."""
    turn = np.linspace(0, 2 * np.pi, _AROUND + 1)
    grid = np.stack(
        [
            radius[:, None] * np.cos(turn),
            np.broadcast_to(height[:, None], (len(height), len(turn))),
            radius[:, None] * np.sin(turn),
        ],
        axis=-1,
    )
    return np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2).reshape(-1, 4, 3)
