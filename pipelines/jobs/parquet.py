"""Parquet in and out. Loads Arrow, so nobody imports it before a job asks for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.jobs.record import JobFailed
from pipelines.jobs.rows import InputRow, ValueKind, require_few

BATCH = 500
BATCH_BYTES = 64_000_000
"""Of the texts of a batch of rows: packed, one that is said a million times takes no more room."""
CHUNK_BYTES = 1_000_000_000
"""Of one column in one group of rows, unpacked."""
TYPES: Mapping[ValueKind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "json": pa.string(),
}


class ParquetTable:
    """A Parquet file."""

    texts = False

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as file:
            _require_unpackable(file.metadata)
            self.count = int(file.metadata.num_rows)
            schema = file.schema_arrow
        # Read so, a text that is said often is held once, and can be measured before it is copied.
        self._texts = [field.name for field in schema if _is_text(field.type)]
        require_few(schema.names)
        if len(set(schema.names)) < len(schema):
            raise JobFailed("two columns of the file have the same name")
        self.kinds: Mapping[str, ValueKind] = {field.name: _kind(field.type) for field in schema}

    def rows(self, first: int) -> Iterator[InputRow]:
        """Yield the rows; whole row groups are left out unread."""
        with self._opened(self._texts) as file:
            groups, skip = _from(file, first)
            try:
                for batch in file.iter_batches(BATCH, row_groups=groups, use_threads=False):
                    _require_small(batch)
                    for values in batch.slice(skip).to_pylist():
                        yield InputRow({name: _plain(value) for name, value in values.items()})
                    skip = max(0, skip - batch.num_rows)
            except (pa.ArrowException, ValueError, OverflowError, RecursionError) as error:
                raise JobFailed(f"the file holds what cannot be read: {error}") from error
            except OSError as error:
                if error.errno is not None:  # the disk's fault
                    raise
                raise JobFailed(f"the file cannot be unpacked: {error}") from error

    def _opened(self, texts: Sequence[str] = ()) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self._path, read_dictionary=list(texts))
        except (pa.ArrowException, OSError) as error:
            raise JobFailed(f"the file is no Parquet: {error}") from error


def write(path: Path, rows: Sequence[Mapping[str, object]], kinds: Mapping[str, ValueKind]) -> None:
    """Write one part; structured values as JSON. Raises `JobFailed` where a value does not fit."""
    try:
        columns = [_column([row.get(name) for row in rows], kind) for name, kind in kinds.items()]
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise JobFailed(f"an answer does not fit into its column: {error}") from error
    table = pa.Table.from_arrays(columns, names=list(kinds))
    with path.open("wb") as stream:
        pq.write_table(table, stream)


def join(parts: Sequence[Path], path: Path, kinds: Mapping[str, ValueKind]) -> None:
    """Write the parts, in order, as one file."""
    schema = pa.schema([(name, TYPES[kind]) for name, kind in kinds.items()])
    with path.open("wb") as stream, pq.ParquetWriter(stream, schema) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part, use_threads=False, partitioning=None))


def _column(values: list[object], kind: ValueKind) -> pa.Array:
    if kind == "json":
        values = [None if value is None else _json(value) for value in values]
    elif kind == "number":
        values = [None if value is None else float(value) for value in values]  # type: ignore[arg-type]
    return pa.array(values, type=TYPES[kind])


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _require_unpackable(metadata: pq.FileMetaData) -> None:
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for place in range(row_group.num_columns):
            column = row_group.column(place)
            if column.total_uncompressed_size > CHUNK_BYTES:
                raise JobFailed(
                    f"column {column.path_in_schema!r} unpacks to more than {CHUNK_BYTES:,} bytes "
                    "in one group of rows; write smaller groups"
                )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _require_small(batch: pa.RecordBatch) -> None:
    size = sum(_size_bytes(column) for column in batch.columns)
    if size > BATCH_BYTES:
        raise JobFailed(f"{batch.num_rows} rows of the file hold {size:,} bytes")


def _size_bytes(column: pa.Array) -> int:
    if not isinstance(column, pa.DictionaryArray) or not _is_text(column.type.value_type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary)
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def _from(file: pq.ParquetFile, first: int) -> tuple[list[int], int]:
    """Return the row groups that hold what follows row `first`, and how far it lies in them."""
    groups = list(range(file.metadata.num_row_groups))
    while groups and first >= file.metadata.row_group(groups[0]).num_rows:
        first -= file.metadata.row_group(groups.pop(0)).num_rows
    return groups, first


def _kind(kind: pa.DataType) -> ValueKind:
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)  # what pandas calls a category
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return "integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or kind == pa.uint64():
        return "number"
    if pa.types.is_nested(kind):
        return "json"
    return "text"


def _plain(value: object) -> object:
    """Return a value as JSON would say it: a model is asked the same as over HTTP."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None  # JSON knows neither NaN nor inf
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
