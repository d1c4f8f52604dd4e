"""What an algorithm of this family has to be: fitted on a panel, asked by windows.

Three shapes. An `Estimator` is fitted once and gives a `FittedForecaster`, which is the library's
own form; that one compiles into files from which a light `Forecaster` is opened that needs numpy
and ONNX Runtime alone. Algorithms whose own form is numpy already are all three at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FitRefused, Progress
from pipelines.families.demand_forecast.panel import Panel, Windows

if TYPE_CHECKING:
    import pandas as pd

LEVELS = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
"""The quantiles that every forecaster states: bounds of the 95 % and 80 % intervals, the median."""
REHEARSAL_DAYS = 28
"""The panel's last days, which a forecaster has not seen when it is rehearsed."""

Rows = NDArray[np.float64]


class TooLittleHistory(FitRefused):
    """The panel is too short or too empty for this algorithm; the message says what would do."""


@dataclass(frozen=True)
class Forecast:
    """What a forecaster says: `point` [n, horizon] and `quantiles` [n, horizon, 5] at `LEVELS`.

    Finite, never negative, quantiles rising. Closed days (`open` 0) are whatever comes out: who
    asked sets them to zero.
    """

    point: Rows
    quantiles: Rows


class Forecaster(Protocol):
    """Answers windows; needs numpy and ONNX Runtime alone."""

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast at most `HORIZON` days; each row's answer depends on that row alone.

        Windows may be of products never seen (also the id ""), with few known days or none, of
        `HISTORY_DAYS` of history, and of any horizon from 1 to `HORIZON`.
        """
        ...


Rehearse = Callable[[Forecaster], None]
"""Watches a forecaster answer about days that it has not seen, to learn how sure it may be."""


class FittedForecaster(Forecaster, Protocol):
    """A forecaster in its library's own form."""

    history: pd.DataFrame
    """Learning curves: columns `step`, `metric`, `value`; may be empty."""

    def save(self, directory: Path) -> None:
        """Write everything that restoring it needs into an existing directory."""
        ...

    def compile(self, directory: Path) -> None:
        """Write what the light form is opened from into an existing directory."""
        ...


class Estimator(Protocol):
    """An algorithm with its settings and its seed, not yet fitted."""

    def fit(self, panel: Panel, progress: Progress, rehearse: Rehearse) -> FittedForecaster:
        """Fit deterministically on every day of the panel.

        Calls `rehearse` exactly once, with a forecaster of the same making that has seen nothing
        of the last `REHEARSAL_DAYS` days: what it is shown there calibrates the confidence and the
        treatment of cold products. Raises `TooLittleHistory`.
        """
        ...
