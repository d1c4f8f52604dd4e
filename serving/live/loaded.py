"""One loaded champion: opened, checked, warmed up, and released after its last answer.

The blessing (`serving.bless`) and the slots load a version with the very same code.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import orjson

from pipelines.contract import RequestRefused, Row, Runtime
from pipelines.versions.artifact import FLAVOUR, ArtifactRefused, Package, open_runtime
from pipelines.versions.flavour_runtime import CALL_SECONDS, open_flavour
from serving.live.answers import Answering, ServedModel
from serving.live.batching import Batcher, Queue, QueueLimits, Unwatched, Watch
from serving.live.costs import BATCH, SAVED_MS, Cost
from serving.live.gathering import Gatherer
from serving.live.validation import InvalidInstances, SchemaCheck, TargetCheck

WARM_UP_ROUNDS = 5
BATCH_ROUNDS = 3
WAITING_SHARE = 0.1
FINISH_SECONDS = 10.0
QUICK_MS = 5.0
TEXT_LIMIT_CHARACTERS = 20_000
THREADS = 2
"""For each live model, and only for what would hold up every other request."""


class BrokenRuntime(RuntimeError):
    """A runtime did not keep its contract: wrong number of answers, or wrongly shaped ones."""


class WarmUpFailed(ArtifactRefused):
    """A version cannot answer its own golden requests, so it may not serve."""


@dataclass(frozen=True)
class Loaded:
    """A verified version, ready to answer. Whoever holds it closes its runtime."""

    package: Package
    runtime: Runtime
    check: SchemaCheck
    truth: TargetCheck
    golden: tuple[tuple[Row, ...], ...]
    """The answers to the contract's golden requests."""
    instance_ms: float
    """What one instance costs, measured while warming up."""
    instance_bytes: float
    """How large such an instance is, as JSON."""
    batch_ms: float | None = None
    """What a batch of them costs, measured where one alone is slow enough for it to matter."""
    remote: bool = False
    """Whether workers behind Redis answer; then the package's files are not here."""

    @cached_property
    def cost(self) -> Cost:
        """What calls cost, and whether batching pays."""
        return Cost(self.instance_ms, self.batch_ms, self.is_elsewhere)

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process answers."""
        return self.remote or self.package.contract.form != "compiled"

    def is_quick(self, instances: Sequence[Row]) -> bool:
        """Whether these instances may be answered on the event loop itself.

        What another process answers never is, for it may be busy, or hang; nor is what is so much
        cheaper in batches that it is worth a thread.
        """
        if self.instance_ms * len(instances) > self._quick_ms:
            return False
        # One text as long as a hundred others costs as much as they do.
        return len(orjson.dumps(instances)) <= self._quick_bytes

    def weight(self, instances: Sequence[Row]) -> float:
        """Return how many of the warm-up's instances one of these is likely to cost, at least 1."""
        return max(1.0, len(orjson.dumps(instances)) / (self.instance_bytes * len(instances)))

    @cached_property
    def _quick_ms(self) -> float:
        return -1.0 if self.is_elsewhere or self.cost.batches else QUICK_MS

    @cached_property
    def _quick_bytes(self) -> float:
        return QUICK_MS / self.instance_ms * self.instance_bytes if self.instance_ms else math.inf

    def predict(
        self, instances: Sequence[Row], told: Sequence[Row] | None = None
    ) -> list[list[Row]]:
        """Check and answer. Raises `InvalidInstances`, `RequestRefused` or `BrokenRuntime`.

        `told` are the instances as they came, without what the server itself has put in.
        """
        self.check_told(instances, told)
        return self.answer(instances)

    def check_told(self, instances: Sequence[Row], told: Sequence[Row] | None = None) -> None:
        """Raise `InvalidInstances` unless they fit, by what was told where that is enough."""
        if told is None or self.is_elsewhere or not self.check.fits(told):
            self.check.check(instances)

    def answer(self, instances: Sequence[Row]) -> list[list[Row]]:
        """Answer instances that are known to be valid."""
        answers = self.runtime.predict(instances) if instances else []
        if len(answers) != len(instances):
            raise BrokenRuntime(f"{len(answers)} answers to {len(instances)} instances")
        if not self.package.contract.many and any(len(rows) != 1 for rows in answers):
            raise BrokenRuntime("an instance was answered by other than one row")
        return answers


def load(
    package: Package,
    *,
    text_limit: int = TEXT_LIMIT_CHARACTERS,
    call_seconds: float = CALL_SECONDS,
) -> Loaded:
    """Open and warm up a verified package. Raises `ArtifactRefused`.

    A worker process that takes longer than `call_seconds` for one call is given up.
    """
    check = SchemaCheck(package.contract.request_schema, text_limit)
    truth = TargetCheck(package.contract)
    elsewhere = package.contract.runtime == FLAVOUR
    runtime = (
        open_flavour(package.directory, package.digest, call_seconds=call_seconds)
        if elsewhere
        else open_runtime(package)
    )
    try:
        return _warmed_up(Loaded(package, runtime, check, truth, (), 0.0, 1.0))
    except BaseException:
        runtime.close()
        raise


def golden_answers(cold: Loaded) -> list[list[Row]]:
    """Return the answers to the contract's golden requests. Raises `WarmUpFailed`."""
    contract = cold.package.contract
    if not contract.golden:
        raise WarmUpFailed(f"{cold.package.directory} has no golden requests to answer")
    rows = list(contract.golden)
    try:
        # By the contract alone: a user's limit on text length is no fault of the version.
        SchemaCheck(contract.request_schema).check(rows)
        golden = cold.answer(rows)
        SchemaCheck(contract.response_schema).check([row for answer in golden for row in answer])
    except (InvalidInstances, RequestRefused, BrokenRuntime) as error:
        raise WarmUpFailed(f"golden requests were not answered: {error}") from error
    return golden


def _warmed_up(cold: Loaded) -> Loaded:
    golden, rows = golden_answers(cold), list(cold.package.contract.golden)
    costs = sorted(
        (_milliseconds(cold, [row], WARM_UP_ROUNDS), number) for number, row in enumerate(rows)
    )
    instance_ms, usual = costs[len(costs) // 2]
    batch_ms = None
    if instance_ms > SAVED_MS:
        batch_ms = _milliseconds(cold, [rows[usual]] * BATCH, BATCH_ROUNDS)
        # Once more: a machine that was busy just then must not make batching look worth it.
        instance_ms = min(instance_ms, _milliseconds(cold, [rows[usual]], WARM_UP_ROUNDS))
    return replace(
        cold,
        golden=tuple(tuple(answer) for answer in golden),
        instance_ms=instance_ms,
        instance_bytes=usual_bytes(rows),
        batch_ms=batch_ms,
    )


def usual_bytes(rows: Sequence[Row]) -> float:
    """Return how large one of these is, as JSON."""
    return statistics.median(len(orjson.dumps([row])) for row in rows)


def _milliseconds(loaded: Loaded, rows: Sequence[Row], rounds: int) -> float:
    """Return what answering `rows` takes at best, without what else this machine does."""

    def once() -> float:
        start, cpu = time.perf_counter(), time.thread_time()
        loaded.answer(rows)
        spent, passed = time.thread_time() - cpu, time.perf_counter() - start
        # Who lets others work spends next to nothing himself; there only the clock tells.
        waited = loaded.is_elsewhere or spent < WAITING_SHARE * passed
        return (passed if waited else spent) * 1000

    return min(once() for _ in range(rounds))


class LiveModel:
    """A loaded champion under its decided identity, counted while requests use it."""

    def __init__(
        self,
        served: ServedModel,
        loaded: Loaded,
        *,
        limits: QueueLimits | None = None,
        watch: Watch | None = None,
        queue: Queue | None = None,
    ) -> None:
        self.served = served
        self.loaded = loaded
        self._lock = threading.Lock()
        self._users = 0
        self._closed = False
        watch = watch or Unwatched()
        self._gathers = loaded.cost.gathers
        self._gatherer = Gatherer(loaded.answer, loaded.cost, called=watch.called)
        # A queue of its own: a slow model keeps only its own requests waiting.
        self._queue = queue or Batcher(
            loaded.answer,
            loaded.cost,
            name=f"{served.name} version {served.version}",
            threads=1 if loaded.is_elsewhere else THREADS,
            limits=limits,
            watch=watch,
        )

    @property
    def answering(self) -> Answering:
        """How this version answers right now."""
        cost = self._queue.cost
        alone = self.loaded.package.contract.golden[:1]
        here = "event loop" if self.loaded.is_quick(alone) else "thread"
        there = "model worker" if self.loaded.remote else "worker process"
        return Answering(
            where=there if self.loaded.is_elsewhere else here,
            batched=cost.batches or cost.gathers,
            reason=cost.reason,
            single_ms=cost.single_ms,
            batch_ms=cost.batch_ms,
            instances_a_call=cost.instances_a_call,
            waiting=self._queue.waiting,
        )

    def is_quick(self, instances: Sequence[Row]) -> bool:
        """Whether these instances are best answered at once, on the event loop itself."""
        if not self.loaded.is_quick(instances):
            return False
        return not self._gathers or not self._gatherer.is_crowded()

    async def answer(
        self, instances: Sequence[Row], told: Sequence[Row] | None = None
    ) -> list[list[Row]]:
        """Check and answer what is not quick, without holding up the event loop.

        Raises `InvalidInstances`, or what `Batcher.answer` raises; `told` as in `Loaded.predict`.
        """
        self.loaded.check_told(instances, told)
        came = instances if told is None else told
        if not instances:
            return []
        if self._gathers and self.loaded.is_quick(came):
            # Quick, and yet asked for here: others arrive at the same time.
            return await self._gatherer.answer(instances)
        return await self._queue.answer(instances, self.loaded.weight(came))

    def finish(self) -> None:
        """Wait for the answers that are under way; none is begun any more."""
        self._queue.close(FINISH_SECONDS)

    def acquire(self) -> bool:
        """Count one more request; False when the model was released in the meantime."""
        with self._lock:
            if self._closed:
                return False
            self._users += 1
            return True

    def release(self) -> None:
        """Count one request less."""
        with self._lock:
            self._users -= 1

    def close_if_idle(self) -> bool:
        """Release the runtime unless a request still uses it; True when it is released.

        A caller who has gone may have left a call behind that goes on without him.
        """
        with self._lock:
            if self._users or self._queue.busy:
                return False
            already, self._closed = self._closed, True
        if not already:
            self._queue.close()
            self.loaded.runtime.close()
        return True
