"""Makes the network's quantiles honest: each tail misses as often as it says it does.

On days that the network has not seen, each quantile's distance from the median is stretched by
the factor with which that tail would have missed its nominal share: conformal calibration, one
factor a level, pooled over products and days.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.estimators import LEVELS, Forecast

MEDIAN = int(np.searchsorted(LEVELS, 0.5))
EDGE = 0.02
"""In units of the scale: what every distance from the median begins with, so that it can grow."""
NOTHING, SOMETHING = 0.03, 0.06
"""In units of the scale: a quantile below the first is zero, above the second is itself. Softplus
never reaches zero, and a lower bound of a thousandth would miss every day without a sale."""
LEAST_DAYS = 100
"""Days below which a tail says nothing about itself, and nothing is stretched."""
WIDEST = 4.0
SHARES = np.linspace(0.0, 1.0, 5)
"""Shares of the mean that are tried for the point forecast."""
UNDECIDED = 0.5


@dataclass(frozen=True)
class Raw:
    """What the network says before calibration: in pieces, with the scale of each window."""

    mean: Array
    quantiles: Array
    scale: Array

    @classmethod
    def of(cls, mean: Array, quantiles: Array, scale: Array) -> Raw:
        """Turn the network's answers (n, h) and (n, h, 5) in units of the scale into pieces."""
        told = np.asarray(quantiles, dtype=np.float64)
        told = told * np.minimum(np.maximum((told - NOTHING) / (SOMETHING - NOTHING), 0.0), 1.0)
        units = np.asarray(scale, dtype=np.float64)
        pieces = np.asarray(mean, dtype=np.float64) * units[:, None]
        return cls(pieces, told * units[:, None, None], units)

    @property
    def median(self) -> Array:
        """Return the median, (n, h)."""
        return np.asarray(self.quantiles[:, :, MEDIAN])

    @property
    def distances(self) -> Array:
        """Return how far each quantile lies from the median, (n, h, 5), at least the edge."""
        away = np.abs(self.quantiles - self.median[:, :, None])
        return np.asarray(away + EDGE * self.scale[:, None, None])

    def point(self, mean_share: float) -> Array:
        """Return the point forecast (n, h): a share of the mean, the rest of the median."""
        return mean_share * self.mean + (1.0 - mean_share) * self.median


@dataclass(frozen=True)
class Calibration:
    """By what each quantile's distance from the median is multiplied; what the point is made of."""

    factors: tuple[float, ...] = (1.0,) * len(LEVELS)
    mean_share: float = UNDECIDED

    @cached_property
    def _signed(self) -> Array:
        return np.asarray(np.sign(LEVELS - 0.5) * np.asarray(self.factors))

    def forecast(self, raw: Raw) -> Forecast:
        """Return the calibrated forecast: never negative, quantiles rising."""
        quantiles = np.maximum(raw.median[:, :, None] + self._signed * raw.distances, 0.0)
        return Forecast(raw.point(self.mean_share), np.maximum.accumulate(quantiles, axis=2))


def calibrate(raw: Raw, truth: Array, counts: Array, mean_share: float | None) -> Calibration:
    """Return the calibration with which `raw` would have been right about days it had not seen.

    `truth` and `counts` are (n, h). Without enough days that count nothing is stretched.
    """
    counted = counts > 0
    share = UNDECIDED if mean_share is None else mean_share
    if counted.sum() < LEAST_DAYS:
        return Calibration(mean_share=share)
    if mean_share is None:
        share = best_share(raw, truth, counted)
    away = ((truth - raw.median)[:, :, None] / raw.distances)[counted]
    factors = [1.0] * len(LEVELS)
    for place, level in enumerate(LEVELS):
        if place != MEDIAN:
            side, kept = (1.0, level) if place > MEDIAN else (-1.0, 1.0 - level)
            needed = float(np.quantile(side * away[:, place], kept))
            factors[place] = float(np.clip(needed, 1.0 / WIDEST, WIDEST))
    return Calibration(tuple(factors), share)


def best_share(raw: Raw, truth: Array, counted: Array) -> float:
    """Return the share of the mean in the point forecast with the least scaled squared error."""
    days = np.maximum(counted.sum(axis=1), 1)
    errors = []
    for share in SHARES:
        scaled = np.where(counted, (truth - raw.point(share)) / raw.scale[:, None], 0.0)
        errors.append(float(np.sqrt((scaled**2).sum(axis=1) / days).mean()))
    return float(SHARES[int(np.argmin(errors))])
