"""Checks a label file against the extras beside it: same people, same places, visibility by the written rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spinepose.errors import InputError
from spinepose.skeleton import DEEP, NAMES
from spinepose.validate_annotations import Finding, numbers
from synth.visibility import SURFACE_KINDS, is_visible

#: Stored points through the stored camera may be this far from the stored labels, pixels: they are rounded to .001.
MAX_REPROJECTION_PX = 0.01
_BATCH = 1024
_COLUMNS = (
    "annotation_id", "keypoints_world_m", "keypoints_cam_m", "surface_gap_m", "first_surface",
    "K", "R_world_to_cam", "t_world_to_cam_m",
)  # fmt: skip


def extras_beside(labels: Path) -> Path:
    """Where the extras of a label file lie."""
    return labels.with_suffix(".extras.parquet")


class ExtrasCheck:
    """Walks through the table in step with the file's annotations.

    Attributes:
        largest_px: Largest distance of a reprojected point from its label so far, pixels.
    """

    def __init__(self, table: Path) -> None:
        self.largest_px = 0.0
        self._table = table
        try:
            self._file = pq.ParquetFile(table)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{table}: cannot be read as a table ({' '.join(str(error).split())})") from None
        missing = [name for name in _COLUMNS if name not in self._file.schema_arrow.names]
        if missing:
            raise InputError(f"{table}: lacks the column '{missing[0]}'; make the dataset again")
        self._rows = self._walk()

    def _walk(self) -> Iterator[dict[str, np.ndarray]]:
        for batch in self._file.iter_batches(_BATCH, columns=list(_COLUMNS)):
            columns = {}
            for name in _COLUMNS:
                column = batch.column(name)
                flat = column.flatten() if pa.types.is_list(column.type) else column
                columns[name] = flat.to_numpy(zero_copy_only=False).reshape(len(batch), -1)
            for i in range(len(batch)):
                yield {name: values[i] for name, values in columns.items()}

    def __call__(self, annotation: Mapping[str, Any]) -> Iterator[Finding]:
        """What the next row of the table says against an annotation."""
        row = next(self._rows, None)
        if row is None:
            yield "extras", f"{self._table.name} has no row for it"
            return
        if row["annotation_id"][0] != annotation["id"]:
            yield "extras", f"{self._table.name} has annotation {row['annotation_id'][0]} in its place"
            return
        flat = numbers(annotation.get("keypoints"), 3 * len(NAMES))
        if flat is None:
            return
        labels = flat.reshape(-1, 3)
        yield from self._places(row, labels)
        yield from _visibility(row, labels[:, 2])

    def left(self) -> int:
        """Rows that no annotation asked for."""
        return sum(1 for _ in self._rows)

    def _places(self, row: Mapping[str, np.ndarray], labels: np.ndarray) -> Iterator[Finding]:
        world = row["keypoints_world_m"].reshape(-1, 3)
        ways = {
            "camera": row["keypoints_cam_m"].reshape(-1, 3),
            "world": world @ row["R_world_to_cam"].reshape(3, 3).T + row["t_world_to_cam_m"],
        }
        shown = labels[:, 2] > 0
        for frame, cam in ways.items():
            pixels = (cam @ row["K"].reshape(3, 3).T)[:, :2] / cam[:, 2:]
            off = np.where(shown, np.abs(pixels - labels[:, :2]).max(axis=1), 0.0)
            worst = int(off.argmax())
            self.largest_px = max(self.largest_px, float(off[worst]))
            if not off[worst] <= MAX_REPROJECTION_PX:
                yield (
                    "reprojection",
                    f"{NAMES[worst]} lies {off[worst]:.3f} pixels from its {frame} point's image",
                )


def _visibility(row: Mapping[str, np.ndarray], v: np.ndarray) -> Iterator[Finding]:
    for k in range(len(NAMES)):
        surface, gap_m = SURFACE_KINDS[int(row["first_surface"][k])], float(row["surface_gap_m"][k])
        wanted = 0 if surface == "outside" else 2 if is_visible(bool(DEEP[k]), surface, gap_m) else 1
        if v[k] != wanted:
            yield (
                "visibility",
                f"{NAMES[k]} has visibility {v[k]:g}; its first surface ({surface}, {1000 * gap_m:.0f} mm "
                f"before it) makes it {wanted}",
            )
