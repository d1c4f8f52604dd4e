"""The audit log: who did what, from where, and what became of it. Rows are added, never changed.

Rows older than the stated retention are deleted, and nothing else ever is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, func, insert, select

from pipelines.access.keys import Clock, now, stamp
from pipelines.access_tables import audit_events
from pipelines.store import Store

Outcome = Literal["done", "denied", "refused", "failed"]
MOST_CHARACTERS = 500
"""Of a path and of a note; the other columns say how long they are."""


@dataclass(frozen=True)
class Deed:
    """What somebody did or tried."""

    who: str
    key_id: str | None
    role: str
    action: str
    """Method and path of the route, or the command."""
    path: str
    """The path that was really asked."""
    address: str
    request_id: str
    status: int
    """Of the answer; 0 of a command."""
    outcome: Outcome
    note: str = ""


@dataclass(frozen=True)
class Entry(Deed):
    """A row of the log."""

    number: int = 0
    at: str = ""


class AuditLog:
    """Appends to the log, reads it, and forgets what has passed its retention."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    def add(self, deed: Deed) -> None:
        """Append a row; it is on disk when this returns."""
        with self._store.write() as connection:
            last = connection.execute(select(func.max(audit_events.c.number))).scalar()
            connection.execute(
                insert(audit_events).values(
                    **{name: _kept(name, value) for name, value in vars(deed).items()},
                    number=int(last or 0) + 1,
                    at=stamp(self._clock()),
                )
            )

    def list(
        self,
        *,
        who: str | None = None,
        outcome: Outcome | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Entry]:
        """Return rows, the newest first; `before` goes on below a row's number."""
        query = select(audit_events)
        if who is not None:
            query = query.where(audit_events.c.who == who)
        if outcome is not None:
            query = query.where(audit_events.c.outcome == outcome)
        if before is not None:
            query = query.where(audit_events.c.number < before)
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(audit_events.c.number.desc()).limit(limit))
            return [Entry(**dict(row._mapping)) for row in rows]

    def forget(self, older_than: timedelta) -> int:
        """Delete what is older than the retention; return how many rows that were.

        The newest row always stays, so that numbers are never given twice.
        """
        end = stamp(self._clock() - older_than)
        newest = select(func.max(audit_events.c.number)).scalar_subquery()
        old = (audit_events.c.at < end) & (audit_events.c.number < newest)
        with self._store.write() as connection:
            return int(connection.execute(delete(audit_events).where(old)).rowcount)


def _kept(column: str, value: object) -> object:
    # A NUL can be stored by no PostgreSQL, and whoever reads the log must not be led astray: an
    # address is what a proxy says, and the escape sequences of a terminal may be in it.
    if not isinstance(value, str):
        return value
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in value)
    return plain[: getattr(audit_events.c[column].type, "length", None) or MOST_CHARACTERS]
