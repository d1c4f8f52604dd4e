"""The tables of the lifecycle: decisions, test sets, predictions, labels, feed, leases.

Each is written by the module named beside it and by no other; `pipelines.store` opens them.
"""

from __future__ import annotations

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
)

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

label_withdrawals = Table(  # pipelines.labels
    "label_withdrawals",
    metadata,
    Column("label_id", String(40), primary_key=True),
    Column("reviewer", String(128), nullable=False),
    Column("created_at", String(32), nullable=False),
)

review_choices = Table(  # pipelines.orders.choices
    "review_choices",
    metadata,
    Column("choice_id", String(64), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("line_id", String(64), nullable=False),
    Column("action", String(8), nullable=False),
    Column("code", String(256)),
    Column("quantity", Float, nullable=False),
    Column("reviewer", String(128), nullable=False),
    Column("shown", Text, nullable=False),
    Column("label_id", String(40)),
    Column("label_made", Boolean, nullable=False),
    Column("at", String(32), nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("choices_of_line", "line_id", "number"),
    Index("choices_by_time", "created_at"),
)

confirmed_orders = Table(  # pipelines.orders.confirmed_orders
    "confirmed_orders",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("order_id", String(40), nullable=False, unique=True),
    Column("message_id", String(128), nullable=False),
    Column("part", Integer, nullable=False),
    Column("reviewer", String(128), nullable=False),
    Column("lines", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("delivery", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Float),
    Column("delivered_at", String(32)),
    Column("error", Text),
    UniqueConstraint("message_id", "part", name="orders_of_message"),
    Index("orders_to_deliver", "delivery", "next_attempt_at"),
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
Index(
    "feed_that_waits",
    feed_lines.c.received_at,
    sqlite_where=feed_lines.c.read.is_(False),
    postgresql_where=feed_lines.c.read.is_(False),
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
