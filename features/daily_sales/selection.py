"""Order lines in PostgreSQL: the statement that selects no more of them than an engine needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import psycopg
from psycopg import sql

from features.readers.mapping import resolve
from features.readers.postgresql import relation, snapshot
from features.schema import FrameSchema
from features.sources import Source

WHOLE_NUMBERS = {20, 21, 23}
MOMENTS = {1082: "{}::date", 1114: "{}::date", 1184: "({} AT TIME ZONE 'UTC')::date"}
"""PostgreSQL's numbers for date, timestamp and timestamptz, and how each becomes a day."""


@dataclass(frozen=True)
class Selection:
    """A statement that selects our columns, under our names, from a PostgreSQL database."""

    url: str
    where: str
    statement: str
    types: dict[str, str]
    """What each column is once COPY has written it, in DuckDB's words."""
    size_bytes: int
    """Of the table with all of its columns; 0 where that is not known."""

    def copy(self, file: Path) -> None:
        """Write the selected rows into `file` as CSV without a header, or raise `SourceError`."""
        statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(sql.SQL(self.statement))
        with (
            snapshot(self.url, self.where) as connection,
            connection.cursor().copy(statement) as blocks,
            file.open("wb") as target,
        ):
            for block in blocks:
                target.write(block)


def select(source: Source, schema: FrameSchema, time: str) -> Selection:
    """Return the statement for a source; its column `time` becomes a day.

    Days are a third of the bytes of moments. Numbers with decimals travel as text, so that none
    of their digits is lost. Raises `SourceError` and `SchemaError`.
    """
    wanted = relation(source.url, source.query, source.where)
    with snapshot(source.url, source.where) as connection:
        empty = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(wanted))
        kinds = {column.name: column.type_code for column in empty.description or ()}
        present = resolve([*kinds], schema, source.columns, source.where)
        written = {
            ours: _written(kinds[theirs], is_time=ours == time) for ours, theirs in present.items()
        }
        parts = [
            sql.SQL("{} AS {}").format(
                sql.SQL(written[ours][0]).format(sql.Identifier(theirs)), sql.Identifier(ours)
            )
            for ours, theirs in present.items()
        ]
        statement = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(parts), wanted)
        return Selection(
            source.url,
            source.where,
            statement.as_string(connection),
            {ours: kind for ours, (_, kind) in written.items()},
            _size(connection, source, wanted),
        )


def _written(type_code: int, *, is_time: bool) -> tuple[str, str]:
    if is_time and type_code in MOMENTS:
        return MOMENTS[type_code], "DATE"
    return ("{}", "BIGINT") if type_code in WHOLE_NUMBERS else ("{}::text", "VARCHAR")


def _size(connection: psycopg.Connection, source: Source, table: sql.Composable) -> int:
    if "table" not in dict(parse_qsl(urlsplit(source.url).query)):
        return 0
    name = table.as_string(connection)
    row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", [name]).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
