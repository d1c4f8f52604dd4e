"""The algorithms by name: how each is fitted, and how its own form is read again."""

from __future__ import annotations

from pathlib import Path

from pipelines.families.demand_forecast.estimators import Estimator, FittedForecaster
from pipelines.families.demand_forecast.light_forms import name_in
from pipelines.families.demand_forecast.params import Algorithm, Params
from pipelines.families.demand_forecast.pointwise import FittedSpreading, Pointwise
from pipelines.families.demand_forecast.seasonal import SeasonalMean
from pipelines.families.demand_forecast.spread import Spread


def estimator_of(params: Params, seed: int) -> Estimator:
    """Return the unfitted algorithm that the parameters name."""
    del seed
    if params.algorithm is Algorithm.SEASONAL_NAIVE:
        return Pointwise(lambda _panel, _progress: SeasonalMean(weeks=1))
    return Pointwise(lambda _panel, _progress: SeasonalMean(params.weeks))


def restored(directory: Path) -> FittedForecaster:
    """Read what a fitted forecaster's `save` wrote."""
    openers = {
        Algorithm.SEASONAL_NAIVE: SeasonalMean.open,
        Algorithm.SEASONAL_MEAN: SeasonalMean.open,
    }
    return FittedSpreading(openers[name_in(directory)](directory), Spread.open(directory))
