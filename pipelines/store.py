"""Contender's own store: decisions, test sets, prediction log, feedback, labels, feed, leases.

SQLAlchemy Core on SQLite (WAL) or PostgreSQL. What is at rest stands in `pipelines.tables` and
`pipelines.serving_tables`; both are at hand here, beside the way in.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, make_url

from pipelines import schema_version
from pipelines.access_tables import access_keys, access_sessions, audit_events
from pipelines.serving_tables import (
    job_parts,
    jobs,
    rollout_disagreements,
    rollout_limits,
    rollout_totals,
    rollout_units,
    serving_preparations,
    serving_processes,
    serving_switches,
    serving_workers,
)
from pipelines.tables import (
    changes,
    confirmed_orders,
    decisions,
    feed_lines,
    feedback,
    label_withdrawals,
    labels,
    leases,
    metadata,
    predictions,
    review_choices,
    test_sets,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.dialects import postgresql, sqlite

BUSY_TIMEOUT_SECONDS = 30
RETRY_SECONDS = 0.01
PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
"""Seconds until a PostgreSQL that says nothing is taken for away, and milliseconds until one that
has been talked to is: by default a cut network is waited for many minutes. The address may say
otherwise (`?connect_timeout=30`)."""

__all__ = [
    "Store",
    "access_keys",
    "access_sessions",
    "audit_events",
    "changes",
    "confirmed_orders",
    "decisions",
    "feed_lines",
    "feedback",
    "job_parts",
    "jobs",
    "label_withdrawals",
    "labels",
    "leases",
    "metadata",
    "open_store",
    "predictions",
    "review_choices",
    "rollout_disagreements",
    "rollout_limits",
    "rollout_totals",
    "rollout_units",
    "serving_preparations",
    "serving_processes",
    "serving_switches",
    "serving_workers",
    "test_sets",
]


class Store:
    """One engine with the two ways in: `read` (query by query) and `write` (one after another)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._joined = threading.local()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for queries; nothing it does is kept."""
        if joined := self._together():
            yield joined
            return
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection that holds the store's write lock until it commits.

        Everything commits together or, on any exception, not at all.
        """
        if joined := self._together():
            yield joined
            return
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(426613)")
            yield connection
            connection.commit()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of all that this thread reads and writes within the block.

        Nobody writes in between, so what was looked at still holds when something is written.
        """
        with self.write() as connection:
            self._joined.connection = connection
            try:
                yield
            finally:
                self._joined.connection = None

    def _together(self) -> Connection | None:
        return getattr(self._joined, "connection", None)

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """Return an insert that can say what happens where the row is there already.

        Only the store's own dialect is loaded for it: another one is 2 MB.
        """
        dialect = import_module(f"sqlalchemy.dialects.{self.engine.dialect.name}")
        statement: postgresql.Insert | sqlite.Insert = dialect.insert(table)
        return statement

    def close(self) -> None:
        """Release the connections."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Open a store; make its tables where they are missing, change those of an older release.

    `url` is an SQLAlchemy address such as `sqlite:///var/contender.db` or
    `postgresql+psycopg://user@host/contender`. Raises `pipelines.schema_version.StoreIsNewer`.
    """
    engine = _sqlite(url) if url.startswith("sqlite") else _elsewhere(url)
    store = Store(engine)
    try:
        with store.read() as connection:
            known = schema_version.revision_of(connection)
        if known != schema_version.NEWEST:
            with store.write() as connection:
                schema_version.bring_up_to_date(connection)
    except BaseException:
        store.close()
        raise
    return store


def _elsewhere(url: str) -> Engine:
    stated = make_url(url).query
    patience = {name: value for name, value in PATIENCE.items() if name not in stated}
    return create_engine(url, pool_pre_ping=True, connect_args=patience)


def _sqlite(url: str) -> Engine:
    path = url.removeprefix("sqlite:///")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: object, _record: object) -> None:
        # SQLAlchemy must leave transactions to us: BEGIN IMMEDIATE takes the write lock at the
        # start, so a transaction that read first cannot fail to upgrade later.
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Have the database write ahead. SQLite itself does not wait for others who change that mode
    at the same moment, as at the first start of several processes."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return
