"""The loop of a job worker: take the oldest job, do it, tidy up, look again.

Any number of workers may share a store: a lease keeps each job to one of them, and a dead one's
job is taken over at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

from sqlalchemy.exc import SQLAlchemyError

from pipelines.decisions.log import Champion
from pipelines.jobs.folder import JobFolders
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import Job, JobFailed, NoLongerOurs, UnknownJob
from pipelines.jobs.scoring import Scorer
from pipelines.jobs.work import Pace, Stopped, Work
from pipelines.leases import Busy, Lease
from pipelines.observability import context

POLL_SECONDS = 0.5
AGAIN_SECONDS = 5.0
"""How long a job rests whose version could not be had, or whose model failed."""
TIDY_SECONDS = 60.0
ABANDONED_SECONDS = 3_600.0
"""An upload that nobody has written to for so long was broken off."""

logger = logging.getLogger(__name__)


class Unavailable(RuntimeError):
    """Something that a job needs is away for now, and not for a fault of the job's."""


class ScorerFailed(RuntimeError):
    """The model failed on a batch; it may do better the next time, or never."""


class JobWorker:
    """Works on the jobs of one store until told to stop.

    `champion` names a model's champion of the moment, `load` makes it ready to answer. Both may
    raise `JobFailed` or `Unavailable`; what `load` returned may raise `ScorerFailed`.
    """

    def __init__(
        self,
        queue: JobQueue,
        folders: JobFolders,
        champion: Callable[[str], Champion],
        load: Callable[[Champion], Scorer],
        *,
        stopping: Callable[[], bool] = lambda: False,
        keep_days: float = 7.0,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._folders = folders
        self._champion = champion
        self._load = load
        self._stopping = stopping
        self._keep_days = keep_days
        self._pace = pace or Pace()
        self._clock = clock
        self._resting: dict[str, float] = {}
        self._tidied_at = float("-inf")

    def step(self) -> bool:
        """Do one job, or as much of it as there is time for; False when there was nothing to do."""
        now = self._clock()
        if now - self._tidied_at >= TIDY_SECONDS:
            self._tidied_at = now
            self.tidy()
        for job in self._queue.unfinished():
            if self._resting.get(job.job_id, 0.0) <= now and self._try(job):
                return True
        return False

    def tidy(self) -> None:
        """Forget what was kept long enough, and delete what belongs to no job any more."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        limit = (now - timedelta(days=self._keep_days)).isoformat(timespec="milliseconds")
        known = {job.job_id: job for job in self._queue.list()}
        for job in known.values():
            if job.finished_at is not None and job.finished_at < limit:
                self._folders.of(job.job_id).delete()
                self._queue.forget(job.job_id)
            elif job.state == "done":
                self._folders.of(job.job_id).tidy()
            elif job.finished:
                self._folders.of(job.job_id).delete()
        for job_id in self._folders.ids():
            folder = self._folders.of(job_id)
            if job_id not in known and self._clock() - folder.touched_at() > ABANDONED_SECONDS:
                folder.delete()

    def _try(self, job: Job) -> bool:
        try:
            with Lease(self._queue.store, f"job:{job.job_id}") as lease:
                taken = self._queue.take(job.job_id, lease.holder)
                if taken is not None:
                    with context.bound(job_id=taken.job_id, model=taken.asked.model):
                        self._do(taken, lease.holder)
        except Busy:
            return False
        return True

    def _do(self, job: Job, holder: str) -> None:
        logger.info("%s: begins at row %d", job.job_id, job.rows_done)
        try:
            self._attempt(job, holder)
        except NoLongerOurs as error:
            logger.info("%s", error)
            self._drop(job.job_id)

    def _attempt(self, job: Job, holder: str) -> None:
        queue, job_id = self._queue, job.job_id
        try:
            self._score(job, holder)
        except JobFailed as error:
            logger.warning("%s failed: %s", job_id, error)
            queue.fail(job_id, holder, str(error))
            self._folders.of(job_id).delete()
        except Stopped:
            queue.put_back(job_id, holder, None, blameless=True)
        except (Unavailable, ScorerFailed, OSError) as error:
            logger.warning("%s waits: %s", job_id, error)
            self._resting[job_id] = self._clock() + AGAIN_SECONDS
            blameless = isinstance(error, Unavailable)
            queue.put_back(job_id, holder, str(error), blameless=blameless)

    def _score(self, job: Job, holder: str) -> None:
        champion = job.champion or self._champion(job.asked.model)
        scorer = self._load(champion)
        try:
            Work(
                self._queue,
                job,
                holder,
                self._folders.of(job.job_id),
                champion,
                self._stopping,
                self._pace,
            ).run(scorer)
        finally:
            scorer.close()
        by = {"version": champion.version, "decision_id": champion.decision_id}
        logger.info("%s: done", job.job_id, extra=by)

    def _drop(self, job_id: str) -> None:
        """Delete the files of a job that was cancelled; those of one taken over are another's."""
        try:
            if self._queue.get(job_id).state != "cancelled":
                return
        except UnknownJob:
            logger.info("%s is forgotten already", job_id)
        self._folders.of(job_id).delete()


def run(worker: JobWorker, stop: Event, *, poll_seconds: float = POLL_SECONDS) -> None:
    """Let a worker work until `stop` is set."""
    while not stop.is_set():
        try:
            busy = worker.step()
        except SQLAlchemyError as error:
            logger.warning("the store is away, trying again: %s", error)
            busy = False
        if not busy:
            stop.wait(poll_seconds)
