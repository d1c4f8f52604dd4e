"""What the fast path counts and logs: every answer once, kept ones too, and long pasts by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asgi_client import AppClient
from demand_stage import serve_demand, small_panel
from domain_stage import DomainStage
from prometheus_client import CollectorRegistry, generate_latest
from recommender_stage import serve_recommender

from pipelines.orders.stored_sales import StoredSales, sales_folder, write_sales
from pipelines.prediction_log import PredictionLog, Provenance, count
from pipelines.settings import Settings
from pipelines.store import Store
from serving.bodies import QUICK_BYTES
from serving.metrics.tallies import Tallies

FROM = Provenance("stub", "3", "d000007-abcdef", 2, "request-1")
ROWS = [[{"topic": "uno"}]]


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    models = {
        name: {"source": {"url": "rows.csv"}}
        for name in ("product_recommendations", "demand_forecast")
    }
    stage = DomainStage(make_settings(models=models))
    yield stage
    stage.close()


def test_a_kept_recommendation_is_logged_and_counted_each_time_it_is_given(stage):
    with AppClient(app := stage.app()) as client:
        serve_recommender(app)
        answers = [client.post("/recommend", json={"user_id": "1"}) for _ in range(3)]
        text = client.get("/metrics").text
        log = app.state.services.predictions
        log.drain()
        ids = [answer.headers["X-Prediction-Id"] for answer in answers]
        kept = [log.find("product_recommendations", prediction_id) for prediction_id in ids]

    assert len(app.state.recommended) <= 1
    assert count(stage.store) == len(set(ids)) == 3
    assert kept[0].instance == kept[2].instance == {**kept[1].instance, "user_id": "1"}
    assert kept[0].answer == kept[1].answer == kept[2].answer
    assert [item["item_id"] for item in kept[2].answer[0]["items"]] == answers[2].json()
    assert kept[2].request_id == answers[2].headers["X-Request-Id"]
    assert 'contender_predictions_total{model="product_recommendations",version="5"} 3.0' in text


def test_requests_that_take_the_long_way_count_among_those_of_their_model(stage):
    long = b'{"user_id": "1"}' + b" " * QUICK_BYTES
    plain = {"Content-Type": "application/json"}
    packed = {**plain, "Content-Encoding": "gzip"}
    with AppClient(app := stage.app()) as client:
        serve_recommender(app)
        client.post("/recommend", json={"user_id": "1"})
        assert client.post("/recommend", content=long, headers=plain).status_code == 200
        assert client.post("/recommend", content=b"x", headers=packed).status_code == 415
        text = client.get("/metrics").text

    told = 'contender_model_requests_total{model="product_recommendations",outcome='
    assert f'{told}"answered"}} 2.0' in text
    assert f'{told}"refused"}} 1.0' in text


def test_a_forecast_from_stored_sales_is_logged_with_their_name_and_not_their_days(stage):
    panel = small_panel(days=420)
    write_sales(sales_folder(stage.settings.var), panel, "state 1", "2026-11-21T00:00:00")
    with AppClient(app := stage.app()) as client:
        serve_demand(app)
        body = client.post("/api/v1/predict", json={"productId": "P03"}).json()
        log = app.state.services.predictions
        spooled = log.waiting_bytes()
        found = log.find("demand_forecast", body["prediction_id"])

    assert spooled < 12_000  # its 420 days alone are three times that
    stored = StoredSales(sales_folder(stage.settings.var)).of("P03")
    assert found.instance["history"] is None
    assert found.instance["stored_history"] == stored.reference
    assert found.instance["category"] == stored.category == "b"
    assert stored.reference["until"] == stored.days[-1]["date"]
    assert stored.reference["source_state"] == "state 1"


def test_other_days_have_another_fingerprint(tmp_path: Path):
    prints = set()
    for seed, days in ((7, 60), (8, 60), (7, 61)):
        write_sales(tmp_path, small_panel(days=days, seed=seed), "1", "now")
        prints.add(StoredSales(tmp_path).of("P01").reference["fingerprint"])

    assert len(prints) == 3


def test_stored_days_tell_all_that_is_known_of_them(tmp_path: Path):
    panel = small_panel(days=60)
    panel.price[2, :5] = float("nan")
    write_sales(tmp_path, panel, "1", "now")
    days = StoredSales(tmp_path).of("P02").days

    assert [day["promotion"] for day in days] == panel.promotion[2].tolist()
    assert [day["open"] for day in days] == (panel.open[2] > 0).tolist()
    assert [day.get("price") for day in days] == [None] * 5 + [9.5] * 55


def test_ids_of_one_process_grow_and_those_of_two_differ(store: Store, tmp_path: Path):
    first, second = PredictionLog(store, tmp_path), PredictionLog(store, tmp_path)
    mine = [first.append(FROM, [{"text": "a"}], ROWS)[0] for _ in range(20)]
    others = [second.append(FROM, [{"text": "a"}], ROWS)[0] for _ in range(20)]

    assert mine == sorted(mine)
    assert len({*mine, *others}) == 40
    assert all(len(prediction_id) <= 40 for prediction_id in mine)


@pytest.mark.parametrize("lines", [1, 49, 50, 51, 1_001])
def test_every_row_is_drained_whatever_the_number(store: Store, tmp_path: Path, lines):
    log = PredictionLog(store, tmp_path)
    ids = [log.append(FROM, [{"text": f"ñ {n}"}], ROWS)[0] for n in range(lines)]
    log.drain()

    assert count(store) == lines
    assert log.find("stub", ids[-1]).instance == {"text": f"ñ {lines - 1}"}


def counts(registry: CollectorRegistry) -> dict[str, float]:
    lines = generate_latest(registry).decode().splitlines()
    told = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in told if "_created" not in name}


def test_counts_are_handed_over_once_in_time_and_on_demand():
    registry = CollectorRegistry()
    tallies = Tallies(registry)

    async def ask() -> None:
        for seconds in (0.0001, 0.0003, 0.0003, 99.0):
            tallies.handled("POST", "/x", 200, seconds)
        tallies.answered("stub", "1", 3)
        tallies.hand_over()
        tallies.hand_over()
        tallies.handled("POST", "/x", 503, 0.1)
        for _ in range(500):
            if 'contender_requests_total{method="POST",route="/x",status="503"}' in counts(
                registry
            ):
                return
            await asyncio.sleep(0.01)

    asyncio.run(ask())

    found = counts(registry)
    assert found['contender_requests_total{method="POST",route="/x",status="200"}'] == 4
    assert found['contender_requests_total{method="POST",route="/x",status="503"}'] == 1
    assert found['contender_predictions_total{model="stub",version="1"}'] == 3
    bucket = 'contender_request_seconds_bucket{{le="{}",route="/x"}}'
    found_in = [found[bucket.format(bound)] for bound in ("0.00025", "0.0005", "10.0", "+Inf")]
    assert found_in == [1, 3, 4, 5]
    assert found['contender_request_seconds_count{route="/x"}'] == 5
    assert found['contender_request_seconds_sum{route="/x"}'] == pytest.approx(99.1007)
