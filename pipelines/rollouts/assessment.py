"""What the counts and the feedback of a rollout say: a pure function, so a replay says the same.

Each guardrail is an e-process against "the challenger does no harm" and rolls back when it reaches
k / alpha, where k guardrails are on: all of them together roll back a harmless challenger with
probability at most alpha, whenever and however often they are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from features.betting import log_mean_exp
from pipelines.gate.verdict import Check
from pipelines.rollouts.evidence import Evidence
from pipelines.rollouts.observations import Totals
from pipelines.rollouts.plan import JUDGED, PAIRED, Rollout
from pipelines.rollouts.sequential import Cell, log_best_e, log_share_e, share_interval
from pipelines.rollouts.tally import slower

LARGEST_E = 1e12
"""Evidence beyond this is written as this: no decision needs more."""


@dataclass(frozen=True)
class Seen:
    """Everything that an assessment depends on."""

    totals: Totals
    evidence: Evidence
    latency_limit_ms: float | None = None

    def evidence_as_json(self) -> dict[str, object]:
        """Return what stands in a decision record beside the totals."""
        return {"feedback": self.evidence.as_json(), "latency_limit_ms": self.latency_limit_ms}

    @classmethod
    def from_json(cls, totals: Mapping[str, object], evidence: Mapping[str, object]) -> Seen:
        """Rebuild what a record holds."""
        feedback, limit = evidence["feedback"], evidence["latency_limit_ms"]
        assert isinstance(feedback, Mapping)
        limit_ms = None if limit is None else float(str(limit))
        return cls(Totals.from_json(totals), Evidence.from_json(feedback), limit_ms)


@dataclass(frozen=True)
class Assessment:
    """Checks, what they decide (None: go on), and one plain sentence."""

    checks: tuple[Check, ...]
    decides: Literal["rolled_back", "superior"] | None
    finding: str


def assess(rollout: Rollout, seen: Seen) -> Assessment:
    """Return what is known by now. A guardrail that is reached outweighs a victory."""
    rails = list(_rails(rollout, seen))
    wins = list(_superiority(rollout, seen))
    checks = (*rails, *wins)
    for check in rails:
        if check.passed is False:
            return Assessment(checks, "rolled_back", check.note)
    for check in wins:
        if check.passed:
            return Assessment(checks, "superior", check.note)
    return Assessment(checks, None, _so_far(rollout, seen))


def guards(rollout: Rollout) -> tuple[str, ...]:
    """Return the guardrails that are on and can roll back: alpha is split over them."""
    rails, plan = rollout.plan.guardrails, rollout.plan
    shadow = plan.mode == "shadow"
    switches = {
        "errors": rails.errors,
        "latency": rails.latency and not shadow,
        "metric": rails.metric and plan.metric is not None and not shadow,
        "agreement": rails.agreement_floor is not None and shadow,
    }
    return tuple(name for name, on in switches.items() if on)


def _rails(rollout: Rollout, seen: Seen) -> Iterator[Check]:
    yield _errors(rollout, seen)
    yield _latency(rollout, seen)
    if rollout.mode == "shadow":
        yield _agreement(rollout, seen)
    elif rollout.plan.metric == "choices":
        yield _choices(rollout, seen)
    elif rollout.plan.metric is not None:
        yield _metric(rollout, seen)


def _errors(rollout: Rollout, seen: Seen) -> Check:
    ours, theirs = seen.totals.of("challenger"), seen.totals.of("champion")
    if rollout.mode in PAIRED:
        tolerated = rollout.plan.guardrails.error_share
        cells = [Cell(ours.unit_errors, ours.units, tolerated)]
        limit = f"{tolerated:.2%} are tolerated"
    else:
        cells = []
        for stage, share in enumerate(rollout.shares):
            mine = seen.totals.at(stage, "challenger").unit_errors
            both = mine + seen.totals.at(stage, "champion").unit_errors
            cells.append(Cell(mine, both, share))
        limit = f"the champion failed {theirs.unit_errors} of {theirs.units}"
    note = f"the challenger failed {ours.unit_errors} of {ours.units} units; {limit}"
    return _guard(rollout, "errors", log_share_e(cells), note)


def _latency(rollout: Rollout, seen: Seen) -> Check:
    limit = seen.latency_limit_ms
    if limit is None:
        note = "the champion was not seen often enough to say what is slow"
        return Check("latency", None, None, None, note)
    ours, theirs = seen.totals.of("challenger"), seen.totals.of("champion")
    slow, known = slower(ours.unit_latency, limit), ours.unit_latency.total()
    note = (
        f"{slow} of the challenger's {known} answers took longer than {limit:.3g} ms; "
        f"so did {slower(theirs.unit_latency, limit)} of the champion's "
        f"{theirs.unit_latency.total()}"
    )
    # Stage by stage: a unit counts again in each, so their trials are no fresh ones.
    tolerated = log_best_e(list(_slow_at_all(rollout, seen, limit)))
    # Slow hours make both slow: only what is too slow in itself and beside the champion counts.
    # Whichever of the two null hypotheses is true, the smaller of the two is an e-value.
    return _guard(
        rollout, "latency", min(tolerated, _slower_than_champion(rollout, seen, limit)), note
    )


def _slow_at_all(rollout: Rollout, seen: Seen, limit: float) -> Iterator[Cell]:
    for stage in range(len(rollout.shares)):
        mine = seen.totals.at(stage, "challenger").unit_latency
        tolerated = rollout.plan.guardrails.latency_share
        yield Cell(slower(mine, limit), mine.total(), tolerated)


def _slower_than_champion(rollout: Rollout, seen: Seen, limit: float) -> float:
    cells = []
    for stage, share in enumerate(rollout.shares):
        mine = slower(seen.totals.at(stage, "challenger").unit_latency, limit)
        other = slower(seen.totals.at(stage, "champion").unit_latency, limit)
        cells.append(Cell(mine, mine + other, 0.5 if rollout.mode in PAIRED else share))
    return log_best_e(cells)


def _agreement(rollout: Rollout, seen: Seen) -> Check:
    counts, floor = seen.totals.of("challenger"), rollout.plan.guardrails.agreement_floor
    if not counts.compared:
        return Check("agreement", None, floor, None, "no answer was compared yet")
    low, high = share_interval(counts.agreed, counts.compared, rollout.plan.alpha)
    note = (
        f"both said the same to {counts.agreed} of {counts.compared} units "
        f"({low:.1%} to {high:.1%} of all, at any time)"
    )
    if floor is None:
        return Check("agreement", counts.agreed / counts.compared, None, None, note)
    cell = Cell(counts.compared - counts.agreed, counts.compared, 1 - floor)
    return _guard(rollout, "agreement", log_share_e([cell]), f"{note}; the floor is {floor:.1%}")


def _metric(rollout: Rollout, seen: Seen) -> Check:
    if not seen.evidence.tested:
        return Check("metric", None, None, None, _waiting(seen.evidence))
    return _guard(rollout, "metric", log_mean_exp(seen.evidence.worse), _losses(seen.evidence))


def _choices(rollout: Rollout, seen: Seen) -> Check:
    ours, theirs = seen.evidence.challenger_wins, seen.evidence.champion_wins
    harm = log_share_e([Cell(theirs, ours + theirs, 0.5)])
    return _guard(rollout, "metric", harm, _wins(rollout, seen.evidence))


def _superiority(rollout: Rollout, seen: Seen) -> Iterator[Check]:
    plan, evidence = rollout.plan, seen.evidence
    if plan.mode not in JUDGED or plan.metric is None:
        return
    if plan.metric == "choices":
        ours, theirs = evidence.challenger_wins, evidence.champion_wins
        strength, note = log_share_e([Cell(ours, ours + theirs, 0.5)]), _wins(rollout, evidence)
    elif evidence.tested:
        strength, note = log_mean_exp(evidence.better), _losses(evidence)
    else:
        strength, note = 0.0, _waiting(evidence)
    reached = strength >= -math.log(plan.alpha)
    yield Check("superiority", _shown(strength), 1 / plan.alpha, True if reached else None, note)


def _guard(rollout: Rollout, name: str, strength: float, note: str) -> Check:
    """Return a check of evidence of harm against its limit; shown only where it is off."""
    on = guards(rollout)
    if name not in on:
        return Check(name, _shown(strength), None, None, f"{note} (decides nothing)")
    limit = len(on) / rollout.plan.guardrails.alpha
    return Check(name, _shown(strength), limit, strength < math.log(limit), note)


def _shown(strength: float) -> float:
    return math.exp(min(strength, math.log(LARGEST_E)))


def _losses(evidence: Evidence) -> str:
    ours, theirs, interval = evidence.challenger, evidence.champion, evidence.interval()
    assert interval is not None
    return (
        f"mean loss {_figure(ours.mean)} of {ours.count} units against the champion's "
        f"{_figure(theirs.mean)} of {theirs.count}; the difference is between "
        f"{interval[0]:.3g} and {interval[1]:.3g} at any time"
    )


def _wins(rollout: Rollout, evidence: Evidence) -> str:
    ours, both = evidence.challenger_wins, evidence.challenger_wins + evidence.champion_wins
    low, high = share_interval(ours, both, rollout.plan.alpha)
    return (
        f"{ours} of {both} units chose an item of the challenger's "
        f"({low:.1%} to {high:.1%} of all, at any time)"
    )


def _waiting(evidence: Evidence) -> str:
    known = evidence.champion.count + evidence.challenger.count
    if not known:
        return "there is no feedback yet"
    return f"the feedback of {known} units sets the scale of the losses; none is tested yet"


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _so_far(rollout: Rollout, seen: Seen) -> str:
    asked = seen.totals.of("challenger").requests
    if not asked:
        return "the challenger was asked nothing"
    if rollout.mode == "shadow":
        return _agreement(rollout, seen).note
    notes = [check.note for check in _superiority(rollout, seen)]
    if notes:
        return f"no difference was shown: {notes[0]}"
    return f"no guardrail was reached in {asked} requests of the challenger"
