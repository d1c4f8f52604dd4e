"""Products of which little is known: how far the algorithm is believed, learnt in a rehearsal.

With few known days a plain mean of them is hard to beat, on some data by any algorithm. So three
forecasts are mixed: the algorithm's, the mean of the known days, and that mean spread over weekdays
and promotions as the category's sales are. The shares are chosen on products made strangers, at
several numbers of known days; the plain mean stays unless another mixture is credibly better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from features.temporal import Floats, weekday
from pipelines.families.demand_forecast.estimators import (
    REHEARSAL_DAYS,
    Forecast,
    Forecaster,
    Rows,
)
from pipelines.families.demand_forecast.panel import Panel, Windows

STAGES = (1, 3, 7, 13, 20, 28, 42)
"""Known days at which the mixture is chosen; between them it is interpolated."""
WARM_DAYS = 56
"""With so many known days the algorithm stands alone."""
STAGED = np.array([*STAGES, WARM_DAYS], dtype=np.float64)
STEPS = 4
PLAIN = (0.0, 0.0, 1.0)
FEWEST_SERIES = 8
QUARTER_DAYS, QUARTERS = 91, 4
LEAST_GAIN = 0.01
"""Share of the plain mean's loss that a mixture must save, beside being better beyond noise."""
MOST_GROWTH = 3.0
"""By how much the intervals grow at most when the mixture lies above the algorithm's forecast."""
LEAST_DEVIATION = 0.3
"""Share of the mixture that it is at least uncertain by, before it is stretched."""
NORMAL = np.array([-1.96, -1.2816, 0.0, 1.2816, 1.96])
UNTAUGHT_WIDTHS = (1.5, 1.5)
PROFILE_DAYS = 364
PROFILE_SHRINKAGE = 20.0
BLEND_FILE = "cold.json"


@dataclass(frozen=True)
class Profile:
    """How sales of a category spread over weekdays and promotions, 1 being its usual day."""

    indices: Mapping[str, Rows]
    """By category, [weekday, promoted]; "" holds that of all products."""

    def factors(self, windows: Windows) -> Rows:
        """Return the index of every day of the windows, [n, history + horizon]."""
        days = weekday(windows.dates)
        promoted = (windows.promotion > 0).astype(np.int64)
        tables = [self.indices.get(name, self.indices[""]) for name in windows.groups]
        if len(tables) == 1:
            return np.asarray(tables[0][days, promoted])
        return np.asarray(np.stack(tables)[np.arange(len(windows))[:, None], days, promoted])


def profile_of(panel: Panel) -> Profile:
    """Return the profiles of a panel's categories, from its last year."""
    days = slice(max(panel.days - PROFILE_DAYS, 0), panel.days)
    counted = panel.known[:, days] * panel.open[:, days]
    sales = panel.quantity[:, days] * counted
    level = sales.sum(axis=1) / np.maximum(counted.sum(axis=1), 1.0)
    relative = sales / np.maximum(level, 1e-6)[:, None] * (level > 0)[:, None]
    counted = counted * (level > 0)[:, None]
    cells = 2 * weekday(np.arange(panel.first, panel.end)[days]) + (panel.promotion[:, days] > 0)
    whole = _table(relative, counted, cells, np.ones((7, 2)))
    indices = {"": whole}
    for name in sorted(set(panel.groups) - {""}):
        rows = np.array([group == name for group in panel.groups])
        indices[name] = _table(relative[rows], counted[rows], cells[rows], whole)
    return Profile(indices)


def _table(relative: Floats, counted: Floats, cells: NDArray[np.int64], prior: Rows) -> Rows:
    sums = np.bincount(cells.ravel(), weights=relative.ravel(), minlength=14).reshape(7, 2)
    counts = np.bincount(cells.ravel(), weights=counted.ravel(), minlength=14).reshape(7, 2)
    return np.asarray((sums + PROFILE_SHRINKAGE * prior) / (counts + PROFILE_SHRINKAGE))


def means(windows: Windows, profile: Profile) -> tuple[Rows, Rows]:
    """Return the mean of the known open days spread by the profile, and plain; [n, horizon]."""
    seen = (windows.known * windows.open[:, : windows.history]).astype(np.float64)
    sold = (windows.quantity * seen).sum(axis=1)
    factors = profile.factors(windows)
    usual = (factors[:, : windows.history] * seen).sum(axis=1)
    level = sold / np.maximum(usual, 1e-6)
    plain = np.repeat(windows.plain_means[:, None], windows.horizon, axis=1)
    return level[:, None] * factors[:, windows.history :], plain


@dataclass(frozen=True)
class Blend:
    """The mixture for each stage: shares of the three forecasts, and how wide their intervals."""

    profile: Profile
    shares: Rows
    """[stages, 3]: algorithm, spread mean, plain mean."""
    widths: Rows
    """[stages, 2]: by how much the 80 % and 95 % intervals are stretched."""

    def mixed(self, windows: Windows, forecast: Forecast) -> Forecast:
        """Return the forecast with that of cold products mixed; of others it stays as it is."""
        known = windows.known_days
        cold = (known < WARM_DAYS)[:, None]
        if not cold.any():
            return forecast
        shares, widths = self._staged
        own = np.stack([np.interp(known, STAGED, share) for share in shares], axis=1)
        stretch = np.stack([np.interp(known, STAGED, width) for width in widths], axis=1)
        mixture = _mixture(windows, forecast, self.profile, own)
        if cold.all():
            return Forecast(mixture.point, stretched(mixture, stretch))
        return Forecast(
            np.where(cold, mixture.point, forecast.point),
            np.where(cold[:, :, None], stretched(mixture, stretch), forecast.quantiles),
        )

    @cached_property
    def _staged(self) -> tuple[Rows, Rows]:
        """Return shares (3, stages) and widths (2, stages), the warm stage with them."""
        shares = np.vstack([self.shares, [[1.0, 0.0, 0.0]]])
        widths = np.vstack([self.widths, [[1.0, 1.0]]])
        return np.ascontiguousarray(shares.T), np.ascontiguousarray(widths.T)

    def save(self, directory: Path) -> None:
        """Write it into an existing directory."""
        facts = {
            "indices": {name: table.tolist() for name, table in self.profile.indices.items()},
            "shares": self.shares.tolist(),
            "widths": self.widths.tolist(),
        }
        (directory / BLEND_FILE).write_bytes(orjson.dumps(facts))

    @classmethod
    def open(cls, directory: Path) -> Blend:
        """Read what `save` wrote."""
        facts = orjson.loads((directory / BLEND_FILE).read_bytes())
        indices = {name: np.asarray(table) for name, table in facts["indices"].items()}
        return cls(Profile(indices), np.asarray(facts["shares"]), np.asarray(facts["widths"]))


def _mixture(windows: Windows, forecast: Forecast, profile: Profile, shares: Rows) -> Forecast:
    """Return the mixed point, with the algorithm's quantiles around it, as far in proportion."""
    own, even, flat = shares.T[:, :, None]
    # Cold products, to which alone this is said, are known for no longer than that.
    windows = windows.lately(WARM_DAYS)
    usual = windows.plain_means[:, None]
    spread, plain = means(windows, profile) if even.any() else (0.0 * usual, usual)
    point = forecast.point * own + spread * even + plain * flat
    ratio = (point + 0.05) / (forecast.point + 0.05)
    ratio = np.minimum(np.maximum(ratio, 1 / MOST_GROWTH), MOST_GROWTH)
    away = (forecast.quantiles - forecast.point[:, :, None]) * ratio[:, :, None]
    least = LEAST_DEVIATION * NORMAL * point[:, :, None]
    # Upper quantiles lie at least so far above, lower ones at least so far below.
    away = np.where(NORMAL > 0, np.maximum(away, least), np.minimum(away, least))
    return Forecast(point, np.maximum(point[:, :, None] + away, 0.0))


def stretched(forecast: Forecast, widths: Rows) -> Rows:
    """Return quantiles further from the point by a factor for each row's two intervals."""
    both = np.concatenate([widths, np.ones((len(widths), 1))], axis=1)
    factors = both[:, None, [1, 0, 2, 0, 1]]
    point = forecast.point[:, :, None]
    return np.asarray(np.maximum(point + (forecast.quantiles - point) * factors, 0.0))


def learnt_blend(forecaster: Forecaster, panel: Panel) -> Blend:
    """Choose the mixture by products made strangers on the panel's last days and before."""
    before = panel.until(panel.end - REHEARSAL_DAYS)
    profile = profile_of(before)
    chosen = [_chosen(forecaster, panel, profile, days) for days in STAGES]
    return Blend(
        profile,
        np.asarray([shares for shares, _ in chosen]),
        np.asarray([widths for _, widths in chosen]),
    )


@dataclass(frozen=True)
class _Trial:
    """Strangers of so many known days at one origin, with what became of them."""

    windows: Windows
    forecast: Forecast
    truth: Floats
    counts: Floats
    scale: Rows

    def mixed(self, profile: Profile, shares: tuple[float, ...]) -> Forecast:
        """Return the mixture of those shares."""
        rows = np.tile(np.asarray(shares), (len(self.windows), 1))
        return _mixture(self.windows, self.forecast, profile, rows)


def _chosen(
    forecaster: Forecaster, panel: Panel, profile: Profile, days: int
) -> tuple[tuple[float, ...], tuple[float, float]]:
    asked = [_trial(forecaster, panel, origin, days) for origin in stranger_origins(panel)]
    trials = [trial for trial in asked if trial is not None]
    if not trials:
        return PLAIN, UNTAUGHT_WIDTHS

    def losses(shares: tuple[float, ...]) -> Rows:
        return np.concatenate([_losses(trial, trial.mixed(profile, shares)) for trial in trials])

    found = {shares: losses(shares) for shares in _mixtures()}
    best = min(found, key=lambda shares: float(found[shares].mean()))
    gains = found[PLAIN] - found[best]
    error = float(gains.std(ddof=1)) / np.sqrt(len(gains))
    worth = gains.mean() > max(2 * error, LEAST_GAIN * found[PLAIN].mean())
    shares = best if worth else PLAIN
    return shares, _widths([(trial, trial.mixed(profile, shares)) for trial in trials])


def stranger_origins(panel: Panel) -> list[int]:
    """Return the first days on which the products are made strangers.

    The last 28 days, which the forecaster has not seen, and the same days a quarter, two and three
    quarters before. It has seen those, but not these strangers, and how far their level moves with
    the season is not learnt from one window.
    """
    last = panel.end - REHEARSAL_DAYS
    return list(range(last, panel.first, -QUARTER_DAYS))[:QUARTERS]


def _trial(forecaster: Forecaster, panel: Panel, origin: int, days: int) -> _Trial | None:
    rows = _with_open_days(panel, origin, days)
    if len(rows) < FEWEST_SERIES:
        # All of them were closed, as on a Sunday: a day more is as good.
        days += 1
        rows = _with_open_days(panel, origin, days)
    if len(rows) < FEWEST_SERIES:
        return None
    origins = np.full(len(rows), origin)
    windows = panel.windows(rows, origins).remembering(days)
    truth, counts = panel.outcomes(rows, origins)
    return _Trial(
        windows, forecaster.forecast(windows), truth, counts, _scales(panel, rows, origin)
    )


def _with_open_days(panel: Panel, origin: int, days: int) -> NDArray[np.int64]:
    """Return the series known for the last `days` before an origin, and open on one of them."""
    last = slice(max(origin - days - panel.first, 0), origin - panel.first)
    known = panel.known[:, last].sum(axis=1) >= days
    return np.flatnonzero(known & (panel.known[:, last] * panel.open[:, last]).any(axis=1))


def _mixtures() -> list[tuple[float, ...]]:
    """Return all shares in steps of a quarter."""
    return [
        (model / STEPS, spread / STEPS, (STEPS - model - spread) / STEPS)
        for model in range(STEPS + 1)
        for spread in range(STEPS + 1 - model)
    ]


def _losses(trial: _Trial, forecast: Forecast) -> Rows:
    """Return each series' root mean squared error, in units of its scale."""
    days = np.maximum(trial.counts.sum(axis=1), 1.0)
    squared = ((forecast.point - trial.truth) ** 2 * trial.counts).sum(axis=1) / days
    return np.asarray(np.sqrt(squared) / trial.scale)


def _scales(panel: Panel, rows: NDArray[np.int64], origin: int) -> Rows:
    """Return the root mean squared step from day to day before an origin: RMSSE's denominator."""
    past = slice(0, origin - panel.first)
    known, sales = panel.known[rows, past], panel.quantity[rows, past].astype(np.float64)
    steps = np.diff(sales, axis=1) ** 2 * known[:, :-1]
    mean = steps.sum(axis=1) / np.maximum(known[:, :-1].sum(axis=1), 1.0)
    return np.asarray(np.sqrt(np.maximum(mean, 0.01)))


def _widths(mixed: Sequence[tuple[_Trial, Forecast]]) -> tuple[float, float]:
    """Return by how much the intervals must be stretched to have held what they promise."""
    return _width(mixed, 1, 3, 0.80), _width(mixed, 0, 4, 0.95)


def _width(mixed: Sequence[tuple[_Trial, Forecast]], low: int, high: int, share: float) -> float:
    needed = np.concatenate([_needed(trial, forecast, low, high) for trial, forecast in mixed])
    return float(np.clip(np.quantile(needed, share), 0.5, 10.0)) if len(needed) else 1.5


def _needed(trial: _Trial, forecast: Forecast, low: int, high: int) -> Rows:
    point, truth = forecast.point, trial.truth
    above = np.maximum(forecast.quantiles[:, :, high] - point, 0.01)
    below = np.maximum(point - forecast.quantiles[:, :, low], 0.01)
    needed = np.where(truth > point, (truth - point) / above, (point - truth) / below)
    return np.asarray(needed[trial.counts > 0])
