"""What the network is told of the days ahead, from what it keeps of the past and what is planned.

An impression holds all that a past says by itself. It is the same for every question about that
past, whatever is planned, so whoever answers several of them makes it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from pipelines.families.demand_forecast.columns import (
    Array,
    beside,
    calendars,
    clipped,
    weekdays,
)
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, HORIZON, Windows

LOOK_BACK = HISTORY_DAYS
QUANTITY_LIMIT = 12.0
"""Quantities beyond this many times the scale are cut before the network reads them."""
STATIC_COLUMNS, FUTURE_COLUMNS = 13, 26
SLOTS = np.arange(HORIZON) % 7
"""Which of a week's days each future day is, counted from the first one asked."""
AHEAD = np.arange(1, HORIZON + 1) / HORIZON
WIDTHS = (STATIC_COLUMNS, 1, 1, 2, 7, 7, 14, 4 * HORIZON)
STATIC, SCALE, USUAL, UPLIFT, FOUR, EIGHT, ALIKE, LAST_YEAR = (
    slice(end - width, end) for width, end in zip(WIDTHS, accumulate(WIDTHS), strict=True)
)
WIDTH = sum(WIDTHS)


@dataclass(frozen=True)
class Impression:
    """What some pasts say by themselves: `values` is (n, WIDTH), double precision."""

    values: Array

    @classmethod
    def of(cls, parts: Sequence[Array]) -> Impression:
        """Put together what the properties below take apart, in their order."""
        return cls(np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1))

    @property
    def static(self) -> Array:
        """Return the columns that are the same on every day, (n, STATIC_COLUMNS)."""
        return np.asarray(self.values[:, STATIC], dtype=np.float32)

    @property
    def scale(self) -> Array:
        """Return the pieces a day that quantities are told in units of, (n,)."""
        return np.asarray(self.values[:, SCALE.start])

    @property
    def usual(self) -> Array:
        """Return the usual price of late, zero where it is not known, (n,)."""
        return np.asarray(self.values[:, USUAL.start])

    @property
    def uplift(self) -> Array:
        """Return the mean of days without and with promotion over that of all, (n, 2)."""
        return np.asarray(self.values[:, UPLIFT])

    @property
    def four(self) -> Array:
        """Return each weekday's mean of four weeks, in units of the scale, (n, 7)."""
        return np.asarray(self.values[:, FOUR])

    @property
    def eight(self) -> Array:
        """Return each weekday's mean of eight weeks, in units of the scale, (n, 7)."""
        return np.asarray(self.values[:, EIGHT])

    def alike(self, promoted: int) -> Array:
        """Return the same as if every day had been promoted, or none, (n, 7)."""
        start = ALIKE.start + 7 * promoted
        return np.asarray(self.values[:, start : start + 7])

    @property
    def last_year(self) -> Array:
        """Return (n, 4, HORIZON) of the same days a year ago.

        Their week over the level before, whether that is known, and what of the level days without
        and with a promotion sold.
        """
        return np.asarray(self.values[:, LAST_YEAR].reshape(-1, 4, HORIZON))


def ahead(windows: Windows, told: Impression, season: Array) -> tuple[Array, Array]:
    """Return the columns of the days ahead (n, HORIZON, FUTURE_COLUMNS), and what they correct.

    That is the seasonal mean in units of the scale, (n, HORIZON).
    """
    asked = windows.promotion[:, LOOK_BACK:] > 0.5
    promoted = bool(asked.any())
    opened = windows.open[:, LOOK_BACK:]
    ratio, known, plain, special = told.last_year.transpose(1, 0, 2)
    alike, uplift, own = told.alike(0)[:, SLOTS], told.uplift[:, :1], plain
    if promoted:
        alike = np.where(asked, told.alike(1)[:, SLOTS], alike)
        uplift = np.where(asked, told.uplift[:, 1:], uplift)
        own = np.where(asked, special, plain)
    eight = told.eight[:, SLOTS]
    columns = [
        asked,
        opened,
        np.concatenate([opened[:, 1:], opened[:, -1:]], axis=1),
        against(windows.price[:, LOOK_BACK:], told.usual),
        AHEAD,
        np.minimum(uplift, QUANTITY_LIMIT),
        np.minimum(told.four, QUANTITY_LIMIT)[:, SLOTS],
        np.minimum(eight, QUANTITY_LIMIT),
        np.minimum(alike, QUANTITY_LIMIT),
        np.log(alike + 0.05),
        ratio,
        np.log(ratio + 0.1),
        known,
        own,
    ]
    calendar = calendars(windows.origin)
    if not season.all():
        calendar[:, :, 1:] *= season[:, None, None]
    future = beside(columns, calendar, weekdays(windows.origin, 0, HORIZON))
    return future, clipped(0.5 * eight + 0.5 * alike, 0.01, 40.0).astype(np.float32)


def against(price: Array, usual: Array) -> Array:
    """Return the logarithm of prices (n, days) over the usual one, zero where either is unknown."""
    told = np.where(np.isfinite(price), price, np.float32(0.0))
    ratio = np.maximum(told, 1e-9) / np.maximum(usual, 1e-9)[:, None]
    known = (told > 0) & (usual > 0)[:, None]
    return np.where(known, clipped(np.log(ratio), -2.0, 2.0), 0.0)
