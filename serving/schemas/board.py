"""What the champion board shows, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from serving.schemas.generic import Run
from serving.schemas.story import MetricView, Standing, VersionPoint


class ChampionView(BaseModel):
    """Who is champion by the decision log, and since when."""

    version: str
    generation: int
    since: str
    decision_id: str
    kind: str = Field(description="Of the decision: a verdict, a rollback, an approval, ...")
    url: str | None


class ChallengerView(BaseModel):
    """The latest version that came after the champion and is not champion."""

    version: str
    standing: Standing
    at: str
    decision_id: str | None
    reason: str


class TrafficView(BaseModel):
    """What the prediction interfaces of all workers have done in the last minutes."""

    window_seconds: float = Field(description="How far back the figures go.")
    answers: int = Field(description="Instances answered.")
    answers_per_minute: float
    requests: int
    failed: int = Field(description="Requests answered with a status of 500 or more.")
    refused: int = Field(description="Requests refused with a status of 400 to 499.")
    p50_ms: float | None
    p99_ms: float | None


class DriftView(BaseModel):
    """The latest assessment in short."""

    verdict: str
    until: str
    alarms: list[str]
    reason: str
    answers: int


class RolloutBrief(BaseModel):
    """The rollout that is running."""

    rollout_id: str
    mode: str
    challenger: str
    share: float
    ends_at: str


class RunBrief(Run):
    """A flow run under way, with what it last said of its progress."""

    share: float | None = Field(description="Done, from 0 to 1.")
    step: str | None


class Card(BaseModel):
    """One model on the board."""

    name: str
    condition: Literal["serving", "loading", "failed", "no_champion"]
    note: str
    workers: int
    agreed: bool = Field(description="Whether every living worker answers with one generation.")
    champion: ChampionView | None
    metric: MetricView | None
    history: list[VersionPoint] = Field(description="Versions that were judged, oldest first.")
    challenger: ChallengerView | None
    approvals: list[str] = Field(description="Decisions that wait for a named person.")
    traffic: TrafficView
    drift: DriftView | None
    rollout: RolloutBrief | None
    run: RunBrief | None
    label_requests: int = Field(description="Texts that the gate wants labelled.")


class Links(BaseModel):
    """Where the other pages of the stack are."""

    mlflow: str
    prefect: str


class Board(BaseModel):
    """Every model at a glance."""

    as_of: str
    models: list[Card]
    links: Links
    registry: Literal["reachable", "away"]
    orchestration: Literal["reachable", "away", "unknown"]
