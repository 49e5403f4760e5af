"""Load a written model and motion with OpenSim's own API and see whether the markers land where the fit had them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from opensim_models._opensim import load_opensim
from opensim_models.kinematics import Kinematics


def replay_gap_m(
    model_path: Path, mot_path: Path, kinematics: Kinematics, x: np.ndarray, frames: int = 5
) -> float:
    """Largest distance between the model's markers in OpenSim, posed from the file, and the fit's, metres.

    Args:
        model_path: The ``.osim``.
        mot_path: The ``.mot``, in degrees.
        kinematics: Compiled from the same model.
        x: Independent coordinates of all frames of the file, (T, Q).
        frames: How many frames, spread over the file.
    """
    osim = load_opensim()
    model = osim.Model(str(model_path))
    state = model.initSystem()
    table, coordinates = osim.TimeSeriesTable(str(mot_path)), model.getCoordinateSet()
    labels = list(table.getColumnLabels())
    # As OpenSim's own reader of degrees does it: what it takes for a turn is converted, the rest is not.
    turns = [coordinates.get(name).getMotionType() == osim.Coordinate.Rotational for name in labels]
    in_degrees = table.getTableMetaDataAsString("inDegrees") == "yes"
    worst = 0.0
    for row in np.unique(np.linspace(0, table.getNumRows() - 1, frames).round().astype(int)):
        values = table.getRowAtIndex(int(row)).to_numpy()
        values = np.where(turns, np.radians(values), values) if in_degrees else values
        for name, value in zip(labels, values, strict=True):
            coordinates.get(name).setValue(state, float(value), False)
        model.realizePosition(state)
        there = np.array(
            [
                model.getMarkerSet().get(n).getLocationInGround(state).to_numpy()
                for n in kinematics.marker_names
            ]
        )
        worst = max(worst, float(np.linalg.norm(there - kinematics.markers(x[row]), axis=-1).max()))
    return worst
