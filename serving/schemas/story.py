"""What is told of versions and decisions, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.schemas.decision import DecisionSummary
from serving.schemas.generic import Actor, Json, Reason

Direction = Literal["up", "down"]
Standing = Literal[
    "champion",
    "former_champion",
    "awaiting_approval",
    "undecided",
    "rejected",
    "incomparable",
    "champion_unloadable",
    "promoted",
    "admitted",
]
"""Where a version stands today; a verdict of its own, unless it is or was champion."""


class FigureView(BaseModel):
    """One metric of both sides, and the challenger's gain with its 95 % interval."""

    metric: str
    role: Literal["primary", "component", "guardrail", "other", "floor", "anchor"]
    direction: Direction
    champion: float | None = Field(description="Of the baseline or the anchor for those roles.")
    challenger: float | None
    gain: float | None = Field(description="Above zero where the challenger is better.")
    lower: float | None
    upper: float | None
    units: int = Field(description="Independent groups of requests.")
    differing: int = Field(description="Groups in which the two differ.")


class SliceView(BaseModel):
    """A figure on some of the rows; `p_worse` is Holm's."""

    name: str
    rows: int
    figure: FigureView | None
    p_worse: float | None


class CheckView(BaseModel):
    """One line of a decision; `passed` is null for what is shown but decides nothing."""

    name: str
    value: float | str | None
    limit: float | str | None
    passed: bool | None
    note: str = ""


class ContestantView(BaseModel):
    """One of the two versions, and where it came from."""

    version: str
    origin: str = "unknown"
    run_id: str = "unknown"
    params: Json | None = None
    code: dict[str, str] = {}
    fingerprints: dict[str, str] = {}
    training_window: dict[str, str] = {}
    blessing: Json = {}
    url: str | None = Field(None, description="Its page in MLflow.")


class TriggerView(BaseModel):
    """Who or what asked for the decision, and why."""

    kind: str
    actor: str
    reason: str = ""
    url: str | None = Field(None, description="The page of its run in Prefect.")


class ShortfallView(BaseModel):
    """How many requests would settle what is undecided, and how many of them need a label."""

    effect: float
    requests: int
    labels: int
    have: int
    sentence: str


class LabelEvidence(BaseModel):
    """What labels on request say; the gain is of accuracy on live questions, at any time."""

    campaign: str = Field(description="The entry that asked for them.")
    questions: int
    disagree: int
    asked: int
    labelled: int
    challenger_only: int
    champion_only: int
    log_e: float | None = Field(description="Logarithm of the evidence; it promotes from `needed`.")
    needed: float | None
    log_e_against: float | None = Field(description="The same against it; refuses from the next.")
    needed_against: float | None
    gain: float | None
    lower: float | None
    upper: float | None


class WitnessView(BaseModel):
    """McNemar's count of the requests that only one of the two gets right."""

    challenger_only: int
    champion_only: int
    p: float


class Followed(BaseModel):
    """What was recorded since: the alias was set, workers confirmed."""

    decision_id: str
    at: str
    what: Literal["alias", "confirmed", "other"]
    names: list[str] = Field(description="The alias before and after, or the workers.")


class Settled(BaseModel):
    """How what waited for approval was settled."""

    decision_id: str
    approved: bool
    actor: str
    reason: str
    at: str


class Explanation(DecisionSummary):
    """A decision as a person wants to read it: what it rests on, and what can be done about it."""

    artifact_digest: str | None
    prev_hash: str
    hash: str
    rule: str | None
    alpha: float | None
    alpha_left: float | None
    p: float | None
    rows: int | None = Field(description="Requests of the test set.")
    test_set_generation: int | None
    disagreements: int | None = Field(description="Requests that the two answer differently.")
    unjudged: int
    identical: bool
    checks: list[CheckView]
    figures: list[FigureView]
    slices: list[SliceView]
    mcnemar: WitnessView | None
    shortfall: ShortfallView | None
    labels: LabelEvidence | None
    trigger: TriggerView | None
    champion: ContestantView | None
    challenger: ContestantView | None
    settings: Json = Field(description="Of the policy that it was made by.")
    policy_sha256: str | None
    environment: dict[str, str]
    actor: str | None
    of: str | None = Field(description="The decision that this one is about.")
    followed: list[Followed]
    settled: Settled | None
    approvable: bool = Field(description="Whether it waits for approval and may have it.")
    overridable: bool = Field(description="Whether a named operator may settle it.")
    replayable: bool = Field(description="Whether its figures can be computed again.")
    champion_now: str | None = Field(description="The version that is champion today.")
    record: Json = Field(description="The whole record, as it is hashed.")


class VersionPoint(BaseModel):
    """One version in the history of a model, by its latest verdict.

    `lower` and `upper` bound the figure at 95 %: the interval of its gain over the trivial
    baseline on the same test set, the baseline's own figure taken as given.
    """

    version: str
    standing: Standing
    at: str
    decision_id: str | None
    verdict: str | None
    value: float | None
    lower: float | None
    upper: float | None
    test_set_id: str | None
    generation: int | None = Field(description="The latest in which it was champion.")
    champion_since: str | None = Field(description="When that began.")
    champion_by: str | None = Field(description="The decision that began it.")
    origin: str
    params: Json | None
    rows: str | None = Field(description="What is known of how many rows it was trained on.")
    asked_by: str | None
    url: str | None = Field(description="Its page in MLflow.")


class MetricView(BaseModel):
    """What a model is judged by."""

    name: str
    direction: Direction


class ModelStory(BaseModel):
    """A model's versions, oldest first, and its decisions, newest first."""

    name: str
    metric: MetricView | None
    champion: str | None
    rollback_to: str | None
    versions: list[VersionPoint]
    figures: list[FigureView] = Field(description="Of the verdict on today's champion.")
    slices: list[SliceView]
    explained_by: str | None = Field(description="That verdict.")
    decisions: list[DecisionSummary]
    url: str = Field(description="The model's page in MLflow.")


class ReplayOutcome(BaseModel):
    """Whether a decision comes out again from its stored files; numbers to a relative 1e-9."""

    decision_id: str
    holds: bool
    differences: list[str]
    seconds: float


class RetrainForm(BaseModel):
    """What a retraining may be told, as Prefect shows it."""

    parameters: Json = Field(description="JSON Schema of the flow's parameters.")
    values: Json = Field(description="What the deployment uses where nothing else is said.")
    url: str = Field(description="The deployment's page in Prefect.")


class JudgementRequest(BaseModel):
    """Let the gate judge a registered version, and promote it if it deserves it."""

    model_config = ConfigDict(extra="forbid")
    version: str = Field(min_length=1, max_length=32, title="Version", examples=["8"])
    actor: Actor
    reason: Reason


class OverrideRequest(BaseModel):
    """Makes champion what no figure could settle, in a named operator's name."""

    model_config = ConfigDict(extra="forbid")
    actor: Actor
    reason: Reason
