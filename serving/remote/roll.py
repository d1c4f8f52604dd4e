"""What model workers say of themselves: who lives, what each holds, and what he failed to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from serving.live.costs import Cost
from serving.remote.wire import ALIVE_MS, WORKERS, worker_key

if TYPE_CHECKING:
    from redis import Redis


@dataclass(frozen=True)
class Held:
    """One version that a worker answers, and what its warm-up measured there."""

    model: str
    version: str
    digest: str
    instance_ms: float
    batch_ms: float | None

    @cached_property
    def cost(self) -> Cost:
        """What calls cost the worker, by which it answers requests together or not."""
        return Cost(self.instance_ms, self.batch_ms)


HELD = tuple(each.name for each in fields(Held))


@dataclass(frozen=True)
class WorkerWord:
    """What one worker says."""

    worker_id: str
    models: tuple[str, ...]
    """Those that it answers whenever they have a champion."""
    held: tuple[Held, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    """Digests that it could not load, and why."""

    def as_bytes(self) -> bytes:
        """Return it as it is kept."""
        return orjson.dumps(asdict(self))


def read(redis: Redis) -> list[WorkerWord]:
    """Return what every living worker said last, by worker; forgets those that are gone.

    Of whom nothing can be made is not counted on. Raises what `connection.failures` names.
    """
    # Typed for both kinds of client by the library; this one does not wait for a loop.
    names = sorted(_words(redis.smembers(WORKERS)))
    if not names:
        return []
    said = _said(redis.mget([worker_key(name) for name in names]))
    gone = [name for name, word in zip(names, said, strict=True) if word is None]
    if gone:
        redis.srem(WORKERS, *gone)
    understood = [word_of(each) for each in said if each is not None]
    return [word for word in understood if word is not None]


def word_of(said: bytes) -> WorkerWord | None:
    """Return what a worker said, from how it is kept; None where nothing can be made of it."""
    try:
        found = orjson.loads(said)
        # What a later release says beside is nothing to this one.
        held = tuple(Held(**{name: each[name] for name in HELD}) for each in found["held"])
        return WorkerWord(found["worker_id"], tuple(found["models"]), held, found["failed"])
    except (KeyError, TypeError, ValueError):
        return None


def say(redis: Redis, word: WorkerWord) -> None:
    """Keep a worker's word for as long as it counts as alive, in one round trip."""
    pipe = redis.pipeline(transaction=False)
    pipe.set(worker_key(word.worker_id), word.as_bytes(), px=ALIVE_MS)
    pipe.sadd(WORKERS, word.worker_id)
    pipe.execute()


def holders(words: Sequence[WorkerWord], digest: str) -> list[Held]:
    """Return what the workers that have a version say of it."""
    return [held for word in words for held in word.held if held.digest == digest]


def awaited(words: Sequence[WorkerWord], model: str, digest: str) -> list[str]:
    """Return the workers of a model that neither have a version nor failed to load it."""
    return [
        word.worker_id
        for word in words
        if model in word.models
        and digest not in word.failed
        and all(held.digest != digest for held in word.held)
    ]


def _words(found: object) -> list[str]:
    assert isinstance(found, set)
    return [name.decode() for name in found]


def _said(found: object) -> list[bytes | None]:
    assert isinstance(found, list)
    return found
