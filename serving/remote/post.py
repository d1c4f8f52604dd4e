"""The post of one API process: takes questions to Redis, and brings the answers.

One thread sends what has gathered while it sent before, in one round trip; another waits for
answers. Where Redis is away everybody is told at once, and those who ask meanwhile too. What is
there by its id when Redis is back counts: a connection that was cut loses no answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from serving.remote import roll, scripts
from serving.remote.connection import BLOCK_SECONDS, do, failures
from serving.remote.roll import WorkerWord
from serving.remote.wire import RedisAway, Target, answered_key, result_key

if TYPE_CHECKING:
    from redis import Redis

RENEW_SECONDS = 2.0
"""How old what the workers say of themselves may be."""
RETRY_SECONDS = 0.2
"""Between two looks whether Redis is back."""
STOP_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Sender(Protocol):
    """Who sent a letter, and hears what becomes of it, from a thread of the post."""

    def taken(self, letter: Letter, workers: int) -> None:
        """It stands in the queue of so many workers."""
        ...

    def declined(self, why: str, waiting: int, workers: int) -> None:
        """A letter was not queued: the queue is `full`, or `nobody` would answer."""
        ...

    def answered(self, letter: Letter, body: bytes) -> None:
        """A worker has replied."""
        ...

    def lost(self, error: Exception) -> None:
        """A letter cannot be sent, or nobody can tell what has become of it."""
        ...


@dataclass(eq=False)
class Letter:
    """One question on its way."""

    question_id: str
    target: Target
    body: bytes
    until: float
    """When nobody waits any more, by `time.monotonic`."""
    limit: int
    """How many others may be in the queue."""
    sender: Sender
    entry: str = ""
    """What it is in the queue, once it is there."""
    dropped: bool = False


class Post:
    """`asker` names this process; `connect` opens a client. Threads start with the first letter."""

    def __init__(self, asker: str, connect: Callable[[], Redis]) -> None:
        self._asker = asker
        self._connect = connect
        self._waiting: dict[str, Letter] = {}
        self._outbox: deque[Letter] = deque()
        self._taken_back: deque[Letter] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stopped = False
        self._away = ""
        self._renew_at = 0.0
        self._fetched: list[str] = []
        """Results that have arrived here, to be deleted in Redis."""
        self.words: Sequence[WorkerWord] = ()
        """What the workers said last, for as long as letters are sent."""

    @property
    def away(self) -> str:
        """Why Redis cannot be asked; empty while it can."""
        return self._away

    def send(self, letter: Letter) -> None:
        """Take a letter; its sender hears of it. Raises `RedisAway` where that is known."""
        with self._changed:
            if self._away or self._stopped:
                raise RedisAway(self._away or "the server stops")
            self._start()
            self._outbox.append(letter)
            self._changed.notify()

    def drop(self, letter: Letter) -> None:
        """Forget a letter that nobody waits for, and take it back where no worker has it yet."""
        with self._changed:
            letter.dropped = True
            if self._waiting.pop(letter.question_id, None) and letter.entry:
                self._taken_back.append(letter)
                self._changed.notify()

    def close(self) -> None:
        """End the threads; who still waits is told so."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
            threads = list(self._threads)
        for thread in threads:
            thread.join(STOP_SECONDS)
        self._take()
        self._lose(list(self._waiting.values()), RedisAway("the server stops"))

    def _start(self) -> None:
        if not self._threads:
            runs = {"post-out": self._deliver, "post-in": self._collect}
            self._threads = [
                threading.Thread(target=run, name=name, daemon=True) for name, run in runs.items()
            ]
            for thread in self._threads:
                thread.start()

    def _deliver(self) -> None:
        redis = self._connect()
        while self._wait():
            letters, taken_back = self._take()
            pipe = redis.pipeline(transaction=False)
            for letter in letters:
                do(pipe, self._command(letter))
            for letter in taken_back:
                do(pipe, scripts.take_back(letter.target, letter.entry))
            try:
                found = pipe.execute(raise_on_error=False)
            except failures() as error:
                self._gone(error)
                self._lose(letters, RedisAway(self._away))
            else:
                for letter, said in zip(letters, found, strict=False):
                    self._sent(letter, said)
        redis.close()

    def _wait(self) -> bool:
        with self._changed:
            while not (self._outbox or self._taken_back or self._stopped):
                self._changed.wait()
            return not self._stopped

    def _take(self) -> tuple[list[Letter], list[Letter]]:
        with self._changed:
            letters = [letter for letter in self._outbox if not letter.dropped]
            taken_back = list(self._taken_back)
            self._outbox.clear()
            self._taken_back.clear()
            # Before they are sent: an answer may be faster than the word that it was queued.
            self._waiting.update((letter.question_id, letter) for letter in letters)
        return letters, taken_back

    def _command(self, letter: Letter) -> scripts.Command:
        return scripts.submit(
            letter.target,
            letter.question_id,
            self._asker,
            body=letter.body,
            left_ms=max(1, int((letter.until - time.monotonic()) * 1000)),
            limit=letter.limit,
        )

    def _sent(self, letter: Letter, said: Any) -> None:
        if isinstance(said, Exception):
            self._lose([letter], RedisAway(f"Redis takes no requests: {said}"))
            return
        word, waiting, workers, *entry = said
        if word != b"taken":
            if self._forget(letter):
                letter.sender.declined(word.decode(), waiting, workers)
            return
        with self._changed:
            letter.entry = entry[0].decode()
            if letter.dropped:  # while it was on its way
                self._taken_back.append(letter)
        letter.sender.taken(letter, workers)

    def _collect(self) -> None:
        redis = self._connect()
        while not self._stopped:
            try:
                if self._away:
                    self._come_back(redis)
                first = self._next(redis)
                if first:
                    self._hand_out(do(redis, scripts.fetch(self._asker, first[1].decode())))
                self._renew(redis)
            except failures() as error:
                # The first time it is looked at once whether it was the connection alone.
                if self._away:
                    self._lose(list(self._waiting.values()), RedisAway(self._away))
                    time.sleep(RETRY_SECONDS)
                self._gone(error)
        redis.close()

    def _next(self, redis: Redis) -> Any:
        """Return the list and the id of a question once one is answered; None where none was.

        What has arrived is deleted on the same way.
        """
        pipe = redis.pipeline(transaction=False)
        if self._fetched:
            pipe.unlink(*self._fetched)
        pipe.blpop([answered_key(self._asker)], timeout=BLOCK_SECONDS)
        *_, first = pipe.execute()
        self._fetched = []
        return first

    def _hand_out(self, found: Sequence[bytes]) -> None:
        for question_id, body in zip(found[::2], found[1::2], strict=True):
            self._fetched.append(result_key(question_id.decode()))
            with self._changed:
                letter = self._waiting.pop(question_id.decode(), None)
            if letter:
                letter.sender.answered(letter, body)

    def _renew(self, redis: Redis) -> None:
        if time.monotonic() >= self._renew_at:
            self.words = roll.read(redis)
            self._renew_at = time.monotonic() + RENEW_SECONDS

    def _gone(self, error: Exception) -> None:
        if not self._away:
            logger.warning("Redis is away: %s", error)
        self._away = f"Redis cannot be reached ({type(error).__name__})"

    def _come_back(self, redis: Redis) -> None:
        """See what has become of the letters that wait; raises where Redis is still away."""
        redis.ping()
        with self._changed:
            # One without an entry is being sent: that thread is told what becomes of it.
            sent = [letter for letter in self._waiting.values() if letter.entry]
        for letter in sent:
            # In this order: what leaves the queue in between has its result by then.
            if redis.xrange(letter.target.queue, letter.entry, letter.entry):
                continue
            body = redis.get(result_key(letter.question_id))
            if isinstance(body, bytes):
                self._hand_out([letter.question_id.encode(), body])
            else:
                self._lose([letter], RedisAway("Redis came back without the request"))
        logger.warning("Redis is back")
        self._away = ""

    def _lose(self, letters: Iterable[Letter], error: RedisAway) -> None:
        for letter in letters:
            if self._forget(letter):
                letter.sender.lost(RedisAway(str(error)))

    def _forget(self, letter: Letter) -> bool:
        with self._changed:
            return self._waiting.pop(letter.question_id, None) is not None
