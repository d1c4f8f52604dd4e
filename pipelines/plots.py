"""Plots that explain a candidate; each takes a table and returns a figure, matplotlib inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_CLASSES = 20
BINS = 10


def confusion(rows: pd.DataFrame) -> Figure:
    """Draw truth against answer for the commonest labels, each row of the grid adding up to 1."""
    shown = _commonest(rows)
    kept = rows[rows["actual"].isin(shown)]
    answer = kept["predicted"].where(kept["predicted"].isin(shown), "(other)")
    counts = pd.crosstab(kept["actual"], answer)
    columns = [*shown, "(other)"] if (answer == "(other)").any() else shown
    shares = counts.reindex(index=shown, columns=columns, fill_value=0).to_numpy(float)
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    figure, axes = _axes(max(5.0, 0.4 * len(columns) + 3), max(4.0, 0.35 * len(shown) + 2))
    axes.set(xlabel="answer", ylabel="truth", title=f"Confusion ({len(shown)} commonest labels)")
    if not shown:
        return figure
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    axes.set_xticks(range(len(columns)), [_short(label) for label in columns], rotation=90)
    axes.set_yticks(range(len(shown)), [_short(label) for label in shown])
    figure.colorbar(image, ax=axes, label="share of the label's texts")
    return figure


def per_class_f1(rows: pd.DataFrame) -> Figure:
    """Draw the F1 of the commonest labels, the weakest at the bottom."""
    scores = class_f1(rows).loc[_commonest(rows)].sort_values()
    figure, axes = _axes(6.5, max(3.0, 0.3 * len(scores) + 1))
    axes.barh([_short(label) for label in scores.index], scores.to_numpy())
    axes.set(xlim=(0, 1), xlabel="F1", title=f"F1 by label ({len(scores)} commonest)")
    return figure


def calibration(rows: pd.DataFrame) -> Figure:
    """Draw how often answers were right against how sure they were."""
    figure, axes = _axes(5.0, 4.5)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey", label="perfectly calibrated")
    stated = rows.dropna(subset=["confidence"])
    if len(stated):
        place = np.minimum((stated["confidence"].to_numpy() * BINS).astype(int), BINS - 1)
        binned = stated.groupby(place)[["confidence", "correct"]].mean()
        axes.plot(binned["confidence"], binned["correct"], marker="o", label="this candidate")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of right answers")
    axes.set_title("Calibration")
    axes.legend()
    return figure


def learning(history: pd.DataFrame) -> Figure:
    """Draw what was measured while fitting, one line a metric."""
    figure, axes = _axes(5.5, 4.0)
    for metric, line in history.groupby("metric"):
        ordered = line.sort_values("step")
        axes.plot(ordered["step"], ordered["value"], marker="o", label=str(metric))
    if len(history):
        axes.legend()
    axes.set(xlabel="step", ylabel="value", title="While fitting")
    return figure


def class_f1(rows: pd.DataFrame) -> pd.Series:
    """Return the F1 of every true label."""
    truth, answers = rows["actual"].value_counts(), rows["predicted"].value_counts()
    hits = rows.loc[rows["actual"] == rows["predicted"], "actual"].value_counts()
    support = truth + answers.reindex(truth.index, fill_value=0)
    return 2 * hits.reindex(truth.index, fill_value=0) / support


def _commonest(rows: pd.DataFrame) -> list[str]:
    counts = rows["actual"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return [str(label) for label in counts.index[:SHOWN_CLASSES]]


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    # Not pyplot: it keeps every figure alive and picks a display; a worker has none.
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _short(label: object, length: int = 24) -> str:
    text = str(label)
    return text if len(text) <= length else f"{text[: length - 1]}…"
