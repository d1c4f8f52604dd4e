"""The record of a verdict that labels have updated: the one before, and what they say beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.gate.case import Case, Ruling
from pipelines.gate.verdict import PROMOTING
from pipelines.records.verdicts import environment

if TYPE_CHECKING:
    from sqlalchemy import Connection


def append_updated(
    log: DecisionLog,
    before: Decision,
    case: Case,
    ruling: Ruling,
    *,
    expected_generation: int,
    guard: Callable[[Connection], None],
) -> Decision:
    """Append what the labels of a case make of the undecided verdict `before`.

    It keeps what that record says of both versions, and has no look of its own: the campaign has
    paid for it. Raises `Conflict` when the champion has moved, and what `guard` raises.
    """
    assert case.labels is not None
    labels = {
        "campaign": case.labels.campaign,
        "updates": before.decision_id,
        "rows": log.save_predictions(case.labels.rows),
        "final": case.labels.final,
    }
    known = {key: value for key, value in before.record.items() if key != "effects"}
    record = known | {
        "next_look": case.look,
        "unjudged": case.unjudged,
        "labels": labels,
        "ruling": ruling.as_json(),
        "environment": environment(),
    }
    return log.append(
        NewDecision(
            kind="verdict",
            model=before.model,
            record=record,
            version=before.version,
            verdict=ruling.verdict,
            artifact_digest=before.artifact_digest,
            test_set_id=before.test_set_id,
            expected_generation=expected_generation,
            becomes_champion=ruling.verdict in PROMOTING,
            guard=guard,
        )
    )
