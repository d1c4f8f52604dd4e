"""Plots that explain a fashion candidate; matplotlib is loaded when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.contract import Figures
from pipelines.plots import learning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ASKED = {"asks_rating": "before purchase", "asks_explanation": "written review"}
FOLDS = "held_out_rmse_fold_"


def drawings(history: pd.DataFrame, per_request: pd.DataFrame) -> Figures:
    """Return the learning curves and the errors before purchase and of written reviews."""
    curves = history[history["metric"].astype(str).str.startswith(FOLDS)]
    return Figures(
        {
            "learning.png": lambda: learning(curves),
            "errors.png": lambda: errors(per_request),
            "predicted.png": lambda: predicted(per_request),
        }
    )


def errors(rows: pd.DataFrame) -> Figure:
    """Draw the RMSE for each true rating, before purchase and of written reviews."""
    figure, axes = _axes(6.0, 4.0)
    for column, name in ASKED.items():
        asked = rows[rows[column].astype(bool)]
        by_rating = asked.groupby("actual")["squared_error"].mean()
        axes.plot(by_rating.index, np.sqrt(by_rating), marker="o", label=f"{name} ({len(asked)})")
    axes.set(xlabel="true rating", ylabel="RMSE", title="Error by rating")
    axes.legend()
    return figure


def predicted(rows: pd.DataFrame) -> Figure:
    """Draw what was predicted for each true rating: median, quartiles and range."""
    figure, axes = _axes(6.0, 4.0)
    asked = rows[rows["asks_rating"].astype(bool) & rows["predicted"].notna()]
    ratings = sorted(asked["actual"].unique())
    boxes = [asked.loc[asked["actual"] == rating, "predicted"].to_numpy() for rating in ratings]
    if ratings:
        axes.boxplot(boxes, tick_labels=[f"{rating:g}" for rating in ratings], showfliers=False)
    axes.set(xlabel="true rating", ylabel="predicted", title="Predicted before purchase")
    return figure


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()
