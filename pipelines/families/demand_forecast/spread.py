"""Quantiles for algorithms that forecast a point alone: split-conformal, normalised.

Errors of past forecasts are divided by how uncertain a day looked (the series' own volatility,
larger on days of which much is expected), pooled over products, and their quantiles are put around
new forecasts in the same unit. Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018, section 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from features.temporal import Floats
from pipelines.families.demand_forecast.estimators import LEVELS, Forecast, Rows
from pipelines.families.demand_forecast.panel import HORIZON, Windows

SPREAD_FILE = "spread.json"
RECENT_DAYS = 112
WEEKS = HORIZON // 7
USUAL_DAYS, USUAL_VARIATION = 7.0, 0.5
"""What is thought of a series before it is seen: so many days that vary by this share."""
GROWTH = 0.1
"""Share of a series' level that even a day of no demand is uncertain by."""


@dataclass(frozen=True)
class Spread:
    """Quantiles of normalised errors, [weeks ahead, levels]."""

    quantiles: Rows

    def around(self, windows: Windows, point: Rows) -> Forecast:
        """Return a point forecast with its quantiles, never negative and rising."""
        weeks = np.minimum(np.arange(point.shape[1]) // 7, WEEKS - 1)
        widths = uncertainty(windows, point)
        quantiles = point[:, :, None] + widths[:, :, None] * self.quantiles[weeks][None]
        return Forecast(point, np.maximum(np.maximum.accumulate(quantiles, axis=2), 0.0))

    def save(self, directory: Path) -> None:
        """Write it into an existing directory."""
        (directory / SPREAD_FILE).write_bytes(orjson.dumps(self.quantiles.tolist()))

    @classmethod
    def open(cls, directory: Path) -> Spread:
        """Read what `save` wrote."""
        return cls(np.asarray(orjson.loads((directory / SPREAD_FILE).read_bytes())))


class PointForecaster(Protocol):
    """Forecasts a point alone; needs numpy and ONNX Runtime alone."""

    def point(self, windows: Windows) -> Rows:
        """Return the forecasts, [n, horizon], finite and never negative."""
        ...


@dataclass(frozen=True)
class Spreading:
    """A point forecaster with a spread: a forecaster."""

    pointing: PointForecaster
    spread: Spread

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast the point, and the quantiles around it."""
        return self.spread.around(windows, self.pointing.point(windows))


def learnt(windows: Windows, point: Rows, truth: Floats, counts: Floats) -> Spread:
    """Return the spread of forecasts whose outcome is known; only days that count teach."""
    errors = (truth - point) / uncertainty(windows, point)
    weeks = np.arange(point.shape[1]) // 7
    pooled = np.quantile(errors[counts > 0], LEVELS)
    rows = [
        np.quantile(found, LEVELS) if (found := _of_week(errors, counts, weeks == week)).size else
        pooled
        for week in range(WEEKS)
    ]  # fmt: skip
    return Spread(np.asarray(rows))


def _of_week(errors: Rows, counts: Floats, days: NDArray[np.bool_]) -> Rows:
    return np.asarray(errors[:, days][counts[:, days] > 0])


def uncertainty(windows: Windows, point: Rows) -> Rows:
    """Return how uncertain each forecast day looks beforehand, in pieces, [n, horizon]; positive.

    The standard deviation of the last 112 open days, shrunk to the usual one, times the root of
    how large the day's forecast is against the usual day: counts vary with the root of their mean.
    """
    seen = (windows.known * windows.open[:, : windows.history])[:, -RECENT_DAYS:]
    sales = windows.quantity[:, -RECENT_DAYS:]
    days = np.maximum(seen.sum(axis=1), 1.0)
    level = (sales * seen).sum(axis=1) / days
    squares = ((sales - level[:, None]) ** 2 * seen).sum(axis=1).astype(np.float64)
    # What has been constant on few days is not sure to stay so: a week of usual variation is added.
    usual = (USUAL_VARIATION * level) ** 2 + 0.25 * level + 0.01
    deviation = np.sqrt((squares + USUAL_DAYS * usual) / (days + USUAL_DAYS))
    floor = GROWTH * level + 0.05
    relative = (point + floor[:, None]) / (level + floor)[:, None]
    return np.asarray(deviation[:, None] * np.sqrt(relative))
