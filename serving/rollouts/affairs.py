"""What one worker asks of the rollouts' records and says to them, in the store."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from pipelines.decisions.log import DecisionLog
from pipelines.rollouts import disagreements, observations, records
from pipelines.rollouts.feedback import note_units
from pipelines.rollouts.plan import Rollout
from pipelines.rollouts.steward import Steward
from serving.traffic.rollouts import TakenUp

T = TypeVar("T")


class StoredAffairs:
    """The rollouts as the decision log and the store know them, for one worker."""

    def __init__(
        self,
        log: DecisionLog,
        worker_id: str,
        project: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._worker_id = worker_id
        self._project = project
        self._clock = clock
        self._steward = Steward(log, clock=clock)
        self._written: dict[str, object] = {}

    def running(self) -> Mapping[str, Rollout]:
        """Return the running rollout of each model that has one."""
        running = records.active_rollouts(self._log)
        ids = {rollout.rollout_id for rollout in running.values()}
        self._written = {name: counts for name, counts in self._written.items() if name in ids}
        return running

    def report(self, taken: TakenUp) -> None:
        """Keep what this process has counted and sampled, and the units that its callers named.

        Nothing is written where nothing has happened since the last report.
        """
        store, rollout_id = self._log.store, taken.rollout.rollout_id
        self._note_units(taken)
        disagreements.keep(store, rollout_id, _drained(taken.disagreements), self._clock())
        counts = taken.tally.counts()
        if counts != self._written.get(rollout_id):
            observations.write(store, rollout_id, self._worker_id, taken.tally, self._clock())
            self._written[rollout_id] = counts

    def _note_units(self, taken: TakenUp) -> None:
        named = _drained(taken.named)
        if not named or taken.rollout.plan.metric is None:
            return
        try:
            note_units(self._log.store, taken.rollout.rollout_id, dict(named))
        except SQLAlchemyError:
            # Nothing else would tell whose answers these were: the next report tries again.
            taken.named.extendleft(reversed(named))
            raise

    def tend(self) -> bool:
        """End what is over; a challenger that has won for promotion gets the alias, too."""
        ended = self._steward.tend()
        for decision in ended:
            if decision.generation is not None:
                self._project(decision.model)
        return bool(ended)

    def give_up(self, rollout: Rollout, why: str) -> None:
        """End a rollout whose challenger cannot be served, unless it has ended."""
        self._steward.give_up(rollout, why)


def _drained(waiting: deque[T]) -> list[T]:
    found = []
    # Others append meanwhile; one that is full drops its oldest, so it never grows shorter.
    for _ in range(len(waiting)):
        found.append(waiting.popleft())
    return found
