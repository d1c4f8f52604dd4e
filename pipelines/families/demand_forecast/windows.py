"""What the network is told of a series: windows of days in, arrays of inputs out.

The one place where the network's features are computed: training calls it on batches of past
origins, the runtime on the requests of the moment. NumPy only, and no row looks at another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.families.demand_forecast.columns import Array, beside, clipped, weekdays
from pipelines.families.demand_forecast.impressions import (
    FUTURE_COLUMNS,
    LOOK_BACK,
    QUANTITY_LIMIT,
    STATIC_COLUMNS,
    Impression,
    against,
    ahead,
)
from pipelines.families.demand_forecast.panel import HORIZON, Windows

Integers = NDArray[np.int64]

ENCODED = 56
"""Days that the network reads one by one."""
YEAR = 364
"""A year in whole weeks, so that weekdays stay themselves."""
SCALE_DAYS = 112
SHRINKAGE = 7.0
"""Days of the common mean that a mean over few days is mixed with."""
LAST_YEAR = LOOK_BACK + np.arange(HORIZON) - YEAR
NO_LAST_YEAR = np.array([1.0, 0.0, 1.0, 1.0])[:, None]
HISTORY_COLUMNS = 13
SHAPES: dict[str, tuple[int, ...]] = {
    "history": (ENCODED, HISTORY_COLUMNS),
    "static": (STATIC_COLUMNS,),
    "future": (HORIZON, FUTURE_COLUMNS),
    "anchor": (HORIZON,),
    "product": (),
    "group": (),
}
"""What a network is fed, by name: the shape of one window's part. Numbers are int32."""


@dataclass(frozen=True)
class Inputs:
    """What the network reads: quantities in units of `scale`, all float32 but the numbers."""

    history: Array
    """(n, ENCODED, HISTORY_COLUMNS)"""
    static: Array
    """(n, STATIC_COLUMNS)"""
    future: Array
    """(n, HORIZON, FUTURE_COLUMNS)"""
    base: Array
    """(n, HORIZON) the seasonal mean that the network corrects."""
    scale: Array
    """(n,) pieces a day."""

    @property
    def anchor(self) -> Array:
        """Return what softplus turns into `base`, (n, HORIZON): corrections are added to it."""
        return anchor_of(self.base)

    def feeds(self, product: Array, group: Array) -> dict[str, Array]:
        """Return what a network is fed, with the numbers (n,) of products and groups."""
        return {
            "history": self.history,
            "static": self.static,
            "future": self.future,
            "anchor": self.anchor,
            "product": product,
            "group": group,
        }


def anchor_of(base: Array) -> Array:
    """Return what softplus turns into `base`, in single precision."""
    wide = base.astype(np.float64)
    return np.asarray(wide + np.log(-np.expm1(-wide)), dtype=np.float32)


def inputs(windows: Windows, season: Array) -> Inputs:
    """Return the network's inputs for each window; a pure function, row by row.

    `windows` hold `LOOK_BACK` days and ask for `HORIZON`. `season` (n,) is one where the day of
    the year may be used and zero where it is to be ignored.
    """
    history, told = seen(windows, season)
    future, base = ahead(windows, told, season)
    return Inputs(history, told.static, future, base, told.scale.astype(np.float32))


def seen(windows: Windows, season: Array) -> tuple[Array, Impression]:
    """Return the days that the network reads one by one, and what the past says as a whole."""
    past = _Past.of(windows)
    usual = _usual_price(windows)
    price = against(windows.price[:, LOOK_BACK - ENCODED : LOOK_BACK], usual)
    history = _history(windows, past, price)
    static = beside(_static(past, season))
    told = [static, past.scale, usual, past.uplift, *_weekday_means(past), _last_year(past)]
    return history, Impression.of(told)


@dataclass(frozen=True)
class _Past:
    """Sums over the past by which every mean is two look-ups away.

    `sums` is (n, 4, LOOK_BACK + 1): quantity and days, then both on promotion days only, each
    summed from the first day of the window. Only open, known days count.
    """

    quantity: Array
    known: Array
    seen: Array
    open: Array
    promoted: Array
    sums: Array
    level: Array
    scale: Array
    uplift: Array
    """(n, 2) mean of days without and with promotion over the mean of all, in the last year."""

    @classmethod
    def of(cls, windows: Windows) -> _Past:
        opened, promoted = windows.open[:, :LOOK_BACK], windows.promotion[:, :LOOK_BACK] > 0.5
        seen = windows.known * opened
        quantity = windows.quantity * seen
        sums = np.zeros((len(quantity), 4, LOOK_BACK + 1))
        for place, daily in enumerate((quantity, seen, quantity * promoted, seen * promoted)):
            np.cumsum(daily, axis=1, out=sums[:, place, 1:])
        level = _mean(sums[:, :, LOOK_BACK] - sums[:, :, LOOK_BACK - SCALE_DAYS])
        scale = np.maximum(level, 0.1 * _mean(sums[:, :, LOOK_BACK])) + 0.05
        uplift = _uplift(sums[:, :, LOOK_BACK] - sums[:, :, LOOK_BACK - YEAR])
        return cls(quantity, windows.known, seen, opened, promoted, sums, level, scale, uplift)

    def between(self, first: int, last: int) -> Array:
        """Return (n, 4) sums over the days from `first` up to but without `last`."""
        return self.sums[:, :, last] - self.sums[:, :, first]

    def around(self, centres: Integers, days: int) -> Array:
        """Return (n, 4, len(centres)) sums over `days` on either side of each centre."""
        return self.sums[:, :, centres + days + 1] - self.sums[:, :, centres - days]


def _mean(sums: Array) -> Array:
    """Return quantity over days of (n, 2 or 4, ...) sums; zero where there are no days."""
    return sums[:, 0] / np.maximum(sums[:, 1], 1.0)


def _uplift(sums: Array) -> Array:
    """Return (n, 2, ...) shrunk means without and with promotion, over the mean of all."""
    mean = _mean(sums) + 1e-6
    plain = (sums[:, 0] - sums[:, 2] + SHRINKAGE * mean) / (sums[:, 1] - sums[:, 3] + SHRINKAGE)
    special = (sums[:, 2] + SHRINKAGE * mean) / (sums[:, 3] + SHRINKAGE)
    found = np.empty((len(sums), 2, *sums.shape[2:]))
    np.divide(plain, mean, out=found[:, 0])
    np.divide(special, mean, out=found[:, 1])
    return found


def _weekday_means(past: _Past) -> tuple[Array, Array, Array]:
    """Return three means of each weekday, in units of the scale, from the first day ahead on.

    Of the last four weeks and of the last eight, (n, 7); and of the last eight as if every day had
    been without promotion, or with one, (n, 2, 7).
    """
    weeks = (len(past.quantity), ENCODED // 7, 7)
    quantity = past.quantity[:, -ENCODED:].reshape(weeks)
    seen = past.seen[:, -ENCODED:].reshape(weeks)
    promoted = past.promoted[:, -ENCODED:].reshape(weeks)
    level, scale = past.level[:, None], past.scale[:, None]
    eight = (quantity.sum(1) + 0.5 * level) / (seen.sum(1) + 0.5)
    four = (quantity[:, 4:].sum(1) + 0.5 * level) / (seen[:, 4:].sum(1) + 0.5)
    uplift = past.uplift[:, None, None, :]
    factor = np.where(promoted, uplift[..., 1], uplift[..., 0])
    plain = ((quantity / factor).sum(1) + level) / (seen.sum(1) + 1.0)
    alike = np.empty((weeks[0], 2, 7))
    for status in (0, 1):
        same = promoted == bool(status)
        expected = plain * past.uplift[:, status, None]
        total = (quantity * same).sum(1) + 2.0 * expected
        np.divide(total, (seen * same).sum(1) + 2.0, out=alike[:, status])
    return four / scale, eight / scale, alike / scale[:, None]


def _history(windows: Windows, past: _Past, price: Array) -> Array:
    read = slice(LOOK_BACK - ENCODED, LOOK_BACK)
    scaled = past.quantity[:, read] / past.scale[:, None]
    columns = [
        np.minimum(scaled, QUANTITY_LIMIT),
        np.log1p(scaled),
        past.known[:, read],
        past.promoted[:, read] * past.known[:, read],
        past.open[:, read],
        price,
    ]
    return beside(columns, weekdays(windows.origin, -ENCODED, ENCODED))


def _static(past: _Past, season: Array) -> list[Array]:
    month, week = past.between(LOOK_BACK - 28, LOOK_BACK), past.between(LOOK_BACK - 7, LOOK_BACK)
    recent = past.quantity[:, -SCALE_DAYS:] / past.scale[:, None]
    quarter = past.between(LOOK_BACK - SCALE_DAYS, LOOK_BACK)
    days = np.maximum(quarter[:, 1], 1.0)
    last_year = past.between(LOOK_BACK - YEAR - 28, LOOK_BACK - YEAR)
    compared = last_year[:, 1] >= 14
    growth = np.log((_mean(month) + 0.1) / (_mean(last_year) + 0.1))
    return [
        np.log1p(past.scale) - 1.0,
        _mean(month) / past.scale,
        _mean(week) / past.scale,
        (recent > 0).sum(1) / days,
        np.sqrt(np.minimum((recent**2).sum(1) / days, 25.0)),
        np.log1p(past.known.sum(1)) / np.log1p(LOOK_BACK),
        np.where(compared, clipped(growth, -2.0, 2.0), 0.0),
        compared,
        past.level / past.scale,
        past.uplift[:, 0],
        np.minimum(past.uplift[:, 1], QUANTITY_LIMIT),
        quarter[:, 3] / days,
        season,
    ]


def _last_year(past: _Past) -> Array:
    """Return what the same days were a year ago, as `Impression.last_year` has it.

    Their week's mean over the level of the time before the origin's own day a year ago, and the
    same six weeks' effect of a promotion.
    """
    found = np.empty((len(past.quantity), 4, HORIZON))
    before = past.between(LOOK_BACK - YEAR - SCALE_DAYS, LOOK_BACK - YEAR)
    known = (before[:, 1] >= 28)[:, None]
    if not known.any():
        found[:] = NO_LAST_YEAR
        return found
    week, season = past.around(LAST_YEAR, 3), past.around(LAST_YEAR, 21)
    level = _mean(before)[:, None] + 0.05
    told = known & (week[:, 1] >= 3)
    found[:, 0] = np.where(told, clipped(_mean(week) / level, 0.0, 6.0), 1.0)
    found[:, 1] = told
    own = _uplift(season) * (_mean(season) / level)[:, None]
    found[:, 2:] = np.where(told[:, None], clipped(own, 0.0, 8.0), 1.0)
    return found


def _usual_price(windows: Windows) -> Array:
    """Return the mean of the prices of late, zero where none is known, (n,)."""
    price = windows.price[:, LOOK_BACK - SCALE_DAYS : LOOK_BACK]
    recent = np.where(np.isfinite(price), price, np.float32(0.0)) * windows.known[:, -SCALE_DAYS:]
    return np.asarray(recent.sum(1) / np.maximum((recent > 0).sum(1), 1))
