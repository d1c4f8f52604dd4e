"""Adds order lines up with DuckDB: one machine, two threads, bounded memory."""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb

from features.daily_sales.damage import Fault, Tally
from features.daily_sales.order_lines import Files, OrderLines
from features.daily_sales.selection import Selection
from features.daily_sales.statements import DUCKDB, Given, Statements, given
from features.readers.delimited import GZIP_MAGIC
from features.readers.table import SourceError

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,  # a training shares the machine with what is served
    "memory_limit": "512MiB",  # beyond it, sums go to disk
    "preserve_insertion_order": False,
    "TimeZone": "UTC",
    "autoinstall_known_extensions": False,
}


def add_up(lines: OrderLines, file: Path, scratch: Path) -> Tally:
    """Write one row per product and day into `file` and tell what became of the lines.

    Raises `SourceError`.
    """
    try:
        with duckdb.connect(config=SETTINGS | {"temp_directory": str(scratch)}) as connection:
            relation = _relation(lines, scratch)
            statements = Statements(DUCKDB, _given(connection, relation, lines))
            connection.execute(f"CREATE TEMP TABLE sums AS {statements.sums(relation)}")
            tally = _tally(connection, lines, relation, statements)
            ordered = f"{statements.days()} ORDER BY product_id, date"
            connection.execute(f"COPY ({ordered}) TO {_literal(str(file))} (FORMAT parquet)")
            return tally
    except duckdb.Error as error:
        raise SourceError(f"{lines.where}: {error}") from error


def _relation(lines: OrderLines, scratch: Path) -> str:
    if isinstance(lines.place, Selection):
        return _copied(lines.place, scratch / "lines.csv")
    # A bracket in a file's name is no pattern.
    paths = f"[{', '.join(_literal(glob.escape(path)) for path in lines.place.paths)}]"
    if not lines.place.header:
        return f"read_parquet({paths}, union_by_name = true)"
    with Path(lines.place.paths[0]).open("rb") as file:
        zipped = "gzip" if file.read(2) == GZIP_MAGIC else "none"
    return (
        f"read_csv({paths}, header = true, all_varchar = true, store_rejects = true, "
        f"delim = {_literal(lines.place.delimiter)}, quote = '\"', escape = '\"', "
        f"compression = '{zipped}')"
    )


def _copied(selection: Selection, file: Path) -> str:
    selection.copy(file)
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in selection.types.items())
    return (
        f"read_csv({_literal(str(file))}, header = false, columns = {{{types}}}, "
        "delim = ',', quote = '\"', escape = '\"')"
    )


def _given(
    connection: duckdb.DuckDBPyConnection, relation: str, lines: OrderLines
) -> dict[str, Given]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    return given(lines.columns, types, DUCKDB, lines.where)


def _tally(
    connection: duckdb.DuckDBPyConnection, lines: OrderLines, relation: str, statements: Statements
) -> Tally:
    counted, sound = (connection.execute(statements.tally()).fetchone() or (0, 0))[:2]
    delimited = isinstance(lines.place, Files) and bool(lines.place.header)
    unreadable = _rejected(connection) if delimited else {}
    faults: list[Fault] = []
    if counted != sound:
        connection.execute("SET preserve_insertion_order = true")
        faults = connection.execute(statements.damaged(relation)).fetchall()
    return Tally(
        counted or 0, sound or 0, tuple(lines.columns), faults, unreadable, 2 if delimited else 1
    )


def _rejected(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    found = connection.execute(
        "SELECT line, arg_max(error_message, byte_position) FROM reject_errors GROUP BY line"
    ).fetchall()
    return {int(line): str(message) for line, message in found}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
