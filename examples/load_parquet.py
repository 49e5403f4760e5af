"""Read the 3D of a dataset with pandas, and project it again.

spineforge dataset export --run runs/demo --format parquet --out tables
python examples/load_parquet.py tables
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def largest_miss_px(row: pd.Series) -> float:
    """How far the stored 3D points, seen through the stored camera, lie from the labels, pixels."""
    K = np.reshape(row["K"], (3, 3))
    homogeneous = np.reshape(row["keypoints_cam_m"], (-1, 3)) @ K.T
    labels = np.reshape(row["keypoints"], (-1, 3))
    labelled = labels[:, 2] > 0
    pixels = homogeneous[labelled, :2] / homogeneous[labelled, 2:]
    return float(np.abs(pixels - labels[labelled, :2]).max(initial=0.0))


def main(folder: Path) -> int:
    """Print what each split holds; returns the number of people."""
    people = 0
    for path in sorted(folder.glob("*.parquet")):
        table = pd.read_parquet(path)
        worst = max(largest_miss_px(row) for _, row in table.iterrows())
        print(
            f"{path.name}: {len(table)} people, {len(table.columns)} columns, 3D off the labels {worst:.4f} px"
        )
        people += len(table)
    return people


if __name__ == "__main__":
    main(Path(sys.argv[1]))
