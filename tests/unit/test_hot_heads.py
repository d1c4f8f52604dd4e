"""Heads of requests: offers of other protocols are let be, and none may go on for ever."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import pytest
from served_app import ServedApp
from serving_stage import MODEL, Stage

from pipelines.settings import Settings
from serving.hot.heads import HEAD_BYTES
from serving.hot.watched import WAITING_REQUESTS
from serving.hot.wire import HotProtocol

PREDICT = f"/v1/models/{MODEL}/predict"
GOOD = b'{"instances": [{"text": "a"}]}'
JAVA = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"
"""What Java's HttpClient sends with its first request."""
WEBSOCKET = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"


@pytest.fixture
def served(make_settings: Callable[..., Settings]) -> Iterator[ServedApp]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    stage.promote("1", "pintura")
    with ServedApp(stage.app(), http=HotProtocol) as served:
        yield served
    stage.close()


@pytest.fixture
def line(served: ServedApp) -> Iterator[socket.socket]:
    with socket.create_connection((served.host, served.port), timeout=30) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield line


def head(
    method: str = "POST", path: str = PREDICT, more: str = "", length: int = len(GOOD)
) -> bytes:
    told = f"Content-Type: application/json\r\nContent-Length: {length}\r\n" if length else ""
    return f"{method} {path} HTTP/1.1\r\nHost: contender\r\n{more}{told}\r\n".encode()


def answer(line: socket.socket) -> tuple[int, Any]:
    response = HTTPResponse(line)
    response.begin()
    body = response.read()
    is_json = "json" in (response.getheader("content-type") or "")
    return response.status, json.loads(body) if is_json else body


@pytest.mark.parametrize("offer", [JAVA, WEBSOCKET])
@pytest.mark.parametrize("cut", [0, 1, 10, len(GOOD)])
def test_a_request_with_an_offer_is_answered_as_without_it(
    line: socket.socket, offer: str, cut: int
) -> None:
    sent = head(more=offer) + GOOD
    line.sendall(sent[: len(sent) - cut])
    if cut:
        line.sendall(sent[len(sent) - cut :])
    status, told = answer(line)
    assert (status, len(told["predictions"])) == (200, 1)
    line.sendall(head() + GOOD)
    assert answer(line)[0] == 200


def test_an_offer_that_arrives_byte_by_byte_loses_nothing(line: socket.socket) -> None:
    for byte in head(more=JAVA) + GOOD:
        line.sendall(bytes([byte]))
    assert answer(line)[0] == 200


def test_a_chunked_body_behind_an_offer_is_read(line: socket.socket) -> None:
    more = f"{JAVA}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    line.sendall(head(more=more, length=0) + chunk)
    assert answer(line)[0] == 200


def test_an_offer_without_a_body_and_one_to_other_routes_are_answered(line: socket.socket) -> None:
    line.sendall(head("GET", "/livez", JAVA, length=0))
    assert answer(line)[0] == 200
    line.sendall(head("GET", f"/v1/models/{MODEL}", JAVA, length=0))
    assert answer(line)[0] == 200
    line.sendall(head(path="/nowhere", more=JAVA) + GOOD)
    assert answer(line)[0] == 404


def test_requests_behind_an_offer_are_answered_in_their_order(line: socket.socket) -> None:
    first, second = (
        head(more=f"{more}X-Request-Id: r{n}\r\n") for n, more in enumerate((JAVA, ""))
    )
    line.sendall(first + GOOD + second + GOOD)
    told = b""
    while told.count(b'"request_id":"r') < 2 and (more := line.recv(65_536)):
        told += more
    assert told.count(b"HTTP/1.1 200") == 2
    assert told.index(b'"request_id":"r0"') < told.index(b'"request_id":"r1"')


def test_a_head_without_an_end_is_refused(line: socket.socket) -> None:
    begun = b"GET /livez HTTP/1.1\r\n"
    line.sendall(begun + b"X-Long: " + b"a" * (HEAD_BYTES - len(begun) - 8))
    line.sendall(b"a")
    assert line.recv(12) == b"HTTP/1.1 431"
    while line.recv(65_536):
        pass


def all_of(line: socket.socket) -> bytes:
    told = b""
    with suppress(ConnectionError):
        while piece := line.recv(65_536):
            told += piece
    return told


def test_many_requests_behind_one_are_answered_and_no_end_of_them_is_not(
    served: ServedApp, line: socket.socket
) -> None:
    asked = head("GET", "/livez", length=0)
    line.sendall(asked * WAITING_REQUESTS)
    told = b""
    while told.count(b"HTTP/1.1 200") < WAITING_REQUESTS and (more := line.recv(65_536)):
        told += more
    assert told.count(b"HTTP/1.1 ") == WAITING_REQUESTS
    with socket.create_connection((served.host, served.port), timeout=30) as other:
        with suppress(ConnectionError):
            other.sendall(asked * 2_000)
        assert all_of(other).count(b"HTTP/1.1 200") < 2_000


def test_what_cannot_be_read_is_not_refused_in_place_of_an_answer(line: socket.socket) -> None:
    line.sendall(head("GET", "/openapi.json", length=0) + b"\0\r\n\r\n")
    assert b"HTTP/1.1 400" not in all_of(line)


def test_a_long_body_is_no_long_head(line: socket.socket) -> None:
    text = b'{"instances": [{"text": "%b"}]}' % (b"a" * 2 * HEAD_BYTES)
    line.sendall(head(length=len(text)) + text)
    assert answer(line)[0] in {200, 422}
    line.sendall(head() + GOOD)
    assert answer(line)[0] == 200


@pytest.mark.parametrize("said", ["soon", "0", "-5", "1e3"])
@pytest.mark.parametrize("kind", ["application/json", "application/x+json"])
def test_a_deadline_that_is_no_number_is_refused_however_quick_the_model_is(
    line: socket.socket, said: str, kind: str
) -> None:
    asked = head(more=f"X-Deadline-Ms: {said}\r\n").replace(b"application/json", kind.encode())
    line.sendall(asked + GOOD)
    status, told = answer(line)
    assert (status, told["type"]) == (400, "urn:contender:problem:malformed-deadline")
    line.sendall(head(more="X-Deadline-Ms: 20000\r\n") + GOOD)
    assert answer(line)[0] == 200
