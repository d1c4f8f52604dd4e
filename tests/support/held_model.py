"""A model whose calls a test holds up and counts, and the queue before it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from pipelines.contract import RequestRefused
from pipelines.versions.flavour_runtime import WorkerLost
from serving.live.batching import Batcher, QueueLimits
from serving.live.costs import Cost

PAYS = Cost(single_ms=10.0, batch_ms=20.0)
PAYS_NOT = Cost(single_ms=10.0, batch_ms=150.0)


class Model:
    """Doubles numbers, one call at a time and only while the gate is open; keeps every call."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.calls: list[list[int]] = []
        self.lost: set[int] = set()

    def predict(self, instances):
        numbers = [row["n"] for row in instances]
        self.calls.append(numbers)
        self.begun.release()
        assert self.gate.wait(20), "nobody opened the gate"
        if self.lost & set(numbers):
            self.lost.clear()
            raise WorkerLost("the worker process did not answer: it has ended")
        for place, number in enumerate(numbers):
            if number < 0:
                raise RequestRefused(f"instance {place}: 'n' is negative")
        return [[{"n": 2 * number}] for number in numbers]

    async def busy(self) -> None:
        """Return once a call has begun."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=20), "no call began"


class Meter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []
        self.drops: list[str] = []

    def called(self, instances, waiting):
        self.calls.append((instances, waiting))

    def dropped(self, reason, waiting):
        self.drops.append((reason, waiting))


@contextmanager
def queues_before(model: Model, meter: Meter) -> Iterator[Callable[..., Batcher]]:
    """Yield what makes queues before a model; they are closed in the end."""
    made: list[Batcher] = []

    def make(cost: Cost = PAYS, *, requests: int = 256, deadline_seconds: float = 20.0) -> Batcher:
        limits = QueueLimits(requests, deadline_seconds)
        made.append(Batcher(model.predict, cost, name="m", limits=limits, watch=meter))
        return made[-1]

    yield make
    model.gate.set()
    for queue in made:
        queue.close(20)


def rows(*numbers: int) -> list[dict]:
    return [{"n": number} for number in numbers]


def numbers(answers) -> list[int]:
    return [answer[0]["n"] for answer in answers]


def soon(work: Coroutine) -> asyncio.Task:
    return asyncio.get_running_loop().create_task(work)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")
