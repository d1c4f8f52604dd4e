"""What the server's log says of requests: ids that lead to the answer, nothing of its content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest
from asgi_client import AppClient
from log_lines import Lines, listening
from served_app import ServedApp
from serving_stage import MODEL, Stage

from pipelines.access.keys import Keys
from pipelines.settings import Settings
from serving.hot.wire import HotProtocol
from serving.observability.access_log import AccessLog
from serving.observability.request_fields import trace_of
from serving.slots.slots import Slots

PREDICT = f"/v1/models/{MODEL}/predict"
BODY = {"instances": [{"text": "a very private text"}]}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-00"


@pytest.fixture
def lines() -> Iterator[Lines]:
    with listening() as lines:
        yield lines


@pytest.fixture
def stage(make_settings: Callable[..., Settings], request) -> Iterator[Stage]:
    share = getattr(request, "param", 0.0)
    models = {MODEL: {"source": {"url": "rows.csv"}}}
    stage = Stage(make_settings(models=models, logging={"access": share}))
    stage.promote("1", "pintura")
    yield stage
    stage.close()


def failing(*_: object) -> object:
    raise ZeroDivisionError("the disk of ana:hunter2 is gone")


def test_a_champion_that_begins_to_answer_is_named_with_its_decision(stage, lines):
    with AppClient(stage.app()):
        pass

    (line,) = lines.of("serving.slots.keeper")
    head = stage.log.head(MODEL)
    assert head is not None
    assert {key: line[key] for key in ("model", "version", "decision_id", "generation")} == {
        "model": MODEL,
        "version": "1",
        "decision_id": head.decision_id,
        "generation": 1,
    }


def test_a_decision_is_named_in_the_line_of_whoever_records_it(stage, lines):
    decision = stage.decide("2", "d")

    (line,) = lines.of("pipelines.decisions.log")
    assert line["event"] == "stub: promoted"
    assert (line["model"], line["version"], line["generation"]) == (MODEL, "2", 2)
    assert (line["kind"], line["decision_id"]) == ("verdict", decision.decision_id)


def test_requests_that_go_well_get_no_line_unless_asked_for(stage, lines):
    with AppClient(stage.app()) as client:
        assert client.post(PREDICT, json=BODY).status_code == 200
        assert client.get("/livez").status_code == 200

    assert lines.of("serving.access") == []


def test_a_request_that_fails_always_gets_one_with_the_id_that_its_caller_got(
    stage, lines, monkeypatch
):
    monkeypatch.setattr(Slots, "acquire", failing)
    with AppClient(stage.app()) as client:
        answer = client.post(PREDICT, json=BODY, headers={"traceparent": PARENT})

    (line,) = lines.of("serving.access")
    (error,) = lines.of("serving.errors")
    assert answer.status_code == line["status"] == 500
    assert line["level"] == "warning"
    assert line["request_id"] == error["request_id"] == answer.headers["X-Request-Id"]
    assert line["trace_id"] == error["trace_id"] == TRACE
    assert "ZeroDivisionError" in str(error["exception"])
    assert "private" not in json.dumps(lines.written)


@pytest.mark.parametrize("stage", [1.0], indirect=True)
def test_a_line_of_an_answer_names_model_version_and_decision_and_no_content(stage, lines):
    with AppClient(stage.app()) as client:
        answer = client.post(PREDICT, json=BODY, headers={"X-Request-Id": "mine-1"})
        client.get("/livez?token=hunter2", headers={"X-Request-Id": "mine-2"})

    asked, alive = lines.of("serving.access")
    assert (asked["method"], asked["route"]) == ("POST", "/v1/models/{name}/predict")
    assert asked["request_id"] == "mine-1"
    assert asked["decision_id"] == answer.json()["model"]["decision_id"]
    assert (asked["model"], asked["version"], asked["status"]) == (MODEL, "1", 200)
    assert float(str(asked["milliseconds"])) > 0
    assert (alive["route"], alive["request_id"]) == ("/livez", "mine-2")
    assert "model" not in alive
    assert "private" not in json.dumps(lines.written)
    assert "hunter2" not in json.dumps(lines.written)


@pytest.mark.parametrize("stage", [1.0], indirect=True)
def test_what_a_connection_answers_by_itself_gets_the_same_line(stage, lines):
    with ServedApp(stage.app(), http=HotProtocol) as served:
        connection = HTTPConnection(served.host, served.port, timeout=30)
        headers = {"Content-Type": "application/json", "X-Request-Id": "mine-1"}
        for more in ({}, {"Content-Type": "application/x+json"}):
            connection.request(
                "POST", PREDICT, json.dumps(BODY), headers | {"traceparent": PARENT} | more
            )
            assert connection.getresponse().read()
        connection.close()

    quick, usual = lines.of("serving.access")
    for changing in ("timestamp", "milliseconds"):
        quick.pop(changing), usual.pop(changing)
    assert quick == usual
    assert quick["decision_id"]
    assert quick["trace_id"] == TRACE


@pytest.mark.parametrize("stage", [1.0], indirect=True)
def test_who_asked_by_a_key_is_named_and_the_key_is_not_shown(stage, lines):
    made = Keys(stage.store).create("ana", "viewer", by="root")
    with AppClient(stage.app()) as client:
        client.get("/health", headers={"Authorization": f"Bearer {made.text}"})
        client.get("/health")

    asked, anonymous = lines.of("serving.access")
    assert (asked["who"], asked["key_id"]) == ("ana", made.key.key_id)
    assert "who" not in anonymous
    assert made.text.rpartition("_")[2] not in json.dumps(lines.written)


def test_a_share_of_the_requests_gets_a_line(lines):
    draws = iter([0.1, 0.3, 0.2, 0.9])
    access = AccessLog(0.25, draw=lambda: next(draws))
    for number in range(4):
        access.handled("GET", "/livez", 200, 0.001, f"r{number}")
    access.handled("GET", "/livez", 503, 0.001, "failed")

    assert [line["request_id"] for line in lines.of("serving.access")] == ["r0", "r2", "failed"]


@pytest.mark.parametrize(
    "given",
    [None, b"", b"nonsense", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", PARENT.encode() + b"-1"],
)
def test_a_malformed_trace_is_no_trace(given):
    assert trace_of(given) == {}
