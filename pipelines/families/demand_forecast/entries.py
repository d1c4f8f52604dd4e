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
BOUNDS = {
    "quantity": (-QUANTITY_LIMIT, QUANTITY_LIMIT),
    "promotion": (0.0, 1.0),
    "price": (0.0, QUANTITY_LIMIT),
    "open": (0.0, 1.0),
}
PLAIN = frozenset((float, int, bool, type(None)))
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


NOTHING = Entries(np.zeros(0, dtype=np.int64), *(np.zeros(0, dtype=np.float32) for _ in BOUNDS))


def entries_of(rows: object, where: str, *, sold: bool) -> Entries:
    """Read a list of entries; `sold` says that each must have a quantity.

    Raises `RequestRefused` naming the entry, `where` standing before it.
    """
    if rows is None:
        return NOTHING
    if not isinstance(rows, Sequence) or isinstance(rows, str | bytes):
        raise RequestRefused(f"{where} must be a list of days")
    if len(rows) > ENTRIES_LIMIT:
        raise RequestRefused(f"{where} has {len(rows)} entries; at most {ENTRIES_LIMIT} are read")
    plain = _plainly(rows, sold)
    if plain is not None:
        return plain
    read = np.array([_entry(row, where, place, sold) for place, row in enumerate(rows)])
    days, *rest = read.reshape(-1, 5).T
    quantity, promotion, price, opened = (column.astype(np.float32) for column in rest)
    return Entries(days.astype(np.int64), quantity, promotion, price, opened)


def _plainly(rows: Sequence[object], sold: bool) -> Entries | None:
    """Read entries column by column, a tenth of the work; None where one needs a closer look."""
    told = [row for row in rows if type(row) is dict]
    if not told or len(told) < len(rows):
        return None
    try:
        days = named_days([row["date"] for row in told])
        columns = columns_of({name: [row.get(name) for row in told] for name in BOUNDS}, len(told))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if columns is None or (sold and np.isnan(columns["quantity"]).any()):
        return None
    return Entries(days, **columns)


def named_days(names: Sequence[str]) -> Days:
    """Return the days that texts name. Raises `RequestRefused` or, for no texts, `TypeError`."""
    return np.array(list(map(_day_by_name, names)), dtype=np.int64)


def columns_of(given: Mapping[str, Sequence[object]], days: int) -> dict[str, Floats] | None:
    """Return the columns of `Entries` by name, of what so many days say under each name.

    None where one needs a closer look; may raise `TypeError`, `ValueError` or `OverflowError`.
    """
    columns = {}
    for name in BOUNDS:
        column = _column(given.get(name) or [None] * days, name)
        if column is None:
            return None
        columns[name] = column
    return columns


def _column(values: Sequence[object], name: str) -> Floats | None:
    """Return what entries say under one name; None where one needs a closer look."""
    if values.count(None) == len(values):
        return np.full(len(values), np.nan, dtype=np.float32)
    if not PLAIN.issuperset(map(type, values)):
        return None
    column = np.array(values, dtype=np.float64)
    lowest, highest = BOUNDS[name]
    # Passing over those of which nothing is said, as comparisons do not.
    if np.fmin.reduce(column) < lowest or np.fmax.reduce(column) > highest:
        return None
    if name == "price":
        column[column == 0] = np.nan
    elif name == "open":
        column[column > 0] = 1.0
    return column.astype(np.float32)


def _entry(row: object, where: str, place: int, sold: bool) -> tuple[float, ...]:
    if not isinstance(row, Mapping):
        raise RequestRefused(f"{where}[{place}] must be an object with a date")

    name = f"{where}[{place}]"
    quantity = number_of(row.get("quantity"), f"{name}.quantity", -QUANTITY_LIMIT, QUANTITY_LIMIT)
    if sold and quantity is None:
        raise RequestRefused(f"{name}.quantity is missing")
    promotion = number_of(row.get("promotion"), f"{name}.promotion", 0.0, 1.0)
    price = number_of(row.get("price"), f"{name}.price", 0.0, QUANTITY_LIMIT)
    opened = number_of(row.get("open"), f"{name}.open", 0.0, 1.0)
    return (
        day_in(row.get("date"), f"{name}.date"),
        math.nan if quantity is None else quantity,
        math.nan if promotion is None else promotion,
        price or math.nan,
        math.nan if opened is None else float(opened > 0),
    )


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
