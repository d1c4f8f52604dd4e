"""The fast path answers as the documented routes do, and leaves to them what it does not take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from asgi_client import AppClient
from prometheus_client import CollectorRegistry
from serving_stage import MODEL, Stage
from starlette.datastructures import State

from pipelines.prediction_log import count
from pipelines.settings import Settings
from pipelines.store import Store
from serving.access.door import Door
from serving.hot.calls import Call, HotRoute, Reply, reply_of
from serving.hot.routes import HotRoutes
from serving.hot.table import HotTable
from serving.metrics.tallies import Tallies
from serving.observability.access_log import AccessLog
from serving.problems import Problem, respond

PREDICT = f"/v1/models/{MODEL}/predict"
PLAIN = {"Content-Type": "application/json"}
DOCUMENTED = {"Content-Type": "application/vnd.shop+json"}
"""JSON by another name, which the fast path leaves to the documented route."""


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    stage.promote("1", "pintura")
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    with AppClient(stage.app()) as client:
        yield client


BODIES = [
    b'{"instances": [{"text": "a"}, {"text": "b"}]}',
    b'{"instances": []}',
    b'{"instances": [{"text": ""}]}',
    b'{"instances": [{"text": 7}, {}]}',
    b'{"instances": "a"}',
    b'{"instances": [{"text": "a"}], "more": 1}',
    b"[]",
    b"{",
    b"\xff",
    b'{"instances": [{"text": NaN}]}',
    b'{"instances": [' + b'{"text": "long enough to be read by a thread"},' * 3000 + b"{}]}",
    b"[" * 500 + b"]" * 500,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_both_ways_answer_and_refuse_alike(client, body):
    told = {"X-Request-Id": "mine-1"}
    hot, slow = (
        client.post(PREDICT, content=body, headers={**kind, **told}) for kind in (PLAIN, DOCUMENTED)
    )

    def comparable(response: Any) -> tuple[object, ...]:
        document = response.json()
        ids = document.pop("prediction_ids", [])
        headers = {name for name in response.headers if name != "content-length"}
        return response.status_code, document, len(ids), headers

    assert comparable(hot) == comparable(slow)
    assert hot.headers["X-Request-Id"] == "mine-1"


def test_every_way_is_logged_and_counted_once_under_one_route(client, stage):
    for kind in (PLAIN, DOCUMENTED):
        client.post(PREDICT, content=BODIES[0], headers=kind)
        client.post(PREDICT, content=b"{", headers=kind)

    text = client.get("/metrics").text
    client.app.state.services.predictions.drain()

    assert 'contender_predictions_total{model="stub",version="1"} 4.0' in text
    for status in ("200", "400"):
        line = 'contender_requests_total{method="POST",route="/v1/models/{name}/predict",status='
        assert f'{line}"{status}"}} 2.0' in text
    assert 'request_seconds_count{route="/v1/models/{name}/predict"} 4.0' in text
    assert count(stage.store) == 4


def test_an_answer_names_its_generation_and_a_demanded_one_is_waited_for(client):
    assert client.post(PREDICT, content=BODIES[0], headers=PLAIN).headers["X-Generation"] == "1"
    ahead = {**PLAIN, "X-Min-Generation": "1000000000000"}
    assert client.post(PREDICT, content=BODIES[0], headers=ahead).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "Application/JSON"}, 200),
        ({**PLAIN, "Transfer-Encoding": "chunked"}, 200),
    ],
)
def test_what_is_not_plain_is_still_taken_or_refused(client, headers, status):
    assert client.post(PREDICT, content=BODIES[0], headers=headers).status_code == status


def test_another_method_or_model_is_refused_as_before(client):
    assert client.get(PREDICT).status_code == 405
    unknown = client.post("/v1/models/nobody/predict", content=BODIES[0], headers=PLAIN)
    assert (unknown.status_code, unknown.json()["type"][-13:]) == (404, "unknown-model")


def test_an_unforeseen_error_is_a_problem_with_the_requests_id(client, monkeypatch):
    def fail(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(client.app.state.services.slots, "answer", fail)
    response = client.post(PREDICT, content=BODIES[0], headers={**PLAIN, "X-Request-Id": "mine-2"})

    assert response.status_code == 500
    assert response.json()["request_id"] == response.headers["X-Request-Id"] == "mine-2"
    assert "secret" not in response.text
    assert 'predict",status="500"} 1.0' in client.get("/metrics").text


def test_the_documented_route_is_in_the_document(client):
    operation = client.get("/openapi.json").json()["paths"]["/v1/models/{name}/predict"]["post"]
    assert "name" in {parameter["name"] for parameter in operation["parameters"]}


class Asked:
    """Hot routes over an application that only takes note of being asked."""

    def __init__(self, registry: CollectorRegistry, door: Door) -> None:
        self.handed_on = 0
        self.sent: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        table = HotTable(
            [HotRoute("POST", "/recommend", self._echo)],
            [],
            state=State(),
            limit_bytes=100,
            tallies=Tallies(registry),
            access=AccessLog(0.0),
            door=door,
        )
        self._routes = HotRoutes(self._other, table=table)

    def ask(self, headers: list[tuple[bytes, bytes]], *messages: dict[str, Any]) -> None:
        waiting = list(messages)

        async def receive() -> dict[str, Any]:
            return waiting.pop(0)

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/recommend",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000"), *headers],
        }
        asyncio.run(self._routes(scope, receive, send))

    async def _echo(self, call: Call) -> Reply:
        self.bodies.append(call.body)
        return Reply(call.body, headers=((b"x-more", b"1"),))

    async def _other(self, *_: object) -> None:
        self.handed_on += 1


JSON_HEADER = (b"content-type", b"application/json")


@pytest.fixture
def asked(settings: Settings, store: Store) -> Asked:
    return Asked(CollectorRegistry(), Door(settings.access, store, beyond_loopback=False))


def test_a_body_in_several_pieces_is_put_together(asked):
    pieces = [
        {"type": "http.request", "body": b"[1,", "more_body": True},
        {"type": "http.request", "body": b"2]", "more_body": False},
    ]
    asked.ask([JSON_HEADER, (b"content-length", b"5")], *pieces)

    assert asked.bodies == [b"[1,2]"]
    start, body = asked.sent
    assert (b"x-more", b"1") in start["headers"]
    assert body["body"] == b"[1,2]"


def test_who_leaves_before_his_body_is_here_gets_no_answer(asked):
    first = {"type": "http.request", "body": b"[1,", "more_body": True}
    for messages in ([{"type": "http.disconnect"}], [first, {"type": "http.disconnect"}]):
        asked.ask([JSON_HEADER, (b"content-length", b"5")], *messages)

    assert (asked.sent, asked.bodies, asked.handed_on) == ([], [], 0)


@pytest.mark.parametrize(
    "headers",
    [
        [JSON_HEADER],
        [JSON_HEADER, (b"content-length", b"0")],
        [JSON_HEADER, (b"content-length", b"101")],
        [JSON_HEADER, (b"content-length", b"+5")],
        [JSON_HEADER, JSON_HEADER, (b"content-length", b"5")],
        [(b"content-length", b"5")],
        [JSON_HEADER, (b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
    ],
)
def test_what_is_not_plain_is_handed_on_unread(asked, headers):
    asked.ask(headers)

    assert (asked.handed_on, asked.bodies) == (1, [])


def test_a_response_becomes_a_reply_with_all_that_it_says():
    problem = Problem(503, "no-champion", "not yet", headers={"Retry-After": "5"})
    reply = reply_of(respond(problem, "/x", "id"))

    assert (reply.status, reply.media_type) == (503, b"application/problem+json")
    assert reply.headers == ((b"retry-after", b"5"),)
    assert orjson.loads(reply.body)["detail"] == "not yet"
