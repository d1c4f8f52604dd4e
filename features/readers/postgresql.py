"""PostgreSQL: a table or a query, streamed through a cursor of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from features.readers.mapping import resolve
from features.readers.table import CHUNK_ROWS, Limits, SourceError, Table, TableBuilder
from features.schema import FrameSchema, Mapped

CONNECT_TIMEOUT_SECONDS = 10
_SECRET = re.compile(
    r"pass|token|secret|signature|auth(?!or)|^(.+[-_])?(key|sig)$|apikey", re.IGNORECASE
)
"""Names of parameters, of a database or of an http address, whose value nobody may read."""


def read_postgresql(
    url: str, query: str | None, schema: FrameSchema, columns: Mapped, where: str, limits: Limits
) -> Table:
    """Read the schema's columns of the table that `?table=` names, or of `query`.

    Everything is read in one read-only transaction; a row is known by its number. Raises
    `SourceError` or `SchemaError`.
    """
    wanted = relation(url, query, where)
    with snapshot(url, where) as connection:
        return _read(connection, wanted, schema, columns, where, limits)


@contextmanager
def snapshot(url: str, where: str) -> Iterator[psycopg.Connection]:
    """Open one read-only transaction, in which everything is as it was at its first statement.

    What the database complains of is raised as `SourceError`.
    """
    try:
        with psycopg.connect(address(url), connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SET LOCAL datestyle = 'ISO'")
            yield connection
    except psycopg.Error as error:
        message = str(error).strip().replace(url, where) or type(error).__name__
        raise SourceError(f"{where}: {message}") from error


def relation(url: str, query: str | None, where: str) -> sql.Composable:
    """Return what follows FROM: the table that `?table=` names, or `query`; or `SourceError`."""
    table = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get("table")
    if query and table:
        raise SourceError(f"{where}: give a query or ?table=, not both")
    if query:
        # The user's own statement, run in a read-only transaction.
        return sql.SQL("({}) AS source").format(sql.SQL(query.strip().rstrip(";")))
    if table:
        return sql.Identifier(*table.split(".", 1))
    raise SourceError(f"{where}: name what to read: ?table=NAME in the address, or a query")


def address(url: str) -> str:
    """Return an address as libpq takes it, without the `?table=` that is ours."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    rest = urlencode([(key, value) for key, value in pairs if key != "table"])
    return urlunsplit(parts._replace(scheme="postgresql", query=rest))


def masked(url: str) -> str:
    """Return an address without the passwords, keys and tokens in it."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    netloc = f"{name}{':***' if colon else ''}{at}{host}"
    _, _, port = host.rpartition(":")
    if "@" in parts.path and not at and ":" in host and not (port.isdigit() or host.endswith("]")):
        # A password with a / of its own, not written %2F: what follows it is no path.
        return f"{parts.scheme}://***{url[url.rfind('@') :]}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if any(_SECRET.search(key) for key, _ in pairs):
        hidden = [(key, "***" if _SECRET.search(key) else value) for key, value in pairs]
        return urlunsplit(parts._replace(netloc=netloc, query=urlencode(hidden, safe="*")))
    return url if netloc == parts.netloc else urlunsplit(parts._replace(netloc=netloc))


def _read(
    connection: psycopg.Connection,
    relation: sql.Composable,
    schema: FrameSchema,
    columns: Mapped,
    where: str,
    limits: Limits,
) -> Table:
    empty = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(relation))
    found = [column.name for column in empty.description or ()]
    present = resolve(found, schema, columns, where)
    builder = TableBuilder(list(present), where, limits)
    # As text, like every other source: only the schema gives types.
    selected = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(theirs)) for theirs in present.values()
    )
    with connection.cursor(name="contender_source") as cursor:
        cursor.itersize = CHUNK_ROWS
        cursor.execute(sql.SQL("SELECT {} FROM {}").format(selected, relation))
        for line, row in enumerate(cursor, start=1):
            builder.add(line, row)
    return builder.finish()
