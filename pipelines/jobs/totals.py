"""How many jobs there are of each model, in which state, and how far they are together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipelines.store import jobs

if TYPE_CHECKING:
    from pipelines.store import Store


@dataclass(frozen=True)
class Total:
    """The jobs of one model in one state; `oldest` is when the first of them was handed in."""

    model: str
    state: str
    jobs: int
    rows_done: int
    rows_refused: int
    oldest: str


def totals(store: Store) -> list[Total]:
    """Return the totals of the jobs that are still kept."""
    query = (
        select(
            jobs.c.model,
            jobs.c.state,
            func.count().label("jobs"),
            func.sum(jobs.c.rows_done).label("rows_done"),
            func.sum(jobs.c.rows_refused).label("rows_refused"),
            func.min(jobs.c.created_at).label("oldest"),
        )
        .group_by(jobs.c.model, jobs.c.state)
        .order_by(jobs.c.model, jobs.c.state)
    )
    with store.read() as connection:
        return [Total(**row._mapping) for row in connection.execute(query)]
