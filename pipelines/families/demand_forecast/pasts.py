"""What is known of a product's past: what the request tells, and what the version remembers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from features.sales_history import SalesHistory
from features.temporal import Days, Floats, day_of, netted
from pipelines.contract import RequestRefused
from pipelines.families.demand_forecast.entries import Entries
from pipelines.families.demand_forecast.panel import HISTORY_DAYS

ABSENT = {"quantity": 0.0, "known": 0.0, "promotion": 0.0, "price": math.nan, "open": 1.0}
"""What stands where nothing is known."""


@dataclass(frozen=True)
class Memory:
    """What a version remembers of the products that it was fitted on: their last days."""

    history: SalesHistory
    rows: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        rows = {name: row for row, name in enumerate(self.history.ids)}
        object.__setattr__(self, "rows", rows)

    def group(self, product_id: str) -> str:
        """Return the category of a product, "" where it is unknown."""
        row = self.rows.get(product_id)
        return "" if row is None else self.history.groups[row]

    def days(self, name: str, product_id: str, first: int) -> Floats:
        """Return `HISTORY_DAYS` days of one matrix from day `first`, NaN where not remembered."""
        found = np.full(HISTORY_DAYS, np.nan, dtype=np.float32)
        row = self.rows.get(product_id)
        begin, end = max(first, self.history.first), min(first + HISTORY_DAYS, self.history.end)
        if row is not None and begin < end:
            columns = slice(begin - self.history.first, end - self.history.first)
            found[begin - first : end - first] = getattr(self.history, name)[row, columns]
        return found


@dataclass(frozen=True)
class Past:
    """The past of one question: arrays of `HISTORY_DAYS` before day `end`, and what to say of it.

    `days` holds `quantity`, `known`, `promotion`, `price` and `open`.
    """

    days: Mapping[str, Floats]
    end: int
    notes: tuple[str, ...]


def told(entries: Entries, start: int | None, product_id: str, memory: Memory, where: str) -> Past:
    """Return the past that a request tells.

    Of promotions, prices and closed days that it says nothing of, what the version remembers of
    the product on those days is taken. Raises `RequestRefused`.
    """
    notes = []
    if start is not None and bool((entries.days >= start).any()):
        late = int((entries.days >= start).sum())
        notes.append(f"{late} entries on or after {day_of(start)} are not history: left out")
        entries = entries.before(start)
        if not len(entries):
            raise RequestRefused(f"{where}history has no day before {day_of(start)}")
    end, begun = int(entries.days.max()) + 1, int(entries.days.min())
    first = end - HISTORY_DAYS
    quantity = netted(entries.days, entries.quantity, first, HISTORY_DAYS)

    def other(name: str) -> Floats:
        otherwise = memory.days(name, product_id, first)
        return _largest(getattr(entries, name), entries.days - first, otherwise)

    opened = np.nan_to_num(other("open"), nan=1.0)
    days = {
        "quantity": quantity,
        "known": (np.arange(first, end) >= begun).astype(np.float32),
        "promotion": np.nan_to_num(other("promotion")),
        "price": _carried(other("price")),
        "open": np.where(quantity > 0, 1.0, opened).astype(np.float32),
    }
    return Past(days, end, (*notes, *_remarks(entries, max(begun, first), end)))


def remembered(product_id: str, start: int | None, memory: Memory, where: str) -> Past:
    """Return the stored past of a product. Raises `RequestRefused` for one that has none."""
    end = memory.history.end if start is None else min(start, memory.history.end)
    first = end - HISTORY_DAYS
    if not np.nansum(memory.days("known", product_id, first)):
        until = f" before {day_of(end)}" if product_id in memory.rows else ""
        raise RequestRefused(
            f"{where}nothing is known of product {product_id!r}{until}: send its history along"
        )
    days = {
        name: np.nan_to_num(memory.days(name, product_id, first), nan=absent).astype(np.float32)
        for name, absent in ABSENT.items()
    }
    return Past(days, end, (f"the stored history until {day_of(end - 1)} was used",))


def _largest(values: Floats, places: Days, otherwise: Floats) -> Floats:
    """Return the largest value told of each day, and where none was told, `otherwise`."""
    said = np.isfinite(values) & (places >= 0)
    found = np.full(HISTORY_DAYS, -np.inf, dtype=np.float32)
    np.maximum.at(found, places[said], values[said])
    return np.where(np.isfinite(found), found, otherwise)


def _carried(price: Floats) -> Floats:
    """Return prices with each gap filled by the price before it; NaN before the first."""
    last = np.maximum.accumulate(np.where(price > 0, np.arange(len(price)), -1))
    return np.where(last >= 0, price[np.maximum(last, 0)], np.float32(np.nan))


def _remarks(entries: Entries, begun: int, end: int) -> list[str]:
    kept = entries.days >= begun
    days, places, counts = np.unique(entries.days[kept], return_inverse=True, return_counts=True)
    remarks = []
    if gaps := end - begun - len(days):
        remarks.append(
            f"{gaps} days without an entry between {day_of(begun)} and {day_of(end - 1)} "
            "count as zero"
        )
    if repeated := int((counts > 1).sum()):
        remarks.append(f"{repeated} days are there more than once: their entries are added up")
    if (entries.quantity[kept] < 0).any():
        below = int((np.bincount(places, weights=entries.quantity[kept]) < 0).sum())
        floored = f"; {below} days with more returns than sales count as zero" if below else ""
        remarks.append(f"returns are taken off the sales of their day{floored}")
    return remarks
