"""Jobs without a server: a queue, folders, and a scorer that says of a text how long it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines.contract import RequestRefused, Row
from pipelines.decisions.log import Champion
from pipelines.jobs.folder import JobFolders
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import Asked, Job
from pipelines.jobs.work import Pace
from pipelines.jobs.worker import JobWorker
from pipelines.store import Store
from serving.protocols.columns import Column

CHAMPION = Champion("stub", "3", 2, "d000007-abcdef", "f" * 64, None)
EACH_BATCH = Pace(seconds=0.0)


@dataclass
class LengthScorer:
    """Refuses the text `no`; the contract takes texts only, and none that is empty."""

    request_fields: Sequence[Column] = (Column("text", "text", False, True),)
    response_fields: Sequence[Column] = (
        Column("topic", "text", False, True),
        Column("size", "integer", False, True),
    )
    many: bool = False
    calls: list[int] = field(default_factory=list)
    closed: int = 0
    before: Callable[[], None] = lambda: None
    """Called before each batch is answered."""

    def faults(self, instances: Sequence[Row]) -> list[str | None]:
        return [None if row.get("text") else "text: is missing" for row in instances]

    def answer(self, instances: Sequence[Row]) -> list[list[Row]]:
        self.before()
        self.calls.append(len(instances))
        for number, row in enumerate(instances):
            if row["text"] == "no":
                raise RequestRefused(f"instance {number}: no is no text")
        return [self._answer(str(row["text"])) for row in instances]

    def close(self) -> None:
        self.closed += 1

    def _answer(self, text: str) -> list[Row]:
        rows: list[Row] = [{"topic": text.upper(), "size": len(text)}]
        return rows * len(text) if self.many else rows


class Scene:
    """One store's jobs and as many workers as wanted."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.now = time.time()
        self.queue = JobQueue(store, clock=lambda: datetime.fromtimestamp(self.now, UTC))
        self.folders = JobFolders(folder / "jobs")
        self.scorer = LengthScorer()

    def hand_in(self, content: bytes, **asked: object) -> str:
        """Submit a file as the API does and return the job's id."""
        job_id, folder = self.folders.new()
        folder.input.write_bytes(content)
        kind = asked.get("kind", "csv")
        wanted = Asked(**{"model": "stub", "kind": kind, "format": kind, **asked})  # type: ignore[arg-type]
        self.queue.submit(job_id, wanted)
        return job_id

    def worker(self, **changes: object) -> JobWorker:
        """Return a worker that keeps every batch."""
        options = {
            "champion": lambda _model: CHAMPION,
            "load": lambda _champion: self.scorer,
            "pace": EACH_BATCH,
            "clock": lambda: self.now,
            "keep_days": 30,
        }
        return JobWorker(self.queue, self.folders, **(options | changes))  # type: ignore[arg-type]

    def work(self) -> None:
        """Do all jobs there are."""
        worker = self.worker()
        while worker.step():
            pass

    def job(self, job_id: str) -> Job:
        return self.queue.get(job_id)

    def result(self, job_id: str) -> bytes:
        job = self.job(job_id)
        assert job.state == "done", job.error
        return self.folders.of(job_id).result(job.asked.format).read_bytes()


class Stopping:
    """Says stop from the n-th time on that it is asked."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self) -> bool:
        self._left -= 1
        return self._left < 0


def texts(count: int) -> bytes:
    """A CSV file of that many rows, every tenth of them refused."""
    lines = ["number,text", *(f"{n},{'no' if n % 10 == 9 else f'text {n}'}" for n in range(count))]
    return ("\n".join(lines) + "\n").encode()


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Start `work` in a thread of its own."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread
