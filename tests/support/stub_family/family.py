"""The wiring of the sixth family."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pandas as pd
from pydantic import BaseModel, Field

from features import sources, splits
from features.schema import Column, FrameSchema
from features.sources import Raw, Source
from features.splits import Split
from pipelines.contract import (
    Evaluation,
    Examples,
    FamilyParams,
    FittedModel,
    Guardrail,
    ModelFamily,
    Progress,
    Row,
)
from pipelines.gate.business import REVENUE_ACCURACY
from pipelines.metrics import Metric
from stub_family import model as naive_bayes
from stub_family.words import group_of, words

MACRO_F1 = Metric("macro_f1", "macro_f1", ("actual", "predicted"))
ACCURACY = Metric("accuracy", "mean", ("correct",))


class Request(BaseModel):
    """What a client asks."""

    text: str = Field(min_length=1, description="A short text")


class Response(BaseModel):
    """What it is answered."""

    topic: str
    confidence: float


class Params(FamilyParams):
    """A small vocabulary makes a weak model, few digits a compiled form that disagrees."""

    vocabulary: int = Field(200, ge=0, le=10_000, title="Words kept")
    smoothing: float = Field(0.5, gt=0, le=10, title="Smoothing")
    digits: int = Field(9, ge=0, le=12, title="Digits kept when compiled")


class StubFamily(ModelFamily):
    """Short texts to one of four topics."""

    name = "stub"
    title = "Stub topics"
    schema = FrameSchema(
        columns=(
            Column("text", "text", maximum_length=500),
            Column("topic", "text", maximum_length=50),
        ),
        label="topic",
        minimum_rows=20,
    )
    primary = MACRO_F1
    metrics = (MACRO_F1, ACCURACY)
    business = (REVENUE_ACCURACY,)
    guardrails = (Guardrail(ACCURACY, margin=0.05),)
    slices = ("few_known_words",)
    latency_budget_ms = 250.0  # a worker process on a busy machine; the suite's own is far below
    Request = Request
    Response = Response
    target = "topic"
    label_text = "text"
    Params: ClassVar[type[FamilyParams]] = Params
    golden: ClassVar[tuple[Row, ...]] = (
        {"text": "pint1 común2 común3"},
        {"text": "ÁRBOL ñandú ÜBER"},
        {"text": "a"},
        {"text": "común0 " * 500},
    )

    def load(self, source: Source) -> Raw:
        return sources.read(source, self.schema)

    def split(self, frame: pd.DataFrame) -> Split:
        return splits.split_by_group(frame, frame["text"].map(group_of), salt=self.name)

    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"words": frame["text"].map(words)}, index=frame.index)

    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        del context
        index = pd.RangeIndex(len(part), name="request")
        actual = pd.DataFrame({"topic": part["topic"].to_numpy()}, index=index)
        actual["group"] = part["text"].map(group_of).to_numpy()
        return Examples(pd.DataFrame({"text": part["text"].to_numpy()}, index=index), actual)

    def floor(self, train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        share = train["topic"].value_counts(normalize=True, sort=True)
        return pd.DataFrame(
            {"topic": str(share.index[0]), "confidence": float(share.iloc[0])}, index=requests.index
        )

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        del validation, seed  # counting has nothing to tune and draws no lots
        assert isinstance(params, Params)
        progress(0.5, "counting words")
        fitted = naive_bayes.fit(train, params.vocabulary, params.smoothing, params.digits)
        progress(1.0, "counted")
        return fitted

    def evaluate(self, predictions: pd.DataFrame, actual: pd.DataFrame) -> Evaluation:
        answered = predictions.reindex(actual.index)
        per_request = pd.DataFrame(
            {
                "group": actual["group"],
                "stratum": actual["topic"],
                "actual": actual["topic"],
                "predicted": answered["topic"],
                "confidence": answered["confidence"].astype(float),
                "correct": (actual["topic"] == answered["topic"]).astype(float),
                "slice:few_known_words": actual["group"].str.count("común") >= 5,
            }
        )
        values = {metric.name: metric.value(per_request) for metric in self.metrics}
        return Evaluation(per_request, values)

    def restore(self, directory: Path) -> FittedModel:
        return naive_bayes.restore(directory)


FAMILY = StubFamily()
