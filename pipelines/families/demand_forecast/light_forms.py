"""Which algorithm a folder holds, and how its light form is opened: no learning library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from pipelines.families.demand_forecast.estimators import Forecaster
from pipelines.families.demand_forecast.network.served import open_network
from pipelines.families.demand_forecast.params import Algorithm
from pipelines.families.demand_forecast.seasonal import SeasonalMean
from pipelines.families.demand_forecast.smoothing import Smoothing
from pipelines.families.demand_forecast.spread import Spread, Spreading
from pipelines.families.demand_forecast.trees import ServedTrees

ALGORITHM_FILE = "algorithm.json"


POINTS: Mapping[Algorithm, Callable[[Path], SeasonalMean | Smoothing]] = {
    Algorithm.ETS: Smoothing.open,
    Algorithm.THETA: Smoothing.open,
    Algorithm.SEASONAL_NAIVE: SeasonalMean.open,
    Algorithm.SEASONAL_MEAN: SeasonalMean.open,
}
"""Those whose own form is the light one."""


def name_in(directory: Path) -> Algorithm:
    """Return the algorithm whose files lie in a folder."""
    return Algorithm(orjson.loads((directory / ALGORITHM_FILE).read_bytes()))


def write_name(directory: Path, algorithm: Algorithm) -> None:
    """Say in a folder which algorithm's files it holds."""
    (directory / ALGORITHM_FILE).write_bytes(orjson.dumps(algorithm))


def open_light(directory: Path) -> Forecaster:
    """Open what the fitted forecaster's `compile` wrote."""
    algorithm = name_in(directory)
    if algorithm is Algorithm.LSTM:
        return open_network(directory)
    opened = POINTS.get(algorithm, ServedTrees.open)(directory)
    return Spreading(opened, Spread.open(directory))
