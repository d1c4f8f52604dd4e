"""Where serving workers meet before they switch, so that none answers with the new champion long
before another one does.

A swap has two phases. Each worker loads and warms up the decided champion and says so; when every
living worker has (or has failed to, or patience is over), whoever sees it first writes down one
moment for all, a little ahead. Whoever comes later finds that moment passed and switches at once.
Workers of several hosts keep the same time as far as their clocks do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, insert, select, update

from pipelines import confirmations
from pipelines.decisions.log import Champion
from pipelines.processes import ProcessIdentity, this_process
from pipelines.store import Store, serving_preparations, serving_processes, serving_switches

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

ALIVE_SECONDS = 15.0
"""A process of another host that was not seen for this long is not waited for."""
PATIENCE_SECONDS = 5.0
"""How long the first worker that is prepared waits for the others."""
LEAD_SECONDS = 0.15
"""How far ahead the moment lies: longer than every worker takes to read it."""

State = Literal["prepared", "failed"]


@dataclass(frozen=True)
class Preparation:
    """One worker's word on a decided champion that it does not answer with yet."""

    worker_id: str
    model: str
    version: str
    generation: int
    decision_id: str
    state: State
    note: str
    """Why it failed, or nothing."""
    said_at: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class Member:
    """A worker that takes part, whatever it serves."""

    worker_id: str
    process: ProcessIdentity
    seen_at: float
    """Seconds since 1970."""


class Rendezvous:
    """One worker's part in meeting the others. All of it may raise `SQLAlchemyError`."""

    def __init__(
        self,
        store: Store,
        worker_id: str,
        *,
        process: ProcessIdentity | None = None,
        alive_seconds: float = ALIVE_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        lead_seconds: float = LEAD_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.worker_id = worker_id
        self.patience_seconds = patience_seconds
        self.clock = clock
        self._store = store
        self._process = process or this_process()
        self._alive_seconds = alive_seconds
        self._lead_seconds = lead_seconds

    def join(self) -> None:
        """Take part from now on, or still; repeat it now and then. Forgets those who are dead."""
        now = self.clock()
        with self._store.write() as connection:
            seen = update(serving_processes).where(serving_processes.c.worker_id == self.worker_id)
            if not connection.execute(seen.values(seen_at=now)).rowcount:
                row = {"worker_id": self.worker_id, **vars(self._process), "seen_at": now}
                connection.execute(insert(serving_processes).values(row))
        for member in self._others():
            if member.process.is_dead or member.seen_at < now - confirmations.FORGET_SECONDS:
                _forget(self._store, member.worker_id)

    def leave(self) -> None:
        """Take part no more, so that nobody waits for this worker."""
        _forget(self._store, self.worker_id)

    def say(self, champion: Champion, state: State, note: str = "") -> None:
        """Let the others know how far this worker has come with a decided champion."""
        row = {
            "model": champion.model,
            "version": champion.version,
            "generation": champion.generation,
            "decision_id": champion.decision_id,
            "state": state,
            "note": note,
            "said_at": self.clock(),
        }
        with self._store.write() as connection:
            mine = _mine(self.worker_id, champion.model)
            connection.execute(delete(serving_preparations).where(mine))
            connection.execute(insert(serving_preparations).values(worker_id=self.worker_id, **row))

    def take_back(self, model: str, decision_id: str) -> None:
        """Say nothing any more: this worker answers with what it had prepared."""
        mine = _mine(self.worker_id, model) & (serving_preparations.c.decision_id == decision_id)
        with self._store.write() as connection:
            connection.execute(delete(serving_preparations).where(mine))

    def agreed(self, champion: Champion) -> float | None:
        """Return the moment that is written down for a champion or for a later one, if any."""
        with self._store.read() as connection:
            return _agreed(connection, champion)

    def moment(self, champion: Champion) -> float | None:
        """Return when to switch, in seconds since 1970, or None while others are waited for.

        To be asked by a worker that has said that it is prepared; the first that finds nobody
        left to wait for settles the moment for all.
        """
        found = self.agreed(champion)
        if found is not None:
            return found
        others = [member for member in self._others() if self._is_alive(member)]
        words = preparations(self._store, champion.model, champion.decision_id)
        said = {word.worker_id for word in words}
        prepared = [word.said_at for word in words if word.state == "prepared"]
        in_time = self.clock() < min(prepared, default=0.0) + self.patience_seconds
        if in_time and any(member.worker_id not in said for member in others):
            return None
        return self._settle(champion, self._lead_seconds if others else 0.0)

    def _settle(self, champion: Champion, lead_seconds: float) -> float:
        with self._store.write() as connection:
            # Somebody may have been faster; one moment holds for all.
            found = _agreed(connection, champion)
            if found is not None:
                return found
            moment = self.clock() + lead_seconds
            same = serving_switches.c.model == champion.model
            connection.execute(delete(serving_switches).where(same))
            connection.execute(
                insert(serving_switches).values(
                    model=champion.model,
                    generation=champion.generation,
                    decision_id=champion.decision_id,
                    switch_at=moment,
                )
            )
            return moment

    def _others(self) -> list[Member]:
        return [each for each in members(self._store) if each.worker_id != self.worker_id]

    def _is_alive(self, member: Member) -> bool:
        # A process of this host is alive or dead; of another one only its silence tells.
        if member.process.host != self._process.host:
            return member.seen_at >= self.clock() - self._alive_seconds
        return not member.process.is_dead


def members(store: Store) -> Sequence[Member]:
    """Return every worker that takes part, also those that died without leaving, by id."""
    query = select(serving_processes).order_by(serving_processes.c.worker_id)
    with store.read() as connection:
        return [
            Member(row.worker_id, ProcessIdentity(row.host, row.pid, row.started_at), row.seen_at)
            for row in connection.execute(query)
        ]


def preparations(store: Store, model: str, decision_id: str | None = None) -> list[Preparation]:
    """Return what workers say of a model's decided champions, or of one of them, by worker."""
    query = select(serving_preparations).where(serving_preparations.c.model == model)
    if decision_id is not None:
        query = query.where(serving_preparations.c.decision_id == decision_id)
    with store.read() as connection:
        rows = connection.execute(query.order_by(serving_preparations.c.worker_id))
        return [Preparation(**row._mapping) for row in rows]


def _agreed(connection: Connection, champion: Champion) -> float | None:
    query = select(serving_switches.c.switch_at).where(
        serving_switches.c.model == champion.model,
        serving_switches.c.generation >= champion.generation,
    )
    return connection.execute(query).scalar()


def _mine(worker_id: str, model: str) -> ColumnElement[bool]:
    of_worker = serving_preparations.c.worker_id == worker_id
    return of_worker & (serving_preparations.c.model == model)


def _forget(store: Store, worker_id: str) -> None:
    with store.write() as connection:
        for table in (serving_processes, serving_preparations):
            connection.execute(delete(table).where(table.c.worker_id == worker_id))
    confirmations.withdraw(store, worker_id)
