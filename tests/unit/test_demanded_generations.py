"""A client that demands a generation is never answered by an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage

from pipelines.settings import Settings
from serving.live import generations

PREDICT = f"/v1/models/{MODEL}/predict"
BODY = {"instances": [{"text": "pintura"}]}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    # Nobody looks by himself within a test: what is seen at once was hurried for.
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 60}
    )
    stage = Stage(settings)
    stage.promote("1", "uno")
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    with AppClient(stage.app()) as client:
        yield client


def ask(client: AppClient, demanded: str | None = None):
    headers = {} if demanded is None else {"X-Min-Generation": demanded}
    return client.post(PREDICT, json=BODY, headers=headers)


def test_each_answer_names_its_generation_and_no_other_page_does(client):
    answer = ask(client)

    assert answer.headers["X-Generation"] == "1"
    assert answer.json()["model"]["generation"] == 1
    assert "X-Generation" not in client.get("/health").headers
    assert "X-Generation" not in client.post(PREDICT, json={"instances": [{}]}).headers


@pytest.mark.parametrize("demanded", [None, "0", "1"])
def test_what_is_served_or_older_may_be_demanded(client, demanded):
    assert ask(client, demanded).status_code == 200


def test_a_worker_that_is_behind_looks_at_once_and_answers_with_the_demanded_one(
    client, stage, monkeypatch
):
    # Less than the 60 seconds after which it would look by itself.
    monkeypatch.setattr(generations, "PATIENCE_SECONDS", 50.0)
    stage.promote("2", "dos")
    assert ask(client).headers["X-Generation"] == "1"

    answer = ask(client, "2")

    assert answer.headers["X-Generation"] == "2"
    assert answer.json()["predictions"][0]["topic"] == "dos"


def test_a_worker_that_stays_behind_says_so_and_when_to_come_again(client, monkeypatch):
    monkeypatch.setattr(generations, "PATIENCE_SECONDS", 0.05)

    answer = ask(client, "7")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:contender:problem:still-behind"
    assert answer.headers["Retry-After"]
    assert "X-Generation" not in answer.headers


@pytest.mark.parametrize("demanded", ["-1", "two", "1.0", "", "9" * 10])
def test_a_demand_that_is_no_generation_is_refused(client, demanded):
    answer = ask(client, demanded)

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:contender:problem:invalid-generation"


def test_an_unknown_model_is_unknown_whatever_is_demanded(client):
    answer = client.post("/v1/models/nobody/predict", json=BODY, headers={"X-Min-Generation": "1"})

    assert answer.status_code == 404
