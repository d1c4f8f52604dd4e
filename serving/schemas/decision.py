"""What goes over the wire of the decision log, as the OpenAPI document shows it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DecisionSummary(BaseModel):
    """One line of the decision log."""

    decision_id: str
    kind: str
    model: str
    version: str | None
    verdict: str | None
    generation: int | None
    test_set_id: str | None
    look: int | None
    created_at: str
    reasons: list[str]
    actor: str | None = Field(description="Who did it; of a verdict its trigger says who asked.")
    against: str | None = Field(description="The champion that it was held against.")
    failed: list[str] = Field(description="Names of the checks that were not passed.")


class DecisionList(BaseModel):
    """The newest decisions first."""

    decisions: list[DecisionSummary]


class DecisionDocument(DecisionSummary):
    """A decision with its full record and its place in the hash chain."""

    artifact_digest: str | None
    prev_hash: str
    hash: str
    record: dict[str, object]
    followed: list[dict[str, object]] = Field(
        description="Effects recorded since: alias, worker confirmations."
    )
