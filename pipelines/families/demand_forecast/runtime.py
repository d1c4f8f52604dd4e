"""Answers demand questions from the compiled form; numpy and ONNX Runtime only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.contract import Row, Runtime
from pipelines.families.demand_forecast.answering import Answering, open_answering
from pipelines.families.demand_forecast.light_forms import open_light


class DemandRuntime:
    """A compiled demand model."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one response row for each request. Raises `RequestRefused`."""
        return self._answering.answers(instances)

    def close(self) -> None:
        """Nothing is held but memory, which goes with the object."""


def open_runtime(directory: Path) -> Runtime:
    """Return a runtime for what `FittedModel.compile` wrote into `directory`."""
    return DemandRuntime(open_answering(directory, open_light(directory)))
