"""Parquet: a file, or a folder of files with the same columns."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from features.readers.mapping import resolve
from features.readers.table import CHUNK_ROWS, Limits, SourceError, Table, TableBuilder
from features.schema import FrameSchema, Mapped


def read_parquet(
    path: Path, schema: FrameSchema, columns: Mapped, where: str, limits: Limits
) -> Table:
    """Read the schema's columns of a Parquet file or folder; a row is known by its number.

    Raises `SourceError` or `SchemaError`.
    """
    try:
        return _read(path, schema, columns, where, limits)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{where}: cannot be read as Parquet: {error}") from error


def _read(path: Path, schema: FrameSchema, columns: Mapped, where: str, limits: Limits) -> Table:
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise SourceError(f"{where}: the folder holds no .parquet file")
    dataset = ds.dataset([str(file) for file in files], format="parquet")
    present = resolve(dataset.schema.names, schema, columns, where)
    builder = TableBuilder(list(present), where, limits)
    line = 1
    for batch in dataset.to_batches(columns=list(present.values()), batch_size=CHUNK_ROWS):
        lines = pa.array(range(line, line + batch.num_rows), pa.int64())
        texts = [_as_text(batch.column(theirs), theirs, where) for theirs in present.values()]
        builder.add_chunk(pa.table([lines, *texts], names=["line", *present]))
        line += batch.num_rows
    return builder.finish()


def _as_text(column: pa.Array, name: str, where: str) -> pa.Array:
    if pa.types.is_nested(column.type):
        raise SourceError(f"{where}: column {name!r} holds {column.type}, not single values")
    return pc.cast(column, pa.large_string())
