"""Reads the daily entries of a request: dates, quantities, promotions, prices, opening.

Whatever order they come in. What cannot be meant is refused, naming the entry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from features.temporal import Days, Floats, day_number
from pipelines.contract import RequestRefused

ENTRIES_LIMIT = 4000
QUANTITY_LIMIT = 1e9
PLAIN = frozenset((float, int, bool))
DAYS_REMEMBERED = 4096
"""Names of days that are read once: requests are about the same few years."""
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside are slips of the pen, and the calendar must go on for a year past the last one."""


@dataclass(frozen=True)
class Entries:
    """Daily entries as columns, in the order given; several may be of one day."""

    days: Days
    quantity: Floats
    """Negative ones are returns. Here as in the others, NaN where nothing was said."""
    promotion: Floats
    price: Floats
    open: Floats

    def __len__(self) -> int:
        return len(self.days)

    def before(self, day: int) -> Entries:
        """Return the entries of earlier days."""
        kept = self.days < day
        return Entries(
            self.days[kept],
            self.quantity[kept],
            self.promotion[kept],
            self.price[kept],
            self.open[kept],
        )


def entries_of(rows: object, where: str, *, sold: bool) -> Entries:
    """Read a list of entries; `sold` says that each must have a quantity.

    Raises `RequestRefused` naming the entry, `where` standing before it.
    """
    if rows is None:
        rows = ()
    if not isinstance(rows, Sequence) or isinstance(rows, str | bytes):
        raise RequestRefused(f"{where} must be a list of days")
    if len(rows) > ENTRIES_LIMIT:
        raise RequestRefused(f"{where} has {len(rows)} entries; at most {ENTRIES_LIMIT} are read")
    read = np.array([_entry(row, where, place, sold) for place, row in enumerate(rows)])
    days, *rest = read.reshape(-1, 5).T
    quantity, promotion, price, opened = (column.astype(np.float32) for column in rest)
    return Entries(days.astype(np.int64), quantity, promotion, price, opened)


def _entry(row: object, where: str, place: int, sold: bool) -> tuple[float, ...]:
    if not isinstance(row, Mapping):
        raise RequestRefused(f"{where}[{place}] must be an object with a date")

    def number(field: str, lowest: float, highest: float) -> float:
        value = row.get(field)
        if value is None:
            return math.nan
        # Hundreds of entries a request: a plain number within its bounds needs no closer look.
        if type(value) in PLAIN and lowest <= value <= highest:
            return float(value)
        found = number_of(value, f"{where}[{place}].{field}", lowest, highest)
        return math.nan if found is None else found

    quantity = number("quantity", -QUANTITY_LIMIT, QUANTITY_LIMIT)
    if sold and math.isnan(quantity):
        raise RequestRefused(f"{where}[{place}].quantity is missing")
    promotion = number("promotion", 0.0, 1.0)
    price = number("price", 0.0, QUANTITY_LIMIT)
    opened = number("open", 0.0, 1.0)
    day = _day(row.get("date"), where, place)
    return day, quantity, promotion, price or math.nan, 1.0 if opened > 0 else opened


def _day(text: object, where: str, place: int) -> int:
    if type(text) is str:
        try:
            return _day_by_name(text)
        except ValueError:
            pass  # to be said of this very entry
    return day_in(text, f"{where}[{place}].date")


@lru_cache(maxsize=DAYS_REMEMBERED)
def _day_by_name(text: str) -> int:
    return day_in(text, "date")


def day_in(text: object, where: str) -> int:
    """Return the day that an ISO text (a date, or a date and a time) names."""
    if not isinstance(text, str):
        raise RequestRefused(f"{where} must be a date such as 2026-11-21")
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        found = None
    if found is None or text[10:11] not in {"", "T", " "}:
        raise RequestRefused(f"{where} is {text[:40]!r}, no date such as 2026-11-21")
    if not EARLIEST <= found <= LATEST:
        raise RequestRefused(f"{where} is '{found}', not between {EARLIEST} and {LATEST}")
    return day_number(found)


def number_of(value: object, where: str, lowest: float, highest: float) -> float | None:
    """Return a number within its bounds, a truth value as 0 or 1, or None where nothing is said."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, int | float):
        raise RequestRefused(f"{where} must be a number")
    if not lowest <= value <= highest:
        # Not the value itself: a whole number may have thousands of digits.
        raise RequestRefused(f"{where} is a number not between {lowest:g} and {highest:g}")
    return float(value)
