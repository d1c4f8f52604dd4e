"""Answers together what arrives in one round of the event loop, whoever asked it of which model.

Nobody waits for a batch to fill: a round ends when everything that has arrived was read, so a lone
request is answered at once, and of a crowd the costs of a call, of a line in the log and of a
system call are shared. Connections are answered in the order in which they asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from serving.hot.calls import Call, Question, Reply
from serving.live.answers import Answered
from serving.live.quick import Quick

ROOM = 32
"""Requests of one call at most: more gain next to nothing, and the first would wait for the last.
Of models that take longer so many share a call as are answered while a round lasts."""
ROOM_BYTES = 16_384
"""Long texts cost as much as many short ones, so few of them share a call; of a model that is
usually asked at length as many do as is usual of them."""
ROUND_SECONDS = 0.005
"""After so long those that wait are let wait for the next round: others want to be read."""

logger = logging.getLogger(__name__)


class Asker(Protocol):
    """A connection that waits for its answer."""

    def reply(self, reply: Reply, call: Call) -> None:
        """Send the answer."""
        ...

    def hand_over(self) -> None:
        """Let the application answer, which takes longer or says what is wrong."""
        ...


class Waiting(NamedTuple):
    """A question, and who waits for its answer."""

    asker: Asker
    call: Call
    question: Question


class Rounds:
    """What has been asked and not answered yet; used by one event loop."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []

    def join(self, waiting: Waiting) -> None:
        """Have a question answered in this round of the loop."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.run)
        self._waiting.append(waiting)

    def run(self, *, everything: bool = False) -> None:
        """Answer what waits, while the round lasts or to the end."""
        until = time.perf_counter() + ROUND_SECONDS
        came, self._waiting = self._waiting, []
        calls = list(_calls(came))
        for number, some in enumerate(calls):
            if number and not everything and time.perf_counter() > until:
                late = [each for rest in calls[number:] for each in rest]
                self._waiting = [*late, *self._waiting]
                asyncio.get_running_loop().call_soon(self.run)
                return
            self._answer(some)

    def _answer(self, some: Sequence[Waiting]) -> None:
        answers = _answers(some)
        for waiting, answered in zip(some, answers, strict=True):
            reply = None if answered is None else _finished(waiting, answered)
            if reply is None:
                waiting.asker.hand_over()
            else:
                waiting.asker.reply(reply, waiting.call)


def _calls(came: Sequence[Waiting]) -> Iterator[Sequence[Waiting]]:
    """Yield what is asked of one model by one call, in the order in which it was asked."""
    models: dict[str, list[Waiting]] = {}
    for waiting in came:
        models.setdefault(waiting.question.model, []).append(waiting)
    for model, asked in models.items():
        slots = asked[0].call.services.slots
        room = min(ROOM, slots.room(model, ROUND_SECONDS))
        most_bytes = max(ROOM_BYTES, room * slots.usual_bytes(model))
        some: list[Waiting] = []
        room_bytes = most_bytes
        for waiting in asked:
            room_bytes -= len(waiting.call.body)
            if some and (len(some) == room or room_bytes < 0):
                yield some
                some, room_bytes = [], most_bytes - len(waiting.call.body)
            some.append(waiting)
        yield some


def _answers(some: Sequence[Waiting]) -> Sequence[Answered | None]:
    asked = [
        Quick(each.question.instances, each.call.request_id, each.question.logged) for each in some
    ]
    slots = some[0].call.services.slots
    try:
        return slots.answer_together(some[0].question.model, asked)
    except Exception as error:  # noqa: BLE001 - the application meets it again, and tells it
        logger.debug("%d requests are left to the application: %r", len(some), error)
        return [None] * len(some)


def _finished(waiting: Waiting, answered: Answered) -> Reply | None:
    try:
        return waiting.question.finish(waiting.call, answered)
    except Exception:
        # Logged already, and yet it cannot be told: the application asks once more and says why.
        logger.exception("request %s cannot be told its answer", waiting.call.request_id)
        return None
