"""Parquet tables: written atomically, with a schema version in the file's own metadata."""

from __future__ import annotations

from pathlib import Path

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
    arrow = arrow.replace_schema_metadata(
        {**(arrow.schema.metadata or {}), _KEY: str(SCHEMA_VERSION).encode()}
    )
    with atomic_path(path) as temporary:
        pq.write_table(arrow, temporary)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that this project wrote.

    Raises:
        InputError: Missing, damaged, or of another schema version.
    """
    try:
        arrow = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path}: cannot be read as a table ({' '.join(str(error).split())}); make its stage again"
        ) from error
    version = (arrow.schema.metadata or {}).get(_KEY, b"missing").decode()
    if version != str(SCHEMA_VERSION):
        raise InputError(
            f"{path}: table schema {version}, this version reads {SCHEMA_VERSION}; make its stage again"
        )
    return arrow.to_pandas()


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
