"""Approval: where a policy wants one, a named person makes champion what the gate let through.

The gate's ruling is not touched. An approval is valid against the champion that the version was
judged against, and no other. Light: the server settles approvals with this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select

from pipelines.decisions.log import Champion, Conflict, Decision, NewDecision, decision_of
from pipelines.store import decisions

if TYPE_CHECKING:
    from sqlalchemy import Connection

AWAITING = "awaiting_approval"


class ApprovalRefused(ValueError):
    """There is nothing to approve, it is settled already, or nobody is named."""


class Ledger(Protocol):
    """What is asked of the decision log."""

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        ...

    def head(self, model: str) -> Champion | None:
        """Return the champion by the log."""
        ...

    def list(self, model: str | None = None, limit: int | None = None) -> Sequence[Decision]:
        """Return decisions, the newest first."""
        ...

    def append(self, new: NewDecision) -> Decision:
        """Append a decision. Raises `Conflict`."""
        ...


def settle(log: Ledger, decision_id: str, *, approved: bool, actor: str, reason: str) -> Decision:
    """Record what a named person says of a version that waits; approved, it is champion.

    The alias follows by the reconciler. Raises `UnknownDecision`, `ApprovalRefused`, or `Conflict`
    when the champion is no longer the one that the version was judged against, or when somebody
    else settled it at the same moment.
    """
    if not actor.strip() or not reason.strip():
        raise ApprovalRefused("an approval needs a name and a reason")
    waiting = log.get(decision_id)
    if waiting.kind != "verdict" or waiting.verdict != AWAITING:
        said = waiting.verdict or waiting.kind
        raise ApprovalRefused(f"{decision_id} is {said}: only what waits can be approved")
    if settled := settled_by(log, waiting):
        raise ApprovalRefused(f"{decision_id} was settled by {settled.decision_id}")
    judged_against = _generation(waiting)
    _require_todays(log, waiting, judged_against)
    record = {"of": decision_id, "approved": approved}
    return log.append(
        NewDecision(
            kind="approval",
            model=waiting.model,
            record=record | {"actor": actor.strip(), "reason": reason.strip()},
            version=waiting.version,
            verdict="approved" if approved else "refused",
            artifact_digest=waiting.artifact_digest,
            expected_generation=judged_against,
            becomes_champion=approved,
            guard=lambda connection: _require_unsettled(connection, waiting),
        )
    )


def settled_by(log: Ledger, waiting: Decision) -> Decision | None:
    """Return the approval or refusal of a decision, if there is one."""
    return next(
        (
            entry
            for entry in log.list(waiting.model)
            if entry.kind == "approval" and entry.record["of"] == waiting.decision_id
        ),
        None,
    )


def waiting(log: Ledger, model: str | None = None) -> list[Decision]:
    """Return what waits for an approval that could still be given, the newest first."""
    entries = log.list(model)
    settled = {str(entry.record["of"]) for entry in entries if entry.kind == "approval"}
    heads = {entry.model: log.head(entry.model) for entry in entries}
    return [
        entry
        for entry in entries
        if entry.kind == "verdict"
        and entry.verdict == AWAITING
        and entry.decision_id not in settled
        and _generation(entry) == _today(heads[entry.model])
    ]


def _require_todays(log: Ledger, waiting: Decision, judged_against: int) -> None:
    today = _today(log.head(waiting.model))
    if today != judged_against:
        message = (
            f"{waiting.decision_id} was judged against generation {judged_against} of "
            f"{waiting.model}, and generation {today} is champion now: judge the version again"
        )
        raise Conflict(message)


def _require_unsettled(connection: Connection, waiting: Decision) -> None:
    """Look once more where nobody can come between: what one refuses another may not approve."""
    query = select(decisions).where(
        decisions.c.model == waiting.model,
        decisions.c.kind == "approval",
        decisions.c.seq > waiting.seq,
    )
    for entry in map(decision_of, connection.execute(query)):
        if entry.record["of"] == waiting.decision_id:
            raise Conflict(f"{waiting.decision_id} was settled by {entry.decision_id} just now")


def _generation(waiting: Decision) -> int:
    effects = waiting.record["effects"]
    assert isinstance(effects, dict)
    return int(effects["generation"])


def _today(head: Champion | None) -> int:
    return head.generation if head else 0
