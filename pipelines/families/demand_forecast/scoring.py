"""Scores forecasts against what came true: one row a product, from which every figure follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.families.demand_forecast.confidence import NEAREST_PIECES, TOLERANCE
from pipelines.families.demand_forecast.estimators import LEVELS
from pipelines.metrics import Metric

RMSSE = Metric("rmsse", "mean", ("rmsse",), direction="down")
"""Root mean squared scaled error, averaged over products (Hyndman and Koehler 2006; M5)."""
RMSE = Metric("rmse", "root_mean", ("squared_error",), direction="down")
"""In pieces a day: products that sell much weigh most."""
WAPE = Metric("wape", "mean", ("absolute_share",), direction="down")
"""Sum of absolute errors over sum of sales."""
PINBALL = Metric("scaled_pinball", "mean", ("scaled_pinball",), direction="down")
"""Mean quantile loss at 2.5, 10, 50, 90 and 97.5 %, in units of a product's usual daily step."""
COVERAGE_80 = Metric("coverage_80", "mean", ("inside_80",))
COVERAGE_95 = Metric("coverage_95", "mean", ("inside_95",))
BRIER = Metric("confidence_brier", "mean", ("brier",), direction="down")
"""Mean of (confidence score - whether the total came within 20 %)²."""

UNSURE = 0.5
"""The confidence of a version that states none."""
BOUNDS = ("lower_95", "lower", "predicted_quantity", "upper", "upper_95")

Numbers = NDArray[np.float64]


def per_request(predictions: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of each request, indexed like `actual`.

    The target may be a list of days, each an object with `predicted_quantity` and bounds, or of
    plain numbers: then both intervals have no width. What is not stated counts as zero sales.
    """
    predictions = predictions.reindex(actual.index)
    scales = _column(actual, "scale", 1.0)
    scores = _column(predictions, "confidence_score", UNSURE)
    counted = actual["counts"] if "counts" in actual else [None] * len(actual)
    answers = zip(
        predictions["daily_predictions"],
        actual["daily_predictions"],
        counted,
        scales,
        scores,
        strict=True,
    )
    rows = pd.DataFrame([_scored(*answer) for answer in answers], index=actual.index)
    group = actual["group"] if "group" in actual else actual.index.astype(str)
    slices = [column for column in actual.columns if str(column).startswith("slice:")]
    rows["group"] = group
    rows["origin"] = actual["origin"] if "origin" in actual else _origins(actual)
    rows = rows.join(actual[slices])
    usual = rows["sold"].mean() if len(rows) else 1.0
    return rows.assign(absolute_share=rows["absolute_error"] / max(float(usual), 1e-9))


def days_of(answer: object, length: int) -> Numbers:
    """Return a target's days as [length, 5]: both bounds below, the forecast, both above."""
    days = list(answer) if isinstance(answer, list | tuple | np.ndarray) else []
    found = np.zeros((length, len(BOUNDS)))
    for place, day in enumerate(days[:length]):
        found[place] = _bounds(day)
    return np.nan_to_num(found, posinf=0.0, neginf=0.0)


def _bounds(day: object) -> Sequence[float]:
    if not isinstance(day, Mapping):
        return [_number(day, 0.0)] * len(BOUNDS)
    point = _number(day.get("predicted_quantity"), 0.0)
    lower, upper = _number(day.get("lower"), point), _number(day.get("upper"), point)
    return [
        _number(day.get("lower_95"), lower),
        lower,
        point,
        upper,
        _number(day.get("upper_95"), upper),
    ]


def _number(value: object, absent: float) -> float:
    if isinstance(value, int | float | np.number) and np.isfinite(float(value)):
        return float(value)
    return absent


def _scored(
    answer: object, true: object, counted: Sequence[float] | None, scale: float, confidence: float
) -> dict[str, object]:
    truth = days_of(true, len(true) if isinstance(true, list | tuple | np.ndarray) else 0)[:, 2]
    days = days_of(answer, len(truth))
    counts = np.ones(len(truth)) if counted is None else np.asarray(counted, dtype=np.float64)
    number = max(float(counts.sum()), 1.0)
    errors = truth - days[:, 2]
    squared = float((errors**2 * counts).sum() / number)
    missed = truth[:, None] - days
    pinball = np.maximum(LEVELS * missed, (LEVELS - 1) * missed).mean(axis=1)
    total, promised = float(truth.sum()), float(days[:, 2].sum())
    hit = abs(total - promised) <= max(TOLERANCE * promised, NEAREST_PIECES)
    return {
        "squared_error": squared,
        "squared_scaled_error": squared / scale,
        "rmsse": float(np.sqrt(squared / scale)),
        "absolute_error": float((np.abs(errors) * counts).sum()),
        "sold": float((truth * counts).sum()),
        "scaled_pinball": float((pinball * counts).sum() / number / np.sqrt(scale)),
        "inside_80": _inside(truth, days[:, 1], days[:, 3], counts),
        "inside_95": _inside(truth, days[:, 0], days[:, 4], counts),
        "confidence": confidence,
        "hit": float(hit),
        "brier": float((confidence - hit) ** 2),
        "losses": np.where(counts > 0, errors**2 / scale, np.nan).tolist(),
        "truth": truth.tolist(),
        "predicted": days[:, 2].tolist(),
        "lower_95": days[:, 0].tolist(),
        "lower": days[:, 1].tolist(),
        "upper": days[:, 3].tolist(),
        "upper_95": days[:, 4].tolist(),
    }


def _inside(truth: Numbers, low: Numbers, high: Numbers, counts: Numbers) -> float:
    held = (truth >= low) & (truth <= high)
    return float((held * counts).sum() / counts.sum()) if counts.sum() else 1.0


def _column(frame: pd.DataFrame, name: str, absent: float) -> Numbers:
    if name not in frame:
        return np.full(len(frame), absent)
    return np.asarray(frame[name].astype("float64").fillna(absent), dtype=np.float64)


def _origins(actual: pd.DataFrame) -> pd.Series:
    found = [
        days[0].get("date") if len(days) and isinstance(days[0], Mapping) else None
        for days in actual["daily_predictions"]
    ]
    return pd.Series(found, index=actual.index, dtype=object)
