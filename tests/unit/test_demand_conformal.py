"""Calibration of the demand network's quantiles: tails that miss as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.families.demand_forecast.estimators import LEVELS
from pipelines.families.demand_forecast.network.conformal import (
    Calibration,
    Raw,
    best_share,
    calibrate,
)

SERIES, DAYS = 60, 28
NORMAL = np.array([-1.96, -1.2816, 0.0, 1.2816, 1.96])


def raw_of(deviation: float, mean: float = 10.0, scale: float = 5.0) -> Raw:
    """A network that says `mean` with a normal spread everywhere, in pieces."""
    quantiles = np.broadcast_to((mean + deviation * NORMAL) / scale, (SERIES, DAYS, 5))
    return Raw.of(np.full((SERIES, DAYS), mean / scale), quantiles, np.full(SERIES, scale))


def missed(raw: Raw, calibration: Calibration, truth: np.ndarray) -> tuple[float, float]:
    quantiles = calibration.forecast(raw).quantiles
    below, above = truth < quantiles[:, :, 1], truth > quantiles[:, :, 3]
    return float(below.mean()), float(above.mean())


@pytest.mark.parametrize("deviation", [1.0, 2.0, 4.0])
def test_too_narrow_and_too_wide_intervals_end_up_honest(
    deviation: float, rng: np.random.Generator
) -> None:
    raw = raw_of(deviation)
    seen, later = rng.normal(10.0, 2.0, (2, SERIES, DAYS))
    calibration = calibrate(raw, seen, np.ones_like(seen), None)
    for share in missed(raw, calibration, later):
        assert share == pytest.approx(0.1, abs=0.025)


def test_each_tail_is_stretched_by_itself(rng: np.random.Generator) -> None:
    truth = 10.0 + rng.gamma(1.0, 4.0, (SERIES, DAYS)) - 1.0
    calibration = calibrate(raw_of(2.0), truth, np.ones_like(truth), None)
    assert calibration.factors[3] > 2.0
    assert calibration.factors[1] < 1.0


def test_forecasts_are_never_negative_and_quantiles_rise(rng: np.random.Generator) -> None:
    quantiles = np.sort(rng.gamma(0.3, 1.0, (SERIES, DAYS, 5)), axis=2)
    raw = Raw.of(quantiles.mean(axis=2), quantiles, np.full(SERIES, 3.0))
    forecast = Calibration((4.0, 3.0, 1.0, 0.25, 4.0)).forecast(raw)
    assert (forecast.quantiles >= 0).all()
    assert (forecast.point >= 0).all()
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()
    assert (forecast.quantiles[:, :, 4] > forecast.quantiles[:, :, 0]).all()


def test_a_series_of_nothing_has_zero_as_lower_bound() -> None:
    raw = Raw.of(np.full((1, 1), 0.01), np.full((1, 1, 5), 0.001), np.array([0.05]))
    quantiles = Calibration().forecast(raw).quantiles[0, 0]
    assert quantiles[0] == quantiles[2] == 0.0
    assert 0.0 < quantiles[4] < 0.1


def test_few_days_stretch_nothing() -> None:
    truth, counts = np.full((SERIES, DAYS), 100.0), np.zeros((SERIES, DAYS))
    counts[:3, :3] = 1
    assert calibrate(raw_of(2.0), truth, counts, None).factors == (1.0,) * len(LEVELS)


def test_days_that_do_not_count_change_nothing(rng: np.random.Generator) -> None:
    truth = rng.normal(10.0, 2.0, (SERIES, DAYS))
    counts = np.ones_like(truth)
    counts[:, -5:] = 0
    wild = np.where(counts > 0, truth, 1e6)
    raw = raw_of(3.0)
    assert calibrate(raw, wild, counts, None) == calibrate(raw, truth, counts, None)


def test_the_point_leans_on_whichever_was_closer(rng: np.random.Generator) -> None:
    counted = np.ones((SERIES, DAYS), dtype=bool)
    truth = rng.normal(10.0, 0.1, (SERIES, DAYS))
    base = raw_of(2.0)
    mean_is_off = Raw(base.mean + 5.0, base.quantiles, base.scale)
    median_is_off = Raw(base.mean, base.quantiles + 5.0, base.scale)
    assert best_share(mean_is_off, truth, counted) == 0.0
    assert best_share(median_is_off, truth, counted) == 1.0


def test_a_share_that_was_set_is_kept(rng: np.random.Generator) -> None:
    truth = rng.normal(10.0, 2.0, (SERIES, DAYS))
    assert calibrate(raw_of(2.0), truth, np.ones_like(truth), 0.25).mean_share == 0.25
