"""One loaded champion: opened, checked, warmed up, and released after its last answer.

The blessing (`serving.bless`) and the slots load a version with the very same code.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import orjson

from pipelines.contract import RequestRefused, Row, Runtime
from pipelines.versions.artifact import ArtifactRefused, Package, open_runtime
from serving.answers import ServedModel
from serving.validation import InvalidInstances, SchemaCheck, TargetCheck

WARM_UP_ROUNDS = 5
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

    def is_quick(self, instances: Sequence[Row]) -> bool:
        """Whether these instances may be answered on the event loop itself.

        What another process answers never is: it may be busy, or hang.
        """
        if self.package.contract.form != "compiled":
            return False
        if self.instance_ms * len(instances) > QUICK_MS:
            return False
        # One text as long as a hundred others costs as much as they do.
        likened = len(orjson.dumps(instances)) / self.instance_bytes
        return self.instance_ms * likened <= QUICK_MS

    def predict(self, instances: Sequence[Row]) -> list[list[Row]]:
        """Check and answer. Raises `InvalidInstances`, `RequestRefused` or `BrokenRuntime`."""
        self.check.check(instances)
        return self.answer(instances)

    def answer(self, instances: Sequence[Row]) -> list[list[Row]]:
        """Answer instances that are known to be valid."""
        answers = self.runtime.predict(instances) if instances else []
        if len(answers) != len(instances):
            raise BrokenRuntime(f"{len(answers)} answers to {len(instances)} instances")
        if not self.package.contract.many and any(len(rows) != 1 for rows in answers):
            raise BrokenRuntime("an instance was answered by other than one row")
        return answers


def load(package: Package, *, text_limit: int = TEXT_LIMIT_CHARACTERS) -> Loaded:
    """Open and warm up a verified package. Raises `ArtifactRefused`."""
    check = SchemaCheck(package.contract.request_schema, text_limit)
    truth = TargetCheck(package.contract)
    runtime = open_runtime(package)
    try:
        return _warmed_up(Loaded(package, runtime, check, truth, (), 0.0, 1.0))
    except BaseException:
        runtime.close()
        raise


def _warmed_up(cold: Loaded) -> Loaded:
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
    costs = [_milliseconds(cold, row) for _ in range(WARM_UP_ROUNDS) for row in rows]
    sizes = [len(orjson.dumps([row])) for row in rows]
    return replace(
        cold,
        golden=tuple(tuple(answer) for answer in golden),
        instance_ms=statistics.median(costs),
        instance_bytes=statistics.median(sizes),
    )


def _milliseconds(loaded: Loaded, row: Row) -> float:
    start = time.perf_counter()
    loaded.answer([row])
    return (time.perf_counter() - start) * 1000


class LiveModel:
    """A loaded champion under its decided identity, counted while requests use it."""

    def __init__(self, served: ServedModel, loaded: Loaded) -> None:
        self.served = served
        self.loaded = loaded
        self._lock = threading.Lock()
        self._users = 0
        self._closed = False
        # Threads of its own, made when wanted: a slow model keeps only its own requests waiting.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"predict-{served.name}")

    def is_quick(self, instances: Sequence[Row]) -> bool:
        """Whether these instances may be answered on the event loop itself."""
        return self.loaded.is_quick(instances)

    async def answer(self, instances: Sequence[Row]) -> list[list[Row]]:
        """Check and answer what is not quick, without holding up the event loop.

        Raises `InvalidInstances`, `RequestRefused` or `BrokenRuntime`.
        """
        # Counted for itself: a caller that is cancelled leaves its thread behind, which still
        # uses the runtime.
        self.acquire()
        work = self._threads.submit(self.loaded.predict, instances)
        work.add_done_callback(lambda _: self.release())
        return await asyncio.wrap_future(work)

    def finish(self) -> None:
        """Wait for the answers that are under way; none is begun any more."""
        self._threads.shutdown()

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
        """Release the runtime unless a request still uses it; True when it is released."""
        with self._lock:
            if self._users:
                return False
            already, self._closed = self._closed, True
        if not already:
            self._threads.shutdown(wait=False)
            self.loaded.runtime.close()
        return True
