"""Held-out days as questions: one request a product, with its history, its plans and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.temporal import day_of
from pipelines.contract import Examples, Row
from pipelines.families.demand_forecast.data import days_of, panel_of
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, HORIZON, Panel

COLD_DAYS = 56
"""Products with fewer known days than this are looked at by themselves."""
INTERMITTENT_SHARE = 0.5
RECENT_DAYS = 112
REQUEST = (
    "product_id",
    "category",
    "history",
    "start",
    "horizon",
    "future",
    "promotion_active",
)

Numbers = NDArray[np.float64]


def examples_of(part: pd.DataFrame, context: pd.DataFrame | None) -> Examples:
    """Ask once for each product of `part`: the history before, its plans, and what came true.

    Without a context, the last 28 days of the part are asked about and the rest is history.
    Products of which nothing is known before are not asked about. Days without a row in `part`
    are no zeros: they do not count.
    """
    frames = [frame for frame in (context, part) if frame is not None and len(frame)]
    if part.empty:
        return Examples(_requests([]), _actual([]))
    panel = panel_of(pd.concat(frames))
    if len(frames) == 2:
        start, until = int(days_of(part).min()), int(days_of(frames[0]).max()) + 1
    else:
        start = until = max(panel.end - HORIZON, panel.first)
    asker = _Asker(panel, start - panel.first, min(until, start) - panel.first, _there(panel, part))
    cases = [asker.case(row) for row in range(len(panel.ids)) if asker.asks(row)]
    return Examples(_requests(cases), _actual(cases))


def _there(panel: Panel, part: pd.DataFrame) -> NDArray[np.bool_]:
    """Return where `part` has a row, [series, days]."""
    rows = part["product_id"].map({name: row for row, name in enumerate(panel.ids)})
    there = np.zeros(panel.quantity.shape, dtype=bool)
    there[rows.to_numpy(dtype=np.int64), days_of(part) - panel.first] = True
    return there


@dataclass(frozen=True)
class _Case:
    """One question with its answer; the lists have one entry for each day asked about."""

    request: Row
    days: Sequence[str]
    truth: Numbers
    counts: Numbers
    """1 where a day is scored."""
    scale: float
    slices: Row


class _Asker:
    """Makes questions out of a panel; `start` and `until` are columns of it."""

    def __init__(self, panel: Panel, start: int, until: int, there: NDArray[np.bool_]) -> None:
        self._panel, self._start, self._until, self._there = panel, start, until, there
        self._days = [day_of(number).isoformat() for number in range(panel.first, panel.end)]
        self._begun = panel.known.argmax(axis=1)

    def asks(self, row: int) -> bool:
        """Return whether a product is asked about and has a past."""
        return bool(self._there[row, self._start :].any()) and self._begun[row] < self._until

    def case(self, row: int) -> _Case:
        """Return one product's question."""
        panel, start, until = self._panel, self._start, self._until
        past = range(max(int(self._begun[row]), until - HISTORY_DAYS), until)
        asked = range(start, panel.days)
        seen = panel.quantity[row, past.start : until].astype(np.float64)
        counts = panel.open[row, start:] * self._there[row, start:]
        return _Case(
            request={
                "product_id": panel.ids[row],
                "category": panel.groups[row] or None,
                "history": [self._past_day(row, column) for column in past],
                "start": self._days[start],
                "horizon": len(asked),
                "future": [self._future(row, column) for column in asked],
                "promotion_active": None,
            },
            days=self._days[start:],
            truth=panel.quantity[row, start:].astype(np.float64),
            counts=counts.astype(np.float64),
            scale=scale_of(seen),
            slices={
                "slice:intermittent": bool((seen[-RECENT_DAYS:] > 0).mean() < INTERMITTENT_SHARE),
                "slice:promoted": bool((panel.promotion[row, start:] > 0).any()),
                "slice:cold": len(seen) < COLD_DAYS,
            },
        )

    def _past_day(self, row: int, column: int) -> Row:
        return {**self._plan(row, column), "quantity": float(self._panel.quantity[row, column])}

    def _future(self, row: int, column: int) -> Row:
        plan = self._plan(row, column)
        return plan if self._panel.prices_planned else {**plan, "price": None}

    def _plan(self, row: int, column: int) -> Row:
        price = float(self._panel.price[row, column])
        return {
            "date": self._days[column],
            "promotion": float(self._panel.promotion[row, column]),
            "price": None if np.isnan(price) else price,
            "open": bool(self._panel.open[row, column]),
        }


def scale_of(seen: Numbers) -> float:
    """Return the mean squared difference from one day to the next: RMSSE's denominator.

    Hyndman and Koehler 2006, as in the M5 contest. A series that never moved is measured in
    pieces.
    """
    moved = float(np.mean(np.diff(seen) ** 2)) if len(seen) > 1 else 0.0
    return moved if moved > 0 else 1.0


def _requests(cases: Sequence[_Case]) -> pd.DataFrame:
    columns = {name: [case.request[name] for case in cases] for name in REQUEST}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(cases), name="request"))


def _actual(cases: Sequence[_Case]) -> pd.DataFrame:
    names = ("slice:intermittent", "slice:promoted", "slice:cold")
    columns: dict[str, list[object]] = {
        "daily_predictions": [_true_days(case) for case in cases],
        "predicted_total_quantity": [float(case.truth.sum()) for case in cases],
        "forecast_range_start": [case.days[0] for case in cases],
        "forecast_range_end": [case.days[-1] for case in cases],
        "confidence_score": [1.0 for _ in cases],
        "group": [case.request["product_id"] for case in cases],
        "origin": [case.days[0] for case in cases],
        "scale": [case.scale for case in cases],
        "counts": [case.counts.tolist() for case in cases],
        **{name: [case.slices[name] for case in cases] for name in names},
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(cases), name="request"))


def _true_days(case: _Case) -> list[Row]:
    bounds = ("predicted_quantity", "lower", "upper", "lower_95", "upper_95")
    return [
        {"date": day, **dict.fromkeys(bounds, sold)}
        for day, sold in zip(case.days, case.truth.tolist(), strict=True)
    ]
