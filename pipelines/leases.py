"""One run at a time for each model: a lease that a killed holder cannot keep.

A lease is renewed while its holder lives, and taken over when it has expired or when its holder
is a dead process of this host. So a killed run blocks the next one for no longer than a check of
its process, and one on another host for no longer than the lease lasts.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import OperationalError

from pipelines.processes import ProcessIdentity, this_process
from pipelines.store import Store, leases

if TYPE_CHECKING:
    from sqlalchemy import Row as StoredRow

DURATION_SECONDS = 60.0
RETRY_SECONDS = 0.5


class Busy(RuntimeError):
    """Somebody else holds the lease; the message says who and since when."""


class Lease:
    """Hold `name` inside a `with` block. Raises `Busy` when it stays taken for `wait_seconds`."""

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        duration_seconds: float = DURATION_SECONDS,
        wait_seconds: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.holder = uuid.uuid4().hex
        self._store = store
        self._duration = duration_seconds
        self._wait = wait_seconds
        self._clock = clock
        self._released = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name=f"lease-{name}", daemon=True)

    def __enter__(self) -> Lease:
        deadline = self._clock() + self._wait
        while True:
            try:
                self._take()
                break
            except Busy:
                if self._clock() >= deadline:
                    raise
                time.sleep(RETRY_SECONDS)
        self._heartbeat.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._released.set()
        self._heartbeat.join()
        with self._store.write() as connection:
            connection.execute(delete(leases).where(leases.c.holder == self.holder))

    def renew(self) -> bool:
        """Extend the lease; False when it was lost to somebody else in the meantime."""
        with self._store.write() as connection:
            changed = connection.execute(
                update(leases)
                .where(leases.c.name == self.name, leases.c.holder == self.holder)
                .values(expires_at=self._clock() + self._duration)
            )
            return changed.rowcount == 1

    def _take(self) -> None:
        with self._store.write() as connection:
            found = connection.execute(select(leases).where(leases.c.name == self.name)).first()
            if found is not None and self._is_held(found):
                raise Busy(f"{self.name} is busy: process {found.pid} on {found.host} holds it")
            connection.execute(delete(leases).where(leases.c.name == self.name))
            connection.execute(
                insert(leases).values(
                    name=self.name,
                    holder=self.holder,
                    **vars(this_process()),
                    expires_at=self._clock() + self._duration,
                )
            )

    def _is_held(self, found: StoredRow[tuple[object, ...]]) -> bool:
        if found.expires_at <= self._clock():
            return False
        return not ProcessIdentity(found.host, found.pid, found.started_at).is_dead

    def _beat(self) -> None:
        while not self._released.wait(self._duration / 4):
            try:
                if not self.renew():
                    return
            except OperationalError:
                continue  # the store is busy or away; the next beat comes before the lease ends
