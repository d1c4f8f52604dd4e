"""The algorithms by name: how each is fitted, and how its own form is read again."""

from __future__ import annotations

from pathlib import Path

from pipelines.families.demand_forecast.estimators import Estimator, FittedForecaster
from pipelines.families.demand_forecast.light_forms import POINTS, name_in
from pipelines.families.demand_forecast.params import Algorithm, Params
from pipelines.families.demand_forecast.pointwise import FittedSpreading, Pointwise
from pipelines.families.demand_forecast.seasonal import SeasonalMean
from pipelines.families.demand_forecast.spread import Spread


def estimator_of(params: Params, seed: int) -> Estimator:
    """Return the unfitted algorithm that the parameters name."""
    if params.algorithm is Algorithm.LSTM:
        return _network(params, seed)
    if params.algorithm is Algorithm.BOOSTING:
        return _trees(params, seed)
    if params.algorithm in {Algorithm.ETS, Algorithm.THETA}:
        return _smoothing(params)
    weeks = 1 if params.algorithm is Algorithm.SEASONAL_NAIVE else params.weeks
    return Pointwise(lambda _panel, _progress: SeasonalMean(weeks))


def restored(directory: Path) -> FittedForecaster:
    """Read what a fitted forecaster's `save` wrote."""
    algorithm = name_in(directory)
    if algorithm is Algorithm.LSTM:
        from pipelines.families.demand_forecast.network import forecaster

        return forecaster.restore(directory)
    if algorithm is Algorithm.BOOSTING:
        from pipelines.families.demand_forecast.boosting import FittedTrees

        return FittedSpreading(FittedTrees.open(directory), Spread.open(directory))
    return FittedSpreading(POINTS[algorithm](directory), Spread.open(directory))


def _network(params: Params, seed: int) -> Estimator:
    from pipelines.families.demand_forecast.network.forecaster import NetworkEstimator
    from pipelines.families.demand_forecast.network.recipe import Recipe

    recipe = Recipe(
        members=params.members,
        steps=params.steps or None,
        units=params.units,
        learning_rate=params.learning_rate,
    )
    return NetworkEstimator(recipe, seed)


def _trees(params: Params, seed: int) -> Estimator:
    from pipelines.families.demand_forecast.boosting import Boosting, boosted

    settings = Boosting(params.trees, params.leaves, params.shrinkage)
    return Pointwise(lambda panel, progress: boosted(panel, settings, seed, progress))


def _smoothing(params: Params) -> Estimator:
    from pipelines.families.demand_forecast.smoothing_fit import fitted_ets, fitted_theta

    return Pointwise(fitted_ets if params.algorithm is Algorithm.ETS else fitted_theta)
