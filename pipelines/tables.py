"""Parquet tables: written atomically, with a schema version in the file's own metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.run import Stage
from spinepose.errors import InputError
from spinepose.files import atomic_path

SCHEMA_VERSION = 1
_KEY = b"spineforge_schema_version"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table; equal tables give equal bytes."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    with atomic_path(path) as temporary:
        pq.write_table(arrow.replace_schema_metadata(_marked(arrow.schema.metadata)), temporary)


def _marked(metadata: dict[bytes, bytes] | None) -> dict[bytes, bytes]:
    return {**(metadata or {}), _KEY: str(SCHEMA_VERSION).encode()}


class TableWriter:
    """Writes a table too large to hold, some rows at a time; the file appears whole when the block ends well.

    Args:
        path: The file.
        schema: Columns of all rows, see :func:`common_schema`.
        group_rows: Rows of a row group: what is held, and what a reader takes at once.
    """

    def __init__(self, path: Path, schema: pa.Schema, group_rows: int = 4096) -> None:
        self._path = path
        self._schema = schema.with_metadata(_marked(None))
        self._group_rows = group_rows
        self._waiting: list[pa.Table] = []
        self._stack = ExitStack()

    def __enter__(self) -> TableWriter:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            # Numbers hardly repeat: a dictionary of them costs time and saves no space.
            words = [field.name for field in self._schema if pa.types.is_string(field.type)]
            self._writer = stack.enter_context(
                pq.ParquetWriter(temporary, self._schema, use_dictionary=words or False)
            )
            self._stack = stack.pop_all()
        return self

    def write(self, rows: pa.Table) -> None:
        """Append rows; columns are brought into the schema's order and types."""
        self._waiting.append(rows.select(self._schema.names).cast(self._schema))
        if sum(len(table) for table in self._waiting) < self._group_rows:
            return
        # Groups of one size, whatever the sizes of the pieces: equal tables give equal bytes.
        waiting = pa.concat_tables(self._waiting)
        whole = len(waiting) - len(waiting) % self._group_rows
        self._writer.write_table(waiting.slice(0, whole), row_group_size=self._group_rows)
        self._waiting = [waiting.slice(whole).combine_chunks()]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            if self._waiting:
                self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=self._group_rows)


def common_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The schema that tables of all these fit into."""
    common = pa.schema([])
    for schema in schemas:  # one at a time: of twenty thousand parts all are the same but a few
        if not common.equals(schema):
            common = pa.unify_schemas([common, schema.remove_metadata()], promote_options="permissive")
    return common


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write a table for :func:`read_arrow`: what passes within a stage and is thrown away."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read_arrow(path: Path) -> pa.Table:
    """A table as it was written; its numbers stay in the file until they are asked for.

    Raises:
        InputError: Missing or damaged.
    """
    with _arrow(path) as file:
        return file.read_all()


def read_arrow_schema(path: Path) -> pa.Schema:
    """The columns of such a table.

    Raises:
        InputError: As :func:`read_arrow`.
    """
    with _arrow(path) as file:
        return file.schema


def _arrow(path: Path) -> pa.RecordBatchFileReader:
    try:
        return pa.ipc.open_file(pa.memory_map(str(path)))
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def iter_tables(path: Path, columns: list[str] | None = None, rows: int = 4096) -> Iterator[pa.Table]:
    """A table some rows at a time.

    Args:
        path: The file.
        columns: Columns wanted, None for all.
        rows: Most rows of a piece.

    Raises:
        InputError: As :func:`read_table`.
    """
    file = _readable(path)
    _require_version(path, file.schema_arrow.metadata)
    yield from pieces(file, columns, rows)


def pieces(file: pq.ParquetFile, columns: list[str] | None, rows: int) -> Iterator[pa.Table]:
    """An open file as tables of so many rows, the last with what is left.

    A row group is read at a time: the file's own ``iter_batches`` keeps all that it has given, 2 KB a person's extras.
    """
    waiting: list[pa.Table] = []
    wanted = rows
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=columns)
        while len(table) >= wanted:
            yield pa.concat_tables([*waiting, table.slice(0, wanted)])
            table, waiting, wanted = table.slice(wanted), [], rows
        if len(table):
            waiting.append(table)
            wanted -= len(table)
    if waiting:
        yield pa.concat_tables(waiting)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that this project wrote.

    Raises:
        InputError: Missing, damaged, or of another schema version.
    """
    try:
        arrow = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    _require_version(path, arrow.schema.metadata)
    return arrow.to_pandas()


def _readable(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    words = " ".join(str(error).split())
    return InputError(f"{path}: cannot be read as a table ({words}); make its stage again")


def _require_version(path: Path, metadata: dict[bytes, bytes] | None) -> None:
    version = (metadata or {}).get(_KEY, b"missing").decode()
    if version != str(SCHEMA_VERSION):
        raise InputError(
            f"{path}: table schema {version}, this version reads {SCHEMA_VERSION}; make its stage again"
        )


def concat_parts(stage: Stage, name: str) -> pd.DataFrame:
    """Join the tables of one name from all parts of a stage, in part order, and write the result beside the parts."""
    tables = [read_table(path) for path in sorted((stage.folder / "parts").glob(f"*/{name}"))]
    joined = (
        pd.concat([t for t in tables if len(t)], ignore_index=True)
        if any(len(t) for t in tables)
        else pd.DataFrame()
    )
    write_table(stage.folder / name, joined)
    return joined
