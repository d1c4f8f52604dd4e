"""Contender's own store: decisions, test sets, prediction log, feedback, labels, feed, leases.

SQLAlchemy Core on SQLite (WAL) or PostgreSQL. All tables stand here, so that one look shows what
is at rest; each is written by the module named beside it and by no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.schema import CreateIndex
from sqlalchemy.schema import CreateIndex

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_SECONDS = 30

metadata = MetaData()

decisions = Table(  # pipelines.decisions.log
    "decisions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("decision_id", String(40), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("version", String(32)),
    Column("verdict", String(32)),
    Column("generation", Integer),
    Column("test_set_id", String(64)),
    Column("look", Integer),
    Column("artifact_digest", String(64)),
    Column("created_at", String(32), nullable=False),
    Column("record", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    UniqueConstraint("model", "generation", name="one_champion_a_generation"),
    UniqueConstraint("test_set_id", "look", name="one_decision_a_look"),
    Index("decisions_of_model", "model", "seq"),
    Index("decisions_of_kind", "kind", "model", "seq"),
    Index("decisions_of_kind", "kind", "model", "seq"),
)

test_sets = Table(  # pipelines.test_sets.frozen
    "test_sets",
    metadata,
    Column("test_set_id", String(64), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("source_key", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("manifest", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    UniqueConstraint("model", "source_key", "generation", name="one_test_set_a_generation"),
)

predictions = Table(  # pipelines.prediction_log
    "predictions",
    metadata,
    Column("prediction_id", String(40), primary_key=True),
    Column("request_id", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("version", String(32), nullable=False),
    Column("decision_id", String(40), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("instance", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("predictions_of_model", "model", "created_at"),
)

feedback = Table(  # pipelines.prediction_log
    "feedback",
    metadata,
    Column("feedback_id", String(40), primary_key=True),
    Column("prediction_id", String(40), nullable=False),
    Column("model", String(128), nullable=False),
    Column("actual", Text, nullable=False),
    Column("reviewer", String(128), nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("feedback_of_prediction", "prediction_id"),
    Index("feedback_of_model", "model", "created_at"),
    Index("feedback_of_model", "model", "created_at"),
)

labels = Table(  # pipelines.labels
    "labels",
    metadata,
    Column("label_id", String(40), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("key", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("value", String(256), nullable=False),
    Column("pool", String(8), nullable=False),
    Column("shown", Text, nullable=False),
    Column("reviewer", String(128), nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("labels_of_text", "model", "key", "created_at"),
)

feed_lines = Table(  # pipelines.orders.feed
    "feed_lines",
    metadata,
    Column("line_id", String(64), primary_key=True),
    Column("message_id", String(128), nullable=False),
    Column("position", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("quantity", Float, nullable=False),
    Column("audio", Text),
    Column("prediction", Text),
    Column("read", Boolean, nullable=False, default=False),
    Column("received_at", String(32), nullable=False),
    Index("feed_by_time", "received_at"),
)

changes = Table(  # pipelines.changes
    "changes",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("moves", Integer, nullable=False),
)

leases = Table(  # pipelines.leases
    "leases",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("host", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", String(64), nullable=False),
    Column("expires_at", Float, nullable=False),
)

serving_workers = Table(  # pipelines.confirmations
    "serving_workers",
    metadata,
    Column("worker_id", String(64), primary_key=True),
    Column("model", String(128), primary_key=True),
    Column("version", String(32), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("decision_id", String(40), nullable=False),
    Column("confirmed_at", String(32), nullable=False),
    Column("seen_at", Float, nullable=False),
)

serving_processes = Table(  # pipelines.rendezvous
    "serving_processes",
    metadata,
    Column("worker_id", String(64), primary_key=True),
    Column("host", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", String(64), nullable=False),
    Column("seen_at", Float, nullable=False),
)

serving_preparations = Table(  # pipelines.rendezvous
    "serving_preparations",
    metadata,
    Column("worker_id", String(64), primary_key=True),
    Column("model", String(128), primary_key=True),
    Column("version", String(32), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("decision_id", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("said_at", Float, nullable=False),
)

serving_switches = Table(  # pipelines.rendezvous
    "serving_switches",
    metadata,
    Column("model", String(128), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("decision_id", String(40), nullable=False),
    Column("switch_at", Float, nullable=False),
)

rollout_totals = Table(  # pipelines.rollouts.observations
    "rollout_totals",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("worker_id", String(64), primary_key=True),
    Column("stage", Integer, primary_key=True),
    Column("arm", String(16), primary_key=True),
    Column("counts", Text, nullable=False),
    Column("written_at", Float, nullable=False),
)

rollout_limits = Table(  # pipelines.rollouts.observations
    "rollout_limits",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("latency_limit_ms", Float, nullable=False),
)

rollout_units = Table(  # pipelines.rollouts.observations
    "rollout_units",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("unit", String(64), nullable=False),
)

rollout_choices = Table(  # pipelines.rollouts.observations
    "rollout_choices",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("unit", String(64), nullable=False),
    Column("champion_wins", Integer, nullable=False),
    Column("challenger_wins", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("rollout_choices_by_time", "rollout_id", "created_at"),
)

rollout_disagreements = Table(  # pipelines.rollouts.observations
    "rollout_disagreements",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("instance", Text, nullable=False),
    Column("champion_answer", Text, nullable=False),
    Column("challenger_answer", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

rollout_totals = Table(  # pipelines.rollouts.observations
    "rollout_totals",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("worker_id", String(64), primary_key=True),
    Column("stage", Integer, primary_key=True),
    Column("arm", String(16), primary_key=True),
    Column("counts", Text, nullable=False),
    Column("written_at", Float, nullable=False),
)

rollout_limits = Table(  # pipelines.rollouts.observations
    "rollout_limits",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("latency_limit_ms", Float, nullable=False),
)

rollout_units = Table(  # pipelines.rollouts.observations
    "rollout_units",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("unit", String(64), nullable=False),
)

rollout_choices = Table(  # pipelines.rollouts.observations
    "rollout_choices",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("unit", String(64), nullable=False),
    Column("champion_wins", Integer, nullable=False),
    Column("challenger_wins", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("rollout_choices_by_time", "rollout_id", "created_at"),
)

rollout_disagreements = Table(  # pipelines.rollouts.observations
    "rollout_disagreements",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("instance", Text, nullable=False),
    Column("champion_answer", Text, nullable=False),
    Column("challenger_answer", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)


class Store:
    """One engine with the two ways in: `read` (query by query) and `write` (one after another)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for queries; nothing it does is kept."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection that holds the store's write lock until it commits.

        Everything commits together or, on any exception, not at all.
        """
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(426613)")
            yield connection
            connection.commit()

    def close(self) -> None:
        """Release the connections."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Open a store, creating its tables where they are missing.

    `url` is an SQLAlchemy address such as `sqlite:///var/contender.db` or
    `postgresql+psycopg://user@host/contender`.
    """
    engine = _sqlite(url) if url.startswith("sqlite") else create_engine(url, pool_pre_ping=True)
    store = Store(engine)
    with store.write() as connection:
        metadata.create_all(connection)
        _create_indexes(connection)
    return store


def _create_indexes(connection: Connection) -> None:
    """Give tables that an earlier release made the indexes that this one asks by."""
    for table in metadata.sorted_tables:
        for index in table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))


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
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return engine
