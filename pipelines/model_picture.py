"""A picture of a model from two sides, as OpenSim's viewer shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from opensim_models.viewer import Mesh, shown
from spinepose.files import atomic_path

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection

# What a view shows of OpenSim's x (forward), y (up), z (right): across, up, towards the eye.
_VIEWS = {
    "from the right": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "from behind": ((0, 0, 1), (0, 1, 0), (-1, 0, 0)),
}
_LIGHT = np.array([0.35, 0.55, 0.76])


def draw_model(model: Path, picture: Path) -> None:
    """Draw a whole model and its spine, from the right and from behind.

    Args:
        model: The ``.osim``.
        picture: The ``.png`` to write.

    Raises:
        InputError: OpenSim cannot open the model.
    """
    meshes = shown(model)
    spine = [
        m
        for m in meshes
        if (m.body[0] in "LTC" and m.body[1:].isdigit()) or m.body in ("sacrum", "pelvis", "skull")
    ]
    figure, axes = plt.subplots(1, 4, figsize=(15, 9), layout="constrained", width_ratios=[1, 1.6, 1, 1.2])
    for axis, (parts, view) in zip(
        axes, [(meshes, v) for v in _VIEWS] + [(spine, v) for v in _VIEWS], strict=True
    ):
        _draw(axis, parts, view)
        axis.set_title(f"{'all' if parts is meshes else 'spine'}, {view}", fontsize=10)
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw(axis: Any, meshes: list[Mesh], view: str) -> None:
    """Paint the quadrilaterals that face the eye, the farthest first."""
    turn = np.array(_VIEWS[view], dtype=float)
    corners = np.concatenate([m.corners_m for m in meshes]) @ turn.T
    colours = np.concatenate([np.broadcast_to(m.colour, (len(m.corners_m), 3)) for m in meshes])
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    normals *= np.sign(normals[:, 2:] + 1e-12)
    order = np.argsort(corners[:, :, 2].mean(axis=1))
    shade = (0.35 + 0.65 * np.clip(normals @ _LIGHT, 0, 1))[:, None]
    axis.add_collection(
        PolyCollection(
            corners[order, :, :2], facecolors=(colours * shade)[order], edgecolors="face", linewidths=0.2
        )
    )
    axis.set_aspect("equal")
    axis.autoscale_view()
    axis.set_axis_off()
