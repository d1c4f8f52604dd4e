"""Gradient boosting (LightGBM): one model of all products and days ahead, corrects seasonal means.

The trees multiply the seasonal mean that the network starts from, too, and read the same inputs:
recent days, means by weekday and promotion, the plans, the calendar, last year. Direct, not
recursive: how many days ahead is one more input. Tweedie loss, for counts with many zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.temporal import Floats
from pipelines.contract import Progress
from pipelines.families.demand_forecast.estimators import Rows, TooLittleHistory
from pipelines.families.demand_forecast.panel import HORIZON, Panel, Windows
from pipelines.families.demand_forecast.trees import answered, table, write_trees

BOOSTER_FILE = "trees.txt"
LARGEST_ROWS = 150_000
"""Rows that are learnt from: more days ahead are left out where there are many products."""
BATCH = 512
STRIDE_DAYS = 7
NEWEST_YEARS = 3
LEAST_DAYS = 28
VARIANCE_POWER = 1.3


@dataclass(frozen=True)
class Boosting:
    """Settings of the trees."""

    trees: int = 300
    leaves: int = 31
    learning_rate: float = 0.05


class FittedTrees:
    """A trained booster."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self._booster = booster

    def point(self, windows: Windows) -> Rows:
        """Return the forecasts, [n, horizon]."""
        return answered(windows, self._corrections)

    def _corrections(self, rows: Floats) -> Rows:
        return np.asarray(self._booster.predict(rows, raw_score=True, num_threads=1))

    def write(self, directory: Path) -> None:
        """Write the booster in LightGBM's own text."""
        text = self._booster.model_to_string()
        (directory / BOOSTER_FILE).write_text(text, encoding="utf-8")

    def compile(self, directory: Path) -> None:
        """Write the trees as ONNX."""
        write_trees(self._booster.dump_model(), directory)

    @classmethod
    def open(cls, directory: Path) -> FittedTrees:
        """Read what `write` wrote."""
        text = (directory / BOOSTER_FILE).read_text(encoding="utf-8")
        return cls(lightgbm.Booster(model_str=text))


def boosted(panel: Panel, settings: Boosting, seed: int, progress: Progress) -> FittedTrees:
    """Train on windows all over the panel. Raises `TooLittleHistory`."""
    series, origins = _origins(panel)
    if not len(series):
        raise TooLittleHistory(
            f"no product has {LEAST_DAYS + HORIZON} days since its first sale, which boosting needs"
        )
    rows = _rows(panel, series, origins, np.random.default_rng(seed))
    data = lightgbm.Dataset(
        rows.inputs, rows.truth, weight=rows.weights, init_score=np.log(rows.base)
    )

    def told(environment: lightgbm.callback.CallbackEnv) -> None:
        done = environment.iteration + 1
        if done % 10 == 0 or done == settings.trees:
            progress(done / settings.trees, f"{done} of {settings.trees} trees")

    booster = lightgbm.train(
        {
            "objective": "tweedie",
            "tweedie_variance_power": VARIANCE_POWER,
            "boost_from_average": False,
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "use_missing": False,
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        },
        data,
        settings.trees,
        callbacks=[told],
    )
    return FittedTrees(booster)


def _origins(panel: Panel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return series and first forecast day of all windows that are learnt from."""
    first = max(panel.first + LEAST_DAYS, panel.end - NEWEST_YEARS * 365)
    starts = np.arange(panel.end - HORIZON, first - 1, -STRIDE_DAYS)
    before = np.cumsum(panel.known, axis=1)
    found = [np.flatnonzero(before[:, start - panel.first - 1] >= LEAST_DAYS) for start in starts]
    sizes = [len(rows) for rows in found]
    series = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    return series, np.repeat(starts, sizes)


@dataclass(frozen=True)
class _Learnt:
    """Rows of windows and days ahead."""

    inputs: Floats
    base: Rows
    truth: Rows
    weights: Rows


def _rows(
    panel: Panel, series: NDArray[np.int64], origins: NDArray[np.int64], rng: np.random.Generator
) -> _Learnt:
    share = min(LARGEST_ROWS / (len(series) * HORIZON), 1.0)
    parts = []
    for start in range(0, len(series), BATCH):
        batch = slice(start, start + BATCH)
        truth, counts = panel.outcomes(series[batch], origins[batch])
        inputs, base, scale = table(panel.windows(series[batch], origins[batch]))
        kept = (counts > 0) & (rng.random(counts.shape) < share)
        weights = np.repeat((1.0 / scale)[:, None], HORIZON, axis=1) ** (2 - VARIANCE_POWER)
        parts.append(
            _Learnt(inputs[kept], base[kept], truth[kept].astype(np.float64), weights[kept])
        )
    return _Learnt(
        np.concatenate([part.inputs for part in parts]),
        np.concatenate([part.base for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
