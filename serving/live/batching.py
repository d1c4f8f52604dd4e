"""The queue of one live version, for what cannot be answered on the event loop itself.

Nobody waits for a batch to fill: an idle thread takes a request at once, and a busy one takes
afterwards, in one call, what has come meanwhile.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelines.contract import Row
from serving.live import callers, turns
from serving.live.callers import CallerGone, DeadlinePassed
from serving.live.calls import Calls
from serving.live.costs import Cost
from serving.live.turns import Part, Rows, Ticket, Turns

LONGEST_RETRY_SECONDS = 60
MEMORY = 0.2
"""Weight of the newest call where we ask how far calls cost more than they did in the warm-up."""
LARGEST_DRIFT = 10.0


class QueueFull(RuntimeError):
    """One more request would wait in vain; `retry_after_seconds` says when to come again."""

    def __init__(self, message: str, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Watch(Protocol):
    """Who counts what happens in a queue."""

    def called(self, instances: int, waiting: int) -> None:
        """Take note of a call that begins, and of the requests that wait on."""
        ...

    def dropped(self, reason: str, waiting: int) -> None:
        """Take note of a request that is not answered, and of those that wait on.

        Reasons are `full`, `deadline` and `gone`.
        """
        ...


class Unwatched:
    """Counts nothing."""

    def called(self, instances: int, waiting: int) -> None:
        """Forget it."""

    def dropped(self, reason: str, waiting: int) -> None:
        """Forget it."""


@dataclass(frozen=True)
class QueueLimits:
    """How many requests may wait for one version, and how long."""

    requests: int = 256
    deadline_seconds: float = 30.0


class Queue(Protocol):
    """Where requests wait for one version."""

    @property
    def cost(self) -> Cost:
        """What calls cost."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a call is under way, or a request waits for one."""
        ...

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        ...

    async def answer(self, instances: Sequence[Row], weight: float = 1.0) -> Rows:
        """Return the answers to valid instances, in their order; see `Batcher.answer`."""
        ...

    def close(self, seconds: float = 0.0) -> None:
        """Answer what waits, for so long at most; nothing is asked any more."""
        ...


class Batcher:
    """A bounded queue and the threads that work it off; thread-safe."""

    def __init__(
        self,
        predict: Callable[[Sequence[Row]], Rows],
        cost: Cost,
        *,
        name: str,
        threads: int = 1,
        limits: QueueLimits | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._cost = cost
        self._name = name
        self._most_threads = threads
        self._limits = limits or QueueLimits()
        self._watch: Watch = watch or Unwatched()
        self._condition = threading.Condition()
        self._turns = Turns(cost, room=cost.instances_a_call, together=cost.batches)
        self._calls = Calls(predict, lock=self._condition, tell=turns.settle)
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closing = False
        self._drift = 1.0

    async def answer(self, instances: Sequence[Row], weight: float = 1.0) -> Rows:
        """Return the answers to instances that are known to be valid, in their order.

        `weight` is what one of them costs, at least 1: as much as an instance of the warm-up.

        Raises what the model raises for these very instances, `QueueFull`, `DeadlinePassed`,
        `CallerGone` or `InvalidDeadline`.
        """
        try:
            seconds = callers.seconds_left(self._limits.deadline_seconds)
            return await self._turn(Ticket(instances, _answer(), weight), seconds)
        except (DeadlinePassed, CallerGone) as error:
            reason = "deadline" if isinstance(error, DeadlinePassed) else "gone"
            self._watch.dropped(reason, self.waiting)
            raise

    @property
    def cost(self) -> Cost:
        """What calls cost, by the warm-up."""
        return self._cost

    @property
    def busy(self) -> bool:
        """Whether a call is under way, or a request waits for one."""
        with self._condition:
            return bool(self._turns) or self._idle < len(self._threads)

    @property
    def waiting(self) -> int:
        """How many requests wait for their first call, or for another one."""
        return len(self._turns)

    def close(self, seconds: float = 0.0) -> None:
        """Answer what waits, and end the threads; wait for them at most `seconds`."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    async def _turn(self, ticket: Ticket, seconds: float) -> Rows:
        self._enqueue(ticket, seconds)
        try:
            rows: Rows = await callers.wait_for(ticket.answer, seconds)
            return rows
        finally:
            # Whatever became of it: what nobody waits for any more is not begun.
            self._drop(ticket)

    def _enqueue(self, ticket: Ticket, seconds: float) -> None:
        with self._condition:
            self._require_room(seconds)
            self._turns.join(ticket)
            if self._idle:
                self._condition.notify()
            # One that was woken counts as idle until it runs: it may be meant for another request.
            if self._idle < len(self._turns) and len(self._threads) < self._most_threads:
                name = f"predict-{self._name}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()

    def _require_room(self, seconds: float) -> None:
        waiting = len(self._turns)
        expected = self._turns.milliseconds / 1000 * self._drift / self._most_threads
        if waiting >= self._limits.requests:
            why = "no more may"
        elif expected > seconds:
            why = f"this one's turn would come in {expected:.1f} s, of which it has {seconds:.1f}"
        else:
            return
        self._watch.dropped("full", waiting)
        retry = max(1, min(LONGEST_RETRY_SECONDS, math.ceil(expected)))
        raise QueueFull(f"{waiting} requests wait for {self._name} and {why}", retry)

    def _drop(self, ticket: Ticket) -> None:
        if ticket.left:
            with self._condition:
                self._turns.leave(ticket)

    def _work(self) -> None:
        while parts := self._next():
            started = time.monotonic()
            self._calls.answer(parts, self._drop)
            self._remember(parts, time.monotonic() - started)

    def _next(self) -> list[Part]:
        with self._condition:
            self._idle += 1
            while not self._turns and not self._closing:
                self._condition.wait()
            self._idle -= 1
            parts = self._turns.take()
            if not parts:
                self._threads.remove(threading.current_thread())
            waiting = len(self._turns)
        if parts:
            self._watch.called(sum(part.size for part in parts), waiting)
        return parts

    def _remember(self, parts: list[Part], seconds: float) -> None:
        usual = self._cost.milliseconds(sum(part.burden for part in parts), len(parts)) / 1000
        with self._condition:
            self._drift += MEMORY * (min(seconds / usual, LARGEST_DRIFT) - self._drift)


def _answer() -> asyncio.Future[Rows]:
    return asyncio.get_running_loop().create_future()
