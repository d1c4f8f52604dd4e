"""Who leaves before his body is complete has left, on every way through the application."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest
from served_app import ServedApp
from serving_stage import MODEL, Stage
from starlette.types import ASGIApp, Receive, Scope, Send
from waiting import wait_for

from pipelines.settings import Settings
from serving.hot.wire import HotProtocol

ROUTE = "/v1/models/{name}/predict"
PATH = f"/v1/models/{MODEL}/predict"
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: h\r\n"
PLAIN = "Content-Type: application/json\r\nX-Min-Generation: 1\r\n"
DOCUMENTED = "Content-Type: application/vnd.shop+json\r\n"


class Begun:
    """Notes which requests the application has begun to answer."""

    paths: list[str]

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        Begun.paths = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on inside of it."""
        Begun.paths.append(scope.get("path", ""))
        await self._app(scope, receive, send)


@pytest.fixture
def served(make_settings: Callable[..., Settings]) -> Iterator[ServedApp]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    stage.promote("1", "pintura")
    app = stage.app()
    app.add_middleware(Begun)
    with ServedApp(app, http=HotProtocol) as served:
        yield served
    stage.close()


def counted(served: ServedApp) -> list[str]:
    connection = HTTPConnection(served.host, served.port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    start = f'contender_requests_total{{method="POST",route="{ROUTE}"'
    return [line.rpartition("status=")[2] for line in text.splitlines() if line.startswith(start)]


@pytest.mark.parametrize(
    "rest",
    [
        PLAIN + 'Content-Length: 30\r\n\r\n{"inst',
        DOCUMENTED + 'Content-Length: 30\r\n\r\n{"inst',
        DOCUMENTED + 'Transfer-Encoding: chunked\r\n\r\n6\r\n{"inst\r\n',
    ],
    ids=["fast", "documented", "chunked"],
)
def test_who_leaves_in_the_middle_of_his_body_is_counted_as_gone(served, rest):
    with socket.create_connection((served.host, served.port), timeout=30) as peer:
        peer.sendall((HEAD + rest).encode())
        # Or it would all arrive at once, and never become a request.
        wait_for(lambda: PATH in Begun.paths)

    assert wait_for(lambda: counted(served)) == ['"499"} 1.0']
