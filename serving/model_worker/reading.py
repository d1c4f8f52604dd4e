"""One version's requests: taken from its queue, answered, and taken over from workers that died.

Nobody waits for a batch to fill: a call takes what has gathered while the one before was under way.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from serving.live.loaded import Loaded
from serving.model_worker.answering import Reply, replies
from serving.model_worker.claiming import Claims
from serving.remote import scripts, wire
from serving.remote.connection import BLOCK_SECONDS, do, failures
from serving.remote.wire import GROUP, Question, Target

if TYPE_CHECKING:
    from redis import Redis

MOST_TAKEN = 64
RETRY_SECONDS = 0.2

logger = logging.getLogger(__name__)


class Reader:
    """A thread that answers one version's requests. `now_ms` is the clock of Redis."""

    def __init__(
        self,
        redis: Redis,
        worker_id: str,
        target: Target,
        loaded: Loaded,
        now_ms: Callable[[], int],
    ) -> None:
        self.target = target
        self.loaded = loaded
        self.in_work: tuple[str, ...] = ()
        """Entries that are being answered right now."""
        self._redis = redis
        self._worker_id = worker_id
        self._now_ms = now_ms
        self._claims = Claims(redis, worker_id, target)
        self._count = min(MOST_TAKEN, loaded.cost.instances_a_call)
        self._stop_at = math.inf
        self._stopping = threading.Event()
        name = f"read-{target.model}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def reading(self) -> bool:
        """Whether it takes what comes; False once it was told to stop."""
        return not self._stopping.is_set()

    def stop(self, drain_seconds: float = 0.0) -> None:
        """Read no more, after what waits already, as far as that takes no longer."""
        self._stop_at = time.monotonic() + drain_seconds
        self._stopping.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end of what is under way; True if it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        from redis.exceptions import ResponseError

        while time.monotonic() < self._stop_at:
            try:
                if not self._round() and self._stopping.is_set():
                    return
            except ResponseError as error:
                # Redis was restarted empty, or nobody has asked for an hour.
                if "NOGROUP" in str(error):
                    self._make_group()
                else:
                    self._failed(error)
            except failures() as error:
                self._failed(error)
            except Exception:  # a border: whatever one request does, the next ones are answered
                logger.exception("%s: requests are left for another try", self.target.model)
                self._stopping.wait(RETRY_SECONDS)

    def _round(self) -> bool:
        """Answer what there is; False where there was nothing."""
        claimed = False
        for question in self._claims.due():
            claimed = True
            # One of them may be what ended its worker: the others shall not share that.
            self._answer([question])
            if time.monotonic() >= self._stop_at:
                return True
        taken = self._taken()
        self._answer(taken)
        return claimed or bool(taken)

    def _taken(self) -> list[Question]:
        block = () if self._stopping.is_set() else ("BLOCK", int(BLOCK_SECONDS * 1000))
        read = ("XREADGROUP", "GROUP", GROUP, self._worker_id, "COUNT", self._count)
        found = do(self._redis, (*read, *block, "STREAMS", self.target.queue, ">"))
        return self._questions(entry for _, entries in found or () for entry in entries)

    def _questions(self, entries: Iterable[tuple[bytes, Any]]) -> list[Question]:
        found = []
        for entry, fields in entries:
            try:
                found.append(wire.question_of(entry, fields))
            except (KeyError, ValueError, TypeError) as error:
                logger.error("%s: an entry is no question: %r", self.target.model, error)
                self._drop([entry.decode()])
        return found

    def _answer(self, questions: Sequence[Question]) -> None:
        if not questions:
            return
        self.in_work = tuple(question.entry for question in questions)
        try:
            now = self._now_ms()
            late = [question.entry for question in questions if question.until_ms <= now]
            if late:
                self._drop(late)
            in_time = [question for question in questions if question.until_ms > now]
            for some in replies(self.loaded, in_time):
                self._reply(some)
        finally:
            self.in_work = ()

    def _reply(self, some: Sequence[Reply]) -> None:
        """Give answers, again where Redis is away for a moment: they are not computed twice."""
        commands = [
            scripts.answer(self.target, each.entry, each.question_id, each.asker, body)
            for each, body in some
        ]
        until = max(question.until_ms for question, _ in some)
        while True:
            try:
                return self._send(commands)
            except failures() as error:
                if self._stopping.is_set() or self._now_ms() >= until:
                    raise
                self._failed(error)

    def _drop(self, entries: Sequence[str]) -> None:
        """Take entries out of the queue that nobody waits for."""
        queue = self.target.queue
        self._send([("XACK", queue, GROUP, *entries), ("XDEL", queue, *entries)])

    def _send(self, commands: Iterable[scripts.Command]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for command in commands:
            do(pipe, command)
        pipe.execute()

    def _make_group(self) -> None:
        try:
            self._redis.xgroup_create(self.target.queue, GROUP, id="0", mkstream=True)
        except failures() as error:
            if "BUSYGROUP" not in str(error):
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        logger.warning("%s: Redis cannot be asked, later again: %s", self.target.model, error)
        self._stopping.wait(RETRY_SECONDS)
