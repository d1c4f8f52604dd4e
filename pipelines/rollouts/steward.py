"""Ends rollouts: by guardrail, by victory, by the clock, or because the champion moved on.

Each worker of the server tends all rollouts each second. Ending is a compare-and-swap in the log,
so however many tend, a rollout ends once; whoever is killed is not missed, because a new one finds
everything in the store again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pipelines.decisions.log import Conflict, Decision, DecisionLog
from pipelines.rollouts import records
from pipelines.rollouts.assessment import Seen, assess
from pipelines.rollouts.feedback import forget_units
from pipelines.rollouts.plan import Rollout
from pipelines.rollouts.records import Outcome, Verdict
from pipelines.rollouts.standing import Lookout

ACTOR = "steward"

logger = logging.getLogger(__name__)


class Steward:
    """Tends the running rollouts of one store; one thread at a time."""

    def __init__(self, log: DecisionLog, *, clock: Callable[[], float] = time.time) -> None:
        self._log = log
        self._clock = clock
        self._lookout = Lookout(log.store, clock=clock)

    def tend(self) -> list[Decision]:
        """Look at every running rollout and end those that are due; return what was recorded."""
        running = records.active_rollouts(self._log)
        self._lookout.forget_all_but(running)
        ended = [self._tend(rollout) for rollout in running.values()]
        return [decision for decision in ended if decision is not None]

    def give_up(self, rollout: Rollout, reason: str) -> Decision | None:
        """Roll a rollout back whose challenger cannot be served here; None if it had ended."""
        outcome = _outcome("rolled_back", reason, rollout, self._lookout.look(rollout))
        return self._end(rollout, outcome)

    def _tend(self, rollout: Rollout) -> Decision | None:
        head = self._log.head(rollout.model)
        seen = self._lookout.look(rollout)
        if head is not None and head.generation != rollout.generation:
            reason = f"version {head.version} is champion now, by {head.decision_id}"
            return self._end(rollout, _outcome("superseded", reason, rollout, seen))
        found = assess(rollout, seen)
        if found.decides is not None:
            return self._end(rollout, _outcome(found.decides, found.finding, rollout, seen))
        if rollout.over(self._clock()):
            return self._end(rollout, _outcome("completed", found.finding, rollout, seen))
        return None

    def _end(self, rollout: Rollout, outcome: Outcome) -> Decision | None:
        promote = outcome.verdict == "superior" and rollout.plan.on_success == "promote"
        try:
            decision = records.end(self._log, rollout, outcome, actor=ACTOR, promote=promote)
        except Conflict as conflict:
            logger.info("%s: %s", rollout.rollout_id, conflict)
            return None
        forget_units(self._log.store, rollout.rollout_id)
        logger.warning("%s: %s: %s", rollout.rollout_id, outcome.verdict, outcome.finding)
        return decision


def stop(log: DecisionLog, rollout_id: str, *, actor: str, reason: str) -> Decision:
    """Stop a rollout by hand, with what is known by now.

    Raises `UnknownRollout`, `RolloutRefused` without a name and a reason, or `Conflict` where it
    has ended already.
    """
    if not actor.strip() or not reason.strip():
        raise records.RolloutRefused("stopping a rollout needs a name and a reason")
    rollout = records.get(log, rollout_id).rollout
    seen = Lookout(log.store).look(rollout)
    outcome = _outcome("stopped", reason.strip(), rollout, seen)
    decision = records.end(log, rollout, outcome, actor=actor.strip())
    forget_units(log.store, rollout_id)
    return decision


def _outcome(verdict: Verdict, finding: str, rollout: Rollout, seen: Seen) -> Outcome:
    return Outcome(
        verdict=verdict,
        finding=finding,
        checks=assess(rollout, seen).checks,
        totals=seen.totals.as_json(),
        evidence=seen.evidence_as_json(),
    )
