"""Whatever is wrong with a request, the answer is a problem that names what and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage

from pipelines.prediction_log import count
from pipelines.settings import Settings

PREDICT = f"/v1/models/{MODEL}/predict"
FEEDBACK = f"/v1/models/{MODEL}/feedback"
RETRAIN = f"/v1/models/{MODEL}/retrain"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}, "empty": {"source": {"url": "none.csv"}}},
        serving={"body_limit_bytes": 50_000, "instances_limit": 100},
    )
    stage = Stage(settings)
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client


def problem(response, status, slug):
    """Return the document after checking what every problem has."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["type"] == f"urn:contender:problem:{slug}"
    assert document["status"] == status
    assert document["request_id"] == response.headers["X-Request-Id"]
    return document


def predict(client, *instances):
    return client.post(PREDICT, json={"instances": list(instances)})


def test_a_missing_field_is_named_with_its_instance(client):
    document = problem(predict(client, {"text": "a"}, {}), 422, "invalid-instances")

    assert document["errors"] == [{"instance": 1, "field": "text", "message": "is missing"}]


def test_every_faulty_instance_is_named(client):
    response = predict(client, {"text": 1}, {"text": "a"}, "a text", {"text": ""})

    faults = problem(response, 422, "invalid-instances")["errors"]

    assert [(fault["instance"], fault["field"]) for fault in faults] == [
        (0, "text"),
        (2, ""),
        (3, "text"),
    ]


def test_a_long_text_is_refused_without_quoting_it(client):
    document = problem(predict(client, {"text": "x" * 30_000}), 422, "invalid-instances")

    assert document["errors"][0]["message"] == "is longer than 20000 characters"
    assert len(str(document)) < 1000


def test_a_blank_text_that_only_the_model_can_refuse_is_refused_by_index(client):
    document = problem(predict(client, {"text": "a"}, {"text": "  "}), 422, "request-refused")

    assert "instance 1" in document["detail"]


def test_too_many_instances_are_refused_with_the_limit(client):
    document = problem(predict(client, *[{"text": "a"}] * 101), 422, "too-many-instances")

    assert document["detail"] == "101 instances in one call; the limit is 100"


def test_a_body_over_the_limit_is_refused(client):
    problem(client.post(PREDICT, content=b"x" * 50_001, headers=JSON), 413, "body-too-large")


def test_a_body_of_undeclared_length_over_the_limit_is_refused(client):
    async def endless():
        for _ in range(100):
            yield b"x" * 1000

    problem(client.post(PREDICT, content=endless(), headers=JSON), 413, "body-too-large")


def test_a_body_of_undeclared_length_is_answered(client):
    async def pieces():
        yield b'{"instances": [{"te'
        yield b'xt": "a"}]}'

    response = client.post(PREDICT, content=pieces(), headers=JSON)

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b'{"instances": [NaN]}', "not JSON"),
        (b'{"instances": ["\xff"]}', "not JSON"),
        (b"[" * 20_000, "not JSON"),
        (b"[]", "must be an object"),
        (b"{}", '"instances" is missing'),
        (b'{"instances": {}}', '"instances" is not a list'),
        (b'{"instances": [], "inputs": []}', "unknown fields: inputs"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(client, body, said):
    response = client.post(PREDICT, content=body, headers=JSON)

    assert said in problem(response, 400, "malformed-body")["detail"]


@pytest.mark.parametrize("path", [PREDICT, f"/v1/models/{MODEL}/rollback"])
@pytest.mark.parametrize("said", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_another_content_type_is_refused(client, path, said):
    response = client.post(path, content=b'{"instances": []}', headers={"Content-Type": said})

    assert "application/json" in problem(response, 415, "unsupported-body")["detail"]


def test_malformed_or_deeply_nested_json_is_refused_where_fastapi_parses_it(client):
    path = f"/v1/models/{MODEL}/rollback"

    problem(client.post(path, content=b"{", headers=JSON), 400, "malformed-body")
    problem(client.post(path, content=b"[" * 40_000, headers=JSON), 400, "malformed-body")


DEEP = "[" * 240 + "]" * 240


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PREDICT, f'{{"instances": [{{"text": "a", "more": {DEEP}}}]}}'),
        (PREDICT, f'{{"instances": {DEEP}}}'),
        (PREDICT, '{"instances": [{"text": "\\ud800"}]}'),
        (FEEDBACK, f'{{"prediction_id": "p", "reviewer": "ana", "actual": {DEEP}}}'),
        (FEEDBACK, '{"prediction_id": "p", "reviewer": "ana", "actual": "\\ud800"}'),
        (FEEDBACK, '{"prediction_id": "p", "reviewer": "ana", "actual": NaN}'),
        (RETRAIN, '{"params": {"\\ud800": 1}}'),
        (RETRAIN, '{"params": {"alpha": Infinity}}'),
    ],
)
def test_what_could_be_read_but_never_written_again_is_refused(client, stage, path, body):
    problem(client.post(path, content=body.encode(), headers=JSON), 400, "malformed-body")

    assert not stage.orchestration.started


def test_nesting_that_can_be_kept_is_answered_and_logged(client, stage):
    deep = "[" * 200 + "]" * 200
    body = f'{{"instances": [{{"text": "a", "more": {deep}}}]}}'

    assert client.post(PREDICT, content=body.encode(), headers=JSON).status_code == 200
    client.app.state.services.predictions.drain()

    assert count(stage.store) == 1


def test_an_unknown_model_is_refused_with_those_that_there_are(client):
    response = client.post("/v1/models/nobody/predict", json={"instances": []})

    assert "empty, stub" in problem(response, 404, "unknown-model")["detail"]
    problem(client.get("/v1/models/nobody"), 404, "unknown-model")
    problem(client.post("/v1/models/nobody/retrain"), 404, "unknown-model")


def test_a_model_without_a_champion_asks_to_come_back(client):
    response = client.post("/v1/models/empty/predict", json={"instances": [{"text": "a"}]})

    problem(response, 503, "no-champion")
    assert int(response.headers["Retry-After"]) > 0


def test_unknown_paths_methods_decisions_and_parameters_are_problems(client):
    problem(client.get("/nowhere"), 404, "unknown-path")
    wrong = client.get(PREDICT)
    assert "POST" in problem(wrong, 405, "wrong-method")["detail"]
    assert wrong.headers["Allow"] == "POST"
    problem(client.get("/v1/decisions/d000099-000000"), 404, "unknown-decision")
    document = problem(client.get("/v1/decisions?limit=0"), 422, "invalid-request")
    assert document["errors"][0]["field"] == "query.limit"


def test_nothing_that_was_refused_is_logged_as_a_prediction(client, stage):
    predict(client, {"text": "a"}, {"text": "  "})
    predict(client, {})
    predict(client, {"text": "a"})

    client.app.state.services.predictions.drain()

    assert count(stage.store) == 1


def test_a_prediction_that_cannot_be_logged_is_not_answered(client, stage, monkeypatch):
    def full(_descriptor, _data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipelines.spool.os.write", full)

    response = predict(client, {"text": "a"})
    problem(response, 503, "log-unavailable")
    assert str(stage.settings.var) not in response.text


def test_an_unforeseen_error_says_nothing_but_its_request(client, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(client.app.state.services.slots, "record", broken)

    response = predict(client, {"text": "a"})

    assert "secret" not in str(problem(response, 500, "unforeseen"))
