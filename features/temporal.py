"""Days as whole numbers, their calendar parts, and series without gaps; numpy only.

A day is its number since 1970-01-01, so that arithmetic on dates is arithmetic on integers. The
same functions make training rows and answer requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

Days = NDArray[np.int64]
Floats = NDArray[np.float32]

EPOCH = date(1970, 1, 1)
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday, and weeks begin on Monday."""
YEAR_DAYS = 365.25


def day_number(day: date) -> int:
    """Return the number of a day since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the day of a number; the inverse of `day_number`."""
    return EPOCH + timedelta(days=int(number))


def day_numbers(days: ArrayLike) -> Days:
    """Return days (`datetime64` of any unit) as numbers since 1970-01-01."""
    return np.asarray(days).astype("datetime64[D]").astype(np.int64)


def weekday(numbers: Days) -> Days:
    """Return the weekday of each day, Monday being 0."""
    return np.asarray((numbers + EPOCH_WEEKDAY) % 7)


def day_of_month(numbers: Days) -> Days:
    """Return the day of the month of each day, from 1."""
    days = numbers.astype("datetime64[D]")
    first = days.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((days - first).astype(np.int64) + 1)


def month(numbers: Days) -> Days:
    """Return the month of each day, January being 1."""
    months = numbers.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months % 12 + 1)


def day_of_year(numbers: Days) -> Days:
    """Return the day of the year of each day, from 1."""
    days = numbers.astype("datetime64[D]")
    first = days.astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray((days - first).astype(np.int64) + 1)


def netted(days: Days, quantities: Sequence[float] | Floats, first: int, length: int) -> Floats:
    """Return the daily totals of `length` days from day `first`, gaps being zero.

    Sales and returns (negative quantities) of one day are added up; a day on which more came back
    than was sold counts as zero, since nothing can be said of demand below that. The order of the
    rows is of no matter, and rows outside the days are left out.
    """
    places = np.asarray(days, dtype=np.int64) - first
    inside = (places >= 0) & (places < length)
    amounts = np.asarray(quantities, dtype=np.float64)[inside]
    totals = np.bincount(places[inside], weights=amounts, minlength=length)
    return np.maximum(totals, 0).astype(np.float32)
