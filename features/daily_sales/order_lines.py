"""Where order lines are, and under which names: found out before an engine starts."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from features.daily_sales.selection import Selection, select
from features.readers.delimited import DELIMITERS, opened
from features.readers.download import download
from features.readers.mapping import resolve
from features.readers.table import Limits, SourceError
from features.schema import Column, FrameSchema
from features.scratch import scratch_folder
from features.sources import DATABASES, PARQUET, RECORDS, Source, local_path

TIME = "ordered_at"
"""Our name for the moment of an order: the column that daily rows do not have."""
SCHEMA = FrameSchema(
    columns=(
        Column("product_id", "text"),
        Column("quantity", "number", description="Below zero where something was returned."),
        Column(TIME, "timestamp"),
        Column("price", "number", required=False, description="Of one piece."),
        Column("category", "text", required=False),
    )
)


@dataclass(frozen=True)
class Files:
    """Parquet files, or one delimited file; or what only Spark can reach, by its address."""

    paths: tuple[str, ...]
    header: tuple[str, ...] = ()
    """The names in the first line of a delimited file; none for Parquet."""
    delimiter: str = ","


@dataclass(frozen=True)
class OrderLines:
    """Everything that an engine must know of a source of order lines."""

    where: str
    """The address as it may be shown."""
    place: Files | Selection
    columns: dict[str, str]
    """Our name -> the name at that place, for every column that is there."""
    size_bytes: int = 0


@contextmanager
def located(source: Source, limits: Limits) -> Iterator[OrderLines]:
    """Find the order lines of a source, and keep what was downloaded while they are read.

    Raises `SourceError` and `SchemaError`.
    """
    scheme = urlsplit(source.url).scheme.lower()
    if scheme in DATABASES:
        yield _in_database(source)
    elif scheme in {"http", "https"}:
        with scratch_folder("download") as directory:
            file = download(source.url, directory, source.where, limits)
            yield in_files(file, source, SCHEMA)
    elif scheme in {"", "file"}:
        yield in_files(local_path(source), source, SCHEMA)
    elif source.engine == "spark":
        yield at_remote_address(source, SCHEMA)
    else:
        raise SourceError(
            f'{source.where}: addresses of kind {scheme}:// are read by engine = "spark" only'
        )


def _in_database(source: Source) -> OrderLines:
    selection = select(source, SCHEMA, TIME)
    present = {name: name for name in selection.types}
    return OrderLines(source.where, selection, present, selection.size_bytes)


def in_files(path: Path, source: Source, schema: FrameSchema) -> OrderLines:
    """Return the lines of Parquet files or of one delimited file with names, by their schema.

    Raises `SourceError` and `SchemaError`.
    """
    if source.query is not None:
        raise SourceError(f"{source.where}: a query needs a postgresql:// address")
    if not path.exists():
        raise SourceError(f"{source.where}: there is no such file ({path.resolve()})")
    if not (path.is_file() or path.is_dir()):
        raise SourceError(f"{source.where}: is neither a file nor a folder")
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if suffixes & RECORDS:
        raise SourceError(f"{source.where}: is read from CSV, Parquet or PostgreSQL")
    if path.is_dir() or suffixes & PARQUET:
        return _in_parquet(path, source, schema)
    names, delimiter = _header(path, source, schema)
    present = resolve(names, schema, source.columns, source.where)
    file = Files((str(path),), tuple(names), delimiter)
    return OrderLines(source.where, file, present, path.stat().st_size)


def _in_parquet(path: Path, source: Source, schema: FrameSchema) -> OrderLines:
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise SourceError(f"{source.where}: the folder holds no .parquet file")
    try:
        names = pq.read_schema(files[0]).names
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{source.where}: cannot be read as Parquet: {error}") from error
    present = resolve(names, schema, source.columns, source.where)
    size = sum(file.stat().st_size for file in files)
    return OrderLines(source.where, Files(tuple(map(str, files))), present, size)


def _header(path: Path, source: Source, schema: FrameSchema) -> tuple[list[str], str]:
    """Return the names in the first line of a delimited file, and the delimiter between them."""
    try:
        with opened(path) as file:
            line = file.readline(2**20).decode("utf-8-sig", errors="replace").rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{source.where}: cannot be read: {error}") from error
    wanted = {source.columns.get(column.name, column.name) for column in schema.columns}
    readings = [(next(csv.reader([line], delimiter=mark), []), mark) for mark in DELIMITERS]
    return max(readings, key=lambda reading: len(wanted & set(reading[0])))


def at_remote_address(source: Source, schema: FrameSchema) -> OrderLines:
    """Take an address of Parquet that only Spark knows (hdfs://, s3a://) at its word."""
    present = {
        column.name: source.columns.get(column.name, column.name)
        for column in schema.columns
        if column.required or column.name in source.columns
    }
    return OrderLines(source.where, Files((source.url,)), present)
