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


@dataclass(frozen=True)
class Passed:
    """One product's days that were forecast by one version and have passed."""

    version: str
    product: str
    error: float
    """Mean of forecast less sales, in units of the product's own mean sales on those days."""
    absolute: float
    """Mean absolute error in the same units."""
    covered: float | None
    """Share of the days inside the interval; None where none was stated."""


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
    """Yield what may raise an alarm: forecasts that lean to one side, or are too sure or unsure."""
    for name, values in _columns(found):
        if name == "absolute error" or len(values) < FEWEST_PRODUCTS:
            continue
        usual = NOMINAL if name == "coverage" else 0.0
        apart = float(np.mean(values)) - usual
        limit = settings.accuracy_margin if name == "coverage" else settings.smallest_effect
        note = (
            f"forecasts: {name} is {apart + usual:.3f} over {len(values)} products; "
            f"it should be {usual:g}, give or take {limit:g}"
        )
        check = Check(f"forecasts: {name}", apart + usual, limit, None, note)
        yield Finding(check, _p(values, usual), abs(apart) >= limit, "accuracy")


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
    usual = float(np.mean([sold for _, sold in pairs])) if pairs else 0.0
    if usual <= 0.0:
        return  # of a product that was not sold an error has no unit
    errors = np.array([_number(day["predicted_quantity"]) - sold for day, sold in pairs]) / usual
    bounds = [(_number(day.get("lower")), _number(day.get("upper")), sold) for day, sold in pairs]
    inside = [low <= sold <= high for low, high, sold in bounds if not math.isnan(low + high)]
    covered = float(np.mean(inside)) if inside else None
    yield Passed(version, product, float(errors.mean()), float(np.abs(errors).mean()), covered)


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


def _p(values: Sequence[float], usual: float) -> float:
    """Return the two-sided p of Student's test of the products' mean against `usual`."""
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    if error == 0.0:
        return 1.0 if float(np.mean(values)) == usual else 0.0
    statistic = abs(float(np.mean(values)) - usual) / error
    return float(2 * stdtr(len(values) - 1, -statistic))


def _days(listed: object) -> list[Mapping[str, object]]:
    entries = listed if isinstance(listed, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and entry.get("date")]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
