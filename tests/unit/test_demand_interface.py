"""The planner's interface, asked through the whole application in the words of its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from asgi_client import AppClient
from demand_stage import serve_demand, small_panel
from domain_stage import DomainStage

from pipelines.orders.stored_sales import sales_folder, write_sales
from pipelines.settings import Settings

PREDICT = "/api/v1/predict"
HISTORY = [
    {"date": f"2026-01-{day:02d}", "quantity": 4 + day % 7, "promotion": day % 9 == 0}
    for day in range(1, 31)
]


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    models = {"demand_forecast": {"source": {"url": "sales.csv"}}}
    stage = DomainStage(make_settings(models=models))
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    app = stage.app()
    with AppClient(app) as client:
        serve_demand(app)
        yield client


def ask(client, **body):
    return client.post(PREDICT, json={"productId": "new", "historicalData": HISTORY, **body})


def test_the_answer_has_the_shape_that_clients_read(client):
    response = ask(client, features={"seasonality": True}, forecast_horizon=7)
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["productId"] == "new"
    assert body["forecast_range_start"] == "2026-01-31"
    assert body["forecast_range_end"] == "2026-02-06"
    assert 0 < body["confidence_score"] < 1
    assert len(body["daily_predictions"]) == 7
    for day in body["daily_predictions"]:
        assert set(day) == {"date", "predicted_quantity", "lower", "upper"}
        assert 0 <= day["lower"] <= day["predicted_quantity"] <= day["upper"]
    total = sum(day["predicted_quantity"] for day in body["daily_predictions"])
    assert body["predicted_total_quantity"] == pytest.approx(total, abs=0.01)
    assert (body["version"], body["decision_id"]) == ("5", "d5")
    assert body["prediction_id"]


def test_four_weeks_are_forecast_where_no_horizon_is_named(client):
    assert len(ask(client).json()["daily_predictions"]) == 28


def test_a_promotion_on_all_days_sells_more_than_none(client):
    totals = [
        ask(client, features={"promotion_active": active}).json()["predicted_total_quantity"]
        for active in (True, False)
    ]
    assert totals[0] > 1.2 * totals[1]


def test_without_history_the_packaged_one_is_used(client):
    body = ask(client, productId="P03", historicalData=None).json()
    assert body["forecast_range_start"] == "2026-02-05"
    assert any("stored history" in note for note in body["notes"])


def test_newer_stored_sales_are_used_before_the_packaged_ones(stage, client):
    newer = small_panel(days=420)
    write_sales(sales_folder(stage.settings.var), newer, "state 1", "2026-11-21T00:00:00")
    body = ask(client, productId="P03", historicalData=[]).json()
    assert body["forecast_range_start"] == "2026-02-25"
    assert any("stored history until 2026-02-24" in note for note in body["notes"])
    assert not any(
        "stored history" in note for note in ask(client, productId="P03").json()["notes"]
    )


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_all_calendars_is_refused(client, day):
    response = ask(client, historicalData=[{"date": day, "quantity": 3}])
    assert response.status_code == 422
    assert day in response.json()["detalle"]


def test_stored_sales_that_are_renewed_are_found(stage, client):
    folder = sales_folder(stage.settings.var)
    write_sales(folder, small_panel(days=420), "state 1", "2026-11-21T00:00:00")
    before = ask(client, productId="P03", historicalData=None).json()
    later = small_panel(days=421)
    much = replace(later, quantity=np.where(later.open > 0, 900, 0).astype(np.float32))
    write_sales(folder, much, "state 2", "2026-11-22T00:00:00")
    after = ask(client, productId="P03", historicalData=None).json()
    assert after["forecast_range_start"] > before["forecast_range_start"]
    assert after["predicted_total_quantity"] > 10 * before["predicted_total_quantity"]


def test_a_product_may_be_named_by_a_number(client):
    assert ask(client, productId=42).json()["productId"] == "42"


def test_more_than_is_read_may_be_said_of_a_day(client):
    rows = [{**day, "store": "north"} for day in HISTORY]
    assert ask(client, historicalData=rows).status_code == 200


def test_an_unknown_product_without_history_is_refused_with_the_reason(client):
    response = ask(client, historicalData=None)
    assert response.status_code == 422
    assert "nothing is known of product 'new'" in response.json()["detalle"]
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"productId": None}, "productId"),
        ({"productId": " "}, "productId"),
        ({"historicalData": "x"}, "historicalData"),
        ({"historicalData": [1]}, "elemento 0"),
        ({"historicalData": [*HISTORY, {"quantity": 3}]}, "elemento 30"),
        ({"historicalData": [{"date": "2026-01-01", "quantity": "3"}]}, "quantity"),
        ({"forecast_horizon": 0}, "forecast_horizon"),
        ({"forecast_horizon": 4000}, "forecast_horizon"),
        ({"forecast_horizon": "7"}, "forecast_horizon"),
        ({"features": [1]}, "features"),
        ({"features": {"promotion_active": "yes"}}, "promotion_active"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_the_clients_words(client, body, named):
    response = ask(client, **body)
    assert response.status_code == 422
    assert named in response.json()["error"]


def test_a_date_that_is_none_is_refused_by_its_place(client):
    response = ask(client, historicalData=[{"date": "31/12/2025", "quantity": 3}])
    assert response.status_code == 422
    assert "history[0].date" in response.json()["detalle"]


def test_a_body_that_is_no_json_is_refused(client):
    response = client.post(PREDICT, content=b"{", headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def test_without_a_champion_clients_are_asked_to_wait(stage):
    with AppClient(stage.app()) as waiting:
        response = ask(waiting)
    assert response.status_code == 503
    assert response.headers["Retry-After"]


def test_a_version_from_elsewhere_may_answer_numbers_alone_and_leave_a_day_out(stage, monkeypatch):
    app = stage.app()
    with AppClient(app) as client:
        runtime = serve_demand(app)
        plain = [[{"daily_predictions": [3.0, None, 2.5]}]]
        monkeypatch.setattr(runtime, "predict", lambda _instances: plain)
        body = ask(client, forecast_horizon=3).json()
    assert [day["predicted_quantity"] for day in body["daily_predictions"]] == [3.0, None, 2.5]
    assert body["predicted_total_quantity"] == 5.5


def test_the_generic_interface_answers_the_same(client):
    row = {"product_id": "new", "horizon": 7, "history": HISTORY, "promotion_active": True}
    generic = client.post("/v1/models/demand_forecast/predict", json={"instances": [row]})
    assert generic.status_code == 200, generic.text
    (forecast,) = generic.json()["predictions"]
    body = ask(client, forecast_horizon=7, features={"promotion_active": True}).json()
    assert body["predicted_total_quantity"] == pytest.approx(
        forecast["predicted_total_quantity"], abs=0.001
    )
