"""How long a worker waits for its clients, and how many of them it has room for.

Nothing is timed request by request: once a second each connection is looked at, and only what was
in the middle of something at two looks has taken long. A request that comes and goes between them
costs nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from pipelines.client_settings import ClientSettings

STATE = "clients"
"""Where the application's lifespan leaves the settings."""
LOOK_SECONDS = 1.0
LOOKS = 20
"""Looks in the shortest span that is measured, so that short ones are measured too."""
SHARE_MADE_FREE = 20
"""One connection of so many is closed at a time when there are too many."""

Doing = Literal["silent", "idle", "head", "body", "working", "answer", "closing"]
SPARE: tuple[Doing, ...] = ("silent", "head", "idle")
"""Those that wait for no answer, in the order in which they are closed when room is needed."""

logger = logging.getLogger(__name__)


class Connection(Protocol):
    """What is looked at."""

    received: int
    """Bytes that have arrived."""
    taken: int
    """How many times what was written has been taken off."""

    @property
    def left(self) -> int:
        """Bytes that were written and not taken off yet."""
        ...

    @property
    def timeout_keep_alive(self) -> float:
        """Seconds after which a connection that asks nothing is let go."""
        ...

    @property
    def doing(self) -> Doing:
        """What it is in the middle of."""
        ...

    @property
    def message(self) -> object:
        """Which request that belongs to."""
        ...

    @property
    def listens(self) -> bool:
        """Whether what the client sends is read; while it is not, he is not the slow one."""
        ...

    def refuse(self, status: int, said: str) -> None:
        """Say why, if that can still be said, and close."""
        ...

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        ...


@dataclass(slots=True)
class Seen:
    """What a connection was doing when it was first seen doing it, or when it last got on."""

    doing: Doing
    message: object
    since: float
    received: int
    taken: int
    left: int


class Patience:
    """Watches the connections of one server, in its event loop."""

    def __init__(
        self,
        settings: ClientSettings,
        connections: Callable[[], Collection[Connection]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._loop = loop
        self._seen: dict[Connection, Seen] = {}
        self._leaving: set[Connection] = set()
        """Those that were closed for others, and may be among the connections still."""
        self._closed: Counter[str] = Counter()
        self._watching = False
        shortest = min(settings.head_seconds, settings.stall_seconds)
        self._look_seconds = min(LOOK_SECONDS, shortest / LOOKS)

    def welcome(self, newcomer: Connection) -> None:
        """Take note of a new connection, and make room for it if need be."""
        if not self._watching:
            self._watching = True
            self._loop.call_later(self._look_seconds, self._look)
        there = self._connections()
        if len(there) > self._settings.connections:
            self._leaving.intersection_update(there)
            if len(there) - len(self._leaving) > self._settings.connections:
                self._make_room(newcomer)

    def _look(self) -> None:
        now = self._loop.time()
        before, self._seen = self._seen, {}
        for connection in tuple(self._connections()):
            self._seen[connection] = self._looked_at(connection, before.get(connection), now)
        self._watching = bool(self._seen)
        if self._watching:
            self._loop.call_later(self._look_seconds, self._look)
        if self._closed:
            reasons = ", ".join(f"{count} {reason}" for reason, count in self._closed.items())
            logger.warning("connections closed: %s", reasons)
            self._closed.clear()

    def _looked_at(self, connection: Connection, before: Seen | None, now: float) -> Seen:
        doing, message = connection.doing, connection.message
        if (
            before is None
            or before.doing != doing
            or before.message is not message
            or self._gets_on(connection, before, now)
        ):
            return Seen(doing, message, now, connection.received, connection.taken, connection.left)
        return before

    def _gets_on(self, connection: Connection, seen: Seen, now: float) -> bool:
        """Judge a connection that does what it did before; whether its time begins anew."""
        settings, waited = self._settings, now - seen.since
        if seen.doing == "head" and waited > settings.head_seconds:
            self._refuse(connection, 408, "slow heads", "The head of the request took too long.")
        elif seen.doing == "silent" and waited > connection.timeout_keep_alive:
            self._abort(connection, "silent")
        elif seen.doing == "body":
            return self._body_gets_on(connection, seen, waited)
        elif seen.doing in ("answer", "closing") and waited > settings.stall_seconds:
            if self._is_taken(connection, seen, waited):
                return True
            self._abort(connection, "slow readers")
        return False

    def _body_gets_on(self, connection: Connection, seen: Seen, waited: float) -> bool:
        if not connection.listens:
            return True
        settings = self._settings
        if waited <= settings.stall_seconds:
            return False
        if connection.received - seen.received >= settings.bytes_per_second * waited:
            return True
        self._refuse(connection, 408, "slow bodies", "The body of the request took too long.")
        return False

    def _is_taken(self, connection: Connection, seen: Seen, waited: float) -> bool:
        """Whether the client reads: a long answer that is sent in one piece is taken bit by bit."""
        read = seen.left - connection.left
        return connection.taken != seen.taken or read >= self._settings.bytes_per_second * waited

    def _make_room(self, newcomer: Connection) -> None:
        now = self._loop.time()
        spare = [
            (SPARE.index(connection.doing), seen.since if seen else now, number, connection)
            for number, connection in enumerate(self._connections())
            if connection is not newcomer and connection.doing in SPARE
            for seen in (self._seen.get(connection),)
        ]
        if not spare:
            self._leaving.add(newcomer)
            self._refuse(newcomer, 503, "beyond the limit", "Too many connections.")
            return
        number = max(1, self._settings.connections // SHARE_MADE_FREE)
        for *_, connection in sorted(spare)[:number]:
            self._leaving.add(connection)
            self._abort(connection, "for others")

    def _refuse(self, connection: Connection, status: int, reason: str, said: str) -> None:
        self._closed[reason] += 1
        connection.refuse(status, said)

    def _abort(self, connection: Connection, reason: str) -> None:
        self._closed[reason] += 1
        connection.abort()
