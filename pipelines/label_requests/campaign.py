"""A campaign in the decision log: opened by an undecided verdict, closed once.

Its record holds everything that was fixed before the first label came: the pool and its order, who
is asked for, the look that pays for all of it, and until when it waits. Light: the server and the
operator's command read campaigns with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, Select, exists, select

from pipelines.decisions.log import Conflict, Decision, DecisionLog, NewDecision, decision_of
from pipelines.gate.verdict import Rule
from pipelines.store import decisions

if TYPE_CHECKING:
    from pipelines.store import Store

OPENED: Final = "labels_requested"
CLOSED: Final = "labels_closed"

Outcome = Literal["decided", "superseded", "stopped"]
"""A verdict was given with the labels; the champion moved on before; somebody stopped it."""


@dataclass(frozen=True)
class Campaign:
    """One request for labels. `updates` is the undecided verdict that asks.

    `pool` names the file of the questions in their order; `deadline` is when waiting ends.
    """

    campaign_id: str
    model: str
    updates: str
    version: str
    generation: int
    test_set_id: str
    look: int
    unjudged: int
    rule: Rule
    alpha: float
    pool: str
    questions: int
    disagree: int
    asked: int
    opened_at: str
    deadline: str

    def is_over(self, now: datetime) -> bool:
        """Return whether no further label is waited for."""
        return now >= datetime.fromisoformat(self.deadline)


def open_campaign(store: Store, model: str) -> Campaign | None:
    """Return the model's open campaign, or None: one short query."""
    with store.read() as connection:
        row = connection.execute(_open(model)).first()
    return campaign_of(decision_of(row)) if row else None


def campaigns(store: Store, model: str) -> list[Campaign]:
    """Return all campaigns of a model, the newest first."""
    query = select(decisions).where(decisions.c.model == model, decisions.c.kind == OPENED)
    with store.read() as connection:
        rows = list(connection.execute(query.order_by(decisions.c.seq.desc())))
    return [campaign_of(decision_of(row)) for row in rows]


def campaign_of(decision: Decision) -> Campaign:
    """Return the campaign that a `labels_requested` record opened."""
    record = decision.record
    asked, strata = _mapping(record["asked"]), _mapping(record["strata"])
    rule = _mapping(record["stopping_rule"])
    return Campaign(
        campaign_id=decision.decision_id,
        model=decision.model,
        updates=str(record["of"]),
        version=str(decision.version),
        generation=int(str(record["generation_judged"])),
        test_set_id=str(decision.test_set_id),
        look=int(decision.look or 0),
        unjudged=int(str(record["unjudged"])),
        rule="non_inferiority" if rule["rule"] == "non_inferiority" else "superiority",
        alpha=float(str(rule["alpha"])),
        pool=str(record["pool"]),
        questions=sum(int(str(size)) for size in strata.values()),
        disagree=int(str(strata["disagree"])),
        asked=sum(int(str(count)) for count in asked.values()),
        opened_at=decision.created_at,
        deadline=str(record["deadline"]),
    )


def opening(
    verdict: Decision, record: Mapping[str, object], *, look: int, generation: int
) -> NewDecision:
    """Return the entry that opens a campaign for a verdict, taking the look that pays for it.

    Appended, it raises `Conflict` where champion or look have moved, or one is open already.
    """
    return NewDecision(
        kind=OPENED,
        model=verdict.model,
        version=verdict.version,
        artifact_digest=verdict.artifact_digest,
        test_set_id=verdict.test_set_id,
        look=look,
        record={**record, "of": verdict.decision_id, "generation_judged": generation},
        expected_generation=generation,
        guard=lambda connection: _require_none(connection, verdict.model),
    )


def close(
    log: DecisionLog, campaign: Campaign, outcome: Outcome, *, reason: str, actor: str
) -> Decision:
    """Record the end of a campaign.

    Raises `Conflict` where it has ended already, or where labels have decided what was to stop.
    """
    require = require_undecided if outcome == "stopped" else require_open
    return log.append(
        NewDecision(
            kind=CLOSED,
            model=campaign.model,
            version=campaign.version,
            verdict=outcome,
            record={"of": campaign.campaign_id, "reason": reason, "actor": actor},
            guard=lambda connection: require(connection, campaign),
        )
    )


def require_open(connection: Connection, campaign: Campaign) -> None:
    """Raise `Conflict` unless the campaign is the model's open one."""
    row = connection.execute(_open(campaign.model)).first()
    if row is None or row.decision_id != campaign.campaign_id:
        raise Conflict(f"{campaign.campaign_id}: these labels are waited for no more")


def require_undecided(connection: Connection, campaign: Campaign) -> None:
    """Raise `Conflict` unless the campaign is open and no verdict was given with its labels."""
    require_open(connection, campaign)
    found = _verdict(connection, campaign)
    if found is not None:
        raise Conflict(f"{campaign.campaign_id}: {found.decision_id} has decided it already")


def verdict_of(store: Store, campaign: Campaign) -> Decision | None:
    """Return the verdict that was given with the campaign's labels, or None."""
    with store.read() as connection:
        return _verdict(connection, campaign)


def _verdict(connection: Connection, campaign: Campaign) -> Decision | None:
    query = select(decisions).where(
        decisions.c.model == campaign.model,
        decisions.c.kind == "verdict",
        decisions.c.version == campaign.version,
        decisions.c.look.is_(None),
    )
    for decision in map(decision_of, connection.execute(query)):
        labels = decision.record.get("labels")
        if isinstance(labels, dict) and labels["campaign"] == campaign.campaign_id:
            return decision
    return None


def awaiting(store: Store, model: str) -> list[str]:
    """Return undecided verdicts against today's champion that may still ask, the newest first.

    By what a short query can tell: those that asked already, and those that labels have updated,
    are left out.
    """
    asking = decisions.alias("asking")
    moved = decisions.alias("moved")
    query = select(decisions).where(
        decisions.c.model == model,
        decisions.c.kind == "verdict",
        decisions.c.verdict == "undecided",
        decisions.c.look.is_not(None),
        ~exists().where(
            moved.c.model == model,
            moved.c.generation.is_not(None),
            moved.c.seq > decisions.c.seq,
        ),
    )
    opened = select(asking.c.record).where(asking.c.model == model, asking.c.kind == OPENED)
    with store.read() as connection:
        found = [decision_of(row) for row in connection.execute(query)]
        if not found:
            return []
        asked = " ".join(str(record) for record in connection.scalars(opened))
    fresh = [each for each in found if each.decision_id not in asked]
    return [each.decision_id for each in sorted(fresh, key=lambda each: -each.seq)]


def _open(model: str) -> Select[tuple[object, ...]]:
    closed = decisions.alias("closed")
    return select(decisions).where(
        decisions.c.kind == OPENED,
        decisions.c.model == model,
        ~exists().where(
            closed.c.kind == CLOSED,
            closed.c.model == model,
            closed.c.seq > decisions.c.seq,
        ),
    )


def _require_none(connection: Connection, model: str) -> None:
    row = connection.execute(_open(model)).first()
    if row is not None:
        raise Conflict(f"{model}: labels are waited for already ({row.decision_id})")


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, dict)
    return value
