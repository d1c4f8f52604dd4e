"""Reads the histories that a round of requests tells, all of them at once.

What a history says is what `entries` and `pasts` make of it one by one. Here the days of all
requests lie in one column each, so that numpy is called as often for thirty-two of them as for one.
Only what comes as it mostly does is read: plain days that rise, one entry each, within the window.
Everything else, and whatever is at fault, is left to those two, which find the words for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.temporal import Days, Floats
from pipelines.families.demand_forecast.entries import (
    BOUNDS,
    ENTRIES_LIMIT,
    columns_of,
    named_days,
)
from pipelines.families.demand_forecast.panel import HISTORY_DAYS
from pipelines.families.demand_forecast.pasts import (
    TOLD,
    Memory,
    Past,
    carried,
    filled,
    remarks_of,
)

NAMES = frozenset(("date", *BOUNDS))
NEEDED = frozenset(("date", "quantity"))
DAYS = np.arange(HISTORY_DAYS)
ROUND = 32
"""Histories laid out together: more gain next to nothing, and each takes 20 kB while it lasts."""
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class _Told:
    """The days of some requests, one after another."""

    products: Sequence[str]
    counts: Integers
    """How many of the days are each one's, never none."""
    days: Days
    said: Mapping[str, Floats]

    @property
    def starts(self) -> Integers:
        """Return where each one's days begin."""
        return np.asarray(np.cumsum(self.counts) - self.counts)

    @property
    def owners(self) -> Integers:
        """Return whose each day is."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def fit(self) -> Booleans:
        """Return whose days rise, lie within a window and say what was sold."""
        owners, starts = self.owners, self.starts
        good = np.isfinite(self.said["quantity"])
        good[1:] &= (self.days[1:] > self.days[:-1]) | (owners[1:] != owners[:-1])
        spans = self.days[starts + self.counts - 1] - self.days[starts]
        return np.asarray(np.logical_and.reduceat(good, starts) & (spans < HISTORY_DAYS))

    def only(self, wanted: Booleans) -> _Told:
        """Return those that are wanted."""
        kept = np.repeat(wanted, self.counts)
        return _Told(
            [name for name, stays in zip(self.products, wanted, strict=True) if stays],
            self.counts[wanted],
            self.days[kept],
            {name: values[kept] for name, values in self.said.items()},
        )


def pasts_told(instances: Sequence[Mapping[str, object]], memory: Memory) -> dict[int, Past]:
    """Return the pasts that can be read at once, by the place of their request."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, instance in enumerate(instances):
        if (names := _names(instance)) is not None:
            alike.setdefault(names, []).append(place)
    found: dict[int, Past] = {}
    for names, places in alike.items():
        for start in range(0, len(places), ROUND):
            some = places[start : start + ROUND]
            found |= _together(names, some, [instances[place] for place in some], memory)
    return found


def _together(
    names: tuple[str, ...],
    places: Sequence[int],
    instances: Sequence[Mapping[str, object]],
    memory: Memory,
) -> dict[int, Past]:
    told = _read(names, instances)
    if told is None:
        return {}
    fit = told.fit()
    if not fit.all():
        told = told.only(fit)
    kept = [place for place, stays in zip(places, fit.tolist(), strict=True) if stays]
    return dict(zip(kept, _pasts(told, memory), strict=True)) if kept else {}


def _names(instance: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return what the first day of a history says; None where it is not read here."""
    days = instance.get("history")
    # What the server itself tells is kept as it was read, and days after a start are no history.
    if type(days) is not list or not 0 < len(days) <= ENTRIES_LIMIT or instance.get("start"):
        return None
    first = days[0]
    if type(first) is not dict or type(instance.get("product_id")) is not str:
        return None
    return tuple(first) if NEEDED <= first.keys() <= NAMES else None


def _read(names: tuple[str, ...], instances: Sequence[Mapping[str, Any]]) -> _Told | None:
    """Return the days of requests of which each says `names`; None where one needs more care."""
    counts = [len(instance["history"]) for instance in instances]
    rows = list(chain.from_iterable(instance["history"] for instance in instances))
    # Of as many names as there are, and those all there: no other.
    if set(map(type, rows)) != {dict} or set(map(len, rows)) != {len(names)}:
        return None
    try:
        given = dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
        days = named_days(given.pop("date"))
        said = columns_of(given, len(rows))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if said is None:
        return None
    products = [instance["product_id"].strip() for instance in instances]
    return _Told(products, np.array(counts), days, said)


def _pasts(told: _Told, memory: Memory) -> list[Past]:
    """Return what each history says, as `pasts.told` says it of one."""
    starts = told.starts
    ends, begun = told.days[starts + told.counts - 1] + 1, told.days[starts]
    firsts = ends - HISTORY_DAYS
    days = _laid_out(told, firsts, memory)
    days["known"] = ((begun - firsts)[:, None] <= DAYS).astype(np.float32)
    returns = np.add.reduceat(told.said["quantity"] < 0, starts, dtype=np.int64)
    spans = np.stack([ends, begun, told.counts, returns], axis=1).tolist()
    return [
        Past(
            {name: rows[place] for name, rows in days.items()},
            end,
            tuple(remarks_of(end, begin, count, bool(returned), returned)),
        )
        for place, (end, begin, count, returned) in enumerate(spans)
    ]


def _laid_out(told: _Told, firsts: Integers, memory: Memory) -> dict[str, Floats]:
    """Return matrices of `HISTORY_DAYS` from each one's first day: all but what is known."""
    cells = told.owners * HISTORY_DAYS + (told.days - np.repeat(firsts, told.counts))
    days = memory.days_together(TOLD, told.products, firsts.tolist())
    for name, matrix in days.items():
        values = told.said[name]
        there = np.isfinite(values)
        matrix.reshape(-1)[cells[there]] = values[there]
    quantity = np.zeros((len(firsts), HISTORY_DAYS), dtype=np.float32)
    quantity.reshape(-1)[cells] = np.maximum(told.said["quantity"], 0.0)
    opened = days["open"]
    days["open"] = np.where((quantity > 0) | np.isnan(opened), np.float32(1.0), opened)
    days["promotion"] = filled(days["promotion"], 0.0)
    days["price"] = carried(days["price"])
    return {"quantity": quantity, **days}
