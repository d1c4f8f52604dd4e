"""Sessions of the console: made of a key, good for some hours, ended with the key or before.

The browser keeps a random token; the store keeps its sha256.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from pipelines import changes
from pipelines.access.keys import SUBJECT, Clock, now, seconds_of, stamp
from pipelines.access_tables import access_sessions
from pipelines.store import Store

MOST_OF_A_KEY = 20
"""Sessions of one key; with the next one the oldest ends. Servers keep all of them in memory, and
whoever has a key could begin as many as he likes."""


@dataclass(frozen=True)
class Session:
    """A session as the store has it."""

    session_sha256: str
    key_id: str
    expires_at: str

    @property
    def until(self) -> float:
        """Until when it is good, in seconds of the epoch."""
        return seconds_of(self.expires_at)


def digest_of(token: str) -> str:
    """Return what the store knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Begins and ends sessions."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    def begin(self, key_id: str, lasts: timedelta) -> str:
        """Begin a session and return its token; sessions that are over are forgotten."""
        token, moment = secrets.token_urlsafe(32), self._clock()
        with self._store.write() as connection:
            over = access_sessions.c.expires_at < stamp(moment)
            connection.execute(delete(access_sessions).where(over))
            _make_room(connection, key_id)
            connection.execute(
                insert(access_sessions).values(
                    session_sha256=digest_of(token),
                    key_id=key_id,
                    created_at=stamp(moment),
                    expires_at=stamp(moment + lasts),
                )
            )
            changes.moved(connection, SUBJECT)
        return token

    def end(self, token: str) -> None:
        """End a session, if there is one."""
        which = access_sessions.c.session_sha256 == digest_of(token)
        with self._store.write() as connection:
            if connection.execute(delete(access_sessions).where(which)).rowcount:
                changes.moved(connection, SUBJECT)


def _make_room(connection: Connection, key_id: str) -> None:
    table = access_sessions.c
    newest_first = (
        select(table.session_sha256)
        .where(table.key_id == key_id)
        .order_by(table.created_at.desc(), table.session_sha256)
    )
    digests = connection.execute(newest_first).scalars().all()
    for digest in digests[MOST_OF_A_KEY - 1 :]:
        connection.execute(delete(access_sessions).where(table.session_sha256 == digest))
