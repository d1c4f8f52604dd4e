"""Answers product recommendations from the compiled form: mapped arrays and numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.contract import Row, Runtime
from pipelines.families.product_recommendations.answering import Answerer
from pipelines.families.product_recommendations.layout import Layout


class RecommendationRuntime:
    """A compiled model of ratings and lists."""

    def __init__(self, layout: Layout) -> None:
        self._answerer = Answerer(layout)

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one response row for each instance. Raises `RequestRefused`."""
        answer = self._answerer.answer
        return [[answer(instance, place)] for place, instance in enumerate(instances)]

    def close(self) -> None:
        """The mapped files are closed when the object goes."""


def open_runtime(directory: Path) -> Runtime:
    """Return a runtime for what `FittedModel.compile` wrote into `directory`."""
    return RecommendationRuntime(Layout.open(directory))
