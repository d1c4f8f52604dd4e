"""The queue of one live version whose workers are elsewhere: in place of threads, the post."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pipelines.contract import Row
from serving.live import callers
from serving.live.batching import LONGEST_RETRY_SECONDS, QueueFull, QueueLimits, Watch
from serving.live.callers import CallerGone, DeadlinePassed
from serving.live.costs import Cost
from serving.live.turns import Rows, Ticket
from serving.remote.errand import Errand
from serving.remote.post import Letter
from serving.remote.wire import NoModelWorker, Target

LOOK_SECONDS = 0.02


class Carrier(Protocol):
    """What a desk asks of the post."""

    def send(self, letter: Letter) -> None:
        """Take a letter; its sender hears of it. Raises `RedisAway` where that is known."""
        ...

    def drop(self, letter: Letter) -> None:
        """Forget a letter that nobody waits for."""
        ...


class RemoteDesk:
    """Sends the requests of one version to its workers; a `serving.live.batching.Queue`."""

    def __init__(
        self,
        post: Carrier,
        target: Target,
        cost: Callable[[], Cost],
        *,
        name: str,
        limits: QueueLimits,
        watch: Watch,
    ) -> None:
        self.target = target
        self.send = post.send
        self.drop = post.drop
        self._known_cost = cost
        self._name = name
        self._limits = limits
        self._watch = watch
        self._open: set[Errand] = set()
        self._workers = 1

    @property
    def cost(self) -> Cost:
        """What calls cost, by what the workers say."""
        return self._known_cost()

    @property
    def room(self) -> int:
        """How many usual instances a worker answers in one call."""
        return self.cost.instances_a_call

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        return bool(self._open)

    @property
    def waiting(self) -> int:
        """How many requests of this process wait for an answer."""
        return len(self._open)

    async def answer(self, instances: Sequence[Row], weight: float = 1.0) -> Rows:
        """Return the answers to instances that are known to be valid, in their order.

        Raises what the model raises for these very instances, `QueueFull`, `DeadlinePassed`,
        `CallerGone`, `InvalidDeadline`, `NoModelWorker`, `ModelWorkerFailed` or `RedisAway`.
        """
        try:
            seconds = callers.seconds_left(self._limits.deadline_seconds)
            ticket = Ticket(instances, asyncio.get_running_loop().create_future(), weight)
            return await self._run(ticket, seconds)
        except (DeadlinePassed, CallerGone) as error:
            reason = "deadline" if isinstance(error, DeadlinePassed) else "gone"
            self._watch.dropped(reason, self.waiting)
            raise

    def close(self, seconds: float = 0.0) -> None:
        """Wait for the answers that are under way, for so long at most."""
        deadline = time.monotonic() + seconds
        while self.busy and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)

    def limit(self, seconds: float) -> int:
        """Return behind how many others a request may wait that has so long; at least 1."""
        within = int(seconds * 1000 * self._workers / self._usual_ms)
        return max(1, min(self._limits.requests, within))

    def note(self, instances: int, workers: int) -> None:
        """Take note of what was queued, and of how many workers there are."""
        self._workers = max(1, workers)
        self._watch.called(instances, self.waiting)

    def refusal(self, why: str, waiting: int, workers: int) -> Exception:
        """Return what it means that a request was not queued."""
        if why == "nobody":
            return NoModelWorker(f"no model worker has {self._name}; one may have it soon")
        self._watch.dropped("full", self.waiting)
        expected = waiting * self._usual_ms / 1000 / max(1, workers)
        retry = max(1, min(LONGEST_RETRY_SECONDS, math.ceil(expected)))
        return QueueFull(f"{waiting} requests wait for {self._name} and no more may", retry)

    async def _run(self, ticket: Ticket, seconds: float) -> Rows:
        errand = Errand(self, ticket, time.monotonic() + seconds)
        self._open.add(errand)
        try:
            errand.begin(self._workers)
            rows: Rows = await callers.wait_for(ticket.answer, seconds)
            return rows
        finally:
            # Whatever became of it: what nobody waits for any more is taken back.
            self._open.discard(errand)
            errand.end()

    @property
    def _usual_ms(self) -> float:
        """What one of many requests is likely to take a worker."""
        many = self._limits.requests
        return self.cost.milliseconds(many, many) / many
