"""What a worker says of itself, some times a second: that it lives, what it has, what it is at.

A thread of its own, so that a call that takes long does not make the worker look dead. It also asks
Redis for the time: whether somebody still waits is told by one clock for all machines.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from serving.remote.connection import failures
from serving.remote.roll import WorkerWord
from serving.remote.wire import ALIVE_MS, GROUP, WORKERS, Target, worker_key

if TYPE_CHECKING:
    from redis import Redis

BEAT_SECONDS = 0.5
FORGET_MS = 3_600_000

logger = logging.getLogger(__name__)


class AtWork(Protocol):
    """What presence asks of a reader."""

    target: Target
    in_work: tuple[str, ...]

    @property
    def reading(self) -> bool:
        """Whether it takes what comes."""
        ...


@dataclass(frozen=True)
class State:
    """What there is to say right now."""

    word: WorkerWord
    readers: Sequence[AtWork] = field(default=())


class Presence:
    """Says what `state` returns, until it leaves; then only what is still being answered."""

    def __init__(self, redis: Redis, worker_id: str, state: Callable[[], State]) -> None:
        self._redis = redis
        self._worker_id = worker_id
        self._state = state
        self._ahead_ms = time.time() * 1000 - time.monotonic() * 1000
        self._away = False
        self._hurry = threading.Event()
        self._beating = threading.Lock()
        self._left = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def now_ms(self) -> int:
        """Return the time by the clock of Redis, in milliseconds since 1970."""
        return int(time.monotonic() * 1000 + self._ahead_ms)

    def start(self) -> None:
        """Begin to say it."""
        self._thread.start()

    def say_now(self) -> None:
        """Do not wait for the next beat: something has changed."""
        self._hurry.set()

    def leave(self) -> None:
        """Be counted on no more, from this moment on; what is in hand stays claimed."""
        with self._beating:
            self._left = True
        try:
            pipe = self._redis.pipeline(transaction=False)
            for reader in self._state().readers:
                pipe.zrem(reader.target.serving, self._worker_id)
            pipe.delete(worker_key(self._worker_id))
            pipe.srem(WORKERS, self._worker_id)
            pipe.execute()
        except failures() as error:
            logger.warning("the others find out by themselves that this worker left: %s", error)

    def stop(self) -> None:
        """Say nothing more."""
        self._stopped = True
        self._hurry.set()
        self._thread.join()

    def beat(self) -> None:
        """Say it once. Raises what `connection.failures` names."""
        with self._beating:
            self._beat()

    def _beat(self) -> None:
        seconds, micros = self._redis.time()
        self._ahead_ms = seconds * 1000 + micros / 1000 - time.monotonic() * 1000
        now, state = self.now_ms(), self._state()
        pipe = self._redis.pipeline(transaction=False)
        if not self._left:
            pipe.set(worker_key(self._worker_id), state.word.as_bytes(), px=ALIVE_MS)
            pipe.sadd(WORKERS, self._worker_id)
        for reader in state.readers:
            serving, at_work = reader.target.serving, reader.in_work
            if reader.reading and not self._left:
                pipe.zadd(serving, {self._worker_id: now})
                pipe.zremrangebyscore(serving, 0, now - FORGET_MS)
                pipe.pexpire(serving, FORGET_MS)
            else:
                pipe.zrem(serving, self._worker_id)
            if at_work:
                # Nobody else takes over what we are at.
                pipe.xclaim(
                    reader.target.queue, GROUP, self._worker_id, 0, list(at_work), justid=True
                )
        pipe.execute(raise_on_error=False)

    def _run(self) -> None:
        while not self._stopped:
            self._hurry.clear()
            try:
                self.beat()
                self._note(None)
            except failures() as error:
                self._note(error)
            self._hurry.wait(BEAT_SECONDS)

    def _note(self, error: Exception | None) -> None:
        if error and not self._away:
            logger.warning("Redis is away; this worker answers again when it is back: %s", error)
        if self._away and not error:
            logger.warning("Redis is back")
        self._away = error is not None
