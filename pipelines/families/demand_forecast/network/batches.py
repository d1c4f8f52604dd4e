"""Draws training batches: past origins, some of them made harder than they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.impressions import LOOK_BACK
from pipelines.families.demand_forecast.network.vocabulary import LEAST_DAYS, Vocabulary
from pipelines.families.demand_forecast.panel import HORIZON, Panel, Windows
from pipelines.families.demand_forecast.windows import YEAR, inputs

COLD_SHARE, COLD_DAYS = 0.12, 42
"""Share of origins that forget all but 1 to 41 days and who the product is."""
STRANGER_SHARE = 0.05
"""Share of further origins that forget only who the product is."""
SEASONLESS_SHARE = 0.3
"""Share of origins that forget last year and the day of the year: a hint, not a rule."""
HALF_LIFE = 2 * YEAR
"""Days over which an origin becomes half as likely to be drawn."""
TARGET_LIMIT = 40.0
"""Truths beyond this many times the scale are cut, so that no single day rules a batch."""


@dataclass(frozen=True)
class Batch:
    """What the network is fed, truth in units of the scale, and one where a day counts."""

    feeds: Mapping[str, Array]
    truth: Array
    counts: Array


class Drawer:
    """Draws batches from a panel, origins towards the recent; repeatable by its generator."""

    def __init__(
        self, panel: Panel, vocabulary: Vocabulary, size: int, rng: np.random.Generator
    ) -> None:
        self._panel, self._vocabulary, self._size, self._rng = panel, vocabulary, size, rng
        self._rows, self._places, self._chances = _origins(panel)

    def draw(self) -> Batch:
        """Return the next batch."""
        drawn = np.searchsorted(self._chances, self._rng.random(self._size), side="right")
        rows, places = self._rows[drawn], self._places[drawn]
        origins = self._panel.first + places
        windows = self._panel.windows(rows, origins)
        truth, counts = self._panel.outcomes(rows, origins)
        product = self._vocabulary.products_of(windows)
        windows, cold = self._forgetting(windows)
        stranger = cold | (self._rng.random(self._size) < STRANGER_SHARE)
        windows, season = self._without_season(windows)
        given = inputs(windows, season)
        number = np.where(stranger, 0, product).astype(np.int32)
        return Batch(
            given.feeds(number, self._vocabulary.groups_of(windows)),
            np.minimum(truth / given.scale[:, None], TARGET_LIMIT).astype(np.float32),
            counts.astype(np.float32),
        )

    def _forgetting(self, windows: Windows) -> tuple[Windows, NDArray[np.bool_]]:
        cold = self._rng.random(len(windows)) < COLD_SHARE
        kept = np.where(cold, self._rng.integers(1, COLD_DAYS, len(windows)), LOOK_BACK)
        return _remembering(windows, kept), cold

    def _without_season(self, windows: Windows) -> tuple[Windows, Array]:
        season = self._vocabulary.season_of(windows)
        without = self._rng.random(len(windows)) < SEASONLESS_SHARE
        kept = np.where(without, YEAR - 2 * HORIZON, LOOK_BACK)
        return _remembering(windows, kept), np.where(without, np.float32(0), season)


def _remembering(windows: Windows, days: NDArray[np.int64]) -> Windows:
    """Return the windows with all but the last so many days of each unknown."""
    kept = np.arange(LOOK_BACK, 0, -1) <= days[:, None]
    return replace(windows, known=windows.known * kept, quantity=windows.quantity * kept)


def _origins(panel: Panel) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return series, place and cumulated chance of every origin whose whole horizon is known."""
    before = np.cumsum(panel.known, axis=1) - panel.known
    rows, places = np.nonzero(before[:, : panel.days - HORIZON + 1] >= LEAST_DAYS)
    chances = np.cumsum(0.5 ** ((panel.days - places) / HALF_LIFE))
    return rows, places, chances / chances[-1]
