"""Requests as questions: what is known of the product, what is planned, which days are asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import ReferenceType, ref

import numpy as np

from features.sales_history import ToldDays
from features.temporal import Floats, day_of
from pipelines.contract import RequestRefused
from pipelines.families.demand_forecast.entries import Entries, day_in, entries_of, number_of
from pipelines.families.demand_forecast.histories import pasts_told
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, Margin, Windows
from pipelines.families.demand_forecast.pasts import Memory, Past, remembered, told

LONGEST_DAYS = 365
"""How far past the known history is forecast at all."""
NAME_CHARACTERS = 200
PLANNED = ("promotion", "price", "open")
"""What is known of coming days, of the past as well."""
CLOSED_WEEKS = 4
"""A weekday without business for so many weeks is taken to stay so, where nobody says otherwise."""


@dataclass(frozen=True)
class Question:
    """One request, read: the past before day `end`, and what is said of the days from it on.

    The past arrays are [HISTORY_DAYS]; `lead` days lie between the known past and the first day
    asked about.
    """

    product_id: str
    group: str
    end: int
    lead: int
    horizon: int
    past: Mapping[str, Floats]
    """`quantity`, `known`, `promotion`, `price` and `open`."""
    margin: Margin | None
    """Where to note what is made of the past, if it comes again."""
    promoted: bool
    """Whether the days asked about are promoted, where `future` does not say."""
    future: Entries
    notes: tuple[str, ...]

    @property
    def length(self) -> int:
        """How many days have to be forecast."""
        return self.lead + self.horizon


def questions_of(instances: Sequence[Mapping[str, object]], memory: Memory) -> list[Question]:
    """Read requests. Raises `RequestRefused`, which names the first that is at fault."""
    told = pasts_told(instances, memory)
    return [
        question_of(instance, place, memory, told.get(place))
        for place, instance in enumerate(instances)
    ]


def question_of(
    instance: Mapping[str, object], place: int, memory: Memory, past: Past | None = None
) -> Question:
    """Read one request; `past` is what its history says, where that was read already.

    Raises `RequestRefused`, which names the instance and the field.
    """
    where = f"instance {place}: "
    product_id = _name(instance.get("product_id"), f"{where}product_id", required=True)
    group = _name(instance.get("category"), f"{where}category", required=False)
    horizon = _horizon(instance.get("horizon"), where)
    active = number_of(_given(instance, "promotion_active"), f"{where}promotion_active", 0.0, 1.0)
    future = entries_of(_given(instance, "future"), f"{where}future", sold=False)
    start = _start(instance.get("start"), where)
    if past is None:
        past = _past(_given(instance, "history"), start, product_id, memory, where)
    end = past.end
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
        past=past.days,
        margin=past.margin,
        promoted=bool(active),
        future=future,
        notes=past.notes,
    )


@dataclass(frozen=True)
class _Kept:
    """The past that days tell which come with every request: read once for each version."""

    past: Past
    product_id: str
    memory: ReferenceType[Memory]


def _past(history: object, start: int | None, product_id: str, memory: Memory, where: str) -> Past:
    steady = history if start is None and isinstance(history, ToldDays) else None
    kept = steady.kept if steady else None
    if isinstance(kept, _Kept) and kept.product_id == product_id and kept.memory() is memory:
        return kept.past
    entries = entries_of(history, f"{where}history", sold=True)
    if not len(entries):
        return remembered(product_id, start, memory, where)
    past = told(entries, start, product_id, memory, where)
    if steady:
        past = replace(past, margin=Margin())
        steady.kept = _Kept(past, product_id, ref(memory))
    return past


def windows_of(questions: Sequence[Question], length: int) -> Windows:
    """Return questions as windows of `length` days from the end of each one's history."""
    shape = (len(questions), HISTORY_DAYS)
    quantity, known = np.empty(shape, np.float32), np.empty(shape, np.float32)
    promotion, price, opened = (
        np.empty((shape[0], HISTORY_DAYS + length), np.float32) for _ in PLANNED
    )
    for place, question in enumerate(questions):
        past = question.past
        quantity[place], known[place] = past["quantity"], past["known"]
        promotion[place, :HISTORY_DAYS] = past["promotion"]
        price[place, :HISTORY_DAYS] = past["price"]
        opened[place, :HISTORY_DAYS] = past["open"]
    _plan(questions, {"promotion": promotion, "price": price, "open": opened}, length)
    return Windows(
        ids=tuple(question.product_id for question in questions),
        groups=tuple(question.group for question in questions),
        origin=np.array([question.end for question in questions], dtype=np.int64),
        quantity=quantity,
        known=known,
        promotion=promotion,
        price=price,
        open=opened,
        margins=tuple(question.margin for question in questions),
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


def _plan(questions: Sequence[Question], planned: Mapping[str, Floats], length: int) -> None:
    """Put in what is planned for the `length` days behind the history.

    Where nobody says: a promotion on promoted days alone, the last price, and the weekdays open
    that were.
    """
    opened, price = planned["open"], planned["price"]
    weeks = opened[:, HISTORY_DAYS - 7 * CLOSED_WEEKS : HISTORY_DAYS]
    recent = weeks.reshape(len(questions), CLOSED_WEEKS, 7).max(axis=1)
    opened[:, HISTORY_DAYS:] = recent[:, np.arange(length) % 7]
    price[:, HISTORY_DAYS:] = price[:, HISTORY_DAYS - 1 : HISTORY_DAYS]
    planned["promotion"][:, HISTORY_DAYS:] = 0.0
    for place, question in enumerate(questions):
        if question.promoted:
            days = slice(HISTORY_DAYS + question.lead, HISTORY_DAYS + question.length)
            planned["promotion"][place, days] = 1.0
        if len(question.future):
            ahead = {name: plan[place, HISTORY_DAYS:] for name, plan in planned.items()}
            _tell(question.future, question.end, ahead, length)


def _tell(future: Entries, end: int, plans: Mapping[str, Floats], length: int) -> None:
    """Put in what a request says of coming days, of which `plans` show `length` from `end` on."""
    inside = (future.days >= end) & (future.days < end + length)
    places = future.days[inside] - end
    for name, plan in plans.items():
        said = getattr(future, name)[inside]
        plan[places[np.isfinite(said)]] = said[np.isfinite(said)]
