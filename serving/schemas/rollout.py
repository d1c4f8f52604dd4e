"""What goes over the wire of the rollouts' interface, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.rollouts.plan import Guardrails, MetricName, Mode, OnSuccess, Step
from pipelines.rollouts.records import Verdict
from serving.schemas.generic import Actor, Json, Reason


class RolloutRequest(BaseModel):
    """Asks for a challenger to be tried among real requests, for a time."""

    model_config = ConfigDict(extra="forbid")
    mode: Mode = Field(
        description="shadow: it is asked the same as the champion, and nobody sees its answers. "
        "canary: it answers a share of the customers. ab: so it does, and feedback says which is "
        "better. interleaving: both draft one list, and choices say whose items are better.",
        examples=["canary"],
    )
    challenger: str = Field(max_length=32, title="Version", examples=["8"])
    seconds: float = Field(gt=0, description="How long, at most.", examples=[86_400])
    share: float = Field(0.1, gt=0, le=1, description="Of the customers, in the end.")
    ramp: list[Step] = Field(default_factory=list, description="Smaller shares that come before.")
    metric: MetricName | None = Field(
        None, description="What feedback is turned into; by default what suits the model's answers."
    )
    alpha: float = Field(0.05, gt=0, lt=0.5, description="Of calling superior what is no better.")
    guardrails: Guardrails = Field(default_factory=Guardrails)
    on_success: OnSuccess = Field(
        "report", description="promote makes a superior challenger champion, in the actor's name."
    )
    actor: Actor
    reason: Reason


class StopRequest(BaseModel):
    """Ends a rollout before its time."""

    model_config = ConfigDict(extra="forbid")
    actor: Actor
    reason: Reason


class RolloutCheck(BaseModel):
    """One line of what a rollout is judged by; `passed` is null for what decides nothing."""

    name: str
    value: float | str | None
    limit: float | str | None
    passed: bool | None
    note: str


class RolloutSummary(BaseModel):
    """One rollout: who against whom, how, since when, and how it ended if it has."""

    rollout_id: str = Field(
        description="The decision that started it.", examples=["d000043-5ab1c2"]
    )
    model: str
    mode: Mode
    champion: str = Field(description="The version that it is compared with.")
    challenger: str
    verdict: Verdict | Literal["running"]
    started_at: str
    ends_at: str = Field(description="When it ends at the latest.")
    ended_at: str | None
    ended_by: str | None
    end_decision_id: str | None = Field(description="The decision that ended it.")
    promoted: bool = Field(description="Whether its end made the challenger champion.")


class Disagreement(BaseModel):
    """One question and the response rows of both."""

    prediction_id: str = Field(description="Of the champion's answer.")
    instance: Json
    champion: list[Json]
    challenger: list[Json]


class RolloutView(RolloutSummary):
    """A rollout with everything it is judged by."""

    stage: int = Field(description="Of the ramp, from 0.")
    share: float = Field(description="Of the customers, in this stage.")
    remaining_seconds: float
    finding: str = Field(description="What is known by now, or why it ended, in one sentence.")
    checks: list[RolloutCheck]
    arms: dict[str, Json] = Field(description="What all workers have seen of the two.")
    evidence: Json = Field(description="What feedback says of both, and from when on one is slow.")
    disagreements: list[Disagreement] = Field(
        description="Some answers on which a shadow differs, the latest first."
    )
    plan: Json
    here: Literal["loading", "taking_part", "given_up"] | None = Field(
        description="What the worker that answers this does about it."
    )


class RolloutList(BaseModel):
    """Rollouts of one model, the newest first."""

    rollouts: list[RolloutSummary]
