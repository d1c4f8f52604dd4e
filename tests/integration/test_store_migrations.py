"""A store of an earlier release goes on with this one, and loses nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgresql_server import new_database
from sqlalchemy import delete, insert, select, update

from pipelines.migrations.upgrade import FOLDER, upgrade
from pipelines.schema_version import NEWEST, VERSION_TABLE, StoreIsNewer, revision_of, versions
from pipelines.store import Store, changes, metadata, open_store

STORES = Path(__file__).parents[1] / "support" / "stores"


@contextmanager
def opened(address: str) -> Iterator[Store]:
    store = open_store(address)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def old_store(tmp_path: Path) -> str:
    """A store as it was before there were revisions, with a row in it."""
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((STORES / "before_revisions.sql").read_text())
        connection.execute("INSERT INTO changes VALUES ('labels', 7)")
        connection.commit()
    return f"sqlite:///{file}"


def differences(store: Store) -> list[object]:
    """Return what Alembic would still change in a store."""
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return [str(difference) for difference in compare_metadata(context, metadata)]


def tables_of(address: str) -> list[object]:
    with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as store:
        return store.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()


def test_the_newest_revision_is_the_one_that_a_store_is_held_against() -> None:
    assert ScriptDirectory(str(FOLDER)).get_current_head() == NEWEST


def test_a_new_store_has_the_tables_of_the_newest_revision(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'new.db'}") as store:
        with store.read() as connection:
            assert revision_of(connection) == NEWEST
        assert differences(store) == []


def test_a_store_from_before_revisions_is_brought_up_to_date_with_its_rows(old_store: str) -> None:
    with opened(old_store) as store:
        assert differences(store) == []
        with store.read() as connection:
            assert revision_of(connection) == NEWEST
            assert connection.execute(select(changes.c.moves)).scalar_one() == 7


def test_revisions_make_the_same_tables_on_postgresql(postgresql_uri: str) -> None:
    with opened(new_database(postgresql_uri)) as store:
        assert differences(store) == []
        with store.write() as connection:
            metadata.drop_all(connection)
            connection.execute(delete(versions))
            upgrade(connection, VERSION_TABLE)
        assert differences(store) == []


def test_a_revision_that_fails_leaves_the_store_as_it_was(
    old_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    tables = tables_of(old_store)
    with monkeypatch.context() as patch:
        patch.setattr(op, "create_index", refused)
        with pytest.raises(OSError, match="no space left"):
            open_store(old_store)
    assert tables_of(old_store) == tables
    with opened(old_store) as store:
        assert differences(store) == []


def test_a_store_of_a_later_release_is_refused_by_name(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'late.db'}"
    with opened(address) as store, store.write() as connection:
        connection.execute(update(versions).values(version_num="9999"))
    with pytest.raises(StoreIsNewer, match=r"revision 9999.*install the release that wrote it"):
        open_store(address)


def test_opening_a_store_that_is_up_to_date_waits_for_no_lock(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'busy.db'}"
    with opened(address) as store, store.write() as connection:
        connection.execute(insert(changes).values(subject="labels", moves=1))
        with opened(address) as another, another.read() as reading:
            assert revision_of(reading) == NEWEST


def test_a_store_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'new.db'}"
    with opened(address):
        program = f"import sys; from pipelines.store import open_store; open_store({address!r})"
        done = subprocess.run(
            [sys.executable, "-c", program + "; print('alembic' in sys.modules)"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.strip() == "False"
