"""What the API and its model workers say to each other through Redis: keys, questions, replies.

Each version has a queue of its own, named by its digest, so whoever reads there has that very
version. A key is all that both sides have to agree on; what stands in it is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from pipelines.contract import RequestRefused, Row
from serving.live.loaded import BrokenRuntime

GROUP = "workers"
"""The consumer group of every queue."""
WORKERS = "contender:workers"
"""A set: the ids of the workers that were ever seen; those that are gone are dropped from it."""
REDELIVERED = "contender:redelivered"
"""A hash: how many requests of each model were handed out again since a worker fell silent."""
ALIVE_MS = 3_000
"""A worker that was not heard of for so long is not counted on."""
KEEP_MS = 60_000
"""How long a result is kept for whoever asked."""


class RedisAway(RuntimeError):
    """Redis cannot be reached, or takes no requests; who asks again later loses nothing."""


class NoModelWorker(LookupError):
    """No living worker has the version that answers for the model; one may have it soon."""


class LoadedByNobody(NoModelWorker):
    """Every worker that tried to load the version has failed; the message says why."""


class ModelWorkerFailed(RuntimeError):
    """A worker could not answer these instances, or they ended every worker that tried."""


@dataclass(frozen=True)
class Target:
    """One version, as its workers know it."""

    model: str
    digest: str

    @property
    def queue(self) -> str:
        """The stream of its requests."""
        return f"contender:queue:{self.model}:{self.digest}"

    @property
    def serving(self) -> str:
        """The sorted set of workers that have it, by when they were heard of last."""
        return f"contender:serving:{self.model}:{self.digest}"


def worker_key(worker_id: str) -> str:
    """Return where a worker keeps what it says of itself."""
    return f"contender:worker:{worker_id}"


def result_key(question_id: str) -> str:
    """Return where the answer to one question is kept until it is fetched, or expires."""
    return f"contender:result:{question_id}"


def answered_key(asker: str) -> str:
    """Return the list of questions that are answered and whose asker has not looked yet."""
    return f"contender:answered:{asker}"


@dataclass(frozen=True)
class Question:
    """One entry of a queue. Whoever asked waits `left_ms` from when the entry was made."""

    entry: str
    """The entry's id: milliseconds by the clock of Redis, and a number."""
    question_id: str
    asker: str
    left_ms: int
    body: bytes

    @property
    def until_ms(self) -> int:
        """When nobody waits for it any more, by the clock of Redis."""
        return int(self.entry.partition("-")[0]) + self.left_ms

    def instances(self) -> list[Row]:
        """Return what is asked. Raises `ValueError` where that is no list."""
        found = orjson.loads(self.body)
        if not isinstance(found, list):
            raise ValueError("a question holds no list of instances")
        return found


def question_of(entry: bytes, fields: Mapping[bytes, bytes]) -> Question:
    """Return an entry as a question. Raises `ValueError` or `KeyError` for any other entry."""
    return Question(
        entry.decode(),
        fields[b"id"].decode(),
        fields[b"asker"].decode(),
        int(fields[b"left"]),
        fields[b"body"],
    )


def written(instances: Sequence[Row]) -> bytes:
    """Return instances as they travel; the server may have put numpy's numbers into them."""
    return orjson.dumps(list(instances), option=orjson.OPT_SERIALIZE_NUMPY)


def reply(rows: Sequence[Sequence[Row]]) -> bytes:
    """Return an answer as it travels."""
    return orjson.dumps({"rows": rows}, option=orjson.OPT_SERIALIZE_NUMPY)


def refusal(error: Exception) -> bytes:
    """Return why there is no answer, as it travels."""
    kind = "failed"
    if isinstance(error, RequestRefused):
        kind = "refused"
    elif isinstance(error, BrokenRuntime):
        kind = "broken"
    return orjson.dumps({kind: str(error)})


def rows_of(body: bytes) -> list[list[Row]]:
    """Return the rows of a reply.

    Raises `RequestRefused`, `BrokenRuntime` or `ModelWorkerFailed`, as the worker said.
    """
    said = orjson.loads(body)
    if "refused" in said:
        raise RequestRefused(said["refused"])
    if "broken" in said:
        raise BrokenRuntime(said["broken"])
    if "failed" in said:
        raise ModelWorkerFailed(said["failed"])
    rows: list[list[Row]] = said["rows"]
    return rows
