"""Fits the coefficients of ETS and Theta by statsforecast, one product at a time.

One series that is too short stops the library's whole batch, so each is fitted by itself, and only
those that it can be fitted to; the others are given the usual coefficients.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from pipelines.contract import Progress
from pipelines.families.demand_forecast.estimators import Rows, TooLittleHistory
from pipelines.families.demand_forecast.panel import Panel
from pipelines.families.demand_forecast.smoothing import SEEN_DAYS, WEEK, Coefficients, Smoothing

FEWEST_DAYS = 56
REPORTED = 10

Fit = Callable[[Rows], Coefficients]


def fitted_ets(panel: Panel, progress: Progress) -> Smoothing:
    """Fit ETS with additive errors, the trend and weekdays chosen by AICc."""
    return _fitted(panel, _ets, progress)


def fitted_theta(panel: Panel, progress: Progress) -> Smoothing:
    """Fit the standard Theta method on additively adjusted weekdays."""
    return _fitted(panel, _theta, progress)


def _fitted(panel: Panel, fit: Fit, progress: Progress) -> Smoothing:
    found: dict[str, Coefficients] = {}
    for row, name in enumerate(panel.ids):
        series = _series(panel, row)
        if len(series) >= FEWEST_DAYS and series.std() > 0:
            found[name] = fit(series)
        if row % REPORTED == 0:
            progress(row / len(panel.ids), f"{row} of {len(panel.ids)} products")
    if not found:
        raise TooLittleHistory(
            f"no product has {FEWEST_DAYS} days since its first sale, which smoothing needs"
        )
    rows = np.asarray([coefficients.row for coefficients in found.values()])
    return Smoothing(found, Coefficients(*np.median(rows, axis=0).tolist()))


def _series(panel: Panel, row: int) -> Rows:
    """Return a product's last year of days, closed ones as their weekday usually is."""
    days = slice(max(panel.days - SEEN_DAYS, 0), panel.days)
    known = panel.known[row, days] > 0
    sales = panel.quantity[row, days][known].astype(np.float64)
    closed = panel.open[row, days][known] <= 0
    for weekday in range(WEEK):
        same = np.arange(len(sales)) % WEEK == weekday
        if (same & closed).any() and (same & ~closed).any():
            sales[same & closed] = sales[same & ~closed].mean()
    return sales


def _ets(series: Rows) -> Coefficients:
    from statsforecast.models import AutoETS

    model = _asked(AutoETS(season_length=WEEK, model="AZA"), series)
    _, trend, season, damped = model["components"]
    alpha, beta, gamma, phi = (float(value) for value in model["par"][:4])
    return Coefficients(
        alpha=alpha,
        beta=beta if trend == "A" else 0.0,
        gamma=gamma if season == "A" else 0.0,
        phi=phi if damped == "D" else 1.0,
        seasonal=float(season == "A"),
    )


def _theta(series: Rows) -> Coefficients:
    from statsforecast.models import Theta

    model = _asked(Theta(season_length=WEEK, decomposition_type="additive"), series)
    return Coefficients(
        alpha=float(model["par"]["alpha"]), drift=0.5, seasonal=float(bool(model.get("decompose")))
    )


def _asked(estimator: Any, series: Rows) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optimisers that stop early, which is no failure here
        return estimator.fit(series).model_
