"""The algorithms that forecast demand: each is served as it was fitted, unseen days unseen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from demand_stage import PROMOTED_FACTOR, quiet, small_panel

from pipelines.families.demand_forecast.algorithms import estimator_of, restored
from pipelines.families.demand_forecast.estimators import LEVELS, TooLittleHistory
from pipelines.families.demand_forecast.light_forms import open_light, write_name
from pipelines.families.demand_forecast.panel import Panel
from pipelines.families.demand_forecast.params import Algorithm, Params
from pipelines.families.demand_forecast.pointwise import Pointwise
from pipelines.families.demand_forecast.seasonal import SeasonalMean, seasonal_mean
from pipelines.families.demand_forecast.smoothing import Coefficients, Smoothing, smoothed
from pipelines.families.demand_forecast.spread import learnt

OTHERS = [algorithm for algorithm in Algorithm if algorithm is not Algorithm.LSTM]
"""The network has tests of its own."""


def params(algorithm: Algorithm) -> Params:
    return Params(algorithm=algorithm, trees=30)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return small_panel(products=14, days=300)


@pytest.fixture(scope="module", params=OTHERS, ids=str)
def fitted(request, panel):
    rehearsed = []
    estimator = estimator_of(params(request.param), seed=3)
    forecaster = estimator.fit(panel.until(panel.end - 28), quiet, rehearsed.append)
    assert len(rehearsed) == 1
    return request.param, forecaster


def windows_at_the_end(panel: Panel):
    rows = np.arange(len(panel.ids))
    origins = np.full(len(rows), panel.end - 28)
    return panel.windows(rows, origins), panel.outcomes(rows, origins)


def test_its_light_form_and_its_restored_one_answer_the_same(fitted, panel, tmp_path: Path):
    algorithm, forecaster = fitted
    for name in ("plain", "light"):
        (tmp_path / name).mkdir()
        write_name(tmp_path / name, algorithm)
    forecaster.save(tmp_path / "plain")
    forecaster.compile(tmp_path / "light")
    windows, _ = windows_at_the_end(panel)
    expected = forecaster.forecast(windows)
    again = restored(tmp_path / "plain").forecast(windows)
    light = open_light(tmp_path / "light").forecast(windows)
    np.testing.assert_allclose(again.quantiles, expected.quantiles, rtol=1e-9)
    np.testing.assert_allclose(light.point, expected.point, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(light.quantiles, expected.quantiles, rtol=1e-5, atol=1e-5)


def test_its_forecasts_are_finite_and_its_quantiles_rise(fitted, panel):
    _, forecaster = fitted
    windows, _ = windows_at_the_end(panel)
    for asked in (windows, windows.remembering(5), windows.remembering(0)):
        forecast = forecaster.forecast(asked)
        assert forecast.point.shape == (14, 28)
        assert forecast.quantiles.shape == (14, 28, len(LEVELS))
        assert np.isfinite(forecast.point).all()
        assert (forecast.point >= 0).all()
        assert (np.diff(forecast.quantiles, axis=2) >= 0).all()


def test_it_answers_each_row_by_that_row_alone(fitted, panel):
    _, forecaster = fitted
    windows, _ = windows_at_the_end(panel)
    alone = forecaster.forecast(windows.take(np.array([5])))
    np.testing.assert_allclose(
        alone.point[0], forecaster.forecast(windows).point[5], rtol=1e-6, atol=1e-6
    )


def test_its_intervals_hold_what_they_promise_on_days_not_seen(fitted, panel):
    _, forecaster = fitted
    windows, (truth, counts) = windows_at_the_end(panel)
    quantiles = forecaster.forecast(windows).quantiles
    for low, high, share in ((1, 3, 0.80), (0, 4, 0.95)):
        inside = (truth >= quantiles[:, :, low]) & (truth <= quantiles[:, :, high])
        assert abs(inside[counts > 0].mean() - share) < 0.09


def test_it_beats_the_last_week_repeated_unless_it_is_that(fitted, panel):
    algorithm, forecaster = fitted
    windows, (truth, counts) = windows_at_the_end(panel)

    def error(point) -> float:
        return float(((point - truth) ** 2 * counts).sum())

    share = error(forecaster.forecast(windows).point) / error(seasonal_mean(windows, 1))
    assert share == 1 if algorithm is Algorithm.SEASONAL_NAIVE else share < 0.8


def test_fitting_again_gives_the_same(fitted, panel):
    algorithm, forecaster = fitted
    again = estimator_of(params(algorithm), seed=3).fit(
        panel.until(panel.end - 28), quiet, lambda _forecaster: None
    )
    windows, _ = windows_at_the_end(panel)
    expected = forecaster.forecast(windows).quantiles
    np.testing.assert_array_equal(again.forecast(windows).quantiles, expected)


def test_boosting_knows_what_a_promotion_does(panel):
    estimator = estimator_of(Params(algorithm=Algorithm.BOOSTING, trees=60), seed=3)
    forecaster = estimator.fit(panel, quiet, lambda _forecaster: None)
    windows, _ = windows_at_the_end(panel)
    opened = windows.open[:, -28:] > 0
    special = np.concatenate([windows.promotion[:, :-28], np.ones((14, 28), np.float32)], axis=1)
    plain = np.concatenate([windows.promotion[:, :-28], np.zeros((14, 28), np.float32)], axis=1)
    points = [
        forecaster.forecast(type(windows)(**{**vars(windows), "promotion": promotion})).point
        for promotion in (special, plain)
    ]
    ratio = points[0][opened].sum() / points[1][opened].sum()
    assert ratio == pytest.approx(PROMOTED_FACTOR, rel=0.2)


@pytest.mark.parametrize("algorithm", [Algorithm.BOOSTING, Algorithm.ETS, Algorithm.SEASONAL_MEAN])
def test_too_short_a_history_is_refused_with_what_would_do(algorithm):
    with pytest.raises(TooLittleHistory, match="at least 56 are needed"):
        estimator_of(params(algorithm), 3).fit(
            small_panel(products=3, days=40), quiet, lambda _forecaster: None
        )


def test_a_short_series_does_not_stop_the_others_from_being_smoothed(panel):
    short = panel.known.copy()
    short[0, :-5] = 0
    mixed = Panel(**{**vars(panel), "known": short, "quantity": panel.quantity * short})
    fitted = estimator_of(params(Algorithm.ETS), 3).fit(mixed, quiet, lambda _forecaster: None)
    windows, _ = windows_at_the_end(mixed)
    assert np.isfinite(fitted.forecast(windows).point).all()


def test_the_smoothing_recursion_is_that_of_the_library():
    from statsforecast.models import AutoETS

    rng = np.random.default_rng(5)
    week = np.tile([5.0, 1.0, 0.0, 2.0, 3.0, 8.0, 12.0], 52)
    series = 20 + np.cumsum(rng.normal(0, 0.8, 364)) + week + rng.normal(0, 1.0, 364)
    fitted = AutoETS(season_length=7, model="ANA").fit(series)
    alpha, _, gamma, _ = (float(value) for value in fitted.model_["par"][:4])
    ours = smoothed(
        series[None].astype(np.float32),
        np.ones((1, 364), dtype=np.float32),
        np.array([Coefficients(alpha, gamma=gamma).row]),
        28,
    )
    expected = fitted.predict(h=28)["mean"]
    assert alpha > 0.3  # so that what it begins with has been forgotten
    np.testing.assert_allclose(ours[0], expected, atol=0.35)


def test_theta_drifts_by_half_the_slope():
    line = (10 + 0.5 * np.arange(364))[None].astype(np.float32)
    row = Coefficients(1.0, drift=0.5, seasonal=0.0).row
    point = smoothed(line, np.ones_like(line), np.array([row]), 10)
    np.testing.assert_allclose(np.diff(point[0]), 0.25, atol=1e-6)


def test_days_without_business_teach_smoothing_nothing():
    sales = np.full((1, 364), 6.0, dtype=np.float32)
    seen = np.ones_like(sales)
    sales[0, 6::7] = 0
    seen[0, 6::7] = 0
    row = Coefficients(0.5, gamma=0.1).row
    np.testing.assert_allclose(smoothed(sales, seen, np.array([row]), 7), 6.0, atol=1e-6)


def test_products_that_were_not_fitted_are_smoothed_as_usual(panel):
    smoothing = Smoothing({"P00": Coefficients(0.9)}, usual=Coefficients(0.1, seasonal=0.0))
    windows, _ = windows_at_the_end(panel)
    strangers = smoothing.point(windows.remembering(200))
    assert np.allclose(strangers[0], strangers[0, 0])


def test_the_spread_of_errors_is_learnt_in_units_of_how_uncertain_a_day_looked(panel):
    windows, (truth, counts) = windows_at_the_end(panel)
    point = seasonal_mean(windows, 8)
    spread = learnt(windows, point, truth, counts)
    assert (np.diff(spread.quantiles, axis=1) > 0).all()
    inside = spread.around(windows, point).quantiles
    held = (truth >= inside[:, :, 1]) & (truth <= inside[:, :, 3])
    assert held[counts > 0].mean() == pytest.approx(0.8, abs=0.03)


def test_a_rehearsed_forecaster_has_not_seen_the_last_days(panel):
    """It is learnt from a panel that ends before them."""
    ends = []

    def learn(seen: Panel, _progress) -> SeasonalMean:
        ends.append(seen.end)
        return SeasonalMean(4)

    Pointwise(learn).fit(panel, quiet, lambda _forecaster: ends.append(-1))
    assert ends == [panel.end - 84, -1, panel.end]
