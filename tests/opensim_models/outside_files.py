"""A made recording for the tests of outside data: the average model's markers, walking, under foreign names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from opensim_models.kinematics import compile_model
from opensim_models.spine import SpineShape
from opensim_models.subject import average_shape, model_spec

# Names as Plug-in Gait has them, where they differ.
PLUG_IN = {
    "ACR": "SHO",
    "ELL": "ELB",
    "WRR": "WRA",
    "WRU": "WRB",
    "KNL": "KNE",
    "ANL": "ANK",
    "KNM": "MKNE",
    "ANM": "MANK",
}


def person(
    spine: SpineShape, frames: int = 60, rate: float = 100.0
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Times (T,), project names and markers (T, M, 3), OpenSim's axes, metres."""
    kinematics = compile_model(model_spec(average_shape(1.70, 70.0, spine)))
    times = np.arange(frames) / rate
    rows = []
    for time in times:
        x = np.zeros(len(kinematics.coordinate_names))
        swing = np.sin(2 * np.pi * 1.5 * time)
        x[:3] = [1.2 * time, 0.95, 0.3]
        for name, value in {
            "hip_flexion_r": 0.4 * swing, "hip_flexion_l": -0.4 * swing, "knee_flexion_r": 0.4 + 0.3 * swing,
            "knee_flexion_l": 0.4 - 0.3 * swing, "shoulder_adduction_r": 0.6, "shoulder_adduction_l": 0.6,
        }.items():  # fmt: skip
            x[kinematics.index(name)] = value
        rows.append(kinematics.markers(x))
    return times, list(kinematics.marker_names), np.array(rows)


def plug_in_names(names: list[str]) -> list[str]:
    """The same markers as Plug-in Gait calls them."""
    return [n if n in ("CLAV", "STRN", "C7") else n[0] + PLUG_IN.get(n[1:], n[1:]) for n in names]


def write(
    path: Path,
    times: np.ndarray,
    names: list[str],
    points: np.ndarray,
    unit: str = "mm",
    said: int | None = None,
) -> Path:
    """A ``.trc`` as laboratories write it, trailing tabs, a blank line and blank gaps included; points in metres."""
    scale = {"m": 1.0, "mm": 1000.0, "cm": 100.0}[unit]
    frames, count = points.shape[:2]
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\tC:\\Stud\\{path.name}\t\t",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\t\t",
        f"100.00\t100.00\t{frames if said is None else said}\t{count}\t{unit}\t100.00\t1\t   {frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t\t",
        "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(1, count + 1)) + "\t",
        "",
    ]
    for i, (time, row) in enumerate(zip(times, points * scale, strict=True)):
        fields = ["" if np.isnan(v) else f"{v:.5f}" for v in row.reshape(-1)]
        lines.append(f"{i + 1}\t{time:.4f}\t" + "\t".join(fields) + "\t")
    path.write_text("\r\n".join(lines) + "\r\n")
    return path
