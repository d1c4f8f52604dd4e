"""Connections answer what is quick by themselves, and nothing differs but that it is quicker."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from answered_at_once import answered_at_once
from demand_stage import serve_demand, small_panel
from domain_stage import DomainStage, serve_categoriser
from recommender_stage import serve_recommender
from served_app import ServedApp
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.orders.stored_sales import sales_folder, write_sales
from pipelines.prediction_log import count
from pipelines.settings import Settings
from serving.hot.wire import HotProtocol

PREDICT = f"/v1/models/{MODEL}/predict"
GOOD = b'{"instances": [{"text": "a"}]}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    stage.promote("1", "pintura")
    yield stage
    stage.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the requests that connections answered by themselves."""
    return answered_at_once(monkeypatch)


@pytest.fixture
def served(stage: Stage, at_once: list[str]) -> Iterator[ServedApp]:
    with ServedApp(stage.app(), http=HotProtocol) as served:
        yield served


@pytest.fixture
def connection(served: ServedApp) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(served.host, served.port, timeout=30)
    yield connection
    connection.close()


def ask(
    connection: HTTPConnection, body: bytes = GOOD, path: str = PREDICT, **headers: str
) -> tuple[HTTPResponse, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", path, body, JSON | named)
    response = connection.getresponse()
    return response, json.loads(response.read())


def test_a_quick_request_is_answered_by_its_connection_and_says_what_others_say(
    connection, at_once
):
    quick, told = ask(connection, X_Request_Id="mine-1")
    usual, also = ask(connection, X_Request_Id="mine-1", Content_Type="application/x+json")

    assert at_once == ["mine-1"]
    assert (quick.status, usual.status) == (200, 200)
    assert set(quick.headers) == set(usual.headers)
    assert quick.headers["X-Generation"] == usual.headers["X-Generation"] == "1"
    assert quick.headers["X-Request-Id"] == usual.headers["X-Request-Id"] == "mine-1"
    told.pop("prediction_ids"), also.pop("prediction_ids")
    assert told == also


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"instances": [{"text": 7}]}', {}, 422),
        (b"{", {}, 400),
        (json.dumps({"instances": [{"text": "a"}] * 40}).encode(), {}, 200),
        (json.dumps({"instances": [{"text": "a" * 20_000}]}).encode(), {}, 200),
        (GOOD, {"Connection": "close"}, 200),
        (GOOD, {"X_Min_Generation": "1"}, 200),
        (GOOD, {"X_Min_Generation": "one"}, 400),
        (GOOD, {"Content_Type": "text/plain"}, 415),
    ],
)
def test_what_is_not_quick_or_not_plain_is_answered_by_the_application(
    connection, at_once, body, headers, status
):
    response, _ = ask(connection, body, **headers)

    assert (response.status, at_once) == (status, [])
    assert response.headers["X-Request-Id"]


def test_while_a_rollout_decides_the_application_answers(served, connection, at_once):
    class Traffic:
        async def answer(self, desk: Any, asked: Any) -> Any:
            live = desk.acquire(asked.model, 1)
            return await desk.record(live, asked, await desk.rows(live, asked.instances))

    slots = served.app.state.services.slots
    slots.divert(MODEL, Traffic())
    assert ask(connection)[0].status == 200
    slots.divert(MODEL, None)
    assert at_once == []
    assert ask(connection)[0].status == 200
    assert len(at_once) == 1


def test_an_unforeseen_error_is_told_by_the_application(served, connection, at_once, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("serving.live.loaded.Loaded.answer", fail)
    response, told = ask(connection)

    assert (response.status, at_once) == (500, [])
    assert told["type"].endswith("unforeseen")


def request_bytes(body: bytes = GOOD, request_id: str = "r") -> bytes:
    head = (
        f"POST {PREDICT} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        f"X-Request-Id: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def received(peer: socket.socket, answers: int) -> bytes:
    got = b""
    while got.count(b'"prediction_ids"') < answers:
        piece = peer.recv(65536)
        assert piece, got
        got += piece
    return got


def test_pipelined_requests_are_answered_in_their_order_quick_or_not(served, at_once):
    slow = json.dumps({"instances": [{"text": "a"}] * 40}).encode()
    bodies = [GOOD, slow, GOOD, GOOD, slow, GOOD]
    with socket.create_connection((served.host, served.port), timeout=30) as peer:
        peer.sendall(b"".join(request_bytes(body, f"id-{n}") for n, body in enumerate(bodies)))
        got = received(peer, len(bodies))

    lines = got.lower().split(b"\r\n")
    ids = [line.split(b": ")[1] for line in lines if line.startswith(b"x-request-id")]
    assert ids == [b"id-%d" % n for n in range(len(bodies))]
    assert "id-0" in at_once
    assert "id-1" not in at_once


def test_a_request_that_arrives_byte_by_byte_is_answered(served, at_once):
    with socket.create_connection((served.host, served.port), timeout=30) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(request := request_bytes())):
            peer.sendall(request[place : place + 1])
        assert received(peer, 1).startswith(b"HTTP/1.1 200")
    assert at_once == ["r"]


def test_a_stop_while_a_body_is_coming_lets_it_be_answered(stage, at_once):
    request = request_bytes()
    with ServedApp(stage.app(), http=HotProtocol) as served:
        served._server._drain_seconds = 30.0
        peer = socket.create_connection((served.host, served.port), timeout=30)
        wait_for(lambda: served._server.server_state.connections)
        peer.sendall(request[:-5])
        served.stop_soon()
        peer.sendall(request[-5:])
        got = received(peer, 1)
        peer.close()
    assert got.startswith(b"HTTP/1.1 200")


def test_every_answer_is_counted_and_logged_once(served, connection, stage):
    for _ in range(20):
        ask(connection)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    served.app.state.services.predictions.drain()

    assert 'contender_predictions_total{model="stub",version="1"} 20.0' in text
    line = 'contender_requests_total{method="POST",route="/v1/models/{name}/predict",status="200"}'
    assert f"{line} 20.0" in text
    assert count(stage.store) == 20


DOMAIN = [
    ("/v1/categorizer/inference", {"product_list": ["martillo"]}),
    ("/recommend", {"user_id": "1", "top": 3}),
    (
        "/api/v1/predict",
        {
            "productId": "new",
            "historicalData": [{"date": "2026-01-27", "quantity": 4}],
            "forecast_horizon": 7,
        },
    ),
    ("/api/v1/predict", {"productId": "P03", "forecast_horizon": 7}),
]


@pytest.fixture
def shop(make_settings: Callable[..., Settings], at_once: list[str]) -> Iterator[ServedApp]:
    models = ("product_categories", "product_recommendations", "demand_forecast")
    shop = DomainStage(
        make_settings(models={name: {"source": {"url": "r.csv"}} for name in models})
    )
    sales = small_panel(products=10, days=420)
    write_sales(sales_folder(shop.settings.var), sales, "state", "2026-11-21T00:00:00")
    with ServedApp(shop.app(), http=HotProtocol) as served:
        serve_categoriser(served.app)
        serve_recommender(served.app)
        serve_demand(served.app)
        yield served
    shop.close()


@pytest.mark.parametrize(("path", "body"), DOMAIN, ids=[path for path, _ in DOMAIN])
def test_domain_interfaces_answer_alike_by_connection_and_by_application(shop, at_once, path, body):
    connection = HTTPConnection(shop.host, shop.port, timeout=30)
    content = json.dumps(body).encode()
    quick, told = ask(connection, content, path, X_Request_Id="same")
    assert at_once == ["same"]
    usual, also = ask(
        connection, content, path, X_Request_Id="same", Content_Type="application/x+json"
    )
    connection.close()

    def comparable(response: HTTPResponse, document: Any) -> Any:
        ids = ("prediction_id", "prediction_ids")
        named = (
            document
            if isinstance(document, list)
            else {name: value for name, value in document.items() if name not in ids}
        )
        return response.status, sorted(response.headers), named

    assert comparable(quick, told) == comparable(usual, also)
    assert at_once == ["same"]
    log = shop.app.state.services.predictions
    log.drain()
    assert count(shop.app.state.services.store) == 2


def test_the_categorisers_wrong_name_and_a_forecast_of_packaged_sales_go_to_the_application(
    shop, at_once
):
    connection = HTTPConnection(shop.host, shop.port, timeout=30)
    wrong = json.dumps({"product_list": ["a"], "model_name": "another"}).encode()
    stored = json.dumps({"productId": "P13"}).encode()
    assert ask(connection, wrong, DOMAIN[0][0])[0].status == 404
    assert ask(connection, stored, DOMAIN[2][0])[0].status == 200
    connection.close()
    assert at_once == []
