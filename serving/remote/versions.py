"""Live models whose answers come from workers: opened like any other, without their files.

The API has the contract, checks what is asked and logs what is answered; a worker that has the
very same digest does the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pipelines.settings import Settings
from pipelines.versions.artifact import Contract, Package
from serving.live.answers import ServedModel
from serving.live.batching import Queue, QueueFull, QueueLimits, Watch
from serving.live.callers import DeadlinePassed
from serving.live.costs import Cost
from serving.live.loaded import LiveModel, Loaded, golden_answers, usual_bytes
from serving.live.turns import Rows
from serving.live.validation import SchemaCheck, TargetCheck
from serving.remote import roll
from serving.remote.connection import failures, open_redis
from serving.remote.desk import RemoteDesk
from serving.remote.post import Post
from serving.remote.roll import Held, WorkerWord
from serving.remote.wire import (
    LoadedByNobody,
    ModelWorkerFailed,
    NoModelWorker,
    RedisAway,
    Target,
)

if TYPE_CHECKING:
    from redis import Redis

PATIENCE_SECONDS = 20.0
"""How long a version that shall follow another one waits until workers have it."""
FIRST_PATIENCE_SECONDS = 3.0
LOOK_SECONDS = 0.1
UNREADY = (NoModelWorker, RedisAway, ModelWorkerFailed, QueueFull, DeadlinePassed)
"""What time may cure; the version itself is well."""


class RemoteRuntime:
    """Answers from a thread of its own, such as a rollout's mirror, by asking the desk."""

    def __init__(self, desk: Queue) -> None:
        self._desk = desk

    def predict(self, instances: Sequence[Mapping[str, object]]) -> Rows:
        """Ask the workers. Raises what `RemoteDesk.answer` raises."""
        return asyncio.run(self._desk.answer([dict(each) for each in instances]))

    def close(self) -> None:
        """Do nothing: the workers notice by themselves that nobody asks them any more."""


class RemoteVersions:
    """Opens the versions of some models; one instance a process."""

    def __init__(
        self,
        models: Iterable[str],
        redis: Redis,
        post: Post,
        *,
        text_limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.models = frozenset(models)
        self.redis = redis
        self.post = post
        self._text_limit = text_limit
        self._clock = clock
        self._opened: set[str] = set()

    def open(
        self, package: Package, served: ServedModel, limits: QueueLimits, watch: Watch
    ) -> LiveModel:
        """Return a version that its workers answer, once they have it.

        The first one of a model is not waited for long: there is nothing else to answer with, and
        who asks before a worker is there is told so. Raises `NoModelWorker`, `RedisAway`,
        `ArtifactRefused` or what a worker that is asked raises.
        """
        target, expected = Target(served.name, served.digest), _expected(package.contract)
        first = served.name not in self._opened
        name = f"{served.name} version {served.version}"
        desk = RemoteDesk(
            self.post,
            target,
            partial(self._cost, target.digest, expected),
            name=name,
            limits=limits,
            watch=watch,
        )
        loaded = self._loaded(package, desk, expected)
        try:
            held = self._held(target, first=first)
            loaded = self._loaded(package, desk, held.cost)
            loaded = replace(loaded, golden=tuple(map(tuple, golden_answers(loaded))))
        except UNREADY as error:
            if not first or isinstance(error, LoadedByNobody):
                raise
        self._opened.add(served.name)
        return LiveModel(served, loaded, limits=limits, watch=watch, queue=desk)

    def close(self) -> None:
        """Ask nothing any more."""
        self.post.close()
        self.redis.close()

    def _cost(self, digest: str, expected: Cost) -> Cost:
        """Return what calls of a version cost, by a worker that has it."""
        return next((held.cost for held in roll.holders(self.post.words, digest)), expected)

    def _loaded(self, package: Package, desk: RemoteDesk, cost: Cost) -> Loaded:
        contract = package.contract
        return Loaded(
            package=package,
            runtime=RemoteRuntime(desk),
            check=SchemaCheck(contract.request_schema, self._text_limit),
            truth=TargetCheck(contract),
            golden=(),
            instance_ms=cost.single_ms,
            instance_bytes=usual_bytes(contract.golden) if contract.golden else 1.0,
            batch_ms=cost.batch_ms,
            remote=True,
        )

    def _held(self, target: Target, *, first: bool) -> Held:
        """Return what a worker says of a version, once every living one has it or has failed to.

        A first version does not wait for workers that are not even there.
        """
        since = self._clock()
        while True:
            words = self._words()
            holders = roll.holders(words, target.digest)
            awaited = roll.awaited(words, target.model, target.digest)
            if holders and not awaited:
                return holders[0]
            failed = [word.failed[target.digest] for word in words if target.digest in word.failed]
            alone = first and not words
            patience = FIRST_PATIENCE_SECONDS if alone else PATIENCE_SECONDS
            if self._clock() >= since + patience or (failed and not awaited):
                break
            time.sleep(LOOK_SECONDS)
        if holders:
            return holders[0]
        nobody = f"no model worker has digest {target.digest[:12]}"
        if failed and not awaited:
            raise LoadedByNobody(f"{nobody}: {failed[0]}")
        raise NoModelWorker(nobody)

    def _words(self) -> list[WorkerWord]:
        try:
            return roll.read(self.redis)
        except failures() as error:
            raise RedisAway(f"Redis cannot be reached ({type(error).__name__})") from error


def _expected(contract: Contract) -> Cost:
    """Return what a version is allowed to take, for as long as no worker says what it takes."""
    return Cost(contract.latency_budget_ms, None, elsewhere=True)


def connected(settings: Settings, asker: str) -> RemoteVersions | None:
    """Return what opens the models that workers answer; None where there are none.

    Nothing is sent before the first of them is opened.
    """
    workers = settings.workers
    if not workers.models:
        return None
    url = workers.redis_url.get_secret_value()
    return RemoteVersions(
        workers.models,
        open_redis(url, "api"),
        Post(asker, partial(open_redis, url, "api-post")),
        text_limit=settings.serving.text_limit_characters,
    )
