"""Which versions a model worker should have: what was decided, and what the API still serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipelines.confirmations import Confirmation
from pipelines.decisions.log import Champion, Decision, UnknownDecision
from pipelines.rollouts.plan import Rollout


class Decisions(Protocol):
    """What is asked of the decision log."""

    def head(self, model: str) -> Champion | None:
        """Return the champion by the log."""
        ...

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        ...


def wanted(
    model: str,
    log: Decisions,
    running: Mapping[str, Rollout],
    served: Sequence[Confirmation],
) -> dict[str, Champion]:
    """Return the versions of a model to have, by digest, the champion first.

    A challenger is asked while its rollout runs. A version that an API process still says it
    serves is asked until that has switched, however long ago the log moved on.
    """
    head = log.head(model)
    found = [] if head is None else [head]
    if model in running:
        found.append(challenger_of(running[model]))
    for decision_id in dict.fromkeys(each.decision_id for each in served):
        earlier = _decided(log, decision_id)
        if earlier is not None:
            found.append(earlier)
    # The first of a digest counts: a rollout of the champion's own digest changes nothing.
    return {each.artifact_digest: each for each in reversed(found)}


def challenger_of(rollout: Rollout) -> Champion:
    """Return a rollout's challenger as what is loaded, under the decision that started it."""
    return Champion(
        model=rollout.model,
        version=rollout.challenger,
        generation=rollout.generation,
        decision_id=rollout.rollout_id,
        artifact_digest=rollout.challenger_digest,
        rollback_to=None,
    )


def _decided(log: Decisions, decision_id: str) -> Champion | None:
    try:
        decision = log.get(decision_id)
    except UnknownDecision:
        return None
    if decision.version is None or decision.artifact_digest is None:
        return None
    return Champion(
        decision.model,
        decision.version,
        decision.generation or 0,
        decision.decision_id,
        decision.artifact_digest,
        None,
    )
