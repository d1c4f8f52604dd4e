"""The demand network on a small panel: trained, calibrated, saved, compiled, asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.families.demand_forecast.estimators import Forecast, Forecaster, TooLittleHistory
from pipelines.families.demand_forecast.network.recipe import Recipe
from pipelines.families.demand_forecast.panel import Panel, Windows

pytestmark = pytest.mark.slow

DAYS, PRODUCTS = 240, 8
RECIPE = Recipe(members=2, steps=30, units=12, batch=64)


def made(seed: int = 7) -> Panel:
    """Eight products of different size; promotion doubles the sales of a weekly season."""
    rng = np.random.default_rng(seed)
    weekly = 1 + 0.6 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    promotion = (rng.random((PRODUCTS, DAYS)) < 0.2).astype(np.float32)
    size = np.geomspace(1, 40, PRODUCTS)[:, None]
    quantity = rng.poisson(size * weekly * (1 + promotion)).astype(np.float32)
    return Panel(
        ids=tuple(f"p{number}" for number in range(PRODUCTS)),
        groups=("small",) * 4 + ("large",) * 4,
        first=18_000,
        quantity=quantity,
        promotion=promotion,
        price=np.full((PRODUCTS, DAYS), np.nan, dtype=np.float32),
        open=np.ones((PRODUCTS, DAYS), dtype=np.float32),
        known=np.ones((PRODUCTS, DAYS), dtype=np.float32),
    )


class Fitting:
    """One fit with what it told on the way."""

    def __init__(self, panel: Panel, recipe: Recipe = RECIPE, seed: int = 3) -> None:
        from pipelines.families.demand_forecast.network.forecaster import NetworkEstimator

        self.told: list[tuple[float, str]] = []
        self.rehearsed: list[Forecast] = []
        self._before = panel.windows(np.arange(PRODUCTS), np.full(PRODUCTS, panel.end - 56))
        self.network = NetworkEstimator(recipe, seed).fit(
            panel, lambda share, message: self.told.append((share, message)), self._rehearse
        )

    def _rehearse(self, forecaster: Forecaster) -> None:
        self.rehearsed.append(forecaster.forecast(self._before))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return made()


@pytest.fixture(scope="module")
def fitting(panel: Panel) -> Iterator[Fitting]:
    return Fitting(panel)


@pytest.fixture(scope="module")
def windows(panel: Panel) -> Windows:
    """All products a month before the end, and one stranger of whom nothing is known."""
    rows = np.array([*range(PRODUCTS), 0])
    asked = panel.windows(rows, np.full(len(rows), panel.end - 28))
    stranger = asked.remembering(0)
    known, quantity = asked.known.copy(), asked.quantity.copy()
    known[-1], quantity[-1] = stranger.known[-1], stranger.quantity[-1]
    return replace(asked, ids=(*asked.ids[:-1], "new"), known=known, quantity=quantity)


def same(one: Forecast, other: Forecast, atol: float = 0.0, rtol: float = 0.0) -> None:
    np.testing.assert_allclose(one.point, other.point, atol=atol, rtol=rtol)
    np.testing.assert_allclose(one.quantiles, other.quantiles, atol=atol, rtol=rtol)


def test_the_same_seed_gives_the_same_network(
    panel: Panel, fitting: Fitting, windows: Windows
) -> None:
    same(Fitting(panel).network.forecast(windows), fitting.network.forecast(windows))


def test_saved_and_restored_it_says_the_same(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    from pipelines.families.demand_forecast.network.forecaster import restore

    fitting.network.save(tmp_path)
    restored = restore(tmp_path)
    same(restored.forecast(windows), fitting.network.forecast(windows), rtol=1e-6, atol=1e-6)
    assert restored.history.equals(fitting.network.history)


def test_the_compiled_form_agrees_within_a_hundred_thousandth(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    from pipelines.families.demand_forecast.network.served import open_network

    fitting.network.compile(tmp_path)
    served = open_network(tmp_path)
    same(served.forecast(windows), fitting.network.forecast(windows), atol=1e-5, rtol=1e-5)
    alone = served.forecast(windows.take(np.array([2])))
    np.testing.assert_allclose(alone.point[0], served.forecast(windows).point[2], rtol=1e-5)


def test_of_the_days_that_are_not_wanted_the_compiled_form_answers_none(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    from pipelines.families.demand_forecast.network.served import open_network

    fitting.network.compile(tmp_path)
    served = open_network(tmp_path)
    whole = served.forecast(windows)
    for days in (1, 7, 28):
        part = served.forecast(replace(windows, wanted=days))
        assert part.point.shape == (len(windows), days)
        same(part, Forecast(whole.point[:, :days], whole.quantiles[:, :days]), atol=1e-5)


def test_the_rehearsed_network_has_seen_nothing_of_the_last_days(
    panel: Panel, fitting: Fitting
) -> None:
    other = replace(panel, quantity=panel.quantity.copy())
    other.quantity[:, -28:] = 500.0
    fixed = replace(RECIPE, members=1, mean_share=1.0)
    points = [Fitting(each, fixed).rehearsed for each in (panel, other)]
    assert [len(rehearsals) for rehearsals in points] == [1, 1]
    np.testing.assert_array_equal(points[0][0].point, points[1][0].point)


def test_forecasts_are_finite_never_negative_and_rise(fitting: Fitting, windows: Windows) -> None:
    forecast = fitting.network.forecast(windows)
    assert np.isfinite(forecast.point).all()
    assert (forecast.point >= 0).all()
    assert (forecast.quantiles[:, :, 0] >= 0).all()
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()


def test_it_forecasts_sizes_weekdays_and_promotions(fitting: Fitting, panel: Panel) -> None:
    rows = np.arange(PRODUCTS)
    origins = np.full(PRODUCTS, panel.end - 28)
    truth, _ = panel.outcomes(rows, origins)
    point = fitting.network.forecast(panel.windows(rows, origins)).point
    level = panel.quantity[:, -140:-28].mean(axis=1, keepdims=True)
    error, flat = (((made - truth) ** 2).mean(axis=1) for made in (point, level))
    assert (error[4:] < 0.7 * flat[4:]).all()


def test_a_planned_promotion_raises_the_forecast(fitting: Fitting, windows: Windows) -> None:
    totals = []
    for planned in (0.0, 1.0):
        promotion = windows.promotion.copy()
        promotion[:, windows.history :] = planned
        forecast = fitting.network.forecast(replace(windows, promotion=promotion))
        totals.append(forecast.point[1:PRODUCTS].sum(axis=1))
    assert (totals[1] > 1.2 * totals[0]).all()


def test_a_short_question_is_answered_as_the_beginning_of_a_long_one(
    fitting: Fitting, panel: Panel
) -> None:
    rows, origins = np.arange(PRODUCTS), np.full(PRODUCTS, panel.end)
    month = fitting.network.forecast(panel.windows(rows, origins))
    week = fitting.network.forecast(panel.windows(rows, origins, horizon=7))
    assert week.quantiles.shape == (PRODUCTS, 7, 5)
    np.testing.assert_allclose(week.point, month.point[:, :7], rtol=1e-5)


def test_no_questions_give_no_answers(fitting: Fitting, windows: Windows) -> None:
    forecast = fitting.network.forecast(windows.take(np.array([], dtype=np.int64)))
    assert forecast.point.shape == (0, 28)
    assert forecast.quantiles.shape == (0, 28, 5)


def test_progress_rises_to_one_and_the_loss_falls(fitting: Fitting) -> None:
    shares = [share for share, _ in fitting.told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    curve = fitting.network.history.query("metric == 'loss_1'")["value"].tolist()
    assert curve[-1] < curve[0]


def test_a_panel_of_a_few_weeks_is_refused_with_what_it_needs(panel: Panel) -> None:
    with pytest.raises(TooLittleHistory, match="84 days"):
        Fitting(panel.until(panel.first + 80))
