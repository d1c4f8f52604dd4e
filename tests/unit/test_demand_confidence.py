"""The confidence score means what it says; cold products are treated as the rehearsal taught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from demand_stage import small_answering, small_panel

from pipelines.families.demand_forecast.answering import treated
from pipelines.families.demand_forecast.cold import (
    PLAIN,
    STAGES,
    Blend,
    learnt_blend,
    means,
    profile_of,
)
from pipelines.families.demand_forecast.confidence import Confidence
from pipelines.families.demand_forecast.estimators import Forecast
from pipelines.families.demand_forecast.panel import Panel

PRODUCTS, DAYS = 400, 400


class Bad:
    """Forecasts a thousand of everything."""

    def forecast(self, windows) -> Forecast:
        point = np.full((len(windows), windows.horizon), 1000.0)
        return Forecast(point, point[:, :, None] * np.array([0.8, 0.9, 1.0, 1.1, 1.2]))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return small_panel(products=PRODUCTS, days=DAYS)


@pytest.fixture(scope="module")
def answering(panel):
    return small_answering(panel.until(panel.end - 28))


def asked_at_the_end(panel):
    rows = np.arange(PRODUCTS)
    origins = np.full(PRODUCTS, panel.end - 28)
    return panel.windows(rows, origins), panel.outcomes(rows, origins)


@pytest.mark.parametrize("span", [1, 3, 7, 14, 28])
def test_of_forecasts_said_to_be_so_sure_as_many_come_true(panel, answering, span):
    windows, (truth, _) = asked_at_the_end(panel)
    forecast = treated(answering.forecaster, answering.blend, windows)
    days = slice(0, span)
    scores = answering.confidence.scores(windows, forecast, days)
    predicted = forecast.point[:, days].sum(axis=1)
    hits = np.abs(truth[:, days].sum(axis=1) - predicted) <= np.maximum(0.2 * predicted, 0.5)
    assert abs(scores.mean() - hits.mean()) < 0.08
    # Not only on average: those that it is surer of come true more often.
    surer = scores > np.median(scores)
    if scores.std() > 0.02:
        assert hits[surer].mean() >= hits[~surer].mean() - 0.02
        for half in (surer, ~surer):
            assert abs(scores[half].mean() - hits[half].mean()) < 0.15


@pytest.mark.parametrize("known", [2, 3, 13, 20])
def test_the_score_is_calibrated_for_strangers_too(panel, answering, known):
    windows, (truth, _) = asked_at_the_end(panel)
    strangers = windows.remembering(known)
    forecast = treated(answering.forecaster, answering.blend, strangers)
    scores = answering.confidence.scores(strangers, forecast, slice(0, 28))
    predicted = forecast.point.sum(axis=1)
    hits = np.abs(truth.sum(axis=1) - predicted) <= np.maximum(0.2 * predicted, 0.5)
    assert abs(scores.mean() - hits.mean()) < 0.08


def test_wider_intervals_make_the_score_lower(panel, answering):
    windows, _ = asked_at_the_end(panel)
    forecast = treated(answering.forecaster, answering.blend, windows)
    point = forecast.point[:, :, None]
    wide = Forecast(forecast.point, point + 3 * (forecast.quantiles - point))
    days = slice(0, 28)
    sure = answering.confidence.scores(windows, forecast, days)
    assert (answering.confidence.scores(windows, wide, days) <= sure + 1e-9).all()


def test_confidence_and_blend_are_read_as_they_were_written(answering, panel, tmp_path: Path):
    answering.save(tmp_path)
    windows, _ = asked_at_the_end(panel)
    cold = windows.remembering(9)
    forecast = answering.forecaster.forecast(cold)
    mixed = Blend.open(tmp_path).mixed(cold, forecast)
    np.testing.assert_array_equal(mixed.quantiles, answering.blend.mixed(cold, forecast).quantiles)
    days = slice(0, 28)
    np.testing.assert_array_equal(
        Confidence.open(tmp_path).scores(cold, mixed, days),
        answering.confidence.scores(cold, mixed, days),
    )


@pytest.mark.parametrize("known", [7, 13, 28])
def test_products_of_few_known_days_are_no_worse_off_than_by_the_mean_of_them(
    panel, answering, known
):
    windows, (truth, counts) = asked_at_the_end(panel)
    strangers = windows.remembering(known)
    plain = means(strangers, answering.blend.profile)[1]
    forecast = treated(answering.forecaster, answering.blend, strangers)

    def errors(point) -> np.ndarray:
        squared = ((point - truth) ** 2 * counts).sum(axis=1) / counts.sum(axis=1)
        return np.sqrt(squared)

    assert errors(forecast.point).mean() < errors(plain).mean()


def test_an_algorithm_that_knows_nothing_of_strangers_is_not_believed(panel):
    blend = learnt_blend(Bad(), panel)
    assert (blend.shares[:, 0] == 0).all()
    assert blend.shares.shape == (len(STAGES), 3)


def test_with_too_few_products_to_choose_by_the_plain_mean_is_taken():
    blend = learnt_blend(Bad(), small_panel(products=4, days=200))
    assert [tuple(shares) for shares in blend.shares] == [PLAIN] * len(STAGES)


def test_well_known_products_are_left_to_the_algorithm(panel, answering):
    windows, _ = asked_at_the_end(panel)
    forecast = answering.forecaster.forecast(windows)
    assert answering.blend.mixed(windows, forecast) is forecast


def test_the_profile_of_a_category_is_how_its_week_and_promotions_sell(panel):
    table = profile_of(panel).indices["a"]
    # The pattern of the small shop counts weekdays from 1970-01-01, a Thursday.
    pattern = [1.0, 0.8, 0.8, 0.9, 1.2, 1.6, 0.0]
    from_monday = np.array([pattern[(weekday - 3) % 7] for weekday in range(7)])
    opened = from_monday > 0
    ratio = table[opened, 0] / from_monday[opened]
    assert ratio.std() < 0.05 * ratio.mean()
    np.testing.assert_allclose(table[opened, 1] / table[opened, 0], 2.0, atol=0.15)


def test_cold_intervals_hold_what_they_promise(panel, answering):
    windows, (truth, counts) = asked_at_the_end(panel)
    for known in (3, 7, 13, 28):
        strangers = windows.remembering(known)
        quantiles = treated(answering.forecaster, answering.blend, strangers).quantiles
        for low, high, share in ((1, 3, 0.80), (0, 4, 0.95)):
            inside = (truth >= quantiles[:, :, low]) & (truth <= quantiles[:, :, high])
            assert inside[counts > 0].mean() > share - 0.07, (known, share)


def test_intervals_beyond_the_trained_horizon_hold_at_least_what_they_promise(panel):
    early = small_answering(panel.until(panel.end - 56))
    rows = np.arange(PRODUCTS)
    origins = np.full(PRODUCTS, panel.end - 56)
    windows = panel.windows(rows, origins, horizon=56)
    truth, counts = panel.outcomes(rows, origins, horizon=56)
    quantiles = treated(early.forecaster, early.blend, windows).quantiles
    beyond = slice(28, 56)
    for low, high, share in ((1, 3, 0.80), (0, 4, 0.95)):
        inside = (truth >= quantiles[:, :, low]) & (truth <= quantiles[:, :, high])
        assert inside[:, beyond][counts[:, beyond] > 0].mean() >= share - 0.01
