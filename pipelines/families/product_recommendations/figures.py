"""Plots that explain a candidate: its ratings, its lists, and what decided about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def ratings(rows: pd.DataFrame) -> Figure:
    """Draw the predictions of every true rating, and what is given on average for a prediction."""
    rated = rows.dropna(subset=["actual", "predicted"])
    figure, axes = _axes("Ratings: predicted against given", "given", "predicted")
    levels = sorted(rated["actual"].unique())
    if levels:
        drawn = [rated.loc[rated["actual"] == level, "predicted"].to_numpy() for level in levels]
        axes.boxplot(drawn, positions=levels, widths=0.6 * _step(levels), showfliers=False)
        axes.plot(levels, levels, linestyle=":", color="grey", label="exact")
        axes.legend()
    return figure


def lists(rows: pd.DataFrame) -> Figure:
    """Draw how many users get how much of what they liked into their first ten places."""
    figure, axes = _axes("Lists: what ten places find", "recall at 10", "users")
    found = rows["recall_at_10"].dropna()
    axes.hist(found, bins=[place / 20 for place in range(21)])
    if len(found):
        mean = float(found.mean())
        axes.axvline(mean, color="black", linestyle=":", label=f"mean {mean:.3f}")
        axes.legend()
    return figure


def held_out(history: pd.DataFrame) -> Figure:
    """Draw what decided: models beside damped means, rankers beside popularity."""
    first = history[(history["step"] == 0) & ~history["metric"].str.startswith("fitted_")]
    shown = first.sort_values("metric")
    figure, axes = _axes("Held-out rows: what decided", "value", "")
    names = [str(name).removeprefix("held_out_").replace("_", " ") for name in shown["metric"]]
    bars = axes.barh(names, shown["value"].to_numpy(dtype=float))
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.margins(x=0.15)
    return figure


def learning(history: pd.DataFrame) -> Figure:
    """Draw the error on the training rows by epoch; Surprise tells of none."""
    figure, axes = _axes("While fitting", "epoch", "RMSE of the training rows")
    curve = history[history["step"] > 0]
    for metric, line in curve.groupby("metric"):
        axes.plot(line["step"], line["value"], marker=".", label=str(metric))
    if len(curve):
        axes.legend()
    return figure


def _step(levels: list[float]) -> float:
    return float(np.diff(levels).min()) if len(levels) > 1 else 1.0


def _axes(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    # Not pyplot: it keeps every figure alive and picks a display; a worker has none.
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=across, ylabel=up)
    return figure, axes
