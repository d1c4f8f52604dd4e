"""Requests as questions: what is known of the product, what is planned, which days are asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from features.sales_history import SalesHistory
from features.temporal import Floats, day_of, netted, weekday
from pipelines.contract import RequestRefused
from pipelines.families.demand_forecast.entries import Entries, day_in, entries_of, number_of
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, Windows

LONGEST_DAYS = 365
"""How far past the known history is forecast at all."""
NAME_CHARACTERS = 200
CLOSED_WEEKS = 4
"""A weekday without business for so many weeks is taken to stay so, where nobody says otherwise."""


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


@dataclass(frozen=True)
class Question:
    """One request, read: the past before day `end`, the plans from it on.

    The past arrays are [HISTORY_DAYS], the plans [LONGEST_DAYS]; `lead` days lie between the known
    past and the first day asked about.
    """

    product_id: str
    group: str
    end: int
    lead: int
    horizon: int
    past: Mapping[str, Floats]
    """`quantity`, `known`, `promotion`, `price` and `open`."""
    plans: Mapping[str, Floats]
    """`promotion`, `price` and `open`."""
    notes: tuple[str, ...]

    @property
    def length(self) -> int:
        """How many days have to be forecast."""
        return self.lead + self.horizon


def question_of(instance: Mapping[str, object], place: int, memory: Memory) -> Question:
    """Read one request. Raises `RequestRefused`, which names the instance and the field."""
    where = f"instance {place}: "
    product_id = _name(instance.get("product_id"), f"{where}product_id", required=True)
    group = _name(instance.get("category"), f"{where}category", required=False)
    horizon = _horizon(instance.get("horizon"), where)
    active = number_of(_given(instance, "promotion_active"), f"{where}promotion_active", 0.0, 1.0)
    future = entries_of(_given(instance, "future"), f"{where}future", sold=False)
    history = entries_of(_given(instance, "history"), f"{where}history", sold=True)
    start = _start(instance.get("start"), where)
    if len(history):
        past, end, notes = _told(history, start, where)
    else:
        past, end, notes = _remembered(product_id, start, memory, where)
    first = end if start is None else start
    if first - end + horizon > LONGEST_DAYS:
        raise RequestRefused(
            f"{where}the last day asked about, {day_of(first + horizon - 1)}, is more than "
            f"{LONGEST_DAYS} days after the last known one, {day_of(end - 1)}"
        )
    return Question(
        product_id=product_id,
        group=group or memory.group(product_id),
        end=end,
        lead=first - end,
        horizon=horizon,
        past=past,
        plans=_plans(future, past, end, slice(first - end, first - end + horizon * bool(active))),
        notes=tuple(notes),
    )


def windows_of(questions: Sequence[Question], length: int) -> Windows:
    """Return questions as windows of `length` days from the end of each one's history."""

    def both(name: str) -> Floats:
        rows = [np.concatenate([q.past[name], q.plans[name][:length]]) for q in questions]
        return np.stack(rows)

    return Windows(
        ids=tuple(question.product_id for question in questions),
        groups=tuple(question.group for question in questions),
        origin=np.array([question.end for question in questions], dtype=np.int64),
        quantity=np.stack([question.past["quantity"] for question in questions]),
        known=np.stack([question.past["known"] for question in questions]),
        promotion=both("promotion"),
        price=both("price"),
        open=both("open"),
    )


def _given(instance: Mapping[str, object], name: str) -> object:
    value = instance.get(name)
    # A frame of requests says NaN where one of them lacks a field.
    return None if isinstance(value, float) and math.isnan(value) else value


def _name(value: object, where: str, *, required: bool) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        if required:
            raise RequestRefused(f"{where} is missing")
        return ""
    if not isinstance(value, str):
        raise RequestRefused(f"{where} must be a text")
    if required and not value.strip():
        raise RequestRefused(f"{where} is empty")
    if len(value) > NAME_CHARACTERS:
        raise RequestRefused(f"{where} has more than {NAME_CHARACTERS} characters")
    return value.strip()


def _horizon(value: object, where: str) -> int:
    days = number_of(value, f"{where}horizon", 1, LONGEST_DAYS)
    if days is None or days != int(days):
        raise RequestRefused(f"{where}horizon must be a whole number of days, 1 to {LONGEST_DAYS}")
    return int(days)


def _start(value: object, where: str) -> int | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return day_in(value, f"{where}start")


def _told(
    entries: Entries, start: int | None, where: str
) -> tuple[dict[str, Floats], int, list[str]]:
    """Return the past that a request tells, the day after it, and what has to be said of it."""
    notes = []
    if start is not None and bool((entries.days >= start).any()):
        late = int((entries.days >= start).sum())
        notes.append(f"{late} entries on or after {day_of(start)} are not history: left out")
        entries = entries.before(start)
        if not len(entries):
            raise RequestRefused(f"{where}history has no day before {day_of(start)}")
    end, begun = int(entries.days.max()) + 1, int(entries.days.min())
    first = end - HISTORY_DAYS
    past = _laid_out(entries, first, begun)
    return past, end, notes + _remarks(entries, max(begun, first), end)


def _laid_out(entries: Entries, first: int, begun: int) -> dict[str, Floats]:
    inside = entries.days >= first
    places = entries.days[inside] - first
    promotion, opened, price = (np.zeros(HISTORY_DAYS, dtype=np.float32) for _ in range(3))
    np.maximum.at(promotion, places, entries.promotion[inside])
    np.maximum.at(price, places, np.nan_to_num(entries.price[inside]))
    told = np.zeros(HISTORY_DAYS, dtype=bool)
    told[places] = True
    np.maximum.at(opened, places, np.nan_to_num(entries.open[inside], nan=1.0))
    quantity = netted(entries.days, entries.quantity, first, HISTORY_DAYS)
    return {
        "quantity": quantity,
        "known": (np.arange(first, first + HISTORY_DAYS) >= begun).astype(np.float32),
        "promotion": promotion,
        "price": _carried(price),
        "open": np.where(told & (quantity <= 0), opened, 1.0).astype(np.float32),
    }


def _carried(price: Floats) -> Floats:
    """Return prices with each gap (zero) filled by the price before it; NaN before the first."""
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


def _remembered(
    product_id: str, start: int | None, memory: Memory, where: str
) -> tuple[dict[str, Floats], int, list[str]]:
    """Return the stored past of a product. Raises `RequestRefused` for one that has none."""
    history, row = memory.history, memory.rows.get(product_id)
    end = history.end if start is None else min(start, history.end)
    columns = end - history.first
    if row is None or columns < 1 or not history.known[row, :columns].any():
        until = "" if row is None else f" before {day_of(end)}"
        raise RequestRefused(
            f"{where}nothing is known of product {product_id!r}{until}: send its history along"
        )
    kept = min(columns, HISTORY_DAYS)
    past = {}
    for name, absent in _ABSENT.items():
        past[name] = np.full(HISTORY_DAYS, absent, dtype=np.float32)
        past[name][HISTORY_DAYS - kept :] = getattr(history, name)[row, columns - kept : columns]
    return past, end, [f"the stored history until {day_of(end - 1)} was used"]


_ABSENT = {"quantity": 0.0, "known": 0.0, "promotion": 0.0, "price": math.nan, "open": 1.0}


def _plans(
    future: Entries, past: Mapping[str, Floats], end: int, promoted: slice
) -> dict[str, Floats]:
    """Return what is planned from day `end` on.

    Where nobody says: a promotion on the `promoted` days alone, the last price, and the weekdays
    open that were.
    """
    days = np.arange(end, end + LONGEST_DAYS)
    recent = past["open"][-7 * CLOSED_WEEKS :].reshape(CLOSED_WEEKS, 7).max(axis=0)
    weekdays = np.empty(7, dtype=np.float32)
    weekdays[weekday(np.arange(end - 7, end))] = recent
    plans = {
        "promotion": np.zeros(LONGEST_DAYS, dtype=np.float32),
        "price": np.full(LONGEST_DAYS, past["price"][-1], dtype=np.float32),
        "open": weekdays[weekday(days)],
    }
    plans["promotion"][promoted] = 1.0
    inside = (future.days >= end) & (future.days < end + LONGEST_DAYS)
    places = future.days[inside] - end
    plans["promotion"][places] = future.promotion[inside]
    for name, told in (("price", future.price[inside]), ("open", future.open[inside])):
        plans[name][places[np.isfinite(told)]] = told[np.isfinite(told)]
    return plans
