"""Asking for a retraining: one run at a time for each model, however often it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from pipelines.leases import Busy, Lease
from pipelines.orchestration import RETRAIN_FLOW, FlowRun, Form, RunProgress
from pipelines.store import Store

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.1
PROMOTE = "promote"
"""The flow that judges a version which is registered already."""
THREADS = 4
"""While Prefect hangs, this many requests wait in a thread, and the others in the event loop."""


class Orchestration(Protocol):
    """What the server asks of Prefect; `pipelines.orchestration.OrchestrationClient` is one."""

    def running(self, model: str) -> FlowRun | None:
        """Return a run about this model that is due, waiting or running."""
        ...

    def start(
        self,
        model: str,
        params: Mapping[str, object],
        *,
        actor: str,
        reason: str,
        flow: str = RETRAIN_FLOW,
    ) -> FlowRun:
        """Start a run of a flow, by default a retraining."""
        ...

    def under_way(self) -> Mapping[str, FlowRun]:
        """Return the run under way of each model that has one, without patience."""
        ...

    def progress(self, run_id: str, *, patient: bool = True) -> RunProgress | None:
        """Return how far a run says it is, or None before its first word."""
        ...

    def form(self, model: str, flow: str = RETRAIN_FLOW) -> Form:
        """Return what a run of a flow may be told."""
        ...


@dataclass(frozen=True)
class Retraining:
    """The run that retrains a model; `started` says whether this very request began it."""

    run: FlowRun
    started: bool


class Retrainer:
    """Starts a run, or names the one under way; asked at once by many, it starts one."""

    def __init__(
        self,
        orchestration: Orchestration,
        store: Store,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._orchestration = orchestration
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._threads = CapacityLimiter(THREADS)

    async def ask(
        self, model: str, *, actor: str, reason: str, params: Mapping[str, object] | None = None
    ) -> Retraining:
        """Do the same for an endpoint, in threads that choices and feedback do not need."""
        work = partial(self, model, actor=actor, reason=reason, params=params)
        return await to_thread.run_sync(work, limiter=self._threads)

    def judge(self, model: str, version: str, *, actor: str, reason: str) -> FlowRun:
        """Have the gate judge a registered version. Raises what the orchestration raises."""
        asked = {"version": version}
        return self._orchestration.start(model, asked, actor=actor, reason=reason, flow=PROMOTE)

    def form(self, model: str) -> Form:
        """Return what a retraining may be told. Raises what the orchestration raises."""
        return self._orchestration.form(model)

    def __call__(
        self, model: str, *, actor: str, reason: str, params: Mapping[str, object] | None = None
    ) -> Retraining:
        """Return the model's run. Raises what the orchestration raises, or `Busy`."""
        deadline = self._clock() + PATIENCE_SECONDS
        while True:
            try:
                # Looking and starting belong together, across all workers of the server.
                with Lease(self._store, f"retrain-request:{model}"):
                    return self._look_and_start(model, actor, reason, params or {})
            except Busy:
                if self._clock() > deadline:
                    raise
                self._sleep(PAUSE_SECONDS)

    def _look_and_start(
        self, model: str, actor: str, reason: str, params: Mapping[str, object]
    ) -> Retraining:
        running = self._orchestration.running(model)
        if running is not None:
            return Retraining(running, started=False)
        run = self._orchestration.start(model, params, actor=actor, reason=reason)
        return Retraining(run, started=True)
