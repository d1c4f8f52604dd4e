"""What the monitoring found, as the OpenAPI document shows it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from serving.schemas.story import CheckView


class ShareView(BaseModel):
    """A share of right answers with its 95 % interval."""

    value: float
    lower: float
    upper: float
    rows: int


class LiveFigureView(BaseModel):
    """A figure of one version's answers whose truth is known, with its 95 % interval."""

    version: str
    name: str
    value: float
    lower: float
    upper: float
    answers: int


class AssessmentView(BaseModel):
    """One look at a model: its verdict, the checks behind it, and what turned out true."""

    model_config = ConfigDict(extra="allow")
    model: str
    version: str
    since: str
    until: str
    verdict: str = Field(examples=["healthy"])
    reasons: list[str]
    checks: list[CheckView]
    alarms: list[str] = Field([], description="Checks, the most costly first.")
    answers: int = 0
    labelled: int = 0
    live: ShareView | None = Field(None, description="By labels.")
    estimated: ShareView | None = Field(None, description="By the confidences, without labels.")
    figures: list[LiveFigureView] = []


class AssessmentList(BaseModel):
    """What the monitoring found, the newest first."""

    assessments: list[AssessmentView]
