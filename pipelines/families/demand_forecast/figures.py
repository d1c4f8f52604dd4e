"""Plots that explain a demand candidate; matplotlib is imported when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines import plots
from pipelines.contract import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_PRODUCTS = 6


def figures_of(rows: pd.DataFrame, history: pd.DataFrame) -> Figures:
    """Return forecasts beside the truth, errors by day and product, calibration, learning."""
    return Figures(
        {
            "forecasts.png": lambda: forecasts(rows),
            "error_by_day_ahead.png": lambda: error_by_day_ahead(rows),
            "error_by_product.png": lambda: error_by_product(rows),
            "confidence.png": lambda: plots.calibration(rows.rename(columns={"hit": "correct"})),
            "learning.png": lambda: plots.learning(history),
        }
    )


def forecasts(rows: pd.DataFrame) -> Figure:
    """Draw the forecast, its 80 % interval and the truth of products from the best to the worst."""
    from matplotlib.figure import Figure as NewFigure

    ranked = rows.sort_values("rmsse", kind="stable")
    places = np.linspace(0, len(ranked) - 1, min(SHOWN_PRODUCTS, len(ranked))).round().astype(int)
    figure = NewFigure(figsize=(9.0, 1.9 * max(len(places), 1)), layout="constrained")
    axes = figure.subplots(max(len(places), 1), 1, squeeze=False)[:, 0]
    for panel, place in zip(axes, places, strict=False):
        _forecast(panel, ranked.iloc[place])
    return figure


def _forecast(axes: Axes, row: pd.Series) -> None:
    days = np.arange(1, len(row["truth"]) + 1)
    axes.fill_between(days, row["lower"], row["upper"], alpha=0.25, label="80 % interval")
    axes.plot(days, row["predicted"], label="forecast")
    axes.plot(days, row["truth"], color="black", linewidth=1, marker=".", label="sold")
    axes.set_title(f"{row['group']}: RMSSE {row['rmsse']:.2f}", fontsize="small")
    axes.set_xlabel(f"days from {row['origin']}", fontsize="small")
    axes.legend(fontsize="x-small", loc="upper right")


def error_by_day_ahead(rows: pd.DataFrame) -> Figure:
    """Draw how the error grows with the distance of the day."""
    figure, axes = _axes()
    longest = max((len(losses) for losses in rows["losses"]), default=0)
    table = np.full((len(rows), longest), np.nan)
    for place, losses in enumerate(rows["losses"]):
        table[place, : len(losses)] = losses
    counted = (~np.isnan(table)).sum(axis=0)
    means = np.nansum(table, axis=0) / np.maximum(counted, 1)
    axes.plot(np.arange(1, longest + 1)[counted > 0], np.sqrt(means[counted > 0]), marker=".")
    axes.set(xlabel="days ahead", ylabel="root mean squared scaled error", ylim=(0, None))
    axes.set_title("Error by day ahead")
    return figure


def error_by_product(rows: pd.DataFrame) -> Figure:
    """Draw how many products are forecast how well."""
    figure, axes = _axes()
    axes.hist(rows["rmsse"].to_numpy(dtype=np.float64), bins=20)
    axes.set(xlabel="RMSSE", ylabel="products", title="Error by product")
    return figure


def _axes() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(5.5, 4.0), layout="constrained")
    return figure, figure.subplots()
