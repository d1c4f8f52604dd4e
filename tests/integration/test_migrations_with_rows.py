"""A store of any earlier release, with rows in every table, goes on with this one; on either
database, and however many open it at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgresql_server import new_database
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Table,
    create_engine,
    insert,
    select,
    text,
    update,
)

from pipelines.migrations.upgrade import FOLDER, configuration
from pipelines.schema_version import (
    NEWEST,
    VERSION_TABLE,
    StoreIsNewer,
    revision_of,
    versions,
)
from pipelines.store import Store, metadata, open_store

pytestmark = pytest.mark.both_databases
BEFORE = Path(__file__).parents[1] / "support" / "stores" / "before_revisions.sql"
OLDER = sorted(
    script.revision
    for script in ScriptDirectory(str(FOLDER)).walk_revisions()
    if script.revision != NEWEST
)
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def address(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database without any table."""
    if database == "postgresql":
        return new_database(request.getfixturevalue("postgresql_uri"))
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def begun(address: str) -> Callable[[Callable[[Connection], None]], Rows]:
    """Return what makes an old store, fills each of its tables, and returns the rows."""

    def begin(make: Callable[[Connection], None]) -> Rows:
        engine = create_engine(address)
        with engine.begin() as connection:
            make(connection)
        with engine.begin() as connection:
            found = tables_in(connection)
            for table in found:
                connection.execute(insert(table), [row_of(table, number) for number in (1, 2)])
            kept = {table.name: rows_of(connection, table) for table in found}
        engine.dispose()
        return kept

    return begin


def tables_in(connection: Connection) -> list[Table]:
    reflected = MetaData()
    reflected.reflect(connection)
    return [table for name, table in sorted(reflected.tables.items()) if name != VERSION_TABLE]


def row_of(table: Table, number: int) -> dict[str, object]:
    return {column.name: value_of(column, number) for column in table.columns}


def value_of(column: Column[Any], number: int) -> object:
    if isinstance(column.type, Boolean):
        return number == 1
    if isinstance(column.type, Integer):
        return number
    if isinstance(column.type, Float):
        return number + 0.25
    length = getattr(column.type, "length", None) or 40
    return f"ñ{number} {column.name}"[:length]


def rows_of(connection: Connection, table: Table) -> list[dict[str, Any]]:
    rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    return sorted(rows, key=str)


def held(store: Store, name: str, columns: list[str]) -> list[dict[str, Any]]:
    """Return what a store holds of the columns that a table had before."""
    with store.read() as connection:
        (table,) = (each for each in tables_in(connection) if each.name == name)
        rows = rows_of(connection, table)
    return sorted(({column: row[column] for column in columns} for row in rows), key=str)


def require_whole(address: str, before: Rows) -> None:
    store = open_store(address)
    try:
        with store.read() as connection:
            assert revision_of(connection) == NEWEST
            context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
            assert [str(each) for each in compare_metadata(context, metadata)] == []
        for name, rows in before.items():
            assert held(store, name, list(rows[0])) == rows, name
    finally:
        store.close()


@pytest.mark.parametrize("revision", OLDER)
def test_a_store_of_an_earlier_release_loses_no_row(address, begun, revision):
    def make(connection: Connection) -> None:
        command.upgrade(configuration(connection, VERSION_TABLE), revision)

    before = begun(make)

    assert len(before) >= 10
    require_whole(address, before)
    require_whole(address, before)  # opened once more, nothing is done again


def test_a_store_from_before_there_were_revisions_loses_no_row(address, begun):
    def make(connection: Connection) -> None:
        for statement in filter(str.strip, BEFORE.read_text().split(";")):
            connection.execute(text(statement))

    require_whole(address, begun(make))


def test_a_store_of_a_later_release_is_refused_and_left_as_it_is(address):
    store = open_store(address)
    with store.write() as connection:
        connection.execute(update(versions).values(version_num="9999"))
    with pytest.raises(StoreIsNewer, match=r"revision 9999.*install the release that wrote it"):
        open_store(address)
    with store.read() as connection:
        assert revision_of(connection) == "9999"
    store.close()


@pytest.mark.parametrize("old", [False, True])
def test_many_who_open_a_store_at_once_bring_it_up_to_date_once(address, begun, old):
    def make(connection: Connection) -> None:
        command.upgrade(configuration(connection, VERSION_TABLE), OLDER[0])

    before = begun(make) if old else {}
    together = threading.Barrier(4)

    def open_it(_: int) -> None:
        together.wait()
        open_store(address).close()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(open_it, range(4))) == [None] * 4
    require_whole(address, before)
