"""Columns of numbers, a row a window or a day of one: side by side, cut off, of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.families.demand_forecast.panel import HORIZON

Array = NDArray[Any]
"""Float32 or float64, now and then whether something is so."""
Integers = NDArray[np.int64]

SEVEN = np.eye(7, dtype=np.float32)
ORIGINS_REMEMBERED = 4096


def beside(columns: Sequence[Array], *more: Array) -> Array:
    """Return columns of one shape, and matrices of columns, side by side in single precision.

    The first one has the whole shape. They are filled in one by one: `numpy.stack` takes as long as
    all the arithmetic of a single window.
    """
    shape = columns[0].shape
    width = len(columns) + sum(matrix.shape[-1] for matrix in more)
    found = np.empty((*shape, width), dtype=np.float32)
    for place, column in enumerate(columns):
        found[..., place] = column
    place = len(columns)
    for matrix in more:
        found[..., place : place + matrix.shape[-1]] = matrix
        place += matrix.shape[-1]
    return found


def clipped(values: Array, low: float, high: float) -> Array:
    """Return `numpy.clip`, at a third of its cost for few values."""
    return np.asarray(np.minimum(np.maximum(values, low), high))


def calendars(origins: Integers) -> Array:
    """Return the day of the month and four waves of the year from each day on, (n, HORIZON, 5)."""
    return np.stack([_calendar(origin) for origin in origins.tolist()])


@lru_cache(maxsize=ORIGINS_REMEMBERED)
def _calendar(origin: int) -> Array:
    """Return the calendar from one day on, (HORIZON, 5)."""
    dates = np.arange(origin, origin + HORIZON).astype("datetime64[D]")
    month = (dates - dates.astype("datetime64[M]")).astype(np.int64) / 31
    year = 2 * np.pi * (dates - dates.astype("datetime64[Y]")).astype(np.int64) / 365.25
    return np.stack([month, *(wave(k * year) for k in (1, 2) for wave in (np.sin, np.cos))], axis=1)


def weekdays(origin: Integers, first: int, days: int) -> Array:
    """Return one column a weekday, (n, days, 7), from `first` days after the origins on."""
    return np.asarray(SEVEN[(origin[:, None] + np.arange(first + 3, first + 3 + days)) % 7])
