"""What keys and sessions there are at a moment, as a server keeps them in memory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from pipelines import changes
from pipelines.access.keys import SUBJECT, Key, Keys
from pipelines.access.sessions import Session
from pipelines.access_tables import access_sessions
from pipelines.store import Store


@dataclass(frozen=True)
class Register:
    """The keys and sessions that were good when it was read, by id and by digest."""

    moves: int = -1
    """The change counter before it was read: another one means that it may be outdated."""
    keys: Mapping[str, Key] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)


def moves(store: Store) -> int:
    """Return how often keys or sessions have changed."""
    return changes.counts(store, [SUBJECT])[0]


def read(store: Store) -> Register:
    """Return the keys and sessions that are good now; the counter is read before them."""
    counted, seconds = moves(store), time.time()
    keys = {key.key_id: key for key in Keys(store).list() if key.until > seconds}
    columns = (
        access_sessions.c.session_sha256,
        access_sessions.c.key_id,
        access_sessions.c.expires_at,
    )
    with store.read() as connection:
        rows = connection.execute(select(*columns)).all()
    sessions = [Session(*row) for row in rows]
    return Register(
        counted,
        keys,
        {one.session_sha256: one for one in sessions if one.key_id in keys and one.until > seconds},
    )
