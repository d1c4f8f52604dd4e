"""What runs in Prefect right now, remembered for some seconds: the board asks again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

from pipelines.orchestration import OrchestrationRefused, OrchestrationUnavailable
from serving.retraining import Orchestration
from serving.schemas.board import RunBrief

FRESH_SECONDS = 4.0
AWAY_SECONDS = 20.0
"""While Prefect is away, it is asked more seldom: each time somebody waits for it."""
Reach = Literal["reachable", "away"]


class FlowWatch:
    """The runs under way by model; one thread asks, the others take what it knew before."""

    def __init__(
        self, orchestration: Orchestration, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._orchestration = orchestration
        self._clock = clock
        self._asking = threading.Lock()
        self._until = float("-inf")
        self._known: Mapping[str, RunBrief] = {}
        self.reach: Reach | Literal["unknown"] = "unknown"

    def runs(self) -> Mapping[str, RunBrief]:
        """Return what is under way, nothing while Prefect is away."""
        if self._clock() >= self._until and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        return self._known

    def _ask(self) -> None:
        try:
            self._known = {
                model: RunBrief(
                    id=run.id, name=run.name, url=run.url, state=run.state, **self._progress(run.id)
                )
                for model, run in self._orchestration.under_way().items()
            }
            self.reach = "reachable"
        except (OrchestrationUnavailable, OrchestrationRefused):
            self._known, self.reach = {}, "away"
        wait = FRESH_SECONDS if self.reach == "reachable" else AWAY_SECONDS
        self._until = self._clock() + wait

    def _progress(self, run_id: str) -> dict[str, float | str | None]:
        said = self._orchestration.progress(run_id, patient=False)
        return {"share": said.share if said else None, "step": said.step if said else None}
