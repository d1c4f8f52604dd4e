"""One client never sees an earlier champion after a later one, whichever worker answers him.

Each answer names the generation of the champion that gave it in `X-Generation`. A client that
sends the highest one he has seen as `X-Min-Generation` is answered by that generation or a later
one: a worker that is behind waits for a moment, and otherwise says that it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any, Protocol

DEMANDED = "X-Min-Generation"
ANSWERED = "X-Generation"
PATIENCE_SECONDS = 2.0
"""How long a worker that is behind lets its caller wait: longer than a poll and a load take."""
LOOK_SECONDS = 0.01
LONGEST_DIGITS = 9

_DEMANDED_BYTES = DEMANDED.lower().encode()
_ANSWERED_BYTES = ANSWERED.lower().encode()
_demanded: ContextVar[bytes] = ContextVar("demanded_generation", default=b"")
_answered: ContextVar[Generation | None] = ContextVar("answered_generation", default=None)


class Generation(Protocol):
    """A champion of its generation, as what answers is named."""

    @property
    def name(self) -> str:
        """The model."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def decision_id(self) -> str:
        """The decision that made it champion."""

    @property
    def generation(self) -> int:
        """The how-manieth champion it is."""


class InvalidGeneration(ValueError):
    """The header that demands a generation does not name one."""


class StillBehind(RuntimeError):
    """This worker does not answer with the demanded generation yet; another one may."""


def listen(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Take note of what the caller demands, for the task that answers him."""
    for name, value in headers:
        if name == _DEMANDED_BYTES:
            _demanded.set(value or b"?")


def demanded() -> int:
    """Return the lowest generation that may answer, 0 for any. Raises `InvalidGeneration`."""
    given = _demanded.get()
    if not given:
        return 0
    if not given.isdigit() or len(given) > LONGEST_DIGITS:
        said = given[:20].decode("latin-1")
        raise InvalidGeneration(f"{DEMANDED} is {said!r}; a whole number is expected")
    return int(given)


def answered(served: Generation) -> None:
    """Take note of which generation answers, for the head of the answer and for log lines."""
    _answered.set(served)


def answering() -> Generation | None:
    """Return what has answered within this task, if anything has."""
    return _answered.get()


def header(generation: int) -> tuple[bytes, bytes]:
    """Return the header that names the generation of an answer."""
    return _ANSWERED_BYTES, b"%d" % generation


def stamp(message: MutableMapping[str, Any]) -> None:
    """Name the generation in the head of an answer, where a model gave it just now."""
    served = _answered.get()
    if served is not None and served.generation:
        message["headers"] = [*message["headers"], header(served.generation)]


async def reach(wanted: int, current: Callable[[], int], *, hurry: Callable[[], None]) -> None:
    """Wait until `current` is `wanted` or later; `hurry` makes this worker look right now.

    Raises `StillBehind`.
    """
    if current() >= wanted:
        return
    hurry()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while current() < wanted:
        if loop.time() >= deadline:
            raise StillBehind(
                f"generation {wanted} is demanded and this worker answers with {current()}"
            )
        await asyncio.sleep(LOOK_SECONDS)
