"""Answers fashion recommendations from the compiled form; numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.contract import Row, Runtime
from pipelines.families.fashion_recommendations.answering import Recommender, answers


class FashionRuntime:
    """A compiled recommender; its arrays are mapped from their files."""

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one response row for each instance. Raises `RequestRefused`."""
        return [[row] for row in answers(self._recommender, instances)]

    def close(self) -> None:
        """Nothing is held but memory, which goes with the object."""


def open_runtime(directory: Path) -> Runtime:
    """Return a runtime for what `FittedModel.compile` wrote into `directory`."""
    return FashionRuntime(Recommender.open(directory))
