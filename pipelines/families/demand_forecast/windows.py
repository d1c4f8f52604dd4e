"""What the network is told of a series: windows of days in, arrays of inputs out.

The one place where the network's features are computed: training calls it on batches of past
origins, the runtime on the requests of the moment. NumPy only, and no row looks at another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.families.demand_forecast.columns import beside, calendars, clipped, weekdays
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, HORIZON, Windows

Array = NDArray[Any]
"""Float32 or float64, now and then whether something is so."""
Integers = NDArray[np.int64]

LOOK_BACK = HISTORY_DAYS
ENCODED = 56
"""Days that the network reads one by one."""
YEAR = 364
"""A year in whole weeks, so that weekdays stay themselves."""
SCALE_DAYS = 112
QUANTITY_LIMIT = 12.0
"""Quantities beyond this many times the scale are cut before the network reads them."""
SHRINKAGE = 7.0
"""Days of the common mean that a mean over few days is mixed with."""
SLOTS = np.arange(HORIZON) % 7
"""Which of a week's days each future day is, counted from the first one asked."""
AHEAD = np.arange(1, HORIZON + 1) / HORIZON
LAST_YEAR = LOOK_BACK + np.arange(HORIZON) - YEAR
NO_LAST_YEAR = (np.float64(1.0), np.log(np.float64(1.1)), np.float64(0.0), np.float64(1.0))
HISTORY_COLUMNS, STATIC_COLUMNS, FUTURE_COLUMNS = 13, 13, 26
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
        wide = self.base.astype(np.float64)
        return np.asarray(wide + np.log(-np.expm1(-wide)), dtype=np.float32)

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


def inputs(windows: Windows, season: Array) -> Inputs:
    """Return the network's inputs for each window; a pure function, row by row.

    `windows` hold `LOOK_BACK` days and ask for `HORIZON`. `season` (n,) is one where the day of
    the year may be used and zero where it is to be ignored.
    """
    past = _Past.of(windows)
    four, eight, alike = _weekday_means(past)
    scale = past.scale[:, None]
    base = 0.5 * eight + 0.5 * alike
    price = _relative_prices(windows)
    means = (four / scale, eight / scale, alike / scale)
    return Inputs(
        _history(windows, past, price[:, LOOK_BACK - ENCODED : LOOK_BACK]),
        beside(_static(past, season)),
        _future(windows, past, means, price[:, LOOK_BACK:], season),
        clipped(base / scale, 0.01, 40.0).astype(np.float32),
        past.scale.astype(np.float32),
    )


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
    """[n, LOOK_BACK + HORIZON], like `open`: what is planned is known."""
    sums: Array
    level: Array
    scale: Array
    uplift: Array
    """(n, 2) mean of days without and with promotion over the mean of all, in the last year."""

    @classmethod
    def of(cls, windows: Windows) -> _Past:
        seen = windows.known * windows.open[:, :LOOK_BACK]
        quantity = windows.quantity * seen
        promoted = windows.promotion > 0.5
        special = promoted[:, :LOOK_BACK]
        sums = np.zeros((len(quantity), 4, LOOK_BACK + 1))
        for place, daily in enumerate((quantity, seen, quantity * special, seen * special)):
            np.cumsum(daily, axis=1, out=sums[:, place, 1:])
        level = _mean(sums[:, :, LOOK_BACK] - sums[:, :, LOOK_BACK - SCALE_DAYS])
        scale = np.maximum(level, 0.1 * _mean(sums[:, :, LOOK_BACK])) + 0.05
        uplift = _uplift(sums[:, :, LOOK_BACK] - sums[:, :, LOOK_BACK - YEAR])
        return cls(
            quantity, windows.known, seen, windows.open, promoted, sums, level, scale, uplift
        )

    @property
    def asked(self) -> Array:
        """Return whether each future day has a promotion."""
        return self.promoted[:, LOOK_BACK:]

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
    """Return, for each future day, three means of its weekday, each (n, HORIZON), in pieces.

    Of the last four weeks, of the last eight, and of the last eight as if every day had had the
    promotion that the future day has.
    """
    weeks = (len(past.quantity), ENCODED // 7, 7)
    quantity = past.quantity[:, -ENCODED:].reshape(weeks)
    seen = past.seen[:, -ENCODED:].reshape(weeks)
    promoted = past.promoted[:, LOOK_BACK - ENCODED : LOOK_BACK].reshape(weeks)
    level = past.level[:, None]
    eight = (quantity.sum(1) + 0.5 * level) / (seen.sum(1) + 0.5)
    four = (quantity[:, 4:].sum(1) + 0.5 * level) / (seen[:, 4:].sum(1) + 0.5)
    uplift = past.uplift[:, None, None, :]
    factor = np.where(promoted, uplift[..., 1], uplift[..., 0])
    plain = ((quantity / factor).sum(1) + level) / (seen.sum(1) + 1.0)

    def alike(status: bool) -> Array:
        same = promoted == status
        expected = plain * past.uplift[:, int(status), None]
        total = (quantity * same).sum(1) + 2.0 * expected
        return np.asarray((total / ((seen * same).sum(1) + 2.0))[:, SLOTS])

    found = alike(False)
    if past.asked.any():
        found = np.where(past.asked, alike(True), found)
    return four[:, SLOTS], eight[:, SLOTS], found


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


def _future(
    windows: Windows, past: _Past, means: tuple[Array, Array, Array], price: Array, season: Array
) -> Array:
    opened = past.open[:, LOOK_BACK:]
    uplift = np.where(past.asked, past.uplift[:, 1:], past.uplift[:, :1])
    columns = [
        past.asked,
        opened,
        np.concatenate([opened[:, 1:], opened[:, -1:]], axis=1),
        price,
        AHEAD,
        np.minimum(uplift, QUANTITY_LIMIT),
        *(np.minimum(mean, QUANTITY_LIMIT) for mean in means),
        np.log(means[2] + 0.05),
        *_last_year(past),
    ]
    calendar = calendars(windows.origin)
    if not season.all():
        calendar[:, :, 1:] *= season[:, None, None]
    return beside(columns, calendar, weekdays(windows.origin, 0, HORIZON))


def _last_year(past: _Past) -> list[Array]:
    """Return what the same days were a year ago, four columns of (n, HORIZON).

    Their week's mean over the level of the time before the origin's own day a year ago, whether
    that is known, and the same six weeks' effect of the promotion the day is to have.
    """
    before = past.between(LOOK_BACK - YEAR - SCALE_DAYS, LOOK_BACK - YEAR)
    known = (before[:, 1] >= 28)[:, None]
    if not known.any():
        return list(NO_LAST_YEAR)
    week, season = past.around(LAST_YEAR, 3), past.around(LAST_YEAR, 21)
    level = _mean(before)[:, None] + 0.05
    told = known & (week[:, 1] >= 3)
    ratio = np.where(told, clipped(_mean(week) / level, 0.0, 6.0), 1.0)
    effect = _uplift(season)
    own = np.where(past.asked, effect[:, 1], effect[:, 0]) * _mean(season) / level
    return [ratio, np.log(ratio + 0.1), told, np.where(told, clipped(own, 0.0, 8.0), 1.0)]


def _relative_prices(windows: Windows) -> Array:
    """Return the logarithm of the price over the usual one of late, zero where not known.

    Of all days from the encoded ones on, as the columns of `windows.price`.
    """
    told = np.where(np.isfinite(windows.price), windows.price, np.float32(0.0))
    recent = told[:, LOOK_BACK - SCALE_DAYS : LOOK_BACK] * windows.known[:, -SCALE_DAYS:]
    usual = (recent.sum(1) / np.maximum((recent > 0).sum(1), 1))[:, None]
    ratio = np.maximum(told, 1e-9) / np.maximum(usual, 1e-9)
    return np.where((told > 0) & (usual > 0), clipped(np.log(ratio), -2.0, 2.0), 0.0)
