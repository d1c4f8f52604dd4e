"""The tables of what serves: workers that agree, rollouts, jobs.

Each is written by the module named beside it and by no other; `pipelines.store` opens them.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from pipelines.tables import metadata

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

rollout_units = Table(  # pipelines.rollouts.feedback
    "rollout_units",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("unit", String(64), nullable=False),
)

rollout_disagreements = Table(  # pipelines.rollouts.disagreements
    "rollout_disagreements",
    metadata,
    Column("rollout_id", String(40), primary_key=True),
    Column("request", String(40), primary_key=True),
    Column("instance", Text, nullable=False),
    Column("champion_answer", Text, nullable=False),
    Column("challenger_answer", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

jobs = Table(  # pipelines.jobs.queue
    "jobs",
    metadata,
    Column("job_id", String(40), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked", Text, nullable=False),
    Column("champion", Text),
    Column("holder", String(128)),
    Column("attempts", Integer, nullable=False),
    Column("rows_total", Integer),
    Column("rows_done", Integer, nullable=False),
    Column("rows_refused", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("error", Text),
    Column("created_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("finished_at", String(32)),
    Index("jobs_by_state", "state", "created_at"),
)

job_parts = Table(  # pipelines.jobs.queue
    "job_parts",
    metadata,
    Column("job_id", String(40), primary_key=True),
    Column("first_row", Integer, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("file", String(128), nullable=False),
)

label_requests = Table(  # pipelines.label_requests.queue
    "label_requests",
    metadata,
    Column("campaign_id", String(40), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("model", String(128), nullable=False),
    Column("key", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("stratum", String(16), nullable=False),
    Column("weight", Float, nullable=False),
    Column("answers", Text, nullable=False),
    Index("label_requests_of_text", "model", "key"),
)
