"""What is known of a product's past: what the request tells, and what the version remembers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np

from features.sales_history import SalesHistory
from features.temporal import Days, Floats, day_of, netted
from pipelines.contract import RequestRefused
from pipelines.families.demand_forecast.entries import Entries
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, Margin

ABSENT = {"quantity": 0.0, "known": 0.0, "promotion": 0.0, "price": math.nan, "open": 1.0}
"""What stands where nothing is known."""
TOLD = ("promotion", "price", "open")
"""What a request may say of a day beside what was sold."""
PASTS_KEPT = 512
"""Products whose past is kept as a question takes it: 10 kB each, and what is made of it."""


@dataclass(frozen=True)
class Memory:
    """What a version remembers of the products that it was fitted on: their last days."""

    history: SalesHistory
    rows: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        rows = {name: row for row, name in enumerate(self.history.ids)}
        object.__setattr__(self, "rows", rows)

    @cached_property
    def latest(self) -> Callable[[str], Past | None]:
        """Return the past of a known product until the last day; those asked about last are kept.

        None where nothing is known of it.
        """

        # Not this object: what holds itself is not released when a version is.
        memory = Memory(self.history)

        def recalled(product_id: str) -> Past | None:
            past = _recalled(memory, product_id, memory.history.end)
            return past and replace(past, margin=Margin())

        return lru_cache(PASTS_KEPT)(recalled)

    def group(self, product_id: str) -> str:
        """Return the category of a product, "" where it is unknown."""
        row = self.rows.get(product_id)
        return "" if row is None else self.history.groups[row]

    def days(self, names: Sequence[str], product_id: str, first: int) -> Mapping[str, Floats]:
        """Return `HISTORY_DAYS` days of some matrices from day `first`; NaN: not remembered."""
        history = self.history
        row = self.rows.get(product_id)
        begin, end = max(first, history.first), min(first + HISTORY_DAYS, history.end)
        kept = {}
        for name in names:
            found = np.full(HISTORY_DAYS, np.nan, dtype=np.float32)
            if row is not None and begin < end:
                days = getattr(history, name)[row]
                found[begin - first : end - first] = days[
                    begin - history.first : end - history.first
                ]
            kept[name] = found
        return kept

    def days_together(
        self, names: Sequence[str], products: Sequence[str], firsts: Sequence[int]
    ) -> dict[str, Floats]:
        """Return what `days` does of several products, [n, HISTORY_DAYS], made for the caller."""
        history = self.history
        shape = (len(products), HISTORY_DAYS)
        kept = {name: np.full(shape, np.nan, dtype=np.float32) for name in names}
        matrices = [(found, getattr(history, name)) for name, found in kept.items()]
        for place, (product_id, first) in enumerate(zip(products, firsts, strict=True)):
            row = self.rows.get(product_id)
            begin, end = max(first, history.first), min(first + HISTORY_DAYS, history.end)
            if row is None or begin >= end:
                continue
            there = slice(begin - first, end - first)
            days = slice(begin - history.first, end - history.first)
            for found, matrix in matrices:
                found[place, there] = matrix[row, days]
        return kept


@dataclass(frozen=True)
class Past:
    """The past of one question: arrays of `HISTORY_DAYS` before day `end`, and what to say of it.

    `days` holds `quantity`, `known`, `promotion`, `price` and `open`.
    """

    days: Mapping[str, Floats]
    end: int
    notes: tuple[str, ...]
    margin: Margin | None = None
    """Where a forecaster notes what it makes of it, if it comes again."""


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
    places = entries.days - first
    # Entries in the order of their days, one each, as they mostly come.
    lone = bool(places[0] >= 0) and bool((places[1:] > places[:-1]).all())
    quantity = _sold(entries, places, lone, first)
    otherwise = memory.days(TOLD, product_id, first)
    said = {name: _largest(getattr(entries, name), places, lone, otherwise[name]) for name in TOLD}
    opened = said["open"]
    days = {
        "quantity": quantity,
        "known": _known_from(begun - first),
        "promotion": filled(said["promotion"], 0.0),
        "price": carried(said["price"]),
        "open": np.where((quantity > 0) | np.isnan(opened), np.float32(1.0), opened),
    }
    return Past(days, end, (*notes, *_remarks(entries, lone, max(begun, first), end)))


def _sold(entries: Entries, places: Days, lone: bool, first: int) -> Floats:
    """Return what was sold on each of `HISTORY_DAYS` days from `first` on."""
    if not lone:
        return netted(entries.days, entries.quantity, first, HISTORY_DAYS)
    quantity = np.zeros(HISTORY_DAYS, dtype=np.float32)
    quantity[places] = np.maximum(entries.quantity, 0.0)
    return quantity


def remembered(product_id: str, start: int | None, memory: Memory, where: str) -> Past:
    """Return the stored past of a product. Raises `RequestRefused` for one that has none."""
    end = memory.history.end if start is None else min(start, memory.history.end)
    if end < memory.history.end:
        past = _recalled(memory, product_id, end)
    elif product_id in memory.rows:
        past = memory.latest(product_id)
    else:
        past = None
    if past is None:
        until = f" before {day_of(end)}" if product_id in memory.rows else ""
        raise RequestRefused(
            f"{where}nothing is known of product {product_id!r}{until}: send its history along"
        )
    return past


def _recalled(memory: Memory, product_id: str, end: int) -> Past | None:
    kept = memory.days(tuple(ABSENT), product_id, end - HISTORY_DAYS)
    if not np.nansum(kept["known"]):
        return None
    days = {name: filled(kept[name], absent) for name, absent in ABSENT.items()}
    return Past(days, end, (f"the stored history until {day_of(end - 1)} was used",))


def filled(values: Floats, absent: float) -> Floats:
    """Return the values, `absent` in place of NaN."""
    return np.where(np.isnan(values), np.float32(absent), values)


def _known_from(place: int) -> Floats:
    known = np.zeros(HISTORY_DAYS, dtype=np.float32)
    known[max(place, 0) :] = 1.0
    return known


def _largest(values: Floats, places: Days, lone: bool, otherwise: Floats) -> Floats:
    """Return the largest value told of each day, and where none was told, `otherwise`.

    `lone` says that the places rise, and that none lies before the first day.
    """
    told = np.isfinite(values)
    if not told.any():
        return otherwise
    if lone:
        found = otherwise.copy()
        found[places[told]] = values[told]
        return found
    said = told & (places >= 0)
    found = np.full(HISTORY_DAYS, -np.inf, dtype=np.float32)
    np.maximum.at(found, places[said], values[said])
    return np.where(np.isfinite(found), found, otherwise)


def carried(price: Floats) -> Floats:
    """Return prices [..., days], each gap filled by the price before it; NaN before the first."""
    known = price > 0
    if not known.any():
        return np.full_like(price, np.nan)
    last = np.maximum.accumulate(np.where(known, np.arange(price.shape[-1]), -1), axis=-1)
    found = np.take_along_axis(price, np.maximum(last, 0), axis=-1)
    return np.where(last >= 0, found, np.float32(np.nan))


def _remarks(entries: Entries, lone: bool, begun: int, end: int) -> list[str]:
    """Return what to say of entries from day `begun` on; `lone` as `_largest` takes it."""
    told, repeated, below = len(entries), 0, 0
    kept = entries.days >= begun
    returned = bool((entries.quantity < 0).any()) and bool((entries.quantity[kept] < 0).any())
    if lone:
        below = int((entries.quantity < 0).sum()) if returned else 0
    else:
        days, places, counts = np.unique(
            entries.days[kept], return_inverse=True, return_counts=True
        )
        told, repeated = len(days), int((counts > 1).sum())
        below = int((np.bincount(places, weights=entries.quantity[kept]) < 0).sum())
    return remarks_of(end, begun, told, returned, below, repeated)


def remarks_of(
    end: int, begun: int, told: int, returned: bool, below: int, repeated: int = 0
) -> list[str]:
    """Return what to say of days from `begun` to before `end` of which `told` were told.

    `returned` says whether there are returns, `below` on how many days more than was sold.
    """
    remarks = []
    if gaps := end - begun - told:
        remarks.append(
            f"{gaps} days without an entry between {day_of(begun)} and {day_of(end - 1)} "
            "count as zero"
        )
    if repeated:
        remarks.append(f"{repeated} days are there more than once: their entries are added up")
    if returned:
        floored = f"; {below} days with more returns than sales count as zero" if below else ""
        remarks.append(f"returns are taken off the sales of their day{floored}")
    return remarks
