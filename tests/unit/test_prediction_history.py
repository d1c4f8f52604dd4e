"""An answer of earlier, told with its decision, its training, its truth, and today's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from demand_stage import serve_demand, small_panel
from domain_stage import DomainStage
from serving_stage import MODEL, Stage
from waiting import wait_for

from cli.explain import _story
from pipelines.decisions.lineage import lineage
from pipelines.decisions.log import UnknownDecision
from pipelines.orders.stored_sales import sales_folder, write_sales
from pipelines.prediction_log import count
from pipelines.settings import Settings
from serving.routers.history import _today

PREDICT = f"/v1/models/{MODEL}/predict"


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(
        make_settings(
            models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 0.05}
        )
    )
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client


def asked(client: AppClient, text: str) -> str:
    answer = client.post(PREDICT, json={"instances": [{"text": text}]}).json()
    return str(answer["prediction_ids"][0])


def history(client: AppClient, prediction_id: str) -> dict:
    response = client.get(f"/v1/models/{MODEL}/predictions/{prediction_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


def await_version(client: AppClient, version: str) -> None:
    served = f"/v1/models/{MODEL}"
    wait_for(lambda: client.get(served).json()["champion"]["version"] == version)


def test_the_story_of_an_answer_goes_on_after_its_version_was_replaced(client, stage):
    first = stage.log.head(MODEL)
    prediction_id = asked(client, "pintura")
    given = {"prediction_id": prediction_id, "actual": "dos", "reviewer": "ana"}
    assert client.post(f"/v1/models/{MODEL}/feedback", json=given).status_code == 201
    assert history(client, prediction_id)["today"]["same"] is True

    stage.promote("2", "dos")
    await_version(client, "2")
    told = history(client, prediction_id)

    assert told["prediction"]["version"] == "1"
    assert told["prediction"]["instance"] == {"text": "pintura"}
    assert told["prediction"]["answer"][0]["topic"] == "uno"
    assert told["decision"]["decision_id"] == first.decision_id
    assert [said["actual"] for said in told["feedback"]] == ["dos"]
    assert (told["today"]["version"], told["today"]["same"]) == ("2", False)
    assert told["today"]["answer"][0]["topic"] == "dos"
    story = "\n".join(_story(told))
    assert "says ana" in story
    assert "version 2 says" in story


def test_asking_for_a_story_logs_no_prediction(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        prediction_id = asked(client, "pintura")
        for _ in range(3):
            history(client, prediction_id)
    # What was logged has been drained when the application is down.
    assert count(stage.store, MODEL) == 1


def test_what_is_not_there_is_a_problem(client):
    missing = client.get(f"/v1/models/{MODEL}/predictions/nothing-0")
    assert (missing.status_code, missing.json()["type"]) == (
        404,
        "urn:contender:problem:unknown-prediction",
    )
    assert client.get("/v1/models/nobody/predictions/x-0").status_code == 404


def test_a_versions_making_is_told_where_it_was_recorded(stage):
    decision = stage.promote("1", "uno")
    told = lineage(stage.log, MODEL, "1", decision.decision_id)
    assert told["trained"]["at"] <= decision.created_at
    assert told["decision"]["decision_id"] == decision.decision_id
    assert lineage(stage.log, MODEL, "9", decision.decision_id)["trained"] is None
    with pytest.raises(UnknownDecision):
        lineage(stage.log, MODEL, "1", "d000000-000000")


@pytest.fixture
def sold(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models={"demand_forecast": {"source": {"url": "rows.csv"}}}))
    yield stage
    stage.close()


def test_today_is_asked_with_the_stored_sales_of_then_or_not_at_all(sold):
    folder = sales_folder(sold.settings.var)
    write_sales(folder, small_panel(days=420), "state 1", "2026-11-21T00:00:00")
    with AppClient(app := sold.app()) as client:
        serve_demand(app)
        body = client.post("/api/v1/predict", json={"productId": "P03"}).json()
        services, sales = app.state.services, app.state.sales
        found = services.predictions.find("demand_forecast", body["prediction_id"])
        today = asyncio.run(_today(services, found, sales))
        assert (today["same"], today["refused"]) == (True, None)
        write_sales(folder, small_panel(days=420, seed=9), "state 2", "2026-11-22T00:00:00")
        later = asyncio.run(_today(services, found, sales))
        assert later["answer"] is None
        assert "have been replaced since" in later["refused"]
