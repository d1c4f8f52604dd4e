"""An operator's override: what no figure could settle is champion in a named person's name.

Light: the server takes overrides with this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pipelines.decisions.log import Champion, Decision, NewDecision
from pipelines.gate.verdict import OVERRIDABLE


class OverrideRefused(ValueError):
    """An override names nobody or no reason, or there is nothing that may be overridden."""


class Appending(Protocol):
    """What an append asks of the decision log."""

    def append(self, new: NewDecision) -> Decision:
        """Append a decision. Raises `Conflict`."""
        ...


class Ledger(Appending, Protocol):
    """What is asked of the decision log."""

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        ...

    def head(self, model: str) -> Champion | None:
        """Return the champion by the log."""
        ...

    def admitted(self, model: str, version: str) -> str | None:
        """Return the digest under which a version was admitted last, or None."""
        ...


def override(log: Ledger, decision_id: str, *, actor: str, reason: str) -> Decision:
    """Override a verdict that was made against today's champion; the alias follows.

    Raises `UnknownDecision`, `OverrideRefused`, or `Conflict` when the champion has moved.
    """
    decision = log.get(decision_id)
    head, effects = log.head(decision.model), decision.record.get("effects")
    generation = effects.get("generation") if isinstance(effects, Mapping) else None
    today = head.generation if head else 0
    if decision.verdict in OVERRIDABLE and generation != today:
        message = f"{decision_id} was judged against generation {generation}, not against {today}"
        raise OverrideRefused(f"{message}: judge the version again first")
    if log.admitted(decision.model, str(decision.version)) != decision.artifact_digest:
        raise OverrideRefused(f"{decision_id}: its version was not admitted as it was judged")
    return append_override(log, decision, actor=actor, reason=reason, expected_generation=today)


def append_override(
    log: Appending, decision: Decision, *, actor: str, reason: str, expected_generation: int
) -> Decision:
    """Make champion what no figure could settle, by a named operator and for a stated reason.

    Raises `OverrideRefused`, or `Conflict` when the champion has moved.
    """
    if not actor.strip() or not reason.strip():
        raise OverrideRefused("an override needs a name and a reason")
    if decision.kind != "verdict" or decision.verdict not in OVERRIDABLE:
        message = f"{decision.decision_id} is {decision.verdict}: only {', '.join(OVERRIDABLE)} may"
        raise OverrideRefused(f"{message} be overridden")
    blessing = _blessing(decision)
    if not blessing["passed"]:
        message = f"{decision.decision_id}: the serving code could not serve it"
        raise OverrideRefused(f"{message}: {blessing['reason']}")
    record = {"overrides": decision.decision_id, "actor": actor.strip(), "reason": reason.strip()}
    return log.append(
        NewDecision(
            kind="override",
            model=decision.model,
            record=record,
            version=decision.version,
            artifact_digest=decision.artifact_digest,
            test_set_id=decision.test_set_id,
            expected_generation=expected_generation,
            becomes_champion=True,
        )
    )


def _blessing(decision: Decision) -> Mapping[str, object]:
    challenger = decision.record["challenger"]
    assert isinstance(challenger, Mapping)
    blessing = challenger["blessing"]
    assert isinstance(blessing, Mapping)
    return blessing
