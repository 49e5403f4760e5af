"""Checks a label file against the extras beside it: same people, same places, visibility by the written rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.tables import pieces
from spinepose.errors import InputError
from spinepose.skeleton import DEEP, NAMES, NUM_KEYPOINTS
from spinepose.validate_annotations import Finding, is_id
from synth.visibility import SURFACE_KINDS, are_visible

#: Stored points through the stored camera may be this far from the stored labels, pixels: they are rounded to .001.
MAX_REPROJECTION_PX = 0.01
_BATCH = 1024
# Numbers in a row of each column.
_WIDTHS = {
    "annotation_id": 1, "keypoints_world_m": 3 * NUM_KEYPOINTS, "keypoints_cam_m": 3 * NUM_KEYPOINTS,
    "surface_gap_m": NUM_KEYPOINTS, "first_surface": NUM_KEYPOINTS,
    "K": 9, "R_world_to_cam": 9, "t_world_to_cam_m": 3,
}  # fmt: skip
_UNKNOWN = [float("nan")] * (3 * NUM_KEYPOINTS)
_OUTSIDE = SURFACE_KINDS.index("outside")


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
        missing = [name for name in _WIDTHS if name not in self._file.schema_arrow.names]
        if missing:
            raise InputError(f"{table}: lacks the column '{missing[0]}'; make the dataset again")
        self._pieces = pieces(self._file, list(_WIDTHS), _BATCH)
        self._waiting = self._file.schema_arrow.empty_table().select(list(_WIDTHS))

    def __call__(self, annotations: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Finding]]:
        """What the next rows of the table say against annotations: their place among those given, and words."""
        rows = self._take(len(annotations))
        there = len(rows["annotation_id"])
        for i in range(there, len(annotations)):
            yield i, ("extras", f"{self._table.name} has no row for it")
        same = rows["annotation_id"][:, 0] == np.array([_as_id(a.get("id")) for a in annotations[:there]])
        for i in np.flatnonzero(~same).tolist():
            yield (
                i,
                ("extras", f"{self._table.name} has annotation {rows['annotation_id'][i, 0]} in its place"),
            )
        flat = [_keypoints(annotations[i].get("keypoints")) for i in range(there)]
        labels = np.array(flat, float).reshape(there, NUM_KEYPOINTS, 3)
        compared = same & np.isfinite(labels).all(axis=(1, 2))
        yield from self._places(rows, labels, compared)
        yield from _visibility(rows, labels[..., 2], compared)

    def left(self) -> int:
        """Rows that no annotation asked for."""
        return len(self._waiting) + sum(len(piece) for piece in self._pieces)

    def _take(self, count: int) -> dict[str, np.ndarray]:
        """The next rows, fewer where the table ends: columns of shape (N, numbers of a row)."""
        while len(self._waiting) < count and (piece := next(self._pieces, None)) is not None:
            self._waiting = pa.concat_tables([self._waiting, piece.select(list(_WIDTHS))])
        taken, self._waiting = self._waiting.slice(0, count), self._waiting.slice(count)
        columns = {}
        for name, width in _WIDTHS.items():
            column = taken[name].combine_chunks()
            flat = column.flatten() if pa.types.is_list(column.type) else column
            if len(flat) != width * len(taken):
                raise InputError(f"{self._table}: column '{name}' has not {width} numbers in every row")
            columns[name] = flat.to_numpy(zero_copy_only=False).reshape(len(taken), width)
        return columns

    def _places(
        self, rows: Mapping[str, np.ndarray], labels: np.ndarray, compared: np.ndarray
    ) -> Iterator[tuple[int, Finding]]:
        count = len(labels)
        K, R = (rows[name].reshape(count, 3, 3).swapaxes(1, 2) for name in ("K", "R_world_to_cam"))
        world = rows["keypoints_world_m"].reshape(count, NUM_KEYPOINTS, 3)
        ways = {
            "camera": rows["keypoints_cam_m"].reshape(count, NUM_KEYPOINTS, 3),
            "world": world @ R + rows["t_world_to_cam_m"][:, None],
        }
        shown = (labels[..., 2] > 0) & compared[:, None]
        for frame, cam in ways.items():
            homogeneous = cam @ K
            with np.errstate(invalid="ignore", divide="ignore"):
                pixels = homogeneous[..., :2] / homogeneous[..., 2:]
            off = np.where(shown, np.abs(pixels - labels[..., :2]).max(axis=2), 0.0)
            self.largest_px = max(self.largest_px, float(off.max(initial=0.0)))
            for i in np.flatnonzero(~(off <= MAX_REPROJECTION_PX).all(axis=1)).tolist():
                worst = int(off[i].argmax())
                words = f"{NAMES[worst]} lies {off[i, worst]:.3f} pixels from its {frame} point's image"
                yield i, ("reprojection", words)


def _as_id(value: Any) -> int:
    return value if is_id(value) else -1


def _keypoints(value: Any) -> list[float]:
    """The keypoints of an annotation, as many NaN where they are something else."""
    whole = type(value) is list and len(value) == len(_UNKNOWN) and set(map(type, value)) <= {int, float}
    return value if whole else _UNKNOWN


def _visibility(
    rows: Mapping[str, np.ndarray], v: np.ndarray, compared: np.ndarray
) -> Iterator[tuple[int, Finding]]:
    surface, gap_m = rows["first_surface"], rows["surface_gap_m"]
    wanted = np.where(surface == _OUTSIDE, 0, np.where(are_visible(DEEP, surface, gap_m), 2, 1))
    for i, k in np.argwhere((v != wanted) & compared[:, None]).tolist():
        yield (
            i,
            (
                "visibility",
                f"{NAMES[k]} has visibility {v[i, k]:g}; its first surface ({SURFACE_KINDS[surface[i, k]]}, "
                f"{1000 * gap_m[i, k]:.0f} mm before it) makes it {wanted[i, k]}",
            ),
        )
