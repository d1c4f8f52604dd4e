"""The generic interface, asked through the whole application without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.arena.served import record_served
from pipelines.settings import Settings

PREDICT = f"/v1/models/{MODEL}/predict"


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}, "empty": {"source": {"url": "none.csv"}}},
        serving={"poll_seconds": 0.05},
    )
    stage = Stage(settings)
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client


def predict(client: AppClient, *texts: str) -> dict:
    response = client.post(PREDICT, json={"instances": [{"text": text} for text in texts]})
    assert response.status_code == 200, response.text
    return response.json()


def test_an_answer_names_model_version_decision_and_each_prediction(client, stage):
    head = stage.log.head(MODEL)

    answer = predict(client, "pintura", "ñandú")

    assert [row["topic"] for row in answer["predictions"]] == ["uno", "uno"]
    assert answer["model"] == {
        "name": MODEL,
        "version": "1",
        "decision_id": head.decision_id,
        "generation": 1,
    }
    assert len(set(answer["prediction_ids"])) == 2


def test_no_instances_give_no_predictions(client):
    assert predict(client)["predictions"] == []


def test_a_request_id_is_honoured_and_returned(client):
    headers = {"X-Request-Id": "order-17"}
    response = client.post(PREDICT, json={"instances": [{"text": "a"}]}, headers=headers)

    assert response.headers["X-Request-Id"] == "order-17"
    assert response.json()["request_id"] == "order-17"


def test_a_request_id_that_could_forge_a_log_line_is_replaced(client):
    response = client.get("/livez", headers={"X-Request-Id": "a b<script>"})

    assert response.headers["X-Request-Id"] not in {"", "a b<script>"}


def test_models_are_listed_with_and_without_a_champion(client):
    listed = {row["model"]: row for row in client.get("/v1/models").json()["models"]}

    assert listed[MODEL]["condition"] == "serving"
    assert listed["empty"]["condition"] == "no_champion"
    assert listed["empty"]["champion"] is None


def test_a_model_shows_its_contract_its_decision_and_its_workers(client, stage):
    shown = client.get(f"/v1/models/{MODEL}").json()

    assert shown["contract"]["request_schema"]["properties"]["text"]["type"] == "string"
    assert shown["contract"]["examples"][0] == {"text": "pintura"}
    assert shown["decision"]["reasons"] == ["it was better"]
    assert [worker["version"] for worker in shown["workers"]] == ["1"]
    assert shown["digest"] == stage.log.admitted(MODEL, "1")


def test_feedback_is_kept_at_once_and_names_the_version_that_answered(client):
    prediction_id = predict(client, "pintura")["prediction_ids"][0]

    body = {"prediction_id": prediction_id, "actual": "dos", "reviewer": "ana"}
    response = client.post(f"/v1/models/{MODEL}/feedback", json=body)

    assert response.status_code == 201, response.text
    assert response.json()["model"]["version"] == "1"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"prediction_id": "nobody", "actual": "uno", "reviewer": "ana"}, 404, "unknown-predict"),
        ({"prediction_id": "nobody", "actual": 5, "reviewer": "ana"}, 422, "invalid-actual"),
        ({"prediction_id": "nobody", "actual": "uno"}, 422, "invalid-request"),
    ],
)
def test_feedback_that_cannot_be_true_is_refused(client, body, status, slug):
    response = client.post(f"/v1/models/{MODEL}/feedback", json=body)

    assert response.status_code == status
    assert slug in response.json()["type"]


def test_a_rollback_is_a_recorded_decision_and_is_served(client, stage):
    stage.promote("2", "dos")
    wait_for(lambda: predict(client, "a")["model"]["version"] == "2")

    body = {"actor": "ana", "reason": "complaints"}
    decision = client.post(f"/v1/models/{MODEL}/rollback", json=body).json()

    assert (decision["kind"], decision["reasons"]) == ("rollback", ["ana: complaints"])
    wait_for(lambda: predict(client, "a")["model"]["decision_id"] == decision["decision_id"])
    assert predict(client, "a")["predictions"][0]["topic"] == "uno"


def test_a_retraining_answers_with_the_link_of_its_run_and_is_idempotent_while_it_runs(
    client, stage
):
    first = client.post(f"/v1/models/{MODEL}/retrain", json={"actor": "ana", "reason": "new data"})
    second = client.post(f"/v1/models/{MODEL}/retrain")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["run"]["url"] == second.json()["run"]["url"] == first.headers["Location"]
    assert (first.json()["started"], second.json()["started"]) == (True, False)
    stage.orchestration.ended = True
    assert client.post(f"/v1/models/{MODEL}/retrain").json()["started"]
    asked = [(model, actor, reason) for model, _, actor, reason in stage.orchestration.asked]
    assert asked == [(MODEL, "ana", "new data"), (MODEL, "api", "requested over HTTP")]


def test_decisions_are_listed_newest_first_and_shown_whole(client, stage):
    listed = client.get("/v1/decisions", params={"model": MODEL}).json()["decisions"]

    assert [row["kind"] for row in listed] == ["verdict", "admitted"]
    whole = client.get(f"/v1/decisions/{listed[0]['decision_id']}").json()
    assert whole["record"]["effects"]["alias_after"] == "1"
    assert whole["hash"] == stage.log.get(listed[0]["decision_id"]).hash


def test_a_decision_shows_when_each_worker_confirmed_it(client, stage):
    head = stage.log.head(MODEL)
    assert client.get(f"/v1/decisions/{head.decision_id}").json()["followed"] == []

    assert record_served(stage.log, head)

    (followed,) = client.get(f"/v1/decisions/{head.decision_id}").json()["followed"]
    (worker,) = client.get("/readyz").json()["workers"][MODEL]
    assert followed["of"] == head.decision_id
    assert followed["confirmations"] == {worker["worker_id"]: worker["confirmed_at"]}


def test_health_says_running_and_readiness_names_every_worker(client):
    assert client.get("/livez").json() == {"status": "alive"}
    health = client.get("/health").json()
    assert (health["status"], health["registry"]) == ("running", "reachable")
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["workers"][MODEL][0]["worker_id"] == health["worker_id"]


def test_metrics_count_answers_by_version_and_requests_by_route(client):
    predict(client, "a", "b")
    client.get("/no/such/path")

    text = client.get("/metrics").text

    assert 'contender_predictions_total{model="stub",version="1"} 2.0' in text
    assert 'route="/v1/models/{name}/predict",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert 'contender_champion_generation{model="stub"} 1.0' in text
    assert "contender_registry_up 1.0" in text


def test_a_webhook_is_only_a_hint(client, stage):
    body = {"entity": "model_version_alias", "data": {"name": MODEL, "version": "99"}}
    assert client.post("/v1/registry-events", json=body).status_code == 202

    assert predict(client, "a")["model"]["version"] == "1"


def test_the_documentation_is_served_without_a_network_and_shows_live_examples(client):
    page = client.get("/docs").text
    document = client.get("/openapi.json").json()

    assert "https://" not in page
    media = document["paths"]["/v1/models/{name}/predict"]["post"]["requestBody"]["content"]
    assert media["application/json"]["examples"][MODEL]["value"] == {
        "instances": [{"text": "pintura"}]
    }
    asked = document["paths"]["/v1/models/{name}/predict"]["post"]["parameters"]
    headers = {each["name"] for each in asked if each["in"] == "header"}
    assert headers == {"X-Request-Id", "X-Deadline-Ms", "X-Min-Generation", "X-Unit-Id"}
    assert "HTTPValidationError" not in str(document["paths"])


def test_a_model_says_how_it_is_answered_and_why(client):
    answering = client.get(f"/v1/models/{MODEL}").json()["answering"]

    assert (answering["where"], answering["batched"], answering["waiting"]) == (
        "event loop",
        False,
        0,
    )
    assert "ms" in answering["reason"]
    assert client.get("/v1/models/empty").json()["answering"] is None
