"""What the challenger of a verdict got wrong, from the per-request tables that it was judged by.

Which plots there are follows from the columns that the tables have: classes with their confusion,
confidences with what they are worth, numbers with the spread of their errors, lists with the
spread of their gain, forecasts with their error by the day ahead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pipelines.decisions.log import Decision, DecisionLog

MOST_CLASSES = 14
MOST_PAIRS = 20
BINS = 24
CONFIDENCE_BINS = 10
Plot = dict[str, object]
Pair = tuple[str, str]
"""A true class, and the one that was answered."""


def error_plots(log: DecisionLog, decision: Decision) -> dict[str, object]:
    """Return the plots of a verdict, none where it kept no predictions.

    Raises `prediction_files.PredictionsDamaged`.
    """
    files = decision.record.get("predictions")
    kept = files if isinstance(files, dict) else {}
    new, old = (
        log.load_predictions(str(kept[side])) if kept.get(side) else None
        for side in ("challenger", "champion")
    )
    plots = list(_plots(new, old)) if new is not None else []
    identity = {"decision_id": decision.decision_id, "version": decision.version}
    return {**identity, "rows": 0 if new is None else len(new), "plots": plots}


def _plots(new: pd.DataFrame, old: pd.DataFrame | None) -> Iterator[Plot]:
    columns = set(new.columns)
    if {"actual", "predicted", "correct"} <= columns:
        yield _confusion(new, old)
    if {"confidence", "correct"} <= columns:
        yield _calibration(new)
    if {"actual", "predicted", "squared_error"} <= columns:
        yield _histogram("error", _errors(new), None if old is None else _errors(old))
    if {"predicted", "truth"} <= columns:
        yield _by_day(new, old)
    for name in ("rmsse", "ndcg_at_10"):
        if name in columns and new[name].notna().any():
            before = None if old is None or name not in old else old[name]
            yield _histogram(name, new[name], before)


def _confusion(new: pd.DataFrame, old: pd.DataFrame | None) -> Plot:
    wrong = _mistaken(new)
    before = None if old is None else _mistaken(old)
    ranked = wrong.most_common()
    shown = _most_mistaken(pair for pair, _ in ranked)
    table = pd.crosstab(new["actual"].astype(str), new["predicted"].astype(str))
    counts = table.reindex(index=shown, columns=shown, fill_value=0)
    return {
        "kind": "confusion",
        "classes": shown,
        "counts": counts.to_numpy().tolist(),
        "pairs": [
            {
                "actual": actual,
                "predicted": predicted,
                "rows": rows,
                "before": None if before is None else before[actual, predicted],
            }
            for (actual, predicted), rows in ranked[:MOST_PAIRS]
        ],
        "right": int(new["correct"].sum()),
        "rows": len(new),
    }


def _most_mistaken(ranked: Iterable[Pair]) -> list[str]:
    """Return the classes of the most frequent pairs, both sides of each."""
    shown: set[str] = set()
    for pair in ranked:
        if len(shown | set(pair)) > MOST_CLASSES:
            break
        shown |= set(pair)
    return sorted(shown)


def _mistaken(rows: pd.DataFrame) -> Counter[Pair]:
    wrong = rows[rows["correct"] != 1]
    return Counter(zip(wrong["actual"].astype(str), wrong["predicted"].astype(str), strict=True))


def _calibration(rows: pd.DataFrame) -> Plot:
    """Return bins of equally many answers: confidences crowd at the top."""
    known = rows[rows["confidence"].notna()].sort_values("confidence", kind="stable")
    parts = np.array_split(np.arange(len(known)), CONFIDENCE_BINS)
    bins = [
        {
            "confidence": float(known["confidence"].iloc[part].mean()),
            "right": float(known["correct"].iloc[part].mean()),
            "rows": len(part),
        }
        for part in parts
        if len(part)
    ]
    return {"kind": "calibration", "bins": bins}


def _errors(rows: pd.DataFrame) -> pd.Series[float]:
    concerned = rows[rows["squared_error"].notna()]
    return concerned["predicted"].astype(float) - concerned["actual"].astype(float)


def _histogram(name: str, new: pd.Series[float], old: pd.Series[float] | None) -> Plot:
    sides = [new.dropna(), *([] if old is None else [old.dropna()])]
    values = np.concatenate([side.to_numpy(np.float64) for side in sides])
    finite = values[np.isfinite(values)]
    # A few far away would leave all others in one bin: they are counted in the outermost ones.
    lower, upper = np.quantile(finite, [0.005, 0.995]) if len(finite) else (0.0, 1.0)
    edges = np.linspace(lower, upper if upper > lower else lower + 1.0, BINS + 1)
    counted = [np.histogram(np.clip(side, edges[0], edges[-1]), edges)[0] for side in sides]
    bins = [
        {
            "lower": float(edges[place]),
            "upper": float(edges[place + 1]),
            "challenger": int(counted[0][place]),
            "champion": int(counted[1][place]) if len(counted) > 1 else None,
        }
        for place in range(BINS)
    ]
    return {"kind": "histogram", "name": name, "bins": bins}


def _by_day(new: pd.DataFrame, old: pd.DataFrame | None) -> Plot:
    curves = [_absolute_errors(rows) for rows in (new, old) if rows is not None]
    days = len(curves[0])
    points = [
        {
            "x": day + 1,
            "challenger": _number(curves[0][day]),
            "champion": _number(curves[1][day])
            if len(curves) > 1 and day < len(curves[1])
            else None,
        }
        for day in range(days)
    ]
    return {"kind": "curve", "name": "share_wrong_by_day", "points": points}


def _absolute_errors(rows: pd.DataFrame) -> list[float]:
    """Return, by the day ahead, all units that were wrong as a share of all that were sold."""
    predicted, truth = (
        pd.DataFrame(rows[name].tolist()).to_numpy(np.float64) for name in ("predicted", "truth")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        wrong, sold = np.nansum(np.abs(predicted - truth), axis=0), np.nansum(truth, axis=0)
        return list(wrong / sold)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
