"""The categoriser's interface, asked through the whole application in the words of its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage, serve_categoriser

from pipelines.orchestration import OrchestrationUnavailable
from pipelines.settings import Settings

INFERENCE = "/v1/categorizer/inference"


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(
        make_settings(
            models={"product_categories": {"source": {"url": "categories.csv"}}},
            serving={"instances_limit": 50, "text_limit_characters": 100},
        )
    )
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    app = stage.app()
    with AppClient(app) as client:
        serve_categoriser(app)
        yield client


def test_the_answer_has_the_shape_that_clients_read(client):
    response = client.post(INFERENCE, json={"product_list": ["Martillo", "Esmalte rojo"]})
    assert response.status_code == 200
    body = response.json()
    assert body["errors"] is False
    assert body["categories"] == ["Herramienta", "Pintura"]
    assert body["model_name"] == "product_categories"
    assert body["confidence"] == [0.9, 0.9]
    assert body["alternatives"][0] == [{"category": "Herramienta", "confidence": 0.9}]
    assert (body["version"], body["decision_id"]) == ("5", "d5")
    assert len(body["prediction_ids"]) == 2


def test_an_empty_list_gives_no_categories(client):
    body = client.post(INFERENCE, json={"product_list": []}).json()
    assert (body["errors"], body["categories"]) == (False, [])


@pytest.mark.parametrize("name", ["product_categories", None, ""])
def test_the_served_models_name_may_be_said(client, name):
    response = client.post(INFERENCE, json={"product_list": ["x"], "model_name": name})
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["random_forest", 7, ["product_categories"]])
def test_another_models_name_is_refused(client, name):
    response = client.post(INFERENCE, json={"product_list": ["x"], "model_name": name})
    assert response.status_code == 404
    assert response.json()["errors"] is True
    assert "model_name" in response.json()["error"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "«product_list»"),
        ({"product_list": None}, "«product_list»"),
        ({"product_list": "Martillo"}, "lista"),
        ({"product_list": ["Martillo", "  "]}, "elemento 1"),
        ({"product_list": ["Martillo", "Clavo", 3]}, "elemento 2"),
        ({"product_list": ["x" * 101]}, "elemento 0"),
        ({"product_list": ["x"] * 51}, "demasiados"),
        ({"product_list": [3] * 51}, "demasiados"),  # counted before they are looked at
        ({"product_list": ["???"]}, "textos"),
        (["Martillo"], "objeto"),
    ],
)
def test_what_is_wrong_is_named_in_spanish(client, body, named):
    response = client.post(INFERENCE, json=body)
    assert response.status_code == 422
    document = response.json()
    assert document["errors"] is True
    assert document["categories"] == []
    assert named in document["error"]
    assert document["message"] == document["error"]


def test_a_malformed_body_and_a_wrong_method_are_refused_in_spanish(client):
    malformed = client.post(
        INFERENCE, content=b'{"product_list": [', headers={"Content-Type": "application/json"}
    )
    wrong = client.get(INFERENCE)
    deleted = client.request("DELETE", "/training")
    assert [malformed.status_code, wrong.status_code, deleted.status_code] == [400, 405, 405]
    for response in (malformed, wrong, deleted):
        assert response.json()["errors"] is True
        assert response.json()["error"]


def test_before_the_first_champion_clients_are_asked_to_wait(stage):
    with AppClient(stage.app()) as client:
        response = client.post(INFERENCE, json={"product_list": ["x"]})
    assert response.status_code == 503
    assert response.json()["errors"] is True
    assert "Retry-After" in response.headers


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_retraining_is_started_and_its_run_named(stage, client, method):
    response = client.request(method, "/training")
    assert response.status_code == 202
    body = response.json()
    run = stage.orchestration.started[0]
    assert body["message"]
    assert (body["run_id"], body["run_url"]) == (run.id, run.url)
    assert body["started"] is True


def test_while_a_retraining_runs_the_same_one_is_named(stage, client):
    first = client.post("/training").json()
    second = client.get("/training")
    assert second.status_code == 202
    assert second.json()["run_id"] == first["run_id"]
    assert second.json()["started"] is False
    assert len(stage.orchestration.started) == 1
    stage.orchestration.ended = True
    assert client.get("/training").json()["run_id"] != first["run_id"]


def test_without_prefect_a_retraining_is_refused_in_spanish(stage, client, monkeypatch):
    def away(_model: str) -> None:
        raise OrchestrationUnavailable("Prefect does not answer")

    monkeypatch.setattr(stage.orchestration, "running", away)
    response = client.post("/training")
    assert response.status_code == 503
    assert "Prefect" in response.json()["error"]


def test_the_document_shows_both_interfaces_with_examples(client):
    paths = client.get("/openapi.json").json()["paths"]
    body = paths[INFERENCE]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["product_list"]["examples"]
    assert {"/training", "/api/predicciones", "/api/buscar"} <= set(paths)
    assert paths["/api/buscar"]["post"]["requestBody"]["content"]["application/json"]["schema"]
