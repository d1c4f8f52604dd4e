"""Raw sources by URL: CSV (also gzipped), Parquet, PostgreSQL. First station of the walk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from features.fingerprints import fingerprint
from features.readers.delimited import read_delimited
from features.readers.download import download
from features.readers.parquet import read_parquet
from features.readers.postgresql import masked, read_postgresql
from features.readers.records import read_records
from features.readers.table import Limits, SourceError, Table
from features.schema import DAMAGED_SHARE, FrameSchema, validate
from features.scratch import scratch_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Engine", "Limits", "Raw", "Source", "SourceError", "fingerprint", "read"]

DATABASES = {"postgresql", "postgres", "postgresql+psycopg"}
Engine = Literal["auto", "duckdb", "spark"]
RECORDS = {".json", ".jsonl", ".ndjson"}
PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True)
class Source:
    """Where rows come from, and what the user calls our columns (ours -> theirs).

    An optional column mapped to nothing (`""`) is left out, whatever the source holds.
    """

    url: str
    columns: Mapping[str, str] = field(default_factory=dict)
    query: str | None = None
    damaged_share: float = DAMAGED_SHARE
    """Share of the rows that may be damaged and set aside; above it the source is refused."""
    engine: Engine = "auto"
    """What adds order lines up to days; see `features.daily_sales`. Other rows need none."""

    @property
    def where(self) -> str:
        """The address as it may be shown: without a password."""
        return masked(self.url)

    @property
    def name(self) -> str:
        """What fits on a line: a file's name without its folders, of all else the address."""
        is_file = urlsplit(self.url).scheme in {"", "file"}
        return (local_path(self).name if is_file else "") or self.where


@dataclass(frozen=True)
class Raw:
    """A validated frame, the sha256 of its canonical bytes, and the rows that were set aside.

    `quarantined` holds the damaged rows with a `reason` column; its index is their line.
    """

    frame: pd.DataFrame
    fingerprint: str
    quarantined: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)
    """What a family's own cleaning found, how many of each kind, by what it is called."""


def read(source: Source, schema: FrameSchema, *, limits: Limits | None = None) -> Raw:
    """Read the schema's columns of a source, in bounded memory, and validate them.

    The index of the frame is the line in the source: of a file its line (the first row of a
    CSV file is 2), of a table the row's number from 1. Relative paths are relative to the working
    directory. Raises `SourceError` when the source cannot be read and `SchemaError` when what it
    holds is not what the schema says.
    """
    table = _table(source, schema, limits or Limits())
    validated = validate(
        table.frame,
        schema,
        source.where,
        damage=table.damage,
        damaged_share=source.damaged_share,
    )
    return Raw(validated.frame, fingerprint(validated.frame), validated.quarantined)


def _table(source: Source, schema: FrameSchema, limits: Limits) -> Table:
    scheme = urlsplit(source.url).scheme.lower()
    if scheme in DATABASES:
        return read_postgresql(
            source.url, source.query, schema, source.columns, source.where, limits
        )
    if source.query is not None:
        raise SourceError(f"{source.where}: a query needs a postgresql:// address")
    if scheme in {"http", "https"}:
        with scratch_folder("download") as directory:
            file = download(source.url, directory, source.where, limits)
            return _file(file, source, schema, limits)
    if scheme in {"", "file"}:
        return _file(local_path(source), source, schema, limits)
    raise SourceError(
        f"{source.where}: addresses of kind {scheme}:// are not read; there are file paths, "
        "file://, http://, https:// and postgresql://"
    )


def local_path(source: Source) -> Path:
    """Return the path of a source that is a file or folder of this machine; or `SourceError`."""
    parts = urlsplit(source.url)
    if parts.scheme != "file":
        return Path(source.url).expanduser()
    if parts.netloc not in {"", "localhost"}:
        raise SourceError(f"{source.where}: write file:///… for a file of this machine")
    return Path(unquote(parts.path))


def _file(path: Path, source: Source, schema: FrameSchema, limits: Limits) -> Table:
    if not path.exists():
        raise SourceError(f"{source.where}: there is no such file ({path.resolve()})")
    if not (path.is_file() or path.is_dir()):
        raise SourceError(f"{source.where}: is neither a file nor a folder")
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if path.is_dir() or suffixes & PARQUET:
        return read_parquet(path, schema, source.columns, source.where, limits)
    if suffixes & RECORDS:
        return read_records(path, schema, source.columns, source.where, limits)
    return read_delimited(path, schema, source.columns, source.where, limits)
