"""The compiled network: ONNX Runtime on one thread, numpy before and after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.families.demand_forecast.estimators import Forecast
from pipelines.families.demand_forecast.network.answering import Feeds, Knowledge
from pipelines.families.demand_forecast.panel import Windows
from pipelines.families.demand_forecast.windows import Array

if TYPE_CHECKING:
    import onnxruntime

GRAPH, KNOWLEDGE = "network.onnx", "network.json"


class ServedNetwork:
    """A forecaster that says what the Keras form says, within 1e-5 of the scale."""

    def __init__(self, session: onnxruntime.InferenceSession, knowledge: Knowledge) -> None:
        self._session, self._knowledge = session, knowledge

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast at most `HORIZON` days; each row's answer depends on that row alone."""
        return self._knowledge.forecast(windows, self._compute)

    def _compute(self, feeds: Feeds) -> tuple[Array, Array]:
        mean, quantiles = self._session.run(["mean", "quantiles"], dict(feeds))
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
