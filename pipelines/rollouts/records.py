"""Rollouts in the decision log: started once, ended once, found again by every process.

The log alone says which rollout runs. Starting and ending look again inside the append's own
transaction, so that two operators start one and two workers end it once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Final, Literal

from sqlalchemy import Connection, Select, exists, select

from pipelines.decisions.log import Conflict, Decision, DecisionLog, NewDecision, decision_of
from pipelines.gate.verdict import Check
from pipelines.rollouts.plan import Plan, Rollout, time_of
from pipelines.store import decisions

Verdict = Literal["completed", "superior", "rolled_back", "superseded", "stopped"]
"""How a rollout ends: its time was up; the challenger won; a guardrail (or a challenger that
cannot be loaded) ended it; the champion moved on; somebody stopped it."""
STARTED: Final = "rollout_started"
ENDED: Final = "rollout_ended"


class RolloutRefused(ValueError):
    """This rollout cannot be started or ended so; the message says why."""


class UnknownRollout(LookupError):
    """No rollout has that id."""


@dataclass(frozen=True)
class Outcome:
    """How and why a rollout ends, with the figures that say so.

    `finding` is one plain sentence; `totals` and `evidence` are what `checks` were computed from
    (`pipelines.rollouts.assessment`), so that a replay computes them again.
    """

    verdict: Verdict
    finding: str
    checks: tuple[Check, ...] = ()
    totals: Mapping[str, object] = field(default_factory=dict)
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """A recorded end: the outcome, who or what ended it and when, and whether it promoted."""

    decision_id: str
    outcome: Outcome
    actor: str
    ended_at: float
    promoted: bool


@dataclass(frozen=True)
class Entry:
    """A rollout and its end, or None while it runs."""

    rollout: Rollout
    ending: Ending | None


def start(
    log: DecisionLog, plan: Plan, *, token: Callable[[], str] = lambda: secrets.token_hex(16)
) -> Rollout:
    """Record the start of a rollout and return it: from now on every worker finds it.

    Raises `RolloutRefused` where there is no champion, the challenger is it or was never admitted;
    `Conflict` where a rollout of the model runs, or the champion moved meanwhile.
    """
    head = log.head(plan.model)
    if head is None:
        raise RolloutRefused(f"{plan.model} has no champion to compare with: promote one first")
    if plan.challenger == head.version:
        raise RolloutRefused(f"{plan.model}: version {head.version} is champion already")
    digest = log.admitted(plan.model, plan.challenger)
    if digest is None:
        message = f"{plan.model} version {plan.challenger} was never admitted"
        raise RolloutRefused(f"{message}: train it here, or let the gate look at it first")
    record = {
        "rollout": plan.as_json(),
        "champion": asdict(head),
        "challenger": {"version": plan.challenger, "artifact_digest": digest},
        "salt": token(),
        "actor": plan.actor.strip(),
        "reason": plan.reason.strip(),
    }
    decision = log.append(
        NewDecision(
            kind=STARTED,
            model=plan.model,
            version=plan.challenger,
            artifact_digest=digest,
            record=record,
            expected_generation=head.generation,
            guard=lambda connection: _require_none(connection, plan.model),
        )
    )
    return _rollout(decision)


def end(
    log: DecisionLog, rollout: Rollout, outcome: Outcome, *, actor: str, promote: bool = False
) -> Decision:
    """Record the end of a rollout. With `promote` the challenger is champion by the same entry.

    Raises `Conflict` where it has ended already (or, with `promote`, the champion moved), and
    `RolloutRefused` for a promotion that the rollout was not started for.
    """
    plan = rollout.plan
    if promote and (outcome.verdict != "superior" or plan.on_success != "promote"):
        raise RolloutRefused(f"{rollout.rollout_id} was not started to promote, or did not win")
    record = {
        "of": rollout.rollout_id,
        "actor": actor,
        "finding": outcome.finding,
        "checks": [asdict(check) for check in outcome.checks],
        "totals": outcome.totals,
        "evidence": outcome.evidence,
        "promoted": promote,
        "promoted_for": {"actor": plan.actor, "reason": plan.reason} if promote else None,
    }
    return log.append(
        NewDecision(
            kind=ENDED,
            model=rollout.model,
            version=rollout.challenger,
            verdict=outcome.verdict,
            artifact_digest=rollout.challenger_digest,
            record=record,
            expected_generation=rollout.generation if promote else None,
            becomes_champion=promote,
            guard=lambda connection: _require_running(connection, rollout),
        )
    )


def active(log: DecisionLog, model: str) -> Rollout | None:
    """Return the model's running rollout, or None."""
    return active_rollouts(log).get(model)


def active_rollouts(log: DecisionLog) -> dict[str, Rollout]:
    """Return every running rollout by model: one short query, to be asked each second.

    Running by the log: whether its time is up or its champion gone is for the steward to say.
    """
    with log.store.read() as connection:
        started = [decision_of(row) for row in connection.execute(_running())]
    return {found.model: _rollout(found) for found in started}


def get(log: DecisionLog, rollout_id: str) -> Entry:
    """Return one rollout with its end, if it has one. Raises `UnknownRollout`."""
    query = select(decisions).where(
        decisions.c.decision_id == rollout_id, decisions.c.kind == STARTED
    )
    found = _with_ends(log, query)
    if not found:
        raise UnknownRollout(f"no rollout is called {rollout_id!r}")
    return found[0]


def history(log: DecisionLog, model: str | None = None, limit: int = 100) -> list[Entry]:
    """Return rollouts, the newest first."""
    query = select(decisions).where(decisions.c.kind == STARTED)
    if model is not None:
        query = query.where(decisions.c.model == model)
    return _with_ends(log, query.order_by(decisions.c.seq.desc()).limit(limit))


def _with_ends(log: DecisionLog, query: Select[tuple[object, ...]]) -> list[Entry]:
    """Return the rollouts whose starts a query finds, each with its end."""
    with log.store.read() as connection:
        started = [decision_of(row) for row in connection.execute(query)]
        oldest = min((found.seq for found in started), default=0)
        later = select(decisions).where(
            decisions.c.kind == ENDED,
            decisions.c.model.in_({found.model for found in started}),
            decisions.c.seq > oldest,
        )
        ended = {found.record["of"]: found for found in map(decision_of, connection.execute(later))}
    ends = [ended.get(found.decision_id) for found in started]
    return [
        Entry(_rollout(found), _ending(end) if end else None)
        for found, end in zip(started, ends, strict=True)
    ]


@cache
def _running(model: str | None = None) -> Select[tuple[object, ...]]:
    """Return the query for the rollouts that no entry has ended: at most one a model.

    Kept, because putting a query together takes longer than asking it.
    """
    ended = decisions.alias("ended")
    started = select(decisions).where(decisions.c.kind == STARTED)
    if model is not None:
        started = started.where(decisions.c.model == model)
    return started.where(
        ~exists().where(
            ended.c.kind == ENDED,
            ended.c.model == decisions.c.model,
            ended.c.seq > decisions.c.seq,
        )
    )


def _running_id(connection: Connection, model: str) -> str | None:
    row = connection.execute(_running(model)).first()
    return str(row.decision_id) if row else None


def _require_none(connection: Connection, model: str) -> None:
    running = _running_id(connection, model)
    if running is not None:
        raise Conflict(f"{model}: rollout {running} is running; stop it first")


def _require_running(connection: Connection, rollout: Rollout) -> None:
    if _running_id(connection, rollout.model) != rollout.rollout_id:
        why = _why_ended(connection, rollout)
        raise Conflict(f"{rollout.model}: rollout {rollout.rollout_id} has ended already{why}")


def _why_ended(connection: Connection, rollout: Rollout) -> str:
    """Return the verdict and the finding of a rollout's end, ready to follow a sentence."""
    query = select(decisions).where(decisions.c.kind == ENDED, decisions.c.model == rollout.model)
    for end in map(decision_of, connection.execute(query.order_by(decisions.c.seq.desc()))):
        if end.record["of"] == rollout.rollout_id:
            return f": {end.verdict} ({end.record['finding']})"
    return ""


def _rollout(decision: Decision) -> Rollout:
    record = decision.record
    plan, champion = Plan.from_json(_mapping(record["rollout"])), _mapping(record["champion"])
    started_at = time_of(decision.created_at)
    return Rollout(
        rollout_id=decision.decision_id,
        plan=plan,
        champion=str(champion["version"]),
        champion_digest=str(champion["artifact_digest"]),
        generation=int(str(champion["generation"])),
        challenger_digest=str(decision.artifact_digest),
        salt=str(record["salt"]),
        started_at=started_at,
        ends_at=started_at + plan.seconds,
    )


def _ending(decision: Decision) -> Ending:
    record, checks = decision.record, decision.record["checks"]
    assert isinstance(checks, list)
    outcome = Outcome(
        verdict=decision.verdict,  # type: ignore[arg-type]
        finding=str(record["finding"]),
        checks=tuple(Check(**check) for check in checks),
        totals=_mapping(record["totals"]),
        evidence=_mapping(record["evidence"]),
    )
    return Ending(
        decision_id=decision.decision_id,
        outcome=outcome,
        actor=str(record["actor"]),
        ended_at=time_of(decision.created_at),
        promoted=bool(record["promoted"]),
    )


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value
