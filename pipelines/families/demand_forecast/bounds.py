"""What every answer keeps: finite, never negative, bounds around the point, never of width zero."""

from __future__ import annotations

import numpy as np

from pipelines.families.demand_forecast.estimators import Forecast, Rows
from pipelines.families.demand_forecast.panel import Windows

NARROWEST = 0.01
"""Pieces between the bounds of an interval, even on a day without business."""
UNSEEN_SALES = 3.0
"""Of n days without a sale, 3 / n is the 95 % upper bound of the daily rate (Hanley 1983)."""


def honest(windows: Windows, forecast: Forecast) -> Forecast:
    """Return a forecast that keeps the promises, whatever the algorithm said.

    On days without business nothing is sold. What has never sold is forecast as zero, with the
    upper bound that so many days without a sale allow.
    """
    point = np.maximum(np.nan_to_num(forecast.point), 0.0)
    quantiles = np.sort(np.maximum(np.nan_to_num(forecast.quantiles), 0.0), axis=2)
    sold = (windows.quantity * windows.known).sum(axis=1) > 0
    bound = UNSEEN_SALES / np.maximum(windows.known_days, 1)
    point[~sold] = 0.0
    quantiles[~sold] = np.stack([0 * bound, 0 * bound, 0 * bound, bound / 2, bound], -1)[
        ~sold, None, :
    ]
    closed = windows.open[:, windows.history :] <= 0
    point[closed] = 0.0
    quantiles[closed] = 0.0
    return Forecast(point, _around(point, quantiles))


def _around(point: Rows, quantiles: Rows) -> Rows:
    """Return quantiles whose intervals hold the point and are wider than nothing."""
    lowest, low, median, high, highest = np.moveaxis(quantiles, 2, 0)
    low = np.minimum(low, point)
    high = np.maximum(np.maximum(high, point), low + NARROWEST)
    lowest = np.minimum(lowest, low)
    highest = np.maximum(highest, high)
    return np.stack([lowest, low, np.clip(median, low, high), high, highest], axis=2)
