"""Fits algorithms that forecast a point, and learns their spread from windows they have not seen.

One fit leaves the last windows out, which teach the spread; the one that ships sees everything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.contract import Progress
from pipelines.families.demand_forecast.estimators import (
    Forecast,
    Rehearse,
    Rows,
    TooLittleHistory,
)
from pipelines.families.demand_forecast.panel import HORIZON, Panel, Windows
from pipelines.families.demand_forecast.spread import Spread, Spreading, learnt

TAUGHT_WINDOWS = 3
EARLY_SHARE = 0.4
"""How much of the progress bar the first of the two fits takes."""


class FittedPoint(Protocol):
    """A fitted algorithm in its library's own form."""

    def point(self, windows: Windows) -> Rows:
        """Return the forecasts, [n, horizon], finite and never negative."""
        ...

    def write(self, directory: Path) -> None:
        """Write what restoring it needs."""
        ...

    def compile(self, directory: Path) -> None:
        """Write what its light form is opened from."""
        ...


Learn = Callable[[Panel, Progress], FittedPoint]


class FittedSpreading:
    """A fitted point algorithm with its spread; `history` has no curve to show."""

    def __init__(self, fitted: FittedPoint, spread: Spread) -> None:
        self._fitted, self._spread = fitted, spread
        self.history = pd.DataFrame({"step": [], "metric": [], "value": []})

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast the point by the library, and the quantiles around it."""
        return self._spread.around(windows, self._fitted.point(windows))

    def save(self, directory: Path) -> None:
        """Write the algorithm and its spread."""
        self._fitted.write(directory)
        self._spread.save(directory)

    def compile(self, directory: Path) -> None:
        """Write the light form and the spread."""
        self._fitted.compile(directory)
        self._spread.save(directory)


class Pointwise:
    """An estimator made of a function that learns to forecast a point."""

    def __init__(self, learn: Learn) -> None:
        self._learn = learn

    def fit(self, panel: Panel, progress: Progress, rehearse: Rehearse) -> FittedSpreading:
        """Fit twice: without the windows that teach the spread, and on everything."""
        taught = min(TAUGHT_WINDOWS, panel.days // HORIZON - 1)
        if taught < 1:
            raise TooLittleHistory(
                f"{panel.days} days of history; at least {2 * HORIZON} are needed to fit on some "
                "and learn the spread from others"
            )
        early = self._learn(
            panel.until(panel.end - taught * HORIZON),
            lambda share, message: progress(EARLY_SHARE * share, message),
        )
        origins = [panel.end - HORIZON * back for back in range(taught, 0, -1)]
        # The last window is what the rehearsal is about: it teaches only where it is the only one.
        rehearse(Spreading(early, _spread_of(early, panel, origins[:-1] or origins)))
        spread = _spread_of(early, panel, origins)
        fitted = self._learn(
            panel,
            lambda share, message: progress(EARLY_SHARE + (1 - EARLY_SHARE) * share, message),
        )
        return FittedSpreading(fitted, spread)


def _spread_of(fitted: FittedPoint, panel: Panel, origins: list[int]) -> Spread:
    """Return the spread of forecasts from those origins; the windows are equally long."""
    rows = [known_before(panel, origin) for origin in origins]
    series = np.concatenate(rows)
    starts = np.repeat(origins, [len(found) for found in rows])
    windows = panel.windows(series, starts)
    truth, counts = panel.outcomes(series, starts)
    return learnt(windows, fitted.point(windows), truth, counts)


def known_before(panel: Panel, origin: int) -> NDArray[np.int64]:
    """Return the series of which something is known before a day."""
    return np.flatnonzero(panel.known[:, : origin - panel.first].any(axis=1))
