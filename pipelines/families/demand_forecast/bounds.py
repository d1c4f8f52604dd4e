"""What every answer keeps: finite, never negative, bounds around the point, never of width zero."""

from __future__ import annotations

import numpy as np

from pipelines.families.demand_forecast.estimators import Forecast, Rows
from pipelines.families.demand_forecast.panel import Windows

NARROWEST = 0.01
"""Pieces between the bounds of an interval, even on a day without business."""
UNSEEN_SALES = 3.0
"""Of n days without a sale, 3 / n is the 95 % upper bound of the daily rate (Hanley 1983)."""
UNSEEN_SHARES = np.array([0.0, 0.0, 0.0, 0.5, 1.0])
"""Of that bound, what the quantiles of a product without a sale are."""


def honest(windows: Windows, forecast: Forecast) -> Forecast:
    """Return a forecast that keeps the promises, whatever the algorithm said.

    On days without business nothing is sold. What has never sold is forecast as zero, with the
    upper bound that so many days without a sale allow.
    """
    point = np.maximum(_numbers(forecast.point), 0.0)
    quantiles = np.sort(np.maximum(_numbers(forecast.quantiles), 0.0), axis=2)
    unsold = (windows.quantity * windows.known).sum(axis=1) <= 0
    if unsold.any():
        bound = UNSEEN_SALES / np.maximum(windows.known_days, 1)
        point[unsold] = 0.0
        quantiles[unsold] = (bound[:, None] * UNSEEN_SHARES)[unsold, None, :]
    closed = windows.open[:, windows.history :] <= 0
    point[closed] = 0.0
    quantiles[closed] = 0.0
    return Forecast(point, _around(point, quantiles))


def _numbers(values: Rows) -> Rows:
    """Return `numpy.nan_to_num`, which costs as much as all the rest where nothing is to do."""
    return values if np.isfinite(values).all() else np.nan_to_num(values)


def _around(point: Rows, quantiles: Rows) -> Rows:
    """Return quantiles whose intervals hold the point and are wider than nothing."""
    kept = np.empty_like(quantiles)
    low = np.minimum(quantiles[..., 1], point)
    high = np.maximum(np.maximum(quantiles[..., 3], point), low + NARROWEST)
    kept[..., 0] = np.minimum(quantiles[..., 0], low)
    kept[..., 1] = low
    kept[..., 2] = np.minimum(np.maximum(quantiles[..., 2], low), high)
    kept[..., 3] = high
    kept[..., 4] = np.maximum(quantiles[..., 4], high)
    return kept
