"""The confidence score: how likely the true total lies within 20 % of the predicted one.

Daily intervals say how uncertain each day is, not how errors of one product hang together. So the
error of past totals, on days that the algorithm had not seen, is divided by what independent days
would give, and the distribution of that ratio is kept, by how many days were added up and whether
the product was cold. The score is the share of that distribution within the 20 %.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from features.temporal import Floats
from pipelines.families.demand_forecast.cold import stranger_origins
from pipelines.families.demand_forecast.estimators import REHEARSAL_DAYS, Forecast, Rows
from pipelines.families.demand_forecast.panel import Panel, Windows

TOLERANCE = 0.2
"""How far from the prediction a total still counts as foreseen, as a share of the prediction."""
NEAREST_PIECES = 0.5
"""Or half a piece: nothing smaller can be told apart."""
SPANS = (1, 3, 7, 14, 28)
"""Numbers of days added up, for each of which there is a distribution."""
STAGES = (1, 3, 7, 13, 28, 56)
"""Known days for which there are distributions; between them they are interpolated. The last one
is of well-known products."""
STAGE_NUMBERS = np.arange(len(STAGES))
GRID = np.linspace(0.0, 1.0, 41)
SHARES: list[float] = GRID.tolist()
NORMAL_80 = 2 * 1.2816
"""Width of the 80 % interval of a normal distribution, in standard deviations."""
SUREST = 0.99
FEWEST_TOTALS = 5
UNTAUGHT = np.linspace(-4.0, 4.0, len(GRID))
"""Where nothing was learnt: an error of up to four deviations, all sizes alike."""
CONFIDENCE_FILE = "confidence.json"

Predict = Callable[[Windows], Forecast]


def spans_spread(forecast: Forecast, days: slice) -> Rows:
    """Return the standard deviation of a total if its days were independent, [n]."""
    widths = forecast.quantiles[:, days, 3] - forecast.quantiles[:, days, 1]
    return np.asarray(np.sqrt(((widths / NORMAL_80) ** 2).sum(axis=1) + 1e-6))


@dataclass(frozen=True)
class Confidence:
    """Distributions of the normalised error of totals: quantiles at `GRID`, by stage and span."""

    tables: Rows
    """[stages, spans, grid]"""

    def scores(self, windows: Windows, forecast: Forecast, days: slice) -> Rows:
        """Return, for each product, the probability that the total of `days` is within 20 %."""
        span = days.stop - days.start
        place = _nearest(min(span, SPANS[-1]))
        totals = forecast.point[:, days].sum(axis=1)
        reach = np.maximum(TOLERANCE * totals, NEAREST_PIECES) / spans_spread(forecast, days)
        # Past the longest span errors are taken to go on hanging together, which is cautious.
        reach = reach / np.sqrt(max(span / SPANS[-1], 1.0))
        within = []
        for limit, known in zip(reach.tolist(), windows.known_days.tolist(), strict=True):
            table = self._table(known, place)
            share = _reached(table, limit) - _reached(table, -limit)
            within.append(min(max(share, 1 - SUREST), SUREST))
        return np.array(within)

    def _table(self, known: int, place: int) -> list[float]:
        """Return the distribution for so many known days; there are no more than days to know."""
        found = self._tables_found.get((known, place))
        if found is None:
            found = self._tables_found[known, place] = self._mixed(known, place).tolist()
        return found

    @cached_property
    def _tables_found(self) -> dict[tuple[int, int], list[float]]:
        return {}

    def _mixed(self, known: int, place: int) -> Rows:
        between = float(np.interp(known, STAGES, STAGE_NUMBERS))
        below, share = int(between), between % 1.0
        if not share:
            return np.asarray(self.tables[below, place])
        mixed = (1 - share) * self.tables[below, place] + share * self.tables[below + 1, place]
        return np.asarray(mixed)

    def save(self, directory: Path) -> None:
        """Write it into an existing directory."""
        (directory / CONFIDENCE_FILE).write_bytes(orjson.dumps(self.tables.tolist()))

    @classmethod
    def open(cls, directory: Path) -> Confidence:
        """Read what `save` wrote."""
        return cls(np.asarray(orjson.loads((directory / CONFIDENCE_FILE).read_bytes())))


def _reached(table: list[float], limit: float) -> float:
    """Return the share of a distribution up to a limit: `numpy.interp`, which costs as much for
    one number as for hundreds."""
    place = bisect_right(table, limit) - 1
    if place < 0:
        return 0.0
    if place >= len(table) - 1:
        return 1.0
    slope = (SHARES[place + 1] - SHARES[place]) / (table[place + 1] - table[place])
    return slope * (limit - table[place]) + SHARES[place]


@lru_cache
def _nearest(days: int) -> int:
    """Return the place of the span that comes nearest in proportion."""
    return int(np.argmin(np.abs(np.log(SPANS) - np.log(days))))


def learnt_confidence(predict: Predict, panel: Panel) -> Confidence:
    """Learn the distributions from the panel's last days, which `predict` has not seen.

    Those of cold products also from strangers in other seasons (`cold.stranger_origins`).
    """
    last = range(panel.end - REHEARSAL_DAYS, panel.end, 7)
    warm = [_errors(predict, panel, origin) for origin in last]
    tables = [
        _table([_errors(predict, panel, origin, stage) for origin in stranger_origins(panel)])
        for stage in STAGES[:-1]
    ]
    return Confidence(np.asarray([*tables, _table(warm)]))


Errors = Mapping[int, NDArray[np.float64]]


def _errors(predict: Predict, panel: Panel, origin: int, known: int | None = None) -> Errors:
    """Return the normalised errors of all totals whose days are known by now, by span.

    `known` makes strangers of the products; those of whom only closed days are left are left out.
    """
    rows = np.flatnonzero(panel.known[:, : origin - panel.first].any(axis=1))
    windows = panel.windows(rows, np.full(len(rows), origin))
    within = slice(0, panel.end - origin)
    truth, counts = (part[:, within] for part in panel.outcomes(rows, windows.origin))
    if known is not None:
        windows = windows.remembering(known)
        told = (windows.known * windows.open[:, : windows.history]).any(axis=1)
        kept = np.flatnonzero(told)
        windows, truth, counts = windows.take(kept), truth[kept], counts[kept]
    if not len(windows):
        return {span: np.zeros(0) for span in SPANS}
    forecast = predict(windows)
    return {span: _totals(forecast, truth, counts, span) for span in SPANS}


def _totals(forecast: Forecast, truth: Floats, counts: Floats, span: int) -> NDArray[np.float64]:
    """Return the normalised errors of `span` days each; days without business alone are no test."""
    errors = [np.zeros(0)]
    for start in range(0, truth.shape[1] - span + 1, span):
        days = slice(start, start + span)
        missed = (truth[:, days] - forecast.point[:, days]).sum(axis=1)
        counted = counts[:, days].any(axis=1)
        errors.append((missed / spans_spread(forecast, days))[counted])
    return np.concatenate(errors)


def _table(errors: Sequence[Errors]) -> Rows:
    """Return the quantiles of each span; one of too few totals takes the shorter one's."""
    rows: list[NDArray[np.float64]] = []
    for span in SPANS:
        pooled = np.concatenate([np.zeros(0), *(each[span] for each in errors)])
        if len(pooled) >= FEWEST_TOTALS:
            rows.append(np.quantile(pooled, GRID))
        else:
            rows.append(rows[-1] if rows else UNTAUGHT)
    return np.maximum.accumulate(np.asarray(rows) + 1e-9 * np.arange(len(GRID)), axis=1)
