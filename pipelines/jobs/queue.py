"""The jobs of a store: handed in, taken by one worker at a time, finished, forgotten.

Whatever a worker keeps is kept under its own name (`holder`) and only while the job is its own, so
a worker that was away too long, or whose job was cancelled, can add nothing to it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import delete, func, insert, select, update

from pipelines.decisions.log import Champion
from pipelines.jobs.record import (
    ATTEMPTS,
    UNFINISHED,
    Asked,
    Job,
    NoLongerOurs,
    Part,
    State,
    TooManyJobs,
    UnknownJob,
)
from pipelines.store import Store, job_parts, jobs

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

ERROR_CHARACTERS = 1_000
WAITING = 20

Listing = list[Job]


class JobQueue:
    """The jobs of one store; at most `waiting` of them may wait or run at a time."""

    def __init__(
        self,
        store: Store,
        *,
        waiting: int = WAITING,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self._waiting = waiting
        self._clock = clock

    def require_room(self) -> None:
        """Raise `TooManyJobs` when another job would not be taken now."""
        with self.store.read() as connection:
            self._require_room(connection)

    def submit(self, job_id: str, asked: Asked) -> Job:
        """Hand in a job whose input is in place. Raises `TooManyJobs`."""
        with self.store.write() as connection:
            self._require_room(connection)
            connection.execute(
                insert(jobs).values(
                    job_id=job_id,
                    model=asked.model,
                    state="queued",
                    asked=orjson.dumps(asdict(asked)).decode(),
                    attempts=0,
                    rows_done=0,
                    rows_refused=0,
                    seconds=0.0,
                    created_at=self._now(),
                )
            )
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return one job. Raises `UnknownJob`."""
        with self.store.read() as connection:
            return _get(connection, job_id)

    def list(
        self, model: str | None = None, state: State | None = None, limit: int | None = None
    ) -> Listing:
        """Return jobs, the newest first."""
        query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.job_id.desc())
        if model is not None:
            query = query.where(jobs.c.model == model)
        if state is not None:
            query = query.where(jobs.c.state == state)
        with self.store.read() as connection:
            return [_job(row) for row in connection.execute(query.limit(limit))]

    def unfinished(self) -> Listing:
        """Return the jobs that there is work on, in the order in which they were handed in."""
        query = select(jobs).where(jobs.c.state.in_(UNFINISHED))
        with self.store.read() as connection:
            found = connection.execute(query.order_by(jobs.c.created_at, jobs.c.job_id))
            return [_job(row) for row in found]

    def take(self, job_id: str, holder: str) -> Job | None:
        """Make a job `holder`'s own; None when there is no work on it (any more).

        Its worker having died too often without a row more, the job is failed instead.
        """
        with self.store.write() as connection:
            row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).first()
            if row is None or row.state not in UNFINISHED:
                return None
            if row.attempts >= ATTEMPTS:
                said = row.error or "whoever worked on it ended without a word"
                reason = f"given up after {ATTEMPTS} attempts at row {row.rows_done}: {said}"
                self._end(connection, job_id, "failed", reason)
                return None
            connection.execute(
                update(jobs)
                .where(jobs.c.job_id == job_id)
                .values(
                    state="running",
                    holder=holder,
                    attempts=row.attempts + 1,
                    started_at=row.started_at or self._now(),
                )
            )
            return _get(connection, job_id)

    def begin(self, job_id: str, holder: str, champion: Champion, rows_total: int) -> None:
        """Keep which version answers the whole job, and how much there is to do."""
        with self.store.write() as connection:
            _change(
                connection,
                job_id,
                holder,
                champion=orjson.dumps(asdict(champion)).decode(),
                rows_total=rows_total,
                error=None,
            )

    def add(self, job_id: str, holder: str, part: Part, seconds: float) -> None:
        """Keep a part of the result for good. Raises `NoLongerOurs`."""
        with self.store.write() as connection:
            _change(
                connection,
                job_id,
                holder,
                attempts=0,
                rows_done=part.first_row + part.rows,
                rows_refused=jobs.c.rows_refused + part.refused,
                seconds=jobs.c.seconds + seconds,
            )
            connection.execute(
                insert(job_parts).values(
                    job_id=job_id, first_row=part.first_row, rows=part.rows, file=part.file
                )
            )

    def parts(self, job_id: str) -> Sequence[str]:
        """Return the files that make the result so far, in order."""
        query = select(job_parts.c.file).where(job_parts.c.job_id == job_id)
        with self.store.read() as connection:
            return connection.execute(query.order_by(job_parts.c.first_row)).scalars().all()

    def put_back(self, job_id: str, holder: str, reason: str | None, *, blameless: bool) -> None:
        """Leave a job to whoever takes it next; `blameless` if it is not the job that failed."""
        with self.store.write() as connection:
            changed = {"attempts": 0} if blameless else {}
            _change(connection, job_id, holder, state="queued", error=_short(reason), **changed)

    def finish(self, job_id: str, holder: str) -> None:
        """Say that the result is in place. Raises `NoLongerOurs`."""
        with self.store.write() as connection:
            _change(connection, job_id, holder)
            self._end(connection, job_id, "done", None)

    def fail(self, job_id: str, holder: str, reason: str) -> None:
        """Say why there will be no result. Raises `NoLongerOurs`."""
        with self.store.write() as connection:
            _change(connection, job_id, holder)
            self._end(connection, job_id, "failed", reason)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job unless it is finished; return how it stood. Raises `UnknownJob`."""
        with self.store.write() as connection:
            job = _get(connection, job_id)
            if not job.finished:
                self._end(connection, job_id, "cancelled", None)
            return job

    def forget(self, job_id: str) -> None:
        """Delete the record of a finished job; one with work on it stays."""
        with self.store.write() as connection:
            connection.execute(
                delete(jobs).where(jobs.c.job_id == job_id, jobs.c.state.not_in(UNFINISHED))
            )

    def _end(self, connection: Connection, job_id: str, state: State, reason: str | None) -> None:
        connection.execute(
            update(jobs)
            .where(jobs.c.job_id == job_id)
            .values(state=state, error=_short(reason), holder=None, finished_at=self._now())
        )
        connection.execute(delete(job_parts).where(job_parts.c.job_id == job_id))

    def _require_room(self, connection: Connection) -> None:
        query = select(func.count()).select_from(jobs).where(jobs.c.state.in_(UNFINISHED))
        count = connection.execute(query).scalar_one()
        if count >= self._waiting:
            raise TooManyJobs(f"{count} jobs wait or run already; the limit is {self._waiting}")

    def _now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")


def _change(connection: Connection, job_id: str, holder: str, **values: object) -> None:
    changed = connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job_id, jobs.c.holder == holder, jobs.c.state == "running")
        .values(holder=holder, **values)
    )
    if changed.rowcount != 1:
        raise NoLongerOurs(f"{job_id} was cancelled, or another worker has taken it over")


def _get(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).first()
    if row is None:
        raise UnknownJob(f"no job is called {job_id!r}")
    return _job(row)


def _job(row: Row[tuple[object, ...]]) -> Job:
    values = dict(row._mapping)
    del values["holder"], values["model"]
    champion = values.pop("champion")
    return Job(
        asked=Asked(**orjson.loads(values.pop("asked"))),
        champion=Champion(**orjson.loads(champion)) if champion else None,
        **values,
    )


def _short(reason: str | None) -> str | None:
    # PostgreSQL keeps no NUL, and a reason may quote what stood in a file.
    return None if reason is None else reason.replace("\0", "�")[:ERROR_CHARACTERS]
