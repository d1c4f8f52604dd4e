"""Where a rollout stands: what an operator, the console and the REST interface are shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass

from pipelines.decisions.log import DecisionLog
from pipelines.rollouts import records
from pipelines.rollouts.assessment import Assessment, Seen, assess
from pipelines.rollouts.feedback import FeedbackReader
from pipelines.rollouts.observations import Totals, latency_limit, totals
from pipelines.rollouts.plan import ARMS, Rollout
from pipelines.rollouts.records import Ending, Entry
from pipelines.rollouts.tally import quantile_ms
from pipelines.store import Store


@dataclass(frozen=True)
class Standing:
    """A rollout, what was seen of it, and what that says; of an ended one what was recorded."""

    entry: Entry
    seen: Totals
    assessment: Assessment
    now: float
    evidence: Mapping[str, object]
    """What the checks rest on beside the counts, as a record of the end holds it."""

    def as_json(self) -> dict[str, object]:
        """Return all of it as one document."""
        rollout, ending = self.entry.rollout, self.entry.ending
        stage = rollout.stage(self.now)
        return {
            **summary(self.entry),
            "stage": stage,
            "share": rollout.shares[stage],
            "remaining_seconds": 0.0 if ending else max(0.0, rollout.ends_at - self.now),
            "finding": self.assessment.finding,
            "checks": [asdict(check) for check in self.assessment.checks],
            "arms": {arm: _arm(self.seen, arm == "challenger") for arm in ARMS},
            "evidence": self.evidence,
            "plan": rollout.plan.as_json(),
        }


def summary(entry: Entry) -> dict[str, object]:
    """Return one line about a rollout; `verdict` is `running` until it has ended."""
    rollout, ending = entry.rollout, entry.ending
    return {
        "rollout_id": rollout.rollout_id,
        "model": rollout.model,
        "mode": rollout.mode,
        "champion": rollout.champion,
        "challenger": rollout.challenger,
        "verdict": ending.outcome.verdict if ending else "running",
        "started_at": rollout.started_at,
        "ends_at": rollout.ends_at,
        "ended_at": ending.ended_at if ending else None,
        "ended_by": ending.actor if ending else None,
        "end_decision_id": ending.decision_id if ending else None,
        "promoted": bool(ending and ending.promoted),
    }


class Lookout:
    """Looks at rollouts again and again; of the feedback it reads only what is new.

    Shared by the threads of a process; what it returns changes no more. Of each model it remembers
    the rollout that it looked at last.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._readers: dict[str, FeedbackReader] = {}

    def look(self, rollout: Rollout) -> Seen:
        """Return what is known of a rollout by now."""
        with self._lock:
            reader = self._readers.get(rollout.model)
            if reader is None or reader.rollout != rollout:
                reader = self._readers[rollout.model] = FeedbackReader(
                    self._store, rollout, clock=self._clock
                )
            evidence = deepcopy(reader.read())
        found = totals(self._store, rollout.rollout_id)
        return Seen(found, evidence, latency_limit(self._store, rollout, found))

    def forget_all_but(self, models: Collection[str]) -> None:
        """Forget the rollouts of all other models."""
        with self._lock:
            self._readers = {
                model: reader for model, reader in self._readers.items() if model in models
            }


def standing(
    log: DecisionLog, rollout_id: str, now: float, lookout: Lookout | None = None
) -> Standing:
    """Return where a rollout stands, by the store alone. Raises `UnknownRollout`.

    Whoever asks often passes a `lookout` that has read the feedback so far.
    """
    entry = records.get(log, rollout_id)
    if entry.ending is not None:
        return _ended(entry, entry.ending, now)
    seen = (lookout or Lookout(log.store)).look(entry.rollout)
    found = assess(entry.rollout, seen)
    return Standing(entry, seen.totals, found, now, seen.evidence_as_json())


def _ended(entry: Entry, ending: Ending, now: float) -> Standing:
    outcome = ending.outcome
    found = Assessment(outcome.checks, None, outcome.finding)
    return Standing(entry, Totals.from_json(outcome.totals), found, now, outcome.evidence)


def _arm(seen: Totals, is_challenger: bool) -> Mapping[str, object]:
    counts = seen.of("challenger" if is_challenger else "champion")
    found: dict[str, object] = {
        "requests": counts.requests,
        "errors": counts.errors,
        "units": counts.units,
        "unit_errors": counts.unit_errors,
        "p50_ms": quantile_ms(counts.latency, 0.5),
        "p95_ms": quantile_ms(counts.latency, 0.95),
        "p99_ms": quantile_ms(counts.latency, 0.99),
    }
    if is_challenger:
        compared = {"compared": counts.compared, "agreed": counts.agreed, "dropped": counts.dropped}
        found |= compared
    return found
