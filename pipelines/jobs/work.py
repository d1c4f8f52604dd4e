"""One job, from where it stands to its end: read, score, keep a part, and again.

Every part is on disk before the store says so, and the store says so in one transaction with the
progress. So a worker killed at any moment leaves a job whose next worker goes on after the last
part kept, with no row twice and none missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pipelines.decisions.log import Champion
from pipelines.jobs import results
from pipelines.jobs.folder import JobFolder
from pipelines.jobs.inputs import open_table
from pipelines.jobs.instances import Instances
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import Job, JobFailed, Part
from pipelines.jobs.rows import InputRow, Table
from pipelines.jobs.scoring import BATCH, Scored, Scorer, score

PART_SECONDS = 1.0
PART_ROWS = 50_000


class Stopped(RuntimeError):
    """The worker was asked to stop; what is done is kept."""


@dataclass(frozen=True)
class Pace:
    """How often work is kept: after so many seconds, or so many rows."""

    seconds: float = PART_SECONDS
    rows: int = PART_ROWS


@dataclass(frozen=True)
class Work:
    """A job in the hands of one worker, called `holder`."""

    queue: JobQueue
    job: Job
    holder: str
    folder: JobFolder
    champion: Champion
    """The version that answers; the one pinned, once the job has begun."""
    stopping: Callable[[], bool] = lambda: False
    pace: Pace = Pace()
    clock: Callable[[], float] = time.monotonic

    def run(self, scorer: Scorer) -> None:
        """Do what is left to do. Raises `JobFailed`, `NoLongerOurs` or `Stopped`."""
        job, asked = self.job, self.job.asked
        if not self.folder.input.is_file():
            raise JobFailed("the input is gone: API and worker must share the folder var/jobs")
        table = open_table(asked.kind, self.folder.input)
        instances = Instances(scorer.request_fields, table, asked.columns)
        layout = results.layout(table, scorer.response_fields, many=scorer.many)
        self.queue.begin(job.job_id, self.holder, self.champion, table.count)
        self._score(scorer, instances, layout, table)
        files = [self.folder.parts / file for file in self.queue.parts(job.job_id)]
        results.join(files, self.folder.result(asked.format), asked.format, layout)
        self.queue.finish(job.job_id, self.holder)
        self.folder.tidy()

    def _score(
        self, scorer: Scorer, instances: Instances, layout: results.Layout, table: Table
    ) -> None:
        first, start = self.job.rows_done, self.clock()
        waiting: list[Scored] = []
        for rows in _batches(table.rows(first)):
            waiting += score(scorer, instances, rows)
            stopping = self.stopping()
            now = self.clock()
            if stopping or now - start >= self.pace.seconds or len(waiting) >= self.pace.rows:
                self._keep(first, waiting, layout, now - start)
                first, start, waiting = first + len(waiting), now, []
            if stopping:
                raise Stopped(f"{self.job.job_id} goes on at row {first}")
        if waiting:
            self._keep(first, waiting, layout, self.clock() - start)

    def _keep(
        self, first: int, scored: Sequence[Scored], layout: results.Layout, seconds: float
    ) -> None:
        path = self.folder.new_part(first, self.holder)
        results.write_part(path, self.job.asked.format, layout, scored)
        refused = sum(each.error is not None for each in scored)
        part = Part(first, len(scored), refused, path.name)
        self.queue.add(self.job.job_id, self.holder, part, seconds)


def _batches(rows: Iterator[InputRow]) -> Iterator[Sequence[InputRow]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
