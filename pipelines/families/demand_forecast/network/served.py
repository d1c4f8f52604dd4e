"""The compiled network: ONNX Runtime on one thread, numpy before and after it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.families.demand_forecast.estimators import Forecast
from pipelines.families.demand_forecast.network.answering import Feeds, Knowledge
from pipelines.families.demand_forecast.panel import Windows
from pipelines.families.demand_forecast.windows import Array

if TYPE_CHECKING:
    import onnxruntime

GRAPH, KNOWLEDGE = "network.onnx", "network.json"
AHEAD = ("future", "anchor")
"""Inputs that have a column for each day asked about."""


class ServedNetwork:
    """A forecaster that says what the Keras form says, within 1e-5 of the scale.

    Where fewer days are wanted than there are, it answers as few.
    """

    def __init__(self, session: onnxruntime.InferenceSession, knowledge: Knowledge) -> None:
        self._session, self._knowledge = session, knowledge
        shapes = {given.name: given.shape for given in session.get_inputs()}
        # Graphs of old answer for the whole horizon alone.
        self._any_days = isinstance(shapes["anchor"][1], str)

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast at most `HORIZON` days; each row's answer depends on that row alone."""
        days = windows.wanted if self._any_days else None
        return self._knowledge.forecast(windows, partial(self._compute, days=days))

    def _compute(self, feeds: Feeds, days: int | None) -> tuple[Array, Array]:
        fed = dict(feeds)
        for name in AHEAD:
            # The decoder walks from day to day, and none looks at a later one's answer.
            fed[name] = fed[name][:, :days]
        mean, quantiles = self._session.run(["mean", "quantiles"], fed)
        return mean, quantiles


def open_network(directory: Path) -> ServedNetwork:
    """Open what `KerasNetwork.compile` wrote."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        directory / GRAPH, options, providers=["CPUExecutionProvider"]
    )
    return ServedNetwork(session, Knowledge.load(directory / KNOWLEDGE))
