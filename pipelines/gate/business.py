"""What mistakes cost: figures in money beside those in errors, where the user says what is worth
what.

They are metrics like any other, so they stand in the policy of a decision, are resampled, judged
and replayed by the same code. Labels are weighed by the revenue of what they are about; forecasts
are priced by what it costs to have stocked a piece too few, or one too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.model_settings import PolicySettings

REVENUE = "revenue"
"""Column of a label family's per-request table: the revenue that stands behind a question."""
REVENUE_ACCURACY = Metric("revenue_accuracy", "weighted_mean", ("correct", REVENUE))
"""Share of the revenue whose questions are answered right."""
REVENUE_F1 = Metric("revenue_f1", "weighted_f1", ("actual", "predicted", REVENUE))
"""F1 of the labels, each counted by its revenue."""
STOCK_COST = Metric("stock_cost", "mean", ("stock_cost",), direction="down")
"""Money lost a product and day by who stocks what the forecast says."""
FIGURES = (REVENUE_ACCURACY, REVENUE_F1, STOCK_COST)

BOUNDS = {"lower_95": 0.025, "lower": 0.1, "predicted": 0.5, "upper": 0.9, "upper_95": 0.975}
"""Share of outcomes below each of the numbers that a forecast states of a day."""
WIDEST = frozenset({"lower_95", "upper_95"})
"""Tables of decisions made before prices were asked for hold no more than the 80 % interval."""


class NoBusinessFigure(ValueError):
    """The policy asks for a figure in money that this model or its settings cannot give."""


def figures_of(
    possible: Sequence[Metric], settings: PolicySettings, *, has_revenue: bool, model: str
) -> tuple[Metric, ...]:
    """Return the figures in money that the settings ask for, the one that is judged by first.

    `possible` are those that the model's tables can give. Raises `NoBusinessFigure`.
    """
    asked = tuple(
        figure
        for figure in possible
        if (has_revenue if REVENUE in figure.columns else settings.understock_cost is not None)
    )
    if has_revenue and not any(REVENUE in figure.columns for figure in asked):
        raise NoBusinessFigure(f"{model} has no labels that could be weighed by revenue")
    if settings.understock_cost is not None and STOCK_COST not in asked:
        raise NoBusinessFigure(f"{model} has no forecasts that could be priced by stock")
    if settings.judge_by_business and not asked:
        message = f"{model} is to be judged by business, and neither revenue nor costs are given"
        raise NoBusinessFigure(message)
    return asked


def possible_of(rows: pd.DataFrame | None) -> tuple[Metric, ...]:
    """Return the figures in money that stored per-request rows can give."""
    columns = set() if rows is None else set(rows.columns)
    weighed = (REVENUE_ACCURACY, REVENUE_F1) if REVENUE in columns else ()
    return (*weighed, *((STOCK_COST,) if {"truth", "predicted", "losses"} <= columns else ()))


def priced(
    tables: Mapping[str, pd.DataFrame | None], settings: PolicySettings
) -> dict[str, pd.DataFrame | None]:
    """Return tables of forecasts with the column `stock_cost`; others as they are.

    Who pays `understock_cost` for each piece too few and `overstock_cost` for each one too many
    loses least by stocking the quantile u / (u + o) of a day's sales: the newsvendor's answer
    (Arrow, Harris and Marschak 1951). It is read from the forecast's bounds by linear
    interpolation, and held at the outermost one. Days that do not count cost nothing.
    """
    under, over = settings.understock_cost, settings.overstock_cost
    there = [rows for rows in tables.values() if rows is not None]
    forecasts = all(STOCK_COST in possible_of(rows) for rows in there)
    if under is None or over is None or not there or not forecasts:
        return dict(tables)
    is_wide = all(set(rows.columns) >= WIDEST for rows in there)
    bounds = {name: level for name, level in BOUNDS.items() if is_wide or name not in WIDEST}
    weights = _interpolation(list(bounds.values()), under / (under + over))
    return {
        name: rows
        if rows is None
        else rows.assign(stock_cost=_costs(rows, list(bounds), weights, under, over))
        for name, rows in tables.items()
    }


def _interpolation(levels: Sequence[float], wanted: float) -> NDArray[np.float64]:
    """Return how much each level counts in the interpolated value at `wanted`."""
    return np.array([np.interp(wanted, levels, unit) for unit in np.eye(len(levels))])


def _costs(
    rows: pd.DataFrame,
    bounds: Sequence[str],
    weights: NDArray[np.float64],
    under: float,
    over: float,
) -> list[float]:
    days = zip(rows["truth"], rows["losses"], *(rows[name] for name in bounds), strict=True)
    return [
        _cost(np.asarray(truth), np.asarray(losses), weights @ np.array(stated), under, over)
        for truth, losses, *stated in days
    ]


def _cost(
    truth: NDArray[np.float64],
    losses: NDArray[np.float64],
    stocked: NDArray[np.float64],
    under: float,
    over: float,
) -> float:
    """Return what one product's days cost on average; days whose loss is NaN are not scored."""
    missing = truth - stocked
    costs = np.where(missing > 0, under * missing, -over * missing)[~np.isnan(losses)]
    return float(costs.mean()) if len(costs) else 0.0


def in_money(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return those of the metrics that are figures in money."""
    return tuple(metric for metric in metrics if metric in FIGURES)
