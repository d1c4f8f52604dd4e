"""`DemandModel`: an algorithm, what it learnt about itself in rehearsal, and the latest days."""

from __future__ import annotations

from pathlib import Path

import orjson
import pandas as pd

from pipelines.contract import Progress
from pipelines.families.demand_forecast.algorithms import estimator_of, restored
from pipelines.families.demand_forecast.answering import Answering, open_answering, treated
from pipelines.families.demand_forecast.cold import Blend, learnt_blend
from pipelines.families.demand_forecast.confidence import Confidence, learnt_confidence
from pipelines.families.demand_forecast.data import panel_of
from pipelines.families.demand_forecast.estimators import (
    FittedForecaster,
    Forecaster,
    TooLittleHistory,
)
from pipelines.families.demand_forecast.light_forms import name_in, write_name
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, Panel
from pipelines.families.demand_forecast.params import Algorithm, Params
from pipelines.families.demand_forecast.pasts import Memory
from pipelines.versions.answers import instances_of

HISTORY_FILE = "history.json"
RESPONSE = (
    "predicted_total_quantity",
    "forecast_range_start",
    "forecast_range_end",
    "confidence_score",
    "daily_predictions",
    "notes",
)


class DemandModel:
    """A fitted demand model in its algorithm's own form."""

    def __init__(
        self,
        algorithm: Algorithm,
        fitted: FittedForecaster,
        answering: Answering,
        history: pd.DataFrame,
    ) -> None:
        self._algorithm, self._fitted, self._answering = algorithm, fitted, answering
        self.history = history

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request with its days."""
        rows = [row for (row,) in self._answering.answers(instances_of(requests))]
        return pd.DataFrame(rows, index=requests.index.rename("request"), columns=list(RESPONSE))

    def save(self, directory: Path) -> None:
        """Write the algorithm's own form and all that goes with it."""
        self._fitted.save(directory)
        self._write_rest(directory)
        self.history.to_json(directory / HISTORY_FILE, orient="records", double_precision=15)

    def compile(self, directory: Path) -> None:
        """Write the algorithm's light form and all that goes with it."""
        self._fitted.compile(directory)
        self._write_rest(directory)

    def _write_rest(self, directory: Path) -> None:
        write_name(directory, self._algorithm)
        self._answering.save(directory)
        self._answering.memory.history.save(directory, HISTORY_DAYS)


class _Rehearsal:
    """Learns from the answers to days that the forecaster has not seen."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.learnt: tuple[Blend, Confidence] | None = None

    def __call__(self, forecaster: Forecaster) -> None:
        blend = learnt_blend(forecaster, self._panel)
        confidence = learnt_confidence(
            lambda windows: treated(forecaster, blend, windows), self._panel
        )
        self.learnt = blend, confidence


def fit(rows: pd.DataFrame, params: Params, seed: int, progress: Progress) -> DemandModel:
    """Fit on all days of the rows. Raises `TooLittleHistory`."""
    if rows.empty:
        raise TooLittleHistory("there is no row to fit on")
    panel = panel_of(rows)
    rehearsal = _Rehearsal(panel)
    fitted = estimator_of(params, seed).fit(panel, progress, rehearsal)
    if rehearsal.learnt is None:
        raise RuntimeError(f"{params.algorithm} was fitted without a rehearsal")
    answering = Answering(fitted, *rehearsal.learnt, Memory(panel))
    return DemandModel(params.algorithm, fitted, answering, fitted.history)


def restore(directory: Path) -> DemandModel:
    """Read what `DemandModel.save` wrote."""
    fitted = restored(directory)
    answering = open_answering(directory, fitted)
    curves = pd.DataFrame(
        orjson.loads((directory / HISTORY_FILE).read_bytes()), columns=["step", "metric", "value"]
    )
    return DemandModel(name_in(directory), fitted, answering, curves)


def naive_answers(train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
    """Answer requests by the last week again and again, with the spread that it has had."""
    naive = fit(train, Params(algorithm=Algorithm.SEASONAL_NAIVE), 0, _silent)
    return naive.predict(requests)


def _silent(_share: float, _message: str) -> None:
    """Report to nobody."""
