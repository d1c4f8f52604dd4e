"""Requests that wait, and whose turn is next. No thread, no clock: `batching` has those.

A call takes some instances of the request that has waited longest. Where batching pays it goes on
with the next ones that fit wholly; what is left of a large request queues up again behind all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pipelines.contract import Row
from serving.live.costs import Cost

Rows = list[list[Row]]


@dataclass(eq=False)
class Ticket:
    """One request, and what has become of it."""

    instances: Sequence[Row]
    answer: asyncio.Future[Rows]
    weight: float = 1.0
    """What one of its instances costs, at least 1: as much as one of the warm-up."""
    rows: Rows = field(default_factory=list)
    error: Exception | None = None
    taken: int = 0
    """Instances that are, or were, in a call."""
    given: int = 0
    """Instances that are answered."""

    @property
    def left(self) -> int:
        """Instances that wait for a call."""
        return len(self.instances) - self.taken

    @property
    def burden(self) -> float:
        """What those are likely to cost, in instances of the warm-up."""
        return self.left * self.weight

    def take(self, room: float) -> Part:
        """Return the next instances, at least one and otherwise as many as there is room for."""
        start = self.taken
        self.taken += max(1, min(self.left, int(room / self.weight)))
        return Part(self, start, self.taken)

    def give(self, start: int, rows: Rows) -> bool:
        """Keep the answers to the instances from `start`; True once all are answered."""
        self.rows = self.rows or [[]] * len(self.instances)
        self.rows[start : start + len(rows)] = rows
        self.given += len(rows)
        return self.given == len(self.instances)

    def settle(self) -> None:
        """Tell who waits, if anybody still does; in his own event loop only."""
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.rows)
        else:
            self.answer.set_exception(self.error)


@dataclass(frozen=True)
class Part:
    """Some instances of one request, in one call."""

    ticket: Ticket
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many they are."""
        return self.stop - self.start

    @property
    def burden(self) -> float:
        """What they are likely to cost, in instances of the warm-up."""
        return self.size * self.ticket.weight

    @property
    def instances(self) -> Sequence[Row]:
        """What the model is asked."""
        return self.ticket.instances[self.start : self.stop]


class Turns:
    """Who waits; to be used under a lock, or by one thread.

    A call takes `room` instances, of several requests where they are answered `together`.
    """

    def __init__(self, cost: Cost, *, room: int, together: bool) -> None:
        self._cost = cost
        self._room = room
        self._together = together
        self._tickets: deque[Ticket] = deque()
        self._burden = 0.0

    def __len__(self) -> int:
        return len(self._tickets)

    @property
    def milliseconds(self) -> float:
        """What it is likely to take until all of them are answered, one call after the other."""
        return self._cost.milliseconds(self._burden, len(self._tickets))

    def join(self, ticket: Ticket) -> None:
        """Let a request wait for its turn."""
        self._tickets.append(ticket)
        self._burden += ticket.burden

    def leave(self, ticket: Ticket) -> None:
        """Drop what is left of a request, if anything is."""
        if ticket in self._tickets:
            self._tickets.remove(ticket)
            self._lighten(ticket.burden)

    def take(self) -> list[Part]:
        """Return what the next call answers; nothing when nobody waits."""
        room = float(self._room)
        parts: list[Part] = []
        # Only the first may be split: filled up with a part of a large request, the call of a small
        # one would take as long as that.
        while self._tickets and (not parts or self._tickets[0].burden <= room):
            ticket = self._tickets.popleft()
            part = ticket.take(room)
            parts.append(part)
            if ticket.left:
                self._tickets.append(ticket)
            room -= part.burden
            self._lighten(part.burden)
            if not self._together:
                break
        return parts

    def _lighten(self, burden: float) -> None:
        # Sums of fractions end near zero, and nobody waits only where they are exactly there.
        self._burden = self._burden - burden if self._tickets else 0.0


def settle(tickets: Sequence[Ticket]) -> None:
    """Tell everybody who waits, from any thread: all of one event loop at once."""
    for loop in {ticket.answer.get_loop() for ticket in tickets}:
        mine = [ticket for ticket in tickets if ticket.answer.get_loop() is loop]
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle_here, mine)


def settle_here(tickets: Sequence[Ticket]) -> None:
    """Tell everybody who waits in the event loop that runs here."""
    for ticket in tickets:
        ticket.settle()
