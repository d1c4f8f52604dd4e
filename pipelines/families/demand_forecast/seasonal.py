"""Means of the same weekday: the trivial baseline, and what algorithms fall back to.

Numpy alone, so it is its own compiled form.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson

from features.temporal import Floats
from pipelines.families.demand_forecast.estimators import Rows
from pipelines.families.demand_forecast.panel import Windows

WEEKS_FILE = "weeks.json"


def seasonal_mean(windows: Windows, weeks: int) -> Rows:
    """Return, for each day asked, the mean of the same weekday in the last `weeks` weeks.

    Only known, open days count; where there are none of that weekday, the mean of all known open
    days stands in, and zero where nothing is known at all. [n, horizon]
    """
    seen = windows.known * windows.open[:, : windows.history]
    sales = windows.quantity * seen
    days = 7 * weeks
    shape = (len(windows), weeks, 7)
    sums = sales[:, -days:].reshape(shape).sum(axis=1)
    counts = seen[:, -days:].reshape(shape).sum(axis=1)
    mean = overall_mean(sales, seen)[:, None]
    by_weekday = np.where(counts > 0, sums / np.maximum(counts, 1.0), mean)
    ahead = np.arange(windows.horizon) % 7
    return np.asarray(by_weekday[:, ahead], dtype=np.float64)


def overall_mean(sales: Floats, seen: Floats) -> Floats:
    """Return the mean of the known open days of the last 8 weeks, else of all known, else zero."""
    recent = seen[:, -56:].sum(axis=1)
    ever = seen.sum(axis=1)
    near = sales[:, -56:].sum(axis=1) / np.maximum(recent, 1.0)
    far = sales.sum(axis=1) / np.maximum(ever, 1.0)
    return np.asarray(np.where(recent > 0, near, far))


class SeasonalMean:
    """The same weekday's mean over some weeks; over one week, the seasonal naive forecast."""

    def __init__(self, weeks: int) -> None:
        self._weeks = weeks

    def point(self, windows: Windows) -> Rows:
        """Return the means."""
        return seasonal_mean(windows, self._weeks)

    def write(self, directory: Path) -> None:
        """Write the number of weeks."""
        (directory / WEEKS_FILE).write_bytes(orjson.dumps(self._weeks))

    compile = write

    @classmethod
    def open(cls, directory: Path) -> SeasonalMean:
        """Read what `write` wrote."""
        return cls(int(orjson.loads((directory / WEEKS_FILE).read_bytes())))
