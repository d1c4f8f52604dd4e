"""A server that stops answers what is still asked on connections that are kept alive."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from ports import free_port
from waiting import wait_for

from serving.draining import DrainingProtocol, DrainingServer


async def app(scope, _receive, send):
    assert scope["type"] == "http"
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


@contextmanager
def serving(drain_seconds: float) -> Iterator[tuple[DrainingServer, int]]:
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=DrainingProtocol, lifespan="off", log_level="warning"
    )
    server = DrainingServer(config, drain_seconds=drain_seconds)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield server, port
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.read() == b"ok"
    return answer


def test_a_kept_connection_is_answered_once_more_and_told_that_it_ends():
    with serving(drain_seconds=30) as (server, port), connected(port) as kept:
        assert ask(kept).getheader("connection") is None
        server.should_exit = True
        wait_for(lambda: server.server_state.draining)

        assert ask(kept).getheader("connection") == "close"
        wait_for(lambda: not server.server_state.connections)


def test_a_server_that_drains_takes_no_new_connection():
    with serving(drain_seconds=30) as (server, port), connected(port) as kept:
        ask(kept)
        server.should_exit = True
        wait_for(lambda: server.server_state.draining)

        with connected(port) as late, pytest.raises(ConnectionRefusedError):
            late.connect()
        ask(kept)


def test_a_connection_on_which_nothing_is_asked_is_not_waited_for():
    with serving(drain_seconds=0.05) as (server, port), connected(port) as idle:
        ask(idle)
        server.should_exit = True
        wait_for(lambda: not server.server_state.connections)

        assert idle.sock.recv(1) == b""
