"""The tables of access: keys, sessions of the console, and the audit log.

Each is written by the module named beside it and by no other.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from pipelines.tables import metadata

access_keys = Table(  # pipelines.access.keys
    "access_keys",
    metadata,
    Column("key_id", String(24), primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("expires_at", String(32)),
    Column("revoked_at", String(32)),
    Column("revoked_by", String(128)),
    Column("succeeds", String(24)),
)

access_sessions = Table(  # pipelines.access.sessions
    "access_sessions",
    metadata,
    Column("session_sha256", String(64), primary_key=True),
    Column("key_id", String(24), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Index("sessions_of_key", "key_id"),
)

audit_events = Table(  # pipelines.access.audit
    "audit_events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("who", String(128), nullable=False),
    Column("key_id", String(24)),
    Column("role", String(16), nullable=False),
    Column("action", String(300), nullable=False),
    Column("path", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Index("audit_by_time", "at"),
    Index("audit_by_name", "who", "number"),
)
