"""Labels of some scenes: lines of JSON, a table of extras, and a note of what was left out.

A picture is a line, and each of its people one more behind it: the merge puts ids before a person's line and copies
the rest as it is. The table is an Arrow file, which is written and read in a quarter of a Parquet file's time; both
are gone when the merged files stand.
"""

from __future__ import annotations

from collections import Counter, namedtuple
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from pipelines.config import DatasetConfig
from pipelines.inside import require_inside
from pipelines.labels import COCO_FIELDS, Frame, label_person, read_frame, without_ids
from pipelines.posed import PosedSkin, PosedSkins
from pipelines.run import Failure, describe
from pipelines.spines import Spines
from pipelines.tables import write_arrow
from spinepose.coco_stream import dump_item
from spinepose.files import write_json

LABELS, EXTRAS, NOTE = "labels.jsonl", "extras.arrow", "note.json"


@dataclass
class PartNote:
    """What a part holds beside its labels.

    Attributes:
        people: People on its pictures, labelled or not.
        counts: Numbers of what was made or left out, by kind.
        subjects: Subjects that are labelled, by split.
        failures: People and pictures that could not be labelled.
    """

    people: int = 0
    counts: Counter[str] = field(default_factory=lambda: Counter(left_out_small=0, left_out_verdict=0))
    subjects: dict[str, list[str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def fail(self, item: str, error: Exception) -> None:
        """Record what could not be labelled."""
        self.failures.append(Failure(item, "dataset", describe(error)))


def read_note(folder: Path) -> PartNote:
    """The note of a part that is complete."""
    data = orjson.loads((folder / NOTE).read_bytes())
    failures = [Failure(**failure) for failure in data["failures"]]
    return PartNote(data["people"], Counter(data["counts"]), data["subjects"], failures)


def iter_labels(folder: Path) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """The pictures of a part: ``split, frame_id, source, width, height``, and each person's COCO fields as JSON."""
    with (folder / LABELS).open("rb") as lines:
        for line in lines:
            picture = orjson.loads(line)
            yield picture, [next(lines).rstrip(b"\n") for _ in range(picture.pop("people"))]


def write_labels(folder: Path, labeller: Labeller, frames: pd.DataFrame, persons: pd.DataFrame) -> None:
    """Label pictures and write what :func:`iter_labels` and :func:`read_note` read, and the table of extras.

    The rows of the table stand in the order of the people in the lines.
    """
    note = PartNote(people=len(persons))
    subjects: dict[str, set[str]] = {}
    extras: list[dict] = []
    pictures = {row.frame_id: row for row in _rows(frames)}
    labeller.take(persons)
    with (folder / LABELS).open("wb") as lines:
        for frame_id, people in _by_picture(persons):
            row = pictures[frame_id]
            labels = labeller.label_frame(row, people, note)
            if not labels:
                continue
            lines.writelines(_lines(row, labels))
            extras += [label["extras"] for label in labels]
            note.counts[f"{row.split}_images"] += 1
            note.counts[f"{row.split}_annotations"] += len(labels)
            subjects.setdefault(row.split, set()).update(label["extras"]["subject_id"] for label in labels)
    if extras:
        write_arrow(
            folder / EXTRAS, pa.table({key: _column([row[key] for row in extras]) for key in extras[0]})
        )
    note.subjects = {split: sorted(ids) for split, ids in subjects.items()}
    write_json(folder / NOTE, {**vars(note), "failures": [asdict(failure) for failure in note.failures]})


def _column(values: list[Any]) -> pa.Array:
    if not isinstance(values[0], np.ndarray):
        return pa.array(values)
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([value.size for value in values], out=offsets[1:])
    return pa.ListArray.from_arrays(offsets, np.concatenate(values))


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    """The rows as tuples with names; ``itertuples`` takes five times as long over Arrow's words."""
    row = namedtuple("row", table.columns)  # type: ignore[misc]
    return map(row._make, zip(*(table[name].to_numpy(object) for name in table.columns), strict=True))


def _by_picture(persons: pd.DataFrame) -> Iterator[tuple[str, list[Any]]]:
    rows = sorted(_rows(persons), key=attrgetter("frame_id", "instance")) if len(persons) else []
    for frame_id, people in groupby(rows, key=attrgetter("frame_id")):
        yield frame_id, list(people)


def _lines(row: Any, labels: list[dict]) -> Iterator[bytes]:
    picture = {
        "split": row.split,
        "frame_id": row.frame_id,
        "source": f"{row.path}.jpg",
        "width": int(row.width),
        "height": int(row.height),
        "people": len(labels),
    }
    yield orjson.dumps(picture) + b"\n"
    for label in labels:
        yield dump_item({key: label[key] for key in COCO_FIELDS if key in label}) + b"\n"


class Labeller:
    """Labels one frame after the other with what render and fit have left.

    Args:
        run_dir: The run.
        config: What is let in.
        set_id: Name of the set that the labels belong to.
    """

    def __init__(self, run_dir: Path, config: DatasetConfig, set_id: str) -> None:
        self._set_id = set_id
        self._config = config
        self._run_dir = run_dir
        self._skins = PosedSkins(run_dir)
        self._spines: Spines | None = None

    def take(self, persons: pd.DataFrame) -> None:
        """Read the spines of these people; until the next call only they can be labelled."""
        fit_dir = self._run_dir / "fit-opensim"
        self._spines = Spines(fit_dir, persons, self._config.verdicts) if len(persons) else None

    def label_frame(self, row: Any, people: list[Any], note: PartNote) -> list[dict]:
        """Labels of the people of one frame; those that fail or are left out are noted."""
        try:
            skins = {int(person.instance): self._skins.of(person) for person in people}
            frame = without_ids(read_frame(self._run_dir / "render", row), skins)
        except Exception as error:  # one picture must not end the run; the record says why
            note.fail(row.frame_id, error)
            return []
        labels = []
        for person in people:
            try:
                label = self._label(frame, person, skins)
            except Exception as error:  # nor must one person
                note.fail(f"{person.frame_id}/{person.subject_id}", error)
                continue
            if label is None:
                note.counts["left_out_verdict"] += 1
            elif label["area"] < self._config.min_area_px:
                note.counts["left_out_small"] += 1
            else:
                labels.append(label)
        return labels

    def _label(self, frame: Frame, person: Any, skins: dict[int, PosedSkin]) -> dict | None:
        spine = self._spines.of(person) if self._spines else None
        if spine is None:
            return None
        skin = skins[int(person.instance)]
        if self._config.check_inside:
            require_inside(skin, spine.points_world_m)
        return label_person(frame, person, spine, skin, frozenset(skins), self._set_id)
