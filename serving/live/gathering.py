"""Answers together, on the event loop itself, what arrives in the same round of it.

For quick models that are cheaper together. Nobody waits for a batch to fill and no thread is woken:
a lone request is answered at once, and of a crowd each round takes what has arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from pipelines.contract import Row
from serving.live.calls import Calls
from serving.live.costs import BATCH, Cost
from serving.live.turns import Rows, Ticket, Turns, settle_here

ROUND_MS = 5.0
"""A call that takes longer would keep the others waiting who want to be read."""


class Gatherer:
    """What waits for the next round of the event loop; used by one loop at a time."""

    def __init__(
        self,
        predict: Callable[[Sequence[Row]], Rows],
        cost: Cost,
        *,
        called: Callable[[int, int], None],
    ) -> None:
        self._cost = cost
        self._called = called
        self._turns = self._fresh()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crowded = False
        self._alone = 0
        self._calls = Calls(predict, lock=nullcontext(), tell=settle_here)

    def is_crowded(self) -> bool:
        """Whether requests arrive several in a round lately; to be asked once for each request.

        Where they do not, waiting for the next round would only cost time.
        """
        loop = self._here()
        if not self._crowded:
            self._alone += 1
            if self._alone == 1:
                loop.call_soon(self._look)
        return self._crowded

    async def answer(self, instances: Sequence[Row]) -> Rows:
        """Return the answers to few instances that are known to be valid, in their order.

        Raises what the model raises for these very instances.
        """
        loop = self._here()
        ticket = Ticket(instances, loop.create_future())
        if not self._turns:
            loop.call_soon(self._round, loop)
        self._turns.join(ticket)
        try:
            return await ticket.answer
        finally:
            self._drop(ticket)

    def _here(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # What waited in another loop went with it.
            self._loop, self._turns = loop, self._fresh()
            self._crowded, self._alone = False, 0
        return loop

    def _look(self) -> None:
        self._crowded, self._alone = self._alone > 1, 0

    def _round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._crowded = len(self._turns) > 1
        parts = self._turns.take()
        if self._turns:
            # The others' turn comes when those who are answered now have been written to.
            loop.call_soon(self._round, loop)
        if parts:
            self._called(sum(part.size for part in parts), len(self._turns))
            self._calls.answer(parts, self._drop)

    def _drop(self, ticket: Ticket) -> None:
        if ticket.left:
            self._turns.leave(ticket)

    def _fresh(self) -> Turns:
        room = min(BATCH, self._cost.instances_within(ROUND_MS))
        return Turns(self._cost, room=room, together=True)
