"""The shapes in which the past is told: an answer's story."""

from __future__ import annotations

from pydantic import BaseModel, Field

Json = dict[str, object]


class Today(BaseModel):
    """What today's champion says to a question of earlier."""

    version: str
    decision_id: str
    answer: list[Json] | None
    same: bool
    refused: str | None = Field(
        description="Why today's champion does not answer, where it does not."
    )


class PredictionHistory(BaseModel):
    """One logged answer, the decision behind it, and what today's champion would say."""

    prediction: Json
    decision: Json
    verdicts: list[Json] = Field(description="Every verdict on the version, the oldest first.")
    trained: Json | None = Field(description="Parameters, fingerprints and code of its training.")
    feedback: list[Json]
    today: Today | None
