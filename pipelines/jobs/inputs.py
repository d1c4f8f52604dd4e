"""Opens what a job was given, whatever it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipelines.jobs.record import JobFailed, Kind
from pipelines.jobs.rows import Table, require_not_endless
from pipelines.jobs.text_files import CatalogueTable, CsvTable, JsonLinesTable

OPENERS: Mapping[Kind, Callable[[Path], Table]] = {
    "csv": CsvTable,
    "jsonl": JsonLinesTable,
    "catalogue": CatalogueTable,
}


def open_table(kind: Kind, path: Path) -> Table:
    """Open an input, reading it once to count it. Raises `JobFailed`, saying what is wrong."""
    table = _opened(kind, path)
    require_not_endless(table.count)
    return table


def _opened(kind: Kind, path: Path) -> Table:
    if kind == "parquet":
        from pipelines.jobs.parquet import ParquetTable  # brings Arrow, which others do without

        return ParquetTable(path)
    try:
        return OPENERS[kind](path)
    except UnicodeDecodeError as error:
        raise JobFailed(f"the file is not UTF-8: {error}") from error
