"""Change counters: one cheap row that tells a reader whether it must look again.

A writer moves the counter in the transaction that changes the rows, so a reader that saw the
counter's value before it read the rows never misses a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from pipelines.store import changes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipelines.store import Store


def moved(connection: Connection, subject: str) -> None:
    """Say that something about `subject` changes with this transaction of `Store.write`."""
    row = changes.c.subject == subject
    counted = connection.execute(update(changes).where(row).values(moves=changes.c.moves + 1))
    if counted.rowcount == 0:
        connection.execute(insert(changes).values(subject=subject, moves=1))


def counts(store: Store, subjects: Sequence[str]) -> tuple[int, ...]:
    """Return how often each subject has changed, in the order asked for."""
    with store.read() as connection:
        rows = connection.execute(
            select(changes.c.subject, changes.c.moves).where(changes.c.subject.in_(subjects))
        )
        known = {row.subject: int(row.moves) for row in rows}
    return tuple(known.get(subject, 0) for subject in subjects)
