"""A live model with columns of every kind, which answers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from pipelines.versions.artifact import Contract, Package
from serving.live.answers import ServedModel
from serving.live.loaded import LiveModel, Loaded
from serving.live.validation import SchemaCheck, TargetCheck

WIDE = "wide"


class Part(BaseModel):
    """A structured value."""

    item: str
    rating: float | None = None


class Question(BaseModel):
    """One required text, and something optional of each kind."""

    text: str = Field(min_length=1)
    size: float | None = None
    count: int = 1
    urgent: bool = False
    colour: Literal["red", "blue"] | None = None
    parts: list[Part] = Field(default_factory=list)
    detail: Part | None = None


class Answer(BaseModel):
    """What was asked, some of which may be missing."""

    text: str
    size: float | None
    count: int
    urgent: bool
    colour: str | None
    parts: list[Part]
    sure: bool | None = None
    rank: int | None = None


REQUEST = Question.model_json_schema()
RESPONSE = Answer.model_json_schema()


class Echo:
    """Keeps what it was asked in `asked`, and answers it; `copies` rows an instance."""

    def __init__(self, copies: int = 1) -> None:
        self.asked: list[Mapping[str, object]] = []
        self.copies = copies

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        self.asked = list(instances)
        return [[self._row(instance)] * self.copies for instance in instances]

    def _row(self, asked: Mapping[str, object]) -> dict[str, object]:
        given = Question.model_validate(asked).model_dump()
        return {name: value for name, value in given.items() if name != "detail"}

    def close(self) -> None:
        """Nothing is held."""


def contract(**changes: object) -> Contract:
    """Return the contract of the wide model."""
    document = {
        "family": WIDE,
        "origin": "contender",
        "runtime": WIDE,
        "form": "compiled",
        "many": False,
        "target": "text",
        "request_schema": REQUEST,
        "response_schema": RESPONSE,
        "latency_budget_ms": 50.0,
        "golden": [{"text": "x"}],
        "params": {},
        "fingerprints": {},
        "training_window": {},
        "code": {},
        "libraries": {},
        "agreement": None,
        "values": {},
        "created_at": "2026-11-21T00:00:00+00:00",
        "files": {},
    }
    return Contract.model_validate(document | changes)


def serve_wide(app: FastAPI, *, copies: int = 1, version: str = "5") -> Echo:
    """Let `app` answer for the wide model, as after a promotion; return what answers."""
    runtime = Echo(copies)
    made = contract(many=copies != 1)
    loaded = Loaded(
        Package(Path("nowhere"), made, "0" * 64),
        runtime,
        SchemaCheck(made.request_schema),
        TargetCheck(made),
        golden=(),
        instance_ms=0.1,
        instance_bytes=20.0,
    )
    served = ServedModel(WIDE, version, f"d{version}", int(version), "0" * 64)
    app.state.services.slots.put(LiveModel(served, loaded))
    return runtime
