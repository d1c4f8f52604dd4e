"""Requests of workers that died, or hang: handed out again, and given up where they kill."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from serving.remote import scripts, wire
from serving.remote.connection import do
from serving.remote.wire import GROUP, REDELIVERED, ModelWorkerFailed, Question, Target

if TYPE_CHECKING:
    from redis import Redis

IDLE_MS = 3_000
"""A request whose worker has not said for so long that he is at it goes to another one."""
LOOK_SECONDS = 1.0
MOST_TAKEN = 16
MOST_DELIVERIES = 3
"""What has ended so many workers is given up: it would end the others, too."""
FORGET_MS = 600_000
FORGET_SECONDS = 60.0
"""How often the group is rid of workers that have been silent for `FORGET_MS`."""

logger = logging.getLogger(__name__)


class Claims:
    """Takes over what others have left in the queue of one version; for one thread."""

    def __init__(self, redis: Redis, worker_id: str, target: Target) -> None:
        self._redis = redis
        self._worker_id = worker_id
        self._target = target
        self._look_at = 0.0
        self._forget_at = time.monotonic() + FORGET_SECONDS

    def due(self) -> Iterator[Question]:
        """Yield requests of silent workers, now and then, each to be answered before the next one.

        None is taken over before its turn: what one of them ends, or how long one takes, is not
        held against the others. Raises what `connection.failures` names, also where there is no
        group yet.
        """
        now = time.monotonic()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_SECONDS
            self._forget_silent()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        silent: Any = self._redis.xpending_range(
            self._target.queue, GROUP, "-", "+", MOST_TAKEN, idle=IDLE_MS
        )
        for each in silent:
            question = self._again(each["message_id"])
            if question is not None:
                yield question

    def _again(self, entry: bytes) -> Question | None:
        queue, me = self._target.queue, self._worker_id
        pipe = self._redis.pipeline(transaction=False)
        # Nothing, where another worker has taken it over since, or the first one woke up.
        pipe.xclaim(queue, GROUP, me, IDLE_MS, [entry])
        pipe.xpending_range(queue, GROUP, entry, entry, 1)
        claimed, pending = pipe.execute()
        if not claimed:
            return None
        try:
            question = wire.question_of(entry, claimed[0][1] or {})
        except (KeyError, ValueError):
            # Taken back, of which Redis 6.2 keeps the claim; or no question at all.
            self._redis.xack(queue, GROUP, entry)
            self._redis.xdel(queue, entry)
            return None
        if pending and pending[0]["times_delivered"] > MOST_DELIVERIES:
            self._give_up(question)
            return None
        self._redis.hincrby(REDELIVERED, self._target.model, 1)
        logger.warning("%s: a worker left %s, taken over", self._target.model, question.question_id)
        return question

    def _give_up(self, question: Question) -> None:
        why = f"this request was left unanswered by {MOST_DELIVERIES} workers"
        logger.error("%s: %s: %s", self._target.model, question.question_id, why)
        body = wire.refusal(ModelWorkerFailed(why))
        command = scripts.answer(
            self._target, question.entry, question.question_id, question.asker, body
        )
        do(self._redis, command)

    def _forget_silent(self) -> None:
        for each in self._redis.xinfo_consumers(self._target.queue, GROUP):
            mine = each["name"].decode() == self._worker_id
            if not mine and not each["pending"] and each["idle"] > FORGET_MS:
                self._redis.xgroup_delconsumer(self._target.queue, GROUP, each["name"])
