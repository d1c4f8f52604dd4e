"""Exponential smoothing with fixed coefficients, run over the history of a question; numpy alone.

ETS with additive errors (Hyndman, Koehler, Ord and Snyder 2008, chapter 2) and Theta, which is
simple smoothing with half the slope as drift (Hyndman and Billah 2003), are one recursion with
different coefficients. The coefficients are fitted beforehand; the states follow from the history,
so that a forecast always begins where the history ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from features.temporal import Floats
from pipelines.families.demand_forecast.estimators import Rows
from pipelines.families.demand_forecast.panel import Windows

COEFFICIENTS_FILE = "smoothing.json"
SEEN_DAYS = 364
WEEK = 7


@dataclass(frozen=True)
class Coefficients:
    """How fast level, trend and weekdays follow the errors; how the trend is damped.

    `drift` is the share of the history's slope that the trend begins with: 0 for ETS, 0.5 for
    Theta. `seasonal` is 1 where weekdays differ.
    """

    alpha: float
    beta: float = 0.0
    gamma: float = 0.0
    phi: float = 1.0
    drift: float = 0.0
    seasonal: float = 1.0

    @property
    def row(self) -> tuple[float, ...]:
        """The numbers, in this order."""
        return (self.alpha, self.beta, self.gamma, self.phi, self.drift, self.seasonal)


@dataclass(frozen=True)
class Smoothing:
    """Coefficients of the products that were fitted, and the usual ones for all others."""

    coefficients: Mapping[str, Coefficients]
    usual: Coefficients

    def point(self, windows: Windows) -> Rows:
        """Return the forecasts, [n, horizon]."""
        rows = [self.coefficients.get(name, self.usual).row for name in windows.ids]
        seen = (windows.known * windows.open[:, : windows.history])[:, -SEEN_DAYS:]
        return smoothed(windows.quantity[:, -SEEN_DAYS:], seen, np.asarray(rows), windows.horizon)

    def write(self, directory: Path) -> None:
        """Write the coefficients."""
        facts = {
            "products": {name: found.row for name, found in self.coefficients.items()},
            "usual": self.usual.row,
        }
        (directory / COEFFICIENTS_FILE).write_bytes(orjson.dumps(facts))

    compile = write

    @classmethod
    def open(cls, directory: Path) -> Smoothing:
        """Read what `write` wrote."""
        facts = orjson.loads((directory / COEFFICIENTS_FILE).read_bytes())
        products = {name: Coefficients(*row) for name, row in facts["products"].items()}
        return cls(products, Coefficients(*facts["usual"]))


def smoothed(sales: Floats, seen: Floats, coefficients: Rows, horizon: int) -> Rows:
    """Return forecasts [n, horizon] after a run over `sales` [n, days]; unseen days teach nothing.

    `days` are whole weeks, so that a day's column says which weekday it is.
    """
    alpha, beta, gamma, phi, drift, seasonal = coefficients.T
    days = sales.shape[1]
    level, weekdays, slope = _beginning(sales, seen)
    weekdays = weekdays * seasonal[:, None]
    trend = drift * slope
    for day in range(days):
        slot = day % WEEK
        expected = level + phi * trend + weekdays[:, slot]
        error = np.where(seen[:, day] > 0, sales[:, day] - expected, 0.0)
        level = level + phi * trend + alpha * error
        trend = phi * trend + beta * error
        weekdays[:, slot] += gamma * error
    ahead = np.arange(1, horizon + 1)
    damping = np.cumsum(phi[:, None] ** ahead[None, :], axis=1)
    point = level[:, None] + damping * trend[:, None] + weekdays[:, (ahead - 1) % WEEK]
    return np.asarray(np.maximum(point, 0.0))


def _beginning(sales: Floats, seen: Floats) -> tuple[Rows, Rows, Rows]:
    """Return level, weekday deviations and slope to begin with, from the whole history."""
    n, days = sales.shape
    counted = seen.astype(np.float64)
    total = np.maximum(counted.sum(axis=1), 1.0)
    mean = (sales * counted).sum(axis=1) / total
    by_weekday = counted.reshape(n, days // WEEK, WEEK).sum(axis=1)
    sums = (sales * counted).reshape(n, days // WEEK, WEEK).sum(axis=1)
    deviations = np.where(by_weekday > 0, sums / np.maximum(by_weekday, 1.0) - mean[:, None], 0.0)
    time = np.arange(days) - (np.arange(days) * counted).sum(axis=1)[:, None] / total[:, None]
    spread = np.maximum((time**2 * counted).sum(axis=1), 1.0)
    slope = ((sales - mean[:, None]) * time * counted).sum(axis=1) / spread
    return mean, deviations, slope
