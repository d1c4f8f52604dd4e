"""One request on its way to model workers and back.

A large one goes out in parts, as many at a time as there are workers: they share it, and a small
one does not wait for all of it.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import Protocol

from serving.live import turns
from serving.live.calls import placed
from serving.live.turns import Part, Ticket
from serving.remote import wire
from serving.remote.post import Letter

NO_LIMIT = 1_000_000_000


class Desk(Protocol):
    """What an errand asks of the desk that sends it."""

    target: wire.Target

    @property
    def room(self) -> int:
        """How many usual instances a worker answers in one call."""
        ...

    def limit(self, seconds: float) -> int:
        """Return behind how many others a request may wait that has so long."""
        ...

    def send(self, letter: Letter) -> None:
        """Take a letter. Raises `RedisAway` where that is known."""
        ...

    def drop(self, letter: Letter) -> None:
        """Forget a letter that nobody waits for."""
        ...

    def note(self, instances: int, workers: int) -> None:
        """Take note of a letter that was queued, for so many workers."""
        ...

    def refusal(self, why: str, waiting: int, workers: int) -> Exception:
        """Return what it means that a letter was not queued."""
        ...


class Errand:
    """Sends the parts of a ticket, and settles it when all are answered or one failed."""

    def __init__(self, desk: Desk, ticket: Ticket, until: float) -> None:
        self._desk = desk
        self._ticket = ticket
        self._until = until
        self._lock = threading.Lock()
        self._parts: dict[str, tuple[Letter, Part]] = {}
        self._begun = False

    def begin(self, abreast: int) -> None:
        """Send the first parts, so many at a time. Raises `RedisAway`."""
        for _ in range(abreast):
            self._send_next()

    def end(self) -> None:
        """Take back what nobody waits for any more."""
        with self._lock:
            left, self._parts = list(self._parts.values()), {}
            self._ticket.taken = len(self._ticket.instances)
        for letter, _ in left:
            self._desk.drop(letter)

    def taken(self, letter: Letter, workers: int) -> None:
        """Note that a part stands in the queue."""
        found = self._parts.get(letter.question_id)
        if found:
            self._desk.note(found[1].size, workers)

    def declined(self, why: str, waiting: int, workers: int) -> None:
        """Fail: it was not queued."""
        self._fail(self._desk.refusal(why, waiting, workers))

    def answered(self, letter: Letter, body: bytes) -> None:
        """Keep the answers of a part, and send the next one."""
        with self._lock:
            _, part = self._parts.pop(letter.question_id, (None, None))
        if part is None:
            return
        try:
            rows = wire.rows_of(body)
            if len(rows) != part.size:
                raise wire.ModelWorkerFailed(f"{len(rows)} answers to {part.size} instances")
            self._send_next()
        except Exception as error:  # noqa: BLE001 - a border: handed to whoever asked
            self._fail(placed(error, part.start))
            return
        with self._lock:
            whole = self._ticket.give(part.start, rows)
        if whole:
            turns.settle([self._ticket])

    def lost(self, error: Exception) -> None:
        """Fail: Redis is away."""
        self._fail(error)

    def _send_next(self) -> None:
        with self._lock:
            if not self._ticket.left:
                return
            part = self._ticket.take(self._desk.room)
            first, self._begun = not self._begun, True
            letter = Letter(
                question_id=uuid.uuid4().hex,
                target=self._desk.target,
                body=wire.written(part.instances),
                until=self._until,
                # What was let in once is not sent away half answered.
                limit=self._desk.limit(self._until - time.monotonic()) if first else NO_LIMIT,
                sender=self,
            )
            self._parts[letter.question_id] = letter, part
        self._desk.send(letter)

    def _fail(self, error: Exception) -> None:
        self._ticket.error = error
        turns.settle([self._ticket])
