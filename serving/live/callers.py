"""Who waits for an answer: until when, and is he still there?

Asked only where a request has to wait, so an answer that is given at once pays one assignment.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from starlette.types import Receive, Scope

HEADER = "X-Deadline-Ms"
HEADER_BYTES = HEADER.lower().encode()
MILLISECONDS = re.compile(rb"[1-9][0-9]{0,8}")
PATIENCE_SECONDS = 0.05
"""Whether a caller is still there is asked once he has waited for so long; most never do."""

_caller: ContextVar[tuple[Scope, Receive, float] | None] = ContextVar("caller", default=None)


class InvalidDeadline(ValueError):
    """The header that says how long the caller waits does not say so in milliseconds."""


class DeadlinePassed(RuntimeError):
    """The answer did not come within the time that the caller or the settings give it."""


class CallerGone(RuntimeError):
    """The caller closed the connection before the answer was there."""


def remember(scope: Scope, receive: Receive) -> None:
    """Take note of who asks, for the task that answers him."""
    _caller.set((scope, receive, time.monotonic()))


def request() -> Scope | None:
    """Return the request that this task answers, if it answers one."""
    caller = _caller.get()
    return caller[0] if caller else None


def header(name: bytes) -> str | None:
    """Return a header of the caller's, by its name in small letters; None where he sent none."""
    caller = _caller.get()
    found = caller and next((value for key, value in caller[0]["headers"] if key == name), None)
    return found.decode("latin-1") if found else None


def is_plain(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the deadline among some headers, if there is one, is what it should be."""
    given = headers.get(HEADER_BYTES)
    return given is None or MILLISECONDS.fullmatch(given) is not None


def seconds_left(most: float) -> float:
    """Return how long the caller may still be kept waiting, `most` seconds since he asked.

    His header may shorten that. Raises `InvalidDeadline`, or `DeadlinePassed` when none are left.
    """
    caller = _caller.get()
    if caller is None:
        return most
    scope, _, since = caller
    given = next((value for name, value in scope["headers"] if name == HEADER_BYTES), None)
    seconds = most if given is None else min(most, _milliseconds(given) / 1000)
    left = since + seconds - time.monotonic()
    if left <= 0:
        raise DeadlinePassed(f"the {seconds * 1000:.0f} ms for an answer were over before its turn")
    return left


async def wait_for(answer: asyncio.Future[Any], seconds: float) -> Any:
    """Return the answer once it is there.

    Raises `DeadlinePassed` after `seconds`, or `CallerGone` when the caller has left before.
    """
    loop = asyncio.get_running_loop()
    caller = _caller.get()
    watching: list[asyncio.Task[None]] = []

    def watch(receive: Receive) -> None:
        watching.append(loop.create_task(_watch(receive, answer)))

    timers = [loop.call_later(seconds, _late, answer, seconds)]
    if caller is not None:
        timers.append(loop.call_later(PATIENCE_SECONDS, watch, caller[1]))
    try:
        return await answer
    finally:
        for timer in timers:
            timer.cancel()
        for task in watching:
            task.cancel()


async def _watch(receive: Receive, answer: asyncio.Future[Any]) -> None:
    # The body has been read by now: all that can still come is the end.
    while (await receive())["type"] != "http.disconnect":
        pass
    _fail(answer, CallerGone("the caller closed the connection before the answer was there"))


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


def _late(answer: asyncio.Future[Any], seconds: float) -> None:
    _fail(answer, DeadlinePassed(f"no answer within the {seconds * 1000:.0f} ms left for it"))


def _milliseconds(given: bytes) -> int:
    if not MILLISECONDS.fullmatch(given):
        said = given[:20].decode("latin-1")
        raise InvalidDeadline(f"{HEADER} is {said!r}; a whole number of milliseconds is expected")
    return int(given)
