"""OpenSim's own inverse kinematics on a few frames: the reference that the fast solver is held against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opensim_models._opensim import load_opensim
from opensim_models.kinematics import Kinematics

CONSTRAINT_WEIGHT = 0.05  # soft couplers: ten times as fast as hard ones for 0.02 mm
_FAINT = 2e-5  # m2/rad2, a pull that only settles what nothing else does
ACCURACY = 1e-5  # at 1e-3 the assembly stops 9-30 mm early
_UNSEEN_WEIGHT = 0.0


@dataclass(frozen=True)
class ReferenceSolution:
    """What OpenSim found.

    Attributes:
        markers_m: Model markers in OpenSim's axes, in the kinematics' order, (T, K, 3).
        stations_m: Model stations, (T, S, 3).
        cpu_s: Processor seconds of the frames, set-up aside.
    """

    markers_m: np.ndarray
    stations_m: np.ndarray
    cpu_s: float


def solve_reference(
    model_path: Path,
    kinematics: Kinematics,
    weights: np.ndarray,
    measured_m: np.ndarray,
    starts: np.ndarray,
    stiffness: np.ndarray | None = None,
) -> ReferenceSolution:
    """Solve frames with ``InverseKinematicsSolver``, each from its own start.

    The two solvers do not minimise quite the same: OpenSim's has no robust loss, no pull to the limits and soft
    couplers. On frames without outliers the difference is a fraction of a millimetre.

    Args:
        model_path: The ``.osim``.
        kinematics: The same file, compiled.
        weights: (K,).
        measured_m: (T, K, 3), OpenSim's axes, NaN where missing.
        starts: Independent coordinates to start each frame from, (T, Q).
        stiffness: Pull of each independent coordinate to zero, m2/rad2, (Q,); those that hardly pull are left out.
    """
    import time

    osim = load_opensim()
    model = osim.Model(str(model_path))
    state = model.initSystem()
    goals = _goals(osim, kinematics, weights, stiffness)
    solver = _solver(osim, model, kinematics, weights, measured_m, goals)
    markers, stations, spent = [], [], 0.0
    for frame, start in enumerate(starts):
        begin = time.process_time()
        state.setTime(float(frame))
        set_coordinates(model, state, kinematics, start)
        solver.assemble(state)
        spent += time.process_time() - begin
        model.realizePosition(state)
        markers.append(_locations([model.getMarkerSet().get(n) for n in kinematics.marker_names], state))
        points = [osim.Station.safeDownCast(model.getComponent(f"/{n}")) for n in kinematics.station_names]
        stations.append(_locations(points, state))
    return ReferenceSolution(np.array(markers), np.array(stations), spent)


def set_coordinates(model: Any, state: Any, kinematics: Kinematics, x: np.ndarray) -> None:
    """Put a model into a pose, dependent coordinates included, without enforcing constraints."""
    coordinates = model.getCoordinateSet()
    for name, value in zip(kinematics.all_names, kinematics.all_coordinates(x), strict=True):
        coordinates.get(name).setValue(state, float(value), False)


def _goals(osim: Any, kinematics: Kinematics, weights: np.ndarray, stiffness: np.ndarray | None) -> Any:
    """Coordinates that are drawn to zero; OpenSim divides the markers' goal by the sum of their weights."""
    goals = osim.SimTKArrayCoordinateReference()
    for name, pull in zip(kinematics.coordinate_names, () if stiffness is None else stiffness, strict=False):
        if pull > _FAINT:
            goal = osim.CoordinateReference(name, osim.Constant(0.0))
            goal.setWeight(float(pull / weights.sum()))
            goals.push_back(goal)
    return goals


def _solver(
    osim: Any, model: Any, kinematics: Kinematics, weights: np.ndarray, measured_m: np.ndarray, goals: Any
) -> Any:
    table = osim.TimeSeriesTableVec3()
    table.setColumnLabels(kinematics.marker_names)
    for time, frame in enumerate(measured_m):
        row = osim.RowVectorVec3([osim.Vec3(*(float(v) for v in point)) for point in frame])
        table.appendRow(float(time), row)
    table.addTableMetaDataString("DataRate", "1")
    table.addTableMetaDataString("Units", "m")
    marker_weights = osim.SetMarkerWeights()
    for name, weight in zip(kinematics.marker_names, weights, strict=True):
        marker_weights.cloneAndAppend(osim.MarkerWeight(name, float(weight)))
    reference = osim.MarkersReference(table, marker_weights)
    # SWIG keeps no hold on what the solver only points at: hang it on the solver.
    orientations = osim.OrientationsReference()
    solver = osim.InverseKinematicsSolver(model, reference, orientations, goals, CONSTRAINT_WEIGHT)
    solver.setAccuracy(ACCURACY)
    solver.kept = (reference, orientations, goals, table, marker_weights)
    return solver


def _locations(points: list[Any], state: Any) -> np.ndarray:
    return np.array([point.getLocationInGround(state).to_numpy() for point in points])
