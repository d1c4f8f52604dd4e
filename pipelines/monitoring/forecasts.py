"""Forecasts whose days have passed: were they too high, too low, and as sure as they said?

The truth is the newest stored sales. Products are the units: the days of one product depend on
each other, those of different products hardly do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from features.temporal import day_number
from pipelines.gate.verdict import Check
from pipelines.monitoring.findings import Finding
from pipelines.monitoring.live import LiveFigure
from pipelines.monitoring.served import Answer

if TYPE_CHECKING:
    from features.sales_history import SalesHistory
    from pipelines.model_settings import MonitoringSettings

NOMINAL = 0.8
"""Share of the days that should lie between `lower` and `upper`."""
FEWEST_PRODUCTS = 5
UNIT_DAYS = 56
"""Days before the window whose mean sales are the unit of a product's errors."""


@dataclass(frozen=True)
class Passed:
    """One product's days that were forecast by one version and have passed."""

    version: str
    product: str
    error: float
    """Mean of forecast less sales, in units of the product's mean sales before those days.

    In units of the sales on the days themselves the best of forecasts would seem to lean: too high
    where little was sold by chance, which then is divided by little.
    """
    absolute: float
    """Mean absolute error in the same units."""
    covered: float | None
    """Share of the days inside the interval; None where none was stated."""
    days: int
    """How many days that share is of."""


def passed(found: Iterable[Answer], sales: SalesHistory, since: date, until: date) -> list[Passed]:
    """Return what became of the forecasts for days from `since` to before `until`.

    A day that was forecast several times counts with its latest forecast.
    """
    latest: dict[tuple[str, str], dict[int, Mapping[str, object]]] = {}
    for answer in found:
        days = latest.setdefault((answer.version, str(answer.instance.get("product_id"))), {})
        for day in _days(answer.row.get("daily_predictions")):
            days[day_number(date.fromisoformat(str(day["date"])))] = day
    rows = {name: row for row, name in enumerate(sales.ids)}
    window = range(day_number(since), day_number(until))
    return [
        told
        for (version, product), days in latest.items()
        if product in rows
        for told in _told(version, product, days, sales, rows[product], window)
    ]


def figures(found: Sequence[Passed]) -> tuple[LiveFigure, ...]:
    """Return each version's mean errors and coverage with 95 % intervals over products."""
    versions = sorted({each.version for each in found}, key=lambda name: (len(name), name))
    return tuple(
        LiveFigure(version, name, *interval, len(values))
        for version in versions
        for name, values in _columns([each for each in found if each.version == version])
        if (interval := _interval(values)) is not None
    )


def findings(found: Sequence[Passed], settings: MonitoringSettings) -> Iterator[Finding]:
    """Yield what may raise an alarm: forecasts that lean to one side, or are surer than they say.

    Intervals that hold more days than they promise raise none: sales are whole numbers, and of a
    product that sells one a day no interval holds exactly 80 %.
    """
    for name, values in _columns(found):
        if name == "absolute error" or len(values) < FEWEST_PRODUCTS:
            continue
        mean = float(np.mean(values))
        if name == "coverage":
            usual, limit, large = NOMINAL, settings.accuracy_margin, NOMINAL - mean
            p = _p_too_sure(values, [each.days for each in found if each.covered is not None])
            said = f"it should be at least {usual:g}, give or take {limit:g}"
        else:
            usual, limit, large = 0.0, settings.smallest_effect, abs(mean)
            p = _p_leaning(values)
            said = f"it should be 0, give or take {limit:g}"
        note = f"forecasts: {name} is {mean:.3f} over {len(values)} products; {said}"
        check = Check(f"forecasts: {name}", mean, limit, None, note)
        yield Finding(check, p, large >= limit, "accuracy")


def _told(
    version: str,
    product: str,
    days: Mapping[int, Mapping[str, object]],
    sales: SalesHistory,
    row: int,
    window: range,
) -> Iterator[Passed]:
    pairs = [
        (days[day], float(sales.quantity[row, day - sales.first]))
        for day in sorted(days)
        if day in window and sales.first <= day < sales.end and sales.known[row, day - sales.first]
    ]
    unit = _unit(sales, row, window.start)
    if not pairs or unit <= 0.0:
        return  # of a product that was not sold an error has no unit
    errors = np.array([_number(day.get("predicted_quantity")) - sold for day, sold in pairs]) / unit
    if np.isnan(errors).any():
        return  # what states no quantity is no forecast
    bounds = [(_number(day.get("lower")), _number(day.get("upper")), sold) for day, sold in pairs]
    inside = [low <= sold <= high for low, high, sold in bounds if not math.isnan(low + high)]
    covered = float(np.mean(inside)) if inside else None
    error, absolute = float(errors.mean()), float(np.abs(errors).mean())
    yield Passed(version, product, error, absolute, covered, len(inside))


def _unit(sales: SalesHistory, row: int, start: int) -> float:
    """Return a product's mean sales on its known days before day `start`; 0 without any."""
    end = min(max(start - sales.first, 0), sales.days)
    days = slice(max(end - UNIT_DAYS, 0), end)
    known = np.asarray(sales.known[row, days], dtype=np.float64)
    sold = float((np.asarray(sales.quantity[row, days], dtype=np.float64) * known).sum())
    return sold / float(known.sum()) if known.any() else 0.0


def _columns(found: Sequence[Passed]) -> Iterator[tuple[str, list[float]]]:
    yield "error", [each.error for each in found]
    yield "absolute error", [each.absolute for each in found]
    yield "coverage", [each.covered for each in found if each.covered is not None]


def _interval(values: Sequence[float]) -> tuple[float, float, float] | None:
    if len(values) < FEWEST_PRODUCTS:
        return None
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
    reach = float(stdtrit(len(values) - 1, 0.975))
    return mean, mean - reach * error, mean + reach * error


def _p_leaning(values: Sequence[float]) -> float:
    """Return the two-sided p of Student's test of the products' mean against 0."""
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
    if error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2 * stdtr(len(values) - 1, -abs(mean) / error))


def _p_too_sure(values: Sequence[float], days: Sequence[int]) -> float:
    """Return the one-sided p of "at least `NOMINAL` of the days lie inside".

    Student's test over products, whose spread is held to be no smaller than that of independent
    days at `NOMINAL`: a few products that agree by chance would otherwise be certain.
    """
    spread = float(np.var(values, ddof=1)) / len(values)
    least = NOMINAL * (1 - NOMINAL) * sum(1 / each for each in days) / len(days) ** 2
    statistic = (float(np.mean(values)) - NOMINAL) / math.sqrt(max(spread, least))
    return float(stdtr(len(values) - 1, statistic))


def _days(listed: object) -> list[Mapping[str, object]]:
    entries = listed if isinstance(listed, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and entry.get("date")]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
