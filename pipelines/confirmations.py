"""Which serving worker answers with which generation: what each says of itself.

A promotion's effect is complete when every living worker has confirmed the new generation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from pipelines.store import Store, serving_workers

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALIVE_SECONDS = 30.0
"""A worker that has not been seen for this long is not waited for."""
FORGET_SECONDS = 86_400.0


@dataclass(frozen=True)
class Confirmation:
    """One worker's word: since `confirmed_at` it answers `model` with this generation."""

    worker_id: str
    model: str
    version: str
    generation: int
    decision_id: str
    confirmed_at: str
    seen_at: float


def confirm(
    store: Store,
    worker_id: str,
    model: str,
    version: str,
    generation: int,
    decision_id: str,
    *,
    clock: Callable[[], float] = time.time,
) -> None:
    """Record what a worker serves from now on; repeat it now and then to be seen alive.

    Repeating moves only `seen_at`: `confirmed_at` stays the time of the swap.
    """
    now = clock()
    with store.write() as connection:
        connection.execute(
            delete(serving_workers).where(serving_workers.c.seen_at < now - FORGET_SECONDS)
        )
        if not _seen_again(connection, worker_id, model, decision_id, now):
            connection.execute(
                delete(serving_workers).where(
                    serving_workers.c.worker_id == worker_id, serving_workers.c.model == model
                )
            )
            connection.execute(
                insert(serving_workers).values(
                    worker_id=worker_id,
                    model=model,
                    version=version,
                    generation=generation,
                    decision_id=decision_id,
                    confirmed_at=datetime.fromtimestamp(now, UTC).isoformat(),
                    seen_at=now,
                )
            )


def confirmed(
    store: Store,
    model: str,
    *,
    within_seconds: float = ALIVE_SECONDS,
    clock: Callable[[], float] = time.time,
) -> list[Confirmation]:
    """Return the latest word of every worker seen lately, ordered by worker."""
    query = (
        select(serving_workers)
        .where(
            serving_workers.c.model == model,
            serving_workers.c.seen_at >= clock() - within_seconds,
        )
        .order_by(serving_workers.c.worker_id)
    )
    with store.read() as connection:
        return [Confirmation(**row._mapping) for row in connection.execute(query)]


def withdraw(store: Store, worker_id: str) -> None:
    """Forget a worker that stops, so that nobody waits for it."""
    with store.write() as connection:
        connection.execute(delete(serving_workers).where(serving_workers.c.worker_id == worker_id))


def _seen_again(
    connection: Connection, worker_id: str, model: str, decision_id: str, now: float
) -> bool:
    changed = connection.execute(
        update(serving_workers)
        .where(
            serving_workers.c.worker_id == worker_id,
            serving_workers.c.model == model,
            serving_workers.c.decision_id == decision_id,
        )
        .values(seen_at=now)
    )
    return changed.rowcount == 1
