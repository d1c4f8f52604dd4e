"""What turned out true: of labels, ratings, chosen items and forecasts, version by version."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from asgi_client import AppClient
from scipy.stats import poisson
from serving_stage import MODEL, Stage

from features.drift import false_discovery
from features.sales_history import SalesHistory
from features.temporal import day_number
from pipelines.assessments import keep
from pipelines.model_settings import MonitoringSettings
from pipelines.monitoring import forecasts
from pipelines.monitoring.live import live_figures
from pipelines.monitoring.served import Answer

FIRST = date(2026, 11, 1)


def answer(row, actual, version="1", **instance):
    return Answer("p", version, instance, row, "2026-11-01T00:00:00+00:00", actual)


def named(figures):
    return {(each.version, each.name): each for each in figures}


def test_labels_give_accuracy_and_macro_f1_of_each_version():
    found = [answer({"code": "a"}, truth) for truth in "aaab"]
    found += [answer({"code": "a"}, "a", version="2")] * 3
    figures = named(live_figures(found, "code"))
    assert figures["1", "accuracy"].value == 0.75
    assert figures["1", "accuracy"].lower < 0.75 < figures["1", "accuracy"].upper
    # a: 2 x 3 / (4 + 3) = 6 / 7; b is never answered
    assert figures["1", "macro_f1"].value == pytest.approx(3 / 7)
    assert figures["2", "accuracy"].value == 1.0
    assert figures["2", "accuracy"].lower < 1.0


def test_numbers_give_the_root_of_the_mean_squared_error():
    found = [answer({"rating": 4.0}, truth) for truth in (4.0, 5.0, 2.0, None)]
    figures = named(live_figures(found, "rating"))
    assert figures["1", "rmse"].value == pytest.approx(np.sqrt(5 / 3))
    assert figures["1", "rmse"].answers == 3


def test_lists_give_the_share_from_which_something_was_chosen():
    row = {"items": [{"item_id": "i1"}]}
    found = [answer(row, {"chosen": "i1"})] + [answer(row, None)] * 3
    figures = named(live_figures(found, "rating"))
    assert figures["1", "chosen"].value == 0.25
    assert live_figures([answer(row, None)] * 3, "rating") == ()


def test_answers_that_nobody_judged_have_no_figures():
    assert live_figures([answer({"code": "a"}, None)] * 9, "code") == ()


def sales(products, days=28):
    """Ten a day of each, for as long before the first day as after it."""
    return history(np.full((products, 2 * days), 10.0, np.float32))


def history(quantity):
    products, days = quantity.shape
    ones = np.ones_like(quantity)
    return SalesHistory(
        ids=tuple(f"p{number}" for number in range(products)),
        groups=("",) * products,
        first=day_number(FIRST) - days // 2,
        quantity=quantity,
        promotion=0 * ones,
        price=ones,
        open=ones,
        known=ones,
    )


def forecast(product, predicted, width, days=28, version="1"):
    """Return an answer; `width` is what lies on each side, or the interval itself."""
    interval = width if isinstance(width, tuple) else (predicted - width, predicted + width)
    listed = [
        {
            "date": (FIRST + timedelta(days=number)).isoformat(),
            "predicted_quantity": value,
            "lower": interval[0],
            "upper": interval[1],
        }
        for number, value in enumerate([predicted] * days)
    ]
    return answer({"daily_predictions": listed}, None, version, product_id=product)


def assessed(found, products=12):
    until = FIRST + timedelta(days=28)
    told = forecasts.passed(found, sales(products), FIRST, until)
    return told, list(forecasts.findings(told, MonitoringSettings()))


def test_forecasts_whose_days_have_passed_are_held_against_what_was_sold():
    noise = np.random.default_rng(7).normal(0, 0.3, 12)
    found = [forecast(f"p{number}", 10 + noise[number], 5.0) for number in range(12)]
    told, findings = assessed([*found, forecast("not sold here", 10.0, 1.0)])
    figures = named(forecasts.figures(told))
    assert len(told) == 12
    assert figures["1", "coverage"].value == 1.0
    assert abs(figures["1", "error"].value) < 0.03
    # Intervals that hold every day are wide, and no lie.
    large = {each.check.name: each.large for each in findings}
    assert large == {"forecasts: error": False, "forecasts: coverage": False}


def test_forecasts_that_lean_to_one_side_or_are_too_sure_are_found():
    rng = np.random.default_rng(7)
    found = [forecast(f"p{number}", 13 + rng.normal(), 0.5) for number in range(12)]
    _, findings = assessed(found)
    assert all(each.large and each.p < 1e-4 for each in findings)


@pytest.mark.parametrize(
    ("products", "days", "slowest", "fastest"),
    [(60, 7, 0.3, 3.0), (60, 7, 3.0, 10.0), (5, 1, 40.0, 60.0), (5, 7, 40.0, 60.0)],
)
def test_right_forecasts_raise_no_alarm_however_slowly_a_product_sells(
    products, days, slowest, fastest
):
    """The true mean and the true quantiles of Poisson sales: 100 windows, 1 % of alarms allowed."""
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(100):
        means = rng.uniform(slowest, fastest, products)
        quantity = rng.poisson(means[:, None], (products, 112)).astype(np.float32)
        found = [
            forecast(f"p{row}", mean, (lower, upper), days)
            for row, (mean, lower, upper) in enumerate(
                zip(means, poisson.ppf(0.1, means), poisson.ppf(0.9, means), strict=True)
            )
        ]
        told = forecasts.passed(found, history(quantity), FIRST, FIRST + timedelta(days=days))
        checks = list(forecasts.findings(told, MonitoringSettings()))
        p = false_discovery({each.check.name: each.p for each in checks})
        alarms += any(each.large and p[each.check.name] <= 0.01 for each in checks)
    assert alarms <= 4


def test_a_forecast_without_a_quantity_or_of_an_unsold_product_tells_nothing():
    odd = forecast("p0", 10.0, 1.0)
    odd.row["daily_predictions"][3]["predicted_quantity"] = None
    assert assessed([odd])[0] == []
    unsold = history(np.zeros((12, 56), np.float32))
    assert forecasts.passed([forecast("p1", 1.0, 1.0)], unsold, FIRST, date(2026, 11, 20)) == []


def test_a_day_forecast_twice_counts_with_its_latest_forecast():
    told, _ = assessed([forecast("p0", 99.0, 1.0), forecast("p0", 10.0, 1.0)])
    assert told[0].error == 0.0


def test_few_products_raise_no_alarm():
    _, findings = assessed([forecast("p0", 99.0, 1.0)])
    assert findings == []


def test_kept_assessments_are_listed_over_http(make_settings):
    settings = make_settings(models={MODEL: {"source": {"url": "texts.csv"}}})
    stage = Stage(settings)
    for day in (1, 2):
        at = f"2026-11-0{day}T06:00:00+00:00"
        said = {"verdict": f"day {day}", "reasons": [], "checks": []}
        about = {"model": MODEL, "version": "1", "since": at, "until": at}
        keep(settings.var, MODEL, at, about | said)
    keep(settings.var, MODEL, "2026-11-03T06:00:00+00:00", {"verdict": "of another release"})
    with AppClient(stage.app()) as client:
        path = f"/v1/models/{MODEL}/assessments"
        found = client.get(path).json()["assessments"]
        assert [each["verdict"] for each in found] == ["day 2", "day 1"]
        assert len(client.get(f"{path}?limit=2").json()["assessments"]) == 1
        assert client.get("/v1/models/nobody/assessments").status_code == 404
    stage.close()
