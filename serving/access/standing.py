"""The keys and sessions that are good, kept in memory and renewed within a second of a change.

One row of the store is looked at twice a second; only when it has moved is the rest read again.
While the store is away what was known last goes on to hold, for what ends by itself until it does.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from pipelines.access import register
from pipelines.access.register import Register
from pipelines.store import Store

LOOK_SECONDS = 0.5
APART_SECONDS = 0.05
"""Whoever presents unknown keys without end has the store read no more often than so."""

logger = logging.getLogger(__name__)


class Standing:
    """Renews the register; `changed` is told of each new one, by whichever thread read it."""

    def __init__(self, store: Store, changed: Callable[[Register], None]) -> None:
        self._store = store
        self._changed = changed
        self._register = Register()
        self._reading = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access", daemon=True)
        self._renewing: asyncio.Task[None] | None = None
        self._renewed_at = float("-inf")
        self._away = False

    def start(self) -> None:
        """Read what there is, and go on looking."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Read again if something has changed, and drop what has ended."""
        with self._reading:
            try:
                if register.moves(self._store) != self._register.moves:
                    self._take(register.read(self._store))
                self._away = False
            except SQLAlchemyError as error:
                if not self._away:
                    logger.warning("the keys cannot be read; the known ones hold: %s", error)
                self._away = True
            self._drop_ended()

    async def renew(self) -> None:
        """Look now: somebody presents what is not known; all who do so at once share one look."""
        under_way = self._renewing
        if under_way is not None and not under_way.done():
            # It may have begun before this key was made; the one after it has not.
            await asyncio.shield(under_way)
        if self._renewing is under_way:
            self._renewing = asyncio.ensure_future(self._renew())
        assert self._renewing is not None
        await asyncio.shield(self._renewing)

    async def _renew(self) -> None:
        await asyncio.sleep(max(0.0, self._renewed_at + APART_SECONDS - time.monotonic()))
        await asyncio.to_thread(self.look)
        self._renewed_at = time.monotonic()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def _take(self, found: Register) -> None:
        self._register = found
        self._changed(found)

    def _drop_ended(self) -> None:
        now, known = time.time(), self._register
        if now < first_end(known):
            return
        keys = {name: key for name, key in known.keys.items() if key.until > now}
        sessions = {
            name: session
            for name, session in known.sessions.items()
            if session.until > now and session.key_id in keys
        }
        self._take(replace(known, keys=keys, sessions=sessions))


def first_end(known: Register) -> float:
    """Return when the first key or session of a register ends, in seconds of the epoch."""
    parts: tuple[Mapping[str, object], ...] = (known.keys, known.sessions)
    ends = (getattr(one, "until", math.inf) for part in parts for one in part.values())
    return min(ends, default=math.inf)
